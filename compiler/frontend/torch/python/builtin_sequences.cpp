// The classes list and tuple, and the methods that range shares with them.
#include <algorithm>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> make_list(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  if (!makes_builtin(call, "list")) return call.evaluator.unsupported(call.where, "subclasses of `list`");
  LATHE_TRY(std::vector<Value> items, call.items("iterable"));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  return heap_of(call).new_list(std::move(items));
}

Result<Value> make_tuple(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(std::vector<Value> items, call.items("iterable"));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  TupleObject tuple{std::move(items)};
  if (!makes_builtin(call, "tuple")) tuple.type = std::get<ObjectId>(call.argument("cls"));
  return Value(heap_of(call).add(std::move(tuple)));
}

/// The list behind `self`; nullptr after a fault.
ListObject* self_list(NativeCall& call) {
  auto* list = heap_of(call).as<ListObject>(call.argument("self"));
  if (list == nullptr) static_cast<void>(wrong_type(call, "self", "a list"));
  return list;
}

Result<Value> append(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
  list->items.push_back(call.argument("item"));
  return none();
}

Result<Value> extend(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  list->items.insert(list->items.end(), items.begin(), items.end());
  return none();
}

Result<Value> insert(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_TRY(const int64_t index, call.known_integer("index"));
  LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
  const auto at = static_cast<std::ptrdiff_t>(clamp_index(index, list->items.size()));
  list->items.insert(list->items.begin() + at, call.argument("item"));
  return none();
}

Result<Value> pop(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_TRY(int64_t index, call.known_integer("index"));
  const auto size = static_cast<int64_t>(list->items.size());
  if (size == 0) return raise(call, "IndexError", "`pop` from an empty list");
  if (index < 0) index += size;
  if (index < 0 || index >= size) {
    return raise(call, "IndexError", "`pop` of index {} from a list of {}", index < 0 ? index - size : index, size);
  }
  Value item = list->items[static_cast<size_t>(index)];
  list->items.erase(list->items.begin() + index);
  return item;
}

/// The elements of a list, tuple or range.
Result<std::vector<Value>> self_items(NativeCall& call) {
  const Value& self = call.argument("self");
  if (const auto* list = heap_of(call).as<ListObject>(self)) return std::vector<Value>(list->items);
  if (const auto* tuple = heap_of(call).as<TupleObject>(self)) return std::vector<Value>(tuple->items);
  if (heap_of(call).as<RangeObject>(self) != nullptr) return call.items("self");
  return wrong_type(call, "self", "a sequence");
}

/// The first position from `start` to before `stop` with an equal element; nothing when there is none.
Result<std::optional<size_t>> position_of(NativeCall& call, const std::vector<Value>& items, size_t start,
                                          size_t stop) {
  for (size_t i = start; i < stop; ++i) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(const bool same, is_equal(call, items[i], call.argument("item")));
    if (same) return std::optional<size_t>(i);
  }
  return std::optional<size_t>();
}

Result<Value> remove(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_TRY(const std::vector<Value> items, self_items(call));
  LATHE_TRY(const std::optional<size_t> found, position_of(call, items, 0, items.size()));
  if (!found) {
    return raise(call, "ValueError", "`remove`: {} is not in the list", call.evaluator.describe(call.argument("item")));
  }
  list->items.erase(list->items.begin() + static_cast<std::ptrdiff_t>(*found));
  return none();
}

Result<Value> index(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, self_items(call));
  LATHE_TRY(const int64_t start, integer_or(call, "start", 0));
  LATHE_TRY(const int64_t stop, integer_or(call, "stop", static_cast<int64_t>(items.size())));
  LATHE_TRY(const std::optional<size_t> found,
            position_of(call, items, clamp_index(start, items.size()), clamp_index(stop, items.size())));
  if (!found) {
    return raise(call, "ValueError", "{} is not in the {}", call.evaluator.describe(call.argument("item")),
                 call.evaluator.type_name(call.argument("self")));
  }
  return integer(static_cast<int64_t>(*found));
}

Result<Value> count(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, self_items(call));
  int64_t number = 0;
  for (const Value& item : items) {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(const bool same, is_equal(call, item, call.argument("item")));
    number += same ? 1 : 0;
  }
  return integer(number);
}

Result<Value> clear(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  list->items.clear();
  return none();
}

Result<Value> copy(NativeCall& call) {
  LATHE_TRY(std::vector<Value> items, self_items(call));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  return heap_of(call).new_list(std::move(items));
}

Result<Value> reverse(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  std::reverse(list->items.begin(), list->items.end());
  return none();
}

Result<Value> sort(NativeCall& call) {
  ListObject* list = self_list(call);
  if (list == nullptr) return Failure{};
  LATHE_TRY(const bool backwards, call.truth("reverse"));
  LATHE_TRY(std::vector<Value> sorted,
            sorted_values(call, std::vector<Value>(list->items), call.argument("key"), backwards));
  list->items = std::move(sorted);
  return none();
}

/// `__getitem__` and its like, for programs that name them; the evaluator carries out the operators.
Result<Value> get_item(NativeCall& call) {
  return call.evaluator.get_item(call.argument("self"), call.argument("index"), call.where);
}
Result<Value> set_item(NativeCall& call) {
  LATHE_TRY_VOID(
      call.evaluator.set_item(call.argument("self"), call.argument("index"), call.argument("value"), call.where));
  return none();
}
Result<Value> length(NativeCall& call) {
  LATHE_TRY(const Dim size, call.evaluator.length(call.argument("self"), call.where));
  return Value(size);
}

constexpr NativeFunctionRow kListMethods[] = {
    {"__new__", "cls, iterable=(), /", make_list},
    {"append", "self, item, /", append},
    {"extend", "self, iterable, /", extend},
    {"insert", "self, index, item, /", insert},
    {"pop", "self, index=-1, /", pop},
    {"remove", "self, item, /", remove},
    {"index", "self, item, start=None, stop=None, /", index},
    {"count", "self, item, /", count},
    {"clear", "self", clear},
    {"copy", "self", copy},
    {"reverse", "self", reverse},
    {"sort", "self, *, key=None, reverse=False", sort},
    {"__getitem__", "self, index, /", get_item},
    {"__setitem__", "self, index, value, /", set_item},
    {"__len__", "self", length},
};

constexpr NativeFunctionRow kTupleMethods[] = {
    {"__new__", "cls, iterable=(), /", make_tuple},
    {"index", "self, item, start=None, stop=None, /", index},
    {"count", "self, item, /", count},
    {"__getitem__", "self, index, /", get_item},
    {"__len__", "self", length},
};

constexpr NativeClassRow kClasses[] = {
    {"list", "", kListMethods},
    {"tuple", "", kTupleMethods},
};

constexpr NativeModuleRow kModules[] = {{"builtins", {}, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_sequences() { return kModules; }

}  // namespace lathe::torch
