// Classes: their definition, the order of resolution (C3), instances, `super()`, and the methods of `object`.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

Status Evaluator::Internals::linearize(ObjectId type, LocationId where) {
  auto& object = std::get<ClassObject>(heap[type]);
  std::vector<std::vector<ObjectId>> lists;
  for (ObjectId base : object.bases) lists.push_back(std::get<ClassObject>(heap[base]).resolution);
  lists.push_back(object.bases);
  std::vector<ObjectId> order{type};
  while (true) {
    std::erase_if(lists, [](const auto& list) { return list.empty(); });
    if (lists.empty()) break;
    const auto in_a_tail = [&](ObjectId candidate) {
      return std::any_of(lists.begin(), lists.end(), [&](const auto& list) {
        return std::find(list.begin() + 1, list.end(), candidate) != list.end();
      });
    };
    const auto found =
        std::find_if(lists.begin(), lists.end(), [&](const auto& list) { return !in_a_tail(list.front()); });
    if (found == lists.end()) {
      return type_error(where, fmt::format("the bases of `{}` can't be put in an order: one is a base of another that "
                                           "comes before it",
                                           object.name));
    }
    const ObjectId next = found->front();
    order.push_back(next);
    for (auto& list : lists) {
      if (list.front() == next) list.erase(list.begin());
    }
  }
  object.resolution = std::move(order);
  return {};
}

Result<Value> Evaluator::Internals::define_class(Activation& activation, const ClassStatement& node) {
  const std::string& name = evaluator.names_.text(node.name);
  const LocationId where = place(node.head_span);
  std::vector<ObjectId> bases;
  bool is_unknown_class = false;
  for (const CallArgument& argument : node.bases) {
    LATHE_TRY(const Value value, evaluate(activation, argument.value));
    const LocationId at = enter(activation, argument.value);
    if (argument.kind == CallArgument::Kind::Keyword) continue;
    if (argument.kind != CallArgument::Kind::Positional) {
      evaluator.unsupported(at, "expanded bases of a class");
      is_unknown_class = true;
      continue;
    }
    const auto* id = std::get_if<ObjectId>(&value);
    if (id != nullptr && unknown_namespaces.contains(*id)) {
      report_unknown(*id, at);
      is_unknown_class = true;
    } else if (is_unknown(value)) {
      is_unknown_class = true;
    } else if (heap.as<ClassObject>(value) == nullptr) {
      return type_error(at, fmt::format("a base of a class must be a class, not {}", evaluator.describe(value)));
    } else if (std::find(bases.begin(), bases.end(), *id) != bases.end()) {
      return type_error(at, fmt::format("`{}` is a base of `{}` twice", std::get<ClassObject>(heap[*id]).name, name));
    } else {
      bases.push_back(*id);
    }
  }
  if (is_unknown_class) return Value(UnknownValue{});
  if (bases.empty()) bases.push_back(evaluator.builtin_class("object"));
  const ObjectId type = heap.add(ClassObject{name, std::move(bases), {}, {}, where, false});
  LATHE_TRY_VOID(linearize(type, where));

  const ObjectId globals = std::get<ScopeObject>(heap[activation.scope]).globals;
  const ObjectId scope = heap.add(ScopeObject{{}, parent_for_functions(activation), globals});
  std::vector<NameId> names;
  evaluator.frames_.push_back({Frame::Kind::Class, name, {}, scope, {}, activation.unit.index, {}});
  Activation body{activation.unit, scope, scope, type, {}, nullptr, &names};
  const Result<Flow> flow = execute(body, node.body);
  evaluator.pop_frame();
  if (!flow.ok()) return Failure{};
  const std::vector<ObjectId> resolution = std::get<ClassObject>(heap[type]).resolution;
  for (NameId member : names) {
    if (const Value* value = find_name(scope, member)) {
      std::get<ClassObject>(heap[type]).attributes.set(member, *value);
      if (const std::optional<Value> hook =
              heap.as<InstanceObject>(*value) != nullptr ? find_method(*value, known.set_name) : std::nullopt) {
        LATHE_TRY([[maybe_unused]] const Value done,
                  call(*hook, {{type, heap.new_string(evaluator.names_.text(member))}, {}, {}}, where));
      }
    }
  }
  for (size_t i = 1; i < resolution.size(); ++i) {
    const Value* hook = std::get<ClassObject>(heap[resolution[i]]).attributes.find(known.init_subclass);
    if (hook == nullptr) continue;
    Value function = *hook;
    if (const auto* method = heap.as<ClassMethodObject>(function)) function = method->function;
    LATHE_TRY(Value other, call(function, {{type}, {}, {}}, where));
    if (!is_none(other)) return other;
    break;
  }
  return Value(type);
}

