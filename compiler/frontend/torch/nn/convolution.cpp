// Conv1d, Conv2d, Conv3d and their functions.
#include "compiler/frontend/torch/nn/convolution.h"

#include <cmath>
#include <numeric>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"

namespace lathe::torch {
namespace {

constexpr std::string_view kLayouts[] = {"(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
constexpr std::string_view kUnbatchedLayouts[] = {"(C, L)", "(C, H, W)", "(C, D, H, W)"};

/// Channels of the input against those of the weight, with what may have been forgotten.
Status require_channels(const Operation& operation, ValueId x, const Dim& wanted, size_t spatial) {
  const Shape dims = operation.dims(x);
  const bool batched = dims.size() == spatial + 2;
  const size_t axis = batched ? 1 : 0;
  const std::string message =
      fmt::format("{} wants {} on axis {}, its input {} has {}", operation.name(), counted(wanted, "channel"), axis,
                  python_shape(dims), dims[axis].python_text());
  const SymbolTable& symbols = operation.symbols();
  if (symbols.prove_eq(dims[axis], wanted) != Answer::No) {
    return operation.require_equal(DiagnosticKind::ChannelMismatch, "RuntimeError", dims[axis], wanted, message);
  }
  auto fault = operation.error(DiagnosticKind::ChannelMismatch, "RuntimeError", "{}", message);
  if (batched && symbols.prove_eq(dims.back(), wanted) == Answer::Yes) {
    Integers order{0, static_cast<int64_t>(dims.size()) - 1};
    for (size_t at = 1; at + 1 < dims.size(); ++at) order.push_back(static_cast<int64_t>(at));
    std::string axes;
    for (const int64_t at : order) axes += fmt::format("{}{}", axes.empty() ? "" : ", ", at);
    return std::move(fault)
        .note(fmt::format("axis {} has {} elements: this looks like channels last; `.permute({})` moves them",
                          dims.size() - 1, wanted.python_text(), axes))
        .emit();
  }
  if (!batched && wanted.is_constant(1)) {
    Shape batch = dims;
    batch.insert(batch.begin() + 1, Dim(1));
    return std::move(fault)
        .note(fmt::format("an input of rank {} is one unbatched sample {}; a batch of {} with one channel each is {}: "
                          "`x.unsqueeze(1)`",
                          dims.size(), kUnbatchedLayouts[spatial - 1], dims[0].python_text(), python_shape(batch)))
        .emit();
  }
  if (!batched) {
    return std::move(fault)
        .note(fmt::format("an input of rank {} is one unbatched sample {}; a batch has rank {}: {}", dims.size(),
                          kUnbatchedLayouts[spatial - 1], spatial + 2, kLayouts[spatial - 1]))
        .emit();
  }
  return std::move(fault)
      .explain(operation.tracer().module().origins, dims[axis])
      .explain(operation.tracer().module().origins, wanted)
      .emit();
}

}  // namespace

Status require_convolution_rank(const Operation& operation, ValueId x, size_t spatial) {
  const size_t rank = operation.rank(x);
  if (rank == spatial + 1 || rank == spatial + 2) return {};
  auto fault = operation.error(DiagnosticKind::RankMismatch, "RuntimeError",
                               "{} takes {} or one unbatched {}, its input has rank {}: {}", operation.name(),
                               kLayouts[spatial - 1], kUnbatchedLayouts[spatial - 1], rank, operation.shape_text(x));
  if (rank == spatial) {
    return std::move(fault).note("axes for the batch and the channels are missing: `x[None, None]`").emit();
  }
  return std::move(fault).emit();
}

Status require_window_fits(const Operation& operation, ValueId x, size_t axis, const Dim& kernel, int64_t dilation,
                           int64_t padding) {
  const Dim& size = operation.dims(x)[axis];
  const Dim covered = Dim(dilation) * (kernel - 1) + 1;
  const std::string reach =
      dilation == 1 ? "" : fmt::format(" with dilation {} (over {} elements)", dilation, covered.python_text());
  const std::string more = padding == 0 ? "" : fmt::format(" and {} of padding", padding);
  return operation.require_le(
      DiagnosticKind::WindowTooLarge, "RuntimeError", covered, size + Dim(padding),
      fmt::format("{} has a kernel of {}{} on axis {}, its input {} has {}{} there", operation.name(),
                  kernel.python_text(), reach, axis, operation.shape_text(x), counted(size, "element"), more));
}

Result<ValueId> with_batch(const Operation& operation, ValueId x, size_t spatial,
                           const std::function<Result<ValueId>(ValueId)>& compute) {
  if (operation.rank(x) == spatial + 2) return compute(x);
  LATHE_TRY(const ValueId batched, operation.builder().unsqueeze(x, {0}));
  LATHE_TRY(const ValueId result, compute(batched));
  return operation.builder().squeeze(result, {0});
}

Result<ValueId> convolution(const Operation& operation, ValueId x, ValueId weight, ValueId bias,
                            const ConvolutionGeometry& geometry) {
  const Shape shape = operation.dims(weight);
  if (shape.size() < 3 || shape.size() > 5) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "the weight of {} has rank {}: {}", operation.name(),
               shape.size(), python_shape(shape))
        .emit();
  }
  const size_t spatial = shape.size() - 2;
  LATHE_TRY_VOID(require_convolution_rank(operation, x, spatial));
  LATHE_TRY_VOID(require_channels(operation, x, shape[1] * Dim(geometry.groups), spatial));
  LATHE_TRY_VOID(operation.require_element(x, operation.type(weight).element, "its weight"));
  const size_t first = operation.rank(x) - spatial;
  for (size_t axis = 0; axis < spatial; ++axis) {
    LATHE_TRY_VOID(require_window_fits(operation, x, first + axis, shape[2 + axis], geometry.dilations[axis],
                                       geometry.pads[axis] + geometry.pads[spatial + axis]));
  }
  return with_batch(operation, x, spatial, [&](ValueId batched) {
    return operation.one("conv", {batched, weight, bias},
                         {{"strides", geometry.strides},
                          {"pads", geometry.pads},
                          {"dilations", geometry.dilations},
                          {"groups", geometry.groups}});
  });
}

