// Putting tensors together and taking them apart: cat, stack, chunk, split, unbind, repeat, tile ...
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

Result<Value> cat(NativeCall& call) {
  LATHE_TRY(const std::vector<TensorId> parts, tensor_list(call, "tensors"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  return as_value(concat_operation(tracer_of(call.evaluator), parts, axis));
}

Result<Value> stack(NativeCall& call) {
  LATHE_TRY(const std::vector<TensorId> parts, tensor_list(call, "tensors"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  return as_value(stack_operation(tracer_of(call.evaluator), parts, axis));
}

/// Tensors with at least `rank` axes: missing ones are added as numpy's atleast_Nd does.
Result<TensorId> at_least(Tracer& tracer, TensorId x, int rank) {
  const int have = tracer.rank(x);
  if (have >= rank) return x;
  if (have == 0) return reshape_operation(tracer, x, Shape(static_cast<size_t>(rank), Dim(1)));
  if (rank == 3 && have == 2) return unsqueeze_operation(tracer, x, 2);
  LATHE_TRY(const TensorId row, unsqueeze_operation(tracer, x, 0));
  return rank == 3 ? unsqueeze_operation(tracer, row, 2) : Result<TensorId>(row);
}

template <int rank>
Result<Value> joined(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(std::vector<TensorId> parts, tensor_list(call, "tensors"));
  for (TensorId& part : parts) {
    LATHE_TRY(part, at_least(tracer, part, rank));
  }
  // hstack joins vectors on their only axis.
  const bool vectors = rank == 1 && !parts.empty() && tracer.rank(parts[0]) == 1;
  const int64_t axis = rank == 1 ? (vectors ? 0 : 1) : rank == 2 ? 0 : 2;
  return as_value(concat_operation(tracer, parts, axis));
}

template <int rank>
Result<Value> padded_rank(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(at_least(tracer_of(call.evaluator), x, rank));
}

Result<Value> pieces(NativeCall& call, Result<std::vector<TensorId>> parts) {
  if (!parts) return Failure{};
  return tensor_tuple(call.evaluator, *parts);
}

Result<Value> chunk(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t count, call.known_integer("chunks"));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  return pieces(call, chunk_operation(tracer_of(call.evaluator), x, count, axis));
}

/// Pieces of one size, the last one may be shorter; or of the given sizes.
Result<Value> split(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const std::string given = call.parameters[1];
  if (!std::holds_alternative<Dim>(call.argument(given))) {
    LATHE_TRY(const std::vector<Dim> sizes, call.integers(given));
    return pieces(call, split_operation(tracer, x, sizes, axis));
  }
  const Dim each = std::get<Dim>(call.argument(given));
  const Dim total = tracer.rank(x) == 0 ? Dim(0) : tracer.dims(x)[at];
  if (each.is_constant() && each.constant() < 1) {
    return call
        .error(DiagnosticKind::BadArgument, "RuntimeError", "the size of a piece must be at least 1, it is {}",
               each.python_text())
        .emit();
  }
  if (const auto count = exact_divide(total, each); count && count->is_constant()) {
    LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(std::max<int64_t>(count->constant(), 0)), call.where));
    return pieces(call, split_operation(tracer, x, Shape(static_cast<size_t>(count->constant()), each), axis));
  }
  if (!total.is_constant() || !each.is_constant()) {
    return call.evaluator.unsupported(
        call.where, fmt::format("a split of an axis of size {} into pieces of {}: how many there are is only known "
                                "when the model runs",
                                total.python_text(), each.python_text()));
  }
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(total.constant() / each.constant()), call.where));
  Shape sizes;
  for (int64_t left = total.constant(); left > 0; left -= each.constant()) {
    sizes.emplace_back(std::min(left, each.constant()));
  }
  return pieces(call, split_operation(tracer, x, sizes, axis));
}

Result<Value> tensor_split(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const auto total = tracer.rank(x) == 0 ? std::optional<int64_t>() : tracer.dims(x)[at].as_constant();
  if (!total) return call.evaluator.unsupported(call.where, "`tensor_split` of an axis of unknown size");
  Shape sizes;
  const Value& given = call.argument("indices_or_sections");
  if (const auto* count = std::get_if<Dim>(&given)) {
    const auto sections = count->as_constant();
    if (!sections || *sections < 1) {
      return call.error(DiagnosticKind::BadArgument, "RuntimeError", "the number of sections must be at least 1")
          .emit();
    }
    LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(*sections), call.where));
    for (int64_t i = 0; i < *sections; ++i) {
      sizes.emplace_back(*total / *sections + (i < *total % *sections ? 1 : 0));
    }
    return pieces(call, split_operation(tracer, x, sizes, axis));
  }
  LATHE_TRY(const std::vector<Dim> indices, call.integers("indices_or_sections"));
  int64_t begin = 0;
  for (const Dim& index : indices) {
    const auto known = index.as_constant();
    if (!known) return call.evaluator.unsupported(call.where, "`tensor_split` at unknown places");
    const int64_t at_most = std::clamp(*known < 0 ? *known + *total : *known, begin, *total);
    sizes.emplace_back(at_most - begin);
    begin = at_most;
  }
  sizes.emplace_back(*total - begin);
  return pieces(call, split_operation(tracer, x, sizes, axis));
}

