// Attributes: lookup along classes, binding, properties, `__getattr__` and `__setattr__`.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

AttributeTable* Evaluator::Internals::own_attributes(ObjectId id) {
  Object& object = heap[id];
  if (auto* instance = std::get_if<InstanceObject>(&object)) return &instance->attributes;
  if (auto* type = std::get_if<ClassObject>(&object)) return &type->attributes;
  if (auto* space = std::get_if<NamespaceObject>(&object)) return &space->attributes;
  if (std::holds_alternative<FunctionObject>(object)) return &extra_attributes[id];
  if (const auto* dict = std::get_if<DictObject>(&object)) {
    return dict->type.valid() ? &extra_attributes[id] : nullptr;
  }
  if (const auto* tuple = std::get_if<TupleObject>(&object)) {
    return tuple->type.valid() ? &extra_attributes[id] : nullptr;
  }
  return nullptr;
}

Result<Value> Evaluator::Internals::bind_attribute(const Value& attribute, const Value& self, ObjectId type,
                                                   LocationId where) {
  const auto* id = std::get_if<ObjectId>(&attribute);
  if (id == nullptr) return attribute;
  const Object& object = heap[*id];
  if (std::holds_alternative<FunctionObject>(object) || std::holds_alternative<NativeFunctionObject>(object)) {
    return Value(heap.add(BoundMethodObject{self, attribute}));
  }
  if (const auto* property = std::get_if<PropertyObject>(&object)) {
    return call(property->getter, {{self}, {}, {}}, where);
  }
  if (const auto* method = std::get_if<StaticMethodObject>(&object)) return method->function;
  if (const auto* method = std::get_if<ClassMethodObject>(&object)) {
    return Value(heap.add(BoundMethodObject{type, method->function}));
  }
  return attribute;
}

Value Evaluator::Internals::attribute_dict(ObjectId id) {
  const ObjectId dict = heap.add(DictObject{});
  if (const AttributeTable* attributes = own_attributes(id)) {
    for (const auto& [name, value] : attributes->rows()) {
      [[maybe_unused]] const Status stored =
          evaluator.dict_set(dict, heap.new_string(evaluator.names_.text(name)), value, {});
    }
  }
  if (std::holds_alternative<InstanceObject>(heap[id])) attribute_views.insert_or_assign(dict, id);
  return dict;
}

void Evaluator::Internals::update_attributes(const Value& dict) {
  const auto* id = std::get_if<ObjectId>(&dict);
  const auto view = id != nullptr ? attribute_views.find(*id) : attribute_views.end();
  if (view == attribute_views.end()) return;
  AttributeTable& attributes = std::get<InstanceObject>(heap[view->second]).attributes;
  for (const DictStorage::Entry& entry : std::get<DictObject>(heap[*id]).entries.entries()) {
    if (const std::string* name = heap.string(entry.key)) attributes.set(evaluator.name(*name), entry.value);
  }
}

Result<std::optional<Value>> Evaluator::Internals::instance_attribute(const Value& object, NameId name,
                                                                      LocationId where) {
  const ObjectId type = class_of(object);
  const Value* in_class = find_in_class(type, name);
  if (in_class != nullptr && heap.as<PropertyObject>(*in_class) != nullptr) {
    const size_t mark = evaluator.faults_.all().size();
    Result<Value> value = bind_attribute(*in_class, object, type, where);
    if (value.ok()) return std::optional<Value>(*std::move(value));
    // As in Python, an AttributeError inside of a property looks for __getattr__.
    if (find_in_class(type, known.getattr) == nullptr || !caught(mark, "AttributeError")) return Failure{};
    in_class = nullptr;
  }
  const auto* id = std::get_if<ObjectId>(&object);
  AttributeTable* own = id != nullptr ? own_attributes(*id) : nullptr;
  if (own != nullptr) {
    if (const Value* found = own->find(name)) return std::optional<Value>(*found);
  }
  if (in_class != nullptr) {
    const Value attribute = *in_class;
    LATHE_TRY(Value value, bind_attribute(attribute, object, type, where));
    return std::optional<Value>(std::move(value));
  }
  if (name == known.type_of) return std::optional<Value>(type);
  if (name == known.dict && own != nullptr) return std::optional<Value>(attribute_dict(*id));
  if (name == known.module) return std::optional<Value>(heap.new_string("__main__"));
  if (name == known.doc) return std::optional<Value>(NoneValue{});
  if (const auto* tuple = heap.as<TupleObject>(object); tuple != nullptr && tuple->type.valid()) {
    const Value* fields = find_in_class(tuple->type, known.fields);
    const auto* names = fields != nullptr ? heap.as<TupleObject>(*fields) : nullptr;
    for (size_t i = 0; names != nullptr && i < std::min(names->items.size(), tuple->items.size()); ++i) {
      const std::string* field = heap.string(names->items[i]);
      if (field != nullptr && *field == evaluator.names_.text(name)) return std::optional<Value>(tuple->items[i]);
    }
  }
  if (const std::optional<Value> method = find_method(object, known.getattr)) {
    LATHE_TRY(Value value, call(*method, {{heap.new_string(evaluator.names_.text(name))}, {}, {}}, where));
    return std::optional<Value>(std::move(value));
  }
  if (id != nullptr && half_built.contains(*id)) return std::optional<Value>(UnknownValue{});
  return std::optional<Value>();
}

