// Texts and lists about a traced definition.
#include "compiler/frontend/torch/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace lathe::torch {
namespace {

// Results nest as deep as programs make them; what lies deeper is left out.
constexpr int kDeepest = 20;

std::string compact(const TensorType& type) {
  std::string result;
  for (const char c : text(Type(type))) {
    if (c != ' ') result += c;
  }
  return result;
}

const std::vector<Value>* items_of(Evaluator& evaluator, const Value& value) {
  if (const auto* tuple = evaluator.heap().as<TupleObject>(value)) return &tuple->items;
  if (const auto* list = evaluator.heap().as<ListObject>(value)) return &list->items;
  return nullptr;
}

std::string type_text(Evaluator& evaluator, const Value& value, int depth) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) return compact(tracer_of(evaluator).type(*tensor));
  if (is_none(value)) return "None";
  if (depth == kDeepest) return "...";
  std::vector<std::string> parts;
  if (const std::vector<Value>* items = items_of(evaluator, value)) {
    for (const Value& item : *items) parts.push_back(type_text(evaluator, item, depth + 1));
  } else if (const auto* dict = evaluator.heap().as<DictObject>(value)) {
    for (const DictStorage::Entry& entry : dict->entries.entries())
      parts.push_back(type_text(evaluator, entry.value, depth + 1));
  } else {
    return evaluator.type_name(value);
  }
  return fmt::format("({})", fmt::join(parts, ", "));
}

void collect(Evaluator& evaluator, const Value& value, std::vector<std::pair<std::string, TensorId>>& tensors,
             int depth) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) tensors.emplace_back("", *tensor);
  if (depth == kDeepest) return;
  if (const std::vector<Value>* items = items_of(evaluator, value)) {
    for (const Value& item : *items) collect(evaluator, item, tensors, depth + 1);
  } else if (const auto* dict = evaluator.heap().as<DictObject>(value)) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) collect(evaluator, entry.value, tensors, depth + 1);
  }
}

uint64_t own_parameters(Evaluator& evaluator, ObjectId module) {
  uint64_t count = 0;
  for (const NamedValue& entry : entries(evaluator, module, Registry::Parameters)) {
    const auto* tensor = std::get_if<TensorId>(&entry.value);
    if (tensor == nullptr) continue;
    const auto elements = tracer_of(evaluator).type(*tensor).element_count().as_constant();
    count += static_cast<uint64_t>(elements.value_or(0));
  }
  return count;
}

bool is_plain(Evaluator& evaluator, const Value& value) {
  if (std::holds_alternative<bool>(value) || std::holds_alternative<Dim>(value) ||
      std::holds_alternative<double>(value) || is_none(value)) {
    return true;
  }
  return evaluator.heap().string(value) != nullptr;
}

/// The attributes that decide what a layer of the library does.
std::vector<std::pair<std::string, std::string>> settings_of(Evaluator& evaluator, ObjectId module) {
  std::vector<std::pair<std::string, std::string>> settings;
  const auto* instance = evaluator.heap().as<InstanceObject>(Value(module));
  const auto* type = instance == nullptr ? nullptr : evaluator.heap().as<ClassObject>(Value(instance->type));
  if (type == nullptr || !type->is_native) return settings;
  for (const auto& [name, value] : instance->attributes.rows()) {
    const auto* tuple = evaluator.heap().as<TupleObject>(value);
    const bool is_plain_tuple =
        tuple != nullptr && std::all_of(tuple->items.begin(), tuple->items.end(),
                                        [&](const Value& item) { return is_plain(evaluator, item); });
    if (!is_plain(evaluator, value) && !is_plain_tuple) continue;
    const Result<std::string> text = evaluator.repr(value, {});
    if (text.ok()) settings.emplace_back(evaluator.names().text(name), *text);
  }
  return settings;
}

Value inner_function(Evaluator& evaluator, Value function) {
  while (const auto* method = evaluator.heap().as<BoundMethodObject>(function)) function = Value(method->function);
  return function;
}

}  // namespace

std::string type_text(Evaluator& evaluator, const Value& value) { return type_text(evaluator, value, 0); }

void collect_tensors(Evaluator& evaluator, const Value& value, std::vector<std::pair<std::string, TensorId>>& tensors) {
  collect(evaluator, value, tensors, 0);
}

