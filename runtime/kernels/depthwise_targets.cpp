// Compiles the depthwise kernel for every target; lathe_internal_depthwise_kernel finds that of one.
#include "runtime/kernels/compiled_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/depthwise_targets.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"
#include "runtime/kernels/depthwise-inl.h"
#include "runtime/kernels/depthwise.h"
#include "runtime/target.h"

#if HWY_ONCE

lathe::runtime::DepthwiseKernel lathe_internal_depthwise_kernel(int32_t target) {
  static constexpr lathe::runtime::DepthwiseKernel kByTarget[] = LATHE_BY_TARGET(lathe::runtime, depthwise);
  return kByTarget[target];
}

#endif
