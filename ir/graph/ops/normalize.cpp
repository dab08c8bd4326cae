// Normalisations: softmax and its logarithm, layer, RMS, batch, instance and group normalisation, Lp norms.
//
// All decompose into reductions and elementwise rows, which fusion joins again; floats narrower than f32 are computed
// in f32. Formulas: ONNX operator specification (opset 22) and PyTorch's torch.nn of the same names.
#include <fmt/format.h>

#include <numeric>

#include "ir/graph/builder.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

using Values = std::vector<ValueId>;

Integers range(size_t begin, size_t end) {
  Integers axes(end - begin);
  std::iota(axes.begin(), axes.end(), static_cast<int64_t>(begin));
  return axes;
}

/// Builds the parts that normalisations have in common, in the wide type of the first operand.
class Parts {
 public:
  Parts(GraphBuilder& builder, const NodeView& node)
      : builder_(builder), node_(node), wide_(wide_type(node.tensor(0).element)) {}

  Result<ValueId> operand(size_t index) { return builder_.cast(node_.operand(index), wide_); }
  Result<ValueId> reduce(std::string_view op, ValueId x, const Integers& axes) {
    return builder_.one(op, {x}, {{"axes", axes}, {"keep_dims", true}});
  }
  Result<ValueId> binary(std::string_view op, ValueId a, ValueId b) { return builder_.one(op, {a, b}); }
  Result<ValueId> unary(std::string_view op, ValueId a) { return builder_.one(op, {a}); }
  Result<ValueId> number(double value) { return builder_.scalar(wide_, value); }

  /// The result: `value` in the element type of the first operand.
  Result<Values> finish(ValueId value) {
    LATHE_TRY(const ValueId result, builder_.cast(value, node_.tensor(0).element));
    return Values{result};
  }

  /// x less its mean over `axes`.
  Result<ValueId> centred(ValueId x, const Integers& axes) {
    LATHE_TRY(const ValueId mean, reduce("reduce_mean", x, axes));
    return binary("sub", x, mean);
  }

  /// x / sqrt(mean(x * x) + epsilon) over `axes`.
  Result<ValueId> scaled_to_unit(ValueId x, const Integers& axes, double epsilon) {
    LATHE_TRY(const ValueId squares, binary("mul", x, x));
    LATHE_TRY(const ValueId mean, reduce("reduce_mean", squares, axes));
    LATHE_TRY(const ValueId small, number(epsilon));
    LATHE_TRY(const ValueId sum, binary("add", mean, small));
    LATHE_TRY(const ValueId factor, unary("rsqrt", sum));
    return binary("mul", x, factor);
  }

  /// Operand `index`, of shape [C], shaped to broadcast along `axis` of a tensor with `rank` axes.
  Result<ValueId> per_channel(size_t index, size_t rank, size_t axis) {
    LATHE_TRY(const ValueId value, operand(index));
    Shape shape(rank - axis, Dim(1));
    shape[0] = builder_.dims(value)[0];
    return builder_.reshape(value, std::move(shape));
  }

  /// x * scale + bias; an absent bias adds nothing.
  Result<ValueId> affine(ValueId x, ValueId scale, ValueId bias) {
    LATHE_TRY(const ValueId product, binary("mul", x, scale));
    if (!bias.valid()) return product;
    return binary("add", product, bias);
  }

 private:
  GraphBuilder& builder_;
  const NodeView& node_;
  ElementType wide_;
};

// ---- inference

Result<std::vector<Type>> infer_softmax(InferContext& context) {
  LATHE_TRY_VOID(stored_axis(context, context.integer("axis"), context.tensor(0).rank()));
  return infer_same_as_first(context);
}

// Operand `index` must broadcast to the axes of x from `axis` on.
Status require_fits(InferContext& context, size_t index, size_t axis) {
  const Shape& x = context.dims(0);
  const Shape& other = context.dims(index);
  const size_t normalised = x.size() - axis;
  if (other.size() > normalised) {
    return context
        .error(DiagnosticKind::RankMismatch, "`{}` normalises {} axes of {}, but `{}` {} has {}: `{}`",
               context.op().name, normalised, context.operand_text(0), context.op().operands[index].name,
               context.operand_text(index), other.size(), text(context.tensor(index)))
        .emit();
  }
  for (size_t i = 0; i < other.size(); ++i) {
    if (other[i].is_constant(1)) continue;
    const Dim& dim = x[x.size() - other.size() + i];
    const std::string message = fmt::format("`{}` normalises {} of `{}`, but `{}` {} is `{}`: {} meets {}",
                                            context.op().name, context.operand_text(0), text(context.tensor(0)),
                                            context.op().operands[index].name, context.operand_text(index),
                                            text(context.tensor(index)), dim.python_text(), other[i].python_text());
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, dim, other[i], message));
  }
  return {};
}

