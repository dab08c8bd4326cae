// ModuleDict, ParameterList and ParameterDict.
#include <fmt/ranges.h>

#include "compiler/frontend/torch/nn/containers.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/parameter.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

/// Keys and values of a dict, another ModuleDict, or an iterable of pairs.
Result<std::vector<std::pair<Value, Value>>> pairs_of(NativeCall& call, const Value& given) {
  Evaluator& evaluator = call.evaluator;
  std::vector<std::pair<Value, Value>> pairs;
  if (const auto* dict = evaluator.heap().as<DictObject>(given)) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) pairs.emplace_back(entry.key, entry.value);
    return pairs;
  }
  if (is_module(evaluator, given)) {
    for (const Registry which : {Registry::Parameters, Registry::Modules}) {
      for (const NamedValue& entry : entries(evaluator, std::get<ObjectId>(given), which)) {
        pairs.emplace_back(key_of(evaluator, entry.name), entry.value);
      }
    }
    return pairs;
  }
  LATHE_TRY(const std::vector<Value> items, evaluator.iterate(given, call.where));
  for (const Value& item : items) {
    LATHE_TRY(const std::vector<Value> both, evaluator.iterate(item, call.where));
    if (both.size() != 2) {
      return call
          .error(DiagnosticKind::BadArgument, "ValueError", "{} takes pairs of a name and a value, one item has {}",
                 evaluator.type_name(call.arguments[0]), both.size())
          .emit();
    }
    pairs.emplace_back(both[0], both[1]);
  }
  return pairs;
}

Result<std::string> name_of(NativeCall& call, const Value& key) {
  const std::string* name = call.evaluator.heap().string(key);
  if (name != nullptr && !name->empty() && name->find('.') == std::string::npos) return *name;
  if (is_unknown(key)) return Failure{};
  return call
      .error(name == nullptr ? DiagnosticKind::BadArgument : DiagnosticKind::PythonError,
             name == nullptr ? "TypeError" : "KeyError", "names in a {} are strings without dots, not {}",
             call.evaluator.type_name(call.arguments[0]), call.evaluator.describe(key))
      .emit();
}

Status set_one(NativeCall& call, ObjectId self, Registry which, const std::string& name, Value value) {
  if (is_unknown(value)) return {};
  if (which == Registry::Modules) {
    if (!is_module(call.evaluator, value)) {
      return call
          .error(DiagnosticKind::BadArgument, "TypeError", "{} holds modules, `{}` is {}",
                 call.evaluator.type_name(Value(self)), name, call.evaluator.describe(value))
          .emit();
    }
    register_module(call.evaluator, self, name, value);
    return {};
  }
  const auto* tensor = std::get_if<TensorId>(&value);
  if (tensor == nullptr) {
    if (is_none(value)) return {};
    return call
        .error(DiagnosticKind::BadArgument, "TypeError", "{} holds parameters, `{}` is {}",
               call.evaluator.type_name(Value(self)), name, call.evaluator.describe(value))
        .emit();
  }
  register_parameter(call.evaluator, self, name, Value(as_weights(call.evaluator, *tensor, true, call.where)));
  return {};
}

Status set_pairs(NativeCall& call, ObjectId self, Registry which, const Value& given) {
  LATHE_TRY(const auto pairs, pairs_of(call, given));
  for (const auto& [key, value] : pairs) {
    LATHE_TRY(const std::string name, name_of(call, key));
    LATHE_TRY_VOID(set_one(call, self, which, name, value));
  }
  return {};
}

Status make_dict(LayerBuilder& layer, std::string_view parameter, Registry which) {
  if (layer.is_none(parameter)) return {};
  return set_pairs(layer.call(), layer.self(), which, layer.argument(parameter));
}

Status make_module_dict(LayerBuilder& layer) { return make_dict(layer, "modules", Registry::Modules); }
Status make_parameter_dict(LayerBuilder& layer) { return make_dict(layer, "parameters", Registry::Parameters); }

