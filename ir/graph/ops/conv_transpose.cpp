// Transposed convolution: what convolution does to gradients; it upsamples.
//
// Definition: ONNX ConvTranspose, torch.nn.ConvTranspose1d/2d/3d: y[i*stride + k*dilation - pad] += x[i] * weight[k].
// It decomposes without multiplying by inserted zeros: the result positions of one remainder modulo the stride read
// every stride-th tap only, so one convolution with stride times as many channels and a kernel of ceil(K / stride)
// computes all of them side by side, and a reshape and transpose interleave them. Only an axis with a stride and a
// dilation above 1, or with a stride far above its kernel, is stuffed with zeros instead.
#include <fmt/format.h>

#include <algorithm>

#include "ir/graph/builder.h"
#include "ir/graph/ops/window_geometry.h"

namespace lathe {
namespace {

Result<std::vector<Type>> infer_conv_transpose(InferContext& context) {
  const TensorType& x = context.tensor(0);
  const TensorType& weight = context.tensor(1);
  if (weight.rank() < 3 || weight.rank() > 5 || weight.rank() != x.rank()) {
    return context
        .error(DiagnosticKind::RankMismatch,
               "`conv_transpose` needs an input and a weight with equally many axes, 3 to 5: {} is `{}`, {} is `{}`",
               context.operand_text(0), text(x), context.operand_text(1), text(weight))
        .emit();
  }
  const size_t spatial = weight.dims.size() - 2;
  LATHE_TRY_VOID(check_window(context, spatial));
  const WindowGeometry geometry = window_of(context, spatial);
  const int64_t groups = context.integer("groups");
  if (groups < 1) {
    return context
        .error(DiagnosticKind::BadAttribute, "`groups` of `conv_transpose` is {}; it must be at least 1", groups)
        .emit();
  }
  const Dim& channels = x.dims[geometry.channel_axis()];
  const std::string message = fmt::format(
      "`conv_transpose` gets {} channels from {} (`{}`), but the weight {} (`{}`) takes {}", channels.python_text(),
      context.operand_text(0), text(x), context.operand_text(1), text(weight), weight.dims[0].python_text());
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, channels, weight.dims[0], message));
  const std::string split =
      fmt::format("`conv_transpose` can't split {} channels into {} groups", channels.python_text(), groups);
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, modulo(weight.dims[0], Dim(groups)), 0, split));
  const Dim out = weight.dims[1] * Dim(groups);
  if (context.has_operand(2)) {
    LATHE_TRY_VOID(context.require_rank(2, 1));
    const std::string text = fmt::format("the bias {} of `conv_transpose` has {} elements for {} out_channels",
                                         context.operand_text(2), context.dims(2)[0].python_text(), out.python_text());
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, out, context.dims(2)[0], text));
  }
  const Integers& extra = context.integers("output_padding");
  if (!extra.empty() && extra.size() != spatial) {
    return context
        .error(DiagnosticKind::BadAttribute, "`output_padding` of `conv_transpose` has {} entries, it needs {}",
               extra.size(), spatial)
        .emit();
  }
  Shape result = x.dims;
  result[geometry.channel_axis()] = out_channels(context, out);
  for (size_t i = 0; i < spatial; ++i) {
    const WindowAxis& axis = geometry.axes[i];
    const Dim& size = x.dims[geometry.spatial_axis(i)];
    const Dim& kernel = weight.dims[2 + i];
    const int64_t more = extra.empty() ? 0 : extra[i];
    if (more < 0 || !kernel.is_constant()) {
      return context
          .error(DiagnosticKind::BadAttribute,
                 "`conv_transpose` needs a constant kernel and no negative `output_padding`")
          .emit();
    }
    const Dim length = (size - 1) * Dim(axis.stride) + Dim(axis.dilation) * (kernel - 1) +
                       Dim(1 + more - axis.pad_low - axis.pad_high);
    const std::string too_small = fmt::format(
        "axis {} of the result of `conv_transpose` has {} elements: {} of padding cut away more than there is",
        geometry.spatial_axis(i), length.python_text(), axis.pad_low + axis.pad_high);
    LATHE_TRY_VOID(context.require_le(DiagnosticKind::WindowTooLarge, 0, length, too_small));
    result[geometry.spatial_axis(i)] =
        context.computed(length,
                         fmt::format("({} - 1)*{} + {}*({} - 1) + 1 + {} - {} - {}", size.python_text(), axis.stride,
                                     axis.dilation, kernel.python_text(), more, axis.pad_low, axis.pad_high),
                         {size, kernel});
  }
  return one_type(x.element, std::move(result));
}