std::optional<Value> Evaluator::Internals::class_attribute(ObjectId id, NameId name) {
  if (const Value* found = find_in_class(id, name)) {
    const Value attribute = *found;
    if (const auto* method = heap.as<StaticMethodObject>(attribute)) return method->function;
    if (const auto* method = heap.as<ClassMethodObject>(attribute)) {
      return Value(heap.add(BoundMethodObject{id, method->function}));
    }
    return attribute;
  }
  const ClassObject& type = std::get<ClassObject>(heap[id]);
  if (name == known.name || name == known.qualname) return heap.new_string(type.name);
  if (name == known.doc) return Value(NoneValue{});
  if (name == known.make) return Value(object_new);
  if (name == known.module) return heap.new_string(type.is_native ? "builtins" : "__main__");
  if (name == known.type_of) return Value(evaluator.builtin_class("type"));
  if (name == known.dict) return attribute_dict(id);
  if (name == known.mro || name == known.bases) {
    const std::vector<ObjectId>& rows = name == known.mro ? type.resolution : type.bases;
    return heap.new_tuple(std::vector<Value>(rows.begin(), rows.end()));
  }
  return std::nullopt;
}

std::optional<Value> Evaluator::Internals::function_attribute(ObjectId id, NameId name) {
  const Object& object = heap[id];
  if (const auto* method = std::get_if<BoundMethodObject>(&object)) {
    if (name == known.self) return method->self;
    if (name == known.func) return method->function;
    const auto* function = std::get_if<ObjectId>(&method->function);
    return function != nullptr ? function_attribute(*function, name) : std::nullopt;
  }
  if (const auto found = extra_attributes.find(id); found != extra_attributes.end()) {
    if (const Value* value = found->second.find(name)) return *value;
  }
  if (name == known.doc) return Value(NoneValue{});
  if (name == known.module) return heap.new_string("__main__");
  if (name == known.dict) return attribute_dict(id);
  if (const auto* function = std::get_if<FunctionObject>(&object)) {
    if (name == known.qualname) return heap.new_string(function->qualified_name);
    const Function& definition = units[function->unit]->ast.functions[function->function];
    if (name == known.name) return heap.new_string(evaluator.names_.text(definition.name));
  }
  if (const auto* function = std::get_if<NativeFunctionObject>(&object)) {
    if (name == known.name || name == known.qualname) return heap.new_string(std::string(function->row->name));
  }
  return std::nullopt;
}

Result<std::optional<Value>> Evaluator::Internals::namespace_attribute(ObjectId id, NameId name, LocationId where) {
  if (unknown_namespaces.contains(id)) return std::optional<Value>(report_unknown(id, where));
  if (const auto scope = file_scopes.find(id); scope != file_scopes.end()) {
    if (const Value* found = find_name(scope->second, name)) return std::optional<Value>(*found);
  }
  const NamespaceObject& space = std::get<NamespaceObject>(heap[id]);
  if (const Value* found = space.attributes.find(name)) return std::optional<Value>(*found);
  const std::string& text = evaluator.names_.text(name);
  if (const auto found = namespaces.find(space.name); found != namespaces.end() && found->second == id) {
    if (const std::optional<ObjectId> below = library_module(space.name + "." + text)) {
      return std::optional<Value>(*below);
    }
  }
  if (name == known.name) return std::optional<Value>(heap.new_string(space.name));
  if (name == known.dict) return std::optional<Value>(attribute_dict(id));
  if (broken_namespaces.contains(id)) return std::optional<Value>(UnknownValue{});
  return std::optional<Value>();
}

