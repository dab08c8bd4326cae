// Control flow: which branch is taken, what a loop's body is built for.
#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using test::OnnxModel;
using test::OnnxSubgraph;
using ::testing::HasSubstr;
using ::testing::Not;

/// A graph of one node without inputs that reads `x` of the graph around it.
test::OnnxGraph branch(const std::string& op, const std::string& output) {
  test::OnnxGraph graph;
  graph.nodes = {{.op_type = op, .inputs = {"x"}, .outputs = {output}}};
  graph.outputs = {{.name = output, .element = 1, .dims = std::nullopt}};
  return graph;
}

OnnxModel if_model() {
  OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{3}}}},
                        {.name = "c", .element = 9, .dims = {std::vector<test::OnnxDim>{}}}};
  model.graph.nodes = {{.op_type = "If",
                        .inputs = {"c"},
                        .outputs = {"y"},
                        .attributes = {{"then_branch", OnnxSubgraph{{branch("Abs", "a")}}},
                                       {"else_branch", OnnxSubgraph{{branch("Neg", "b")}}}},
                        .name = "choice"}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt}};
  return model;
}

TEST(If, BranchesSeeTheGraphAroundThem) {
  const Imported imported = import_graph(if_model());
  EXPECT_EQ(output_type(imported), "f32[3]");
  EXPECT_THAT(imported.graph(), HasSubstr("abs %x"));
  EXPECT_THAT(imported.graph(), HasSubstr("neg %x"));
}

TEST(If, AKnownConditionPicksItsBranch) {
  OnnxModel model = if_model();
  model.graph.inputs.pop_back();
  test::OnnxTensor condition;
  condition.name = "c";
  condition.data_type = 9;
  condition.raw_data = std::string(1, '\0');
  model.graph.initializers = {condition};
  const Imported imported = import_graph(model);
  ASSERT_TRUE(imported.ok) << imported.messages();
  EXPECT_THAT(imported.graph(), HasSubstr("neg %x"));
  EXPECT_THAT(imported.graph(), Not(HasSubstr("abs")));
  EXPECT_THAT(imported.graph(), Not(HasSubstr("= if")));
}

TEST(If, BranchesThatDiffer) {
  OnnxModel model = if_model();
  model.graph.nodes[0].attributes.pop_back();
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("LT0107 m.onnx: node `choice` (If): `If` needs the attribute"));
  model = if_model();
  test::OnnxGraph two = branch("Neg", "b");
  two.outputs.push_back(two.outputs[0]);
  model.graph.nodes[0].attributes[1].value = OnnxSubgraph{{two}};
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("the regions of `if` return 1 and 2 values"));
  test::OnnxGraph nothing = branch("Neg", "b");
  nothing.outputs[0].name = "missing";
  model.graph.nodes[0].attributes[1].value = OnnxSubgraph{{nothing}};
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("LT0402"));
  test::OnnxGraph hungry = branch("Neg", "b");
  hungry.inputs = {{.name = "i", .element = 1, .dims = std::nullopt}};
  model.graph.nodes[0].attributes[1].value = OnnxSubgraph{{hungry}};
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("has 1 inputs, it is given 0 values"));
}

/// Rounds carry `s`, which the operator `op` makes of `s` and `x`; each round's value is stacked too.
OnnxModel loop_model(const std::string& op) {
  test::OnnxGraph body;
  body.inputs = {{.name = "i", .element = 7, .dims = {std::vector<test::OnnxDim>{}}},
                 {.name = "go", .element = 9, .dims = {std::vector<test::OnnxDim>{}}},
                 {.name = "s", .element = 1, .dims = std::nullopt}};
  body.nodes = {{.op_type = op, .inputs = {"s", "x"}, .outputs = {"next"}, .attributes = {}},
                {.op_type = "Neg", .inputs = {"x"}, .outputs = {"slice"}},
                {.op_type = "Identity", .inputs = {"go"}, .outputs = {"go_on"}}};
  if (op == "Concat") body.nodes[0].attributes = {{"axis", int64_t{0}}};
  body.outputs = {{.name = "go_on", .element = 9, .dims = std::nullopt},
                  {.name = "next", .element = 1, .dims = std::nullopt},
                  {.name = "slice", .element = 1, .dims = std::nullopt}};
  OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{3}}}},
                        {.name = "n", .element = 7, .dims = {std::vector<test::OnnxDim>{}}}};
  model.graph.nodes = {{.op_type = "Loop",
                        .inputs = {"n", "", "x"},
                        .outputs = {"y", "stack"},
                        .attributes = {{"body", OnnxSubgraph{{body}}}},
                        .name = "loop"}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt},
                         {.name = "stack", .element = 1, .dims = std::nullopt}};
  return model;
}

TEST(Loop, ValuesThatKeepTheirShape) {
  const Imported imported = import_graph(loop_model("Add"));
  EXPECT_EQ(output_type(imported), "f32[3]");
  EXPECT_EQ(imported.module.graph.tensor(imported.module.graph.outputs()[1]).rank(), 2);
}

TEST(Loop, SizesThatARoundChangesBecomeSymbols) {
  const Imported imported = import_graph(loop_model("Concat"));
  ASSERT_TRUE(imported.ok) << imported.messages();
  const Dim size = imported.module.graph.tensor(imported.module.graph.outputs()[0]).dims[0];
  EXPECT_FALSE(size.is_constant());
}

