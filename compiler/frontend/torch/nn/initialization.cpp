// torch.nn.init: other initial values for parameters that no weights file gives.
//
// Orthogonal and sparse matrices are drawn from a normal distribution of the same size; a uniform distribution around
// another number than 0 becomes its centre.
#include <cmath>

#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {
namespace {

using Kind = Initialization::Kind;

Result<TensorId> target(NativeCall& call, const Operation& operation) {
  return operation.tensor(call.argument("tensor"), "argument `tensor`");
}

Result<Value> fill(const Operation& operation, TensorId tensor, Initialization initialization) {
  LATHE_TRY_VOID(operation.tracer().set_initialization(tensor, initialization));
  return Value(tensor);
}

struct Fans {
  double in = 1;
  double out = 1;
};

/// How many elements feed one element of the result, and the reverse.
Result<Fans> fans_of(const Operation& operation, TensorId tensor) {
  const Shape dims = operation.tracer().dims(tensor);
  if (dims.size() < 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "ValueError", "{} needs at least two axes, the tensor is {}",
               operation.name(), python_shape(dims))
        .emit();
  }
  std::vector<double> sizes;
  for (const Dim& dim : dims) sizes.push_back(static_cast<double>(dim.as_constant().value_or(1)));
  double field = 1;
  for (size_t axis = 2; axis < sizes.size(); ++axis) field *= sizes[axis];
  return Fans{std::max(1.0, sizes[1] * field), std::max(1.0, sizes[0] * field)};
}

Result<double> gain_of(NativeCall& call, const std::string& nonlinearity, double slope) {
  if (nonlinearity == "tanh") return 5.0 / 3.0;
  if (nonlinearity == "relu") return std::sqrt(2.0);
  if (nonlinearity == "leaky_relu") return std::sqrt(2.0 / (1 + slope * slope));
  if (nonlinearity == "selu") return 0.75;
  if (nonlinearity == "linear" || nonlinearity == "sigmoid" || nonlinearity.starts_with("conv")) return 1.0;
  return call
      .error(DiagnosticKind::BadArgument, "ValueError", "nonlinearity of {} is '{}'", call.row.name, nonlinearity)
      .emit();
}

Result<Value> constant(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double value, call.number("val"));
  return fill(operation, tensor, {.kind = Kind::Constant, .bound = value});
}

Result<Value> ones(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  return fill(operation, tensor, {.kind = Kind::Ones});
}

Result<Value> zeros(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  return fill(operation, tensor, {.kind = Kind::Zeros});
}

Result<Value> uniform(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double low, call.number("a"));
  LATHE_TRY(const double high, call.number("b"));
  if (low != -high) return fill(operation, tensor, {.kind = Kind::Constant, .bound = (low + high) / 2});
  return fill(operation, tensor, {.kind = Kind::Uniform, .bound = std::abs(high)});
}

Result<Value> normal(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double mean, call.number("mean"));
  LATHE_TRY(const double deviation, call.number("std"));
  if (mean != 0) return fill(operation, tensor, {.kind = Kind::Constant, .bound = mean});
  return fill(operation, tensor, {.kind = Kind::Normal, .bound = deviation});
}

template <Kind kind>
Result<Value> xavier(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double gain, call.number("gain"));
  LATHE_TRY(const Fans fans, fans_of(operation, tensor));
  const double deviation = gain * std::sqrt(2.0 / (fans.in + fans.out));
  return fill(operation, tensor,
              {.kind = kind, .bound = kind == Kind::Uniform ? deviation * std::sqrt(3.0) : deviation});
}

template <Kind kind>
Result<Value> kaiming(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double slope, call.number("a"));
  LATHE_TRY(const std::string mode, call.string("mode"));
  LATHE_TRY(const std::string nonlinearity, call.string("nonlinearity"));
  LATHE_TRY(const double gain, gain_of(call, nonlinearity, slope));
  LATHE_TRY(const Fans fans, fans_of(operation, tensor));
  const double deviation = gain / std::sqrt(mode == "fan_out" ? fans.out : fans.in);
  return fill(operation, tensor,
              {.kind = kind, .bound = kind == Kind::Uniform ? deviation * std::sqrt(3.0) : deviation});
}