Result<std::vector<Type>> infer_layer_norm(InferContext& context) {
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), context.tensor(0).rank()));
  for (size_t index = 1; index < context.operand_count(); ++index) {
    if (context.has_operand(index)) LATHE_TRY_VOID(require_fits(context, index, axis));
  }
  return infer_same_as_first(context);
}

// Operands 1.. must have one element for each channel.
Status require_channels(InferContext& context, size_t axis) {
  const Dim& channels = context.dims(0)[axis];
  for (size_t index = 1; index < context.operand_count(); ++index) {
    LATHE_TRY_VOID(context.require_rank(index, 1));
    const Dim& size = context.dims(index)[0];
    const std::string message =
        fmt::format("`{}` reads {} channels (axis {} of {}, `{}`), but `{}` {} has {}", context.op().name,
                    channels.python_text(), axis, context.operand_text(0), text(context.tensor(0)),
                    context.op().operands[index].name, context.operand_text(index), size.python_text());
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, channels, size, message));
  }
  return {};
}

Result<std::vector<Type>> infer_batch_norm(InferContext& context) {
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), context.tensor(0).rank()));
  LATHE_TRY_VOID(require_channels(context, axis));
  return infer_same_as_first(context);
}

Result<std::vector<Type>> infer_instance_norm(InferContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  LATHE_TRY_VOID(require_channels(context, 1));
  return infer_same_as_first(context);
}

Result<std::vector<Type>> infer_group_norm(InferContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  LATHE_TRY_VOID(require_channels(context, 1));
  const int64_t groups = context.integer("groups");
  if (groups < 1) {
    return context.error(DiagnosticKind::BadAttribute, "`groups` of `group_norm` is {}; it must be at least 1", groups)
        .emit();
  }
  const Dim& channels = context.dims(0)[1];
  const std::string message =
      fmt::format("`group_norm` can't split the {} channels of {} (`{}`) into {} groups", channels.python_text(),
                  context.operand_text(0), text(context.tensor(0)), groups);
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ChannelMismatch, modulo(channels, groups), 0, message));
  return infer_same_as_first(context);
}

Result<std::vector<Type>> infer_lp_normalize(InferContext& context) {
  if (const int64_t p = context.integer("p"); p != 1 && p != 2) {
    return context.error(DiagnosticKind::BadAttribute, "`p` of `lp_normalize` is {}; it may be 1 or 2", p).emit();
  }
  return infer_softmax(context);
}

Result<std::vector<Type>> infer_mean_variance(InferContext& context) {
  LATHE_TRY_VOID(stored_axes(context, context.integers("axes"), context.tensor(0).rank()));
  return infer_same_as_first(context);
}

// ---- decompositions

// exp(x - max) / sum(exp(x - max)), or the logarithm of that.
Result<Values> expand_softmax(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  const Integers axes{node.integer("axis")};
  LATHE_TRY(const ValueId x, parts.operand(0));
  LATHE_TRY(const ValueId maximum, parts.reduce("reduce_max", x, axes));
  LATHE_TRY(const ValueId shifted, parts.binary("sub", x, maximum));
  LATHE_TRY(const ValueId powers, parts.unary("exp", shifted));
  LATHE_TRY(const ValueId sum, parts.reduce("reduce_sum", powers, axes));
  if (node.op().name == "softmax") {
    LATHE_TRY(const ValueId result, parts.binary("div", powers, sum));
    return parts.finish(result);
  }
  LATHE_TRY(const ValueId log, parts.unary("log", sum));
  LATHE_TRY(const ValueId result, parts.binary("sub", shifted, log));
  return parts.finish(result);
}

// (x - mean) / sqrt(variance + epsilon) * scale + bias over the axes from `axis` on; RMS normalisation leaves x
// uncentred.
Result<Values> expand_layer_norm(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  const Integers axes = range(static_cast<size_t>(node.integer("axis")), node.dims(0).size());
  LATHE_TRY(ValueId x, parts.operand(0));
  if (node.op().name == "layer_norm") {
    LATHE_TRY(x, parts.centred(x, axes));
  }
  LATHE_TRY(const ValueId unit, parts.scaled_to_unit(x, axes, node.number("epsilon")));
  LATHE_TRY(const ValueId scale, parts.operand(1));
  ValueId bias;
  if (node.has_operand(2)) {
    LATHE_TRY(bias, parts.operand(2));
  }
  LATHE_TRY(const ValueId result, parts.affine(unit, scale, bias));
  return parts.finish(result);
}

