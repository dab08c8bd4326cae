// The layouts as torch/serialization.py reads them (`_load` and `_legacy_load`).
#include "compiler/frontend/weights/torch_file.h"

#include <fmt/format.h>

#include <cstring>
#include <optional>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/frontend/weights/checkpoint.h"
#include "compiler/frontend/weights/tensor_view.h"
#include "compiler/frontend/weights/unpickler.h"
#include "ir/base/display.h"

namespace lathe::weights {
namespace {

constexpr std::string_view kPickleName = "data.pkl";
/// Protocol 2, the number 0x1950a86a20f9469cfc6c, end.
constexpr std::string_view kLegacyMagic = "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.";
constexpr int64_t kLegacyVersion = 1001;

uint64_t width_of(const StorageRow& storage) {
  if (storage.untyped) return 1;
  if (storage.element) return info(*storage.element).bits / 8;
  return storage.type_name == "ComplexFloatStorage" ? 8 : 16;
}

Failure refuse(const WeightsFile& file, Diagnostics& diagnostics, std::string_view why) {
  return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", file.path, why).emit();
}

/// The state dict of an unpickled file; `bytes_of(storage, why)` finds a storage's bytes, or gives the cause.
template <class BytesOf>
Result<StateDict> collect(const PickleTable& table, const WeightsFile& file, CopyBudget& budget,
                          Diagnostics& diagnostics, BytesOf bytes_of) {
  LATHE_TRY(const ChosenDict chosen, choose_state_dict(table, file.wanted, file.path, diagnostics));
  StateDict dict;
  dict.path = file.path;
  dict.key = chosen.key;
  dict.versions = chosen.versions;
  TensorViews views(budget);
  for (const auto& [name, id] : chosen.entries) {
    const auto* tensor = std::get_if<PickleTensor>(&table.values[id]);
    if (tensor == nullptr) {
      dict.others.push_back({name, std::string(kind_of(table.values[id]))});
      continue;
    }
    const TensorRow& row = table.tensors[tensor->position];
    if (!row.element) {
      dict.others.push_back({name, fmt::format("a tensor of {}", row.type_name)});
      continue;
    }
    std::string why;
    const std::optional<StorageBytes> bytes = bytes_of(row.storage, why);
    std::optional<StateEntry> entry;
    if (bytes) entry = views.make(row, *bytes, why);
    if (!entry) return refuse(file, diagnostics, fmt::format("tensor {}: {}", quoted_name(name), why));
    entry->data.name = name;
    dict.add(*std::move(entry));
  }
  return dict;
}

/// `<folder>/` of `<folder>/data.pkl`; empty when it stands at the top.
std::optional<std::string_view> folder_of_pickle(const ZipArchive& archive) {
  for (const ZipEntry& entry : archive.entries()) {
    if (!entry.name.ends_with(kPickleName)) continue;
    const std::string_view folder = entry.name.substr(0, entry.name.size() - kPickleName.size());
    if (folder.empty() || folder.find('/') == folder.size() - 1) return folder;
  }
  return std::nullopt;
}

/// The storages of an archive, each an entry `data/KEY`.
class ArchiveStorages {
 public:
  ArchiveStorages(ZipArchive& archive, std::string_view folder, const WeightsFile& file, CopyBudget& budget)
      : archive_(archive), folder_(folder), file_(file), budget_(budget) {}

