// Views that change the order or the choice of elements: permute, expand, slices, selections, splits.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/slice_view.h"

namespace lathe::torch {
namespace {

Result<TensorId> add_transpose(Tracer& tracer, TensorId x, const Integers& permutation) {
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId turned, tracer.builder().transpose(value, permutation));
  Integers inverse(permutation.size());
  const std::vector<Dim> old = tracer.strides(x);
  std::vector<Dim> strides;
  for (size_t i = 0; i < permutation.size(); ++i) {
    inverse[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
    strides.push_back(old[static_cast<size_t>(permutation[i])]);
  }
  return tracer.add_view(
      x, turned, std::move(strides),
      [permutation](Tracer& t, ValueId base) { return t.builder().transpose(base, permutation); },
      [inverse](Tracer& t, ValueId, ValueId view) { return t.builder().transpose(view, inverse); });
}

}  // namespace

Result<TensorId> permute_operation(Tracer& tracer, TensorId x, const std::vector<int64_t>& permutation) {
  const Shape& dims = tracer.dims(x);
  if (permutation.size() != dims.size()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("permute names {} axes, the tensor {} has {}", permutation.size(),
                                    tracer.shape_text(x), dims.size()))
        .emit();
  }
  Integers normal;
  for (const int64_t axis : permutation) {
    LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
    if (std::find(normal.begin(), normal.end(), static_cast<int64_t>(at)) != normal.end()) {
      return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError",
                          fmt::format("permute names axis {} twice", axis))
          .emit();
    }
    normal.push_back(static_cast<int64_t>(at));
  }
  return add_transpose(tracer, x, normal);
}

Result<TensorId> transpose_operation(Tracer& tracer, TensorId x, int64_t a, int64_t b) {
  LATHE_TRY(const size_t first, normal_axis(tracer, a, x));
  LATHE_TRY(const size_t second, normal_axis(tracer, b, x));
  Integers permutation(tracer.dims(x).size());
  std::iota(permutation.begin(), permutation.end(), int64_t{0});
  if (!permutation.empty()) std::swap(permutation[first], permutation[second]);
  return add_transpose(tracer, x, permutation);
}

Result<TensorId> expand_operation(Tracer& tracer, TensorId x, Shape sizes) {
  const Shape& dims = tracer.dims(x);
  if (sizes.size() < dims.size()) {
    return tensor_error(tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("expand to {}: the tensor {} has more axes", Tracer::shape_text(sizes),
                                    tracer.shape_text(x)))
        .emit();
  }
  const size_t offset = sizes.size() - dims.size();
  const std::vector<Dim> old = tracer.strides(x);
  std::vector<Dim> strides(sizes.size(), Dim(0));
  for (size_t axis = 0; axis < sizes.size(); ++axis) {
    const bool is_new = axis < offset;
    const std::string asked = is_new ? std::string() : Tracer::shape_text(sizes);
    if (sizes[axis].is_constant(-1)) {
      if (is_new) {
        return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError",
                            fmt::format("expand to {}: -1 can't be the size of the new axis {}",
                                        Tracer::shape_text(sizes), axis))
            .emit();
      }
      sizes[axis] = dims[axis - offset];
    }
    if (is_new) continue;
    const Dim& have = dims[axis - offset];
    if (have.is_constant(1) && !sizes[axis].is_constant(1)) continue;
    strides[axis] = old[axis - offset];
    if (tracer.module().symbols.prove_eq(have, sizes[axis]) != Answer::No) continue;
    return tensor_error(tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("cannot expand {} to {}: axis {} is {} against {}", tracer.shape_text(x), asked,
                                    axis - offset, have.python_text(), sizes[axis].python_text()))
        .explain(tracer.module().origins, have)
        .emit();
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId wide, tracer.builder().expand(value, sizes));
  return tracer.add_view(
      x, wide, std::move(strides), [sizes](Tracer& t, ValueId base) { return t.builder().expand(base, sizes); },
      [](Tracer& t, ValueId, ValueId) -> Result<ValueId> {
        return tensor_error(t, DiagnosticKind::BadArgument, "RuntimeError",
                            "an expanded tensor can't be changed in place: several of its elements are one in memory")
            .note("`.clone()` it first")
            .emit();
      });
}

Result<TensorId> slice_operation(Tracer& tracer, TensorId x, size_t axis, const Dim& start, const Dim& stop,
                                 int64_t step) {
  SliceOfAxis slice{axis, start, stop, step};
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId part, read_slice(tracer, value, slice));
  std::vector<Dim> strides = tracer.strides(x);
  strides[axis] *= Dim(step);
  return tracer.add_view(
      x, part, std::move(strides), [slice](Tracer& t, ValueId base) { return read_slice(t, base, slice); },
      [slice](Tracer& t, ValueId base, ValueId view) { return write_slice(t, base, view, slice); });
}

