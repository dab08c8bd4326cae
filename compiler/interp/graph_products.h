// The inner loop of contractions in f32: several sums of products side by side, each in order and rounded once a step.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace lathe::interp {

/// One sum: where its operands' first taps stand, and its value so far.
struct ProductSum {
  const float* left = nullptr;
  const float* right = nullptr;
  float sum = 0;
};

/// sum = fma(left[left_offsets[k]], right[right_offsets[k]], sum) for k = 0, 1, ..., for each of `sums`. Working on
/// several at once hides the latency of the addition; the results are the same.
void accumulate_products(std::span<ProductSum> sums, std::span<const int64_t> left_offsets,
                         std::span<const int64_t> right_offsets);

}  // namespace lathe::interp
