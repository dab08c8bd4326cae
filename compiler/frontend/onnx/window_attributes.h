// The attributes that convolutions and poolings share: kernel, strides, dilations, padding in its explicit and
// automatic forms.
//
// ONNX lets padding be computed from the size of the operand (`auto_pad`). What comes out has explicit pads, begins of
// all axes and then ends, as the rows of the graph IR want them. Called by import_convolution and import_pooling.
#pragma once

#include "compiler/frontend/onnx/operator.h"

namespace lathe::onnx {

struct WindowAttributes {
  Integers kernel;
  Integers strides;
  Integers dilations;
  Integers pads;
  /// auto_pad SAME_* was given: ceil_mode means nothing then.
  bool same = false;
};

/// What SAME_UPPER and SAME_LOWER mean: padding for a result of ceil(size / stride), or something that the caller
/// computes.
enum class SamePadding : uint8_t { Compute, LeaveToCaller };

/// Reads the lists, each with `kernel.size()` entries (pads: twice), for operand 0. LT0106 for lists of another length
/// and for values out of range; LT0901 where automatic padding depends on a size that is known only when the model
/// runs.
[[nodiscard]] Result<WindowAttributes> window_attributes(NodeContext& context, Integers kernel,
                                                         SamePadding same = SamePadding::Compute);

/// `kernel_shape`, which poolings must have. LT0107 without.
[[nodiscard]] Result<Integers> required_kernel(NodeContext& context);

}  // namespace lathe::onnx