/// The registry that a container of this kind keeps its entries in.
template <Registry which>
struct DictMethods {
  static Result<Value> get(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    if (is_unknown(call.argument("key"))) return Value(UnknownValue{});
    const std::string* name = call.evaluator.heap().string(call.argument("key"));
    std::optional<Value> found;
    if (name != nullptr) found = registered(call.evaluator, self, which, std::string(*name));
    if (found) return *found;
    std::vector<std::string> names;
    for (const NamedValue& entry : entries(call.evaluator, self, which)) names.push_back(entry.name);
    return call
        .error(DiagnosticKind::PythonError, "KeyError", "the {} has no entry {}; it has {}",
               call.evaluator.type_name(Value(self)), call.evaluator.describe(call.argument("key")),
               names.empty() ? "none" : fmt::format("{}", fmt::join(names, ", ")))
        .emit();
  }
  static Result<Value> set(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    LATHE_TRY(const std::string name, name_of(call, call.argument("key")));
    LATHE_TRY_VOID(set_one(call, self, which, name, call.argument("value")));
    return Value(NoneValue{});
  }
  static Result<Value> erase(NativeCall& call) {
    LATHE_TRY(const Value value, get(call));
    LATHE_TRY(const ObjectId self, self_of(call));
    DictObject* dict = registry(call.evaluator, self, which);
    if (dict == nullptr) return value;
    const Value key = call.argument("key");
    LATHE_TRY(const size_t hash, call.evaluator.hash(key, call.where));
    dict->entries.erase(hash, [&](const Value& other) { return call.evaluator.same_key(key, other); });
    return value;
  }
  static Result<Value> erase_silently(NativeCall& call) {
    LATHE_TRY_VOID(erase(call));
    return Value(NoneValue{});
  }
  static Result<Value> count(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    return integer(static_cast<int64_t>(entries(call.evaluator, self, which).size()));
  }
  static Result<Value> contains(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    const std::string* name = call.evaluator.heap().string(call.argument("key"));
    return Value(name != nullptr && registered(call.evaluator, self, which, std::string(*name)).has_value());
  }
  enum class Part { Keys, Values, Both };
  template <Part part>
  static Result<Value> list(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    std::vector<Value> items;
    for (const NamedValue& entry : entries(call.evaluator, self, which)) {
      const Value key = key_of(call.evaluator, entry.name);
      items.push_back(part == Part::Keys     ? key
                      : part == Part::Values ? entry.value
                                             : call.evaluator.heap().new_tuple({key, entry.value}));
    }
    return call.evaluator.heap().new_list(std::move(items));
  }
  static Result<Value> iterate(NativeCall& call) {
    LATHE_TRY(const Value keys, list<Part::Keys>(call));
    return call.evaluator.iterator(keys, call.where);
  }
  static Result<Value> update(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    LATHE_TRY_VOID(set_pairs(call, self, which, call.argument("entries")));
    return Value(NoneValue{});
  }
  static Result<Value> clear(NativeCall& call) {
    LATHE_TRY(const ObjectId self, self_of(call));
    if (DictObject* dict = registry(call.evaluator, self, which)) dict->entries.clear();
    return Value(NoneValue{});
  }
};

using Modules = DictMethods<Registry::Modules>;
constexpr NativeFunctionRow kModuleDict[] = {
    {"__init__", "self, modules=None", constructor<make_module_dict>},
    {"__getitem__", "self, key", Modules::get},
    {"__setitem__", "self, key, value", Modules::set},
    {"__delitem__", "self, key", Modules::erase_silently},
    {"__len__", "self", Modules::count},
    {"__iter__", "self", Modules::iterate},
    {"__contains__", "self, key", Modules::contains},
    {"keys", "self", Modules::list<Modules::Part::Keys>},
    {"values", "self", Modules::list<Modules::Part::Values>},
    {"items", "self", Modules::list<Modules::Part::Both>},
    {"update", "self, entries", Modules::update},
    {"pop", "self, key", Modules::erase},
    {"clear", "self", Modules::clear},
};

