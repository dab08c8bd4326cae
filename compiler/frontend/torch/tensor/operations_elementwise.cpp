// Elementwise operations with PyTorch's promotion and broadcasting.
#include <fmt/format.h>

#include <cmath>

#include "compiler/frontend/torch/tensor/element_types.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

struct BinaryRow {
  TensorBinary op;
  std::string_view row;   ///< the graph's, for numbers
  std::string_view verb;  ///< "cannot add A and B"
};

constexpr BinaryRow kBinary[] = {
    {TensorBinary::Add, "add", "add"},
    {TensorBinary::Subtract, "sub", "subtract"},
    {TensorBinary::Multiply, "mul", "multiply"},
    {TensorBinary::Divide, "div", "divide"},
    {TensorBinary::TruncDivide, "div", "divide"},
    {TensorBinary::FloorDivide, "div", "divide"},
    {TensorBinary::Remainder, "mod", "take the remainder of"},
    {TensorBinary::Fmod, "mod", "take the remainder of"},
    {TensorBinary::Power, "pow", "raise to a power"},
    {TensorBinary::Minimum, "minimum", "take the minimum of"},
    {TensorBinary::Maximum, "maximum", "take the maximum of"},
    {TensorBinary::BitAnd, "bitwise_and", "combine with `&`"},
    {TensorBinary::BitOr, "bitwise_or", "combine with `|`"},
    {TensorBinary::BitXor, "bitwise_xor", "combine with `^`"},
    {TensorBinary::ShiftLeft, "shift_left", "shift"},
    {TensorBinary::ShiftRight, "shift_right", "shift"},
};

const BinaryRow& row_of(TensorBinary op) { return kBinary[static_cast<size_t>(op)]; }

constexpr std::string_view kCompareRows[] = {"equal", "not_equal", "less", "less_equal", "greater", "greater_equal"};

Shape shape_of(Tracer& tracer, const Value& value) {
  const auto* tensor = std::get_if<TensorId>(&value);
  return tensor != nullptr ? tracer.dims(*tensor) : Shape{};
}

/// Reports an operand that is neither tensor nor number.
Status require_operand(Tracer& tracer, const Value& value, std::string_view verb) {
  if (std::holds_alternative<TensorId>(value) || std::holds_alternative<Dim>(value) ||
      std::holds_alternative<double>(value) || std::holds_alternative<bool>(value)) {
    return {};
  }
  if (is_unknown(value)) return Failure{};
  LATHE_TRY([[maybe_unused]] const TensorId never,
            expect_tensor(tracer.evaluator(), value, fmt::format("an operand of `{}`", verb), tracer.here()));
  return {};
}

/// The logical twin of a row for bools; empty when there is none.
std::string_view boolean_row(TensorBinary op) {
  switch (op) {
    case TensorBinary::Add:
    case TensorBinary::Maximum:
    case TensorBinary::BitOr: return "logical_or";
    case TensorBinary::Multiply:
    case TensorBinary::Minimum:
    case TensorBinary::BitAnd: return "logical_and";
    case TensorBinary::BitXor: return "logical_xor";
    case TensorBinary::Subtract:
    case TensorBinary::Divide:
    case TensorBinary::TruncDivide:
    case TensorBinary::FloorDivide:
    case TensorBinary::Remainder:
    case TensorBinary::Fmod:
    case TensorBinary::Power:
    case TensorBinary::ShiftLeft:
    case TensorBinary::ShiftRight: return {};
  }
  return {};
}

