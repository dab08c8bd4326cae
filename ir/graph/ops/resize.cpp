// Resampling along axes: nearest, linear, cubic. Decomposes into gathers with computed positions and weights, one axis
// after the other; for static sizes both fold to constants. Positions are computed in f64.
//
// Formulas: ONNX Resize (opset 19) and its reference implementation; antialiasing is not part of this row.
#include <fmt/format.h>

#include <optional>

#include "ir/graph/builder.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

Result<std::vector<Type>> infer_resize(InferContext& context) {
  const TensorType& x = context.tensor(0);
  const Shape& sizes = context.shape("sizes");
  const Floats& scales = context.numbers("scales");
  const Floats& roi = context.numbers("roi");
  const auto rank = static_cast<size_t>(x.rank());
  if (sizes.size() != rank || (!scales.empty() && scales.size() != rank) || (!roi.empty() && roi.size() != 2 * rank)) {
    return context
        .error(DiagnosticKind::BadAttribute,
               "`resize` of {} (`{}`) needs {} sizes and as many scales, {} and {} are given", context.operand_text(0),
               text(x), rank, sizes.size(), scales.size())
        .emit();
  }
  if (context.string("coordinate") == "tf_crop_and_resize" && roi.empty()) {
    return context.error(DiagnosticKind::MissingAttribute, "`resize` with \"tf_crop_and_resize\" needs `roi`").emit();
  }
  Shape result;
  for (size_t axis = 0; axis < rank; ++axis) {
    if (sizes[axis] == x.dims[axis]) {
      result.push_back(x.dims[axis]);
      continue;
    }
    if (!scales.empty() && !(scales[axis] > 0)) {
      return context.error(DiagnosticKind::BadAttribute, "`resize` has the scale {} on axis {}", scales[axis], axis)
          .emit();
    }
    const std::string message = fmt::format("`resize` can't make {} elements from axis {} of {}, which is empty: `{}`",
                                            sizes[axis].python_text(), axis, context.operand_text(0), text(x));
    LATHE_TRY_VOID(context.require_le(DiagnosticKind::ShapeMismatch, 1, x.dims[axis], message));
    result.push_back(
        context.computed(sizes[axis], fmt::format("{} resized", x.dims[axis].python_text()), {x.dims[axis]}));
  }
  return one_type(x.element, std::move(result));
}

/// Resamples one axis. All vectors have the shape [size of the result axis] and type f64 until they are used.
class AxisResampler {
 public:
  AxisResampler(GraphBuilder& builder, const NodeView& node, size_t axis)
      : builder_(builder),
        node_(node),
        axis_(axis),
        mode_(node.string("mode")),
        coordinate_(node.string("coordinate")),
        in_(node.dims(0)[axis]),
        out_(node.shape("sizes")[axis]) {}

  Result<ValueId> run(ValueId x) {
    LATHE_TRY(in_size_, size_value(in_));
    LATHE_TRY(out_size_, size_value(out_));
    const Floats& scales = node_.numbers("scales");
    if (scales.empty()) {
      LATHE_TRY(scale_, binary("div", out_size_, in_size_));
    } else {
      LATHE_TRY(scale_, number(scales[axis_]));
    }
    LATHE_TRY(const ValueId position, original_position());
    if (mode_ == "nearest") return nearest(x, position);
    LATHE_TRY(ValueId result, interpolated(x, position));
    return extrapolated(result, position);
  }

 private:
  Result<ValueId> number(double value) { return builder_.scalar(ElementType::F64, value); }
  Result<ValueId> binary(std::string_view op, ValueId a, ValueId b) { return builder_.one(op, {a, b}); }
  Result<ValueId> binary(std::string_view op, ValueId a, double b) {
    LATHE_TRY(const ValueId value, number(b));
    return builder_.one(op, {a, value});
  }

  // A size as f64: a constant, or what the shape of a tensor with that size says at run time.
  Result<ValueId> size_value(const Dim& size) {
    if (const auto constant = size.as_constant()) return number(static_cast<double>(*constant));
    LATHE_TRY(const ValueId ruler, builder_.one("iota", {}, {{"dims", Shape{size}}}));
    LATHE_TRY(const ValueId shape, builder_.one("shape_of", {ruler}));
    return builder_.cast(shape, ElementType::F64);
  }