Result<Value> Evaluator::Internals::construct(ObjectId type, Arguments arguments, LocationId where) {
  Value made;
  if (const Value* maker = find_in_class(type, known.make)) {
    Value function = *maker;
    if (const auto* method = heap.as<StaticMethodObject>(function)) function = method->function;
    Arguments with_class = arguments;
    with_class.positional.insert(with_class.positional.begin(), type);
    if (!with_class.places.empty()) with_class.places.insert(with_class.places.begin(), where);
    LATHE_TRY(made, call(function, std::move(with_class), where));
    const auto* id = std::get_if<ObjectId>(&made);
    if (id == nullptr || !evaluator.is_subclass(class_of(made), type)) return made;
    if (auto* instance = heap.as<InstanceObject>(made); instance != nullptr && !instance->created.valid()) {
      instance->created = where;
    }
  } else {
    made = evaluator.new_instance(type, where);
  }
  const Value* init = find_in_class(type, known.init);
  if (init == nullptr || std::get<ObjectId>(*init) == object_init) {
    if (!arguments.positional.empty() || !arguments.keywords.empty()) {
      if (find_in_class(type, known.make) == nullptr) {
        return type_error(where, fmt::format("`{}` takes no arguments", std::get<ClassObject>(heap[type]).name));
      }
    }
    return made;
  }
  const Value function = *init;
  arguments.positional.insert(arguments.positional.begin(), made);
  if (!arguments.places.empty()) arguments.places.insert(arguments.places.begin(), where);
  LATHE_TRY(const Value result, call(function, std::move(arguments), where));
  // An __init__ that something Unknown ended leaves an object of which nobody can say anything.
  if (is_unknown(result)) return result;
  return made;
}

ObjectId Evaluator::new_instance(ObjectId type, LocationId where) {
  return heap_.add(InstanceObject{type, {}, where, 0});
}

const Value* Evaluator::Internals::find_in_class(ObjectId type, NameId name) const {
  for (ObjectId row : std::get<ClassObject>(heap[type]).resolution) {
    if (const Value* found = std::get<ClassObject>(heap[row]).attributes.find(name)) return found;
  }
  return nullptr;
}

const Value* Evaluator::Internals::find_after(ObjectId type, ObjectId after, NameId name) const {
  bool behind = false;
  for (ObjectId row : std::get<ClassObject>(heap[type]).resolution) {
    if (behind) {
      if (const Value* found = std::get<ClassObject>(heap[row]).attributes.find(name)) return found;
    }
    behind |= row == after;
  }
  return nullptr;
}

bool Evaluator::is_subclass(ObjectId type, ObjectId base) const {
  const auto* object = std::get_if<ClassObject>(&heap_[type]);
  return object != nullptr &&
         std::find(object->resolution.begin(), object->resolution.end(), base) != object->resolution.end();
}

bool Evaluator::is_instance(const Value& value, ObjectId type) {
  return is_subclass(internals_->class_of(value), type);
}

std::string Evaluator::type_name(const Value& value) {
  const ObjectId type = internals_->class_of(value);
  return std::get<ClassObject>(heap_[type]).name;
}

ObjectId Evaluator::Internals::class_of(const Value& value) {
  struct ClassOf {
    Internals& internals;
    ObjectId builtin(std::string_view name) const { return internals.evaluator.builtin_class(name); }
    ObjectId operator()(UnknownValue) const { return builtin("object"); }
    ObjectId operator()(NoneValue) const { return builtin("NoneType"); }
    ObjectId operator()(EllipsisValue) const { return builtin("ellipsis"); }
    ObjectId operator()(NotImplementedValue) const { return builtin("NotImplementedType"); }
    ObjectId operator()(bool) const { return builtin("bool"); }
    ObjectId operator()(const Dim&) const { return builtin("int"); }
    ObjectId operator()(double) const { return builtin("float"); }
    ObjectId operator()(TensorId tensor) const {
      return internals.evaluator.host_.tensor_class(internals.evaluator, tensor);
    }
    ObjectId operator()(ObjectId id) const {
      return std::visit([&](const auto& object) { return of(object); }, internals.heap[id]);
    }
    ObjectId of(const StringObject&) const { return builtin("str"); }
    ObjectId of(const ListObject&) const { return builtin("list"); }
    ObjectId of(const TupleObject& tuple) const { return tuple.type.valid() ? tuple.type : builtin("tuple"); }
    ObjectId of(const DictObject& dict) const { return dict.type.valid() ? dict.type : builtin("dict"); }
    ObjectId of(const SetObject& set) const { return builtin(set.frozen ? "frozenset" : "set"); }
    ObjectId of(const RangeObject&) const { return builtin("range"); }
    ObjectId of(const SliceObject&) const { return builtin("slice"); }
    ObjectId of(const IteratorObject&) const { return builtin("iterator"); }
    ObjectId of(const ScopeObject&) const { return builtin("object"); }
    ObjectId of(const FunctionObject&) const { return builtin("function"); }
    ObjectId of(const NativeFunctionObject&) const { return builtin("builtin_function_or_method"); }
    ObjectId of(const BoundMethodObject&) const { return builtin("method"); }
    ObjectId of(const PropertyObject&) const { return builtin("property"); }
    ObjectId of(const StaticMethodObject&) const { return builtin("staticmethod"); }
    ObjectId of(const ClassMethodObject&) const { return builtin("classmethod"); }
    ObjectId of(const SuperObject&) const { return builtin("super"); }
    ObjectId of(const ClassObject&) const { return builtin("type"); }
    ObjectId of(const InstanceObject& instance) const { return instance.type; }
    ObjectId of(const NamespaceObject&) const { return builtin("module"); }
    ObjectId of(const TokenObject& token) const {
      if (const auto found = internals.find_native_class(token.kind)) return *found;
      if (const auto found = internals.find_native_class("torch." + token.kind)) return *found;
      return builtin(token.kind);
    }
  };
  return std::visit(ClassOf{*this}, value);
}

