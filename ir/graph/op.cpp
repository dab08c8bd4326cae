// The table of all rows, and the descriptions that rows make of nodes.
#include "ir/graph/op.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

std::vector<const OpDef*> collect_rows() {
  using Family = std::span<const OpDef> (*)();
  constexpr Family kFamilies[] = {
      unary_ops,  binary_ops,  conversion_ops, activation_ops,     reduce_ops,    arg_reduce_ops, normalize_ops,
      matmul_ops, einsum_ops,  conv_ops,       conv_transpose_ops, pool_ops,      reshape_ops,    move_ops,
      index_ops,  scatter_ops, resize_ops,     grid_ops,           irregular_ops, recurrent_ops,  structural_ops};
  std::vector<const OpDef*> rows;
  for (const Family family : kFamilies) {
    for (const OpDef& row : family()) rows.push_back(&row);
  }
  std::sort(rows.begin(), rows.end(), [](const OpDef* a, const OpDef* b) { return a->name < b->name; });
  for (size_t i = 1; i < rows.size(); ++i) LATHE_CHECK(rows[i - 1]->name != rows[i]->name);
  return rows;
}

template <class... Visitors>
struct Overloaded : Visitors... {
  using Visitors::operator()...;
};

}  // namespace

int OpDef::attribute_index(std::string_view attribute) const {
  for (size_t i = 0; i < attributes.size(); ++i) {
    if (attributes[i].name == attribute) return static_cast<int>(i);
  }
  return -1;
}

std::span<const OpDef* const> all_ops() {
  static const std::vector<const OpDef*> rows = collect_rows();
  return rows;
}

const OpDef* find_op(std::string_view name) {
  const auto rows = all_ops();
  const auto found = std::lower_bound(rows.begin(), rows.end(), name,
                                      [](const OpDef* row, std::string_view key) { return row->name < key; });
  return found != rows.end() && (*found)->name == name ? *found : nullptr;
}

const OpDef& op_named(std::string_view name) {
  const OpDef* row = find_op(name);
  LATHE_CHECK(row != nullptr);
  return *row;
}

std::string_view form_name(const Semantics& semantics) {
  return std::visit(Overloaded{[](const Elementwise&) { return std::string_view("elementwise"); },
                               [](const Reduce&) { return std::string_view("reduce"); },
                               [](const Contract&) { return std::string_view("contract"); },
                               [](const Window&) { return std::string_view("window"); },
                               [](const Move&) { return std::string_view("move"); },
                               [](const Index&) { return std::string_view("index"); },
                               [](const Decompose&) { return std::string_view("decompose"); },
                               [](const Call&) { return std::string_view("call"); },
                               [](const Structural&) { return std::string_view("structural"); }},
                    semantics);
}

Dim axis_symbol(size_t axis) { return Dim::symbol(fmt::format("%{}", axis)); }

ScalarId ElementwiseContext::argument(size_t index) const {
  return builder.argument(static_cast<uint32_t>(index), element(index));
}

ScalarId ElementwiseContext::index(size_t axis) const {
  return builder.argument(static_cast<uint32_t>(node.operand_count() + axis), ElementType::I64);
}

ScalarExpression elementwise_body(const NodeView& node) {
  const auto* elementwise = form<Elementwise>(node.op());
  LATHE_CHECK(elementwise != nullptr);
  ScalarBuilder builder;
  return builder.finish(elementwise->body({node, builder}));
}

Reduction describe_reduction(const NodeView& node) {
  const DescribeReduction describe = std::visit(
      Overloaded{[](const Reduce& row) { return row.describe; }, [](const Contract& row) { return row.describe; },
                 [](const Window& row) { return row.describe; },
                 [](const auto&) { return static_cast<DescribeReduction>(nullptr); }},
      node.op().semantics);
  LATHE_CHECK(describe != nullptr);
  Reduction reduction;
  describe(node, reduction);
  LATHE_CHECK(reduction.operands.size() == reduction.operand_indices.size() &&
              reduction.finish_operands.size() == reduction.finish_indices.size() &&
              reduction.body.result_type() == reduction.accumulator);
  return reduction;
}

MoveMap describe_move(const NodeView& node) {
  const auto* move = form<Move>(node.op());
  LATHE_CHECK(move != nullptr);
  MoveMap map;
  move->describe(node, map);
  return map;
}

IndexMap describe_index(const NodeView& node) {
  const auto* index = form<Index>(node.op());
  LATHE_CHECK(index != nullptr);
  IndexMap map;
  index->describe(node, map);
  return map;
}

}  // namespace lathe
