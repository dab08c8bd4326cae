// The methods of nn.Module that list what is in it: children, modules, parameters, buffers, state_dict.
#include <functional>
#include <unordered_set>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

Value iterator_over(Evaluator& evaluator, std::vector<Value> items) {
  IteratorObject iterator;
  iterator.items = std::move(items);
  return evaluator.heap().add(std::move(iterator));
}

Value pair(Evaluator& evaluator, const std::string& name, const Value& value) {
  return evaluator.heap().new_tuple({evaluator.heap().new_string(name), value});
}

/// Names and values as an iterator of pairs, or of the values alone.
Value iterator_over(Evaluator& evaluator, const std::vector<NamedValue>& values, bool with_names) {
  std::vector<Value> items;
  for (const NamedValue& entry : values) {
    items.push_back(with_names ? pair(evaluator, entry.name, entry.value) : entry.value);
  }
  return iterator_over(evaluator, std::move(items));
}

Result<std::string> prefix_of(NativeCall& call) {
  if (call.is_none("prefix")) return std::string();
  return call.string("prefix");
}

/// Each child once, under its first name.
Result<Value> list_children(NativeCall& call, bool with_names) {
  LATHE_TRY(const ObjectId self, self_of(call));
  std::unordered_set<ObjectId> seen;
  std::vector<NamedValue> children;
  for (NamedValue& child : entries(call.evaluator, self, Registry::Modules)) {
    if (seen.insert(std::get<ObjectId>(child.value)).second) children.push_back(std::move(child));
  }
  return iterator_over(call.evaluator, children, with_names);
}

Result<Value> children(NativeCall& call) { return list_children(call, false); }
Result<Value> named_children(NativeCall& call) { return list_children(call, true); }

Result<Value> list_modules(NativeCall& call, bool with_names, const std::string& prefix) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::vector<NamedModule> found, named_modules(call.evaluator, self, prefix));
  std::vector<NamedValue> result;
  for (const NamedModule& module : found) result.push_back({module.path, Value(module.module)});
  return iterator_over(call.evaluator, result, with_names);
}

Result<Value> modules(NativeCall& call) { return list_modules(call, false, ""); }
Result<Value> call_named_modules(NativeCall& call) {
  LATHE_TRY(const std::string prefix, prefix_of(call));
  return list_modules(call, true, prefix);
}

/// Parameters or buffers below a module, each once, under its first name.
Result<std::vector<NamedValue>> members(NativeCall& call, Registry which, const std::string& prefix) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const bool recurse, call.truth("recurse"));
  std::vector<NamedModule> owners{{prefix, self}};
  if (recurse) {
    LATHE_TRY(owners, named_modules(call.evaluator, self, prefix));
  }
  std::unordered_set<TensorId> seen;
  std::vector<NamedValue> result;
  for (const NamedModule& owner : owners) {
    const std::string start = owner.path.empty() ? "" : owner.path + ".";
    for (const NamedValue& entry : entries(call.evaluator, owner.module, which)) {
      if (seen.insert(std::get<TensorId>(entry.value)).second) result.push_back({start + entry.name, entry.value});
    }
  }
  return result;
}

Result<Value> list_members(NativeCall& call, Registry which, bool with_names) {
  std::string prefix;
  if (with_names) {
    LATHE_TRY(prefix, prefix_of(call));
  }
  LATHE_TRY(const std::vector<NamedValue> found, members(call, which, prefix));
  return iterator_over(call.evaluator, found, with_names);
}

Result<Value> parameters(NativeCall& call) { return list_members(call, Registry::Parameters, false); }
Result<Value> named_parameters(NativeCall& call) { return list_members(call, Registry::Parameters, true); }
Result<Value> buffers(NativeCall& call) { return list_members(call, Registry::Buffers, false); }
Result<Value> named_buffers(NativeCall& call) { return list_members(call, Registry::Buffers, true); }

