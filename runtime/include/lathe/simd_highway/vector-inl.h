// Vectors as structs of Highway's, masks, lanes, memory. A part of lathe/simd_highway-inl.h, inside its namespace.

// -------------------------------------------------------------------------------------------------------------- types

/// N > 1 lanes in parts of at most a register.
template <class T, int N>
struct VectorOf {
  using Item = T;
  using Tag = hn::CappedTag<T, N>;
  using Part = hn::Vec<Tag>;
  static constexpr int kLanes = N;
  static constexpr int kPartLanes = N < static_cast<int>(HWY_LANES(T)) ? N : static_cast<int>(HWY_LANES(T));
  static constexpr int kParts = N / kPartLanes;
  Part part[kParts];
};

template <class T, int N>
struct VectorChoice {
  using type = VectorOf<T, N>;
};
template <class T>
struct VectorChoice<T, 1> {
  using type = T;
};
template <class T, int N>
using Vector = typename VectorChoice<T, N>::type;

/// Scalars are seen as one part of one lane.
template <class V>
struct Traits {
  using Item = V;
  using Tag = hn::CappedTag<V, 1>;
  static constexpr int kLanes = 1;
  static constexpr int kPartLanes = 1;
  static constexpr int kParts = 1;
};
template <class T, int N>
struct Traits<VectorOf<T, N>> : VectorOf<T, N> {};

template <class V>
using Element = typename Traits<V>::Item;
template <class V>
inline constexpr int kLanes = Traits<V>::kLanes;
template <class V>
using Parts = std::make_index_sequence<Traits<V>::kParts>;

// ------------------------------------------------------------------------------------------------------ part by part

template <size_t index, class V>
HWY_INLINE auto part_of(V value) {
  if constexpr (std::is_arithmetic_v<V>) {
    return hn::Set(hn::CappedTag<V, 1>(), value);
  } else {
    return value.part[index];
  }
}

template <class To, class... ToParts>
HWY_INLINE To from_parts(ToParts... parts) {
  if constexpr (std::is_arithmetic_v<To>) {
    return hn::GetLane(parts...);
  } else {
    return To{{parts...}};
  }
}

template <size_t index, class Function, class... Vectors>
HWY_INLINE auto at_part(Function function, Vectors... vectors) {
  return function(part_of<index>(vectors)...);
}
template <class To, class Function, size_t... indices, class... Vectors>
HWY_INLINE To by_parts(Function function, std::index_sequence<indices...>, Vectors... vectors) {
  return from_parts<To>(at_part<indices>(function, vectors...)...);
}
/// A function of Highway's vectors for every part.
template <class To, class Function, class... Vectors>
HWY_INLINE To by_parts(Function function, Vectors... vectors) {
  return by_parts<To>(function, Parts<To>(), vectors...);
}

// ------------------------------------------------------------------------------------------------------------- memory

template <class V, size_t... indices>
HWY_INLINE V load_parts(const Element<V>* from, std::index_sequence<indices...>) {
  using Of = Traits<V>;
  return from_parts<V>(hn::LoadU(typename Of::Tag(), from + indices * Of::kPartLanes)...);
}
template <class V>
HWY_INLINE V load(const Element<V>* from) {
  return load_parts<V>(from, Parts<V>());
}

template <class V, size_t... indices>
HWY_INLINE void store_parts(Element<V>* to, V value, std::index_sequence<indices...>) {
  using Of = Traits<V>;
  (hn::StoreU(part_of<indices>(value), typename Of::Tag(), to + indices * Of::kPartLanes), ...);
}
template <class V>
HWY_INLINE void store(Element<V>* to, V value) {
  store_parts<V>(to, value, Parts<V>());
}

/// Whether a load or store under a mask touches nothing beside it.
template <class T>
inline constexpr bool kMasksMemory = HWY_MEM_OPS_MIGHT_FAULT == 0 || (HWY_TARGET == HWY_AVX2 && sizeof(T) >= 4);

HWY_INLINE size_t lanes_in_part(int64_t active, int64_t first, int64_t lanes) {
  return static_cast<size_t>(active <= first ? 0 : active - first < lanes ? active - first : lanes);
}

