// What the tables of built-in and standard functions share.
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {

Result<Value> call_back(NativeCall& call, const Value& function, std::vector<Value> arguments) {
  return call.evaluator.call(function, Arguments{std::move(arguments), {}, {}}, call.where);
}

Failure wrong_type(NativeCall& call, std::string_view parameter, std::string_view wanted) {
  const Value& value = call.argument(parameter);
  if (is_unknown(value)) return {};
  return call
      .error_at(call.place(parameter), DiagnosticKind::BadArgument, "TypeError",
                fmt::format("`{}` wants {} as `{}`, not {}", call.display_name(), wanted, parameter,
                            call.evaluator.describe(value)))
      .emit();
}

Result<bool> is_less(NativeCall& call, const Value& left, const Value& right) {
  LATHE_TRY(const Value answer, call.evaluator.compare(CompareOp::Less, left, right, call.where));
  return call.evaluator.truth(answer, call.where);
}

Result<bool> is_equal(NativeCall& call, const Value& left, const Value& right) {
  LATHE_TRY(const Value answer, call.evaluator.compare(CompareOp::Equal, left, right, call.where));
  return call.evaluator.truth(answer, call.where);
}

Result<std::vector<Value>> sorted_values(NativeCall& call, std::vector<Value> items, const Value& key, bool reverse) {
  std::vector<Value> keys = items;
  if (!is_none(key)) {
    for (Value& value : keys) {
      LATHE_TRY(Value made, call_back(call, key, {value}));
      value = std::move(made);
    }
  }
  for (const Value& value : keys) {
    if (is_unknown(value)) return Failure{};
  }
  std::vector<size_t> order(items.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  // Merges from the bottom, so that a comparison may fail at any time. Backwards keeps equal elements in place, too.
  std::vector<size_t> merged(order.size());
  for (size_t width = 1; width < order.size(); width *= 2) {
    for (size_t begin = 0; begin < order.size(); begin += 2 * width) {
      const size_t middle = std::min(begin + width, order.size());
      const size_t end = std::min(begin + 2 * width, order.size());
      size_t left = begin;
      size_t right = middle;
      for (size_t out = begin; out < end; ++out) {
        bool take_right = left == middle;
        if (left < middle && right < end) {
          LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
          const Value& a = keys[order[left]];
          const Value& b = keys[order[right]];
          LATHE_TRY(take_right, reverse ? is_less(call, a, b) : is_less(call, b, a));
        }
        merged[out] = order[take_right ? right++ : left++];
      }
    }
    order.swap(merged);
  }
  std::vector<Value> result;
  result.reserve(items.size());
  for (const size_t i : order) result.push_back(items[i]);
  return result;
}

const Value* find_in_class(Evaluator& evaluator, ObjectId type, std::string_view name) {
  const NameId id = evaluator.name(name);
  for (const ObjectId row : std::get<ClassObject>(evaluator.heap()[type]).resolution) {
    if (const Value* found = std::get<ClassObject>(evaluator.heap()[row]).attributes.find(id)) return found;
  }
  return nullptr;
}

std::optional<ObjectId> as_class(Evaluator& evaluator, const Value& value) {
  if (evaluator.heap().as<ClassObject>(value) == nullptr) return std::nullopt;
  return std::get<ObjectId>(value);
}

bool makes_builtin(NativeCall& call, std::string_view name) {
  const auto* id = std::get_if<ObjectId>(&call.argument("cls"));
  return id != nullptr && *id == call.evaluator.builtin_class(name);
}

Status set_dict(NativeCall& call, ObjectId dict, std::string_view key, const Value& value) {
  return call.evaluator.dict_set(dict, new_string(call, std::string(key)), value, call.where);
}

Status update_dict(NativeCall& call, ObjectId target, const Value& source) {
  if (is_unknown(source)) return Failure{};
  if (const auto* dict = heap_of(call).as<DictObject>(source)) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      LATHE_TRY_VOID(call.evaluator.dict_set(target, entry.key, entry.value, call.where));
    }
    return {};
  }
  LATHE_TRY(const std::optional<Value> keys,
            call.evaluator.find_attribute(source, call.evaluator.name("keys"), call.where));
  if (keys) {
    LATHE_TRY(const Value list, call_back(call, *keys, {}));
    LATHE_TRY(const std::vector<Value> items, call.evaluator.iterate(list, call.where));
    for (const Value& key : items) {
      LATHE_TRY(const Value value, call.evaluator.get_item(source, key, call.where));
      LATHE_TRY_VOID(call.evaluator.dict_set(target, key, value, call.where));
    }
    return {};
  }
  LATHE_TRY(const std::vector<Value> pairs, call.evaluator.iterate(source, call.where));
  for (size_t i = 0; i < pairs.size(); ++i) {
    if (is_unknown(pairs[i])) return Failure{};
    LATHE_TRY(const std::vector<Value> pair, call.evaluator.iterate(pairs[i], call.where));
    if (pair.size() != 2) {
      return raise(call, "ValueError", "element {} of what a dict is made from has {} values, not a key and a value", i,
                   pair.size());
    }
    LATHE_TRY_VOID(call.evaluator.dict_set(target, pair[0], pair[1], call.where));
  }
  return {};
}

Result<bool> erase_key(NativeCall& call, DictStorage& entries, const Value& key) {
  LATHE_TRY(const size_t hash, call.evaluator.hash(key, call.where));
  return entries.erase(hash, [&](const Value& other) { return call.evaluator.same_key(key, other); });
}

Status add_to_set(NativeCall& call, ObjectId set, const Value& value) {
  LATHE_TRY(const size_t hash, call.evaluator.hash(value, call.where));
  std::get<SetObject>(heap_of(call)[set]).entries.set(hash, value, none(), [&](const Value& other) {
    return call.evaluator.same_key(value, other);
  });
  return {};
}

Result<bool> set_contains(NativeCall& call, const DictStorage& entries, const Value& value) {
  LATHE_TRY(const size_t hash, call.evaluator.hash(value, call.where));
  return entries.find(hash, [&](const Value& other) { return call.evaluator.same_key(value, other); }) != nullptr;
}

Result<ObjectId> new_set(NativeCall& call, const std::vector<Value>& values, bool frozen) {
  const ObjectId set = heap_of(call).add(SetObject{{}, frozen});
  LATHE_TRY_VOID(call.evaluator.spend(values.size(), call.where));
  for (const Value& value : values) LATHE_TRY_VOID(add_to_set(call, set, value));
  return set;
}

size_t clamp_index(int64_t index, size_t size) {
  const auto count = static_cast<int64_t>(size);
  if (index < 0) index = index < -count ? 0 : index + count;
  return static_cast<size_t>(std::min(index, count));
}

Result<int64_t> integer_or(NativeCall& call, std::string_view parameter, int64_t fallback) {
  if (call.is_none(parameter)) return fallback;
  return call.known_integer(parameter);
}

}  // namespace lathe::torch
