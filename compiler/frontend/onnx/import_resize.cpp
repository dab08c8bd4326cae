// Resize and Upsample; sampling at positions of a grid.
#include <cmath>
#include <numeric>
#include <optional>

#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

/// How many elements an axis has after scaling; nothing when the size and the scale don't allow to tell.
std::optional<Dim> scaled_size(const SymbolTable& symbols, const Dim& size, double scale) {
  if (scale == 1.0) return size;
  if (const std::optional<int64_t> number = size.as_constant()) {
    // Files hold scales in single precision, and exporters multiply in it.
    const double product = static_cast<double>(static_cast<float>(*number) * static_cast<float>(scale));
    if (!(product >= 0 && product < static_cast<double>(SymbolTable::kDefaultUpper))) return std::nullopt;
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

/// Everything the `resize` row needs, for all axes of the operand.
struct ResizePlan {
  Shape sizes;
  Floats scales;  ///< empty: from sizes
  Floats roi;
};

Result<Shape> sizes_from_scales(NodeContext& context, const Floats& scales) {
  const Shape& dims = context.dims(0);
  if (scales.size() != dims.size()) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`{}` of `{}` needs {} scales, {} are given", context.node().op_type,
               text(context.tensor(0)), dims.size(), scales.size())
        .emit();
  }
  Shape sizes;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (!(scales[axis] > 0)) {
      return context
          .error(DiagnosticKind::BadAttribute, "the scale of axis {} is {}, it must be above 0", axis, scales[axis])
          .emit();
    }
    const std::optional<Dim> size = scaled_size(context.symbols(), dims[axis], scales[axis]);
    if (!size)
      return context.unsupported("the scale {} of axis {} with size `{}`", scales[axis], axis, dims[axis].text());
    sizes.push_back(*size);
  }
  return sizes;
}

/// The axes that scales and sizes are about.
Result<std::vector<size_t>> resized_axes(NodeContext& context) {
  std::vector<size_t> axes(context.dims(0).size());
  std::iota(axes.begin(), axes.end(), size_t{0});
  const std::vector<int64_t>* given = context.integers("axes");
  if (given == nullptr) return axes;
  axes.clear();
  for (const int64_t value : *given) {
    LATHE_TRY(const size_t axis, context.axis(value, context.rank(0)));
    axes.push_back(axis);
  }
  return axes;
}

Status require_entries(NodeContext& context, size_t index, size_t found, size_t expected) {
  if (found == expected) return {};
  return context
      .error(DiagnosticKind::ShapeMismatch, "{} of `Resize` has {} entries, expected {}", context.input_text(index),
             found, expected)
      .emit();
}

/// Sizes that keep the proportions, for `keep_aspect_ratio_policy`.
Status keep_proportions(NodeContext& context, const std::vector<size_t>& axes, std::string_view policy,
                        ResizePlan& plan) {
  double scale = 0;
  for (const size_t axis : axes) {
    const std::optional<int64_t> size = context.dims(0)[axis].as_constant();
    const std::optional<int64_t> wanted = plan.sizes[axis].as_constant();
    if (!size || !wanted || *size == 0)
      return context.unsupported("`keep_aspect_ratio_policy` with sizes that are not known");
    const double ratio = static_cast<double>(*wanted) / static_cast<double>(*size);
    const bool first = axis == axes.front();
    if (policy == "not_larger") scale = first ? ratio : std::min(scale, ratio);
    if (policy == "not_smaller") scale = first ? ratio : std::max(scale, ratio);
  }
  plan.scales.assign(context.dims(0).size(), 1.0);
  for (const size_t axis : axes) {
    const double product = scale * static_cast<double>(context.dims(0)[axis].constant());
    plan.sizes[axis] = Dim(static_cast<int64_t>(std::floor(product + 0.5)));
    plan.scales[axis] = scale;
  }
  return {};
}

