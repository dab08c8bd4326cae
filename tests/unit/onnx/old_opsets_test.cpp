// Operators as they were before opset 7: other attributes, other defaults, operands that became attributes and back.
// What comes out is worked out by hand from the specification of each version.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using Ints = std::vector<int64_t>;
using Attributes = std::vector<test::OnnxAttribute>;

/// A node of an old opset on `x` and what `initializers` hold.
Imported import_old(int64_t opset, const std::string& op, Ints x, Attributes attributes,
                    std::vector<test::OnnxTensor> initializers = {}, std::vector<std::string> outputs = {"y"}) {
  test::OnnxNode node{
      .op_type = op, .inputs = {"x"}, .outputs = std::move(outputs), .attributes = std::move(attributes)};
  for (const test::OnnxTensor& tensor : initializers) node.inputs.push_back(tensor.name);
  return import_one(
      {.node = std::move(node), .x = {x.begin(), x.end()}, .initializers = std::move(initializers), .opset = opset});
}

const test::OnnxAttribute kBroadcast{"broadcast", int64_t{1}};

TEST(OldBroadcast, AlignsTheSecondOperandAtAnAxis) {
  // 3 numbers along axis 1 of [2, 3, 4]: they become [3, 1].
  const Imported at_axis = import_old(6, "Add", {2, 3, 4}, {kBroadcast, {"axis", int64_t{1}}}, {zeros("w", {3})});
  EXPECT_EQ(output_type(at_axis), "f32[2, 3, 4]");
  EXPECT_THAT(at_axis.graph(), HasSubstr("{shape = [3, 1]}"));
  // Without an axis: the last ones.
  const Imported last = import_old(6, "Mul", {2, 3, 4}, {kBroadcast}, {zeros("w", {3, 4})});
  EXPECT_EQ(output_type(last), "f32[2, 3, 4]");
  EXPECT_THAT(last.graph(), Not(HasSubstr("reshape")));
  // A number has no axes to align.
  EXPECT_EQ(output_type(import_old(6, "Sub", {2, 3}, {kBroadcast, {"axis", int64_t{0}}}, {zeros("w", {})})),
            "f32[2, 3]");
  EXPECT_EQ(output_type(import_old(1, "Greater", {2, 3}, {kBroadcast, {"axis", int64_t{0}}}, {zeros("w", {2})})),
            "bool[2, 3]");
}

TEST(OldBroadcast, OtherShapesAreRefused) {
  EXPECT_EQ(import_old(6, "Add", {2, 3}, {}, {zeros("w", {3})}).messages(),
            "LT0212 m.onnx: node `n` (Add): the operands of `Add` are `f32[2, 3]` and `f32[3]`, without `broadcast`\n");
  EXPECT_EQ(
      import_old(6, "Add", {2, 3}, {}, {zeros("w", {2, 4})}).messages(),
      "LT0212 m.onnx: node `n` (Add): the operands of `Add` are `f32[2, 3]` and `f32[2, 4]`, without `broadcast`\n");
  EXPECT_THAT(
      import_old(6, "Add", {2, 3}, {kBroadcast, {"axis", int64_t{1}}}, {zeros("w", {3, 1})}).messages(),
      HasSubstr("operand `w` (input 1) of `Add` is `f32[3, 1]`, but `f32[2, 3]` has only 1 axes from `axis` 1 on"));
  EXPECT_THAT(import_old(6, "Add", {2, 3}, {kBroadcast, {"axis", int64_t{1}}}, {zeros("w", {4})}).messages(),
              HasSubstr("LT0205 m.onnx: node `n` (Add): `add` can't broadcast `f32[2, 3]` and `f32[4]`"));
}

TEST(OldBroadcast, APreluHasASlopeForEachChannel) {
  const Imported channels = import_old(6, "PRelu", {1, 3, 4, 4}, {}, {zeros("w", {3})});
  EXPECT_EQ(output_type(channels), "f32[1, 3, 4, 4]");
  EXPECT_THAT(channels.graph(), HasSubstr("{shape = [3, 1, 1]}"));
  EXPECT_EQ(output_type(import_old(6, "PRelu", {2, 3}, {}, {zeros("w", {3})})), "f32[2, 3]");
  EXPECT_EQ(output_type(import_old(1, "PRelu", {1, 3, 4, 4}, {}, {zeros("w", {1})})), "f32[1, 3, 4, 4]");
}

