// Rules on elementwise rows: neutral operands, inverses, merged clamps, casts.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

// ---- neutral operands

// Operand `index` is uniform and the other one has the type of the result: what a neutral element needs.
std::optional<ScalarValue> neutral_candidate(const RuleContext& context, NodeId id, size_t index) {
  const Node& node = context.node(id);
  if (!same_type(context.module, context.tensor(node.operands[1 - index]), context.result(id))) return std::nullopt;
  return uniform_of(context.module, node.operands[index]);
}

// x + 0 keeps all bits for integers and for the zero that has the other sign than the one that the sum could lose.
bool add_zero(const RuleContext& context, NodeId id, bool any_zero) {
  const Node& node = context.node(id);
  const bool is_sub = is_op(node, "sub");
  for (size_t index : {size_t{1}, size_t{0}}) {
    if (is_sub && index == 0) continue;
    const auto value = neutral_candidate(context, id, index);
    if (!value || !value->is_zero()) continue;
    const bool keeps_bits = !is_float(value->type) || std::signbit(value->real) != is_sub;
    if (keeps_bits || any_zero) return context.replace(id, node.operands[1 - index]);
  }
  return false;
}
bool add_neutral_zero(const RuleContext& context, NodeId id) { return add_zero(context, id, false); }
bool add_any_zero(const RuleContext& context, NodeId id) { return add_zero(context, id, true); }

bool multiply_one(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  for (size_t index : {size_t{1}, size_t{0}}) {
    if (!is_op(node, "mul") && index == 0) continue;
    const auto value = neutral_candidate(context, id, index);
    if (value && value->as_double() == 1.0) return context.replace(id, node.operands[1 - index]);
  }
  return false;
}

bool divide_by_power_of_two(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const auto value = uniform_of(context.module, node.operands[1]);
  if (!value || (value->type != ElementType::F32 && value->type != ElementType::F64)) return false;
  int exponent = 0;
  if (!std::isnormal(value->real) || std::abs(std::frexp(value->real, &exponent)) != 0.5) return false;
  // The reciprocal must be a normal number of the type, or the product rounds where the quotient doesn't.
  constexpr int kSmallExponent = 120;
  if (std::abs(exponent) > kSmallExponent) return false;
  const ValueId x = node.operands[0];
  GraphBuilder builder = context.rewriter.before(id);
  const TensorType type{value->type, context.tensor(node.operands[1]).dims};
  const ValueId reciprocal = checked(builder.constant(splat_constant(type, 1.0 / value->real)));
  return context.replace(id, checked(builder.one("mul", {x, reciprocal})));
}

bool square_as_product(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const auto value = neutral_candidate(context, id, 1);
  // In f64 a power may be off by an ulp; in the narrower types it is the correctly rounded square.
  if (!value || value->type == ElementType::F64 || value->as_double() != 2.0) return false;
  const ValueId x = node.operands[0];
  return context.replace(id, "mul", {x, x});
}

bool constant_last(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  if (!has(node.op->traits, Trait::Commutative) || node.operands.size() < 2) return false;
  if (constant_of(context.module, node.operands[0]) == nullptr) return false;
  if (constant_of(context.module, node.operands[1]) != nullptr) return false;
  const ValueId first = node.operands[0];
  const ValueId second = node.operands[1];
  context.graph.set_operand(id, 0, second);
  context.graph.set_operand(id, 1, first);
  context.rewriter.count_change();
  return true;
}

// Extrema of zeros of both signs give the first one, so only other constants may change their place.
bool extremum_constant_last(const RuleContext& context, NodeId id, bool any_constant) {
  const Node& node = context.node(id);
  if (constant_of(context.module, node.operands[1]) != nullptr) return false;
  const auto value = uniform_of(context.module, node.operands[0]);
  if (!value || (is_float(value->type) && value->is_zero() && !any_constant)) return false;
  const ValueId first = node.operands[0];
  const ValueId second = node.operands[1];
  context.graph.set_operand(id, 0, second);
  context.graph.set_operand(id, 1, first);
  context.rewriter.count_change();
  return true;
}
bool extremum_number_last(const RuleContext& context, NodeId id) { return extremum_constant_last(context, id, false); }
bool extremum_zero_last(const RuleContext& context, NodeId id) { return extremum_constant_last(context, id, true); }

// ---- a function of itself

NodeId same_below(const RuleContext& context, NodeId id, Trait trait) {
  const Node& node = context.node(id);
  if (!has(node.op->traits, trait) || node.operands.size() != 1) return {};
  const NodeId inner = context.graph.value(node.operands[0]).producer;
  if (!inner.valid() || context.node(inner).op != node.op) return {};
  for (size_t i = 0; i < node.attributes.size(); ++i) {
    if (!same_attribute(node.attributes[i], context.node(inner).attributes[i])) return {};
  }
  return inner;
}

