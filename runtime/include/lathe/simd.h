// The vectors of generated C++ as those of the compiler: `lathe compile --cpp-simd=vector-extension`.
//
// Vectors have fixed numbers of lanes, with the operations of Lathe's kernels and their exact meaning; the same words
// over Highway are in lathe/simd_highway-inl.h. They are vectors of GCC and Clang (`__attribute__((vector_size))`),
// and may be wider than the machine's registers: the compiler cuts them. Scalars take part everywhere as vectors of
// one lane. A mask of N lanes is bool for N = 1, else N bytes of 0 or -1. Narrow floats (f16, bf16, 8 bits) are
// computed on as float, and rounded by round_as<Format>. Products and sums are never contracted; multiply_add() is one
// rounding where the target has it, as in the runtime's kernels. Generated sources include this and lathe/model.h.
#pragma once

#include "lathe/kernels.h"
#include "lathe/simd/operations.h"
#include "lathe/simd/scalar.h"
#include "lathe/simd/vector.h"

namespace lathe::simd {
namespace {
#include "lathe/simd/common-inl.h"
}  // namespace
}  // namespace lathe::simd
