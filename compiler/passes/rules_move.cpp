// Rules on rows of form Move: moves that do nothing, moves of moves.
#include <algorithm>
#include <numeric>

#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

// ---- moves that do nothing

// The one piece of the map covers the result and reads every element from its own position.
bool is_identity(const RuleContext& context, NodeId id) {
  const ExistingNodeView view(context.module, id);
  const MoveMap map = describe_move(view);
  if (map.pieces.size() != 1) return false;
  const MovePiece& piece = map.pieces[0];
  const Shape& dims = view.result().dims;
  if (!same_type(context.module, view.tensor(piece.operand), view.result())) return false;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (!piece.begin[axis].is_constant(0) || !same_dim(context.module, piece.end[axis], dims[axis])) return false;
    // On an axis of size 1 there is only one index.
    if (!(piece.index[axis] == axis_symbol(axis)) && !dims[axis].is_constant(1)) return false;
  }
  return true;
}

bool identity_move(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  if (form<Move>(*node.op) == nullptr || node.operands.empty()) return false;
  const TensorType& x = context.tensor(node.operands[0]);
  // Cheap refusals first: most moves change the shape.
  if (x.rank() != context.result(id).rank() || !same_type(context.module, x, context.result(id))) return false;
  if (is_op(node, "reshape")) return context.replace(id, node.operands[0]);
  return is_identity(context, id) && context.replace(id, node.operands[0]);
}

// A move of a constant with equal elements, unless it brings in other ones.
bool move_of_splat(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  if (form<Move>(*node.op) == nullptr || node.operands.empty()) return false;
  // A copy: the replacement moves the table that the type stands in.
  const TensorType result = context.result(id);  // NOLINT(performance-unnecessary-copy-initialization)
  if (!result.is_static() || result.element == ElementType::String) return false;
  const auto value = uniform_of(context.module, node.operands[0]);
  if (!value) return false;
  for (size_t i = 1; i < node.operands.size(); ++i) {
    const auto other = uniform_of(context.module, node.operands[i]);
    if (!other || !other->same_bits(*value)) return false;
  }
  if (is_op(node, "pad") && attribute<std::string>(node, "mode") == "constant" &&
      !ScalarValue::of(value->type, attribute<double>(node, "value")).same_bits(*value)) {
    return false;
  }
  std::vector<std::byte> bytes(*storage_bytes(result.element, 1));
  store_element(result.element, bytes.data(), 0, *value);
  ConstantData splat = owned_constant(result, std::move(bytes));
  splat.splat = true;
  return context.replace(id, checked(context.rewriter.before(id).constant(std::move(splat))));
}

// ---- transposes and reshapes

bool transpose_of_transpose(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = producer_named(context.graph, node.operands[0], "transpose");
  if (!inner.valid()) return false;
  const Integers& first = attribute<Integers>(context.node(inner), "permutation");
  Integers both;
  for (int64_t axis : attribute<Integers>(node, "permutation")) both.push_back(first[static_cast<size_t>(axis)]);
  return context.replace(id, "transpose", {context.node(inner).operands[0]}, {{"permutation", std::move(both)}});
}

