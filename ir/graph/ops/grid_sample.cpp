// Sampling at positions that an operand holds, and the positions of an affine map. Both are written out with gathers
// and arithmetic.
//
// Definitions: ONNX GridSample (22) and AffineGrid (20); PyTorch's grid_sample and affine_grid. On ties of `nearest`
// and outside of the input PyTorch's order of steps counts: positions are reflected or clamped before they are rounded.
#include <fmt/format.h>

#include <optional>

#include "ir/graph/builder.h"
#include "ir/graph/formula.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

constexpr size_t kMostSpatial = 3;

Result<std::vector<Type>> infer_grid_sample(InferContext& context) {
  const TensorType& x = context.tensor(0);
  const TensorType& grid = context.tensor(1);
  const size_t rank = x.dims.size();
  if (rank < 3 || rank > 2 + kMostSpatial) {
    return context
        .error(DiagnosticKind::RankMismatch, "`grid_sample` takes images of 1 to {} axes, {} is `{}`", kMostSpatial,
               context.operand_text(0), text(x))
        .emit();
  }
  LATHE_TRY_VOID(context.require_rank(1, static_cast<int>(rank)));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, grid.dims.back(), static_cast<int64_t>(rank) - 2,
                                       fmt::format("the last axis of {} (`{}`) holds positions in images of {} axes",
                                                   context.operand_text(1), text(grid), rank - 2)));
  LATHE_TRY_VOID(
      context.require_equal(DiagnosticKind::ShapeMismatch, x.dims[0], grid.dims[0],
                            fmt::format("{} and {} have other numbers of images: `{}` and `{}`",
                                        context.operand_text(0), context.operand_text(1), text(x), text(grid))));
  Shape result{x.dims[0], x.dims[1]};
  result.insert(result.end(), grid.dims.begin() + 1, grid.dims.end() - 1);
  return one_type(x.element, std::move(result));
}

Dim product(const Shape& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t axis = begin; axis < end; ++axis) result *= dims[axis];
  return result;
}

// The size of an axis as an i64 scalar.
ValueId size_of(Formula& f, ValueId x, size_t axis) {
  const Dim& size = f.dims(x)[axis];
  if (size.is_constant()) return f.integer(size.constant());
  const auto at = static_cast<int64_t>(axis);
  return f.reshape(f.slice(f.op("shape_of", {x}), 0, Dim(at), Dim(at + 1)), {});
}

// One neighbour along an axis, of all positions [N, O]: where it is, its weight (invalid: 1), and whether it exists
// (invalid: always).
struct Tap {
  ValueId index;
  ValueId weight;
  ValueId exists;
};

// Samples of the whole grid. Numbers are f32, or f64 when the input or the grid is.
class GridSampler {
 public:
  GridSampler(GraphBuilder& builder, const NodeView& node)
      : f_(builder),
        x_(node.operand(0)),
        grid_(node.operand(1)),
        result_dims_(node.dims(0)),
        mode_(node.string("mode")),
        padding_(node.string("padding")),
        align_corners_(node.boolean("align_corners")) {
    const bool is_wide = f_.element(x_) == ElementType::F64 || f_.element(grid_) == ElementType::F64;
    wide_ = is_wide ? ElementType::F64 : ElementType::F32;
    const Shape& grid_dims = f_.dims(grid_);
    result_dims_.resize(2);
    result_dims_.insert(result_dims_.end(), grid_dims.begin() + 1, grid_dims.end() - 1);
    positions_ = product(grid_dims, 1, grid_dims.size() - 1);
  }

