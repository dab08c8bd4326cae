// Reductions to one number an axis: sum, mean, prod, var, norm, all, logsumexp, softmax ...
#include <fmt/format.h>

#include <cmath>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// What reductions ask of a call: the tensor, its axes, keepdim.
struct ReductionCall {
  Tracer& tracer;
  TensorId x;
  std::vector<int64_t> axes;  ///< none are all
  bool keep_dims = false;
  bool all = true;  ///< no axis was named
};

Result<ReductionCall> reduction_of(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  ReductionCall reduction{tracer_of(call.evaluator), x, {}, false, true};
  LATHE_TRY(const auto axes, axes_argument(call));
  if (axes && !axes->empty()) {
    reduction.axes = *axes;
    reduction.all = false;
  }
  LATHE_TRY(reduction.keep_dims, call.truth("keepdim"));
  if (has_parameter(call, "dtype")) {
    LATHE_TRY(const auto element, dtype_argument(call));
    if (element) {
      LATHE_TRY(reduction.x, cast_operation(reduction.tracer, x, *element));
    }
  }
  return reduction;
}

Result<TensorId> reduce(const ReductionCall& with, std::string_view row, TensorId x) {
  return reduce_operation(with.tracer, row, x, with.axes, with.keep_dims);
}

/// Sums and products of integers and bools are int64.
Result<TensorId> widened(const ReductionCall& with, bool has_dtype) {
  const ElementType element = with.tracer.element(with.x);
  if (is_float(element) || (has_dtype && element != ElementType::Boolean)) return with.x;
  return cast_operation(with.tracer, with.x, ElementType::I64);
}

template <const char* row>
Result<Value> accumulate(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, reduction_of(call));
  LATHE_TRY(const TensorId x, widened(with, !call.is_none("dtype")));
  return as_value(reduce(with, row, x));
}

Status require_float(const ReductionCall& with, std::string_view name) {
  if (is_float(with.tracer.element(with.x))) return {};
  return tensor_error(
             with.tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
             fmt::format("`{}` needs floats, the tensor is of type {}", name, dtype_text(with.tracer.element(with.x))))
      .note("`.float()` converts it")
      .emit();
}

template <const char* row>
Result<Value> reduce_floats(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, reduction_of(call));
  LATHE_TRY_VOID(require_float(with, call.row.name));
  return as_value(reduce(with, row, with.x));
}

template <const char* row>
Result<Value> extremum(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, reduction_of(call));
  return as_value(reduce(with, row, with.x));
}

template <const char* row>
Result<Value> test_all(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, reduction_of(call));
  LATHE_TRY(const TensorId truth, cast_operation(with.tracer, with.x, ElementType::Boolean));
  return as_value(reduce(with, row, truth));
}

/// How many elements each result combines.
Dim reduced_count(const ReductionCall& with) {
  const Shape& dims = with.tracer.dims(with.x);
  if (with.all) return product(dims);
  Dim count = 1;
  const auto rank = static_cast<int64_t>(dims.size());
  for (const int64_t axis : with.axes) {
    const int64_t at = axis < 0 ? axis + rank : axis;
    if (at >= 0 && at < rank) count *= dims[static_cast<size_t>(at)];
  }
  return count;
}

