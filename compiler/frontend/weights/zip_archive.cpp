// The directory as PKWARE's APPNOTE.TXT describes it: end record (4.3.16), zip64 end record and its locator (4.3.14,
// 4.3.15), central headers (4.3.12), local headers (4.3.7). Deflate is left to libzip.
#include "compiler/frontend/weights/zip_archive.h"

#include <zip.h>
#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <memory>
#include <utility>

#include "ir/base/display.h"

namespace lathe::weights {
namespace {

/// The most that deflate can shrink, rounded up.
constexpr uint64_t kLargestRatio = 1100;
constexpr uint64_t kEndSize = 22;
constexpr uint64_t kLongestComment = 65535;
constexpr uint64_t kLocatorSize = 20;
constexpr uint64_t kEnd64Size = 56;
constexpr uint64_t kCentralSize = 46;
constexpr uint64_t kLocalSize = 30;
constexpr uint64_t kIn64 = 0xffffffffu;  ///< a 32-bit field whose value stands in the zip64 field

struct CloseEntry {
  void operator()(zip_file_t* entry) const { zip_fclose(entry); }
};

/// Little-endian numbers at places that were checked.
class Fields {
 public:
  explicit Fields(std::span<const std::byte> bytes) : bytes_(bytes) {}
  [[nodiscard]] uint64_t number(uint64_t at, unsigned width) const {
    uint64_t value = 0;
    for (unsigned index = width; index-- > 0;) value = (value << 8u) | std::to_integer<uint64_t>(bytes_[at + index]);
    return value;
  }
  [[nodiscard]] bool holds(uint64_t at, uint64_t size) const {
    return at <= bytes_.size() && size <= bytes_.size() - at;
  }
  [[nodiscard]] bool starts(uint64_t at, std::string_view signature) const {
    return holds(at, signature.size()) && std::memcmp(bytes_.data() + at, signature.data(), signature.size()) == 0;
  }
  [[nodiscard]] std::string_view text(uint64_t at, uint64_t size) const {
    return {reinterpret_cast<const char*>(bytes_.data()) + at, size};
  }

