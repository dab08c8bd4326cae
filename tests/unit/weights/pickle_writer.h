// Assembles pickles opcode by opcode, as CPython's pickletools documents them, and PyTorch's files around them. Wrong
// ones can be said as well as right ones. Used by the tests of the unpickler and of PyTorch's formats.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/unit/weights/zip_writer.h"

namespace lathe::test {

class Pickle {
 public:
  explicit Pickle(int protocol = 2) : bytes_("\x80") { bytes_ += static_cast<char>(protocol); }

  /// Opcodes without arguments, or anything else.
  Pickle& raw(std::string_view bytes) {
    bytes_ += bytes;
    return *this;
  }
  Pickle& text(std::string_view text) { return raw("X").raw(little(text.size(), 4)).raw(text); }
  Pickle& integer(int64_t number) { return raw("\x8a\x08").raw(little(static_cast<uint64_t>(number), 8)); }
  Pickle& integers(std::initializer_list<int64_t> numbers) {
    raw("(");
    for (const int64_t number : numbers) integer(number);
    return raw("t");
  }
  Pickle& global(std::string_view module, std::string_view name) {
    return raw("c").raw(module).raw("\n").raw(name).raw("\n");
  }
  Pickle& storage(std::string_view type, std::string_view key, int64_t count) {
    raw("(").text("storage").global("torch", type).text(key).text("cpu").integer(count);
    return raw("tQ");
  }
  struct View {
    std::string_view type = "FloatStorage";
    std::string_view key = "0";
    int64_t count = 0;
    int64_t offset = 0;
    std::initializer_list<int64_t> sizes = {};
    std::initializer_list<int64_t> strides = {};
  };
  /// What torch.save writes for a tensor.
  Pickle& tensor(const View& view) {
    global("torch._utils", "_rebuild_tensor_v2").raw("(");
    storage(view.type, view.key, view.count).integer(view.offset).integers(view.sizes).integers(view.strides);
    return raw("\x89").global("collections", "OrderedDict").raw(")RtR");
  }
  /// With STOP behind it.
  [[nodiscard]] std::string end() const { return bytes_ + "."; }

 private:
  std::string bytes_;
};

/// A file of PyTorch's zip format: `storages` are key and bytes.
inline std::string torch_zip(const std::string& pickle,
                             const std::vector<std::pair<std::string, std::string>>& storages,
                             const std::string& byte_order = "little") {
  std::vector<ZipMember> members = {{"archive/data.pkl", pickle, pickle},
                                    {"archive/byteorder", byte_order, byte_order}};
  for (const auto& [key, bytes] : storages) members.push_back({"archive/data/" + key, bytes, bytes});
  members.push_back({"archive/version", "3\n", "3\n"});
  return zip(members);
}

/// A file of the format before PyTorch 1.6: magic, version, machine, the pickle, keys, then the storages: key, number
/// of elements, bytes.
struct LegacyStorage {
  std::string key;
  uint64_t count = 0;
  std::string bytes;
};
inline std::string torch_legacy(const std::string& pickle, const std::vector<LegacyStorage>& storages) {
  std::string file = Pickle().raw("\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19").end();
  file += Pickle().raw("M\xe9\x03").end();
  file += Pickle().raw("}").end();
  file += pickle;
  Pickle keys;
  keys.raw("](");
  for (const LegacyStorage& storage : storages) keys.text(storage.key);
  file += keys.raw("e").end();
  for (const LegacyStorage& storage : storages) file += little(storage.count, 8) + storage.bytes;
  return file;
}

}  // namespace lathe::test
