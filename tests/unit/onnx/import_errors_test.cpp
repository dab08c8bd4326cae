// What the importer says about models that are wrong or not supported: the whole message of each kind.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using test::OnnxModel;
using test::OnnxNode;
using test::OnnxTensor;
using ::testing::HasSubstr;

/// x: f32[2, 3] -> Relu -> y
OnnxModel relu_model() {
  OnnxModel model;
  model.graph.nodes = {{.op_type = "Relu", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = "relu"}};
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{2}, int64_t{3}}}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = {{int64_t{2}, int64_t{3}}}}};
  return model;
}

std::string messages(const OnnxModel& model) {
  const Imported imported = import_graph(model);
  EXPECT_FALSE(imported.ok);
  return imported.messages();
}

TEST(ImportErrors, FilesThatAreNoModels) {
  EXPECT_EQ(import_bytes("").messages(), "LT0301 m.onnx: not a valid ONNX model: it has no graph\n");
  EXPECT_EQ(import_bytes("hello").messages(),
            "LT0301 m.onnx: not a valid ONNX model: field 13 has wire type 4, which is not valid, at byte 2\n");
  const std::string bytes = test::to_bytes(relu_model());
  EXPECT_THAT(import_bytes(bytes.substr(0, bytes.size() / 2)).messages(), HasSubstr("LT0301"));
  Module module;
  Diagnostics diagnostics;
  EXPECT_FALSE(import_model("/nonexistent/m.onnx", {}, module, diagnostics).ok());
  EXPECT_EQ(diagnostics.all()[0].message, "`/nonexistent/m.onnx` can't be read: No such file or directory");
}

TEST(ImportErrors, OpsetsBeyondTheKnownOnes) {
  OnnxModel model = relu_model();
  model.opset = -1;
  EXPECT_EQ(messages(model),
            "LT0304 m.onnx: the model needs opset -1, Lathe reads opsets 1 to 28\n"
            "  note: the first opset is 1\n");
  model.opset = 29;
  EXPECT_EQ(messages(model),
            "LT0304 m.onnx: the model needs opset 29, Lathe reads opsets 1 to 28\n"
            "  note: export the model for an older opset\n");
}

TEST(ImportErrors, EverythingUnsupportedComesAsOneList) {
  OnnxModel model = relu_model();
  model.more_opsets = {{"com.example", 2}};
  model.graph.nodes.push_back({.op_type = "Fancy", .inputs = {"y"}, .outputs = {"a"}, .attributes = {}, .name = "f1"});
  model.graph.nodes.push_back({.op_type = "Fancy", .inputs = {"a"}, .outputs = {"b"}});
  model.graph.nodes.push_back(
      {.op_type = "Gadget", .inputs = {"a"}, .outputs = {"c"}, .attributes = {}, .name = "g", .domain = "com.example"});
  // A wrong shape is not looked at while operators are missing.
  model.graph.outputs[0].dims = {{int64_t{7}}};
  const Imported imported = import_graph(model);
  EXPECT_EQ(
      imported.messages(),
      "LT0901 m.onnx: node `f1` (Fancy): operator `Fancy` in opset 17 is not supported: 2 nodes, first `f1` (Fancy)\n"
      "LT0901 m.onnx: node `g` (Gadget): operator `Gadget` of domain `com.example` in opset 2 is not supported: 1 "
      "node, "
      "first `g` (Gadget)\n");
  EXPECT_EQ(imported.diagnostics.count(Severity::Error), 0u);
}

TEST(ImportErrors, OperatorsOfOtherOpsetsAreUnsupported) {
  OnnxModel model = relu_model();
  model.graph.nodes[0].op_type = "Mish";
  EXPECT_EQ(
      messages(model),
      "LT0901 m.onnx: node `relu` (Mish): operator `Mish` in opset 17 is not supported: 1 node, first `relu` (Mish)\n");
}

