// What convolutions, transposed convolutions, lazy ones and pools share: arguments, parameters, checks of windows.
#pragma once

#include <functional>
#include <string>

#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {

/// The checked arguments of the constructor that all convolutions have.
struct ConvolutionArguments {
  size_t spatial = 0;
  int64_t in = 0;
  int64_t out = 0;
  Integers kernel;
  Integers stride;
  Integers dilation;
  int64_t groups = 1;
  bool bias = true;
};
[[nodiscard]] Result<ConvolutionArguments> convolution_arguments(LayerBuilder& layer, size_t spatial);
/// Keeps the arguments as attributes and adds `weight` with `dims` and `bias`.
Status add_convolution_parameters(LayerBuilder& layer, const ConvolutionArguments& given, const Integers& dims);
/// extra_repr of convolutions.
[[nodiscard]] Result<std::string> convolution_text(LayerCall& layer);

/// A batch or one unbatched sample.
Status require_convolution_rank(const Operation& operation, ValueId x, size_t spatial);
/// The kernel lies in the padded input on an axis; `padding` is that of both sides together.
Status require_window_fits(const Operation& operation, ValueId x, size_t axis, const Dim& kernel, int64_t dilation,
                           int64_t padding);
/// Gives an unbatched input a batch axis for `compute`, and takes it away from the result.
Result<ValueId> with_batch(const Operation& operation, ValueId x, size_t spatial,
                           const std::function<Result<ValueId>(ValueId)>& compute);

/// An argument of a function: one number for all `count` axes, or one for each, known now.
[[nodiscard]] Result<Integers> numbers_for_axes(NativeCall& call, std::string_view parameter, size_t count,
                                                int64_t least);

}  // namespace lathe::torch