// How one spatial axis is computed: a convolution with `taps` taps makes `phases` neighbouring results at each
// position.
struct AxisPlan {
  int64_t phases = 1;    ///< the stride, or 1 when x is stuffed with zeros
  int64_t stuffing = 1;  ///< distance of x's elements after stuffing
  int64_t taps = 1;
  WindowAxis window;  ///< of the convolution
  int64_t cut = 0;    ///< first result, in the interleaved convolution
};

AxisPlan plan_axis(const WindowAxis& axis, int64_t kernel, int64_t output_padding) {
  AxisPlan plan;
  // Every phase has its own copy of the taps; beyond the size of the kernel most of those would be zeros.
  constexpr int64_t kMostPhases = 16;
  const bool stuffed = axis.stride > 1 && (axis.dilation > 1 || axis.stride > std::max(kernel, kMostPhases));
  plan.stuffing = stuffed ? axis.stride : 1;
  plan.phases = stuffed ? 1 : axis.stride;
  plan.taps = (kernel + plan.phases - 1) / plan.phases;
  plan.window.dilation = axis.dilation;
  // Position q of the convolution holds the results q*phases - pad_low and on; `first` is the first one that is needed.
  const int64_t reach = axis.dilation * (plan.taps - 1);
  const int64_t first = axis.pad_low / plan.phases;
  const int64_t skipped = std::max<int64_t>(first - reach, 0);
  plan.window.pad_low = reach - first + skipped;
  const int64_t last = axis.dilation * (kernel - 1) - axis.pad_high + output_padding;
  plan.window.pad_high = std::max<int64_t>(last >= 0 ? last / plan.phases : 0, 0);
  plan.cut = skipped * plan.phases + axis.pad_low - first * plan.phases;
  return plan;
}

class Expansion {
 public:
  Expansion(GraphBuilder& builder, const NodeView& node)
      : builder_(builder),
        node_(node),
        spatial_(node.dims(1).size() - 2),
        geometry_(window_of(node, spatial_)),
        groups_(node.integer("groups")),
        in_per_group_(floordiv(node.dims(1)[0], groups_)),
        out_per_group_(node.dims(1)[1]) {
    const Integers& extra = node.integers("output_padding");
    for (size_t i = 0; i < spatial_; ++i) {
      plans_.push_back(plan_axis(geometry_.axes[i], node.dims(1)[2 + i].constant(), extra.empty() ? 0 : extra[i]));
      phases_ *= plans_.back().phases;
    }
  }

  Result<std::vector<ValueId>> run() {
    LATHE_TRY(const ValueId x, stuffed_input());
    LATHE_TRY(const ValueId weight, phase_weight());
    std::vector<ValueId> operands{x, weight};
    if (node_.has_operand(2)) {
      LATHE_TRY(const ValueId bias, phase_bias());
      operands.push_back(bias);
    }
    Integers pads(2 * spatial_);
    Integers dilations;
    for (size_t i = 0; i < spatial_; ++i) {
      pads[i] = plans_[i].window.pad_low;
      pads[spatial_ + i] = plans_[i].window.pad_high;
      dilations.push_back(plans_[i].window.dilation);
    }
    LATHE_TRY(const ValueId phases, builder_.one("conv", std::move(operands),
                                                 {{"pads", std::move(pads)},
                                                  {"dilations", std::move(dilations)},
                                                  {"groups", node_.integer("groups")},
                                                  {"channels_last", geometry_.channels_last}}));
    LATHE_TRY(const ValueId interleaved, interleave(phases));
    LATHE_TRY(const ValueId result, cut(interleaved));
    return std::vector<ValueId>{result};
  }

