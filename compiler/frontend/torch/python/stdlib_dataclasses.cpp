// The module dataclasses: fields from annotated names, `__init__`, `__repr__` and `__eq__` as native functions.
#include <algorithm>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

/// Deepest nesting of asdict().
constexpr int kDeepest = 60;

Value attribute_or(Evaluator& evaluator, const Value& instance, std::string_view name, const Value& fallback) {
  const auto* object = evaluator.heap().as<InstanceObject>(instance);
  const Value* found = object != nullptr ? object->attributes.find(evaluator.name(name)) : nullptr;
  return found != nullptr ? *found : fallback;
}

/// A field's part: Unknown stands for dataclasses.MISSING.
Value part(NativeCall& call, const Value& field, std::string_view name) {
  return attribute_or(call.evaluator, field, name, UnknownValue{});
}

bool flag(NativeCall& call, const Value& field, std::string_view name) {
  const Value value = attribute_or(call.evaluator, field, name, true);
  const auto* is_set = std::get_if<bool>(&value);
  return is_set == nullptr || *is_set;
}

Value new_field(NativeCall& call) {
  return call.evaluator.new_instance(call.evaluator.library_object("dataclasses.Field"), call.where);
}

Status set(NativeCall& call, const Value& object, std::string_view name, const Value& value) {
  return call.evaluator.set_plain_attribute(std::get<ObjectId>(object), call.evaluator.name(name), value);
}

Result<Value> field(NativeCall& call) {
  const Value made = new_field(call);
  if (call.is_given("default")) LATHE_TRY_VOID(set(call, made, "default", call.argument("default")));
  if (call.is_given("default_factory")) {
    LATHE_TRY_VOID(set(call, made, "default_factory", call.argument("default_factory")));
  }
  for (const std::string_view name : {"init", "repr", "compare", "metadata"}) {
    LATHE_TRY_VOID(set(call, made, name, call.argument(name)));
  }
  return made;
}

/// The (name, Field) entries of a class or instance; nothing when it is no dataclass.
std::optional<std::vector<DictStorage::Entry>> fields_of(NativeCall& call, const Value& object) {
  std::optional<ObjectId> type = as_class(call.evaluator, object);
  if (const auto* instance = heap_of(call).as<InstanceObject>(object)) type = instance->type;
  const Value* table = type ? find_in_class(call.evaluator, *type, "__dataclass_fields__") : nullptr;
  const auto* dict = table != nullptr ? heap_of(call).as<DictObject>(*table) : nullptr;
  if (dict == nullptr) return std::nullopt;
  return dict->entries.entries();
}

NameId name_of(NativeCall& call, const DictStorage::Entry& entry) {
  const std::string* text = heap_of(call).string(entry.key);
  return call.evaluator.name(text != nullptr ? *text : "?");
}

Result<Value> initialize(NativeCall& call) {
  const Value& self = call.argument("self");
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  const auto keywords = std::get<ObjectId>(call.argument("keywords"));
  const std::string type = call.evaluator.type_name(self);
  const std::vector<DictStorage::Entry> fields = fields_of(call, self).value_or(std::vector<DictStorage::Entry>());
  size_t position = 0;
  for (const DictStorage::Entry& entry : fields) {
    const NameId name = name_of(call, entry);
    const std::string& text = call.evaluator.names().text(name);
    const bool settable = flag(call, entry.value, "init");
    std::optional<Value> value;
    if (settable) {
      LATHE_TRY(value, call.evaluator.dict_find(keywords, entry.key, call.where));
      if (position < given.size()) {
        if (value) {
          return call
              .error(DiagnosticKind::BadArgument, "TypeError", "`{}` is given a second value for `{}`", type, text)
              .emit();
        }
        value = given[position++];
      }
    }
    if (!value) {
      const Value fallback = part(call, entry.value, "default");
      const Value factory = part(call, entry.value, "default_factory");
      if (!is_unknown(factory)) {
        LATHE_TRY(value, call_back(call, factory, {}));
      } else if (!is_unknown(fallback)) {
        value = fallback;
      } else if (settable) {
        return call.error(DiagnosticKind::BadArgument, "TypeError", "`{}` needs a value for `{}`", type, text).emit();
      }
    }
    if (value) LATHE_TRY_VOID(call.evaluator.set_attribute(self, name, *value, call.where));
  }
  if (position < given.size()) {
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "`{}` takes {} values, {} are given", type, position,
               given.size())
        .emit();
  }
  for (const DictStorage::Entry& keyword : std::get<DictObject>(heap_of(call)[keywords]).entries.entries()) {
    const bool known = std::any_of(fields.begin(), fields.end(), [&](const DictStorage::Entry& entry) {
      return call.evaluator.same_key(entry.key, keyword.key);
    });
    if (!known) {
      return call
          .error(DiagnosticKind::BadArgument, "TypeError", "`{}` has no field `{}`", type,
                 call.evaluator.names().text(name_of(call, keyword)))
          .emit();
    }
  }
  LATHE_TRY(const std::optional<Value> after,
            call.evaluator.find_attribute(self, call.evaluator.name("__post_init__"), call.where));
  if (after) {
    LATHE_TRY([[maybe_unused]] const Value done, call_back(call, *after, {}));
  }
  return none();
}

