// lathe_conv2d_f32 against plain loops, bit by bit, on every target.
#include <cstdint>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "tests/unit/runtime/conv_support.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

class ConvTest : public TargetTest {
 protected:
  void run(const ConvCase& c) { run_conv_case(GetParam(), ConvKernel::General, c); }
};

TEST_P(ConvTest, KernelsStridesDilations) {
  for (const int64_t kernel_h : {1, 2, 3, 5}) {
    for (const int64_t kernel_w : {1, 3, 4}) {
      for (const int64_t stride : {1, 2, 3}) {
        for (const int64_t dilation : {1, 2}) {
          run({.batch = 2,
               .out_h = 3,
               .out_w = 5,
               .in_c = 3,
               .out_c = 17,
               .kernel_h = kernel_h,
               .kernel_w = kernel_w,
               .stride_h = stride,
               .stride_w = 3 - stride % 3,
               .dilation_h = dilation,
               .dilation_w = 3 - dilation,
               .bias = true});
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(ConvTest, ChannelCounts) {
  for (const int64_t in_c : {1, 2, 3, 4, 16, 33}) {
    for (const int64_t out_c : {1, 7, 16, 24, 33, 64}) {
      run({.out_h = 4, .out_w = 7, .in_c = in_c, .out_c = out_c, .kernel_h = 3, .kernel_w = 3});
      if (HasFatalFailure()) return;
    }
  }
}

// Rows of a tile come from several lines and images.
TEST_P(ConvTest, NarrowImages) {
  for (const int64_t width : {1, 2, 3, 5}) {
    run({.batch = 5,
         .out_h = 3,
         .out_w = width,
         .in_c = 5,
         .out_c = 20,
         .kernel_h = 2,
         .kernel_w = 2,
         .stride_h = 2,
         .residual = true});
    if (HasFatalFailure()) return;
  }
}

// More than one range of k, ranges that start inside a run, and blocks of rows.
TEST_P(ConvTest, DeepKernels) {
  run({.out_h = 7, .out_w = 7, .in_c = 100, .out_c = 35, .kernel_h = 3, .kernel_w = 3});
  run({.out_h = 4, .out_w = 6, .in_c = 230, .out_c = 16, .kernel_h = 3, .kernel_w = 3, .channel_gap = 2});
  run({.out_h = 6, .out_w = 6, .in_c = 90, .out_c = 40, .kernel_h = 3, .kernel_w = 3, .dilation_w = 2});
  run({.batch = 2, .out_h = 17, .out_w = 13, .in_c = 80, .out_c = 18, .kernel_h = 3, .kernel_w = 3});
}

TEST_P(ConvTest, GapsStayUntouched) {
  run({.batch = 2,
       .out_h = 3,
       .out_w = 4,
       .in_c = 6,
       .out_c = 21,
       .kernel_h = 3,
       .kernel_w = 3,
       .channel_gap = 5,
       .pixel_gap = 2,
       .row_gap = 1,
       .residual = true,
       .bias = true,
       .activation = LATHE_ACTIVATION_RELU});
  run({.batch = 2, .out_h = 3, .out_w = 4, .in_c = 6, .out_c = 21, .pixel_gap = 2, .row_gap = 1});
  run({.batch = 2, .out_h = 5, .out_w = 5, .in_c = 300, .out_c = 9, .kernel_h = 3, .kernel_w = 3, .channel_gap = 1});
}

TEST_P(ConvTest, Groups) {
  for (const int64_t groups : {2, 3, 6}) {
    run({.batch = 2,
         .out_h = 4,
         .out_w = 5,
         .in_c = 12,
         .out_c = 36,
         .kernel_h = 3,
         .kernel_w = 3,
         .stride_w = 2,
         .groups = groups,
         .residual = true,
         .scale = true,
         .bias = true});
    run({.out_h = 4, .out_w = 5, .in_c = 12, .out_c = 12, .groups = groups, .channel_gap = 1});
    if (HasFatalFailure()) return;
  }
}

// The kernel covers the whole image: one run of k.
TEST_P(ConvTest, WholeImageKernel) {
  run({.batch = 3, .out_h = 1, .out_w = 1, .in_c = 20, .out_c = 19, .kernel_h = 4, .kernel_w = 5});
}

TEST_P(ConvTest, ResidualInPlace) {
  run({.out_h = 5,
       .out_w = 6,
       .in_c = 100,
       .out_c = 20,
       .kernel_h = 3,
       .kernel_w = 3,
       .residual = true,
       .in_place = true,
       .activation = LATHE_ACTIVATION_RELU});
}

INSTANTIATE_TEST_SUITE_P(Targets, ConvTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

TEST(ConvArguments, BadDescriptorsAreRefused) {
  lathe_conv2d_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  EXPECT_EQ(lathe_conv2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  shape.kernel_h = shape.kernel_w = shape.stride_h = shape.stride_w = shape.dilation_h = shape.dilation_w = 1;
  shape.groups = 2;
  shape.in_c = 3;
  EXPECT_EQ(lathe_conv2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  shape.groups = 1;
  EXPECT_EQ(lathe_conv2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_OK);
  EXPECT_EQ(lathe_depthwise_conv2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr),
            LATHE_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace lathe::runtime::test
