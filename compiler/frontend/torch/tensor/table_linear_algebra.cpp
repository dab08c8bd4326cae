// Matrix products and their kind: matmul, bmm, addmm, einsum, tensordot, outer, cdist ...
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

Status require_rank(NativeCall& call, TensorId x, int rank, std::string_view what) {
  Tracer& tracer = tracer_of(call.evaluator);
  if (tracer.rank(x) == rank) return {};
  auto report = tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                             fmt::format("{} takes {}, not the tensor {} with {} axes", function_name(call), what,
                                         tracer.shape_text(x), tracer.rank(x)));
  return std::move(report).note("`torch.matmul` takes vectors, matrices and batches of them").emit();
}

Result<Value> matmul(NativeCall& call) {
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, call.parameters[1]));
  return as_value(matmul_operation(tracer_of(call.evaluator), left, right));
}

/// A product of operands with `left_rank` and `right_rank` axes.
template <int left_rank, int right_rank>
Result<Value> strict_product(NativeCall& call) {
  constexpr std::string_view kWhat[] = {"", "a vector", "a matrix", "a batch of matrices"};
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, call.parameters[1]));
  LATHE_TRY_VOID(require_rank(call, left, left_rank, kWhat[left_rank]));
  LATHE_TRY_VOID(require_rank(call, right, right_rank, kWhat[right_rank]));
  Tracer& tracer = tracer_of(call.evaluator);
  if (left_rank == 3 && tracer.module().symbols.prove_eq(tracer.dims(left)[0], tracer.dims(right)[0]) == Answer::No) {
    return tensor_error(tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("`bmm` needs batches of one size: {} and {}", tracer.shape_text(left),
                                    tracer.shape_text(right)))
        .emit();
  }
  return as_value(matmul_operation(tracer, left, right));
}

bool is_number(const Value& value, double number) {
  if (const auto* integer = std::get_if<Dim>(&value)) return integer->is_constant(static_cast<int64_t>(number));
  const auto* real = std::get_if<double>(&value);
  return real != nullptr && *real == number;
}

Result<TensorId> scaled(Tracer& tracer, TensorId x, const Value& factor) {
  return is_number(factor, 1) ? Result<TensorId>(x) : binary_operation(tracer, TensorBinary::Multiply, x, factor);
}

/// beta * input + alpha * (a @ b); the batch is summed when `sum_batch`.
template <bool sum_batch>
Result<Value> add_product(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId left, tensor_argument(call, call.parameters[1]));
  LATHE_TRY(const TensorId right, tensor_argument(call, call.parameters[2]));
  LATHE_TRY(TensorId product, matmul_operation(tracer, left, right));
  if (sum_batch) {
    LATHE_TRY(product, reduce_operation(tracer, "reduce_sum", product, {0}, false));
  }
  LATHE_TRY(product, scaled(tracer, product, call.argument("alpha")));
  if (is_number(call.argument("beta"), 0)) return Value(product);
  LATHE_TRY(const TensorId base, scaled(tracer, x, call.argument("beta")));
  return as_value(binary_operation(tracer, TensorBinary::Add, base, product));
}

Result<Value> outer(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, call.parameters[1]));
  LATHE_TRY_VOID(require_rank(call, left, 1, "vectors"));
  LATHE_TRY_VOID(require_rank(call, right, 1, "vectors"));
  LATHE_TRY(const TensorId column, unsqueeze_operation(tracer, left, 1));
  LATHE_TRY(const TensorId row, unsqueeze_operation(tracer, right, 0));
  return as_value(binary_operation(tracer, TensorBinary::Multiply, column, row));
}

