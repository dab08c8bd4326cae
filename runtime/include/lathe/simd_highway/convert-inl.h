// Conversions, halves and shuffles on Highway's vectors. A part of lathe/simd_highway-inl.h, inside its namespace.

// ------------------------------------------------------------------------------------------------------------- halves

template <class T, int N>
HWY_INLINE Vector<T, N / 2> low_half(VectorOf<T, N> value) {
  using Of = VectorOf<T, N>;
  using Half = Vector<T, N / 2>;
  if constexpr (Of::kParts > 1) {
    return by_parts<Half>([](auto x) HWY_ATTR { return x; }, Parts<Half>(), value);
  } else {
    return from_parts<Half>(hn::LowerHalf(hn::Half<typename Of::Tag>(), value.part[0]));
  }
}
template <size_t offset, class V, size_t... indices>
HWY_INLINE auto parts_from(V value, std::index_sequence<indices...>) {
  return Vector<Element<V>, kLanes<V> / 2>{{value.part[offset + indices]...}};
}
template <class T, int N>
HWY_INLINE Vector<T, N / 2> high_half(VectorOf<T, N> value) {
  using Of = VectorOf<T, N>;
  if constexpr (Of::kParts > 1 && N > 2) {
    return parts_from<Of::kParts / 2>(value, std::make_index_sequence<Of::kParts / 2>());
  } else if constexpr (Of::kParts > 1) {
    return hn::GetLane(value.part[1]);
  } else {
    return from_parts<Vector<T, N / 2>>(hn::UpperHalf(hn::Half<typename Of::Tag>(), value.part[0]));
  }
}
/// The vector with these halves, of more than one lane each.
template <class T, int N, size_t... indices>
HWY_INLINE VectorOf<T, 2 * N> joined_parts(VectorOf<T, N> low, VectorOf<T, N> high, std::index_sequence<indices...>) {
  return {{low.part[indices]..., high.part[indices]...}};
}
template <class T, int N>
HWY_INLINE VectorOf<T, 2 * N> joined(VectorOf<T, N> low, VectorOf<T, N> high) {
  using Whole = VectorOf<T, 2 * N>;
  if constexpr (Whole::kParts > 1) {
    return joined_parts(low, high, Parts<VectorOf<T, N>>());
  } else {
    return {{hn::Combine(typename Whole::Tag(), high.part[0], low.part[0])}};
  }
}

// ------------------------------------------------------------------------------------------------------- conversions

/// Emulated targets have few of Highway's words; the compiler's own vectors serve there.
inline constexpr bool kIsEmulated = HWY_TARGET == HWY_SCALAR || HWY_TARGET == HWY_EMU128;

/// The compiler's vector with the same lanes, for what Highway has no word for.
template <class V>
struct PlainOf {
  typedef Element<V> type __attribute__((vector_size(kLanes<V> * sizeof(Element<V>))));
};
template <class V>
using Plain = typename PlainOf<V>::type;
template <class V>
HWY_INLINE Plain<V> to_plain(V value) {
  Plain<V> plain;
  std::memcpy(&plain, &value, sizeof(plain));
  return plain;
}
template <class V>
HWY_INLINE V from_plain(const Plain<V>& plain) {
  V value{};
  std::memcpy(&value, &plain, sizeof(plain));
  return value;
}

template <class To, class From>
HWY_INLINE To bits(From value) {
  if constexpr (kLanes<To> == 1) {
    return bits_of<To>(value);
  } else {
    return by_parts<To>([](auto x) HWY_ATTR { return hn::BitCast(typename To::Tag(), x); }, value);
  }
}

/// To elements of twice or half the size: of unsigned integers the low bits, of floats the nearest.
template <class T, class S, int N>
HWY_INLINE VectorOf<T, N> resized(VectorOf<S, N> value) {
  using Larger = VectorOf<std::conditional_t<(sizeof(T) > sizeof(S)), T, S>, N>;
  if constexpr (Larger::kParts > 1) {
    return joined(resized<T>(low_half(value)), resized<T>(high_half(value)));
  } else {
    const typename VectorOf<T, N>::Tag tag;
    if constexpr (sizeof(T) > sizeof(S)) {
      return {{hn::PromoteTo(tag, value.part[0])}};
    } else if constexpr (std::is_floating_point_v<T>) {
      return {{hn::DemoteTo(tag, value.part[0])}};
    } else {
      return {{hn::TruncateTo(tag, value.part[0])}};
    }
  }
}

template <int bytes, bool has_sign>
using Word = std::conditional_t<has_sign, typename WordOf<bytes>::with_sign, typename WordOf<bytes>::without>;

