// Fused multiply-adds, with the processor's instruction where there is one; the C library's fmaf gives the same bits
// elsewhere.
#include "compiler/interp/graph_products.h"

namespace lathe::interp {
namespace {

constexpr size_t kTogether = 8;

template <size_t Count>
[[gnu::always_inline]] inline void accumulate_group(ProductSum* group, std::span<const int64_t> left_offsets,
                                                    std::span<const int64_t> right_offsets) {
  float sums[Count];
  const float* left[Count];
  const float* right[Count];
  for (size_t i = 0; i < Count; ++i) {
    sums[i] = group[i].sum;
    left[i] = group[i].left;
    right[i] = group[i].right;
  }
  for (size_t k = 0; k < left_offsets.size(); ++k) {
    const int64_t l = left_offsets[k];
    const int64_t r = right_offsets[k];
    for (size_t i = 0; i < Count; ++i) sums[i] = __builtin_fmaf(left[i][l], right[i][r], sums[i]);
  }
  for (size_t i = 0; i < Count; ++i) group[i].sum = sums[i];
}

[[gnu::always_inline]] inline void accumulate_all(std::span<ProductSum> sums, std::span<const int64_t> left_offsets,
                                                  std::span<const int64_t> right_offsets) {
  size_t i = 0;
  for (; i + kTogether <= sums.size(); i += kTogether) {
    accumulate_group<kTogether>(sums.data() + i, left_offsets, right_offsets);
  }
  for (; i < sums.size(); ++i) accumulate_group<1>(sums.data() + i, left_offsets, right_offsets);
}

#if defined(__x86_64__)
[[gnu::target("fma")]] void accumulate_with_fma(std::span<ProductSum> sums, std::span<const int64_t> left_offsets,
                                                std::span<const int64_t> right_offsets) {
  accumulate_all(sums, left_offsets, right_offsets);
}
#endif

}  // namespace

void accumulate_products(std::span<ProductSum> sums, std::span<const int64_t> left_offsets,
                         std::span<const int64_t> right_offsets) {
#if defined(__x86_64__)
  static const bool has_fma = __builtin_cpu_supports("fma") != 0;
  if (has_fma) return accumulate_with_fma(sums, left_offsets, right_offsets);
#endif
  accumulate_all(sums, left_offsets, right_offsets);
}

}  // namespace lathe::interp
