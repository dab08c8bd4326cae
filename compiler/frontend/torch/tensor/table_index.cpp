// Reading and writing at places: gather, scatter, index_select, narrow, select, roll, flip, unfold ...
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// An index tensor as i64.
Result<ValueId> index_value(NativeCall& call, std::string_view parameter) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId index, tensor_argument(call, parameter));
  if (is_float(tracer.element(index))) {
    return call
        .error_at(call.place(parameter), DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                  fmt::format("`{}` of {} must hold integers, it is of type {}", parameter, function_name(call),
                              dtype_text(tracer.element(index))))
        .emit();
  }
  return tracer.operand_as(index, ElementType::I64, call.where);
}

Result<Value> gather(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(const ValueId index, index_value(call, "index"));
  const Shape dims = tracer.builder().dims(index);
  if (dims.size() != tracer.dims(x).size()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("gather needs an index with as many axes as the tensor: {} and {}",
                                    Tracer::shape_text(dims), tracer.shape_text(x)))
        .emit();
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result,
            tracer.builder().one("gather_elements", {value, index}, {{"axis", static_cast<int64_t>(at)}}));
  return Value(tracer.add(result));
}

Result<Value> take_along(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  LATHE_TRY(ValueId index, index_value(call, "indices"));
  size_t at = 0;
  if (call.is_none("dim")) {
    LATHE_TRY(x, reshape_operation(tracer, x, {Dim(-1)}));
    LATHE_TRY(index, tracer.builder().reshape(index, {tracer.builder().tensor(index).element_count()}));
  } else {
    LATHE_TRY(const int64_t axis, axis_argument(call));
    LATHE_TRY(at, normal_axis(tracer, axis, x));
    // The other axes broadcast.
    Shape left = tracer.dims(x);
    Shape right = tracer.builder().dims(index);
    if (left.size() == right.size() && at < left.size()) {
      const Dim size = left[at];
      const Dim count = right[at];
      left[at] = 1;
      right[at] = 1;
      LATHE_TRY(Shape common, broadcast_shapes(tracer, left, right, "take along an axis"));
      Shape wide = common;
      wide[at] = size;
      common[at] = count;
      LATHE_TRY(x, expand_operation(tracer, x, std::move(wide)));
      LATHE_TRY(index, tracer.builder().expand(index, std::move(common)));
    }
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result,
            tracer.builder().one("gather_elements", {value, index}, {{"axis", static_cast<int64_t>(at)}}));
  return Value(tracer.add(result));
}

/// The updates of a scatter cut to the index's shape, or a number spread over it.
Result<ValueId> scatter_updates(NativeCall& call, const Value& source, const Shape& dims, ElementType element) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const ValueId given, tracer.operand_as(source, element, call.where));
  const Shape have = tracer.builder().dims(given);
  if (have.empty()) return tracer.builder().expand(given, dims);
  if (have.size() != dims.size()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("scatter needs an index with as many axes as its source: {} and {}",
                                    Tracer::shape_text(dims), Tracer::shape_text(have)))
        .emit();
  }
  if (have == dims) return given;
  return tracer.builder().slice(given, Shape(dims.size(), Dim(0)), dims, Integers(dims.size(), 1));
}

Result<Value> scatter_with(NativeCall& call, const Value& source, const std::string& reduction) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(const ValueId index, index_value(call, "index"));
  const Shape dims = tracer.builder().dims(index);
  if (dims.size() != tracer.dims(x).size()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("scatter needs an index with as many axes as the tensor: {} and {}",
                                    Tracer::shape_text(dims), tracer.shape_text(x)))
        .emit();
  }
  LATHE_TRY(const ValueId updates, scatter_updates(call, source, dims, tracer.element(x)));
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result, tracer.builder().one("scatter_elements", {value, index, updates},
                                                       {{"axis", static_cast<int64_t>(at)}, {"reduction", reduction}}));
  return Value(tracer.add(result));
}

Result<Value> scatter(NativeCall& call) {
  std::string reduction = "none";
  if (!call.is_none("reduce")) {
    LATHE_TRY(const std::string given, call.string("reduce"));
    if (given != "add" && given != "multiply") {
      return call.error(DiagnosticKind::BadArgument, "RuntimeError", "`reduce` is 'add' or 'multiply', not '{}'", given)
          .emit();
    }
    reduction = given == "add" ? "add" : "mul";
  }
  const Value source = call.is_none("src") ? call.argument("value") : call.argument("src");
  return scatter_with(call, source, reduction);
}

Result<Value> scatter_add(NativeCall& call) { return scatter_with(call, call.argument("src"), "add"); }

