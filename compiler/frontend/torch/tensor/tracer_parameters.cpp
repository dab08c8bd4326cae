// Parameters and random tensors: rows whose value is made at their first use.
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/operations.h"
#include "compiler/frontend/torch/tensor/tracer_internals.h"

namespace lathe::torch {

bool is_constructing(const Evaluator& evaluator) {
  for (const Frame& frame : evaluator.frames()) {
    if (frame.name.ends_with("__init__")) return true;
  }
  return false;
}

TensorId Tracer::add_parameter(TensorType type, Initialization initialization, bool is_parameter, LocationId where) {
  TensorRow row;
  row.type = std::move(type);
  row.where = where;
  row.parameter = std::make_unique<ParameterRow>();
  row.parameter->initialization = initialization;
  row.parameter->is_parameter = is_parameter;
  return internals_->add_row(std::move(row));
}

TensorId Tracer::Internals::parameter_behind(TensorId tensor) const {
  while (tensors[tensor].alias) tensor = tensors[tensor].base;
  return tensors[tensor].parameter != nullptr ? tensor : TensorId();
}

bool Tracer::is_parameter(TensorId tensor) const {
  const TensorRow& row = internals_->tensors[tensor];
  return row.parameter != nullptr && row.parameter->is_parameter;
}

std::optional<Initialization> Tracer::initialization(TensorId tensor) const {
  const TensorId behind = internals_->parameter_behind(tensor);
  if (!behind.valid()) return std::nullopt;
  return internals_->tensors[behind].parameter->initialization;
}

void Tracer::set_parameter_name(TensorId tensor, std::string name) {
  TensorRow& row = internals_->tensors[tensor];
  if (row.parameter == nullptr || !row.parameter->name.empty() || name.empty()) return;
  row.parameter->name = std::move(name);
  // What was read before the name was known was the initial value.
  ++internals_->versions[row.storage];
}

Result<ValueId> Tracer::Internals::parameter_value(Tracer& tracer, TensorId tensor) {
  const ParameterRow& parameter = *tensors[tensor].parameter;
  const bool named = !parameter.name.empty();
  const bool computed = parameter.initialization.kind == Initialization::Kind::Computed;
  if (parameter.is_final || (!named && (tensors[tensor].value.valid()))) return tensors[tensor].value;
  ValueId value = computed ? parameter.initialization.computed : ValueId();
  if (named || !computed) {
    std::optional<ConstantData> data = source.parameter(parameter.name, tensors[tensor].type, parameter.initialization);
    if (data) {
      data->name = parameter.name;
      if (!data->location.valid()) data->location = tensors[tensor].where;
      LATHE_TRY(value, tracer.builder().constant(std::move(*data)));
    } else if (value.valid() && tracer.builder().graph().value(value).name.empty()) {
      // Computed by the program: its name is how tools know it for a parameter.
      tracer.builder().name_value(value, parameter.name);
    }
  }
  LATHE_CHECK(value.valid());
  TensorRow& row = tensors[tensor];
  row.value = value;
  row.version = ++versions[row.storage];
  row.parameter->is_final = named;
  return value;
}

Status Tracer::set_initialization(TensorId tensor, Initialization initialization) {
  const TensorId behind = internals_->parameter_behind(tensor);
  if (behind.valid() && !internals_->tensors[behind].parameter->is_final) {
    TensorRow& row = internals_->tensors[behind];
    row.parameter->initialization = initialization;
    row.value = {};
    ++internals_->versions[row.storage];
    return {};
  }
  if (initialization.kind == Initialization::Kind::Computed) return assign(tensor, initialization.computed);
  const TensorType type = this->type(tensor);
  switch (initialization.kind) {
    case Initialization::Kind::Zeros:
    case Initialization::Kind::Ones:
    case Initialization::Kind::Constant: {
      const double number = initialization.kind == Initialization::Kind::Zeros  ? 0
                            : initialization.kind == Initialization::Kind::Ones ? 1
                                                                                : initialization.bound;
      LATHE_TRY(const TensorId filled, full_operation(*this, type.dims, number, type.element));
      LATHE_TRY(const ValueId value, this->value(filled));
      return assign(tensor, value);
    }
    case Initialization::Kind::Uniform:
    case Initialization::Kind::Normal:
    case Initialization::Kind::Computed: break;
  }
  const bool uniform = initialization.kind == Initialization::Kind::Uniform;
  const TensorId random = add_random(type, initialization, uniform ? "uniform" : "normal", here());
  LATHE_TRY(const ValueId value, this->value(random));
  return assign(tensor, value);
}

TensorId Tracer::add_random(TensorType type, std::optional<Initialization> initialization, std::string_view name,
                            LocationId where) {
  TensorRow row;
  row.type = std::move(type);
  row.where = where;
  row.random = std::make_unique<RandomRow>();
  row.random->initialization = initialization;
  row.random->name = name;
  row.random->in_constructor = initialization.has_value() && is_constructing(evaluator());
  return internals_->add_row(std::move(row));
}

std::optional<Initialization> Tracer::random_initialization(TensorId tensor) const {
  const TensorRow& row = internals_->tensors[tensor];
  if (row.random == nullptr || row.value.valid()) return std::nullopt;
  return row.random->initialization;
}

Result<ValueId> Tracer::Internals::random_value(Tracer& tracer, TensorId tensor) {
  if (tensors[tensor].value.valid()) return tensors[tensor].value;
  const RandomRow& random = *tensors[tensor].random;
  const LocationId where = tensors[tensor].where;
  ValueId value;
  if (random.in_constructor) {
    std::optional<ConstantData> data = source.parameter("", tensors[tensor].type, *random.initialization);
    LATHE_CHECK(data.has_value());
    data->name.clear();
    if (!data->location.valid()) data->location = where;
    LATHE_TRY(value, tracer.builder().constant(std::move(*data)));
  } else {
    const uint32_t number = random_names[random.name]++;
    const std::string name = number == 0 ? random.name : fmt::format("{}.{}", random.name, number);
    value = tracer.builder().input(tensors[tensor].type, name, where);
    random_inputs.push_back({tensor, value, where});
  }
  TensorRow& row = tensors[tensor];
  row.value = value;
  row.version = versions[row.storage];
  return value;
}

const std::vector<Tracer::RandomInput>& Tracer::random_inputs() const { return internals_->random_inputs; }

}  // namespace lathe::torch
