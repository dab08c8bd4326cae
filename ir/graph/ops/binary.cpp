// Rows of two operands, broadcast as in numpy: arithmetic, logic, comparisons. Scalar meaning:
// ir/scalar/scalar_ops.def.
#include <array>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

template <ScalarOp op>
ScalarId apply(const ElementwiseContext& context) {
  return context.builder.apply(op, std::array{context.argument(0), context.argument(1)});
}

ScalarId modulus(const ElementwiseContext& context) {
  const ScalarOp op = context.node.boolean("fmod") ? ScalarOp::Remainder : ScalarOp::FloorMod;
  return context.builder.apply(op, std::array{context.argument(0), context.argument(1)});
}

// x >= 0 or NaN ? x : x * slope
ScalarId prelu(const ElementwiseContext& context) {
  ScalarBuilder& builder = context.builder;
  const ScalarId x = context.argument(0);
  const ScalarId negative = builder.lt(x, builder.constant_like(x, 0.0));
  return builder.select(negative, builder.mul(x, context.argument(1)), x);
}

Result<std::vector<Type>> infer_prelu(InferContext& context) {
  static constexpr size_t kBoth[] = {0, 1};
  LATHE_TRY(const Shape shape, context.broadcast(kBoth));
  const Shape& x = context.dims(0);
  bool larger = shape.size() != x.size();
  for (size_t i = 0; !larger && i < shape.size(); ++i) {
    larger = context.symbols().prove_eq(shape[i], x[i]) == Answer::No;
  }
  if (larger) {
    return context
        .error(DiagnosticKind::BroadcastMismatch, "the slope `{}` of `prelu` doesn't broadcast to its input `{}`",
               text(context.tensor(1)), text(context.tensor(0)))
        .note("a slope has one element for each channel: `[C, 1, 1]` for an input of `[N, C, H, W]`")
        .emit();
  }
  return infer_same_as_first(context);
}

struct Binary {
  std::string_view name;
  std::string_view doc;
  ElementSet elements;
  ElementwiseBody body;
  Trait traits = Trait::None;
  Exactness exactness = Exactness::Exact;
};

OpDef row(const Binary& binary, InferFunction infer) {
  return {.name = binary.name,
          .doc = binary.doc,
          .operands = {{"a", binary.elements, OperandKind::Required, "the left operand"},
                       {"b", binary.elements, OperandKind::Required, "the right operand"}},
          .attributes = {},
          .traits = binary.traits | Trait::SameElements,
          .exactness = binary.exactness,
          .infer = infer,
          .semantics = Elementwise{binary.body}};
}

}  // namespace

std::span<const OpDef> binary_ops() {
  using enum ScalarOp;
  constexpr auto kCommutes = Trait::Commutative;
  static constexpr Binary kArithmetic[] = {
      {"add", "a + b; integers wrap", kAnyNumber, apply<Add>, kCommutes},
      {"sub", "a - b; integers wrap", kAnyNumber, apply<Sub>},
      {"mul", "a * b; integers wrap", kAnyNumber, apply<Mul>, kCommutes},
      {"div", "a / b; integers truncate towards zero and give 0 for b = 0", kAnyNumber, apply<Div>},
      {"pow", "a to the b, as C's pow; integers by squaring", kAnyNumber, apply<Pow>, Trait::None,
       Exactness::Approximate},
      {"minimum", "the smaller of both; NaN where one is NaN; the first of two zeros", kAnyNumber, apply<Min>},
      {"maximum", "the larger of both; NaN where one is NaN; the first of two zeros", kAnyNumber, apply<Max>},
      {"logical_and", "true where both are", kBoolean, apply<And>, kCommutes},
      {"logical_or", "true where at least one is", kBoolean, apply<Or>, kCommutes},
      {"logical_xor", "true where exactly one is", kBoolean, apply<Xor>, kCommutes},
      {"bitwise_and", "the bits set in both", kAnyInteger, apply<And>, kCommutes},
      {"bitwise_or", "the bits set in at least one", kAnyInteger, apply<Or>, kCommutes},
      {"bitwise_xor", "the bits set in exactly one", kAnyInteger, apply<Xor>, kCommutes},
      {"shift_left", "a shifted left by b bits; 0 from the width on", kAnyInteger, apply<Shl>},
      {"shift_right", "a shifted right by b bits; signed types keep their sign", kAnyInteger, apply<Shr>},
  };
  static constexpr Binary kCompare[] = {
      {"equal", "a == b; false with NaN", kAnyNumber | kBoolean, apply<Eq>, kCommutes},
      {"not_equal", "a != b; true with NaN", kAnyNumber | kBoolean, apply<Ne>, kCommutes},
      {"less", "a < b; false with NaN", kAnyNumber, apply<Lt>},
      {"less_equal", "a <= b; false with NaN", kAnyNumber, apply<Le>},
      {"greater", "a > b; false with NaN", kAnyNumber, apply<Gt>},
      {"greater_equal", "a >= b; false with NaN", kAnyNumber, apply<Ge>},
  };
  static const std::vector<OpDef> rows = [] {
    std::vector<OpDef> all;
    for (const Binary& binary : kArithmetic) all.push_back(row(binary, infer_broadcast));
    for (const Binary& binary : kCompare) all.push_back(row(binary, infer_predicate));
    OpDef remainder =
        row({"mod", "the rest of a / b, with the sign of b; integers give 0 for b = 0", kAnyNumber, modulus},
            infer_broadcast);
    remainder.attributes = {{"fmod", AttributeKind::Boolean, false, "the rest has the sign of a, as C's fmod and %"}};
    all.push_back(std::move(remainder));
    OpDef parametric = row({"prelu", "x where x >= 0, else slope * x", kAnyNumber, prelu}, infer_prelu);
    parametric.operands = {{"x", kAnyNumber, OperandKind::Required, "the argument"},
                           {"slope", kAnyNumber, OperandKind::Required, "broadcasts to x's shape"}};
    all.push_back(std::move(parametric));
    return all;
  }();
  return rows;
}

}  // namespace lathe
