// The methods of nn.Module that register things and find them again, and the call of a module.
#include <algorithm>
#include <span>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/nn/parameter.h"
#include "compiler/frontend/torch/nn/state.h"
#include "compiler/frontend/torch/nn/weight_norm.h"
#include "ir/graph/closest_name.h"

namespace lathe::torch {
namespace {

/// Deepest nesting of calls of modules in each other.
constexpr size_t kMaxNestedCalls = 200;

InstanceObject& instance_of(Evaluator& evaluator, ObjectId self) {
  auto* instance = evaluator.heap().as<InstanceObject>(Value(self));
  LATHE_CHECK(instance != nullptr);
  return *instance;
}

/// Removes a name from a registry; false when it is not there.
bool remove_entry(Evaluator& evaluator, ObjectId self, Registry which, const std::string& name) {
  DictObject* dict = registry(evaluator, self, which);
  if (dict == nullptr || dict->entries.size() == 0) return false;
  const Value key = key_of(evaluator, name);
  const Result<size_t> hash = evaluator.hash(key, {});
  if (which == Registry::Modules) ++module_state(evaluator).changes;
  return hash.ok() && dict->entries.erase(*hash, [&](const Value& other) { return evaluator.same_key(key, other); });
}

void remove_others(Evaluator& evaluator, ObjectId self, const std::string& name, Registry keep) {
  instance_of(evaluator, self).attributes.erase(evaluator.name(name));
  for (const Registry which : {Registry::Parameters, Registry::Buffers, Registry::Modules}) {
    if (which != keep) remove_entry(evaluator, self, which, name);
  }
}

Result<Value> initialize(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  initialize_module(call.evaluator, self);
  return Value(NoneValue{});
}

Failure report_missing_init(NativeCall& call, ObjectId self, std::string_view what) {
  const std::string type = call.evaluator.type_name(Value(self));
  return call
      .error(DiagnosticKind::MissingSuperInit, "AttributeError", "{} before `super().__init__()` of `{}` was called",
             what, type)
      .note("begin `__init__` with `super().__init__()`")
      .emit();
}

Failure report_wrong_kind(NativeCall& call, const std::string& name, std::string_view registered_as,
                          std::string_view wanted, const Value& value) {
  return call
      .error(DiagnosticKind::BadArgument, "TypeError", "`{}` is registered as a {}; it takes {} or None, not {}", name,
             registered_as, wanted, call.evaluator.describe(value))
      .emit();
}

/// torch.nn.Module.__setattr__
Result<Value> set_module_attribute(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string name, call.string("name"));
  const Value value = call.argument("value");
  const auto* tensor = std::get_if<TensorId>(&value);
  const bool initialized = is_initialized(evaluator, self);
  if (tensor != nullptr && tracer_of(evaluator).is_parameter(*tensor)) {
    if (!initialized) return report_missing_init(call, self, "a parameter is assigned");
    remove_others(evaluator, self, name, Registry::Parameters);
    register_parameter(evaluator, self, name, value);
    return Value(NoneValue{});
  }
  if (registered(evaluator, self, Registry::Parameters, name)) {
    if (!is_none(value) && !is_unknown(value)) {
      return report_wrong_kind(call, name, "parameter", "an nn.Parameter", value);
    }
    register_parameter(evaluator, self, name, value);
    return Value(NoneValue{});
  }
  if (is_module(evaluator, value)) {
    if (!initialized) return report_missing_init(call, self, "a module is assigned");
    remove_others(evaluator, self, name, Registry::Modules);
    register_module(evaluator, self, name, value);
    return Value(NoneValue{});
  }
  if (registered(evaluator, self, Registry::Modules, name)) {
    if (!is_none(value) && !is_unknown(value)) return report_wrong_kind(call, name, "module", "an nn.Module", value);
    register_module(evaluator, self, name, value);
    return Value(NoneValue{});
  }
  if (const auto old = registered(evaluator, self, Registry::Buffers, name)) {
    if (!is_none(value) && !is_unknown(value) && tensor == nullptr) {
      return report_wrong_kind(call, name, "buffer", "a tensor", value);
    }
    replace_buffer(evaluator, self, name, value);
    return Value(NoneValue{});
  }
  LATHE_TRY_VOID(evaluator.set_plain_attribute(self, evaluator.name(name), value));
  return Value(NoneValue{});
}

/// torch.nn.Module.__getattr__: called for names that are no plain attributes.
Result<Value> get_module_attribute(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  if (is_unknown_module(evaluator, self)) return Value(UnknownValue{});
  LATHE_TRY(const std::string name, call.string("name"));
  for (const Registry which : {Registry::Parameters, Registry::Buffers, Registry::Modules}) {
    if (std::optional<Value> found = registered(evaluator, self, which, name)) return *std::move(found);
  }
  std::vector<std::string> names;
  for (const auto& [attribute, value] : instance_of(evaluator, self).attributes.rows()) {
    names.push_back(evaluator.names().text(attribute));
  }
  for (const Registry which : {Registry::Parameters, Registry::Buffers, Registry::Modules}) {
    for (NamedValue& entry : entries(evaluator, self, which)) names.push_back(std::move(entry.name));
  }
  const std::vector<std::string_view> candidates(names.begin(), names.end());
  const std::string_view closest = closest_name(name, candidates);
  auto fault = call.error(DiagnosticKind::UnknownName, "AttributeError", "`{}` has no attribute `{}`",
                          evaluator.type_name(Value(self)), name);
  if (!is_initialized(evaluator, self)) {
    return std::move(fault).note("its `super().__init__()` has not been called").emit();
  }
  if (closest.empty()) return std::move(fault).emit();
  return std::move(fault).note(fmt::format("did you mean `{}`?", closest)).emit();
}

Result<Value> delete_module_attribute(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string name, call.string("name"));
  for (const Registry which : {Registry::Parameters, Registry::Buffers, Registry::Modules}) {
    if (remove_entry(evaluator, self, which, name)) return Value(NoneValue{});
  }
  if (instance_of(evaluator, self).attributes.erase(evaluator.name(name))) return Value(NoneValue{});
  return call
      .error(DiagnosticKind::UnknownName, "AttributeError", "`{}` has no attribute `{}`",
             evaluator.type_name(Value(self)), name)
      .emit();
}