template <class V, size_t index>
HWY_INLINE auto load_first_of_part(const Element<V>* from, int64_t active, Element<V> fill) {
  using Of = Traits<V>;
  const typename Of::Tag tag;
  constexpr int64_t kFirst = int64_t{index} * Of::kPartLanes;
  const auto mask = hn::FirstN(tag, lanes_in_part(active, kFirst, Of::kPartLanes));
  return hn::IfThenElse(mask, hn::MaskedLoad(mask, tag, from + kFirst), hn::Set(tag, fill));
}
template <class V, size_t... indices>
HWY_INLINE V load_first_by_parts(const Element<V>* from, int64_t active, Element<V> fill,
                                 std::index_sequence<indices...>) {
  return from_parts<V>(load_first_of_part<V, indices>(from, active, fill)...);
}
/// The first lanes; `active` may be negative or too large.
template <class V>
HWY_INLINE V load_first(const Element<V>* from, int64_t active, Element<V> fill) {
  if (active >= kLanes<V>) return load<V>(from);
  if constexpr (kLanes<V> == 1) {
    return fill;
  } else if constexpr (kMasksMemory<Element<V>>) {
    return load_first_by_parts<V>(from, active, fill, Parts<V>());
  } else {
    Element<V> lanes[kLanes<V>];
    for (int i = 0; i < kLanes<V>; ++i) lanes[i] = i < active ? from[i] : fill;
    return load<V>(lanes);
  }
}

template <class V, size_t... indices>
HWY_INLINE void store_first_by_parts(Element<V>* to, int64_t active, V value, std::index_sequence<indices...>) {
  using Of = Traits<V>;
  const typename Of::Tag tag;
  const auto first = [](size_t index) { return static_cast<int64_t>(index) * Of::kPartLanes; };
  (hn::BlendedStore(part_of<indices>(value), hn::FirstN(tag, lanes_in_part(active, first(indices), Of::kPartLanes)),
                    tag, to + first(indices)),
   ...);
}
template <class V>
HWY_INLINE void store_first(Element<V>* to, int64_t active, V value) {
  if (active >= kLanes<V>) return store<V>(to, value);
  if constexpr (kLanes<V> > 1) {
    if constexpr (kMasksMemory<Element<V>>) {
      store_first_by_parts<V>(to, active, value, Parts<V>());
    } else {
      Element<V> lanes[kLanes<V>];
      store<V>(lanes, value);
      for (int i = 0; i < kLanes<V> && i < active; ++i) to[i] = lanes[i];
    }
  }
}

// -------------------------------------------------------------------------------------------------------------- lanes

template <class V, size_t... indices>
HWY_INLINE V splat_parts(Element<V> element, std::index_sequence<indices...>) {
  const auto part = hn::Set(typename V::Tag(), element);
  return {{(static_cast<void>(indices), part)...}};
}
/// One element in all lanes.
template <class V>
HWY_INLINE V splat(Element<V> element) {
  if constexpr (kLanes<V> == 1) {
    return element;
  } else {
    return splat_parts<V>(element, Parts<V>());
  }
}

/// The vector whose lane i is function(i).
template <class V, class Function>
HWY_INLINE V from_function(Function function) {
  if constexpr (kLanes<V> == 1) {
    return function(0);
  } else {
    Element<V> lanes[kLanes<V>];
    for (int i = 0; i < kLanes<V>; ++i) lanes[i] = function(i);
    return load<V>(lanes);
  }
}

/// Calls function(i, lane i) in order.
template <class Function, class V>
HWY_INLINE void each_lane(Function function, V value) {
  Element<V> lanes[kLanes<V>];
  store<V>(lanes, value);
  for (int i = 0; i < kLanes<V>; ++i) function(i, lanes[i]);
}

