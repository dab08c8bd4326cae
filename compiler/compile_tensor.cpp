// Tensors in the host's memory.
#include <cstring>
#include <limits>

#include "compiler/compile.h"
#include "lathe/kernels.h"

namespace lathe {
namespace {

// Number of elements, or nothing when a size is negative or the product overflows.
std::optional<int64_t> count_elements(std::span<const int64_t> dims) {
  int64_t count = 1;
  for (const int64_t size : dims) {
    if (size < 0 || __builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return count;
}

}  // namespace

void Tensor::Release::operator()(std::byte* memory) const { lathe_release(nullptr, memory, 0); }

Tensor::Tensor(ElementType element, std::vector<int64_t> dims) : element_(element), dims_(std::move(dims)) {
  const std::optional<int64_t> count = count_elements(dims_);
  if (!count) return;
  const auto size = static_cast<size_t>(*count);
  if (element == ElementType::String) {
    count_ = size;
    strings_.resize(size);
    return;
  }
  const std::optional<uint64_t> bytes = storage_bytes(element, *count);
  if (!bytes || *bytes > std::numeric_limits<size_t>::max() / 2) return;
  data_.reset(static_cast<std::byte*>(lathe_allocate(nullptr, *bytes)));
  if (data_ == nullptr) return;
  count_ = size;
  bytes_ = *bytes;
  if (bytes_ != 0) std::memset(data_.get(), 0, bytes_);
}

}  // namespace lathe
