// MaxPool, AvgPool and LPPool over one to three spatial axes.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/convolution.h"
#include "compiler/frontend/torch/nn/families.h"

namespace lathe::torch {
namespace {

constexpr std::string_view kLayouts[] = {"(N, C, L)", "(N, C, H, W)", "(N, C, D, H, W)"};
constexpr std::string_view kUnbatchedLayouts[] = {"(C, L)", "(C, H, W)", "(C, D, H, W)"};

Status require_pool_rank(const Operation& operation, ValueId x, size_t spatial) {
  const size_t rank = operation.rank(x);
  if (rank == spatial + 1 || rank == spatial + 2) return {};
  return operation
      .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} takes {} or one unbatched {}, its input has rank {}: {}",
             operation.name(), kLayouts[spatial - 1], kUnbatchedLayouts[spatial - 1], rank, operation.shape_text(x))
      .emit();
}

enum class PoolKind { Max, Average, Norm };

// -------------------------------------------------------------------------------------------------------------- layers

/// Checks what the arguments of a pool have in common, and keeps them as they were given.
Status keep_window(LayerBuilder& layer, size_t spatial, bool has_padding, bool has_dilation) {
  LATHE_TRY(const Integers kernel, layer.sizes("kernel_size", spatial, 1));
  if (!layer.is_none("stride")) {
    LATHE_TRY_VOID(layer.sizes("stride", spatial, 1));
    layer.keep({"stride"});
  } else {
    layer.set("stride", layer.argument("kernel_size"));
  }
  layer.keep({"kernel_size", "ceil_mode"});
  LATHE_TRY_VOID(layer.flag("ceil_mode"));
  if (has_dilation) {
    LATHE_TRY_VOID(layer.sizes("dilation", spatial, 1));
    layer.keep({"dilation"});
  }
  if (!has_padding) return {};
  LATHE_TRY(const Integers padding, layer.sizes("padding", spatial, 0));
  for (size_t axis = 0; axis < spatial; ++axis) {
    if (2 * padding[axis] <= kernel[axis]) continue;
    return layer
        .error("padding", "RuntimeError", "padding = {} is more than half of kernel_size = {}", padding[axis],
               kernel[axis])
        .emit();
  }
  layer.keep({"padding"});
  return {};
}

template <size_t spatial>
Status make_max_pool(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.flag("return_indices"));
  layer.keep({"return_indices"});
  return keep_window(layer, spatial, true, true);
}

template <size_t spatial>
Status make_average_pool(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.flag("count_include_pad"));
  layer.keep({"count_include_pad"});
  if constexpr (spatial > 1) {
    if (!layer.is_none("divisor_override")) {
      LATHE_TRY_VOID(layer.size("divisor_override", 1));
    }
    layer.keep({"divisor_override"});
  }
  return keep_window(layer, spatial, true, false);
}

template <size_t spatial>
Status make_norm_pool(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.number("norm_type"));
  layer.keep({"norm_type"});
  return keep_window(layer, spatial, false, false);
}

template <size_t spatial>
Result<PoolGeometry> geometry_of(LayerCall& layer, bool has_padding, bool has_dilation) {
  PoolGeometry geometry;
  LATHE_TRY(geometry.kernel, layer.integers("kernel_size", spatial));
  LATHE_TRY(geometry.strides, layer.integers("stride", spatial));
  LATHE_TRY(geometry.ceil_mode, layer.flag("ceil_mode"));
  geometry.padding.assign(spatial, 0);
  geometry.dilations.assign(spatial, 1);
  if (has_padding) {
    LATHE_TRY(geometry.padding, layer.integers("padding", spatial));
  }
  if (has_dilation) {
    LATHE_TRY(geometry.dilations, layer.integers("dilation", spatial));
  }
  return geometry;
}

template <size_t spatial>
Result<Value> run_max_pool(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const PoolGeometry geometry, geometry_of<spatial>(layer, true, true));
  LATHE_TRY(const bool indices, layer.flag("return_indices"));
  if (indices) return layer.unsupported(fmt::format("return_indices of {}", layer.name()));
  return layer.result(pool(layer, "max_pool", x, geometry));
}