/// The sum over the last axes of both.
Result<Value> inner(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, "other"));
  if (tracer.rank(left) == 0 || tracer.rank(right) == 0) {
    return as_value(binary_operation(tracer, TensorBinary::Multiply, left, right));
  }
  const Shape a = tracer.dims(left);
  const Shape b = tracer.dims(right);
  LATHE_TRY(const TensorId rows, reshape_operation(tracer, left, {product(Shape(a.begin(), a.end() - 1)), a.back()}));
  LATHE_TRY(const TensorId others,
            reshape_operation(tracer, right, {product(Shape(b.begin(), b.end() - 1)), b.back()}));
  LATHE_TRY(const TensorId columns, transpose_operation(tracer, others, 0, 1));
  LATHE_TRY(const TensorId result, matmul_operation(tracer, rows, columns));
  Shape dims(a.begin(), a.end() - 1);
  dims.insert(dims.end(), b.begin(), b.end() - 1);
  return as_value(reshape_operation(tracer, result, std::move(dims)));
}

Result<Value> einsum(NativeCall& call) {
  LATHE_TRY(const std::string equation, call.string("equation"));
  const auto* given = call.evaluator.heap().as<TupleObject>(call.argument("operands"));
  LATHE_CHECK(given != nullptr);
  std::vector<Value> items = given->items;
  if (items.size() == 1 && !std::holds_alternative<TensorId>(items[0])) {
    LATHE_TRY(items, call.evaluator.iterate(items[0], call.where));
  }
  std::vector<TensorId> operands;
  for (const Value& item : items) {
    LATHE_TRY(const TensorId operand, expect_tensor(call.evaluator, item, function_name(call), call.where));
    operands.push_back(operand);
  }
  return as_value(einsum_operation(tracer_of(call.evaluator), equation, operands));
}

/// Axes of a and of b are summed in pairs: a matrix product of [rest, paired] and [paired, rest].
Result<Value> tensordot(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, "b"));
  std::vector<size_t> first;
  std::vector<size_t> second;
  if (const auto* count = std::get_if<Dim>(&call.argument("dims"))) {
    const int64_t paired = count->as_constant().value_or(-1);
    if (paired < 0 || paired > tracer.rank(left) || paired > tracer.rank(right)) {
      return call
          .error(DiagnosticKind::BadArgument, "RuntimeError", "`tensordot` can't pair {} axes of {} and {}",
                 count->python_text(), tracer.shape_text(left), tracer.shape_text(right))
          .emit();
    }
    for (int64_t i = 0; i < paired; ++i) {
      first.push_back(static_cast<size_t>(tracer.rank(left) - paired + i));
      second.push_back(static_cast<size_t>(i));
    }
  } else {
    LATHE_TRY(const std::vector<Value> sides, call.items("dims"));
    for (size_t side = 0; side < 2 && sides.size() == 2; ++side) {
      std::vector<Value> axes{sides[side]};
      if (!std::holds_alternative<Dim>(sides[side])) {
        LATHE_TRY(axes, call.evaluator.iterate(sides[side], call.where));
      }
      for (const Value& axis : axes) {
        LATHE_TRY(const Dim number, integer_of(call, axis, "an axis"));
        LATHE_TRY(const size_t at, normal_axis(tracer, number.as_constant().value_or(1000), side == 0 ? left : right));
        (side == 0 ? first : second).push_back(at);
      }
    }
    if (sides.size() != 2 || first.size() != second.size()) {
      return call.error(DiagnosticKind::BadArgument, "RuntimeError", "`dims` of `tensordot` are two lists of axes")
          .emit();
    }
  }
  const auto arrange = [&](TensorId x, const std::vector<size_t>& paired, bool paired_last,
                           Shape& rest) -> Result<TensorId> {
    std::vector<int64_t> free;
    Dim count = 1;
    for (size_t axis = 0; axis < tracer.dims(x).size(); ++axis) {
      if (std::find(paired.begin(), paired.end(), axis) != paired.end()) continue;
      free.push_back(static_cast<int64_t>(axis));
      rest.push_back(tracer.dims(x)[axis]);
    }
    for (const size_t axis : paired) count *= tracer.dims(x)[axis];
    std::vector<int64_t> order(paired.begin(), paired.end());
    order.insert(paired_last ? order.begin() : order.end(), free.begin(), free.end());
    LATHE_TRY(const TensorId turned, permute_operation(tracer, x, order));
    const Dim others = product(rest);
    return reshape_operation(tracer, turned, paired_last ? Shape{others, count} : Shape{count, others});
  };
  Shape dims;
  Shape right_dims;
  LATHE_TRY(const TensorId a, arrange(left, first, true, dims));
  LATHE_TRY(const TensorId b, arrange(right, second, false, right_dims));
  LATHE_TRY(const TensorId result, matmul_operation(tracer, a, b));
  dims.insert(dims.end(), right_dims.begin(), right_dims.end());
  return as_value(reshape_operation(tracer, result, std::move(dims)));
}