using Parameters = DictMethods<Registry::Parameters>;
constexpr NativeFunctionRow kParameterDict[] = {
    {"__init__", "self, parameters=None", constructor<make_parameter_dict>},
    {"__getitem__", "self, key", Parameters::get},
    {"__setitem__", "self, key, value", Parameters::set},
    {"__delitem__", "self, key", Parameters::erase_silently},
    {"__len__", "self", Parameters::count},
    {"__iter__", "self", Parameters::iterate},
    {"__contains__", "self, key", Parameters::contains},
    {"keys", "self", Parameters::list<Parameters::Part::Keys>},
    {"values", "self", Parameters::list<Parameters::Part::Values>},
    {"items", "self", Parameters::list<Parameters::Part::Both>},
    {"update", "self, entries", Parameters::update},
    {"pop", "self, key", Parameters::erase},
    {"clear", "self", Parameters::clear},
};

// ------------------------------------------------------------------------------------------------------ ParameterList

Status add_all(NativeCall& call, ObjectId self, const std::vector<Value>& items) {
  for (const Value& item : items) {
    const size_t count = entries(call.evaluator, self, Registry::Parameters).size();
    LATHE_TRY_VOID(set_one(call, self, Registry::Parameters, std::to_string(count), item));
  }
  return {};
}

Status make_parameter_list(LayerBuilder& layer) {
  if (layer.is_none("values")) return {};
  LATHE_TRY(const std::vector<Value> items, layer.call().items("values"));
  return add_all(layer.call(), layer.self(), items);
}

std::vector<Value> parameters_in(Evaluator& evaluator, ObjectId self) {
  std::vector<Value> values;
  for (const NamedValue& entry : entries(evaluator, self, Registry::Parameters)) values.push_back(entry.value);
  return values;
}

Result<Value> append_parameter(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY_VOID(add_all(call, self, {call.argument("value")}));
  return Value(self);
}

Result<Value> extend_parameters(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::vector<Value> items, call.items("values"));
  LATHE_TRY_VOID(add_all(call, self, items));
  return Value(self);
}

Result<Value> get_parameter_item(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  const std::vector<Value> values = parameters_in(call.evaluator, self);
  if (call.evaluator.heap().as<SliceObject>(call.argument("idx")) == nullptr) {
    LATHE_TRY(const size_t position, list_position(call, "idx", values.size()));
    return values[position];
  }
  LATHE_TRY(const std::vector<size_t> positions, slice_positions(call, "idx", values.size()));
  std::vector<Value> chosen;
  for (const size_t position : positions) chosen.push_back(values[position]);
  return call.evaluator.heap().new_list(std::move(chosen));
}

Result<Value> set_parameter_item(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const size_t position, list_position(call, "idx", parameters_in(call.evaluator, self).size()));
  LATHE_TRY_VOID(set_one(call, self, Registry::Parameters, std::to_string(position), call.argument("value")));
  return Value(NoneValue{});
}

Result<Value> count_parameters(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  return integer(static_cast<int64_t>(parameters_in(call.evaluator, self).size()));
}

Result<Value> iterate_parameters(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  IteratorObject iterator;
  iterator.items = parameters_in(call.evaluator, self);
  return Value(call.evaluator.heap().add(std::move(iterator)));
}

constexpr NativeFunctionRow kParameterList[] = {
    {"__init__", "self, values=None", constructor<make_parameter_list>},
    {"__getitem__", "self, idx", get_parameter_item},
    {"__setitem__", "self, idx, value", set_parameter_item},
    {"__len__", "self", count_parameters},
    {"__iter__", "self", iterate_parameters},
    {"__iadd__", "self, values", extend_parameters},
    {"append", "self, value", append_parameter},
    {"extend", "self, values", extend_parameters},
};

constexpr NativeClassRow kClasses[] = {
    {"ModuleDict", "torch.nn.Module", kModuleDict},
    {"ParameterList", "torch.nn.Module", kParameterList},
    {"ParameterDict", "torch.nn.Module", kParameterDict},
};

}  // namespace

std::span<const NativeClassRow> named_container_classes() { return kClasses; }

}  // namespace lathe::torch
