// The library as objects: modules, classes and functions made from native rows when they are first asked for.
#include <algorithm>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

std::string_view last_name(std::string_view path) {
  const size_t dot = path.rfind('.');
  return dot == std::string_view::npos ? path : path.substr(dot + 1);
}

}  // namespace

Evaluator::Internals::Names::Names(NameTable& names)
    : init(names.intern("__init__")),
      make(names.intern("__new__")),
      call(names.intern("__call__")),
      getattr(names.intern("__getattr__")),
      setattr(names.intern("__setattr__")),
      delattr(names.intern("__delattr__")),
      getitem(names.intern("__getitem__")),
      setitem(names.intern("__setitem__")),
      delitem(names.intern("__delitem__")),
      len(names.intern("__len__")),
      iter(names.intern("__iter__")),
      next(names.intern("__next__")),
      enter(names.intern("__enter__")),
      exit(names.intern("__exit__")),
      contains(names.intern("__contains__")),
      truth(names.intern("__bool__")),
      str(names.intern("__str__")),
      repr(names.intern("__repr__")),
      eq(names.intern("__eq__")),
      hash(names.intern("__hash__")),
      name(names.intern("__name__")),
      type_of(names.intern("__class__")),
      dict(names.intern("__dict__")),
      doc(names.intern("__doc__")),
      module(names.intern("__module__")),
      qualname(names.intern("__qualname__")),
      mro(names.intern("__mro__")),
      bases(names.intern("__bases__")),
      annotations(names.intern("__annotations__")),
      init_subclass(names.intern("__init_subclass__")),
      class_getitem(names.intern("__class_getitem__")),
      fields(names.intern("_fields")),
      args(names.intern("args")),
      file(names.intern("__file__")),
      package(names.intern("__package__")),
      path(names.intern("__path__")),
      all(names.intern("__all__")),
      missing(names.intern("__missing__")),
      self(names.intern("__self__")),
      func(names.intern("__func__")),
      wrapped(names.intern("__wrapped__")),
      index(names.intern("__index__")),
      whole(names.intern("__int__")),
      real(names.intern("__float__")),
      format(names.intern("__format__")),
      set_name(names.intern("__set_name__")) {}

Evaluator::Internals::Internals(Evaluator& owner, std::span<const NativeModuleRow> rows, Limits limits_of_program)
    : evaluator(owner), heap(owner.heap_), limits(limits_of_program), known(owner.names_) {
  for (const NativeModuleRow& row : rows) module_rows[std::string(row.path)].push_back(&row);
}

Value Evaluator::Internals::native_function(const NativeFunctionRow& row, std::string display) {
  native_names.try_emplace(&row, std::move(display));
  return heap.add(NativeFunctionObject{&row});
}

Value Evaluator::Internals::wrap_method(const NativeFunctionRow& row, std::string display) {
  Value function = native_function(row, std::move(display));
  switch (row.kind) {
    case NativeKind::Function: return function;
    case NativeKind::StaticMethod: return heap.add(StaticMethodObject{std::move(function)});
    case NativeKind::ClassMethod: return heap.add(ClassMethodObject{std::move(function)});
    case NativeKind::Property: return heap.add(PropertyObject{std::move(function), NoneValue{}});
  }
  return function;
}

ObjectId Evaluator::Internals::native_class(const NativeClassRow& row, const std::string& path) {
  if (const auto found = native_classes.find(path); found != native_classes.end()) return found->second;
  const ObjectId type = heap.add(ClassObject{std::string(row.name), {}, {}, {}, {}, true});
  native_classes.emplace(path, type);
  std::vector<ObjectId> bases;
  std::string_view rest = row.bases;
  while (!rest.empty()) {
    const size_t blank = std::min(rest.find(' '), rest.size());
    const std::string_view base = rest.substr(0, blank);
    rest.remove_prefix(std::min(blank + 1, rest.size()));
    if (base.empty()) continue;
    const std::optional<ObjectId> found = find_native_class(base);
    bases.push_back(found ? *found : evaluator.builtin_class(base));
  }
  if (bases.empty() && path != "builtins.object") bases.push_back(evaluator.builtin_class("object"));
  std::get<ClassObject>(heap[type]).bases = std::move(bases);
  const bool is_ordered = linearize(type, {}).ok();
  LATHE_CHECK(is_ordered);
  const bool is_builtin = path.starts_with("builtins.");
  for (const NativeFunctionRow& method : row.methods) {
    const bool makes = method.name == "__init__" || method.name == "__new__";
    if (makes && !is_builtin) layer_constructors.insert(&method);
    std::string display(row.name);
    if (!makes) display += "." + std::string(method.name);
    const Value value = wrap_method(method, std::move(display));
    std::get<ClassObject>(heap[type]).attributes.set(evaluator.name(method.name), value);
  }
  return type;
}

