// Rows that move elements to positions that don't depend on data: transpose, expand, tile, slice, pad, concat.
#include <fmt/format.h>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

// A piece that fills the whole result from `operand`; index entries start as 0.
MovePiece whole_result(const NodeView& node, uint32_t operand) {
  const Shape& dims = node.result().dims;
  return {std::vector<Dim>(dims.size(), Dim(0)), dims, operand, std::vector<Dim>(node.dims(operand).size(), Dim(0))};
}

Status require_length(InferContext& context, std::string_view name, size_t length) {
  const size_t rank = context.dims(0).size();
  if (length == rank) return {};
  return context
      .error(DiagnosticKind::BadAttribute, "`{}` of `{}` has {} entries, {} has {} axes: `{}`", name, context.op().name,
             length, context.operand_text(0), rank, text(context.tensor(0)))
      .emit();
}

// ---- transpose

Result<std::vector<Type>> infer_transpose(InferContext& context) {
  const Integers& permutation = context.integers("permutation");
  const Shape& dims = context.dims(0);
  LATHE_TRY_VOID(require_length(context, "permutation", permutation.size()));
  LATHE_TRY_VOID(stored_axes(context, permutation, context.tensor(0).rank()));
  Shape result;
  for (const int64_t axis : permutation) result.push_back(dims[static_cast<size_t>(axis)]);
  return one_type(context.tensor(0).element, std::move(result));
}

void describe_transpose(const NodeView& node, MoveMap& map) {
  MovePiece piece = whole_result(node, 0);
  const Integers& permutation = node.integers("permutation");
  for (size_t i = 0; i < permutation.size(); ++i) piece.index[static_cast<size_t>(permutation[i])] = axis_symbol(i);
  map.pieces.push_back(std::move(piece));
}

// ---- expand

Result<std::vector<Type>> infer_expand(InferContext& context) {
  const TensorType& x = context.tensor(0);
  Shape shape = context.shape("shape");
  if (shape.size() < x.dims.size()) shape.insert(shape.begin(), x.dims.size() - shape.size(), Dim(1));
  const size_t offset = shape.size() - x.dims.size();
  for (size_t i = 0; i < x.dims.size(); ++i) {
    const std::string message =
        fmt::format("can't expand {} of `{}` to `{}`: on axis {} {} meets {}", context.operand_text(0), text(x),
                    text(context.shape("shape")), i, x.dims[i].python_text(), shape[offset + i].python_text());
    LATHE_TRY(shape[offset + i], context.broadcast_dims(x.dims[i], shape[offset + i], message));
  }
  return one_type(x.element, std::move(shape));
}

void describe_expand(const NodeView& node, MoveMap& map) {
  MovePiece piece = whole_result(node, 0);
  const Shape& x = node.dims(0);
  const Shape& result = node.result().dims;
  const size_t offset = result.size() - x.size();
  for (size_t i = 0; i < x.size(); ++i) {
    piece.index[i] = broadcast_index(x[i], result[offset + i], axis_symbol(offset + i));
  }
  map.pieces.push_back(std::move(piece));
}

// ---- tile

Result<std::vector<Type>> infer_tile(InferContext& context) {
  const Shape& repeats = context.shape("repeats");
  LATHE_TRY_VOID(require_length(context, "repeats", repeats.size()));
  Shape result;
  for (size_t i = 0; i < repeats.size(); ++i) {
    const Dim& dim = context.dims(0)[i];
    result.push_back(repeats[i].is_constant(1) ? dim : context.product_of({dim, repeats[i]}));
  }
  return one_type(context.tensor(0).element, std::move(result));
}

void describe_tile(const NodeView& node, MoveMap& map) {
  MovePiece piece = whole_result(node, 0);
  const Shape& repeats = node.shape("repeats");
  const Shape& x = node.dims(0);
  for (size_t i = 0; i < x.size(); ++i) {
    if (x[i].is_constant(1) || x[i].is_constant(0)) continue;
    piece.index[i] = repeats[i].is_constant(1) ? axis_symbol(i) : modulo(axis_symbol(i), x[i]);
  }
  map.pieces.push_back(std::move(piece));
}

// ---- slice