// The axes that are longer than 1 stay in their order, so memory does too.
bool transpose_as_reshape(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const Shape& dims = context.tensor(node.operands[0]).dims;
  int64_t last = -1;
  for (int64_t axis : attribute<Integers>(node, "permutation")) {
    if (dims[static_cast<size_t>(axis)].is_constant(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return context.replace(id, "reshape", {node.operands[0]}, {{"shape", context.result(id).dims}});
}

bool reshape_of_reshape(const RuleContext& context, NodeId id) {
  const NodeId inner = producer_named(context.graph, context.node(id).operands[0], "reshape");
  if (!inner.valid()) return false;
  return context.replace(id, "reshape", {context.node(inner).operands[0]}, {{"shape", context.result(id).dims}});
}

// An expand that only adds axes of size 1 keeps the order of elements.
bool expand_as_reshape(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const Shape& x = context.tensor(node.operands[0]).dims;
  const Shape& result = context.result(id).dims;
  if (x.size() == result.size()) return false;
  for (size_t axis = 0; axis < result.size(); ++axis) {
    if (!same_dim(context.module, broadcast_dim(x, axis, result.size()), result[axis])) return false;
  }
  return context.replace(id, "reshape", {node.operands[0]}, {{"shape", result}});
}

bool expand_of_expand(const RuleContext& context, NodeId id) {
  const NodeId inner = producer_named(context.graph, context.node(id).operands[0], "expand");
  if (!inner.valid()) return false;
  return context.replace(id, "expand", {context.node(inner).operands[0]}, {{"shape", context.result(id).dims}});
}

// ---- slices and pads

bool slice_of_slice(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = producer_named(context.graph, node.operands[0], "slice");
  if (!inner.valid()) return false;
  const Node& first = context.node(inner);
  const Integers& outer_steps = attribute<Integers>(node, "steps");
  const Integers& inner_steps = attribute<Integers>(first, "steps");
  const auto all_positive = [](const Integers& steps) {
    return std::all_of(steps.begin(), steps.end(), [](int64_t step) { return step > 0 && step < (int64_t{1} << 31); });
  };
  if (!all_positive(outer_steps) || !all_positive(inner_steps)) return false;
  Shape starts;
  Shape limits;
  Integers steps;
  const Shape& result = context.result(id).dims;
  for (size_t axis = 0; axis < outer_steps.size(); ++axis) {
    const Dim step = inner_steps[axis];
    const Dim start = attribute<Shape>(first, "starts")[axis] + attribute<Shape>(node, "starts")[axis] * step;
    steps.push_back(inner_steps[axis] * outer_steps[axis]);
    // Just behind the last element, so that the limit stays inside of the operand; an empty slice ends where it starts.
    const Dim limit = start + (result[axis] - 1) * Dim(steps.back()) + 1;
    const bool empty = result[axis].is_constant(0);
    if (!empty && context.module.symbols.prove_le(1, result[axis]) != Answer::Yes) return false;
    starts.push_back(start);
    limits.push_back(empty ? start : limit);
  }
  return context.replace(id, "slice", {first.operands[0]},
                         {{"starts", std::move(starts)}, {"limits", std::move(limits)}, {"steps", std::move(steps)}});
}

bool all_not_negative(const RuleContext& context, const Shape& sizes) {
  return std::all_of(sizes.begin(), sizes.end(),
                     [&](const Dim& size) { return context.module.symbols.known_le(0, size); });
}

bool pads_constant(const Node& node) { return attribute<std::string>(node, "mode") == "constant"; }

bool pad_of_pad(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId inner = producer_named(context.graph, node.operands[0], "pad");
  if (!inner.valid()) return false;
  const Node& first = context.node(inner);
  if (!pads_constant(node) || !pads_constant(first)) return false;
  const Attribute value = attribute<double>(node, "value");
  if (!same_attribute(value, attribute<double>(first, "value"))) return false;
  Shape low = attribute<Shape>(node, "low");
  Shape high = attribute<Shape>(node, "high");
  const Shape* const sizes[] = {&low, &high, &attribute<Shape>(first, "low"), &attribute<Shape>(first, "high")};
  for (const Shape* each : sizes) {
    if (!all_not_negative(context, *each)) return false;
  }
  for (size_t axis = 0; axis < low.size(); ++axis) {
    low[axis] += attribute<Shape>(first, "low")[axis];
    high[axis] += attribute<Shape>(first, "high")[axis];
  }
  return context.replace(id, "pad", {first.operands[0]},
                         {{"low", std::move(low)}, {"high", std::move(high)}, {"value", value}});
}

// ---- indices that are known

// A gather at one constant position is a slice.
bool gather_as_slice(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const TensorType& data = context.tensor(node.operands[0]);
  const TensorType& indices = context.tensor(node.operands[1]);
  const auto index = uniform_of(context.module, node.operands[1]);
  if (!index || !indices.element_count().is_constant(1) || data.element == ElementType::String) return false;
  const auto axis = static_cast<size_t>(attribute<int64_t>(node, "axis"));
  const auto size = data.dims[axis].as_constant();
  if (!size || index->integer >= *size || index->integer < -*size) return false;
  const int64_t position = index->integer < 0 ? index->integer + *size : index->integer;
  const ValueId x = node.operands[0];
  const Shape shape = context.result(id).dims;
  Shape starts(data.dims.size(), Dim(0));
  Shape limits = data.dims;
  Integers steps(data.dims.size(), 1);
  starts[axis] = position;
  limits[axis] = position + 1;
  GraphBuilder builder = context.rewriter.before(id);
  const ValueId slice = checked(builder.slice(x, std::move(starts), std::move(limits), std::move(steps)));
  return context.replace(id, checked(builder.reshape(slice, shape)));
}

constexpr Rule kRules[] = {
    {"identity_move", "a move that keeps every element in its place -> x", "", Bits::Preserved, identity_move},
    {"move_of_splat", "a move of equal elements -> a constant", "", Bits::Preserved, move_of_splat},
    {"transpose_of_transpose", "transpose(transpose(x)) -> transpose(x)", "transpose", Bits::Preserved,
     transpose_of_transpose},
    {"transpose_as_reshape", "a transpose that moves axes of size 1 only -> reshape(x)", "transpose", Bits::Preserved,
     transpose_as_reshape},
    {"reshape_of_reshape", "reshape(reshape(x)) -> reshape(x)", "reshape", Bits::Preserved, reshape_of_reshape},
    {"expand_as_reshape", "an expand that adds axes of size 1 only -> reshape(x)", "expand", Bits::Preserved,
     expand_as_reshape},
    {"expand_of_expand", "expand(expand(x)) -> expand(x)", "expand", Bits::Preserved, expand_of_expand},
    {"slice_of_slice", "slice(slice(x)) -> slice(x), forward steps", "slice", Bits::Preserved, slice_of_slice},
    {"pad_of_pad", "pad(pad(x)) -> pad(x) with the same value", "pad", Bits::Preserved, pad_of_pad},
    {"gather_as_slice", "gather(x, one constant position) -> slice(x)", "gather", Bits::Preserved, gather_as_slice},
};

}  // namespace

std::span<const Rule> move_rules() { return kRules; }

}  // namespace lathe::passes
