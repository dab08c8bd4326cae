// The matrix product, with numpy's rules for vectors and batches.
#include <fmt/format.h>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

// Which axis of an operand is the outer (m or n) and which the inner one (k); a vector has no outer axis.
struct MatrixAxes {
  bool vector = false;
  size_t outer = 0;
  size_t inner = 0;
  size_t batch = 0;  ///< how many axes stand before the matrix
};

MatrixAxes axes_of(const NodeView& node, size_t operand) {
  const size_t rank = node.dims(operand).size();
  if (rank == 1) return {true, 0, 0, 0};
  const bool inner_is_last = (operand == 0) != node.boolean(operand == 0 ? "transpose_a" : "transpose_b");
  return {false, inner_is_last ? rank - 2 : rank - 1, inner_is_last ? rank - 1 : rank - 2, rank - 2};
}

std::string operands_text(const InferContext& context) {
  return fmt::format("`{}` x `{}`{}{}", text(context.tensor(0)), text(context.tensor(1)),
                     context.boolean("transpose_a") ? ", the left one transposed" : "",
                     context.boolean("transpose_b") ? ", the right one transposed" : "");
}

// When flattening the axes of `a` behind the first would make the product fit, says so.
std::string flatten_hint(const InferContext& context, const Dim& wanted) {
  const Shape& a = context.dims(0);
  if (a.size() < 3) return {};
  const Dim flat = product(Shape(a.begin() + 1, a.end()));
  if (context.symbols().prove_eq(flat, wanted) != Answer::Yes) return {};
  return fmt::format("flattening {} from axis 1 on gives `{}`, which fits", context.operand_text(0),
                     text(Shape{a[0], flat}));
}

Result<std::vector<Type>> infer_matmul(InferContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 1));
  LATHE_TRY_VOID(context.require_rank_at_least(1, 1));
  const Shape& a = context.dims(0);
  const Shape& b = context.dims(1);
  const MatrixAxes left = axes_of(context, 0);
  const MatrixAxes right = axes_of(context, 1);
  const Dim& k_left = a[left.inner];
  const Dim& k_right = b[right.inner];
  const std::string message =
      fmt::format("`matmul` inner dimensions differ: {}: {} has {} on axis {}, {} has {} on axis {}",
                  operands_text(context), context.operand_text(0), k_left.python_text(), left.inner,
                  context.operand_text(1), k_right.python_text(), right.inner);
  if (const std::string hint = flatten_hint(context, k_right);
      !hint.empty() && context.symbols().prove_eq(k_left, k_right) == Answer::No) {
    return context.error(DiagnosticKind::FeatureMismatch, "{}", message)
        .explain(context.origins(), k_left)
        .explain(context.origins(), k_right)
        .note(hint)
        .emit();
  }
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::FeatureMismatch, k_left, k_right, message));

  const size_t batch = std::max(left.batch, right.batch);
  Shape result;
  for (size_t i = 0; i < batch; ++i) {
    const Dim x = i + left.batch < batch ? Dim(1) : a[i + left.batch - batch];
    const Dim y = i + right.batch < batch ? Dim(1) : b[i + right.batch - batch];
    const std::string batch_message = fmt::format("`matmul` can't broadcast the batches of {}: {} meets {}",
                                                  operands_text(context), x.python_text(), y.python_text());
    LATHE_TRY(Dim dim, context.broadcast_dims(x, y, batch_message));
    result.push_back(std::move(dim));
  }
  if (!left.vector) result.push_back(a[left.outer]);
  if (!right.vector) result.push_back(b[right.outer]);
  return one_type(context.tensor(0).element, std::move(result));
}

void describe_matmul(const NodeView& node, Reduction& reduction) {
  const Shape& result = node.result().dims;
  const MatrixAxes axes[] = {axes_of(node, 0), axes_of(node, 1)};
  reduction.extents = result;
  reduction.result_rank = result.size();
  reduction.extents.push_back(node.dims(0)[axes[0].inner]);
  const Dim k = axis_symbol(result.size());
  const size_t batch = std::max(axes[0].batch, axes[1].batch);
  const size_t outer_axis[] = {batch, batch + (axes[0].vector ? 0 : 1)};
  reduction.operands = {0, 1};
  for (size_t operand = 0; operand < 2; ++operand) {
    const Shape& dims = node.dims(operand);
    std::vector<Dim> index(dims.size());
    for (size_t i = 0; i < axes[operand].batch; ++i) {
      const size_t axis = batch - axes[operand].batch + i;
      index[i] = broadcast_index(dims[i], result[axis], axis_symbol(axis));
    }
    if (!axes[operand].vector) index[axes[operand].outer] = axis_symbol(outer_axis[operand]);
    index[axes[operand].inner] = k;
    reduction.operand_indices.push_back(std::move(index));
  }
  set_product_body(node, reduction);
}

}  // namespace

void set_product_body(const NodeView& node, Reduction& reduction) {
  const ElementType element = node.tensor(reduction.operands[0]).element;
  reduction.accumulator = wide_type(element);
  ScalarBuilder builder;
  ScalarId product = builder.cast(builder.argument(0, element), reduction.accumulator);
  for (uint32_t i = 1; i < reduction.operands.size(); ++i) {
    const ScalarId factor = builder.argument(i, node.tensor(reduction.operands[i]).element);
    product = builder.mul(product, builder.cast(factor, reduction.accumulator));
  }
  reduction.body = builder.finish(product);
}

std::span<const OpDef> matmul_ops() {
  static const std::vector<OpDef> rows = {
      {.name = "matmul",
       .doc = "the matrix product over the last two axes, the others broadcast; a vector is a row on the left, a "
              "column on "
              "the right. Sums run in the order of the inner axis, fused, in f32 for narrower floats; integers wrap",
       .operands = {{"a", kAnyNumber, OperandKind::Required, "[..., m, k]"},
                    {"b", kAnyNumber, OperandKind::Required, "[..., k, n]"}},
       .attributes = {{"transpose_a", AttributeKind::Boolean, false, "a is [..., k, m]"},
                      {"transpose_b", AttributeKind::Boolean, false, "b is [..., n, k]"}},
       .traits = Trait::SameElements,
       .exactness = Exactness::Reordered,
       .infer = infer_matmul,
       .semantics = Contract{describe_matmul}},
  };
  return rows;
}

}  // namespace lathe
