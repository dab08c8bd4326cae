// The phases of a transposed convolution along one axis: outputs whose index has the same remainder by the stride see
// the same kernel elements, and together they are an ordinary convolution of stride 1. Used when packing and when
// running.
#pragma once

#include <cstdint>
#include <numeric>

namespace lathe::runtime {

// The kernel elements first_tap, first_tap + tap_step, ... (taps of them) that reach outputs o with
// (o + pad) % stride == phase. Tap t reads the input at (o + pad - first_tap * dilation) / stride - t * input_step.
struct Phase {
  int64_t taps = 0;
  int64_t first_tap = 0;
  int64_t tap_step = 1;
  int64_t input_step = 1;
};

constexpr Phase make_phase(int64_t phase, int64_t kernel, int64_t stride, int64_t dilation) {
  const int64_t common = std::gcd(stride, dilation);
  Phase result = {.taps = 0, .first_tap = 0, .tap_step = stride / common, .input_step = dilation / common};
  for (int64_t tap = 0; tap < kernel && tap < result.tap_step; ++tap) {
    if (tap * dilation % stride != phase) continue;
    result.first_tap = tap;
    result.taps = (kernel - tap - 1) / result.tap_step + 1;
    break;
  }
  return result;
}

// The outputs [0, extent) of one phase: first, first + stride, ... (count of them).
struct PhaseOutputs {
  int64_t first = 0;
  int64_t count = 0;
};

constexpr PhaseOutputs phase_outputs(int64_t phase, int64_t extent, int64_t stride, int64_t pad) {
  // C++ rounds division towards zero; pads may be negative after cropping.
  const int64_t first = ((phase - pad) % stride + stride) % stride;
  return {.first = first, .count = first < extent ? (extent - first - 1) / stride + 1 : 0};
}

// Input index of the lowest tap for output `first` of the phase, which has taps.
constexpr int64_t lowest_input(const Phase& phase, int64_t first, int64_t stride, int64_t dilation, int64_t pad) {
  return (first + pad - phase.first_tap * dilation) / stride - (phase.taps - 1) * phase.input_step;
}

}  // namespace lathe::runtime
