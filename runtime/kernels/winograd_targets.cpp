// Compiles the Winograd transforms for every target; lathe_internal_winograd_kernels finds those of one.
#include "runtime/kernels/compiled_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/winograd_targets.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"
#include "runtime/kernels/winograd-inl.h"
#include "runtime/kernels/winograd.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

constexpr WinogradKernels kWinogradKernels = {.transform_input = &transform_input,
                                              .transform_output = &transform_output};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime

#if HWY_ONCE

const lathe::runtime::WinogradKernels* lathe_internal_winograd_kernels(int32_t target) {
  static constexpr const lathe::runtime::WinogradKernels* kByTarget[] =
      LATHE_BY_TARGET(lathe::runtime, kWinogradKernels);
  return kByTarget[target];
}

#endif
