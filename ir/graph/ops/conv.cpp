// Convolution over one to three spatial axes.
//
// Definition: ONNX Conv and torch.nn.Conv1d/2d/3d, which are cross-correlations: no tap is flipped. Each result element
// sums its products in one fixed order: channels then taps for [N, C, ...]; taps then channels for [N, ..., C].
#include <fmt/format.h>

#include "ir/graph/ops/window_geometry.h"

namespace lathe {
namespace {

Status check_conv_rank(InferContext& context) {
  const int rank = context.tensor(1).rank();
  if (rank < 3 || rank > 5) {
    return context
        .error(DiagnosticKind::RankMismatch, "the weight of `conv` needs 3 to 5 axes, {} has {}: `{}`",
               context.operand_text(1), rank, text(context.tensor(1)))
        .emit();
  }
  if (context.tensor(0).rank() == rank) return {};
  static constexpr std::string_view kLayouts[] = {"[N, C, L]", "[N, C, H, W]", "[N, C, D, H, W]"};
  return context
      .error(DiagnosticKind::RankMismatch, "`conv` with the weight {} (`{}`) takes {}, but {} has {} axes: `{}`",
             context.operand_text(1), text(context.tensor(1)), kLayouts[rank - 3], context.operand_text(0),
             context.tensor(0).rank(), text(context.tensor(0)))
      .emit();
}

Status check_channels(InferContext& context, size_t channel_axis, int64_t groups) {
  const TensorType& x = context.tensor(0);
  const TensorType& weight = context.tensor(1);
  if (groups < 1) {
    return context.error(DiagnosticKind::BadAttribute, "`groups` of `conv` is {}; it must be at least 1", groups)
        .emit();
  }
  const Dim& have = x.dims[channel_axis];
  const Dim wanted = weight.dims[1] * Dim(groups);
  if (context.symbols().prove_eq(have, wanted) != Answer::Yes) {
    const std::string split =
        groups == 1 ? "" : fmt::format(" ({} in each of {} groups)", weight.dims[1].python_text(), groups);
    const std::string message = fmt::format(
        "`conv` gets {} channels from {} (`{}`), but the weight {} (`{}`) takes {}{}", have.python_text(),
        context.operand_text(0), text(x), context.operand_text(1), text(weight), wanted.python_text(), split);
    const SymbolTable& symbols = context.symbols();
    if (symbols.prove_eq(have, wanted) == Answer::No) {
      auto error = context.error(DiagnosticKind::ChannelMismatch, "{}", message)
                       .explain(context.origins(), have)
                       .explain(context.origins(), weight.dims[1]);
      const size_t other_axis = channel_axis == 1 ? x.dims.size() - 1 : 1;
      if (symbols.prove_eq(x.dims[other_axis], wanted) != Answer::Yes) return std::move(error).emit();
      return std::move(error)
          .note(fmt::format("axis {} has {} elements: a transpose that moves it to axis {} may be missing", other_axis,
                            wanted.python_text(), channel_axis))
          .emit();
    }
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, have, wanted, message));
  }
  const std::string message = fmt::format("`conv` can't split the {} out_channels of {} into {} groups",
                                          weight.dims[0].python_text(), context.operand_text(1), groups);
  return context.require_equal(DiagnosticKind::ChannelMismatch, modulo(weight.dims[0], Dim(groups)), 0, message);
}

Status check_bias(InferContext& context, const Dim& channels) {
  if (!context.has_operand(2)) return {};
  LATHE_TRY_VOID(context.require_rank(2, 1));
  const std::string message =
      fmt::format("the bias {} of `{}` has {} elements for {} out_channels", context.operand_text(2), context.op().name,
                  context.dims(2)[0].python_text(), channels.python_text());
  return context.require_equal(DiagnosticKind::ChannelMismatch, channels, context.dims(2)[0], message);
}

