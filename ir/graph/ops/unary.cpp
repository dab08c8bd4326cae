// Rows of one operand that are one scalar operation each: see ir/scalar/scalar_ops.def for their exact meaning.
#include <array>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

template <ScalarOp op>
ScalarId apply(const ElementwiseContext& context) {
  return context.builder.apply(op, std::array{context.argument(0)});
}

ScalarId reciprocal(const ElementwiseContext& context) { return context.builder.reciprocal(context.argument(0)); }

// 1 / sqrt(x), the root rounded first.
ScalarId rsqrt(const ElementwiseContext& context) {
  const ElementType element = context.result_element();
  ScalarBuilder& builder = context.builder;
  const ScalarId x = builder.cast(context.argument(0), wide_type(element));
  return builder.cast(builder.reciprocal(builder.sqrt(x)), element);
}

ScalarId is_inf(const ElementwiseContext& context) {
  ScalarBuilder& builder = context.builder;
  const ScalarId x = context.argument(0);
  const bool positive = context.node.boolean("positive");
  const bool negative = context.node.boolean("negative");
  if (positive && negative) return builder.is_inf(x);
  if (!positive && !negative) return builder.boolean(false);
  const ScalarId zero = builder.constant_like(x, 0.0);
  return builder.bit_and(builder.is_inf(x), positive ? builder.gt(x, zero) : builder.lt(x, zero));
}

struct Unary {
  std::string_view name;
  std::string_view doc;
  ElementSet elements;
  Exactness exactness;
  ElementwiseBody body;
  Trait traits = Trait::None;
};

OpDef row(const Unary& unary) {
  return {.name = unary.name,
          .doc = unary.doc,
          .operands = {{"x", unary.elements, OperandKind::Required, "the argument"}},
          .attributes = {},
          .traits = unary.traits,
          .exactness = unary.exactness,
          .infer = infer_same_as_first,
          .semantics = Elementwise{unary.body}};
}

}  // namespace

std::span<const OpDef> unary_ops() {
  using enum ScalarOp;
  constexpr auto kExact = Exactness::Exact;
  constexpr auto kApproximate = Exactness::Approximate;
  static constexpr Unary kTable[] = {
      {"abs", "the magnitude of x; the smallest integer stays", kAnyNumber, kExact, apply<Abs>, Trait::Idempotent},
      {"neg", "x with its sign changed; integers wrap", kAnyNumber, kExact, apply<Neg>, Trait::Involution},
      {"sign", "-1, 0 or 1; 0 for both zeros, NaN for NaN", kAnyNumber, kExact, apply<Sign>, Trait::Idempotent},
      {"floor", "the largest whole number not above x", kAnyFloat, kExact, apply<Floor>, Trait::Idempotent},
      {"ceil", "the smallest whole number not below x", kAnyFloat, kExact, apply<Ceil>, Trait::Idempotent},
      {"round", "the nearest whole number, halves to even", kAnyFloat, kExact, apply<RoundEven>, Trait::Idempotent},
      {"trunc", "the nearest whole number towards zero", kAnyFloat, kExact, apply<Trunc>, Trait::Idempotent},
      {"sqrt", "the square root, correctly rounded; NaN below -0", kAnyFloat, kExact, apply<Sqrt>},
      {"rsqrt", "1 / sqrt(x), root and quotient rounded", kAnyFloat, kExact, rsqrt},
      {"reciprocal", "1 / x", kAnyFloat, kExact, reciprocal},
      {"exp", "e to the x", kAnyFloat, kApproximate, apply<Exp>},
      {"expm1", "e to the x, less 1, precise near 0", kAnyFloat, kApproximate, apply<Expm1>},
      {"log", "the natural logarithm; -inf at 0, NaN below", kAnyFloat, kApproximate, apply<Log>},
      {"log1p", "the logarithm of 1 + x, precise near 0", kAnyFloat, kApproximate, apply<Log1p>},
      {"sin", "the sine of x radians", kAnyFloat, kApproximate, apply<Sin>},
      {"cos", "the cosine of x radians", kAnyFloat, kApproximate, apply<Cos>},
      {"tan", "the tangent of x radians", kAnyFloat, kApproximate, apply<Tan>},
      {"asin", "the arc sine; NaN outside [-1, 1]", kAnyFloat, kApproximate, apply<Asin>},
      {"acos", "the arc cosine; NaN outside [-1, 1]", kAnyFloat, kApproximate, apply<Acos>},
      {"atan", "the arc tangent", kAnyFloat, kApproximate, apply<Atan>},
      {"sinh", "the hyperbolic sine", kAnyFloat, kApproximate, apply<Sinh>},
      {"cosh", "the hyperbolic cosine", kAnyFloat, kApproximate, apply<Cosh>},
      {"tanh", "the hyperbolic tangent", kAnyFloat, kApproximate, apply<Tanh>},
      {"asinh", "the inverse hyperbolic sine", kAnyFloat, kApproximate, apply<Asinh>},
      {"acosh", "the inverse hyperbolic cosine; NaN below 1", kAnyFloat, kApproximate, apply<Acosh>},
      {"atanh", "the inverse hyperbolic tangent; NaN outside [-1, 1]", kAnyFloat, kApproximate, apply<Atanh>},
      {"erf", "the error function, 2/sqrt(pi) * integral of exp(-t*t) from 0 to x", kAnyFloat, kApproximate,
       apply<Erf>},
      {"logical_not", "true where x is false", kBoolean, kExact, apply<Not>, Trait::Involution},
      {"bitwise_not", "the complement of every bit of x", kAnyInteger, kExact, apply<Not>, Trait::Involution},
  };
  static const std::vector<OpDef> rows = [] {
    std::vector<OpDef> all;
    for (const Unary& unary : kTable) all.push_back(row(unary));
    OpDef nan = row({"is_nan", "true where x is NaN", kAnyFloat, kExact, apply<IsNan>});
    nan.infer = infer_predicate;
    all.push_back(std::move(nan));
    OpDef infinite = row({"is_inf", "true where x is an infinity of a wanted sign", kAnyFloat, kExact, is_inf});
    infinite.infer = infer_predicate;
    infinite.attributes = {{"positive", AttributeKind::Boolean, true, "look for +inf"},
                           {"negative", AttributeKind::Boolean, true, "look for -inf"}};
    all.push_back(std::move(infinite));
    return all;
  }();
  return rows;
}

}  // namespace lathe
