// lathe_conv_transpose2d_f32 and its packing: each phase of the output is a convolution of stride 1 with the kernel
// elements that reach it, flipped, and runs as a Contraction that writes every stride-th pixel.
#include <algorithm>
#include <cstdint>

#include "lathe/kernels.h"
#include "runtime/kernels/contraction.h"
#include "runtime/kernels/phases.h"
#include "runtime/kernels/schedule.h"

namespace {

using lathe::runtime::Contraction;
using lathe::runtime::Phase;
using lathe::runtime::PhaseOutputs;

bool valid_shape(const lathe_conv_transpose2d_f32_shape* shape) {
  if (shape == nullptr || shape->struct_size < sizeof(lathe_conv_transpose2d_f32_shape)) return false;
  if (shape->batch < 0 || shape->in_h < 0 || shape->in_w < 0 || shape->out_h < 0 || shape->out_w < 0) return false;
  if (shape->in_c < 0 || shape->out_c < 0 || shape->kernel_h < 1 || shape->kernel_w < 1) return false;
  if (shape->stride_h < 1 || shape->stride_w < 1 || shape->dilation_h < 1 || shape->dilation_w < 1) return false;
  return shape->groups >= 1 && shape->in_c % shape->groups == 0 && shape->out_c % shape->groups == 0;
}

// One axis of the convolution.
struct Axis {
  int64_t in;
  int64_t out;
  int64_t kernel;
  int64_t stride;
  int64_t dilation;
  int64_t pad;
};

struct Need {
  int64_t before = 0;
  int64_t after = 0;
};

Need border_of(const Axis& axis) {
  Need need;
  for (int64_t index = 0; index < axis.stride; ++index) {
    const Phase phase = lathe::runtime::make_phase(index, axis.kernel, axis.stride, axis.dilation);
    const PhaseOutputs outputs = lathe::runtime::phase_outputs(index, axis.out, axis.stride, axis.pad);
    if (phase.taps == 0 || outputs.count == 0) continue;
    const int64_t lowest = lathe::runtime::lowest_input(phase, outputs.first, axis.stride, axis.dilation, axis.pad);
    const int64_t highest = lowest + (phase.taps - 1) * phase.input_step + outputs.count - 1;
    need.before = std::max(need.before, -lowest);
    need.after = std::max(need.after, highest - (axis.in - 1));
  }
  return need;
}

Axis vertical(const lathe_conv_transpose2d_f32_shape& shape) {
  return {.in = shape.in_h,
          .out = shape.out_h,
          .kernel = shape.kernel_h,
          .stride = shape.stride_h,
          .dilation = shape.dilation_h,
          .pad = shape.pad_top};
}

Axis horizontal(const lathe_conv_transpose2d_f32_shape& shape) {
  return {.in = shape.in_w,
          .out = shape.out_w,
          .kernel = shape.kernel_w,
          .stride = shape.stride_w,
          .dilation = shape.dilation_w,
          .pad = shape.pad_left};
}

// Floats of packed weights of one kernel element, all groups.
int64_t packed_tap_floats(int64_t out_c, int64_t in_c_per_group, int64_t groups) {
  const int64_t columns = (out_c / groups + LATHE_PANEL - 1) / LATHE_PANEL * LATHE_PANEL;
  return groups * columns * in_c_per_group;
}

// The product of one phase; `problem` comes with everything that the phases share.
Contraction phase_problem(const lathe_conv_transpose2d_f32_shape& shape, Contraction problem, const Phase& tall,
                          const PhaseOutputs& lines, const Phase& wide, const PhaseOutputs& pixels) {
  const int64_t in_channels = shape.in_c / shape.groups;
  const int64_t tap_floats = packed_tap_floats(shape.out_c, in_channels, shape.groups) / shape.groups;
  problem.b_group_stride = tap_floats * tall.taps * wide.taps;
  problem.rows = shape.batch * lines.count * pixels.count;
  problem.y_extent = lines.count;
  problem.x_extent = pixels.count;
  problem.k_runs = lathe::runtime::merge_k_runs({.outer = tall.taps,
                                                 .outer_stride = tall.input_step * shape.in_row_stride,
                                                 .inner = wide.taps,
                                                 .inner_stride = wide.input_step * shape.in_pixel_stride,
                                                 .length = in_channels});
  if (tall.taps > 0 && wide.taps > 0) {
    const int64_t y = lathe::runtime::lowest_input(tall, lines.first, shape.stride_h, shape.dilation_h, shape.pad_top);
    const int64_t x =
        lathe::runtime::lowest_input(wide, pixels.first, shape.stride_w, shape.dilation_w, shape.pad_left);
    problem.a += y * shape.in_row_stride + x * shape.in_pixel_stride;
  }
  problem.c += lines.first * shape.out_row_stride + pixels.first * shape.out_pixel_stride;
  if (problem.residual != nullptr) {
    problem.residual += lines.first * shape.residual_row_stride + pixels.first * shape.residual_pixel_stride;
  }
  return problem;
}

// What all phases share; operands are those of the whole convolution.
Contraction shared_problem(const lathe_conv_transpose2d_f32_shape& shape) {
  const int64_t out_channels = shape.out_c / shape.groups;
  Contraction problem;
  problem.groups = shape.groups;
  problem.a_group_stride = shape.in_c / shape.groups;
  problem.c_group_stride = out_channels;
  problem.residual_group_stride = out_channels;
  problem.column_group_stride = out_channels;
  problem.a_strides = {.z = shape.in_image_stride, .y = shape.in_row_stride, .x = shape.in_pixel_stride};
  problem.c_strides = {.z = shape.out_image_stride,
                       .y = shape.stride_h * shape.out_row_stride,
                       .x = shape.stride_w * shape.out_pixel_stride};
  problem.residual_strides = {.z = shape.residual_image_stride,
                              .y = shape.stride_h * shape.residual_row_stride,
                              .x = shape.stride_w * shape.residual_pixel_stride};
  problem.columns = out_channels;
  return problem;
}

struct LineReport {
  const lathe_epilogue_f32* epilogue;
  int64_t width;
  int64_t columns;
};

// The phases interleave, so lines are reported when all are done.
void report_lines(const lathe_execution* execution, const lathe_conv_transpose2d_f32_shape& shape,
                  const lathe_epilogue_f32& epilogue) {
  if (epilogue.after_block == nullptr || shape.out_w == 0 || shape.out_c == 0) return;
  LineReport report = {.epilogue = &epilogue, .width = shape.out_w, .columns = shape.out_c};
  const auto task = [](void* state, int64_t begin, int64_t end) {
    const auto& lines = *static_cast<const LineReport*>(state);
    for (int64_t line = begin; line < end; ++line) {
      lines.epilogue->after_block(lines.epilogue->after_block_state, line * lines.width, (line + 1) * lines.width, 0,
                                  lines.columns);
    }
  };
  lathe_parallel_for(execution, shape.batch * shape.out_h, 1, task, &report);
}

}  // namespace

