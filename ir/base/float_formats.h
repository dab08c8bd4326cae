// The narrow floating-point formats: how the bits of f16, bf16 and the 8-bit floats stand for numbers.
//
// Every narrow number is exact in a double, so decode() is exact and encode() rounds once, to nearest, ties to even.
// Encoding never saturates: what is beyond the largest number becomes infinity, or NaN in formats without infinity
// (clamp first for saturation). The `fnuz` formats have neither infinity nor -0 and one NaN, 0x80. Used by constant
// data, interpreters, folding and tests; generated code must give the same bits.
#pragma once

#include <bit>
#include <cstdint>
#include <limits>

#include "ir/base/result.h"
#include "ir/base/type.h"

namespace lathe {

/// The layout of a float format: sign, exponent, mantissa from the high bit down.
struct FloatFormat {
  int exponent_bits;
  int mantissa_bits;
  int bias;
  bool has_infinity;  ///< the all-ones exponent is infinity and NaN, as in IEEE 754
  bool fnuz;          ///< no -0; its bits are the only NaN

  friend constexpr bool operator==(const FloatFormat&, const FloatFormat&) = default;
  [[nodiscard]] constexpr uint64_t sign_bit() const { return uint64_t{1} << (exponent_bits + mantissa_bits); }
  /// Bits of the largest finite number.
  [[nodiscard]] constexpr uint64_t largest() const {
    const uint64_t all = sign_bit() - 1;
    if (has_infinity) return all - (uint64_t{1} << mantissa_bits);
    return fnuz ? all : all - 1;
  }
  [[nodiscard]] constexpr uint64_t quiet_nan() const {
    if (has_infinity) return infinity() | (uint64_t{1} << (mantissa_bits - 1));
    return fnuz ? sign_bit() : sign_bit() - 1;
  }
  /// Only for formats that have it.
  [[nodiscard]] constexpr uint64_t infinity() const { return ((uint64_t{1} << exponent_bits) - 1) << mantissa_bits; }
};

/// The format of a float element type.
[[nodiscard]] constexpr FloatFormat float_format(ElementType type) {
  switch (type) {
    case ElementType::F8E4M3FN: return {4, 3, 7, false, false};
    case ElementType::F8E4M3FNUZ: return {4, 3, 8, false, true};
    case ElementType::F8E5M2: return {5, 2, 15, true, false};
    case ElementType::F8E5M2FNUZ: return {5, 2, 16, false, true};
    case ElementType::F16: return {5, 10, 15, true, false};
    case ElementType::BF16: return {8, 7, 127, true, false};
    case ElementType::F32: return {8, 23, 127, true, false};
    case ElementType::F64: return {11, 52, 1023, true, false};
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
    case ElementType::String: break;
  }
  internal_error("float_format of a type that is no float", __FILE__, __LINE__);
}

/// The number that `bits` stand for.
[[nodiscard]] constexpr double decode_float(const FloatFormat& format, uint64_t bits) {
  const bool negative = (bits & format.sign_bit()) != 0;
  const uint64_t magnitude = bits & (format.sign_bit() - 1);
  const int shift = 52 - format.mantissa_bits;
  const uint64_t sign = negative ? uint64_t{1} << 63 : 0;
  const bool is_nan = format.has_infinity ? magnitude > format.infinity()
                      : format.fnuz       ? negative && magnitude == 0
                                          : magnitude == format.sign_bit() - 1;
  if (is_nan) {
    const uint64_t payload = format.has_infinity ? magnitude << shift : 0;
    constexpr uint64_t kExponent = uint64_t{0x7ff} << 52;
    return std::bit_cast<double>(sign | kExponent | (uint64_t{1} << 51) | (payload & ((uint64_t{1} << 52) - 1)));
  }
  if (format.has_infinity && magnitude == format.infinity()) {
    return negative ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
  }
  const uint64_t exponent = magnitude >> format.mantissa_bits;
  const uint64_t mantissa = magnitude & ((uint64_t{1} << format.mantissa_bits) - 1);
  if (format.mantissa_bits == 52) return std::bit_cast<double>(bits);
  if (exponent == 0) {
    // A subnormal is its mantissa times the smallest step, a power of two that a double holds.
    const auto step_exponent = static_cast<uint64_t>(1 - format.bias - format.mantissa_bits + 1023);
    const double value = static_cast<double>(mantissa) * std::bit_cast<double>(step_exponent << 52);
    return negative ? -value : value;
  }
  const uint64_t wide_exponent = exponent + static_cast<uint64_t>(1023 - format.bias);
  return std::bit_cast<double>(sign | (wide_exponent << 52) | (mantissa << shift));
}

/// The nearest number of the format, ties to even. NaN keeps its sign and, where there is room, its high payload bits.
[[nodiscard]] constexpr uint64_t encode_float(const FloatFormat& format, double value) {
  const auto wide = std::bit_cast<uint64_t>(value);
  if (format.mantissa_bits == 52) return wide;
  const uint64_t sign = (wide >> 63) != 0 ? format.sign_bit() : 0;
  const int wide_exponent = static_cast<int>((wide >> 52) & 0x7ff);
  const uint64_t wide_mantissa = wide & ((uint64_t{1} << 52) - 1);
  const uint64_t overflow =
      format.has_infinity ? sign | format.infinity() : format.quiet_nan() | (format.fnuz ? 0 : sign);
  if (wide_exponent == 0x7ff) {
    if (wide_mantissa == 0) return overflow;
    if (format.fnuz) return format.quiet_nan();
    const uint64_t payload = format.has_infinity ? wide_mantissa >> (52 - format.mantissa_bits) : 0;
    return sign | format.quiet_nan() | payload;
  }
  const uint64_t zero = format.fnuz ? 0 : sign;
  if (wide_exponent == 0) return zero;  // Below the smallest subnormal of every narrow format.
  const uint64_t significand = wide_mantissa | (uint64_t{1} << 52);
  const int exponent = wide_exponent - 1023 + format.bias;
  // How far the significand moves right; subnormals lose more bits, in steps of the smallest exponent.
  const int shift = 52 - format.mantissa_bits + (exponent < 1 ? 1 - exponent : 0);
  if (shift > 54) return zero;
  const uint64_t kept = significand >> shift;
  const uint64_t rest = significand & ((uint64_t{1} << shift) - 1);
  const uint64_t half = uint64_t{1} << (shift - 1);
  const uint64_t rounded = kept + ((rest > half || (rest == half && (kept & 1) != 0)) ? 1 : 0);
  // The hidden bit of a normal number adds one to the exponent field, as does a carry out of the mantissa.
  const auto base = static_cast<uint64_t>(exponent < 1 ? 0 : exponent - 1);
  const uint64_t magnitude = (base << format.mantissa_bits) + rounded;
  if (magnitude > format.largest()) return overflow;
  return magnitude == 0 ? zero : sign | magnitude;
}

/// `value` rounded to the nearest number of a float type.
[[nodiscard]] constexpr double round_to_float_type(ElementType type, double value) {
  if (type == ElementType::F64) return value;
  if (type == ElementType::F32) return static_cast<double>(static_cast<float>(value));
  const FloatFormat format = float_format(type);
  return decode_float(format, encode_float(format, value));
}

}  // namespace lathe
