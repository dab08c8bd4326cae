// Flatten, Unflatten, PixelShuffle, PixelUnshuffle, ChannelShuffle, Unfold.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/convolution.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

// ------------------------------------------------------------------------------------------------- Flatten, Unflatten

Status make_flatten(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("start_dim", -64));
  LATHE_TRY_VOID(layer.size("end_dim", -64));
  layer.keep({"start_dim", "end_dim"});
  return {};
}

Result<Value> run_flatten(LayerCall& layer) {
  LATHE_TRY(const TensorId x, layer.input_tensor());
  LATHE_TRY(const int64_t start, layer.integer("start_dim"));
  LATHE_TRY(const int64_t end, layer.integer("end_dim"));
  LATHE_TRY(const TensorId result, flatten_operation(layer.tracer(), x, start, end));
  return Value(result);
}

Result<std::string> flatten_text(LayerCall& layer) {
  LATHE_TRY(const int64_t start, layer.integer("start_dim"));
  LATHE_TRY(const int64_t end, layer.integer("end_dim"));
  return fmt::format("start_dim={}, end_dim={}", start, end);
}

Status make_unflatten(LayerBuilder& layer) {
  layer.keep({"dim", "unflattened_size"});
  const Heap& heap = layer.evaluator().heap();
  const Value& size = layer.argument("unflattened_size");
  if (heap.as<TupleObject>(size) != nullptr || heap.as<ListObject>(size) != nullptr) return {};
  return layer
      .error("unflattened_size", "TypeError", "unflattened_size of {} is {}; it must be a tuple of ints",
             layer.type_name(), layer.evaluator().describe(size))
      .emit();
}

Result<Value> run_unflatten(LayerCall& layer) {
  LATHE_TRY(const TensorId x, layer.input_tensor());
  LATHE_TRY(const int64_t dim, layer.integer("dim"));
  LATHE_TRY(const Value given, layer.attribute("unflattened_size"));
  LATHE_TRY(const std::vector<Value> items, layer.evaluator().iterate(given, layer.where()));
  const Shape dims = layer.tracer().dims(x);
  LATHE_TRY(const size_t axis, axis_of(layer, dim, dims.size()));
  Shape shape(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(axis));
  Dim product = 1;
  std::optional<size_t> free;
  for (const Value& item : items) {
    const auto* size = std::get_if<Dim>(&item);
    if (size == nullptr) {
      return layer
          .error(DiagnosticKind::BadArgument, "TypeError", "unflattened_size of Unflatten holds {}; it must hold ints",
                 layer.evaluator().describe(item))
          .emit();
    }
    if (size->is_constant(-1)) {
      free = shape.size();
    } else {
      product *= *size;
    }
    shape.push_back(*size);
  }
  LATHE_TRY(const std::string wanted, layer.evaluator().repr(given, layer.where()));
  const std::string message = fmt::format("Unflatten can't make {} of axis {} of {}, which has {}", wanted, axis,
                                          python_shape(dims), dims[axis].python_text());
  if (free) {
    LATHE_TRY_VOID(
        layer.require_equal(DiagnosticKind::ReshapeMismatch, "RuntimeError", modulo(dims[axis], product), 0, message));
    shape[*free] = layer.symbols().simplify(floordiv(dims[axis], product));
  } else {
    LATHE_TRY_VOID(layer.require_equal(DiagnosticKind::ReshapeMismatch, "RuntimeError", dims[axis], product, message));
  }
  shape.insert(shape.end(), dims.begin() + static_cast<std::ptrdiff_t>(axis) + 1, dims.end());
  LATHE_TRY(const TensorId result, reshape_operation(layer.tracer(), x, std::move(shape)));
  return Value(result);
}

// ------------------------------------------------------------------------------------------------------------ shuffles

template <Result<ValueId> (*compute)(const Operation&, ValueId, int64_t)>
Result<Value> run_by_number(LayerCall& layer, std::string_view name) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const int64_t number, layer.integer(name));
  return layer.result(compute(layer, x, number));
}

Status make_pixel_shuffle(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("upscale_factor", 1));
  layer.keep({"upscale_factor"});
  return {};
}
Status make_pixel_unshuffle(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("downscale_factor", 1));
  layer.keep({"downscale_factor"});
  return {};
}
Status make_channel_shuffle(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("groups", 1));
  layer.keep({"groups"});
  return {};
}
Result<Value> run_pixel_shuffle(LayerCall& layer) { return run_by_number<pixel_shuffle>(layer, "upscale_factor"); }
Result<Value> run_pixel_unshuffle(LayerCall& layer) {
  return run_by_number<pixel_unshuffle>(layer, "downscale_factor");
}
Result<Value> run_channel_shuffle(LayerCall& layer) { return run_by_number<channel_shuffle>(layer, "groups"); }