Result<ValueId> floor_divide(GraphBuilder& builder, ValueId left, ValueId right) {
  LATHE_TRY(const ValueId rest, builder.one("mod", {left, right}));
  LATHE_TRY(const ValueId whole, builder.one("sub", {left, rest}));
  LATHE_TRY(const ValueId quotient, builder.one("div", {whole, right}));
  if (!is_float(builder.tensor(left).element)) return quotient;
  // The quotient is a whole number up to rounding; dividing by zero gives what `/` gives.
  LATHE_TRY(const ValueId rounded, builder.one("round", {quotient}));
  LATHE_TRY(const ValueId zero, builder.scalar(builder.tensor(left).element, 0.0));
  LATHE_TRY(const ValueId by_zero, builder.one("equal", {right, zero}));
  LATHE_TRY(const ValueId plain, builder.one("div", {left, right}));
  return builder.one("where", {by_zero, plain, rounded});
}

Result<ValueId> build_binary(GraphBuilder& builder, TensorBinary op, ValueId left, ValueId right) {
  const bool real = is_float(builder.tensor(left).element);
  switch (op) {
    case TensorBinary::FloorDivide: return floor_divide(builder, left, right);
    case TensorBinary::TruncDivide: {
      LATHE_TRY(const ValueId quotient, builder.one("div", {left, right}));
      return real ? builder.one("trunc", {quotient}) : Result<ValueId>(quotient);
    }
    case TensorBinary::Fmod: return builder.one("mod", {left, right}, {{"fmod", true}});
    case TensorBinary::Add:
    case TensorBinary::Subtract:
    case TensorBinary::Multiply:
    case TensorBinary::Divide:
    case TensorBinary::Remainder:
    case TensorBinary::Power:
    case TensorBinary::Minimum:
    case TensorBinary::Maximum:
    case TensorBinary::BitAnd:
    case TensorBinary::BitOr:
    case TensorBinary::BitXor:
    case TensorBinary::ShiftLeft:
    case TensorBinary::ShiftRight: return builder.one(row_of(op).row, {left, right});
  }
  return Failure{};
}

/// The number behind a value that is a known Python number.
std::optional<double> number_of(const Value& value) {
  if (const auto* real = std::get_if<double>(&value)) return *real;
  if (const auto* integer = std::get_if<Dim>(&value)) {
    if (const auto constant = integer->as_constant()) return static_cast<double>(*constant);
  }
  return std::nullopt;
}

/// Powers that PyTorch computes without pow(); nothing for others.
Result<std::optional<ValueId>> simple_power(GraphBuilder& builder, ValueId x, double exponent) {
  std::optional<ValueId> result;
  const auto keep = [&](Result<ValueId> value) -> Status {
    if (!value) return Failure{};
    result = *value;
    return {};
  };
  if (exponent == 1.0) {
    result = x;
  } else if (exponent == 2.0) {
    LATHE_TRY_VOID(keep(builder.one("mul", {x, x})));
  } else if (exponent == 3.0) {
    LATHE_TRY(const ValueId square, builder.one("mul", {x, x}));
    LATHE_TRY_VOID(keep(builder.one("mul", {square, x})));
  } else if (is_float(builder.tensor(x).element)) {
    if (exponent == 0.5) LATHE_TRY_VOID(keep(builder.one("sqrt", {x})));
    if (exponent == -0.5) LATHE_TRY_VOID(keep(builder.one("rsqrt", {x})));
    if (exponent == -1.0) LATHE_TRY_VOID(keep(builder.one("reciprocal", {x})));
  }
  return result;
}

Status require_element(Tracer& tracer, TensorBinary op, ElementType element) {
  const bool bits = op == TensorBinary::BitAnd || op == TensorBinary::BitOr || op == TensorBinary::BitXor ||
                    op == TensorBinary::ShiftLeft || op == TensorBinary::ShiftRight;
  if (bits && is_float(element)) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("cannot {} tensors of type {}: bits are those of integers and bools",
                                    row_of(op).verb, dtype_text(element)))
        .emit();
  }
  if (op == TensorBinary::Subtract && element == ElementType::Boolean) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        "`-` of two bool tensors: use `^` or `torch.logical_xor`, or `~` for the inverse")
        .emit();
  }
  return {};
}

}  // namespace

