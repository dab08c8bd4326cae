// The modules collections and collections.abc, but for named tuples (stdlib_named_tuple.cpp).
#include <algorithm>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

ObjectId self_id(NativeCall& call) { return std::get<ObjectId>(call.argument("self")); }

Status set(NativeCall& call, std::string_view name, const Value& value) {
  return call.evaluator.set_plain_attribute(self_id(call), call.evaluator.name(name), value);
}

// -------------------------------------------------------------------------------------------------------------- dicts

/// OrderedDict.move_to_end
Result<Value> move_to_end(NativeCall& call) {
  auto* dict = heap_of(call).as<DictObject>(call.argument("self"));
  if (dict == nullptr) return wrong_type(call, "self", "an OrderedDict");
  LATHE_TRY(const bool last, call.truth("last"));
  LATHE_TRY(const std::optional<Value> found,
            call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  if (!found) return raise(call, "KeyError", "{} is not in the dict", call.evaluator.describe(call.argument("key")));
  LATHE_TRY([[maybe_unused]] const bool erased, erase_key(call, dict->entries, call.argument("key")));
  const std::vector<DictStorage::Entry> rest = dict->entries.entries();
  if (!last) dict->entries.clear();
  LATHE_TRY_VOID(call.evaluator.dict_set(self_id(call), call.argument("key"), *found, call.where));
  for (size_t i = 0; i < rest.size() && !last; ++i) {
    LATHE_TRY_VOID(call.evaluator.dict_set(self_id(call), rest[i].key, rest[i].value, call.where));
  }
  return none();
}

Result<Value> initialize_default_dict(NativeCall& call) {
  LATHE_TRY_VOID(set(call, "default_factory", call.argument("default_factory")));
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  for (const Value& source : given) LATHE_TRY_VOID(update_dict(call, self_id(call), source));
  LATHE_TRY_VOID(update_dict(call, self_id(call), call.argument("keywords")));
  return none();
}

Result<Value> make_missing(NativeCall& call) {
  LATHE_TRY(const Value factory,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("default_factory"), call.where));
  if (is_none(factory)) return raise(call, "KeyError", "{}", call.evaluator.describe(call.argument("key")));
  LATHE_TRY(Value made, call_back(call, factory, {}));
  LATHE_TRY_VOID(call.evaluator.dict_set(self_id(call), call.argument("key"), made, call.where));
  return made;
}

/// Counter(...) and Counter.update: counts elements, or adds the counts of a mapping.
Result<Value> count_elements(NativeCall& call) {
  const auto add = [&](const Value& key, const Value& number) -> Status {
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    LATHE_TRY(const std::optional<Value> before, call.evaluator.dict_find(self_id(call), key, call.where));
    Value total = number;
    if (before) {
      LATHE_TRY(total, call.evaluator.binary(BinaryOp::Add, *before, number, call.where));
    }
    return call.evaluator.dict_set(self_id(call), key, total, call.where);
  };
  for (const std::string_view parameter : {"source", "keywords"}) {
    const Value source = call.argument(parameter);
    LATHE_RETURN_UNKNOWN(source);
    if (is_none(source)) continue;
    if (const auto* dict = heap_of(call).as<DictObject>(source)) {
      for (const DictStorage::Entry& entry : dict->entries.entries()) LATHE_TRY_VOID(add(entry.key, entry.value));
      continue;
    }
    LATHE_TRY(const std::vector<Value> items, call.evaluator.iterate(source, call.where));
    for (const Value& item : items) LATHE_TRY_VOID(add(item, integer(1)));
  }
  return none();
}

Result<Value> missing_count(NativeCall&) { return integer(0); }

Result<Value> most_common(NativeCall& call) {
  const auto* dict = heap_of(call).as<DictObject>(call.argument("self"));
  if (dict == nullptr) return wrong_type(call, "self", "a Counter");
  std::vector<DictStorage::Entry> entries = dict->entries.entries();
  const auto number = [](const DictStorage::Entry& entry) { return as_float(entry.value).value_or(0); };
  std::vector<size_t> order(entries.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  std::sort(order.begin(), order.end(), [&](size_t a, size_t b) {
    const double left = number(entries[a]);
    const double right = number(entries[b]);
    return left != right ? left > right : a < b;
  });
  LATHE_TRY(const int64_t most, integer_or(call, "n", static_cast<int64_t>(order.size())));
  order.resize(std::min(order.size(), static_cast<size_t>(std::max<int64_t>(0, most))));
  std::vector<Value> pairs;
  for (const size_t i : order) pairs.push_back(heap_of(call).new_tuple({entries[i].key, entries[i].value}));
  return heap_of(call).new_list(std::move(pairs));
}

// -------------------------------------------------------------------------------------------------------------- deque

/// The list that holds the elements of a deque.
Result<ListObject*> elements(NativeCall& call) {
  LATHE_TRY(const Value list,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("_elements"), call.where));
  auto* elements = heap_of(call).as<ListObject>(list);
  if (elements == nullptr) return wrong_type(call, "self", "a deque");
  return elements;
}

/// Drops what is beyond `maxlen`, at the other end of where something was added.
Status cut(NativeCall& call, ListObject& list, bool at_front) {
  LATHE_TRY(const Value most,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("maxlen"), call.where));
  const std::optional<Dim> size = as_integer(most);
  if (!size || !size->is_constant()) return {};
  const auto limit = static_cast<size_t>(std::max<int64_t>(0, size->constant()));
  while (list.items.size() > limit) list.items.erase(at_front ? list.items.begin() : list.items.end() - 1);
  return {};
}

