// Registration in modules, and the names that follow from it.
#include "compiler/frontend/torch/nn/module.h"

#include <algorithm>

#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

constexpr uint32_t kUnknownModule = 1;
constexpr std::string_view kRegistryNames[] = {"_parameters", "_buffers", "_modules"};

std::string_view registry_name(Registry which) { return kRegistryNames[static_cast<size_t>(which)]; }

InstanceObject& instance(Evaluator& evaluator, ObjectId module) {
  auto* found = evaluator.heap().as<InstanceObject>(Value(module));
  LATHE_CHECK(found != nullptr);
  return *found;
}

void set_entry(Evaluator& evaluator, ObjectId module, Registry which, std::string_view name, const Value& value) {
  DictObject* dict = registry(evaluator, module, which);
  if (dict == nullptr) {
    // A program may have put something else there.
    set_attribute(evaluator, module, registry_name(which), Value(evaluator.heap().add(DictObject{})));
    dict = registry(evaluator, module, which);
  }
  const Value key = key_of(evaluator, name);
  const Result<size_t> hash = evaluator.hash(key, {});
  LATHE_CHECK(hash.ok());
  dict->entries.set(*hash, key, value, [&](const Value& other) { return evaluator.same_key(key, other); });
}

SetObject* non_persistent(Evaluator& evaluator, ObjectId module) {
  const Value* set = instance(evaluator, module).attributes.find(evaluator.name("_non_persistent_buffers_set"));
  return set == nullptr ? nullptr : evaluator.heap().as<SetObject>(*set);
}

/// A prefix may be written with the dot behind it.
std::string without_dot(std::string prefix) {
  if (prefix.ends_with('.')) prefix.pop_back();
  return prefix;
}

}  // namespace

ModuleState& module_state(Evaluator& evaluator) {
  std::unique_ptr<Tracer::LayerState>& state = tracer_of(evaluator).layer_state();
  if (state == nullptr) state = std::make_unique<ModuleState>();
  return static_cast<ModuleState&>(*state);
}

Value key_of(Evaluator& evaluator, std::string_view text) {
  std::unordered_map<std::string, Value>& keys = module_state(evaluator).keys;
  const auto found = keys.find(std::string(text));
  if (found != keys.end()) return found->second;
  return keys.emplace(std::string(text), evaluator.heap().new_string(std::string(text))).first->second;
}

bool is_module(Evaluator& evaluator, const Value& value) {
  if (evaluator.heap().as<InstanceObject>(value) == nullptr) return false;
  ModuleState& state = module_state(evaluator);
  if (!state.module_class.valid()) state.module_class = evaluator.library_object("torch.nn.Module");
  return evaluator.is_instance(value, state.module_class);
}

bool is_initialized(Evaluator& evaluator, ObjectId module) {
  return registry(evaluator, module, Registry::Modules) != nullptr;
}

void initialize_module(Evaluator& evaluator, ObjectId module) {
  if (is_initialized(evaluator, module)) return;
  ++module_state(evaluator).changes;
  set_attribute(evaluator, module, "training", Value(true));
  for (const std::string_view name : kRegistryNames) {
    set_attribute(evaluator, module, name, evaluator.heap().add(DictObject{}));
  }
  set_attribute(evaluator, module, "_non_persistent_buffers_set", evaluator.heap().add(SetObject{}));
}

bool is_unknown_module(Evaluator& evaluator, ObjectId module) {
  return instance(evaluator, module).native == kUnknownModule;
}

void mark_unknown_module(Evaluator& evaluator, ObjectId module) { instance(evaluator, module).native = kUnknownModule; }

DictObject* registry(Evaluator& evaluator, ObjectId module, Registry which) {
  const Value* dict = instance(evaluator, module).attributes.find(evaluator.name(registry_name(which)));
  return dict == nullptr ? nullptr : evaluator.heap().as<DictObject>(*dict);
}

void register_parameter(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value) {
  set_entry(evaluator, module, Registry::Parameters, name, value);
}

