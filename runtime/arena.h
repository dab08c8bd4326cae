// The memory of one running call: a single 64-byte aligned block that only grows and is used again by the next call.
// Compiled programs take offsets in it; a host keeps one arena for each call that may run at the same time.
#pragma once

#include <cstddef>

namespace lathe::runtime {

class Arena {
 public:
  static constexpr size_t kAlignment = 64;

  Arena() = default;
  ~Arena();
  Arena(Arena&& other) noexcept;
  Arena& operator=(Arena&& other) noexcept;
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // At least `bytes` bytes, aligned to kAlignment, with unspecified contents: memory that an earlier call returned may
  // be gone when it had to grow. Null when the system has no memory; then the arena is empty. 0 bytes give a valid
  // pointer.
  [[nodiscard]] std::byte* reserve(size_t bytes);

  // Bytes held now; the largest reserve so far, rounded up to kAlignment.
  [[nodiscard]] size_t capacity() const { return capacity_; }

 private:
  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace lathe::runtime
