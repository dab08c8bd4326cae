// Built-in functions about objects: print, isinstance, getattr, callable, repr, hash, property ...; those that reach
// outside of the program are refused.
#include "compiler/frontend/torch/python/abstract_classes.h"
#include "compiler/frontend/torch/python/builtins.h"
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<Value> print(NativeCall& call) {
  const auto text_or = [&](std::string_view parameter, const char* fallback) -> Result<std::string> {
    if (call.is_none(parameter)) return std::string(fallback);
    return call.string(parameter);
  };
  LATHE_TRY(const std::string separator, text_or("sep", " "));
  LATHE_TRY(const std::string end, text_or("end", "\n"));
  const std::vector<Value> values = heap_of(call).as<TupleObject>(call.argument("values"))->items;
  std::string line;
  for (const Value& value : values) {
    if (is_unknown(value)) return none();
    if (!line.empty() || &value != &values.front()) line += separator;
    LATHE_TRY(const std::string text, call.evaluator.text(value, call.where));
    line += text;
  }
  line += end;
  LATHE_TRY_VOID(call.evaluator.spend(line.size(), call.where));
  if (call.is_none("file")) call.evaluator.print(line);
  return none();
}

/// The classes in a class or in nested tuples of classes.
Result<std::vector<ObjectId>> classes_of(NativeCall& call, std::string_view parameter) {
  std::vector<Value> open{call.argument(parameter)};
  std::vector<ObjectId> result;
  while (!open.empty()) {
    const Value value = open.back();
    open.pop_back();
    if (is_unknown(value)) return Failure{};
    if (const auto* tuple = heap_of(call).as<TupleObject>(value)) {
      LATHE_TRY_VOID(call.evaluator.spend(tuple->items.size() + 1, call.where));
      open.insert(open.end(), tuple->items.rbegin(), tuple->items.rend());
    } else if (const std::optional<ObjectId> type = as_class(call.evaluator, value)) {
      result.push_back(*type);
    } else if (is_none(value)) {
      result.push_back(call.evaluator.builtin_class("NoneType"));
    } else {
      return wrong_type(call, parameter, "a class or a tuple of classes");
    }
  }
  return result;
}

Result<Value> is_instance(NativeCall& call) {
  const Value& object = call.argument("object");
  LATHE_RETURN_UNKNOWN(object);
  LATHE_TRY(const std::vector<ObjectId> types, classes_of(call, "class_or_tuple"));
  for (const ObjectId type : types) {
    if (call.evaluator.is_instance(object, type) || is_abstract_instance(call.evaluator, object, type)) {
      return Value(true);
    }
  }
  return Value(false);
}

Result<Value> is_subclass(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("type"));
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("type"));
  if (!type) return wrong_type(call, "type", "a class");
  LATHE_TRY(const std::vector<ObjectId> bases, classes_of(call, "class_or_tuple"));
  for (const ObjectId base : bases) {
    if (call.evaluator.is_subclass(*type, base)) return Value(true);
  }
  return Value(false);
}

Result<Value> get_attribute(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const std::string name, call.string("name"));
  const NameId id = call.evaluator.name(name);
  if (!call.is_given("default")) return call.evaluator.get_attribute(call.argument("object"), id, call.where);
  LATHE_TRY(std::optional<Value> found, call.evaluator.find_attribute(call.argument("object"), id, call.where));
  return found ? *std::move(found) : call.argument("default");
}

Result<Value> has_attribute(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const std::string name, call.string("name"));
  LATHE_TRY(const std::optional<Value> found,
            call.evaluator.find_attribute(call.argument("object"), call.evaluator.name(name), call.where));
  if (found) LATHE_RETURN_UNKNOWN(*found);
  return Value(found.has_value());
}

Result<Value> set_attribute(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const std::string name, call.string("name"));
  LATHE_TRY_VOID(call.evaluator.set_attribute(call.argument("object"), call.evaluator.name(name),
                                              call.argument("value"), call.where));
  return none();
}

Result<Value> delete_attribute(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const std::string name, call.string("name"));
  LATHE_TRY_VOID(call.evaluator.erase_attribute(call.argument("object"), call.evaluator.name(name), call.where));
  return none();
}

Result<Value> callable(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  return Value(is_callable(call.evaluator, call.argument("object")));
}

Result<Value> identity(NativeCall& call) {
  const Value& object = call.argument("object");
  LATHE_RETURN_UNKNOWN(object);
  constexpr int64_t kObjects = 1 << 20;
  if (const auto* id = std::get_if<ObjectId>(&object)) return integer(kObjects + int64_t{id->index} * 16);
  if (const auto* id = std::get_if<TensorId>(&object)) return integer(kObjects + int64_t{id->index} * 16 + 8);
  LATHE_TRY(const size_t hash, call.evaluator.hash(object, call.where));
  return integer(static_cast<int64_t>(hash >> 1u));
}

Result<Value> hash(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(const size_t hash, call.evaluator.hash(call.argument("object"), call.where));
  return integer(static_cast<int64_t>(hash >> 1u));
}

Result<Value> repr(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  LATHE_TRY(std::string text, call.evaluator.repr(call.argument("object"), call.where));
  return new_string(call, std::move(text));
}

Result<Value> format(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("value"));
  LATHE_TRY(const std::string spec, call.string("spec"));
  LATHE_TRY(std::string text, format_value(call.evaluator, call.argument("value"), spec, call.where));
  return new_string(call, std::move(text));
}

