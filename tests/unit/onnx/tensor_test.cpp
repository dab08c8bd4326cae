// Tensors of ONNX files: where elements can be, how large they must be, files beside the model.
#include "compiler/frontend/onnx/tensor.h"

#include <cstring>
#include <filesystem>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/onnx/model_reader.h"
#include "ir/scalar/scalar_value.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace lathe::onnx {
namespace {

using test::OnnxTensor;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Read {
  std::optional<ConstantData> constant;
  std::string code;
  std::string message;
};

/// Writes a tensor and reads it again; `path` is where a model would be.
Read read(const OnnxTensor& tensor, MissingData missing = MissingData::Refuse, const std::string& path = {}) {
  static std::vector<std::unique_ptr<std::string>> kept;
  kept.push_back(std::make_unique<std::string>(test::to_bytes(tensor)));
  Diagnostics diagnostics;
  Read outcome;
  const Result<Tensor> message = read_tensor_message(*kept.back(), {}, diagnostics);
  TensorFiles files{path, nullptr, {}};
  if (message.ok()) {
    Result<ConstantData> constant = read_tensor(*message, files, missing, "initializer `w`", {}, diagnostics);
    if (constant.ok()) outcome.constant = *constant;
  }
  if (!diagnostics.all().empty()) {
    outcome.code = info(diagnostics.all().front().kind).code;
    outcome.message = diagnostics.all().front().message;
  }
  return outcome;
}

std::vector<double> numbers(const ConstantData& constant) {
  std::vector<double> result;
  for (int64_t index = 0; index < constant.element_count(); ++index) {
    result.push_back(load_element(constant.type.element, constant.bytes.data(), index).as_double());
  }
  return result;
}

OnnxTensor typed(int32_t data_type, std::vector<int64_t> dims) {
  OnnxTensor tensor;
  tensor.name = "w";
  tensor.data_type = data_type;
  tensor.dims = std::move(dims);
  return tensor;
}

class TypedFields : public ::testing::TestWithParam<bool> {
 protected:
  static OnnxTensor make(int32_t data_type, std::vector<int64_t> dims) {
    OnnxTensor tensor = typed(data_type, std::move(dims));
    tensor.packed = GetParam();
    return tensor;
  }
  static std::vector<double> elements(const OnnxTensor& tensor) {
    const Read result = read(tensor);
    EXPECT_TRUE(result.constant) << result.message;
    return result.constant ? numbers(*result.constant) : std::vector<double>{};
  }
};

TEST_P(TypedFields, FloatsAndDoubles) {
  OnnxTensor floats = make(1, {2});
  floats.float_data = {1.5F, -2.0F};
  EXPECT_THAT(elements(floats), ElementsAre(1.5, -2.0));
  OnnxTensor doubles = make(11, {1, 2});
  doubles.double_data = {1e300, 0.1};
  EXPECT_THAT(elements(doubles), ElementsAre(1e300, 0.1));
}

TEST_P(TypedFields, IntegersOfAllWidthsInInt32Data) {
  struct Case {
    int32_t data_type;
    std::vector<int32_t> data;
    std::vector<double> expected;
  };
  const Case cases[] = {{2, {0, 255}, {0, 255}},
                        {3, {-128, 127}, {-128, 127}},
                        {4, {0, 65535}, {0, 65535}},
                        {5, {-3, 3}, {-3, 3}},
                        {6, {-7, 1 << 30}, {-7, 1 << 30}},
                        {9, {1, 0}, {1, 0}},
                        // Bit patterns: 1.0 and -2.0 in float16, bfloat16 and the 8-bit floats.
                        {10, {0x3c00, 0xc000}, {1, -2}},
                        {16, {0x3f80, 0xc000}, {1, -2}},
                        {17, {0x38, 0xc0}, {1, -2}},
                        {18, {0x40, 0xc8}, {1, -2}},
                        {19, {0x3c, 0xc0}, {1, -2}},
                        {20, {0x40, 0xc4}, {1, -2}}};
  for (const Case& row : cases) {
    OnnxTensor tensor = make(row.data_type, {2});
    tensor.int32_data = row.data;
    EXPECT_EQ(elements(tensor), row.expected) << data_type_name(row.data_type);
  }
}

TEST_P(TypedFields, FourBitIntegersComeTwoToAnEntry) {
  OnnxTensor signed_tensor = make(22, {3});
  signed_tensor.int32_data = {0x7f, 0x08};
  EXPECT_THAT(elements(signed_tensor), ElementsAre(-1, 7, -8));
  OnnxTensor unsigned_tensor = make(21, {2});
  unsigned_tensor.int32_data = {0x7f};
  EXPECT_THAT(elements(unsigned_tensor), ElementsAre(15, 7));
}

TEST_P(TypedFields, WideIntegers) {
  OnnxTensor signed_tensor = make(7, {2});
  signed_tensor.int64_data = {-1, int64_t{1} << 40};
  EXPECT_THAT(elements(signed_tensor), ElementsAre(-1, 1099511627776.0));
  OnnxTensor narrow = make(12, {1});
  narrow.uint64_data = {4294967295u};
  EXPECT_THAT(elements(narrow), ElementsAre(4294967295.0));
  OnnxTensor wide = make(13, {1});
  wide.uint64_data = {uint64_t{1} << 62u};
  EXPECT_THAT(elements(wide), ElementsAre(4611686018427387904.0));
}

INSTANTIATE_TEST_SUITE_P(Encodings, TypedFields, ::testing::Bool(),
                         [](const auto& info) { return info.param ? "packed" : "unpacked"; });

TEST(Tensor, StringsAreKeptAsTheyAre) {
  OnnxTensor tensor = typed(8, {2});
  tensor.string_data = {"a", std::string("b\0c", 3)};
  EXPECT_THAT(read(tensor).constant->strings, ElementsAre("a", std::string("b\0c", 3)));
}

TEST(Tensor, ScalarsAndEmptyTensors) {
  EXPECT_EQ(text(read(test::float_tensor("w", {}, {1})).constant->type), "f32[]");
  EXPECT_EQ(text(read(test::float_tensor("w", {0, 3}, {})).constant->type), "f32[0, 3]");
}

TEST(Tensor, PayloadMustFitTheType) {
  const Read few = read(test::float_tensor("w", {2, 2}, {1, 2, 3}));
  EXPECT_EQ(few.code, "LT0302");
  EXPECT_EQ(few.message, "initializer `w` has 12 bytes in `raw_data`, but `f32[2, 2]` needs 16");
  EXPECT_EQ(read(test::float_tensor("w", {1}, {1, 2})).message,
            "initializer `w` has 8 bytes in `raw_data`, but `f32[1]` needs 4");

  OnnxTensor wrong_field = typed(1, {1});
  wrong_field.int64_data = {1};
  EXPECT_EQ(read(wrong_field).message,
            "initializer `w` of type FLOAT has its data in `int64_data`, expected `float_data`");

  OnnxTensor entries = typed(1, {3});
  entries.float_data = {1, 2};
  EXPECT_EQ(read(entries).message, "initializer `w` has 2 entries in `float_data`, but `f32[3]` needs 3");

  OnnxTensor both = test::float_tensor("w", {1}, {1});
  both.float_data = {1};
  EXPECT_EQ(read(both).message, "initializer `w` has its data in more than one field");

  OnnxTensor strings = typed(8, {2});
  strings.string_data = {"a"};
  EXPECT_EQ(read(strings).message, "initializer `w` has 1 strings, but `string[2]` needs 2");
}

TEST(Tensor, SizesMustBePossible) {
  const Read negative = read(typed(1, {3, -1}));
  EXPECT_EQ(negative.code, "LT0215");
  EXPECT_EQ(negative.message, "axis 1 of initializer `w` has the size -1");
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{int64_t{1} << 40, int64_t{1} << 40}, std::vector<int64_t>{INT64_MAX},
        std::vector<int64_t>{int64_t{1} << 62, 2}}) {
    const Read huge = read(typed(1, dims));
    EXPECT_EQ(huge.code, "LT0214");
    EXPECT_THAT(huge.message, HasSubstr("is larger than can be addressed"));
  }
  // A size that could be addressed but is not in the file costs nothing.
  EXPECT_EQ(read(typed(1, {int64_t{1} << 40})).code, "LT0302");
  OnnxTensor wide = typed(1, {int64_t{1} << 40});
  wide.float_data = {1};
  EXPECT_EQ(read(wide).code, "LT0302");
}

