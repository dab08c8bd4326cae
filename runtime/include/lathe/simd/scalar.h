// Single numbers in generated C++: integers that wrap, saturation, narrow formats, indices, pointers, parallel loops.
//
// A part of lathe/simd.h and lathe/simd_highway-inl.h, which apply these to every lane where no instruction does. All
// names of the facade are local to the file that includes them, so that files compiled for different CPUs never share
// a function. Products and sums are never contracted, here and in what follows.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "lathe/kernels.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("-ffp-contract=off")
#endif
// How wide vectors are passed between functions of one file is of no matter.
#pragma GCC diagnostic ignored "-Wpsabi"

namespace lathe::simd {
namespace {

template <class To, class From>
inline To bits_of(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

template <int bytes>
struct WordOf;
template <>
struct WordOf<1> {
  using with_sign = int8_t;
  using without = uint8_t;
};
template <>
struct WordOf<2> {
  using with_sign = int16_t;
  using without = uint16_t;
};
template <>
struct WordOf<4> {
  using with_sign = int32_t;
  using without = uint32_t;
};
template <>
struct WordOf<8> {
  using with_sign = int64_t;
  using without = uint64_t;
};
template <class T>
using SignedWord = typename WordOf<sizeof(T)>::with_sign;
template <class T>
using UnsignedWord = typename WordOf<sizeof(T)>::without;

// ----------------------------------------------------------------------------------------------------------- integers

template <class T>
inline T wrapping_add(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}
template <class T>
inline T wrapping_subtract(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) - static_cast<uint64_t>(b));
}
template <class T>
inline T wrapping_multiply(T a, T b) {
  return static_cast<T>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
}

/// x / 0 is 0, and the smallest number / -1 wraps.
template <class T>
inline T integer_quotient(T x, T y) {
  if (y == 0) return 0;
  if (std::is_signed_v<T> && y == static_cast<T>(-1)) return wrapping_subtract(T{0}, x);
  return static_cast<T>(x / y);
}

/// The sign of the dividend; x rem 0 is 0 for integers.
template <class T>
inline T remainder_of(T x, T y) {
  if constexpr (std::is_floating_point_v<T>) {
    return std::fmod(x, y);
  } else {
    return y == 0 || (std::is_signed_v<T> && y == static_cast<T>(-1)) ? T{0} : static_cast<T>(x % y);
  }
}

/// The sign of the divisor; x mod 0 is 0 for integers; a zero of floats has the sign of the divisor.
template <class T>
inline T floor_modulo_of(T x, T y) {
  const T rest = remainder_of(x, y);
  if constexpr (std::is_floating_point_v<T>) {
    if (rest == 0) return std::copysign(T{0}, y);
    return (rest < 0) != (y < 0) ? rest + y : rest;
  } else {
    return rest != 0 && (rest < 0) != (y < 0) ? wrapping_add(rest, y) : rest;
  }
}

/// Shifts of numbers of `width` bits; distances are unsigned numbers.
template <int width, class T>
inline UnsignedWord<T> distance_of(T y) {
  constexpr auto kAll = static_cast<UnsignedWord<T>>((uint64_t{2} << (width - 1)) - 1);
  return static_cast<UnsignedWord<T>>(static_cast<UnsignedWord<T>>(y) & kAll);
}
template <int width, class T>
inline T shifted_left(T x, T y) {
  const auto distance = distance_of<width>(y);
  return distance < width ? static_cast<T>(static_cast<uint64_t>(x) << distance) : T{0};
}
template <int width, class T>
inline T shifted_right_logical(T x, T y) {
  const auto distance = distance_of<width>(y);
  return distance < width ? static_cast<T>(distance_of<width>(x) >> distance) : T{0};
}
/// Copies of the sign bit come in from the left.
template <int width, class T>
inline T shifted_right(T x, T y) {
  if constexpr (std::is_unsigned_v<T>) {
    return shifted_right_logical<width>(x, y);
  } else {
    const auto distance = distance_of<width>(y);
    return static_cast<T>(x >> (distance < width ? distance : width - 1));
  }
}

/// Numbers of 4 bits are held in 8: after an operation they wrap.
template <class T>
inline T wrapped_to_4_bits(T x) {
  if constexpr (std::is_signed_v<T>) {
    return static_cast<T>(static_cast<int8_t>(x * 16) / 16);
  } else {
    return static_cast<T>(x & 15);
  }
}

/// Truncates and saturates to a number of `width` bits; NaN gives 0.
template <class T, int width, class F>
inline T saturated(F x) {
  constexpr bool kSigned = std::is_signed_v<T>;
  constexpr uint64_t kLargest = (uint64_t{2} << (width - (kSigned ? 2 : 1))) - 1;
  constexpr int64_t kSmallest = kSigned ? -static_cast<int64_t>(kLargest) - 1 : 0;
  const F end = std::ldexp(F{1}, width - (kSigned ? 1 : 0));
  if (x >= end) return static_cast<T>(kLargest);
  if (kSigned && x <= -end) return static_cast<T>(kSmallest);
  const bool is_inside = kSigned ? std::fabs(x) < end : x > F{-1} && x < end;
  return is_inside ? static_cast<T>(x) : T{0};
}

// ------------------------------------------------------------------------------------------------------------- floats

inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x >= 0 ? 1.0 : e) / (1.0 + e);
}

