// Upsample and F.interpolate, through the `resize` row. Sizes are floor(n * scale); nearest takes floor(i / scale) with
// the given scale, nearest-exact and the linear modes half pixels unless corners are aligned. F.grid_sample and
// F.affine_grid are rows of their own.
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

/// What the arguments size and scale_factor say for `spatial` axes.
Status read_sizes(const Operation& operation, const Value& size, const Value& scale, size_t spatial,
                  ResizeRequest& request) {
  Evaluator& evaluator = operation.evaluator();
  const bool has_size = !is_none(size);
  const bool has_scale = !is_none(scale);
  if (has_size == has_scale) {
    return operation
        .error(DiagnosticKind::BadArgument, "ValueError", "{} takes either size or scale_factor{}", operation.name(),
               has_size ? ", not both" : "")
        .emit();
  }
  const Value& given = has_size ? size : scale;
  std::vector<Value> items(spatial, given);
  if (evaluator.heap().as<TupleObject>(given) != nullptr || evaluator.heap().as<ListObject>(given) != nullptr) {
    LATHE_TRY(items, evaluator.iterate(given, operation.where()));
  }
  if (items.size() != spatial) {
    return operation
        .error(DiagnosticKind::BadArgument, "ValueError", "{} of {} has {} entries for {} spatial axes",
               has_size ? "size" : "scale_factor", operation.name(), items.size(), spatial)
        .emit();
  }
  for (const Value& item : items) {
    const auto* dim = std::get_if<Dim>(&item);
    const auto* number = std::get_if<double>(&item);
    if (is_unknown(item)) return Failure{};
    if (has_size && dim != nullptr) {
      LATHE_TRY_VOID(operation.require_le(
          DiagnosticKind::BadArgument, "RuntimeError", Dim(1), *dim,
          fmt::format("size of {} is {}; it must be at least 1", operation.name(), dim->python_text())));
      request.sizes.push_back(*dim);
      continue;
    }
    const double factor = number != nullptr                      ? *number
                          : dim != nullptr && dim->is_constant() ? static_cast<double>(dim->constant())
                                                                 : 0.0;
    if (has_scale && factor > 0) {
      request.scales.push_back(factor);
      continue;
    }
    return operation
        .error(DiagnosticKind::BadArgument, "TypeError", "{} of {} is {}; it takes {}",
               has_size ? "size" : "scale_factor", operation.name(), evaluator.describe(item),
               has_size ? "ints" : "positive numbers")
        .emit();
  }
  return {};
}

/// floor(size * scale); nothing when the size is symbolic and the scale is no simple fraction.
std::optional<Dim> scaled_size(const SymbolTable& symbols, const Dim& size, double scale) {
  if (const std::optional<int64_t> number = size.as_constant()) {
    const double product = static_cast<double>(*number) * scale;
    if (!(product < static_cast<double>(SymbolTable::kDefaultUpper))) return std::nullopt;
    return Dim(static_cast<int64_t>(std::floor(product)));
  }
  constexpr int64_t kLargestDenominator = 64;
  for (int64_t denominator = 1; denominator <= kLargestDenominator; ++denominator) {
    const double numerator = scale * static_cast<double>(denominator);
    if (numerator != std::floor(numerator) || std::abs(numerator) > 1e6) continue;
    return symbols.simplify(floordiv(size * Dim(static_cast<int64_t>(numerator)), denominator));
  }
  return std::nullopt;
}

constexpr std::string_view kModes[] = {"nearest", "nearest-exact", "linear", "bilinear",
                                       "bicubic", "trilinear",     "area"};

Status make_upsample(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.choice("mode", {"nearest", "nearest-exact", "linear", "bilinear", "bicubic", "trilinear"}));
  if (layer.is_none("size") == layer.is_none("scale_factor")) {
    return layer
        .error(layer.is_none("size") ? "self" : "size", "ValueError", "{} takes either size or scale_factor{}",
               layer.type_name(), layer.is_none("size") ? "" : ", not both")
        .emit();
  }
  layer.keep({"size", "scale_factor", "mode", "align_corners", "recompute_scale_factor"});
  return {};
}

template <bool is_linear>
Status make_upsampling2d(LayerBuilder& layer) {
  layer.keep({"size", "scale_factor"});
  layer.set_text("mode", is_linear ? "bilinear" : "nearest");
  layer.set("align_corners", is_linear ? Value(true) : Value(NoneValue{}));
  layer.set("recompute_scale_factor", Value(NoneValue{}));
  return {};
}

Result<Value> run_upsample(LayerCall& layer) {
  LATHE_TRY(const ValueId x, layer.input());
  ResizeRequest request;
  LATHE_TRY(request.mode, layer.string("mode"));
  LATHE_TRY(const Value size, layer.attribute("size"));
  LATHE_TRY(const Value scale, layer.attribute("scale_factor"));
  LATHE_TRY(request.align_corners, layer.flag("align_corners"));
  LATHE_TRY(request.recompute_scale, layer.flag("recompute_scale_factor"));
  const size_t spatial = std::max<size_t>(layer.rank(x), 2) - 2;
  LATHE_TRY_VOID(read_sizes(layer, size, scale, spatial, request));
  return layer.result(interpolate(layer, x, request));
}

