// Rules on contractions: transposed operands, biases, padding.
#include <algorithm>

#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

// The permutation exchanges the last two axes and leaves the others alone.
bool exchanges_last_two(const Integers& permutation) {
  const auto rank = static_cast<int64_t>(permutation.size());
  if (rank < 2) return false;
  for (int64_t axis = 0; axis < rank; ++axis) {
    const int64_t expected = axis == rank - 2 ? rank - 1 : axis == rank - 1 ? rank - 2 : axis;
    if (permutation[static_cast<size_t>(axis)] != expected) return false;
  }
  return true;
}

bool matmul_of_transpose(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  for (uint32_t i = 0; i < 2; ++i) {
    const NodeId transpose = producer_named(context.graph, node.operands[i], "transpose");
    if (!transpose.valid()) continue;
    if (!exchanges_last_two(attribute<Integers>(context.node(transpose), "permutation"))) continue;
    const auto index = static_cast<size_t>(node.op->attribute_index(i == 0 ? "transpose_a" : "transpose_b"));
    const bool flag = std::get<bool>(node.attributes[index]);
    const ValueId source = context.node(transpose).operands[0];
    context.graph.set_attribute(id, index, !flag);
    context.graph.set_operand(id, i, source);
    context.rewriter.count_change();
    return true;
  }
  return false;
}

size_t channel_axis(const Node& conv, size_t rank) { return attribute<bool>(conv, "channels_last") ? rank - 1 : 1; }

// add(conv(x, w), c) -> conv(x, w, c) for a constant c with one number a channel.
bool conv_bias(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId conv_id = producer_named(context.graph, node.operands[0], "conv");
  if (!conv_id.valid() || !has_one_use(context.graph, node.operands[0])) return false;
  const Node& conv = context.node(conv_id);
  const TensorType& result = context.result(id);
  // A narrow float would be rounded before the sum and not only behind it.
  if (conv.operands.size() > 2 || (result.element != ElementType::F32 && result.element != ElementType::F64))
    return false;
  if (!same_type(context.module, result, context.result(conv_id))) return false;
  const ConstantData* constant = constant_of(context.module, node.operands[1]);
  if (constant == nullptr || constant->absent) return false;
  const size_t rank = result.dims.size();
  const size_t channels = channel_axis(conv, rank);
  for (size_t axis = 0; axis < rank; ++axis) {
    if (axis != channels && !broadcast_dim(constant->type.dims, axis, rank).is_constant(1)) return false;
  }
  const Dim size = result.dims[channels];
  if (!size.is_constant()) return false;
  const ValueId addend = node.operands[1];
  const std::vector<ValueId> operands = conv.operands;
  std::vector<NamedAttribute> attributes;
  for (size_t i = 0; i < conv.attributes.size(); ++i)
    attributes.push_back({conv.op->attributes[i].name, conv.attributes[i]});
  GraphBuilder builder = context.rewriter.before(id, {conv_id, id});
  ValueId bias;
  if (broadcast_dim(constant->type.dims, channels, rank) == size) {
    bias = checked(builder.reshape(addend, {size}));
  } else {
    bias = checked(builder.expand(checked(builder.reshape(addend, {})), {size}));
  }
  return context.replace(id, checked(builder.one("conv", {operands[0], operands[1], bias}, std::move(attributes))));
}

// conv(pad(x)) -> conv(x) with more padding.
bool conv_of_pad(const RuleContext& context, NodeId id) {
  const Node& node = context.node(id);
  const NodeId pad_id = producer_named(context.graph, node.operands[0], "pad");
  if (!pad_id.valid() || !has_one_use(context.graph, node.operands[0])) return false;
  const Node& pad = context.node(pad_id);
  if (attribute<std::string>(pad, "mode") != "constant" || attribute<double>(pad, "value") != 0.0) return false;
  const Shape& low = attribute<Shape>(pad, "low");
  const Shape& high = attribute<Shape>(pad, "high");
  const size_t rank = low.size();
  const size_t spatial = rank - 2;
  const size_t first = attribute<bool>(node, "channels_last") ? 1 : 2;
  Integers pads = attribute<Integers>(node, "pads");
  pads.resize(2 * spatial);
  for (size_t axis = 0; axis < rank; ++axis) {
    const bool is_spatial = axis >= first && axis < first + spatial;
    if (!is_spatial) {
      if (!low[axis].is_constant(0) || !high[axis].is_constant(0)) return false;
      continue;
    }
    const auto before = low[axis].as_constant();
    const auto behind = high[axis].as_constant();
    constexpr int64_t kMost = int64_t{1} << 20;
    if (!before || !behind || *before < 0 || *behind < 0 || *before > kMost || *behind > kMost) return false;
    pads[axis - first] += *before;
    pads[axis - first + spatial] += *behind;
  }
  const ValueId source = pad.operands[0];
  context.graph.set_attribute(id, static_cast<size_t>(node.op->attribute_index("pads")), std::move(pads));
  context.graph.set_operand(id, 0, source);
  context.rewriter.count_change();
  return true;
}

constexpr Rule kRules[] = {
    {"matmul_of_transpose", "matmul(transpose(a), b) -> matmul(a, b) with transpose_a; b alike", "matmul",
     Bits::Preserved, matmul_of_transpose},
    {"conv_bias", "conv(x, w) + c -> conv(x, w, c) for constant c of one number a channel", "add", Bits::Preserved,
     conv_bias},
    {"conv_of_pad", "conv(pad(x, 0)) -> conv(x) with more padding", "conv", Bits::Preserved, conv_of_pad},
};

}  // namespace

std::span<const Rule> contraction_rules() { return kRules; }

}  // namespace lathe::passes
