// The helpers of layers: construction and calls.
#include "compiler/frontend/torch/nn/layer.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

namespace lathe::torch {
namespace {

bool has_unknown(const NativeCall& call) {
  for (size_t index = 1; index < call.arguments.size(); ++index) {
    if (is_unknown(call.arguments[index])) return true;
    const auto* tuple = call.evaluator.heap().as<TupleObject>(call.arguments[index]);
    if (tuple != nullptr && std::ranges::any_of(tuple->items, is_unknown)) return true;
  }
  return false;
}

/// The text of the program at a place.
std::string source_text(Evaluator& evaluator, LocationId where) {
  if (!where.valid()) return {};
  const Location* origin = evaluator.locations().origin(where);
  const auto* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  if (span == nullptr) return {};
  const std::string& text = evaluator.locations().file(span->file).text;
  if (span->begin >= span->end || span->end > text.size()) return {};
  return text.substr(span->begin, span->end - span->begin);
}

/// The same expression with its only division rounded down; empty when it isn't one.
std::string with_floor_division(const std::string& source) {
  const size_t at = source.find('/');
  if (at == std::string::npos || source.find('/', at + 1) != std::string::npos) return {};
  if (source.find('\n') != std::string::npos || source.size() > 60) return {};
  return source.substr(0, at) + "/" + source.substr(at);
}

/// A float as Python prints it: with a point.
std::string float_text(double value) {
  std::string text = fmt::format("{}", value);
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

}  // namespace

Initialization fan_in_uniform(int64_t fan_in) {
  return {.kind = Initialization::Kind::Uniform,
          .bound = fan_in > 0 ? 1.0 / std::sqrt(static_cast<double>(fan_in)) : 0.0};
}

LayerBuilder::LayerBuilder(NativeCall& call, ObjectId self)
    : call_(&call), self_(self), type_name_(call.evaluator.type_name(Value(self))) {}

Result<int64_t> LayerBuilder::whole_number(std::string_view parameter, const Value& value, int64_t least,
                                           std::string_view entry) const {
  if (torch::is_unknown(value)) return Failure{};
  if (const auto* number = std::get_if<double>(&value)) {
    const std::string source = source_text(evaluator(), call_->place(parameter));
    const bool divides = source.find('/') != std::string::npos;
    auto fault = error(parameter, "TypeError", "{}{} is {}, a float{}", parameter, entry, float_text(*number),
                       divides ? ": `/` always gives a float" : "; it must be an int");
    const std::string repaired = with_floor_division(source);
    if (repaired.empty()) return std::move(fault).emit();
    return std::move(fault).note(fmt::format("for a whole number write `{}`", repaired)).emit();
  }
  std::optional<int64_t> number;
  if (const auto* truth = std::get_if<bool>(&value)) number = *truth ? 1 : 0;
  if (const auto* dim = std::get_if<Dim>(&value)) {
    number = dim->as_constant();
    if (!number) {
      evaluator().unsupported(call_->place(parameter), fmt::format("{} of {} that depends on a size of the input, {}",
                                                                   parameter, type_name_, dim->python_text()));
      return Failure{};
    }
  }
  if (!number) {
    return error(parameter, "TypeError", "{}{} of {} is {}; it must be an int", parameter, entry, type_name_,
                 evaluator().describe(value))
        .emit();
  }
  if (*number < least) {
    return error(parameter, "ValueError", "{}{} of {} is {}; it must be at least {}", parameter, entry, type_name_,
                 *number, least)
        .emit();
  }
  constexpr int64_t kMost = int64_t{1} << 40;
  if (*number > kMost) {
    return error(parameter, "RuntimeError", "{}{} of {} is {}, which is beyond any memory", parameter, entry,
                 type_name_, *number)
        .emit();
  }
  return *number;
}

Result<int64_t> LayerBuilder::size(std::string_view parameter, int64_t least) const {
  return whole_number(parameter, argument(parameter), least, "");
}

Result<Integers> LayerBuilder::sizes(std::string_view parameter, size_t count, int64_t least) const {
  const Value& value = argument(parameter);
  const Heap& heap = evaluator().heap();
  const std::vector<Value>* items = nullptr;
  if (const auto* tuple = heap.as<TupleObject>(value)) items = &tuple->items;
  if (const auto* list = heap.as<ListObject>(value)) items = &list->items;
  if (items == nullptr) {
    LATHE_TRY(const int64_t number, whole_number(parameter, value, least, ""));
    return Integers(count, number);
  }
  if (items->size() != count && items->size() != 1) {
    return error(parameter, "RuntimeError", "{} of {} has {} entries, it takes {}{}", parameter, type_name_,
                 items->size(), count, count == 1 ? "" : " (or one number for all axes)")
        .emit();
  }
  const std::vector<Value> copy = *items;
  Integers result;
  for (size_t index = 0; index < copy.size(); ++index) {
    LATHE_TRY(const int64_t number, whole_number(parameter, copy[index], least, fmt::format("[{}]", index)));
    result.push_back(number);
  }
  if (result.size() == 1) result.assign(count, result.front());
  return result;
}

Result<double> LayerBuilder::number(std::string_view parameter) const {
  const Value& value = argument(parameter);
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1.0 : 0.0;
  if (const auto* dim = std::get_if<Dim>(&value); dim != nullptr && dim->is_constant()) {
    return static_cast<double>(dim->constant());
  }
  if (torch::is_unknown(value)) return Failure{};
  return error(parameter, "TypeError", "{} of {} is {}; it must be a number", parameter, type_name_,
               evaluator().describe(value))
      .emit();
}

Result<std::string> LayerBuilder::choice(std::string_view parameter,
                                         std::initializer_list<std::string_view> choices) const {
  const std::string* text = evaluator().heap().string(argument(parameter));
  if (text != nullptr && std::ranges::find(choices, *text) != choices.end()) return *text;
  std::string names;
  for (const std::string_view name : choices) {
    const bool is_last = name == *(choices.end() - 1);
    names += fmt::format("{}'{}'", names.empty() ? "" : is_last ? " or " : ", ", name);
  }
  return error(parameter, "ValueError", "{} of {} is {}; it may be {}", parameter, type_name_,
               text != nullptr ? fmt::format("'{}'", *text) : evaluator().describe(argument(parameter)), names)
      .emit();
}

Result<double> LayerBuilder::probability(std::string_view parameter) const {
  LATHE_TRY(const double value, number(parameter));
  if (value >= 0 && value <= 1) return value;
  return error(parameter, "ValueError", "{} of {} is {}; a probability is between 0 and 1", parameter, type_name_,
               value)
      .emit();
}

ElementType LayerBuilder::element(std::string_view parameter) const {
  if (is_none(parameter)) return ElementType::F32;
  return tracer().dtype(argument(parameter)).value_or(ElementType::F32);
}

void LayerBuilder::set_text(std::string_view name, std::string value) const {
  set(name, evaluator().heap().new_string(std::move(value)));
}

void LayerBuilder::set_sizes(std::string_view name, const Integers& values) const {
  std::vector<Value> items;
  for (const int64_t value : values) items.push_back(integer(value));
  set(name, evaluator().heap().new_tuple(std::move(items)));
}

void LayerBuilder::keep(std::initializer_list<std::string_view> parameters) const {
  for (const std::string_view parameter : parameters) set(parameter, argument(parameter));
}

namespace {

/// The type of a parameter; nothing when its size is beyond what can be addressed.
std::optional<TensorType> parameter_type(const Integers& dims, ElementType element) {
  TensorType type{element, {}};
  for (const int64_t size : dims) type.dims.emplace_back(size);
  const Dim count = type.element_count();
  if (!count.is_constant() || count.constant() > (int64_t{1} << 48)) return std::nullopt;
  return type;
}

}  // namespace

Status LayerBuilder::parameter(std::string_view name, Integers dims, Initialization initialization,
                               ElementType element) const {
  const std::optional<TensorType> type = parameter_type(dims, element);
  if (!type) {
    return call_
        ->error(DiagnosticKind::Constructor, "RuntimeError", "`{}` of {} would have the shape ({}): it is too large",
                name, type_name_, fmt::join(dims, ", "))
        .emit();
  }
  const TensorId tensor = tracer().add_parameter(*type, initialization, true, call_->where);
  register_parameter(evaluator(), self_, name, Value(tensor));
  return {};
}

Status LayerBuilder::buffer(std::string_view name, Integers dims, Initialization initialization,
                            ElementType element) const {
  const std::optional<TensorType> type = parameter_type(dims, element);
  if (!type) {
    return call_
        ->error(DiagnosticKind::Constructor, "RuntimeError", "`{}` of {} would have the shape ({}): it is too large",
                name, type_name_, fmt::join(dims, ", "))
        .emit();
  }
  const TensorId tensor = tracer().add_parameter(*type, initialization, false, call_->where);
  register_buffer(evaluator(), self_, name, Value(tensor));
  return {};
}

void LayerBuilder::absent_parameter(std::string_view name) const {
  register_parameter(evaluator(), self_, name, Value(NoneValue{}));
}

void LayerBuilder::absent_buffer(std::string_view name) const {
  register_buffer(evaluator(), self_, name, Value(NoneValue{}));
}

void LayerBuilder::module(std::string_view name, const Value& module) const {
  register_module(evaluator(), self_, name, module);
}

Result<Value> LayerBuilder::make(std::string_view path, std::vector<Value> positional,
                                 std::vector<std::pair<std::string_view, Value>> keywords) const {
  Arguments arguments{.positional = std::move(positional), .keywords = {}, .places = {}};
  for (auto& [name, value] : keywords) arguments.keywords.emplace_back(evaluator().name(name), std::move(value));
  return evaluator().call(Value(evaluator().library_object(path)), std::move(arguments), call_->where);
}

// -------------------------------------------------------------------------------------------------------------- calls

LayerCall::LayerCall(NativeCall& call, ObjectId self)
    : Operation(call.evaluator, call.evaluator.type_name(Value(self)), call.where), call_(&call), self_(self) {
  const auto* instance = call.evaluator.heap().as<InstanceObject>(Value(self));
  LATHE_CHECK(instance != nullptr);
  set_module(self);
  const LocationId created = instance->created;
  if (created == call.where) {
    set_label(call.evaluator.current_location(), "called here");
  } else if (created.valid()) {
    set_label(created, fmt::format("this {} is made here", name()));
  }
  const std::string path = module_path(call.evaluator, self);
  set_layer(path == "?" ? "" : path);
}

Result<TensorId> LayerCall::input_tensor(std::string_view parameter) const {
  const bool only_input = parameter == "input" || parameter == "x";
  return tensor(call_->argument(parameter), only_input ? "its input" : fmt::format("argument `{}`", parameter));
}

Result<ValueId> LayerCall::input(std::string_view parameter) const {
  LATHE_TRY(const TensorId id, input_tensor(parameter));
  return tracer().value(id);
}

Result<Value> LayerCall::attribute(std::string_view name) const {
  return evaluator().get_attribute(Value(self_), evaluator().name(name), where());
}

Result<double> LayerCall::number(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  if (const auto* number = std::get_if<double>(&value)) return *number;
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1.0 : 0.0;
  if (const auto* dim = std::get_if<Dim>(&value); dim != nullptr && dim->is_constant()) {
    return static_cast<double>(dim->constant());
  }
  if (torch::is_unknown(value)) return Failure{};
  return error(DiagnosticKind::BadArgument, "TypeError", "`{}` of this {} is {}; it must be a number", name,
               this->name(), evaluator().describe(value))
      .emit();
}

Result<int64_t> LayerCall::integer(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  if (const auto* truth = std::get_if<bool>(&value)) return *truth ? 1 : 0;
  if (const auto* dim = std::get_if<Dim>(&value); dim != nullptr && dim->is_constant()) return dim->constant();
  if (torch::is_unknown(value)) return Failure{};
  return error(DiagnosticKind::BadArgument, "TypeError", "`{}` of this {} is {}; it must be an int", name, this->name(),
               evaluator().describe(value))
      .emit();
}

Result<bool> LayerCall::flag(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  if (torch::is_unknown(value)) return Failure{};
  return evaluator().truth(value, where());
}

Result<std::string> LayerCall::string(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  if (const std::string* text = evaluator().heap().string(value)) return *text;
  if (torch::is_unknown(value)) return Failure{};
  return error(DiagnosticKind::BadArgument, "TypeError", "`{}` of this {} is {}; it must be a str", name, this->name(),
               evaluator().describe(value))
      .emit();
}

Result<Integers> LayerCall::integers(std::string_view name, size_t count) const {
  LATHE_TRY(const Value value, attribute(name));
  std::vector<Value> items;
  if (const auto* tuple = evaluator().heap().as<TupleObject>(value)) {
    items = tuple->items;
  } else if (const auto* list = evaluator().heap().as<ListObject>(value)) {
    items = list->items;
  } else {
    LATHE_TRY(const int64_t number, integer(name));
    return Integers(count, number);
  }
  Integers result;
  for (const Value& item : items) {
    const auto* dim = std::get_if<Dim>(&item);
    if (torch::is_unknown(item)) return Failure{};
    if (dim == nullptr || !dim->is_constant()) {
      return error(DiagnosticKind::BadArgument, "TypeError", "`{}` of this {} holds {}; it must hold ints", name,
                   this->name(), evaluator().describe(item))
          .emit();
    }
    result.push_back(dim->constant());
  }
  if (result.size() == 1) result.assign(count, result.front());
  if (result.size() == count) return result;
  return error(DiagnosticKind::BadArgument, "RuntimeError", "`{}` of this {} has {} entries, it needs {}", name,
               this->name(), result.size(), count)
      .emit();
}

Result<bool> LayerCall::is_none(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  return torch::is_none(value);
}

Result<ValueId> LayerCall::parameter(std::string_view name) const {
  LATHE_TRY(const Value value, attribute(name));
  LATHE_TRY(const ValueId result, optional_value(value, fmt::format("its `{}`", name)));
  // Messages speak of parameters by name; in scripts nobody has named them.
  Graph& graph = tracer().module().graph;
  if (result.valid() && graph.value(result).name.empty()) {
    const std::string path = module_path(evaluator(), self_);
    if (path != "?") graph.set_value_name(result, fmt::format("{}{}{}", path, path.empty() ? "" : ".", name));
  }
  return result;
}

// ----------------------------------------------------------------------------------------------------------- wrappers

Result<ObjectId> self_of(NativeCall& call) {
  const Value& self = call.arguments[0];
  if (is_module(call.evaluator, self)) return std::get<ObjectId>(self);
  if (is_unknown(self)) return Failure{};
  return call
      .error(DiagnosticKind::BadArgument, "TypeError", "`{}` of a module is called with {} as `self`", call.row.name,
             call.evaluator.describe(self))
      .emit();
}

Result<Arguments> passed_on(NativeCall& call) {
  Arguments arguments;
  const Heap& heap = call.evaluator.heap();
  if (const auto* items = heap.as<TupleObject>(call.argument("args"))) arguments.positional = items->items;
  if (const auto* dict = heap.as<DictObject>(call.argument("kwargs"))) {
    for (const DictStorage::Entry& entry : dict->entries.entries()) {
      const std::string* name = heap.string(entry.key);
      if (name == nullptr) {
        return call.error(DiagnosticKind::BadArgument, "TypeError", "names of arguments must be strings").emit();
      }
      arguments.keywords.emplace_back(call.evaluator.name(*name), entry.value);
    }
  }
  return arguments;
}

Result<Value> run_constructor(NativeCall& call, LayerMaker make) {
  LATHE_TRY(const ObjectId self, self_of(call));
  initialize_module(call.evaluator, self);
  if (has_unknown(call)) {
    mark_unknown_module(call.evaluator, self);
    return Value(NoneValue{});
  }
  LayerBuilder builder(call, self);
  LATHE_TRY_VOID(make(builder));
  return Value(NoneValue{});
}

Result<Value> run_forward(NativeCall& call, LayerRunner run) {
  LATHE_TRY(const ObjectId self, self_of(call));
  if (has_unknown(call) || is_unknown_module(call.evaluator, self)) return Value(UnknownValue{});
  LayerCall layer(call, self);
  return run(layer);
}

Result<Value> run_layer_text(NativeCall& call, LayerText text) {
  LATHE_TRY(const ObjectId self, self_of(call));
  LayerCall layer(call, self);
  LATHE_TRY(std::string result, text(layer));
  return call.evaluator.heap().new_string(std::move(result));
}

}  // namespace lathe::torch