Result<Value> scatter_reduce(NativeCall& call) {
  LATHE_TRY(const std::string given, call.string("reduce"));
  LATHE_TRY(const bool include_self, call.truth("include_self"));
  std::string reduction;
  for (const auto& [name, row] : {std::pair{"sum", "add"}, {"prod", "mul"}, {"amax", "max"}, {"amin", "min"}}) {
    if (given == name) reduction = row;
  }
  if (reduction.empty() || !include_self) {
    return call.evaluator.unsupported(call.where, "`scatter_reduce` with 'mean' or without the tensor itself");
  }
  return scatter_with(call, call.argument("src"), reduction);
}

Result<Value> index_select(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(ValueId index, index_value(call, "index"));
  if (tracer.builder().dims(index).size() != 1) {
    LATHE_TRY(index, tracer.builder().reshape(index, {tracer.builder().tensor(index).element_count()}));
  }
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result, tracer.builder().one("gather", {value, index}, {{"axis", static_cast<int64_t>(at)}}));
  return Value(tracer.add(result));
}

/// index_fill, index_copy, index_add: the slices that `index` names get other elements.
Result<Value> index_write(NativeCall& call, const Value& source, const std::string& reduction) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(const ValueId index, index_value(call, "index"));
  Shape dims = tracer.dims(x);
  const Dim count = tracer.builder().tensor(index).element_count();
  Shape column(dims.size(), Dim(1));
  column[at] = count;
  dims[at] = count;
  LATHE_TRY(const ValueId thin, tracer.builder().reshape(index, std::move(column)));
  LATHE_TRY(const ValueId wide, tracer.builder().expand(thin, dims));
  LATHE_TRY(const ValueId updates, scatter_updates(call, source, dims, tracer.element(x)));
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId result, tracer.builder().one("scatter_elements", {value, wide, updates},
                                                       {{"axis", static_cast<int64_t>(at)}, {"reduction", reduction}}));
  return Value(tracer.add(result));
}

Result<Value> index_fill(NativeCall& call) { return index_write(call, call.argument("value"), "none"); }
Result<Value> index_copy(NativeCall& call) { return index_write(call, call.argument("source"), "none"); }
Result<Value> index_add(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  Value source = call.argument("source");
  LATHE_TRY(source, as_value(binary_operation(tracer, TensorBinary::Multiply, source, call.argument("alpha"))));
  return index_write(call, source, "add");
}

Result<Value> narrow(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(Dim start, integer_of(call, call.argument("start"), "`start`"));
  LATHE_TRY(const Dim length, integer_of(call, call.argument("length"), "`length`"));
  const SymbolTable& symbols = tracer.module().symbols;
  const Dim size = tracer.rank(x) == 0 ? Dim(1) : tracer.dims(x)[at];
  if (symbols.known_lt(start, 0)) start += size;
  if (tracer.rank(x) == 0 || symbols.prove_le(0, start) == Answer::No ||
      symbols.prove_le(start + length, size) == Answer::No) {
    return tensor_error(
               tracer, DiagnosticKind::IndexOutOfRange, "RuntimeError",
               fmt::format("narrow to {} elements from {} of axis {} of {}, which has {}", length.python_text(),
                           start.python_text(), at, tracer.shape_text(x), size.python_text()))
        .emit();
  }
  return as_value(slice_operation(tracer, x, at, start, start + length));
}

Result<Value> select(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call));
  LATHE_TRY(const Dim index, integer_of(call, call.argument("index"), "`index`"));
  return as_value(select_operation(tracer, x, axis, index));
}

/// Backwards along the axes, as slices with step -1.
Result<Value> flip_axes(NativeCall& call, const std::vector<int64_t>& axes) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const ValueId value, tracer.value(x));
  const Shape dims = tracer.dims(x);
  Shape starts(dims.size(), Dim(0));
  Shape limits = dims;
  Integers steps(dims.size(), 1);
  for (const int64_t axis : axes) {
    LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
    if (dims.empty() || dims[at].is_constant(0)) continue;
    starts[at] = dims[at] - 1;
    limits[at] = -1;
    steps[at] = -1;
  }
  LATHE_TRY(const ValueId result,
            tracer.builder().slice(value, std::move(starts), std::move(limits), std::move(steps)));
  return Value(tracer.add(result));
}

Result<Value> flip(NativeCall& call) {
  LATHE_TRY(const std::vector<int64_t> axes, star_axes(call, "dims"));
  return flip_axes(call, axes);
}
Result<Value> flip_columns(NativeCall& call) { return flip_axes(call, {1}); }
Result<Value> flip_rows(NativeCall& call) { return flip_axes(call, {0}); }

/// The last `shift` elements of the axis come first.
Result<TensorId> rolled(Tracer& tracer, TensorId x, const Dim& shift, int64_t axis) {
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  if (tracer.rank(x) == 0 || tracer.dims(x)[at].is_constant(0)) return x;
  const Dim size = tracer.dims(x)[at];
  const Dim moved = tracer.module().symbols.simplify(modulo(shift, size));
  if (moved.is_constant(0)) return x;
  LATHE_TRY(const TensorId tail, slice_operation(tracer, x, at, size - moved, size));
  LATHE_TRY(const TensorId head, slice_operation(tracer, x, at, 0, size - moved));
  const TensorId parts[] = {tail, head};
  return concat_operation(tracer, parts, static_cast<int64_t>(at));
}

