// Tensors that become parameters and buffers.
#pragma once

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

/// A new tensor with the elements of `tensor` that weights may give others: a parameter or a buffer. Random tensors
/// become parameters with that initialisation; what depends on inputs of the model stays as it is.
[[nodiscard]] TensorId as_weights(Evaluator& evaluator, TensorId tensor, bool is_parameter, LocationId where);

}  // namespace lathe::torch
