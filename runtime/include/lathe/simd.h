// The vectors of generated C++: fixed numbers of lanes, with the operations of Lathe's kernels and their exact meaning.
//
// Generated sources include this header and nothing else of Lathe but lathe/kernels.h. Vectors are those of the
// compiler (`__attribute__((vector_size))`, GCC and Clang); a vector may be wider than the machine's registers, the
// compiler cuts it. Scalars take part everywhere as vectors of one lane. A mask of N lanes is bool for N = 1, else N
// bytes of 0 or -1. Narrow floats (f16, bf16, 8 bits) are computed on as float, and rounded by round_as<Format>.
// Products and sums are never contracted; multiply_add() is one rounding where the target has it, as in the runtime's
// kernels.
#pragma once

#include "lathe/kernels.h"
#include "lathe/simd/arithmetic.h"
#include "lathe/simd/conversion.h"
#include "lathe/simd/memory.h"
#include "lathe/simd/vector.h"
