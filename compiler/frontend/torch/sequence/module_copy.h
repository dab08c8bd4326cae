// copy.copy and copy.deepcopy on the evaluator's objects: what Transformer stacks and `clones(layer, N)` are made with.
#pragma once

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

/// Python's deepcopy: instances, lists, tuples, dicts and sets are new, with the same references among each other;
/// functions, classes, strings and the like are shared. Parameters are new ones that are filled in the same way.
Result<Value> deep_copy(Evaluator& evaluator, const Value& value, LocationId where);

}  // namespace lathe::torch
