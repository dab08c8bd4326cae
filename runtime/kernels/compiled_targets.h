// What Highway compiles kernels for: the targets of runtime/target.h and no others. Included first by every
// *_targets.cpp. Nothing of libhwy is linked: only Highway's headers are used.
#pragma once

// AES is not used, so a CPU without it can still run the SSE4 kernels; assertions would need libhwy's Abort.
#define HWY_DISABLE_PCLMUL_AES
#define HWY_IS_DEBUG_BUILD 0
#if defined(__x86_64__)
// Without -march the baseline would be a scalar emulation; SSE4 is the least we run on, checked by target.cpp.
#define HWY_BASELINE_TARGETS HWY_SSE4
#define HWY_DISABLED_TARGETS (~(HWY_SSE4 | HWY_AVX2 | HWY_AVX3))
#else
#define HWY_DISABLED_TARGETS (~HWY_NEON)
#endif

// The addresses of `name` in each target's namespace within `space`, in the order of lathe::runtime::Target.
#if defined(__x86_64__)
#define LATHE_BY_TARGET(space, name) {&space::N_AVX3::name, &space::N_AVX2::name, &space::N_SSE4::name}
#else
#define LATHE_BY_TARGET(space, name) {&space::N_NEON::name}
#endif
