// Activations with parameters, axes or modes: GELU, PReLU, RReLU, GLU and the softmax family.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

// ---------------------------------------------------------------------------------------------------------------- GELU

Result<ValueId> gelu(const Operation& operation, ValueId x, const std::string& approximate) {
  LATHE_TRY_VOID(operation.require_float(x));
  return operation.one("gelu", {x}, {{"approximate", approximate}});
}

Status make_gelu(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.choice("approximate", {"none", "tanh"}));
  layer.keep({"approximate"});
  return {};
}

Result<Value> run_gelu(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const std::string approximate, layer.string("approximate"));
  return layer.result(gelu(layer, x, approximate));
}

Result<std::string> gelu_text(LayerCall& layer) {
  LATHE_TRY(const std::string approximate, layer.string("approximate"));
  return fmt::format("approximate='{}'", approximate);
}

Result<Value> call_gelu(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const std::string approximate, call.string("approximate"));
  if (approximate != "none" && approximate != "tanh") {
    return call
        .error_at(call.place("approximate"), DiagnosticKind::BadArgument, "RuntimeError",
                  fmt::format("approximate of gelu is '{}'; it may be 'none' or 'tanh'", approximate))
        .emit();
  }
  return operation.result(gelu(operation, x, approximate));
}

// --------------------------------------------------------------------------------------------------------------- PReLU

/// One slope, or one for each channel (axis 1).
Result<ValueId> prelu(const Operation& operation, ValueId x, ValueId weight) {
  LATHE_TRY_VOID(operation.require_element(x, operation.type(weight).element, "its weight"));
  const Dim slopes = operation.type(weight).element_count();
  const size_t rank = operation.rank(x);
  if (slopes.is_constant(1)) {
    LATHE_TRY(const ValueId scalar, operation.builder().reshape(weight, {}));
    return operation.one("prelu", {x, scalar});
  }
  const Dim channels = rank >= 2 ? operation.dims(x)[1] : Dim(1);
  LATHE_TRY_VOID(operation.require_equal(
      DiagnosticKind::ChannelMismatch, "RuntimeError", channels, slopes,
      fmt::format("{} has slopes for {}, its input {} has {}", operation.name(), counted(slopes, "channel"),
                  operation.shape_text(x), channels.python_text())));
  Shape shape(rank, Dim(1));
  shape[1] = slopes;
  LATHE_TRY(const ValueId shaped, operation.builder().reshape(weight, shape));
  return operation.one("prelu", {x, shaped});
}

Status make_prelu(LayerBuilder& layer) {
  LATHE_TRY(const int64_t count, layer.size("num_parameters", 1));
  LATHE_TRY(const double init, layer.number("init"));
  layer.keep({"num_parameters", "init"});
  return layer.parameter("weight", {count}, {.kind = Initialization::Kind::Constant, .bound = init}, layer.element());
}

Result<Value> run_prelu(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  return layer.result(prelu(layer, x, weight));
}

Result<std::string> prelu_text(LayerCall& layer) {
  LATHE_TRY(const int64_t count, layer.integer("num_parameters"));
  return fmt::format("num_parameters={}", count);
}

Result<Value> call_prelu(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  return operation.result(prelu(operation, x, weight));
}

// --------------------------------------------------------------------------------------------------------------- RReLU

Result<Value> rrelu(const Operation& operation, ValueId x, double lower, double upper, bool training) {
  if (training && lower != upper) return operation.unsupported("the random slopes of RReLU in training mode");
  return operation.result(operation.one("leaky_relu", {x}, {{"slope", (lower + upper) / 2}}));
}

Status make_rrelu(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.number("lower"));
  LATHE_TRY_VOID(layer.number("upper"));
  layer.keep({"lower", "upper", "inplace"});
  return {};
}

Result<Value> run_rrelu(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const double lower, layer.number("lower"));
  LATHE_TRY(const double upper, layer.number("upper"));
  LATHE_TRY(const bool training, layer.training());
  return rrelu(layer, x, lower, upper, training);
}

