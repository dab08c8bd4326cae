// Values of inputs: random data that is the same everywhere, files of three kinds, sizes that follow from them.
#include "compiler/tools/input_values.h"

#include "gtest/gtest.h"
#include "compiler/frontend/weights/npy.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

ModelPort port(std::string name, TensorType type) { return {std::move(name), std::move(type), {}}; }

InputArgument file_argument(std::string name, std::string path) { return {std::move(name), std::move(path), {}}; }

TEST(RandomConstant, DependsOnTheSeedOnly) {
  const TensorType type{ElementType::F32, {2, 2}, true};
  const ConstantData first = random_constant(type, 7);
  EXPECT_TRUE(same_constant(first, random_constant(type, 7)));
  EXPECT_FALSE(same_constant(first, random_constant(type, 8)));
  // SplitMix64 with seed 7 starts with 0x63cbe1e459320dd7: its 24 high bits, 0x63cbe1, over 2^23, less 1.
  EXPECT_EQ(element_as_double(first, 0), 6540257.0 / 8388608.0 - 1.0);
}

TEST(RandomConstant, StaysInItsRange) {
  const ConstantData floats = random_constant({ElementType::F32, {1000}, true}, 1);
  const ConstantData bools = random_constant({ElementType::Boolean, {1000}, true}, 1);
  const ConstantData integers = random_constant({ElementType::U8, {1000}, true}, 1);
  int64_t trues = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    EXPECT_GE(element_as_double(floats, i), -1.0);
    EXPECT_LT(element_as_double(floats, i), 1.0);
    EXPECT_LE(element_as_integer(integers, i), 9);
    trues += element_as_integer(bools, i);
  }
  EXPECT_GT(trues, 400);
  EXPECT_LT(trues, 600);
}

class InputValues : public ::testing::Test {
 protected:
  std::string message() { return diagnostics_.all().empty() ? "" : diagnostics_.all().front().message; }

  test::TemporaryFolder folder_;
  Diagnostics diagnostics_;
};

TEST_F(InputValues, SizesFollowFromTheGivenInputs) {
  const std::vector<float> numbers = {1, 2, 3, 4, 5, 6};
  const TensorType type{ElementType::F32, {2, 3}, true};
  ASSERT_TRUE(
      weights::write_npy(folder_.file("a.npy"), type, std::as_bytes(std::span(numbers)), {}, diagnostics_).ok());
  const std::vector<ModelPort> ports = {port("a", {ElementType::F32, {Dim::symbol("N"), 3}, true}),
                                        port("b", {ElementType::I64, {Dim::symbol("N") * 2 + Dim::symbol("M")}, true})};
  const std::vector<InputArgument> arguments = {file_argument("a", folder_.file("a.npy"))};
  const std::vector<NamedSize> sizes = {{"M", 1}};
  const Result<std::vector<Tensor>> values = input_values(ports, arguments, sizes, 0, diagnostics_);
  ASSERT_TRUE(values.ok()) << message();
  EXPECT_EQ((*values)[0].as<float>()[5], 6.0f);
  EXPECT_EQ((*values)[1].dims(), std::vector<int64_t>{5});
}

TEST_F(InputValues, AnOpenSizeIsAsked) {
  const std::vector<ModelPort> ports = {port("a", {ElementType::F32, {Dim::symbol("N"), 3}, true})};
  EXPECT_FALSE(input_values(ports, {}, {}, 0, diagnostics_).ok());
  EXPECT_EQ(message(), "input `a` is `f32[N, 3]`: its size `N` must be given");
}

TEST_F(InputValues, ReadOnnxTensors) {
  const std::string path = folder_.write("x.pb", test::to_bytes(test::int64_tensor("any", {2}, {5, -6})));
  const Result<ConstantData> array = read_array(path, "x", diagnostics_);
  ASSERT_TRUE(array.ok()) << message();
  EXPECT_EQ(element_as_integer(*array, 1), -6);
}

TEST_F(InputValues, RefuseOtherFiles) {
  EXPECT_FALSE(read_array(folder_.write("x.txt", "1 2 3"), "x", diagnostics_).ok());
  EXPECT_EQ(info(diagnostics_.all()[0].kind).code, "LT0701");
  diagnostics_.clear();
  EXPECT_FALSE(read_array(folder_.file("gone.npy"), "x", diagnostics_).ok());
  EXPECT_EQ(info(diagnostics_.all()[0].kind).code, "LT0001");
}

TEST_F(InputValues, TensorsKeepTheElements) {
  ConstantData splat = splat_constant({ElementType::F32, {3}, true}, 2.5);
  const Result<Tensor> tensor = to_tensor(splat, diagnostics_);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(tensor->as<float>()[2], 2.5f);
  EXPECT_EQ(element_as_double(borrow(*tensor), 2), 2.5);
  ConstantData empty = constant_from_doubles({ElementType::F32, {0, 4}, true}, {});
  EXPECT_TRUE(to_tensor(empty, diagnostics_).ok());
}

}  // namespace
}  // namespace lathe::tools
