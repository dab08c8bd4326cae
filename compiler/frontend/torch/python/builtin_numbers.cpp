// Built-in functions and classes of numbers: int, float, bool, abs, round, divmod, pow, chr, ord, hex ...
#include <charconv>
#include <cmath>
#include <limits>

#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {
namespace {

std::string stripped(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\n\r\f\v";
  const size_t begin = text.find_first_not_of(kBlanks);
  if (begin == std::string_view::npos) return {};
  return std::string(text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1));
}

/// Removes single `_` between digits; false when one stands elsewhere.
bool remove_separators(std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '_') {
      result.push_back(text[i]);
      continue;
    }
    const auto is_digit = [&](size_t at) {
      return at < text.size() && std::isalnum(static_cast<unsigned char>(text[at])) != 0;
    };
    if (i == 0 || !is_digit(i - 1) || !is_digit(i + 1)) return false;
  }
  text = std::move(result);
  return true;
}

Failure too_large(NativeCall& call) {
  return call.error(DiagnosticKind::Unsupported, "OverflowError", "integers beyond 64 bits").emit();
}

Result<Value> integer_of_text(NativeCall& call, const std::string& given, int64_t base) {
  std::string text = stripped(given);
  const auto malformed = [&] {
    return raise(call, "ValueError", "`int` can't read {} as a number to base {}",
                 call.evaluator.describe(call.argument("value")), base);
  };
  if (base != 0 && (base < 2 || base > 36)) return raise(call, "ValueError", "the base of `int` must be 0 or 2 to 36");
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  if (text.size() > 2 && text[0] == '0') {
    const char letter = static_cast<char>(text[1] | 0x20);
    const int64_t prefix = letter == 'x' ? 16 : letter == 'o' ? 8 : letter == 'b' ? 2 : 0;
    if (prefix != 0 && (base == 0 || base == prefix)) {
      base = prefix;
      text.erase(0, 2);
      if (text.starts_with('_')) text.erase(0, 1);
    }
  }
  if (base == 0) base = 10;
  if (!remove_separators(text) || text.empty()) return malformed();
  if (negative) text.insert(0, "-");
  int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, static_cast<int>(base));
  if (error == std::errc::result_out_of_range) return too_large(call);
  if (error != std::errc() || end != text.data() + text.size()) return malformed();
  return integer(value);
}

/// The whole number of a float that is rounded already.
Result<Value> whole_number(NativeCall& call, double value) {
  if (std::isnan(value)) return raise(call, "ValueError", "NaN can't be converted to an int");
  if (std::isinf(value)) return raise(call, "OverflowError", "infinity can't be converted to an int");
  constexpr double kLimit = 9223372036854775808.0;
  if (value >= kLimit || value < -kLimit) return too_large(call);
  return integer(static_cast<int64_t>(value));
}

/// What a method such as `__int__` of an instance gives; nothing when the class has none.
Result<std::optional<Value>> converted(NativeCall& call, const Value& value, std::string_view method) {
  const auto* instance = heap_of(call).as<InstanceObject>(value);
  if (instance == nullptr || find_in_class(call.evaluator, instance->type, method) == nullptr) {
    return std::optional<Value>();
  }
  LATHE_TRY(Value result, call.evaluator.call_method(value, method, {}, call.where));
  return std::optional<Value>(std::move(result));
}

Result<Value> make_int(NativeCall& call) {
  Value value = call.argument("value");
  LATHE_RETURN_UNKNOWN(value);
  if (!makes_builtin(call, "int")) return call.evaluator.unsupported(call.where, "subclasses of `int`");
  if (const std::string* text = heap_of(call).string(value)) {
    LATHE_TRY(const int64_t base, call.known_integer("base"));
    return integer_of_text(call, *text, base);
  }
  if (call.is_given("base")) return wrong_type(call, "value", "a str when a base is given");
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(value, call.evaluator.host().element(call.evaluator, *tensor));
    LATHE_RETURN_UNKNOWN(value);
  }
  if (const std::optional<Dim> whole = as_integer(value)) return Value(*whole);
  if (const auto* real = std::get_if<double>(&value)) return whole_number(call, std::trunc(*real));
  for (const std::string_view method : {"__int__", "__index__", "__trunc__"}) {
    LATHE_TRY(std::optional<Value> result, converted(call, value, method));
    if (result) return *std::move(result);
  }
  return wrong_type(call, "value", "a number or str");
}

std::optional<double> read_float(std::string text) {
  for (char& c : text) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  if (!remove_separators(text)) return std::nullopt;
  const bool negative = text.starts_with('-');
  if (negative || text.starts_with('+')) text.erase(0, 1);
  double value = 0;
  if (text == "inf" || text == "infinity") {
    value = std::numeric_limits<double>::infinity();
  } else if (text == "nan") {
    value = std::numeric_limits<double>::quiet_NaN();
  } else {
    if (text.empty() || !(text[0] == '.' || (text[0] >= '0' && text[0] <= '9'))) return std::nullopt;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (end != text.data() + text.size()) return std::nullopt;
    if (error == std::errc::result_out_of_range) value = std::strtod(text.c_str(), nullptr);
    if (error == std::errc::invalid_argument) return std::nullopt;
  }
  return negative ? -value : value;
}

