// Operators that change the shape and keep or rearrange the elements.
#include <fmt/format.h>

#include <algorithm>
#include <numeric>

#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Dim product_of(const Shape& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t axis = begin; axis < end; ++axis) result *= dims[axis];
  return result;
}

/// The size that -1 stands for: what the other sizes leave of the number of elements.
Dim rest_of(const SymbolTable& symbols, const Dim& count, const Dim& others) {
  if (const std::optional<Dim> exact = exact_divide(count, others)) return *exact;
  return symbols.simplify(floordiv(count, maximum(others, 1)));
}

Outputs reshape(NodeContext& context, Shape shape) {
  const Shape& dims = context.dims(0);
  const bool zero_is_zero = context.flag("allowzero", false);
  std::optional<size_t> open;
  for (size_t axis = 0; axis < shape.size(); ++axis) {
    if (shape[axis].is_constant(0) && !zero_is_zero) {
      if (axis >= dims.size()) {
        return context
            .error(DiagnosticKind::ReshapeMismatch, "the shape `{}` copies axis {} of {}, which is `{}`", text(shape),
                   axis, context.input_text(0), text(context.tensor(0)))
            .emit();
      }
      shape[axis] = dims[axis];
    } else if (shape[axis].is_constant(-1)) {
      if (open) {
        return context.error(DiagnosticKind::ReshapeMismatch, "the shape `{}` has more than one -1", text(shape))
            .emit();
      }
      open = axis;
    }
  }
  if (open) {
    shape[*open] = 1;
    const Dim others = product_of(shape, 0, shape.size());
    shape[*open] = rest_of(context.symbols(), product_of(dims, 0, dims.size()), others);
  }
  return single(context.builder().reshape(context.input(0), std::move(shape)));
}

Outputs import_reshape(NodeContext& context) {
  LATHE_TRY(Shape shape, context.known_dims(1, "shape"));
  return reshape(context, std::move(shape));
}

Outputs import_reshape_attribute(NodeContext& context) {
  const std::vector<int64_t>* shape = context.integers("shape");
  if (shape == nullptr)
    return context.error(DiagnosticKind::MissingAttribute, "`Reshape` needs the attribute `shape`").emit();
  return reshape(context, Shape(shape->begin(), shape->end()));
}

Outputs import_flatten(NodeContext& context) {
  const Shape& dims = context.dims(0);
  const int64_t given = context.integer("axis", 1);
  size_t axis = dims.size();
  if (given != context.rank(0)) {
    LATHE_TRY(axis, context.axis(given, context.rank(0)));
  }
  return single(
      context.builder().reshape(context.input(0), {product_of(dims, 0, axis), product_of(dims, axis, dims.size())}));
}

Outputs squeeze(NodeContext& context, std::optional<Integers> given) {
  const Shape& dims = context.dims(0);
  std::vector<size_t> axes;
  if (given) {
    LATHE_TRY(axes, context.axes(*given, context.rank(0)));
    for (const size_t axis : axes) {
      if (!dims[axis].is_constant() || dims[axis].is_constant(1)) continue;
      return context
          .error(DiagnosticKind::ShapeMismatch, "axis {} of {} can't be squeezed: it has the size {}: `{}`", axis,
                 context.input_text(0), dims[axis].python_text(), text(context.tensor(0)))
          .explain(context.module().origins, dims[axis])
          .emit();
    }
  } else {
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (dims[axis].is_constant(1)) axes.push_back(axis);
      if (!dims[axis].is_constant())
        return context.unsupported("no axes, for an operand with sizes that are not known");
    }
  }
  return single(context.builder().squeeze(context.input(0), std::move(axes)));
}

std::optional<Integers> axes_attribute(NodeContext& context) {
  const std::vector<int64_t>* axes = context.integers("axes");
  return axes == nullptr ? std::nullopt : std::optional(*axes);
}

Outputs import_squeeze_attribute(NodeContext& context) { return squeeze(context, axes_attribute(context)); }

Outputs import_squeeze(NodeContext& context) {
  if (!context.has_input(1)) return squeeze(context, std::nullopt);
  LATHE_TRY(Integers axes, context.known_integers(1, "axes"));
  return squeeze(context, std::move(axes));
}

