// The Highway facade, first part: which targets a generated source is compiled for. Included once, at its top.
//
// With LATHE_SIMD_STATIC the one target is that of the compiler's flags. Otherwise the source is compiled again for
// each target of the runtime, and defines HWY_TARGET_INCLUDE, its own name, before: the compiler must find it with -I.
// Only Highway's headers are used, nothing of libhwy.
#pragma once

#include "lathe/kernels.h"
#include "lathe/simd/scalar.h"

// AES is not used, so that a CPU without it will do; assertions would need libhwy's Abort.
#define HWY_DISABLE_PCLMUL_AES
#undef HWY_IS_DEBUG_BUILD
#define HWY_IS_DEBUG_BUILD 0

#if defined(LATHE_SIMD_STATIC)
#define HWY_COMPILE_ONLY_STATIC
#else
#if defined(__x86_64__)
// Without -march the baseline would be a scalar emulation; SSE4 is the least that the runtime's kernels run on.
#define HWY_BASELINE_TARGETS HWY_SSE4
#define HWY_DISABLED_TARGETS (~(HWY_SSE4 | HWY_AVX2 | HWY_AVX3))
#else
#define HWY_DISABLED_TARGETS (~HWY_NEON)
#endif
#if !__has_include(HWY_TARGET_INCLUDE)
#error "this source includes itself once for each target: compile with -I and its folder"
#endif
#include "hwy/foreach_target.h"
#endif
// After foreach_target.h.
#include "hwy/highway.h"