Result<Value> call_rrelu(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const double lower, call.number("lower"));
  LATHE_TRY(const double upper, call.number("upper"));
  LATHE_TRY(const bool training, call.truth("training"));
  return rrelu(operation, x, lower, upper, training);
}

// ----------------------------------------------------------------------------------------------------------------- GLU

Result<ValueId> glu(const Operation& operation, ValueId x, int64_t dim) {
  LATHE_TRY(const size_t axis, axis_of(operation, dim, operation.rank(x)));
  const Dim size = operation.dims(x)[axis];
  LATHE_TRY_VOID(
      operation.require_equal(DiagnosticKind::SplitMismatch, "RuntimeError", modulo(size, 2), 0,
                              fmt::format("{} splits axis {} in two halves, its input {} has {} there",
                                          operation.name(), axis, operation.shape_text(x), size.python_text())));
  const Dim half = operation.symbols().simplify(floordiv(size, 2));
  Formula formula(operation);
  const ValueId left = formula.slice(x, axis, 0, half);
  const ValueId right = formula.slice(x, axis, half, half + half);
  return formula.result(formula.mul(left, formula.op("sigmoid", {right})));
}

Status make_with_dim(LayerBuilder& layer) {
  if (!layer.is_none("dim")) {
    LATHE_TRY_VOID(layer.size("dim", -64));
  }
  layer.keep({"dim"});
  return {};
}

Result<Value> run_glu(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const int64_t dim, layer.integer("dim"));
  return layer.result(glu(layer, x, dim));
}

Result<std::string> dim_text(LayerCall& layer) {
  LATHE_TRY(const Value dim, layer.attribute("dim"));
  LATHE_TRY(const std::string text, layer.evaluator().repr(dim, layer.where()));
  return "dim=" + text;
}

Result<Value> call_glu(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const int64_t dim, call.known_integer("dim"));
  return operation.result(glu(operation, x, dim));
}

// ------------------------------------------------------------------------------------------------------------- softmax

enum class SoftmaxKind { Softmax, LogSoftmax, Softmin };

Result<ValueId> softmax_of(const Operation& operation, SoftmaxKind kind, ValueId x, std::optional<int64_t> axis) {
  if (kind == SoftmaxKind::Softmin) {
    LATHE_TRY(const ValueId negative, operation.one("neg", {x}));
    return softmax(operation, "softmax", negative, axis);
  }
  return softmax(operation, kind == SoftmaxKind::Softmax ? "softmax" : "log_softmax", x, axis);
}

template <SoftmaxKind kind>
Result<Value> run_softmax(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const bool no_axis, layer.is_none("dim"));
  std::optional<int64_t> axis;
  if (!no_axis) {
    LATHE_TRY(axis, layer.integer("dim"));
  }
  return layer.result(softmax_of(layer, kind, x, axis));
}

template <SoftmaxKind kind>
Result<Value> call_softmax(NativeCall& call, Operation& operation) {
  LATHE_TRY(ValueId x, operation.value(call.argument("input")));
  if (!call.is_none("dtype")) {
    const std::optional<ElementType> element = operation.tracer().dtype(call.argument("dtype"));
    if (element) {
      LATHE_TRY(x, operation.builder().cast(x, *element));
    }
  }
  std::optional<int64_t> axis;
  if (!call.is_none("dim")) {
    LATHE_TRY(axis, call.known_integer("dim"));
  }
  return operation.result(softmax_of(operation, kind, x, axis));
}

Status make_plain(LayerBuilder&) { return {}; }

Result<Value> run_softmax2d(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  const size_t rank = layer.rank(x);
  if (rank != 3 && rank != 4) {
    return layer
        .error(DiagnosticKind::RankMismatch, "ValueError",
               "Softmax2d takes (N, C, H, W) or (C, H, W), its input has rank {}: {}", rank, layer.shape_text(x))
        .emit();
  }
  return layer.result(softmax(layer, "softmax", x, -3));
}

Result<Value> call_gumbel(NativeCall&, Operation& operation) {
  return operation.unsupported("gumbel_softmax, which draws random numbers");
}

