// The executable definition of the scalar operations: slow next to compiled code, and obvious.
#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "ir/base/float_formats.h"
#include "ir/scalar/expression.h"

namespace lathe {
namespace {

using Operands = std::span<const ScalarColumn* const>;

/// Rounds the result of an operation: narrow floats compute in f32.
double round_result(ElementType type, double value) {
  if (type == ElementType::F64) return value;
  const auto single = static_cast<double>(static_cast<float>(value));
  return type == ElementType::F32 ? single : round_to_float_type(type, single);
}

/// One operation on columns. f32 operations may be computed in double where rounding twice is harmless
/// (add, sub, mul, div, sqrt: 53 bits are enough for 24).
struct Evaluation {
  ElementType type;  ///< of the result
  Operands operands;
  size_t count;
  ScalarColumn& result;

  [[nodiscard]] ElementType operand_type() const { return operands.back()->type; }
  [[nodiscard]] bool on_floats() const { return is_float(operand_type()); }
  [[nodiscard]] bool unsigned_64() const { return operand_type() == ElementType::U64; }

  template <class F>
  void real1(F f) const {
    for (size_t i = 0; i < count; ++i) result.reals[i] = round_result(type, f(operands[0]->reals[i]));
  }
  template <class F>
  void real2(F f) const {
    for (size_t i = 0; i < count; ++i) {
      result.reals[i] = round_result(type, f(operands[0]->reals[i], operands[1]->reals[i]));
    }
  }
  /// `f` works on unsigned 64-bit numbers, whose wrap-around is defined; its result is wrapped into the type.
  template <class F>
  void integer1(F f) const {
    for (size_t i = 0; i < count; ++i) {
      result.integers[i] = wrap_to_type(type, static_cast<int64_t>(f(static_cast<uint64_t>(operands[0]->integers[i]))));
    }
  }
  template <class F>
  void integer2(F f) const {
    for (size_t i = 0; i < count; ++i) {
      const auto a = static_cast<uint64_t>(operands[0]->integers[i]);
      const auto b = static_cast<uint64_t>(operands[1]->integers[i]);
      result.integers[i] = wrap_to_type(type, static_cast<int64_t>(f(a, b)));
    }
  }
  /// `f` is generic: it gets two doubles, int64_t or uint64_t and gives one.
  template <class F>
  void number2(F f) const {
    if (on_floats()) {
      real2(f);
    } else if (unsigned_64()) {
      integer2([&](uint64_t a, uint64_t b) { return f(a, b); });
    } else {
      integer2([&](uint64_t a, uint64_t b) { return f(static_cast<int64_t>(a), static_cast<int64_t>(b)); });
    }
  }
  /// `f` is generic and gives a bool.
  template <class F>
  void compare(F f) const {
    const ScalarColumn& a = *operands[0];
    const ScalarColumn& b = *operands[1];
    for (size_t i = 0; i < count; ++i) {
      bool holds = false;
      if (on_floats()) {
        holds = f(a.reals[i], b.reals[i]);
      } else if (unsigned_64()) {
        holds = f(static_cast<uint64_t>(a.integers[i]), static_cast<uint64_t>(b.integers[i]));
      } else {
        holds = f(a.integers[i], b.integers[i]);
      }
      result.integers[i] = holds ? 1 : 0;
    }
  }

