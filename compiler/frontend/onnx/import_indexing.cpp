// Reading and writing at positions that other tensors hold, and searching.
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Outputs import_along_axis(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 0), context.rank(0)));
  return context.one(context.row().target, context.inputs(), {{"axis", static_cast<int64_t>(axis)}});
}

Outputs import_gather_nd(NodeContext& context) {
  return context.one("gather_nd", context.inputs(), {{"batch_dims", context.integer("batch_dims", 0)}});
}

Result<std::string> reduction_of(NodeContext& context) {
  const std::string_view reduction = context.string("reduction", "none");
  for (const std::string_view known : {"none", "add", "mul", "min", "max"}) {
    if (reduction == known) return std::string(reduction);
  }
  return context.bad_attribute("reduction", "is `{}`, expected none, add, mul, min or max", reduction);
}

Outputs import_scatter_elements(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 0), context.rank(0)));
  LATHE_TRY(std::string reduction, reduction_of(context));
  return context.one("scatter_elements", context.inputs(),
                     {{"axis", static_cast<int64_t>(axis)}, {"reduction", std::move(reduction)}});
}

Outputs import_scatter_nd(NodeContext& context) {
  LATHE_TRY(std::string reduction, reduction_of(context));
  return context.one("scatter_nd", context.inputs(), {{"reduction", std::move(reduction)}});
}

Outputs build_topk(NodeContext& context, Dim k) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -1), context.rank(0)));
  return context.builder().add("topk", {context.input(0)},
                               {{"k", std::move(k)},
                                {"axis", static_cast<int64_t>(axis)},
                                {"largest", context.flag("largest", true)},
                                {"sorted", context.flag("sorted", true)}});
}

Outputs import_topk_attribute(NodeContext& context) { return build_topk(context, Dim(context.integer("k", 0))); }

Outputs import_topk(NodeContext& context) {
  LATHE_TRY(const Shape k, context.known_dims(1, "k"));
  if (k.size() != 1) LATHE_TRY_VOID(context.require_rank(1, 0));
  return build_topk(context, k.front());
}

/// CumSum and CumProd.
Outputs import_running(NodeContext& context) {
  LATHE_TRY(const Integers given, context.known_integers(1, "axis"));
  if (given.size() != 1) LATHE_TRY_VOID(context.require_rank(1, 0));
  LATHE_TRY(const size_t axis, context.axis(given.front(), context.rank(0)));
  return context.one(context.row().target, {context.input(0)},
                     {{"axis", static_cast<int64_t>(axis)},
                      {"exclusive", context.flag("exclusive", false)},
                      {"reverse", context.flag("reverse", false)}});
}

Outputs import_nonzero(NodeContext& context) { return context.one("nonzero", context.inputs()); }

Outputs import_non_max_suppression(NodeContext& context) {
  return context.one("non_max_suppression", context.inputs(),
                     {{"center_point_box", context.flag("center_point_box", false)}});
}

/// The slices of the first operand at which a condition, known before the model runs, is true.
Outputs import_compress(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank(1, 1));
  LATHE_TRY(const Integers condition, context.known_integers(1, "condition"));
  Integers positions;
  for (size_t index = 0; index < condition.size(); ++index) {
    if (condition[index] != 0) positions.push_back(static_cast<int64_t>(index));
  }
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId indices, builder.integers(positions));
  ValueId data = context.input(0);
  size_t axis = 0;
  if (context.has("axis")) {
    LATHE_TRY(axis, context.axis(context.integer("axis", 0), context.rank(0)));
  } else {
    LATHE_TRY(data, builder.reshape(data, {context.tensor(0).element_count()}));
  }
  return context.one("gather", {data, indices}, {{"axis", static_cast<int64_t>(axis)}});
}

/// The depth of OneHot, which may be of any type of number.
Result<Shape> one_hot_depth(NodeContext& context) {
  if (!is_float(context.element(1))) return context.known_dims(1, "depth");
  LATHE_TRY(const Floats depth, context.known_floats(1, "depth"));
  Shape dims;
  for (const double value : depth) {
    const bool fits = value >= 0 && value < static_cast<double>(SymbolTable::kDefaultUpper);
    dims.emplace_back(fits ? static_cast<int64_t>(value) : -1);
  }
  return dims;
}

