// Reading and writing .npy files; the bytes of the inputs are spelled out from NumPy's description of the format.
#include "compiler/frontend/weights/npy.h"

#include <cstring>
#include <random>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/weights/mapped_file.h"
#include "ir/scalar/scalar_value.h"
#include "tests/support/temporary_folder.h"

namespace lathe::weights {
namespace {

using test::TemporaryFolder;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A file of format 1.0 (or `major`).
std::string npy(const std::string& header, const std::string& data, char major = 1) {
  std::string bytes = std::string("\x93NUMPY") + major + '\0';
  bytes += static_cast<char>(header.size() & 0xffu);
  bytes += static_cast<char>(header.size() >> 8u);
  if (major > 1) bytes += std::string(2, '\0');
  return bytes + header + data;
}

template <class T>
std::string bytes_of(std::initializer_list<T> values) {
  std::string bytes(values.size() * sizeof(T), '\0');
  std::memcpy(bytes.data(), std::data(values), bytes.size());
  return bytes;
}

struct Read {
  std::optional<ConstantData> array;
  std::string message;
  std::string code;
};

Read read(const std::string& bytes) {
  Diagnostics diagnostics;
  auto owner = std::make_shared<const std::string>(bytes);
  const std::span<const std::byte> view = std::as_bytes(std::span(owner->data(), owner->size()));
  Result<ConstantData> result = read_npy_bytes(view, owner, "x.npy", diagnostics);
  Read outcome;
  if (result.ok()) outcome.array = *result;
  if (!diagnostics.all().empty()) {
    outcome.message = diagnostics.all().front().message;
    outcome.code = info(diagnostics.all().front().kind).code;
  }
  return outcome;
}

std::vector<double> numbers(const ConstantData& array) {
  std::vector<double> result;
  for (int64_t index = 0; index < array.element_count(); ++index) {
    result.push_back(load_element(array.type.element, array.bytes.data(), index).as_double());
  }
  return result;
}

TEST(Npy, ReadsRowMajorFloatsWithoutCopying) {
  const Read result = read(
      npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", bytes_of<float>({1, 2, 3, 4, 5, 6.5F})));
  ASSERT_TRUE(result.array) << result.message;
  EXPECT_EQ(text(result.array->type), "f32[2, 3]");
  EXPECT_THAT(numbers(*result.array), ElementsAre(1, 2, 3, 4, 5, 6.5));
  EXPECT_NE(result.array->owner, nullptr);
}

TEST(Npy, ReadsEveryNumericType) {
  struct Case {
    std::string descriptor;
    std::string data;
    std::string type;
  };
  const Case cases[] = {
      {"|b1", bytes_of<char>({1}), "bool[1]"},       {"|i1", bytes_of<int8_t>({1}), "i8[1]"},
      {"<i2", bytes_of<int16_t>({1}), "i16[1]"},     {"<i4", bytes_of<int32_t>({1}), "i32[1]"},
      {"<i8", bytes_of<int64_t>({1}), "i64[1]"},     {"|u1", bytes_of<uint8_t>({1}), "u8[1]"},
      {"<u2", bytes_of<uint16_t>({1}), "u16[1]"},    {"<u4", bytes_of<uint32_t>({1}), "u32[1]"},
      {"<u8", bytes_of<uint64_t>({1}), "u64[1]"},    {"<f2", bytes_of<uint16_t>({0x3c00}), "f16[1]"},
      {"=f4", bytes_of<float>({1}), "f32[1]"},       {"<f8", bytes_of<double>({1}), "f64[1]"},
      {">i4", std::string("\0\0\0\1", 4), "i32[1]"}, {">f4", std::string("\x3f\x80\0\0", 4), "f32[1]"},
  };
  for (const Case& row : cases) {
    const Read result =
        read(npy("{'descr': '" + row.descriptor + "', 'fortran_order': False, 'shape': (1,)}", row.data));
    ASSERT_TRUE(result.array) << row.descriptor << ": " << result.message;
    EXPECT_EQ(text(result.array->type), row.type);
    EXPECT_THAT(numbers(*result.array), ElementsAre(1)) << row.descriptor;
  }
}

TEST(Npy, TurnsColumnMajorOrder) {
  // The array [[1, 2, 3], [4, 5, 6]] column by column.
  const Read result = read(
      npy("{'descr': '>i2', 'fortran_order': True, 'shape': (2, 3)}", std::string("\0\1\0\4\0\2\0\5\0\3\0\6", 12)));
  ASSERT_TRUE(result.array) << result.message;
  EXPECT_THAT(numbers(*result.array), ElementsAre(1, 2, 3, 4, 5, 6));
}

TEST(Npy, ReadsScalarsEmptyArraysAndStrings) {
  EXPECT_EQ(text(read(npy("{'descr': '<f4', 'fortran_order': False, 'shape': ()}", bytes_of<float>({1}))).array->type),
            "f32[]");
  EXPECT_EQ(text(read(npy("{'descr': '<f4', 'fortran_order': True, 'shape': (0, 3)}", "")).array->type), "f32[0, 3]");
  const Read strings = read(npy("{'descr': '|S3', 'fortran_order': False, 'shape': (2,)}", std::string("ab\0xyz", 6)));
  ASSERT_TRUE(strings.array) << strings.message;
  EXPECT_THAT(strings.array->strings, ElementsAre("ab", "xyz"));
}

TEST(Npy, ReadsFormatsTwoAndThree) {
  const std::string header = "{'shape': (1,), 'fortran_order': False, \"descr\": '<f4'}";
  EXPECT_TRUE(read(npy(header, bytes_of<float>({1}), 2)).array);
  EXPECT_TRUE(read(npy(header, bytes_of<float>({1}), 3)).array);
  EXPECT_THAT(read(npy(header, bytes_of<float>({1}), 4)).message, HasSubstr("format version is 4.0"));
}

TEST(Npy, NamesWhatIsWrong) {
  const std::string four_bytes(4, '\0');
  const std::pair<std::string, std::string> cases[] = {
      {"", "it does not start like a .npy file"},
      {"PK\x03\x04 whatever", "it does not start like a .npy file"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", four_bytes),
       "it has 4 bytes of elements, its header promises 8"},
      {npy("{'descr': '<c8', 'fortran_order': False, 'shape': (2,)}", four_bytes),
       "Lathe does not read elements of the type `<c8`"},
      {npy("{'descr': '|O', 'fortran_order': False, 'shape': (2,)}", four_bytes),
       "Lathe does not read elements of the type `|O`"},
      {npy("{'descr': [('a', '<f4')], 'fortran_order': False, 'shape': (2,)}", four_bytes),
       "the element type is a structure"},
      {npy("{'fortran_order': False, 'shape': (2,)}", four_bytes), "the header lacks an entry"},
      {npy("{'descr': '<f4', 'fortran_order': Maybe, 'shape': (2,)}", four_bytes), "`fortran_order` is no truth value"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}", four_bytes),
       "the shape is not a tuple of sizes"},
      {npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 4)}", four_bytes),
       "its shape is larger than can be addressed"},
      {npy("{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000,)}", four_bytes), "header promises 0"},
      {npy("[1, 2]", four_bytes), "the header is not a dictionary"},
  };
  for (const auto& [bytes, expected] : cases) {
    const Read result = read(bytes);
    EXPECT_FALSE(result.array);
    EXPECT_EQ(result.code, "LT0601");
    EXPECT_THAT(result.message, HasSubstr(expected));
  }
}

