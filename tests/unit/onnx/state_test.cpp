// Operators with a state that is carried from call to call: types, what they are written out to, faults. Their numbers
// are those of the ONNX project's tests (tests/conformance).
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;
using Ints = std::vector<int64_t>;
using Attributes = std::vector<test::OnnxAttribute>;

/// A node of opset 28 with operand `x`, the tensors, and two outputs.
Imported import_state(const std::string& op, std::vector<test::OnnxDim> x, std::vector<test::OnnxTensor> tensors,
                      Attributes attributes = {}, std::vector<std::string> inputs = {}) {
  if (inputs.empty()) {
    inputs = {"x"};
    for (const test::OnnxTensor& tensor : tensors) inputs.push_back(tensor.name);
  }
  return import_one(
      {.node = {.op_type = op, .inputs = inputs, .outputs = {"y", "state"}, .attributes = std::move(attributes)},
       .x = std::move(x),
       .initializers = std::move(tensors),
       .opset = 28});
}

TEST(CausalConv, TheStateIsTheLastElements) {
  const Imported first = import_state("CausalConvWithState", {2, 4, 8}, {zeros("w", {4, 1, 3})});
  EXPECT_EQ(output_type(first), "f32[2, 4, 8]");
  EXPECT_EQ(output_type(first, 1), "f32[2, 4, 2]");
  EXPECT_THAT(first.graph(), HasSubstr("groups = 4"));
  EXPECT_THAT(first.graph(), Not(HasSubstr("swish")));
  const Imported next =
      import_state("CausalConvWithState", {2, 4, 1}, {zeros("w", {4, 1, 3}), zeros("b", {4}), zeros("past", {2, 4, 2})},
                   {{"activation", std::string("silu")}});
  EXPECT_EQ(output_type(next), "f32[2, 4, 1]");
  EXPECT_EQ(output_type(next, 1), "f32[2, 4, 2]");
  EXPECT_THAT(next.graph(), HasSubstr("swish"));
}

TEST(CausalConv, Faults) {
  EXPECT_THAT(import_state("CausalConvWithState", {2, 4, 8}, {zeros("w", {4, 3})}).messages(), HasSubstr("LT0202"));
  EXPECT_THAT(import_state("CausalConvWithState", {2, 5, 8}, {zeros("w", {4, 1, 3})}).messages(), HasSubstr("LT02"));
  EXPECT_THAT(
      import_state("CausalConvWithState", {2, 4, 8}, {zeros("w", {4, 1, 3})}, {{"activation", std::string("gelu")}})
          .messages(),
      HasSubstr("attribute `activation` of `CausalConvWithState` is `gelu`, expected silu, swish or none"));
}

/// Four steps of two sequences: 4 heads of queries, 2 of keys and values, with 3 and 5 elements.
Imported attention(Attributes attributes, std::vector<std::string> inputs = {"x", "k", "v", "", "g", "b"},
                   test::OnnxDim steps = 4) {
  attributes.push_back({"q_num_heads", int64_t{4}});
  attributes.push_back({"kv_num_heads", int64_t{2}});
  return import_state("LinearAttention", {2, steps, 12},
                      {zeros("k", {2, 4, 6}), zeros("v", {2, 4, 10}), zeros("s", {2, 2, 3, 5}), zeros("g", {2, 4, 6}),
                       zeros("b", {2, 4, 2})},
                      std::move(attributes), std::move(inputs));
}

TEST(LinearAttention, StepsAreWrittenOut) {
  for (const auto& [rule, decays, corrects] : {std::tuple{"linear", false, false},
                                               {"gated", true, false},
                                               {"delta", false, true},
                                               {"gated_delta", true, true}}) {
    SCOPED_TRACE(rule);
    const Imported imported = attention({{"update_rule", std::string(rule)}});
    EXPECT_EQ(output_type(imported), "f32[2, 4, 20]");
    EXPECT_EQ(output_type(imported, 1), "f32[2, 2, 3, 5]");
    const std::string graph = imported.graph();
    EXPECT_THAT(graph, Not(HasSubstr("loop")));
    EXPECT_EQ(graph.find(" exp ") != std::string::npos, decays);
    EXPECT_EQ(graph.find(" sub ") != std::string::npos, corrects);
  }
  // A state that is given is carried on.
  EXPECT_THAT(attention({}, {"x", "k", "v", "s", "g", "b"}).graph(), HasSubstr("%s"));
}

TEST(LinearAttention, TheScaleOfTheKeysIsTheDefault) {
  // 1 / sqrt(3)
  EXPECT_THAT(attention({}).graph(), HasSubstr("0.57735"));
  EXPECT_THAT(attention({{"scale", 0.25F}}).graph(), Not(HasSubstr("0.57735")));
}

