// Activations of one operand: a table from which both the layers and the functions are made.
#include <array>
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

/// The numbers are those that the row names, in its order.
using Compute = ValueId (*)(Formula& formula, ValueId x, const std::array<double, 2>& numbers);

struct ActivationRow {
  std::string_view layer;
  std::string_view function;
  std::string_view layer_parameters;
  std::string_view function_parameters;
  std::array<std::string_view, 2> numbers;
  Compute compute;
  bool has_inplace = false;
};

ValueId hard_tanh(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("clamp", {x}, {{"min", numbers[0]}, {"max", numbers[1]}});
}

ValueId softplus(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  const auto [beta, threshold] = numbers;
  const ValueId scaled = beta == 1.0 ? x : formula.mul(x, beta);
  ValueId result = formula.op("softplus", {scaled});
  if (beta != 1.0) result = formula.div(result, beta);
  // From 20 on the logarithm of 1 + exp(x) is x in single precision, so the default threshold changes nothing.
  if (threshold == 20.0) return result;
  const ValueId is_linear = formula.op("greater", {scaled, formula.like(scaled, threshold)});
  return formula.where(is_linear, x, result);
}

ValueId threshold(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  const ValueId passes = formula.op("greater", {x, formula.like(x, numbers[0])});
  return formula.where(passes, x, formula.like(x, numbers[1]));
}

ValueId celu(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("celu", {x}, {{"alpha", numbers[0]}});
}
ValueId elu(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("elu", {x}, {{"alpha", numbers[0]}});
}
ValueId hard_shrink(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("shrink", {x}, {{"lambd", numbers[0]}, {"bias", 0.0}});
}
ValueId soft_shrink(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("shrink", {x}, {{"lambd", numbers[0]}, {"bias", numbers[0]}});
}
ValueId hard_sigmoid(Formula& formula, ValueId x, const std::array<double, 2>&) {
  return formula.op("hard_sigmoid", {x}, {{"alpha", 1.0 / 6.0}, {"beta", 0.5}});
}
ValueId leaky_relu(Formula& formula, ValueId x, const std::array<double, 2>& numbers) {
  return formula.op("leaky_relu", {x}, {{"slope", numbers[0]}});
}
ValueId log_sigmoid(Formula& formula, ValueId x, const std::array<double, 2>&) {
  return formula.op("neg", {formula.op("softplus", {formula.op("neg", {x})})});
}
ValueId relu6(Formula& formula, ValueId x, const std::array<double, 2>&) {
  return formula.op("clamp", {x}, {{"min", 0.0}, {"max", 6.0}});
}
ValueId tanh_shrink(Formula& formula, ValueId x, const std::array<double, 2>&) {
  return formula.sub(x, formula.op("tanh", {x}));
}
ValueId selu(Formula& formula, ValueId x, const std::array<double, 2>&) {
  return formula.op("selu", {x}, {{"alpha", 1.6732632423543772}, {"gamma", 1.0507009873554805}});
}
ValueId hard_swish(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("hard_swish", {x}); }
ValueId mish(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("mish", {x}); }
ValueId relu(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("relu", {x}); }
ValueId sigmoid(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("sigmoid", {x}); }
ValueId silu(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("swish", {x}); }
ValueId softsign(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("softsign", {x}); }
ValueId tanh(Formula& formula, ValueId x, const std::array<double, 2>&) { return formula.op("tanh", {x}); }

constexpr std::string_view kPlainLayer = "self";
constexpr std::string_view kPlainFunction = "input";
constexpr std::string_view kInplaceLayer = "self, inplace=False";
constexpr std::string_view kInplaceFunction = "input, inplace=False";