TEST(ImportErrors, NodesInACircle) {
  OnnxModel model = relu_model();
  model.graph.nodes = {{.op_type = "Add", .inputs = {"x", "c"}, .outputs = {"a"}, .attributes = {}, .name = "first"},
                       {.op_type = "Relu", .inputs = {"a"}, .outputs = {"b"}, .attributes = {}, .name = "second"},
                       {.op_type = "Neg", .inputs = {"b"}, .outputs = {"c"}, .attributes = {}, .name = "third"},
                       {.op_type = "Neg", .inputs = {"c"}, .outputs = {"y"}, .attributes = {}, .name = "behind"}};
  EXPECT_EQ(
      messages(model),
      "LT0401 m.onnx: node `first` (Add): nodes wait for each other in a circle: `first` (Add) -> `second` (Relu) -> "
      "`third` (Neg) -> `first` (Add)\n");
  model.graph.nodes = {{.op_type = "Add", .inputs = {"x", "y"}, .outputs = {"y"}}};
  EXPECT_EQ(messages(model),
            "LT0401 m.onnx: node #0 (Add): a node reads its own result in a circle: node #0 (Add) -> node #0 (Add)\n");
}

TEST(ImportErrors, ValuesThatNothingDefines) {
  OnnxModel model = relu_model();
  model.graph.nodes[0].op_type = "Add";
  model.graph.nodes[0].inputs = {"x", "bias"};
  EXPECT_EQ(
      messages(model),
      "LT0402 m.onnx: node `relu` (Add): `relu` (Add) reads `bias`, which is neither an input, an initializer nor the "
      "output of a node\n");
  model = relu_model();
  model.graph.nodes[0].outputs = {"hidden"};
  model.graph.nodes.push_back(
      {.op_type = "Neg", .inputs = {"hiden"}, .outputs = {"y"}, .attributes = {}, .name = "neg"});
  EXPECT_EQ(messages(model),
            "LT0402 m.onnx: node `neg` (Neg): `neg` (Neg) reads `hiden`, which is neither an input, an initializer nor "
            "the output of a node\n  note: there is a value `hidden`\n");
  model = relu_model();
  model.graph.outputs[0].name = "z";
  EXPECT_EQ(messages(model), "LT0402 m.onnx: output `z`: nothing produces the output `z`\n");
}

TEST(ImportErrors, NamesThatAreDefinedTwice) {
  OnnxModel model = relu_model();
  model.graph.nodes.push_back({.op_type = "Neg", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = "neg"});
  EXPECT_EQ(messages(model),
            "LT0104 m.onnx: node `neg` (Neg): `neg` (Neg) writes `y`, which `relu` (Relu) writes too\n");
  model = relu_model();
  model.graph.nodes[0].outputs = {"x"};
  EXPECT_THAT(messages(model),
              HasSubstr("LT0104 m.onnx: node `relu` (Relu): `relu` (Relu) writes `x`, which is already an "
                        "input or an initializer\n"));
  model = relu_model();
  model.graph.initializers = {test::float_tensor("w", {1}, {1}), test::float_tensor("w", {1}, {2})};
  EXPECT_EQ(messages(model), "LT0104 m.onnx: initializer `w`: there is more than one initializer `w`\n");
  model = relu_model();
  model.graph.inputs.push_back(model.graph.inputs[0]);
  EXPECT_EQ(messages(model), "LT0104 m.onnx: input `x`: there is more than one input `x`\n");
}

TEST(ImportErrors, InputsWithImpossibleTypes) {
  OnnxModel model = relu_model();
  model.graph.inputs[0].dims = {{int64_t{-3}}};
  EXPECT_EQ(messages(model), "LT0215 m.onnx: input `x`: axis 0 of input `x` has the size -3\n");
  model.graph.inputs[0].dims = {{int64_t{1} << 40, int64_t{1} << 40}};
  EXPECT_THAT(messages(model), HasSubstr("LT0214 m.onnx: input `x`: input `x` of type"));
  model.graph.inputs[0].dims = std::nullopt;
  EXPECT_EQ(messages(model), "LT0901 m.onnx: input `x`: input `x` has no shape\n  note: give it one: -i x=f32[...]\n");
  model = relu_model();
  model.graph.inputs[0].element = 14;
  EXPECT_EQ(messages(model),
            "LT0901 m.onnx: input `x`: input `x` is of a kind that is not supported: elements of COMPLEX64\n");
}