/// values[1] where the index on a new axis is the element of `indices`, else values[0].
Outputs import_one_hot(NodeContext& context) {
  LATHE_TRY(const Shape depth, one_hot_depth(context));
  if (depth.size() != 1) LATHE_TRY_VOID(context.require_rank(1, 0));
  const int rank = context.rank(0);
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", -1), rank + 1));
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId integers, builder.cast(context.input(0), ElementType::I64));
  LATHE_TRY(const ValueId zero, builder.scalar_integer(ElementType::I64, 0));
  LATHE_TRY(const ValueId negative, builder.one("less", {integers, zero}));
  Shape line(static_cast<size_t>(rank) + 1, Dim(1));
  line[axis] = depth.front();
  LATHE_TRY(
      const ValueId positions,
      builder.one("iota", {}, {{"dims", line}, {"axis", static_cast<int64_t>(axis)}, {"element", ElementType::I64}}));
  LATHE_TRY(const ValueId depth_value, builder.cast(context.input(1), ElementType::I64));
  LATHE_TRY(const ValueId depth_scalar, builder.reshape(depth_value, {}));
  LATHE_TRY(const ValueId from_end, builder.one("add", {integers, depth_scalar}));
  LATHE_TRY(const ValueId wrapped, builder.one("where", {negative, from_end, integers}));
  LATHE_TRY(const ValueId column, builder.unsqueeze(wrapped, {axis}));
  LATHE_TRY(const ValueId hit, builder.one("equal", {column, positions}));
  LATHE_TRY_VOID(context.require_rank(2, 1));
  std::vector<ValueId> choices;
  for (int64_t index = 0; index < 2; ++index) {
    LATHE_TRY(const ValueId slice, builder.slice(context.input(2), {Dim(index)}, {Dim(index + 1)}, {1}));
    LATHE_TRY(const ValueId scalar, builder.reshape(slice, {}));
    choices.push_back(scalar);
  }
  return context.one("where", {hit, choices[1], choices[0]});
}

constexpr OperatorRow::Strings kStrings = OperatorRow::Strings::Allowed;

constexpr OperatorRow kIndexing[] = {
    {.name = "Compress",
     .since = 9,
     .handler = import_compress,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "axis:i",
     .strings = kStrings},
    {.name = "CumProd",
     .since = 26,
     .handler = import_running,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "exclusive:i reverse:i",
     .target = "cumprod"},
    {.name = "CumSum",
     .since = 11,
     .handler = import_running,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "exclusive:i reverse:i",
     .target = "cumsum"},
    {.name = "Gather",
     .handler = import_along_axis,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "axis:i",
     .target = "gather",
     .strings = kStrings},
    {.name = "GatherElements",
     .since = 11,
     .handler = import_along_axis,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "axis:i",
     .target = "gather_elements",
     .strings = kStrings},
    {.name = "GatherND",
     .since = 11,
     .handler = import_gather_nd,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "batch_dims:i",
     .strings = kStrings},
    {.name = "NonMaxSuppression",
     .since = 10,
     .handler = import_non_max_suppression,
     .min_inputs = 2,
     .max_inputs = 5,
     .attributes = "center_point_box:i"},
    {.name = "NonZero", .since = 9, .handler = import_nonzero},
    {.name = "OneHot", .since = 9, .handler = import_one_hot, .min_inputs = 3, .max_inputs = 3, .attributes = "axis:i"},
    {.name = "Scatter",
     .since = 9,
     .until = 10,
     .handler = import_scatter_elements,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "axis:i"},
    {.name = "ScatterElements",
     .since = 11,
     .handler = import_scatter_elements,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "axis:i reduction:s"},
    {.name = "ScatterND",
     .since = 11,
     .handler = import_scatter_nd,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "reduction:s"},
    {.name = "TopK", .until = 9, .handler = import_topk_attribute, .attributes = "axis:i k:i"},
    {.name = "TopK",
     .since = 10,
     .handler = import_topk,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "axis:i largest:i sorted:i"},
};

}  // namespace

std::span<const OperatorRow> indexing_operators() { return kIndexing; }

}  // namespace lathe::onnx