void register_buffer(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value,
                     bool persistent) {
  set_entry(evaluator, module, Registry::Buffers, name, value);
  SetObject* excluded = non_persistent(evaluator, module);
  if (excluded == nullptr) return;
  const Value key = key_of(evaluator, name);
  const Result<size_t> hash = evaluator.hash(key, {});
  LATHE_CHECK(hash.ok());
  const auto same = [&](const Value& other) { return evaluator.same_key(key, other); };
  if (persistent) {
    excluded->entries.erase(*hash, same);
  } else {
    excluded->entries.set(*hash, key, Value(true), same);
  }
}

void replace_buffer(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value) {
  set_entry(evaluator, module, Registry::Buffers, name, value);
}

void register_module(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value) {
  ModuleState& state = module_state(evaluator);
  ++state.changes;
  if (const auto* child = std::get_if<ObjectId>(&value)) {
    state.owners.try_emplace(*child, FirstOwner{module, std::string(name)});
  }
  set_entry(evaluator, module, Registry::Modules, name, value);
}

std::optional<Value> registered(Evaluator& evaluator, ObjectId module, Registry which, std::string_view name) {
  const DictObject* dict = registry(evaluator, module, which);
  if (dict == nullptr || dict->entries.size() == 0) return std::nullopt;
  const Value key = key_of(evaluator, name);
  const Result<size_t> hash = evaluator.hash(key, {});
  LATHE_CHECK(hash.ok());
  const DictStorage::Entry* entry =
      dict->entries.find(*hash, [&](const Value& other) { return evaluator.same_key(key, other); });
  return entry == nullptr ? std::nullopt : std::optional(entry->value);
}

void set_attribute(Evaluator& evaluator, ObjectId module, std::string_view name, const Value& value) {
  instance(evaluator, module).attributes.set(evaluator.name(name), value);
}

std::vector<NamedValue> entries(Evaluator& evaluator, ObjectId module, Registry which) {
  std::vector<NamedValue> result;
  const DictObject* dict = registry(evaluator, module, which);
  if (dict == nullptr) return result;
  for (const DictStorage::Entry& entry : dict->entries.entries()) {
    const std::string* name = evaluator.heap().string(entry.key);
    if (name == nullptr || is_none(entry.value) || is_unknown(entry.value)) continue;
    const bool fits =
        which == Registry::Modules ? is_module(evaluator, entry.value) : std::holds_alternative<TensorId>(entry.value);
    if (fits) result.push_back({*name, entry.value});
  }
  return result;
}

Result<std::vector<NamedModule>> named_modules(Evaluator& evaluator, ObjectId root, const std::string& prefix) {
  std::vector<NamedModule> result;
  std::vector<NamedModule> waiting{{without_dot(prefix), root}};
  std::unordered_map<ObjectId, bool> seen;
  while (!waiting.empty()) {
    NamedModule module = std::move(waiting.back());
    waiting.pop_back();
    if (!seen.emplace(module.module, true).second) continue;
    LATHE_TRY_VOID(evaluator.spend(1, evaluator.current_location()));
    std::vector<NamedValue> children = entries(evaluator, module.module, Registry::Modules);
    const std::string start = module.path.empty() ? "" : module.path + ".";
    result.push_back(std::move(module));
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      waiting.push_back({start + child->name, std::get<ObjectId>(child->value)});
    }
  }
  return result;
}

