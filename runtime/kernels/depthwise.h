// Depthwise convolution as data: what lathe_depthwise_conv2d_f32 hands to the kernel of a target.
#pragma once

#include <cstdint>

#include "lathe/kernels.h"

namespace lathe::runtime {

// One depthwise convolution; see lathe_depthwise_conv2d_f32.
struct Depthwise {
  const lathe_conv2d_f32_shape* shape = nullptr;
  const float* in = nullptr;
  const float* packed = nullptr;
  float* out = nullptr;
  const float* residual = nullptr;
  const lathe_epilogue_f32* epilogue = nullptr;
};

// Computes output lines [line_begin, line_end) of batch * out_h.
using DepthwiseKernel = void (*)(const Depthwise& problem, int64_t line_begin, int64_t line_end);

}  // namespace lathe::runtime

extern "C" {

// The kernel of target `target`, which is an index of lathe_target_name.
lathe::runtime::DepthwiseKernel lathe_internal_depthwise_kernel(int32_t target);
}
