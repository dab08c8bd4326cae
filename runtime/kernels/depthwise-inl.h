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

#include "runtime/kernels/depthwise.h"
#include "runtime/kernels/epilogue-inl.h"
#include "runtime/kernels/unroll.h"

HWY_BEFORE_NAMESPACE();
namespace lathe::runtime {
namespace HWY_NAMESPACE {
namespace {

inline constexpr int kStepPixels = 4;

// Pointers to the first pixel of a step; residual may be null.
struct PixelStep {
  const float* in;
  float* out;
  const float* residual;
};

// What a step needs of the problem, as a value: its fields stay in registers while outputs are stored.
struct DepthwisePlan {
  int64_t channels;
  int64_t kernel_h;
  int64_t kernel_w;
  // Floats from one kernel row, kernel element or output pixel to the next.
  int64_t row_step;
  int64_t tap_step;
  int64_t weight_step;
  int64_t in_step;
  int64_t out_step;
  int64_t residual_step;
  const float* packed;
  TileEpilogue epilogue;

  explicit DepthwisePlan(const Depthwise& problem)
      : channels(problem.shape->in_c),
        kernel_h(problem.shape->kernel_h),
        kernel_w(problem.shape->kernel_w),
        row_step(problem.shape->dilation_h * problem.shape->in_row_stride),
        tap_step(problem.shape->dilation_w * problem.shape->in_pixel_stride),
        weight_step((channels + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL),
        in_step(problem.shape->stride_w * problem.shape->in_pixel_stride),
        out_step(problem.shape->out_pixel_stride),
        residual_step(problem.shape->residual_pixel_stride),
        packed(problem.packed),
        epilogue{.scale = problem.epilogue->scale,
                 .bias = problem.epilogue->bias,
                 .activation = problem.epilogue->activation,
                 .alpha = problem.epilogue->alpha,
                 .beta = problem.epilogue->beta} {}
};

// kKernelW is known at compile time for the common kernels, 0 otherwise; kStrideW > 0 says that the input step is
// kStrideW tap steps, so that pixels share loads.
template <class D, int kPixels, int kKernelW, int kStrideW>
HWY_INLINE void depthwise_vector(D d, const DepthwisePlan& plan, const PixelStep& step, int64_t channel) {
  using V = hn::Vec<D>;
  const float* weight = plan.packed + channel;
  const float* in = step.in + channel;
  V sum[kPixels];
  LATHE_UNROLL
  for (int p = 0; p < kPixels; ++p) sum[p] = hn::Zero(d);
  for (int64_t kh = 0; kh < plan.kernel_h; ++kh) {
    if constexpr (kKernelW > 0) {
      LATHE_UNROLL
      for (int kw = 0; kw < kKernelW; ++kw) {
        const V w = hn::LoadU(d, weight);
        weight += plan.weight_step;
        LATHE_UNROLL
        for (int p = 0; p < kPixels; ++p) {
          sum[p] = hn::MulAdd(hn::LoadU(d, in + (p * kStrideW + kw) * plan.tap_step), w, sum[p]);
        }
      }
    } else {
      for (int64_t kw = 0; kw < plan.kernel_w; ++kw) {
        const V w = hn::LoadU(d, weight);
        weight += plan.weight_step;
        LATHE_UNROLL
        for (int p = 0; p < kPixels; ++p) {
          sum[p] = hn::MulAdd(hn::LoadU(d, in + p * plan.in_step + kw * plan.tap_step), w, sum[p]);
        }
      }
    }
    in += plan.row_step;
  }
  if (plan.epilogue.scale != nullptr) {
    const V scale = hn::LoadU(d, plan.epilogue.scale + channel);
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) sum[p] = hn::Mul(sum[p], scale);
  }
  if (plan.epilogue.bias != nullptr) {
    const V bias = hn::LoadU(d, plan.epilogue.bias + channel);
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) sum[p] = hn::Add(sum[p], bias);
  }
  if (step.residual != nullptr) {
    LATHE_UNROLL
    for (int p = 0; p < kPixels; ++p) {
      sum[p] = hn::Add(sum[p], hn::LoadU(d, step.residual + p * plan.residual_step + channel));
    }
  }
  apply_activation(d, plan.epilogue.activation, plan.epilogue.alpha, plan.epilogue.beta, sum);
  LATHE_UNROLL
  for (int p = 0; p < kPixels; ++p) hn::StoreU(sum[p], d, step.out + p * plan.out_step + channel);
}

// The channels from `channel` on, fewer than 2 * kTailLanes of them.
template <int kTailLanes, int kPixels, int kKernelW, int kStrideW>
HWY_INLINE void depthwise_tail(const DepthwisePlan& plan, const PixelStep& step, int64_t channel) {
  if (plan.channels - channel >= kTailLanes) {
    const hn::CappedTag<float, kTailLanes> d;
    depthwise_vector<hn::CappedTag<float, kTailLanes>, kPixels, kKernelW, kStrideW>(d, plan, step, channel);
    channel += kTailLanes;
  }
  // Only the widest tail is worth kernels of its own.
  if constexpr (kTailLanes > 1) depthwise_tail<kTailLanes / 2, kPixels, 0, 0>(plan, step, channel);
}

// All channels of kPixels adjacent output pixels.
template <int kPixels, int kKernelW, int kStrideW>
HWY_NOINLINE void depthwise_step(const Depthwise& problem, const PixelStep& pixels) {
  const DepthwisePlan plan(problem);
  const PixelStep step = pixels;
  int64_t channel = 0;
  for (; channel + kLanes <= plan.channels; channel += kLanes) {
    depthwise_vector<F32, kPixels, kKernelW, kStrideW>(F32(), plan, step, channel);
  }
  if (channel < plan.channels) depthwise_tail<kLanes / 2, kPixels, kKernelW, kStrideW>(plan, step, channel);
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

}  // namespace
}  // namespace HWY_NAMESPACE
}  // namespace lathe::runtime
HWY_AFTER_NAMESPACE();

#endif