  Result<std::vector<ValueId>> run() {
    const Shape dims = f_.dims(x_);
    const size_t spatial = dims.size() - 2;
    std::vector<std::vector<Tap>> taps;
    for (size_t axis = 0; axis < spatial; ++axis) taps.push_back(taps_of(axis, spatial));
    const Dim pixels = product(dims, 2, dims.size());
    // A pixel's channels are adjacent: [N * pixels, C].
    const ValueId images = f_.transpose(f_.reshape(x_, {dims[0], dims[1], pixels}), {0, 2, 1});
    pixels_ = f_.reshape(images, {dims[0] * pixels, dims[1]});
    ValueId pixel_count = f_.integer(1);
    for (size_t axis = 0; axis < spatial; ++axis) pixel_count = f_.mul(pixel_count, size_of(f_, x_, 2 + axis));
    first_pixel_ = f_.mul(f_.iota({dims[0], positions_}, 0), pixel_count);
    add_samples(taps, 0, {});
    const ValueId sum = f_.cast(sum_, f_.element(x_));
    return f_.results({f_.reshape(f_.transpose(sum, {0, 2, 1}), result_dims_)});
  }

 private:
  ValueId number(double value) { return f_.number(wide_, value); }
  ValueId compare(std::string_view op, ValueId a, ValueId b) { return f_.op(op, {a, b}); }

  // Sizes along an axis as numbers: of the axis, and of its last index.
  struct Extent {
    ValueId size;
    ValueId last;
  };

  // Brought into [0, last], whatever it is.
  ValueId clamp(ValueId position, const Extent& extent) {
    const ValueId below = f_.where(compare("less", position, extent.last), position, extent.last);
    return f_.where(compare("greater", position, number(0)), below, number(0));
  }

  // Mirrored at the borders, which are pixels with align_corners, else the edges of pixels.
  ValueId reflect(ValueId position, const Extent& extent) {
    const ValueId low = number(align_corners_ ? 0 : -0.5);
    const ValueId span = f_.op("maximum", {align_corners_ ? extent.last : extent.size, number(1)});
    const ValueId distance = f_.op("abs", {f_.sub(position, low)});
    const ValueId turns = f_.op("floor", {f_.div(distance, span)});
    const ValueId rest = f_.sub(distance, f_.mul(turns, span));
    const ValueId pairs = f_.op("floor", {f_.mul(turns, number(0.5))});
    const ValueId is_odd = compare("greater", f_.sub(turns, f_.mul(pairs, number(2))), number(0.5));
    return clamp(f_.add(f_.where(is_odd, f_.sub(span, rest), rest), low), extent);
  }

  // Positions along a spatial axis in pixels, [N, O]. The grid names the last axis first.
  ValueId position(size_t axis, size_t spatial, const Extent& extent) {
    const size_t last = spatial + 1;
    const auto at = static_cast<int64_t>(spatial - 1 - axis);
    const ValueId column = f_.slice(grid_, last, Dim(at), Dim(at + 1));
    const ValueId from_edge = f_.add(f_.cast(f_.reshape(column, {result_dims_[0], positions_}), wide_), number(1));
    if (align_corners_) return f_.mul(f_.mul(from_edge, number(0.5)), extent.last);
    return f_.mul(f_.sub(f_.mul(from_edge, extent.size), number(1)), number(0.5));
  }

  Tap tap(ValueId index, ValueId weight, const Extent& extent) {
    Tap result{index, weight, {}};
    if (padding_ == "zeros") {
      result.exists =
          f_.op("logical_and", {compare("greater_equal", index, number(0)), compare("less_equal", index, extent.last)});
    }
    const ValueId inside = padding_ == "reflection" ? reflect(index, extent) : clamp(index, extent);
    result.index = f_.cast(inside, ElementType::I64);
    return result;
  }

  std::vector<Tap> taps_of(size_t axis, size_t spatial) {
    const ValueId size = size_of(f_, x_, 2 + axis);
    const Extent extent{f_.cast(size, wide_), f_.sub(f_.cast(size, wide_), number(1))};
    ValueId at = position(axis, spatial, extent);
    if (mode_ != "cubic" && padding_ == "border") at = clamp(at, extent);
    if (mode_ != "cubic" && padding_ == "reflection") at = reflect(at, extent);
    if (mode_ == "nearest") return {tap(f_.op("round", {at}), ValueId(), extent)};
    const ValueId first = f_.op("floor", {at});
    const ValueId part = f_.sub(at, first);
    if (mode_ == "linear") {
      return {tap(first, f_.sub(number(1), part), extent), tap(f_.add(first, number(1)), part, extent)};
    }
    const ValueId rest = f_.sub(number(1), part);
    return {tap(f_.sub(first, number(1)), far_weight(f_.add(part, number(1))), extent),
            tap(first, near_weight(part), extent), tap(f_.add(first, number(1)), near_weight(rest), extent),
            tap(f_.add(first, number(2)), far_weight(f_.add(rest, number(1))), extent)};
  }