  /// The bytes of an entry: borrowed when it is stored, unpacked otherwise.
  std::optional<StorageBytes> entry(std::string_view name, std::string& why) {
    const ZipEntry* found = archive_.find(fmt::format("{}{}", folder_, name));
    if (found == nullptr) {
      why = fmt::format("the archive has no entry {}", quoted_name(name));
      return std::nullopt;
    }
    if (found->stored) {
      return StorageBytes{archive_.borrow(*found), file_.owner, ConstantSource{std::string(file_.path), found->offset}};
    }
    if (!budget_.take(found->size)) {
      why = fmt::format("entry {} unpacks to {} bytes, which is more than a file of {} bytes may", quoted_name(name),
                        found->size, file_.bytes.size());
      return std::nullopt;
    }
    std::optional<std::vector<std::byte>> unpacked = archive_.unpack(*found, why);
    if (!unpacked) {
      why = fmt::format("entry {}: {}", quoted_name(name), why);
      return std::nullopt;
    }
    auto owner = std::make_shared<const std::vector<std::byte>>(*std::move(unpacked));
    const std::span<const std::byte> bytes = *owner;
    return StorageBytes{bytes, std::move(owner), std::nullopt};
  }

  std::optional<StorageBytes> storage(StorageId id, const StorageRow& row, std::string& why) {
    const auto known = found_.find(id);
    if (known != found_.end()) return known->second;
    const std::string name = fmt::format("data/{}", row.key);
    const std::optional<StorageBytes> bytes = entry(name, why);
    if (!bytes) return std::nullopt;
    uint64_t needed = 0;
    if (__builtin_mul_overflow(row.count, width_of(row), &needed) || needed != bytes->bytes.size()) {
      why = fmt::format("its storage of {} {} stands in entry {}, which has {} bytes", row.count,
                        row.untyped ? "bytes" : "elements", quoted_name(name), bytes->bytes.size());
      return std::nullopt;
    }
    found_.emplace(id, *bytes);
    return bytes;
  }