TEST(OldOperators, TheFirstOpsetHasAHintForAllocators) {
  const test::OnnxAttribute hint{"consumed_inputs", Ints{0}};
  EXPECT_EQ(output_type(import_old(1, "Relu", {2, 3}, {hint})), "f32[2, 3]");
  EXPECT_EQ(output_type(import_old(5, "Sum", {2, 3}, {hint}, {zeros("w", {2, 3})})), "f32[2, 3]");
  EXPECT_THAT(import_old(6, "Relu", {2, 3}, {hint}).messages(), HasSubstr("`Relu` has no attribute `consumed_inputs`"));
}

TEST(OldOperators, FilesBeforeIrVersion3SayNothingAboutOpsets) {
  test::OnnxModel model;
  model.opset = 0;
  model.ir_version = 2;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = std::vector<test::OnnxDim>{2, 6}}};
  model.graph.outputs = {{.name = "y", .element = 0, .dims = std::nullopt}};
  model.graph.nodes = {
      {.op_type = "Reshape", .inputs = {"x"}, .outputs = {"y"}, .attributes = {{"shape", Ints{3, -1}}}}};
  EXPECT_EQ(output_type(import_graph(model)), "f32[3, 4]");
}

TEST(OldOperators, AttributesThatBecameOperands) {
  EXPECT_EQ(output_type(import_old(1, "Reshape", {2, 6}, {{"shape", Ints{0, 2, -1}}})), "f32[2, 2, 3]");
  EXPECT_THAT(import_old(1, "Reshape", {2, 6}, {}).messages(), HasSubstr("`Reshape` needs the attribute `shape`"));
  const Imported padded = import_old(1, "Pad", {2, 3}, {{"paddings", Ints{0, 1, 2, 3}}, {"value", 5.0F}});
  EXPECT_EQ(output_type(padded), "f32[4, 7]");
  EXPECT_THAT(padded.graph(), HasSubstr("low = [0, 1], high = [2, 3]"));
  EXPECT_THAT(import_old(1, "Pad", {2, 3}, {{"pads", Ints{0, 0, 0, 0}}}).messages(),
              HasSubstr("has no attribute `pads`"));
  EXPECT_EQ(output_type(import_old(6, "Upsample", {1, 2, 3, 4}, {{"height_scale", 2.0F}, {"width_scale", 3.0F}})),
            "f32[1, 2, 6, 12]");
  EXPECT_THAT(import_old(6, "Upsample", {1, 2, 3, 4}, {{"height_scale", 2.0F}}).messages(),
              HasSubstr("`Upsample` needs the attribute `width_scale`"));
  const Imported clipped = import_old(1, "Clip", {2}, {{"min", -1.0F}});
  EXPECT_THAT(clipped.graph(), AllOf(HasSubstr("min = -1.0"), Not(HasSubstr("max"))));
}

TEST(OldOperators, OperandsThatBecameOthers) {
  EXPECT_EQ(output_type(import_old(5, "Tile", {2, 3}, {},
                                   {test::int64_tensor("tiles", {}, {4}), test::int64_tensor("axis", {}, {1})})),
            "f32[2, 12]");
  EXPECT_THAT(
      import_old(5, "Tile", {2, 3}, {}, {test::int64_tensor("tiles", {2}, {4, 1}), test::int64_tensor("axis", {}, {1})})
          .messages(),
      HasSubstr("`Tile` takes one number of tiles and one axis, not 2 and 1"));
  const Imported split =
      import_old(1, "Split", {2, 6}, {{"axis", int64_t{1}}}, {test::int64_tensor("sizes", {2}, {4, 2})}, {"y", "z"});
  EXPECT_EQ(output_type(split, 0), "f32[2, 4]");
  EXPECT_EQ(output_type(split, 1), "f32[2, 2]");
}

