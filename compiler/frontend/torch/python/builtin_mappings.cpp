// The classes dict, set and frozenset.
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> make_dict(NativeCall& call) {
  DictObject dict;
  if (!makes_builtin(call, "dict")) dict.type = std::get<ObjectId>(call.argument("cls"));
  return Value(heap_of(call).add(std::move(dict)));
}

/// The dict behind `self`; nullptr after a fault.
DictObject* self_dict(NativeCall& call) {
  auto* dict = heap_of(call).as<DictObject>(call.argument("self"));
  if (dict == nullptr) static_cast<void>(wrong_type(call, "self", "a dict"));
  return dict;
}
ObjectId self_id(NativeCall& call) { return std::get<ObjectId>(call.argument("self")); }

/// dict(...) and dict.update: at most one mapping or iterable of pairs, then keywords.
Result<Value> update(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  if (given.size() > 1) {
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`dict` takes at most 1 positional argument, {} are given",
               given.size())
        .emit();
  }
  if (!given.empty()) {
    LATHE_RETURN_UNKNOWN(given[0]);
    LATHE_TRY_VOID(update_dict(call, self_id(call), given[0]));
  }
  LATHE_TRY_VOID(update_dict(call, self_id(call), call.argument("keywords")));
  return none();
}

Result<Value> from_keys(NativeCall& call) {
  LATHE_TRY(const std::vector<Value> keys, call.items("iterable"));
  LATHE_TRY(const Value made, call_back(call, call.argument("cls"), {}));
  const auto* id = std::get_if<ObjectId>(&made);
  if (id == nullptr || heap_of(call).as<DictObject>(made) == nullptr) return made;
  for (const Value& key : keys) LATHE_TRY_VOID(call.evaluator.dict_set(*id, key, call.argument("value"), call.where));
  return made;
}

Result<Value> listed(NativeCall& call, Value (*choose)(NativeCall&, const DictStorage::Entry&)) {
  const DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  std::vector<Value> items;
  for (const DictStorage::Entry& entry : dict->entries.entries()) items.push_back(choose(call, entry));
  LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
  return heap_of(call).new_list(std::move(items));
}
Result<Value> keys(NativeCall& call) {
  return listed(call, [](NativeCall&, const DictStorage::Entry& entry) { return entry.key; });
}
Result<Value> values(NativeCall& call) {
  return listed(call, [](NativeCall&, const DictStorage::Entry& entry) { return entry.value; });
}
Result<Value> items(NativeCall& call) {
  return listed(call, [](NativeCall& inner, const DictStorage::Entry& entry) {
    return heap_of(inner).new_tuple({entry.key, entry.value});
  });
}