TEST(ImportErrors, DeclaredTypesThatContradictTheInferredOnes) {
  OnnxModel model = relu_model();
  model.graph.outputs[0].dims = {{int64_t{2}, int64_t{4}}};
  EXPECT_THAT(messages(model), HasSubstr("LT0213 m.onnx: output `y`: output `y` is declared as `f32[2, 4]`, but it is "
                                         "`f32[2, 3]`\n"));
  model.graph.outputs[0].dims = {{std::string("N")}};
  EXPECT_EQ(messages(model), "LT0213 m.onnx: output `y`: output `y` is declared as `f32[N]`, but it is `f32[2, 3]`\n");
  model.graph.outputs[0] = {.name = "y", .element = 7, .dims = std::nullopt};
  EXPECT_EQ(messages(model), "LT0213 m.onnx: output `y`: output `y` is declared as `i64[*]`, but it is `f32[2, 3]`\n");
  model = relu_model();
  model.graph.nodes.push_back({.op_type = "Neg", .inputs = {"y"}, .outputs = {"z"}});
  model.graph.value_infos = {{.name = "z", .element = 1, .dims = {{int64_t{2}, int64_t{9}}}}};
  EXPECT_THAT(messages(model), HasSubstr("value `z` is declared as `f32[2, 9]`"));
}

TEST(ImportErrors, OperandsAndAttributes) {
  OnnxModel model = relu_model();
  model.graph.nodes[0].inputs = {"x", "x"};
  EXPECT_EQ(messages(model), "LT0108 m.onnx: node `relu` (Relu): `Relu` takes 1 operands at most, it has 2\n");
  model = relu_model();
  model.graph.nodes[0] = {.op_type = "Add", .inputs = {"x", ""}, .outputs = {"y"}, .attributes = {}, .name = "add"};
  EXPECT_EQ(messages(model), "LT0403 m.onnx: node `add` (Add): `Add` needs 2 operands, operand 1 is absent\n");
  model = relu_model();
  model.graph.nodes[0].attributes = {{"slope", 0.5F}};
  EXPECT_EQ(messages(model), "LT0105 m.onnx: node `relu` (Relu): `Relu` has no attribute `slope`\n");
  model.graph.nodes[0] = {
      .op_type = "Softmax", .inputs = {"x"}, .outputs = {"y"}, .attributes = {{"axis", 1.0F}}, .name = "s"};
  EXPECT_EQ(messages(model),
            "LT0106 m.onnx: node `s` (Softmax): attribute `axis` of `Softmax` is a float, expected an integer\n");
  model.graph.nodes[0].attributes = {{"axis", int64_t{2}}};
  EXPECT_EQ(messages(model), "LT0209 m.onnx: node `s` (Softmax): axis 2 of `Softmax` is out of range for 2 axes\n");
}

TEST(ImportErrors, AFaultIsReportedOnce) {
  OnnxModel model = relu_model();
  OnnxTensor broken = test::float_tensor("w", {3}, {1, 2});
  model.graph.initializers = {broken};
  model.graph.nodes = {
      {.op_type = "Add", .inputs = {"x", "w"}, .outputs = {"a"}},
      {.op_type = "MatMul", .inputs = {"a", "x"}, .outputs = {"b"}},
      {.op_type = "MatMul", .inputs = {"x", "x"}, .outputs = {"c"}, .attributes = {}, .name = "square"},
      {.op_type = "Relu", .inputs = {"c"}, .outputs = {"y"}}};
  const std::string text = messages(model);
  EXPECT_THAT(text, HasSubstr("LT0302 m.onnx: initializer `w`: initializer `w` has 8 bytes"));
  EXPECT_THAT(text, HasSubstr("LT0203 m.onnx: node `square` (MatMul)"));
  EXPECT_EQ(std::count(text.begin(), text.end(), 'L'), 2) << text;
}

