// Reading and checking the geometry of windows.
#include "ir/graph/ops/window_geometry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

namespace lathe {
namespace {

Status check_list(InferContext& context, std::string_view name, size_t length, int64_t least) {
  const Integers& values = context.integers(name);
  if (!values.empty() && values.size() != length) {
    return context
        .error(DiagnosticKind::BadAttribute, "`{}` of `{}` has {} entries ([{}]), it needs {}", name, context.op().name,
               values.size(), fmt::join(values, ", "), length)
        .emit();
  }
  // Beyond 2^31 the arithmetic on sizes could leave 64 bits.
  constexpr int64_t kMost = int64_t{1} << 31;
  for (const int64_t value : values) {
    if (value >= least && value <= kMost) continue;
    return context
        .error(DiagnosticKind::BadAttribute, "`{}` of `{}` is [{}]; every entry must be at least {}{}", name,
               context.op().name, fmt::join(values, ", "), least, value > kMost ? " and at most 2147483648" : "")
        .emit();
  }
  return {};
}

std::string pads_text(const WindowAxis& axis) {
  if (axis.pad_low == axis.pad_high) return fmt::format("2*{}", axis.pad_low);
  return fmt::format("{} + {}", axis.pad_low, axis.pad_high);
}

}  // namespace

WindowGeometry window_of(const NodeView& node, size_t spatial) {
  const Integers& strides = node.integers("strides");
  const Integers& dilations = node.integers("dilations");
  const Integers& pads = node.integers("pads");
  WindowGeometry geometry;
  geometry.channels_last = node.boolean("channels_last");
  for (size_t i = 0; i < spatial; ++i) {
    geometry.axes.push_back({.stride = strides.empty() ? 1 : strides[i],
                             .dilation = dilations.empty() ? 1 : dilations[i],
                             .pad_low = pads.empty() ? 0 : pads[i],
                             .pad_high = pads.empty() ? 0 : pads[spatial + i]});
  }
  return geometry;
}

Status check_window(InferContext& context, size_t spatial) {
  LATHE_TRY_VOID(context.require_rank(0, static_cast<int>(spatial) + 2));
  LATHE_TRY_VOID(check_list(context, "strides", spatial, 1));
  LATHE_TRY_VOID(check_list(context, "dilations", spatial, 1));
  return check_list(context, "pads", 2 * spatial, 0);
}

Result<Dim> window_size(InferContext& context, const WindowAxis& axis, size_t spatial_axis, const Dim& kernel,
                        WindowRounding rounding) {
  const Dim& size = context.dims(0)[spatial_axis];
  const Dim covered = Dim(axis.dilation) * (kernel - 1) + 1;
  const Dim padded = size + Dim(axis.pad_low + axis.pad_high);
  const std::string kernel_text =
      axis.dilation == 1 ? kernel.python_text() : fmt::format("({}*({} - 1) + 1)", axis.dilation, kernel.python_text());
  if (!kernel.valid() || !covered.valid() || !padded.valid()) {
    return context.error(DiagnosticKind::SizeOverflow, "sizes of `{}` are beyond 64 bits", context.op().name).emit();
  }
  const std::string message = fmt::format(
      "the kernel of `{}` covers {} elements of axis {} of {}, which has {}{}: `{}`", context.op().name,
      covered.python_text(), spatial_axis, context.operand_text(0), size.python_text(),
      axis.pad_low + axis.pad_high == 0 ? "" : fmt::format(" and {} of padding", axis.pad_low + axis.pad_high),
      text(context.tensor(0)));
  const bool may_be_cut = rounding == WindowRounding::DownToOne;
  const Dim room = may_be_cut ? padded + Dim(axis.stride - 1) : padded;
  if (context.symbols().prove_le(covered, room) == Answer::No) {
    return context.error(DiagnosticKind::WindowTooLarge, "{}", message)
        .explain(context.origins(), size)
        .explain(context.origins(), kernel)
        .emit();
  }
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::WindowTooLarge, covered, room, message));
  Dim count = floordiv(padded - covered, Dim(axis.stride)) + 1;
  std::string formula =
      fmt::format("({} + {} - {})/{} + 1", size.python_text(), pads_text(axis), kernel_text, axis.stride);
  if (may_be_cut && !context.symbols().known_le(covered, padded)) count = maximum(count, 1);
  if (rounding == WindowRounding::Up) {
    count =
        minimum(ceildiv(padded - covered, Dim(axis.stride)) + 1, ceildiv(size + Dim(axis.pad_low), Dim(axis.stride)));
    formula += ", rounded up";
  }
  return context.computed(context.symbols().simplify(count), std::move(formula), {size, kernel});
}

Dim window_index(const WindowAxis& axis, const Dim& result_index, const Dim& tap) {
  return result_index * Dim(axis.stride) + tap * Dim(axis.dilation) - Dim(axis.pad_low);
}

std::vector<AttributeDef> window_attributes() {
  return {
      {"strides", AttributeKind::Integers, EmptyList{}, "step of the window on each spatial axis; empty: 1"},
      {"pads", AttributeKind::Integers, EmptyList{}, "padding before each spatial axis, then after each; empty: none"},
      {"dilations", AttributeKind::Integers, EmptyList{}, "distance of the taps on each spatial axis; empty: 1"}};
}

AttributeDef channels_last_attribute() {
  return {"channels_last", AttributeKind::Boolean, false,
          "x and the result are [N, spatial..., C], not [N, C, spatial...]"};
}

}  // namespace lathe
