// lathe_depthwise_conv2d_f32 against plain loops, bit by bit, on every target.
#include <cstdint>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "tests/unit/runtime/conv_support.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

class DepthwiseTest : public TargetTest {
 protected:
  void run(ConvCase c) {
    c.in_c = c.out_c;
    c.groups = c.out_c;
    run_conv_case(GetParam(), ConvKernel::Depthwise, c);
  }
};

TEST_P(DepthwiseTest, EveryChannelTail) {
  for (int64_t channels = 1; channels <= 40; ++channels) {
    run({.out_h = 2, .out_w = 5, .out_c = channels, .kernel_h = 3, .kernel_w = 3, .bias = true});
    if (HasFatalFailure()) return;
  }
}

TEST_P(DepthwiseTest, KernelsStridesDilations) {
  for (const int64_t kernel : {1, 2, 3, 5, 7}) {
    for (const int64_t stride : {1, 2, 3}) {
      for (const int64_t dilation : {1, 2}) {
        for (const int64_t width : {1, 2, 3, 4, 7, 9}) {
          run({.batch = 2,
               .out_h = 3,
               .out_w = width,
               .out_c = 19,
               .kernel_h = 4 - kernel % 3,
               .kernel_w = kernel,
               .stride_h = 3 - stride % 2,
               .stride_w = stride,
               .dilation_h = dilation,
               .dilation_w = dilation});
          if (HasFatalFailure()) return;
        }
      }
    }
  }
}

TEST_P(DepthwiseTest, GapsStayUntouched) {
  run({.batch = 2,
       .out_h = 3,
       .out_w = 6,
       .out_c = 37,
       .kernel_h = 3,
       .kernel_w = 3,
       .channel_gap = 3,
       .pixel_gap = 2,
       .row_gap = 1,
       .residual = true,
       .scale = true,
       .bias = true});
}

TEST_P(DepthwiseTest, EveryEpilogue) {
  for (int32_t activation = LATHE_ACTIVATION_NONE; activation <= LATHE_ACTIVATION_HARD_SWISH; ++activation) {
    run({.out_h = 3,
         .out_w = 7,
         .out_c = 21,
         .kernel_h = 5,
         .kernel_w = 5,
         .residual = true,
         .in_place = true,
         .bias = true,
         .activation = activation});
    if (HasFatalFailure()) return;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, DepthwiseTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lathe::runtime::test