Result<ResizePlan> plan_resize(NodeContext& context) {
  ResizePlan plan;
  plan.sizes = context.dims(0);
  const size_t rank = plan.sizes.size();
  LATHE_TRY(const std::vector<size_t> axes, resized_axes(context));
  const bool has_scales = context.has_input(2) && !context.tensor(2).element_count().is_constant(0);
  const bool has_sizes = context.has_input(3) && !context.tensor(3).element_count().is_constant(0);
  if (has_scales == has_sizes) {
    return context.error(DiagnosticKind::MissingOperand, "`Resize` needs either `scales` or `sizes`").emit();
  }
  if (has_scales) {
    LATHE_TRY(const Floats given, context.known_floats(2, "scales"));
    LATHE_TRY_VOID(require_entries(context, 2, given.size(), axes.size()));
    plan.scales.assign(rank, 1.0);
    for (size_t index = 0; index < axes.size(); ++index) plan.scales[axes[index]] = given[index];
    LATHE_TRY(plan.sizes, sizes_from_scales(context, plan.scales));
  } else {
    LATHE_TRY(const Shape given, context.known_dims(3, "sizes"));
    LATHE_TRY_VOID(require_entries(context, 3, given.size(), axes.size()));
    for (size_t index = 0; index < axes.size(); ++index) plan.sizes[axes[index]] = given[index];
    const std::string_view policy = context.string("keep_aspect_ratio_policy", "stretch");
    if (policy != "stretch") LATHE_TRY_VOID(keep_proportions(context, axes, policy, plan));
  }
  if (context.string("coordinate_transformation_mode", "half_pixel") == "tf_crop_and_resize") {
    if (!context.has_input(1)) {
      return context.error(DiagnosticKind::MissingOperand, "`Resize` with tf_crop_and_resize needs `roi`").emit();
    }
    LATHE_TRY(const Floats given, context.known_floats(1, "roi"));
    LATHE_TRY_VOID(require_entries(context, 1, given.size(), 2 * axes.size()));
    plan.roi.assign(rank, 0.0);
    plan.roi.resize(2 * rank, 1.0);
    for (size_t index = 0; index < axes.size(); ++index) {
      plan.roi[axes[index]] = given[index];
      plan.roi[rank + axes[index]] = given[axes.size() + index];
    }
  }
  return plan;
}

Status require_choice(NodeContext& context, std::string_view name, std::string_view value,
                      std::initializer_list<std::string_view> choices) {
  for (const std::string_view choice : choices) {
    if (value == choice) return {};
  }
  return context.bad_attribute(name, "is `{}`", value);
}