  // The cubic convolution kernel with a = -3/4 at a distance up to 1, and from 1 to 2 (R. Keys, "Cubic convolution
  // interpolation for digital image processing", 1981).
  ValueId near_weight(ValueId t) {
    const ValueId slope = f_.sub(f_.mul(number(kA + 2), t), number(kA + 3));
    return f_.add(f_.mul(f_.mul(slope, t), t), number(1));
  }
  ValueId far_weight(ValueId t) {
    const ValueId slope = f_.add(f_.mul(f_.sub(f_.mul(number(kA), t), number(5 * kA)), t), number(8 * kA));
    return f_.sub(f_.mul(slope, t), number(4 * kA));
  }

  ValueId combine(std::string_view op, ValueId a, ValueId b) {
    if (!a.valid() || !b.valid()) return a.valid() ? a : b;
    return f_.op(op, {a, b});
  }

  // Adds the samples of all combinations of taps from `axis` on; `so_far` combines those of the axes before.
  void add_samples(const std::vector<std::vector<Tap>>& taps, size_t axis, const Tap& so_far) {
    if (axis == taps.size()) return add_sample(so_far);
    for (const Tap& tap : taps[axis]) {
      Tap combined;
      combined.index = axis == 0 ? tap.index : f_.add(f_.mul(so_far.index, size_of(f_, x_, 2 + axis)), tap.index);
      combined.weight = combine("mul", so_far.weight, tap.weight);
      combined.exists = combine("logical_and", so_far.exists, tap.exists);
      add_samples(taps, axis + 1, combined);
    }
  }

  void add_sample(const Tap& tap) {
    const ValueId index = f_.add(first_pixel_, tap.index);
    ValueId sample = f_.op("gather", {pixels_, index}, {{"axis", int64_t{0}}});
    // Numbers that are only chosen keep their type.
    if (tap.weight.valid()) sample = f_.cast(sample, wide_);
    if (tap.exists.valid()) {
      const ValueId zero = f_.cast(number(0), f_.ok() ? f_.element(sample) : wide_);
      sample = f_.where(f_.unsqueeze(tap.exists, {2}), sample, zero);
    }
    if (tap.weight.valid()) sample = f_.mul(sample, f_.unsqueeze(tap.weight, {2}));
    sum_ = combine("add", sum_, sample);
  }

  static constexpr double kA = -0.75;

  Formula f_;
  ValueId x_;
  ValueId grid_;
  Shape result_dims_;
  std::string mode_;
  std::string padding_;
  bool align_corners_;
  ElementType wide_ = ElementType::F32;
  Dim positions_;
  ValueId pixels_;
  ValueId first_pixel_;
  ValueId sum_;
};

Result<std::vector<ValueId>> expand_grid_sample(GraphBuilder& builder, const NodeView& node) {
  return GridSampler(builder, node).run();
}

Result<std::vector<Type>> infer_affine_grid(InferContext& context) {
  const TensorType& theta = context.tensor(0);
  const Shape& size = context.shape("size");
  LATHE_TRY_VOID(context.require_rank(0, 3));
  if (size.size() != 2 && size.size() != 3) {
    return context
        .error(DiagnosticKind::BadAttribute, "`affine_grid` makes grids of 2 or 3 axes, not of {}", size.size())
        .emit();
  }
  const auto spatial = static_cast<int64_t>(size.size());
  const std::string message = fmt::format("an affine map of {} coordinates is [{}, {}], {} is `{}`", spatial, spatial,
                                          spatial + 1, context.operand_text(0), text(theta));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, theta.dims[1], spatial, message));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, theta.dims[2], spatial + 1, message));
  Shape result{theta.dims[0]};
  for (const Dim& dim : size)
    result.push_back(dim.origin().valid() ? dim : context.declared(dim, "`size` of `affine_grid`"));
  result.emplace_back(spatial);
  return one_type(theta.element, std::move(result));
}

