// Arithmetic on the compiler's vectors: integers that wrap, roundings, FMA. A part of lathe/simd.h.
#pragma once

#include <cmath>
#include <cstdint>
#include <type_traits>

#include "lathe/simd/vector.h"

namespace lathe::simd {
namespace {

#define LATHE_SIMD_WRAPPING(name, op)                           \
  template <class V>                                            \
  LATHE_SIMD_INLINE V name(const V& a, const V& b) {            \
    if constexpr (std::is_floating_point_v<Element<V>>) {       \
      return a op b;                                            \
    } else if constexpr (kLanes<V> == 1) {                      \
      return wrapping_##name(a, b);                             \
    } else {                                                    \
      using Word = Vector<UnsignedWord<Element<V>>, kLanes<V>>; \
      return (V)((Word)a op(Word) b);                           \
    }                                                           \
  }
LATHE_SIMD_WRAPPING(add, +)
LATHE_SIMD_WRAPPING(subtract, -)
LATHE_SIMD_WRAPPING(multiply, *)
#undef LATHE_SIMD_WRAPPING

#define LATHE_SIMD_SHIFT(name, of_element)                                      \
  template <int width, class V>                                                 \
  LATHE_SIMD_INLINE V name(const V& a, const V& b) {                            \
    using T = Element<V>;                                                       \
    return lanewise<V>([](T x, T y) { return of_element<width>(x, y); }, a, b); \
  }
LATHE_SIMD_SHIFT(shift_left, shifted_left)
LATHE_SIMD_SHIFT(shift_right, shifted_right)
LATHE_SIMD_SHIFT(shift_right_logical, shifted_right_logical)
#undef LATHE_SIMD_SHIFT

#if defined(__clang__)
#define LATHE_SIMD_UNARY(name, builtin, scalar) \
  template <class V>                            \
  LATHE_SIMD_INLINE V name(const V& a) {        \
    return __builtin_elementwise_##builtin(a);  \
  }
#else
#define LATHE_SIMD_UNARY(name, builtin, scalar)                                  \
  template <class V>                                                             \
  LATHE_SIMD_INLINE V name(const V& a) {                                         \
    return lanewise<V>([](Element<V> x) -> Element<V> { return scalar(x); }, a); \
  }
#endif
LATHE_SIMD_UNARY(floor, floor, std::floor)
LATHE_SIMD_UNARY(ceil, ceil, std::ceil)
LATHE_SIMD_UNARY(trunc, trunc, std::trunc)
LATHE_SIMD_UNARY(round_even, roundeven, std::nearbyint)
#undef LATHE_SIMD_UNARY

/// Correctly rounded.
template <class V>
LATHE_SIMD_INLINE V square_root(const V& a) {
  return lanewise<V>([](Element<V> x) -> Element<V> { return std::sqrt(x); }, a);
}

#if defined(__FMA__) || defined(__aarch64__) || defined(__riscv)
inline constexpr bool kHasFma = true;
#else
inline constexpr bool kHasFma = false;
#endif

/// a * b + c with one rounding; on a target without FMA product and sum are rounded.
template <class V>
LATHE_SIMD_INLINE V multiply_add(const V& a, const V& b, const V& c) {
  if constexpr (!kHasFma) {
    return a * b + c;
  } else {
#if defined(__clang__)
    return __builtin_elementwise_fma(a, b, c);
#else
    using T = Element<V>;
    return lanewise<V>([](T x, T y, T z) -> T { return std::fma(x, y, z); }, a, b, c);
#endif
  }
}

/// Truncates and saturates to a number of `width` bits; NaN gives 0.
template <class To, int width = 8 * sizeof(Element<To>), class From>
LATHE_SIMD_INLINE To to_integer(const From& a) {
  return lanewise<To>([](Element<From> x) { return saturated<Element<To>, width>(x); }, a);
}

}  // namespace
}  // namespace lathe::simd
