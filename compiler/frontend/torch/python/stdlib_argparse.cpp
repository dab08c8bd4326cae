// The module argparse: a program is read as if it were started without arguments, so every option has its default.
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

Result<ObjectId> defaults_of(NativeCall& call) {
  LATHE_TRY(const Value table,
            call.evaluator.get_attribute(call.argument("self"), call.evaluator.name("_defaults"), call.where));
  if (heap_of(call).as<DictObject>(table) == nullptr) return wrong_type(call, "self", "an ArgumentParser");
  return std::get<ObjectId>(table);
}

Result<Value> initialize_parser(NativeCall& call) {
  const auto* self = std::get_if<ObjectId>(&call.argument("self"));
  const Value table = heap_of(call).add(DictObject{});
  LATHE_TRY_VOID(call.evaluator.set_plain_attribute(*self, call.evaluator.name("_defaults"), table));
  return none();
}

/// The name under which the value is found: `dest`, else the first long option, else the first name.
Result<std::string> destination(NativeCall& call, ObjectId options) {
  LATHE_TRY(const std::optional<Value> dest, call.evaluator.dict_find(options, new_string(call, "dest"), call.where));
  if (dest) {
    if (const std::string* text = heap_of(call).string(*dest)) return *text;
  }
  const std::vector<Value> names = heap_of(call).as<TupleObject>(call.argument("names"))->items;
  std::string chosen;
  for (const Value& name : names) {
    const std::string* text = heap_of(call).string(name);
    if (text == nullptr) return wrong_type(call, "names", "strings");
    if (chosen.empty() || (text->starts_with("--") && !chosen.starts_with("--"))) chosen = *text;
  }
  const bool is_option = chosen.starts_with('-');
  chosen.erase(0, std::min(chosen.find_first_not_of('-'), chosen.size()));
  for (char& c : chosen) {
    if (c == '-' && is_option) c = '_';
  }
  return chosen;
}

Result<Value> add_argument(NativeCall& call) {
  LATHE_TRY(const ObjectId table, defaults_of(call));
  const auto options = std::get<ObjectId>(call.argument("options"));
  LATHE_TRY(const std::string name, destination(call, options));
  const auto option = [&](std::string_view key) -> Result<std::optional<Value>> {
    return call.evaluator.dict_find(options, new_string(call, std::string(key)), call.where);
  };
  LATHE_TRY(const std::optional<Value> action, option("action"));
  LATHE_TRY(std::optional<Value> fallback, option("default"));
  LATHE_TRY(const std::optional<Value> type, option("type"));
  const std::string* how = action ? heap_of(call).string(*action) : nullptr;
  if (how != nullptr && (*how == "help" || *how == "version")) return none();
  if (!fallback && how != nullptr && *how == "store_true") fallback = Value(false);
  if (!fallback && how != nullptr && *how == "store_false") fallback = Value(true);
  if (!fallback) fallback = none();
  if (type && heap_of(call).string(*fallback) != nullptr && !is_unknown(*type)) {
    LATHE_TRY(fallback, call_back(call, *type, {*fallback}));
  }
  // The first option of a name gives its default, as in argparse.
  LATHE_TRY(const std::optional<Value> before, call.evaluator.dict_find(table, new_string(call, name), call.where));
  if (!before) LATHE_TRY_VOID(set_dict(call, table, name, *fallback));
  return none();
}

Result<Value> set_defaults(NativeCall& call) {
  LATHE_TRY(const ObjectId table, defaults_of(call));
  LATHE_TRY_VOID(update_dict(call, table, call.argument("options")));
  return none();
}

Result<Value> get_default(NativeCall& call) {
  LATHE_TRY(const ObjectId table, defaults_of(call));
  LATHE_TRY(const std::optional<Value> found, call.evaluator.dict_find(table, call.argument("dest"), call.where));
  return found ? *found : none();
}

Result<Value> itself(NativeCall& call) { return call.argument("self"); }

Status fill(NativeCall& call, ObjectId instance, const Value& table) {
  const auto* dict = heap_of(call).as<DictObject>(table);
  for (const DictStorage::Entry& entry : dict->entries.entries()) {
    const std::string* name = heap_of(call).string(entry.key);
    if (name == nullptr) continue;
    LATHE_TRY_VOID(call.evaluator.set_plain_attribute(instance, call.evaluator.name(*name), entry.value));
  }
  return {};
}