Result<std::optional<Value>> Evaluator::Internals::attribute(const Value& object, NameId name, LocationId where) {
  if (is_unknown(object)) return std::optional<Value>(object);
  if (const auto* tensor = std::get_if<TensorId>(&object)) {
    std::optional<Result<Value>> found = evaluator.host_.tensor_attribute(evaluator, *tensor, name);
    if (!found) return std::optional<Value>();
    if (!found->ok()) return Failure{};
    return std::optional<Value>(**std::move(found));
  }
  const auto* id = std::get_if<ObjectId>(&object);
  if (id == nullptr) return instance_attribute(object, name, where);
  const Object& row = heap[*id];
  if (std::holds_alternative<NamespaceObject>(row)) return namespace_attribute(*id, name, where);
  if (std::holds_alternative<ClassObject>(row)) {
    if (std::optional<Value> found = class_attribute(*id, name)) return found;
    const Value* in_type = find_in_class(evaluator.builtin_class("type"), name);
    if (in_type == nullptr) return std::optional<Value>();
    LATHE_TRY(Value value, bind_attribute(*in_type, object, *id, where));
    return std::optional<Value>(std::move(value));
  }
  if (const auto* super = std::get_if<SuperObject>(&row)) {
    const SuperObject copy = *super;
    const bool is_class = heap.as<ClassObject>(copy.self) != nullptr;
    const ObjectId type = is_class ? std::get<ObjectId>(copy.self) : class_of(copy.self);
    const Value* found = find_after(type, copy.type, name);
    if (found == nullptr && name == known.make) return std::optional<Value>(object_new);
    if (found == nullptr) return std::optional<Value>();
    const Value attribute = *found;
    const bool is_function = heap.as<FunctionObject>(attribute) || heap.as<NativeFunctionObject>(attribute);
    if (is_class && is_function) return std::optional<Value>(attribute);
    LATHE_TRY(Value value, bind_attribute(attribute, copy.self, type, where));
    return std::optional<Value>(std::move(value));
  }
  if (std::holds_alternative<FunctionObject>(row) || std::holds_alternative<NativeFunctionObject>(row) ||
      std::holds_alternative<BoundMethodObject>(row)) {
    if (std::optional<Value> found = function_attribute(*id, name)) return found;
  }
  return instance_attribute(object, name, where);
}

Failure Evaluator::Internals::no_attribute(const Value& object, NameId name, LocationId where) {
  const std::string& text = evaluator.names_.text(name);
  std::vector<std::string> candidates;
  const auto add = [&](const AttributeTable& table) {
    for (const auto& [other, value] : table.rows()) candidates.push_back(evaluator.names_.text(other));
  };
  std::string what = fmt::format("`{}`", evaluator.type_name(object));
  const auto* id = std::get_if<ObjectId>(&object);
  if (id != nullptr) {
    if (const AttributeTable* own = own_attributes(*id)) add(*own);
    if (const auto scope = file_scopes.find(*id); scope != file_scopes.end()) {
      for (const auto& [other, value] : std::get<ScopeObject>(heap[scope->second]).names) {
        candidates.push_back(evaluator.names_.text(other));
      }
      std::sort(candidates.begin(), candidates.end());
    }
    if (const auto* space = heap.as<NamespaceObject>(object)) what = fmt::format("`{}`", space->name);
    if (const auto* type = heap.as<ClassObject>(object)) what = fmt::format("the class `{}`", type->name);
    if (const auto* super = heap.as<SuperObject>(object)) {
      what = fmt::format("no base of `{}`", std::get<ClassObject>(heap[super->type]).name);
      return evaluator
          .error(where, DiagnosticKind::UnknownName, "AttributeError", "{} has an attribute `{}`", what, text)
          .emit();
    }
  }
  if (id == nullptr || heap.as<NamespaceObject>(object) == nullptr) {
    const ObjectId type = heap.as<ClassObject>(object) != nullptr ? *id : class_of(object);
    for (ObjectId row : std::get<ClassObject>(heap[type]).resolution) add(std::get<ClassObject>(heap[row]).attributes);
  }
  const std::string nearest = nearest_name(text, candidates);
  const std::string hint = nearest.empty() ? std::string() : fmt::format("; did you mean `{}`?", nearest);
  return evaluator
      .error(where, DiagnosticKind::UnknownName, "AttributeError", "{} has no attribute `{}`{}", what, text, hint)
      .emit();
}