/// The name of a registration: no dots, not empty, and not that of another attribute.
Result<std::string> registered_name(NativeCall& call, ObjectId self, Registry which) {
  Evaluator& evaluator = call.evaluator;
  if (!is_initialized(evaluator, self)) {
    return report_missing_init(call, self, fmt::format("`{}` is called", call.row.name));
  }
  LATHE_TRY(std::string name, call.string("name"));
  if (name.empty() || name.find('.') != std::string::npos) {
    return call
        .error_at(call.place("name"), DiagnosticKind::PythonError, "KeyError",
                  name.empty() ? "the name of a registered attribute can't be empty"
                               : fmt::format("the name of a registered attribute can't hold a dot: '{}'", name))
        .emit();
  }
  const bool is_plain = instance_of(evaluator, self).attributes.find(evaluator.name(name)) != nullptr;
  bool taken = is_plain;
  for (const Registry other : {Registry::Parameters, Registry::Buffers, Registry::Modules}) {
    taken = taken || (other != which && registered(evaluator, self, other, name).has_value());
  }
  if (!taken) return name;
  return call
      .error_at(call.place("name"), DiagnosticKind::PythonError, "KeyError",
                fmt::format("`{}` has an attribute `{}` already", evaluator.type_name(Value(self)), name))
      .emit();
}

Result<Value> call_register_parameter(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string name, registered_name(call, self, Registry::Parameters));
  const Value& value = call.argument("param");
  const auto* tensor = std::get_if<TensorId>(&value);
  const bool fits =
      is_none(value) || is_unknown(value) || (tensor != nullptr && tracer_of(call.evaluator).is_parameter(*tensor));
  if (!fits) return report_wrong_kind(call, name, "parameter", "an nn.Parameter", value);
  register_parameter(call.evaluator, self, name, value);
  return Value(NoneValue{});
}

Result<Value> call_register_buffer(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string name, registered_name(call, self, Registry::Buffers));
  LATHE_TRY(const bool persistent, call.truth("persistent"));
  Value value = call.argument("tensor");
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    if (persistent) value = Value(as_weights(call.evaluator, *tensor, false, call.where));
  } else if (!is_none(value) && !is_unknown(value)) {
    return report_wrong_kind(call, name, "buffer", "a tensor", value);
  }
  register_buffer(call.evaluator, self, name, value, persistent);
  return Value(NoneValue{});
}

Result<Value> call_register_module(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LATHE_TRY(const std::string name, registered_name(call, self, Registry::Modules));
  const Value& value = call.argument("module");
  if (!is_module(call.evaluator, value) && !is_none(value) && !is_unknown(value)) {
    return report_wrong_kind(call, name, "module", "an nn.Module", value);
  }
  register_module(call.evaluator, self, name, value);
  return Value(NoneValue{});
}

/// The graph values of the tensors in results, nested tuples, lists and dicts in order, as they are now.
std::vector<ValueId> values_of(Evaluator& evaluator, std::vector<Value> results) {
  constexpr size_t kDeepest = 20;
  std::vector<ValueId> values;
  std::vector<std::pair<Value, size_t>> waiting;
  const auto wait_for = [&](std::span<const Value> items, size_t depth) {
    for (auto item = items.rbegin(); item != items.rend(); ++item) waiting.emplace_back(*item, depth);
  };
  wait_for(results, 0);
  while (!waiting.empty()) {
    const auto [value, depth] = waiting.back();
    waiting.pop_back();
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      values.push_back(tracer_of(evaluator).present_value(*tensor).value_or(ValueId()));
    }
    if (depth > kDeepest) continue;
    if (const auto* tuple = evaluator.heap().as<TupleObject>(value)) {
      wait_for(tuple->items, depth + 1);
    } else if (const auto* list = evaluator.heap().as<ListObject>(value)) {
      wait_for(list->items, depth + 1);
    } else if (const auto* dict = evaluator.heap().as<DictObject>(value)) {
      std::vector<Value> items;
      for (const DictStorage::Entry& entry : dict->entries.entries()) items.push_back(entry.value);
      wait_for(items, depth + 1);
    }
  }
  return values;
}

