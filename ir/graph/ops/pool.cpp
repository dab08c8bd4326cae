// Pools: the largest, the average, or the p-norm of a sliding window.
//
// Definitions: ONNX MaxPool, AveragePool, LpPool (opset 22), torch.nn.MaxPool2d and AvgPool2d. Padding takes no part,
// except that count_include_pad counts it. With ceil_mode the last window may reach behind the padding; that part is
// never counted.
#include <fmt/format.h>

#include <cmath>

#include "ir/graph/ops/window_geometry.h"

namespace lathe {
namespace {

Result<std::vector<Type>> infer_pool(InferContext& context) {
  const TensorType& x = context.tensor(0);
  const Integers& kernel = context.integers("kernel");
  if (kernel.empty()) {
    return context
        .error(DiagnosticKind::BadAttribute, "`kernel` of `{}` is empty; it needs one entry for each spatial axis",
               context.op().name)
        .emit();
  }
  LATHE_TRY_VOID(check_window(context, kernel.size()));
  const WindowGeometry geometry = window_of(context, kernel.size());
  const WindowRounding rounding = context.boolean("ceil_mode") ? WindowRounding::Up : WindowRounding::DownToOne;
  Shape result = x.dims;
  for (size_t i = 0; i < kernel.size(); ++i) {
    if (kernel[i] < 1) {
      return context
          .error(DiagnosticKind::BadAttribute, "`kernel` of `{}` has the size {}; it must be at least 1",
                 context.op().name, kernel[i])
          .emit();
    }
    const size_t axis = geometry.spatial_axis(i);
    LATHE_TRY(result[axis], window_size(context, geometry.axes[i], axis, Dim(kernel[i]), rounding));
  }
  return one_type(x.element, std::move(result));
}

Result<std::vector<Type>> infer_lp_pool(InferContext& context) {
  if (context.integer("p") < 1) {
    return context
        .error(DiagnosticKind::BadAttribute, "`p` of `lp_pool` is {}; it must be at least 1", context.integer("p"))
        .emit();
  }
  return infer_pool(context);
}

// Iteration space and index map of a pool.
WindowGeometry describe_space(const NodeView& node, Reduction& reduction) {
  const Integers& kernel = node.integers("kernel");
  const WindowGeometry geometry = window_of(node, kernel.size());
  reduction.extents = node.result().dims;
  reduction.result_rank = geometry.rank();
  std::vector<Dim> index = axis_symbols(geometry.rank());
  for (size_t i = 0; i < kernel.size(); ++i) {
    const Dim tap = axis_symbol(reduction.extents.size());
    reduction.extents.emplace_back(kernel[i]);
    Dim& at = index[geometry.spatial_axis(i)];
    at = window_index(geometry.axes[i], at, tap);
  }
  reduction.operands = {0};
  reduction.operand_indices = {std::move(index)};
  reduction.padded = true;
  reduction.accumulator = wide_type(node.tensor(0).element);
  return geometry;
}

ScalarId element(const NodeView& node, const Reduction& reduction, ScalarBuilder& builder) {
  return builder.cast(builder.argument(0, node.tensor(0).element), reduction.accumulator);
}

void describe_max_pool(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_extremum(reduction, Extremum::Largest);
  ScalarBuilder builder;
  reduction.body = builder.finish(element(node, reduction, builder));
}

// How many taps of the window at `result_index` lie in x, or in x and its padding.
Dim tap_count(const WindowAxis& axis, int64_t kernel, const Dim& size, const Dim& result_index, bool include_pad) {
  const Dim start = result_index * Dim(axis.stride) - Dim(axis.pad_low);
  const Dim limit = include_pad ? size + Dim(axis.pad_high) : size;
  const Dim end = minimum(kernel, ceildiv(limit - start, Dim(axis.dilation)));
  const Dim begin = include_pad ? Dim(0) : maximum(0, ceildiv(-start, Dim(axis.dilation)));
  return maximum(end - begin, 0);
}

void describe_average_pool(const NodeView& node, Reduction& reduction) {
  const WindowGeometry geometry = describe_space(node, reduction);
  const Integers& kernel = node.integers("kernel");
  const bool ceil_mode = node.boolean("ceil_mode");
  const bool include_pad = node.boolean("count_include_pad");
  reduction.count = 1;
  for (size_t i = 0; i < kernel.size(); ++i) {
    const WindowAxis& axis = geometry.axes[i];
    const size_t at = geometry.spatial_axis(i);
    const Dim padded = node.dims(0)[at] + Dim(axis.pad_low + axis.pad_high);
    const Dim covered = Dim(axis.dilation * (kernel[i] - 1) + 1);
    const bool fits = !ceil_mode && node.module().symbols.known_le(covered, padded);
    const bool always_full = fits && (include_pad || (axis.pad_low == 0 && axis.pad_high == 0));
    reduction.count *=
        always_full ? Dim(kernel[i]) : tap_count(axis, kernel[i], node.dims(0)[at], axis_symbol(at), include_pad);
  }
  ScalarBuilder body;
  reduction.body = body.finish(element(node, reduction, body));
  ScalarBuilder builder;
  const ScalarId sum = builder.argument(0, reduction.accumulator);
  const ScalarId count = builder.argument(1, reduction.accumulator);
  // A window that lies in the padding entirely gives 0.
  const ScalarId divisor =
      reduction.count.is_constant() ? count : builder.max(count, builder.constant_like(count, 1.0));
  reduction.finish = builder.finish(builder.div(sum, divisor));
}

void describe_lp_pool(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  const int64_t p = node.integer("p");
  ScalarBuilder body;
  const ScalarId x = element(node, reduction, body);
  ScalarBuilder finish;
  const ScalarId sum = finish.argument(0, reduction.accumulator);
  if (p == 1) {
    reduction.body = body.finish(body.abs(x));
  } else if (p == 2) {
    reduction.body = body.finish(body.mul(x, x));
    reduction.finish = finish.finish(finish.sqrt(sum));
  } else {
    const auto exponent = static_cast<double>(p);
    reduction.body = body.finish(body.pow(body.abs(x), body.constant_like(x, exponent)));
    reduction.finish = finish.finish(finish.pow(sum, finish.constant_like(sum, 1.0 / exponent)));
  }
}

OpDef row(std::string_view name, std::string_view doc, ElementSet elements, InferFunction infer,
          DescribeReduction describe, std::vector<AttributeDef> more) {
  std::vector<AttributeDef> attributes = {
      {"kernel", AttributeKind::Integers, Required{}, "size of the window on each spatial axis"}};
  for (const AttributeDef& def : window_attributes()) attributes.push_back(def);
  attributes.push_back({"ceil_mode", AttributeKind::Boolean, false, "a last window that is not full counts too"});
  attributes.insert(attributes.end(), more.begin(), more.end());
  attributes.push_back(channels_last_attribute());
  return {.name = name,
          .doc = doc,
          .operands = {{"x", elements, OperandKind::Required, "[N, C, spatial...], or [N, spatial..., C]"}},
          .attributes = std::move(attributes),
          .exactness = name == "max_pool" ? Exactness::Exact : Exactness::Reordered,
          .infer = infer,
          .semantics = Window{describe, false}};
}

}  // namespace

std::span<const OpDef> pool_ops() {
  static const std::vector<OpDef> rows = {
      row("max_pool", "the largest element of a sliding window; NaN where there is one", kAnyNumber, infer_pool,
          describe_max_pool, {}),
      row("average_pool", "the average of a sliding window", kAnyFloat, infer_pool, describe_average_pool,
          {{"count_include_pad", AttributeKind::Boolean, false, "padding counts as zeros; else it doesn't count"}}),
      row("lp_pool", "the p-norm of a sliding window: the p-th root of the sum of |x|^p", kAnyFloat, infer_lp_pool,
          describe_lp_pool, {{"p", AttributeKind::Integer, int64_t{2}, "which norm"}}),
  };
  return rows;
}

}  // namespace lathe
