// Activation functions and their parameters.
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Outputs import_simple(NodeContext& context) { return context.one(context.row().target, context.inputs()); }

/// A row with one float attribute, by another name.
Outputs with_number(NodeContext& context, std::string_view onnx_name, std::string_view name, double otherwise) {
  return context.one(context.row().target, context.inputs(), {{name, context.number(onnx_name, otherwise)}});
}

/// A float32 literal, as attributes are stored.
constexpr double single_precision(float value) { return static_cast<double>(value); }

Outputs import_leaky_relu(NodeContext& context) {
  return with_number(context, "alpha", "slope", single_precision(0.01F));
}
Outputs import_with_alpha(NodeContext& context) { return with_number(context, "alpha", "alpha", 1.0); }

/// Up to opset 5 the defaults have five digits.
Outputs import_short_selu(NodeContext& context) {
  return context.one("selu", context.inputs(),
                     {{"alpha", context.number("alpha", single_precision(1.6732F))},
                      {"gamma", context.number("gamma", single_precision(1.0507F))}});
}

Outputs import_selu(NodeContext& context) {
  return context.one("selu", context.inputs(),
                     {{"alpha", context.number("alpha", 1.67326319217681884765625)},
                      {"gamma", context.number("gamma", 1.05070102214813232421875)}});
}

Outputs import_hard_sigmoid(NodeContext& context) {
  return context.one("hard_sigmoid", context.inputs(),
                     {{"alpha", context.number("alpha", single_precision(0.2F))},
                      {"beta", context.number("beta", single_precision(0.5F))}});
}

Outputs import_shrink(NodeContext& context) {
  return context.one("shrink", context.inputs(),
                     {{"lambd", context.number("lambd", 0.5)}, {"bias", context.number("bias", 0.0)}});
}

Outputs import_gelu(NodeContext& context) {
  const std::string_view approximate = context.string("approximate", "none");
  if (approximate != "none" && approximate != "tanh") {
    return context.bad_attribute("approximate", "is `{}`, expected `none` or `tanh`", approximate);
  }
  return context.one("gelu", context.inputs(), {{"approximate", std::string(approximate)}});
}

/// Up to opset 10 the bounds are attributes.
Outputs import_clip_attributes(NodeContext& context) {
  std::vector<NamedAttribute> bounds;
  if (context.has("min")) bounds.push_back({"min", context.number("min", 0)});
  if (context.has("max")) bounds.push_back({"max", context.number("max", 0)});
  return context.one("clamp", context.inputs(), std::move(bounds));
}

/// From opset 11 on they are scalar operands.
Outputs import_clip(NodeContext& context) {
  for (size_t bound = 1; bound < 3; ++bound) {
    if (!context.has_input(bound) || context.dims(bound).empty()) continue;
    const bool one_element = context.tensor(bound).element_count().is_constant(1);
    if (!one_element) LATHE_TRY_VOID(context.require_rank(bound, 0));
  }
  GraphBuilder& builder = context.builder();
  const bool numbers = is_float(context.element(0)) && (!context.has_input(1) || context.is_known(1)) &&
                       (!context.has_input(2) || context.is_known(2));
  if (numbers) {
    std::vector<NamedAttribute> bounds;
    for (size_t bound = 1; bound < 3; ++bound) {
      if (!context.has_input(bound)) continue;
      LATHE_TRY(const Floats value, context.known_floats(bound, bound == 1 ? "lower bound" : "upper bound"));
      bounds.push_back({bound == 1 ? "min" : "max", value.front()});
    }
    return context.one("clamp", {context.input(0)}, std::move(bounds));
  }
  ValueId result = context.input(0);
  for (size_t bound = 1; bound < 3; ++bound) {
    if (!context.has_input(bound)) continue;
    LATHE_TRY(const ValueId limit, builder.reshape(context.input(bound), {}));
    LATHE_TRY(result, builder.one(bound == 1 ? "maximum" : "minimum", {result, limit}));
  }
  return single(result);
}

/// Swish of one operand times the other; both have one shape.
Outputs import_swiglu(NodeContext& context) {
  LATHE_TRY(const ValueId gate,
            context.builder().one("swish", {context.input(0)}, {{"alpha", context.number("alpha", 1.0)}}));
  return context.one("mul", {gate, context.input(1)});
}

constexpr OperatorRow kActivations[] = {
    {.name = "Celu", .since = 12, .handler = import_with_alpha, .attributes = "alpha:f", .target = "celu"},
    {.name = "Clip", .until = 10, .handler = import_clip_attributes, .attributes = "min:f max:f"},
    {.name = "Clip", .since = 11, .handler = import_clip, .max_inputs = 3},
    {.name = "Elu", .handler = import_with_alpha, .attributes = "alpha:f", .target = "elu"},
    {.name = "Gelu", .since = 20, .handler = import_gelu, .attributes = "approximate:s"},
    {.name = "HardSigmoid", .handler = import_hard_sigmoid, .attributes = "alpha:f beta:f"},
    {.name = "HardSwish", .since = 14, .handler = import_simple, .target = "hard_swish"},
    {.name = "LeakyRelu", .handler = import_leaky_relu, .attributes = "alpha:f", .target = "leaky_relu"},
    {.name = "Mish", .since = 18, .handler = import_simple, .target = "mish"},
    {.name = "Relu", .handler = import_simple, .target = "relu"},
    {.name = "Selu", .until = 5, .handler = import_short_selu, .attributes = "alpha:f gamma:f"},
    {.name = "Selu", .since = 6, .handler = import_selu, .attributes = "alpha:f gamma:f"},
    {.name = "Shrink", .since = 9, .handler = import_shrink, .attributes = "bias:f lambd:f"},
    {.name = "Sigmoid", .handler = import_simple, .target = "sigmoid"},
    {.name = "Softplus", .handler = import_simple, .target = "softplus"},
    {.name = "Softsign", .handler = import_simple, .target = "softsign"},
    {.name = "SwiGLU",
     .since = 28,
     .handler = import_swiglu,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "alpha:f"},
    {.name = "Swish", .since = 24, .handler = import_with_alpha, .attributes = "alpha:f", .target = "swish"},
    {.name = "ThresholdedRelu",
     .since = 10,
     .handler = import_with_alpha,
     .attributes = "alpha:f",
     .target = "thresholded_relu"},
};

}  // namespace

std::span<const OperatorRow> activation_operators() { return kActivations; }

}  // namespace lathe::onnx