  // (i + 0.5) / scale - 0.5
  Result<ValueId> half_pixel(ValueId i) {
    LATHE_TRY(const ValueId centre, binary("add", i, 0.5));
    LATHE_TRY(const ValueId scaled, binary("div", centre, scale_));
    return binary("sub", scaled, 0.5);
  }

  // i * length / (resized - 1), or `single` when there is one result
  Result<ValueId> along_corners(ValueId i, ValueId length, ValueId single) {
    LATHE_TRY(const ValueId resized, binary("mul", scale_, in_size_));
    LATHE_TRY(const ValueId steps, binary("sub", resized, 1.0));
    LATHE_TRY(const ValueId scaled, binary("mul", i, length));
    LATHE_TRY(const ValueId position, binary("div", scaled, steps));
    LATHE_TRY(const ValueId zero, number(0.0));
    LATHE_TRY(const ValueId alone, binary("equal", steps, zero));
    return builder_.one("where", {alone, single, position});
  }

  // The position in x for each index of the result.
  Result<ValueId> original_position() {
    LATHE_TRY(const ValueId i, builder_.one("iota", {}, {{"dims", Shape{out_}}, {"element", ElementType::F64}}));
    if (coordinate_ == "asymmetric") return binary("div", i, scale_);
    if (coordinate_ == "half_pixel") return half_pixel(i);
    if (coordinate_ == "pytorch_half_pixel") {
      LATHE_TRY(const ValueId position, half_pixel(i));
      LATHE_TRY(const ValueId zero, number(0.0));
      LATHE_TRY(const ValueId several, binary("greater", out_size_, 1.0));
      return builder_.one("where", {several, position, zero});
    }
    if (coordinate_ == "half_pixel_symmetric") {
      // Keeps the centre where the size is not scale times the old one: in/2 * (1 - out / (scale * in)).
      LATHE_TRY(const ValueId position, half_pixel(i));
      LATHE_TRY(const ValueId exact, binary("mul", scale_, in_size_));
      LATHE_TRY(const ValueId adjustment, binary("div", out_size_, exact));
      LATHE_TRY(const ValueId one, number(1.0));
      LATHE_TRY(const ValueId missing, binary("sub", one, adjustment));
      LATHE_TRY(const ValueId centre, binary("div", in_size_, 2.0));
      LATHE_TRY(const ValueId offset, binary("mul", centre, missing));
      return binary("add", position, offset);
    }
    LATHE_TRY(const ValueId last, binary("sub", in_size_, 1.0));
    if (coordinate_ == "align_corners") {
      LATHE_TRY(const ValueId zero, number(0.0));
      return along_corners(i, last, zero);
    }
    // tf_crop_and_resize
    const Floats& roi = node_.numbers("roi");
    const double begin = roi[axis_];
    const double width = roi[node_.dims(0).size() + axis_] - begin;
    LATHE_TRY(const ValueId length, binary("mul", last, width));
    LATHE_TRY(const ValueId half, binary("div", length, 2.0));
    LATHE_TRY(const ValueId inside, along_corners(i, length, half));
    LATHE_TRY(const ValueId start, binary("mul", last, begin));
    return binary("add", inside, start);
  }

  // x read along the axis at `index` (f64, whole numbers), kept inside by repeating the edge.
  Result<ValueId> read(ValueId x, ValueId index) {
    LATHE_TRY(const ValueId zero, number(0.0));
    LATHE_TRY(const ValueId last, binary("sub", in_size_, 1.0));
    LATHE_TRY(const ValueId above, binary("maximum", index, zero));
    LATHE_TRY(const ValueId inside, binary("minimum", above, last));
    LATHE_TRY(const ValueId positions, builder_.cast(inside, ElementType::I64));
    return builder_.one("gather", {x, positions}, {{"axis", static_cast<int64_t>(axis_)}});
  }

  Result<ValueId> nearest(ValueId x, ValueId position) {
    const std::string& rounding = node_.string("nearest_rounding");
    ValueId index;
    if (rounding == "floor" || rounding == "ceil") {
      LATHE_TRY(index, builder_.one(rounding, {position}));
    } else if (rounding == "round_prefer_ceil") {
      LATHE_TRY(const ValueId shifted, binary("add", position, 0.5));
      LATHE_TRY(index, builder_.one("floor", {shifted}));
    } else {
      LATHE_TRY(const ValueId shifted, binary("sub", position, 0.5));
      LATHE_TRY(index, builder_.one("ceil", {shifted}));
    }
    LATHE_TRY(const ValueId result, read(x, index));
    return extrapolated(result, position);
  }

