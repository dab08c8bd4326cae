// Slices of one axis, read and written.
#include "compiler/frontend/torch/tensor/slice_view.h"

namespace lathe::torch {
namespace {

/// `base` from `start` to `stop` on the axis.
Result<ValueId> part_of(GraphBuilder& builder, ValueId base, size_t axis, const Dim& start, const Dim& stop) {
  const Shape& dims = builder.dims(base);
  Shape starts(dims.size(), Dim(0));
  Shape limits = dims;
  starts[axis] = start;
  limits[axis] = stop;
  return builder.slice(base, std::move(starts), std::move(limits), Integers(dims.size(), 1));
}

/// With a step: where a position of the axis belongs to the slice, its element is taken from the view.
Result<ValueId> write_steps(GraphBuilder& builder, ValueId base, ValueId view, const SliceOfAxis& slice) {
  const Dim size = builder.dims(base)[slice.axis];
  LATHE_TRY(const ValueId line, builder.one("iota", {}, {{"dims", Shape{size}}, {"axis", int64_t{0}}}));
  // The index before the first element is no multiple of the step that the view has: all is counted from `start`.
  const auto start = slice.start.as_constant();
  const auto stop = slice.stop.as_constant();
  if (!start || !stop) {
    return builder.diagnostics()
        .report(DiagnosticKind::Unsupported, builder.location(),
                "an assignment to a slice with a step and bounds that are only known when the model runs")
        .emit();
  }
  LATHE_TRY(const ValueId first, builder.scalar_integer(ElementType::I64, *start));
  LATHE_TRY(const ValueId end, builder.scalar_integer(ElementType::I64, *stop));
  LATHE_TRY(const ValueId step, builder.scalar_integer(ElementType::I64, slice.step));
  LATHE_TRY(const ValueId zero, builder.scalar_integer(ElementType::I64, 0));
  LATHE_TRY(const ValueId offset, builder.one("sub", {line, first}));
  LATHE_TRY(const ValueId rest, builder.one("mod", {offset, step}));
  LATHE_TRY(const ValueId hit, builder.one("equal", {rest, zero}));
  LATHE_TRY(const ValueId behind, builder.one("greater_equal", {offset, zero}));
  LATHE_TRY(const ValueId before, builder.one("less", {line, end}));
  LATHE_TRY(const ValueId inside, builder.one("logical_and", {behind, before}));
  LATHE_TRY(const ValueId taken, builder.one("logical_and", {hit, inside}));
  LATHE_TRY(const ValueId quotient, builder.one("div", {offset, step}));
  LATHE_TRY(const ValueId index, builder.one("where", {taken, quotient, zero}));
  LATHE_TRY(const ValueId spread, builder.one("gather", {view, index}, {{"axis", static_cast<int64_t>(slice.axis)}}));
  Shape mask(builder.dims(base).size(), Dim(1));
  mask[slice.axis] = size;
  LATHE_TRY(const ValueId condition, builder.reshape(taken, std::move(mask)));
  return builder.one("where", {condition, spread, base});
}

}  // namespace

Result<ValueId> read_slice(Tracer& tracer, ValueId base, const SliceOfAxis& slice) {
  GraphBuilder& builder = tracer.builder();
  const Shape& dims = builder.dims(base);
  if (slice.step == 1 && slice.start.is_constant(0) && slice.stop == dims[slice.axis]) return base;
  Shape starts(dims.size(), Dim(0));
  Shape limits = dims;
  Integers steps(dims.size(), 1);
  starts[slice.axis] = slice.start;
  limits[slice.axis] = slice.stop;
  steps[slice.axis] = slice.step;
  return builder.slice(base, std::move(starts), std::move(limits), std::move(steps));
}

Result<ValueId> read_selection(Tracer& tracer, ValueId base, const SliceOfAxis& slice) {
  LATHE_TRY(const ValueId thick, read_slice(tracer, base, slice));
  return tracer.builder().squeeze(thick, {slice.axis});
}

Result<ValueId> write_slice(Tracer& tracer, ValueId base, ValueId view, const SliceOfAxis& slice) {
  GraphBuilder& builder = tracer.builder();
  const Dim size = builder.dims(base)[slice.axis];
  if (builder.dims(view)[slice.axis].is_constant(0)) return base;
  if (slice.step != 1) return write_steps(builder, base, view, slice);
  std::vector<ValueId> parts;
  if (!slice.start.is_constant(0)) {
    LATHE_TRY(const ValueId before, part_of(builder, base, slice.axis, 0, slice.start));
    parts.push_back(before);
  }
  parts.push_back(view);
  if (!(slice.stop == size)) {
    LATHE_TRY(const ValueId behind, part_of(builder, base, slice.axis, slice.stop, size));
    parts.push_back(behind);
  }
  if (parts.size() == 1) return view;
  return builder.one("concat", std::move(parts), {{"axis", static_cast<int64_t>(slice.axis)}});
}

}  // namespace lathe::torch