 private:
  // x with stuffing - 1 zeros between neighbours.
  Result<ValueId> stuffed_input() {
    ValueId x = node_.operand(0);
    for (size_t i = 0; i < spatial_; ++i) {
      const int64_t distance = plans_[i].stuffing;
      if (distance == 1) continue;
      const size_t axis = geometry_.spatial_axis(i);
      const Dim size = builder_.dims(x)[axis];
      LATHE_TRY(x, builder_.unsqueeze(x, {axis + 1}));
      Shape high(builder_.dims(x).size(), Dim(0));
      const Shape low = high;
      high[axis + 1] = distance - 1;
      LATHE_TRY(x, builder_.one("pad", {x}, {{"low", low}, {"high", high}}));
      Shape joined = builder_.dims(x);
      joined.erase(joined.begin() + static_cast<std::ptrdiff_t>(axis));
      joined[axis] = size * Dim(distance);
      LATHE_TRY(x, builder_.reshape(x, joined));
      Shape limits = joined;
      limits[axis] = (size - 1) * Dim(distance) + 1;
      LATHE_TRY(x, builder_.slice(x, Shape(joined.size(), Dim(0)), std::move(limits), Integers(joined.size(), 1)));
    }
    return x;
  }

  // [groups*IC, OC, K...] -> [groups*phases*OC, IC, taps...]: every phases-th tap, in falling order.
  Result<ValueId> phase_weight() {
    ValueId weight = node_.operand(1);
    Shape high(spatial_ + 2, Dim(0));
    const Shape low = high;
    Shape split{groups_, in_per_group_, out_per_group_};
    Integers permutation{0};
    Shape joined{groups_ * Dim(phases_) * out_per_group_, in_per_group_};
    for (size_t i = 0; i < spatial_; ++i) {
      high[2 + i] = Dim(plans_[i].taps * plans_[i].phases) - node_.dims(1)[2 + i];
      split.emplace_back(plans_[i].taps);
      split.emplace_back(plans_[i].phases);
      permutation.push_back(static_cast<int64_t>(4 + 2 * i));
      joined.emplace_back(plans_[i].taps);
    }
    permutation.insert(permutation.end(), {2, 1});
    for (size_t i = 0; i < spatial_; ++i) permutation.push_back(static_cast<int64_t>(3 + 2 * i));
    LATHE_TRY(weight, builder_.one("pad", {weight}, {{"low", low}, {"high", high}}));
    LATHE_TRY(weight, builder_.reshape(weight, split));
    Shape starts(split.size(), Dim(0));
    Shape limits = split;
    Integers steps(split.size(), 1);
    for (size_t i = 0; i < spatial_; ++i) {
      starts[3 + 2 * i] = plans_[i].taps - 1;
      limits[3 + 2 * i] = -1;
      steps[3 + 2 * i] = -1;
    }
    LATHE_TRY(weight, builder_.slice(weight, std::move(starts), std::move(limits), std::move(steps)));
    LATHE_TRY(weight, builder_.transpose(weight, std::move(permutation)));
    return builder_.reshape(weight, std::move(joined));
  }

  // [groups*OC] -> [groups*phases*OC]
  Result<ValueId> phase_bias() {
    if (phases_ == 1) return node_.operand(2);
    LATHE_TRY(const ValueId split, builder_.reshape(node_.operand(2), {groups_, 1, out_per_group_}));
    LATHE_TRY(const ValueId repeated, builder_.expand(split, {groups_, Dim(phases_), out_per_group_}));
    return builder_.reshape(repeated, {groups_ * Dim(phases_) * out_per_group_});
  }

