// Scalar expressions: what an element-wise operation does to one element, as a flat list of typed operations.
//
// Nodes stand in the order of dependence, so every walk is a loop. Op rows of the graph build bodies with
// ScalarBuilder, fusion composes them with inline_expression, lowering copies them into kernels, interpreters evaluate
// them. The meaning of each operation is in scalar_ops.def; evaluate() is its executable definition: exact operations
// give the bits that all back ends give, approximate ones are computed in double and rounded.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "ir/base/id.h"
#include "ir/base/lexer.h"
#include "ir/base/result.h"
#include "ir/base/type.h"
#include "ir/scalar/scalar_op.h"
#include "ir/scalar/scalar_value.h"

namespace lathe {

using ScalarId = Id<struct ScalarTag>;

struct ScalarNode {
  ScalarOp op = ScalarOp::Constant;
  ElementType type = ElementType::F32;
  std::array<ScalarId, 3> operands{};  ///< the first `info(op).arity` are valid
  ScalarValue immediate{};             ///< of Constant
  uint32_t argument = 0;               ///< of Argument
};

struct ScalarExpression {
  IdVector<ScalarId, ScalarNode> nodes;
  ScalarId result;

  [[nodiscard]] ElementType result_type() const { return nodes[result].type; }
  /// One more than the largest argument number; 0 when no argument is used.
  [[nodiscard]] uint32_t argument_count() const;
  /// Operations that a run executes: neither arguments nor constants.
  [[nodiscard]] size_t operation_count() const;
};

/// Structural equality, node by node.
[[nodiscard]] bool operator==(const ScalarExpression& a, const ScalarExpression& b);

/// Builds expressions. Equal nodes are made once. Types are checked (LATHE_CHECK): callers infer first.
class ScalarBuilder {
 public:
  ScalarId argument(uint32_t index, ElementType type);
  /// A number rounded to the type; integers from their double value (exact up to 2^53, see integer()).
  ScalarId constant(ElementType type, double value);
  ScalarId integer(ElementType type, int64_t value);
  ScalarId boolean(bool value) { return integer(ElementType::Boolean, value ? 1 : 0); }
  ScalarId constant(const ScalarValue& value);
  /// A constant of the same type as `like`.
  ScalarId constant_like(ScalarId like, double value) { return constant(type(like), value); }

  /// Any operation whose type follows from its operands.
  ScalarId apply(ScalarOp op, std::span<const ScalarId> operands);
  /// cast and bitcast; a cast to the same type is the operand itself.
  ScalarId cast(ScalarId a, ElementType type);
  ScalarId bitcast(ScalarId a, ElementType type);