Result<Dim> sliced_dim(InferContext& context, size_t axis) {
  const Dim& dim = context.dims(0)[axis];
  const Dim& start = context.shape("starts")[axis];
  const Dim& limit = context.shape("limits")[axis];
  const int64_t step = context.integers("steps")[axis];
  if (step == 0) return context.error(DiagnosticKind::BadAttribute, "the step of `slice` on axis {} is 0", axis).emit();
  const std::string range = fmt::format("`slice` takes {}:{}:{} of axis {} of {}", start.python_text(),
                                        limit.python_text(), step, axis, context.operand_text(0));
  const std::string message =
      fmt::format("{}, which has {} elements: `{}`", range, dim.python_text(), text(context.tensor(0)));
  const bool forward = step > 0;
  const Dim& lower = forward ? start : limit;
  const Dim& upper = forward ? limit : start;
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::IndexOutOfRange, forward ? Dim(0) : Dim(-1), lower, message));
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::IndexOutOfRange, lower, upper, message));
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::IndexOutOfRange, upper, forward ? dim : dim - 1, message));
  if (step == 1 && start.is_constant(0) && limit == dim) return dim;
  const Dim size = context.symbols().simplify(ceildiv(upper - lower, Dim(forward ? step : -step)));
  return context.computed(
      size,
      fmt::format("the size of {}:{}:{} of {}", start.python_text(), limit.python_text(), step, dim.python_text()),
      {dim});
}

Result<std::vector<Type>> infer_slice(InferContext& context) {
  LATHE_TRY_VOID(require_length(context, "starts", context.shape("starts").size()));
  LATHE_TRY_VOID(require_length(context, "limits", context.shape("limits").size()));
  LATHE_TRY_VOID(require_length(context, "steps", context.integers("steps").size()));
  Shape result;
  for (size_t axis = 0; axis < context.dims(0).size(); ++axis) {
    LATHE_TRY(Dim size, sliced_dim(context, axis));
    result.push_back(std::move(size));
  }
  return one_type(context.tensor(0).element, std::move(result));
}

void describe_slice(const NodeView& node, MoveMap& map) {
  MovePiece piece = whole_result(node, 0);
  for (size_t i = 0; i < piece.index.size(); ++i) {
    piece.index[i] = node.shape("starts")[i] + axis_symbol(i) * Dim(node.integers("steps")[i]);
  }
  map.pieces.push_back(std::move(piece));
}

// ---- pad

Result<std::vector<Type>> infer_pad(InferContext& context) {
  const Shape& low = context.shape("low");
  const Shape& high = context.shape("high");
  LATHE_TRY_VOID(require_length(context, "low", low.size()));
  LATHE_TRY_VOID(require_length(context, "high", high.size()));
  Shape result;
  for (size_t i = 0; i < low.size(); ++i) {
    const Dim& dim = context.dims(0)[i];
    if (low[i].is_constant(0) && high[i].is_constant(0)) {
      result.push_back(dim);
      continue;
    }
    if (dim.is_constant(0) && context.string("mode") != "constant") {
      return context
          .error(DiagnosticKind::ShapeMismatch,
                 "`pad` with mode \"{}\" has nothing to repeat: axis {} of {} is empty: `{}`", context.string("mode"),
                 i, context.operand_text(0), text(context.tensor(0)))
          .emit();
    }
    const Dim size = dim + low[i] + high[i];
    result.push_back(context.computed(
        size, fmt::format("{} + {} + {} of padding", dim.python_text(), low[i].python_text(), high[i].python_text()),
        {dim}));
  }
  return one_type(context.tensor(0).element, std::move(result));
}

// The operand's index for position `at` relative to its first element, which may lie outside of [0, size).
Dim padded_index(const std::string& mode, const Dim& at, const Dim& size) {
  if (mode == "edge") return maximum(0, minimum(at, size - 1));
  if (mode == "wrap") return modulo(at, maximum(size, 1));
  if (size.is_constant(1)) return 0;
  // A reflection repeats with period 2 * (size - 1).
  const Dim period = maximum(2 * (size - 1), 1);
  const Dim phase = modulo(at, period);
  return minimum(phase, period - phase);
}

void describe_pad(const NodeView& node, MoveMap& map) {
  MovePiece piece = whole_result(node, 0);
  const std::string& mode = node.string("mode");
  const Shape& low = node.shape("low");
  const Shape& high = node.shape("high");
  const Shape& x = node.dims(0);
  for (size_t i = 0; i < x.size(); ++i) {
    const Dim at = axis_symbol(i) - low[i];
    const bool inside =
        low[i].is_constant() && high[i].is_constant() && low[i].constant() <= 0 && high[i].constant() <= 0;
    if (mode != "constant" && !inside) {
      piece.index[i] = padded_index(mode, at, x[i]);
      continue;
    }
    piece.index[i] = at;
    if (inside) continue;
    piece.begin[i] = maximum(low[i], 0);
    piece.end[i] = high[i].is_constant() && high[i].constant() >= 0 ? low[i] + x[i]
                                                                    : minimum(low[i] + x[i], node.result().dims[i]);
  }
  map.pieces.push_back(std::move(piece));
  map.fill = node.number("value");
}

// ---- concat

