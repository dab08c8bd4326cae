// A convolution test case: builds guarded operands and the expected output by seven plain loops.
#pragma once

#include <cstdint>
#include <string>

#include "lathe/kernels.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {

struct ConvCase {
  int64_t batch = 1;
  int64_t out_h = 1;
  int64_t out_w = 1;
  int64_t in_c = 1;
  int64_t out_c = 1;
  int64_t kernel_h = 1;
  int64_t kernel_w = 1;
  int64_t stride_h = 1;
  int64_t stride_w = 1;
  int64_t dilation_h = 1;
  int64_t dilation_w = 1;
  int64_t groups = 1;
  // Extra floats after the channels of a pixel, extra pixels after a row, extra rows after an image; in all operands.
  int64_t channel_gap = 0;
  int64_t pixel_gap = 0;
  int64_t row_gap = 0;
  bool residual = false;
  bool in_place = false;
  bool scale = false;
  bool bias = false;
  int32_t activation = LATHE_ACTIVATION_NONE;

  [[nodiscard]] std::string name() const;
};

// Distances between the images, rows and pixels of an operand, in floats.
struct ConvStrides {
  int64_t image;
  int64_t row;
  int64_t pixel;
};
ConvStrides strides_of(const ConvCase& c, int64_t height, int64_t width, int64_t channels);

// Floats of such an operand up to and with the last channel of its last pixel.
int64_t extent(const ConvCase& c, const ConvStrides& strides, int64_t height, int64_t width, int64_t channels);

// The descriptors of a case: of its operands, with the residual's strides those of the output, and of weights
// [out_c][in_c / groups][kernel_h][kernel_w].
lathe_conv2d_f32_shape shape_of(const ConvCase& c);
lathe_conv2d_weights weights_of(const ConvCase& c);

// The epilogue of a case; null pointers where it wants none of the two.
lathe_epilogue_f32 epilogue_of(const ConvCase& c, const float* scale, const float* bias);

enum class ConvKernel { General, Depthwise };

// Runs the case with `execution` (may be null) on the selected target, which is `target`, and compares bits, gaps
// included.
void run_conv_case(const std::string& target, ConvKernel kernel, const ConvCase& c,
                   const lathe_execution* execution = nullptr);

}  // namespace lathe::runtime::test