Result<ValueId> average(const Operation& operation, ValueId x, const PoolGeometry& geometry,
                        std::optional<int64_t> divisor) {
  if (divisor) return average_pool_by(operation, x, geometry, *divisor);
  return pool(operation, "average_pool", x, geometry);
}

template <size_t spatial>
Result<Value> run_average_pool(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(PoolGeometry geometry, geometry_of<spatial>(layer, true, false));
  LATHE_TRY(geometry.count_include_pad, layer.flag("count_include_pad"));
  std::optional<int64_t> divisor;
  if constexpr (spatial > 1) {
    LATHE_TRY(const bool none, layer.is_none("divisor_override"));
    if (!none) {
      LATHE_TRY(divisor, layer.integer("divisor_override"));
    }
  }
  return layer.result(average(layer, x, geometry, divisor));
}

/// PyTorch's LPPool: the p-th root of the window's sum of x^p, which is NaN for negative sums.
Result<ValueId> norm_pool(const Operation& operation, ValueId x, PoolGeometry geometry, double p) {
  const bool is_whole = p == std::floor(p) && p >= 1 && p < 64;
  if (is_whole && static_cast<int64_t>(p) % 2 == 0 && !geometry.ceil_mode) {
    geometry.p = static_cast<int64_t>(p);
    return pool(operation, "lp_pool", x, geometry);
  }
  Formula formula(operation);
  double count = 1;
  for (const int64_t size : geometry.kernel) count *= static_cast<double>(size);
  const ValueId powers = formula.op("pow", {x, formula.like(x, p)});
  if (!formula.ok()) return Failure{};
  const ValueId mean = formula.take(pool(operation, "average_pool", powers, geometry));
  const ValueId sum = formula.mul(mean, count);
  return formula.result(formula.op("pow", {sum, formula.like(sum, 1.0 / p)}));
}

template <size_t spatial>
Result<Value> run_norm_pool(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  LATHE_TRY(const PoolGeometry geometry, geometry_of<spatial>(layer, false, false));
  LATHE_TRY(const double p, layer.number("norm_type"));
  return layer.result(norm_pool(layer, x, geometry, p));
}

Result<std::string> window_text(LayerCall& layer) {
  std::string text;
  for (const std::string_view name : {"kernel_size", "stride", "padding", "dilation", "ceil_mode"}) {
    LATHE_TRY(const std::optional<Value> value,
              layer.evaluator().find_attribute(Value(layer.self()), layer.evaluator().name(name), layer.where()));
    if (!value) continue;
    const bool average = layer.name().starts_with("Avg");
    if (average && name == "ceil_mode") continue;
    LATHE_TRY(const std::string shown, layer.evaluator().repr(*value, layer.where()));
    text += fmt::format("{}{}={}", text.empty() ? "" : ", ", name, shown);
  }
  return text;
}

constexpr std::string_view kMaxParameters =
    "self, kernel_size, stride=None, padding=0, dilation=1, return_indices=False, ceil_mode=False";
constexpr std::string_view kAverageParameters1 =
    "self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True";
constexpr std::string_view kAverageParameters =
    "self, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None";

template <size_t spatial>
constexpr NativeFunctionRow kMax[] = {
    {"__init__", kMaxParameters, constructor<make_max_pool<spatial>>},
    {"forward", "self, input", forward<run_max_pool<spatial>>},
    {"extra_repr", "self", layer_text<window_text>},
};
template <size_t spatial>
constexpr NativeFunctionRow kAverage[] = {
    {"__init__", spatial == 1 ? kAverageParameters1 : kAverageParameters, constructor<make_average_pool<spatial>>},
    {"forward", "self, input", forward<run_average_pool<spatial>>},
    {"extra_repr", "self", layer_text<window_text>},
};
template <size_t spatial>
constexpr NativeFunctionRow kNorm[] = {
    {"__init__", "self, norm_type, kernel_size, stride=None, ceil_mode=False", constructor<make_norm_pool<spatial>>},
    {"forward", "self, input", forward<run_norm_pool<spatial>>},
};

