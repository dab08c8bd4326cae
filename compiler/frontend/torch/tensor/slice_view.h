// Reading and writing a slice of one axis of a graph value: what views by indexing are made of.
#pragma once

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

/// start:stop:step of one axis, all within the axis, step at least 1.
struct SliceOfAxis {
  size_t axis = 0;
  Dim start;
  Dim stop;
  int64_t step = 1;
};

[[nodiscard]] Result<ValueId> read_slice(Tracer& tracer, ValueId base, const SliceOfAxis& slice);
/// The slice, which has size 1, without its axis.
[[nodiscard]] Result<ValueId> read_selection(Tracer& tracer, ValueId base, const SliceOfAxis& slice);
/// `base` with the slice replaced by `view`, which has the shape of the slice.
[[nodiscard]] Result<ValueId> write_slice(Tracer& tracer, ValueId base, ValueId view, const SliceOfAxis& slice);

}  // namespace lathe::torch
