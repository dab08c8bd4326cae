// Blocks that ask for huge pages.
#include "ir/base/large_array.h"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

namespace lathe {
namespace {

constexpr size_t kAlignment = 64;
constexpr size_t kHugePage = size_t{2} << 20;

size_t round_up(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void* allocate(size_t bytes) {
  if (bytes > SIZE_MAX - kHugePage) return nullptr;
#if defined(MADV_HUGEPAGE)
  if (bytes >= kHugePage) {
    void* memory = std::aligned_alloc(kHugePage, round_up(bytes, kHugePage));
    // A wish: without it the block works as well. What is left behind the last whole page keeps small ones.
    if (memory != nullptr) madvise(memory, bytes / kHugePage * kHugePage, MADV_HUGEPAGE);
    return memory;
  }
#endif
  return std::aligned_alloc(kAlignment, bytes == 0 ? kAlignment : round_up(bytes, kAlignment));
}

}  // namespace

std::shared_ptr<std::byte[]> make_large_bytes(size_t bytes) {
  auto* memory = static_cast<std::byte*>(allocate(bytes));
  if (memory == nullptr) throw std::bad_alloc();
  return std::shared_ptr<std::byte[]>(memory, [](std::byte* block) { std::free(block); });
}

}  // namespace lathe