// x * a + (bias - mean * a) with a = scale / sqrt(variance + epsilon): both factors fold when the statistics are
// constant.
Result<Values> expand_batch_norm(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  const size_t rank = node.dims(0).size();
  const auto axis = static_cast<size_t>(node.integer("axis"));
  LATHE_TRY(const ValueId x, parts.operand(0));
  LATHE_TRY(const ValueId scale, parts.per_channel(1, rank, axis));
  LATHE_TRY(const ValueId bias, parts.per_channel(2, rank, axis));
  LATHE_TRY(const ValueId mean, parts.per_channel(3, rank, axis));
  LATHE_TRY(const ValueId variance, parts.per_channel(4, rank, axis));
  LATHE_TRY(const ValueId small, parts.number(node.number("epsilon")));
  LATHE_TRY(const ValueId sum, parts.binary("add", variance, small));
  LATHE_TRY(const ValueId root, parts.unary("sqrt", sum));
  LATHE_TRY(const ValueId factor, parts.binary("div", scale, root));
  LATHE_TRY(const ValueId shift, parts.binary("mul", mean, factor));
  LATHE_TRY(const ValueId offset, parts.binary("sub", bias, shift));
  LATHE_TRY(const ValueId result, parts.affine(x, factor, offset));
  return parts.finish(result);
}

Result<Values> expand_instance_norm(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  const size_t rank = node.dims(0).size();
  const Integers axes = range(2, rank);
  LATHE_TRY(const ValueId x, parts.operand(0));
  LATHE_TRY(const ValueId centred, parts.centred(x, axes));
  LATHE_TRY(const ValueId unit, parts.scaled_to_unit(centred, axes, node.number("epsilon")));
  LATHE_TRY(const ValueId scale, parts.per_channel(1, rank, 1));
  LATHE_TRY(const ValueId bias, parts.per_channel(2, rank, 1));
  LATHE_TRY(const ValueId result, parts.affine(unit, scale, bias));
  return parts.finish(result);
}

// As instance_norm on [N, groups, C / groups, ...], normalised over everything behind the groups.
Result<Values> expand_group_norm(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  // A copy: building may move the table that the operand's type stands in.
  const Shape dims = node.dims(0);  // NOLINT(performance-unnecessary-copy-initialization)
  const Dim groups = node.integer("groups");
  Shape grouped{dims[0], groups, floordiv(dims[1], groups)};
  grouped.insert(grouped.end(), dims.begin() + 2, dims.end());
  const Integers axes = range(2, grouped.size());
  LATHE_TRY(const ValueId x, parts.operand(0));
  LATHE_TRY(const ValueId split, builder.reshape(x, std::move(grouped)));
  LATHE_TRY(const ValueId centred, parts.centred(split, axes));
  LATHE_TRY(const ValueId unit, parts.scaled_to_unit(centred, axes, node.number("epsilon")));
  LATHE_TRY(const ValueId joined, builder.reshape(unit, dims));
  LATHE_TRY(const ValueId scale, parts.per_channel(1, dims.size(), 1));
  LATHE_TRY(const ValueId bias, parts.per_channel(2, dims.size(), 1));
  LATHE_TRY(const ValueId result, parts.affine(joined, scale, bias));
  return parts.finish(result);
}

// x / norm; all zeros stay zero.
Result<Values> expand_lp_normalize(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  LATHE_TRY(const ValueId x, parts.operand(0));
  const std::string_view norm_op = node.integer("p") == 1 ? "reduce_l1" : "reduce_l2";
  LATHE_TRY(const ValueId norm, parts.reduce(norm_op, x, {node.integer("axis")}));
  LATHE_TRY(const ValueId zero, parts.number(0.0));
  LATHE_TRY(const ValueId one, parts.number(1.0));
  LATHE_TRY(const ValueId empty, parts.binary("equal", norm, zero));
  LATHE_TRY(const ValueId divisor, builder.one("where", {empty, one, norm}));
  LATHE_TRY(const ValueId result, parts.binary("div", x, divisor));
  return parts.finish(result);
}