bool involution(const RuleContext& context, NodeId id) {
  const NodeId inner = same_below(context, id, Trait::Involution);
  return inner.valid() && context.replace(id, context.node(inner).operands[0]);
}

bool idempotence(const RuleContext& context, NodeId id) {
  const NodeId inner = same_below(context, id, Trait::Idempotent);
  return inner.valid() && context.replace(id, context.node(id).operands[0]);
}

// ---- casts

bool cast_same(const RuleContext& context, NodeId id) {
  const ValueId x = context.node(id).operands[0];
  return context.tensor(x).element == context.result(id).element && context.replace(id, x);
}

// Digits of the significand, the implicit one included; 0 for what is no float of 16 bits or more.
int significand_bits(ElementType type) {
  if (type == ElementType::F64) return 53;
  if (type == ElementType::F32) return 24;
  if (type == ElementType::F16) return 11;
  if (type == ElementType::BF16) return 8;
  return 0;
}

// Every number of `from` is one of `to`.
bool holds(ElementType to, ElementType from) {
  if (to == from) return true;
  const int bits = static_cast<int>(info(from).bits);
  if (from == ElementType::Boolean) return to != ElementType::String;
  if (is_float(to)) {
    if (significand_bits(to) == 0) return false;
    if (is_integer(from)) return to != ElementType::F16 && bits - (is_signed(from) ? 1 : 0) <= significand_bits(to);
    if (from == ElementType::F16) return to != ElementType::BF16;
    return significand_bits(from) != 0 && info(to).bits > info(from).bits && to != ElementType::F16;
  }
  if (!is_integer(to) || !is_integer(from)) return false;
  if (is_unsigned(from)) return info(to).bits > info(from).bits;
  return is_signed(to) && info(to).bits > info(from).bits;
}

bool cast_of_cast(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = producer_named(context.graph, node.operands[0], "cast");
  if (!inner.valid()) return false;
  const ValueId x = context.node(inner).operands[0];
  const ElementType to = context.result(id).element;
  if (!holds(context.tensor(node.operands[0]).element, context.tensor(x).element)) return false;
  // A detour over a float changes what happens beyond the range of an integer.
  const ElementType between = context.tensor(node.operands[0]).element;
  if (is_integer(context.tensor(x).element) && is_float(between) && is_integer(to) && to != context.tensor(x).element) {
    return false;
  }
  return context.replace(id, "cast", {x}, {{"to", to}, {"saturate", attribute<bool>(node, "saturate")}});
}

// ---- clamps

struct Interval {
  double low = -std::numeric_limits<double>::infinity();
  double high = std::numeric_limits<double>::infinity();
};

// The interval that relu and clamp keep their operand in.
std::optional<Interval> interval_of(const Node& node) {
  if (is_op(node, "relu")) return Interval{0.0, std::numeric_limits<double>::infinity()};
  if (!is_op(node, "clamp")) return std::nullopt;
  Interval interval;
  const auto read = [&](std::string_view name, double& bound) {
    const Attribute& value = node.attributes[static_cast<size_t>(node.op->attribute_index(name))];
    if (const double* given = std::get_if<double>(&value)) bound = *given;
  };
  read("min", interval.low);
  read("max", interval.high);
  if (!(interval.low <= interval.high)) return std::nullopt;
  return interval;
}

bool replace_by_clamp(const RuleContext& context, NodeId id, ValueId x, const Interval& interval) {
  std::vector<NamedAttribute> bounds;
  if (!std::isinf(interval.low)) bounds.push_back({"min", interval.low});
  if (!std::isinf(interval.high)) bounds.push_back({"max", interval.high});
  return context.replace(id, "clamp", {x}, std::move(bounds));
}

bool clamp_of_clamp(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = context.graph.value(node.operands[0]).producer;
  if (!inner.valid()) return false;
  const auto outer_interval = interval_of(node);
  const auto inner_interval = interval_of(context.node(inner));
  if (!outer_interval || !inner_interval) return false;
  // Intervals that don't meet leave one number, but a zero of either sign would come through the merged clamp.
  if (outer_interval->low > inner_interval->high || outer_interval->high < inner_interval->low) return false;
  const auto within = [&](double bound) {
    return std::min(std::max(bound, outer_interval->low), outer_interval->high);
  };
  return replace_by_clamp(context, id, context.node(inner).operands[0],
                          {within(inner_interval->low), within(inner_interval->high)});
}

bool clamp_as_relu(const RuleContext& context, NodeId id) {
  const auto interval = interval_of(context.node(id));
  if (!interval || interval->low != 0.0 || std::signbit(interval->low) || !std::isinf(interval->high)) return false;
  return context.replace(id, "relu", {context.node(id).operands[0]});
}