lathe_status lathe_conv_transpose2d_border(const lathe_conv_transpose2d_f32_shape* shape, lathe_border* border) {
  if (!valid_shape(shape) || border == nullptr) return LATHE_INVALID_ARGUMENT;
  const Need rows = border_of(vertical(*shape));
  const Need columns = border_of(horizontal(*shape));
  *border = {.top = rows.before, .bottom = rows.after, .left = columns.before, .right = columns.after};
  return LATHE_OK;
}

void lathe_pack_conv_transpose2d_f32(const lathe_conv2d_weights* weights, int64_t group_stride, int64_t stride_h,
                                     int64_t stride_w, int64_t dilation_h, int64_t dilation_w, const float* w,
                                     float* packed) {
  for (int64_t phase_h = 0; phase_h < stride_h; ++phase_h) {
    const Phase tall = lathe::runtime::make_phase(phase_h, weights->kernel_h, stride_h, dilation_h);
    for (int64_t phase_w = 0; phase_w < stride_w; ++phase_w) {
      const Phase wide = lathe::runtime::make_phase(phase_w, weights->kernel_w, stride_w, dilation_w);
      if (tall.taps == 0 || wide.taps == 0) continue;
      // From the last tap of the phase backwards: input indices rise.
      const int64_t last_h = tall.first_tap + (tall.taps - 1) * tall.tap_step;
      const int64_t last_w = wide.first_tap + (wide.taps - 1) * wide.tap_step;
      const float* start = w + last_h * weights->kernel_h_stride + last_w * weights->kernel_w_stride;
      const lathe_conv2d_weights part = {.struct_size = sizeof(lathe_conv2d_weights),
                                         .reserved = 0,
                                         .out_c = weights->out_c / weights->groups,
                                         .in_c_per_group = weights->in_c_per_group,
                                         .kernel_h = tall.taps,
                                         .kernel_w = wide.taps,
                                         .groups = 1,
                                         .out_c_stride = weights->out_c_stride,
                                         .in_c_stride = weights->in_c_stride,
                                         .kernel_h_stride = -tall.tap_step * weights->kernel_h_stride,
                                         .kernel_w_stride = -wide.tap_step * weights->kernel_w_stride};
      for (int64_t group = 0; group < weights->groups; ++group) {
        lathe_pack_conv2d_f32(&part, start + group * group_stride, packed);
        packed += lathe_packed_conv2d_floats(&part);
      }
    }
  }
}

