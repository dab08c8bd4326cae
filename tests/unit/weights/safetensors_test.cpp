// The safetensors reader: files spelled out from the format's description, right ones and wrong ones.
#include "compiler/frontend/weights/safetensors.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/weights/state_dict.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/weights/zip_writer.h"

namespace lathe::weights {
namespace {

using test::little;
using test::TemporaryFolder;
using ::testing::HasSubstr;

std::string safetensors(const std::string& header, const std::string& data) {
  return little(header.size(), 8) + header + data;
}

struct Read {
  std::optional<StateDict> dict;
  std::string message;
  std::string code;
};

Read read(const std::string& bytes) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  Result<StateDict> dict = read_state_dict(folder.write("x.safetensors", bytes), diagnostics);
  Read outcome;
  if (dict.ok()) outcome.dict = *std::move(dict);
  if (!diagnostics.all().empty()) {
    outcome.message = diagnostics.all().front().message;
    outcome.code = info(diagnostics.all().front().kind).code;
  }
  return outcome;
}

TEST(Safetensors, ReadsTensorsInTheOrderOfTheHeader) {
  const Read result = read(safetensors(
      R"({"__metadata__":{"format":"pt"},"b":{"dtype":"I16","shape":[2],"data_offsets":[4,8]},)"
      R"("a":{"dtype":"F32","shape":[],"data_offsets":[0,4]},"none":{"dtype":"F64","shape":[0,3],"data_offsets":[8,8]}}  )",
      std::string("\x00\x00\x80\x3f\x05\x00\xff\xff", 8)));
  ASSERT_TRUE(result.dict) << result.message;
  ASSERT_EQ(result.dict->entries().size(), 3u);
  EXPECT_EQ(result.dict->entries()[0].data.name, "b");
  EXPECT_EQ(text(result.dict->entries()[0].data.type), "i16[2]");
  EXPECT_EQ(element_as_integer(result.dict->entries()[0].data, 0), 5);
  EXPECT_EQ(element_as_integer(result.dict->entries()[0].data, 1), -1);
  EXPECT_EQ(element_as_double(result.dict->find("a")->data, 0), 1.0);
  EXPECT_EQ(text(result.dict->find("none")->data.type), "f64[0, 3]");
  EXPECT_EQ(result.dict->find("c"), nullptr);
}

TEST(Safetensors, KnowsTheElementTypes) {
  const struct {
    std::string name;
    ElementType element;
    int bytes;
  } rows[] = {{"BOOL", ElementType::Boolean, 1},  {"U8", ElementType::U8, 1},
              {"I8", ElementType::I8, 1},         {"U16", ElementType::U16, 2},
              {"I16", ElementType::I16, 2},       {"F16", ElementType::F16, 2},
              {"BF16", ElementType::BF16, 2},     {"U32", ElementType::U32, 4},
              {"I32", ElementType::I32, 4},       {"F32", ElementType::F32, 4},
              {"U64", ElementType::U64, 8},       {"I64", ElementType::I64, 8},
              {"F64", ElementType::F64, 8},       {"F8_E4M3", ElementType::F8E4M3FN, 1},
              {"F8_E5M2", ElementType::F8E5M2, 1}};
  for (const auto& row : rows) {
    const std::string header =
        R"({"x":{"dtype":")" + row.name + R"(","shape":[3],"data_offsets":[0,)" + std::to_string(3 * row.bytes) + "]}}";
    const Read result = read(safetensors(header, std::string(static_cast<size_t>(3 * row.bytes), '\0')));
    ASSERT_TRUE(result.dict) << row.name << ": " << result.message;
    EXPECT_EQ(result.dict->entries()[0].data.type.element, row.element) << row.name;
  }
}

TEST(Safetensors, BorrowsFromTheFile) {
  const std::string header = R"({"x":{"dtype":"U8","shape":[3],"data_offsets":[0,3]}})";
  const Read result = read(safetensors(header, "abc"));
  ASSERT_TRUE(result.dict) << result.message;
  const ConstantData& data = result.dict->entries()[0].data;
  ASSERT_TRUE(data.source);
  EXPECT_EQ(data.source->offset, 8 + header.size());
  EXPECT_EQ(data.bytes[1], std::byte{'b'});
}

struct WrongFile {
  std::string file;
  std::string message;
};

class WrongSafetensors : public ::testing::TestWithParam<WrongFile> {};

TEST_P(WrongSafetensors, AreRefused) {
  const Read result = read(GetParam().file);
  EXPECT_FALSE(result.dict);
  EXPECT_EQ(result.code, "LT0601");
  EXPECT_THAT(result.message, HasSubstr(GetParam().message));
}

std::string entry(const std::string& name, const std::string& shape, const std::string& offsets,
                  const std::string& type = "U8") {
  return '"' + name + R"(":{"dtype":")" + type + R"(","shape":)" + shape + R"(,"data_offsets":)" + offsets + "}";
}

