// ConvTranspose1d, ConvTranspose2d, ConvTranspose3d and their functions.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/convolution.h"
#include "compiler/frontend/torch/nn/families.h"

namespace lathe::torch {
namespace {

template <size_t spatial>
Status make_transposed(LayerBuilder& layer) {
  LATHE_TRY(const ConvolutionArguments given, convolution_arguments(layer, spatial));
  LATHE_TRY(const Integers padding, layer.sizes("padding", spatial, 0));
  LATHE_TRY(const Integers output_padding, layer.sizes("output_padding", spatial, 0));
  LATHE_TRY(const std::string mode, layer.choice("padding_mode", {"zeros", "reflect", "replicate", "circular"}));
  if (mode != "zeros") {
    return layer.error("padding_mode", "ValueError", "{} only has padding_mode 'zeros'", layer.type_name()).emit();
  }
  for (size_t axis = 0; axis < spatial; ++axis) {
    const int64_t limit = std::max(given.stride[axis], given.dilation[axis]);
    if (output_padding[axis] < limit) continue;
    return layer
        .error("output_padding", "RuntimeError", "output_padding = {} must be below the stride or the dilation, {}",
               output_padding[axis], limit)
        .emit();
  }
  layer.set_sizes("padding", padding);
  layer.set_sizes("output_padding", output_padding);
  Integers dims{given.in, given.out / given.groups};
  dims.insert(dims.end(), given.kernel.begin(), given.kernel.end());
  return add_convolution_parameters(layer, given, dims);
}

/// What `output_size` asks for, as output_padding.
Result<Integers> padding_for_size(LayerCall& layer, ValueId x, ValueId weight, const TransposedGeometry& geometry) {
  const size_t spatial = geometry.strides.size();
  LATHE_TRY(std::vector<Dim> wanted, layer.call().integers("output_size"));
  if (wanted.size() == spatial + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (wanted.size() != spatial) {
    return layer
        .error(DiagnosticKind::BadArgument, "ValueError", "output_size of {} has {} entries, it needs {} or {}",
               layer.name(), wanted.size(), spatial, spatial + 2)
        .emit();
  }
  Integers result;
  const size_t first = layer.rank(x) - spatial;
  for (size_t axis = 0; axis < spatial; ++axis) {
    const Dim size = layer.dims(x)[first + axis];
    const Dim least = (size - 1) * Dim(geometry.strides[axis]) - Dim(2 * geometry.padding[axis]) +
                      Dim(geometry.dilations[axis]) * (layer.dims(weight)[2 + axis] - 1) + 1;
    const Dim extra = layer.symbols().simplify(wanted[axis] - least);
    if (!extra.is_constant()) {
      layer.evaluator().unsupported(layer.where(),
                                    fmt::format("output_size of {} that can't be compared with {} before "
                                                "the model runs",
                                                layer.name(), least.python_text()));
      return Failure{};
    }
    if (extra.constant() < 0 || extra.constant() >= geometry.strides[axis]) {
      return layer
          .error(DiagnosticKind::ShapeMismatch, "ValueError",
                 "{} can't make {} elements on axis {}: from {} it makes {} to {}", layer.name(),
                 wanted[axis].python_text(), first + axis, size.python_text(), least.python_text(),
                 (least + Dim(geometry.strides[axis] - 1)).python_text())
          .emit();
    }
    result.push_back(extra.constant());
  }
  return result;
}

template <size_t spatial>
Result<Value> run_transposed(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  TransposedGeometry geometry;
  LATHE_TRY(geometry.strides, layer.integers("stride", spatial));
  LATHE_TRY(geometry.padding, layer.integers("padding", spatial));
  LATHE_TRY(geometry.output_padding, layer.integers("output_padding", spatial));
  LATHE_TRY(geometry.dilations, layer.integers("dilation", spatial));
  LATHE_TRY(geometry.groups, layer.integer("groups"));
  if (!torch::is_none(layer.argument("output_size"))) {
    LATHE_TRY_VOID(require_convolution_rank(layer, x, spatial));
    LATHE_TRY(geometry.output_padding, padding_for_size(layer, x, weight, geometry));
  }
  return layer.result(transposed_convolution(layer, x, weight, bias, geometry));
}

template <size_t spatial>
Result<Value> function_transposed(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  TransposedGeometry geometry;
  LATHE_TRY(geometry.strides, numbers_for_axes(call, "stride", spatial, 1));
  LATHE_TRY(geometry.padding, numbers_for_axes(call, "padding", spatial, 0));
  LATHE_TRY(geometry.output_padding, numbers_for_axes(call, "output_padding", spatial, 0));
  LATHE_TRY(geometry.dilations, numbers_for_axes(call, "dilation", spatial, 1));
  LATHE_TRY(geometry.groups, call.known_integer("groups"));
  if (operation.rank(weight) != spatial + 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "the weight of {} has rank {}, it takes {}: {}",
               operation.name(), operation.rank(weight), spatial + 2, operation.shape_text(weight))
        .emit();
  }
  return operation.result(transposed_convolution(operation, x, weight, bias, geometry));
}

constexpr std::string_view kParameters =
    "self, in_channels, out_channels, kernel_size, stride=1, padding=0, output_padding=0, groups=1, bias=True, "
    "dilation=1, padding_mode='zeros', device=None, dtype=None";

template <size_t spatial>
constexpr NativeFunctionRow kMethods[] = {
    {"__init__", kParameters, constructor<make_transposed<spatial>>},
    {"forward", "self, input, output_size=None", forward<run_transposed<spatial>>},
    {"extra_repr", "self", layer_text<convolution_text>},
};

constexpr NativeClassRow kClasses[] = {
    {"ConvTranspose1d", "torch.nn._ConvNd", kMethods<1>},
    {"ConvTranspose2d", "torch.nn._ConvNd", kMethods<2>},
    {"ConvTranspose3d", "torch.nn._ConvNd", kMethods<3>},
};

constexpr std::string_view kFunctionParameters =
    "input, weight, bias=None, stride=1, padding=0, output_padding=0, groups=1, dilation=1";
constexpr NativeFunctionRow kFunctions[] = {
    {"conv_transpose1d", kFunctionParameters, tensor_function<function_transposed<1>>},
    {"conv_transpose2d", kFunctionParameters, tensor_function<function_transposed<2>>},
    {"conv_transpose3d", kFunctionParameters, tensor_function<function_transposed<3>>},
};

}  // namespace

Result<ValueId> transposed_convolution(const Operation& operation, ValueId x, ValueId weight, ValueId bias,
                                       const TransposedGeometry& geometry) {
  const Shape shape = operation.dims(weight);
  const size_t spatial = shape.size() - 2;
  LATHE_TRY_VOID(require_convolution_rank(operation, x, spatial));
  const size_t channel_axis = operation.rank(x) - spatial - 1;
  const Dim channels = operation.dims(x)[channel_axis];
  LATHE_TRY_VOID(operation.require_equal(
      DiagnosticKind::ChannelMismatch, "RuntimeError", channels, shape[0],
      fmt::format("{} wants {} on axis {}, its input {} has {}", operation.name(), counted(shape[0], "channel"),
                  channel_axis, operation.shape_text(x), channels.python_text())));
  LATHE_TRY_VOID(operation.require_element(x, operation.type(weight).element, "its weight"));
  Integers pads = geometry.padding;
  pads.insert(pads.end(), geometry.padding.begin(), geometry.padding.end());
  for (size_t axis = 0; axis < spatial; ++axis) {
    const Dim size = operation.dims(x)[channel_axis + 1 + axis];
    const Dim result = (size - 1) * Dim(geometry.strides[axis]) - Dim(2 * geometry.padding[axis]) +
                       Dim(geometry.dilations[axis]) * (shape[2 + axis] - 1) + Dim(geometry.output_padding[axis]) + 1;
    LATHE_TRY_VOID(operation.require_le(
        DiagnosticKind::NegativeDimension, "RuntimeError", Dim(1), result,
        fmt::format("{} would make {} elements on axis {} of its input {}: the padding {} takes away too many",
                    operation.name(), result.python_text(), channel_axis + 1 + axis, operation.shape_text(x),
                    geometry.padding[axis])));
  }
  return with_batch(operation, x, spatial, [&](ValueId batched) {
    return operation.one("conv_transpose", {batched, weight, bias},
                         {{"strides", geometry.strides},
                          {"pads", pads},
                          {"dilations", geometry.dilations},
                          {"output_padding", geometry.output_padding},
                          {"groups", geometry.groups}});
  });
}

std::span<const NativeClassRow> transposed_convolution_classes() { return kClasses; }
std::span<const NativeFunctionRow> transposed_convolution_functions() { return kFunctions; }

}  // namespace lathe::torch