Result<Value> Evaluator::get_attribute(const Value& object, NameId name, LocationId where) {
  LATHE_TRY(std::optional<Value> found, internals_->attribute(object, name, where));
  if (found) return *std::move(found);
  const auto* space = heap_.as<NamespaceObject>(object);
  if (space == nullptr) return internals_->no_attribute(object, name, where);
  const auto library = internals_->namespaces.find(space->name);
  if (library == internals_->namespaces.end() || library->second != std::get<ObjectId>(object)) {
    return internals_->no_attribute(object, name, where);
  }
  // Either a slip of the pen, or a part of the library that Lathe doesn't have.
  std::vector<std::string> candidates;
  for (const auto& [other, value] : space->attributes.rows()) candidates.push_back(names_.text(other));
  if (!internals_->nearest_name(names_.text(name), candidates).empty()) {
    return internals_->no_attribute(object, name, where);
  }
  return unsupported(where, fmt::format("`{}.{}`", space->name, names_.text(name)));
}

Result<std::optional<Value>> Evaluator::find_attribute(const Value& object, NameId name, LocationId where) {
  const size_t mark = faults_.all().size();
  auto outer = internals_->pending;
  internals_->pending.reset();
  Result<std::optional<Value>> found = internals_->attribute(object, name, where);
  if (!found.ok() && internals_->caught(mark, "AttributeError")) found = std::optional<Value>();
  if (found.ok()) internals_->pending = std::move(outer);
  return found;
}

Status Evaluator::set_plain_attribute(ObjectId id, NameId name, const Value& value) {
  if (const auto* instance = std::get_if<InstanceObject>(&heap_[id])) {
    const Value* in_class = internals_->find_in_class(instance->type, name);
    const auto* property = in_class != nullptr ? heap_.as<PropertyObject>(*in_class) : nullptr;
    if (property != nullptr) {
      const LocationId where = current_location();
      if (torch::is_none(property->setter)) {
        return error(where, DiagnosticKind::UnknownName, "AttributeError", "the property `{}` of `{}` can't be set",
                     names_.text(name), type_name(id))
            .emit();
      }
      LATHE_TRY([[maybe_unused]] const Value done, internals_->call(property->setter, {{id, value}, {}, {}}, where));
      return {};
    }
  }
  if (const auto scope = internals_->file_scopes.find(id); scope != internals_->file_scopes.end()) {
    internals_->store_in(scope->second, name, value, current_location());
    return {};
  }
  AttributeTable* own = internals_->own_attributes(id);
  if (own == nullptr) {
    return error(current_location(), DiagnosticKind::UnknownName, "AttributeError", "{} has no attributes to set",
                 describe(id))
        .emit();
  }
  own->set(name, value);
  return {};
}

Status Evaluator::set_attribute(const Value& object, NameId name, const Value& value, LocationId where) {
  if (is_unknown(object)) return {};
  if (const auto* tensor = std::get_if<TensorId>(&object)) {
    return host_.set_tensor_attribute(*this, *tensor, name, value);
  }
  const auto* id = std::get_if<ObjectId>(&object);
  if (id == nullptr) {
    return error(where, DiagnosticKind::UnknownName, "AttributeError", "{} has no attributes to set", describe(object))
        .emit();
  }
  if (internals_->unknown_namespaces.contains(*id)) {
    internals_->report_unknown(*id, where);
    return {};
  }
  const bool has_class = heap_.as<ClassObject>(object) == nullptr && heap_.as<NamespaceObject>(object) == nullptr;
  if (has_class && heap_.as<FunctionObject>(object) == nullptr) {
    const Value* setter = internals_->find_in_class(internals_->class_of(object), internals_->known.setattr);
    if (setter != nullptr) {
      const Value function = *setter;
      const auto* native = heap_.as<NativeFunctionObject>(function);
      if (native == nullptr || native->row->function != Internals::native_object_set) {
        const Value text = heap_.new_string(names_.text(name));
        LATHE_TRY([[maybe_unused]] const Value done,
                  internals_->call(function, {{object, text, value}, {}, {}}, where));
        return {};
      }
    }
  }
  return set_plain_attribute(*id, name, value);
}

Status Evaluator::erase_attribute(const Value& object, NameId name, LocationId where) {
  return internals_->erase_attribute(object, name, where);
}

Status Evaluator::Internals::erase_attribute(const Value& object, NameId name, LocationId where) {
  if (is_unknown(object)) return {};
  if (const std::optional<Value> method = find_method(object, known.delattr)) {
    LATHE_TRY([[maybe_unused]] const Value done,
              call(*method, {{heap.new_string(evaluator.names_.text(name))}, {}, {}}, where));
    return {};
  }
  const auto* id = std::get_if<ObjectId>(&object);
  AttributeTable* own = id != nullptr ? own_attributes(*id) : nullptr;
  if (own == nullptr || !own->erase(name)) return no_attribute(object, name, where);
  return {};
}

}  // namespace lathe::torch
