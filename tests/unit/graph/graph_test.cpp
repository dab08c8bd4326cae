// The tables of a graph keep uses and links true through every change; the rewriter keeps locations and names.
#include "ir/graph/graph.h"

#include "ir/graph/op.h"
#include "ir/graph/rewriter.h"
#include "ir/graph/verify.h"
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

constexpr std::string_view kChain = R"(graph @g(%x: f32[4]) -> (f32[4]) {
  %a = neg %x : f32[4]
  %b = exp %a : f32[4]
  %c = add %b, %a : f32[4]
  return %c : f32[4]
})";

TEST(Graph, UsesFollowOperands) {
  Module module = parsed(kChain);
  Graph& graph = module.graph;
  const std::vector<NodeId> nodes = graph.nodes_in(Graph::root());
  const ValueId a = graph.node(nodes[0]).results[0];
  EXPECT_EQ(graph.value(a).uses.size(), 2u);
  graph.set_operand(nodes[2], 1, graph.inputs()[0]);
  EXPECT_EQ(graph.value(a).uses.size(), 1u);
  EXPECT_EQ(graph.value(a).uses[0], (Use{nodes[1], 0}));
  graph.replace_all_uses(a, graph.inputs()[0]);
  EXPECT_TRUE(graph.value(a).uses.empty());
  EXPECT_EQ(graph.value(graph.inputs()[0]).uses.size(), 3u);
}

TEST(Graph, OrderAndMoves) {
  Module module = parsed(kChain);
  Graph& graph = module.graph;
  const std::vector<NodeId> nodes = graph.nodes_in(Graph::root());
  EXPECT_TRUE(graph.is_before(nodes[0], nodes[2]));
  EXPECT_FALSE(graph.is_before(nodes[2], nodes[0]));
  graph.move_before(nodes[0], nodes[2]);
  EXPECT_EQ(graph.nodes_in(Graph::root()), (std::vector{nodes[1], nodes[0], nodes[2], nodes[3]}));
  EXPECT_TRUE(graph.has_return(Graph::root()));
}

TEST(Graph, ErasedNodesLeaveNoUses) {
  Module module = parsed(kChain);
  Graph& graph = module.graph;
  const std::vector<NodeId> nodes = graph.nodes_in(Graph::root());
  const ValueId a = graph.node(nodes[0]).results[0];
  graph.set_operand(nodes[3], 0, a);
  graph.erase_node(nodes[2]);
  graph.erase_node(nodes[1]);
  EXPECT_EQ(graph.nodes_in(Graph::root()), (std::vector{nodes[0], nodes[3]}));
  EXPECT_EQ(graph.value(a).uses.size(), 1u);
  Diagnostics diagnostics;
  EXPECT_TRUE(verify(module, diagnostics).ok());
}

TEST(Graph, CloneHasTheSameIdsAndItsOwnTables) {
  Module module = parsed(kChain);
  Module copy = clone_module(module);
  EXPECT_EQ(print(copy), print(module));
  copy.graph.set_value_name(copy.graph.inputs()[0], "other");
  EXPECT_NE(print(copy), print(module));
}

TEST(Rewriter, ReplacementsKeepNameAndLocation) {
  Module module = parsed(kChain);
  Graph& graph = module.graph;
  Diagnostics diagnostics;
  Rewriter rewriter(module, diagnostics, "test");
  const NodeId exp = graph.nodes_in(Graph::root())[1];
  const LocationId origin = module.locations.origin_id(graph.node(exp).location);
  const ValueId a = graph.node(exp).operands[0];
  const ValueId square = *rewriter.before(exp).one("mul", {a, a});
  rewriter.replace(exp, {square});
  EXPECT_EQ(rewriter.changes(), 1u);
  EXPECT_EQ(graph.value(square).name, "b");
  EXPECT_EQ(module.locations.origin_id(graph.node(graph.value(square).producer).location), origin);
  EXPECT_EQ(print(module), R"(graph @g(%x: f32[4]) -> (f32[4]) {
  %a = neg %x : f32[4]
  %b = mul %a, %a : f32[4]
  %c = add %b, %a : f32[4]
  return %c : f32[4]
}
)");
}

TEST(Rewriter, DeadOperandsGoWithTheirReader) {
  Module module = parsed(kChain);
  Graph& graph = module.graph;
  Diagnostics diagnostics;
  Rewriter rewriter(module, diagnostics, "test");
  const std::vector<NodeId> nodes = graph.nodes_in(Graph::root());
  graph.set_operand(nodes[3], 0, graph.inputs()[0]);
  rewriter.erase_with_dead_operands(nodes[2]);
  EXPECT_EQ(graph.nodes_in(Graph::root()), std::vector{nodes[3]});
}

}  // namespace
}  // namespace lathe
