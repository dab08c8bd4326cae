// Arrays out of a zip archive.
#include "compiler/frontend/weights/npz.h"

#include <fmt/format.h>

#include <memory>
#include <optional>
#include <utility>

#include "compiler/frontend/weights/mapped_file.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/frontend/weights/zip_archive.h"

namespace lathe::weights {

Result<std::vector<ConstantData>> read_npz(const std::string& path, Diagnostics& diagnostics) {
  std::string why;
  const std::optional<MappedFile> file = MappedFile::open(path, why);
  if (!file) {
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  return read_npz_bytes(file->bytes(), path, diagnostics);
}

Result<std::vector<ConstantData>> read_npz_bytes(std::span<const std::byte> bytes, std::string_view what,
                                                 Diagnostics& diagnostics) {
  const auto refuse = [&](std::string_view why) {
    return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", what, why).emit();
  };
  std::string why;
  std::optional<ZipArchive> archive = ZipArchive::open(bytes, why);
  if (!archive) return refuse(why);
  std::vector<ConstantData> arrays;
  for (const ZipEntry& entry : archive->entries()) {
    if (!entry.name.ends_with(".npy")) return refuse(fmt::format("its entry `{}` is not a .npy file", entry.name));
    std::optional<std::vector<std::byte>> unpacked = archive->unpack(entry, why);
    if (!unpacked) return refuse(fmt::format("entry `{}`: {}", entry.name, why));
    auto owner = std::make_shared<const std::vector<std::byte>>(*std::move(unpacked));
    const std::span<const std::byte> view = *owner;
    LATHE_TRY(ConstantData array,
              read_npy_bytes(view, std::move(owner), fmt::format("{}: {}", what, entry.name), diagnostics));
    array.name = entry.name.substr(0, entry.name.size() - 4);
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace lathe::weights