Result<std::vector<Type>> infer_concat(InferContext& context) {
  if (context.operand_count() == 0) {
    return context.error(DiagnosticKind::OperandCount, "`concat` needs at least one part").emit();
  }
  const TensorType& first = context.tensor(0);
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), first.rank()));
  Shape result = first.dims;
  std::vector<Dim> sizes{first.dims[axis]};
  for (size_t part = 1; part < context.operand_count(); ++part) {
    const TensorType& other = context.tensor(part);
    if (other.rank() != first.rank()) {
      return context
          .error(DiagnosticKind::RankMismatch, "parts of `concat` need equally many axes: {} is `{}`, {} is `{}`",
                 context.operand_text(0), text(first), context.operand_text(part), text(other))
          .emit();
    }
    for (size_t i = 0; i < result.size(); ++i) {
      if (i == axis) {
        sizes.push_back(other.dims[i]);
        continue;
      }
      const std::string message =
          fmt::format("parts of `concat` along axis {} must agree on axis {}: {} is `{}`, {} is `{}`", axis, i,
                      context.operand_text(0), text(first), context.operand_text(part), text(other));
      LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ConcatMismatch, result[i], other.dims[i], message));
      if (other.dims[i].is_constant() && !result[i].is_constant()) result[i] = other.dims[i];
    }
  }
  if (sizes.size() > 1) result[axis] = context.sum_of(std::move(sizes));
  return one_type(first.element, std::move(result));
}

void describe_concat(const NodeView& node, MoveMap& map) {
  const auto axis = static_cast<size_t>(node.integer("axis"));
  Dim offset = 0;
  for (uint32_t part = 0; part < node.operand_count(); ++part) {
    MovePiece piece = whole_result(node, part);
    piece.index = axis_symbols(piece.index.size());
    piece.index[axis] -= offset;
    piece.begin[axis] = offset;
    offset += node.dims(part)[axis];
    piece.end[axis] = offset;
    map.pieces.push_back(std::move(piece));
  }
}

}  // namespace

std::span<const OpDef> move_ops() {
  static constexpr std::string_view kPadModes[] = {"constant", "reflect", "edge", "wrap"};
  static const std::vector<OpDef> rows = {
      {.name = "transpose",
       .doc = "axis i of the result is axis permutation[i] of x",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to turn"}},
       .attributes = {{"permutation", AttributeKind::Integers, Required{}, "every axis of x once, counted from 0"}},
       .infer = infer_transpose,
       .semantics = Move{describe_transpose}},
      {.name = "expand",
       .doc = "x broadcast with a shape, as in numpy",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to repeat along axes of size 1"}},
       .attributes = {{"shape", AttributeKind::Dims, Required{},
                       "broadcast with x's shape gives the result's: an entry of 1 keeps x's axis"}},
       .infer = infer_expand,
       .semantics = Move{describe_expand}},
      {.name = "tile",
       .doc = "x repeated along each axis",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to repeat"}},
       .attributes = {{"repeats", AttributeKind::Dims, Required{}, "how often, for each axis"}},
       .infer = infer_tile,
       .semantics = Move{describe_tile}},
      {.name = "slice",
       .doc = "every steps-th element from starts up to, not including, limits, on each axis",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to cut"}},
       .attributes = {{"starts", AttributeKind::Dims, Required{}, "first index on each axis, in [0, size]"},
                      {"limits", AttributeKind::Dims, Required{},
                       "end on each axis, not included: in [start, size], or in [-1, start] for a negative step"},
                      {"steps", AttributeKind::Integers, Required{}, "step on each axis, not 0"}},
       .infer = infer_slice,
       .semantics = Move{describe_slice}},
      {.name = "pad",
       .doc = "x with elements added around it, or cut off where a size is negative",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to pad"}},
       .attributes = {{"low", AttributeKind::Dims, Required{}, "how many before the first element of each axis"},
                      {"high", AttributeKind::Dims, Required{}, "how many after the last element of each axis"},
                      {"mode", AttributeKind::String, std::string_view("constant"),
                       "what is added: a value, x mirrored without its edge, its edge, or x again (as numpy.pad)",
                       kPadModes},
                      {"value", AttributeKind::Float, 0.0, "what `constant` adds; strings are padded with \"\""}},
       .infer = infer_pad,
       .semantics = Move{describe_pad}},
      {.name = "concat",
       .doc = "the parts one after the other along an axis",
       .operands = {{"parts", kAnyElement, OperandKind::Variadic, "tensors that agree on all other axes"}},
       .attributes = {{"axis", AttributeKind::Integer, Required{}, "the axis along which they stand"}},
       .traits = Trait::SameElements,
       .infer = infer_concat,
       .semantics = Move{describe_concat}},
  };
  return rows;
}

}  // namespace lathe
