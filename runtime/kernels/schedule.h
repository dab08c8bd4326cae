// What the kernel families share when they spread work over threads, and the checks of their entry points. Functions
// are `static`: a shared one would be an external symbol that does not begin with `lathe_`.
#pragma once

#include <algorithm>
#include <cstdint>

#include "lathe/kernels.h"

namespace lathe::runtime {

// Multiply-adds below which a second thread is not asked: about 3 us of work.
inline constexpr int64_t kSerialWork = 196608;

static inline int32_t thread_count(const lathe_execution* execution) {
  if (execution == nullptr || execution->parallel_for == nullptr) return 1;
  return std::max(execution->threads, 1);
}

// a * b * c, or INT64_MAX when that is too large.
static inline int64_t saturating_product(int64_t a, int64_t b, int64_t c) {
  int64_t product = 0;
  if (__builtin_mul_overflow(a, b, &product) || __builtin_mul_overflow(product, c, &product)) return INT64_MAX;
  return product;
}

// What a null epilogue means.
constexpr lathe_epilogue_f32 kNoEpilogue = {.struct_size = sizeof(lathe_epilogue_f32),
                                            .activation = LATHE_ACTIVATION_NONE,
                                            .alpha = 0.0f,
                                            .beta = 0.0f,
                                            .scale = nullptr,
                                            .bias = nullptr,
                                            .after_block = nullptr,
                                            .after_block_state = nullptr};

// True when `epilogue` is null or one that this runtime understands.
static inline bool valid_epilogue(const lathe_epilogue_f32* epilogue) {
  if (epilogue == nullptr) return true;
  return epilogue->struct_size >= sizeof(lathe_epilogue_f32) && epilogue->activation >= LATHE_ACTIVATION_NONE &&
         epilogue->activation <= LATHE_ACTIVATION_HARD_SWISH;
}

// True when `shape` describes a convolution, depthwise or not.
static inline bool valid_conv2d_shape(const lathe_conv2d_f32_shape* shape) {
  if (shape == nullptr || shape->struct_size < sizeof(lathe_conv2d_f32_shape)) return false;
  if (shape->batch < 0 || shape->out_h < 0 || shape->out_w < 0 || shape->in_c < 0 || shape->out_c < 0) return false;
  if (shape->kernel_h < 1 || shape->kernel_w < 1 || shape->stride_h < 1 || shape->stride_w < 1) return false;
  if (shape->dilation_h < 1 || shape->dilation_w < 1 || shape->groups < 1) return false;
  return shape->in_c % shape->groups == 0 && shape->out_c % shape->groups == 0;
}

}  // namespace lathe::runtime