Result<Shape> broadcast_shapes(Tracer& tracer, const Shape& left, const Shape& right, std::string_view what) {
  Shape shape = left.size() >= right.size() ? left : right;
  const Shape& other = left.size() >= right.size() ? right : left;
  const size_t offset = shape.size() - other.size();
  const SymbolTable& symbols = tracer.module().symbols;
  for (size_t i = 0; i < other.size(); ++i) {
    Dim& size = shape[offset + i];
    const Dim& meets = other[i];
    if (meets.is_constant(1)) continue;
    if (size.is_constant(1)) {
      size = meets;
      continue;
    }
    if (symbols.prove_eq(size, meets) != Answer::No) {
      if (meets.is_constant()) size = meets;
      continue;
    }
    const size_t axis = offset + i;
    const Dim& a = left.size() >= right.size() ? size : meets;
    const Dim& b = left.size() >= right.size() ? meets : size;
    const OriginTable& origins = tracer.module().origins;
    return tensor_error(tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                        fmt::format("cannot {} {} and {}: axis {} is {} against {}", what, Tracer::shape_text(left),
                                    Tracer::shape_text(right),
                                    left.size() == right.size() ? fmt::format("{}", axis)
                                                                : fmt::format("-{}", shape.size() - axis),
                                    a.python_text(), b.python_text()))
        .explain(origins, a)
        .explain(origins, b)
        .emit();
  }
  return shape;
}

Result<TensorId> binary_operation(Tracer& tracer, TensorBinary op, const Value& left, const Value& right) {
  const BinaryRow& row = row_of(op);
  LATHE_TRY_VOID(require_operand(tracer, left, row.row));
  LATHE_TRY_VOID(require_operand(tracer, right, row.row));
  LATHE_TRY([[maybe_unused]] const Shape shape,
            broadcast_shapes(tracer, shape_of(tracer, left), shape_of(tracer, right), row.verb));
  ElementType element = tracer.promoted(left, right);
  if (op == TensorBinary::Divide && !is_float(element)) element = ElementType::F32;
  LATHE_TRY_VOID(require_element(tracer, op, element));
  const LocationId where = tracer.here();
  if (element == ElementType::Boolean) {
    const std::string_view logical = boolean_row(op);
    if (!logical.empty()) {
      LATHE_TRY(const ValueId a, tracer.operand_as(left, element, where));
      LATHE_TRY(const ValueId b, tracer.operand_as(right, element, where));
      LATHE_TRY(const ValueId value, tracer.builder().one(logical, {a, b}));
      return tracer.add(value);
    }
    element = ElementType::I64;
  }
  LATHE_TRY(const ValueId a, tracer.operand_as(left, element, where));
  const auto exponent = op == TensorBinary::Power ? number_of(right) : std::nullopt;
  if (exponent) {
    LATHE_TRY(const std::optional<ValueId> simple, simple_power(tracer.builder(), a, *exponent));
    if (simple) return tracer.add(*simple);
  }
  LATHE_TRY(const ValueId b, tracer.operand_as(right, element, where));
  LATHE_TRY(const ValueId value, build_binary(tracer.builder(), op, a, b));
  return tracer.add(value);
}

Result<TensorId> compare_operation(Tracer& tracer, TensorCompare op, const Value& left, const Value& right) {
  const std::string_view row = kCompareRows[static_cast<size_t>(op)];
  LATHE_TRY_VOID(require_operand(tracer, left, row));
  LATHE_TRY_VOID(require_operand(tracer, right, row));
  LATHE_TRY([[maybe_unused]] const Shape shape,
            broadcast_shapes(tracer, shape_of(tracer, left), shape_of(tracer, right), "compare"));
  ElementType element = tracer.promoted(left, right);
  const bool ordered = op != TensorCompare::Equal && op != TensorCompare::NotEqual;
  if (ordered && element == ElementType::Boolean) element = ElementType::U8;
  LATHE_TRY(const ValueId a, tracer.operand_as(left, element, tracer.here()));
  LATHE_TRY(const ValueId b, tracer.operand_as(right, element, tracer.here()));
  LATHE_TRY(const ValueId value, tracer.builder().one(row, {a, b}));
  return tracer.add(value);
}