  // a * r + b, with plain numbers a and b
  Result<ValueId> line(ValueId r, double a, double b) {
    LATHE_TRY(const ValueId product, binary("mul", r, a));
    return binary("add", product, b);
  }

  // The cubic convolution kernel with parameter a at distance d, in [0, 1] (near) or [1, 2] (far).
  Result<ValueId> cubic_near(ValueId d, double a) {
    LATHE_TRY(const ValueId slope, line(d, a + 2, -(a + 3)));
    LATHE_TRY(const ValueId square, binary("mul", d, d));
    LATHE_TRY(const ValueId curve, binary("mul", slope, square));
    return binary("add", curve, 1.0);
  }
  Result<ValueId> cubic_far(ValueId d, double a) {
    LATHE_TRY(const ValueId first, line(d, a, -5 * a));
    LATHE_TRY(const ValueId second, binary("mul", first, d));
    LATHE_TRY(const ValueId third, binary("add", second, 8 * a));
    LATHE_TRY(const ValueId fourth, binary("mul", third, d));
    return binary("add", fourth, -4 * a);
  }

  struct Tap {
    ValueId index;
    ValueId weight;
  };

  Result<std::vector<Tap>> make_taps(ValueId position) {
    LATHE_TRY(const ValueId left, builder_.one("floor", {position}));
    LATHE_TRY(const ValueId ratio, binary("sub", position, left));
    LATHE_TRY(const ValueId rest, line(ratio, -1.0, 1.0));
    LATHE_TRY(const ValueId right, binary("add", left, 1.0));
    if (mode_ == "linear") return std::vector<Tap>{{left, rest}, {right, ratio}};
    const double a = node_.number("cubic_a");
    LATHE_TRY(const ValueId before, binary("sub", left, 1.0));
    LATHE_TRY(const ValueId behind, binary("add", left, 2.0));
    LATHE_TRY(const ValueId far_left, line(ratio, 1.0, 1.0));
    LATHE_TRY(const ValueId far_right, line(rest, 1.0, 1.0));
    LATHE_TRY(const ValueId first, cubic_far(far_left, a));
    LATHE_TRY(const ValueId second, cubic_near(ratio, a));
    LATHE_TRY(const ValueId third, cubic_near(rest, a));
    LATHE_TRY(const ValueId fourth, cubic_far(far_right, a));
    return std::vector<Tap>{{before, first}, {left, second}, {right, third}, {behind, fourth}};
  }

  // Taps outside of x weigh nothing, and the others are scaled to sum to 1.
  Status exclude_outside(std::vector<Tap>& taps) {
    LATHE_TRY(const ValueId zero, number(0.0));
    LATHE_TRY(const ValueId last, binary("sub", in_size_, 1.0));
    ValueId total;
    for (Tap& tap : taps) {
      LATHE_TRY(const ValueId reached, binary("greater_equal", tap.index, zero));
      LATHE_TRY(const ValueId not_passed, binary("less_equal", tap.index, last));
      LATHE_TRY(const ValueId inside, binary("logical_and", reached, not_passed));
      LATHE_TRY(tap.weight, builder_.one("where", {inside, tap.weight, zero}));
      if (!total.valid()) {
        total = tap.weight;
      } else {
        LATHE_TRY(total, binary("add", total, tap.weight));
      }
    }
    for (Tap& tap : taps) {
      LATHE_TRY(tap.weight, binary("div", tap.weight, total));
    }
    return {};
  }

  Result<ValueId> interpolated(ValueId x, ValueId position) {
    LATHE_TRY(std::vector<Tap> taps, make_taps(position));
    if (node_.boolean("exclude_outside")) LATHE_TRY_VOID(exclude_outside(taps));
    ValueId sum;
    for (const Tap& tap : taps) {
      LATHE_TRY(const ValueId element, read(x, tap.index));
      LATHE_TRY(const ValueId weight, along_axis(tap.weight, builder_.tensor(x).element));
      LATHE_TRY(const ValueId term, binary("mul", element, weight));
      if (!sum.valid()) {
        sum = term;
      } else {
        LATHE_TRY(sum, binary("add", sum, term));
      }
    }
    return sum;
  }