/// Lanes in memory.
template <class V>
struct Stored {
  Element<V> lane[kLanes<V>];
};
template <class V>
HWY_INLINE Stored<V> stored(V value) {
  Stored<V> result;
  store<V>(result.lane, value);
  return result;
}
template <class To, class Function, class... Vectors>
HWY_INLINE To lanewise_stored(Function function, const Stored<Vectors>&... operands) {
  Element<To> lanes[kLanes<To>];
  for (int i = 0; i < kLanes<To>; ++i) lanes[i] = function(operands.lane[i]...);
  return load<To>(lanes);
}
/// A function of elements for every lane.
template <class To, class Function, class... Vectors>
HWY_INLINE To lanewise(Function function, Vectors... vectors) {
  if constexpr (kLanes<To> == 1) {
    return function(vectors...);
  } else {
    return lanewise_stored<To, Function, Vectors...>(function, stored(vectors)...);
  }
}

template <class V, class... Items>
HWY_INLINE V from_lanes(Items... items) {
  const Element<V> lanes[] = {static_cast<Element<V>>(items)...};
  return load<V>(lanes);
}

// -------------------------------------------------------------------------------------------------------------- masks

template <class T, int N>
struct MaskOf;
template <class T, class S, int N>
HWY_INLINE MaskOf<T, N> rebind_mask(MaskOf<S, N> mask);

/// N > 1 flags, as comparisons of T give them.
template <class T, int N>
struct MaskOf {
  using Of = VectorOf<T, N>;
  hn::Mask<typename Of::Tag> part[Of::kParts];

  MaskOf() = default;
  template <class... Flags>
  HWY_INLINE explicit MaskOf(std::true_type, Flags... flags) : part{flags...} {}
  template <class S>
  HWY_INLINE MaskOf(MaskOf<S, N> other)  // NOLINT(google-explicit-constructor): a mask is a mask
      : MaskOf(rebind_mask<T>(other)) {}
};
template <int N>
struct MaskChoice {
  using type = MaskOf<int8_t, N>;
};
template <>
struct MaskChoice<1> {
  using type = bool;
};
template <int N>
using Mask = typename MaskChoice<N>::type;

template <class T, int N, class Function, size_t... indices, class... Operands>
HWY_INLINE MaskOf<T, N> mask_by_parts(Function function, std::index_sequence<indices...>, Operands... operands) {
  return MaskOf<T, N>(std::true_type(), at_part<indices>(function, operands...)...);
}
template <class T, int N, class Function, class... Operands>
HWY_INLINE MaskOf<T, N> mask_by_parts(Function function, Operands... operands) {
  return mask_by_parts<T, N>(function, Parts<VectorOf<T, N>>(), operands...);
}

/// Integers of 0 or -1.
template <class T, int N>
HWY_INLINE VectorOf<SignedWord<T>, N> words_of(MaskOf<T, N> mask) {
  using Words = VectorOf<SignedWord<T>, N>;
  return by_parts<Words>(
      [](auto flags) HWY_ATTR {
        const typename Words::Tag tag;
        return hn::VecFromMask(tag, hn::RebindMask(tag, flags));
      },
      mask);
}
/// From integers of 0 or -1.
template <class T, int N>
HWY_INLINE MaskOf<T, N> mask_of_words(VectorOf<SignedWord<T>, N> words) {
  using Tag = typename VectorOf<T, N>::Tag;
  return mask_by_parts<T, N>([](auto word) HWY_ATTR { return hn::RebindMask(Tag(), hn::MaskFromVec(word)); }, words);
}

/// A scalar mask in all lanes.
template <int N>
HWY_INLINE Mask<N> splat_mask(bool flag) {
  if constexpr (N == 1) {
    return flag;
  } else {
    return mask_of_words<int8_t, N>(splat<VectorOf<int8_t, N>>(static_cast<int8_t>(flag ? -1 : 0)));
  }
}

#define LATHE_SIMD_COMPARISON(name, op, compared)                                       \
  template <class T>                                                                    \
  HWY_INLINE std::enable_if_t<std::is_arithmetic_v<T>, bool> name(T a, T b) {           \
    return a op b;                                                                      \
  }                                                                                     \
  template <class T, int N>                                                             \
  HWY_INLINE MaskOf<T, N> name(VectorOf<T, N> a, VectorOf<T, N> b) {                    \
    return mask_by_parts<T, N>([](auto x, auto y) HWY_ATTR { return compared; }, a, b); \
  }
