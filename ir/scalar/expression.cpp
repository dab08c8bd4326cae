// Building, composing and comparing scalar expressions.
#include "ir/scalar/expression.h"

#include <algorithm>

namespace lathe {
namespace {

bool same_node(const ScalarNode& a, const ScalarNode& b) {
  if (a.op != b.op || a.type != b.type || a.operands != b.operands || a.argument != b.argument) return false;
  return a.op != ScalarOp::Constant || a.immediate.same_bits(b.immediate);
}

}  // namespace

uint32_t ScalarExpression::argument_count() const {
  uint32_t count = 0;
  for (const ScalarNode& node : nodes) {
    if (node.op == ScalarOp::Argument) count = std::max(count, node.argument + 1);
  }
  return count;
}

size_t ScalarExpression::operation_count() const {
  return static_cast<size_t>(
      std::count_if(nodes.begin(), nodes.end(), [](const ScalarNode& node) { return info(node.op).arity != 0; }));
}

bool operator==(const ScalarExpression& a, const ScalarExpression& b) {
  return a.result == b.result && std::equal(a.nodes.begin(), a.nodes.end(), b.nodes.begin(), b.nodes.end(), same_node);
}

ScalarId ScalarBuilder::add_node(const ScalarNode& node) {
  for (uint32_t i = 0; i < expression_.nodes.size(); ++i) {
    if (same_node(expression_.nodes[ScalarId(i)], node)) return ScalarId(i);
  }
  return expression_.nodes.push_back(node);
}

ScalarId ScalarBuilder::argument(uint32_t index, ElementType type) {
  LATHE_CHECK(type != ElementType::String);
  for (const ScalarNode& node : expression_.nodes) {
    LATHE_CHECK(node.op != ScalarOp::Argument || node.argument != index || node.type == type);
  }
  return add_node({ScalarOp::Argument, type, {}, {type}, index});
}

ScalarId ScalarBuilder::constant(const ScalarValue& value) {
  LATHE_CHECK(value.type != ElementType::String);
  return add_node({ScalarOp::Constant, value.type, {}, value, 0});
}

ScalarId ScalarBuilder::constant(ElementType type, double value) { return constant(ScalarValue::of(type, value)); }

ScalarId ScalarBuilder::integer(ElementType type, int64_t value) {
  return constant(ScalarValue::of_integer(type, value));
}

ScalarId ScalarBuilder::apply(ScalarOp op, std::span<const ScalarId> operands) {
  LATHE_CHECK(operands.size() == info(op).arity && info(op).result != ScalarResult::Declared);
  std::array<ElementType, 3> types{};
  ScalarNode node{.op = op};
  for (size_t i = 0; i < operands.size(); ++i) {
    LATHE_CHECK(expression_.nodes.contains(operands[i]));
    types[i] = type(operands[i]);
    node.operands[i] = operands[i];
  }
  const auto result = lathe::result_type(op, std::span(types).first(operands.size()), ElementType::F32);
  LATHE_CHECK(result.has_value());
  node.type = *result;
  return add_node(node);
}

ScalarId ScalarBuilder::cast(ScalarId a, ElementType to) {
  LATHE_CHECK(to != ElementType::String);
  if (type(a) == to) return a;
  return add_node({.op = ScalarOp::Cast, .type = to, .operands = {a}});
}

ScalarId ScalarBuilder::bitcast(ScalarId a, ElementType to) {
  if (type(a) == to) return a;
  const ElementType from = type(a);
  LATHE_CHECK(lathe::result_type(ScalarOp::Bitcast, std::span(&from, 1), to).has_value());
  return add_node({.op = ScalarOp::Bitcast, .type = to, .operands = {a}});
}

ScalarId ScalarBuilder::inline_expression(const ScalarExpression& expression, std::span<const ScalarId> arguments) {
  std::vector<ScalarId> copies;
  copies.reserve(expression.nodes.size());
  for (const ScalarNode& node : expression.nodes) {
    if (node.op == ScalarOp::Argument) {
      LATHE_CHECK(node.argument < arguments.size() && type(arguments[node.argument]) == node.type);
      copies.push_back(arguments[node.argument]);
      continue;
    }
    ScalarNode copy = node;
    for (size_t i = 0; i < info(node.op).arity; ++i) copy.operands[i] = copies[node.operands[i].index];
    copies.push_back(add_node(copy));
  }
  return copies[expression.result.index];
}

ScalarExpression ScalarBuilder::finish(ScalarId result) const {
  LATHE_CHECK(expression_.nodes.contains(result));
  ScalarExpression finished;
  std::vector<ScalarId> moved(expression_.nodes.size());
  // Operands first, from left to right: the order must not depend on the order in which a C++ compiler evaluates the
  // arguments of nested calls.
  std::vector<ScalarId> open{result};
  while (!open.empty()) {
    const ScalarId id = open.back();
    ScalarNode node = expression_.nodes[id];
    const size_t arity = info(node.op).arity;
    const size_t before = open.size();
    for (size_t k = arity; k-- > 0;) {
      if (!moved[node.operands[k].index].valid()) open.push_back(node.operands[k]);
    }
    if (open.size() != before) continue;
    open.pop_back();
    if (moved[id.index].valid()) continue;
    for (size_t k = 0; k < arity; ++k) node.operands[k] = moved[node.operands[k].index];
    moved[id.index] = finished.nodes.push_back(node);
  }
  finished.result = moved[result.index];
  return finished;
}

}  // namespace lathe