Result<Value> get(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  LATHE_RETURN_UNKNOWN(call.argument("key"));
  LATHE_TRY(std::optional<Value> found, call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  return found ? *std::move(found) : call.argument("default");
}

Result<Value> set_default(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  LATHE_TRY(std::optional<Value> found, call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  if (found) return *std::move(found);
  LATHE_TRY_VOID(call.evaluator.dict_set(self_id(call), call.argument("key"), call.argument("default"), call.where));
  return call.argument("default");
}

Failure no_key(NativeCall& call) {
  return raise(call, "KeyError", "{} is not in the {}", call.evaluator.describe(call.argument("key")),
               call.evaluator.type_name(call.argument("self")));
}

Result<Value> pop(NativeCall& call) {
  DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  LATHE_RETURN_UNKNOWN(call.argument("key"));
  LATHE_TRY(std::optional<Value> found, call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  if (!found && call.is_given("default")) return call.argument("default");
  if (!found) return no_key(call);
  LATHE_TRY([[maybe_unused]] const bool erased, erase_key(call, dict->entries, call.argument("key")));
  return *std::move(found);
}

Result<Value> pop_item(NativeCall& call) {
  DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  LATHE_TRY(const bool last, call.truth("last"));
  const std::vector<DictStorage::Entry> entries = dict->entries.entries();
  if (entries.empty()) return raise(call, "KeyError", "`popitem` from an empty dict");
  const DictStorage::Entry entry = last ? entries.back() : entries.front();
  LATHE_TRY([[maybe_unused]] const bool erased, erase_key(call, dict->entries, entry.key));
  return heap_of(call).new_tuple({entry.key, entry.value});
}

Result<Value> clear_dict(NativeCall& call) {
  DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  dict->entries.clear();
  return none();
}

Result<Value> copy_dict(NativeCall& call) {
  const DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  LATHE_TRY_VOID(call.evaluator.spend(dict->entries.size(), call.where));
  return Value(heap_of(call).add(DictObject(*dict)));
}

Result<Value> contains_key(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  LATHE_TRY(const std::optional<Value> found,
            call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  return Value(found.has_value());
}

/// The entry itself, without what a subclass does about missing keys.
Result<Value> get_item(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  LATHE_TRY(std::optional<Value> found, call.evaluator.dict_find(self_id(call), call.argument("key"), call.where));
  if (found) return *std::move(found);
  const auto* type = std::get_if<ObjectId>(&call.argument("self"));
  const ObjectId of = std::get<DictObject>(heap_of(call)[*type]).type;
  if (of.valid() && find_in_class(call.evaluator, of, "__missing__") != nullptr) {
    return call.evaluator.call_method(call.argument("self"), "__missing__", {call.argument("key")}, call.where);
  }
  return no_key(call);
}

Result<Value> set_item(NativeCall& call) {
  if (self_dict(call) == nullptr) return Failure{};
  LATHE_TRY_VOID(call.evaluator.dict_set(self_id(call), call.argument("key"), call.argument("value"), call.where));
  return none();
}

Result<Value> erase_item(NativeCall& call) {
  DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  LATHE_TRY(const bool erased, erase_key(call, dict->entries, call.argument("key")));
  if (!erased) return no_key(call);
  return none();
}

Result<Value> length(NativeCall& call) {
  const DictObject* dict = self_dict(call);
  if (dict == nullptr) return Failure{};
  return integer(static_cast<int64_t>(dict->entries.size()));
}

Result<Value> iterate_keys(NativeCall& call) {
  LATHE_TRY(const Value list, keys(call));
  return call.evaluator.iterator(list, call.where);
}

// --------------------------------------------------------------------------------------------------------------- sets

Result<Value> make_set(NativeCall& call, bool frozen) {
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  if (!makes_builtin(call, frozen ? "frozenset" : "set")) {
    return call.evaluator.unsupported(call.where, "subclasses of `set`");
  }
  LATHE_TRY(const std::vector<Value> given, call.items("iterable"));
  LATHE_TRY(const ObjectId set, new_set(call, given, frozen));
  return Value(set);
}
Result<Value> make_plain_set(NativeCall& call) { return make_set(call, false); }
Result<Value> make_frozen_set(NativeCall& call) { return make_set(call, true); }

SetObject* self_set(NativeCall& call) {
  auto* set = heap_of(call).as<SetObject>(call.argument("self"));
  if (set == nullptr) static_cast<void>(wrong_type(call, "self", "a set"));
  return set;
}

std::vector<Value> elements(const SetObject& set) {
  std::vector<Value> result;
  for (const DictStorage::Entry& entry : set.entries.entries()) result.push_back(entry.key);
  return result;
}

Result<Value> add(NativeCall& call) {
  if (self_set(call) == nullptr) return Failure{};
  LATHE_RETURN_UNKNOWN(call.argument("item"));
  LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
  LATHE_TRY_VOID(add_to_set(call, self_id(call), call.argument("item")));
  return none();
}

Result<Value> discard(NativeCall& call) {
  SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  LATHE_TRY(const bool erased, erase_key(call, set->entries, call.argument("item")));
  if (!erased && call.row.name == "remove") {
    return raise(call, "KeyError", "{} is not in the set", call.evaluator.describe(call.argument("item")));
  }
  return none();
}

Result<Value> pop_element(NativeCall& call) {
  SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  const std::vector<Value> all = elements(*set);
  if (all.empty()) return raise(call, "KeyError", "`pop` from an empty set");
  LATHE_TRY([[maybe_unused]] const bool erased, erase_key(call, set->entries, all[0]));
  return all[0];
}

Result<Value> clear_set(NativeCall& call) {
  SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  set->entries.clear();
  return none();
}

/// The elements of each of `*others`.
Result<std::vector<std::vector<Value>>> other_elements(NativeCall& call) {
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("others"))->items;
  std::vector<std::vector<Value>> result;
  for (const Value& value : given) {
    if (is_unknown(value)) return Failure{};
    LATHE_TRY(std::vector<Value> items, call.evaluator.iterate(value, call.where));
    LATHE_TRY_VOID(call.evaluator.spend(items.size(), call.where));
    result.push_back(std::move(items));
  }
  return result;
}

/// The elements of `items` that are in `other`, or those that are not.
Result<std::vector<Value>> selected(NativeCall& call, const std::vector<Value>& items, const std::vector<Value>& other,
                                    bool present) {
  LATHE_TRY(const ObjectId lookup, new_set(call, other, true));
  std::vector<Value> result;
  for (const Value& item : items) {
    LATHE_TRY(const bool found, set_contains(call, std::get<SetObject>(heap_of(call)[lookup]).entries, item));
    if (found == present) result.push_back(item);
  }
  return result;
}

enum class SetOperation : uint8_t { Union, Intersection, Difference, SymmetricDifference };

Result<Value> combine(NativeCall& call, SetOperation operation, bool in_place) {
  SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  LATHE_TRY(const std::vector<std::vector<Value>> others, other_elements(call));
  std::vector<Value> result = elements(*set);
  for (const std::vector<Value>& other : others) {
    switch (operation) {
      case SetOperation::Union: result.insert(result.end(), other.begin(), other.end()); break;
      case SetOperation::Intersection: {
        LATHE_TRY(result, selected(call, result, other, true));
        break;
      }
      case SetOperation::Difference: {
        LATHE_TRY(result, selected(call, result, other, false));
        break;
      }
      case SetOperation::SymmetricDifference: {
        LATHE_TRY(const std::vector<Value> added, selected(call, other, result, false));
        LATHE_TRY(result, selected(call, result, other, false));
        result.insert(result.end(), added.begin(), added.end());
        break;
      }
    }
  }
  LATHE_TRY(const ObjectId made, new_set(call, result, set->frozen));
  if (!in_place) return Value(made);
  set->entries = std::get<SetObject>(heap_of(call)[made]).entries;
  return none();
}
Result<Value> set_union(NativeCall& call) { return combine(call, SetOperation::Union, false); }
Result<Value> intersection(NativeCall& call) { return combine(call, SetOperation::Intersection, false); }
Result<Value> difference(NativeCall& call) { return combine(call, SetOperation::Difference, false); }
Result<Value> symmetric(NativeCall& call) { return combine(call, SetOperation::SymmetricDifference, false); }
Result<Value> update_set(NativeCall& call) { return combine(call, SetOperation::Union, true); }
Result<Value> intersection_update(NativeCall& call) { return combine(call, SetOperation::Intersection, true); }
Result<Value> difference_update(NativeCall& call) { return combine(call, SetOperation::Difference, true); }

Result<Value> copy_set(NativeCall& call) {
  const SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  LATHE_TRY_VOID(call.evaluator.spend(set->entries.size(), call.where));
  return Value(heap_of(call).add(SetObject(*set)));
}

/// issubset, issuperset, isdisjoint
Result<Value> relation(NativeCall& call) {
  const SetObject* set = self_set(call);
  if (set == nullptr) return Failure{};
  LATHE_TRY(const std::vector<Value> other, call.items("other"));
  const std::vector<Value> own = elements(*set);
  if (call.row.name == "isdisjoint") {
    LATHE_TRY(const std::vector<Value> common, selected(call, own, other, true));
    return Value(common.empty());
  }
  const bool sub = call.row.name == "issubset";
  LATHE_TRY(const std::vector<Value> outside,
            sub ? selected(call, own, other, false) : selected(call, other, own, false));
  return Value(outside.empty());
}

constexpr NativeFunctionRow kDictMethods[] = {
    {"__new__", "cls, *arguments, **keywords", make_dict},
    {"__init__", "self, *arguments, **keywords", update},
    {"fromkeys", "cls, iterable, value=None, /", from_keys, NativeKind::ClassMethod},
    {"update", "self, *arguments, **keywords", update},
    {"keys", "self", keys},
    {"values", "self", values},
    {"items", "self", items},
    {"get", "self, key, default=None, /", get},
    {"setdefault", "self, key, default=None, /", set_default},
    {"pop", "self, key, default=None, /", pop},
    {"popitem", "self, last=True", pop_item},
    {"clear", "self", clear_dict},
    {"copy", "self", copy_dict},
    {"__contains__", "self, key, /", contains_key},
    {"__getitem__", "self, key, /", get_item},
    {"__setitem__", "self, key, value, /", set_item},
    {"__delitem__", "self, key, /", erase_item},
    {"__len__", "self", length},
    {"__iter__", "self", iterate_keys},
};

constexpr NativeFunctionRow kSetMethods[] = {
    {"__new__", "cls, iterable=(), /", make_plain_set},
    {"add", "self, item, /", add},
    {"discard", "self, item, /", discard},
    {"remove", "self, item, /", discard},
    {"pop", "self", pop_element},
    {"clear", "self", clear_set},
    {"copy", "self", copy_set},
    {"union", "self, *others", set_union},
    {"intersection", "self, *others", intersection},
    {"difference", "self, *others", difference},
    {"symmetric_difference", "self, *others", symmetric},
    {"update", "self, *others", update_set},
    {"intersection_update", "self, *others", intersection_update},
    {"difference_update", "self, *others", difference_update},
    {"issubset", "self, other, /", relation},
    {"issuperset", "self, other, /", relation},
    {"isdisjoint", "self, other, /", relation},
};

constexpr NativeFunctionRow kFrozenSetMethods[] = {
    {"__new__", "cls, iterable=(), /", make_frozen_set},
    {"copy", "self", copy_set},
    {"union", "self, *others", set_union},
    {"intersection", "self, *others", intersection},
    {"difference", "self, *others", difference},
    {"symmetric_difference", "self, *others", symmetric},
    {"issubset", "self, other, /", relation},
    {"issuperset", "self, other, /", relation},
    {"isdisjoint", "self, other, /", relation},
};

constexpr NativeClassRow kClasses[] = {
    {"dict", "", kDictMethods},
    {"set", "", kSetMethods},
    {"frozenset", "", kFrozenSetMethods},
};

constexpr NativeModuleRow kModules[] = {{"builtins", {}, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_mappings() { return kModules; }

}  // namespace lathe::torch
