// What comes out of an import: inputs, symbols, constants, names, order, functions, origins.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using test::OnnxModel;
using ::testing::HasSubstr;
using ::testing::Not;

/// A model with the input x: f32[batch, 4] and the output y.
OnnxModel model_with(std::vector<test::OnnxNode> nodes) {
  OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{std::string("batch"), int64_t{4}}}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt}};
  model.graph.nodes = std::move(nodes);
  return model;
}

const lathe::Node& producer(const Imported& imported, size_t output = 0) {
  const lathe::Graph& graph = imported.module.graph;
  return graph.node(graph.value(graph.outputs()[output]).producer);
}

TEST(Import, KeepsNamesAndLocations) {
  const Imported imported = import_graph(
      model_with({{.op_type = "Relu", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = "act"}}));
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_EQ(output_type(imported), "f32[batch, 4]");
  EXPECT_EQ(imported.module.graph.value(imported.module.graph.outputs()[0]).name, "y");
  EXPECT_EQ(imported.module.graph.value(imported.module.graph.inputs()[0]).name, "x");
  EXPECT_EQ(producer(imported).name, "act");
  EXPECT_THAT(imported.module.locations.describe(producer(imported).location), HasSubstr("m.onnx: node `act` (Relu)"));
}

TEST(Import, NamesOfSizesBecomeSymbols) {
  OnnxModel model = model_with({{.op_type = "Relu", .inputs = {"x"}, .outputs = {"y"}}});
  model.graph.inputs[0].dims = {
      {std::string("a/b"), std::string("a b"), std::string("a/b"), std::string("2x"), std::string("")}};
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  // Different texts stay different, equal ones equal; an axis without a name gets a symbol of its own.
  EXPECT_EQ(output_type(imported), "f32[a_b, a_b.1, a_b, _2x, x_4]");
}

TEST(Import, WeightsAreBorrowedFromTheFile) {
  OnnxModel model = model_with({{.op_type = "Add", .inputs = {"x", "w"}, .outputs = {"y"}}});
  model.graph.initializers = {test::float_tensor("w", {4}, {1, 2, 3, 4})};
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  const ConstantData& constant = imported.module.constants[ConstantId(0u)];
  EXPECT_EQ(constant.name, "w");
  EXPECT_EQ(element_as_double(constant, 2), 3.0);
  ASSERT_TRUE(constant.source);
  EXPECT_THAT(constant.source->path, ::testing::EndsWith("m.onnx"));
  const std::string bytes = test::to_bytes(model);
  float stored = 0;
  std::memcpy(&stored, bytes.data() + constant.source->offset + 8, sizeof stored);
  EXPECT_EQ(stored, 3.0F);
}

TEST(Import, OldFilesListTheirWeightsAsInputs) {
  OnnxModel model = model_with({{.op_type = "Add", .inputs = {"x", "w"}, .outputs = {"y"}}});
  model.ir_version = 3;
  model.graph.initializers = {test::float_tensor("w", {4}, {1, 2, 3, 4})};
  model.graph.inputs.push_back({.name = "w", .element = 1, .dims = {{int64_t{4}}}});
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_EQ(imported.module.graph.inputs().size(), 1u);
}

TEST(Import, WeightsWithoutDataAreARemark) {
  OnnxModel model = model_with({{.op_type = "Add", .inputs = {"x", "w"}, .outputs = {"y"}}});
  test::OnnxTensor weight;
  weight.name = "w";
  weight.dims = {4};
  model.graph.initializers = {weight};
  const Imported imported = import_graph(model);
  EXPECT_TRUE(imported.ok);
  EXPECT_EQ(imported.messages(), "LT0904 m.onnx: 1 weights have no data: the model can be checked, not run\n");
  EXPECT_TRUE(imported.module.constants[ConstantId(0u)].absent);
}

TEST(Import, NodesInAnyOrder) {
  const Imported imported = import_graph(model_with({{.op_type = "Neg", .inputs = {"b"}, .outputs = {"y"}},
                                                     {.op_type = "Exp", .inputs = {"a"}, .outputs = {"b"}},
                                                     {.op_type = "Abs", .inputs = {"x"}, .outputs = {"a"}}}));
  ASSERT_TRUE(imported.ok) << imported.messages();
  const std::string text = imported.graph();
  EXPECT_LT(text.find("abs"), text.find("exp"));
  EXPECT_LT(text.find("exp"), text.find("neg"));
}

TEST(Import, IdentityMakesNoNode) {
  const Imported imported = import_graph(model_with({{.op_type = "Identity", .inputs = {"x"}, .outputs = {"t"}},
                                                     {.op_type = "Relu", .inputs = {"t"}, .outputs = {"y"}}}));
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_EQ(producer(imported).operands[0], imported.module.graph.inputs()[0]);
}

TEST(Import, TypesOfInputsCanBeReplaced) {
  const OnnxModel model = model_with({{.op_type = "Relu", .inputs = {"x"}, .outputs = {"y"}}});
  EXPECT_EQ(output_type(import_graph(model, {.input_types = {{"x", {ElementType::F32, {8, 4}}}}})), "f32[8, 4]");
  EXPECT_EQ(output_type(import_graph(model, {.input_types = {{"x", {ElementType::F32, {Dim::symbol("M"), 4}}}}})),
            "f32[M, 4]");
  OnnxModel unranked = model;
  unranked.graph.inputs[0].dims = std::nullopt;
  EXPECT_EQ(output_type(import_graph(unranked, {.input_types = {{"x", {ElementType::F32, {3}}}}})), "f32[3]");
}

