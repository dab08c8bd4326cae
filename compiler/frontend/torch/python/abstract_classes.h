// Classes that nobody derives from but many values are instances of: Iterable, Sequence, Callable, Number ...
//
// They are native classes of collections.abc, typing and numbers; isinstance() asks here.
#pragma once

#include "compiler/frontend/torch/python/evaluator.h"

namespace lathe::torch {

/// Whether a native class of that name says something of `value`'s methods that holds. False for all other classes.
[[nodiscard]] bool is_abstract_instance(Evaluator& evaluator, const Value& value, ObjectId type);
[[nodiscard]] bool is_callable(Evaluator& evaluator, const Value& value);

}  // namespace lathe::torch