Result<Value> roll(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  std::vector<Value> shifts{call.argument("shifts")};
  if (std::holds_alternative<ObjectId>(shifts[0])) {
    LATHE_TRY(shifts, call.items("shifts"));
  }
  LATHE_TRY(const auto axes, axes_argument(call, "dims"));
  const Shape dims = tracer.dims(x);
  if (!axes) {
    LATHE_TRY(const Dim shift, integer_of(call, shifts[0], "`shifts`"));
    LATHE_TRY(x, reshape_operation(tracer, x, {Dim(-1)}));
    LATHE_TRY(x, rolled(tracer, x, shift, 0));
    return as_value(reshape_operation(tracer, x, dims));
  }
  if (axes->size() != shifts.size()) {
    return call
        .error(DiagnosticKind::BadArgument, "RuntimeError", "`roll` has {} shifts for {} axes", shifts.size(),
               axes->size())
        .emit();
  }
  for (size_t i = 0; i < shifts.size(); ++i) {
    LATHE_TRY(const Dim shift, integer_of(call, shifts[i], "`shifts`"));
    LATHE_TRY(x, rolled(tracer, x, shift, (*axes)[i]));
  }
  return as_value(clone_operation(tracer, x));
}

/// Windows of `size` elements every `step` ones of an axis, as a new last axis.
Result<Value> unfold(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const int64_t axis, axis_argument(call, "dimension"));
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, x));
  LATHE_TRY(const int64_t size, call.known_integer("size"));
  LATHE_TRY(const int64_t step, call.known_integer("step"));
  const auto total = tracer.rank(x) == 0 ? std::optional<int64_t>() : tracer.dims(x)[at].as_constant();
  if (!total) return call.evaluator.unsupported(call.where, "`unfold` of an axis of unknown size");
  if (size < 0 || step < 1 || size > *total) {
    return tensor_error(
               tracer, DiagnosticKind::WindowTooLarge, "RuntimeError",
               fmt::format("unfold axis {} of {} into windows of {} every {}", at, tracer.shape_text(x), size, step))
        .emit();
  }
  const int64_t windows = (*total - size) / step + 1;
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(windows), call.where));
  LATHE_TRY(const TensorId starts, iota_operation(tracer, {Dim(windows), Dim(1)}, 0, ElementType::I64));
  LATHE_TRY(const TensorId places, binary_operation(tracer, TensorBinary::Multiply, starts, integer(step)));
  LATHE_TRY(const TensorId offsets, iota_operation(tracer, {Dim(1), Dim(size)}, 1, ElementType::I64));
  LATHE_TRY(const TensorId index, binary_operation(tracer, TensorBinary::Add, places, offsets));
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId index_value, tracer.value(index));
  LATHE_TRY(const ValueId taken,
            tracer.builder().one("gather", {value, index_value}, {{"axis", static_cast<int64_t>(at)}}));
  std::vector<int64_t> order;
  for (int64_t i = 0; i <= tracer.rank(x); ++i) {
    if (i != static_cast<int64_t>(at) + 1) order.push_back(i);
  }
  order.push_back(static_cast<int64_t>(at) + 1);
  return as_value(permute_operation(tracer, tracer.add(taken), order));
}

constexpr TensorFunction kTable[] = {
    both<gather>("gather", "input, dim, index, *, sparse_grad=False, out=None"),
    both<take_along>("take_along_dim", "input, indices, dim=None, *, out=None"),
    changing<scatter>("scatter", "input, dim, index, src=None, *, value=None, reduce=None"),
    changing<scatter_add>("scatter_add", "input, dim, index, src"),
    changing<scatter_reduce>("scatter_reduce", "input, dim, index, src, reduce, *, include_self=True"),
    both<index_select>("index_select", "input, dim, index, *, out=None"),
    changing<index_fill>("index_fill", "input, dim, index, value"),
    changing<index_copy>("index_copy", "input, dim, index, source"),
    changing<index_add>("index_add", "input, dim, index, source, *, alpha=1"),
    both<narrow>("narrow", "input, dim, start, length"),
    both<select>("select", "input, dim, index"),
    both<flip>("flip", "input, *dims"),
    both<flip_columns>("fliplr", "input"),
    both<flip_rows>("flipud", "input"),
    both<roll>("roll", "input, shifts, dims=None"),
    only_method<unfold>("unfold", "input, dimension, size, step"),
};

}  // namespace

std::span<const TensorFunction> index_table() { return kTable; }

}  // namespace lathe::torch