Result<std::string> upsample_text(LayerCall& layer) {
  LATHE_TRY(const bool by_size, layer.is_none("scale_factor"));
  const std::string_view name = by_size ? "size" : "scale_factor";
  LATHE_TRY(const Value value, layer.attribute(name));
  LATHE_TRY(const std::string shown, layer.evaluator().repr(value, layer.where()));
  LATHE_TRY(const std::string mode, layer.string("mode"));
  return fmt::format("{}={}, mode='{}'", name, shown, mode);
}

Result<Value> call_interpolate(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const bool antialias, call.truth("antialias"));
  if (antialias) return operation.unsupported("interpolate with antialias");
  ResizeRequest request;
  LATHE_TRY(request.mode, call.string("mode"));
  LATHE_TRY(request.align_corners, call.truth("align_corners"));
  LATHE_TRY(request.recompute_scale, call.truth("recompute_scale_factor"));
  const size_t spatial = std::max<size_t>(operation.rank(x), 2) - 2;
  LATHE_TRY_VOID(read_sizes(operation, call.argument("size"), call.argument("scale_factor"), spatial, request));
  return operation.result(interpolate(operation, x, request));
}

/// upsample_nearest and upsample_bilinear, the names of old.
template <bool is_linear>
Result<Value> call_upsample_by_name(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  ResizeRequest request;
  request.mode = is_linear ? "bilinear" : "nearest";
  request.align_corners = is_linear;
  const size_t spatial = std::max<size_t>(operation.rank(x), 2) - 2;
  LATHE_TRY_VOID(read_sizes(operation, call.argument("size"), call.argument("scale_factor"), spatial, request));
  return operation.result(interpolate(operation, x, request));
}

/// One of the values that a string argument may have.
Result<std::string> choice(NativeCall& call, const Operation& operation, std::string_view argument,
                           std::initializer_list<std::string_view> values) {
  LATHE_TRY(std::string given, call.string(argument));
  if (std::ranges::find(values, given) != values.end()) return given;
  return operation
      .error(DiagnosticKind::BadArgument, "ValueError", "{} of {} is '{}'; it may be '{}'", argument, operation.name(),
             given, fmt::join(values, "', '"))
      .emit();
}

Result<Value> call_grid_sample(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const ValueId grid, operation.value(call.argument("grid")));
  LATHE_TRY(const std::string mode, choice(call, operation, "mode", {"bilinear", "nearest", "bicubic"}));
  LATHE_TRY(std::string padding, choice(call, operation, "padding_mode", {"zeros", "border", "reflection"}));
  LATHE_TRY(const bool align_corners, call.truth("align_corners"));
  const size_t rank = operation.rank(x);
  if (rank != 4 && rank != 5) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "input of {} has {} axes; it must have 4 or 5",
               operation.name(), rank)
        .emit();
  }
  if (rank == 5 && mode == "bicubic") {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "{} with mode='bicubic' takes an input of 4 axes, not of 5",
               operation.name())
        .emit();
  }
  return operation.result(operation.builder().one("grid_sample", {x, grid},
                                                  {{"mode", std::string(mode == "bilinear"  ? "linear"
                                                                        : mode == "bicubic" ? "cubic"
                                                                                            : "nearest")},
                                                   {"padding", std::move(padding)},
                                                   {"align_corners", align_corners}}));
}

Result<Value> call_affine_grid(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId theta, operation.value(call.argument("theta")));
  LATHE_TRY(const bool align_corners, call.truth("align_corners"));
  LATHE_TRY(const std::vector<Value> items, operation.evaluator().iterate(call.argument("size"), operation.where()));
  Shape size;
  for (const Value& item : items) {
    if (const auto* dim = std::get_if<Dim>(&item)) size.push_back(*dim);
  }
  if (size.size() != items.size() || (size.size() != 4 && size.size() != 5)) {
    return operation
        .error(DiagnosticKind::BadArgument, "NotImplementedError", "size of {} must have 4 or 5 ints", operation.name())
        .emit();
  }
  size.erase(size.begin(), size.begin() + 2);
  return operation.result(
      operation.builder().one("affine_grid", {theta}, {{"size", std::move(size)}, {"align_corners", align_corners}}));
}

constexpr NativeFunctionRow kUpsample[] = {
    {"__init__", "self, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None",
     constructor<make_upsample>},
    {"forward", "self, input", forward<run_upsample>},
    {"extra_repr", "self", layer_text<upsample_text>},
};
template <bool is_linear>
constexpr NativeFunctionRow kUpsampling2d[] = {
    {"__init__", "self, size=None, scale_factor=None", constructor<make_upsampling2d<is_linear>>},
    {"forward", "self, input", forward<run_upsample>},
    {"extra_repr", "self", layer_text<upsample_text>},
};
constexpr NativeClassRow kClasses[] = {
    {"Upsample", "torch.nn.Module", kUpsample},
    {"UpsamplingNearest2d", "torch.nn.Upsample", kUpsampling2d<false>},
    {"UpsamplingBilinear2d", "torch.nn.Upsample", kUpsampling2d<true>},
};

