// The attributes of a convolution as the `conv` row wants them. Shared by the float and the integer operators.
#pragma once

#include "compiler/frontend/onnx/operator.h"

namespace lathe::onnx {

inline constexpr std::string_view kConvolutionAttributes =
    "auto_pad:s dilations:is group:i kernel_shape:is pads:is strides:is";

/// strides, pads, dilations and groups of a convolution of operand 0 by the weight at `weight`.
[[nodiscard]] Result<std::vector<NamedAttribute>> convolution_attributes(NodeContext& context, size_t weight);

}  // namespace lathe::onnx
