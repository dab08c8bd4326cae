// Reading .npz archives.
#include "compiler/frontend/weights/npz.h"

#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/scalar/scalar_value.h"
#include "tests/unit/weights/zip_writer.h"

namespace lathe::weights {
namespace {

using test::deflate;
using test::little;
using test::zip;
using ::testing::HasSubstr;

/// The .npy bytes of an array of one-byte integers.
std::string npy(const std::string& data) {
  const std::string header =
      "{'descr': '|i1', 'fortran_order': False, 'shape': (" + std::to_string(data.size()) + ",)}\n";
  return std::string("\x93NUMPY\x01\0", 8) + little(header.size(), 2) + header + data;
}

struct Read {
  std::vector<ConstantData> arrays;
  std::string message;
};
Read read(const std::string& bytes) {
  Diagnostics diagnostics;
  Result<std::vector<ConstantData>> result =
      read_npz_bytes(std::as_bytes(std::span(bytes.data(), bytes.size())), "x.npz", diagnostics);
  Read outcome;
  if (result.ok()) outcome.arrays = *result;
  if (!diagnostics.all().empty()) outcome.message = diagnostics.all().front().message;
  return outcome;
}

TEST(Npz, ReadsStoredAndDeflatedEntries) {
  const Read result = read(zip({{"fc.weight.npy", npy("abc"), npy("abc")}, {"b.npy", deflate(npy("x")), npy("x"), 8}}));
  ASSERT_EQ(result.arrays.size(), 2u) << result.message;
  EXPECT_EQ(result.arrays[0].name, "fc.weight");
  EXPECT_EQ(text(result.arrays[0].type), "i8[3]");
  EXPECT_EQ(load_element(ElementType::I8, result.arrays[0].bytes.data(), 2).integer, 'c');
  EXPECT_EQ(result.arrays[1].name, "b");
  EXPECT_EQ(text(result.arrays[1].type), "i8[1]");
}

TEST(Npz, RefusesArchivesThatLie) {
  EXPECT_THAT(read("PK").message, HasSubstr("can't be read"));
  EXPECT_THAT(read(zip({{"a.txt", "x", "x"}})).message, HasSubstr("`a.txt` is not a .npy file"));
  EXPECT_THAT(read(zip({{"a.npy", deflate(npy("x")), npy("x"), 8, 0x7fffffffu}})).message,
              HasSubstr("unpacks to more than its compressed size allows"));
  EXPECT_THAT(read(zip({{"a.npy", deflate(npy("xyz")), npy("xyz"), 8, 5u}})).message,
              HasSubstr("its size is not what the archive says"));
  std::string damaged = npy("xyz");
  damaged.back() = '!';
  EXPECT_THAT(read(zip({{"a.npy", damaged, npy("xyz")}})).message, HasSubstr("CRC error"));
}

TEST(Npz, SurvivesRandomDamage) {
  const std::string good = zip({{"w.npy", npy("abc"), npy("abc")}, {"b.npy", deflate(npy("x")), npy("x"), 8}});
  std::mt19937 random(3);
  for (int round = 0; round < 500; ++round) {
    std::string bytes = good;
    for (unsigned flip = 1 + random() % 4; flip > 0; --flip)
      bytes[random() % bytes.size()] = static_cast<char>(random());
    if (random() % 4 == 0) bytes.resize(random() % bytes.size());
    const Read result = read(bytes);
    EXPECT_TRUE(!result.arrays.empty() || !result.message.empty());
  }
}

}  // namespace
}  // namespace lathe::weights