  void div() const;
  void mod(ScalarOp op) const;
  void select() const;
  void cast() const;
  void shift(ScalarOp op) const;
  void pow() const;
  void fma() const;
};

void Evaluation::div() const {
  if (on_floats()) return real2([](double a, double b) { return a / b; });
  if (unsigned_64()) return integer2([](uint64_t a, uint64_t b) { return b == 0 ? 0 : a / b; });
  integer2([](uint64_t a, uint64_t b) -> uint64_t {
    if (b == 0) return 0;
    if (b == ~uint64_t{0}) return uint64_t{0} - a;
    return static_cast<uint64_t>(static_cast<int64_t>(a) / static_cast<int64_t>(b));
  });
}

double floor_modulo(double a, double b) {
  const double rest = std::fmod(a, b);
  if (rest == 0.0) return std::copysign(0.0, b);
  return (rest < 0.0) != (b < 0.0) ? rest + b : rest;
}

uint64_t signed_remainder(uint64_t a, uint64_t b) {
  if (b == 0 || b == ~uint64_t{0}) return 0;
  return static_cast<uint64_t>(static_cast<int64_t>(a) % static_cast<int64_t>(b));
}

void Evaluation::mod(ScalarOp op) const {
  const bool floored = op == ScalarOp::FloorMod;
  if (on_floats()) {
    if (floored) return real2(floor_modulo);
    return real2([](double a, double b) { return std::fmod(a, b); });
  }
  if (unsigned_64()) return integer2([](uint64_t a, uint64_t b) { return b == 0 ? 0 : a % b; });
  integer2([floored](uint64_t a, uint64_t b) {
    const uint64_t rest = signed_remainder(a, b);
    const bool signs_differ = (static_cast<int64_t>(rest) < 0) != (static_cast<int64_t>(b) < 0);
    return floored && rest != 0 && signs_differ ? rest + b : rest;
  });
}

void Evaluation::select() const {
  for (size_t i = 0; i < count; ++i) {
    const ScalarColumn& chosen = operands[0]->integers[i] != 0 ? *operands[1] : *operands[2];
    if (is_float(type)) {
      result.reals[i] = chosen.reals[i];
    } else {
      result.integers[i] = chosen.integers[i];
    }
  }
}

/// Truncates to an integer type, saturating; NaN gives 0.
int64_t float_to_integer(ElementType type, double value) {
  if (std::isnan(value)) return 0;
  if (type == ElementType::U64) {
    if (value >= 0x1p64) return -1;
    return value <= 0.0 ? 0 : static_cast<int64_t>(static_cast<uint64_t>(value));
  }
  const uint32_t bits = info(type).bits;
  const double end = std::ldexp(1.0, static_cast<int>(is_signed(type) ? bits - 1 : bits));
  const double low = is_signed(type) ? -end : 0.0;
  if (value <= low) return static_cast<int64_t>(low);
  if (value >= end)
    return is_signed(type) ? static_cast<int64_t>((uint64_t{1} << (bits - 1)) - 1) : wrap_to_type(type, -1);
  return static_cast<int64_t>(value);
}

double integer_to_float(ElementType from, ElementType to, int64_t value) {
  const auto large = static_cast<uint64_t>(value);
  if (to == ElementType::F64) {
    return from == ElementType::U64 ? static_cast<double>(large) : static_cast<double>(value);
  }
  const float single = from == ElementType::U64 ? static_cast<float>(large) : static_cast<float>(value);
  return round_to_float_type(to, static_cast<double>(single));
}

void Evaluation::cast() const {
  const ScalarColumn& a = *operands[0];
  const ElementType from = a.type;
  for (size_t i = 0; i < count; ++i) {
    if (is_float(from) && is_float(type)) {
      result.reals[i] = round_to_float_type(type, a.reals[i]);
    } else if (is_float(type)) {
      result.reals[i] = integer_to_float(from, type, a.integers[i]);
    } else if (!is_float(from)) {
      result.integers[i] = wrap_to_type(type, a.integers[i]);
    } else if (type == ElementType::Boolean) {
      result.integers[i] = a.reals[i] != 0.0 ? 1 : 0;
    } else {
      result.integers[i] = float_to_integer(type, a.reals[i]);
    }
  }
}

void Evaluation::shift(ScalarOp op) const {
  const uint32_t bits = info(type).bits;
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  const bool arithmetic = op == ScalarOp::Shr && is_signed(type);
  integer2([=](uint64_t a, uint64_t b) -> uint64_t {
    const uint64_t distance = b & mask;
    if (arithmetic) {
      return static_cast<uint64_t>(static_cast<int64_t>(a) >> std::min<uint64_t>(distance, 63));
    }
    if (distance >= bits) return 0;
    return op == ScalarOp::Shl ? a << distance : (a & mask) >> distance;
  });
}

uint64_t integer_power(ElementType type, uint64_t base, uint64_t exponent) {
  if (type != ElementType::U64 && static_cast<int64_t>(exponent) < 0) {
    if (base == 1) return 1;
    if (static_cast<int64_t>(base) == -1) return (exponent & 1) != 0 ? base : 1;
    return 0;
  }
  uint64_t power = 1;
  for (; exponent != 0; exponent >>= 1) {
    if ((exponent & 1) != 0) power *= base;
    base *= base;
  }
  return power;
}

void Evaluation::pow() const {
  if (on_floats()) return real2([](double a, double b) { return std::pow(a, b); });
  integer2([this](uint64_t a, uint64_t b) { return integer_power(type, a, b); });
}

void Evaluation::fma() const {
  for (size_t i = 0; i < count; ++i) {
    const double a = operands[0]->reals[i];
    const double b = operands[1]->reals[i];
    const double c = operands[2]->reals[i];
    if (type == ElementType::F64) {
      result.reals[i] = std::fma(a, b, c);
    } else {
      const float single = std::fma(static_cast<float>(a), static_cast<float>(b), static_cast<float>(c));
      result.reals[i] = round_result(type, static_cast<double>(single));
    }
  }
}

template <class T>
T sign_of(T a) {
  if (a > T{0}) return T{1};
  if (a < T{0}) return T(-1);
  return a == T{0} ? T{0} : a;
}

double sigmoid(double a) {
  const double e = std::exp(-std::abs(a));
  return a >= 0.0 ? 1.0 / (1.0 + e) : (a < 0.0 ? e / (1.0 + e) : a);
}

template <class T>
T minimum_of(T a, T b) {
  return b < a || b != b ? b : a;  // NOLINT(misc-redundant-expression)
}

template <class T>
T maximum_of(T a, T b) {
  return b > a || b != b ? b : a;  // NOLINT(misc-redundant-expression)
}

void bitcast(const Evaluation& e) {
  for (size_t i = 0; i < e.count; ++i) e.result.set(i, value_of_bits(e.type, bits_of(e.operands[0]->at(i))));
}

void float_test(const Evaluation& e, bool (*test)(double)) {
  for (size_t i = 0; i < e.count; ++i) e.result.integers[i] = test(e.operands[0]->reals[i]) ? 1 : 0;
}

void negate(const Evaluation& e) {
  if (!e.on_floats()) return e.integer1([](uint64_t a) { return uint64_t{0} - a; });
  e.real1([](double a) { return -a; });
}

void absolute(const Evaluation& e) {
  if (e.on_floats()) return e.real1([](double a) { return std::fabs(a); });
  const bool is_signed_type = is_signed(e.type);
  e.integer1([=](uint64_t a) { return is_signed_type && static_cast<int64_t>(a) < 0 ? uint64_t{0} - a : a; });
}

void sign(const Evaluation& e) {
  if (e.on_floats()) return e.real1(sign_of<double>);
  if (e.unsigned_64()) return e.integer1(sign_of<uint64_t>);
  e.integer1([](uint64_t a) { return static_cast<uint64_t>(sign_of(static_cast<int64_t>(a))); });
}

/// Sums and products of integers wrap, so they are computed unsigned.
template <class F>
void wrapping(const Evaluation& e, F f) {
  if (e.on_floats()) return e.real2(f);
  e.integer2(f);
}

void evaluate_arithmetic(ScalarOp op, const Evaluation& e) {
  switch (op) {
    case ScalarOp::Argument:
    case ScalarOp::Constant: break;
    case ScalarOp::Add: return wrapping(e, [](auto a, auto b) { return a + b; });
    case ScalarOp::Sub: return wrapping(e, [](auto a, auto b) { return a - b; });
    case ScalarOp::Mul: return wrapping(e, [](auto a, auto b) { return a * b; });
    case ScalarOp::Div: return e.div();
    case ScalarOp::FloorMod:
    case ScalarOp::Remainder: return e.mod(op);
    case ScalarOp::Neg: return negate(e);
    case ScalarOp::Abs: return absolute(e);
    case ScalarOp::Sign: return sign(e);
    case ScalarOp::Floor: return e.real1([](double a) { return std::floor(a); });
    case ScalarOp::Ceil: return e.real1([](double a) { return std::ceil(a); });
    case ScalarOp::Trunc: return e.real1([](double a) { return std::trunc(a); });
    case ScalarOp::RoundEven: return e.real1([](double a) { return std::nearbyint(a); });
    case ScalarOp::Sqrt: return e.real1([](double a) { return std::sqrt(a); });
    case ScalarOp::Fma: return e.fma();
    case ScalarOp::Min: return e.number2([](auto a, auto b) { return minimum_of(a, b); });
    case ScalarOp::Max: return e.number2([](auto a, auto b) { return maximum_of(a, b); });
    case ScalarOp::Exp: return e.real1([](double a) { return std::exp(a); });
    case ScalarOp::Expm1: return e.real1([](double a) { return std::expm1(a); });
    case ScalarOp::Log: return e.real1([](double a) { return std::log(a); });
    case ScalarOp::Log1p: return e.real1([](double a) { return std::log1p(a); });
    case ScalarOp::Sin: return e.real1([](double a) { return std::sin(a); });
    case ScalarOp::Cos: return e.real1([](double a) { return std::cos(a); });
    case ScalarOp::Tan: return e.real1([](double a) { return std::tan(a); });
    case ScalarOp::Asin: return e.real1([](double a) { return std::asin(a); });
    case ScalarOp::Acos: return e.real1([](double a) { return std::acos(a); });
    case ScalarOp::Atan: return e.real1([](double a) { return std::atan(a); });
    case ScalarOp::Sinh: return e.real1([](double a) { return std::sinh(a); });
    case ScalarOp::Cosh: return e.real1([](double a) { return std::cosh(a); });
    case ScalarOp::Tanh: return e.real1([](double a) { return std::tanh(a); });
    case ScalarOp::Asinh: return e.real1([](double a) { return std::asinh(a); });
    case ScalarOp::Acosh: return e.real1([](double a) { return std::acosh(a); });
    case ScalarOp::Atanh: return e.real1([](double a) { return std::atanh(a); });
    case ScalarOp::Erf: return e.real1([](double a) { return std::erf(a); });
    case ScalarOp::Sigmoid: return e.real1(sigmoid);
    case ScalarOp::Pow: return e.pow();
    case ScalarOp::And: return e.integer2([](uint64_t a, uint64_t b) { return a & b; });
    case ScalarOp::Or: return e.integer2([](uint64_t a, uint64_t b) { return a | b; });
    case ScalarOp::Xor: return e.integer2([](uint64_t a, uint64_t b) { return a ^ b; });
    case ScalarOp::Not:
      if (e.type == ElementType::Boolean) return e.integer1([](uint64_t a) { return a ^ 1; });
      return e.integer1([](uint64_t a) { return ~a; });
    case ScalarOp::Shl:
    case ScalarOp::Shr:
    case ScalarOp::ShrLogical: return e.shift(op);
    case ScalarOp::Eq: return e.compare([](auto a, auto b) { return a == b; });
    case ScalarOp::Ne: return e.compare([](auto a, auto b) { return a != b; });
    case ScalarOp::Lt: return e.compare([](auto a, auto b) { return a < b; });
    case ScalarOp::Le: return e.compare([](auto a, auto b) { return a <= b; });
    case ScalarOp::Gt: return e.compare([](auto a, auto b) { return a > b; });
    case ScalarOp::Ge: return e.compare([](auto a, auto b) { return a >= b; });
    case ScalarOp::Select: return e.select();
    case ScalarOp::Cast: return e.cast();
    case ScalarOp::Bitcast: return bitcast(e);
    case ScalarOp::IsNan: return float_test(e, [](double a) { return std::isnan(a); });
    case ScalarOp::IsInf: return float_test(e, [](double a) { return std::isinf(a); });
  }
  internal_error("an argument or a constant is not evaluated", __FILE__, __LINE__);
}

}  // namespace

void evaluate_op(ScalarOp op, ElementType type, Operands operands, size_t count, ScalarColumn& result) {
  result.type = type;
  result.resize(count);
  evaluate_arithmetic(op, Evaluation{type, operands, count, result});
}

ScalarValue evaluate_op(ScalarOp op, ElementType type, std::span<const ScalarValue> operands) {
  std::array<ScalarColumn, 3> columns;
  std::array<const ScalarColumn*, 3> pointers{};
  for (size_t i = 0; i < operands.size(); ++i) {
    columns[i] = ScalarColumn(operands[i].type, 1);
    columns[i].set(0, operands[i]);
    pointers[i] = &columns[i];
  }
  ScalarColumn result;
  evaluate_op(op, type, std::span(pointers).first(operands.size()), 1, result);
  return result.at(0);
}

ScalarColumn evaluate(const ScalarExpression& expression, std::span<const ScalarColumn> arguments, size_t count) {
  std::vector<ScalarColumn> values(expression.nodes.size());
  std::vector<const ScalarColumn*> where(expression.nodes.size());
  for (uint32_t i = 0; i < expression.nodes.size(); ++i) {
    const ScalarNode& node = expression.nodes[ScalarId(i)];
    where[i] = &values[i];
    if (node.op == ScalarOp::Argument) {
      LATHE_CHECK(node.argument < arguments.size() && arguments[node.argument].type == node.type);
      where[i] = &arguments[node.argument];
      continue;
    }
    values[i].type = node.type;
    if (node.op == ScalarOp::Constant) {
      values[i].reals.assign(is_float(node.type) ? count : 0, node.immediate.real);
      values[i].integers.assign(is_float(node.type) ? 0 : count, node.immediate.integer);
      continue;
    }
    std::array<const ScalarColumn*, 3> operands{};
    const size_t arity = info(node.op).arity;
    for (size_t k = 0; k < arity; ++k) operands[k] = where[node.operands[k].index];
    evaluate_op(node.op, node.type, std::span(operands).first(arity), count, values[i]);
  }
  return *where[expression.result.index];
}

ScalarValue evaluate(const ScalarExpression& expression, std::span<const ScalarValue> arguments) {
  std::vector<ScalarColumn> columns;
  columns.reserve(arguments.size());
  for (const ScalarValue& argument : arguments) {
    columns.emplace_back(argument.type, 1);
    columns.back().set(0, argument);
  }
  return evaluate(expression, columns, 1).at(0);
}

}  // namespace lathe