Result<Value> text(NativeCall& call) {
  const Value& self = call.argument("self");
  std::string result = call.evaluator.type_name(self) + "(";
  bool first = true;
  for (const DictStorage::Entry& entry : fields_of(call, self).value_or(std::vector<DictStorage::Entry>())) {
    if (!flag(call, entry.value, "repr")) continue;
    const NameId name = name_of(call, entry);
    LATHE_TRY(const Value value, call.evaluator.get_attribute(self, name, call.where));
    LATHE_TRY(const std::string shown, call.evaluator.repr(value, call.where));
    result += fmt::format("{}{}={}", first ? "" : ", ", call.evaluator.names().text(name), shown);
    first = false;
  }
  return new_string(call, result + ")");
}

Result<std::vector<Value>> values_of(NativeCall& call, const Value& object) {
  std::vector<Value> values;
  for (const DictStorage::Entry& entry : fields_of(call, object).value_or(std::vector<DictStorage::Entry>())) {
    LATHE_TRY(Value value, call.evaluator.get_attribute(object, name_of(call, entry), call.where));
    values.push_back(std::move(value));
  }
  return values;
}

/// `==`, and `<` of classes with order=True: as the tuples of their fields.
Result<Value> compare(NativeCall& call) {
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  const auto* other = heap_of(call).as<InstanceObject>(call.argument("other"));
  if (self == nullptr || other == nullptr || self->type != other->type) return Value(NotImplementedValue{});
  LATHE_TRY(std::vector<Value> left, values_of(call, call.argument("self")));
  LATHE_TRY(std::vector<Value> right, values_of(call, call.argument("other")));
  const Value a = heap_of(call).new_tuple(std::move(left));
  const Value b = heap_of(call).new_tuple(std::move(right));
  const std::string_view name = call.row.name;
  const CompareOp op = name == "__lt__"   ? CompareOp::Less
                       : name == "__le__" ? CompareOp::LessEqual
                       : name == "__gt__" ? CompareOp::Greater
                       : name == "__ge__" ? CompareOp::GreaterEqual
                                          : CompareOp::Equal;
  return call.evaluator.compare(op, a, b, call.where);
}

Result<Value> hash(NativeCall& call) {
  LATHE_TRY(std::vector<Value> values, values_of(call, call.argument("self")));
  LATHE_TRY(const size_t code, call.evaluator.hash(heap_of(call).new_tuple(std::move(values)), call.where));
  return integer(static_cast<int64_t>(code >> 1u));
}

constexpr NativeFunctionRow kInitialize{"__init__", "self, /, *arguments, **keywords", initialize};
constexpr NativeFunctionRow kText{"__repr__", "self", text};
constexpr NativeFunctionRow kHash{"__hash__", "self", hash};
constexpr NativeFunctionRow kEqual{"__eq__", "self, other, /", compare};
constexpr NativeFunctionRow kOrder[] = {
    {"__lt__", "self, other, /", compare},
    {"__le__", "self, other, /", compare},
    {"__gt__", "self, other, /", compare},
    {"__ge__", "self, other, /", compare},
};