Result<Value> refuse_layer(NativeCall& call) {
  LATHE_TRY(const ObjectId self, self_of(call));
  initialize_module(call.evaluator, self);
  mark_unknown_module(call.evaluator, self);
  call.evaluator.unsupported(call.where, fmt::format("nn.{}", call.evaluator.type_name(Value(self))));
  return Value(NoneValue{});
}
constexpr NativeFunctionRow kRefused[] = {{"__init__", "self, *args, **kwargs", refuse_layer}};

constexpr NativeClassRow kClasses[] = {
    {"MaxPool1d", "torch.nn.Module", kMax<1>},     {"MaxPool2d", "torch.nn.Module", kMax<2>},
    {"MaxPool3d", "torch.nn.Module", kMax<3>},     {"AvgPool1d", "torch.nn.Module", kAverage<1>},
    {"AvgPool2d", "torch.nn.Module", kAverage<2>}, {"AvgPool3d", "torch.nn.Module", kAverage<3>},
    {"LPPool1d", "torch.nn.Module", kNorm<1>},     {"LPPool2d", "torch.nn.Module", kNorm<2>},
    {"LPPool3d", "torch.nn.Module", kNorm<3>},     {"FractionalMaxPool2d", "torch.nn.Module", kRefused},
    {"MaxUnpool1d", "torch.nn.Module", kRefused},  {"FractionalMaxPool3d", "torch.nn.Module", kRefused},
    {"MaxUnpool2d", "torch.nn.Module", kRefused},  {"MaxUnpool3d", "torch.nn.Module", kRefused},
};

// ----------------------------------------------------------------------------------------------------------- functions

template <size_t spatial, PoolKind kind>
Result<Value> call_pool(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  PoolGeometry geometry;
  LATHE_TRY(geometry.kernel, numbers_for_axes(call, "kernel_size", spatial, 1));
  geometry.strides = geometry.kernel;
  const auto* items = call.evaluator.heap().as<TupleObject>(call.argument("stride"));
  if (!call.is_none("stride") && (items == nullptr || !items->items.empty())) {
    LATHE_TRY(geometry.strides, numbers_for_axes(call, "stride", spatial, 1));
  }
  LATHE_TRY(geometry.ceil_mode, call.truth("ceil_mode"));
  geometry.padding.assign(spatial, 0);
  geometry.dilations.assign(spatial, 1);
  if constexpr (kind != PoolKind::Norm) {
    LATHE_TRY(geometry.padding, numbers_for_axes(call, "padding", spatial, 0));
    for (size_t axis = 0; axis < spatial; ++axis) {
      if (2 * geometry.padding[axis] <= geometry.kernel[axis]) continue;
      return call
          .error_at(call.place("padding"), DiagnosticKind::BadArgument, "RuntimeError",
                    fmt::format("padding = {} is more than half of kernel_size = {}", geometry.padding[axis],
                                geometry.kernel[axis]))
          .emit();
    }
  }
  if constexpr (kind == PoolKind::Max) {
    LATHE_TRY(geometry.dilations, numbers_for_axes(call, "dilation", spatial, 1));
    LATHE_TRY(const bool indices, call.truth("return_indices"));
    if (indices) return operation.unsupported(fmt::format("return_indices of {}", operation.name()));
    return operation.result(pool(operation, "max_pool", x, geometry));
  }
  if constexpr (kind == PoolKind::Average) {
    LATHE_TRY(geometry.count_include_pad, call.truth("count_include_pad"));
    std::optional<int64_t> divisor;
    if (spatial > 1 && !call.is_none("divisor_override")) {
      LATHE_TRY(divisor, call.known_integer("divisor_override"));
    }
    return operation.result(average(operation, x, geometry, divisor));
  }
  if constexpr (kind == PoolKind::Norm) {
    LATHE_TRY(const double p, call.number("norm_type"));
    return operation.result(norm_pool(operation, x, geometry, p));
  }
}