Outputs import_resize(NodeContext& context) {
  if (context.flag("antialias", false)) return context.unsupported("`antialias`");
  const std::string_view mode = context.string("mode", "nearest");
  const std::string_view coordinate = context.string("coordinate_transformation_mode", "half_pixel");
  const std::string_view rounding = context.string("nearest_mode", "round_prefer_floor");
  LATHE_TRY_VOID(require_choice(context, "mode", mode, {"nearest", "linear", "cubic"}));
  LATHE_TRY_VOID(
      require_choice(context, "nearest_mode", rounding, {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"}));
  if (coordinate == "tf_half_pixel_for_nn") return context.unsupported("tf_half_pixel_for_nn");
  LATHE_TRY_VOID(require_choice(context, "coordinate_transformation_mode", coordinate,
                                {"half_pixel", "half_pixel_symmetric", "pytorch_half_pixel", "align_corners",
                                 "asymmetric", "tf_crop_and_resize"}));
  LATHE_TRY(ResizePlan plan, plan_resize(context));
  return context.one("resize", {context.input(0)},
                     {{"sizes", std::move(plan.sizes)},
                      {"scales", std::move(plan.scales)},
                      {"mode", std::string(mode)},
                      {"coordinate", std::string(coordinate)},
                      {"nearest_rounding", std::string(rounding)},
                      {"cubic_a", context.number("cubic_coeff_a", -0.75)},
                      {"exclude_outside", context.flag("exclude_outside", false)},
                      {"roi", std::move(plan.roi)},
                      {"extrapolation_value", context.number("extrapolation_value", 0.0)}});
}

/// Upsample, and Resize of opset 10: positions are index / scale; nearest rounds down when it enlarges, else up.
Outputs build_upsample(NodeContext& context, const Floats& scales) {
  const std::string_view mode = context.string("mode", "nearest");
  const bool linear = mode == "linear" || mode == "bilinear";
  if (!linear && mode != "nearest") return context.bad_attribute("mode", "is `{}`, expected nearest or linear", mode);
  LATHE_TRY(Shape sizes, sizes_from_scales(context, scales));
  bool enlarges = false;
  bool shrinks = false;
  for (const double scale : scales) {
    enlarges = enlarges || scale > 1;
    shrinks = shrinks || scale < 1;
  }
  if (!linear && enlarges && shrinks) return context.unsupported("scales above and below 1 together");
  return context.one("resize", {context.input(0)},
                     {{"sizes", std::move(sizes)},
                      {"scales", scales},
                      {"mode", std::string(linear ? "linear" : "nearest")},
                      {"coordinate", std::string("asymmetric")},
                      {"nearest_rounding", std::string(shrinks ? "ceil" : "floor")}});
}

Outputs import_upsample_attribute(NodeContext& context) {
  const std::vector<float>* scales = context.numbers("scales");
  if (scales == nullptr) {
    return context.error(DiagnosticKind::MissingAttribute, "`Upsample` needs the attribute `scales`").emit();
  }
  return build_upsample(context, Floats(scales->begin(), scales->end()));
}

/// Up to opset 6 images are scaled by two numbers.
Outputs import_upsample_image(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank(0, 4));
  for (const std::string_view name : {"height_scale", "width_scale"}) {
    if (context.has(name)) continue;
    return context.error(DiagnosticKind::MissingAttribute, "`Upsample` needs the attribute `{}`", name).emit();
  }
  return build_upsample(context, {1.0, 1.0, context.number("height_scale", 1), context.number("width_scale", 1)});
}

Outputs import_upsample(NodeContext& context) {
  LATHE_TRY(const Floats scales, context.known_floats(1, "scales"));
  return build_upsample(context, scales);
}

/// The modes had longer names before opset 20.
Outputs import_grid_sample(NodeContext& context) {
  const bool is_new = context.opset() >= 20;
  const std::string_view linear = is_new ? "linear" : "bilinear";
  const std::string_view cubic = is_new ? "cubic" : "bicubic";
  const std::string_view mode = context.string("mode", linear);
  if (mode != linear && mode != cubic && mode != "nearest") {
    return context.bad_attribute("mode", "is `{}`, expected {}, nearest or {}", mode, linear, cubic);
  }
  const std::string_view padding = context.string("padding_mode", "zeros");
  if (padding != "zeros" && padding != "border" && padding != "reflection") {
    return context.bad_attribute("padding_mode", "is `{}`, expected zeros, border or reflection", padding);
  }
  return context.one("grid_sample", context.inputs(),
                     {{"mode", std::string(mode == linear  ? "linear"
                                           : mode == cubic ? "cubic"
                                                           : "nearest")},
                      {"padding", std::string(padding)},
                      {"align_corners", context.flag("align_corners", false)}});
}

Outputs import_affine_grid(NodeContext& context) {
  LATHE_TRY(Shape size, context.known_dims(1, "size"));
  if (size.size() != 4 && size.size() != 5) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "{} has {} entries, expected 4 or 5", context.input_text(1), size.size())
        .emit();
  }
  size.erase(size.begin(), size.begin() + 2);
  return context.one("affine_grid", {context.input(0)},
                     {{"size", std::move(size)}, {"align_corners", context.flag("align_corners", false)}});
}

constexpr OperatorRow kResizing[] = {
    {.name = "AffineGrid",
     .since = 20,
     .handler = import_affine_grid,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "align_corners:i"},
    {.name = "GridSample",
     .since = 16,
     .handler = import_grid_sample,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "align_corners:i mode:s padding_mode:s"},
    {.name = "Resize",
     .since = 10,
     .until = 10,
     .handler = import_upsample,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "mode:s"},
    {.name = "Resize",
     .since = 11,
     .handler = import_resize,
     .max_inputs = 4,
     .attributes = "antialias:i axes:is coordinate_transformation_mode:s cubic_coeff_a:f exclude_outside:i "
                   "extrapolation_value:f keep_aspect_ratio_policy:s mode:s nearest_mode:s"},
    {.name = "Upsample",
     .until = 6,
     .handler = import_upsample_image,
     .attributes = "height_scale:f mode:s width_scale:f"},
    {.name = "Upsample",
     .since = 7,
     .until = 8,
     .handler = import_upsample_attribute,
     .attributes = "mode:s scales:fs"},
    {.name = "Upsample",
     .since = 9,
     .until = 9,
     .handler = import_upsample,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "mode:s"},
};

}  // namespace

std::span<const OperatorRow> resize_operators() { return kResizing; }

}  // namespace lathe::onnx