constexpr NativeFunctionRow kGelu[] = {
    {"__init__", "self, approximate='none'", constructor<make_gelu>},
    {"forward", "self, input", forward<run_gelu>},
    {"extra_repr", "self", layer_text<gelu_text>},
};
constexpr NativeFunctionRow kPrelu[] = {
    {"__init__", "self, num_parameters=1, init=0.25, device=None, dtype=None", constructor<make_prelu>},
    {"forward", "self, input", forward<run_prelu>},
    {"extra_repr", "self", layer_text<prelu_text>},
};
constexpr NativeFunctionRow kRrelu[] = {
    {"__init__", "self, lower=0.125, upper=0.3333333333333333, inplace=False", constructor<make_rrelu>},
    {"forward", "self, input", forward<run_rrelu>},
};
constexpr NativeFunctionRow kGlu[] = {
    {"__init__", "self, dim=-1", constructor<make_with_dim>},
    {"forward", "self, input", forward<run_glu>},
    {"extra_repr", "self", layer_text<dim_text>},
};
template <SoftmaxKind kind>
constexpr NativeFunctionRow kSoftmax[] = {
    {"__init__", "self, dim=None", constructor<make_with_dim>},
    {"forward", "self, input", forward<run_softmax<kind>>},
    {"extra_repr", "self", layer_text<dim_text>},
};
constexpr NativeFunctionRow kSoftmax2d[] = {
    {"__init__", "self", constructor<make_plain>},
    {"forward", "self, input", forward<run_softmax2d>},
};

constexpr NativeClassRow kClasses[] = {
    {"GELU", "torch.nn.Module", kGelu},
    {"PReLU", "torch.nn.Module", kPrelu},
    {"RReLU", "torch.nn.Module", kRrelu},
    {"GLU", "torch.nn.Module", kGlu},
    {"Softmax", "torch.nn.Module", kSoftmax<SoftmaxKind::Softmax>},
    {"LogSoftmax", "torch.nn.Module", kSoftmax<SoftmaxKind::LogSoftmax>},
    {"Softmin", "torch.nn.Module", kSoftmax<SoftmaxKind::Softmin>},
    {"Softmax2d", "torch.nn.Module", kSoftmax2d},
};

constexpr std::string_view kSoftmaxParameters = "input, dim=None, _stacklevel=3, dtype=None";
constexpr NativeFunctionRow kFunctions[] = {
    {"gelu", "input, approximate='none'", tensor_function<call_gelu>},
    {"prelu", "input, weight", tensor_function<call_prelu>},
    {"rrelu", "input, lower=0.125, upper=0.3333333333333333, training=False, inplace=False",
     tensor_function<call_rrelu>},
    {"glu", "input, dim=-1", tensor_function<call_glu>},
    {"softmax", kSoftmaxParameters, tensor_function<call_softmax<SoftmaxKind::Softmax>>},
    {"log_softmax", kSoftmaxParameters, tensor_function<call_softmax<SoftmaxKind::LogSoftmax>>},
    {"softmin", kSoftmaxParameters, tensor_function<call_softmax<SoftmaxKind::Softmin>>},
    {"gumbel_softmax", "logits, tau=1, hard=False, eps=1e-10, dim=-1", tensor_function<call_gumbel>},
};

}  // namespace

Result<ValueId> softmax(const Operation& operation, std::string_view row, ValueId x, std::optional<int64_t> axis) {
  LATHE_TRY_VOID(operation.require_float(x));
  const size_t rank = operation.rank(x);
  const int64_t wanted = axis.value_or(rank == 0 || rank == 1 || rank == 3 ? 0 : 1);
  LATHE_TRY(const size_t position, axis_of(operation, wanted, rank));
  if (rank > 0) return operation.one(row, {x}, {{"axis", static_cast<int64_t>(position)}});
  LATHE_TRY(const ValueId vector, operation.builder().reshape(x, {Dim(1)}));
  LATHE_TRY(const ValueId result, operation.one(row, {vector}, {{"axis", int64_t{0}}}));
  return operation.builder().reshape(result, {});
}

std::span<const NativeClassRow> special_activation_classes() { return kClasses; }
std::span<const NativeFunctionRow> special_activation_functions() { return kFunctions; }

}  // namespace lathe::torch