TEST(ImportErrors, ShapesNameWhereTheNumbersCameFrom) {
  OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{1}, int64_t{4}, int64_t{8}, int64_t{8}}}}};
  model.graph.initializers = {test::float_tensor("conv.weight", {2, 3, 3, 3}, std::vector<float>(54, 0.5F))};
  model.graph.nodes = {
      {.op_type = "Conv", .inputs = {"x", "conv.weight"}, .outputs = {"y"}, .attributes = {}, .name = "conv"}};
  model.graph.outputs = {{.name = "y", .dims = std::nullopt}};
  const Imported imported = import_graph(model);
  ASSERT_EQ(imported.diagnostics.all().size(), 1u) << imported.messages();
  EXPECT_EQ(info(imported.diagnostics.all()[0].kind).code, "LT0204");
  EXPECT_THAT(imported.messages(), HasSubstr("m.onnx: node `conv` (Conv)"));
  EXPECT_THAT(imported.messages(), HasSubstr("`conv.weight`"));
  std::string labels;
  for (const Label& label : imported.diagnostics.all()[0].labels) {
    labels += imported.module.locations.describe(label.where) + ": " + label.message + "\n";
  }
  for (const std::string& note : imported.diagnostics.all()[0].notes) labels += note + "\n";
  EXPECT_THAT(labels, HasSubstr("axis 1 of weight `conv.weight`"));
  EXPECT_THAT(labels, HasSubstr("axis 1 of input `x`"));
}

TEST(ImportErrors, ValuesThatMustBeKnown) {
  OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{6}}}},
                        {.name = "s", .element = 7, .dims = {{int64_t{2}}}}};
  model.graph.nodes = {{.op_type = "Reshape", .inputs = {"x", "s"}, .outputs = {"y"}, .attributes = {}, .name = "r"}};
  model.graph.outputs = {{.name = "y", .dims = std::nullopt}};
  EXPECT_EQ(
      messages(model),
      "LT0901 m.onnx: node `r` (Reshape): `Reshape`: its shape, operand `s` (input 1), must be known before the model "
      "runs\n");
}

TEST(ImportErrors, FunctionsThatCallThemselves) {
  OnnxModel model = relu_model();
  model.more_opsets = {{"local", 1}};
  model.graph.nodes[0] = {
      .op_type = "F", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = "f", .domain = "local"};
  model.functions = {
      {.name = "F",
       .domain = "local",
       .inputs = {"a"},
       .outputs = {"b"},
       .nodes = {
           {.op_type = "F", .inputs = {"a"}, .outputs = {"b"}, .attributes = {}, .name = {}, .domain = "local"}}}};
  EXPECT_THAT(messages(model), HasSubstr("LT0109"));
}

TEST(ImportErrors, FunctionsThatExpandWithoutEnd) {
  // Each function calls the next one four times: 4^20 nodes from 80.
  OnnxModel model = relu_model();
  model.more_opsets = {{"local", 1}};
  model.graph.nodes[0] = {
      .op_type = "F0", .inputs = {"x"}, .outputs = {"y"}, .attributes = {}, .name = {}, .domain = "local"};
  for (int level = 0; level < 20; ++level) {
    test::OnnxFunction function{
        .name = "F" + std::to_string(level), .domain = "local", .inputs = {"a"}, .outputs = {"b4"}, .nodes = {}};
    for (int call = 1; call <= 4; ++call) {
      const std::string callee = level == 19 ? "Relu" : "F" + std::to_string(level + 1);
      function.nodes.push_back({.op_type = callee,
                                .inputs = {call == 1 ? "a" : "b" + std::to_string(call - 1)},
                                .outputs = {"b" + std::to_string(call)},
                                .attributes = {},
                                .name = {},
                                .domain = level == 19 ? "" : "local"});
    }
    model.functions.push_back(function);
  }
  EXPECT_THAT(messages(model), HasSubstr("LT0109"));
}

TEST(ImportErrors, GivenInputTypes) {
  ImportOptions options;
  options.input_types = {{"z", TensorType{ElementType::F32, {1}}}};
  EXPECT_EQ(import_graph(relu_model(), options).messages(), "LT0701 m.onnx: the model has no input `z`\n");
  options.input_types = {{"x", TensorType{ElementType::F32, {2, 4}}}};
  EXPECT_EQ(import_graph(relu_model(), options).messages(),
            "LT0701 m.onnx: input `x`: input `x` can't be `f32[2, 4]`: the model declares `f32[2, 3]`\n");
}

}  // namespace
}  // namespace lathe::onnx
