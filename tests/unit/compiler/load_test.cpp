// Loading by the name of the file, and types that are asked for on top of it.
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"
#include "tests/unit/compiler/small_models.h"

namespace lathe::test {
namespace {

std::string input_types(const Module& module) {
  std::string result;
  for (const ValueId input : module.graph.inputs()) result += text(module.graph.value(input).type) + " ";
  return result;
}

TEST(Load, Text) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  Module module;
  ASSERT_TRUE(load_model(folder.write("m.lathe", kScaledRelu), {}, module, diagnostics).ok());
  EXPECT_EQ(input_types(module), "f32[N, 3] f32[3] f32[N, 1] ");
}

TEST(Load, TextWithSizes) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  Module module;
  const LoadOptions options{{{"x", TensorType{ElementType::F32, {8, 3}}}}};
  ASSERT_TRUE(load_model(folder.write("m.lathe", kScaledRelu), options, module, diagnostics).ok());
  EXPECT_EQ(input_types(module), "f32[8, 3] f32[3] f32[8, 1] ");
}

TEST(Load, TextWithContradictingSizes) {
  const TemporaryFolder folder;
  Diagnostics diagnostics;
  Module module;
  const LoadOptions options{{{"x", TensorType{ElementType::F32, {8, 4}}}}};
  ASSERT_FALSE(load_model(folder.write("m.lathe", kScaledRelu), options, module, diagnostics).ok());
  EXPECT_EQ(diagnostics.all()[0].message, "input `x` is declared as `f32[N, 3]`; `f32[8, 4]` was asked for");
}

TEST(Load, Onnx) {
  const TemporaryFolder folder;
  OnnxModel model;
  model.graph.nodes = {{"Relu", {"x"}, {"y"}}};
  model.graph.inputs = {{"x", 1, {{"N", int64_t{4}}}}};
  model.graph.outputs = {{"y", 1, {{"N", int64_t{4}}}}};
  const std::string path = folder.write("m.onnx", to_bytes(model));
  Diagnostics diagnostics;
  Module module;
  ASSERT_TRUE(load_model(path, {}, module, diagnostics).ok()) << render_text(diagnostics, module.locations);
  EXPECT_EQ(input_types(module), "f32[N, 4] ");
  Module fixed;
  const LoadOptions options{{{"x", TensorType{ElementType::F32, {2, 4}}}}};
  ASSERT_TRUE(load_model(path, options, fixed, diagnostics).ok()) << render_text(diagnostics, fixed.locations);
  EXPECT_EQ(input_types(fixed), "f32[2, 4] ");
}

TEST(Load, FilesThatAreNoModels) {
  const TemporaryFolder folder;
  const auto kind_of = [&](const std::string& path) {
    Diagnostics diagnostics;
    Module module;
    EXPECT_FALSE(load_model(path, {}, module, diagnostics).ok());
    return diagnostics.all().empty() ? "" : info(diagnostics.all()[0].kind).code;
  };
  EXPECT_EQ(kind_of(folder.file("absent.onnx")), "LT0001");
  EXPECT_EQ(kind_of(folder.file("absent.lathe")), "LT0001");
  EXPECT_EQ(kind_of(folder.write("m.txt", "")), "LT0003");
  EXPECT_EQ(kind_of(folder.write("m.onnx", "nonsense")), "LT0301");
}

}  // namespace
}  // namespace lathe::test
