// Expansion of transcendental operations: kernel IR in, kernel IR without them out.
//
// exp, log, tanh, erf, sigmoid and their kind on f32 (and on narrower floats, through f32) become polynomials and
// rational functions with explicit fma, bit operations and selects, so that every emitter gives the same bits and no
// mathematics library is needed. f64 operations are left to the emitter. The forms are fitted to the relative error
// (Lawson's weighted least squares on Chebyshev nodes, 40 digits); the hot functions compute in f32, the others in f64
// and round once. Largest errors, in units in the last place, over all of f32 unless a domain is named: exp 2, expm1 2,
// log 2, log1p 3, tanh 5, erf 6, sigmoid 3 (0 below -87), all others 1 (sin, cos and tan for |x| below 2^30). Runs on
// every kernel before an emitter sees it.
#pragma once

#include <optional>

#include "ir/kernel/kernel.h"
#include "ir/scalar/expression.h"

namespace lathe::lower {

/// The expansion of an approximate operation on f32 arguments 0 (and 1, for pow); nothing for exact operations.
[[nodiscard]] std::optional<ScalarExpression> math_expansion(ScalarOp op);

/// Replaces every approximate operation on floats of up to 32 bits.
[[nodiscard]] kernel::Kernel expand_math(const kernel::Kernel& kernel);

}  // namespace lathe::lower
