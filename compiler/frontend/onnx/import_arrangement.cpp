// Cutting to a size around the centre, and turning sequences around.
#include <algorithm>
#include <numeric>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Outputs import_center_crop_pad(NodeContext& context) {
  LATHE_TRY(const Shape wanted, context.known_dims(1, "shape"));
  Integers axes(context.dims(0).size());
  std::iota(axes.begin(), axes.end(), 0);
  if (const std::vector<int64_t>* given = context.integers("axes")) axes = *given;
  if (axes.size() != wanted.size()) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`CenterCropPad` is given {} sizes for {} axes", wanted.size(),
               axes.size())
        .emit();
  }
  Shape starts(context.dims(0).size(), Dim(0));
  Shape limits = context.dims(0);
  Shape low = starts;
  Shape high = starts;
  for (size_t index = 0; index < axes.size(); ++index) {
    LATHE_TRY(const size_t axis, context.axis(axes[index], context.rank(0)));
    const Dim size = context.dims(0)[axis];
    const Dim& target = wanted[index];
    if (context.symbols().known_le(target, size)) {
      starts[axis] = floordiv(size - target, 2);
      limits[axis] = starts[axis] + target;
    } else if (context.symbols().known_le(size, target)) {
      low[axis] = floordiv(target - size, 2);
      high[axis] = target - size - low[axis];
    } else {
      return context.unsupported("axis {} of size `{}`, which may be above or below `{}`", axis, size.text(),
                                 target.text());
    }
  }
  GraphBuilder& builder = context.builder();
  const Integers steps(starts.size(), 1);
  LATHE_TRY(const ValueId cut, builder.slice(context.input(0), std::move(starts), std::move(limits), steps));
  return context.one("pad", {cut}, {{"low", std::move(low)}, {"high", std::move(high)}});
}

/// The first `length` entries of every sequence in reverse order, the others as they are.
Outputs import_reverse_sequence(NodeContext& context) {
  LATHE_TRY(const size_t time, context.axis(context.integer("time_axis", 0), context.rank(0)));
  LATHE_TRY(const size_t batch, context.axis(context.integer("batch_axis", 1), context.rank(0)));
  LATHE_TRY_VOID(context.require_rank(1, 1));
  const Shape dims = context.dims(0);
  Shape along_time(dims.size(), Dim(1));
  along_time[time] = dims[time];
  Shape along_batch(dims.size(), Dim(1));
  along_batch[batch] = dims[batch];
  Formula f(context);
  const ValueId position = f.iota(along_time, time);
  const ValueId length = f.reshape(f.cast(context.input(1), ElementType::I64), along_batch);
  const ValueId reversed = f.sub(f.sub(length, f.integer(1)), position);
  const ValueId inside = f.op("less", {position, length});
  const ValueId indices = f.expand(f.where(inside, reversed, position), dims);
  return f.result({f.op("gather_elements", {context.input(0), indices}, {{"axis", static_cast<int64_t>(time)}})});
}

constexpr OperatorRow kArrangements[] = {
    {.name = "CenterCropPad",
     .since = 18,
     .handler = import_center_crop_pad,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "axes:is"},
    {.name = "ReverseSequence",
     .since = 10,
     .handler = import_reverse_sequence,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "batch_axis:i time_axis:i"},
};

}  // namespace

std::span<const OperatorRow> arrangement_operators() { return kArrangements; }

}  // namespace lathe::onnx