 private:
  std::span<const std::byte> bytes_;
};

struct Directory {
  uint64_t offset = 0;
  uint64_t size = 0;
  uint64_t count = 0;
};

std::optional<Directory> find_directory(const Fields& fields, uint64_t file_size, std::string& why) {
  why = "it has no directory at its end: it is cut off, or no zip archive";
  if (file_size < kEndSize) return std::nullopt;
  const uint64_t last = file_size - kEndSize;
  const uint64_t first = last > kLongestComment ? last - kLongestComment : 0;
  uint64_t end = last + 1;
  do {
    if (end == first) return std::nullopt;
    --end;
  } while (!fields.starts(end, "PK\x05\x06") || fields.number(end + 20, 2) != last - end);

  Directory directory{
      .offset = fields.number(end + 16, 4), .size = fields.number(end + 12, 4), .count = fields.number(end + 10, 2)};
  uint64_t limit = end;
  if (end >= kLocatorSize && fields.starts(end - kLocatorSize, "PK\x06\x07")) {
    const uint64_t end64 = fields.number(end - kLocatorSize + 8, 8);
    why = "its zip64 end record is wrong";
    if (end64 > end - kLocatorSize || !fields.holds(end64, kEnd64Size) || !fields.starts(end64, "PK\x06\x06")) {
      return std::nullopt;
    }
    directory = {.offset = fields.number(end64 + 48, 8),
                 .size = fields.number(end64 + 40, 8),
                 .count = fields.number(end64 + 32, 8)};
    limit = end64;
  } else if (fields.number(end + 8, 2) != directory.count) {
    why = "it is one of several parts";
    return std::nullopt;
  }
  const bool inside = directory.offset <= limit && directory.size <= limit - directory.offset;
  if (!inside || directory.count > directory.size / kCentralSize) {
    why = "its directory reaches beyond its end record";
    return std::nullopt;
  }
  why.clear();
  return directory;
}

/// Replaces the sizes and the offset that did not fit 32 bits by those of the zip64 field.
bool read_zip64(const Fields& fields, uint64_t at, uint64_t size, uint64_t& unpacked, uint64_t& packed,
                uint64_t& offset) {
  const uint64_t end = at + size;
  while (end - at >= 4) {
    const uint64_t id = fields.number(at, 2);
    const uint64_t length = fields.number(at + 2, 2);
    at += 4;
    if (length > end - at) return false;
    if (id == 1) {
      uint64_t from = at;
      for (uint64_t* value : {&unpacked, &packed, &offset}) {
        if (*value != kIn64) continue;
        if (at + length - from < 8) return false;
        *value = fields.number(from, 8);
        from += 8;
      }
      return true;
    }
    at += length;
  }
  return unpacked != kIn64 && packed != kIn64 && offset != kIn64;
}

/// The entry of the central header at `at`, which moves behind it.
std::optional<ZipEntry> read_entry(const Fields& fields, const Directory& directory, uint64_t& at, std::string& why) {
  const uint64_t end = directory.offset + directory.size;
  why = "its directory is cut off";
  if (end - at < kCentralSize || !fields.starts(at, "PK\x01\x02")) return std::nullopt;
  const uint64_t flags = fields.number(at + 8, 2);
  const uint64_t method = fields.number(at + 10, 2);
  const uint64_t name_size = fields.number(at + 28, 2);
  const uint64_t extra_size = fields.number(at + 30, 2);
  const uint64_t comment_size = fields.number(at + 32, 2);
  uint64_t local = fields.number(at + 42, 4);
  if (end - at - kCentralSize < name_size + extra_size + comment_size) return std::nullopt;

  ZipEntry entry{.name = fields.text(at + kCentralSize, name_size),
                 .offset = 0,
                 .packed = fields.number(at + 20, 4),
                 .size = fields.number(at + 24, 4),
                 .stored = method == 0};
  const std::string shown = quoted_name(entry.name);
  if (!read_zip64(fields, at + kCentralSize + name_size, extra_size, entry.size, entry.packed, local)) {
    why = fmt::format("entry {}: its zip64 field is wrong", shown);
    return std::nullopt;
  }
  at += kCentralSize + name_size + extra_size + comment_size;
  if ((flags & 1u) != 0) {
    why = fmt::format("entry {} is encrypted", shown);
    return std::nullopt;
  }
  if (method != 0 && method != 8) {
    why = fmt::format("entry {}: compression method {} is not read, only stored and deflated", shown, method);
    return std::nullopt;
  }
  why = fmt::format("entry {}: its local header is wrong", shown);
  if (local > directory.offset || directory.offset - local < kLocalSize || !fields.starts(local, "PK\x03\x04")) {
    return std::nullopt;
  }
  entry.offset = local + kLocalSize + fields.number(local + 26, 2) + fields.number(local + 28, 2);
  if (entry.offset > directory.offset || entry.packed > directory.offset - entry.offset) {
    why = fmt::format("entry {}: its {} bytes reach beyond the archive", shown, entry.packed);
    return std::nullopt;
  }
  if (entry.stored && entry.packed != entry.size) {
    why = fmt::format("entry {}: its size is not what the archive says", shown);
    return std::nullopt;
  }
  if (entry.size / kLargestRatio > entry.packed) {
    why = fmt::format("entry {} unpacks to more than its compressed size allows", shown);
    return std::nullopt;
  }
  why.clear();
  return entry;
}

}  // namespace

bool looks_like_zip(std::span<const std::byte> bytes) {
  const Fields fields(bytes);
  return fields.starts(0, "PK\x03\x04") || fields.starts(0, "PK\x05\x06");
}

std::optional<ZipArchive> ZipArchive::open(std::span<const std::byte> bytes, std::string& why) {
  const Fields fields(bytes);
  const std::optional<Directory> directory = find_directory(fields, bytes.size(), why);
  if (!directory) return std::nullopt;
  ZipArchive archive;
  archive.bytes_ = bytes;
  uint64_t at = directory->offset;
  for (uint64_t index = 0; index < directory->count; ++index) {
    const std::optional<ZipEntry> entry = read_entry(fields, *directory, at, why);
    if (!entry) return std::nullopt;
    archive.entries_.push_back(*entry);
  }
  if (at != directory->offset + directory->size) {
    why = "its directory has more entries than its end record says";
    return std::nullopt;
  }
  if (!archive.index_entries(why)) return std::nullopt;
  return archive;
}

bool ZipArchive::index_entries(std::string& why) {
  std::vector<const ZipEntry*> order;
  for (const ZipEntry& entry : entries_) {
    if (!positions_.emplace(entry.name, &entry - entries_.data()).second) {
      why = fmt::format("entry {} occurs twice", quoted_name(entry.name));
      return false;
    }
    if (entry.packed > 0) order.push_back(&entry);
  }
  std::sort(order.begin(), order.end(), [](const ZipEntry* a, const ZipEntry* b) { return a->offset < b->offset; });
  for (size_t index = 1; index < order.size(); ++index) {
    const ZipEntry& before = *order[index - 1];
    if (before.offset + before.packed <= order[index]->offset) continue;
    why = fmt::format("entries {} and {} overlap", quoted_name(before.name), quoted_name(order[index]->name));
    return false;
  }
  return true;
}

const ZipEntry* ZipArchive::find(std::string_view name) const {
  const auto found = positions_.find(name);
  return found == positions_.end() ? nullptr : &entries_[found->second];
}

void ZipArchive::Close::operator()(zip* archive) const { zip_discard(archive); }

std::optional<std::vector<std::byte>> ZipArchive::unpack(const ZipEntry& entry, std::string& why) {
  if (unpacker_ == nullptr) {
    zip_error_t error;
    zip_error_init(&error);
    zip_source_t* source = zip_source_buffer_create(bytes_.data(), bytes_.size(), 0, &error);
    if (source != nullptr) unpacker_.reset(zip_open_from_source(source, ZIP_RDONLY, &error));
    if (unpacker_ == nullptr) {
      why = zip_error_strerror(&error);
      zip_error_fini(&error);
      if (source != nullptr) zip_source_free(source);
      return std::nullopt;
    }
  }
  // libzip keeps the directory's order.
  const auto index = static_cast<uint64_t>(&entry - entries_.data());
  const std::unique_ptr<zip_file_t, CloseEntry> file(zip_fopen_index(unpacker_.get(), index, 0));
  if (file == nullptr) {
    why = zip_strerror(unpacker_.get());
    return std::nullopt;
  }
  // One byte more than promised shows an entry that is longer; the checksum is tested when the end is reached.
  std::vector<std::byte> bytes(entry.size + 1);
  uint64_t filled = 0;
  while (filled < bytes.size()) {
    const zip_int64_t got = zip_fread(file.get(), bytes.data() + filled, bytes.size() - filled);
    if (got < 0) {
      why = zip_file_strerror(file.get());
      return std::nullopt;
    }
    if (got == 0) break;
    filled += static_cast<uint64_t>(got);
  }
  if (filled != entry.size) {
    why = "its size is not what the archive says";
    return std::nullopt;
  }
  bytes.resize(entry.size);
  return bytes;
}

}  // namespace lathe::weights
