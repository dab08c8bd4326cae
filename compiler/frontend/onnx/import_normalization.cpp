// Softmax and its kind, and normalisations with learned scales.
#include <fmt/format.h>

#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

/// The product of dims [begin, end).
Dim product_of(const Shape& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t axis = begin; axis < end; ++axis) result *= dims[axis];
  return result;
}

/// 1 at the first largest element along an axis, else 0.
Result<ValueId> build_hardmax(NodeContext& context, ValueId x, size_t axis) {
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId largest,
            builder.one("arg_max", {x}, {{"axis", static_cast<int64_t>(axis)}, {"keep_dims", true}}));
  LATHE_TRY(
      const ValueId position,
      builder.one("iota", {},
                  {{"dims", builder.dims(x)}, {"axis", static_cast<int64_t>(axis)}, {"element", ElementType::I64}}));
  LATHE_TRY(const ValueId hit, builder.one("equal", {position, largest}));
  return builder.cast(hit, builder.tensor(x).element);
}

Result<ValueId> build_along_axis(NodeContext& context, ValueId x, size_t axis) {
  if (context.row().target == "hardmax") return build_hardmax(context, x, axis);
  return context.builder().one(context.row().target, {x}, {{"axis", static_cast<int64_t>(axis)}});
}

Outputs import_softmax(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -1), context.rank(0)));
  return single(build_along_axis(context, context.input(0), axis));
}

/// Up to opset 12 the operand is seen as a matrix: the axes before `axis` are rows, the others one long row.
Outputs import_softmax_of_matrix(NodeContext& context) {
  const int64_t given = context.integer("axis", 1);
  const Shape dims = context.dims(0);
  const int rank = context.rank(0);
  if (given == rank) return context.unsupported("`axis` at the number of axes");
  LATHE_TRY(const size_t axis, context.axis(given, rank));
  if (axis + 1 == dims.size()) return single(build_along_axis(context, context.input(0), axis));
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId matrix,
            builder.reshape(context.input(0), {product_of(dims, 0, axis), product_of(dims, axis, dims.size())}));
  LATHE_TRY(const ValueId result, build_along_axis(context, matrix, 1));
  return single(builder.reshape(result, dims));
}

constexpr double kDefaultEpsilon = static_cast<double>(1e-5F);

/// Operand `index` in the element type of operand 0: newer opsets let parameters have another one.
Result<ValueId> parameter(NodeContext& context, size_t index) {
  if (!context.has_input(index)) return ValueId();
  return context.builder().cast(context.input(index), context.element(0));
}

Outputs import_batch_normalization(NodeContext& context) {
  if (context.flag("training_mode", false)) return context.unsupported("training mode");
  if (!context.flag("spatial", true)) return context.unsupported("`spatial` = 0");
  if (context.opset() < 14 && context.wants_output(1))
    return context.unsupported("training mode (more than one output)");
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  std::vector<ValueId> operands{context.input(0)};
  for (size_t index = 1; index < 5; ++index) {
    LATHE_TRY(const ValueId operand, parameter(context, index));
    operands.push_back(operand);
  }
  return context.one("batch_norm", std::move(operands), {{"epsilon", context.number("epsilon", kDefaultEpsilon)}});
}

/// Up to opset 6 a flag says how it is used; without one, the number of outputs does.
Outputs import_old_batch_normalization(NodeContext& context) {
  if (!context.flag("is_test", true)) return context.unsupported("training mode (`is_test` = 0)");
  return import_batch_normalization(context);
}

Outputs import_instance_normalization(NodeContext& context) {
  return context.one("instance_norm", context.inputs(), {{"epsilon", context.number("epsilon", kDefaultEpsilon)}});
}