namespace {

/// What padding='same' adds: the odd element at the end.
Integers same_pads(const Integers& kernel, const Integers& dilations) {
  const size_t spatial = kernel.size();
  Integers pads(2 * spatial);
  for (size_t axis = 0; axis < spatial; ++axis) {
    const int64_t total = dilations[axis] * (kernel[axis] - 1);
    pads[axis] = total / 2;
    pads[spatial + axis] = total - total / 2;
  }
  return pads;
}

Integers twice(const Integers& padding) {
  Integers pads = padding;
  pads.insert(pads.end(), padding.begin(), padding.end());
  return pads;
}

// --------------------------------------------------------------------------------------------------------------- layer

template <size_t spatial>
Status make_convolution(LayerBuilder& layer) {
  LATHE_TRY(const ConvolutionArguments given, convolution_arguments(layer, spatial));
  if (layer.evaluator().heap().string(layer.argument("padding")) != nullptr) {
    LATHE_TRY(const std::string padding, layer.choice("padding", {"valid", "same"}));
    for (const int64_t stride : given.stride) {
      if (padding != "same" || stride == 1) continue;
      return layer
          .error("padding", "ValueError", "padding='same' needs stride 1, this {} has stride {}", layer.type_name(),
                 stride)
          .note(fmt::format("give the padding as a number, for instance {}", (given.kernel.front() - 1) / 2))
          .emit();
    }
    layer.keep({"padding"});
  } else {
    LATHE_TRY(const Integers padding, layer.sizes("padding", spatial, 0));
    layer.set_sizes("padding", padding);
  }
  Integers dims{given.out, given.in / given.groups};
  dims.insert(dims.end(), given.kernel.begin(), given.kernel.end());
  return add_convolution_parameters(layer, given, dims);
}

/// Padding of modes other than zeros goes before the convolution.
Result<ValueId> pad_first(LayerCall& layer, ValueId x, const Integers& pads, const std::string& mode) {
  const size_t spatial = pads.size() / 2;
  std::vector<Dim> amounts;
  for (size_t axis = spatial; axis-- > 0;) {
    amounts.emplace_back(pads[axis]);
    amounts.emplace_back(pads[spatial + axis]);
  }
  return pad(layer, x, amounts, mode, 0.0);
}

template <size_t spatial>
Result<Value> run_convolution(LayerCall& layer) {
  LATHE_TRY(ValueId x, layer.input());
  LATHE_TRY(const ValueId weight, layer.parameter("weight"));
  LATHE_TRY(const ValueId bias, layer.parameter("bias"));
  ConvolutionGeometry geometry;
  LATHE_TRY(geometry.strides, layer.integers("stride", spatial));
  LATHE_TRY(geometry.dilations, layer.integers("dilation", spatial));
  LATHE_TRY(geometry.groups, layer.integer("groups"));
  LATHE_TRY(const Value padding, layer.attribute("padding"));
  if (const std::string* name = layer.evaluator().heap().string(padding)) {
    const bool same = *name == "same";
    LATHE_TRY(const Integers kernel, layer.integers("kernel_size", spatial));
    geometry.pads = same ? same_pads(kernel, geometry.dilations) : Integers(2 * spatial, 0);
  } else {
    LATHE_TRY(const Integers sizes, layer.integers("padding", spatial));
    geometry.pads = twice(sizes);
  }
  LATHE_TRY(const std::string mode, layer.string("padding_mode"));
  if (mode != "zeros") {
    LATHE_TRY_VOID(require_convolution_rank(layer, x, spatial));
    LATHE_TRY(x, pad_first(layer, x, geometry.pads, mode));
    geometry.pads.assign(2 * spatial, 0);
  }
  return layer.result(convolution(layer, x, weight, bias, geometry));
}

// ----------------------------------------------------------------------------------------------------------- functions

template <size_t spatial>
Result<Value> function_convolution(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId weight, operation.value(call.argument("weight"), "`weight`"));
  LATHE_TRY(const ValueId bias, operation.optional_value(call.argument("bias"), "`bias`"));
  if (operation.rank(weight) != spatial + 2) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "the weight of {} has rank {}, it takes {}: {}",
               operation.name(), operation.rank(weight), spatial + 2, operation.shape_text(weight))
        .emit();
  }
  ConvolutionGeometry geometry;
  LATHE_TRY(geometry.strides, numbers_for_axes(call, "stride", spatial, 1));
  LATHE_TRY(geometry.dilations, numbers_for_axes(call, "dilation", spatial, 1));
  LATHE_TRY(geometry.groups, call.known_integer("groups"));
  if (const std::string* name = call.evaluator.heap().string(call.argument("padding"))) {
    Integers kernel;
    for (size_t axis = 0; axis < spatial; ++axis) {
      const std::optional<int64_t> size = operation.dims(weight)[2 + axis].as_constant();
      if (!size) return operation.unsupported("a kernel whose size is only known when the model runs");
      kernel.push_back(*size);
    }
    geometry.pads = *name == "same" ? same_pads(kernel, geometry.dilations) : Integers(2 * spatial, 0);
  } else {
    LATHE_TRY(const Integers padding, numbers_for_axes(call, "padding", spatial, 0));
    geometry.pads = twice(padding);
  }
  return operation.result(convolution(operation, x, weight, bias, geometry));
}

