// The module enum: members are instances of their class with `name` and `value`.
#include "compiler/frontend/torch/python/abstract_classes.h"
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

/// The members of a class in order, aliases left out.
std::vector<Value> members_of(NativeCall& call, ObjectId type) {
  const Value* table = find_in_class(call.evaluator, type, "_members_");
  const auto* list = table != nullptr ? heap_of(call).as<ListObject>(*table) : nullptr;
  return list != nullptr ? list->items : std::vector<Value>();
}

Value attribute(NativeCall& call, const Value& member, std::string_view name) {
  const auto* instance = heap_of(call).as<InstanceObject>(member);
  const Value* found = instance != nullptr ? instance->attributes.find(call.evaluator.name(name)) : nullptr;
  return found != nullptr ? *found : none();
}

/// `Color(1)` finds the member with that value.
Result<Value> find_member(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return wrong_type(call, "cls", "a class");
  const Value& value = call.argument("value");
  LATHE_RETURN_UNKNOWN(value);
  for (const Value& member : members_of(call, *type)) {
    if (member == value) return member;
    LATHE_TRY(const bool same, is_equal(call, attribute(call, member, "value"), value));
    if (same) return member;
  }
  return raise(call, "ValueError", "{} is no value of `{}`", call.evaluator.describe(value),
               std::get<ClassObject>(heap_of(call)[*type]).name);
}

Result<Value> keep_member(NativeCall&) { return none(); }

/// `Color['RED']`
Result<Value> member_by_name(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  LATHE_TRY(const std::string name, call.string("name"));
  const Value* found = type ? find_in_class(call.evaluator, *type, name) : nullptr;
  if (found == nullptr || !call.evaluator.is_instance(*found, *type)) {
    return raise(call, "KeyError", "the enumeration has no member `{}`", name);
  }
  return *found;
}

Result<Value> iterate(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return wrong_type(call, "cls", "a class");
  return Value(heap_of(call).add(IteratorObject{members_of(call, *type), 0, false, {}}));
}

std::string full_name(NativeCall& call) {
  const Value self = call.argument("self");
  const std::string* name = heap_of(call).string(attribute(call, self, "name"));
  return call.evaluator.type_name(self) + "." + (name != nullptr ? *name : "?");
}

Result<Value> member_repr(NativeCall& call) {
  LATHE_TRY(const std::string value, call.evaluator.repr(attribute(call, call.argument("self"), "value"), call.where));
  return new_string(call, "<" + full_name(call) + ": " + value + ">");
}
Result<Value> member_text(NativeCall& call) { return new_string(call, full_name(call)); }

/// Members of IntEnum, and of enumerations below str or int, are equal to their values.
Value plain(NativeCall& call, std::string_view parameter) {
  const Value& given = call.argument(parameter);
  const auto* instance = heap_of(call).as<InstanceObject>(given);
  const bool is_member = instance != nullptr && find_in_class(call.evaluator, instance->type, "_members_") != nullptr;
  return is_member ? attribute(call, given, "value") : given;
}
Result<Value> compare_values(NativeCall& call) {
  const std::string_view name = call.row.name;
  const CompareOp op = name == "__lt__"   ? CompareOp::Less
                       : name == "__le__" ? CompareOp::LessEqual
                       : name == "__gt__" ? CompareOp::Greater
                       : name == "__ge__" ? CompareOp::GreaterEqual
                                          : CompareOp::Equal;
  return call.evaluator.compare(op, plain(call, "self"), plain(call, "other"), call.where);
}
Result<Value> hash_value(NativeCall& call) {
  LATHE_TRY(const size_t hash, call.evaluator.hash(plain(call, "self"), call.where));
  return integer(static_cast<int64_t>(hash >> 1u));
}
Result<Value> value_itself(NativeCall& call) { return plain(call, "self"); }
Result<Value> value_text(NativeCall& call) {
  LATHE_TRY(std::string text, call.evaluator.text(plain(call, "self"), call.where));
  return new_string(call, std::move(text));
}

constexpr NativeFunctionRow kFind{"__new__", "cls, value, /", find_member};
constexpr NativeFunctionRow kKeep{"__init__", "self, *arguments", keep_member};
constexpr NativeFunctionRow kValueMethods[] = {
    {"__eq__", "self, other, /", compare_values},
    {"__lt__", "self, other, /", compare_values},
    {"__le__", "self, other, /", compare_values},
    {"__gt__", "self, other, /", compare_values},
    {"__ge__", "self, other, /", compare_values},
    {"__hash__", "self", hash_value},
    {"__int__", "self", value_itself},
    {"__index__", "self", value_itself},
};
constexpr NativeFunctionRow kValueText{"__str__", "self", value_text};

