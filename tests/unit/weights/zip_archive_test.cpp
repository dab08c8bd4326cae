// Zip directories: zip64, comments, prefixes of junk, and directories that lie.
#include "compiler/frontend/weights/zip_archive.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/weights/zip_writer.h"

namespace lathe::weights {
namespace {

using test::little;
using ::testing::HasSubstr;

struct Outcome {
  std::vector<std::pair<std::string, std::string>> entries;  ///< names and borrowed bytes
  std::string why;
};
Outcome open(const std::string& bytes) {
  Outcome outcome;
  const std::optional<ZipArchive> archive =
      ZipArchive::open(std::as_bytes(std::span(bytes.data(), bytes.size())), outcome.why);
  EXPECT_EQ(archive.has_value(), outcome.why.empty()) << outcome.why;
  if (!archive) return outcome;
  for (const ZipEntry& entry : archive->entries()) {
    const std::span<const std::byte> span = archive->borrow(entry);
    outcome.entries.emplace_back(entry.name, std::string(reinterpret_cast<const char*>(span.data()), span.size()));
  }
  return outcome;
}

/// An archive of one stored entry whose sizes and offset stand in zip64 fields, with the end record in 64 bits.
std::string zip64(const std::string& name, const std::string& content, uint64_t claimed_offset = 0) {
  const std::string none = little(0xffffffffu, 4);
  const std::string common = little(45, 2) + little(0, 2) + little(0, 2) + little(0, 4) + little(0, 4);
  const std::string sizes = little(content.size(), 8) + little(content.size(), 8);
  std::string bytes = "PK\x03\x04" + common + none + none + little(name.size(), 2) + little(20, 2) + name +
                      little(1, 2) + little(16, 2) + sizes + content;
  const uint64_t directory = bytes.size();
  // Another field in front of the one that matters.
  const std::string extra =
      little(0x5455, 2) + little(1, 2) + "x" + little(1, 2) + little(24, 2) + sizes + little(claimed_offset, 8);
  bytes += "PK\x01\x02" + little(45, 2) + common + none + none + little(name.size(), 2) + little(extra.size(), 2) +
           little(0, 2) + little(0, 2) + little(0, 2) + little(0, 4) + none + name + extra;
  const uint64_t size = bytes.size() - directory;
  const uint64_t end = bytes.size();
  bytes += "PK\x06\x06" + little(44, 8) + little(45, 2) + little(45, 2) + little(0, 8) + little(1, 8) + little(1, 8) +
           little(size, 8) + little(directory, 8);
  bytes += "PK\x06\x07" + little(0, 4) + little(end, 8) + little(1, 4);
  return bytes + "PK\x05\x06" + little(0, 4) + little(0xffff, 2) + little(0xffff, 2) + none + none + little(0, 2);
}

TEST(ZipArchive, ReadsZip64) {
  const Outcome outcome = open(zip64("data/0", "hello"));
  ASSERT_EQ(outcome.entries.size(), 1u) << outcome.why;
  EXPECT_EQ(outcome.entries[0].first, "data/0");
  EXPECT_EQ(outcome.entries[0].second, "hello");
}

TEST(ZipArchive, ChecksZip64) {
  EXPECT_THAT(open(zip64("a", "hello", ~uint64_t{0})).why, HasSubstr("its local header is wrong"));
  std::string moved = zip64("a", "hello");
  const size_t locator = moved.find("PK\x06\x07");
  moved[locator + 15] = '\x7f';
  EXPECT_THAT(open(moved).why, HasSubstr("zip64 end record"));
}

TEST(ZipArchive, SkipsAComment) {
  std::string bytes = test::zip({{"a", "hello", "hello"}});
  bytes.resize(bytes.size() - 2);
  bytes += little(9, 2) + "a comment";
  EXPECT_EQ(open(bytes).entries.size(), 1u);
}

TEST(ZipArchive, RefusesWrongCounts) {
  const std::string good = test::zip({{"a", "x", "x"}, {"b", "y", "y"}});
  const size_t end = good.rfind("PK\x05\x06");
  std::string fewer = good;
  fewer[end + 8] = fewer[end + 10] = '\x01';
  EXPECT_THAT(open(fewer).why, HasSubstr("more entries than its end record says"));
  std::string more = good;
  more[end + 8] = more[end + 10] = '\x03';
  EXPECT_THAT(open(more).why, HasSubstr("directory"));
  std::string parts = good;
  parts[end + 8] = '\x01';
  EXPECT_THAT(open(parts).why, HasSubstr("one of several parts"));
}

TEST(ZipArchive, RefusesEncryptedEntries) {
  std::string bytes = test::zip({{"a", "x", "x"}});
  bytes[bytes.find("PK\x01\x02") + 8] = '\x01';
  EXPECT_THAT(open(bytes).why, HasSubstr("entry `a` is encrypted"));
}

}  // namespace
}  // namespace lathe::weights