constexpr std::string_view kParameters =
    "self, in_channels, out_channels, kernel_size, stride=1, padding=0, dilation=1, groups=1, bias=True, "
    "padding_mode='zeros', device=None, dtype=None";

template <size_t spatial>
constexpr NativeFunctionRow kMethods[] = {
    {"__init__", kParameters, constructor<make_convolution<spatial>>},
    {"forward", "self, input", forward<run_convolution<spatial>>},
    {"extra_repr", "self", layer_text<convolution_text>},
};

constexpr NativeClassRow kClasses[] = {
    {"_ConvNd", "torch.nn.Module", {}},
    {"Conv1d", "torch.nn._ConvNd", kMethods<1>},
    {"Conv2d", "torch.nn._ConvNd", kMethods<2>},
    {"Conv3d", "torch.nn._ConvNd", kMethods<3>},
};

constexpr std::string_view kFunctionParameters = "input, weight, bias=None, stride=1, padding=0, dilation=1, groups=1";
constexpr NativeFunctionRow kFunctions[] = {
    {"conv1d", kFunctionParameters, tensor_function<function_convolution<1>>},
    {"conv2d", kFunctionParameters, tensor_function<function_convolution<2>>},
    {"conv3d", kFunctionParameters, tensor_function<function_convolution<3>>},
};