Outputs unsqueeze(NodeContext& context, const Integers& given) {
  LATHE_TRY(std::vector<size_t> axes, context.axes(given, context.rank(0) + static_cast<int>(given.size())));
  return single(context.builder().unsqueeze(context.input(0), std::move(axes)));
}

Outputs import_unsqueeze_attribute(NodeContext& context) {
  const std::optional<Integers> axes = axes_attribute(context);
  if (!axes) return context.error(DiagnosticKind::MissingAttribute, "`Unsqueeze` needs the attribute `axes`").emit();
  return unsqueeze(context, *axes);
}

Outputs import_unsqueeze(NodeContext& context) {
  LATHE_TRY(const Integers axes, context.known_integers(1, "axes"));
  return unsqueeze(context, axes);
}

Outputs import_transpose(NodeContext& context) {
  Integers permutation(context.dims(0).size());
  std::iota(permutation.rbegin(), permutation.rend(), 0);
  if (const std::vector<int64_t>* given = context.integers("perm")) permutation = *given;
  return single(context.builder().transpose(context.input(0), std::move(permutation)));
}

Outputs import_expand(NodeContext& context) {
  LATHE_TRY(Shape shape, context.known_dims(1, "shape"));
  return single(context.builder().expand(context.input(0), std::move(shape)));
}

Outputs import_tile(NodeContext& context) {
  LATHE_TRY(Shape repeats, context.known_dims(1, "repeats"));
  if (repeats.size() != context.dims(0).size()) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "{} has {} entries, {} has {} axes: `{}`", context.input_text(1),
               repeats.size(), context.input_text(0), context.rank(0), text(context.tensor(0)))
        .emit();
  }
  return context.one("tile", {context.input(0)}, {{"repeats", std::move(repeats)}});
}

/// Up to opset 5: a number of repeats along one axis, both of them operands.
Outputs import_tile_axis(NodeContext& context) {
  LATHE_TRY(const Shape tiles, context.known_dims(1, "tiles"));
  LATHE_TRY(const Integers axes, context.known_integers(2, "axis"));
  if (tiles.size() != 1 || axes.size() != 1) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`Tile` takes one number of tiles and one axis, not {} and {}",
               tiles.size(), axes.size())
        .emit();
  }
  LATHE_TRY(const size_t axis, context.axis(axes[0], context.rank(0)));
  Shape repeats(context.dims(0).size(), Dim(1));
  repeats[axis] = tiles[0];
  return context.one("tile", {context.input(0)}, {{"repeats", std::move(repeats)}});
}

/// The block size and the size of the channels it goes with.
Result<int64_t> block_size(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank(0, 4));
  const int64_t block = context.integer("blocksize", 0);
  constexpr int64_t kMost = 1 << 15;
  if (block < 1 || block > kMost) return context.bad_attribute("blocksize", "is {}, it must be at least 1", block);
  return block;
}

Outputs import_depth_to_space(NodeContext& context) {
  LATHE_TRY(const int64_t block, block_size(context));
  const std::string_view mode = context.string("mode", "DCR");
  if (mode != "DCR" && mode != "CRD") return context.bad_attribute("mode", "is `{}`, expected DCR or CRD", mode);
  GraphBuilder& builder = context.builder();
  const Shape dims = context.dims(0);
  const Dim depth = rest_of(context.symbols(), dims[1], Dim(block * block));
  const bool depth_first = mode == "CRD";
  const Shape split = depth_first ? Shape{dims[0], depth, Dim(block), Dim(block), dims[2], dims[3]}
                                  : Shape{dims[0], Dim(block), Dim(block), depth, dims[2], dims[3]};
  LATHE_TRY(const ValueId blocks, builder.reshape(context.input(0), split));
  LATHE_TRY(const ValueId turned,
            builder.transpose(blocks, depth_first ? Integers{0, 1, 4, 2, 5, 3} : Integers{0, 3, 4, 1, 5, 2}));
  return single(builder.reshape(turned, {dims[0], depth, dims[2] * Dim(block), dims[3] * Dim(block)}));
}

