// Depthwise convolution, channels innermost: a vector of channels times up to four output pixels a step, so that
// weights and overlapping input pixels are loaded once. Compiled once per target. Channels beyond the last full vector
// take vectors of half, a quarter ... the width: no masks, and nothing is read or written beyond the channels.
#if defined(LATHE_RUNTIME_KERNELS_DEPTHWISE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef LATHE_RUNTIME_KERNELS_DEPTHWISE_INL_H_
#undef LATHE_RUNTIME_KERNELS_DEPTHWISE_INL_H_
#else
#define LATHE_RUNTIME_KERNELS_DEPTHWISE_INL_H_
#endif

#include <cstdint>

#include "hwy/highway.h"

#include "runtime/kernels/contraction.h"
#include "runtime/kernels/epilogue-inl.h"
#include "runtime/kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {

inline constexpr int kStepPixels = 4;

// Pointers to the first pixel of a step; residual may be null.
struct PixelStep {
  const float* in;
  float* out;
  const float* residual;
};

// kKernelW and kStrideW are known at compile time for the common adjacent kernels, 0 otherwise.
template <class D, int kPixels, int kKernelW, int kStrideW>
HWY_INLINE void depthwise_vector(D d, const Depthwise& problem, const PixelStep& step, int64_t channel) {
  using V = hn::Vec<D>;
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  const int64_t weight_stride = (shape.in_c + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL;
  const int64_t pixel = shape.in_pixel_stride;
  const float* weight = problem.packed + channel;
  V sum[kPixels];
  LATHE_UNROLL
  for (int p = 0; p < kPixels; ++p) sum[p] = hn::Zero(d);
  for (int64_t kh = 0; kh < shape.kernel_h; ++kh) {
    const float* in = step.in + kh * shape.dilation_h * shape.in_row_stride + channel;
    if constexpr (kKernelW > 0) {
      LATHE_UNROLL
      for (int kw = 0; kw < kKernelW; ++kw) {
        const V w = hn::LoadU(d, weight);
        weight += weight_stride;
        LATHE_UNROLL
        for (int p = 0; p < kPixels; ++p) {
          sum[p] = hn::MulAdd(hn::LoadU(d, in + (p * kStrideW + kw) * pixel), w, sum[p]);
        }
      }
    } else {
      for (int64_t kw = 0; kw < shape.kernel_w; ++kw) {
        const V w = hn::LoadU(d, weight);
        weight += weight_stride;
        LATHE_UNROLL
        for (int p = 0; p < kPixels; ++p) {
          const int64_t x = p * shape.stride_w + kw * shape.dilation_w;
          sum[p] = hn::MulAdd(hn::LoadU(d, in + x * pixel), w, sum[p]);
        }
      }
    }
  }
  if (epilogue.scale != nullptr) {
    const V scale = hn::LoadU(d, epilogue.scale + channel);
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) sum[p] = hn::Mul(sum[p], scale);
  }
  if (epilogue.bias != nullptr) {
    const V bias = hn::LoadU(d, epilogue.bias + channel);
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) sum[p] = hn::Add(sum[p], bias);
  }
  if (step.residual != nullptr) {
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      sum[p] = hn::Add(sum[p], hn::LoadU(d, step.residual + p * shape.residual_pixel_stride + channel));
    }
  }
  apply_activation(d, epilogue.activation, epilogue.alpha, epilogue.beta, sum);
  LATHE_UNROLL
  for (int p = 0; p < kPixels; ++p) hn::StoreU(sum[p], d, step.out + p * shape.out_pixel_stride + channel);
}

// The channels from `channel` on, fewer than 2 * kTailLanes of them.
template <int kTailLanes, int kPixels>
HWY_INLINE void depthwise_tail(const Depthwise& problem, const PixelStep& step, int64_t channel) {
  if (problem.shape->in_c - channel >= kTailLanes) {
    depthwise_vector<hn::CappedTag<float, kTailLanes>, kPixels, 0, 0>(hn::CappedTag<float, kTailLanes>(), problem, step,
                                                                      channel);
    channel += kTailLanes;
  }
  if constexpr (kTailLanes > 1) depthwise_tail<kTailLanes / 2, kPixels>(problem, step, channel);
}

// All channels of kPixels adjacent output pixels.
template <int kPixels, int kKernelW, int kStrideW>
HWY_NOINLINE void depthwise_step(const Depthwise& problem, const PixelStep& step) {
  const int64_t channels = problem.shape->in_c;
  int64_t channel = 0;
  for (; channel + kLanes <= channels; channel += kLanes) {
    depthwise_vector<F32, kPixels, kKernelW, kStrideW>(F32(), problem, step, channel);
  }
  if (channel < channels) depthwise_tail<kLanes / 2, kPixels>(problem, step, channel);
}

// Step functions by pixels - 1.
struct DepthwiseSteps {
  void (*step[kStepPixels])(const Depthwise& problem, const PixelStep& step);
};

template <int kKernelW, int kStrideW>
inline constexpr DepthwiseSteps kDepthwiseSteps = {
    {&depthwise_step<1, kKernelW, kStrideW>, &depthwise_step<2, kKernelW, kStrideW>,
     &depthwise_step<3, kKernelW, kStrideW>, &depthwise_step<4, kKernelW, kStrideW>}};

HWY_INLINE const DepthwiseSteps& select_depthwise_steps(const lathe_conv2d_f32_shape& shape) {
  if (shape.dilation_w == 1) {
    if (shape.kernel_w == 3 && shape.stride_w == 1) return kDepthwiseSteps<3, 1>;
    if (shape.kernel_w == 3 && shape.stride_w == 2) return kDepthwiseSteps<3, 2>;
    if (shape.kernel_w == 5 && shape.stride_w == 1) return kDepthwiseSteps<5, 1>;
    if (shape.kernel_w == 5 && shape.stride_w == 2) return kDepthwiseSteps<5, 2>;
  }
  return kDepthwiseSteps<0, 0>;
}

void depthwise(const Depthwise& problem, int64_t line_begin, int64_t line_end) {
  const lathe_conv2d_f32_shape& shape = *problem.shape;
  const lathe_epilogue_f32& epilogue = *problem.epilogue;
  const DepthwiseSteps& steps = select_depthwise_steps(shape);
  for (int64_t line = line_begin; line < line_end; ++line) {
    const int64_t image = line / shape.out_h;
    const int64_t y = line % shape.out_h;
    PixelStep step;
    step.in = problem.in + image * shape.in_image_stride + y * shape.stride_h * shape.in_row_stride;
    step.out = problem.out + image * shape.out_image_stride + y * shape.out_row_stride;
    step.residual = problem.residual;
    if (step.residual != nullptr) step.residual += image * shape.residual_image_stride + y * shape.residual_row_stride;
    for (int64_t x = 0; x < shape.out_w;) {
      const int64_t pixels = shape.out_w - x < kStepPixels ? shape.out_w - x : kStepPixels;
      steps.step[pixels - 1](problem, step);
      step.in += pixels * shape.stride_w * shape.in_pixel_stride;
      step.out += pixels * shape.out_pixel_stride;
      if (step.residual != nullptr) step.residual += pixels * shape.residual_pixel_stride;
      x += pixels;
    }
    if (epilogue.after_block != nullptr) {
      epilogue.after_block(epilogue.after_block_state, line * shape.out_w, (line + 1) * shape.out_w, 0, shape.in_c);
    }
  }
}

}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
