// The memory of one running call: a single 64-byte aligned block that only grows and is used again by the next call.
// Compiled programs take offsets in it; a host keeps one arena for each call that may run at the same time. For C++
// hosts; whole in this header, so that the archive has C symbols only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <utility>

namespace lathe::runtime {

class Arena {
 public:
  static constexpr size_t kAlignment = 64;

  Arena() = default;
  ~Arena() { std::free(data_); }
  Arena(Arena&& other) noexcept
      : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}
  Arena& operator=(Arena&& other) noexcept {
    if (this != &other) {
      std::free(data_);
      data_ = std::exchange(other.data_, nullptr);
      capacity_ = std::exchange(other.capacity_, 0);
    }
    return *this;
  }
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  // At least `bytes` bytes, aligned to kAlignment, with unspecified contents: memory that an earlier call returned may
  // be gone when it had to grow. Null when the system has no memory; then the arena is empty. 0 bytes give a valid
  // pointer.
  [[nodiscard]] std::byte* reserve(size_t bytes) {
    if (data_ != nullptr && bytes <= capacity_) return data_;
    // The old contents are not kept, so that the peak is never old plus new.
    std::free(data_);
    data_ = nullptr;
    capacity_ = 0;
    if (bytes > SIZE_MAX - kAlignment) return nullptr;
    const size_t rounded = bytes == 0 ? kAlignment : (bytes + kAlignment - 1) / kAlignment * kAlignment;
    data_ = static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded));
    if (data_ != nullptr) capacity_ = rounded;
    return data_;
  }

  // Bytes held now; the largest reserve so far, rounded up to kAlignment.
  [[nodiscard]] size_t capacity() const { return capacity_; }

 private:
  std::byte* data_ = nullptr;
  size_t capacity_ = 0;
};

}  // namespace lathe::runtime
