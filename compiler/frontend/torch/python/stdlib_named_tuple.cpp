// collections.namedtuple and typing.NamedTuple: classes below tuple whose items have names.
#include <algorithm>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

const Value* class_value(NativeCall& call, ObjectId type, std::string_view name) {
  return find_in_class(call.evaluator, type, name);
}

std::vector<Value> fields_of(NativeCall& call, ObjectId type) {
  const Value* fields = class_value(call, type, "_fields");
  const auto* tuple = fields != nullptr ? heap_of(call).as<TupleObject>(*fields) : nullptr;
  return tuple != nullptr ? tuple->items : std::vector<Value>();
}

std::string name_of(NativeCall& call, const Value& field) {
  const std::string* text = heap_of(call).string(field);
  return text != nullptr ? *text : std::string("?");
}

/// Arguments to fields: positions, names, defaults.
Result<Value> make(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return wrong_type(call, "cls", "a class");
  const std::string& class_name = std::get<ClassObject>(heap_of(call)[*type]).name;
  const std::vector<Value> fields = fields_of(call, *type);
  std::vector<Value> items = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  if (items.size() > fields.size()) {
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`{}` has {} fields, {} values are given", class_name,
               fields.size(), items.size())
        .emit();
  }
  const auto keywords = std::get<ObjectId>(call.argument("keywords"));
  const Value* defaults = class_value(call, *type, "_field_defaults");
  size_t used = 0;
  for (size_t i = items.size(); i < fields.size(); ++i) {
    LATHE_TRY(std::optional<Value> value, call.evaluator.dict_find(keywords, fields[i], call.where));
    if (value) ++used;
    if (!value && defaults != nullptr && heap_of(call).as<DictObject>(*defaults) != nullptr) {
      LATHE_TRY(value, call.evaluator.dict_find(std::get<ObjectId>(*defaults), fields[i], call.where));
    }
    if (!value) {
      return call
          .error(DiagnosticKind::BadArgument, "TypeError", "`{}` needs a value for its field `{}`", class_name,
                 name_of(call, fields[i]))
          .emit();
    }
    items.push_back(*std::move(value));
  }
  for (const DictStorage::Entry& entry : std::get<DictObject>(heap_of(call)[keywords]).entries.entries()) {
    if (used == std::get<DictObject>(heap_of(call)[keywords]).entries.size()) break;
    const auto same = [&](const Value& field) { return call.evaluator.same_key(field, entry.key); };
    const bool is_field = std::any_of(fields.begin(), fields.end(), same);
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`{}` {} `{}`", class_name,
               is_field ? "is given a second value for its field" : "has no field", name_of(call, entry.key))
        .emit();
  }
  return Value(heap_of(call).add(TupleObject{std::move(items), *type}));
}

Result<Value> make_from_items(NativeCall& call) {
  LATHE_TRY(std::vector<Value> items, call.items("iterable"));
  return call_back(call, call.argument("cls"), std::move(items));
}

Result<const TupleObject*> self_tuple(NativeCall& call) {
  const auto* tuple = heap_of(call).as<TupleObject>(call.argument("self"));
  if (tuple == nullptr || !tuple->type.valid()) return wrong_type(call, "self", "a named tuple");
  return tuple;
}

Result<Value> as_dict(NativeCall& call) {
  LATHE_TRY(const TupleObject* tuple, self_tuple(call));
  const std::vector<Value> fields = fields_of(call, tuple->type);
  const ObjectId dict = heap_of(call).add(DictObject{});
  for (size_t i = 0; i < std::min(fields.size(), tuple->items.size()); ++i) {
    LATHE_TRY_VOID(call.evaluator.dict_set(dict, fields[i], tuple->items[i], call.where));
  }
  return Value(dict);
}

Result<Value> replace(NativeCall& call) {
  LATHE_TRY(const TupleObject* tuple, self_tuple(call));
  TupleObject changed = *tuple;
  const std::vector<Value> fields = fields_of(call, tuple->type);
  const auto changes = std::get<ObjectId>(call.argument("changes"));
  for (const DictStorage::Entry& entry : std::get<DictObject>(heap_of(call)[changes]).entries.entries()) {
    const auto found = std::find_if(fields.begin(), fields.end(),
                                    [&](const Value& field) { return call.evaluator.same_key(field, entry.key); });
    if (found == fields.end()) {
      return raise(call, "ValueError", "the named tuple has no field `{}`", name_of(call, entry.key));
    }
    changed.items[static_cast<size_t>(found - fields.begin())] = entry.value;
  }
  return Value(heap_of(call).add(std::move(changed)));
}

constexpr NativeFunctionRow kNew{"__new__", "cls, /, *arguments, **keywords", make};
constexpr NativeFunctionRow kMake{"_make", "cls, iterable, /", make_from_items};
constexpr NativeFunctionRow kAsDict{"_asdict", "self", as_dict};
constexpr NativeFunctionRow kReplace{"_replace", "self, /, **changes", replace};

