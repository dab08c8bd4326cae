// Vectors of the compiler (`__attribute__((vector_size))`), their lanes and masks. A part of lathe/simd.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#include "lathe/simd/scalar.h"

// Inlined everywhere, so that it never matters how a vector that is wider than a register is passed.
#define LATHE_SIMD_INLINE inline __attribute__((always_inline))
/// What a lambda of a kernel is declared with.
#define LATHE_SIMD_LAMBDA

namespace lathe::simd {
namespace {

// -------------------------------------------------------------------------------------------------------------- types

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

// -------------------------------------------------------------------------------------------------------------- lanes

template <class To, class From>
LATHE_SIMD_INLINE To bits(const From& value) {
  static_assert(sizeof(To) == sizeof(From));
  To result;
  std::memcpy(&result, &value, sizeof(To));
  return result;
}

/// C++'s conversion of every lane.
template <class To, class From>
LATHE_SIMD_INLINE To convert(const From& value) {
  if constexpr (kLanes<To> == 1) {
    return static_cast<To>(value);
  } else {
    return __builtin_convertvector(value, To);
  }
}

template <class V>
LATHE_SIMD_INLINE Element<V> lane(const V& value, int index) {
  if constexpr (kLanes<V> == 1) {
    (void)index;
    return value;
  } else {
    return value[index];
  }
}

/// The vector whose lane i is function(i).
template <class V, class Function>
LATHE_SIMD_INLINE V from_function(Function function) {
  if constexpr (kLanes<V> == 1) {
    return function(0);
  } else {
    V result{};
    for (int i = 0; i < kLanes<V>; ++i) result[i] = function(i);
    return result;
  }
}

/// Calls function(i, lane i) in order.
template <class Function, class V>
LATHE_SIMD_INLINE void each_lane(Function function, const V& value) {
  for (int i = 0; i < kLanes<V>; ++i) function(i, lane(value, i));
}

/// A function of elements for every lane.
template <class To, class Function, class... Vectors>
LATHE_SIMD_INLINE To lanewise(Function function, const Vectors&... vectors) {
  return from_function<To>([&](int i) -> Element<To> { return function(lane(vectors, i)...); });
}

template <class V, class... Items>
LATHE_SIMD_INLINE V from_lanes(Items... items) {
  return V{static_cast<Element<V>>(items)...};
}

/// One element in all lanes.
template <class V>
LATHE_SIMD_INLINE V splat(Element<V> element) {
  return from_function<V>([element](int) { return element; });
}

/// A scalar mask in all lanes.
template <int N>
LATHE_SIMD_INLINE Mask<N> splat_mask(bool flag) {
  if constexpr (N == 1) {
    return flag;
  } else {
    return splat<Mask<N>>(flag ? -1 : 0);
  }
}

/// The lanes `picks` of the lanes of `a` followed by those of `b`.
template <int... picks, class V>
LATHE_SIMD_INLINE auto shuffle(const V& a, const V& b) {
  if constexpr (sizeof...(picks) == 1) {
    constexpr int kPick = (picks + ...);
    return kPick < kLanes<V> ? lane(a, kPick % kLanes<V>) : lane(b, kPick % kLanes<V>);
  } else if constexpr (kLanes<V> == 1) {
    return Vector<V, sizeof...(picks)>{(picks == 0 ? a : b)...};
  } else {
    return __builtin_shufflevector(a, b, picks...);
  }
}

// -------------------------------------------------------------------------------------------------------------- masks

#define LATHE_SIMD_COMPARISON(name, op)                            \
  template <class V>                                               \
  LATHE_SIMD_INLINE Mask<kLanes<V>> name(const V& a, const V& b) { \
    if constexpr (kLanes<V> == 1) {                                \
      return a op b;                                               \
    } else {                                                       \
      using Wide = Vector<SignedWord<Element<V>>, kLanes<V>>;      \
      return convert<Mask<kLanes<V>>>((Wide)(a op b));             \
    }                                                              \
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
LATHE_SIMD_INLINE V select(const Mask<kLanes<V>>& mask, const V& a, const V& b) {
  if constexpr (kLanes<V> == 1) {
    return mask ? a : b;
  } else {
    using Wide = Vector<SignedWord<Element<V>>, kLanes<V>>;
    const Wide wide = convert<Wide>(mask);
    return bits<V>((wide & bits<Wide>(a)) | (~wide & bits<Wide>(b)));
  }
}

/// 0 or 1.
template <class To>
LATHE_SIMD_INLINE To from_mask(const Mask<kLanes<To>>& mask) {
  if constexpr (kLanes<To> == 1) {
    return static_cast<To>(mask ? 1 : 0);
  } else {
    return convert<To>(mask & splat<Mask<kLanes<To>>>(1));
  }
}

// ------------------------------------------------------------------------------------------------------------- memory

template <class V>
LATHE_SIMD_INLINE V load(const Element<V>* from) {
  V result;
  std::memcpy(&result, from, sizeof(V));
  return result;
}
template <class V>
LATHE_SIMD_INLINE void store(Element<V>* to, const V& value) {
  std::memcpy(to, &value, sizeof(V));
}
/// The first lanes; `active` may be negative or too large.
template <class V>
LATHE_SIMD_INLINE V load_first(const Element<V>* from, int64_t active, Element<V> fill) {
  return from_function<V>([=](int i) { return i < active ? from[i] : fill; });
}
template <class V>
LATHE_SIMD_INLINE void store_first(Element<V>* to, int64_t active, const V& value) {
  for (int i = 0; i < kLanes<V> && i < active; ++i) to[i] = lane(value, i);
}

}  // namespace
}  // namespace lathe::simd