Result<Value> make_float(NativeCall& call) {
  Value value = call.argument("value");
  LATHE_RETURN_UNKNOWN(value);
  if (!makes_builtin(call, "float")) return call.evaluator.unsupported(call.where, "subclasses of `float`");
  if (const std::string* text = heap_of(call).string(value)) {
    const std::optional<double> number = read_float(stripped(*text));
    if (!number) return raise(call, "ValueError", "`float` can't read {}", call.evaluator.describe(value));
    return Value(*number);
  }
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(value, call.evaluator.host().element(call.evaluator, *tensor));
    LATHE_RETURN_UNKNOWN(value);
  }
  if (const std::optional<double> number = as_float(value)) return Value(*number);
  if (const std::optional<Dim> size = as_integer(value)) {
    return call.evaluator.unsupported(
        call.where,
        fmt::format("`float` of the size `{}`, which is only known when the model runs", size->python_text()));
  }
  for (const std::string_view method : {"__float__", "__index__"}) {
    LATHE_TRY(std::optional<Value> result, converted(call, value, method));
    if (result) return *std::move(result);
  }
  return wrong_type(call, "value", "a number or str");
}

Result<Value> make_bool(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("value"));
  LATHE_TRY(const bool truth, call.truth("value"));
  return Value(truth);
}

Result<Value> absolute(NativeCall& call) {
  const Value& value = call.argument("value");
  LATHE_RETURN_UNKNOWN(value);
  if (const auto* real = std::get_if<double>(&value)) return Value(std::fabs(*real));
  if (const std::optional<Dim> size = as_integer(value)) {
    const SymbolTable& symbols = call.evaluator.symbols();
    if (symbols.known_le(0, *size)) return Value(*size);
    const Dim negated = -*size;
    const Dim result = symbols.known_le(*size, 0) ? negated : symbols.simplify(maximum(*size, negated));
    if (!result.valid()) return too_large(call);
    return Value(result);
  }
  if (std::holds_alternative<TensorId>(value)) return call.evaluator.call_method(value, "abs", {}, call.where);
  LATHE_TRY(std::optional<Value> result, converted(call, value, "__abs__"));
  if (result) return *std::move(result);
  return wrong_type(call, "value", "a number");
}

Result<Value> round_number(NativeCall& call) {
  const Value& value = call.argument("number");
  LATHE_RETURN_UNKNOWN(value);
  if (std::holds_alternative<TensorId>(value)) return call.evaluator.call_method(value, "round", {}, call.where);
  const auto* real = std::get_if<double>(&value);
  const std::optional<Dim> whole = as_integer(value);
  if (real == nullptr && !whole) {
    LATHE_TRY(std::optional<Value> result, converted(call, value, "__round__"));
    if (result) return *std::move(result);
    return wrong_type(call, "number", "a number");
  }
  if (call.is_none("ndigits")) return real != nullptr ? whole_number(call, std::nearbyint(*real)) : Value(*whole);
  LATHE_TRY(const int64_t digits, call.known_integer("ndigits"));
  if (real == nullptr) {
    if (digits >= 0) return Value(*whole);
    const std::optional<int64_t> number = whole->as_constant();
    if (!number || digits < -18) return call.evaluator.unsupported(call.where, "`round` of a size to tens");
    int64_t unit = 1;
    for (int64_t i = 0; i < -digits; ++i) unit *= 10;
    const int64_t rest = ((*number % unit) + unit) % unit;
    const int64_t lower = *number - rest;
    const bool up = rest * 2 > unit || (rest * 2 == unit && (lower / unit) % 2 != 0);
    return integer(up ? lower + unit : lower);
  }
  if (!std::isfinite(*real)) return value;
  constexpr int64_t kMostDigits = 400;
  if (digits > kMostDigits) return value;
  if (digits < -kMostDigits) return Value(0.0);
  if (digits < 0) {
    const double unit = std::pow(10.0, static_cast<double>(-digits));
    return Value(std::nearbyint(*real / unit) * unit);
  }
  // Through the exact decimal digits, as Python does.
  return Value(std::strtod(fmt::format("{:.{}f}", *real, digits).c_str(), nullptr));
}

Result<Value> divide_with_rest(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("a"));
  LATHE_RETURN_UNKNOWN(call.argument("b"));
  LATHE_TRY(Value quotient,
            call.evaluator.binary(BinaryOp::FloorDivide, call.argument("a"), call.argument("b"), call.where));
  LATHE_TRY(Value rest, call.evaluator.binary(BinaryOp::Modulo, call.argument("a"), call.argument("b"), call.where));
  return heap_of(call).new_tuple({std::move(quotient), std::move(rest)});
}