  // [N, groups*phases*OC, L...] -> [N, groups*OC, L*phases...], or the same with channels last.
  Result<ValueId> interleave(ValueId x) {
    if (phases_ == 1) return x;
    const Shape dims = builder_.dims(x);
    const bool last = geometry_.channels_last;
    const size_t channels = last ? 1 + spatial_ : 1;  // where the split channels start
    const size_t positions = last ? 1 : 3 + spatial_;
    Shape split{dims[0]};
    const auto append_positions = [&] {
      for (size_t i = 0; i < spatial_; ++i) split.push_back(dims[geometry_.spatial_axis(i)]);
    };
    if (last) append_positions();
    split.push_back(groups_);
    for (const AxisPlan& plan : plans_) split.emplace_back(plan.phases);
    split.push_back(out_per_group_);
    if (!last) append_positions();

    Integers permutation{0};
    Shape joined{dims[0]};
    const Integers channel_axes{static_cast<int64_t>(channels), static_cast<int64_t>(channels + 1 + spatial_)};
    if (!last) {
      permutation.insert(permutation.end(), channel_axes.begin(), channel_axes.end());
      joined.push_back(groups_ * out_per_group_);
    }
    for (size_t i = 0; i < spatial_; ++i) {
      permutation.push_back(static_cast<int64_t>(positions + i));
      permutation.push_back(static_cast<int64_t>(channels + 1 + i));
      joined.push_back(dims[geometry_.spatial_axis(i)] * Dim(plans_[i].phases));
    }
    if (last) {
      permutation.insert(permutation.end(), channel_axes.begin(), channel_axes.end());
      joined.push_back(groups_ * out_per_group_);
    }
    LATHE_TRY(x, builder_.reshape(x, std::move(split)));
    LATHE_TRY(x, builder_.transpose(x, std::move(permutation)));
    return builder_.reshape(x, std::move(joined));
  }

  Result<ValueId> cut(ValueId x) {
    const Shape& wanted = node_.result().dims;
    Shape starts(wanted.size(), Dim(0));
    for (size_t i = 0; i < spatial_; ++i) starts[geometry_.spatial_axis(i)] = plans_[i].cut;
    bool whole = true;
    Shape limits = wanted;
    for (size_t axis = 0; axis < wanted.size(); ++axis) {
      limits[axis] += starts[axis];
      whole &= starts[axis].is_constant(0) && limits[axis] == builder_.dims(x)[axis];
    }
    if (whole) return x;
    return builder_.slice(x, std::move(starts), std::move(limits), Integers(wanted.size(), 1));
  }

  GraphBuilder& builder_;
  const NodeView& node_;
  size_t spatial_;
  WindowGeometry geometry_;
  Dim groups_;
  Dim in_per_group_;
  Dim out_per_group_;
  std::vector<AxisPlan> plans_;
  int64_t phases_ = 1;  ///< of all axes together
};

Result<std::vector<ValueId>> expand_conv_transpose(GraphBuilder& builder, const NodeView& node) {
  return Expansion(builder, node).run();
}

}  // namespace

std::span<const OpDef> conv_transpose_ops() {
  static const std::vector<OpDef> rows = [] {
    std::vector<AttributeDef> attributes = window_attributes();
    attributes[1].doc =
        "how much is cut from the beginning of each spatial axis, then from the end of each; empty: nothing";
    attributes.push_back({"output_padding", AttributeKind::Integers, EmptyList{},
                          "how much longer each spatial axis of the result is at its end; empty: 0"});
    attributes.push_back({"groups", AttributeKind::Integer, int64_t{1}, "into how many parts channels are split"});
    attributes.push_back(channels_last_attribute());
    return std::vector<OpDef>{
        {.name = "conv_transpose",
         .doc = "adds weight * x[i] to the result at i * stride, for every spatial position i, and adds the bias",
         .operands = {{"x", kAnyNumber, OperandKind::Required, "[N, C, spatial...], or [N, spatial..., C]"},
                      {"weight", kAnyNumber, OperandKind::Required,
                       "[C, out_channels / groups, kernel...], in either layout"},
                      {"bias", kAnyNumber, OperandKind::Optional, "[out_channels]"}},
         .attributes = std::move(attributes),
         .traits = Trait::SameElements,
         .exactness = Exactness::Reordered,
         .infer = infer_conv_transpose,
         .semantics = Decompose{expand_conv_transpose}}};
  }();
  return rows;
}

}  // namespace lathe