Result<std::vector<StateEntry>> state_entries(Evaluator& evaluator, ObjectId root, const std::string& prefix) {
  struct Waiting {
    std::string path;
    ObjectId module;
    uint32_t depth;
  };
  std::vector<StateEntry> result;
  std::vector<Waiting> waiting{{without_dot(prefix), root, 0}};
  while (!waiting.empty()) {
    const Waiting at = std::move(waiting.back());
    waiting.pop_back();
    LATHE_TRY_VOID(evaluator.spend(1, evaluator.current_location()));
    const std::string start = at.path.empty() ? "" : at.path + ".";
    for (const NamedValue& entry : entries(evaluator, at.module, Registry::Parameters)) {
      result.push_back({start + entry.name, std::get<TensorId>(entry.value), false});
    }
    const SetObject* excluded = non_persistent(evaluator, at.module);
    for (const NamedValue& entry : entries(evaluator, at.module, Registry::Buffers)) {
      bool persistent = true;
      for (const DictStorage::Entry& name :
           excluded == nullptr ? std::vector<DictStorage::Entry>{} : excluded->entries.entries()) {
        const std::string* text = evaluator.heap().string(name.key);
        persistent = persistent && (text == nullptr || *text != entry.name);
      }
      if (persistent) result.push_back({start + entry.name, std::get<TensorId>(entry.value), true});
    }
    // A module that holds itself has an endless state dict.
    constexpr uint32_t kDeepest = 200;
    if (at.depth >= kDeepest) {
      return evaluator
          .error(evaluator.current_location(), DiagnosticKind::BudgetExceeded, "RecursionError",
                 "modules nest more than {} deep; does a module hold itself?", kDeepest)
          .emit();
    }
    const std::vector<NamedValue> children = entries(evaluator, at.module, Registry::Modules);
    for (auto child = children.rbegin(); child != children.rend(); ++child) {
      waiting.push_back({start + child->name, std::get<ObjectId>(child->value), at.depth + 1});
    }
  }
  return result;
}

Status set_parameter_names(Evaluator& evaluator, ObjectId root, const std::string& prefix) {
  LATHE_TRY(const std::vector<StateEntry> all, state_entries(evaluator, root, prefix));
  for (const StateEntry& entry : all) tracer_of(evaluator).set_parameter_name(entry.tensor, entry.name);
  return {};
}

Status name_modules(Evaluator& evaluator, ObjectId root, const std::string& prefix) {
  ModuleState& state = module_state(evaluator);
  state.paths.clear();
  state.root_is_given = true;
  state.named_at = state.changes;
  LATHE_TRY(const std::vector<NamedModule> modules, named_modules(evaluator, root, prefix));
  for (const NamedModule& module : modules) state.paths.emplace(module.module, module.path);
  return set_parameter_names(evaluator, root, prefix);
}

void collect_paths(Evaluator& evaluator) {
  ModuleState& state = module_state(evaluator);
  const bool outermost = tracer_of(evaluator).layers().empty();
  if (state.root_is_given || (!outermost && state.named_at == state.changes)) return;
  state.named_at = state.changes;
  state.paths.clear();
  for (const Evaluator::TopLevelName& name : evaluator.top_level_names()) {
    if (!is_module(evaluator, name.value)) continue;
    const ObjectId root = std::get<ObjectId>(name.value);
    if (is_unknown_module(evaluator, root)) continue;
    const Result<std::vector<NamedModule>> modules = named_modules(evaluator, root, name.name);
    if (!modules.ok()) return;
    for (const NamedModule& module : *modules) state.paths.emplace(module.module, module.path);
  }
}

Status set_training(Evaluator& evaluator, ObjectId root, bool training) {
  LATHE_TRY(const std::vector<NamedModule> modules, named_modules(evaluator, root));
  for (const NamedModule& module : modules) set_attribute(evaluator, module.module, "training", Value(training));
  return {};
}

const std::vector<LayerRecord>& layer_records(Evaluator& evaluator) { return module_state(evaluator).records; }

void clear_layer_records(Evaluator& evaluator) { module_state(evaluator).records.clear(); }

const std::vector<FailedCall>& failed_calls(Evaluator& evaluator) { return module_state(evaluator).failed_calls; }

std::string module_path(Evaluator& evaluator, ObjectId module) {
  const auto& paths = module_state(evaluator).paths;
  const auto found = paths.find(module);
  return found == paths.end() ? "?" : found->second;
}

}  // namespace lathe::torch