  ScalarId add(ScalarId a, ScalarId b) { return binary(ScalarOp::Add, a, b); }
  ScalarId sub(ScalarId a, ScalarId b) { return binary(ScalarOp::Sub, a, b); }
  ScalarId mul(ScalarId a, ScalarId b) { return binary(ScalarOp::Mul, a, b); }
  ScalarId div(ScalarId a, ScalarId b) { return binary(ScalarOp::Div, a, b); }
  ScalarId floor_mod(ScalarId a, ScalarId b) { return binary(ScalarOp::FloorMod, a, b); }
  ScalarId remainder(ScalarId a, ScalarId b) { return binary(ScalarOp::Remainder, a, b); }
  ScalarId min(ScalarId a, ScalarId b) { return binary(ScalarOp::Min, a, b); }
  ScalarId max(ScalarId a, ScalarId b) { return binary(ScalarOp::Max, a, b); }
  ScalarId pow(ScalarId a, ScalarId b) { return binary(ScalarOp::Pow, a, b); }
  ScalarId neg(ScalarId a) { return unary(ScalarOp::Neg, a); }
  ScalarId abs(ScalarId a) { return unary(ScalarOp::Abs, a); }
  ScalarId sign(ScalarId a) { return unary(ScalarOp::Sign, a); }
  ScalarId floor(ScalarId a) { return unary(ScalarOp::Floor, a); }
  ScalarId ceil(ScalarId a) { return unary(ScalarOp::Ceil, a); }
  ScalarId trunc(ScalarId a) { return unary(ScalarOp::Trunc, a); }
  ScalarId round_even(ScalarId a) { return unary(ScalarOp::RoundEven, a); }
  ScalarId sqrt(ScalarId a) { return unary(ScalarOp::Sqrt, a); }
  ScalarId fma(ScalarId a, ScalarId b, ScalarId c) { return apply(ScalarOp::Fma, std::array{a, b, c}); }
  ScalarId exp(ScalarId a) { return unary(ScalarOp::Exp, a); }
  ScalarId expm1(ScalarId a) { return unary(ScalarOp::Expm1, a); }
  ScalarId log(ScalarId a) { return unary(ScalarOp::Log, a); }
  ScalarId log1p(ScalarId a) { return unary(ScalarOp::Log1p, a); }
  ScalarId sin(ScalarId a) { return unary(ScalarOp::Sin, a); }
  ScalarId cos(ScalarId a) { return unary(ScalarOp::Cos, a); }
  ScalarId tan(ScalarId a) { return unary(ScalarOp::Tan, a); }
  ScalarId asin(ScalarId a) { return unary(ScalarOp::Asin, a); }
  ScalarId acos(ScalarId a) { return unary(ScalarOp::Acos, a); }
  ScalarId atan(ScalarId a) { return unary(ScalarOp::Atan, a); }
  ScalarId sinh(ScalarId a) { return unary(ScalarOp::Sinh, a); }
  ScalarId cosh(ScalarId a) { return unary(ScalarOp::Cosh, a); }
  ScalarId tanh(ScalarId a) { return unary(ScalarOp::Tanh, a); }
  ScalarId asinh(ScalarId a) { return unary(ScalarOp::Asinh, a); }
  ScalarId acosh(ScalarId a) { return unary(ScalarOp::Acosh, a); }
  ScalarId atanh(ScalarId a) { return unary(ScalarOp::Atanh, a); }
  ScalarId erf(ScalarId a) { return unary(ScalarOp::Erf, a); }
  ScalarId sigmoid(ScalarId a) { return unary(ScalarOp::Sigmoid, a); }
  ScalarId bit_and(ScalarId a, ScalarId b) { return binary(ScalarOp::And, a, b); }
  ScalarId bit_or(ScalarId a, ScalarId b) { return binary(ScalarOp::Or, a, b); }
  ScalarId bit_xor(ScalarId a, ScalarId b) { return binary(ScalarOp::Xor, a, b); }
  ScalarId bit_not(ScalarId a) { return unary(ScalarOp::Not, a); }
  ScalarId shl(ScalarId a, ScalarId b) { return binary(ScalarOp::Shl, a, b); }
  ScalarId shr(ScalarId a, ScalarId b) { return binary(ScalarOp::Shr, a, b); }
  ScalarId shr_logical(ScalarId a, ScalarId b) { return binary(ScalarOp::ShrLogical, a, b); }
  ScalarId eq(ScalarId a, ScalarId b) { return binary(ScalarOp::Eq, a, b); }
  ScalarId ne(ScalarId a, ScalarId b) { return binary(ScalarOp::Ne, a, b); }
  ScalarId lt(ScalarId a, ScalarId b) { return binary(ScalarOp::Lt, a, b); }
  ScalarId le(ScalarId a, ScalarId b) { return binary(ScalarOp::Le, a, b); }
  ScalarId gt(ScalarId a, ScalarId b) { return binary(ScalarOp::Gt, a, b); }
  ScalarId ge(ScalarId a, ScalarId b) { return binary(ScalarOp::Ge, a, b); }
  ScalarId is_nan(ScalarId a) { return unary(ScalarOp::IsNan, a); }
  ScalarId is_inf(ScalarId a) { return unary(ScalarOp::IsInf, a); }
  /// `a` where `condition` (bool) holds, else `b`.
  ScalarId select(ScalarId condition, ScalarId a, ScalarId b) {
    return apply(ScalarOp::Select, std::array{condition, a, b});
  }
  /// min(max(a, low), high); NaN stays NaN.
  ScalarId clamp(ScalarId a, ScalarId low, ScalarId high) { return min(max(a, low), high); }
  ScalarId clamp(ScalarId a, double low, double high) {
    return clamp(a, constant_like(a, low), constant_like(a, high));
  }
  /// 1 / a.
  ScalarId reciprocal(ScalarId a) { return div(constant_like(a, 1.0), a); }

  /// Copies `expression` into this builder with `arguments[i]` in the place of its argument i, whose type it must have.
  ScalarId inline_expression(const ScalarExpression& expression, std::span<const ScalarId> arguments);

  [[nodiscard]] ElementType type(ScalarId id) const { return expression_.nodes[id].type; }
  [[nodiscard]] const ScalarNode& node(ScalarId id) const { return expression_.nodes[id]; }
  /// The expression for `result`, without nodes it does not need. The builder may be used on.
  [[nodiscard]] ScalarExpression finish(ScalarId result) const;

 private:
  ScalarId unary(ScalarOp op, ScalarId a) { return apply(op, std::array{a}); }
  ScalarId binary(ScalarOp op, ScalarId a, ScalarId b) { return apply(op, std::array{a, b}); }
  ScalarId add_node(const ScalarNode& node);

  ScalarExpression expression_;
};

/// One operation on columns of `count` numbers; operands have the operation's types, `type` is the result's.
/// Neither Argument nor Constant. `result` is resized.
void evaluate_op(ScalarOp op, ElementType type, std::span<const ScalarColumn* const> operands, size_t count,
                 ScalarColumn& result);
[[nodiscard]] ScalarValue evaluate_op(ScalarOp op, ElementType type, std::span<const ScalarValue> operands);

/// The result for one set of arguments, each of its node's type.
[[nodiscard]] ScalarValue evaluate(const ScalarExpression& expression, std::span<const ScalarValue> arguments);
/// The results for `count` sets of arguments at once: many times faster than one by one.
[[nodiscard]] ScalarColumn evaluate(const ScalarExpression& expression, std::span<const ScalarColumn> arguments,
                                    size_t count);

/// A number in a text whose type is not known yet: `true`, `false`, an integer up to 64 unsigned bits, or a float.
struct ScalarNumber {
  bool is_integer = false;
  double real = 0.0;
  int64_t integer = 0;
  /// Rounded, or wrapped, into the type.
  [[nodiscard]] ScalarValue as(ElementType type) const;
};
[[nodiscard]] Result<ScalarNumber> parse_scalar_number(TokenCursor& cursor);

/// `{ %0 = argument 0 : f32  %1 = constant 0.5 : f32  %2 = mul %0, %1 : f32  return %2 }`, on one line.
[[nodiscard]] std::string text(const ScalarExpression& expression);
/// Parses what text() prints. Checks types.
[[nodiscard]] Result<ScalarExpression> parse_scalar_expression(TokenCursor& cursor);

}  // namespace lathe