Result<std::string> factor_text(LayerCall& layer) {
  const std::string_view name = layer.name() == "PixelShuffle" ? "upscale_factor" : "downscale_factor";
  LATHE_TRY(const int64_t factor, layer.integer(name));
  return fmt::format("{}={}", name, factor);
}

template <Result<ValueId> (*compute)(const Operation&, ValueId, int64_t), size_t parameter>
Result<Value> call_by_number(NativeCall& call, Operation& operation) {
  constexpr std::string_view kNames[] = {"upscale_factor", "downscale_factor", "groups"};
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const int64_t number, call.known_integer(kNames[parameter]));
  if (number < 1) {
    return call
        .error_at(call.place(kNames[parameter]), DiagnosticKind::BadArgument, "RuntimeError",
                  fmt::format("{} of {} is {}; it must be at least 1", kNames[parameter], operation.name(), number))
        .emit();
  }
  return operation.result(compute(operation, x, number));
}

// -------------------------------------------------------------------------------------------------------------- Unfold

Status make_unfold(LayerBuilder& layer) {
  for (const std::string_view name : {"kernel_size", "dilation", "stride"}) {
    LATHE_TRY_VOID(layer.sizes(name, 2, 1));
  }
  LATHE_TRY_VOID(layer.sizes("padding", 2, 0));
  layer.keep({"kernel_size", "dilation", "padding", "stride"});
  return {};
}

Result<Value> run_unfold(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const Integers kernel, layer.integers("kernel_size", 2));
  LATHE_TRY(const Integers dilation, layer.integers("dilation", 2));
  LATHE_TRY(const Integers padding, layer.integers("padding", 2));
  LATHE_TRY(const Integers stride, layer.integers("stride", 2));
  return layer.result(unfold(layer, x, kernel, dilation, padding, stride));
}

Result<Value> call_unfold(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const Integers kernel, numbers_for_axes(call, "kernel_size", 2, 1));
  LATHE_TRY(const Integers dilation, numbers_for_axes(call, "dilation", 2, 1));
  LATHE_TRY(const Integers padding, numbers_for_axes(call, "padding", 2, 0));
  LATHE_TRY(const Integers stride, numbers_for_axes(call, "stride", 2, 1));
  return operation.result(unfold(operation, x, kernel, dilation, padding, stride));
}

Result<Value> refuse_fold(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  initialize_module(call.evaluator, self);
  mark_unknown_module(call.evaluator, self);
  call.evaluator.unsupported(call.where, "nn.Fold");
  return Value(NoneValue{});
}
Result<Value> call_fold(NativeCall&, Operation& operation) { return operation.unsupported("F.fold"); }

constexpr NativeFunctionRow kFlatten[] = {
    {"__init__", "self, start_dim=1, end_dim=-1", constructor<make_flatten>},
    {"forward", "self, input", forward<run_flatten>},
    {"extra_repr", "self", layer_text<flatten_text>},
};
constexpr NativeFunctionRow kUnflatten[] = {
    {"__init__", "self, dim, unflattened_size", constructor<make_unflatten>},
    {"forward", "self, input", forward<run_unflatten>},
};
constexpr NativeFunctionRow kPixelShuffle[] = {
    {"__init__", "self, upscale_factor", constructor<make_pixel_shuffle>},
    {"forward", "self, input", forward<run_pixel_shuffle>},
    {"extra_repr", "self", layer_text<factor_text>},
};
constexpr NativeFunctionRow kPixelUnshuffle[] = {
    {"__init__", "self, downscale_factor", constructor<make_pixel_unshuffle>},
    {"forward", "self, input", forward<run_pixel_unshuffle>},
    {"extra_repr", "self", layer_text<factor_text>},
};
constexpr NativeFunctionRow kChannelShuffle[] = {
    {"__init__", "self, groups", constructor<make_channel_shuffle>},
    {"forward", "self, input", forward<run_channel_shuffle>},
};
constexpr NativeFunctionRow kUnfold[] = {
    {"__init__", "self, kernel_size, dilation=1, padding=0, stride=1", constructor<make_unfold>},
    {"forward", "self, input", forward<run_unfold>},
};
constexpr NativeFunctionRow kFold[] = {{"__init__", "self, *args, **kwargs", refuse_fold}};

