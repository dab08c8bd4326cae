// lathe_conv_transpose2d_f32 against plain loops over input pixels, bit by bit, on every target.
#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

struct TransposeCase {
  int64_t batch = 1;
  int64_t in_h = 1;
  int64_t in_w = 1;
  int64_t in_c = 1;
  int64_t out_c = 1;
  int64_t kernel_h = 1;
  int64_t kernel_w = 1;
  int64_t stride_h = 1;
  int64_t stride_w = 1;
  int64_t dilation_h = 1;
  int64_t dilation_w = 1;
  int64_t pad_top = 0;
  int64_t pad_left = 0;
  // Rows and columns more (or fewer) than the unpadded output has.
  int64_t extra_h = 0;
  int64_t extra_w = 0;
  int64_t groups = 1;
  int64_t channel_gap = 0;
  bool residual = false;
  int32_t activation = LATHE_ACTIVATION_NONE;

  [[nodiscard]] std::string name() const {
    return fmt::format(
        "batch={} in={}x{} channels={}->{} kernel={}x{} stride={}x{} dilation={}x{} pad={},{} extra={},{} "
        "groups={} gap={} residual={}",
        batch, in_h, in_w, in_c, out_c, kernel_h, kernel_w, stride_h, stride_w, dilation_h, dilation_w, pad_top,
        pad_left, extra_h, extra_w, groups, channel_gap, residual);
  }
};

struct LineCount {
  std::vector<int> lines;
};