Result<TensorId> select_operation(Tracer& tracer, TensorId x, int64_t axis, const Dim& index) {
  if (tracer.dims(x).empty()) {
    return tensor_error(tracer, DiagnosticKind::IndexOutOfRange, "IndexError",
                        "a tensor without axes can't be indexed: use `.item()` for its number")
        .emit();
  }
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  const Dim size = tracer.dims(x)[at];
  const SymbolTable& symbols = tracer.module().symbols;
  const bool from_end = symbols.known_lt(index, 0);
  const Dim position = from_end ? symbols.simplify(index + size) : index;
  if (symbols.prove_le(0, position) == Answer::No || symbols.prove_lt(position, size) == Answer::No) {
    return tensor_error(tracer, DiagnosticKind::IndexOutOfRange, "IndexError",
                        fmt::format("index {} is out of range for axis {} of {}, which has size {}",
                                    index.python_text(), at, tracer.shape_text(x), size.python_text()))
        .explain(tracer.module().origins, size)
        .emit();
  }
  SliceOfAxis slice{at, position, position + 1, 1};
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId part, read_selection(tracer, value, slice));
  std::vector<Dim> strides = tracer.strides(x);
  strides.erase(strides.begin() + static_cast<std::ptrdiff_t>(at));
  return tracer.add_view(
      x, part, std::move(strides), [slice](Tracer& t, ValueId base) { return read_selection(t, base, slice); },
      [slice](Tracer& t, ValueId base, ValueId view) -> Result<ValueId> {
        LATHE_TRY(const ValueId thick, t.builder().unsqueeze(view, {slice.axis}));
        return write_slice(t, base, thick, slice);
      });
}

Result<std::vector<TensorId>> split_operation(Tracer& tracer, TensorId x, const Shape& sizes, int64_t axis) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (tracer.dims(x).empty()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError", "a tensor without axes can't be split")
        .emit();
  }
  const Dim size = tracer.dims(x)[at];
  Dim sum = 0;
  for (const Dim& piece : sizes) {
    if (piece.is_constant() && piece.constant() < 0) {
      return tensor_error(tracer, DiagnosticKind::NegativeDimension, "RuntimeError",
                          fmt::format("a piece of a split can't have the size {}", piece.python_text()))
          .emit();
    }
    sum += piece;
  }
  if (tracer.module().symbols.prove_eq(sum, size) == Answer::No) {
    return tensor_error(tracer, DiagnosticKind::SplitMismatch, "RuntimeError",
                        fmt::format("the pieces of a split of axis {} of {} add up to {}, the axis has {}", at,
                                    tracer.shape_text(x), sum.python_text(), size.python_text()))
        .explain(tracer.module().origins, size)
        .emit();
  }
  LATHE_TRY_VOID(tracer.evaluator().spend(sizes.size(), tracer.here()));
  std::vector<TensorId> pieces;
  Dim offset = 0;
  for (const Dim& piece : sizes) {
    LATHE_TRY(const TensorId part, slice_operation(tracer, x, at, offset, offset + piece));
    offset += piece;
    pieces.push_back(part);
  }
  return pieces;
}

Result<std::vector<TensorId>> chunk_operation(Tracer& tracer, TensorId x, int64_t count, int64_t axis) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (count < 1 || tracer.dims(x).empty()) {
    return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError",
                        count < 1 ? fmt::format("chunk into {} pieces: there must be at least 1", count)
                                  : std::string("a tensor without axes can't be split"))
        .emit();
  }
  const Dim size = tracer.dims(x)[at];
  LATHE_TRY_VOID(tracer.evaluator().spend(static_cast<uint64_t>(count), tracer.here()));
  if (const auto each = exact_divide(size, count); each && !each->is_constant(0)) {
    return split_operation(tracer, x, Shape(static_cast<size_t>(count), *each), axis);
  }
  const auto total = size.as_constant();
  if (!total) {
    tracer.evaluator().unsupported(
        tracer.here(),
        fmt::format("chunk of an axis of size {} into {} pieces, which may be unequal", size.python_text(), count));
    return Failure{};
  }
  if (*total == 0) return split_operation(tracer, x, Shape(static_cast<size_t>(count), Dim(0)), axis);
  const int64_t each = (*total + count - 1) / count;
  Shape sizes;
  for (int64_t left = *total; left > 0; left -= each) sizes.emplace_back(std::min(left, each));
  return split_operation(tracer, x, sizes, axis);
}

}  // namespace lathe::torch