Result<TensorId> cast_operation(Tracer& tracer, TensorId x, ElementType element) {
  if (tracer.element(x) == element) return x;
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId converted, tracer.builder().cast(value, element));
  return tracer.add(converted);
}

Result<TensorId> float_unary(Tracer& tracer, std::string_view row, TensorId x, std::vector<NamedAttribute> attributes) {
  LATHE_TRY(ValueId value, tracer.value(x));
  if (!is_float(tracer.element(x))) {
    LATHE_TRY(value, tracer.builder().cast(value, ElementType::F32));
  }
  LATHE_TRY(const ValueId result, tracer.builder().one(row, {value}, std::move(attributes)));
  return tracer.add(result);
}

Result<TensorId> same_unary(Tracer& tracer, std::string_view row, TensorId x, std::vector<NamedAttribute> attributes) {
  const ElementSet allowed = op_named(row).operands[0].elements;
  const ElementType element = tracer.element(x);
  if (!allowed.contains(element)) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("`{}` is not defined for tensors of type {}", row, dtype_text(element)))
        .emit();
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result, tracer.builder().one(row, {value}, std::move(attributes)));
  return tracer.add(result);
}

Result<TensorId> where_operation(Tracer& tracer, TensorId condition, const Value& a, const Value& b) {
  LATHE_TRY_VOID(require_operand(tracer, a, "where"));
  LATHE_TRY_VOID(require_operand(tracer, b, "where"));
  LATHE_TRY(const Shape choices, broadcast_shapes(tracer, shape_of(tracer, a), shape_of(tracer, b), "choose between"));
  LATHE_TRY([[maybe_unused]] const Shape all,
            broadcast_shapes(tracer, tracer.dims(condition), choices, "choose by a condition"));
  const ElementType element = tracer.promoted(a, b);
  LATHE_TRY(const ValueId test, tracer.operand_as(condition, ElementType::Boolean, tracer.here()));
  LATHE_TRY(const ValueId left, tracer.operand_as(a, element, tracer.here()));
  LATHE_TRY(const ValueId right, tracer.operand_as(b, element, tracer.here()));
  LATHE_TRY(const ValueId value, tracer.builder().one("where", {test, left, right}));
  return tracer.add(value);
}

Result<TensorId> clamp_operation(Tracer& tracer, TensorId x, const Value& low, const Value& high) {
  if (is_none(low) && is_none(high)) {
    return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError", "clamp needs `min`, `max` or both").emit();
  }
  const auto lower = number_of(low);
  const auto upper = number_of(high);
  const bool plain = (lower || is_none(low)) && (upper || is_none(high));
  std::vector<Value> operands{x};
  if (!is_none(low)) operands.push_back(low);
  if (!is_none(high)) operands.push_back(high);
  const ElementType element = result_type(tracer, operands);
  if (plain && is_float(element)) {
    LATHE_TRY(const ValueId value, tracer.operand_as(x, element, tracer.here()));
    std::vector<NamedAttribute> attributes;
    if (lower) attributes.push_back({"min", *lower});
    if (upper) attributes.push_back({"max", *upper});
    LATHE_TRY(const ValueId result, tracer.builder().one("clamp", {value}, std::move(attributes)));
    return tracer.add(result);
  }
  TensorId result = x;
  if (!is_none(low)) {
    LATHE_TRY(result, binary_operation(tracer, TensorBinary::Maximum, result, low));
  }
  if (!is_none(high)) {
    LATHE_TRY(result, binary_operation(tracer, TensorBinary::Minimum, result, high));
  }
  return result;
}

}  // namespace lathe::torch
