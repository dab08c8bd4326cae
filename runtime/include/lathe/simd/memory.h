// Loads and stores of vectors and of parts of them; indices and pointers. A part of lathe/simd.h.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "lathe/kernels.h"
#include "lathe/simd/conversion.h"

namespace lathe::simd {

// -------------------------------------------------------------------------------------------------------------- memory

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

// ------------------------------------------------------------------------------------------------------------- indices

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

}  // namespace lathe::simd
