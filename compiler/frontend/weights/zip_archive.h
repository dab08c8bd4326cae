// Zip archives in memory: a table of entries whose places were checked, and their bytes.
//
// Reads zip and zip64 directories. Entries must lie inside the file and must not overlap, and no name may occur twice,
// so memory follows from the size of the archive. Stored entries can be borrowed where they lie; deflated ones are
// unpacked by libzip, which also tests the checksum. Used for .npz and for PyTorch's zip format.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

struct zip;

namespace lathe::weights {

struct ZipEntry {
  std::string_view name;  ///< in the archive's bytes
  uint64_t offset = 0;    ///< of its bytes in the archive
  uint64_t packed = 0;    ///< bytes in the archive
  uint64_t size = 0;      ///< bytes when unpacked
  bool stored = true;     ///< not compressed
};

[[nodiscard]] bool looks_like_zip(std::span<const std::byte> bytes);

class ZipArchive {
 public:
  /// Reads the directory of an archive; `bytes` must outlive the result. Nothing on a fault, with the cause in `why`.
  [[nodiscard]] static std::optional<ZipArchive> open(std::span<const std::byte> bytes, std::string& why);

  /// In the order of the directory.
  [[nodiscard]] const std::vector<ZipEntry>& entries() const { return entries_; }
  [[nodiscard]] const ZipEntry* find(std::string_view name) const;
  /// The bytes of a stored entry in the archive. Their checksum is not tested: that would read all of a large file.
  [[nodiscard]] std::span<const std::byte> borrow(const ZipEntry& entry) const {
    return bytes_.subspan(entry.offset, entry.packed);
  }
  /// A copy of any entry's bytes, checksum tested.
  [[nodiscard]] std::optional<std::vector<std::byte>> unpack(const ZipEntry& entry, std::string& why);

 private:
  struct Close {
    void operator()(zip* archive) const;
  };
  /// Sets `why` and returns false when two entries share bytes or a name.
  bool index_entries(std::string& why);

  std::span<const std::byte> bytes_;
  std::vector<ZipEntry> entries_;
  std::unordered_map<std::string_view, size_t> positions_;
  std::unique_ptr<zip, Close> unpacker_;  ///< opened when the first entry is unpacked
};

}  // namespace lathe::weights
