// Scalar operations in the words of lathe/simd.h; their meaning is in scalar_ops.def.
#include <fmt/format.h>

#include <bit>
#include <cmath>

#include "compiler/codegen/cpp_emitter.h"

namespace lathe::codegen {
namespace {

bool is_narrow(ElementType element) { return is_float(element) && info(element).bits < 32; }
bool has_4_bits(ElementType element) { return info(element).bits == 4; }

/// The type in which values of an element type are computed on.
ElementType held_as(ElementType element) {
  if (is_narrow(element)) return ElementType::F32;
  if (element == ElementType::I4) return ElementType::I8;
  if (element == ElementType::U4) return ElementType::U8;
  return element;
}

std::string_view format_name(ElementType element) {
  switch (element) {
    case ElementType::F16: return "F16";
    case ElementType::BF16: return "Bf16";
    case ElementType::F8E4M3FN: return "F8E4M3Fn";
    case ElementType::F8E4M3FNUZ: return "F8E4M3Fnuz";
    case ElementType::F8E5M2: return "F8E5M2";
    case ElementType::F8E5M2FNUZ: return "F8E5M2Fnuz";
    case ElementType::Boolean:
    case ElementType::I4:
    case ElementType::I8:
    case ElementType::I16:
    case ElementType::I32:
    case ElementType::I64:
    case ElementType::U4:
    case ElementType::U8:
    case ElementType::U16:
    case ElementType::U32:
    case ElementType::U64:
    case ElementType::F32:
    case ElementType::F64:
    case ElementType::String: break;
  }
  internal_error("a type that is no narrow float", __FILE__, __LINE__);
}

std::string float_literal(ElementType element, double value) {
  const bool single = element != ElementType::F64;
  if (std::isnan(value)) return single ? "bits<float>(0x7fc00000u)" : "bits<double>(uint64_t{0x7ff8000000000000u})";
  if (std::isinf(value)) {
    return fmt::format("{}static_cast<{}>(INFINITY)", value < 0 ? "-" : "", single ? "float" : "double");
  }
  std::string text = single ? fmt::format("{}", static_cast<float>(value)) : fmt::format("{}", value);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return single ? text + "f" : text;
}

std::string integer_literal(ElementType element, int64_t value) {
  switch (element) {
    case ElementType::I64: return value == INT64_MIN ? "INT64_MIN" : fmt::format("INT64_C({})", value);
    case ElementType::U64: return fmt::format("UINT64_C({})", static_cast<uint64_t>(value));
    case ElementType::U32: return fmt::format("{}u", static_cast<uint32_t>(value));
    case ElementType::I32: return value == INT32_MIN ? "INT32_MIN" : fmt::format("{}", value);
    case ElementType::Boolean:
    case ElementType::I4:
    case ElementType::I8:
    case ElementType::I16:
    case ElementType::U4:
    case ElementType::U8:
    case ElementType::U16:
    case ElementType::F8E4M3FN:
    case ElementType::F8E4M3FNUZ:
    case ElementType::F8E5M2:
    case ElementType::F8E5M2FNUZ:
    case ElementType::F16:
    case ElementType::BF16:
    case ElementType::F32:
    case ElementType::F64:
    case ElementType::String: return fmt::format("{}", value);
  }
  return {};
}

}  // namespace

std::string CppEmitter::type_name(kernel::ValueType type) {
  const ElementType held = held_as(type.element);
  if (type.lanes == 1) {
    return held == ElementType::Boolean ? "bool" : std::string(memory_type_name(held));
  }
  vector_types_.insert({held, type.lanes});
  return fmt::format("{}x{}", info(held).text, type.lanes);
}

std::string CppEmitter::define(kernel::ValueType type, const std::string& expression) {
  const std::string name = fmt::format("v{}", ++counter_);
  // A mask is of the type that its comparison gives.
  const bool is_mask = type.element == ElementType::Boolean && type.lanes > 1;
  line(fmt::format("const {} {} = {};", is_mask ? "auto" : type_name(type), name, expression));
  value_types_.insert_or_assign(name, type);
  return name;
}

std::string CppEmitter::number(ElementType element, const ScalarValue& value) const {
  if (is_float(element)) return float_literal(element, value.real);
  if (element == ElementType::Boolean) return value.integer != 0 ? "true" : "false";
  return integer_literal(element, value.integer);
}

std::string CppEmitter::constant(kernel::ValueType type, const ScalarValue& value) {
  return broadcast(type, number(type.element, value));
}

std::string CppEmitter::broadcast(kernel::ValueType type, const Value& value) {
  if (type.lanes == 1) return define(type, value);
  if (type.element == ElementType::Boolean) return define(type, fmt::format("splat_mask<{}>({})", type.lanes, value));
  return define(type, fmt::format("splat<{}>({})", type_name(type), value));
}

std::string CppEmitter::index_vector(kernel::ValueType type, const CppInteger& index, const CppInteger& stride) {
  const kernel::ValueType wide{ElementType::I64, type.lanes};
  const std::string lanes =
      define(wide, fmt::format("lanes_from<{}>({}, {})", type_name(wide), index.text, stride.text));
  return type.element == ElementType::I64 ? lanes : define(type, cast(type, ElementType::I64, lanes));
}

std::string CppEmitter::shuffle(kernel::ValueType type, kernel::ValueType source, const Value& first,
                                const Value& second, std::span<const uint32_t> lanes) {
  if (source.lanes == 1 && source.element == ElementType::Boolean && type.lanes > 1) {
    std::string items;
    for (const uint32_t lane : lanes) {
      items += fmt::format("{}{}", items.empty() ? "" : ", ", lane == 0 ? first : second);
    }
    const kernel::ValueType bytes{ElementType::I8, type.lanes};
    return define(type, fmt::format("to_mask(from_lanes<{}>({}))", type_name(bytes), items));
  }
  std::string picks;
  for (const uint32_t lane : lanes) picks += fmt::format("{}{}", picks.empty() ? "" : ", ", lane);
  return define(type, fmt::format("shuffle<{}>({}, {})", picks, first, second));
}

std::string CppEmitter::wrapped(ElementType element, const std::string& expression) const {
  if (is_narrow(element)) return fmt::format("round_as<{}>({})", format_name(element), expression);
  if (has_4_bits(element)) return fmt::format("wrap_4_bits({})", expression);
  return expression;
}

std::string CppEmitter::scalar(ScalarOp op, kernel::ValueType type, ElementType operand_type,
                               std::span<const Value> operands) {
  if (op == ScalarOp::Cast) return define(type, cast(type, operand_type, operands[0]));
  if (op == ScalarOp::Bitcast) return define(type, bitcast(type, operand_type, operands[0]));
  if (type.element == ElementType::Boolean) return define(type, boolean_arithmetic(op, type, operands));
  const std::string expression = arithmetic(op, type, operands);
  // These give one of their operands, or one with another sign: there is nothing to round.
  const bool exact = op == ScalarOp::Select || op == ScalarOp::Min || op == ScalarOp::Max ||
                     (is_float(type.element) && (op == ScalarOp::Abs || op == ScalarOp::Neg));
  const bool zero_has_no_sign = is_narrow(type.element) && op == ScalarOp::Neg;
  return define(type, exact && !zero_has_no_sign ? expression : wrapped(type.element, expression));
}

std::string CppEmitter::boolean_arithmetic(ScalarOp op, kernel::ValueType type, std::span<const Value> operands) {
  const std::string& a = operands[0];
  const std::string b = operands.size() > 1 ? operands[1] : std::string();
  const auto call = [&](std::string_view name) { return fmt::format("{}({}, {})", name, a, b); };
  const bool scalar_flag = type.lanes == 1;
  switch (op) {
    case ScalarOp::Eq: return call("equal");
    case ScalarOp::Ne: return call("not_equal");
    case ScalarOp::Lt: return call("less");
    case ScalarOp::Le: return call("less_equal");
    case ScalarOp::Gt: return call("greater");
    case ScalarOp::Ge: return call("greater_equal");
    case ScalarOp::IsNan: return fmt::format("is_nan({})", a);
    case ScalarOp::IsInf: return fmt::format("is_infinite({})", a);
    case ScalarOp::And: return fmt::format("{} {} {}", a, scalar_flag ? "&&" : "&", b);
    case ScalarOp::Or: return fmt::format("{} {} {}", a, scalar_flag ? "||" : "|", b);
    case ScalarOp::Xor: return fmt::format("{} {} {}", a, scalar_flag ? "!=" : "^", b);
    case ScalarOp::Not: return fmt::format("{}{}", scalar_flag ? "!" : "~", a);
    case ScalarOp::Select: return fmt::format("select({}, {}, {})", a, b, operands[2]);
    default: internal_error("an operation that gives no bool", __FILE__, __LINE__);
  }
}

std::string CppEmitter::arithmetic(ScalarOp op, kernel::ValueType type, std::span<const Value> operands) {
  const std::string& a = operands[0];
  const std::string b = operands.size() > 1 ? operands[1] : std::string();
  const bool real = is_float(type.element);
  const auto one = [&](std::string_view name) { return fmt::format("{}({})", name, a); };
  const auto two = [&](std::string_view name) { return fmt::format("{}({}, {})", name, a, b); };
  const auto infix = [&](std::string_view sign, std::string_view name) {
    return real ? fmt::format("{} {} {}", a, sign, b) : two(name);
  };
  const auto shift = [&](std::string_view name) {
    return fmt::format("{}<{}>({}, {})", name, info(type.element).bits, a, b);
  };
  const auto bitwise = [&](std::string_view sign) {
    const std::string expression = fmt::format("{} {} {}", a, sign, b);
    return type.lanes == 1 ? fmt::format("static_cast<{}>({})", type_name(type), expression) : expression;
  };
  const auto library = [&](std::string_view name) {
    return b.empty() ? fmt::format("in_double({}, {})", name, a) : fmt::format("in_double({}, {}, {})", name, a, b);
  };
  switch (op) {
    case ScalarOp::Add: return infix("+", "add");
    case ScalarOp::Sub: return infix("-", "subtract");
    case ScalarOp::Mul: return infix("*", "multiply");
    case ScalarOp::Div: return infix("/", "divide");
    case ScalarOp::FloorMod: return two("floor_modulo");
    case ScalarOp::Remainder: return two("truncated_remainder");
    case ScalarOp::Neg: return real ? "-" + a : one("negate");
    case ScalarOp::Abs: return one("absolute");
    case ScalarOp::Sign: return one("sign");
    case ScalarOp::Floor: return one("floor");
    case ScalarOp::Ceil: return one("ceil");
    case ScalarOp::Trunc: return one("trunc");
    case ScalarOp::RoundEven: return one("round_even");
    case ScalarOp::Sqrt: return one("square_root");
    case ScalarOp::Fma: return fmt::format("multiply_add({}, {}, {})", a, b, operands[2]);
    case ScalarOp::Min: return two("minimum");
    case ScalarOp::Max: return two("maximum");
    case ScalarOp::Exp:
    case ScalarOp::Expm1:
    case ScalarOp::Log:
    case ScalarOp::Log1p:
    case ScalarOp::Sin:
    case ScalarOp::Cos:
    case ScalarOp::Tan:
    case ScalarOp::Asin:
    case ScalarOp::Acos:
    case ScalarOp::Atan:
    case ScalarOp::Sinh:
    case ScalarOp::Cosh:
    case ScalarOp::Tanh:
    case ScalarOp::Asinh:
    case ScalarOp::Acosh:
    case ScalarOp::Atanh:
    case ScalarOp::Erf:
    case ScalarOp::Pow: return library("std::" + std::string(lathe::text(op)));
    case ScalarOp::Sigmoid: return library("sigmoid");
    case ScalarOp::And: return bitwise("&");
    case ScalarOp::Or: return bitwise("|");
    case ScalarOp::Xor: return bitwise("^");
    case ScalarOp::Not: return type.lanes == 1 ? fmt::format("static_cast<{}>(~{})", type_name(type), a) : "~" + a;
    case ScalarOp::Shl: return shift("shift_left");
    case ScalarOp::Shr: return shift("shift_right");
    case ScalarOp::ShrLogical: return shift("shift_right_logical");
    case ScalarOp::Select: return fmt::format("select({}, {}, {})", a, b, operands[2]);
    case ScalarOp::Argument:
    case ScalarOp::Constant:
    case ScalarOp::Eq:
    case ScalarOp::Ne:
    case ScalarOp::Lt:
    case ScalarOp::Le:
    case ScalarOp::Gt:
    case ScalarOp::Ge:
    case ScalarOp::Cast:
    case ScalarOp::Bitcast:
    case ScalarOp::IsNan:
    case ScalarOp::IsInf: break;
  }
  internal_error("a scalar operation that is no arithmetic", __FILE__, __LINE__);
}

std::string CppEmitter::cast(kernel::ValueType type, ElementType from, const Value& value) {
  const ElementType to = type.element;
  if (from == to) return value;
  if (to == ElementType::Boolean) return fmt::format("to_mask({})", value);
  if (from == ElementType::Boolean) return fmt::format("from_mask<{}>({})", type_name(type), value);
  const auto converted = [&](kernel::ValueType target) {
    return fmt::format("convert<{}>({})", type_name(target), value);
  };
  if (is_float(from) && is_float(to)) {
    if (to == ElementType::F64) return converted(type);
    if (from == ElementType::F64 && to != ElementType::F32) {
      return wrapped(to, fmt::format("to_odd<{}>({})", type_name(type), value));
    }
    if (from == ElementType::F64) return converted(type);
    return to == ElementType::F32 ? value : wrapped(to, value);
  }
  if (is_float(to)) return wrapped(to, converted({is_narrow(to) ? ElementType::F32 : to, type.lanes}));
  if (is_float(from)) {
    return has_4_bits(to) ? fmt::format("to_integer<{}, 4>({})", type_name(type), value)
                          : fmt::format("to_integer<{}>({})", type_name(type), value);
  }
  return wrapped(to, converted(type));
}

std::string CppEmitter::bitcast(kernel::ValueType type, ElementType from, const Value& value) {
  const std::string words = is_narrow(from) ? fmt::format("encode<{}>({})", format_name(from), value) : value;
  if (is_narrow(type.element)) {
    const ElementType word = info(type.element).bits == 8 ? ElementType::U8 : ElementType::U16;
    return fmt::format("decode<{}>(bits<{}>({}))", format_name(type.element), type_name({word, type.lanes}), words);
  }
  return wrapped(type.element, fmt::format("bits<{}>({})", type_name(type), words));
}

}  // namespace lathe::codegen