/// The p-norm of the differences of all pairs of rows.
Result<Value> cdist(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, "x2"));
  LATHE_TRY(const double p, call.number("p"));
  if (tracer.rank(left) < 2 || tracer.rank(right) < 2) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("`cdist` takes rows of points, not {} and {}", tracer.shape_text(left),
                                    tracer.shape_text(right)))
        .emit();
  }
  LATHE_TRY(const TensorId rows, unsqueeze_operation(tracer, left, -2));
  LATHE_TRY(const TensorId columns, unsqueeze_operation(tracer, right, -3));
  LATHE_TRY(const TensorId gap, binary_operation(tracer, TensorBinary::Subtract, rows, columns));
  if (p == 2) return as_value(reduce_operation(tracer, "reduce_l2", gap, {-1}, false));
  if (p == 1) return as_value(reduce_operation(tracer, "reduce_l1", gap, {-1}, false));
  return call.evaluator.unsupported(call.where, fmt::format("`cdist` with p = {}", p));
}

/// a x b along an axis of three: b's neighbours on both sides, turned round.
Result<Value> cross(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, "other"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, left));
  for (const TensorId x : {left, right}) {
    if (at < tracer.dims(x).size() && tracer.dims(x)[at].is_constant(3)) continue;
    return tensor_error(tracer, DiagnosticKind::ShapeMismatch, "RuntimeError",
                        fmt::format("`cross` needs axes of size 3, axis {} of {} is another", at, tracer.shape_text(x)))
        .emit();
  }
  const auto turned = [&](TensorId x, int64_t by) -> Result<TensorId> {
    LATHE_TRY(const TensorId tail, slice_operation(tracer, x, at, by, 3));
    LATHE_TRY(const TensorId head, slice_operation(tracer, x, at, 0, by));
    const TensorId parts[] = {tail, head};
    return concat_operation(tracer, parts, static_cast<int64_t>(at));
  };
  const auto product_of = [&](int64_t first, int64_t second) -> Result<TensorId> {
    LATHE_TRY(const TensorId a, turned(left, first));
    LATHE_TRY(const TensorId b, turned(right, second));
    return binary_operation(tracer, TensorBinary::Multiply, a, b);
  };
  LATHE_TRY(const TensorId plus, product_of(1, 2));
  LATHE_TRY(const TensorId minus, product_of(2, 1));
  return as_value(binary_operation(tracer, TensorBinary::Subtract, plus, minus));
}

/// Every element of the left one times the whole right one.
Result<Value> kron(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId left, self_tensor(call));
  LATHE_TRY(TensorId right, tensor_argument(call, "other"));
  Shape a = tracer.dims(left);
  Shape b = tracer.dims(right);
  if (a.size() < b.size()) a.insert(a.begin(), b.size() - a.size(), Dim(1));
  if (b.size() < a.size()) b.insert(b.begin(), a.size() - b.size(), Dim(1));
  Shape outer;
  Shape inner_dims;
  Shape all;
  for (size_t axis = 0; axis < a.size(); ++axis) {
    outer.push_back(a[axis]);
    outer.emplace_back(1);
    inner_dims.emplace_back(1);
    inner_dims.push_back(b[axis]);
    all.push_back(a[axis] * b[axis]);
  }
  LATHE_TRY(left, reshape_operation(tracer, left, std::move(outer)));
  LATHE_TRY(right, reshape_operation(tracer, right, std::move(inner_dims)));
  LATHE_TRY(const TensorId products, binary_operation(tracer, TensorBinary::Multiply, left, right));
  return as_value(reshape_operation(tracer, products, std::move(all)));
}

