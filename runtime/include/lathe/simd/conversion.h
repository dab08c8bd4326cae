// From one kind of number to another; the narrow floating-point formats. A part of lathe/simd.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lathe/simd/arithmetic.h"

namespace lathe::simd {

// --------------------------------------------------------------------------------------------------------- conversions

/// Truncates and saturates to a number of `width` bits; NaN gives 0.
template <class To, int width = 8 * sizeof(Element<To>), class From>
inline To to_integer(From a) {
  using T = Element<To>;
  using F = Element<From>;
  constexpr bool kSigned = std::is_signed_v<T>;
  constexpr uint64_t kLargest = (uint64_t{2} << (width - (kSigned ? 2 : 1))) - 1;
  constexpr int64_t kSmallest = kSigned ? -static_cast<int64_t>(kLargest) - 1 : 0;
  const F end = std::ldexp(F{1}, width - (kSigned ? 1 : 0));
  To result{};
  for (int i = 0; i < kLanes<To>; ++i) {
    const F x = lane(a, i);
    const bool is_inside = kSigned ? std::fabs(x) < end : x > F{-1} && x < end;
    T number = is_inside ? static_cast<T>(x) : T{0};
    if (x >= end) number = static_cast<T>(kLargest);
    if (kSigned && x <= -end) number = static_cast<T>(kSmallest);
    set_lane(result, i, number);
  }
  return result;
}

// ------------------------------------------------------------------------------------------------------- narrow floats

/// The layout of a narrow format: sign, exponent, mantissa from the high bit down. Formats without infinity have the
/// NaN of all ones; the fnuz ones have no -0, whose bits are their only NaN.
template <class Word, int exponent, int mantissa, int bias_of_exponent, bool infinities, bool fnuz>
struct Format {
  using Bits = Word;
  static constexpr int kMantissa = mantissa;
  static constexpr int kBias = bias_of_exponent;
  static constexpr bool kHasInfinity = infinities;
  static constexpr bool kFnuz = fnuz;
  static constexpr int kSignPosition = exponent + mantissa;
  static constexpr uint32_t kInfinity = ((1u << exponent) - 1) << mantissa;
  static constexpr uint32_t kAll = (1u << kSignPosition) - 1;
  static constexpr uint32_t kLargest = infinities ? kAll - (1u << mantissa) : fnuz ? kAll : kAll - 1;
  static constexpr uint32_t kNan = infinities ? kInfinity | (1u << (mantissa - 1)) : fnuz ? 1u << kSignPosition : kAll;
};
using F16 = Format<uint16_t, 5, 10, 15, true, false>;
using Bf16 = Format<uint16_t, 8, 7, 127, true, false>;
using F8E4M3Fn = Format<uint8_t, 4, 3, 7, false, false>;
using F8E4M3Fnuz = Format<uint8_t, 4, 3, 8, false, true>;
using F8E5M2 = Format<uint8_t, 5, 2, 15, true, false>;
using F8E5M2Fnuz = Format<uint8_t, 5, 2, 16, false, true>;

inline uint32_t narrow_bits_of(float single, int mantissa, int bias, bool has_infinity, bool fnuz, int sign_position,
                               uint32_t largest, uint32_t infinity, uint32_t nan) {
  const uint32_t word = bits<uint32_t>(single);
  const uint32_t magnitude = word & 0x7fffffffu;
  const int dropped = 23 - mantissa;
  uint32_t result = 0;
  if (bias != 127 && magnitude < static_cast<uint32_t>(1 - bias + 127) << 23) {
    // Adding a number whose last bit is the smallest step rounds to it.
    const uint32_t anchor = static_cast<uint32_t>(1 - bias - mantissa + 23 + 127) << 23;
    result = bits<uint32_t>(bits<float>(magnitude) + bits<float>(anchor)) - anchor;
  } else {
    const uint32_t half = ((magnitude >> dropped) & 1u) + ((1u << (dropped - 1)) - 1);
    result = ((magnitude + half) >> dropped) - (static_cast<uint32_t>(127 - bias) << mantissa);
  }
  if (result > largest || magnitude >= 0x7f800000u) result = has_infinity ? infinity : nan;
  if (magnitude > 0x7f800000u) result = nan;
  const uint32_t sign = (word >> (31 - sign_position)) & (1u << sign_position);
  if (fnuz && (result & ((1u << sign_position) - 1)) == 0) return result;
  return result | sign;
}

inline float number_of_narrow(uint32_t word, int mantissa, int bias, bool has_infinity, bool fnuz, int sign_position,
                              uint32_t infinity, uint32_t nan) {
  if (bias == 127) return bits<float>(word << (23 - mantissa));
  const uint32_t magnitude = word & ((1u << sign_position) - 1);
  const uint32_t sign = (word >> sign_position) << 31;
  uint32_t result = (magnitude << (23 - mantissa)) + (static_cast<uint32_t>(127 - bias) << 23);
  if (magnitude < 1u << mantissa) {
    const float step = bits<float>(static_cast<uint32_t>(1 - bias - mantissa + 127) << 23);
    result = bits<uint32_t>(static_cast<float>(magnitude) * step);
  }
  if (has_infinity) {
    if (magnitude == infinity) result = 0x7f800000u;
    if (magnitude > infinity) result = 0x7fc00000u;
  } else if ((fnuz ? word : magnitude) == nan) {
    result = 0x7fc00000u;
  }
  return bits<float>(result | sign);
}

/// The bits of a narrow format that are nearest.
template <class F, class V>
inline Rebind<V, typename F::Bits> encode(V single) {
  Rebind<V, typename F::Bits> result{};
  for (int i = 0; i < kLanes<V>; ++i) {
    set_lane(
        result, i,
        static_cast<typename F::Bits>(narrow_bits_of(lane(single, i), F::kMantissa, F::kBias, F::kHasInfinity, F::kFnuz,
                                                     F::kSignPosition, F::kLargest, F::kInfinity, F::kNan)));
  }
  return result;
}
template <class F, class B>
inline Rebind<B, float> decode(B words) {
  Rebind<B, float> result{};
  for (int i = 0; i < kLanes<B>; ++i) {
    set_lane(result, i,
             number_of_narrow(lane(words, i), F::kMantissa, F::kBias, F::kHasInfinity, F::kFnuz, F::kSignPosition,
                              F::kInfinity, F::kNan));
  }
  return result;
}
/// The nearest number of a narrow format.
template <class F, class V>
inline V round_as(V single) {
  return decode<F>(encode<F>(single));
}
/// A double as a float that rounds to a narrow format as the double itself does: rounded to odd.
template <class To, class From>
inline To to_odd(From a) {
  To result{};
  for (int i = 0; i < kLanes<To>; ++i) {
    const double x = lane(a, i);
    const float rounded = static_cast<float>(x);
    const double back = std::fabs(static_cast<double>(rounded));
    const double magnitude = std::fabs(x);
    uint32_t word = bits<uint32_t>(rounded);
    const bool is_inexact = back < magnitude || back > magnitude;
    if (is_inexact && (word & 0x7fffffffu) != 0x7f800000u) word = (word - (back > magnitude ? 1u : 0u)) | 1u;
    set_lane(result, i, bits<float>(word));
  }
  return result;
}

template <class V>
inline Mask<kLanes<V>> to_mask(V a) {
  return not_equal(a, V{});
}
/// 0 or 1.
template <class To>
inline To from_mask(Mask<kLanes<To>> mask) {
  if constexpr (kLanes<To> == 1) {
    return static_cast<To>(mask ? 1 : 0);
  } else {
    return convert<To>(mask & splat<Mask<kLanes<To>>>(1));
  }
}

}  // namespace lathe::simd
