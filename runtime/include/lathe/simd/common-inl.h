// What both facades of generated C++ share: operations that are made of a facade's primitives, or done lane by lane.
//
// Included by lathe/simd.h and, once for each target, by lathe/simd_highway-inl.h, inside of the facade's namespace:
// it therefore includes nothing itself. Uses Vector, Element, kLanes, lanewise, select, the comparisons and bits, and
// the functions of lathe/simd/scalar.h. LATHE_SIMD_INLINE is how the facade declares its functions.

template <class V>
using Signed = Vector<SignedWord<Element<V>>, kLanes<V>>;
template <class V>
using Unsigned = Vector<UnsignedWord<Element<V>>, kLanes<V>>;
template <class V, class T>
using Rebind = Vector<T, kLanes<V>>;

// ------------------------------------------------------------------------------------------------------------ numbers

template <class V>
LATHE_SIMD_INLINE V negate(const V& a) {
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return -a;
  } else {
    return subtract(splat<V>(0), a);
  }
}

template <class V>
LATHE_SIMD_INLINE V divide(const V& a, const V& b) {
  using T = Element<V>;
  if constexpr (std::is_floating_point_v<T>) {
    return a / b;
  } else {
    return lanewise<V>([](T x, T y) { return integer_quotient(x, y); }, a, b);
  }
}

template <class V>
LATHE_SIMD_INLINE V truncated_remainder(const V& a, const V& b) {
  using T = Element<V>;
  return lanewise<V>([](T x, T y) { return remainder_of(x, y); }, a, b);
}
template <class V>
LATHE_SIMD_INLINE V floor_modulo(const V& a, const V& b) {
  using T = Element<V>;
  return lanewise<V>([](T x, T y) { return floor_modulo_of(x, y); }, a, b);
}

template <class V>
LATHE_SIMD_INLINE V wrap_4_bits(const V& a) {
  return lanewise<V>([](Element<V> x) { return wrapped_to_4_bits(x); }, a);
}

/// b where b < a or b is NaN, else a.
template <class V>
LATHE_SIMD_INLINE V minimum(const V& a, const V& b) {
  const V ordered = select(less(b, a), b, a);
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return select(not_equal(b, b), b, ordered);
  } else {
    return ordered;
  }
}
template <class V>
LATHE_SIMD_INLINE V maximum(const V& a, const V& b) {
  const V ordered = select(greater(b, a), b, a);
  if constexpr (std::is_floating_point_v<Element<V>>) {
    return select(not_equal(b, b), b, ordered);
  } else {
    return ordered;
  }
}

template <class V>
LATHE_SIMD_INLINE V absolute(const V& a) {
  using T = Element<V>;
  if constexpr (std::is_floating_point_v<T>) {
    using U = Unsigned<V>;
    constexpr Element<U> kAllButSign = static_cast<Element<U>>(~Element<U>{0}) >> 1;
    return bits<V>(bits<U>(a) & splat<U>(kAllButSign));
  } else if constexpr (std::is_unsigned_v<T>) {
    return a;
  } else {
    return select(less(a, splat<V>(0)), negate(a), a);
  }
}