Result<Value> orthogonal(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const Fans fans, fans_of(operation, tensor));
  return fill(operation, tensor, {.kind = Kind::Normal, .bound = 1.0 / std::sqrt(std::max(fans.in, fans.out))});
}

Result<Value> sparse(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const double deviation, call.number("std"));
  return fill(operation, tensor, {.kind = Kind::Normal, .bound = deviation});
}

/// eye_ and dirac_, whose values a weights file replaces nearly always.
Result<Value> pattern(NativeCall& call, Operation& operation) {
  return operation.unsupported(fmt::format("nn.init.{}", call.row.name));
}

Result<Value> calculate_gain(NativeCall& call) {
  LATHE_TRY(const std::string nonlinearity, call.string("nonlinearity"));
  double slope = 0.01;
  if (!call.is_none("param")) {
    LATHE_TRY(slope, call.number("param"));
  }
  LATHE_TRY(const double gain, gain_of(call, nonlinearity, slope));
  return Value(gain);
}

Result<Value> calculate_fans(NativeCall& call, Operation& operation) {
  LATHE_TRY(const TensorId tensor, target(call, operation));
  LATHE_TRY(const Fans fans, fans_of(operation, tensor));
  return call.evaluator.heap().new_tuple(
      {integer(static_cast<int64_t>(fans.in)), integer(static_cast<int64_t>(fans.out))});
}

constexpr std::string_view kKaiming = "tensor, a=0, mode='fan_in', nonlinearity='leaky_relu', generator=None";
constexpr std::string_view kXavier = "tensor, gain=1.0, generator=None";

constexpr NativeFunctionRow kFunctions[] = {
    {"constant_", "tensor, val", tensor_function<constant>},
    {"constant", "tensor, val", tensor_function<constant>},
    {"ones_", "tensor", tensor_function<ones>},
    {"zeros_", "tensor", tensor_function<zeros>},
    {"uniform_", "tensor, a=0.0, b=1.0, generator=None", tensor_function<uniform>},
    {"uniform", "tensor, a=0.0, b=1.0", tensor_function<uniform>},
    {"normal_", "tensor, mean=0.0, std=1.0, generator=None", tensor_function<normal>},
    {"normal", "tensor, mean=0.0, std=1.0", tensor_function<normal>},
    {"trunc_normal_", "tensor, mean=0.0, std=1.0, a=-2.0, b=2.0, generator=None", tensor_function<normal>},
    {"xavier_uniform_", kXavier, tensor_function<xavier<Kind::Uniform>>},
    {"xavier_normal_", kXavier, tensor_function<xavier<Kind::Normal>>},
    {"xavier_uniform", kXavier, tensor_function<xavier<Kind::Uniform>>},
    {"xavier_normal", kXavier, tensor_function<xavier<Kind::Normal>>},
    {"kaiming_uniform_", kKaiming, tensor_function<kaiming<Kind::Uniform>>},
    {"kaiming_normal_", kKaiming, tensor_function<kaiming<Kind::Normal>>},
    {"kaiming_uniform", kKaiming, tensor_function<kaiming<Kind::Uniform>>},
    {"kaiming_normal", kKaiming, tensor_function<kaiming<Kind::Normal>>},
    {"orthogonal_", kXavier, tensor_function<orthogonal>},
    {"orthogonal", kXavier, tensor_function<orthogonal>},
    {"sparse_", "tensor, sparsity, std=0.01, generator=None", tensor_function<sparse>},
    {"eye_", "tensor", tensor_function<pattern>},
    {"dirac_", "tensor, groups=1", tensor_function<pattern>},
    {"calculate_gain", "nonlinearity, param=None", calculate_gain},
    {"_calculate_fan_in_and_fan_out", "tensor", tensor_function<calculate_fans>},
};

}  // namespace

std::span<const NativeFunctionRow> initialization_functions() { return kFunctions; }

}  // namespace lathe::torch
