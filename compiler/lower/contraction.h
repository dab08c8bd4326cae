// Contractions on the runtime's kernels: matrix products and channels-last convolutions with packed constant weights.
//
// A group whose first node is a contraction and whose others fit the kernels' epilogue becomes one call. Index maps and
// windows decide, weights are packed at compile time. What has no form in the runtime (integer products, computed
// weights, odd windows) is left to a loop nest, and small products too, which run faster as straight code; the numerics
// contract gives both the same bits, but for Winograd convolutions. Called by lower.cpp.
#pragma once

#include "compiler/lower/program_builder.h"

namespace lathe::lower {

/// Appends the call and returns true, or returns false and has done nothing. With `other_sums` convolutions of a shape
/// that gains by it become Winograd convolutions.
[[nodiscard]] bool lower_contraction(ProgramBuilder& program, const Group& group, bool other_sums);

/// Products of constant extents below this many multiplications become straight code.
inline constexpr int64_t kSmallProduct = 16384;

}  // namespace lathe::lower
