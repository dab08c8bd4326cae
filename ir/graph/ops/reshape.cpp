// Rows that only rename positions: reshape.
//
// Both shapes are split into groups of neighbouring axes with equal products, so that the index map of `[N, 3, 4] ->
// [N, 12]` is `%0, floordiv(%1, 4), mod(%1, 4)` and not one long division of the flat position.
#include <fmt/format.h>

#include <optional>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

// Axes [from_begin, from_end) of the operand hold the same elements as axes [to_begin, to_end) of the result.
struct AxisGroup {
  size_t from_begin = 0;
  size_t from_end = 0;
  size_t to_begin = 0;
  size_t to_end = 0;
};

Dim product_of_range(const Shape& dims, size_t begin, size_t end) {
  Dim result = 1;
  for (size_t i = begin; i < end; ++i) result *= dims[i];
  return result;
}

enum class Side { From, To };

// The side that must take one more axis for the products to meet; nothing when that can't be told.
std::optional<Side> smaller_side(const Dim& from, const Dim& to) {
  if (exact_divide(from, to)) return Side::To;
  if (exact_divide(to, from)) return Side::From;
  if (from.is_constant() && to.is_constant()) return from.constant() < to.constant() ? Side::From : Side::To;
  return std::nullopt;
}

std::vector<AxisGroup> group_axes(const Shape& from, const Shape& to) {
  std::vector<AxisGroup> groups;
  size_t i = 0;
  size_t j = 0;
  while (i < from.size() || j < to.size()) {
    AxisGroup group{i, i, j, j};
    if (i < from.size()) group.from_end = ++i;
    if (j < to.size()) group.to_end = ++j;
    while (true) {
      const Dim left = product_of_range(from, group.from_begin, group.from_end);
      const Dim right = product_of_range(to, group.to_begin, group.to_end);
      if (left == right) break;
      const auto side = smaller_side(left, right);
      if (!side || (*side == Side::From ? i == from.size() : j == to.size())) {
        group.from_end = i = from.size();
        group.to_end = j = to.size();
        break;
      }
      (*side == Side::From ? group.from_end = ++i : group.to_end = ++j);
    }
    groups.push_back(group);
  }
  return groups;
}

bool has_empty_axis(const Shape& shape) {
  for (const Dim& dim : shape) {
    if (dim.is_constant(0)) return true;
  }
  return false;
}

Result<std::vector<Type>> infer_reshape(InferContext& context) {
  const TensorType& x = context.tensor(0);
  Shape shape = context.shape("shape");
  for (const Dim& dim : shape) {
    if (!dim.valid() || (dim.is_constant() && dim.constant() < 0)) {
      return context
          .error(DiagnosticKind::NegativeDimension, "can't reshape {} to `{}`: a dimension is negative",
                 context.operand_text(0), text(shape))
          .emit();
    }
  }
  const Dim have = context.product_of(x.dims);
  const Dim want = product(shape);
  if (context.symbols().prove_eq(have, want) != Answer::Yes) {
    const std::string message =
        fmt::format("can't reshape {} of `{}` to `{}`: it has {} elements, the new shape takes {}",
                    context.operand_text(0), text(x), text(shape), have.python_text(), want.python_text());
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ReshapeMismatch, have, want, message));
  }
  if (!has_empty_axis(shape)) {
    for (const AxisGroup& group : group_axes(x.dims, shape)) {
      if (group.to_end - group.to_begin != 1) continue;
      std::vector<Dim> parents;
      for (size_t i = group.from_begin; i < group.from_end; ++i) {
        if (!x.dims[i].is_constant(1)) parents.push_back(x.dims[i]);
      }
      Dim& dim = shape[group.to_begin];
      if (parents.size() == 1 && parents[0] == dim) dim = parents[0];
      if (parents.size() > 1 && product(parents) == dim) dim = context.product_of(std::move(parents));
    }
  }
  return one_type(x.element, std::move(shape));
}

void describe_reshape(const NodeView& node, MoveMap& map) {
  const Shape& from = node.dims(0);
  const Shape& to = node.result().dims;
  MovePiece piece{std::vector<Dim>(to.size(), Dim(0)), to, 0, std::vector<Dim>(from.size(), Dim(0))};
  if (!has_empty_axis(to)) {
    SymbolTable symbols = node.module().symbols;
    for (size_t axis = 0; axis < to.size(); ++axis) {
      symbols.declare(*axis_symbol(axis).as_symbol(), 0, to[axis] - 1);
    }
    for (const AxisGroup& group : group_axes(from, to)) {
      Dim position = 0;
      for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
        position = position * to[axis];
        if (!to[axis].is_constant(1)) position += axis_symbol(axis);
      }
      Dim stride = 1;
      for (size_t axis = group.from_end; axis-- > group.from_begin;) {
        const bool outermost = product_of_range(from, group.from_begin, axis).is_constant(1);
        if (!from[axis].is_constant(1)) {
          const Dim quotient = floordiv(position, stride);
          piece.index[axis] = symbols.simplify(outermost ? quotient : modulo(quotient, from[axis]));
        }
        stride *= from[axis];
      }
    }
  }
  map.pieces.push_back(std::move(piece));
}

}  // namespace

std::span<const OpDef> reshape_ops() {
  static const std::vector<OpDef> rows = {
      {.name = "reshape",
       .doc = "the same elements in row-major order under another shape",
       .operands = {{"x", kAnyElement, OperandKind::Required, "the tensor to reshape"}},
       .attributes = {{"shape", AttributeKind::Dims, Required{}, "the new shape, with as many elements"}},
       .infer = infer_reshape,
       .semantics = Move{describe_reshape}},
  };
  return rows;
}

}  // namespace lathe
