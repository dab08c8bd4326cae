// Shapes: view, reshape, flatten, permute, squeeze, expand, size, stride ...
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

Result<Value> view(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  const auto* given = call.evaluator.heap().as<TupleObject>(call.argument("shape"));
  if (given != nullptr && given->items.size() == 1 && tracer.dtype(given->items[0])) {
    return call.evaluator.unsupported(call.where, "`view` with a dtype, which reads the bytes of other numbers");
  }
  LATHE_TRY(Shape sizes, sizes_argument(call, "shape", "size"));
  return as_value(view_operation(tracer, x, std::move(sizes)));
}

Result<Value> reshape(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(Shape sizes, sizes_argument(call, "sizes", "shape"));
  return as_value(reshape_operation(tracer_of(call.evaluator), x, std::move(sizes)));
}

Result<Value> view_as(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId other, tensor_argument(call, "other"));
  Tracer& tracer = tracer_of(call.evaluator);
  return as_value(view_operation(tracer, x, tracer.dims(other)));
}

Result<Value> reshape_as(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId other, tensor_argument(call, "other"));
  Tracer& tracer = tracer_of(call.evaluator);
  return as_value(reshape_operation(tracer, x, tracer.dims(other)));
}

Result<Value> flatten(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t first, call.known_integer("start_dim"));
  LATHE_TRY(const int64_t last, call.known_integer("end_dim"));
  return as_value(flatten_operation(tracer_of(call.evaluator), x, first, last));
}

Result<Value> ravel(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(reshape_operation(tracer_of(call.evaluator), x, {Dim(-1)}));
}

Result<Value> unflatten(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(const std::vector<Dim> sizes, call.integers("sizes"));
  const Shape dims = tracer.dims(x);
  Shape all(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(at));
  Dim given = 1;
  for (const Dim& size : sizes) {
    if (!size.is_constant(-1)) given *= size;
  }
  for (const Dim& size : sizes) {
    const auto rest = exact_divide(dims[at], given);
    if (size.is_constant(-1) && !rest) {
      return tensor_error(
                 tracer, DiagnosticKind::ReshapeMismatch, "RuntimeError",
                 fmt::format("unflatten axis {} of {} to {}: {} is not a multiple of {}", at, tracer.shape_text(x),
                             Tracer::shape_text(sizes), dims[at].python_text(), given.python_text()))
          .emit();
    }
    all.push_back(size.is_constant(-1) ? *rest : size);
  }
  all.insert(all.end(), dims.begin() + static_cast<std::ptrdiff_t>(at) + 1, dims.end());
  return as_value(reshape_operation(tracer, x, std::move(all)));
}

Result<Value> permute(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const std::vector<int64_t> axes, star_axes(call, "dims"));
  return as_value(permute_operation(tracer_of(call.evaluator), x, axes));
}

Result<Value> transpose(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t first, axis_argument(call, call.parameters[1]));
  LATHE_TRY(const int64_t second, axis_argument(call, call.parameters[2]));
  return as_value(transpose_operation(tracer_of(call.evaluator), x, first, second));
}

Result<Value> matrix_transpose(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  if (tracer.rank(x) < 2) return Value(x);
  if (tracer.rank(x) == 2) return as_value(transpose_operation(tracer, x, 0, 1));
  return tensor_error(
             tracer, DiagnosticKind::RankMismatch, "RuntimeError",
             fmt::format("`t()` takes a matrix, the tensor {} has {} axes", tracer.shape_text(x), tracer.rank(x)))
      .note("`.transpose(-2, -1)` swaps the last two axes")
      .emit();
}

Result<Value> movedim(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const auto from, axes_argument(call, "source"));
  LATHE_TRY(const auto to, axes_argument(call, "destination"));
  const auto rank = static_cast<size_t>(tracer.rank(x));
  std::vector<int64_t> permutation(rank, -1);
  std::vector<bool> taken(rank, false);
  if (!from || !to || from->size() != to->size()) {
    return call.error(DiagnosticKind::BadArgument, "RuntimeError", "`movedim` needs equally many axes on both sides")
        .emit();
  }
  for (size_t i = 0; i < from->size(); ++i) {
    LATHE_TRY(const size_t source, normal_axis(tracer, (*from)[i], x));
    LATHE_TRY(const size_t target, normal_axis(tracer, (*to)[i], x));
    if (rank == 0 || taken[source] || permutation[target] >= 0) {
      return call.error(DiagnosticKind::BadArgument, "RuntimeError", "`movedim` names an axis twice").emit();
    }
    permutation[target] = static_cast<int64_t>(source);
    taken[source] = true;
  }
  size_t next = 0;
  for (int64_t& axis : permutation) {
    if (axis >= 0) continue;
    while (taken[next]) ++next;
    axis = static_cast<int64_t>(next++);
  }
  return as_value(permute_operation(tracer, x, permutation));
}

Result<Value> squeeze(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(auto axes, axes_argument(call));
  return as_value(squeeze_operation(tracer, x, std::move(axes)));
}

Result<Value> unsqueeze(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  return as_value(unsqueeze_operation(tracer_of(call.evaluator), x, axis));
}

/// unsqueeze_, squeeze_, t_: the tensor itself gets another shape.
template <NativeFunction function>
Result<Value> reshaping_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Value view, function(call));
  const auto* tensor = std::get_if<TensorId>(&view);
  if (tensor != nullptr && !(*tensor == x)) tracer.become_view(x, *tensor);
  return Value(x);
}