constexpr NativeClassRow kClasses[] = {
    {"Flatten", "torch.nn.Module", kFlatten},
    {"Unflatten", "torch.nn.Module", kUnflatten},
    {"PixelShuffle", "torch.nn.Module", kPixelShuffle},
    {"PixelUnshuffle", "torch.nn.Module", kPixelUnshuffle},
    {"ChannelShuffle", "torch.nn.Module", kChannelShuffle},
    {"Unfold", "torch.nn.Module", kUnfold},
    {"Fold", "torch.nn.Module", kFold},
};

constexpr NativeFunctionRow kFunctions[] = {
    {"pixel_shuffle", "input, upscale_factor", tensor_function<call_by_number<pixel_shuffle, 0>>},
    {"pixel_unshuffle", "input, downscale_factor", tensor_function<call_by_number<pixel_unshuffle, 1>>},
    {"channel_shuffle", "input, groups", tensor_function<call_by_number<channel_shuffle, 2>>},
    {"unfold", "input, kernel_size, dilation=1, padding=0, stride=1", tensor_function<call_unfold>},
    {"fold", "*args, **kwargs", tensor_function<call_fold>},
};

Status require_divisible(const Operation& operation, const Shape& dims, size_t axis, int64_t divisor) {
  return operation.require_equal(
      DiagnosticKind::ChannelMismatch, "RuntimeError", modulo(dims[axis], Dim(divisor)), 0,
      fmt::format("{} needs a multiple of {} on axis {}, its input {} has {}", operation.name(), divisor, axis,
                  python_shape(dims), dims[axis].python_text()));
}

Status require_image(const Operation& operation, ValueId x) {
  if (operation.rank(x) >= 3) return {};
  return operation
      .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} takes (..., C, H, W), its input has rank {}: {}",
             operation.name(), operation.rank(x), operation.shape_text(x))
      .emit();
}

}  // namespace

Result<size_t> axis_of(const Operation& operation, int64_t axis, size_t rank, std::string_view what) {
  const auto count = static_cast<int64_t>(std::max<size_t>(rank, 1));
  if (axis >= -count && axis < count) return static_cast<size_t>(axis < 0 ? axis + count : axis);
  return operation
      .error(DiagnosticKind::AxisOutOfRange, "IndexError", "{} of {} is {}; a tensor of rank {} has axes {} to {}",
             what, operation.name(), axis, rank, -count, count - 1)
      .emit();
}

Result<ValueId> pixel_shuffle(const Operation& operation, ValueId x, int64_t factor) {
  LATHE_TRY_VOID(require_image(operation, x));
  const Shape dims = operation.dims(x);
  const size_t channel = dims.size() - 3;
  LATHE_TRY_VOID(require_divisible(operation, dims, channel, factor * factor));
  const Dim channels = operation.symbols().simplify(floordiv(dims[channel], Dim(factor * factor)));
  const Dim height = dims[channel + 1];
  const Dim width = dims[channel + 2];
  Shape split(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(channel));
  Shape joined = split;
  for (const Dim& size : {channels, Dim(factor), Dim(factor), height, width}) split.push_back(size);
  for (const Dim& size : {channels, height * Dim(factor), width * Dim(factor)}) joined.push_back(size);
  Integers order;
  for (size_t axis = 0; axis <= channel; ++axis) order.push_back(static_cast<int64_t>(axis));
  const auto at = static_cast<int64_t>(channel);
  for (const int64_t axis : {at + 3, at + 1, at + 4, at + 2}) order.push_back(axis);
  Formula formula(operation);
  return formula.result(formula.reshape(formula.transpose(formula.reshape(x, split), order), joined));
}