TEST(Tensor, KindsThatLatheDoesNotHaveAreUnsupported) {
  EXPECT_EQ(read(typed(14, {1})).message, "initializer `w` has elements of COMPLEX64");
  EXPECT_EQ(read(typed(99, {1})).message, "initializer `w` has elements of type 99");
  EXPECT_EQ(read(typed(-5, {1})).code, "LT0901");
  EXPECT_EQ(read(typed(1, std::vector<int64_t>(33, 1))).code, "LT0901");
}

TEST(Tensor, WeightsMayBeLeftOutWhereTheCallerAllowsIt) {
  const Read absent = read(typed(1, {3}), MissingData::Absent);
  ASSERT_TRUE(absent.constant) << absent.message;
  EXPECT_TRUE(absent.constant->absent);
  EXPECT_EQ(read(typed(1, {3})).message, "initializer `w` has no data, but `f32[3]` needs 12 bytes");
  // Integers are shapes and indices: they can't be left out.
  EXPECT_EQ(read(typed(7, {3}), MissingData::Absent).code, "LT0302");
  EXPECT_FALSE(read(typed(1, {0}), MissingData::Absent).constant->absent);
}

class External : public ::testing::Test {
 protected:
  External() {
    std::filesystem::create_directory(folder_.path() / "model");
    folder_.write("secret.bin", std::string(64, 'x'));
    const float values[] = {1, 2, 3, 4};
    folder_.write("model/data.bin", std::string_view(reinterpret_cast<const char*>(values), sizeof values));
  }
  Read read_external(std::vector<std::pair<std::string, std::string>> entries) {
    OnnxTensor tensor = typed(1, {2});
    tensor.external = std::move(entries);
    return read(tensor, MissingData::Refuse, folder_.file("model/m.onnx"));
  }
  test::TemporaryFolder folder_;
};