Result<Value> parse(NativeCall& call) {
  LATHE_TRY(const ObjectId table, defaults_of(call));
  if (!call.is_none("args")) {
    LATHE_TRY(const std::vector<Value> given, call.items("args"));
    if (!given.empty())
      return call.evaluator.unsupported(call.place("args"), "arguments that the program gives itself");
  }
  Value space = call.argument("namespace");
  if (is_none(space)) {
    space = call.evaluator.new_instance(call.evaluator.library_object("argparse.Namespace"), call.where);
  }
  if (const auto* id = std::get_if<ObjectId>(&space)) LATHE_TRY_VOID(fill(call, *id, table));
  if (call.row.name == "parse_args") return space;
  return heap_of(call).new_tuple({space, heap_of(call).new_list({})});
}

Result<Value> initialize_namespace(NativeCall& call) {
  LATHE_TRY_VOID(fill(call, std::get<ObjectId>(call.argument("self")), call.argument("values")));
  return none();
}

Result<Value> namespace_text(NativeCall& call) {
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  if (self == nullptr) return wrong_type(call, "self", "a namespace");
  std::string text = call.evaluator.type_name(call.argument("self")) == "Namespace" ? "Namespace(" : "namespace(";
  const auto rows = self->attributes.rows();
  for (size_t i = 0; i < rows.size(); ++i) {
    LATHE_TRY(const std::string value, call.evaluator.repr(rows[i].second, call.where));
    text += fmt::format("{}{}={}", i > 0 ? ", " : "", call.evaluator.names().text(rows[i].first), value);
  }
  return new_string(call, text + ")");
}

Result<Value> namespace_contains(NativeCall& call) {
  LATHE_TRY(const std::string name, call.string("name"));
  const auto* self = heap_of(call).as<InstanceObject>(call.argument("self"));
  return Value(self != nullptr && self->attributes.find(call.evaluator.name(name)) != nullptr);
}

Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

Result<Value> nothing(NativeCall&) { return none(); }

constexpr NativeFunctionRow kParserMethods[] = {
    {"__init__", "self, *arguments, **options", initialize_parser},
    {"add_argument", "self, *names, **options", add_argument},
    {"add_argument_group", "self, *arguments, **options", itself},
    {"add_mutually_exclusive_group", "self, **options", itself},
    {"add_subparsers", "self, **options", refuse},
    {"set_defaults", "self, **options", set_defaults},
    {"get_default", "self, dest", get_default},
    {"parse_args", "self, args=None, namespace=None", parse},
    {"parse_known_args", "self, args=None, namespace=None", parse},
    {"print_help", "self, file=None", nothing},
};
constexpr NativeFunctionRow kNamespaceMethods[] = {
    {"__init__", "self, **values", initialize_namespace},
    {"__repr__", "self", namespace_text},
    {"__contains__", "self, name, /", namespace_contains},
};
constexpr NativeFunctionRow kFormatterMethods[] = {{"__init__", "self, *arguments, **options", nothing}};

constexpr NativeClassRow kClasses[] = {
    {"ArgumentParser", "", kParserMethods},
    {"Namespace", "", kNamespaceMethods},
    {"ArgumentDefaultsHelpFormatter", "", kFormatterMethods},
    {"RawTextHelpFormatter", "", kFormatterMethods},
    {"RawDescriptionHelpFormatter", "", kFormatterMethods},
    {"HelpFormatter", "", kFormatterMethods},
    {"ArgumentTypeError", "Exception", {}},
};
constexpr NativeClassRow kTypes[] = {{"SimpleNamespace", "", kNamespaceMethods}};

Value suppress(Evaluator& evaluator) { return evaluator.heap().new_string("==SUPPRESS=="); }
Value remainder(Evaluator& evaluator) { return evaluator.heap().new_string("..."); }
constexpr NativeConstantRow kConstants[] = {{"SUPPRESS", suppress}, {"REMAINDER", remainder}};

constexpr NativeModuleRow kModules[] = {
    {"argparse", {}, kClasses, kConstants},
    {"types", {}, kTypes, {}},
};

}  // namespace

std::span<const NativeModuleRow> stdlib_argparse() { return kModules; }

}  // namespace lathe::torch
