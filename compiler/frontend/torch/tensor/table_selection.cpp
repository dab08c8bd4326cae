// Largest and smallest elements and their places, order, running sums: max, argmax, topk, sort, cumsum ...
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

enum class Extreme : uint8_t { Largest, Smallest };

/// The place of the extreme along an axis; bools count as numbers.
Result<TensorId> place_of(Tracer& tracer, TensorId x, Extreme extreme, int64_t axis, bool keep_dims) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (tracer.element(x) == ElementType::Boolean) {
    LATHE_TRY(x, cast_operation(tracer, x, ElementType::U8));
  }
  if (tracer.rank(x) == 0) return full_operation(tracer, {}, integer(0), ElementType::I64);
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId index, tracer.builder().one(extreme == Extreme::Largest ? "arg_max" : "arg_min", {value},
                                                      {{"axis", static_cast<int64_t>(at)}, {"keep_dims", keep_dims}}));
  return tracer.add(index);
}

/// max(), max(other), max(dim, keepdim).
template <Extreme extreme>
Result<Value> max_or_min(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  constexpr std::string_view kRow = extreme == Extreme::Largest ? "reduce_max" : "reduce_min";
  const Value& given = call.is_none("other") ? dim_value(call) : call.argument("other");
  if (std::holds_alternative<TensorId>(given)) {
    return as_value(binary_operation(
        tracer, extreme == Extreme::Largest ? TensorBinary::Maximum : TensorBinary::Minimum, x, given));
  }
  if (torch::is_none(given)) return as_value(reduce_operation(tracer, kRow, x, {}, false));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const bool keep_dims, call.truth("keepdim"));
  LATHE_TRY(const TensorId values, reduce_operation(tracer, kRow, x, {axis}, keep_dims));
  LATHE_TRY(const TensorId indices, place_of(tracer, x, extreme, axis, keep_dims));
  return values_and_indices(call.evaluator, values, indices);
}

template <Extreme extreme>
Result<Value> arg_extreme(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  LATHE_TRY(const bool keep_dims, call.truth("keepdim"));
  if (torch::is_none(dim_value(call))) {
    LATHE_TRY(x, reshape_operation(tracer, x, {Dim(-1)}));
    return as_value(place_of(tracer, x, extreme, 0, false));
  }
  LATHE_TRY(const int64_t axis, axis_argument(call));
  return as_value(place_of(tracer, x, extreme, axis, keep_dims));
}

struct Ordered {
  TensorId values;
  TensorId indices;
};

Result<Ordered> ordered(Tracer& tracer, TensorId x, const Dim& k, int64_t axis, bool largest) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const Shape dims = tracer.dims(x);
  if (dims.empty()) {
    LATHE_TRY(const TensorId zero, full_operation(tracer, {}, integer(0), ElementType::I64));
    return Ordered{x, zero};
  }
  if (tracer.module().symbols.prove_le(k, dims[at]) == Answer::No ||
      tracer.module().symbols.prove_le(0, k) == Answer::No) {
    return tensor_error(tracer, DiagnosticKind::IndexOutOfRange, "RuntimeError",
                        fmt::format("the {} {} elements are wanted of axis {} of {}, which has {}", k.python_text(),
                                    largest ? "largest" : "smallest", at, tracer.shape_text(x), dims[at].python_text()))
        .explain(tracer.module().origins, dims[at])
        .emit();
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(
      const std::vector<ValueId> results,
      tracer.builder().add("topk", {value},
                           {{"k", k}, {"axis", static_cast<int64_t>(at)}, {"largest", largest}, {"sorted", true}}));
  return Ordered{tracer.add(results[0]), tracer.add(results[1])};
}

Result<Value> topk(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Dim k, integer_of(call, call.argument("k"), "`k`"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const bool largest, call.truth("largest"));
  LATHE_TRY(const Ordered result, ordered(tracer, x, k, axis, largest));
  return values_and_indices(call.evaluator, result.values, result.indices);
}

Result<Ordered> sorted(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const bool descending, call.truth("descending"));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const Dim size = tracer.rank(x) == 0 ? Dim(1) : tracer.dims(x)[at];
  return ordered(tracer, x, size, axis, descending);
}

Result<Value> sort(NativeCall& call) {
  LATHE_TRY(const Ordered result, sorted(call));
  return values_and_indices(call.evaluator, result.values, result.indices);
}