/// loop_model with a number of rounds that is known.
OnnxModel counted_model(const std::string& op, int64_t rounds) {
  OnnxModel model = loop_model(op);
  model.graph.inputs.pop_back();
  model.graph.initializers = {test::int64_tensor("n", {}, {rounds})};
  return model;
}

test::OnnxGraph& body_of(OnnxModel& model) {
  return std::get<OnnxSubgraph>(model.graph.nodes[0].attributes[0].value).graph[0];
}

TEST(Loop, AFewRoundsAreWrittenOut) {
  const Imported imported = import_graph(counted_model("Add", 3));
  EXPECT_THAT(imported.graph(), Not(HasSubstr("loop")));
  EXPECT_EQ(output_type(imported), "f32[3]");
  EXPECT_EQ(output_type(imported, 1), "f32[3, 3]");
  // x, then 3 more of it in each round.
  const Imported growing = import_graph(counted_model("Concat", 3));
  EXPECT_EQ(output_type(growing), "f32[12]");
}

TEST(Loop, WhatIsKnownToBeTheLastRoundIs) {
  // Goes on while the number of the round is below 1: two rounds.
  OnnxModel model = counted_model("Concat", 5);
  test::OnnxGraph& body = body_of(model);
  body.initializers = {test::int64_tensor("one", {}, {1})};
  body.nodes[2] = {.op_type = "Less", .inputs = {"i", "one"}, .outputs = {"go_on"}};
  EXPECT_EQ(output_type(import_graph(model)), "f32[9]");
  EXPECT_EQ(output_type(import_graph(model), 1), "f32[2, 3]");
}

TEST(Loop, OthersKeepTheirBody) {
  // None, too many, and a condition that only the data decide.
  EXPECT_THAT(import_graph(counted_model("Add", 0)).graph(), HasSubstr("loop"));
  EXPECT_THAT(import_graph(counted_model("Add", 5000)).graph(), HasSubstr("loop"));
  EXPECT_THAT(import_graph(counted_model("Add", 1000)).graph(), HasSubstr("loop"));
  OnnxModel model = counted_model("Add", 3);
  test::OnnxGraph& body = body_of(model);
  body.initializers = {test::int64_tensor("zero", {}, {0})};
  body.nodes[2] = {.op_type = "Gather", .inputs = {"x", "zero"}, .outputs = {"first"}};
  body.nodes.push_back({.op_type = "Less", .inputs = {"first", "first"}, .outputs = {"go_on"}});
  const Imported imported = import_graph(model);
  EXPECT_EQ(output_type(imported), "f32[3]");
  // Nothing is left of the round that was tried.
  const std::string graph = imported.graph();
  EXPECT_LT(graph.find("loop"), graph.find("add"));
}

TEST(Loop, ACarriedValueMustKeepItsElementType) {
  OnnxModel model = loop_model("Add");
  auto& body = std::get<OnnxSubgraph>(model.graph.nodes[0].attributes[0].value).graph[0];
  body.nodes[0] = {.op_type = "Less", .inputs = {"s", "x"}, .outputs = {"next"}};
  EXPECT_THAT(import_graph(model).messages(),
              HasSubstr("carries value 0 as `f32[3]` into a round and as `bool[3]` out"));
  body.outputs.resize(1);
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("the body of `Loop` gives 1 values, it carries 1"));
  // The same where rounds are written out.
  OnnxModel counted = counted_model("Add", 2);
  body_of(counted).nodes[0] = {.op_type = "Less", .inputs = {"s", "x"}, .outputs = {"next"}};
  EXPECT_THAT(import_graph(counted).messages(),
              HasSubstr("carries value 0 as `f32[3]` into a round and as `bool[3]` out"));
}

TEST(Scan, ScansAlongAnyAxisInBothDirections) {
  test::OnnxGraph body;
  body.inputs = {{.name = "s", .element = 1, .dims = std::nullopt}, {.name = "e", .element = 1, .dims = std::nullopt}};
  body.nodes = {{.op_type = "Add", .inputs = {"s", "e"}, .outputs = {"next"}},
                {.op_type = "Identity", .inputs = {"next"}, .outputs = {"out"}}};
  body.outputs = {{.name = "next", .element = 1, .dims = std::nullopt},
                  {.name = "out", .element = 1, .dims = std::nullopt}};
  OnnxModel model;
  model.graph.inputs = {{.name = "s0", .element = 1, .dims = {{int64_t{2}}}},
                        {.name = "x", .element = 1, .dims = {{int64_t{2}, int64_t{5}}}}};
  model.graph.nodes = {{.op_type = "Scan",
                        .inputs = {"s0", "x"},
                        .outputs = {"y", "stack"},
                        .attributes = {{"body", OnnxSubgraph{{body}}},
                                       {"num_scan_inputs", int64_t{1}},
                                       {"scan_input_axes", std::vector<int64_t>{1}},
                                       {"scan_input_directions", std::vector<int64_t>{1}},
                                       {"scan_output_axes", std::vector<int64_t>{1}}}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt},
                         {.name = "stack", .element = 1, .dims = std::nullopt}};
  const Imported imported = import_graph(model);
  EXPECT_EQ(output_type(imported), "f32[2]");
  ASSERT_TRUE(imported.ok);
  EXPECT_EQ(output_type(imported, 1), "f32[2, 5]");
  model.graph.nodes[0].attributes[1].value = int64_t{3};
  EXPECT_THAT(import_graph(model).messages(), HasSubstr("LT0106"));
}

}  // namespace
}  // namespace lathe::onnx