// (x - mean) / (sqrt(variance) + epsilon)
Result<Values> expand_mean_variance(GraphBuilder& builder, const NodeView& node) {
  Parts parts(builder, node);
  const Integers& axes = node.integers("axes");
  LATHE_TRY(const ValueId x, parts.operand(0));
  LATHE_TRY(const ValueId centred, parts.centred(x, axes));
  LATHE_TRY(const ValueId squares, parts.binary("mul", centred, centred));
  LATHE_TRY(const ValueId variance, parts.reduce("reduce_mean", squares, axes));
  LATHE_TRY(const ValueId deviation, parts.unary("sqrt", variance));
  LATHE_TRY(const ValueId small, parts.number(node.number("epsilon")));
  LATHE_TRY(const ValueId divisor, parts.binary("add", deviation, small));
  LATHE_TRY(const ValueId result, parts.binary("div", centred, divisor));
  return parts.finish(result);
}

OperandDef input() { return {"x", kAnyFloat, OperandKind::Required, "the tensor to normalise"}; }
OperandDef scale() { return {"scale", kAnyFloat, OperandKind::Required, "multiplies what is normalised"}; }
OperandDef bias(OperandKind kind) { return {"bias", kAnyFloat, kind, "is added at the end"}; }
AttributeDef axis(std::string_view doc) { return {"axis", AttributeKind::Integer, Required{}, doc}; }
AttributeDef epsilon(double value) {
  return {"epsilon", AttributeKind::Float, value, "added before dividing, against division by zero"};
}

OpDef row(std::string_view name, std::string_view doc, std::vector<OperandDef> operands,
          std::vector<AttributeDef> attributes, InferFunction infer, Expand expand) {
  return {.name = name,
          .doc = doc,
          .operands = std::move(operands),
          .attributes = std::move(attributes),
          .exactness = Exactness::Approximate,
          .infer = infer,
          .semantics = Decompose{expand}};
}

}  // namespace

std::span<const OpDef> normalize_ops() {
  constexpr auto kRequired = OperandKind::Required;
  static const std::vector<OpDef> rows = {
      row("softmax", "exp(x) / sum(exp(x)) along an axis, without overflow", {input()},
          {axis("the axis whose results sum to 1")}, infer_softmax, expand_softmax),
      row("log_softmax", "the logarithm of softmax, x - log(sum(exp(x)))", {input()},
          {axis("the axis whose results sum to 1")}, infer_softmax, expand_softmax),
      row("layer_norm", "(x - mean) / sqrt(variance + epsilon) * scale + bias over the last axes",
          {input(), scale(), bias(OperandKind::Optional)}, {axis("the first of the normalised axes"), epsilon(1e-5)},
          infer_layer_norm, expand_layer_norm),
      row("rms_norm", "x / sqrt(mean(x * x) + epsilon) * scale over the last axes", {input(), scale()},
          {axis("the first of the normalised axes"), epsilon(1e-5)}, infer_layer_norm, expand_layer_norm),
      row("batch_norm", "(x - mean) / sqrt(variance + epsilon) * scale + bias with given statistics for each channel",
          {input(),
           scale(),
           bias(kRequired),
           {"mean", kAnyFloat, kRequired, "mean of each channel"},
           {"variance", kAnyFloat, kRequired, "variance of each channel"}},
          {epsilon(1e-5), {"axis", AttributeKind::Integer, int64_t{1}, "the axis of the channels"}}, infer_batch_norm,
          expand_batch_norm),
      row("instance_norm", "each channel of each sample normalised over its spatial axes, * scale + bias",
          {input(), scale(), bias(kRequired)}, {epsilon(1e-5)}, infer_instance_norm, expand_instance_norm),
      row("group_norm", "each group of channels of each sample normalised together, * scale + bias",
          {input(), scale(), bias(kRequired)},
          {{"groups", AttributeKind::Integer, Required{}, "into how many groups the channels (axis 1) are split"},
           epsilon(1e-5)},
          infer_group_norm, expand_group_norm),
      row("lp_normalize", "x divided by its L1 or L2 norm along an axis; zeros stay zero", {input()},
          {axis("the axis of the norm"), {"p", AttributeKind::Integer, int64_t{2}, "1 or 2"}}, infer_lp_normalize,
          expand_lp_normalize),
      row("mean_variance_normalize", "(x - mean) / (sqrt(variance) + epsilon)", {input()},
          {{"axes", AttributeKind::Integers, Required{}, "the axes of mean and variance"}, epsilon(1e-9)},
          infer_mean_variance, expand_mean_variance),
  };
  return rows;
}

}  // namespace lathe
