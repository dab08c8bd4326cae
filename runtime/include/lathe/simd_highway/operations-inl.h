// Arithmetic on Highway's vectors: integers that wrap, roundings, FMA. A part of lathe/simd_highway-inl.h, inside its
// namespace.

#define LATHE_SIMD_FLOAT_OPERATOR(name, function)                                                  \
  template <class T, int N>                                                                        \
  HWY_INLINE VectorOf<T, N> name(VectorOf<T, N> a, VectorOf<T, N> b) {                             \
    static_assert(std::is_floating_point_v<T>);                                                    \
    return by_parts<VectorOf<T, N>>([](auto x, auto y) HWY_ATTR { return function(x, y); }, a, b); \
  }
LATHE_SIMD_FLOAT_OPERATOR(operator+, hn::Add)
LATHE_SIMD_FLOAT_OPERATOR(operator-, hn::Sub)
LATHE_SIMD_FLOAT_OPERATOR(operator*, hn::Mul)
LATHE_SIMD_FLOAT_OPERATOR(operator/, hn::Div)
#undef LATHE_SIMD_FLOAT_OPERATOR

template <class T, int N>
HWY_INLINE VectorOf<T, N> operator-(VectorOf<T, N> a) {
  static_assert(std::is_floating_point_v<T>);
  return by_parts<VectorOf<T, N>>([](auto x) HWY_ATTR { return hn::Neg(x); }, a);
}

#define LATHE_SIMD_BITWISE(name, function)                                                         \
  template <class T, int N>                                                                        \
  HWY_INLINE VectorOf<T, N> name(VectorOf<T, N> a, VectorOf<T, N> b) {                             \
    return by_parts<VectorOf<T, N>>([](auto x, auto y) HWY_ATTR { return function(x, y); }, a, b); \
  }
LATHE_SIMD_BITWISE(operator&, hn::And)
LATHE_SIMD_BITWISE(operator|, hn::Or)
LATHE_SIMD_BITWISE(operator^, hn::Xor)
#undef LATHE_SIMD_BITWISE
template <class T, int N>
HWY_INLINE VectorOf<T, N> operator~(VectorOf<T, N> a) {
  return by_parts<VectorOf<T, N>>([](auto x) HWY_ATTR { return hn::Not(x); }, a);
}