Result<Value> variables(NativeCall& call) {
  if (!call.is_given("object")) return call.evaluator.unsupported(call.where, "`vars()` without an argument");
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  return call.evaluator.get_attribute(call.argument("object"), call.evaluator.name("__dict__"), call.where);
}

/// Names of attributes: of the object itself and of its class, sorted.
Result<Value> directory(NativeCall& call) {
  if (!call.is_given("object")) return call.evaluator.unsupported(call.where, "`dir()` without an argument");
  const Value& object = call.argument("object");
  LATHE_RETURN_UNKNOWN(object);
  std::vector<std::string> names;
  const auto add = [&](const AttributeTable& table) {
    for (const auto& [name, value] : table.rows()) names.push_back(call.evaluator.names().text(name));
  };
  std::optional<ObjectId> type = as_class(call.evaluator, object);
  if (const auto* instance = heap_of(call).as<InstanceObject>(object)) {
    add(instance->attributes);
    type = instance->type;
  } else if (const auto* space = heap_of(call).as<NamespaceObject>(object)) {
    add(space->attributes);
  }
  if (type) {
    const std::vector<ObjectId> rows = std::get<ClassObject>(heap_of(call)[*type]).resolution;
    for (const ObjectId row : rows) add(std::get<ClassObject>(heap_of(call)[row]).attributes);
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  std::vector<Value> items;
  for (std::string& name : names) items.push_back(new_string(call, std::move(name)));
  return heap_of(call).new_list(std::move(items));
}

Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

Result<Value> make_property(NativeCall& call) {
  return Value(heap_of(call).add(PropertyObject{call.argument("fget"), call.argument("fset")}));
}

Result<Value> property_with(NativeCall& call, Value PropertyObject::* part) {
  const auto* property = heap_of(call).as<PropertyObject>(call.argument("self"));
  if (property == nullptr) return wrong_type(call, "self", "a property");
  PropertyObject changed = *property;
  if (part != nullptr) changed.*part = call.argument("function");
  return Value(heap_of(call).add(std::move(changed)));
}
Result<Value> property_getter(NativeCall& call) { return property_with(call, &PropertyObject::getter); }
Result<Value> property_setter(NativeCall& call) { return property_with(call, &PropertyObject::setter); }
Result<Value> property_deleter(NativeCall& call) { return property_with(call, nullptr); }

Result<Value> make_static_method(NativeCall& call) {
  return Value(heap_of(call).add(StaticMethodObject{call.argument("function")}));
}
Result<Value> make_class_method(NativeCall& call) {
  return Value(heap_of(call).add(ClassMethodObject{call.argument("function")}));
}

Result<Value> make_slice(NativeCall& call) {
  const std::vector<Value> limits = heap_of(call).as<TupleObject>(call.argument("limits"))->items;
  if (limits.empty() || limits.size() > 3) {
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`slice` takes 1 to 3 arguments, {} are given", limits.size())
        .emit();
  }
  if (limits.size() == 1) return Value(heap_of(call).add(SliceObject{none(), limits[0], none()}));
  return Value(heap_of(call).add(SliceObject{limits[0], limits[1], limits.size() > 2 ? limits[2] : none()}));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"print", "*values, sep=' ', end='\n', file=None, flush=False", print},
    {"isinstance", "object, class_or_tuple, /", is_instance},
    {"issubclass", "type, class_or_tuple, /", is_subclass},
    {"getattr", "object, name, default=None, /", get_attribute},
    {"hasattr", "object, name, /", has_attribute},
    {"setattr", "object, name, value, /", set_attribute},
    {"delattr", "object, name, /", delete_attribute},
    {"callable", "object, /", callable},
    {"id", "object, /", identity},
    {"hash", "object, /", hash},
    {"repr", "object, /", repr},
    {"ascii", "object, /", repr},
    {"format", "value, spec='', /", format},
    {"vars", "object=None, /", variables},
    {"dir", "object=None, /", directory},
    {"input", "prompt='', /", refuse},
    {"open", "*arguments, **options", refuse},
    {"exec", "*arguments, **options", refuse},
    {"eval", "*arguments, **options", refuse},
    {"compile", "*arguments, **options", refuse},
    {"globals", "", refuse},
    {"locals", "", refuse},
    {"__import__", "*arguments, **options", refuse},
    {"bytes", "*arguments, **options", refuse},
    {"bytearray", "*arguments, **options", refuse},
    {"memoryview", "*arguments, **options", refuse},
    {"complex", "*arguments, **options", refuse},
    {"breakpoint", "*arguments, **options", refuse},
    {"exit", "code=None", refuse},
    {"quit", "code=None", refuse},
};

constexpr NativeFunctionRow kPropertyMethods[] = {
    {"__new__", "cls, fget=None, fset=None, fdel=None, doc=None", make_property},
    {"getter", "self, function, /", property_getter},
    {"setter", "self, function, /", property_setter},
    {"deleter", "self, function, /", property_deleter},
};
constexpr NativeFunctionRow kStaticMethods[] = {{"__new__", "cls, function, /", make_static_method}};
constexpr NativeFunctionRow kClassMethods[] = {{"__new__", "cls, function, /", make_class_method}};
constexpr NativeFunctionRow kSliceMethods[] = {{"__new__", "cls, *limits", make_slice}};

constexpr NativeClassRow kClasses[] = {
    {"property", "", kPropertyMethods},
    {"staticmethod", "", kStaticMethods},
    {"classmethod", "", kClassMethods},
    {"slice", "", kSliceMethods},
};

constexpr NativeModuleRow kModules[] = {{"builtins", kFunctions, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_objects() { return kModules; }

}  // namespace lathe::torch
