// Memory for many numbers, as weights are: not initialised, and on huge pages where the system has them.
//
// A weight is written once from end to end and read a few times. On small pages the system's work for the first touch
// is a third of the time that packing a large model takes. Used by whoever makes weights from weights.
#pragma once

#include <cstddef>
#include <limits>
#include <memory>
#include <type_traits>

#include "lathe/runtime.h"

namespace lathe::lower {

/// `count` numbers with unspecified contents, aligned to 64 bytes.
template <class T>
[[nodiscard]] std::shared_ptr<T[]> make_large_array(size_t count) {
  static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= 64);
  const bool fits = count <= std::numeric_limits<size_t>::max() / sizeof(T);
  const size_t bytes = fits ? count * sizeof(T) : 0;
  auto* memory = fits ? static_cast<T*>(lathe_allocate(nullptr, bytes)) : nullptr;
  // Fails as containers do.
  if (memory == nullptr) return std::make_shared_for_overwrite<T[]>(count);
  return std::shared_ptr<T[]>(memory, [bytes](T* block) { lathe_release(nullptr, block, bytes); });
}

}  // namespace lathe::lower