/// From opset 21 on scale and bias are per channel, before they are per group.
Outputs import_group_normalization(NodeContext& context) {
  const int64_t groups = context.integer("num_groups", 0);
  if (groups < 1) return context.bad_attribute("num_groups", "is {}, it must be at least 1", groups);
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  GraphBuilder& builder = context.builder();
  std::vector<ValueId> operands = context.inputs();
  const Dim channels = context.dims(0)[1];
  for (size_t index = 1; index < 3 && context.opset() < 21; ++index) {
    const Dim each = floordiv(channels, groups);
    LATHE_TRY(const ValueId column, builder.reshape(context.input(index), {Dim(groups), Dim(1)}));
    LATHE_TRY(const ValueId wide, builder.expand(column, {Dim(groups), each}));
    LATHE_TRY(operands[index], builder.reshape(wide, {Dim(groups) * each}));
  }
  return context.one("group_norm", std::move(operands),
                     {{"groups", groups}, {"epsilon", context.number("epsilon", kDefaultEpsilon)}});
}

/// The mean, and one over the standard deviation, which LayerNormalization gives as outputs 1 and 2.
Result<std::vector<ValueId>> build_statistics(NodeContext& context, size_t axis, double epsilon) {
  GraphBuilder& builder = context.builder();
  Integers axes;
  for (size_t at = axis; at < context.dims(0).size(); ++at) axes.push_back(static_cast<int64_t>(at));
  const std::vector<NamedAttribute> over{{"axes", axes}, {"keep_dims", true}};
  LATHE_TRY(const ValueId x, builder.cast(context.input(0), ElementType::F32));
  LATHE_TRY(const ValueId mean, builder.one("reduce_mean", {x}, over));
  LATHE_TRY(const ValueId centred, builder.one("sub", {x, mean}));
  LATHE_TRY(const ValueId squares, builder.one("mul", {centred, centred}));
  LATHE_TRY(const ValueId variance, builder.one("reduce_mean", {squares}, over));
  LATHE_TRY(const ValueId small, builder.scalar(ElementType::F32, epsilon));
  LATHE_TRY(const ValueId sum, builder.one("add", {variance, small}));
  LATHE_TRY(const ValueId inverse, builder.one("rsqrt", {sum}));
  return std::vector<ValueId>{mean, inverse};
}

Outputs import_layer_normalization(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -1), context.rank(0)));
  const double epsilon = context.number("epsilon", kDefaultEpsilon);
  if (context.integer("stash_type", 1) != 1) return context.unsupported("a `stash_type` other than float32");
  LATHE_TRY(std::vector<ValueId> outputs, context.one(context.row().target, context.inputs(),
                                                      {{"axis", static_cast<int64_t>(axis)}, {"epsilon", epsilon}}));
  if (context.wants_output(1) || context.wants_output(2)) {
    LATHE_TRY(const std::vector<ValueId> statistics, build_statistics(context, axis, epsilon));
    outputs.insert(outputs.end(), statistics.begin(), statistics.end());
  }
  return outputs;
}

Outputs import_lp_normalization(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -1), context.rank(0)));
  const int64_t p = context.integer("p", 2);
  if (p != 1 && p != 2) return context.bad_attribute("p", "is {}, expected 1 or 2", p);
  return context.one("lp_normalize", {context.input(0)}, {{"axis", static_cast<int64_t>(axis)}, {"p", p}});
}

Outputs import_mean_variance_normalization(NodeContext& context) {
  const std::vector<int64_t>* given = context.integers("axes");
  LATHE_TRY(const std::vector<size_t> axes,
            context.axes(given == nullptr ? Integers{0, 2, 3} : *given, context.rank(0)));
  return context.one("mean_variance_normalize", {context.input(0)}, {{"axes", Integers(axes.begin(), axes.end())}});
}