/// A double as a float that rounds to a narrow format as the double itself does.
inline float rounded_to_odd(double x) {
  const float rounded = static_cast<float>(x);
  const double back = std::fabs(static_cast<double>(rounded));
  const double magnitude = std::fabs(x);
  uint32_t word = bits_of<uint32_t>(rounded);
  const bool is_inexact = back < magnitude || back > magnitude;
  if (is_inexact && (word & 0x7fffffffu) != 0x7f800000u) word = (word - (back > magnitude ? 1u : 0u)) | 1u;
  return bits_of<float>(word);
}

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
  const uint32_t word = bits_of<uint32_t>(single);
  const uint32_t magnitude = word & 0x7fffffffu;
  const int dropped = 23 - mantissa;
  uint32_t result = 0;
  if (bias != 127 && magnitude < static_cast<uint32_t>(1 - bias + 127) << 23) {
    // Adding a number whose last bit is the smallest step rounds to it.
    const uint32_t anchor = static_cast<uint32_t>(1 - bias - mantissa + 23 + 127) << 23;
    result = bits_of<uint32_t>(bits_of<float>(magnitude) + bits_of<float>(anchor)) - anchor;
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
  if (bias == 127) return bits_of<float>(word << (23 - mantissa));
  const uint32_t magnitude = word & ((1u << sign_position) - 1);
  const uint32_t sign = (word >> sign_position) << 31;
  uint32_t result = (magnitude << (23 - mantissa)) + (static_cast<uint32_t>(127 - bias) << 23);
  if (magnitude < 1u << mantissa) {
    const float step = bits_of<float>(static_cast<uint32_t>(1 - bias - mantissa + 127) << 23);
    result = bits_of<uint32_t>(static_cast<float>(magnitude) * step);
  }
  if (has_infinity) {
    if (magnitude == infinity) result = 0x7f800000u;
    if (magnitude > infinity) result = 0x7fc00000u;
  } else if ((fnuz ? word : magnitude) == nan) {
    result = 0x7fc00000u;
  }
  return bits_of<float>(result | sign);
}

/// The bits of a narrow format that are nearest, and the number of such bits.
template <class F>
inline typename F::Bits encoded(float x) {
  return static_cast<typename F::Bits>(narrow_bits_of(x, F::kMantissa, F::kBias, F::kHasInfinity, F::kFnuz,
                                                      F::kSignPosition, F::kLargest, F::kInfinity, F::kNan));
}
template <class F>
inline float decoded(typename F::Bits word) {
  return number_of_narrow(word, F::kMantissa, F::kBias, F::kHasInfinity, F::kFnuz, F::kSignPosition, F::kInfinity,
                          F::kNan);
}

// ------------------------------------------------------------------------------------------------------------ indices

/// Divisors are at least 1 wherever the result counts.
inline int64_t floor_divide(int64_t a, int64_t b) {
  const int64_t divisor = b < 1 ? 1 : b;
  return a / divisor - (a % divisor < 0 ? 1 : 0);
}
inline int64_t modulo(int64_t a, int64_t b) {
  const int64_t divisor = b < 1 ? 1 : b;
  const int64_t rest = a % divisor;
  return rest < 0 ? rest + divisor : rest;
}
inline int64_t smaller(int64_t a, int64_t b) { return a < b ? a : b; }
inline int64_t larger(int64_t a, int64_t b) { return a > b ? a : b; }

/// A loaded integer brought into bounds.
template <class T>
inline int64_t bound(T value, int64_t lower, int64_t upper) {
  if (sizeof(T) == 8 && std::is_unsigned_v<T> && static_cast<int64_t>(value) < 0) return upper;
  return smaller(larger(static_cast<int64_t>(value), lower), upper);
}
/// The same, and a failure when it was outside.
template <class T>
inline int64_t check_bound(T value, int64_t lower, int64_t upper, lathe_status& failed) {
  const int64_t inside = bound(value, lower, upper);
  const bool wraps = sizeof(T) == 8 && std::is_unsigned_v<T> && static_cast<int64_t>(value) < 0;
  if (wraps || inside != static_cast<int64_t>(value)) __atomic_store_n(&failed, LATHE_INVALID_VALUE, __ATOMIC_RELAXED);
  return inside;
}

// ------------------------------------------------------------------------------------------------------------ pointers

/// A place in memory, `bytes` behind a base.
template <class T>
inline T* at(const void* base, int64_t bytes = 0) {
  return reinterpret_cast<T*>(const_cast<char*>(static_cast<const char*>(base)) + bytes);
}

/// A place whose type is that of the field or parameter that it is given to.
class AnyPlace {
 public:
  explicit AnyPlace(void* pointer) : pointer_(pointer) {}
  template <class T>
  operator T*() const {  // NOLINT(google-explicit-constructor): that is what it is for
    return static_cast<T*>(pointer_);
  }

 private:
  void* pointer_;
};
inline AnyPlace any_at(const void* base, int64_t bytes = 0) { return AnyPlace(at<void>(base, bytes)); }

// ------------------------------------------------------------------------------------------------------------- control

/// Runs `body(begin, end)` over [0, count) on the execution's threads.
template <class Body>
inline void parallel(const lathe_execution* execution, int64_t count, int64_t grain, Body& body) {
  lathe_parallel_for(
      execution, count, grain,
      [](void* state, int64_t begin, int64_t end) { (*static_cast<Body*>(state))(begin, end); }, &body);
}

/// The function that the runtime calls for a block of a result that it has just written; its state is `&body`.
template <class Body>
inline lathe_after_block_fn block_callback(Body&) {
  return [](void* state, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
    (*static_cast<Body*>(state))(row_begin, row_end, column_begin, column_end);
  };
}

}  // namespace
}  // namespace lathe::simd
