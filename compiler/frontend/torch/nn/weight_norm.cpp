// torch.nn.utils: weight_norm, and what only matters for training.
//
// weight_norm replaces a parameter by its length and its direction, `weight_g` and `weight_v`; the weight itself
// becomes an attribute that is computed again before each call of the module.
#include "compiler/frontend/torch/nn/weight_norm.h"

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/nn/parameter.h"
#include "compiler/frontend/torch/nn/state.h"

namespace lathe::torch {
namespace {

/// The length of `direction` over all axes but `dim`, kept; over all axes without one.
ValueId length_of(Formula& formula, ValueId direction, std::optional<size_t> dim) {
  Integers axes;
  for (size_t axis = 0; formula.ok() && axis < formula.dims(direction).size(); ++axis) {
    if (axis != dim) axes.push_back(static_cast<int64_t>(axis));
  }
  if (axes.empty()) return formula.op("abs", {direction});
  return formula.reduce("reduce_l2", direction, axes, dim.has_value());
}

Result<Value> weight_norm(NativeCall& call, Operation& operation) {
  Evaluator& evaluator = call.evaluator;
  const Value module = call.argument("module");
  if (!is_module(evaluator, module)) {
    return operation
        .error(DiagnosticKind::BadArgument, "TypeError", "weight_norm takes a module, not {}",
               evaluator.describe(module))
        .emit();
  }
  const ObjectId self = std::get<ObjectId>(module);
  if (is_unknown_module(evaluator, self)) return module;
  LATHE_TRY(const std::string name, call.string("name"));
  const std::optional<Value> weight = registered(evaluator, self, Registry::Parameters, name);
  const auto* tensor = weight ? std::get_if<TensorId>(&*weight) : nullptr;
  if (tensor == nullptr) {
    return operation
        .error(DiagnosticKind::UnknownName, "AttributeError", "`{}` has no parameter `{}` for weight_norm",
               evaluator.type_name(module), name)
        .emit();
  }
  const Shape dims = operation.tracer().dims(*tensor);
  std::optional<size_t> dim;
  if (!call.is_none("dim")) {
    LATHE_TRY(const int64_t given, call.known_integer("dim"));
    if (given != -1) {
      LATHE_TRY(dim, axis_of(operation, given, dims.size()));
    }
  }
  LATHE_TRY(const ValueId direction, operation.tracer().value(*tensor));
  Formula formula(operation);
  LATHE_TRY(const ValueId length, formula.result(length_of(formula, direction, dim)));
  const TensorId length_tensor = as_weights(evaluator, operation.tracer().add(length), true, call.where);
  DictObject* parameters = registry(evaluator, self, Registry::Parameters);
  const Value key = key_of(evaluator, name);
  LATHE_TRY(const size_t hash, evaluator.hash(key, call.where));
  parameters->entries.erase(hash, [&](const Value& other) { return evaluator.same_key(key, other); });
  register_parameter(evaluator, self, name + "_g", Value(length_tensor));
  register_parameter(evaluator, self, name + "_v", Value(*tensor));
  module_state(evaluator).weight_norms[self].push_back({name, dim});
  LATHE_TRY_VOID(update_weight_norms(evaluator, self, call.where));
  return module;
}

Result<Value> refuse(NativeCall& call, Operation& operation) {
  return operation.unsupported(fmt::format("`{}`", call.evaluator.native_name(call.row)));
}

Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }

constexpr NativeFunctionRow kFunctions[] = {
    {"weight_norm", "module, name='weight', dim=0", tensor_function<weight_norm>},
    {"spectral_norm", "module, *args, **kwargs", tensor_function<refuse>},
    {"remove_weight_norm", "module, name='weight'", tensor_function<refuse>},
    {"remove_spectral_norm", "module, name='weight'", tensor_function<refuse>},
    {"parameters_to_vector", "parameters", tensor_function<refuse>},
    {"vector_to_parameters", "vec, parameters", tensor_function<refuse>},
    {"clip_grad_norm_", "parameters, *args, **kwargs", nothing},
    {"clip_grad_norm", "parameters, *args, **kwargs", nothing},
    {"clip_grad_value_", "parameters, *args, **kwargs", nothing},
};

constexpr NativeFunctionRow kParametrizations[] = {
    {"weight_norm", "module, name='weight', dim=0", tensor_function<refuse>},
    {"spectral_norm", "module, *args, **kwargs", tensor_function<refuse>},
    {"orthogonal", "module, *args, **kwargs", tensor_function<refuse>},
};

}  // namespace

Status update_weight_norms(Evaluator& evaluator, ObjectId module, LocationId where) {
  const ModuleState& state = module_state(evaluator);
  const auto found = state.weight_norms.find(module);
  if (found == state.weight_norms.end()) return {};
  const Operation operation(evaluator, "weight_norm", where);
  for (const WeightNorm& norm : found->second) {
    const std::optional<Value> length = registered(evaluator, module, Registry::Parameters, norm.name + "_g");
    const std::optional<Value> direction = registered(evaluator, module, Registry::Parameters, norm.name + "_v");
    if (!length || !direction) continue;
    LATHE_TRY(const ValueId g, operation.value(*length, "its length"));
    LATHE_TRY(const ValueId v, operation.value(*direction, "its direction"));
    Formula formula(operation);
    const ValueId scale = formula.div(g, length_of(formula, v, norm.dim));
    LATHE_TRY(const ValueId weight, formula.result(formula.mul(v, scale)));
    set_attribute(evaluator, module, norm.name, Value(tracer_of(evaluator).add(weight)));
  }
  return {};
}

std::span<const NativeFunctionRow> parametrization_functions() { return kParametrizations; }
std::span<const NativeFunctionRow> utility_functions() { return kFunctions; }

}  // namespace lathe::torch