TEST(LinearAttention, StepsThatAreNotKnownAreALoop) {
  const Imported imported =
      import_state("LinearAttention", {2, std::string("T"), 12}, {},
                   {{"q_num_heads", int64_t{2}}, {"kv_num_heads", int64_t{2}}, {"update_rule", std::string("linear")}},
                   {"x", "x", "x"});
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_THAT(imported.graph(), HasSubstr("loop"));
  EXPECT_EQ(output_type(imported, 1), "f32[2, 2, 6, 6]");
}

TEST(LinearAttention, Faults) {
  EXPECT_THAT(
      attention({{"update_rule", std::string("sum")}}).messages(),
      HasSubstr("attribute `update_rule` of `LinearAttention` is `sum`, expected linear, gated, delta or gated_delta"));
  EXPECT_THAT(attention({}, {"x", "k", "v", "", "", "b"}).messages(),
              HasSubstr("`LinearAttention` with `update_rule` = `gated_delta` needs operand 4, `decay`"));
  EXPECT_THAT(attention({{"update_rule", std::string("delta")}}, {"x", "k", "v"}).messages(),
              HasSubstr("`LinearAttention` with `update_rule` = `delta` needs operand 5, `beta`"));
  const auto heads = [](int64_t queries, int64_t keys) {
    return import_state("LinearAttention", {2, 4, 12}, {zeros("k", {2, 4, 6}), zeros("v", {2, 4, 10})},
                        {{"q_num_heads", queries}, {"kv_num_heads", keys}, {"update_rule", std::string("linear")}})
        .messages();
  };
  EXPECT_THAT(heads(0, 2), HasSubstr("attribute `q_num_heads` of `LinearAttention` is 0, it must be at least 1"));
  EXPECT_THAT(
      heads(3, 2),
      HasSubstr("attribute `q_num_heads` of `LinearAttention` is 3, which is no multiple of `kv_num_heads`, 2"));
  EXPECT_THAT(
      heads(5, 5),
      HasSubstr("axis 2 of operand `x` (input 0) has the size 12, which 5 heads don't divide: `f32[2, 4, 12]`"));
  EXPECT_THAT(heads(4, 4), HasSubstr("axis 2 of operand `v` (input 2) has the size 10, which 4 heads don't divide"));
}

TEST(TensorScatter, WritesAtThePositionOfEachSequence) {
  const auto scatter = [](Ints update, Attributes attributes, Ints positions = {2}) {
    return import_one({.node = {.op_type = "TensorScatter",
                                .inputs = {"x", "u", "p"},
                                .outputs = {},
                                .attributes = std::move(attributes)},
                       .x = {2, 3, 5, 4},
                       .initializers = {zeros("u", std::move(update)), test::int64_tensor("p", positions, Ints(2, 1))},
                       .opset = 24});
  };
  const Imported linear = scatter({2, 3, 2, 4}, {});
  EXPECT_EQ(output_type(linear), "f32[2, 3, 5, 4]");
  EXPECT_THAT(linear.graph(), HasSubstr("scatter_elements"));
  EXPECT_THAT(linear.graph(), HasSubstr("axis = 2"));
  EXPECT_THAT(linear.graph(), Not(HasSubstr(" mod ")));
  const Imported circular = scatter({2, 1, 5, 4}, {{"axis", int64_t{1}}, {"mode", std::string("circular")}});
  EXPECT_THAT(circular.graph(), HasSubstr(" mod "));
  EXPECT_THAT(scatter({2, 3, 2, 4}, {{"mode", std::string("ring")}}).messages(),
              HasSubstr("attribute `mode` of `TensorScatter` is `ring`"));
  EXPECT_THAT(scatter({2, 3, 2, 4}, {{"axis", int64_t{0}}}).messages(),
              HasSubstr("attribute `axis` of `TensorScatter` is that of the batch"));
  EXPECT_THAT(scatter({2, 3, 2}, {}).messages(), HasSubstr("operand `u` (input 1)"));
  EXPECT_THAT(scatter({2, 3, 2, 4}, {}, {2, 1}).messages(), HasSubstr("operand `p` (input 2)"));
}

TEST(SwiGlu, AGateTimesAnOperand) {
  const Imported imported =
      import_one({.node = {.op_type = "SwiGLU", .inputs = {"x", "x"}, .outputs = {}, .attributes = {{"alpha", 0.5F}}},
                  .x = {2, 3},
                  .opset = 28});
  EXPECT_EQ(output_type(imported), "f32[2, 3]");
  EXPECT_THAT(imported.graph(), HasSubstr("alpha = 0.5"));
}

}  // namespace
}  // namespace lathe::onnx
