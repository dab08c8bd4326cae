// lathe_conv2d_f32: checks its descriptor and states the convolution as a Contraction.
#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"
#include "runtime/kernels/schedule.h"

lathe_status lathe_conv2d_f32(const lathe_execution* execution, const lathe_conv2d_f32_shape* shape, const float* in,
                              const float* packed, float* out, const float* residual,
                              const lathe_epilogue_f32* epilogue) {
  if (!lathe::runtime::valid_conv2d_shape(shape)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_conv2d_f32: invalid shape descriptor", nullptr, 0);
  }
  if (!lathe::runtime::valid_epilogue(epilogue)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_conv2d_f32: invalid epilogue", nullptr, 0);
  }
  const int64_t in_channels = shape->in_c / shape->groups;
  const int64_t out_channels = shape->out_c / shape->groups;
  const int64_t packed_columns = (out_channels + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL;
  lathe::runtime::Contraction problem;
  problem.groups = shape->groups;
  problem.a_group_stride = in_channels;
  problem.b_group_stride = packed_columns * shape->kernel_h * shape->kernel_w * in_channels;
  problem.c_group_stride = out_channels;
  problem.residual_group_stride = out_channels;
  problem.column_group_stride = out_channels;
  problem.rows = shape->batch * shape->out_h * shape->out_w;
  problem.y_extent = shape->out_h;
  problem.x_extent = shape->out_w;
  problem.a_strides = {.z = shape->in_image_stride,
                       .y = shape->stride_h * shape->in_row_stride,
                       .x = shape->stride_w * shape->in_pixel_stride};
  problem.c_strides = {.z = shape->out_image_stride, .y = shape->out_row_stride, .x = shape->out_pixel_stride};
  problem.residual_strides = {
      .z = shape->residual_image_stride, .y = shape->residual_row_stride, .x = shape->residual_pixel_stride};
  problem.after_block_by_line = true;
  problem.columns = out_channels;
  // Neighbouring pixels become one run when all their channels are used.
  problem.k_runs = lathe::runtime::merge_k_runs({.outer = shape->kernel_h,
                                                 .outer_stride = shape->dilation_h * shape->in_row_stride,
                                                 .inner = shape->kernel_w,
                                                 .inner_stride = shape->dilation_w * shape->in_pixel_stride,
                                                 .length = in_channels});
  problem.a = in;
  problem.packed_b = packed;
  problem.c = out;
  problem.residual = residual;
  problem.epilogue = epilogue != nullptr ? epilogue : &lathe::runtime::kNoEpilogue;
  return lathe_internal_run_contraction(execution, &problem);
}