/// "2, 2" of (2, 2) as Python prints a tuple.
std::string tuple_text(const Integers& values) {
  std::string text = "(";
  for (size_t index = 0; index < values.size(); ++index)
    text += fmt::format("{}{}", index == 0 ? "" : ", ", values[index]);
  return text + (values.size() == 1 ? ",)" : ")");
}

}  // namespace

Result<Integers> numbers_for_axes(NativeCall& call, std::string_view parameter, size_t count, int64_t least) {
  const Value& value = call.argument(parameter);
  const bool is_sequence =
      call.evaluator.heap().as<TupleObject>(value) != nullptr || call.evaluator.heap().as<ListObject>(value) != nullptr;
  Integers result;
  if (is_sequence) {
    LATHE_TRY(const std::vector<Dim> dims, call.integers(parameter));
    for (const Dim& dim : dims) {
      if (!dim.is_constant()) {
        call.evaluator.unsupported(call.place(parameter), fmt::format("`{}` of {} that depends on a size of the input",
                                                                      parameter, call.row.name));
        return Failure{};
      }
      result.push_back(dim.constant());
    }
  } else {
    LATHE_TRY(const int64_t number, call.known_integer(parameter));
    result.push_back(number);
  }
  if (result.size() == 1) result.assign(count, result.front());
  if (result.size() != count) {
    return call
        .error_at(call.place(parameter), DiagnosticKind::BadArgument, "RuntimeError",
                  fmt::format("{} of {} has {} entries, it takes {}", parameter, call.row.name, result.size(), count))
        .emit();
  }
  for (const int64_t number : result) {
    if (number >= least) continue;
    return call
        .error_at(call.place(parameter), DiagnosticKind::BadArgument, "RuntimeError",
                  fmt::format("{} of {} is {}; it must be at least {}", parameter, call.row.name, number, least))
        .emit();
  }
  return result;
}

Result<ConvolutionArguments> convolution_arguments(LayerBuilder& layer, size_t spatial) {
  ConvolutionArguments given;
  given.spatial = spatial;
  LATHE_TRY(given.in, layer.size("in_channels"));
  LATHE_TRY(given.out, layer.size("out_channels", 1));
  LATHE_TRY(given.kernel, layer.sizes("kernel_size", spatial, 1));
  LATHE_TRY(given.stride, layer.sizes("stride", spatial, 1));
  LATHE_TRY(given.dilation, layer.sizes("dilation", spatial, 1));
  LATHE_TRY(given.groups, layer.size("groups", 1));
  LATHE_TRY(given.bias, layer.flag("bias"));
  for (const std::string_view which : {"in_channels", "out_channels"}) {
    const int64_t channels = which == "in_channels" ? given.in : given.out;
    if (channels % given.groups == 0) continue;
    std::string common;
    const int64_t divisor = std::gcd(given.in, given.out);
    for (int64_t number = 1; number <= std::min<int64_t>(divisor, 4096); ++number) {
      if (divisor % number == 0) common += fmt::format("{}{}", common.empty() ? "" : ", ", number);
    }
    return layer.error("groups", "ValueError", "groups = {} does not divide {} = {}", given.groups, which, channels)
        .note(fmt::format("divisors of both {} and {}: {}", given.in, given.out, common))
        .emit();
  }
  return given;
}

