// Tensors by the places of their elements: tril, triu, eye, diag, diagonal, meshgrid ...
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// Column compared with row + diagonal, for a matrix of the given sizes.
Result<TensorId> by_diagonal(Tracer& tracer, const Dim& rows, const Dim& columns, const Dim& diagonal,
                             TensorCompare comparison) {
  LATHE_TRY(const TensorId row, iota_operation(tracer, {rows, Dim(1)}, 0, ElementType::I64));
  LATHE_TRY(const TensorId column, iota_operation(tracer, {Dim(1), columns}, 1, ElementType::I64));
  TensorId shifted = row;
  if (!diagonal.is_constant(0)) {
    LATHE_TRY(shifted, binary_operation(tracer, TensorBinary::Add, row, diagonal));
  }
  return compare_operation(tracer, comparison, column, shifted);
}

template <TensorCompare comparison>
Result<Value> triangle(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Dim diagonal, integer_of(call, call.argument("diagonal"), "`diagonal`"));
  const Shape& dims = tracer.dims(x);
  if (dims.size() < 2) {
    return tensor_error(
               tracer, DiagnosticKind::RankMismatch, "RuntimeError",
               fmt::format("{} needs at least two axes, the tensor is {}", function_name(call), tracer.shape_text(x)))
        .emit();
  }
  LATHE_TRY(const TensorId kept, by_diagonal(tracer, dims[dims.size() - 2], dims.back(), diagonal, comparison));
  LATHE_TRY(const ValueId mask, tracer.value(kept));
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId zero, tracer.operand_as(false, tracer.element(x), call.where));
  LATHE_TRY(const ValueId result, tracer.builder().one("where", {mask, value, zero}));
  return Value(tracer.add(result));
}

Result<Value> eye(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const Dim rows, integer_of(call, call.argument("n"), "`n`"));
  Dim columns = rows;
  if (!call.is_none("m")) {
    LATHE_TRY(columns, integer_of(call, call.argument("m"), "`m`"));
  }
  LATHE_TRY(const auto element, dtype_argument(call));
  LATHE_TRY(const TensorId ones, by_diagonal(tracer, rows, columns, 0, TensorCompare::Equal));
  return as_value(cast_operation(tracer, ones, element.value_or(ElementType::F32)));
}

/// The diagonal of two axes as the last axis: a gather_nd of its places.
Result<TensorId> diagonal_of(Tracer& tracer, TensorId x, int64_t offset, int64_t first, int64_t second) {
  LATHE_TRY(const size_t a, normal_axis(tracer, first, x));
  LATHE_TRY(const size_t b, normal_axis(tracer, second, x));
  const Shape dims = tracer.dims(x);
  if (a == b || dims.size() < 2) {
    return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError",
                        fmt::format("a diagonal needs two different axes of {}", tracer.shape_text(x)))
        .emit();
  }
  const SymbolTable& symbols = tracer.module().symbols;
  const Dim rows = offset < 0 ? dims[a] + Dim(offset) : dims[a];
  const Dim columns = offset > 0 ? dims[b] - Dim(offset) : dims[b];
  const Dim length = symbols.simplify(maximum(0, minimum(rows, columns)));
  std::vector<int64_t> order{static_cast<int64_t>(a), static_cast<int64_t>(b)};
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis != a && axis != b) order.push_back(static_cast<int64_t>(axis));
  }
  LATHE_TRY(const TensorId front, permute_operation(tracer, x, order));
  LATHE_TRY(const TensorId line, iota_operation(tracer, {length, Dim(1)}, 0, ElementType::I64));
  LATHE_TRY(const TensorId row,
            binary_operation(tracer, TensorBinary::Add, line, integer(std::max<int64_t>(-offset, 0))));
  LATHE_TRY(const TensorId column,
            binary_operation(tracer, TensorBinary::Add, line, integer(std::max<int64_t>(offset, 0))));
  const TensorId parts[] = {row, column};
  LATHE_TRY(const TensorId places, concat_operation(tracer, parts, 1));
  LATHE_TRY(const ValueId data, tracer.value(front));
  LATHE_TRY(const ValueId index, tracer.value(places));
  LATHE_TRY(const ValueId taken, tracer.builder().one("gather_nd", {data, index}));
  std::vector<int64_t> back;
  for (int64_t axis = 1; axis + 1 < static_cast<int64_t>(dims.size()); ++axis) back.push_back(axis);
  back.push_back(0);
  return permute_operation(tracer, tracer.add(taken), back);
}

