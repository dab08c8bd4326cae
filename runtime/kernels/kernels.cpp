// Compiles the kernels for every target and gathers each target's functions in a table for target.cpp. Nothing of
// libhwy is linked: only Highway's headers are used.

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

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/kernels.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"
#include "runtime/kernels/contraction-inl.h"
#include "runtime/kernels/depthwise-inl.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace HWY_NAMESPACE {

constexpr KernelTable kKernels = {.tile_rows = kTileRows, .contract = &contract, .depthwise = &depthwise};

}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime

#if HWY_ONCE
namespace lathe::runtime {

#if defined(__x86_64__)
const KernelTable kKernelsAvx3 = N_AVX3::kKernels;
const KernelTable kKernelsAvx2 = N_AVX2::kKernels;
const KernelTable kKernelsSse4 = N_SSE4::kKernels;
#else
const KernelTable kKernelsNeon = N_NEON::kKernels;
#endif

}  // namespace lathe::runtime
#endif