/// x / (bias + alpha / size * sum of squares over `size` neighbouring channels) ^ beta. The sum comes from an average
/// over a window that slides over the channels.
Outputs import_lrn(NodeContext& context) {
  const int64_t size = context.integer("size", 0);
  if (size < 1) return context.bad_attribute("size", "is {}, it must be at least 1", size);
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  GraphBuilder& builder = context.builder();
  const Shape dims = context.dims(0);
  const ElementType element = context.element(0);
  LATHE_TRY(const ValueId squares, builder.one("mul", {context.input(0), context.input(0)}));
  LATHE_TRY(const ValueId image,
            builder.reshape(squares, {dims[0], Dim(1), dims[1], product_of(dims, 2, dims.size())}));
  LATHE_TRY(const ValueId average, builder.one("average_pool", {image},
                                               {{"kernel", Integers{size, 1}},
                                                {"pads", Integers{(size - 1) / 2, 0, size / 2, 0}},
                                                {"count_include_pad", true}}));
  LATHE_TRY(const ValueId mean, builder.reshape(average, dims));
  LATHE_TRY(const ValueId alpha, builder.scalar(element, context.number("alpha", static_cast<double>(1e-4F))));
  LATHE_TRY(const ValueId scaled, builder.one("mul", {mean, alpha}));
  LATHE_TRY(const ValueId bias, builder.scalar(element, context.number("bias", 1.0)));
  LATHE_TRY(const ValueId base, builder.one("add", {scaled, bias}));
  LATHE_TRY(const ValueId beta, builder.scalar(element, context.number("beta", 0.75)));
  LATHE_TRY(const ValueId power, builder.one("pow", {base, beta}));
  return context.one("div", {context.input(0), power});
}

constexpr std::string_view kLayerAttributes = "axis:i epsilon:f stash_type:i";

constexpr OperatorRow kNormalizations[] = {
    {.name = "BatchNormalization",
     .until = 6,
     .handler = import_old_batch_normalization,
     .min_inputs = 5,
     .max_inputs = 5,
     .attributes = "epsilon:f is_test:i momentum:f spatial:i"},
    {.name = "BatchNormalization",
     .since = 7,
     .handler = import_batch_normalization,
     .min_inputs = 5,
     .max_inputs = 5,
     .attributes = "epsilon:f momentum:f spatial:i training_mode:i"},
    {.name = "GroupNormalization",
     .since = 18,
     .handler = import_group_normalization,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "epsilon:f num_groups:i stash_type:i"},
    {.name = "Hardmax", .until = 12, .handler = import_softmax_of_matrix, .attributes = "axis:i", .target = "hardmax"},
    {.name = "Hardmax", .since = 13, .handler = import_softmax, .attributes = "axis:i", .target = "hardmax"},
    {.name = "InstanceNormalization",
     .handler = import_instance_normalization,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "epsilon:f"},
    {.name = "LRN", .handler = import_lrn, .attributes = "alpha:f beta:f bias:f size:i"},
    {.name = "LayerNormalization",
     .since = 17,
     .handler = import_layer_normalization,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = kLayerAttributes,
     .target = "layer_norm"},
    {.name = "LogSoftmax",
     .until = 12,
     .handler = import_softmax_of_matrix,
     .attributes = "axis:i",
     .target = "log_softmax"},
    {.name = "LogSoftmax", .since = 13, .handler = import_softmax, .attributes = "axis:i", .target = "log_softmax"},
    {.name = "LpNormalization", .handler = import_lp_normalization, .attributes = "axis:i p:i"},
    {.name = "MeanVarianceNormalization",
     .since = 9,
     .handler = import_mean_variance_normalization,
     .attributes = "axes:is"},
    {.name = "RMSNormalization",
     .since = 23,
     .handler = import_layer_normalization,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = kLayerAttributes,
     .target = "rms_norm"},
    {.name = "Softmax", .until = 12, .handler = import_softmax_of_matrix, .attributes = "axis:i", .target = "softmax"},
    {.name = "Softmax", .since = 13, .handler = import_softmax, .attributes = "axis:i", .target = "softmax"},
};

}  // namespace

std::span<const OperatorRow> normalization_operators() { return kNormalizations; }

}  // namespace lathe::onnx