Result<std::vector<Type>> infer_conv(InferContext& context) {
  LATHE_TRY_VOID(check_conv_rank(context));
  const TensorType& x = context.tensor(0);
  const Shape& weight = context.dims(1);
  const size_t spatial = weight.size() - 2;
  LATHE_TRY_VOID(check_window(context, spatial));
  const WindowGeometry geometry = window_of(context, spatial);
  LATHE_TRY_VOID(check_channels(context, geometry.channel_axis(), context.integer("groups")));
  LATHE_TRY_VOID(check_bias(context, weight[0]));
  Shape result = x.dims;
  result[geometry.channel_axis()] = out_channels(context, weight[0]);
  for (size_t i = 0; i < spatial; ++i) {
    const size_t axis = geometry.spatial_axis(i);
    LATHE_TRY(result[axis], window_size(context, geometry.axes[i], axis, weight[2 + i], WindowRounding::Down));
  }
  return one_type(x.element, std::move(result));
}

void describe_conv(const NodeView& node, Reduction& reduction) {
  const Shape& weight = node.dims(1);
  const size_t spatial = weight.size() - 2;
  const WindowGeometry geometry = window_of(node, spatial);
  const size_t rank = geometry.rank();
  const Dim groups = node.integer("groups");
  reduction.extents = node.result().dims;
  reduction.result_rank = rank;
  const size_t channel_position = rank + (geometry.channels_last ? spatial : 0);
  const size_t tap_position = rank + (geometry.channels_last ? 0 : 1);
  if (!geometry.channels_last) reduction.extents.push_back(weight[1]);
  reduction.extents.insert(reduction.extents.end(), weight.begin() + 2, weight.end());
  if (geometry.channels_last) reduction.extents.push_back(weight[1]);

  const Dim out_channel = axis_symbol(geometry.channel_axis());
  std::vector<Dim> x_index(rank);
  std::vector<Dim> weight_index{out_channel, axis_symbol(channel_position)};
  x_index[0] = axis_symbol(0);
  x_index[geometry.channel_axis()] = axis_symbol(channel_position);
  if (!groups.is_constant(1)) {
    const Dim out_per_group = floordiv(weight[0], groups);
    x_index[geometry.channel_axis()] += floordiv(out_channel, out_per_group) * weight[1];
  }
  for (size_t i = 0; i < spatial; ++i) {
    const size_t axis = geometry.spatial_axis(i);
    const Dim tap = axis_symbol(tap_position + i);
    x_index[axis] = window_index(geometry.axes[i], axis_symbol(axis), tap);
    weight_index.push_back(tap);
  }
  reduction.operands = {0, 1};
  reduction.operand_indices = {std::move(x_index), std::move(weight_index)};
  reduction.padded = true;
  set_product_body(node, reduction);
  if (!node.has_operand(2)) return;
  reduction.finish_operands = {2};
  reduction.finish_indices = {{out_channel}};
  ScalarBuilder builder;
  const ScalarId bias = builder.cast(builder.argument(2, node.tensor(2).element), reduction.accumulator);
  reduction.finish = builder.finish(builder.add(builder.argument(0, reduction.accumulator), bias));
}

}  // namespace

Dim out_channels(const InferContext& context, const Dim& channels) {
  const LocationId weight = context.module().graph.value(context.operand(1)).location;
  return context.origins().declared(channels, fmt::format("out_channels of {}", context.operand_text(1)),
                                    weight.valid() ? weight : context.location());
}

std::span<const OpDef> conv_ops() {
  static const std::vector<OpDef> rows = [] {
    std::vector<AttributeDef> attributes = window_attributes();
    attributes.push_back({"groups", AttributeKind::Integer, int64_t{1},
                          "into how many parts channels are split; each reads its own part of x"});
    attributes.push_back(channels_last_attribute());
    return std::vector<OpDef>{
        {.name = "conv",
         .doc =
             "slides a kernel over the spatial axes of x, sums x * weight over channels and taps, and adds the bias. "
             "Sums "
             "run over channels, then taps (taps, then channels, if channels_last), fused, in f32 for narrower floats",
         .operands = {{"x", kAnyNumber, OperandKind::Required, "[N, C, spatial...], or [N, spatial..., C]"},
                      {"weight", kAnyNumber, OperandKind::Required,
                       "[out_channels, C / groups, kernel...], in either layout"},
                      {"bias", kAnyNumber, OperandKind::Optional, "[out_channels]"}},
         .attributes = std::move(attributes),
         .traits = Trait::SameElements,
         .exactness = Exactness::Reordered,
         .infer = infer_conv,
         .semantics = Window{describe_conv, true}}};
  }();
  return rows;
}

}  // namespace lathe