LATHE_SIMD_COMPARISON(equal, ==, hn::Eq(x, y))
// Highway's Ne says no for NaN.
LATHE_SIMD_COMPARISON(not_equal, !=, hn::Not(hn::Eq(x, y)))
LATHE_SIMD_COMPARISON(less, <, hn::Lt(x, y))
LATHE_SIMD_COMPARISON(greater, >, hn::Gt(x, y))
#undef LATHE_SIMD_COMPARISON

/// Of masks for different types the one for the larger elements, whose conversion costs least.
template <class S, class T>
using WiderOf = std::conditional_t<(sizeof(S) < sizeof(T)), T, S>;

#define LATHE_SIMD_MASK_OPERATOR(name, combined)                                                    \
  template <class S, class T, int N>                                                                \
  HWY_INLINE MaskOf<WiderOf<S, T>, N> name(MaskOf<S, N> a, MaskOf<T, N> b) {                        \
    using W = WiderOf<S, T>;                                                                        \
    return mask_by_parts<W, N>([](auto x, auto y) HWY_ATTR { return combined; }, rebind_mask<W>(a), \
                               rebind_mask<W>(b));                                                  \
  }
LATHE_SIMD_MASK_OPERATOR(operator&, hn::And(x, y))
LATHE_SIMD_MASK_OPERATOR(operator|, hn::Or(x, y))
LATHE_SIMD_MASK_OPERATOR(operator^, hn::Xor(x, y))
LATHE_SIMD_MASK_OPERATOR(not_equal, hn::Xor(x, y))
LATHE_SIMD_MASK_OPERATOR(equal, hn::Not(hn::Xor(x, y)))
#undef LATHE_SIMD_MASK_OPERATOR
template <class T, int N>
HWY_INLINE MaskOf<T, N> operator~(MaskOf<T, N> mask) {
  return mask_by_parts<T, N>([](auto x) HWY_ATTR { return hn::Not(x); }, mask);
}

#define LATHE_SIMD_OR_EQUAL(name, op, strict, other)                                              \
  template <class T>                                                                              \
  HWY_INLINE std::enable_if_t<std::is_arithmetic_v<T>, bool> name(T a, T b) {                     \
    return a op b;                                                                                \
  }                                                                                               \
  template <class T, int N>                                                                       \
  HWY_INLINE MaskOf<T, N> name(VectorOf<T, N> a, VectorOf<T, N> b) {                              \
    if constexpr (std::is_floating_point_v<T>) {                                                  \
      return mask_by_parts<T, N>([](auto x, auto y) HWY_ATTR { return hn::strict(x, y); }, a, b); \
    } else {                                                                                      \
      return ~other(a, b);                                                                        \
    }                                                                                             \
  }
LATHE_SIMD_OR_EQUAL(less_equal, <=, Le, greater)
LATHE_SIMD_OR_EQUAL(greater_equal, >=, Ge, less)
#undef LATHE_SIMD_OR_EQUAL

/// `a` where the mask is set, else `b`.
template <class T>
HWY_INLINE std::enable_if_t<std::is_arithmetic_v<T>, T> select(bool mask, T a, T b) {
  return mask ? a : b;
}
template <class S, class T, int N>
HWY_INLINE VectorOf<T, N> select(MaskOf<S, N> mask, VectorOf<T, N> a, VectorOf<T, N> b) {
  return by_parts<VectorOf<T, N>>([](auto flags, auto x, auto y) HWY_ATTR { return hn::IfThenElse(flags, x, y); },
                                  rebind_mask<T>(mask), a, b);
}
template <class S, class T, class U, int N>
HWY_INLINE auto select(MaskOf<S, N> mask, MaskOf<T, N> a, MaskOf<U, N> b) {
  return (mask & a) | (~mask & b);
}

/// 0 or 1.
template <class To>
HWY_INLINE To from_mask(bool mask) {
  return static_cast<To>(mask ? 1 : 0);
}
template <class To, class S, int N>
HWY_INLINE To from_mask(MaskOf<S, N> mask) {
  return select(mask, splat<To>(1), splat<To>(0));
}
