// The verifier accepts what the builder makes and names each way in which a graph can be broken.
#include "ir/graph/verify.h"

#include "ir/graph/builder.h"
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

constexpr std::string_view kText = R"(sym N
graph @g(%c: bool[], %x: f32[N, 4]) -> (f32[N, 4]) {
  %k = constant dense<[1.0, 2.0, 3.0, 4.0]> : f32[4]
  %a = add %x, %k : f32[N, 4]
  %y = if %c region () {
    %b = neg %a : f32[N, 4]
    return %b : f32[N, 4]
  } region () {
    return %a : f32[N, 4]
  } : f32[N, 4]
  %z = relu %y : f32[N, 4]
  return %z : f32[N, 4]
})";

class Verify : public testing::Test {
 protected:
  Module module = parsed(kText);
  Graph& graph = module.graph;

  // The first live node of row `op`.
  NodeId node(std::string_view op) {
    for (NodeId id : graph.all_nodes()) {
      if (graph.node(id).op->name == op) return id;
    }
    ADD_FAILURE() << "no node " << op;
    return {};
  }
  ValueId result(std::string_view op) { return graph.node(node(op)).results[0]; }

  // The messages, one a line; empty when the graph is good.
  std::string broken() {
    Diagnostics diagnostics;
    const Status status = verify(module, diagnostics);
    EXPECT_EQ(status.ok(), !diagnostics.failed());
    std::string text;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      text += fmt::format("{} {}\n", info(diagnostic.kind).code, diagnostic.message);
    }
    return text;
  }
};

TEST_F(Verify, GoodGraphsLeaveNoTrace) {
  const std::string before = print(module);
  const size_t origins = module.origins.size();
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(print(module), before);
  EXPECT_EQ(module.origins.size(), origins);
}

TEST_F(Verify, FreshSymbolsOfInferenceAreNotKept) {
  module = parsed("graph @g(%x: f32[6]) -> (i64[1, n]) { %y = nonzero %x : i64[1, n] return %y : i64[1, n] }");
  const size_t symbols = module.symbols.rows().size();
  EXPECT_EQ(broken(), "");
  EXPECT_EQ(module.symbols.rows().size(), symbols);
}

TEST_F(Verify, OperandDefinedBehindItsReader) {
  graph.set_operand(node("add"), 0, result("relu"));
  EXPECT_EQ(broken(), "LT0404 operand 0 of `add` is defined behind it\n");
}

TEST_F(Verify, OperandOfItself) {
  graph.set_operand(node("relu"), 0, result("relu"));
  EXPECT_EQ(broken(), "LT0404 operand 0 of `relu` is defined behind it\n");
}

TEST_F(Verify, OperandInARegionThatDoesNotEnclose) {
  graph.set_operand(node("relu"), 0, result("neg"));
  EXPECT_EQ(broken(), "LT0404 operand 0 of `relu` is defined in a region that doesn't enclose it\n");
}

TEST_F(Verify, OperandOfAnErasedNode) {
  const NodeId relu = node("relu");
  const ValueId value = result("relu");
  const NodeId ending = graph.region(Graph::root()).last;
  graph.set_operand(ending, 0, graph.node(relu).operands[0]);
  graph.erase_node(relu);
  graph.set_operand(ending, 0, value);
  EXPECT_EQ(broken(), "LT0404 operand 0 of `return` is a value that nothing in the graph defines\n");
}

TEST_F(Verify, NoReturn) {
  graph.erase_node(graph.region(Graph::root()).last);
  EXPECT_EQ(broken(), "LT0404 a region doesn't end with its only `return`\n");
}

TEST_F(Verify, TwoReturns) {
  graph.insert_node({&op_named("return"), {}, {}, {}, {}, {}}, {}, Graph::root());
  EXPECT_EQ(broken(), "LT0404 a region doesn't end with its only `return`\n");
}

TEST_F(Verify, RegionWithAnotherOwner) {
  graph.set_region_owner(graph.node(node("if")).regions[0], node("relu"));
  EXPECT_NE(broken().find("LT0404 a region of `if` has another owner"), std::string::npos);
}

TEST_F(Verify, TypeThatInferenceDoesNotGive) {
  graph.set_type(result("relu"), TensorType{ElementType::F32, {Dim::symbol("N"), Dim(5)}});
  EXPECT_EQ(broken(), "LT0404 result 0 of `relu` is `f32[N, 5]`, inference gives `f32[N, 4]`\n");
}

TEST_F(Verify, TypesThatAGuardMakesEqual) {
  graph.set_type(result("relu"), TensorType{ElementType::F32, {Dim::symbol("M"), Dim(4)}});
  module.symbols.declare("M");
  EXPECT_EQ(broken(), "LT0404 result 0 of `relu` is `f32[M, 4]`, inference gives `f32[N, 4]`\n");
  module.add_guard({Guard::Relation::Equal, Dim::symbol("N"), Dim::symbol("M"), "the same", {}});
  EXPECT_EQ(broken(), "");
}

TEST_F(Verify, UndeclaredSymbol) {
  graph.set_type(result("relu"), TensorType{ElementType::F32, {Dim::symbol("Q"), Dim(4)}});
  EXPECT_NE(broken().find("LT0404 the symbol `Q` in `f32[Q, 4]` is not declared"), std::string::npos);
}

TEST_F(Verify, WrongNumberOfAttributes) {
  graph.insert_node({&op_named("clamp"), {result("add")}, {}, {}, {}, {}},
                    std::vector<Type>{graph.value(result("add")).type}, Graph::root(), node("relu"));
  EXPECT_EQ(broken(), "LT0404 `clamp` has 0 attributes, its row declares 2\n");
}

TEST_F(Verify, AttributeOfAnotherKind) {
  const ValueId x = result("add");
  graph.insert_node({&op_named("clamp"), {x}, {Attribute(std::string("0")), Attribute()}, {}, {}, {}},
                    std::vector<Type>{graph.value(x).type}, Graph::root(), node("relu"));
  EXPECT_EQ(broken(), "LT0106 attribute `min` of `clamp` must be a float\n");
}

TEST_F(Verify, OperandsThatTheRowDoesNotTake) {
  graph.set_operand(node("relu"), 0, graph.inputs()[0]);
  EXPECT_NE(broken().find("LT0201 `relu` takes number as `x`"), std::string::npos) << broken();
}

TEST_F(Verify, ConstantThatDoesNotExist) {
  graph.set_attribute(node("constant"), 0, ConstantId(size_t{99}));
  EXPECT_EQ(broken(), "LT0404 `constant` refers to a constant that doesn't exist\n");
}

TEST_F(Verify, ConstantWithoutEnoughData) {
  ConstantData data = owned_constant({ElementType::F32, {Dim(4)}}, std::vector<std::byte>(12));
  graph.set_attribute(node("constant"), 0, module.constants.add(std::move(data)));
  EXPECT_EQ(broken(), "LT0404 a constant of type `f32[4]` has 12 bytes of data\n");
}

}  // namespace
}  // namespace lathe
