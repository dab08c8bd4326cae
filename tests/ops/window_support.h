// Convolutions by definition, for tests: loops over every tap in doubles.
#pragma once

#include "tests/ops/support.h"

namespace lathe::ops_test {

/// A convolution: dims of x as [N, C, spatial...]; empty lists mean 1, or 0 for pads.
struct ConvCase {
  Dims x;
  Dims weight;
  Integers strides = {};
  Integers pads = {};
  Integers dilations = {};
  int64_t groups = 1;
  Integers output_padding = {};
  bool bias = false;
};

[[nodiscard]] std::vector<NamedAttribute> attributes_of(const ConvCase& conv);
[[nodiscard]] Array naive_conv(const ConvCase& conv, const Array& x, const Array& weight, const Array* bias);
/// Scatters x[i] * weight[k] to i * stride + k * dilation - pad, as the definition says.
[[nodiscard]] Array naive_conv_transpose(const ConvCase& conv, const Array& x, const Array& weight, const Array* bias);
/// [N, C, spatial...] as [N, spatial..., C].
[[nodiscard]] Array channels_last(const Array& x);

}  // namespace lathe::ops_test