constexpr ActivationRow kRows[] = {
    {"CELU", "celu", "self, alpha=1.0, inplace=False", "input, alpha=1.0, inplace=False", {"alpha"}, celu, true},
    {"ELU", "elu", "self, alpha=1.0, inplace=False", "input, alpha=1.0, inplace=False", {"alpha"}, elu, true},
    {"Hardshrink", "hardshrink", "self, lambd=0.5", "input, lambd=0.5", {"lambd"}, hard_shrink},
    {"Hardsigmoid", "hardsigmoid", kInplaceLayer, kInplaceFunction, {}, hard_sigmoid, true},
    {"Hardswish", "hardswish", kInplaceLayer, kInplaceFunction, {}, hard_swish, true},
    {"Hardtanh",
     "hardtanh",
     "self, min_val=-1.0, max_val=1.0, inplace=False, min_value=None, max_value=None",
     "input, min_val=-1.0, max_val=1.0, inplace=False",
     {"min_val", "max_val"},
     hard_tanh,
     true},
    {"LeakyReLU",
     "leaky_relu",
     "self, negative_slope=0.01, inplace=False",
     "input, negative_slope=0.01, inplace=False",
     {"negative_slope"},
     leaky_relu,
     true},
    {"LogSigmoid", "logsigmoid", kPlainLayer, kPlainFunction, {}, log_sigmoid},
    {"Mish", "mish", kInplaceLayer, kInplaceFunction, {}, mish, true},
    {"ReLU", "relu", kInplaceLayer, kInplaceFunction, {}, relu, true},
    {"ReLU6", "relu6", kInplaceLayer, kInplaceFunction, {}, relu6, true},
    {"SELU", "selu", kInplaceLayer, kInplaceFunction, {}, selu, true},
    {"Sigmoid", "sigmoid", kPlainLayer, kPlainFunction, {}, sigmoid},
    {"SiLU", "silu", kInplaceLayer, kInplaceFunction, {}, silu, true},
    {"Softplus",
     "softplus",
     "self, beta=1.0, threshold=20.0",
     "input, beta=1.0, threshold=20.0",
     {"beta", "threshold"},
     softplus},
    {"Softshrink", "softshrink", "self, lambd=0.5", "input, lambd=0.5", {"lambd"}, soft_shrink},
    {"Softsign", "softsign", kPlainLayer, kPlainFunction, {}, softsign},
    {"Tanh", "tanh", kPlainLayer, kPlainFunction, {}, tanh},
    {"Tanhshrink", "tanhshrink", kPlainLayer, kPlainFunction, {}, tanh_shrink},
    {"Threshold",
     "threshold",
     "self, threshold, value, inplace=False",
     "input, threshold, value, inplace=False",
     {"threshold", "value"},
     threshold,
     true},
};
constexpr size_t kCount = std::size(kRows);

/// The activation of a tensor; with `in_place` the tensor itself changes, as PyTorch's does.
Result<Value> activate(const Operation& operation, const ActivationRow& row, TensorId input,
                       const std::array<double, 2>& numbers, bool in_place) {
  LATHE_TRY(ValueId x, operation.tracer().value(input));
  Formula formula(operation);
  if (!is_float(formula.element(x)) && row.layer != "ReLU") x = formula.cast(x, ElementType::F32);
  LATHE_TRY(const ValueId result, formula.result(row.compute(formula, x, numbers)));
  if (!in_place) return Value(operation.tracer().add(result));
  LATHE_TRY_VOID(operation.tracer().assign(input, result));
  return Value(input);
}

template <size_t index>
Status make_activation(LayerBuilder& layer) {
  constexpr const ActivationRow& kRow = kRows[index];
  for (const std::string_view name : kRow.numbers) {
    if (name.empty()) continue;
    LATHE_TRY_VOID(layer.number(name));
    layer.keep({name});
  }
  if (kRow.has_inplace) layer.keep({"inplace"});
  return {};
}

template <size_t index>
Result<Value> run_activation(LayerCall& layer) {
  constexpr const ActivationRow& kRow = kRows[index];
  LATHE_TRY(const TensorId input, layer.input_tensor());
  std::array<double, 2> numbers{};
  for (size_t at = 0; at < numbers.size(); ++at) {
    if (kRow.numbers[at].empty()) continue;
    LATHE_TRY(numbers[at], layer.number(kRow.numbers[at]));
  }
  bool in_place = false;
  if (kRow.has_inplace) {
    LATHE_TRY(in_place, layer.flag("inplace"));
  }
  return activate(layer, kRow, input, numbers, in_place);
}