constexpr std::string_view kParameters =
    "input, size=None, scale_factor=None, mode='nearest', align_corners=None, recompute_scale_factor=None, "
    "antialias=False";
constexpr NativeFunctionRow kFunctions[] = {
    {"interpolate", kParameters, tensor_function<call_interpolate>},
    {"upsample", kParameters, tensor_function<call_interpolate>},
    {"upsample_nearest", "input, size=None, scale_factor=None", tensor_function<call_upsample_by_name<false>>},
    {"upsample_bilinear", "input, size=None, scale_factor=None", tensor_function<call_upsample_by_name<true>>},
    {"grid_sample", "input, grid, mode='bilinear', padding_mode='zeros', align_corners=None",
     tensor_function<call_grid_sample>},
    {"affine_grid", "theta, size, align_corners=None", tensor_function<call_affine_grid>},
};

}  // namespace

Result<ValueId> interpolate(const Operation& operation, ValueId x, const ResizeRequest& request) {
  const Shape dims = operation.dims(x);
  const size_t rank = dims.size();
  if (std::ranges::find(kModes, request.mode) == std::end(kModes)) {
    return operation
        .error(DiagnosticKind::BadArgument, "NotImplementedError",
               "mode of {} is '{}'; it may be 'nearest', 'nearest-exact', 'linear', 'bilinear', 'bicubic', "
               "'trilinear' or 'area'",
               operation.name(), request.mode)
        .emit();
  }
  const size_t wanted = request.mode == "linear"                                  ? 3
                        : request.mode == "bilinear" || request.mode == "bicubic" ? 4
                        : request.mode == "trilinear"                             ? 5
                                                                                  : rank;
  if (rank < 3 || rank > 5 || rank != wanted) {
    return operation
        .error(DiagnosticKind::RankMismatch, "NotImplementedError",
               "{} with mode '{}' takes rank {}, its input has rank {}: {}", operation.name(), request.mode,
               rank == wanted ? "3 to 5" : std::to_string(wanted), rank, python_shape(dims))
        .emit();
  }
  const bool is_nearest = request.mode == "nearest" || request.mode == "nearest-exact";
  if (request.align_corners && (is_nearest || request.mode == "area")) {
    return operation
        .error(DiagnosticKind::BadArgument, "ValueError",
               "align_corners of {} goes with the linear and cubic modes, not with '{}'", operation.name(),
               request.mode)
        .emit();
  }
  LATHE_TRY_VOID(operation.require_float(x));
  Shape sizes(dims.begin(), dims.begin() + 2);
  Floats scales{1.0, 1.0};
  for (size_t axis = 2; axis < rank; ++axis) {
    if (!request.sizes.empty()) {
      sizes.push_back(request.sizes[axis - 2]);
      continue;
    }
    const double scale = request.scales[axis - 2];
    const std::optional<Dim> size = scaled_size(operation.symbols(), dims[axis], scale);
    if (!size) {
      static_cast<void>(operation.unsupported(
          fmt::format("the scale {} of an axis with {} elements", scale, dims[axis].python_text())));
      return Failure{};
    }
    LATHE_TRY_VOID(operation.require_le(DiagnosticKind::ShapeMismatch, "RuntimeError", Dim(1), *size,
                                        fmt::format("{} by {} leaves nothing of axis {} of its input {}",
                                                    operation.name(), scale, axis, python_shape(dims))));
    sizes.push_back(*size);
    scales.push_back(scale);
  }
  if (request.mode == "area") {
    std::vector<std::optional<int64_t>> wanted_sizes;
    for (size_t axis = 2; axis < rank; ++axis) {
      if (!sizes[axis].is_constant()) {
        static_cast<void>(operation.unsupported("mode 'area' to a size that is only known when the model runs"));
        return Failure{};
      }
      wanted_sizes.emplace_back(sizes[axis].constant());
    }
    return adaptive_pool(operation, "reduce_mean", x, wanted_sizes);
  }
  std::vector<NamedAttribute> attributes{{"sizes", sizes}};
  // Scales that were given decide where elements come from, unless corners are aligned.
  if (!request.scales.empty() && !request.recompute_scale && !request.align_corners) {
    attributes.push_back({"scales", scales});
  }
  if (is_nearest) {
    const bool exact = request.mode == "nearest-exact";
    attributes.push_back({"mode", std::string("nearest")});
    attributes.push_back({"coordinate", std::string(exact ? "half_pixel" : "asymmetric")});
    attributes.push_back({"nearest_rounding", std::string(exact ? "round_prefer_ceil" : "floor")});
  } else {
    attributes.push_back({"mode", std::string(request.mode == "bicubic" ? "cubic" : "linear")});
    attributes.push_back({"coordinate", std::string(request.align_corners ? "align_corners" : "half_pixel")});
  }
  return operation.one("resize", {x}, std::move(attributes));
}

std::span<const NativeClassRow> upsampling_classes() { return kClasses; }
std::span<const NativeFunctionRow> upsampling_functions() { return kFunctions; }

}  // namespace lathe::torch
