// Compiles the contraction kernels for every target; lathe_internal_contraction_kernels finds those of one.
#include "runtime/kernels/compiled_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/contraction_targets.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"
#include "runtime/kernels/contraction-inl.h"
#include "runtime/kernels/contraction.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

constexpr ContractionKernels kKernels = {.tile_rows = kTileRows, .contract = &contract};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime

#if HWY_ONCE

const lathe::runtime::ContractionKernels* lathe_internal_contraction_kernels(int32_t target) {
  static constexpr const lathe::runtime::ContractionKernels* kByTarget[] = LATHE_BY_TARGET(lathe::runtime, kKernels);
  return kByTarget[target];
}

#endif