template <class V>
LATHE_SIMD_INLINE V sign(const V& a) {
  using T = Element<V>;
  const V zero = splat<V>(T{0});
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

template <class V>
LATHE_SIMD_INLINE auto is_nan(const V& a) {
  return not_equal(a, a);
}
template <class V>
LATHE_SIMD_INLINE auto is_infinite(const V& a) {
  return equal(absolute(a), splat<V>(static_cast<Element<V>>(INFINITY)));
}

/// A function of the C library, lane by lane in double.
template <class V>
LATHE_SIMD_INLINE V in_double(double (*function)(double), const V& a) {
  return lanewise<V>([function](Element<V> x) { return static_cast<Element<V>>(function(x)); }, a);
}
template <class V>
LATHE_SIMD_INLINE V in_double(double (*function)(double, double), const V& a, const V& b) {
  return lanewise<V>([function](Element<V> x, Element<V> y) { return static_cast<Element<V>>(function(x, y)); }, a, b);
}

// -------------------------------------------------------------------------------------------------------- conversions

/// The bits of a narrow format that are nearest.
template <class F, class V>
LATHE_SIMD_INLINE Rebind<V, typename F::Bits> encode(const V& single) {
  return lanewise<Rebind<V, typename F::Bits>>([](float x) { return encoded<F>(x); }, single);
}
template <class F, class B>
LATHE_SIMD_INLINE Rebind<B, float> decode(const B& words) {
  return lanewise<Rebind<B, float>>([](typename F::Bits word) { return decoded<F>(word); }, words);
}
/// The nearest number of a narrow format.
template <class F, class V>
LATHE_SIMD_INLINE V round_as(const V& single) {
  return lanewise<V>([](float x) { return decoded<F>(encoded<F>(x)); }, single);
}
/// A double as a float that rounds to a narrow format as the double itself does: rounded to odd.
template <class To, class From>
LATHE_SIMD_INLINE To to_odd(const From& a) {
  return lanewise<To>([](double x) { return rounded_to_odd(x); }, a);
}

template <class V>
LATHE_SIMD_INLINE auto to_mask(const V& a) {
  return not_equal(a, splat<V>(0));
}

// ------------------------------------------------------------------------------------------------------------- memory

template <class V>
LATHE_SIMD_INLINE V load_strided(const Element<V>* from, int64_t stride) {
  return from_function<V>([=](int i) { return from[i * stride]; });
}
template <class V>
LATHE_SIMD_INLINE void store_strided(Element<V>* to, int64_t stride, const V& value) {
  each_lane([=](int i, Element<V> x) { to[i * stride] = x; }, value);
}

/// Lanes below `active`, which may be negative or too large; the others are `fill`.
template <class V>
LATHE_SIMD_INLINE V load_active(const Element<V>* from, int64_t stride, int64_t active, Element<V> fill) {
  if (stride == 1) return load_first<V>(from, active, fill);
  return from_function<V>([=](int i) { return i < active ? from[i * stride] : fill; });
}
template <class V>
LATHE_SIMD_INLINE void store_active(Element<V>* to, int64_t stride, int64_t active, const V& value) {
  if (stride == 1) return store_first(to, active, value);
  each_lane(
      [=](int i, Element<V> x) {
        if (i < active) to[i * stride] = x;
      },
      value);
}

/// Two numbers of 4 bits a byte, low bits first. Lanes at or beyond `active` are `fill`.
template <class V>
LATHE_SIMD_INLINE V load_packed(const uint8_t* from, int64_t index, int64_t stride, int64_t active, Element<V> fill) {
  return from_function<V>([=](int i) {
    if (i >= active) return fill;
    const int64_t place = index + i * stride;
    const unsigned byte = from[place >> 1];
    return wrapped_to_4_bits(static_cast<Element<V>>((place & 1) != 0 ? byte >> 4 : byte & 15u));
  });
}
template <class V>
LATHE_SIMD_INLINE void store_packed(uint8_t* to, int64_t index, int64_t stride, int64_t active, const V& value) {
  each_lane(
      [=](int i, Element<V> x) {
        if (i >= active) return;
        const int64_t place = index + i * stride;
        const unsigned half = static_cast<unsigned>(x) & 15u;
        const unsigned old = to[place >> 1];
        to[place >> 1] = static_cast<uint8_t>((place & 1) != 0 ? (old & 0x0fu) | half << 4 : (old & 0xf0u) | half);
      },
      value);
}

/// index + lane * stride
template <class V>
LATHE_SIMD_INLINE V lanes_from(int64_t index, int64_t stride) {
  return from_function<V>([=](int i) { return static_cast<Element<V>>(index + i * stride); });
}