Result<Value> state_dict(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(std::string prefix, prefix_of(call));
  if (!prefix.empty() && prefix.back() == '.') prefix.pop_back();
  LATHE_TRY(const std::vector<StateEntry> all, state_entries(evaluator, self, prefix));
  DictObject dict;
  dict.type = evaluator.library_object("collections.OrderedDict");
  const ObjectId result = evaluator.heap().add(std::move(dict));
  for (const StateEntry& entry : all) {
    LATHE_TRY_VOID(evaluator.dict_set(result, key_of(evaluator, entry.name), Value(entry.tensor), call.where));
  }
  return Value(result);
}

/// Follows a dotted path from a module to a module.
Result<ObjectId> follow(NativeCall& call, ObjectId module, const std::string& path) {
  Evaluator& evaluator = call.evaluator;
  size_t begin = 0;
  while (begin < path.size()) {
    const size_t end = std::min(path.find('.', begin), path.size());
    const std::string step = path.substr(begin, end - begin);
    const std::optional<Value> next = registered(evaluator, module, Registry::Modules, step);
    if (!next || !is_module(evaluator, *next)) {
      return call
          .error_at(call.place("target"), DiagnosticKind::UnknownName, "AttributeError",
                    fmt::format("`{}` has no module `{}`", evaluator.type_name(Value(module)), step))
          .emit();
    }
    module = std::get<ObjectId>(*next);
    begin = end + 1;
  }
  return module;
}

Result<Value> get_submodule(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string path, call.string("target"));
  LATHE_TRY(const ObjectId module, follow(call, self, path));
  return Value(module);
}

Result<Value> get_member(NativeCall& call, Registry which, std::string_view what) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string path, call.string("target"));
  const size_t dot = path.rfind('.');
  LATHE_TRY(const ObjectId module, follow(call, self, dot == std::string::npos ? "" : path.substr(0, dot)));
  const std::string name = dot == std::string::npos ? path : path.substr(dot + 1);
  const std::optional<Value> found = registered(call.evaluator, module, which, name);
  if (found) return *found;
  return call
      .error_at(call.place("target"), DiagnosticKind::UnknownName, "AttributeError",
                fmt::format("`{}` has no {} `{}`", call.evaluator.type_name(Value(module)), what, name))
      .emit();
}

Result<Value> get_parameter(NativeCall& call) { return get_member(call, Registry::Parameters, "parameter"); }
Result<Value> get_buffer(NativeCall& call) { return get_member(call, Registry::Buffers, "buffer"); }

/// Calls a function with every module below, children first.
Result<Value> apply(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  // Reversed, parents-last is children-first; the order among siblings is that of registration.
  struct Waiting {
    ObjectId module;
    bool children_done;
  };
  std::vector<Waiting> waiting{{self, false}};
  while (!waiting.empty()) {
    const Waiting at = waiting.back();
    waiting.pop_back();
    LATHE_TRY_VOID(call.evaluator.spend(1, call.where));
    if (at.children_done) {
      LATHE_TRY_VOID(call.evaluator.call(call.argument("fn"),
                                         {.positional = {Value(at.module)}, .keywords = {}, .places = {}}, call.where));
      continue;
    }
    waiting.push_back({at.module, true});
    const std::vector<NamedValue> below = entries(call.evaluator, at.module, Registry::Modules);
    for (auto child = below.rbegin(); child != below.rend(); ++child) {
      waiting.push_back({std::get<ObjectId>(child->value), false});
    }
  }
  return Value(self);
}

constexpr NativeFunctionRow kMethods[] = {
    {"children", "self", children},
    {"named_children", "self", named_children},
    {"modules", "self", modules},
    {"named_modules", "self, memo=None, prefix='', remove_duplicate=True", call_named_modules},
    {"parameters", "self, recurse=True", parameters},
    {"named_parameters", "self, prefix='', recurse=True, remove_duplicate=True", named_parameters},
    {"buffers", "self, recurse=True", buffers},
    {"named_buffers", "self, prefix='', recurse=True, remove_duplicate=True", named_buffers},
    {"state_dict", "self, *args, destination=None, prefix='', keep_vars=False", state_dict},
    {"get_submodule", "self, target", get_submodule},
    {"get_parameter", "self, target", get_parameter},
    {"get_buffer", "self, target", get_buffer},
    {"apply", "self, fn", apply},
};

}  // namespace

std::span<const NativeFunctionRow> module_walk_methods() { return kMethods; }

}  // namespace lathe::torch