void equip(NativeCall& call, ObjectId type, std::vector<Value> fields, ObjectId defaults) {
  Heap& heap = heap_of(call);
  const auto function = [&](const NativeFunctionRow& row) { return Value(heap.add(NativeFunctionObject{&row})); };
  const auto set = [&](std::string_view name, Value value) {
    std::get<ClassObject>(heap[type]).attributes.set(call.evaluator.name(name), std::move(value));
  };
  set("_fields", heap.new_tuple(std::move(fields)));
  set("_field_defaults", defaults);
  set("__new__", function(kNew));
  set("_make", heap.add(ClassMethodObject{function(kMake)}));
  set("_asdict", function(kAsDict));
  set("_replace", function(kReplace));
}

/// The names of `field_names`: a list of strings, or one with blanks or commas between.
Result<std::vector<Value>> field_names(NativeCall& call) {
  const Value& given = call.argument("field_names");
  const std::string* text = heap_of(call).string(given);
  if (text == nullptr) return call.items("field_names");
  std::vector<Value> names;
  const std::string copy = *text;
  for (size_t at = copy.find_first_not_of(", \n\t"); at != std::string::npos;
       at = copy.find_first_not_of(", \n\t", at)) {
    const size_t end = std::min(copy.find_first_of(", \n\t", at), copy.size());
    names.push_back(new_string(call, copy.substr(at, end - at)));
    at = end;
  }
  return names;
}

Result<Value> named_tuple(NativeCall& call) {
  LATHE_TRY(const std::string name, call.string("typename"));
  LATHE_RETURN_UNKNOWN(call.argument("field_names"));
  LATHE_TRY(std::vector<Value> fields, field_names(call));
  for (const Value& field : fields) {
    if (heap_of(call).string(field) == nullptr) return wrong_type(call, "field_names", "names");
  }
  const ObjectId defaults = heap_of(call).add(DictObject{});
  if (!call.is_none("defaults")) {
    LATHE_TRY(const std::vector<Value> values, call.items("defaults"));
    if (values.size() > fields.size()) return raise(call, "TypeError", "`namedtuple` has more defaults than fields");
    for (size_t i = 0; i < values.size(); ++i) {
      const Value& field = fields[fields.size() - values.size() + i];
      LATHE_TRY_VOID(call.evaluator.dict_set(defaults, field, values[i], call.where));
    }
  }
  const ObjectId base = call.evaluator.builtin_class("tuple");
  ClassObject made{name, {base}, std::get<ClassObject>(heap_of(call)[base]).resolution, {}, call.where, false};
  const ObjectId type = heap_of(call).add(std::move(made));
  auto& resolution = std::get<ClassObject>(heap_of(call)[type]).resolution;
  resolution.insert(resolution.begin(), type);
  equip(call, type, std::move(fields), defaults);
  return Value(type);
}

/// `class P(NamedTuple)`: the annotated names become fields. Classes below P keep its fields.
Result<Value> initialize_subclass(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return none();
  ClassObject& object = std::get<ClassObject>(heap_of(call)[*type]);
  const bool direct = std::any_of(object.bases.begin(), object.bases.end(), [&](ObjectId base) {
    return std::get<ClassObject>(heap_of(call)[base]).name == "NamedTuple";
  });
  const Value* annotations = object.attributes.find(call.evaluator.name("__annotations__"));
  const auto* dict = annotations != nullptr ? heap_of(call).as<DictObject>(*annotations) : nullptr;
  if (!direct) return none();
  std::vector<Value> fields;
  const ObjectId defaults = heap_of(call).add(DictObject{});
  for (const DictStorage::Entry& entry :
       dict != nullptr ? dict->entries.entries() : std::vector<DictStorage::Entry>()) {
    fields.push_back(entry.key);
    const NameId name = call.evaluator.name(name_of(call, entry.key));
    if (const Value* value = object.attributes.find(name)) {
      LATHE_TRY_VOID(call.evaluator.dict_set(defaults, entry.key, *value, call.where));
      object.attributes.erase(name);
    }
  }
  equip(call, *type, std::move(fields), defaults);
  return none();
}

constexpr NativeFunctionRow kCollections[] = {
    {"namedtuple", "typename, field_names, *, rename=False, defaults=None, module=None", named_tuple},
};
constexpr NativeFunctionRow kNamedTupleMethods[] = {
    {"__init_subclass__", "cls", initialize_subclass, NativeKind::ClassMethod},
};
constexpr NativeClassRow kTyping[] = {{"NamedTuple", "tuple", kNamedTupleMethods}};

constexpr NativeModuleRow kModules[] = {
    {"collections", kCollections, {}, {}},
    {"typing", {}, kTyping, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_named_tuple() { return kModules; }

}  // namespace lathe::torch