/// The sum of squared distances from the mean, divided by the count less `correction`.
Result<TensorId> variance(NativeCall& call, const ReductionCall& with) {
  Tracer& tracer = with.tracer;
  LATHE_TRY_VOID(require_float(with, call.row.name));
  double correction = 1;
  // var(unbiased) passes a bool where var(dim) passes axes.
  if (!call.is_none("correction")) {
    LATHE_TRY(correction, call.number("correction"));
  } else {
    LATHE_TRY(const bool unbiased, call.truth("unbiased"));
    correction = unbiased ? 1 : 0;
  }
  LATHE_TRY(const TensorId mean, reduce_operation(tracer, "reduce_mean", with.x, with.axes, true));
  LATHE_TRY(const TensorId distance, binary_operation(tracer, TensorBinary::Subtract, with.x, mean));
  if (correction == 0) {
    LATHE_TRY(const TensorId square, binary_operation(tracer, TensorBinary::Multiply, distance, distance));
    return reduce(with, "reduce_mean", square);
  }
  LATHE_TRY(const TensorId sum, reduce(with, "reduce_sum_square", distance));
  const Dim count = reduced_count(with);
  if (const auto constant = count.as_constant()) {
    return binary_operation(tracer, TensorBinary::Divide, sum,
                            std::max(0.0, static_cast<double>(*constant) - correction));
  }
  LATHE_TRY(const ValueId size, tracer.integer_value(count));
  LATHE_TRY(const TensorId divisor, binary_operation(tracer, TensorBinary::Subtract, tracer.add(size), correction));
  return binary_operation(tracer, TensorBinary::Divide, sum, divisor);
}

/// var(True), var(False): the first argument is `unbiased` when it is a bool.
Result<ReductionCall> variance_call(NativeCall& call) {
  const size_t dim = call.position("dim");
  if (std::holds_alternative<bool>(call.arguments[dim])) {
    call.arguments[call.position("unbiased")] = call.arguments[dim];
    call.arguments[dim] = NoneValue{};
  }
  return reduction_of(call);
}

Result<Value> var(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, variance_call(call));
  return as_value(variance(call, with));
}

Result<Value> std_deviation(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, variance_call(call));
  LATHE_TRY(const TensorId squared, variance(call, with));
  return as_value(float_unary(with.tracer, "sqrt", squared));
}

Result<Value> var_mean(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, variance_call(call));
  LATHE_TRY(TensorId spread, variance(call, with));
  if (call.row.name == "std_mean") {
    LATHE_TRY(spread, float_unary(with.tracer, "sqrt", spread));
  }
  LATHE_TRY(const TensorId mean, reduce(with, "reduce_mean", with.x));
  const TensorId pair[] = {spread, mean};
  return tensor_tuple(call.evaluator, pair);
}

/// The p-norm; "fro" and 2 are the square root of the sum of squares.
Result<TensorId> p_norm(NativeCall& call, const ReductionCall& with, const Value& order) {
  Tracer& tracer = with.tracer;
  double p = 2;
  if (const std::string* name = call.evaluator.heap().string(order)) {
    if (*name != "fro") {
      call.evaluator.unsupported(call.where, fmt::format("the norm '{}'", *name));
      return Failure{};
    }
  } else if (const auto* real = std::get_if<double>(&order)) {
    p = *real;
  } else if (const auto* integer = std::get_if<Dim>(&order); integer != nullptr && integer->is_constant()) {
    p = static_cast<double>(integer->constant());
  }
  LATHE_TRY_VOID(require_float(with, call.row.name));
  if (p == 2) return reduce(with, "reduce_l2", with.x);
  if (p == 1) return reduce(with, "reduce_l1", with.x);
  LATHE_TRY(const TensorId size, same_unary(tracer, "abs", with.x));
  if (std::isinf(p)) return reduce(with, p > 0 ? "reduce_max" : "reduce_min", size);
  if (p == 0) {
    LATHE_TRY(const TensorId filled, compare_operation(tracer, TensorCompare::NotEqual, size, 0.0));
    LATHE_TRY(const TensorId ones, cast_operation(tracer, filled, tracer.element(with.x)));
    return reduce(with, "reduce_sum", ones);
  }
  LATHE_TRY(const TensorId powers, binary_operation(tracer, TensorBinary::Power, size, p));
  LATHE_TRY(const TensorId sum, reduce(with, "reduce_sum", powers));
  return binary_operation(tracer, TensorBinary::Power, sum, 1.0 / p);
}

Result<Value> norm(NativeCall& call) {
  LATHE_TRY(const ReductionCall with, reduction_of(call));
  const Value order = has_parameter(call, "ord") ? call.argument("ord") : call.argument("p");
  return as_value(p_norm(call, with, torch::is_none(order) ? Value(2.0) : order));
}

