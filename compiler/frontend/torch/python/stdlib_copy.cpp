// The module copy.
#include <unordered_map>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

/// Deepest nesting that is copied: modules in modules, lists in lists.
constexpr int kDeepest = 200;

class DeepCopier {
 public:
  explicit DeepCopier(NativeCall& call) : call_(call) {}

  Result<Value> copy(const Value& value, int depth) {
    if (depth > kDeepest) return raise(call_, "RecursionError", "`copy.deepcopy` of more than {} levels", kDeepest);
    LATHE_TRY_VOID(call_.evaluator.spend(1, call_.where));
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      if (const auto found = tensors_.find(tensor->index); found != tensors_.end()) return found->second;
      LATHE_TRY(Value made, call_.evaluator.host().clone_tensor(call_.evaluator, *tensor));
      tensors_.emplace(tensor->index, made);
      return made;
    }
    const auto* id = std::get_if<ObjectId>(&value);
    if (id == nullptr) return value;
    if (const auto found = objects_.find(id->index); found != objects_.end()) return found->second;
    return std::visit([&](const auto& object) { return copy_object(*id, object, depth + 1); }, heap_of(call_)[*id]);
  }

 private:
  /// Notes the copy before its parts are made: they may refer to it.
  ObjectId add(ObjectId original, Object object) {
    const ObjectId made = heap_of(call_).add(std::move(object));
    objects_.emplace(original.index, made);
    return made;
  }

  /// Functions, classes, modules, strings and the like are their own copies.
  template <class T>
  Result<Value> copy_object(ObjectId id, const T&, int) {
    return Value(id);
  }
  Result<Value> copy_object(ObjectId id, const ListObject& list, int depth) {
    const std::vector<Value> items = list.items;
    const ObjectId made = add(id, ListObject{});
    for (const Value& item : items) {
      LATHE_TRY(Value inner, copy(item, depth));
      std::get<ListObject>(heap_of(call_)[made]).items.push_back(std::move(inner));
    }
    return Value(made);
  }
  Result<Value> copy_object(ObjectId id, const TupleObject& tuple, int depth) {
    TupleObject changed{{}, tuple.type};
    for (const Value& item : tuple.items) {
      LATHE_TRY(Value inner, copy(item, depth));
      changed.items.push_back(std::move(inner));
    }
    return Value(add(id, std::move(changed)));
  }
  Result<Value> copy_object(ObjectId id, const DictObject& dict, int depth) {
    const std::vector<DictStorage::Entry> entries = dict.entries.entries();
    const ObjectId made = add(id, DictObject{{}, dict.type});
    for (const DictStorage::Entry& entry : entries) {
      LATHE_TRY(const Value key, copy(entry.key, depth));
      LATHE_TRY(const Value inner, copy(entry.value, depth));
      LATHE_TRY_VOID(call_.evaluator.dict_set(made, key, inner, call_.where));
    }
    return Value(made);
  }
  Result<Value> copy_object(ObjectId id, const SetObject& set, int) { return Value(add(id, SetObject(set))); }
  Result<Value> copy_object(ObjectId id, const IteratorObject& iterator, int) {
    return Value(add(id, IteratorObject(iterator)));
  }
  Result<Value> copy_object(ObjectId id, const BoundMethodObject& method, int depth) {
    LATHE_TRY(Value self, copy(method.self, depth));
    return Value(add(id, BoundMethodObject{std::move(self), method.function}));
  }
  Result<Value> copy_object(ObjectId id, const InstanceObject& instance, int depth) {
    const auto* method = find_in_class(call_.evaluator, instance.type, "__deepcopy__");
    if (method != nullptr) {
      const Value memo = heap_of(call_).add(DictObject{});
      LATHE_TRY(Value made, call_.evaluator.call_method(id, "__deepcopy__", {memo}, call_.where));
      objects_.emplace(id.index, made);
      return made;
    }
    const std::vector<std::pair<NameId, Value>> rows = instance.attributes.rows();
    const ObjectId made = add(id, InstanceObject{instance.type, {}, instance.created, instance.native});
    for (const auto& [name, value] : rows) {
      LATHE_TRY(Value inner, copy(value, depth));
      std::get<InstanceObject>(heap_of(call_)[made]).attributes.set(name, std::move(inner));
    }
    return Value(made);
  }

  NativeCall& call_;
  std::unordered_map<uint32_t, Value> objects_;
  std::unordered_map<uint32_t, Value> tensors_;
};

Result<Value> deep_copy(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("x"));
  return DeepCopier(call).copy(call.argument("x"), 0);
}

Result<Value> shallow_copy(NativeCall& call) {
  const Value& value = call.argument("x");
  LATHE_RETURN_UNKNOWN(value);
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) return value;
  Heap& heap = heap_of(call);
  if (const auto* list = heap.as<ListObject>(value)) return Value(heap.add(ListObject(*list)));
  if (const auto* dict = heap.as<DictObject>(value)) return Value(heap.add(DictObject(*dict)));
  if (const auto* set = heap.as<SetObject>(value)) return Value(heap.add(SetObject(*set)));
  if (const auto* instance = heap.as<InstanceObject>(value)) {
    if (find_in_class(call.evaluator, instance->type, "__copy__") != nullptr) {
      return call.evaluator.call_method(value, "__copy__", {}, call.where);
    }
    return Value(heap.add(InstanceObject(*instance)));
  }
  return value;
}

constexpr NativeFunctionRow kFunctions[] = {
    {"deepcopy", "x, memo=None", deep_copy},
    {"copy", "x", shallow_copy},
};
constexpr NativeModuleRow kModules[] = {{"copy", kFunctions, {}, {}}};

}  // namespace

std::span<const NativeModuleRow> stdlib_copy() { return kModules; }

}  // namespace lathe::torch