/// The fields of the bases, then those annotated in the class itself.
Result<ObjectId> collect_fields(NativeCall& call, ObjectId type) {
  const ObjectId table = heap_of(call).add(DictObject{});
  const std::vector<ObjectId> bases = std::get<ClassObject>(heap_of(call)[type]).bases;
  for (auto base = bases.rbegin(); base != bases.rend(); ++base) {
    for (const DictStorage::Entry& entry : fields_of(call, *base).value_or(std::vector<DictStorage::Entry>())) {
      LATHE_TRY_VOID(call.evaluator.dict_set(table, entry.key, entry.value, call.where));
    }
  }
  AttributeTable& attributes = std::get<ClassObject>(heap_of(call)[type]).attributes;
  const Value* annotations = attributes.find(call.evaluator.name("__annotations__"));
  const auto* dict = annotations != nullptr ? heap_of(call).as<DictObject>(*annotations) : nullptr;
  const ObjectId field_class = call.evaluator.library_object("dataclasses.Field");
  for (const DictStorage::Entry& entry :
       dict != nullptr ? dict->entries.entries() : std::vector<DictStorage::Entry>()) {
    const NameId name = name_of(call, entry);
    const Value* own = attributes.find(name);
    Value made;
    if (own != nullptr && call.evaluator.is_instance(*own, field_class)) {
      made = *own;
      const Value fallback = part(call, made, "default");
      if (is_unknown(fallback)) {
        attributes.erase(name);
      } else {
        attributes.set(name, fallback);
      }
    } else {
      made = new_field(call);
      if (own != nullptr) {
        const bool changeable = heap_of(call).as<ListObject>(*own) != nullptr ||
                                heap_of(call).as<DictObject>(*own) != nullptr ||
                                heap_of(call).as<SetObject>(*own) != nullptr;
        if (changeable) {
          return raise(call, "ValueError",
                       "the default of field `{}` is shared by all: use `field(default_factory=...)`",
                       call.evaluator.names().text(name));
        }
        LATHE_TRY_VOID(set(call, made, "default", *own));
      }
    }
    LATHE_TRY_VOID(set(call, made, "name", entry.key));
    LATHE_TRY_VOID(call.evaluator.dict_set(table, entry.key, made, call.where));
  }
  return table;
}

Result<Value> dataclass(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) {
    LATHE_RETURN_UNKNOWN(call.argument("cls"));
    if (!call.is_none("cls")) return wrong_type(call, "cls", "a class");
    // `@dataclass(frozen=True)`: a partial of this function with the options.
    Arguments arguments;
    const ObjectId self = call.evaluator.library_object("dataclasses.dataclass");
    arguments.positional = {self};
    for (const std::string_view option : {"init", "repr", "eq", "order", "frozen", "unsafe_hash"}) {
      arguments.keywords.emplace_back(call.evaluator.name(option), call.argument(option));
    }
    return call.evaluator.call(call.evaluator.library_object("functools.partial"), std::move(arguments), call.where);
  }
  LATHE_TRY(const ObjectId table, collect_fields(call, *type));
  const auto define = [&](const NativeFunctionRow& row) {
    const Value function = heap_of(call).add(NativeFunctionObject{&row});
    AttributeTable& attributes = std::get<ClassObject>(heap_of(call)[*type]).attributes;
    if (attributes.find(call.evaluator.name(row.name)) == nullptr)
      attributes.set(call.evaluator.name(row.name), function);
  };
  std::get<ClassObject>(heap_of(call)[*type]).attributes.set(call.evaluator.name("__dataclass_fields__"), table);
  LATHE_TRY(const bool with_init, call.truth("init"));
  LATHE_TRY(const bool with_repr, call.truth("repr"));
  LATHE_TRY(const bool with_equal, call.truth("eq"));
  LATHE_TRY(const bool with_order, call.truth("order"));
  LATHE_TRY(const bool frozen, call.truth("frozen"));
  LATHE_TRY(const bool unsafe_hash, call.truth("unsafe_hash"));
  if (with_init) define(kInitialize);
  if (with_repr) define(kText);
  if (with_equal) define(kEqual);
  if (with_order) {
    for (const NativeFunctionRow& row : kOrder) define(row);
  }
  if (unsafe_hash || (frozen && with_equal)) define(kHash);
  return Value(*type);
}

Result<Value> converted(NativeCall& call, const Value& value, int depth, bool to_dict);

Result<std::vector<Value>> converted_items(NativeCall& call, const std::vector<Value>& items, int depth, bool to_dict) {
  std::vector<Value> result;
  for (const Value& item : items) {
    LATHE_TRY(Value made, converted(call, item, depth, to_dict));
    result.push_back(std::move(made));
  }
  return result;
}