lathe_status lathe_conv_transpose2d_f32(const lathe_execution* execution, const lathe_conv_transpose2d_f32_shape* shape,
                                        const float* in, const float* packed, float* out, const float* residual,
                                        const lathe_epilogue_f32* epilogue) {
  if (!valid_shape(shape)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_conv_transpose2d_f32: invalid shape descriptor",
                      nullptr, 0);
  }
  if (!lathe::runtime::valid_epilogue(epilogue)) {
    return lathe_fail(execution, LATHE_INVALID_ARGUMENT, "lathe_conv_transpose2d_f32: invalid epilogue", nullptr, 0);
  }
  const lathe_epilogue_f32& reported = epilogue != nullptr ? *epilogue : lathe::runtime::kNoEpilogue;
  lathe_epilogue_f32 silent = reported;
  silent.after_block = nullptr;
  Contraction shared = shared_problem(*shape);
  shared.a = in;
  shared.packed_b = packed;
  shared.c = out;
  shared.residual = residual;
  shared.epilogue = &silent;
  const int64_t tap_floats = packed_tap_floats(shape->out_c, shape->in_c / shape->groups, shape->groups);
  for (int64_t phase_h = 0; phase_h < shape->stride_h; ++phase_h) {
    const Phase tall = lathe::runtime::make_phase(phase_h, shape->kernel_h, shape->stride_h, shape->dilation_h);
    const PhaseOutputs lines = lathe::runtime::phase_outputs(phase_h, shape->out_h, shape->stride_h, shape->pad_top);
    for (int64_t phase_w = 0; phase_w < shape->stride_w; ++phase_w) {
      const Phase wide = lathe::runtime::make_phase(phase_w, shape->kernel_w, shape->stride_w, shape->dilation_w);
      const PhaseOutputs pixels =
          lathe::runtime::phase_outputs(phase_w, shape->out_w, shape->stride_w, shape->pad_left);
      if (lines.count > 0 && pixels.count > 0) {
        const Contraction problem = phase_problem(*shape, shared, tall, lines, wide, pixels);
        const lathe_status status = lathe::runtime::run_contraction(execution, problem);
        if (status != LATHE_OK) return status;
      }
      shared.packed_b += tap_floats * tall.taps * wide.taps;
    }
  }
  report_lines(execution, *shape, reported);
  return LATHE_OK;
}
