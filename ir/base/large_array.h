// Memory for many numbers, as weights are: not initialised, and on huge pages where the system has them.
//
// A weight is written once from end to end and read a few times. On small pages the system's work for the first touch
// is a third of the time that packing a large model takes. Used by whoever makes weights from weights.
#pragma once

#include <cstddef>
#include <memory>
#include <type_traits>

namespace lathe {

/// `bytes` bytes with unspecified contents, aligned to 64 at least. Throws std::bad_alloc.
[[nodiscard]] std::shared_ptr<std::byte[]> make_large_bytes(size_t bytes);

/// `count` numbers with unspecified contents.
template <class T>
[[nodiscard]] std::shared_ptr<T[]> make_large_array(size_t count) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
  const std::shared_ptr<std::byte[]> bytes = make_large_bytes(count * sizeof(T));
  return std::shared_ptr<T[]>(bytes, reinterpret_cast<T*>(bytes.get()));
}

}  // namespace lathe