INSTANTIATE_TEST_SUITE_P(
    Files, WrongSafetensors,
    ::testing::Values(
        WrongFile{"", "it is empty"},                           //
        WrongFile{"\x05", "too short for a safetensors file"},  //
        WrongFile{little(9, 8) + "{}", "its header claims 9 bytes, the file has 2"},
        WrongFile{little(~uint64_t{0}, 8) + "{}",
                  "its header claims 18446744073709551615 bytes, 100000000 are allowed"},
        WrongFile{safetensors("{\"a\":", ""), "its header is not JSON"},
        WrongFile{safetensors("{\"a\":{\"dtype\":\"\xff\"}}", ""), "its header is not JSON"},
        WrongFile{safetensors("{\"a\":1e999}", ""), "its header is not JSON"},
        WrongFile{safetensors("{\"a\":5}", ""), "tensor `a`: its description is a number"},
        WrongFile{safetensors("{\"a\":{\"b\":{}}}", ""), "tensor `a`: it has an unknown field `b`"},
        WrongFile{safetensors("{\"a\":{\"dtype\":{}}}", ""), "tensor `a`: its `dtype` holds an object"},
        WrongFile{safetensors("{\"a\":{}}", ""), "tensor `a`: it has no `dtype`"},
        WrongFile{safetensors("{\"__metadata__\":{\"a\":[]}}", ""), "`__metadata__` holds a list"},
        WrongFile{safetensors("{" + entry("a", "[-1]", "[0,1]") + "}", "x"), "its `shape` holds a negative number"},
        WrongFile{safetensors("{" + entry("a", "[1.5]", "[0,1]") + "}", "x"), "its `shape` holds a fraction"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[0]") + "}", "x"), "its `data_offsets` are not two numbers"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[1,0]") + "}", "x"), "ends at byte 0 of the data, before"},
        WrongFile{safetensors("{" + entry("a", "[9]", "[0,9]") + "}", "x"),
                  "tensor `a`: it reaches from byte 0 to 9 of the data, the file has 1"},
        WrongFile{safetensors("{" + entry("a", "[2]", "[0,1]") + "}", "x"), "needs 2 bytes, its place at byte 0"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[0,1]", "F3") + "}", "x"), "elements of the type `F3`"},
        WrongFile{safetensors("{" + entry("a", "[4294967296,4294967296]", "[0,1]") + "}", "x"),
                  "larger than can be addressed"},
        WrongFile{safetensors("{" + entry("a", "[18446744073709551615]", "[0,1]") + "}", "x"),
                  "larger than can be addressed"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[0,1]") + "," + entry("a", "[1]", "[1,2]") + "}", "xy"),
                  "`a` occurs twice"},
        WrongFile{safetensors("{" + entry("a", "[2]", "[0,2]") + "," + entry("b", "[2]", "[1,3]") + "}", "xyz"),
                  "tensor `b`: it begins at byte 1 of the data, inside `a`, which ends at 2"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[0,1]") + "," + entry("b", "[1]", "[2,3]") + "}", "xyz"),
                  "tensor `b`: it begins at byte 2 of the data, and the bytes from 1 on belong to none"},
        WrongFile{safetensors("{" + entry("a", "[1]", "[0,1]") + "}", "xyz"),
                  "end at byte 1 of the data, the file has 3"},
        WrongFile{safetensors("{\"a\":" + std::string(100000, '['), ""), "tensor `a`: its description is a list"}));

}  // namespace
}  // namespace lathe::weights
