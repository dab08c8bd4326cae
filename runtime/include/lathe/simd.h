// The vectors of generated C++: fixed numbers of lanes, with the operations of Lathe's kernels and their exact meaning.
//
// Generated sources include this header and nothing else of Lathe but lathe/kernels.h. Vectors are those of the
// compiler (`__attribute__((vector_size))`, GCC and Clang); a vector may be wider than the machine's registers, the
// compiler cuts it. Scalars take part everywhere as vectors of one lane. A mask of N lanes is bool for N = 1, else N
// bytes of 0 or -1. Narrow floats (f16, bf16, 8 bits) are computed on as float, and rounded by round_as<Format>.
// Products and sums are never contracted; multiply_add() is one rounding where the target has it, as in the runtime's
// kernels.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "lathe/kernels.h"

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("-ffp-contract=off")
// How wide vectors are passed between functions of one file is of no matter.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace lathe::simd {

// ------------------------------------------------------------------------------------------------------------- types

template <class T, int N>
struct VectorOf {
  typedef T type __attribute__((vector_size(N * sizeof(T))));
};
template <class T>
struct VectorOf<T, 1> {
  using type = T;
};
template <class T, int N>
using Vector = typename VectorOf<T, N>::type;

template <class V, bool = std::is_arithmetic_v<V>>
struct ElementOf {
  using type = V;
};
template <class V>
struct ElementOf<V, false> {
  using type = std::remove_cv_t<std::remove_reference_t<decltype(std::declval<V&>()[0])>>;
};
template <class V>
using Element = typename ElementOf<V>::type;
template <class V>
inline constexpr int kLanes = sizeof(V) / sizeof(Element<V>);

template <int N>
struct MaskOf {
  using type = Vector<int8_t, N>;
};
template <>
struct MaskOf<1> {
  using type = bool;
};
template <int N>
using Mask = typename MaskOf<N>::type;

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
/// The integers with the size of V's elements, in as many lanes.
template <class V>
using Signed = Vector<typename WordOf<sizeof(Element<V>)>::with_sign, kLanes<V>>;
template <class V>
using Unsigned = Vector<typename WordOf<sizeof(Element<V>)>::without, kLanes<V>>;
template <class V, class T>
using Rebind = Vector<T, kLanes<V>>;

// ------------------------------------------------------------------------------------------------------------- lanes