/// dist(a, b): the norm of their difference.
Result<Value> distance(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId gap,
            binary_operation(tracer, TensorBinary::Subtract, call.arguments[0], call.argument("other")));
  const ReductionCall with{tracer, gap, {}, false, true};
  return as_value(p_norm(call, with, call.argument("p")));
}

Result<Value> count_nonzero(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const auto axes, axes_argument(call));
  LATHE_TRY(const TensorId truth, cast_operation(tracer, x, ElementType::Boolean));
  LATHE_TRY(const TensorId ones, cast_operation(tracer, truth, ElementType::I64));
  return as_value(reduce_operation(tracer, "reduce_sum", ones, axes.value_or(std::vector<int64_t>{}), false));
}

/// The axis of softmax without dim: 0 for rank 0, 1 and 3, else 1 (deprecated by PyTorch).
template <bool logarithm>
Result<Value> softmax(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  LATHE_TRY(const auto element, dtype_argument(call));
  if (element) {
    LATHE_TRY(x, cast_operation(tracer, x, *element));
  }
  const int rank = tracer.rank(x);
  int64_t axis = rank == 0 || rank == 1 || rank == 3 ? 0 : 1;
  if (!torch::is_none(dim_value(call))) {
    LATHE_TRY(axis, axis_argument(call));
  }
  return as_value(logarithm ? log_softmax_operation(tracer, x, axis) : softmax_operation(tracer, x, axis));
}

constexpr char kSum[] = "reduce_sum";
constexpr char kProd[] = "reduce_prod";
constexpr char kMean[] = "reduce_mean";
constexpr char kMax[] = "reduce_max";
constexpr char kMin[] = "reduce_min";
constexpr char kLogSumExp[] = "reduce_log_sum_exp";
constexpr std::string_view kTyped = "input, dim=None, keepdim=False, *, dtype=None, out=None, axis=None";
constexpr std::string_view kPlain = "input, dim=None, keepdim=False, *, out=None, axis=None";
constexpr std::string_view kVariance =
    "input, dim=None, unbiased=True, keepdim=False, *, correction=None, out=None, axis=None";
constexpr std::string_view kSoftmax = "input, dim=None, dtype=None, *, out=None";

constexpr TensorFunction kTable[] = {
    both<accumulate<kSum>>("sum", kTyped),
    both<accumulate<kProd>>("prod", kTyped),
    both<reduce_floats<kMean>>("mean", kTyped),
    both<reduce_floats<kLogSumExp>>("logsumexp", kPlain),
    both<extremum<kMax>>("amax", kPlain),
    both<extremum<kMin>>("amin", kPlain),
    both<test_all<kMin>>("all", kPlain),
    both<test_all<kMax>>("any", kPlain),
    both<var>("var", kVariance),
    both<std_deviation>("std", kVariance),
    only_function<var_mean>("var_mean", kVariance),
    only_function<var_mean>("std_mean", kVariance),
    both<norm>("norm", "input, p='fro', dim=None, keepdim=False, dtype=None, out=None, *, axis=None"),
    both<distance>("dist", "input, other, p=2"),
    both<count_nonzero>("count_nonzero", "input, dim=None"),
    both<softmax<false>>("softmax", kSoftmax),
    both<softmax<true>>("log_softmax", kSoftmax),
};

constexpr NativeFunctionRow kLinearAlgebra[] = {
    {"norm", "input, ord=None, dim=None, keepdim=False, *, dtype=None, out=None", guarded<norm>},
    {"vector_norm", "input, ord=2, dim=None, keepdim=False, *, dtype=None, out=None", guarded<norm>},
};

}  // namespace

std::span<const TensorFunction> reduction_table() { return kTable; }
std::span<const NativeFunctionRow> norm_functions() { return kLinearAlgebra; }

}  // namespace lathe::torch