Outputs import_space_to_depth(NodeContext& context) {
  LATHE_TRY(const int64_t block, block_size(context));
  GraphBuilder& builder = context.builder();
  const Shape dims = context.dims(0);
  const Dim height = rest_of(context.symbols(), dims[2], Dim(block));
  const Dim width = rest_of(context.symbols(), dims[3], Dim(block));
  LATHE_TRY(const ValueId blocks,
            builder.reshape(context.input(0), {dims[0], dims[1], height, Dim(block), width, Dim(block)}));
  LATHE_TRY(const ValueId turned, builder.transpose(blocks, {0, 3, 5, 1, 2, 4}));
  return single(builder.reshape(turned, {dims[0], dims[1] * Dim(block * block), height, width}));
}

/// Shape with `start` and `end`, which count from the end when they are negative and are clamped.
Outputs import_shape_of(NodeContext& context) {
  const int64_t rank = context.rank(0);
  const auto clamped = [&](int64_t at) { return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank); };
  const int64_t start = clamped(context.integer("start", 0));
  const int64_t end = std::max(start, clamped(context.integer("end", rank)));
  LATHE_TRY(const ValueId all, context.builder().one("shape_of", {context.input(0)}));
  if (start == 0 && end == rank) return single(all);
  return single(context.builder().slice(all, {Dim(start)}, {Dim(end)}, {1}));
}

Outputs import_size(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId all, builder.one("shape_of", {context.input(0)}));
  LATHE_TRY(ValueId result, builder.scalar_integer(ElementType::I64, 1));
  for (int64_t axis = 0; axis < context.rank(0); ++axis) {
    LATHE_TRY(const ValueId element, builder.slice(all, {Dim(axis)}, {Dim(axis + 1)}, {1}));
    LATHE_TRY(const ValueId size, builder.reshape(element, {}));
    LATHE_TRY(result, builder.one("mul", {result, size}));
  }
  return single(result);
}

constexpr OperatorRow::Strings kStrings = OperatorRow::Strings::Allowed;

constexpr OperatorRow kShapes[] = {
    {.name = "DepthToSpace", .handler = import_depth_to_space, .attributes = "blocksize:i mode:s", .strings = kStrings},
    {.name = "Expand", .since = 8, .handler = import_expand, .min_inputs = 2, .max_inputs = 2, .strings = kStrings},
    {.name = "Flatten", .handler = import_flatten, .attributes = "axis:i", .strings = kStrings},
    {.name = "Reshape", .until = 4, .handler = import_reshape_attribute, .attributes = "shape:is", .strings = kStrings},
    {.name = "Reshape",
     .since = 5,
     .handler = import_reshape,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "allowzero:i",
     .strings = kStrings},
    {.name = "Shape", .handler = import_shape_of, .attributes = "start:i end:i", .strings = kStrings},
    {.name = "Size", .handler = import_size, .strings = kStrings},
    {.name = "SpaceToDepth", .handler = import_space_to_depth, .attributes = "blocksize:i", .strings = kStrings},
    {.name = "Squeeze", .until = 12, .handler = import_squeeze_attribute, .attributes = "axes:is", .strings = kStrings},
    {.name = "Squeeze", .since = 13, .handler = import_squeeze, .max_inputs = 2, .strings = kStrings},
    {.name = "Tile", .until = 5, .handler = import_tile_axis, .min_inputs = 3, .max_inputs = 3, .strings = kStrings},
    {.name = "Tile", .since = 6, .handler = import_tile, .min_inputs = 2, .max_inputs = 2, .strings = kStrings},
    {.name = "Transpose", .handler = import_transpose, .attributes = "perm:is", .strings = kStrings},
    {.name = "Unsqueeze",
     .until = 12,
     .handler = import_unsqueeze_attribute,
     .attributes = "axes:is",
     .strings = kStrings},
    {.name = "Unsqueeze",
     .since = 13,
     .handler = import_unsqueeze,
     .min_inputs = 2,
     .max_inputs = 2,
     .strings = kStrings},
};

}  // namespace

std::span<const OperatorRow> shape_operators() { return kShapes; }

}  // namespace lathe::onnx