void run_case(const std::string& target, const TransposeCase& c, const lathe_execution* execution = nullptr) {
  const int64_t out_h = (c.in_h - 1) * c.stride_h + (c.kernel_h - 1) * c.dilation_h + 1 - c.pad_top + c.extra_h;
  const int64_t out_w = (c.in_w - 1) * c.stride_w + (c.kernel_w - 1) * c.dilation_w + 1 - c.pad_left + c.extra_w;
  ASSERT_GT(out_h, 0);
  ASSERT_GT(out_w, 0);
  lathe_conv_transpose2d_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  shape.batch = c.batch;
  shape.in_h = c.in_h;
  shape.in_w = c.in_w;
  shape.out_h = out_h;
  shape.out_w = out_w;
  shape.in_c = c.in_c;
  shape.out_c = c.out_c;
  shape.kernel_h = c.kernel_h;
  shape.kernel_w = c.kernel_w;
  shape.stride_h = c.stride_h;
  shape.stride_w = c.stride_w;
  shape.dilation_h = c.dilation_h;
  shape.dilation_w = c.dilation_w;
  shape.pad_top = c.pad_top;
  shape.pad_left = c.pad_left;
  shape.groups = c.groups;
  lathe_border border = {};
  ASSERT_EQ(lathe_conv_transpose2d_border(&shape, &border), LATHE_OK);
  shape.in_pixel_stride = c.in_c;
  shape.in_row_stride = (border.left + c.in_w + border.right) * shape.in_pixel_stride;
  shape.in_image_stride = (border.top + c.in_h + border.bottom) * shape.in_row_stride;
  shape.out_pixel_stride = c.out_c + c.channel_gap;
  shape.out_row_stride = out_w * shape.out_pixel_stride;
  shape.out_image_stride = out_h * shape.out_row_stride;
  shape.residual_pixel_stride = shape.out_pixel_stride;
  shape.residual_row_stride = shape.out_row_stride;
  shape.residual_image_stride = shape.out_image_stride;

  EdgeFloats in(c.batch * shape.in_image_stride);
  const int64_t first = border.top * shape.in_row_stride + border.left * shape.in_pixel_stride;
  const EdgeFloats noise = random_floats(c.batch * c.in_h * c.in_w * c.in_c, 1);
  const auto input_at = [&](int64_t b, int64_t y, int64_t x, int64_t i) {
    return first + b * shape.in_image_stride + y * shape.in_row_stride + x * shape.in_pixel_stride + i;
  };
  int64_t next = 0;
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t y = 0; y < c.in_h; ++y) {
      for (int64_t x = 0; x < c.in_w; ++x) {
        for (int64_t i = 0; i < c.in_c; ++i) in[input_at(b, y, x, i)] = noise[next++];
      }
    }
  }
  // ONNX order: [in_c][out_c / groups][kernel_h][kernel_w].
  const int64_t in_group = c.in_c / c.groups;
  const int64_t out_group = c.out_c / c.groups;
  const EdgeFloats w = random_floats(c.in_c * out_group * c.kernel_h * c.kernel_w, 2);
  const lathe_conv2d_weights weights = {.struct_size = sizeof(lathe_conv2d_weights),
                                        .reserved = 0,
                                        .out_c = c.out_c,
                                        .in_c_per_group = in_group,
                                        .kernel_h = c.kernel_h,
                                        .kernel_w = c.kernel_w,
                                        .groups = c.groups,
                                        .out_c_stride = c.kernel_h * c.kernel_w,
                                        .in_c_stride = out_group * c.kernel_h * c.kernel_w,
                                        .kernel_h_stride = c.kernel_w,
                                        .kernel_w_stride = 1};
  EdgeFloats packed = untouched_floats(lathe_packed_conv2d_floats(&weights));
  lathe_pack_conv_transpose2d_f32(&weights, in_group * weights.in_c_stride, c.stride_h, c.stride_w, c.dilation_h,
                                  c.dilation_w, w.data(), packed.data());
  for (const float value : packed.span()) ASSERT_FALSE(is_untouched(value)) << c.name();

  const int64_t out_floats = c.batch * shape.out_image_stride - c.channel_gap;
  const EdgeFloats residual = random_floats(out_floats, 3);
  const EdgeFloats bias = random_floats(c.out_c, 4);
  EdgeFloats actual = untouched_floats(out_floats);
  EdgeFloats expected = untouched_floats(out_floats);
  LineCount count;
  count.lines.resize(static_cast<size_t>(c.batch * out_h));
  lathe_epilogue_f32 epilogue = {};
  epilogue.struct_size = sizeof(epilogue);
  epilogue.activation = c.activation;
  epilogue.bias = bias.data();
  epilogue.after_block_state = &count;
  epilogue.after_block = [](void* state, int64_t row_begin, int64_t row_end, int64_t, int64_t) {
    auto& lines = static_cast<LineCount*>(state)->lines;
    ++lines[static_cast<size_t>(row_begin / (row_end - row_begin))];
  };
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t oy = 0; oy < out_h; ++oy) {
      for (int64_t ox = 0; ox < out_w; ++ox) {
        for (int64_t o = 0; o < c.out_c; ++o) {
          const int64_t group = o / out_group;
          float sum = 0.0f;
          for (int64_t iy = 0; iy < c.in_h; ++iy) {
            const int64_t kh = oy + c.pad_top - iy * c.stride_h;
            if (kh < 0 || kh % c.dilation_h != 0 || kh / c.dilation_h >= c.kernel_h) continue;
            for (int64_t ix = 0; ix < c.in_w; ++ix) {
              const int64_t kw = ox + c.pad_left - ix * c.stride_w;
              if (kw < 0 || kw % c.dilation_w != 0 || kw / c.dilation_w >= c.kernel_w) continue;
              for (int64_t i = 0; i < in_group; ++i) {
                const int64_t from = group * in_group + i;
                sum = multiply_add(target, in[input_at(b, iy, ix, from)],
                                   w[from * weights.in_c_stride + o % out_group * weights.out_c_stride +
                                     kh / c.dilation_h * c.kernel_w + kw / c.dilation_w],
                                   sum);
              }
            }
          }
          const int64_t at = b * shape.out_image_stride + oy * shape.out_row_stride + ox * shape.out_pixel_stride + o;
          expected[at] = apply_epilogue(epilogue, sum, o, c.residual ? &residual.data()[at] : nullptr);
        }
      }
    }
  }
  ASSERT_EQ(lathe_conv_transpose2d_f32(execution, &shape, in.data() + first, packed.data(), actual.data(),
                                       c.residual ? residual.data() : nullptr, &epilogue),
            LATHE_OK);
  expect_same_bits(actual.span(), expected.span(), c.name());
  EXPECT_TRUE(std::all_of(count.lines.begin(), count.lines.end(), [](int lines) { return lines == 1; })) << c.name();
}

class ConvTransposeTest : public TargetTest {};