TEST_F(External, IsMappedAtItsOffset) {
  const Read result = read_external({{"location", "data.bin"}, {"offset", "4"}, {"length", "8"}});
  ASSERT_TRUE(result.constant) << result.message;
  EXPECT_THAT(numbers(*result.constant), ElementsAre(2, 3));
  EXPECT_EQ(result.constant->source->offset, 4u);
  EXPECT_THAT(result.constant->source->path, ::testing::EndsWith("model/data.bin"));
  EXPECT_THAT(numbers(*read_external({{"location", "data.bin"}}).constant), ElementsAre(1, 2));
}

TEST_F(External, MustLieInTheFolderOfTheModel) {
  EXPECT_EQ(read_external({{"location", "../secret.bin"}}).message,
            "the external data `../secret.bin` of initializer `w` can't be used: the path leads outside of the folder");
  EXPECT_THAT(read_external({{"location", folder_.file("secret.bin")}}).message, HasSubstr("the path is absolute"));
  std::filesystem::create_symlink("../secret.bin", folder_.path() / "model" / "link");
  EXPECT_THAT(read_external({{"location", "link"}}).message, HasSubstr("a symbolic link leads outside of the folder"));
  EXPECT_EQ(read_external({{"location", "absent"}}).code, "LT0303");
  EXPECT_THAT(read_external({{"offset", "0"}}).message, HasSubstr("the path is empty"));
}

TEST_F(External, MustHoldTheBytes) {
  EXPECT_EQ(read_external({{"location", "data.bin"}, {"offset", "12"}}).message,
            "the external data of initializer `w` needs 8 bytes from byte 12 of `data.bin`, which has only 16 bytes");
  EXPECT_EQ(read_external({{"location", "data.bin"}, {"offset", "18446744073709551615"}}).code, "LT0303");
  EXPECT_EQ(read_external({{"location", "data.bin"}, {"offset", "-4"}}).message,
            "the offset of the external data of initializer `w` is not a number: `-4`");
  EXPECT_EQ(read_external({{"location", "data.bin"}, {"offset", "99999999999999999999"}}).code, "LT0303");
  EXPECT_EQ(read_external({{"location", "data.bin"}, {"length", "4"}}).code, "LT0302");
}

}  // namespace
}  // namespace lathe::onnx