Result<Value> power(NativeCall& call) {
  if (call.is_none("mod")) {
    return call.evaluator.binary(BinaryOp::Power, call.argument("base"), call.argument("exp"), call.where);
  }
  LATHE_TRY(int64_t base, call.known_integer("base"));
  LATHE_TRY(int64_t exponent, call.known_integer("exp"));
  LATHE_TRY(const int64_t modulus, call.known_integer("mod"));
  if (modulus == 0) return raise(call, "ValueError", "the third argument of `pow` must not be 0");
  if (exponent < 0 || modulus < 0 || modulus > (int64_t{1} << 31)) {
    return call.evaluator.unsupported(call.where, "`pow` with such a modulus");
  }
  base = ((base % modulus) + modulus) % modulus;
  int64_t result = 1 % modulus;
  for (; exponent > 0; exponent >>= 1) {
    if ((exponent & 1) != 0) result = result * base % modulus;
    base = base * base % modulus;
  }
  return integer(result);
}

Result<Value> character(NativeCall& call) {
  LATHE_TRY(const int64_t code, call.known_integer("code"));
  if (code < 0 || code > 0x10ffff) return raise(call, "ValueError", "`chr` takes 0 to 1114111, not {}", code);
  std::string text;
  append_utf8(text, static_cast<uint32_t>(code));
  return new_string(call, std::move(text));
}

Result<Value> ordinal(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("character"));
  const std::optional<Utf8Character> decoded = decode_utf8(text);
  if (!decoded || decoded->size != text.size()) {
    return raise(call, "TypeError", "`ord` wants one character, not {}", utf8_length(text));
  }
  return integer(decoded->code);
}

Result<Value> to_base(NativeCall& call, const char* prefix, int base) {
  LATHE_TRY(const int64_t number, call.known_integer("number"));
  char digits[72];
  const bool negative = number < 0;
  const uint64_t size = negative ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  const auto end = std::to_chars(std::begin(digits), std::end(digits), size, base).ptr;
  return new_string(call, std::string(negative ? "-" : "") + prefix + std::string(digits, end));
}
Result<Value> hexadecimal(NativeCall& call) { return to_base(call, "0x", 16); }
Result<Value> octal(NativeCall& call) { return to_base(call, "0o", 8); }
Result<Value> binary(NativeCall& call) { return to_base(call, "0b", 2); }

Result<Value> bit_length(NativeCall& call) {
  LATHE_TRY(const int64_t number, call.known_integer("self"));
  uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  int64_t bits = 0;
  for (; size != 0; size >>= 1u) ++bits;
  return integer(bits);
}

Result<Value> bit_count(NativeCall& call) {
  LATHE_TRY(const int64_t number, call.known_integer("self"));
  const uint64_t size = number < 0 ? 0 - static_cast<uint64_t>(number) : static_cast<uint64_t>(number);
  return integer(__builtin_popcountll(size));
}

Result<Value> itself(NativeCall& call) {
  LATHE_TRY(const Dim value, call.integer("self"));
  return Value(value);
}
Result<Value> one(NativeCall&) { return integer(1); }
Result<Value> zero(NativeCall&) { return integer(0); }

Result<Value> is_whole(NativeCall& call) {
  LATHE_TRY(const double value, call.number("self"));
  return Value(std::isfinite(value) && std::floor(value) == value);
}

Result<Value> real_part(NativeCall& call) { return call.argument("self"); }

constexpr NativeFunctionRow kFunctions[] = {
    {"abs", "value, /", absolute},
    {"round", "number, ndigits=None", round_number},
    {"divmod", "a, b, /", divide_with_rest},
    {"pow", "base, exp, mod=None", power},
    {"chr", "code, /", character},
    {"ord", "character, /", ordinal},
    {"hex", "number, /", hexadecimal},
    {"oct", "number, /", octal},
    {"bin", "number, /", binary},
};

constexpr NativeFunctionRow kIntMethods[] = {
    {"__new__", "cls, value=0, /, base=10", make_int},
    {"bit_length", "self", bit_length},
    {"bit_count", "self", bit_count},
    {"__index__", "self", itself},
    {"__int__", "self", itself},
    {"is_integer", "self", is_whole},
    {"conjugate", "self", itself},
    {"real", "self", itself, NativeKind::Property},
    {"numerator", "self", itself, NativeKind::Property},
    {"denominator", "self", one, NativeKind::Property},
    {"imag", "self", zero, NativeKind::Property},
};
constexpr NativeFunctionRow kFloatMethods[] = {
    {"__new__", "cls, value=0.0, /", make_float},
    {"is_integer", "self", is_whole},
    {"conjugate", "self", real_part},
    {"real", "self", real_part, NativeKind::Property},
};
constexpr NativeFunctionRow kBoolMethods[] = {{"__new__", "cls, value=False, /", make_bool}};

constexpr NativeClassRow kClasses[] = {
    {"int", "", kIntMethods},
    {"float", "", kFloatMethods},
    {"bool", "int", kBoolMethods},
};

constexpr NativeModuleRow kModules[] = {{"builtins", kFunctions, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_numbers() { return kModules; }

}  // namespace lathe::torch