TEST(OldOperators, Defaults) {
  // Concat along axis 1; later versions must be told.
  EXPECT_EQ(output_type(import_old(3, "Concat", {2, 3}, {}, {zeros("w", {2, 4})})), "f32[2, 7]");
  EXPECT_THAT(import_old(4, "Concat", {2, 3}, {}, {zeros("w", {2, 4})}).messages(),
              HasSubstr("needs the attribute `axis`"));
  EXPECT_THAT(import_old(1, "Selu", {2}, {}).graph(),
              AllOf(HasSubstr("alpha = 1.67320"), HasSubstr("gamma = 1.05069")));
}

TEST(OldOperators, TypesByName) {
  EXPECT_EQ(output_type(import_old(1, "Cast", {2}, {{"to", std::string("INT64")}})), "i64[2]");
  EXPECT_EQ(output_type(import_old(5, "Cast", {2}, {{"to", std::string("FLOAT16")}})), "f16[2]");
  EXPECT_THAT(import_old(1, "Cast", {2}, {{"to", std::string("float")}}).messages(),
              HasSubstr("attribute `to` of `Cast` is `float`, which is no element type"));
  EXPECT_THAT(import_old(1, "Cast", {2}, {{"to", std::string("COMPLEX64")}}).messages(),
              HasSubstr("LT0901 m.onnx: node `n` (Cast): `Cast`: the element type COMPLEX64"));
}

TEST(OldOperators, ExponentsThatAreFloats) {
  const Attributes window{{"kernel_shape", Ints{2, 2}}};
  const auto with_p = [&](float p) {
    Attributes attributes = window;
    attributes.push_back({"p", p});
    return attributes;
  };
  EXPECT_EQ(output_type(import_old(1, "LpPool", {1, 1, 4, 4}, with_p(2.0F))), "f32[1, 1, 3, 3]");
  EXPECT_THAT(import_old(1, "LpPool", {1, 1, 4, 4}, with_p(1.5F)).messages(), HasSubstr("`LpPool`: `p` = 1.5"));
  EXPECT_THAT(import_old(1, "GlobalLpPool", {1, 2, 4, 4}, {{"p", 1.0F}}).graph(), HasSubstr("reduce_l1"));
}

TEST(OldOperators, WhatIsForTrainingIsListed) {
  EXPECT_EQ(output_type(import_old(6, "Dropout", {2, 3}, {{"is_test", int64_t{1}}})), "f32[2, 3]");
  EXPECT_EQ(output_type(import_old(6, "Dropout", {2, 3}, {{"ratio", 0.0F}})), "f32[2, 3]");
  EXPECT_THAT(import_old(6, "Dropout", {2, 3}, {}).messages(),
              HasSubstr("LT0901 m.onnx: node `n` (Dropout): `Dropout`: training mode (`is_test` = 0)"));
  const std::vector<test::OnnxTensor> parameters = {zeros("scale", {3}), zeros("shift", {3}), zeros("mean", {3}),
                                                    zeros("variance", {3})};
  EXPECT_EQ(output_type(import_old(6, "BatchNormalization", {2, 3}, {{"is_test", int64_t{1}}}, parameters)),
            "f32[2, 3]");
  EXPECT_EQ(output_type(import_old(1, "BatchNormalization", {2, 3}, {}, parameters)), "f32[2, 3]");
  EXPECT_THAT(import_old(6, "BatchNormalization", {2, 3}, {{"is_test", int64_t{0}}}, parameters).messages(),
              HasSubstr("`BatchNormalization`: training mode (`is_test` = 0)"));
}

TEST(OldOperators, GemmAlwaysHasItsThirdOperand) {
  EXPECT_EQ(output_type(import_old(6, "Gemm", {2, 3}, {kBroadcast}, {zeros("b", {3, 4}), zeros("c", {4})})),
            "f32[2, 4]");
  EXPECT_THAT(import_old(6, "Gemm", {2, 3}, {}, {zeros("b", {3, 4})}).messages(), HasSubstr("`Gemm` needs 3 operands"));
}

}  // namespace
}  // namespace lathe::onnx