std::optional<Value> Evaluator::Internals::find_method(const Value& value, NameId name) {
  const Value* found = find_in_class(class_of(value), name);
  if (found == nullptr) return std::nullopt;
  Value function = *found;
  if (const auto* method = heap.as<StaticMethodObject>(function)) return method->function;
  if (const auto* method = heap.as<ClassMethodObject>(function)) {
    return Value(heap.add(BoundMethodObject{class_of(value), method->function}));
  }
  return Value(heap.add(BoundMethodObject{value, std::move(function)}));
}

// ------------------------------------------------------------------------------------------ super, type and object

Result<Value> Evaluator::Internals::native_super(NativeCall& call) {
  Internals& internals = *call.evaluator.internals_;
  if (!call.is_given("type")) {
    const Activation* activation = internals.activations.empty() ? nullptr : internals.activations.back();
    if (activation == nullptr || !activation->owner.valid() || is_unknown(activation->first)) {
      return call.error(DiagnosticKind::PythonError, "RuntimeError", "`super()` is only possible in a method").emit();
    }
    return Value(internals.heap.add(SuperObject{activation->owner, activation->first}));
  }
  const Value& type = call.argument("type");
  if (is_unknown(type)) return type;
  const Value& self = call.argument("object");
  if (internals.heap.as<ClassObject>(type) == nullptr) {
    return call
        .error_at(call.place("type"), DiagnosticKind::BadArgument, "TypeError",
                  fmt::format("`super` wants a class first, not {}", call.evaluator.describe(type)))
        .emit();
  }
  const auto type_id = std::get<ObjectId>(type);
  const bool is_class = internals.heap.as<ClassObject>(self) != nullptr;
  const bool fits = is_class ? call.evaluator.is_subclass(std::get<ObjectId>(self), type_id)
                             : call.evaluator.is_instance(self, type_id);
  if (!fits && !is_unknown(self)) {
    return call
        .error_at(call.place("object"), DiagnosticKind::BadArgument, "TypeError",
                  fmt::format("`super({0}, ...)` is given {1}, which is no `{0}`",
                              std::get<ClassObject>(internals.heap[type_id]).name, call.evaluator.describe(self)))
        .emit();
  }
  return Value(internals.heap.add(SuperObject{type_id, self}));
}

Result<Value> Evaluator::Internals::native_type(NativeCall& call) {
  const Value& object = call.argument("object");
  if (is_unknown(object)) return object;
  if (call.is_given("bases")) return call.evaluator.unsupported(call.where, "`type` with three arguments");
  return Value(call.evaluator.internals_->class_of(object));
}

Result<Value> Evaluator::Internals::native_object(NativeCall& call) {
  const auto* type = call.evaluator.heap().as<ClassObject>(call.argument("cls"));
  if (type == nullptr)
    return call.error(DiagnosticKind::BadArgument, "TypeError", "`object.__new__` wants a class").emit();
  return Value(call.evaluator.new_instance(std::get<ObjectId>(call.argument("cls")), call.where));
}

Result<Value> Evaluator::Internals::native_object_init(NativeCall&) { return Value(NoneValue{}); }

Result<Value> Evaluator::Internals::native_object_set(NativeCall& call) {
  LATHE_TRY(const std::string name, call.string("name"));
  const auto* id = std::get_if<ObjectId>(&call.argument("self"));
  if (id == nullptr) return call.argument("self");
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(*id, call.evaluator.name(name), call.argument("value")));
  return Value(NoneValue{});
}

Result<Value> Evaluator::Internals::native_object_get(NativeCall& call) {
  LATHE_TRY(const std::string name, call.string("name"));
  return call.evaluator.get_attribute(call.argument("self"), call.evaluator.name(name), call.where);
}

Result<Value> Evaluator::Internals::native_object_text(NativeCall& call) {
  Internals& internals = *call.evaluator.internals_;
  const Value& self = call.argument("self");
  if (internals.heap.as<InstanceObject>(self) == nullptr) {
    LATHE_TRY(std::string text, call.evaluator.repr(self, call.where));
    return internals.heap.new_string(std::move(text));
  }
  return internals.heap.new_string(fmt::format("<{} object>", call.evaluator.type_name(self)));
}

Result<Value> Evaluator::Internals::native_identity_equal(NativeCall& call) {
  Internals& internals = *call.evaluator.internals_;
  if (internals.identical(call.argument("self"), call.argument("other"))) return Value(true);
  return Value(NotImplementedValue{});
}

}  // namespace lathe::torch
