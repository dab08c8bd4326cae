// Numbers: integers that wrap, floats that are never contracted. A part of lathe/simd.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lathe/simd/vector.h"

namespace lathe::simd {

// -------------------------------------------------------------------------------------------------- integers that wrap

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

// ------------------------------------------------------------------------------------------------------------- numbers

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

}  // namespace lathe::simd
