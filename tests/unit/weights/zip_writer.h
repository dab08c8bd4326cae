// Writes zip archives by hand: local headers, central directory, end record. Wrong ones can be said as well as right
// ones. Used by the tests of .npz and of PyTorch's format.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace lathe::test {

inline std::string little(uint64_t value, int bytes) {
  std::string result;
  for (int index = 0; index < bytes; ++index) result += static_cast<char>((value >> (8 * index)) & 0xffu);
  return result;
}

inline uint32_t checksum(const std::string& data) {
  uint32_t crc = 0xffffffffu;
  for (const char byte : data) {
    crc ^= static_cast<unsigned char>(byte);
    for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1u) ^ (0xedb88320u & (0u - (crc & 1u)));
  }
  return ~crc;
}

struct ZipMember {
  std::string name;
  std::string stored;                 ///< bytes in the archive
  std::string unpacked;               ///< bytes they stand for
  uint16_t method = 0;                ///< 0 stored, 8 deflated
  std::optional<uint32_t> size = {};  ///< a wrong size to claim
};

inline std::string zip(const std::vector<ZipMember>& entries) {
  std::string archive;
  std::string directory;
  for (const ZipMember& entry : entries) {
    const std::string common = little(20, 2) + little(0, 2) + little(entry.method, 2) + little(0, 4) +
                               little(checksum(entry.unpacked), 4) + little(entry.stored.size(), 4) +
                               little(entry.size.value_or(static_cast<uint32_t>(entry.unpacked.size())), 4) +
                               little(entry.name.size(), 2) + little(0, 2);
    const uint64_t offset = archive.size();
    archive += "PK\x03\x04" + common + entry.name + entry.stored;
    directory += "PK\x01\x02" + little(20, 2) + common + little(0, 8) + little(0, 2) + little(offset, 4) + entry.name;
  }
  const std::string end = "PK\x05\x06" + little(0, 4) + little(entries.size(), 2) + little(entries.size(), 2) +
                          little(directory.size(), 4) + little(archive.size(), 4) + little(0, 2);
  return archive + directory + end;
}

/// Deflate's stored block.
inline std::string deflate(const std::string& data) {
  return "\x01" + little(data.size(), 2) + little(~data.size() & 0xffffu, 2) + data;
}

}  // namespace lathe::test
