// The arena: one aligned block, grown by replacing it.
#include "runtime/arena.h"

#include <cstdint>
#include <cstdlib>
#include <utility>

namespace lathe::runtime {

Arena::~Arena() { std::free(data_); }

Arena::Arena(Arena&& other) noexcept
    : data_(std::exchange(other.data_, nullptr)), capacity_(std::exchange(other.capacity_, 0)) {}

Arena& Arena::operator=(Arena&& other) noexcept {
  if (this != &other) {
    std::free(data_);
    data_ = std::exchange(other.data_, nullptr);
    capacity_ = std::exchange(other.capacity_, 0);
  }
  return *this;
}

std::byte* Arena::reserve(size_t bytes) {
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

}  // namespace lathe::runtime