/// Dataclasses become dicts (or tuples), in lists, tuples and dicts, too.
Result<Value> converted(NativeCall& call, const Value& value, int depth, bool to_dict) {
  if (depth > kDeepest) return raise(call, "RecursionError", "dataclasses nest deeper than {} levels", kDeepest);
  LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
  const bool is_instance = heap_of(call).as<InstanceObject>(value) != nullptr;
  if (const auto fields = is_instance ? fields_of(call, value) : std::nullopt) {
    const ObjectId dict = heap_of(call).add(DictObject{});
    std::vector<Value> items;
    for (const DictStorage::Entry& entry : *fields) {
      LATHE_TRY(const Value inner, call.evaluator.get_attribute(value, name_of(call, entry), call.where));
      LATHE_TRY(Value made, converted(call, inner, depth + 1, to_dict));
      LATHE_TRY_VOID(call.evaluator.dict_set(dict, entry.key, made, call.where));
      items.push_back(std::move(made));
    }
    if (to_dict) return Value(dict);
    return heap_of(call).new_tuple(std::move(items));
  }
  if (const auto* list = heap_of(call).as<ListObject>(value)) {
    LATHE_TRY(std::vector<Value> items, converted_items(call, std::vector<Value>(list->items), depth + 1, to_dict));
    return heap_of(call).new_list(std::move(items));
  }
  if (const auto* tuple = heap_of(call).as<TupleObject>(value)) {
    const ObjectId type = tuple->type;
    LATHE_TRY(std::vector<Value> items, converted_items(call, std::vector<Value>(tuple->items), depth + 1, to_dict));
    return Value(heap_of(call).add(TupleObject{std::move(items), type}));
  }
  if (const auto* dict = heap_of(call).as<DictObject>(value)) {
    const ObjectId made = heap_of(call).add(DictObject{{}, dict->type});
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      LATHE_TRY(const Value inner, converted(call, entry.value, depth + 1, to_dict));
      LATHE_TRY_VOID(call.evaluator.dict_set(made, entry.key, inner, call.where));
    }
    return Value(made);
  }
  return value;
}

Result<Value> convert(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("instance"));
  const bool is_instance = heap_of(call).as<InstanceObject>(call.argument("instance")) != nullptr;
  if (!is_instance || !fields_of(call, call.argument("instance")))
    return wrong_type(call, "instance", "a dataclass instance");
  return converted(call, call.argument("instance"), 0, call.row.name == "asdict");
}

Result<Value> replace(NativeCall& call) {
  const auto* instance = heap_of(call).as<InstanceObject>(call.argument("instance"));
  const auto fields = fields_of(call, call.argument("instance"));
  if (instance == nullptr || !fields) return wrong_type(call, "instance", "a dataclass instance");
  const ObjectId values = heap_of(call).add(DictObject{});
  for (const DictStorage::Entry& entry : *fields) {
    if (!flag(call, entry.value, "init")) continue;
    LATHE_TRY(const Value value,
              call.evaluator.get_attribute(call.argument("instance"), name_of(call, entry), call.where));
    LATHE_TRY_VOID(call.evaluator.dict_set(values, entry.key, value, call.where));
  }
  LATHE_TRY_VOID(update_dict(call, values, call.argument("changes")));
  Arguments arguments;
  for (const DictStorage::Entry& entry : std::get<DictObject>(heap_of(call)[values]).entries.entries()) {
    arguments.keywords.emplace_back(name_of(call, entry), entry.value);
  }
  return call.evaluator.call(instance->type, std::move(arguments), call.where);
}

Result<Value> list_fields(NativeCall& call) {
  const auto fields = fields_of(call, call.argument("object"));
  if (!fields) return wrong_type(call, "object", "a dataclass");
  std::vector<Value> items;
  for (const DictStorage::Entry& entry : *fields) items.push_back(entry.value);
  return heap_of(call).new_tuple(std::move(items));
}

Result<Value> is_dataclass(NativeCall& call) { return Value(fields_of(call, call.argument("object")).has_value()); }

Value missing(Evaluator& evaluator) { return evaluator.heap().add(TokenObject{"MISSING", "MISSING"}); }

constexpr NativeFunctionRow kFunctions[] = {
    {"dataclass",
     "cls=None, /, *, init=True, repr=True, eq=True, order=False, unsafe_hash=False, frozen=False, match_args=True, "
     "kw_only=False, slots=False, weakref_slot=False",
     dataclass},
    {"field",
     "*, default=None, default_factory=None, init=True, repr=True, hash=None, compare=True, metadata=None, "
     "kw_only=False",
     field},
    {"asdict", "instance, *, dict_factory=None", convert},
    {"astuple", "instance, *, tuple_factory=None", convert},
    {"replace", "instance, /, **changes", replace},
    {"fields", "object, /", list_fields},
    {"is_dataclass", "object, /", is_dataclass},
};
constexpr NativeClassRow kClasses[] = {{"Field", "", {}}, {"InitVar", "", {}}, {"KW_ONLY", "", {}}};
constexpr NativeConstantRow kConstants[] = {{"MISSING", missing}};

constexpr NativeModuleRow kModules[] = {{"dataclasses", kFunctions, kClasses, kConstants}};

}  // namespace

std::span<const NativeModuleRow> stdlib_dataclasses() { return kModules; }

}  // namespace lathe::torch