Result<Value> extend(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  LATHE_TRY(ListObject * list, elements(call));
  if (call.row.name == "extendleft") {
    list->items.insert(list->items.begin(), items.rbegin(), items.rend());
    LATHE_TRY_VOID(cut(call, *list, false));
  } else {
    list->items.insert(list->items.end(), items.begin(), items.end());
    LATHE_TRY_VOID(cut(call, *list, true));
  }
  return none();
}

Result<Value> initialize_deque(NativeCall& call) {
  LATHE_TRY_VOID(set(call, "_elements", heap_of(call).new_list({})));
  LATHE_TRY_VOID(set(call, "maxlen", call.argument("maxlen")));
  return extend(call);
}

Result<Value> append(NativeCall& call) {
  LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
  LATHE_TRY(ListObject * list, elements(call));
  const bool left = call.row.name == "appendleft";
  list->items.insert(left ? list->items.begin() : list->items.end(), call.argument("item"));
  LATHE_TRY_VOID(cut(call, *list, !left));
  return none();
}

Result<Value> pop(NativeCall& call) {
  LATHE_TRY(ListObject * list, elements(call));
  if (list->items.empty()) return raise(call, "IndexError", "`{}` from an empty deque", call.row.name);
  const auto at = call.row.name == "popleft" ? list->items.begin() : list->items.end() - 1;
  Value item = *at;
  list->items.erase(at);
  return item;
}

Result<Value> rotate(NativeCall& call) {
  LATHE_TRY(const int64_t steps, call.known_integer("n"));
  LATHE_TRY(ListObject * list, elements(call));
  const auto size = static_cast<int64_t>(list->items.size());
  if (size > 0) {
    const int64_t first = ((-steps % size) + size) % size;
    std::rotate(list->items.begin(), list->items.begin() + first, list->items.end());
  }
  return none();
}

Result<Value> clear(NativeCall& call) {
  LATHE_TRY(ListObject * list, elements(call));
  list->items.clear();
  return none();
}

/// `__iter__`, `__getitem__` ... of the list inside.
Result<Value> iterate_deque(NativeCall& call) {
  LATHE_TRY(const ListObject* list, elements(call));
  return Value(heap_of(call).add(IteratorObject{list->items, 0, false, {}}));
}
Result<Value> deque_length(NativeCall& call) {
  LATHE_TRY(const ListObject* list, elements(call));
  return integer(static_cast<int64_t>(list->items.size()));
}
Result<Value> deque_item(NativeCall& call) {
  LATHE_TRY(const Value list,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("_elements"), call.where));
  return call.evaluator.get_item(list, call.argument("index"), call.where);
}
Result<Value> set_deque_item(NativeCall& call) {
  LATHE_TRY(const Value list,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("_elements"), call.where));
  LATHE_TRY_VOID(call.evaluator.set_item(list, call.argument("index"), call.argument("value"), call.where));
  return none();
}
Result<Value> deque_text(NativeCall& call) {
  LATHE_TRY(const Value list,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("_elements"), call.where));
  LATHE_TRY(const std::string text, call.evaluator.repr(list, call.where));
  return new_string(call, "deque(" + text + ")");
}

constexpr NativeFunctionRow kOrderedDictMethods[] = {{"move_to_end", "self, key, last=True", move_to_end}};
constexpr NativeFunctionRow kDefaultDictMethods[] = {
    {"__init__", "self, default_factory=None, /, *arguments, **keywords", initialize_default_dict},
    {"__missing__", "self, key, /", make_missing},
};
constexpr NativeFunctionRow kCounterMethods[] = {
    {"__init__", "self, source=None, /, **keywords", count_elements},
    {"update", "self, source=None, /, **keywords", count_elements},
    {"__missing__", "self, key, /", missing_count},
    {"most_common", "self, n=None", most_common},
};
constexpr NativeFunctionRow kDequeMethods[] = {
    {"__init__", "self, iterable=(), maxlen=None", initialize_deque},
    {"append", "self, item, /", append},
    {"appendleft", "self, item, /", append},
    {"pop", "self", pop},
    {"popleft", "self", pop},
    {"extend", "self, iterable, /", extend},
    {"extendleft", "self, iterable, /", extend},
    {"rotate", "self, n=1, /", rotate},
    {"clear", "self", clear},
    {"__iter__", "self", iterate_deque},
    {"__len__", "self", deque_length},
    {"__getitem__", "self, index, /", deque_item},
    {"__setitem__", "self, index, value, /", set_deque_item},
    {"__repr__", "self", deque_text},
};

constexpr NativeClassRow kClasses[] = {
    {"OrderedDict", "dict", kOrderedDictMethods},
    {"defaultdict", "dict", kDefaultDictMethods},
    {"Counter", "dict", kCounterMethods},
    {"deque", "", kDequeMethods},
};

/// isinstance() knows them by name (abstract_classes.h).
constexpr NativeClassRow kAbstractClasses[] = {
    {"Callable", "", {}},
    {"Collection", "", {}},
    {"Container", "", {}},
    {"Generator", "", {}},
    {"Hashable", "", {}},
    {"Iterable", "", {}},
    {"Iterator", "", {}},
    {"Mapping", "", {}},
    {"MutableMapping", "", {}},
    {"MutableSequence", "", {}},
    {"MutableSet", "", {}},
    {"Sequence", "", {}},
    {"Set", "", {}},
    {"Sized", "", {}},
};
constexpr NativeClassRow kNumberClasses[] = {
    {"Number", "", {}}, {"Complex", "", {}}, {"Real", "", {}}, {"Rational", "", {}}, {"Integral", "", {}},
};

constexpr NativeModuleRow kModules[] = {
    {"collections", {}, kClasses, {}},
    {"collections.abc", {}, kAbstractClasses, {}},
    {"numbers", {}, kNumberClasses, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_collections() { return kModules; }

}  // namespace lathe::torch
