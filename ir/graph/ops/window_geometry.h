// The geometry that convolutions and pools share: where spatial axes are, strides, pads, dilations, and their sizes.
//
// A window row has `strides`, `dilations` (empty: all 1), `pads` (empty: all 0; first the beginning of each spatial
// axis, then the end of each) and `channels_last`. Tensors are [N, C, spatial...], or [N, spatial..., C] with
// channels_last.
#pragma once

#include "ir/graph/ops/rows.h"

namespace lathe {

struct WindowAxis {
  int64_t stride = 1;
  int64_t dilation = 1;
  int64_t pad_low = 0;
  int64_t pad_high = 0;
};

struct WindowGeometry {
  std::vector<WindowAxis> axes;  ///< one for each spatial axis
  bool channels_last = false;

  [[nodiscard]] size_t rank() const { return axes.size() + 2; }
  [[nodiscard]] size_t channel_axis() const { return channels_last ? axes.size() + 1 : 1; }
  [[nodiscard]] size_t spatial_axis(size_t i) const { return (channels_last ? 1 : 2) + i; }
};

/// Reads the geometry of a node with `spatial` spatial axes; attributes must have passed check_window.
[[nodiscard]] WindowGeometry window_of(const NodeView& node, size_t spatial);

/// Checks lengths and ranges of the attributes of a window row, and the rank of operand 0; LT0106 and LT0202.
[[nodiscard]] Status check_window(InferContext& context, size_t spatial);

/// How many windows fit an axis whose length is no multiple of the stride.
enum class WindowRounding : uint8_t {
  Down,  ///< convolutions: windows lie within the padded input
  /// Pools: the same, but a window that reaches over the end by less than a stride stands alone and is cut (ONNX
  /// Runtime computes (size + pads - kernel) / stride + 1 with division towards zero).
  DownToOne,
  Up,  ///< pools with ceil_mode: the last window may reach over the end, but not start behind the input
};

/// The size of a result axis: (size + pads - (dilation * (kernel - 1) + 1)) / stride + 1, with its formula as origin.
/// LT0208 when the kernel is larger than the padded input.
[[nodiscard]] Result<Dim> window_size(InferContext& context, const WindowAxis& axis, size_t spatial_axis,
                                      const Dim& kernel, WindowRounding rounding);

/// The operand's index for the window at `result_index` and the tap `tap`.
[[nodiscard]] Dim window_index(const WindowAxis& axis, const Dim& result_index, const Dim& tap);

/// The number of channels that the weight (operand 1) makes, with that as origin.
[[nodiscard]] Dim out_channels(const InferContext& context, const Dim& channels);

/// The attributes `strides`, `pads`, `dilations` of a row.
[[nodiscard]] std::vector<AttributeDef> window_attributes();
[[nodiscard]] AttributeDef channels_last_attribute();

}  // namespace lathe