Status add_convolution_parameters(LayerBuilder& layer, const ConvolutionArguments& given, const Integers& dims) {
  LATHE_TRY_VOID(layer.choice("padding_mode", {"zeros", "reflect", "replicate", "circular"}));
  layer.keep({"in_channels", "out_channels", "groups", "padding_mode"});
  layer.set_sizes("kernel_size", given.kernel);
  layer.set_sizes("stride", given.stride);
  layer.set_sizes("dilation", given.dilation);
  int64_t fan_in = dims[1];
  for (size_t axis = 2; axis < dims.size(); ++axis) {
    // Products beyond 64 bits fail below, as a size.
    fan_in = fan_in > (int64_t{1} << 40) ? fan_in : fan_in * std::min(dims[axis], int64_t{1} << 20);
  }
  const ElementType element = layer.element();
  LATHE_TRY_VOID(layer.parameter("weight", dims, fan_in_uniform(fan_in), element));
  if (given.bias) return layer.parameter("bias", {given.out}, fan_in_uniform(fan_in), element);
  layer.absent_parameter("bias");
  return {};
}

Result<std::string> convolution_text(LayerCall& layer) {
  LATHE_TRY(const Value kernel, layer.attribute("kernel_size"));
  const auto* tuple = layer.evaluator().heap().as<TupleObject>(kernel);
  const size_t spatial = tuple == nullptr ? 1 : tuple->items.size();
  LATHE_TRY(const Integers kernel_size, layer.integers("kernel_size", spatial));
  LATHE_TRY(const Integers stride, layer.integers("stride", spatial));
  LATHE_TRY(const Integers dilation, layer.integers("dilation", spatial));
  LATHE_TRY(const int64_t in, layer.integer("in_channels"));
  LATHE_TRY(const int64_t out, layer.integer("out_channels"));
  LATHE_TRY(const int64_t groups, layer.integer("groups"));
  LATHE_TRY(const Value padding, layer.attribute("padding"));
  LATHE_TRY(const bool no_bias, layer.is_none("bias"));
  LATHE_TRY(const std::string mode, layer.string("padding_mode"));
  std::string text =
      fmt::format("{}, {}, kernel_size={}, stride={}", in, out, tuple_text(kernel_size), tuple_text(stride));
  if (const std::string* name = layer.evaluator().heap().string(padding)) {
    text += fmt::format(", padding={}", *name);
  } else {
    LATHE_TRY(const Integers sizes, layer.integers("padding", spatial));
    if (sizes != Integers(spatial, 0)) text += ", padding=" + tuple_text(sizes);
  }
  if (dilation != Integers(spatial, 1)) text += ", dilation=" + tuple_text(dilation);
  LATHE_TRY(
      const std::optional<Value> output_padding,
      layer.evaluator().find_attribute(Value(layer.self()), layer.evaluator().name("output_padding"), layer.where()));
  if (output_padding) {
    LATHE_TRY(const Integers sizes, layer.integers("output_padding", spatial));
    if (sizes != Integers(spatial, 0)) text += ", output_padding=" + tuple_text(sizes);
  }
  if (groups != 1) text += fmt::format(", groups={}", groups);
  if (no_bias) text += ", bias=False";
  if (mode != "zeros") text += fmt::format(", padding_mode={}", mode);
  return text;
}

std::span<const NativeClassRow> convolution_classes() { return kClasses; }
std::span<const NativeFunctionRow> convolution_functions() { return kFunctions; }

}  // namespace lathe::torch
