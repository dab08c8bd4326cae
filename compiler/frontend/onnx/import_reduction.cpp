// Reductions over axes, and positions of extremes.
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Integers all_axes(int rank) {
  Integers axes;
  for (int axis = 0; axis < rank; ++axis) axes.push_back(axis);
  return axes;
}

/// True for the reductions of one element that are the element.
bool keeps_single_elements(std::string_view target) {
  return target == "reduce_sum" || target == "reduce_mean" || target == "reduce_max" || target == "reduce_min" ||
         target == "reduce_prod";
}

Outputs reduce(NodeContext& context, std::optional<Integers> given) {
  const std::string_view target = context.row().target;
  if (is_integer(context.element(0)) && !op_named(target).operands[0].elements.contains(context.element(0))) {
    return context.unsupported("integer operands");
  }
  const bool empty = !given || given->empty();
  if (empty && context.flag("noop_with_empty_axes", false)) {
    if (keeps_single_elements(target)) return single(context.input(0));
    return context.unsupported("`noop_with_empty_axes` without axes");
  }
  Integers axes = all_axes(context.rank(0));
  if (!empty) {
    LATHE_TRY(const std::vector<size_t> normal, context.axes(*given, context.rank(0)));
    axes.assign(normal.begin(), normal.end());
  }
  return context.one(target, {context.input(0)},
                     {{"axes", std::move(axes)}, {"keep_dims", context.flag("keepdims", true)}});
}

Outputs import_reduce_attribute(NodeContext& context) {
  const std::vector<int64_t>* axes = context.integers("axes");
  return reduce(context, axes == nullptr ? std::nullopt : std::optional(*axes));
}

Outputs import_reduce_operand(NodeContext& context) {
  if (!context.has_input(1)) return reduce(context, std::nullopt);
  LATHE_TRY(Integers axes, context.known_integers(1, "axes"));
  return reduce(context, std::move(axes));
}

Outputs import_arg(NodeContext& context) {
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 0), context.rank(0)));
  return context.one(context.row().target, {context.input(0)},
                     {{"axis", static_cast<int64_t>(axis)},
                      {"keep_dims", context.flag("keepdims", true)},
                      {"select_last", context.flag("select_last_index", false)}});
}

constexpr std::string_view kOldAttributes = "axes:is keepdims:i";
constexpr std::string_view kNewAttributes = "keepdims:i noop_with_empty_axes:i";
constexpr std::string_view kArgAttributes = "axis:i keepdims:i select_last_index:i";

constexpr OperatorRow old_row(std::string_view name, std::string_view target, int64_t until = 17) {
  return {
      .name = name, .until = until, .handler = import_reduce_attribute, .attributes = kOldAttributes, .target = target};
}
constexpr OperatorRow new_row(std::string_view name, std::string_view target, int64_t since = 18) {
  return {.name = name,
          .since = since,
          .handler = import_reduce_operand,
          .max_inputs = 2,
          .attributes = kNewAttributes,
          .target = target};
}

constexpr OperatorRow kReductions[] = {
    {.name = "ArgMax", .handler = import_arg, .attributes = kArgAttributes, .target = "arg_max"},
    {.name = "ArgMin", .handler = import_arg, .attributes = kArgAttributes, .target = "arg_min"},
    old_row("ReduceL1", "reduce_l1"),
    new_row("ReduceL1", "reduce_l1"),
    old_row("ReduceL2", "reduce_l2"),
    new_row("ReduceL2", "reduce_l2"),
    old_row("ReduceLogSum", "reduce_log_sum"),
    new_row("ReduceLogSum", "reduce_log_sum"),
    old_row("ReduceLogSumExp", "reduce_log_sum_exp"),
    new_row("ReduceLogSumExp", "reduce_log_sum_exp"),
    old_row("ReduceMax", "reduce_max"),
    new_row("ReduceMax", "reduce_max"),
    old_row("ReduceMean", "reduce_mean"),
    new_row("ReduceMean", "reduce_mean"),
    old_row("ReduceMin", "reduce_min"),
    new_row("ReduceMin", "reduce_min"),
    old_row("ReduceProd", "reduce_prod"),
    new_row("ReduceProd", "reduce_prod"),
    old_row("ReduceSum", "reduce_sum", 12),
    new_row("ReduceSum", "reduce_sum", 13),
    old_row("ReduceSumSquare", "reduce_sum_square"),
    new_row("ReduceSumSquare", "reduce_sum_square"),
};

}  // namespace

std::span<const OperatorRow> reduction_operators() { return kReductions; }

}  // namespace lathe::onnx