TEST(Import, ValuesOfInputsCanBeGiven) {
  OnnxModel model = model_with({{.op_type = "Reshape", .inputs = {"x", "shape"}, .outputs = {"y"}}});
  model.graph.inputs[0].dims = {{int64_t{6}}};
  model.graph.inputs.push_back({.name = "shape", .element = 7, .dims = {{int64_t{2}}}});
  EXPECT_FALSE(import_graph(model).ok);
  const int64_t sizes[] = {2, -1};
  ConstantData shape = constant_from_integers({ElementType::I64, {2}}, sizes);
  shape.name = "shape";
  const Imported imported = import_graph(model, {.input_values = {shape}});
  EXPECT_EQ(output_type(imported), "f32[2, 3]");
  EXPECT_EQ(imported.module.graph.inputs().size(), 2u);
  shape.type.dims = {3};
  EXPECT_THAT(import_graph(model, {.input_values = {shape}}).messages(), HasSubstr("LT0701 m.onnx: input `shape`"));
  shape.name = "other";
  EXPECT_THAT(import_graph(model, {.input_values = {shape}}).messages(),
              HasSubstr("LT0701 m.onnx: the model has no input `other`"));
}

TEST(Import, ShapeArithmeticIsKnownBeforeTheModelRuns) {
  // Flattening as exporters spell it: [Shape(x)[0], -1].
  OnnxModel model = model_with(
      {{.op_type = "Shape", .inputs = {"x"}, .outputs = {"s"}},
       {.op_type = "Gather", .inputs = {"s", "zero"}, .outputs = {"n"}, .attributes = {{"axis", int64_t{0}}}},
       {.op_type = "Unsqueeze", .inputs = {"n", "axes"}, .outputs = {"n1"}},
       {.op_type = "Concat", .inputs = {"n1", "rest"}, .outputs = {"shape"}, .attributes = {{"axis", int64_t{0}}}},
       {.op_type = "Reshape", .inputs = {"x", "shape"}, .outputs = {"y"}}});
  model.graph.inputs[0].dims = {{std::string("N"), int64_t{3}, std::string("H"), std::string("H")}};
  model.graph.initializers = {test::int64_tensor("zero", {}, {0}), test::int64_tensor("axes", {1}, {0}),
                              test::int64_tensor("rest", {1}, {-1})};
  EXPECT_EQ(output_type(import_graph(model)), "f32[N, 3*H*H]");
}

TEST(Import, FunctionsOfTheModelAreInlined) {
  OnnxModel model = model_with({{.op_type = "Scaled",
                                 .inputs = {"x"},
                                 .outputs = {"y"},
                                 .attributes = {{"slope", 0.25F}},
                                 .name = "call",
                                 .domain = "local"}});
  model.more_opsets = {{"local", 1}};
  model.functions = {{.name = "Scaled",
                      .domain = "local",
                      .inputs = {"a", "unused"},
                      .outputs = {"b"},
                      .nodes = {{.op_type = "LeakyRelu",
                                 .inputs = {"a"},
                                 .outputs = {"t"},
                                 .attributes = {{"alpha", 0.0F, "slope"}},
                                 .name = "inner"},
                                {.op_type = "Neg", .inputs = {"t"}, .outputs = {"b"}}},
                      .attributes = {"slope"}}};
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_THAT(imported.graph(), HasSubstr("leaky_relu %x {slope = 0.25}"));
  EXPECT_THAT(imported.graph(), HasSubstr("neg"));
  const lathe::Node& negated = producer(imported);
  EXPECT_EQ(imported.module.graph.node(imported.module.graph.value(negated.operands[0]).producer).name, "call/inner");
}

TEST(Import, AttributesThatAFunctionIsNotGivenAreLeftOut) {
  OnnxModel model = model_with(
      {{.op_type = "F", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = {}, .domain = "local"}});
  model.more_opsets = {{"local", 1}};
  model.functions = {
      {.name = "F",
       .domain = "local",
       .inputs = {"a"},
       .outputs = {"b"},
       .nodes = {{.op_type = "Elu", .inputs = {"a"}, .outputs = {"b"}, .attributes = {{"alpha", 0.0F, "alpha"}}}},
       .attributes = {"alpha"}}};
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_THAT(imported.graph(), HasSubstr("elu %x"));
  EXPECT_THAT(imported.graph(), Not(HasSubstr("alpha")));
}

TEST(Import, OutputNamesOfSizesSayNothing) {
  OnnxModel model = model_with({{.op_type = "Relu", .inputs = {"x"}, .outputs = {"y"}}});
  model.graph.outputs[0].dims = {{std::string("Reluy_dim_0"), int64_t{4}}};
  EXPECT_EQ(output_type(import_graph(model)), "f32[batch, 4]");
}

}  // namespace
}  // namespace lathe::onnx