/// The diagonal as a view, which can't be written through.
Result<TensorId> diagonal_view(Tracer& tracer, TensorId x, int64_t offset, int64_t first, int64_t second) {
  LATHE_TRY(const TensorId line, diagonal_of(tracer, x, offset, first, second));
  LATHE_TRY(const ValueId value, tracer.value(line));
  return tracer.add_view(
      x, value, std::vector<Dim>(tracer.dims(line).size(), Dim::invalid()),
      [=](Tracer& t, ValueId base) -> Result<ValueId> {
        LATHE_TRY(const TensorId again, diagonal_of(t, t.add(base), offset, first, second));
        return t.value(again);
      },
      [](Tracer& t, ValueId, ValueId) -> Result<ValueId> {
        t.evaluator().unsupported(t.here(), "changing a tensor through its diagonal");
        return Failure{};
      });
}

Result<Value> diagonal(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t offset, call.known_integer("offset"));
  LATHE_TRY(const int64_t first, call.known_integer("dim1"));
  LATHE_TRY(const int64_t second, call.known_integer("dim2"));
  return as_value(diagonal_view(tracer_of(call.evaluator), x, offset, first, second));
}

/// The last axis as the diagonal of two new last axes.
Result<TensorId> embedded(Tracer& tracer, TensorId x, int64_t offset) {
  const Shape dims = tracer.dims(x);
  const Dim size = dims.back() + Dim(offset < 0 ? -offset : offset);
  TensorId wide = x;
  if (offset != 0) {
    Shape pad_dims = dims;
    pad_dims.back() = offset < 0 ? -offset : offset;
    LATHE_TRY(const TensorId zeros, full_operation(tracer, pad_dims, integer(0), tracer.element(x)));
    // Columns are counted from the offset above the diagonal, from 0 below it.
    const TensorId above[] = {zeros, x};
    const TensorId below[] = {x, zeros};
    LATHE_TRY(wide, offset > 0 ? concat_operation(tracer, above, -1) : concat_operation(tracer, below, -1));
  }
  LATHE_TRY(const TensorId row, unsqueeze_operation(tracer, wide, -2));
  LATHE_TRY(const TensorId mask, by_diagonal(tracer, size, size, offset, TensorCompare::Equal));
  LATHE_TRY(const ValueId test, tracer.value(mask));
  LATHE_TRY(const ValueId value, tracer.value(row));
  LATHE_TRY(const ValueId zero, tracer.operand_as(false, tracer.element(x), tracer.here()));
  LATHE_TRY(const ValueId result, tracer.builder().one("where", {test, value, zero}));
  return tracer.add(result);
}

Result<Value> diag(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t offset, call.known_integer("diagonal"));
  if (tracer.rank(x) == 1) return as_value(embedded(tracer, x, offset));
  if (tracer.rank(x) == 2) return as_value(diagonal_view(tracer, x, offset, 0, 1));
  return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                      fmt::format("`diag` takes a vector or a matrix, not {}", tracer.shape_text(x)))
      .emit();
}

Result<Value> diag_embed(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t offset, call.known_integer("offset"));
  if (tracer.rank(x) == 0) return as_value(reshape_operation(tracer, x, {Dim(1), Dim(1)}));
  return as_value(embedded(tracer, x, offset));
}

Result<Value> trace(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId line, diagonal_of(tracer, x, 0, 0, 1));
  return as_value(reduce_operation(tracer, "reduce_sum", line, {}, false));
}