constexpr std::string_view kMaxFunction =
    "input, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, return_indices=False";
constexpr std::string_view kAverageFunction1 =
    "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True";
constexpr std::string_view kAverageFunction =
    "input, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, divisor_override=None";
constexpr std::string_view kNormFunction = "input, norm_type, kernel_size, stride=None, ceil_mode=False";
constexpr NativeFunctionRow kFunctions[] = {
    {"max_pool1d", kMaxFunction, tensor_function<call_pool<1, PoolKind::Max>>},
    {"max_pool2d", kMaxFunction, tensor_function<call_pool<2, PoolKind::Max>>},
    {"max_pool3d", kMaxFunction, tensor_function<call_pool<3, PoolKind::Max>>},
    {"avg_pool1d", kAverageFunction1, tensor_function<call_pool<1, PoolKind::Average>>},
    {"avg_pool2d", kAverageFunction, tensor_function<call_pool<2, PoolKind::Average>>},
    {"avg_pool3d", kAverageFunction, tensor_function<call_pool<3, PoolKind::Average>>},
    {"lp_pool1d", kNormFunction, tensor_function<call_pool<1, PoolKind::Norm>>},
    {"lp_pool2d", kNormFunction, tensor_function<call_pool<2, PoolKind::Norm>>},
    {"lp_pool3d", kNormFunction, tensor_function<call_pool<3, PoolKind::Norm>>},
};

}  // namespace

Result<ValueId> pool(const Operation& operation, std::string_view row, ValueId x, const PoolGeometry& geometry) {
  const size_t spatial = geometry.kernel.size();
  LATHE_TRY_VOID(require_pool_rank(operation, x, spatial));
  const size_t first = operation.rank(x) - spatial;
  for (size_t axis = 0; axis < spatial; ++axis) {
    // With ceil_mode a window may reach behind the padding by less than a stride.
    const int64_t reach = geometry.ceil_mode ? geometry.strides[axis] - 1 : 0;
    LATHE_TRY_VOID(require_window_fits(operation, x, first + axis, geometry.kernel[axis], geometry.dilations[axis],
                                       2 * geometry.padding[axis] + reach));
  }
  Integers pads = geometry.padding;
  pads.insert(pads.end(), geometry.padding.begin(), geometry.padding.end());
  std::vector<NamedAttribute> attributes{{"kernel", geometry.kernel},
                                         {"strides", geometry.strides},
                                         {"pads", std::move(pads)},
                                         {"dilations", geometry.dilations},
                                         {"ceil_mode", geometry.ceil_mode}};
  if (row == "average_pool") attributes.push_back({"count_include_pad", geometry.count_include_pad});
  if (row == "lp_pool") attributes.push_back({"p", geometry.p});
  return with_batch(operation, x, spatial, [&](ValueId batched) { return operation.one(row, {batched}, attributes); });
}

Result<ValueId> average_pool_by(const Operation& operation, ValueId x, const PoolGeometry& geometry, int64_t divisor) {
  const size_t spatial = geometry.kernel.size();
  LATHE_TRY_VOID(require_pool_rank(operation, x, spatial));
  if (geometry.ceil_mode) {
    static_cast<void>(operation.unsupported(fmt::format("divisor_override of {} with ceil_mode", operation.name())));
    return Failure{};
  }
  double count = 1;
  for (const int64_t size : geometry.kernel) count *= static_cast<double>(size);
  PoolGeometry whole = geometry;
  whole.count_include_pad = true;
  LATHE_TRY(const ValueId mean, pool(operation, "average_pool", x, whole));
  return operation.with_number("mul", mean, count / static_cast<double>(divisor));
}

std::span<const NativeClassRow> pooling_classes() { return kClasses; }
std::span<const NativeFunctionRow> pooling_functions() { return kFunctions; }

}  // namespace lathe::torch
