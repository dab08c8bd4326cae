// Tells the formats apart by their content.
#include "compiler/frontend/weights/state_dict.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

#include "compiler/frontend/weights/mapped_file.h"
#include "compiler/frontend/weights/npz.h"
#include "compiler/frontend/weights/safetensors.h"
#include "compiler/frontend/weights/torch_file.h"
#include "compiler/frontend/weights/zip_archive.h"
#include "ir/base/display.h"

namespace lathe::weights {
namespace {

/// Formats that users try and that are not read.
struct ForeignFormat {
  std::string_view magic;
  size_t offset;
  std::string_view name;
};
constexpr ForeignFormat kForeignFormats[] = {
    {"\x89HDF", 0, "an HDF5 file, as Keras writes"},
    {"ustar", 257, "a tar archive, as PyTorch before 0.2 wrote"},
    {"\x93NUMPY", 0, "a single NumPy array"},
    {"GGUF", 0, "a GGUF file, as llama.cpp uses"},
    {"\x1f\x8b", 0, "compressed by gzip"},
    {"version https://git-lfs", 0, "a pointer of Git LFS, not the file itself"},
};

/// A file of PyTorch by its name, with the last byte of a pickle. The first pickles had no mark at their beginning.
bool may_be_unmarked_pickle(const WeightsFile& file) {
  if (file.bytes.back() != std::byte{'.'}) return false;
  for (const std::string_view extension : {".pth", ".pt", ".pkl", ".ckpt", ".bin"}) {
    if (file.path.ends_with(extension)) return true;
  }
  return false;
}

std::string_view foreign_format(std::span<const std::byte> bytes) {
  const std::string_view text(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  for (const ForeignFormat& row : kForeignFormats) {
    if (text.size() > row.offset && text.substr(row.offset).starts_with(row.magic)) return row.name;
  }
  return {};
}

Result<StateDict> read_arrays(const WeightsFile& file, Diagnostics& diagnostics) {
  LATHE_TRY(std::vector<ConstantData> arrays, read_npz_bytes(file.bytes, file.path, diagnostics));
  StateDict dict;
  dict.path = file.path;
  for (ConstantData& array : arrays) {
    const std::string name = array.name;
    if (array.type.element == ElementType::String) {
      dict.others.push_back({name, "an array of strings"});
      continue;
    }
    StateEntry entry;
    entry.storage = static_cast<uint32_t>(dict.entries().size());
    entry.data = std::move(array);
    if (!dict.add(std::move(entry))) {
      return diagnostics
          .report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: array {} occurs twice", file.path,
                  quoted_name(name))
          .emit();
    }
  }
  return dict;
}

Result<StateDict> read_file(const WeightsFile& file, Diagnostics& diagnostics) {
  const auto refuse = [&](std::string_view why) {
    return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", file.path, why);
  };
  const auto whole = [&](Result<StateDict> dict) -> Result<StateDict> {
    if (!dict.ok() || file.wanted.empty()) return dict;
    return diagnostics
        .report(DiagnosticKind::WeightsMismatch, {}, "`{}` has no state dict under {}", file.path,
                quoted_name(file.wanted))
        .note("only checkpoints of PyTorch have parts")
        .emit();
  };
  if (file.bytes.empty()) return refuse("it is empty").emit();
  // First, as the size in front may read like the beginning of a pickle.
  if (looks_like_safetensors(file.bytes)) {
    return whole(read_safetensors(file.bytes, file.owner, file.path, diagnostics));
  }
  if (looks_like_zip(file.bytes)) {
    std::string why;
    std::optional<ZipArchive> archive = ZipArchive::open(file.bytes, why);
    if (!archive) return refuse(why).emit();
    if (is_torch_archive(*archive)) return read_torch_archive(*archive, file, diagnostics);
    return whole(read_arrays(file, diagnostics));
  }
  if (looks_like_pickle(file.bytes)) return read_torch_pickles(file, diagnostics);
  const std::string_view foreign = foreign_format(file.bytes);
  if (foreign.empty() && may_be_unmarked_pickle(file)) return read_torch_pickles(file, diagnostics);
  if (foreign.empty() && file.path.ends_with(".safetensors")) {
    return whole(read_safetensors(file.bytes, file.owner, file.path, diagnostics));
  }
  const std::string what =
      foreign.empty() ? "it is in none of the formats of weights" : fmt::format("it is {}", foreign);
  return refuse(what).note("read are safetensors, PyTorch's .pth and .pt, and NumPy's .npz").emit();
}

}  // namespace

const StateEntry* StateDict::find(std::string_view name) const {
  const auto found = positions_.find(std::string(name));
  return found == positions_.end() ? nullptr : &entries_[found->second];
}

bool StateDict::add(StateEntry entry) {
  if (!positions_.emplace(entry.data.name, entries_.size()).second) return false;
  entries_.push_back(std::move(entry));
  return true;
}

bool StateDict::shared(const StateEntry& a, const StateEntry& b) {
  return a.storage == b.storage && a.offset == b.offset && a.data.type == b.data.type &&
         a.data.bytes.data() == b.data.bytes.data() && !a.data.bytes.empty();
}

Result<StateDict> read_state_dict_bytes(std::span<const std::byte> bytes, std::shared_ptr<const void> owner,
                                        std::string_view path, Diagnostics& diagnostics) {
  return read_file({.path = path, .bytes = bytes, .owner = std::move(owner), .wanted = {}}, diagnostics);
}

Result<StateDict> read_state_dict(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  std::optional<MappedFile> mapped = MappedFile::open(path, why);
  std::string name = path;
  std::string wanted;
  const size_t colon = path.rfind(':');
  if (!mapped && colon != std::string::npos && colon > 0) {
    std::string ignored;
    mapped = MappedFile::open(path.substr(0, colon), ignored);
    if (mapped) {
      name = path.substr(0, colon);
      wanted = path.substr(colon + 1);
    }
  }
  if (!mapped) {
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  auto owner = std::make_shared<const MappedFile>(*std::move(mapped));
  const WeightsFile file{.path = name, .bytes = owner->bytes(), .owner = owner, .wanted = wanted};
  return read_file(file, diagnostics);
}

}  // namespace lathe::weights