template <class To, class From>
inline To bits(From value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

/// C++'s conversion of every lane.
template <class To, class From>
inline To convert(From value) {
  if constexpr (kLanes<To> == 1) {
    return static_cast<To>(value);
  } else {
    return __builtin_convertvector(value, To);
  }
}

template <class V>
inline Element<V> lane(V value, int index) {
  if constexpr (kLanes<V> == 1) {
    (void)index;
    return value;
  } else {
    return value[index];
  }
}

template <class V>
inline void set_lane(V& value, int index, Element<V> element) {
  if constexpr (kLanes<V> == 1) {
    (void)index;
    value = element;
  } else {
    value[index] = element;
  }
}

/// One element in all lanes.
template <class V>
inline V splat(Element<V> element) {
  if constexpr (kLanes<V> == 1) {
    return element;
  } else {
    V result;
    for (int i = 0; i < kLanes<V>; ++i) result[i] = element;
    return result;
  }
}

/// A scalar mask in all lanes.
template <int N>
inline Mask<N> splat_mask(bool flag) {
  if constexpr (N == 1) {
    return flag;
  } else {
    return splat<Mask<N>>(flag ? -1 : 0);
  }
}

/// index + lane * stride
template <class V>
inline V lanes_from(int64_t index, int64_t stride) {
  V result{};
  for (int i = 0; i < kLanes<V>; ++i) set_lane(result, i, static_cast<Element<V>>(index + i * stride));
  return result;
}

/// The lanes `picks` of the lanes of `a` followed by those of `b`.
template <int... picks, class V>
inline auto shuffle(V a, V b) {
  if constexpr (sizeof...(picks) == 1) {
    constexpr int kPick = (picks + ...);
    return kPick < kLanes<V> ? lane(a, kPick % kLanes<V>) : lane(b, kPick % kLanes<V>);
  } else if constexpr (kLanes<V> == 1) {
    return Vector<V, sizeof...(picks)>{(picks == 0 ? a : b)...};
  } else {
    return __builtin_shufflevector(a, b, picks...);
  }
}

/// Calls a function of elements for every lane.
template <class V, class Function, class... More>
inline V lanewise(Function function, V first, More... more) {
  V result{};
  for (int i = 0; i < kLanes<V>; ++i) set_lane(result, i, function(lane(first, i), lane(more, i)...));
  return result;
}

// ------------------------------------------------------------------------------------------------------------- masks

template <class V>
inline Mask<kLanes<V>> as_mask(Signed<V> wide) {
  return convert<Mask<kLanes<V>>>(wide);
}

#define LATHE_SIMD_COMPARISON(name, op)       \
  template <class V>                          \
  inline Mask<kLanes<V>> name(V a, V b) {     \
    if constexpr (kLanes<V> == 1) {           \
      return a op b;                          \
    } else {                                  \
      return as_mask<V>((Signed<V>)(a op b)); \
    }                                         \
  }
LATHE_SIMD_COMPARISON(equal, ==)
LATHE_SIMD_COMPARISON(not_equal, !=)
LATHE_SIMD_COMPARISON(less, <)
LATHE_SIMD_COMPARISON(less_equal, <=)
LATHE_SIMD_COMPARISON(greater, >)
LATHE_SIMD_COMPARISON(greater_equal, >=)
#undef LATHE_SIMD_COMPARISON

/// `a` where the mask is set, else `b`.
template <class V>
inline V select(Mask<kLanes<V>> mask, V a, V b) {
  if constexpr (kLanes<V> == 1) {
    return mask ? a : b;
  } else {
    const Signed<V> wide = convert<Signed<V>>(mask);
    return bits<V>((wide & bits<Signed<V>>(a)) | (~wide & bits<Signed<V>>(b)));
  }
}

// ---------------------------------------------------------------------------------------------- integers that wrap

#define LATHE_SIMD_WRAPPING(name, op)                            \
  template <class V>                                             \
  inline V name(V a, V b) {                                      \
    if constexpr (std::is_floating_point_v<Element<V>>) {        \
      return a op b;                                             \
    } else {                                                     \
      return (V)(Unsigned<V>)((Unsigned<V>)a op(Unsigned<V>) b); \
    }                                                            \
  }
LATHE_SIMD_WRAPPING(add, +)
LATHE_SIMD_WRAPPING(subtract, -)
#undef LATHE_SIMD_WRAPPING

template <class V>
inline V multiply(V a, V b) {
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return a * b;
  } else if constexpr (kLanes<V> == 1) {
    // Small unsigned numbers would be promoted to int, whose product may overflow.
    return static_cast<V>(static_cast<uint64_t>(a) * static_cast<uint64_t>(b));
  } else {
    return (V)((Unsigned<V>)a * (Unsigned<V>)b);
  }
}

template <class V>
inline V negate(V a) {
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return -a;
  } else {
    return subtract(V{}, a);
  }
}

template <class V>
inline V divide(V a, V b) {
  using T = Element<V>;
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    return lanewise(
        [](T x, T y) -> T {
          if (y == 0) return 0;
          if (std::is_signed_v<T> && y == static_cast<T>(-1)) return negate(x);
          return static_cast<T>(x / y);
        },
        a, b);
  }
}

/// The sign of the dividend; x rem 0 is 0 for integers.
template <class V>
inline V truncated_remainder(V a, V b) {
  using T = Element<V>;
  return lanewise(
      [](T x, T y) -> T {
        if constexpr (std::is_floating_point_v<T>) {
          return std::fmod(x, y);
        } else {
          return y == 0 || (std::is_signed_v<T> && y == static_cast<T>(-1)) ? T{0} : static_cast<T>(x % y);
        }
      },
      a, b);
}

/// The sign of the divisor; x mod 0 is 0 for integers; a zero of floats has the sign of the divisor.
template <class V>
inline V floor_modulo(V a, V b) {
  using T = Element<V>;
  return lanewise(
      [](T x, T y) -> T {
        const T rest = truncated_remainder(x, y);
        if constexpr (std::is_floating_point_v<T>) {
          if (rest == 0) return std::copysign(T{0}, y);
          return (rest < 0) != (y < 0) ? rest + y : rest;
        } else {
          return rest != 0 && (rest < 0) != (y < 0) ? add(rest, y) : rest;
        }
      },
      a, b);
}

/// Shifts of numbers of `width` bits; distances are unsigned numbers.
template <int width, class V>
inline V shift_left(V a, V b) {
  using T = Element<V>;
  using U = std::make_unsigned_t<T>;
  return lanewise(
      [](T x, T y) -> T {
        const U distance = static_cast<U>(static_cast<U>(y) & static_cast<U>((uint64_t{2} << (width - 1)) - 1));
        return distance < width ? static_cast<T>(static_cast<U>(static_cast<uint64_t>(x) << distance)) : T{0};
      },
      a, b);
}