Result<Signature> signature_of(Evaluator& evaluator, const Value& callee) {
  Value function = callee;
  if (is_module(evaluator, callee)) {
    LATHE_TRY(function, evaluator.get_attribute(callee, evaluator.name("forward"), {}));
  } else if (evaluator.heap().as<InstanceObject>(callee) != nullptr) {
    LATHE_TRY(function, evaluator.get_attribute(callee, evaluator.name("__call__"), {}));
  }
  if (is_unknown(function)) return Failure{};
  const auto parameters = evaluator.parameters_of(function);
  if (!parameters) {
    DiagnosticBuilder fault =
        evaluator.error({}, DiagnosticKind::BadArgument, "TypeError",
                        "the entry is {}; a model is a module or a function", evaluator.describe(callee));
    const auto* type = evaluator.heap().as<ClassObject>(callee);
    if (type != nullptr && type->location.valid()) {
      static_cast<void>(std::move(fault)
                            .label(type->location, "the class is defined here")
                            .note(fmt::format("an object of the class can be the entry: `{}`",
                                              construction_text(evaluator, std::get<ObjectId>(callee)))));
    }
    return std::move(fault).emit();
  }
  const bool is_native = evaluator.heap().as<FunctionObject>(inner_function(evaluator, function)) == nullptr;
  Signature signature;
  for (const Evaluator::CallParameter& parameter : *parameters) {
    if (parameter.kind == Parameter::Kind::DoubleStar) continue;
    const bool takes_more = parameter.kind == Parameter::Kind::Star;
    signature.push_back({parameter.name, parameter.is_required && !takes_more, is_native, takes_more});
  }
  return signature;
}

std::string construction_text(Evaluator& evaluator, ObjectId type) {
  std::vector<std::string> needed;
  Diagnostics unheard;
  const auto initializer =
      evaluator.guarded(unheard, [&] { return evaluator.get_attribute(Value(type), evaluator.name("__init__"), {}); });
  const auto parameters = initializer.ok() ? evaluator.parameters_of(*initializer) : std::nullopt;
  // The first is the object itself.
  for (size_t i = 1; parameters && i < parameters->size(); ++i) {
    const Evaluator::CallParameter& row = (*parameters)[i];
    const bool is_one = row.kind != Parameter::Kind::Star && row.kind != Parameter::Kind::DoubleStar;
    if (is_one && row.is_required) needed.push_back(row.name);
  }
  return fmt::format("{}({})", evaluator.heap().as<ClassObject>(Value(type))->name, fmt::join(needed, ", "));
}

std::vector<std::string> entries_of(Evaluator& evaluator) {
  const ObjectId module_class = evaluator.library_object("torch.nn.Module");
  std::vector<std::string> entries;
  for (const Evaluator::TopLevelName& top : evaluator.top_level_names()) {
    if (is_module(evaluator, top.value)) {
      entries.push_back(top.name);
      continue;
    }
    const auto* type = evaluator.heap().as<ClassObject>(top.value);
    if (type == nullptr || !type->location.valid()) continue;
    const ObjectId id = std::get<ObjectId>(top.value);
    if (evaluator.is_subclass(id, module_class)) entries.push_back(construction_text(evaluator, id));
  }
  return entries;
}

void describe_layers(Evaluator& evaluator, Definition& definition) {
  for (const LayerRecord& record : layer_records(evaluator)) {
    definition.layers.push_back({.name = record.path.empty() ? "<model>" : record.path,
                                 .type = record.type,
                                 .output = type_text(evaluator, record.output),
                                 .where = record.path.empty() ? LocationId() : record.created,
                                 .parameters = own_parameters(evaluator, record.module),
                                 .call = record.call,
                                 .input_values = record.input_values,
                                 .output_values = record.output_values,
                                 .first_node = record.first_node,
                                 .end_node = record.end_node,
                                 .object = record.module.index,
                                 .settings = settings_of(evaluator, record.module)});
  }
}

void describe_parameters(Tracer& tracer, const std::vector<StateEntry>& entries, Definition& definition) {
  std::set<TensorId> seen;
  for (const StateEntry& entry : entries) {
    definition.parameters.push_back({.name = entry.name,
                                     .type = tracer.type(entry.tensor),
                                     .is_buffer = entry.is_buffer,
                                     .is_tied = !seen.insert(entry.tensor).second,
                                     .object = entry.tensor.index});
  }
}

void describe_values(Evaluator& evaluator, Definition& definition) {
  for (const Evaluator::TopLevelName& assignment : evaluator.assignments()) {
    const auto* tensor = std::get_if<TensorId>(&assignment.value);
    if (tensor == nullptr) continue;
    definition.values.push_back({assignment.name, tracer_of(evaluator).type(*tensor), assignment.where});
  }
}

}  // namespace lathe::torch
