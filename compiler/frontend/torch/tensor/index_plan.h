// What stands between the brackets of x[...], taken apart: a view made by ints, slices, None and Ellipsis, and the
// tensors that choose among the elements of that view.
#pragma once

#include <vector>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

struct ChoosingTensor {
  size_t axis = 0;  ///< of the view; a mask covers as many axes as it has
  TensorId tensor;
  bool is_mask = false;
};

struct IndexPlan {
  TensorId view;
  std::vector<ChoosingTensor> tensors;  ///< ascending axes
};

/// Faults: too many indices, an index out of range, a step below 1.
[[nodiscard]] Result<IndexPlan> plan_index(Tracer& tracer, TensorId x, const Value& index);

/// Python's start:stop of an axis of size `size`, clamped. Unsupported when a sign is not known.
[[nodiscard]] Result<std::pair<Dim, Dim>> clamp_bounds(Tracer& tracer, const Value& lower, const Value& upper,
                                                       const Dim& size);

}  // namespace lathe::torch
