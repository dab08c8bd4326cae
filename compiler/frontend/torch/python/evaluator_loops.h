// Iteration for statements and comprehensions: item by item, so that a loop sees what it appends to its own list, and
// an endless iterator ends with `break`. Included by evaluator*.cpp alone.
#pragma once

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

/// `body` takes an item and gives Result<bool>: whether to go on.
template <class Body>
Status Evaluator::Internals::for_each(const Value& iterable, LocationId where, Body body) {
  if (heap.as<ListObject>(iterable) != nullptr) {
    for (size_t i = 0; i < heap.as<ListObject>(iterable)->items.size(); ++i) {
      LATHE_TRY_VOID(evaluator.spend(1, where));
      const Value item = heap.as<ListObject>(iterable)->items[i];
      LATHE_TRY(const bool go_on, body(item));
      if (!go_on) return {};
    }
    return {};
  }
  if (is_unknown(iterable)) return Failure{};
  const auto* instance = heap.as<InstanceObject>(iterable);
  if (instance == nullptr && heap.as<IteratorObject>(iterable) == nullptr) {
    LATHE_TRY(const std::vector<Value> items, evaluator.iterate(iterable, where));
    for (const Value& item : items) {
      LATHE_TRY_VOID(evaluator.spend(1, where));
      LATHE_TRY(const bool go_on, body(item));
      if (!go_on) return {};
    }
    return {};
  }
  LATHE_TRY(const Value iterator, evaluator.iterator(iterable, where));
  if (is_unknown(iterator)) return Failure{};
  while (true) {
    LATHE_TRY_VOID(evaluator.spend(1, where));
    LATHE_TRY(const std::optional<Value> item, evaluator.next(iterator, where));
    if (!item) return {};
    LATHE_TRY(const bool go_on, body(*item));
    if (!go_on) return {};
  }
}

}  // namespace lathe::torch