Result<Value> argsort(NativeCall& call) {
  LATHE_TRY(const Ordered result, sorted(call));
  return Value(result.indices);
}

/// The lower median: the element at (n - 1) / 2 of the sorted axis.
Result<Value> median(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  const bool whole = torch::is_none(dim_value(call));
  int64_t axis = 0;
  if (whole) {
    LATHE_TRY(x, reshape_operation(tracer, x, {Dim(-1)}));
  } else {
    LATHE_TRY(axis, axis_argument(call));
  }
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const Dim size = tracer.rank(x) == 0 ? Dim(1) : tracer.dims(x)[at];
  LATHE_TRY(const Ordered order, ordered(tracer, x, size, axis, false));
  if (tracer.rank(x) == 0) return values_and_indices(call.evaluator, order.values, order.indices);
  const Dim middle = tracer.module().symbols.simplify(floordiv(size - 1, 2));
  LATHE_TRY(TensorId values, select_operation(tracer, order.values, axis, middle));
  if (whole) return Value(values);
  LATHE_TRY(TensorId indices, select_operation(tracer, order.indices, axis, middle));
  LATHE_TRY(const bool keep_dims, call.truth("keepdim"));
  if (keep_dims) {
    LATHE_TRY(values, unsqueeze_operation(tracer, values, static_cast<int64_t>(at)));
    LATHE_TRY(indices, unsqueeze_operation(tracer, indices, static_cast<int64_t>(at)));
  }
  return values_and_indices(call.evaluator, values, indices);
}

Result<Value> kth_value(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Dim k, integer_of(call, call.argument("k"), "`k`"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const Ordered order, ordered(tracer, x, k, axis, false));
  LATHE_TRY(TensorId values, select_operation(tracer, order.values, axis, k - 1));
  LATHE_TRY(TensorId indices, select_operation(tracer, order.indices, axis, k - 1));
  LATHE_TRY(const bool keep_dims, call.truth("keepdim"));
  if (keep_dims) {
    LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
    LATHE_TRY(values, unsqueeze_operation(tracer, values, static_cast<int64_t>(at)));
    LATHE_TRY(indices, unsqueeze_operation(tracer, indices, static_cast<int64_t>(at)));
  }
  return values_and_indices(call.evaluator, values, indices);
}

/// Running sums and products.
Result<Value> running(NativeCall& call, std::string_view row) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  LATHE_TRY(const auto element, dtype_argument(call));
  const ElementType natural = is_float(tracer.element(x)) ? tracer.element(x) : ElementType::I64;
  LATHE_TRY(x, cast_operation(tracer, x, element.value_or(natural)));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (tracer.rank(x) == 0) return as_value(clone_operation(tracer, x));
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId totals, tracer.builder().one(row, {value}, {{"axis", static_cast<int64_t>(at)}}));
  return Value(tracer.add(totals));
}

Result<Value> cumsum(NativeCall& call) { return running(call, "cumsum"); }
Result<Value> cumprod(NativeCall& call) { return running(call, "cumprod"); }

constexpr std::string_view kExtreme = "input, dim=None, keepdim=False, *, other=None, out=None, axis=None";
constexpr std::string_view kPlace = "input, dim=None, keepdim=False, *, axis=None";
constexpr std::string_view kRunning = "input, dim, *, dtype=None, out=None";

constexpr TensorFunction kTable[] = {
    both<max_or_min<Extreme::Largest>>("max", kExtreme),
    both<max_or_min<Extreme::Smallest>>("min", kExtreme),
    both<arg_extreme<Extreme::Largest>>("argmax", kPlace),
    both<arg_extreme<Extreme::Smallest>>("argmin", kPlace),
    both<topk>("topk", "input, k, dim=-1, largest=True, sorted=True, *, out=None"),
    both<sort>("sort", "input, dim=-1, descending=False, stable=False, *, out=None"),
    both<argsort>("argsort", "input, dim=-1, descending=False, stable=False"),
    both<median>("median", "input, dim=None, keepdim=False, *, out=None, axis=None"),
    both<kth_value>("kthvalue", "input, k, dim=-1, keepdim=False, *, out=None"),
    both<cumsum>("cumsum", kRunning),
    both<cumprod>("cumprod", kRunning),
};

}  // namespace

std::span<const TensorFunction> selection_table() { return kTable; }

}  // namespace lathe::torch
