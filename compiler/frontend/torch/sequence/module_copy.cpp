// Copies in two walks without recursion: first every reachable object gets its copy, then references are replaced.
#include "compiler/frontend/torch/sequence/module_copy.h"

#include <unordered_map>
#include <utility>

#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

class Copier {
 public:
  Copier(Evaluator& evaluator, LocationId where) : evaluator_(evaluator), where_(where) {}

  Result<Value> run(const Value& value) {
    LATHE_TRY_VOID(reach(value));
    for (size_t next = 0; next < waiting_.size(); ++next) {
      LATHE_TRY_VOID(evaluator_.spend(1, where_));
      for (const Value& part : parts_of(waiting_[next])) LATHE_TRY_VOID(reach(part));
    }
    for (size_t next = 0; next < waiting_.size(); ++next) LATHE_TRY_VOID(fill(waiting_[next]));
    return mapped(value);
  }

 private:
  // Gives an object or tensor its copy, empty for now.
  Status reach(const Value& value) {
    if (const auto* tensor = std::get_if<TensorId>(&value)) return copy_tensor(*tensor);
    const auto* id = std::get_if<ObjectId>(&value);
    if (id == nullptr || objects_.contains(id->index)) return {};
    Heap& heap = evaluator_.heap();
    std::optional<Object> empty;
    if (const auto* instance = heap.as<InstanceObject>(value)) {
      InstanceObject copy;
      copy.type = instance->type;
      copy.created = instance->created;
      copy.native = instance->native;
      empty = std::move(copy);
    } else if (heap.as<ListObject>(value) != nullptr) {
      empty = ListObject{};
    } else if (const auto* tuple = heap.as<TupleObject>(value)) {
      empty = TupleObject{{}, tuple->type};
    } else if (const auto* dict = heap.as<DictObject>(value)) {
      empty = DictObject{{}, dict->type};
    } else if (const auto* set = heap.as<SetObject>(value)) {
      empty = *set;
    } else if (const auto* method = heap.as<BoundMethodObject>(value)) {
      empty = *method;
    }
    if (!empty) return {};
    objects_.emplace(id->index, heap.add(std::move(*empty)));
    waiting_.push_back(*id);
    return {};
  }

  Status copy_tensor(TensorId tensor) {
    if (tensors_.contains(tensor.index)) return {};
    Tracer& tracer = tracer_of(evaluator_);
    TensorId copy;
    if (const auto initialization = tracer.initialization(tensor)) {
      copy = tracer.add_parameter(tracer.type(tensor), *initialization, tracer.is_parameter(tensor), where_);
    } else {
      LATHE_TRY(copy, clone_operation(tracer, tensor));
    }
    tensors_.emplace(tensor.index, copy);
    return {};
  }

  std::vector<Value> parts_of(ObjectId id) {
    std::vector<Value> parts;
    const Heap& heap = evaluator_.heap();
    const Value value(id);
    if (const auto* instance = heap.as<InstanceObject>(value)) {
      for (const auto& [name, part] : instance->attributes.rows()) parts.push_back(part);
    } else if (const auto* list = heap.as<ListObject>(value)) {
      parts = list->items;
    } else if (const auto* tuple = heap.as<TupleObject>(value)) {
      parts = tuple->items;
    } else if (const auto* dict = heap.as<DictObject>(value)) {
      for (const DictStorage::Entry& entry : dict->entries.entries()) parts.push_back(entry.value);
    } else if (const auto* method = heap.as<BoundMethodObject>(value)) {
      parts.push_back(method->self);
    }
    return parts;
  }

  [[nodiscard]] Value mapped(const Value& value) const {
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      const auto found = tensors_.find(tensor->index);
      return found == tensors_.end() ? value : Value(found->second);
    }
    const auto* id = std::get_if<ObjectId>(&value);
    if (id == nullptr) return value;
    const auto found = objects_.find(id->index);
    return found == objects_.end() ? value : Value(found->second);
  }

  std::vector<Value> mapped(const std::vector<Value>& values) const {
    std::vector<Value> result;
    for (const Value& value : values) result.push_back(mapped(value));
    return result;
  }

  Status fill(ObjectId id) {
    Heap& heap = evaluator_.heap();
    const Value from(id);
    const ObjectId copy = objects_.at(id.index);
    const Value to(copy);
    if (const auto* instance = heap.as<InstanceObject>(from)) {
      InstanceObject& target = *heap.as<InstanceObject>(to);
      for (const auto& [name, part] : instance->attributes.rows()) target.attributes.set(name, mapped(part));
    } else if (const auto* list = heap.as<ListObject>(from)) {
      heap.as<ListObject>(to)->items = mapped(list->items);
    } else if (const auto* tuple = heap.as<TupleObject>(from)) {
      heap.as<TupleObject>(to)->items = mapped(tuple->items);
    } else if (const auto* dict = heap.as<DictObject>(from)) {
      for (const DictStorage::Entry& entry : dict->entries.entries()) {
        LATHE_TRY_VOID(evaluator_.dict_set(copy, entry.key, mapped(entry.value), where_));
      }
    } else if (auto* method = heap.as<BoundMethodObject>(to)) {
      method->self = mapped(method->self);
    }
    return {};
  }

  Evaluator& evaluator_;
  LocationId where_;
  std::vector<ObjectId> waiting_;
  std::unordered_map<uint32_t, ObjectId> objects_;
  std::unordered_map<uint32_t, TensorId> tensors_;
};

Result<Value> call_deepcopy(NativeCall& call) { return deep_copy(call.evaluator, call.argument("x"), call.where); }

// copy.copy: a new object with the same references.
Result<Value> call_copy(NativeCall& call) {
  Heap& heap = call.evaluator.heap();
  const Value& value = call.argument("x");
  if (const auto* tensor = std::get_if<TensorId>(&value)) return Value(*tensor);
  if (const auto* instance = heap.as<InstanceObject>(value)) return Value(heap.add(InstanceObject(*instance)));
  if (const auto* list = heap.as<ListObject>(value)) return Value(heap.add(ListObject(*list)));
  if (const auto* dict = heap.as<DictObject>(value)) return Value(heap.add(DictObject(*dict)));
  if (const auto* set = heap.as<SetObject>(value)) return Value(heap.add(SetObject(*set)));
  return value;
}

constexpr NativeFunctionRow kFunctions[] = {
    {"copy", "x", call_copy},
    {"deepcopy", "x, memo=None", call_deepcopy},
};

}  // namespace

Result<Value> deep_copy(Evaluator& evaluator, const Value& value, LocationId where) {
  return Copier(evaluator, where).run(value);
}

std::span<const NativeFunctionRow> copy_functions() { return kFunctions; }

}  // namespace lathe::torch