Result<ValueId> pixel_unshuffle(const Operation& operation, ValueId x, int64_t factor) {
  LATHE_TRY_VOID(require_image(operation, x));
  const Shape dims = operation.dims(x);
  const size_t channel = dims.size() - 3;
  LATHE_TRY_VOID(require_divisible(operation, dims, channel + 1, factor));
  LATHE_TRY_VOID(require_divisible(operation, dims, channel + 2, factor));
  const SymbolTable& symbols = operation.symbols();
  const Dim height = symbols.simplify(floordiv(dims[channel + 1], Dim(factor)));
  const Dim width = symbols.simplify(floordiv(dims[channel + 2], Dim(factor)));
  Shape split(dims.begin(), dims.begin() + static_cast<std::ptrdiff_t>(channel));
  Shape joined = split;
  for (const Dim& size : {dims[channel], height, Dim(factor), width, Dim(factor)}) split.push_back(size);
  for (const Dim& size : {dims[channel] * Dim(factor * factor), height, width}) joined.push_back(size);
  Integers order;
  for (size_t axis = 0; axis <= channel; ++axis) order.push_back(static_cast<int64_t>(axis));
  const auto at = static_cast<int64_t>(channel);
  for (const int64_t axis : {at + 2, at + 4, at + 1, at + 3}) order.push_back(axis);
  Formula formula(operation);
  return formula.result(formula.reshape(formula.transpose(formula.reshape(x, split), order), joined));
}

Result<ValueId> channel_shuffle(const Operation& operation, ValueId x, int64_t groups) {
  LATHE_TRY_VOID(require_image(operation, x));
  const Shape dims = operation.dims(x);
  LATHE_TRY_VOID(require_divisible(operation, dims, 1, groups));
  Shape split = dims;
  split[1] = Dim(groups);
  split.insert(split.begin() + 2, operation.symbols().simplify(floordiv(dims[1], Dim(groups))));
  Integers order{0, 2, 1};
  for (size_t axis = 3; axis < split.size(); ++axis) order.push_back(static_cast<int64_t>(axis));
  Formula formula(operation);
  return formula.result(formula.reshape(formula.transpose(formula.reshape(x, split), order), dims));
}

Result<ValueId> unfold(const Operation& operation, ValueId x, const Integers& kernel, const Integers& dilation,
                       const Integers& padding, const Integers& stride) {
  if (operation.rank(x) != 3 && operation.rank(x) != 4) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError",
               "{} takes (N, C, H, W) or one unbatched (C, H, W), its input has rank {}: {}", operation.name(),
               operation.rank(x), operation.shape_text(x))
        .emit();
  }
  constexpr int64_t kMostTaps = 1024;
  if (kernel[0] * kernel[1] > kMostTaps) {
    static_cast<void>(operation.unsupported(fmt::format("{} with {} taps", operation.name(), kernel[0] * kernel[1])));
    return Failure{};
  }
  const size_t first = operation.rank(x) - 2;
  for (size_t axis = 0; axis < 2; ++axis) {
    LATHE_TRY_VOID(require_window_fits(operation, x, first + axis, kernel[axis], dilation[axis], 2 * padding[axis]));
  }
  return with_batch(operation, x, 2, [&](ValueId batched) -> Result<ValueId> {
    Formula formula(operation);
    ValueId image = batched;
    if (padding[0] != 0 || padding[1] != 0) {
      const Shape amounts{Dim(0), Dim(0), Dim(padding[0]), Dim(padding[1])};
      image = formula.op("pad", {batched}, {{"low", amounts}, {"high", amounts}});
    }
    if (!formula.ok()) return Failure{};
    const Shape dims = formula.dims(image);
    Shape counts;
    for (size_t axis = 0; axis < 2; ++axis) {
      const Dim covered = Dim(dilation[axis] * (kernel[axis] - 1) + 1);
      counts.push_back(operation.symbols().simplify(floordiv(dims[2 + axis] - covered, Dim(stride[axis])) + 1));
    }
    std::vector<ValueId> taps;
    for (int64_t row = 0; row < kernel[0]; ++row) {
      const Dim top = Dim(row * dilation[0]);
      const ValueId rows = formula.slice(image, 2, top, top + (counts[0] - 1) * Dim(stride[0]) + 1, stride[0]);
      for (int64_t column = 0; column < kernel[1]; ++column) {
        const Dim left = Dim(column * dilation[1]);
        const ValueId tap = formula.slice(rows, 3, left, left + (counts[1] - 1) * Dim(stride[1]) + 1, stride[1]);
        taps.push_back(formula.reshape(tap, {dims[0], dims[1], Dim(1), counts[0] * counts[1]}));
      }
    }
    const ValueId all = formula.concat(std::move(taps), 2);
    return formula.result(formula.reshape(all, {dims[0], dims[1] * Dim(kernel[0] * kernel[1]), counts[0] * counts[1]}));
  });
}

std::span<const NativeClassRow> arrangement_classes() { return kClasses; }
std::span<const NativeFunctionRow> arrangement_functions() { return kFunctions; }

}  // namespace lathe::torch