template <size_t index>
Result<std::string> activation_text(LayerCall& layer) {
  constexpr const ActivationRow& kRow = kRows[index];
  std::string text;
  const std::array<std::string_view, 3> names{kRow.numbers[0], kRow.numbers[1], "inplace"};
  for (const std::string_view name : names) {
    if (name.empty() || (name == "inplace" && !kRow.has_inplace)) continue;
    LATHE_TRY(const Value value, layer.attribute(name));
    const auto* truth = std::get_if<bool>(&value);
    if (name == "inplace" && (truth == nullptr || !*truth)) continue;
    LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
    const bool is_bare = kRow.layer == "Hardshrink" || kRow.layer == "Softshrink";
    text += text.empty() ? "" : ", ";
    text += is_bare ? shown : fmt::format("{}={}", name, shown);
  }
  return text;
}

template <size_t index>
Result<Value> call_activation(NativeCall& call, Operation& operation) {
  constexpr const ActivationRow& kRow = kRows[index];
  LATHE_TRY(const TensorId input, operation.tensor(call.argument("input"), "its input"));
  std::array<double, 2> numbers{};
  for (size_t at = 0; at < numbers.size(); ++at) {
    if (kRow.numbers[at].empty()) continue;
    LATHE_TRY(numbers[at], call.number(kRow.numbers[at]));
  }
  bool in_place = call.row.name.ends_with('_');
  if (kRow.has_inplace && !in_place) {
    LATHE_TRY(in_place, call.truth("inplace"));
  }
  return activate(operation, kRow, input, numbers, in_place);
}

template <size_t index>
constexpr NativeFunctionRow kMethods[] = {
    {"__init__", kRows[index].layer_parameters, constructor<make_activation<index>>},
    {"forward", "self, input", forward<run_activation<index>>},
    {"extra_repr", "self", layer_text<activation_text<index>>},
};

template <size_t... index>
constexpr std::array<NativeClassRow, kCount> all_classes(std::index_sequence<index...>) {
  return {NativeClassRow{kRows[index].layer, "torch.nn.Module", kMethods<index>}...};
}
template <size_t... index>
constexpr std::array<NativeFunctionRow, kCount> all_functions(std::index_sequence<index...>) {
  return {NativeFunctionRow{kRows[index].function, kRows[index].function_parameters,
                            tensor_function<call_activation<index>>}...};
}

constexpr std::array<NativeClassRow, kCount> kClasses = all_classes(std::make_index_sequence<kCount>());
constexpr std::array<NativeFunctionRow, kCount> kFunctions = all_functions(std::make_index_sequence<kCount>());

constexpr size_t position_of(std::string_view function) {
  for (size_t index = 0; index < kCount; ++index) {
    if (kRows[index].function == function) return index;
  }
  return kCount;
}

/// The forms that change their operand.
constexpr NativeFunctionRow kInPlace[] = {
    {"relu_", "input", tensor_function<call_activation<position_of("relu")>>},
    {"leaky_relu_", "input, negative_slope=0.01", tensor_function<call_activation<position_of("leaky_relu")>>},
    {"elu_", "input, alpha=1.0", tensor_function<call_activation<position_of("elu")>>},
    {"selu_", "input", tensor_function<call_activation<position_of("selu")>>},
    {"celu_", "input, alpha=1.0", tensor_function<call_activation<position_of("celu")>>},
    {"hardtanh_", "input, min_val=-1.0, max_val=1.0", tensor_function<call_activation<position_of("hardtanh")>>},
    {"threshold_", "input, threshold, value", tensor_function<call_activation<position_of("threshold")>>},
};

}  // namespace

std::span<const NativeClassRow> activation_classes() { return kClasses; }
std::span<const NativeFunctionRow> activation_functions() { return kFunctions; }
std::span<const NativeFunctionRow> in_place_activation_functions() { return kInPlace; }

}  // namespace lathe::torch
