// Weights that are computed from their length and direction before each call of a module.
#pragma once

#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

/// Computes the weights of a module that weight_norm was applied to; nothing for others.
Status update_weight_norms(Evaluator& evaluator, ObjectId module, LocationId where);

}  // namespace lathe::torch
