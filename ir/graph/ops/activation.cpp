// Activation functions of one operand. Floats narrower than f32 are computed in f32 and rounded once.
//
// Formulas: ONNX operator specification (opset 22) and PyTorch's torch.nn of the same names; both agree on these.
#include <numbers>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

using Formula = ScalarId (*)(const ElementwiseContext&, ScalarBuilder&, ScalarId x);

// `formula` on x in the wide type, rounded to the result's type.
template <Formula formula>
ScalarId body(const ElementwiseContext& context) {
  const ElementType element = context.result_element();
  const ScalarId x = context.builder.cast(context.argument(0), wide_type(element));
  return context.builder.cast(formula(context, context.builder, x), element);
}

ScalarId relu(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) { return b.max(x, b.constant_like(x, 0.0)); }

ScalarId leaky_relu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const ScalarId scaled = b.mul(x, b.constant_like(x, context.node.number("slope")));
  return b.select(b.lt(x, b.constant_like(x, 0.0)), scaled, x);
}

// x < 0 ? scale * (exp(x / width) - 1) : x
ScalarId exponential_unit(ScalarBuilder& b, ScalarId x, double scale, double width) {
  const ScalarId inner = width == 1.0 ? x : b.div(x, b.constant_like(x, width));
  const ScalarId curve = b.mul(b.expm1(inner), b.constant_like(x, scale));
  return b.select(b.lt(x, b.constant_like(x, 0.0)), curve, x);
}

ScalarId elu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  return exponential_unit(b, x, context.node.number("alpha"), 1.0);
}

ScalarId celu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const double alpha = context.node.number("alpha");
  return exponential_unit(b, x, alpha, alpha);
}

ScalarId selu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const ScalarId unit = exponential_unit(b, x, context.node.number("alpha"), 1.0);
  return b.mul(unit, b.constant_like(x, context.node.number("gamma")));
}

// none: x/2 * (1 + erf(x / sqrt(2))); tanh: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 x^3)))
ScalarId gelu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const auto number = [&](double value) { return b.constant_like(x, value); };
  ScalarId curve;
  if (context.node.string("approximate") == "tanh") {
    const ScalarId cube = b.mul(b.mul(x, x), x);
    const ScalarId inner = b.add(x, b.mul(cube, number(0.044715)));
    curve = b.tanh(b.mul(inner, number(std::numbers::sqrt2 * std::numbers::inv_sqrtpi)));
  } else {
    curve = b.erf(b.mul(x, number(std::numbers::sqrt2 / 2)));
  }
  return b.mul(b.mul(x, number(0.5)), b.add(curve, number(1.0)));
}

ScalarId sigmoid(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) { return b.sigmoid(x); }

ScalarId hard_sigmoid(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const ScalarId scaled = b.mul(x, b.constant_like(x, context.node.number("alpha")));
  return b.clamp(b.add(scaled, b.constant_like(x, context.node.number("beta"))), 0.0, 1.0);
}

// x * clamp(x + 3, 0, 6) / 6, the division as a product with the rounded 1/6
ScalarId hard_swish(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) {
  const ScalarId gate = b.clamp(b.add(x, b.constant_like(x, 3.0)), 0.0, 6.0);
  return b.mul(b.mul(x, gate), b.constant_like(x, 1.0 / 6.0));
}

ScalarId swish(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const double alpha = context.node.number("alpha");
  const ScalarId inner = alpha == 1.0 ? x : b.mul(x, b.constant_like(x, alpha));
  return b.mul(x, b.sigmoid(inner));
}

// log(1 + exp(x)) without overflow: max(x, 0) + log1p(exp(-|x|))
ScalarId softplus_of(ScalarBuilder& b, ScalarId x) {
  return b.add(b.max(x, b.constant_like(x, 0.0)), b.log1p(b.exp(b.neg(b.abs(x)))));
}

ScalarId softplus(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) { return softplus_of(b, x); }

ScalarId mish(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) { return b.mul(x, b.tanh(softplus_of(b, x))); }

ScalarId softsign(const ElementwiseContext&, ScalarBuilder& b, ScalarId x) {
  return b.div(x, b.add(b.abs(x), b.constant_like(x, 1.0)));
}

ScalarId thresholded_relu(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const ScalarId alpha = b.constant_like(x, context.node.number("alpha"));
  return b.select(b.gt(x, alpha), x, b.constant_like(x, 0.0));
}

ScalarId shrink(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  const double lambda = context.node.number("lambd");
  const ScalarId bias = b.constant_like(x, context.node.number("bias"));
  const ScalarId above = b.select(b.gt(x, b.constant_like(x, lambda)), b.sub(x, bias), b.constant_like(x, 0.0));
  return b.select(b.lt(x, b.constant_like(x, -lambda)), b.add(x, bias), above);
}