template <int width, class V>
inline V shift_right_logical(V a, V b) {
  using T = Element<V>;
  using U = std::make_unsigned_t<T>;
  return lanewise(
      [](T x, T y) -> T {
        constexpr U kAll = static_cast<U>((uint64_t{2} << (width - 1)) - 1);
        const U distance = static_cast<U>(static_cast<U>(y) & kAll);
        return distance < width ? static_cast<T>((static_cast<U>(x) & kAll) >> distance) : T{0};
      },
      a, b);
}

/// Copies of the sign bit come in from the left.
template <int width, class V>
inline V shift_right(V a, V b) {
  using T = Element<V>;
  using U = std::make_unsigned_t<T>;
  if constexpr (std::is_unsigned_v<T>) {
    return shift_right_logical<width>(a, b);
  } else {
    return lanewise(
        [](T x, T y) -> T {
          const U distance = static_cast<U>(static_cast<U>(y) & static_cast<U>((uint64_t{2} << (width - 1)) - 1));
          return static_cast<T>(x >> (distance < width ? distance : width - 1));
        },
        a, b);
  }
}

/// Numbers of 4 bits are held in 8: after an operation they wrap.
template <class V>
inline V wrap_4_bits(V a) {
  if constexpr (std::is_signed_v<Element<V>>) {
    return lanewise([](int8_t x) -> int8_t { return static_cast<int8_t>(static_cast<int8_t>(x * 16) / 16); }, a);
  } else {
    return lanewise([](uint8_t x) -> uint8_t { return x & 15; }, a);
  }
}

// ------------------------------------------------------------------------------------------------------------ numbers

/// b where b < a or b is NaN, else a.
template <class V>
inline V minimum(V a, V b) {
  const V ordered = select(less(b, a), b, a);
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return select(not_equal(b, b), b, ordered);
  } else {
    return ordered;
  }
}
template <class V>
inline V maximum(V a, V b) {
  const V ordered = select(greater(b, a), b, a);
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return select(not_equal(b, b), b, ordered);
  } else {
    return ordered;
  }
}

template <class V>
inline V absolute(V a) {
  using T = Element<V>;
  if constexpr (std::is_floating_point_v<T>) {
    using U = Unsigned<V>;
    constexpr Element<U> kAllButSign = static_cast<Element<U>>(~Element<U>{0}) >> 1;
    return bits<V>(bits<U>(a) & splat<U>(kAllButSign));
  } else if constexpr (std::is_unsigned_v<T>) {
    return a;
  } else {
    return select(less(a, V{}), negate(a), a);
  }
}

template <class V>
inline V sign(V a) {
  using T = Element<V>;
  const V zero{};
  const V one = splat<V>(T{1});
  if constexpr (std::is_floating_point_v<T>) {
    const V negative = select(less(a, zero), splat<V>(T{-1}), a);
    return select(equal(a, zero), zero, select(greater(a, zero), one, negative));
  } else {
    const V positive = select(equal(a, zero), zero, one);
    if constexpr (std::is_unsigned_v<T>) return positive;
    return select(less(a, zero), splat<V>(static_cast<T>(-1)), positive);
  }
}

#if defined(__clang__)
#define LATHE_SIMD_UNARY(name, builtin, scalar) \
  template <class V>                            \
  inline V name(V a) {                          \
    return __builtin_elementwise_##builtin(a);  \
  }
#else
#define LATHE_SIMD_UNARY(name, builtin, scalar)                               \
  template <class V>                                                          \
  inline V name(V a) {                                                        \
    return lanewise([](Element<V> x) -> Element<V> { return scalar(x); }, a); \
  }
#endif
LATHE_SIMD_UNARY(floor, floor, std::floor)
LATHE_SIMD_UNARY(ceil, ceil, std::ceil)
LATHE_SIMD_UNARY(trunc, trunc, std::trunc)
LATHE_SIMD_UNARY(round_even, roundeven, std::nearbyint)
#undef LATHE_SIMD_UNARY

/// Correctly rounded.
template <class V>
inline V square_root(V a) {
  return lanewise([](Element<V> x) -> Element<V> { return std::sqrt(x); }, a);
}

#if defined(__FMA__) || defined(__aarch64__) || defined(__riscv)
inline constexpr bool kHasFma = true;
#else
inline constexpr bool kHasFma = false;
#endif

/// a * b + c with one rounding; on a target without FMA product and sum are rounded.
template <class V>
inline V multiply_add(V a, V b, V c) {
  if constexpr (!kHasFma) {
    return a * b + c;
  } else {
#if defined(__clang__)
    return __builtin_elementwise_fma(a, b, c);
#else
    return lanewise([](Element<V> x, Element<V> y, Element<V> z) -> Element<V> { return std::fma(x, y, z); }, a, b, c);
#endif
  }
}