 private:
  ZipArchive& archive_;
  std::string_view folder_;
  const WeightsFile& file_;
  CopyBudget& budget_;
  std::unordered_map<StorageId, StorageBytes> found_;
};

/// The storages behind the pickles of the older format: a list of keys, then for each a count and the elements.
Result<std::unordered_map<std::string_view, std::span<const std::byte>>> read_legacy_storages(
    const PickleTable& table, const PickleTable& keys, size_t at, const WeightsFile& file, Diagnostics& diagnostics) {
  std::unordered_map<std::string_view, const StorageRow*> rows;
  for (const StorageRow& row : table.storages) rows.emplace(row.key, &row);
  std::unordered_map<std::string_view, std::span<const std::byte>> storages;
  const auto* list = std::get_if<PickleList>(&keys.values[keys.root]);
  if (list == nullptr) return refuse(file, diagnostics, "its list of storages is no list");
  for (const PickleId id : list->items) {
    const auto* key = std::get_if<PickleText>(&keys.values[id]);
    const auto row = key == nullptr ? rows.end() : rows.find(key->text);
    if (row == rows.end()) return refuse(file, diagnostics, "its list of storages names one that it doesn't describe");
    uint64_t count = 0;
    if (file.bytes.size() - at < sizeof count) return refuse(file, diagnostics, "its storages are cut off");
    for (size_t index = sizeof count; index-- > 0;) {
      count = (count << 8u) | std::to_integer<uint64_t>(file.bytes[at + index]);
    }
    at += sizeof count;
    uint64_t size = 0;
    if (count != row->second->count || __builtin_mul_overflow(count, width_of(*row->second), &size)) {
      return refuse(file, diagnostics,
                    fmt::format("storage {} has {} elements, its description says {}", quoted_name(key->text), count,
                                row->second->count));
    }
    if (size > file.bytes.size() - at) return refuse(file, diagnostics, "its storages are cut off");
    if (!storages.emplace(row->second->key, file.bytes.subspan(at, size)).second) {
      return refuse(file, diagnostics, fmt::format("storage {} occurs twice", quoted_name(key->text)));
    }
    at += size;
  }
  return storages;
}

}  // namespace

bool looks_like_pickle(std::span<const std::byte> bytes) {
  return bytes.size() > 2 && bytes[0] == std::byte{0x80} && bytes[1] <= std::byte{5};
}

bool is_torch_archive(const ZipArchive& archive) { return folder_of_pickle(archive).has_value(); }

Result<StateDict> read_torch_archive(ZipArchive& archive, const WeightsFile& file, Diagnostics& diagnostics) {
  const std::optional<std::string_view> folder = folder_of_pickle(archive);
  if (!folder) return refuse(file, diagnostics, "it is a zip archive without a pickle");
  if (archive.find(fmt::format("{}constants.pkl", *folder)) != nullptr) {
    return diagnostics
        .report(DiagnosticKind::PickleRefused, {},
                "`{}` is refused: it is a TorchScript archive, which holds a program", file.path)
        .note("save the state dict alone: `torch.save(torch.jit.load(file).state_dict(), other_file)`")
        .emit();
  }
  CopyBudget budget(file.bytes.size());
  ArchiveStorages storages(archive, *folder, file, budget);
  std::string why;
  if (archive.find(fmt::format("{}byteorder", *folder)) != nullptr) {
    const std::optional<StorageBytes> order = storages.entry("byteorder", why);
    if (!order) return refuse(file, diagnostics, why);
    const std::string_view text(reinterpret_cast<const char*>(order->bytes.data()), order->bytes.size());
    if (text != "little") {
      return refuse(file, diagnostics,
                    fmt::format("its byte order is {}, only little is read", quoted_name(text.substr(0, 20))));
    }
  }
  const std::optional<StorageBytes> pickle = storages.entry(kPickleName, why);
  if (!pickle) return refuse(file, diagnostics, why);
  const size_t base = pickle->source ? pickle->source->offset : 0;
  LATHE_TRY(const PickleRun run, unpickle(pickle->bytes, file.path, base, diagnostics));
  return collect(run.table, file, budget, diagnostics,
                 [&](StorageId id, std::string& cause) { return storages.storage(id, run.table.storages[id], cause); });
}

Result<StateDict> read_torch_pickles(const WeightsFile& file, Diagnostics& diagnostics) {
  const std::string_view text(reinterpret_cast<const char*>(file.bytes.data()), file.bytes.size());
  if (!text.starts_with(kLegacyMagic)) {
    // Says what the pickle wants, when it wants something that is refused.
    LATHE_TRY_VOID(unpickle(file.bytes, file.path, 0, diagnostics));
    return refuse(file, diagnostics, "it is a pickle, and none that `torch.save` made");
  }
  size_t at = kLegacyMagic.size();
  const auto next = [&]() -> Result<PickleRun> {
    LATHE_TRY(PickleRun run, unpickle(file.bytes.subspan(at), file.path, at, diagnostics));
    at += run.size;
    return run;
  };
  LATHE_TRY(const PickleRun version, next());
  const auto* number = std::get_if<int64_t>(&version.table.values[version.table.root]);
  if (number == nullptr || *number != kLegacyVersion) {
    return refuse(file, diagnostics, "its version of PyTorch's older format is unknown");
  }
  // What machine wrote the file; elements are little-endian whatever it says.
  LATHE_TRY_VOID(next());
  LATHE_TRY(const PickleRun run, next());
  LATHE_TRY(const PickleRun keys, next());
  LATHE_TRY(const auto storages, read_legacy_storages(run.table, keys.table, at, file, diagnostics));
  CopyBudget budget(file.bytes.size());
  return collect(
      run.table, file, budget, diagnostics, [&](StorageId id, std::string& why) -> std::optional<StorageBytes> {
        const auto found = storages.find(run.table.storages[id].key);
        if (found == storages.end()) {
          why = fmt::format("the file does not have its storage {}", quoted_name(run.table.storages[id].key));
          return std::nullopt;
        }
        const auto offset = static_cast<uint64_t>(found->second.data() - file.bytes.data());
        return StorageBytes{found->second, file.owner, ConstantSource{std::string(file.path), offset}};
      });
}

}  // namespace lathe::weights