ScalarId clamp(const ElementwiseContext& context, ScalarBuilder& b, ScalarId x) {
  if (context.node.has("min")) x = b.max(x, b.constant_like(x, context.node.number("min")));
  if (context.node.has("max")) x = b.min(x, b.constant_like(x, context.node.number("max")));
  return x;
}

struct Activation {
  std::string_view name;
  std::string_view doc;
  ElementwiseBody body;
  ElementSet elements = kAnyFloat;
  Exactness exactness = Exactness::Approximate;
};

OpDef row(const Activation& activation, std::vector<AttributeDef> attributes = {}, Trait traits = Trait::None) {
  return {.name = activation.name,
          .doc = activation.doc,
          .operands = {{"x", activation.elements, OperandKind::Required, "the argument"}},
          .attributes = std::move(attributes),
          .traits = traits,
          .exactness = activation.exactness,
          .infer = infer_same_as_first,
          .semantics = Elementwise{activation.body}};
}

AttributeDef number(std::string_view name, double value, std::string_view doc) {
  return {name, AttributeKind::Float, value, doc};
}

}  // namespace

std::span<const OpDef> activation_ops() {
  static constexpr std::string_view kGeluForms[] = {"none", "tanh"};
  constexpr auto kExact = Exactness::Exact;
  static const std::vector<OpDef> rows = {
      row({"relu", "x where x > 0, else 0; NaN stays NaN", body<relu>, kAnyNumber, kExact}, {}, Trait::Idempotent),
      row({"leaky_relu", "x where x >= 0, else slope * x", body<leaky_relu>, kAnyFloat, kExact},
          {number("slope", 0.01, "factor for x < 0")}),
      row({"elu", "x where x >= 0, else alpha * (exp(x) - 1)", body<elu>},
          {number("alpha", 1.0, "the negative of the limit for x towards -inf")}),
      row({"celu", "x where x >= 0, else alpha * (exp(x / alpha) - 1)", body<celu>},
          {number("alpha", 1.0, "the negative of the limit for x towards -inf; not 0")}),
      row({"selu", "gamma * (x where x >= 0, else alpha * (exp(x) - 1))", body<selu>},
          {number("alpha", 1.67326319217681884765625, "fixed point constant of the self-normalising unit"),
           number("gamma", 1.05070102214813232421875, "scale of the self-normalising unit")}),
      row({"gelu", "x times the normal distribution function of x: x/2 * (1 + erf(x / sqrt(2)))", body<gelu>},
          {{"approximate", AttributeKind::String, std::string_view("none"),
            "`tanh`: x/2 * (1 + tanh(sqrt(2/pi) * (x + 0.044715 * x^3)))", kGeluForms}}),
      row({"sigmoid", "1 / (1 + exp(-x))", body<sigmoid>}),
      row({"hard_sigmoid", "alpha * x + beta, kept in [0, 1]", body<hard_sigmoid>, kAnyFloat, kExact},
          {number("alpha", 0.2, "slope"), number("beta", 0.5, "value at 0")}),
      row({"hard_swish", "x * clamp(x + 3, 0, 6) / 6", body<hard_swish>, kAnyFloat, kExact}),
      row({"swish", "x * sigmoid(alpha * x), also called SiLU", body<swish>},
          {number("alpha", 1.0, "factor inside the sigmoid")}),
      row({"mish", "x * tanh(log(1 + exp(x)))", body<mish>}),
      row({"softplus", "log(1 + exp(x)), without overflow", body<softplus>}),
      row({"softsign", "x / (1 + |x|)", body<softsign>, kAnyFloat, kExact}),
      row({"thresholded_relu", "x where x > alpha, else 0", body<thresholded_relu>, kAnyFloat, kExact},
          {number("alpha", 1.0, "the threshold")}),
      row({"shrink", "x + bias below -lambd, x - bias above lambd, else 0", body<shrink>, kAnyNumber, kExact},
          {number("lambd", 0.5, "the threshold"), number("bias", 0.0, "moves what passes towards 0")}),
      row({"clamp", "min(max(x, min), max); NaN stays NaN", body<clamp>, kAnyNumber, kExact},
          {{"min", AttributeKind::Float, None{}, "lower bound; none when absent"},
           {"max", AttributeKind::Float, None{}, "upper bound; wins when it is below min; none when absent"}},
          Trait::Idempotent),
  };
  return rows;
}

}  // namespace lathe
