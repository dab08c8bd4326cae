// Cutting tensors apart and putting them together: Slice, Split, Concat, Pad.
#include <fmt/format.h>

#include <optional>

#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

/// Turns a bound that may count from the end into a position in [lowest, highest]; nothing when the sign or the order
/// is not known.
std::optional<Dim> position(const SymbolTable& symbols, const Dim& bound, const Dim& size, const Dim& lowest,
                            const Dim& highest) {
  Dim at = bound;
  if (symbols.known_lt(bound, 0)) {
    // Far below zero stays there, and the sum could leave 64 bits.
    if (symbols.known_le(bound, -SymbolTable::kDefaultUpper) && symbols.known_le(size, SymbolTable::kDefaultUpper)) {
      return lowest;
    }
    at = bound + size;
  } else if (!symbols.known_le(0, bound)) {
    return std::nullopt;
  }
  if (!at.valid()) return std::nullopt;
  return symbols.simplify(maximum(lowest, minimum(at, highest)));
}

/// What Slice takes of each axis of its operand.
struct SliceBounds {
  Shape starts;
  Shape limits;
  Integers steps;
};

SliceBounds whole(const Shape& dims) { return {Shape(dims.size(), Dim(0)), dims, Integers(dims.size(), 1)}; }

/// Sets the bounds of one axis as numpy understands start:end:step.
Status set_axis(NodeContext& context, SliceBounds& bounds, size_t axis, const Dim& start, const Dim& end,
                int64_t step) {
  if (step == 0) return context.error(DiagnosticKind::BadAttribute, "the step on axis {} is 0", axis).emit();
  const SymbolTable& symbols = context.symbols();
  const Dim& size = context.dims(0)[axis];
  const bool forward = step > 0;
  const std::optional<Dim> first =
      position(symbols, start, size, forward ? Dim(0) : Dim(-1), forward ? size : size - 1);
  const std::optional<Dim> limit = position(symbols, end, size, forward ? Dim(0) : Dim(-1), forward ? size : size - 1);
  if (!first || !limit) {
    return context.unsupported("bounds `{}` and `{}` on axis {}, whose signs are not known", start.text(), end.text(),
                               axis);
  }
  bounds.starts[axis] = *first;
  bounds.limits[axis] = symbols.simplify(forward ? maximum(*first, *limit) : minimum(*first, *limit));
  bounds.steps[axis] = step;
  // An axis that is not there at all, taken backwards, has no first element.
  if (!forward && bounds.starts[axis].is_constant(-1)) {
    bounds.starts[axis] = 0;
    bounds.limits[axis] = 0;
    bounds.steps[axis] = 1;
  }
  return {};
}

Outputs build_slice(NodeContext& context, const Shape& starts, const Shape& ends, const std::optional<Integers>& axes,
                    const std::optional<Integers>& steps) {
  const Shape dims = context.dims(0);
  const size_t count = starts.size();
  const bool fits = ends.size() == count && (!axes || axes->size() == count) && (!steps || steps->size() == count);
  if (!fits || count > dims.size()) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`Slice` of `{}` is given {} starts, {} ends{}{}",
               text(context.tensor(0)), count, ends.size(), axes ? fmt::format(", {} axes", axes->size()) : "",
               steps ? fmt::format(", {} steps", steps->size()) : "")
        .emit();
  }
  SliceBounds bounds = whole(dims);
  std::vector<bool> seen(dims.size(), false);
  for (size_t index = 0; index < count; ++index) {
    LATHE_TRY(const size_t axis, context.axis(axes ? (*axes)[index] : static_cast<int64_t>(index), context.rank(0)));
    if (seen[axis]) return context.error(DiagnosticKind::BadAttribute, "`Slice` names axis {} twice", axis).emit();
    seen[axis] = true;
    LATHE_TRY_VOID(set_axis(context, bounds, axis, starts[index], ends[index], steps ? (*steps)[index] : 1));
  }
  return single(context.builder().slice(context.input(0), std::move(bounds.starts), std::move(bounds.limits),
                                        std::move(bounds.steps)));
}

Shape dims_of(const std::vector<int64_t>& values) { return {values.begin(), values.end()}; }

Outputs import_slice_attributes(NodeContext& context) {
  const std::vector<int64_t>* starts = context.integers("starts");
  const std::vector<int64_t>* ends = context.integers("ends");
  const std::vector<int64_t>* axes = context.integers("axes");
  if (starts == nullptr || ends == nullptr) {
    return context.error(DiagnosticKind::MissingAttribute, "`Slice` needs the attributes `starts` and `ends`").emit();
  }
  return build_slice(context, dims_of(*starts), dims_of(*ends), axes == nullptr ? std::nullopt : std::optional(*axes),
                     std::nullopt);
}