/// C++'s conversion of every lane.
template <class To, class From>
HWY_INLINE To convert(From value) {
  using T = Element<To>;
  using S = Element<From>;
  constexpr int N = kLanes<To>;
  if constexpr (std::is_same_v<To, From>) {
    return value;
  } else if constexpr (N == 1) {
    return static_cast<To>(value);
  } else if constexpr (kIsEmulated) {
    return from_plain<To>(__builtin_convertvector(to_plain(value), Plain<To>));
  } else if constexpr (std::is_integral_v<T> && std::is_integral_v<S>) {
    if constexpr (sizeof(T) == sizeof(S)) {
      return bits<To>(value);
    } else if constexpr (sizeof(T) > sizeof(S)) {
      // The sign of the source counts.
      using Next = Word<2 * sizeof(S), std::is_signed_v<S>>;
      return convert<To>(resized<Next>(value));
    } else {
      using Next = Word<sizeof(S) / 2, false>;
      return convert<To>(resized<Next>(bits<Vector<UnsignedWord<S>, N>>(value)));
    }
  } else if constexpr (std::is_floating_point_v<T> && std::is_floating_point_v<S>) {
    return resized<T>(value);
  } else if constexpr (std::is_integral_v<S> && sizeof(S) < 4) {
    return convert<To>(convert<Vector<int32_t, N>>(value));
  } else if constexpr (std::is_same_v<S, int32_t> && std::is_same_v<T, float>) {
    return by_parts<To>([](auto x) HWY_ATTR { return hn::ConvertTo(typename To::Tag(), x); }, value);
  } else if constexpr (std::is_same_v<S, int32_t> && std::is_same_v<T, double>) {
    return resized<T>(value);
  } else {
    return from_plain<To>(__builtin_convertvector(to_plain(value), Plain<To>));
  }
}

template <class T, class S, int N>
HWY_INLINE MaskOf<T, N> rebind_mask(MaskOf<S, N> mask) {
  if constexpr (std::is_same_v<T, S>) {
    return mask;
  } else if constexpr (sizeof(T) == sizeof(S)) {
    using Tag = typename VectorOf<T, N>::Tag;
    return mask_by_parts<T, N>([](auto flags) HWY_ATTR { return hn::RebindMask(Tag(), flags); }, mask);
  } else {
    return mask_of_words<T, N>(convert<VectorOf<SignedWord<T>, N>>(words_of(mask)));
  }
}

// ----------------------------------------------------------------------------------------------------------- shuffles

template <int pick, class T, int N>
HWY_INLINE T lane_of(VectorOf<T, N> value) {
  using Of = VectorOf<T, N>;
  return hn::ExtractLane(value.part[pick / Of::kPartLanes], pick % Of::kPartLanes);
}

/// Whether the picks are `count` lanes that follow each other from `first` on.
template <int first, int count, int... picks>
constexpr bool picks_run() {
  int next = first;
  return sizeof...(picks) == count && ((picks == next++) && ...);
}

/// The lanes `picks` of the lanes of `a` followed by those of `b`.
template <int... picks, class T, int N>
HWY_INLINE auto shuffle(VectorOf<T, N> a, VectorOf<T, N> b) {
  constexpr int kCount = sizeof...(picks);
  if constexpr (kCount == 1) {
    constexpr int kPick = (picks + ...);
    return lane_of<kPick % N>(kPick < N ? a : b);
  } else if constexpr (!kIsEmulated && picks_run<0, N / 2, picks...>()) {
    return low_half(a);
  } else if constexpr (!kIsEmulated && picks_run<N / 2, N / 2, picks...>()) {
    return high_half(a);
  } else if constexpr (!kIsEmulated && picks_run<0, 2 * N, picks...>()) {
    return joined(a, b);
  } else {
    return from_plain<VectorOf<T, kCount>>(__builtin_shufflevector(to_plain(a), to_plain(b), picks...));
  }
}
template <int... picks, class T>
HWY_INLINE auto shuffle(T a, T b) -> std::enable_if_t<std::is_arithmetic_v<T>, Vector<T, sizeof...(picks)>> {
  if constexpr (sizeof...(picks) == 1) {
    return (picks + ...) == 0 ? a : b;
  } else {
    return from_lanes<Vector<T, sizeof...(picks)>>((picks == 0 ? a : b)...);
  }
}
template <int... picks, class S, class T, int N>
HWY_INLINE auto shuffle(MaskOf<S, N> a, MaskOf<T, N> b) {
  const auto words = shuffle<picks...>(words_of(a), words_of(rebind_mask<S>(b)));
  if constexpr (sizeof...(picks) == 1) {
    return words != 0;
  } else {
    return mask_of_words<SignedWord<S>, sizeof...(picks)>(words);
  }
}