bool extremum_as_clamp(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const auto bound = neutral_candidate(context, id, 1);
  if (!bound || std::isnan(bound->as_double()) || std::isinf(bound->as_double())) return false;
  // Bounds are doubles; larger integers would be rounded.
  constexpr int64_t kExact = int64_t{1} << 53;
  if (!is_float(bound->type) && (bound->integer > kExact || bound->integer < -kExact)) return false;
  const double value = bound->as_double();
  const ValueId x = node.operands[0];
  return context.replace(id, "clamp", {x}, {{is_op(node, "maximum") ? "min" : "max", value}});
}

// ---- choices and broadcasts

bool where_constant(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const auto condition = uniform_of(context.module, node.operands[0]);
  if (!condition) return false;
  const ValueId chosen = node.operands[condition->is_zero() ? 2 : 1];
  if (same_type(context.module, context.tensor(chosen), context.result(id))) return context.replace(id, chosen);
  return context.replace(id, "expand", {chosen}, {{"shape", context.result(id).dims}});
}

// The result's shape without operand `skipped`, whose source `source` stands in its place, is still `result`.
bool others_cover(const RuleContext& context, const Node& node, size_t skipped, const Shape& source,
                  const Shape& result) {
  if (source.size() > result.size()) return false;
  for (size_t axis = 0; axis < result.size(); ++axis) {
    bool covered = same_dim(context.module, broadcast_dim(source, axis, result.size()), result[axis]);
    for (size_t i = 0; i < node.operands.size() && !covered; ++i) {
      if (i == skipped) continue;
      covered = same_dim(context.module, broadcast_dim(context.tensor(node.operands[i]).dims, axis, result.size()),
                         result[axis]);
    }
    if (!covered) return false;
  }
  return true;
}

bool expand_of_operand(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  // Rows that don't broadcast take their shape from one operand.
  if (form<Elementwise>(*node.op) == nullptr || node.operands.size() < 2 || is_op(node, "prelu")) return false;
  for (uint32_t i = 0; i < node.operands.size(); ++i) {
    const NodeId expand = producer_named(context.graph, node.operands[i], "expand");
    if (!expand.valid()) continue;
    const ValueId source = context.node(expand).operands[0];
    if (!others_cover(context, node, i, context.tensor(source).dims, context.result(id).dims)) continue;
    context.graph.set_operand(id, i, source);
    context.rewriter.count_change();
    return true;
  }
  return false;
}

constexpr Rule kRules[] = {
    {"constant_last", "f(c, x) -> f(x, c) where f commutes", "", Bits::Preserved, constant_last},
    {"extremum_number_last", "max(c, x), min(c, x) -> max(x, c), min(x, c) for c other than 0", "maximum minimum",
     Bits::Preserved, extremum_number_last},
    {"extremum_zero_last", "max(0.0, x), min(0.0, x) -> max(x, 0.0), min(x, 0.0)", "maximum minimum", Bits::ZeroSign,
     extremum_zero_last},
    {"add_neutral_zero", "x + -0.0, x - 0.0, x + 0 (integers) -> x", "add sub", Bits::Preserved, add_neutral_zero},
    {"add_zero", "x + 0.0, x - -0.0 -> x", "add sub", Bits::ZeroSign, add_any_zero},
    {"multiply_one", "x * 1, x / 1, x ^ 1 -> x", "mul div pow", Bits::Preserved, multiply_one},
    {"divide_by_power_of_two", "x / 2^k -> x * 2^-k", "div", Bits::Preserved, divide_by_power_of_two},
    {"square_as_product", "x ^ 2 -> x * x", "pow", Bits::Preserved, square_as_product},
    {"involution", "f(f(x)) -> x for rows that undo themselves", "", Bits::Preserved, involution},
    {"idempotence", "f(f(x)) -> f(x) for rows that do nothing the second time", "", Bits::Preserved, idempotence},
    {"cast_same", "cast to the element type that x has -> x", "cast", Bits::Preserved, cast_same},
    {"cast_of_cast", "cast(cast(x)) -> cast(x) where the inner one loses nothing", "cast", Bits::Preserved,
     cast_of_cast},
    {"clamp_of_clamp", "clamp(clamp(x)), relu(clamp(x)) ... -> clamp(x)", "clamp relu", Bits::Preserved,
     clamp_of_clamp},
    {"clamp_as_relu", "clamp(x, min = 0) -> relu(x)", "clamp", Bits::Preserved, clamp_as_relu},
    {"extremum_as_clamp", "max(x, c), min(x, c) -> clamp(x)", "maximum minimum", Bits::Preserved, extremum_as_clamp},
    {"where_constant", "where(true, a, b) -> a", "where", Bits::Preserved, where_constant},
    {"expand_of_operand", "f(expand(x), y) -> f(x, y) where f broadcasts x alike", "", Bits::Preserved,
     expand_of_operand},
};

}  // namespace

std::span<const Rule> elementwise_rules() { return kRules; }

}  // namespace lathe::passes