Outputs import_slice(NodeContext& context) {
  LATHE_TRY(const Shape starts, context.known_dims(1, "starts"));
  LATHE_TRY(const Shape ends, context.known_dims(2, "ends"));
  std::optional<Integers> axes;
  std::optional<Integers> steps;
  if (context.has_input(3)) {
    LATHE_TRY(axes, context.known_integers(3, "axes"));
  }
  if (context.has_input(4)) {
    LATHE_TRY(steps, context.known_integers(4, "steps"));
  }
  return build_slice(context, starts, ends, axes, steps);
}

/// Pieces of the given sizes along an axis.
Outputs build_split(NodeContext& context, size_t axis, const Shape& sizes) {
  const Shape dims = context.dims(0);
  Dim sum = 0;
  for (const Dim& size : sizes) {
    if (size.is_constant() && size.constant() < 0) {
      return context.error(DiagnosticKind::NegativeDimension, "`Split` is given the size {}", size.text()).emit();
    }
    sum += size;
  }
  if (sizes.size() != context.node().outputs.size()) {
    return context
        .error(DiagnosticKind::SplitMismatch, "`Split` is given {} sizes for {} outputs", sizes.size(),
               context.node().outputs.size())
        .emit();
  }
  if (context.symbols().prove_eq(sum, dims[axis]) == Answer::No) {
    return context
        .error(DiagnosticKind::SplitMismatch, "the sizes of `Split` add up to {}, axis {} of {} has {}: `{}`",
               sum.python_text(), axis, context.input_text(0), dims[axis].python_text(), text(context.tensor(0)))
        .explain(context.module().origins, dims[axis])
        .emit();
  }
  std::vector<ValueId> outputs;
  Dim offset = 0;
  for (const Dim& size : sizes) {
    SliceBounds bounds = whole(dims);
    bounds.starts[axis] = offset;
    offset += size;
    bounds.limits[axis] = offset;
    LATHE_TRY(const ValueId piece, context.builder().slice(context.input(0), std::move(bounds.starts),
                                                           std::move(bounds.limits), std::move(bounds.steps)));
    outputs.push_back(piece);
  }
  return outputs;
}

/// As many pieces as outputs, equally long; from opset 18 on the last one may be shorter.
Outputs split_equally(NodeContext& context, size_t axis, int64_t count) {
  const Dim& size = context.dims(0)[axis];
  if (count < 1) return context.bad_attribute("num_outputs", "is {}, it must be at least 1", count);
  if (const std::optional<Dim> each = exact_divide(size, count)) {
    return build_split(context, axis, Shape(static_cast<size_t>(count), *each));
  }
  if (context.opset() < 18 || !size.is_constant()) {
    return context
        .error(DiagnosticKind::SplitMismatch, "axis {} of {} can't be split into {} equal parts: `{}`", axis,
               context.input_text(0), count, text(context.tensor(0)))
        .emit();
  }
  const int64_t total = size.constant();
  const int64_t each = (total + count - 1) / count;
  Shape sizes(static_cast<size_t>(count), Dim(each));
  sizes.back() = Dim(total - each * (count - 1));
  return build_split(context, axis, sizes);
}

Outputs import_split(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 0), context.rank(0)));
  const auto count = static_cast<int64_t>(context.node().outputs.size());
  if (context.has_input(1)) {
    if (context.has("num_outputs")) return context.bad_attribute("num_outputs", "is given beside the operand `split`");
    LATHE_TRY(const Shape sizes, context.known_dims(1, "sizes"));
    return build_split(context, axis, sizes);
  }
  if (const std::vector<int64_t>* sizes = context.integers("split")) {
    return build_split(context, axis, dims_of(*sizes));
  }
  const int64_t parts = context.integer("num_outputs", count);
  if (parts != count) return context.bad_attribute("num_outputs", "is {}, the node has {} outputs", parts, count);
  return split_equally(context, axis, parts);
}

Outputs concat(NodeContext& context, int64_t along) {
  LATHE_TRY(const size_t axis, context.axis(along, context.rank(0)));
  for (size_t index = 1; index < context.input_count(); ++index) {
    if (context.has_input(index)) continue;
    return context.error(DiagnosticKind::MissingOperand, "operand {} of `Concat` is absent", index).emit();
  }
  return context.one("concat", context.inputs(), {{"axis", static_cast<int64_t>(axis)}});
}

/// Up to opset 3 the axis is 1 by default.
Outputs import_old_concat(NodeContext& context) { return concat(context, context.integer("axis", 1)); }

Outputs import_concat(NodeContext& context) {
  if (!context.has("axis")) {
    return context.error(DiagnosticKind::MissingAttribute, "`Concat` needs the attribute `axis`").emit();
  }
  return concat(context, context.integer("axis", 0));
}