constexpr std::string_view kProduct = "input, other, *, out=None";
constexpr std::string_view kMatrices = "input, mat2, *, out=None";

constexpr TensorFunction kTable[] = {
    both<matmul>("matmul", kProduct),
    only_method<matmul>("__matmul__", "input, other"),
    both<strict_product<2, 2>>("mm", kMatrices),
    both<strict_product<3, 3>>("bmm", kMatrices),
    both<strict_product<2, 1>>("mv", "input, vec, *, out=None"),
    both<strict_product<1, 1>>("dot", kProduct),
    both<strict_product<1, 1>>("vdot", kProduct),
    both<inner>("inner", kProduct),
    both<outer>("outer", "input, vec2, *, out=None"),
    both<outer>("ger", "input, vec2, *, out=None"),
    changing<add_product<false>>("addmm", "input, mat1, mat2, *, beta=1, alpha=1, out=None"),
    changing<add_product<false>>("addmv", "input, mat, vec, *, beta=1, alpha=1, out=None"),
    changing<add_product<false>>("baddbmm", "input, batch1, batch2, *, beta=1, alpha=1, out=None"),
    changing<add_product<true>>("addbmm", "input, batch1, batch2, *, beta=1, alpha=1, out=None"),
    only_function<einsum>("einsum", "equation, *operands"),
    only_function<tensordot>("tensordot", "a, b, dims=2, out=None"),
    both<cross>("cross", "input, other, dim=-1, *, out=None"),
    both<kron>("kron", "input, other, *, out=None"),
    only_function<cdist>("cdist", "x1, x2, p=2.0, compute_mode=None"),
};

/// Functions whose results depend on data in shape, or that Lathe has no rows for.
Result<Value> depends_on_data(NativeCall& call) {
  return call.evaluator.unsupported(
      call.where, fmt::format("`{}`: the size of its result depends on the data, and is only known when the model runs",
                              call.row.name));
}
Result<Value> no_rows(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.row.name));
}

constexpr std::string_view kAnything = "input, *arguments, **keywords";

constexpr TensorFunction kRefused[] = {
    both<depends_on_data>("nonzero", kAnything),
    both<depends_on_data>("argwhere", kAnything),
    both<depends_on_data>("masked_select", kAnything),
    both<depends_on_data>("unique", kAnything),
    both<depends_on_data>("unique_consecutive", kAnything),
    both<depends_on_data>("bincount", kAnything),
    both<no_rows>("masked_scatter", kAnything),
    both<no_rows>("masked_scatter_", kAnything),
    both<no_rows>("multinomial", kAnything),
    both<no_rows>("histc", kAnything),
    both<no_rows>("svd", kAnything),
    both<no_rows>("inverse", kAnything),
    both<no_rows>("det", kAnything),
    both<no_rows>("logdet", kAnything),
    both<no_rows>("cholesky", kAnything),
    both<no_rows>("qr", kAnything),
    both<no_rows>("pinverse", kAnything),
    both<no_rows>("stft", kAnything),
    both<no_rows>("istft", kAnything),
    both<no_rows>("quantile", kAnything),
    both<no_rows>("mode", kAnything),
    both<no_rows>("renorm", kAnything),
    both<no_rows>("lgamma", kAnything),
    both<no_rows>("digamma", kAnything),
    both<no_rows>("searchsorted", kAnything),
    both<no_rows>("bucketize", kAnything),
    both<no_rows>("cummax", kAnything),
    both<no_rows>("cummin", kAnything),
    only_function<no_rows>("load", kAnything),
    only_function<no_rows>("complex", kAnything),
    only_function<no_rows>("view_as_complex", kAnything),
    only_function<no_rows>("view_as_real", kAnything),
    only_function<no_rows>("polar", kAnything),
};

}  // namespace

std::span<const TensorFunction> linear_algebra_table() { return kTable; }
std::span<const TensorFunction> refused_table() { return kRefused; }

}  // namespace lathe::torch
