// Classes that nobody derives from but many values are instances of.
#include "compiler/frontend/torch/python/abstract_classes.h"

#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

/// What a value offers; of instances, what their class defines.
struct Abilities {
  bool sequence = false;
  bool mapping = false;
  bool set = false;
  bool iterable = false;
  bool iterator = false;
  bool sized = false;
  bool changeable = false;
  bool number = false;
  bool whole_number = false;
};

Abilities abilities(Evaluator& evaluator, const Value& value) {
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) {
    const bool whole = std::holds_alternative<bool>(value) || std::holds_alternative<Dim>(value);
    const bool tensor = std::holds_alternative<TensorId>(value);
    return {.iterable = tensor,
            .sized = tensor,
            .number = whole || std::holds_alternative<double>(value),
            .whole_number = whole};
  }
  return std::visit(
      [&]<class T>(const T& object) -> Abilities {
        if constexpr (std::is_same_v<T, StringObject>) {
          return {.sequence = true, .iterable = true, .sized = true};
        } else if constexpr (std::is_same_v<T, ListObject>) {
          return {.sequence = true, .iterable = true, .sized = true, .changeable = true};
        } else if constexpr (std::is_same_v<T, TupleObject> || std::is_same_v<T, RangeObject>) {
          return {.sequence = true, .iterable = true, .sized = true};
        } else if constexpr (std::is_same_v<T, DictObject>) {
          return {.mapping = true, .iterable = true, .sized = true, .changeable = true};
        } else if constexpr (std::is_same_v<T, SetObject>) {
          return {.set = true, .iterable = true, .sized = true, .changeable = !object.frozen};
        } else if constexpr (std::is_same_v<T, IteratorObject>) {
          return {.iterable = true, .iterator = true};
        } else if constexpr (std::is_same_v<T, InstanceObject>) {
          const auto has = [&](std::string_view name) {
            return find_in_class(evaluator, object.type, name) != nullptr;
          };
          return {.iterable = has("__iter__"), .iterator = has("__next__"), .sized = has("__len__")};
        } else {
          return {};
        }
      },
      evaluator.heap()[*id]);
}

}  // namespace

bool is_callable(Evaluator& evaluator, const Value& value) {
  const auto* id = std::get_if<ObjectId>(&value);
  if (id == nullptr) return false;
  return std::visit(
      [&]<class T>(const T& object) -> bool {
        if constexpr (std::is_same_v<T, InstanceObject>) {
          return find_in_class(evaluator, object.type, "__call__") != nullptr;
        } else {
          return std::is_same_v<T, FunctionObject> || std::is_same_v<T, NativeFunctionObject> ||
                 std::is_same_v<T, BoundMethodObject> || std::is_same_v<T, ClassObject> ||
                 std::is_same_v<T, StaticMethodObject>;
        }
      },
      evaluator.heap()[*id]);
}

bool is_abstract_instance(Evaluator& evaluator, const Value& value, ObjectId type) {
  const ClassObject& object = std::get<ClassObject>(evaluator.heap()[type]);
  if (!object.is_native) return false;
  const std::string& name = object.name;
  const Abilities has = abilities(evaluator, value);
  if (name == "Callable") return is_callable(evaluator, value);
  if (name == "Iterable") return has.iterable;
  if (name == "Iterator" || name == "Generator") return has.iterator;
  if (name == "Sequence") return has.sequence;
  if (name == "MutableSequence") return has.sequence && has.changeable;
  if (name == "Mapping" || name == "MutableMapping") return has.mapping;
  if (name == "Set" || name == "AbstractSet") return has.set;
  if (name == "MutableSet") return has.set && has.changeable;
  if (name == "Sized") return has.sized;
  if (name == "Collection" || name == "Container") return has.sized && has.iterable;
  if (name == "Hashable") return !has.changeable;
  if (name == "Number" || name == "Real" || name == "Complex") return has.number;
  if (name == "Integral" || name == "Rational") return has.whole_number;
  if (name == "List") return has.sequence && has.changeable;
  if (name == "Dict") return has.mapping;
  if (name == "Tuple") return evaluator.heap().as<TupleObject>(value) != nullptr;
  return false;
}

}  // namespace lathe::torch