/// Pads as ONNX lists them, begins of all given axes and then ends.
Outputs build_pad(NodeContext& context, const Shape& pads, const std::vector<size_t>& axes, double value) {
  const std::string_view mode = context.string("mode", "constant");
  if (mode != "constant" && mode != "reflect" && mode != "edge" && mode != "wrap") {
    return context.bad_attribute("mode", "is `{}`, expected constant, reflect, edge or wrap", mode);
  }
  if (pads.size() != 2 * axes.size()) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`Pad` needs {} pads for `{}`, {} are given", 2 * axes.size(),
               text(context.tensor(0)), pads.size())
        .emit();
  }
  Shape low(context.dims(0).size(), Dim(0));
  Shape high = low;
  for (size_t index = 0; index < axes.size(); ++index) {
    low[axes[index]] = pads[index];
    high[axes[index]] = pads[axes.size() + index];
  }
  return context.one(
      "pad", {context.input(0)},
      {{"low", std::move(low)}, {"high", std::move(high)}, {"mode", std::string(mode)}, {"value", value}});
}

std::vector<size_t> all_axes(int rank) {
  std::vector<size_t> axes;
  for (int axis = 0; axis < rank; ++axis) axes.push_back(static_cast<size_t>(axis));
  return axes;
}

/// Opset 1 has another name for the attribute.
Outputs import_pad_attributes(NodeContext& context) {
  const std::string_view name = context.opset() < 2 ? "paddings" : "pads";
  const std::vector<int64_t>* pads = context.integers(name);
  if (pads == nullptr) {
    return context.error(DiagnosticKind::MissingAttribute, "`Pad` needs the attribute `{}`", name).emit();
  }
  return build_pad(context, dims_of(*pads), all_axes(context.rank(0)), context.number("value", 0));
}

/// The one number of a scalar operand, of any numeric type.
Result<double> known_number(NodeContext& context, size_t index, std::string_view what) {
  if (is_float(context.element(index))) {
    LATHE_TRY(const Floats values, context.known_floats(index, what));
    return values.empty() ? 0.0 : values.front();
  }
  LATHE_TRY(const Integers values, context.known_integers(index, what));
  return values.empty() ? 0.0 : static_cast<double>(values.front());
}

Outputs import_pad(NodeContext& context) {
  LATHE_TRY(const Shape pads, context.known_dims(1, "pads"));
  std::vector<size_t> axes = all_axes(context.rank(0));
  if (context.has_input(3)) {
    LATHE_TRY(const Integers given, context.known_integers(3, "axes"));
    axes.clear();
    for (const int64_t value : given) {
      LATHE_TRY(const size_t axis, context.axis(value, context.rank(0)));
      axes.push_back(axis);
    }
  }
  double value = 0;
  const bool has_value = context.has_input(2) && context.string("mode", "constant") == "constant";
  if (has_value && context.element(2) == ElementType::String) return context.unsupported("padding with strings");
  if (has_value) {
    LATHE_TRY(value, known_number(context, 2, "padding value"));
  }
  return build_pad(context, pads, axes, value);
}

constexpr OperatorRow::Strings kStrings = OperatorRow::Strings::Allowed;

constexpr OperatorRow kSlicing[] = {
    {.name = "Concat",
     .until = 3,
     .handler = import_old_concat,
     .max_inputs = kVariadic,
     .attributes = "axis:i",
     .strings = kStrings},
    {.name = "Concat",
     .since = 4,
     .handler = import_concat,
     .max_inputs = kVariadic,
     .attributes = "axis:i",
     .strings = kStrings},
    {.name = "Slice",
     .until = 9,
     .handler = import_slice_attributes,
     .attributes = "axes:is ends:is starts:is",
     .strings = kStrings},
    {.name = "Slice", .since = 10, .handler = import_slice, .min_inputs = 3, .max_inputs = 5, .strings = kStrings},
    // Its sizes are an attribute or an operand.
    {.name = "Split",
     .until = 1,
     .handler = import_split,
     .max_inputs = 2,
     .attributes = "axis:i split:is",
     .strings = kStrings},
    {.name = "Split",
     .since = 2,
     .until = 12,
     .handler = import_split,
     .attributes = "axis:i split:is",
     .strings = kStrings},
    {.name = "Split",
     .since = 13,
     .handler = import_split,
     .max_inputs = 2,
     .attributes = "axis:i num_outputs:i",
     .strings = kStrings},
};

constexpr OperatorRow kPadding[] = {
    {.name = "Pad", .until = 1, .handler = import_pad_attributes, .attributes = "mode:s paddings:is value:f"},
    {.name = "Pad", .since = 2, .until = 10, .handler = import_pad_attributes, .attributes = "mode:s pads:is value:f"},
    {.name = "Pad", .since = 11, .handler = import_pad, .min_inputs = 2, .max_inputs = 4, .attributes = "mode:s"},
};

}  // namespace

std::span<const OperatorRow> slicing_operators() { return kSlicing; }
std::span<const OperatorRow> padding_operators() { return kPadding; }

}  // namespace lathe::onnx
