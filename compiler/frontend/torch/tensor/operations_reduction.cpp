// Reductions over axes and softmax.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

/// Distinct axes in ascending order; all of them when none are given.
Result<Integers> normal_axes(Tracer& tracer, TensorId x, const std::vector<int64_t>& axes) {
  Integers normal;
  if (axes.empty()) {
    for (int axis = 0; axis < tracer.rank(x); ++axis) normal.push_back(axis);
    return normal;
  }
  for (const int64_t axis : axes) {
    LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
    if (std::find(normal.begin(), normal.end(), static_cast<int64_t>(at)) != normal.end()) {
      return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError",
                          fmt::format("axis {} appears twice in the list of axes", axis))
          .emit();
    }
    if (tracer.rank(x) != 0) normal.push_back(static_cast<int64_t>(at));
  }
  std::sort(normal.begin(), normal.end());
  return normal;
}

/// Rows that have no meaning without elements.
bool needs_elements(std::string_view row) { return row == "reduce_max" || row == "reduce_min"; }

Result<TensorId> along_axis(Tracer& tracer, std::string_view row, TensorId x, int64_t axis) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(ValueId value, tracer.value(x));
  if (!is_float(tracer.element(x))) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("`{}` is not defined for tensors of type {}", row, dtype_text(tracer.element(x))))
        .emit();
  }
  const bool scalar = tracer.rank(x) == 0;
  if (scalar) {
    LATHE_TRY(value, tracer.builder().reshape(value, {Dim(1)}));
  }
  LATHE_TRY(ValueId result, tracer.builder().one(row, {value}, {{"axis", static_cast<int64_t>(at)}}));
  if (scalar) {
    LATHE_TRY(result, tracer.builder().reshape(result, {}));
  }
  return tracer.add(result);
}

}  // namespace

Result<TensorId> reduce_operation(Tracer& tracer, std::string_view row, TensorId x, const std::vector<int64_t>& axes,
                                  bool keep_dims) {
  LATHE_TRY(Integers normal, normal_axes(tracer, x, axes));
  LATHE_TRY(const ValueId value, tracer.value(x));
  const Shape& dims = tracer.dims(x);
  for (const int64_t axis : normal) {
    if (!needs_elements(row) || !dims[static_cast<size_t>(axis)].is_constant(0)) continue;
    return tensor_error(tracer, DiagnosticKind::ShapeMismatch, "RuntimeError",
                        fmt::format("axis {} of {} has no elements to compare", axis, tracer.shape_text(x)))
        .emit();
  }
  if (!op_named(row).operands[0].elements.contains(tracer.element(x))) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("`{}` is not defined for tensors of type {}", row, dtype_text(tracer.element(x))))
        .emit();
  }
  LATHE_TRY(const ValueId result,
            tracer.builder().one(row, {value}, {{"axes", std::move(normal)}, {"keep_dims", keep_dims}}));
  return tracer.add(result);
}

Result<TensorId> softmax_operation(Tracer& tracer, TensorId x, int64_t axis) {
  return along_axis(tracer, "softmax", x, axis);
}

Result<TensorId> log_softmax_operation(Tracer& tracer, TensorId x, int64_t axis) {
  return along_axis(tracer, "log_softmax", x, axis);
}

}  // namespace lathe::torch