#define LATHE_SIMD_WRAPPING(name, function, is_native)                                  \
  template <class V>                                                                    \
  HWY_INLINE V name(V a, V b) {                                                         \
    using T = Element<V>;                                                               \
    if constexpr (kLanes<V> == 1) {                                                     \
      return wrapping_##name(a, b);                                                     \
    } else if constexpr (is_native) {                                                   \
      return by_parts<V>([](auto x, auto y) HWY_ATTR { return function(x, y); }, a, b); \
    } else {                                                                            \
      return lanewise<V>([](T x, T y) { return wrapping_##name(x, y); }, a, b);         \
    }                                                                                   \
  }
LATHE_SIMD_WRAPPING(add, hn::Add, true)
LATHE_SIMD_WRAPPING(subtract, hn::Sub, true)
LATHE_SIMD_WRAPPING(multiply, hn::Mul, sizeof(T) > 1 && !kIsEmulated)
#undef LATHE_SIMD_WRAPPING

// ------------------------------------------------------------------------------------------------------------- shifts

/// Distances of 16 bits and more are shifted by Highway; what it makes of those that are too large is not looked at.
template <int width, class V>
inline constexpr bool kShifts = kLanes<V> > 1 && width >= 16 && !kIsEmulated;

template <int width, class V>
HWY_INLINE V shift_left(V a, V b) {
  using T = Element<V>;
  if constexpr (!kShifts<width, V>) {
    return lanewise<V>([](T x, T y) { return shifted_left<width>(x, y); }, a, b);
  } else {
    using U = Vector<UnsignedWord<T>, kLanes<V>>;
    const U distance = bits<U>(b);
    const U shifted = by_parts<U>([](auto x, auto y) HWY_ATTR { return x << y; }, bits<U>(a), distance);
    return bits<V>(select(less(distance, splat<U>(width)), shifted, splat<U>(0)));
  }
}

template <int width, class V>
HWY_INLINE V shift_right_logical(V a, V b) {
  using T = Element<V>;
  if constexpr (!kShifts<width, V>) {
    return lanewise<V>([](T x, T y) { return shifted_right_logical<width>(x, y); }, a, b);
  } else {
    using U = Vector<UnsignedWord<T>, kLanes<V>>;
    const U distance = bits<U>(b);
    const U shifted = by_parts<U>([](auto x, auto y) HWY_ATTR { return x >> y; }, bits<U>(a), distance);
    return bits<V>(select(less(distance, splat<U>(width)), shifted, splat<U>(0)));
  }
}

template <int width, class V>
HWY_INLINE V shift_right(V a, V b) {
  using T = Element<V>;
  if constexpr (std::is_unsigned_v<T>) {
    return shift_right_logical<width>(a, b);
  } else if constexpr (!kShifts<width, V>) {
    return lanewise<V>([](T x, T y) { return shifted_right<width>(x, y); }, a, b);
  } else {
    using U = Vector<UnsignedWord<T>, kLanes<V>>;
    const U wanted = bits<U>(b);
    const U distance = select(less(wanted, splat<U>(width)), wanted, splat<U>(width - 1));
    return by_parts<V>([](auto x, auto y) HWY_ATTR { return x >> y; }, a, bits<V>(distance));
  }
}

// ---------------------------------------------------------------------------------------------------------- roundings

/// Targets with instructions that round.
inline constexpr bool kRounds = HWY_TARGET <= HWY_SSE4 || HWY_TARGET == HWY_NEON;

#define LATHE_SIMD_UNARY(name, function, scalar)                                              \
  template <class V>                                                                          \
  HWY_INLINE V name(V a) {                                                                    \
    if constexpr (kRounds) {                                                                  \
      return by_parts<V>([](auto x) HWY_ATTR { return function(x); }, a);                     \
    } else {                                                                                  \
      return lanewise<V>([](Element<V> x) { return static_cast<Element<V>>(scalar(x)); }, a); \
    }                                                                                         \
  }
LATHE_SIMD_UNARY(floor, hn::Floor, std::floor)
LATHE_SIMD_UNARY(ceil, hn::Ceil, std::ceil)
LATHE_SIMD_UNARY(trunc, hn::Trunc, std::trunc)
LATHE_SIMD_UNARY(round_even, hn::Round, std::nearbyint)
/// Correctly rounded.
LATHE_SIMD_UNARY(square_root, hn::Sqrt, std::sqrt)
#undef LATHE_SIMD_UNARY

inline constexpr bool kHasFma = HWY_NATIVE_FMA != 0;

/// a * b + c with one rounding; on a target without FMA product and sum are rounded.
template <class V>
HWY_INLINE V multiply_add(V a, V b, V c) {
  if constexpr (kHasFma) {
    return by_parts<V>([](auto x, auto y, auto z) HWY_ATTR { return hn::MulAdd(x, y, z); }, a, b, c);
  } else {
    return a * b + c;
  }
}

/// Truncates and saturates to a number of `width` bits; NaN gives 0.
template <class To, int width = 8 * sizeof(Element<To>), class From>
HWY_INLINE To to_integer(From a) {
  using T = Element<To>;
  constexpr bool kFitsInSigned = width < 32 || (width == 32 && std::is_signed_v<T>);
  if constexpr (kLanes<To> > 1 && std::is_same_v<Element<From>, float> && kFitsInSigned && !kIsEmulated) {
    using I = Vector<int32_t, kLanes<To>>;
    const I number = by_parts<I>([](auto x) HWY_ATTR { return hn::ConvertTo(typename I::Tag(), x); }, a);
    const I inside = select(equal(a, a), number, splat<I>(0));
    if constexpr (width == 32) {
      return inside;
    } else {
      constexpr int32_t kLargest = (1 << (width - (std::is_signed_v<T> ? 1 : 0))) - 1;
      constexpr int32_t kSmallest = std::is_signed_v<T> ? -kLargest - 1 : 0;
      const I least = splat<I>(kSmallest);
      const I most = splat<I>(kLargest);
      const I raised = select(less(inside, least), least, inside);
      return convert<To>(select(greater(raised, most), most, raised));
    }
  } else {
    return lanewise<To>([](Element<From> x) { return saturated<T, width>(x); }, a);
  }
}
