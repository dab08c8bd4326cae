// Runs convolution test cases: general and depthwise kernels share operands and expectation.
#include "tests/unit/runtime/conv_support.h"

#include <fmt/core.h>

namespace lathe::runtime::test {
ConvStrides strides_of(const ConvCase& c, int64_t height, int64_t width, int64_t channels) {
  const int64_t pixel = channels + c.channel_gap;
  const int64_t row = (width + c.pixel_gap) * pixel;
  return {.image = (height + c.row_gap) * row, .row = row, .pixel = pixel};
}

int64_t extent(const ConvCase& c, const ConvStrides& strides, int64_t height, int64_t width, int64_t channels) {
  return (c.batch - 1) * strides.image + (height - 1) * strides.row + (width - 1) * strides.pixel + channels;
}

lathe_conv2d_weights weights_of(const ConvCase& c) {
  const int64_t in_group = c.in_c / c.groups;
  return {.struct_size = sizeof(lathe_conv2d_weights),
          .reserved = 0,
          .out_c = c.out_c,
          .in_c_per_group = in_group,
          .kernel_h = c.kernel_h,
          .kernel_w = c.kernel_w,
          .groups = c.groups,
          .out_c_stride = in_group * c.kernel_h * c.kernel_w,
          .in_c_stride = c.kernel_h * c.kernel_w,
          .kernel_h_stride = c.kernel_w,
          .kernel_w_stride = 1};
}

lathe_conv2d_f32_shape shape_of(const ConvCase& c) {
  const int64_t in_h = (c.out_h - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1;
  const int64_t in_w = (c.out_w - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
  const ConvStrides in_strides = strides_of(c, in_h, in_w, c.in_c);
  const ConvStrides out_strides = strides_of(c, c.out_h, c.out_w, c.out_c);
  return {.struct_size = sizeof(lathe_conv2d_f32_shape),
          .reserved = 0,
          .batch = c.batch,
          .out_h = c.out_h,
          .out_w = c.out_w,
          .in_c = c.in_c,
          .out_c = c.out_c,
          .kernel_h = c.kernel_h,
          .kernel_w = c.kernel_w,
          .stride_h = c.stride_h,
          .stride_w = c.stride_w,
          .dilation_h = c.dilation_h,
          .dilation_w = c.dilation_w,
          .groups = c.groups,
          .in_image_stride = in_strides.image,
          .in_row_stride = in_strides.row,
          .in_pixel_stride = in_strides.pixel,
          .out_image_stride = out_strides.image,
          .out_row_stride = out_strides.row,
          .out_pixel_stride = out_strides.pixel,
          .residual_image_stride = out_strides.image,
          .residual_row_stride = out_strides.row,
          .residual_pixel_stride = out_strides.pixel};
}

lathe_epilogue_f32 epilogue_of(const ConvCase& c, const float* scale, const float* bias) {
  lathe_epilogue_f32 epilogue = {};
  epilogue.struct_size = sizeof(epilogue);
  epilogue.activation = c.activation;
  epilogue.alpha = c.activation == LATHE_ACTIVATION_CLIP ? -0.5f : 0.25f;
  epilogue.beta = 0.5f;
  epilogue.scale = c.scale ? scale : nullptr;
  epilogue.bias = c.bias ? bias : nullptr;
  return epilogue;
}

namespace {

EdgeFloats pack(ConvKernel kernel, const ConvCase& c, const EdgeFloats& w) {
  const lathe_conv2d_weights weights = weights_of(c);
  switch (kernel) {
    case ConvKernel::General: {
      EdgeFloats packed = untouched_floats(lathe_packed_conv2d_floats(&weights));
      lathe_pack_conv2d_f32(&weights, w.data(), packed.data());
      return packed;
    }
    case ConvKernel::Depthwise: {
      EdgeFloats packed = untouched_floats(lathe_packed_depthwise_conv2d_floats(c.in_c, c.kernel_h, c.kernel_w));
      lathe_pack_depthwise_conv2d_f32(w.data(), c.in_c, c.kernel_h, c.kernel_w, weights.out_c_stride,
                                      weights.kernel_h_stride, weights.kernel_w_stride, packed.data());
      return packed;
    }
  }
  return EdgeFloats(0);
}

}  // namespace

std::string ConvCase::name() const {
  return fmt::format(
      "batch={} out={}x{} channels={}->{} kernel={}x{} stride={}x{} dilation={}x{} groups={} gaps={},{},{} residual={} "
      "in_place={} activation={}",
      batch, out_h, out_w, in_c, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, groups,
      channel_gap, pixel_gap, row_gap, residual, in_place, activation);
}

void run_conv_case(const std::string& target, ConvKernel kernel, const ConvCase& c, const lathe_execution* execution) {
  const int64_t in_h = (c.out_h - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1;
  const int64_t in_w = (c.out_w - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1;
  const ConvStrides in_strides = strides_of(c, in_h, in_w, c.in_c);
  const ConvStrides out_strides = strides_of(c, c.out_h, c.out_w, c.out_c);
  const lathe_conv2d_f32_shape shape = shape_of(c);
  const EdgeFloats in = random_floats(extent(c, in_strides, in_h, in_w, c.in_c), 1);
  const lathe_conv2d_weights weights = weights_of(c);
  const EdgeFloats w = random_floats(c.out_c * weights.out_c_stride, 2);
  const EdgeFloats packed = pack(kernel, c, w);
  const int64_t out_floats = extent(c, out_strides, c.out_h, c.out_w, c.out_c);
  const EdgeFloats residual = random_floats(out_floats, 3);
  EdgeFloats actual = untouched_floats(out_floats);
  EdgeFloats expected = untouched_floats(out_floats);
  const EdgeFloats bias = random_floats(c.out_c, 4);
  const EdgeFloats scale = random_floats(c.out_c, 5);
  const lathe_epilogue_f32 epilogue = epilogue_of(c, scale.data(), bias.data());

  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t y = 0; y < c.out_h; ++y) {
      for (int64_t x = 0; x < c.out_w; ++x) {
        for (int64_t o = 0; o < c.out_c; ++o) {
          const int64_t group = o / (c.out_c / c.groups);
          float sum = 0.0f;
          for (int64_t kh = 0; kh < c.kernel_h; ++kh) {
            for (int64_t kw = 0; kw < c.kernel_w; ++kw) {
              for (int64_t i = 0; i < weights.in_c_per_group; ++i) {
                const float value =
                    in[b * in_strides.image + (y * c.stride_h + kh * c.dilation_h) * in_strides.row +
                       (x * c.stride_w + kw * c.dilation_w) * in_strides.pixel + group * weights.in_c_per_group + i];
                const float weight =
                    w[o * weights.out_c_stride + i * weights.in_c_stride + kh * weights.kernel_h_stride + kw];
                sum = multiply_add(target, value, weight, sum);
              }
            }
          }
          const int64_t at = b * out_strides.image + y * out_strides.row + x * out_strides.pixel + o;
          if (c.in_place) actual[at] = residual[at];
          expected[at] = apply_epilogue(epilogue, sum, o, c.residual ? &residual.data()[at] : nullptr);
        }
      }
    }
  }
  const float* residual_operand = c.in_place ? actual.data() : c.residual ? residual.data() : nullptr;
  const auto function = kernel == ConvKernel::General ? &lathe_conv2d_f32 : &lathe_depthwise_conv2d_f32;
  ASSERT_EQ(function(execution, &shape, in.data(), packed.data(), actual.data(), residual_operand, &epilogue),
            LATHE_OK);
  expect_same_bits(actual.span(), expected.span(), c.name());
}

}  // namespace lathe::runtime::test