TEST(Npy, SurvivesRandomDamage) {
  const std::string good =
      npy("{'descr': '>f4', 'fortran_order': True, 'shape': (2, 3), }\n", bytes_of<float>({1, 2, 3, 4, 5, 6}));
  std::mt19937 random(7);
  for (int round = 0; round < 20000; ++round) {
    std::string bytes = good.substr(0, random() % (good.size() + 1));
    for (unsigned flip = random() % 4; flip > 0 && !bytes.empty(); --flip) {
      bytes[random() % bytes.size()] = static_cast<char>(random());
    }
    const Read result = read(bytes);
    EXPECT_NE(result.array.has_value(), !result.message.empty());
  }
}

std::string written(const TensorType& type, const std::string& data, const std::vector<std::string>& strings = {}) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  const std::string path = folder.file("out.npy");
  EXPECT_TRUE(write_npy(path, type, std::as_bytes(std::span(data)), strings, diagnostics).ok());
  std::string why;
  const auto file = MappedFile::open(path, why);
  return file ? std::string(file->text()) : why;
}

TEST(Npy, WritesFormatOneAlignedTo64Bytes) {
  const std::string data = bytes_of<float>({1, 2});
  std::string header = "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }";
  header.resize(128 - 10 - 1, ' ');
  EXPECT_EQ(written({ElementType::F32, {2}}, data), std::string("\x93NUMPY\x01\0\x76\0", 10) + header + "\n" + data);
  EXPECT_THAT(written({ElementType::Boolean, {}}, std::string(1, '\1')),
              HasSubstr("'|b1', 'fortran_order': False, 'shape': ()"));
  EXPECT_THAT(written({ElementType::I64, {0, 3}}, ""), HasSubstr("'<i8', 'fortran_order': False, 'shape': (0, 3)"));
}

TEST(Npy, WidensWhatNumpyDoesNotHave) {
  // 1.5 in bf16 is 0x3fc0; the 4-bit numbers are -1 and 7, low bits first.
  const Read narrow = read(written({ElementType::BF16, {1}}, std::string("\xc0\x3f", 2)));
  EXPECT_EQ(text(narrow.array->type), "f32[1]");
  EXPECT_THAT(numbers(*narrow.array), ElementsAre(1.5));
  const Read nibbles = read(written({ElementType::I4, {2}}, std::string("\x7f", 1)));
  EXPECT_EQ(text(nibbles.array->type), "i8[2]");
  EXPECT_THAT(numbers(*nibbles.array), ElementsAre(-1, 7));
}

TEST(Npy, WritesStringsOfFixedWidth) {
  const Read result = read(written({ElementType::String, {2}}, "", {"a", "xyz"}));
  EXPECT_THAT(result.array->strings, ElementsAre("a", "xyz"));
}

TEST(Npy, ReportsFilesThatCannotBeOpened) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_npy("/nonexistent/x.npy", diagnostics).ok());
  EXPECT_EQ(info(diagnostics.all().front().kind).code, "LT0001");
  EXPECT_FALSE(write_npy("/nonexistent/x.npy", {ElementType::F32, {}}, {}, {}, diagnostics).ok());
  EXPECT_EQ(info(diagnostics.all().back().kind).code, "LT0002");
}

}  // namespace
}  // namespace lathe::weights