  // A vector over the result axis, as `element`, shaped to broadcast with the result.
  Result<ValueId> along_axis(ValueId vector, std::optional<ElementType> element) {
    if (element) {
      LATHE_TRY(vector, builder_.cast(vector, *element));
    }
    Shape shape(node_.dims(0).size() - axis_, Dim(1));
    shape[0] = out_;
    return builder_.reshape(vector, std::move(shape));
  }

  // Only tf_crop_and_resize leaves x; there the result is a given number.
  Result<ValueId> extrapolated(ValueId result, ValueId position) {
    if (coordinate_ != "tf_crop_and_resize") return result;
    LATHE_TRY(const ValueId last, binary("sub", in_size_, 1.0));
    LATHE_TRY(const ValueId before, binary("less", position, 0.0));
    LATHE_TRY(const ValueId behind, binary("greater", position, last));
    LATHE_TRY(const ValueId outside, binary("logical_or", before, behind));
    LATHE_TRY(const ValueId mask, along_axis(outside, std::nullopt));
    LATHE_TRY(const ValueId value,
              builder_.scalar(builder_.tensor(result).element, node_.number("extrapolation_value")));
    return builder_.one("where", {mask, value, result});
  }

  GraphBuilder& builder_;
  const NodeView& node_;
  size_t axis_;
  std::string mode_;
  std::string coordinate_;
  Dim in_;
  Dim out_;
  ValueId in_size_;
  ValueId out_size_;
  ValueId scale_;
};

Result<std::vector<ValueId>> expand_resize(GraphBuilder& builder, const NodeView& node) {
  const ElementType element = node.tensor(0).element;
  const bool copies = node.string("mode") == "nearest";
  const ElementType working = copies || is_float(element) ? wide_type(element) : ElementType::F32;
  const Floats& scales = node.numbers("scales");
  const bool crops = node.string("coordinate") == "tf_crop_and_resize";
  LATHE_TRY(ValueId x, builder.cast(node.operand(0), copies ? element : working));
  for (size_t axis = 0; axis < node.dims(0).size(); ++axis) {
    const bool same_size = node.shape("sizes")[axis] == node.dims(0)[axis];
    if (same_size && !crops && (scales.empty() || scales[axis] == 1.0)) continue;
    LATHE_TRY(x, AxisResampler(builder, node, axis).run(x));
  }
  LATHE_TRY(const ValueId result, builder.cast(x, element));
  return std::vector<ValueId>{result};
}

}  // namespace

std::span<const OpDef> resize_ops() {
  static constexpr std::string_view kModes[] = {"nearest", "linear", "cubic"};
  static constexpr std::string_view kCoordinates[] = {"half_pixel",    "pytorch_half_pixel", "half_pixel_symmetric",
                                                      "align_corners", "asymmetric",         "tf_crop_and_resize"};
  static constexpr std::string_view kRoundings[] = {"round_prefer_floor", "round_prefer_ceil", "floor", "ceil"};
  static const std::vector<OpDef> rows = {
      {.name = "resize",
       .doc = "x resampled to other sizes, one axis after the other",
       .operands = {{"x", kAnyNumber | kBoolean, OperandKind::Required, "the tensor to resample"}},
       .attributes = {{"sizes", AttributeKind::Dims, Required{}, "the shape of the result"},
                      {"scales", AttributeKind::Floats, EmptyList{},
                       "result size / size as positions see it; empty: from sizes"},
                      {"mode", AttributeKind::String, std::string_view("nearest"),
                       "how many neighbours take part: 1, 2 or 4", kModes},
                      {"coordinate", AttributeKind::String, std::string_view("half_pixel"),
                       "how an index of the result becomes a position in x", kCoordinates},
                      {"nearest_rounding", AttributeKind::String, std::string_view("round_prefer_floor"),
                       "which neighbour `nearest` takes", kRoundings},
                      {"cubic_a", AttributeKind::Float, -0.75, "parameter of the cubic convolution kernel"},
                      {"exclude_outside", AttributeKind::Boolean, false,
                       "neighbours outside of x weigh nothing; else they repeat its edge"},
                      {"roi", AttributeKind::Floats, EmptyList{},
                       "for tf_crop_and_resize: where the box begins on each axis, then where it ends, x being [0, 1]"},
                      {"extrapolation_value", AttributeKind::Float, 0.0,
                       "for tf_crop_and_resize: the result outside of x"}},
       .exactness = Exactness::Reordered,
       .infer = infer_resize,
       .semantics = Decompose{expand_resize}},
  };
  return rows;
}

}  // namespace lathe