void note_failed_call(Evaluator& evaluator, ObjectId module, const Arguments& arguments) {
  constexpr size_t kMostKept = 64;
  ModuleState& state = module_state(evaluator);
  const std::vector<Diagnostic>& faults = evaluator.faults().all();
  if (faults.empty() || faults.back().facts == 0 || state.failed_calls.size() >= kMostKept) return;
  state.failed_calls.push_back({faults.back().facts, module, arguments.positional, arguments.keywords});
}

/// torch.nn.Module.__call__
Result<Value> call_module(NativeCall& call) {
  Evaluator& evaluator = call.evaluator;
  LATHE_TRY(const ObjectId self, self_of(call));
  if (is_unknown_module(evaluator, self)) return Value(UnknownValue{});
  const std::string type = evaluator.type_name(Value(self));
  if (!is_initialized(evaluator, self)) return report_missing_init(call, self, "a module is called");
  LATHE_TRY(const std::optional<Value> found,
            evaluator.find_attribute(Value(self), evaluator.name("forward"), call.where));
  ModuleState& state = module_state(evaluator);
  if (!state.paths.contains(self)) collect_paths(evaluator);
  const std::string path = module_path(evaluator, self);
  const LocationId created = instance_of(evaluator, self).created;
  if (!found) {
    const bool is_container = type == "ModuleList" || type == "ModuleDict" || type == "ParameterList";
    std::string message = is_container ? fmt::format("a {} only holds modules, it can't be called", type)
                                       : fmt::format("`{}` has no `forward`, so it can't be called", type);
    auto fault = call.error(DiagnosticKind::ContainerNotCallable, "NotImplementedError", "{}", message)
                     .layer(path == "?" ? "" : path)
                     .label(created, "made here");
    if (type != "ModuleList") return std::move(fault).emit();
    return std::move(fault).note("call its modules one by one, or make it an nn.Sequential").emit();
  }
  Tracer& tracer = tracer_of(evaluator);
  if (tracer.layers().size() >= kMaxNestedCalls) {
    return call
        .error(DiagnosticKind::BudgetExceeded, "RecursionError", "calls of modules nest more than {} deep",
               kMaxNestedCalls)
        .emit();
  }
  LATHE_TRY_VOID(evaluator.spend(1, call.where));
  const auto* bound = evaluator.heap().as<BoundMethodObject>(*found);
  const bool is_native = bound != nullptr && evaluator.heap().as<NativeFunctionObject>(bound->function) != nullptr;
  const LocationId expression = evaluator.current_location();
  LATHE_TRY(Arguments arguments, passed_on(call));
  std::vector<Value> inputs = arguments.positional;
  for (const auto& [name, value] : arguments.keywords) inputs.push_back(value);
  std::vector<ValueId> input_values = values_of(evaluator, inputs);
  const auto first_node = static_cast<uint32_t>(tracer.module().graph.node_table_size());
  LATHE_TRY_VOID(update_weight_norms(evaluator, self, is_native ? call.where : expression));
  const bool is_outermost = tracer.layers().empty();
  tracer.layers().push_back({path == "?" ? "" : path, is_native ? call.where : LocationId()});
  Result<Value> output = evaluator.call(*found, is_outermost ? arguments : std::move(arguments), call.where);
  tracer.layers().pop_back();
  if (!output.ok()) {
    if (is_outermost) note_failed_call(evaluator, self, arguments);
    return Failure{};
  }
  if (!is_unknown(*output)) {
    state.records.push_back({.module = self,
                             .path = path,
                             .type = type,
                             .inputs = std::move(inputs),
                             .output = *output,
                             .created = created,
                             .call = expression,
                             .input_values = std::move(input_values),
                             .output_values = values_of(evaluator, {*output}),
                             .first_node = first_node,
                             .end_node = static_cast<uint32_t>(tracer.module().graph.node_table_size())});
  }
  return output;
}

constexpr NativeFunctionRow kMethods[] = {
    {"__init__", "self, *args, **kwargs", initialize},
    {"__setattr__", "self, name, value", set_module_attribute},
    {"__getattr__", "self, name", get_module_attribute},
    {"__delattr__", "self, name", delete_module_attribute},
    {"__call__", "self, *args, **kwargs", call_module},
    {"register_parameter", "self, name, param", call_register_parameter},
    {"register_buffer", "self, name, tensor, persistent=True", call_register_buffer},
    {"register_module", "self, name, module", call_register_module},
    {"add_module", "self, name, module", call_register_module},
};

}  // namespace

std::span<const NativeFunctionRow> module_methods() { return kMethods; }

}  // namespace lathe::torch