/// Every vector spread over the axes of all.
Result<Value> meshgrid(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  const auto* given = call.evaluator.heap().as<TupleObject>(call.argument("tensors"));
  LATHE_CHECK(given != nullptr);
  std::vector<Value> items = given->items;
  if (items.size() == 1 && !std::holds_alternative<TensorId>(items[0])) {
    LATHE_TRY(items, call.evaluator.iterate(items[0], call.where));
  }
  bool columns_first = false;
  if (!call.is_none("indexing")) {
    LATHE_TRY(const std::string indexing, call.string("indexing"));
    if (indexing != "ij" && indexing != "xy") {
      return call.error(DiagnosticKind::BadArgument, "RuntimeError", "`indexing` is 'ij' or 'xy', not '{}'", indexing)
          .emit();
    }
    columns_first = indexing == "xy" && items.size() >= 2;
  }
  std::vector<TensorId> vectors;
  Shape dims;
  for (const Value& item : items) {
    LATHE_TRY(const TensorId vector, expect_tensor(call.evaluator, item, function_name(call), call.where));
    if (tracer.rank(vector) > 1) {
      return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                          fmt::format("`meshgrid` takes vectors, not {}", tracer.shape_text(vector)))
          .emit();
    }
    vectors.push_back(vector);
    dims.push_back(tracer.type(vector).element_count());
  }
  if (columns_first) std::swap(dims[0], dims[1]);
  std::vector<TensorId> grids;
  for (size_t i = 0; i < vectors.size(); ++i) {
    const size_t axis = columns_first && i < 2 ? 1 - i : i;
    Shape line(dims.size(), Dim(1));
    line[axis] = dims[axis];
    LATHE_TRY(const TensorId shaped, reshape_operation(tracer, vectors[i], std::move(line)));
    LATHE_TRY(const TensorId grid, expand_operation(tracer, shaped, dims));
    grids.push_back(grid);
  }
  return tensor_tuple(call.evaluator, grids);
}

template <TensorCompare comparison>
Result<Value> triangle_places(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const int64_t rows, call.known_integer("row"));
  LATHE_TRY(const int64_t columns, call.known_integer("col"));
  LATHE_TRY(const int64_t offset, call.known_integer("offset"));
  if (rows < 0 || columns < 0) {
    return call
        .error(DiagnosticKind::NegativeDimension, "RuntimeError", "a matrix can't have the shape ({}, {})", rows,
               columns)
        .emit();
  }
  constexpr int64_t kMost = int64_t{1} << 30;
  const int64_t work = std::min(rows, kMost) * std::clamp<int64_t>(columns, 1, kMost);
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(work), call.where));
  std::vector<int64_t> places[2];
  for (int64_t row = 0; row < rows; ++row) {
    for (int64_t column = 0; column < columns; ++column) {
      const bool inside = comparison == TensorCompare::LessEqual ? column <= row + offset : column >= row + offset;
      if (!inside) continue;
      places[0].push_back(row);
      places[1].push_back(column);
    }
  }
  std::vector<int64_t> all = places[0];
  all.insert(all.end(), places[1].begin(), places[1].end());
  const Dim count(static_cast<int64_t>(places[0].size()));
  LATHE_TRY(const ValueId value,
            tracer.builder().constant(constant_from_integers({ElementType::I64, {Dim(2), count}}, all)));
  return Value(tracer.add(value));
}

constexpr std::string_view kPlaces = "row, col, offset=0, *, dtype=None, device=None, layout=None";

constexpr TensorFunction kTable[] = {
    changing<triangle<TensorCompare::LessEqual>>("tril", "input, diagonal=0, *, out=None"),
    changing<triangle<TensorCompare::GreaterEqual>>("triu", "input, diagonal=0, *, out=None"),
    only_function<triangle_places<TensorCompare::LessEqual>>("tril_indices", kPlaces),
    only_function<triangle_places<TensorCompare::GreaterEqual>>("triu_indices", kPlaces),
    only_function<eye>("eye", "n, m=None, *, out=None, dtype=None, layout=None, device=None, requires_grad=False"),
    both<diagonal>("diagonal", "input, offset=0, dim1=0, dim2=1"),
    both<diag>("diag", "input, diagonal=0, *, out=None"),
    both<diag_embed>("diag_embed", "input, offset=0"),
    both<trace>("trace", "input"),
    only_function<meshgrid>("meshgrid", "*tensors, indexing=None"),
};

}  // namespace

std::span<const TensorFunction> triangle_table() { return kTable; }

}  // namespace lathe::torch