// Positions of the pixels [.., spatial + 1] in [-1, 1], the last axis first and then 1, times the transposed map.
Result<std::vector<ValueId>> expand_affine_grid(GraphBuilder& builder, const NodeView& node) {
  Formula f(builder);
  const Shape& size = node.shape("size");
  const bool align_corners = node.boolean("align_corners");
  const ElementType element = node.tensor(0).element;
  const ElementType wide = element == ElementType::F64 ? ElementType::F64 : ElementType::F32;
  Shape column = size;
  column.emplace_back(1);
  std::vector<ValueId> columns;
  for (size_t axis = size.size(); axis-- > 0;) {
    const ValueId index = f.iota(column, axis, wide);
    // The size, for symbols too: the index of an element behind the last one.
    const ValueId count = f.reshape(f.slice(f.iota({size[axis] + 1}, 0, wide), 0, size[axis], size[axis] + 1), {});
    const ValueId span = align_corners ? f.op("maximum", {f.sub(count, f.number(wide, 1)), f.number(wide, 1)}) : count;
    const ValueId steps = f.mul(index, f.number(wide, 2));
    // An axis of one pixel has it in the middle.
    const ValueId first = align_corners ? f.op("minimum", {f.sub(count, f.number(wide, 1)), f.number(wide, 1)})
                                        : f.sub(count, f.number(wide, 1));
    columns.push_back(align_corners ? f.sub(f.div(steps, span), first) : f.div(f.sub(steps, first), span));
  }
  columns.push_back(f.expand(f.number(wide, 1), column));
  const ValueId base = f.reshape(f.concat(std::move(columns), size.size()),
                                 {product(size, 0, size.size()), static_cast<int64_t>(size.size()) + 1});
  const ValueId grid = f.op("matmul", {base, f.cast(node.operand(0), wide)}, {{"transpose_b", true}});
  Shape result{node.dims(0)[0]};
  result.insert(result.end(), size.begin(), size.end());
  result.emplace_back(static_cast<int64_t>(size.size()));
  return f.results({f.reshape(f.cast(grid, element), std::move(result))});
}

}  // namespace

std::span<const OpDef> grid_ops() {
  static constexpr std::string_view kModes[] = {"linear", "nearest", "cubic"};
  static constexpr std::string_view kPaddings[] = {"zeros", "border", "reflection"};
  const AttributeDef align_corners = {"align_corners", AttributeKind::Boolean, false,
                                      "-1 and 1 are the middles of the outermost pixels, not their edges"};
  static const std::vector<OpDef> rows = {
      {.name = "grid_sample",
       .doc = "channels of x [N, C, ..] at the positions of a grid [N, .., coordinates], x first, in [-1, 1]",
       .operands = {{"x", kAnyNumber, OperandKind::Required, "images of 1 to 3 axes"},
                    {"grid", kAnyFloat, OperandKind::Required,
                     "positions; the last coordinate belongs to the first axis"}},
       .attributes = {{"mode", AttributeKind::String, std::string_view("linear"),
                       "how many neighbours take part: 2, 1 or 4 an axis", kModes},
                      {"padding", AttributeKind::String, std::string_view("zeros"), "what is outside of an image",
                       kPaddings},
                      align_corners},
       .exactness = Exactness::Reordered,
       .infer = infer_grid_sample,
       .semantics = Decompose{expand_grid_sample}},
      {.name = "affine_grid",
       .doc = "the grid [N, .., coordinates] of positions to which an affine map takes the pixels of an image",
       .operands = {{"theta", kAnyFloat, OperandKind::Required, "[N, coordinates, coordinates + 1]"}},
       .attributes = {{"size", AttributeKind::Dims, Required{}, "the axes of the image: 2 or 3"}, align_corners},
       .exactness = Exactness::Reordered,
       .infer = infer_affine_grid,
       .semantics = Decompose{expand_affine_grid}},
  };
  return rows;
}

}  // namespace lathe
