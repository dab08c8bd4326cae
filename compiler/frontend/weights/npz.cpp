// Zip archives with libzip.
#include "compiler/frontend/weights/npz.h"

#include <zip.h>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "compiler/frontend/weights/npy.h"

namespace lathe::weights {
namespace {

/// The most that deflate can shrink, rounded up.
constexpr uint64_t kLargestRatio = 1100;

struct CloseArchive {
  void operator()(zip_t* archive) const { zip_discard(archive); }
};
struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

std::string open_fault(int code) {
  zip_error_t error;
  zip_error_init_with_code(&error, code);
  std::string text = zip_error_strerror(&error);
  zip_error_fini(&error);
  return text;
}

/// The unpacked bytes of one entry of `size` bytes; nothing, with the cause, when the archive lies.
std::optional<std::vector<std::byte>> unpack(zip_t* archive, uint64_t index, uint64_t size, std::string& why) {
  const std::unique_ptr<zip_file_t, CloseEntry> entry(zip_fopen_index(archive, index, 0));
  if (entry == nullptr) {
    why = zip_strerror(archive);
    return std::nullopt;
  }
  // One byte more than promised shows an entry that is longer; the checksum is tested when the end is reached.
  std::vector<std::byte> bytes(size + 1);
  uint64_t filled = 0;
  while (filled < bytes.size()) {
    const zip_int64_t got = zip_fread(entry.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) {
      why = zip_file_strerror(entry.get());
      return std::nullopt;
    }
    if (got == 0) break;
    filled += static_cast<uint64_t>(got);
  }
  if (filled != size) {
    why = "its size is not what the archive says";
    return std::nullopt;
  }
  bytes.resize(size);
  return bytes;
}

}  // namespace

Result<std::vector<ConstantData>> read_npz(const std::string& path, Diagnostics& diagnostics) {
  std::error_code error;
  const bool regular = std::filesystem::is_regular_file(path, error);
  const uint64_t archive_size = regular ? std::filesystem::file_size(path, error) : 0;
  if (!regular || error) {
    const std::string why = error ? error.message() : "it is not a regular file";
    return diagnostics.report(DiagnosticKind::FileNotReadable, {}, "`{}` can't be read: {}", path, why).emit();
  }
  const auto refuse = [&](std::string_view why) {
    return diagnostics.report(DiagnosticKind::ArrayFileMalformed, {}, "`{}` can't be read: {}", path, why).emit();
  };
  int code = 0;
  const std::unique_ptr<zip_t, CloseArchive> archive(zip_open(path.c_str(), ZIP_RDONLY, &code));
  if (archive == nullptr) return refuse(open_fault(code));

  std::vector<ConstantData> arrays;
  uint64_t total = 0;
  const zip_int64_t entries = zip_get_num_entries(archive.get(), 0);
  for (zip_int64_t index = 0; index < entries; ++index) {
    const auto position = static_cast<uint64_t>(index);
    zip_stat_t status;
    if (zip_stat_index(archive.get(), position, 0, &status) != 0) return refuse(zip_strerror(archive.get()));
    const std::string_view name = (status.valid & ZIP_STAT_NAME) != 0 ? status.name : "";
    if (!name.ends_with(".npy")) return refuse(fmt::format("its entry `{}` is not a .npy file", name));
    const bool sized = (status.valid & ZIP_STAT_SIZE) != 0 && !__builtin_add_overflow(total, status.size, &total);
    if (!sized || total / kLargestRatio > archive_size) {
      return refuse(fmt::format("its entry `{}` unpacks to more than its compressed size allows", name));
    }
    std::string why;
    std::optional<std::vector<std::byte>> bytes = unpack(archive.get(), position, status.size, why);
    if (!bytes) return refuse(fmt::format("entry `{}`: {}", name, why));
    auto owner = std::make_shared<const std::vector<std::byte>>(std::move(*bytes));
    const std::span<const std::byte> view = *owner;
    LATHE_TRY(ConstantData array,
              read_npy_bytes(view, std::move(owner), fmt::format("{}: {}", path, name), diagnostics));
    array.name = name.substr(0, name.size() - 4);
    arrays.push_back(std::move(array));
  }
  return arrays;
}

}  // namespace lathe::weights
