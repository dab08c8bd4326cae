// Vectors, their lanes, masks, and what follows from them. A part of lathe/simd.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

#if defined(__clang__)
#pragma STDC FP_CONTRACT OFF
#else
#pragma GCC optimize("-ffp-contract=off")
// How wide vectors are passed between functions of one file is of no matter.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

namespace lathe::simd {

// --------------------------------------------------------------------------------------------------------------- types

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

// --------------------------------------------------------------------------------------------------------------- lanes

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

// --------------------------------------------------------------------------------------------------------------- masks

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

}  // namespace lathe::simd