TEST_P(ConvTransposeTest, KernelsStridesDilationsPads) {
  for (const int64_t kernel : {1, 2, 3, 4, 5}) {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t dilation : {1, 2, 3}) {
        for (const int64_t pad : {0, 1}) {
          if (pad >= kernel) continue;
          run_case(GetParam(), {.batch = 2,
                                .in_h = 3,
                                .in_w = 4,
                                .in_c = 3,
                                .out_c = 18,
                                .kernel_h = kernel,
                                .kernel_w = kernel == 4 ? 2 : 3,
                                .stride_h = stride,
                                .stride_w = 4 - stride,
                                .dilation_h = dilation,
                                .dilation_w = dilation,
                                .pad_top = pad,
                                .pad_left = 1,
                                .extra_h = -pad});
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

// The layer of image generators: 4x4, stride 2, padding 1.
TEST_P(ConvTransposeTest, GeneratorLayer) {
  run_case(GetParam(), {.batch = 2,
                        .in_h = 5,
                        .in_w = 5,
                        .in_c = 40,
                        .out_c = 24,
                        .kernel_h = 4,
                        .kernel_w = 4,
                        .stride_h = 2,
                        .stride_w = 2,
                        .pad_top = 1,
                        .pad_left = 1,
                        .extra_h = -1,
                        .extra_w = -1,
                        .activation = LATHE_ACTIVATION_RELU});
}

// Outputs beyond the last input (output_padding), and phases that no kernel element reaches.
TEST_P(ConvTransposeTest, OutputsThatNoInputReaches) {
  run_case(GetParam(), {.in_h = 3,
                        .in_w = 3,
                        .in_c = 5,
                        .out_c = 3,
                        .kernel_h = 3,
                        .kernel_w = 3,
                        .stride_h = 2,
                        .stride_w = 2,
                        .extra_h = 1,
                        .extra_w = 1});
  run_case(GetParam(), {.in_h = 3,
                        .in_w = 3,
                        .in_c = 5,
                        .out_c = 3,
                        .kernel_h = 1,
                        .kernel_w = 1,
                        .stride_h = 3,
                        .stride_w = 2,
                        .extra_h = 2,
                        .extra_w = 1,
                        .residual = true});
  run_case(GetParam(), {.in_h = 2,
                        .in_w = 2,
                        .in_c = 2,
                        .out_c = 2,
                        .kernel_h = 2,
                        .kernel_w = 2,
                        .stride_h = 2,
                        .stride_w = 2,
                        .dilation_h = 2,
                        .dilation_w = 4,
                        .pad_top = 2,
                        .pad_left = 3});
}

TEST_P(ConvTransposeTest, GroupsAndGaps) {
  run_case(GetParam(), {.batch = 2,
                        .in_h = 3,
                        .in_w = 4,
                        .in_c = 6,
                        .out_c = 36,
                        .kernel_h = 3,
                        .kernel_w = 3,
                        .stride_h = 2,
                        .stride_w = 2,
                        .groups = 2,
                        .channel_gap = 3,
                        .residual = true});
  run_case(GetParam(), {.in_h = 3,
                        .in_w = 4,
                        .in_c = 6,
                        .out_c = 6,
                        .kernel_h = 2,
                        .kernel_w = 2,
                        .stride_h = 2,
                        .stride_w = 2,
                        .groups = 6,
                        .channel_gap = 1});
}

TEST_P(ConvTransposeTest, Threads) {
  lathe_thread_pool* pool = nullptr;
  ASSERT_EQ(lathe_thread_pool_create(3, &pool), LATHE_OK);
  lathe_execution execution = LATHE_EXECUTION_INIT;
  lathe_execution_use_pool(&execution, pool);
  run_case(GetParam(),
           {.batch = 2,
            .in_h = 16,
            .in_w = 15,
            .in_c = 30,
            .out_c = 40,
            .kernel_h = 4,
            .kernel_w = 4,
            .stride_h = 2,
            .stride_w = 2,
            .pad_top = 1,
            .pad_left = 1},
           &execution);
  lathe_thread_pool_destroy(pool);
}

INSTANTIATE_TEST_SUITE_P(Targets, ConvTransposeTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

TEST(ConvTransposeArguments, BadDescriptorsAreRefused) {
  lathe_border border = {};
  EXPECT_EQ(lathe_conv_transpose2d_border(nullptr, &border), LATHE_INVALID_ARGUMENT);
  lathe_conv_transpose2d_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  EXPECT_EQ(lathe_conv_transpose2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr),
            LATHE_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lathe::runtime::test