Result<Value> resize(NativeCall& call) {
  return call.evaluator.unsupported(call.where, "`resize_`, which changes the size of a tensor");
}

Result<Value> expand(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(Shape sizes, sizes_argument(call, "sizes", "size"));
  return as_value(expand_operation(tracer_of(call.evaluator), x, std::move(sizes)));
}

Result<Value> broadcast_to(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(std::vector<Dim> sizes, call.integers("size"));
  return as_value(expand_operation(tracer_of(call.evaluator), x, std::move(sizes)));
}

Result<Value> expand_as(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId other, tensor_argument(call, "other"));
  Tracer& tracer = tracer_of(call.evaluator);
  return as_value(expand_operation(tracer, x, tracer.dims(other)));
}

Result<Value> broadcast_tensors(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(std::vector<TensorId> tensors, tensor_list(call, "tensors"));
  Shape common;
  for (const TensorId tensor : tensors) {
    LATHE_TRY(common, broadcast_shapes(tracer, common, tracer.dims(tensor), "broadcast"));
  }
  for (TensorId& tensor : tensors) {
    LATHE_TRY(tensor, expand_operation(tracer, tensor, common));
  }
  return tensor_tuple(call.evaluator, tensors);
}

Result<Value> contiguous(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(contiguous_operation(tracer_of(call.evaluator), x));
}

Result<Value> clone(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(clone_operation(tracer_of(call.evaluator), x));
}

Result<Value> is_contiguous(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return Value(tracer_of(call.evaluator).is_contiguous(x));
}

Result<Value> size(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  if (call.is_none("dim")) return tracer.size_value(tracer.dims(x));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (tracer.rank(x) == 0) {
    return tensor_error(tracer, DiagnosticKind::AxisOutOfRange, "IndexError",
                        fmt::format("size({}) of a tensor without axes", axis))
        .emit();
  }
  return Value(tracer.dims(x)[at]);
}

Result<Value> stride(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  std::vector<Dim> strides = tracer.strides(x);
  for (const Dim& each : strides) {
    if (!each.valid()) return call.evaluator.unsupported(call.where, "strides that depend on unknown sizes");
  }
  if (call.is_none("dim")) {
    return call.evaluator.heap().new_tuple(std::vector<Value>(strides.begin(), strides.end()));
  }
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  return at < strides.size() ? Value(strides[at]) : integer(1);
}

Result<Value> rank(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return integer(tracer_of(call.evaluator).rank(x));
}

Result<Value> element_count(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  const Shape& dims = tracer_of(call.evaluator).dims(x);
  return Value(product(dims));
}

Result<Value> element_size(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return integer(info(tracer_of(call.evaluator).element(x)).bits / 8);
}

constexpr TensorFunction kTable[] = {
    only_method<view>("view", "input, *shape, size=None"),
    both<view_as>("view_as", "input, other"),
    only_method<reshape>("reshape", "input, *sizes, shape=None"),
    only_function<reshape>("reshape", "input, *sizes, shape=None"),
    only_method<reshape_as>("reshape_as", "input, other"),
    both<flatten>("flatten", "input, start_dim=0, end_dim=-1"),
    both<ravel>("ravel", "input"),
    both<unflatten>("unflatten", "input, dim, sizes"),
    both<permute>("permute", "input, *dims"),
    both<transpose>("transpose", "input, dim0, dim1"),
    both<transpose>("swapaxes", "input, axis0, axis1"),
    both<transpose>("swapdims", "input, dim0, dim1"),
    both<matrix_transpose>("t", "input"),
    both<matrix_transpose>("adjoint", "input"),
    both<movedim>("movedim", "input, source, destination"),
    both<movedim>("moveaxis", "input, source, destination"),
    both<squeeze>("squeeze", "input, dim=None, *, axis=None"),
    both<unsqueeze>("unsqueeze", "input, dim, *, axis=None"),
    only_method<reshaping_in_place<squeeze>>("squeeze_", "input, dim=None"),
    only_method<reshaping_in_place<unsqueeze>>("unsqueeze_", "input, dim"),
    only_method<reshaping_in_place<matrix_transpose>>("t_", "input"),
    only_method<reshaping_in_place<transpose>>("transpose_", "input, dim0, dim1"),
    only_method<resize>("resize_", "input, *sizes"),
    only_method<expand>("expand", "input, *sizes, size=None"),
    only_method<expand_as>("expand_as", "input, other"),
    both<broadcast_to>("broadcast_to", "input, size"),
    only_function<broadcast_tensors>("broadcast_tensors", "*tensors"),
    only_method<contiguous>("contiguous", "input, memory_format=None"),
    both<clone>("clone", "input, *, memory_format=None"),
    only_method<is_contiguous>("is_contiguous", "input, memory_format=None"),
    only_method<size>("size", "input, dim=None"),
    only_method<stride>("stride", "input, dim=None"),
    only_method<rank>("dim", "input"),
    only_method<rank>("ndimension", "input"),
    both<element_count>("numel", "input"),
    only_method<element_count>("nelement", "input"),
    only_method<element_size>("element_size", "input"),
};

}  // namespace

std::span<const TensorFunction> shape_table() { return kTable; }

}  // namespace lathe::torch