Result<Value> unbind(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const auto count = tracer.rank(x) == 0 ? std::optional<int64_t>() : tracer.dims(x)[at].as_constant();
  if (!count)
    return call.evaluator.unsupported(call.where, "`unbind` of an axis whose size is only known when it runs");
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(*count), call.where));
  std::vector<TensorId> parts;
  for (int64_t i = 0; i < *count; ++i) {
    LATHE_TRY(const TensorId part, select_operation(tracer, x, axis, i));
    parts.push_back(part);
  }
  return tensor_tuple(call.evaluator, parts);
}

Result<Value> repeat_times(NativeCall& call, const Shape& given) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  Shape repeats = given;
  const auto rank = static_cast<size_t>(tracer.rank(x));
  LATHE_TRY(ValueId value, tracer.value(x));
  if (repeats.size() > rank) {
    Shape dims(repeats.size() - rank, Dim(1));
    dims.insert(dims.end(), tracer.dims(x).begin(), tracer.dims(x).end());
    LATHE_TRY(value, tracer.builder().reshape(value, std::move(dims)));
  }
  LATHE_TRY(const ValueId tiled, tracer.builder().one("tile", {value}, {{"repeats", std::move(repeats)}}));
  return Value(tracer.add(tiled));
}

Result<Value> repeat(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Shape repeats, sizes_argument(call, "repeats", "sizes"));
  if (repeats.size() < static_cast<size_t>(tracer.rank(x))) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("repeat{} names {} axes, the tensor {} has {}", Tracer::shape_text(repeats),
                                    repeats.size(), tracer.shape_text(x), tracer.rank(x)))
        .emit();
  }
  return repeat_times(call, repeats);
}

Result<Value> tile(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(Shape repeats, sizes_argument(call, "repeats", "dims"));
  const auto rank = static_cast<size_t>(tracer_of(call.evaluator).rank(x));
  if (repeats.size() < rank) repeats.insert(repeats.begin(), rank - repeats.size(), Dim(1));
  return repeat_times(call, repeats);
}

/// Each element as often as said: a new axis behind, expanded, and folded in.
Result<Value> repeat_interleave(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  if (!std::holds_alternative<Dim>(call.argument("repeats"))) {
    return call.evaluator.unsupported(call.where, "`repeat_interleave` with a number for each element");
  }
  LATHE_TRY(const Dim repeats, call.integer("repeats"));
  int64_t axis = 0;
  if (call.is_none("dim")) {
    LATHE_TRY(x, reshape_operation(tracer, x, {Dim(-1)}));
  } else {
    LATHE_TRY(axis, axis_argument(call));
  }
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  Shape dims = tracer.dims(x);
  LATHE_TRY(const TensorId thick, unsqueeze_operation(tracer, x, static_cast<int64_t>(at) + 1));
  Shape wide = dims;
  wide.insert(wide.begin() + static_cast<std::ptrdiff_t>(at) + 1, repeats);
  LATHE_TRY(const TensorId expanded, expand_operation(tracer, thick, std::move(wide)));
  dims[at] *= repeats;
  return as_value(reshape_operation(tracer, expanded, std::move(dims)));
}

constexpr std::string_view kList = "tensors, dim=0, *, out=None, axis=None";

constexpr TensorFunction kTable[] = {
    only_function<cat>("cat", kList),
    only_function<cat>("concat", kList),
    only_function<cat>("concatenate", kList),
    only_function<stack>("stack", kList),
    only_function<joined<1>>("hstack", "tensors, *, out=None"),
    only_function<joined<2>>("vstack", "tensors, *, out=None"),
    only_function<joined<2>>("row_stack", "tensors, *, out=None"),
    only_function<joined<3>>("dstack", "tensors, *, out=None"),
    only_function<padded_rank<1>>("atleast_1d", "input"),
    only_function<padded_rank<2>>("atleast_2d", "input"),
    only_function<padded_rank<3>>("atleast_3d", "input"),
    both<chunk>("chunk", "input, chunks, dim=0"),
    both<split>("split", "input, split_size_or_sections, dim=0"),
    only_method<split>("split_with_sizes", "input, split_sizes, dim=0"),
    only_function<split>("split_with_sizes", "input, split_sizes, dim=0"),
    both<tensor_split>("tensor_split", "input, indices_or_sections, dim=0"),
    both<unbind>("unbind", "input, dim=0"),
    only_method<repeat>("repeat", "input, *repeats, sizes=None"),
    both<tile>("tile", "input, *repeats, dims=None"),
    both<repeat_interleave>("repeat_interleave", "input, repeats, dim=None, *, output_size=None"),
};

}  // namespace

std::span<const TensorFunction> joining_table() { return kTable; }

}  // namespace lathe::torch