/// Turns what the body of the class assigned into members.
Result<Value> initialize_subclass(NativeCall& call) {
  const std::optional<ObjectId> type = as_class(call.evaluator, call.argument("cls"));
  if (!type) return none();
  Heap& heap = heap_of(call);
  const auto rows = std::get<ClassObject>(heap[*type]).attributes.rows();
  const auto set = [&](std::string_view name, Value value) {
    std::get<ClassObject>(heap[*type]).attributes.set(call.evaluator.name(name), std::move(value));
  };
  const bool is_flag = call.evaluator.is_subclass(*type, call.evaluator.library_object("enum.Flag"));
  std::vector<Value> members;
  int64_t last = 0;
  for (const auto& [name, given] : rows) {
    const std::string text = call.evaluator.names().text(name);
    const bool is_descriptor = heap.as<FunctionObject>(given) != nullptr || heap.as<PropertyObject>(given) != nullptr ||
                               heap.as<StaticMethodObject>(given) != nullptr ||
                               heap.as<ClassMethodObject>(given) != nullptr;
    if (text.starts_with('_') || is_descriptor) continue;
    Value value = given;
    const auto* token = heap.as<TokenObject>(value);
    if (token != nullptr && token->kind == "enum.auto")
      value = integer(is_flag ? (last == 0 ? 1 : last * 2) : last + 1);
    if (const std::optional<Dim> number = as_integer(value); number && number->is_constant()) last = number->constant();
    std::optional<Value> alias;
    for (const Value& member : members) {
      LATHE_TRY(const bool same, is_equal(call, attribute(call, member, "value"), value));
      if (same) alias = member;
    }
    if (!alias) {
      const ObjectId member = call.evaluator.new_instance(*type, call.where);
      AttributeTable& attributes = std::get<InstanceObject>(heap[member]).attributes;
      attributes.set(call.evaluator.name("name"), new_string(call, text));
      attributes.set(call.evaluator.name("value"), value);
      attributes.set(call.evaluator.name("_name_"), new_string(call, text));
      attributes.set(call.evaluator.name("_value_"), value);
      members.push_back(member);
      alias = member;
    }
    std::get<ClassObject>(heap[*type]).attributes.set(name, *alias);
  }
  const ObjectId by_name = heap.add(DictObject{});
  for (const Value& member : members) {
    LATHE_TRY_VOID(call.evaluator.dict_set(by_name, attribute(call, member, "name"), member, call.where));
  }
  set("_members_", heap.new_list(members));
  set("__members__", by_name);
  set("__new__", heap.add(NativeFunctionObject{&kFind}));
  set("__init__", heap.add(NativeFunctionObject{&kKeep}));
  const bool is_text = call.evaluator.is_subclass(*type, call.evaluator.builtin_class("str"));
  if (is_text || call.evaluator.is_subclass(*type, call.evaluator.builtin_class("int"))) {
    for (const NativeFunctionRow& row : kValueMethods) set(row.name, heap.add(NativeFunctionObject{&row}));
    const bool shows_value = call.evaluator.is_subclass(*type, call.evaluator.library_object("enum.IntEnum")) ||
                             call.evaluator.is_subclass(*type, call.evaluator.library_object("enum.StrEnum"));
    if (shows_value) set("__str__", heap.add(NativeFunctionObject{&kValueText}));
  }
  return none();
}

Result<Value> make_auto(NativeCall& call) { return Value(heap_of(call).add(TokenObject{"enum.auto", "auto()"})); }
Result<Value> identity(NativeCall& call) { return call.argument("value"); }

constexpr NativeFunctionRow kMethods[] = {
    {"__init_subclass__", "cls", initialize_subclass, NativeKind::ClassMethod},
    {"__class_getitem__", "cls, name, /", member_by_name, NativeKind::ClassMethod},
    {"__iter__", "cls", iterate, NativeKind::ClassMethod},
    {"__repr__", "self", member_repr},
    {"__str__", "self", member_text},
};
constexpr NativeFunctionRow kFunctions[] = {{"auto", "", make_auto}, {"unique", "value, /", identity}};
constexpr NativeClassRow kClasses[] = {
    {"Enum", "", kMethods},    {"IntEnum", "int enum.Enum", {}}, {"StrEnum", "str enum.Enum", {}},
    {"Flag", "enum.Enum", {}}, {"IntFlag", "int enum.Flag", {}}, {"EnumMeta", "", {}},
};

constexpr NativeModuleRow kModules[] = {{"enum", kFunctions, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> stdlib_enum() { return kModules; }

}  // namespace lathe::torch