std::optional<ObjectId> Evaluator::Internals::find_native_class(std::string_view path) {
  if (const auto found = native_classes.find(path); found != native_classes.end()) return found->second;
  const size_t dot = path.rfind('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const auto rows = module_rows.find(path.substr(0, dot));
  if (rows == module_rows.end()) return std::nullopt;
  for (const NativeModuleRow* row : rows->second) {
    for (const NativeClassRow& candidate : row->classes) {
      if (candidate.name == path.substr(dot + 1)) return native_class(candidate, std::string(path));
    }
  }
  return std::nullopt;
}

std::optional<ObjectId> Evaluator::Internals::library_module(std::string_view path) {
  if (const auto found = namespaces.find(path); found != namespaces.end()) return found->second;
  const std::string prefix = std::string(path) + ".";
  const auto below = module_rows.lower_bound(prefix);
  const bool has_below = below != module_rows.end() && below->first.starts_with(prefix);
  const auto rows = module_rows.find(path);
  if (rows == module_rows.end() && !has_below) return std::nullopt;
  const ObjectId id = heap.add(NamespaceObject{std::string(path), {}});
  namespaces.emplace(path, id);
  if (rows == module_rows.end()) return id;
  const std::string display = path == "builtins" ? std::string() : prefix;
  const auto set = [&](std::string_view name, Value value) {
    std::get<NamespaceObject>(heap[id]).attributes.set(evaluator.name(name), std::move(value));
  };
  for (const NativeModuleRow* row : rows->second) {
    for (const NativeFunctionRow& function : row->functions) {
      set(function.name, native_function(function, display + std::string(function.name)));
    }
    for (const NativeClassRow& type : row->classes) set(type.name, native_class(type, prefix + std::string(type.name)));
  }
  for (const NativeModuleRow* row : rows->second) {
    for (const NativeConstantRow& constant : row->constants) set(constant.name, constant.make(evaluator));
  }
  return id;
}

ObjectId Evaluator::library_object(std::string_view path) {
  if (const auto found = internals_->find_native_class(path)) return *found;
  const size_t dot = path.rfind('.');
  LATHE_CHECK(dot != std::string_view::npos);
  const std::optional<ObjectId> module = internals_->library_module(path.substr(0, dot));
  LATHE_CHECK(module.has_value());
  const Value* value = std::get<NamespaceObject>(heap_[*module]).attributes.find(name(last_name(path)));
  LATHE_CHECK(value != nullptr);
  const auto* id = std::get_if<ObjectId>(value);
  LATHE_CHECK(id != nullptr);
  return *id;
}

ObjectId Evaluator::builtin_class(std::string_view text) {
  const std::string path = "builtins." + std::string(text);
  if (const auto found = internals_->native_classes.find(path); found != internals_->native_classes.end()) {
    return found->second;
  }
  if (const auto found = internals_->find_native_class(path)) return *found;
  // Classes without rows: those of values that have no methods, and exceptions that only have a name.
  const bool is_exception = text.ends_with("Error") || text == "Exception" || text == "StopIteration";
  const ObjectId type = heap_.add(ClassObject{std::string(text), {}, {}, {}, {}, true});
  internals_->native_classes.emplace(path, type);
  if (text != "object") {
    const std::string_view base = text == "Exception" ? "BaseException" : is_exception ? "Exception" : "object";
    const ObjectId base_id = builtin_class(base);
    std::get<ClassObject>(heap_[type]).bases = {base_id};
  }
  const bool is_ordered = internals_->linearize(type, {}).ok();
  LATHE_CHECK(is_ordered);
  return type;
}

std::string Evaluator::native_name(const NativeFunctionRow& row) const { return internals_->native_name(row); }

void Evaluator::Internals::make_builtins() {
  static constexpr NativeFunctionRow kObjectMethods[] = {
      {"__init__", "self, *args, **kwargs", native_object_init},
      {"__new__", "cls, *args, **kwargs", native_object},
      {"__setattr__", "self, name, value", native_object_set},
      {"__getattribute__", "self, name", native_object_get},
      {"__repr__", "self", native_object_text},
      {"__str__", "self", native_object_text},
      {"__eq__", "self, other", native_identity_equal},
  };
  static constexpr NativeFunctionRow kSuper{"super", "type=None, object=None", native_super};
  static constexpr NativeFunctionRow kType{"__new__", "cls, object, bases=None, attributes=None", native_type};

  const ObjectId object = evaluator.builtin_class("object");
  for (const NativeFunctionRow& row : kObjectMethods) {
    Value value = native_function(row, "object." + std::string(row.name));
    if (row.name == "__init__") object_init = std::get<ObjectId>(value);
    if (row.name == "__new__") {
      object_new = std::get<ObjectId>(value);
      continue;
    }
    AttributeTable& attributes = std::get<ClassObject>(heap[object]).attributes;
    if (row.name == "__init__" || attributes.find(evaluator.name(row.name)) == nullptr) {
      attributes.set(evaluator.name(row.name), std::move(value));
    }
  }
  const ObjectId type = evaluator.builtin_class("type");
  std::get<ClassObject>(heap[type]).attributes.set(known.make, native_function(kType, "type"));
  const std::optional<ObjectId> rows = library_module("builtins");
  builtins = rows ? *rows : heap.add(NamespaceObject{"builtins", {}});
  AttributeTable& attributes = std::get<NamespaceObject>(heap[builtins]).attributes;
  attributes.set(evaluator.name("super"), native_function(kSuper, "super"));
  attributes.set(evaluator.name("object"), object);
  attributes.set(evaluator.name("type"), type);
  attributes.set(evaluator.name("NotImplemented"), NotImplementedValue{});
  attributes.set(evaluator.name("Ellipsis"), EllipsisValue{});
  attributes.set(evaluator.name("__debug__"), true);
}

}  // namespace lathe::torch