template <class V>
inline Mask<kLanes<V>> is_nan(V a) {
  return not_equal(a, a);
}
template <class V>
inline Mask<kLanes<V>> is_infinite(V a) {
  return equal(absolute(a), splat<V>(static_cast<Element<V>>(INFINITY)));
}

/// A function of the C library, lane by lane in double.
template <class V, class... More>
inline V in_double(double (*function)(double), V a) {
  return lanewise([&](Element<V> x) -> Element<V> { return static_cast<Element<V>>(function(x)); }, a);
}
template <class V>
inline V in_double(double (*function)(double, double), V a, V b) {
  return lanewise([&](Element<V> x, Element<V> y) -> Element<V> { return static_cast<Element<V>>(function(x, y)); }, a,
                  b);
}
inline double sigmoid(double x) {
  const double e = std::exp(-std::fabs(x));
  return (x >= 0 ? 1.0 : e) / (1.0 + e);
}

// -------------------------------------------------------------------------------------------------------- conversions

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

// ------------------------------------------------------------------------------------------------------ narrow floats

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

// ------------------------------------------------------------------------------------------------------------- memory

template <class V>
inline V load(const Element<V>* from) {
  V result;
  std::memcpy(&result, from, sizeof(V));
  return result;
}
template <class V>
inline V load_strided(const Element<V>* from, int64_t stride) {
  V result{};
  for (int i = 0; i < kLanes<V>; ++i) set_lane(result, i, from[i * stride]);
  return result;
}
/// Lanes below `active`, which may be negative or too large; the others are `fill`.
template <class V>
inline V load_active(const Element<V>* from, int64_t stride, int64_t active, Element<V> fill) {
  V result = splat<V>(fill);
  for (int i = 0; i < kLanes<V> && i < active; ++i) set_lane(result, i, from[i * stride]);
  return result;
}
template <class V>
inline void store(Element<V>* to, V value) {
  std::memcpy(to, &value, sizeof(V));
}
template <class V>
inline void store_strided(Element<V>* to, int64_t stride, V value) {
  for (int i = 0; i < kLanes<V>; ++i) to[i * stride] = lane(value, i);
}
template <class V>
inline void store_active(Element<V>* to, int64_t stride, int64_t active, V value) {
  for (int i = 0; i < kLanes<V> && i < active; ++i) to[i * stride] = lane(value, i);
}

/// Two numbers of 4 bits a byte, low bits first. Lanes at or beyond `active` are `fill`.
template <class V>
inline V load_packed(const uint8_t* from, int64_t index, int64_t stride, int64_t active, Element<V> fill) {
  V result = splat<V>(fill);
  for (int i = 0; i < kLanes<V> && i < active; ++i) {
    const int64_t place = index + i * stride;
    const unsigned byte = from[place >> 1];
    set_lane(result, i, wrap_4_bits(static_cast<Element<V>>((place & 1) != 0 ? byte >> 4 : byte & 15u)));
  }
  return result;
}
template <class V>
inline void store_packed(uint8_t* to, int64_t index, int64_t stride, int64_t active, V value) {
  for (int i = 0; i < kLanes<V> && i < active; ++i) {
    const int64_t place = index + i * stride;
    const unsigned half = static_cast<unsigned>(lane(value, i)) & 15u;
    const unsigned old = to[place >> 1];
    to[place >> 1] = static_cast<uint8_t>((place & 1) != 0 ? (old & 0x0fu) | half << 4 : (old & 0xf0u) | half);
  }
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

// ----------------------------------------------------------------------------------------------------------- pointers

inline const uint8_t* input(const void* const* table, size_t index) {
  return static_cast<const uint8_t*>(table[index]);
}
inline uint8_t* output(void* const* table, size_t index) { return static_cast<uint8_t*>(table[index]); }

/// A pointer that becomes what a field or parameter wants.
class AnyPointer {
 public:
  explicit AnyPointer(const uint8_t* pointer) : pointer_(const_cast<uint8_t*>(pointer)) {}
  template <class T>
  operator T*() const {  // NOLINT(google-explicit-constructor): that is what it is for
    return reinterpret_cast<T*>(pointer_);
  }

 private:
  uint8_t* pointer_;
};
inline AnyPointer any_pointer(const uint8_t* pointer) { return AnyPointer(pointer); }

// ------------------------------------------------------------------------------------------------------------ control

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

}  // namespace lathe::simd
