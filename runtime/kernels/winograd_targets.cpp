// Compiles the Winograd transforms for every target; lathe_internal_winograd_kernels finds those of one.
#include "runtime/kernels/compiled_targets.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "runtime/kernels/winograd_targets.cpp"
#include "hwy/foreach_target.h"
// After foreach_target.h.
#include "hwy/highway.h"
#include "runtime/kernels/winograd-inl.h"
#include "runtime/kernels/winograd.h"
#include "runtime/kernels/winograd_few-inl.h"
#include "runtime/target.h"

namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

constexpr WinogradKernels kWinograd2 = {.transform_filters = &transform_filters<2>,
                                        .transform_input = &transform_input<2>,
                                        .transform_output = &transform_output<2>,
                                        .multiply_few_tiles = nullptr};
constexpr WinogradKernels kWinograd4 = {.transform_filters = &transform_filters<4>,
                                        .transform_input = &transform_input<4>,
                                        .transform_output = &transform_output<4>,
                                        .multiply_few_tiles = kMultiplyFewTiles};

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime

#if HWY_ONCE

const lathe::runtime::WinogradKernels* lathe_internal_winograd_kernels(int32_t target, int64_t tile) {
  static constexpr const lathe::runtime::WinogradKernels* kOf2[] = LATHE_BY_TARGET(lathe::runtime, kWinograd2);
  static constexpr const lathe::runtime::WinogradKernels* kOf4[] = LATHE_BY_TARGET(lathe::runtime, kWinograd4);
  return tile == 2 ? kOf2[target] : kOf4[target];
}

#endif
