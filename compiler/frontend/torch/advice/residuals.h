// Residual connections whose branch and shortcut have come to different shapes: projections of the shortcut, padding of
// the branch.
#pragma once

#include <optional>

#include "compiler/frontend/torch/advice/fault_view.h"

namespace lathe::torch {

/// One side of the sum, as it is written and as a tensor.
struct ResidualSide {
  std::optional<ExpressionView> expression;
  TensorId tensor;
};

/// Adds a fix that pads the convolutions in which feature maps lost what they lack of the size that is wanted.
void propose_padding(const FaultView& view, const std::vector<TensorId>& smaller, const Shape& wanted);
/// Adds fixes for `branch + shortcut`, whichever side is which; false when neither side was made from the other.
bool propose_residual(const FaultView& view, const ResidualSide& left, const ResidualSide& right);

}  // namespace lathe::torch
