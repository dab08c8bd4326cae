// Control flow: If, Loop and Scan, whose bodies become regions.
//
// A condition that is known before the model runs picks its branch at once. Scan becomes a loop that gathers its
// slices.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/onnx/loop.h"
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

/// The graph of a required attribute.
Result<GraphIndex> body_of(NodeContext& context, std::string_view name) {
  const Attribute* attribute = context.attribute(name);
  if (attribute != nullptr) return attribute->graphs.front();
  return context.error(DiagnosticKind::MissingAttribute, "`{}` needs the attribute `{}`", context.node().op_type, name)
      .emit();
}

Result<RegionId> build_branch(NodeContext& context, GraphIndex graph) {
  const RegionId region = context.builder().graph().add_region();
  const InRegion inside(context, region);
  LATHE_TRY(std::vector<ValueId> values, context.import_subgraph(graph, {}));
  LATHE_TRY_VOID(context.builder().output(std::move(values)));
  return region;
}

/// ONNX lets branches give values of different ranks; a value of the graph IR has one rank.
Status require_equal_ranks(NodeContext& context, RegionId then_region, RegionId else_region) {
  const lathe::Graph& graph = context.builder().graph();
  const std::span<const ValueId> first = graph.outputs(then_region);
  const std::span<const ValueId> second = graph.outputs(else_region);
  for (size_t index = 0; index < std::min(first.size(), second.size()); ++index) {
    if (graph.tensor(first[index]).rank() == graph.tensor(second[index]).rank()) continue;
    return context.unsupported("result {} is `{}` in one branch and `{}` in the other", index,
                               text(graph.tensor(first[index])), text(graph.tensor(second[index])));
  }
  return {};
}

Outputs import_if(NodeContext& context) {
  LATHE_TRY(const GraphIndex then_branch, body_of(context, "then_branch"));
  LATHE_TRY(const GraphIndex else_branch, body_of(context, "else_branch"));
  if (context.is_known(0)) {
    LATHE_TRY(const Integers condition, context.known_integers(0, "condition"));
    if (condition.size() == 1) return context.import_subgraph(condition.front() != 0 ? then_branch : else_branch, {});
  }
  LATHE_TRY(const RegionId then_region, build_branch(context, then_branch));
  LATHE_TRY(const RegionId else_region, build_branch(context, else_branch));
  LATHE_TRY_VOID(require_equal_ranks(context, then_region, else_region));
  return context.builder().add(op_named("if"), {context.input(0)}, {}, {then_region, else_region});
}

Outputs import_loop(NodeContext& context) {
  LATHE_TRY(const GraphIndex graph, body_of(context, "body"));
  LoopOperands operands{context.input(0), context.input(1), {}};
  for (size_t index = 2; index < context.input_count(); ++index) operands.first.push_back(context.input(index));
  return build_loop(context, std::move(operands), [&](const Round& round) {
    std::vector<ValueId> arguments{round.number, round.condition};
    arguments.insert(arguments.end(), round.carried.begin(), round.carried.end());
    return context.import_subgraph(graph, arguments);
  });
}

/// A list attribute of Scan with one entry for each of `count` values.
Result<Integers> scan_list(NodeContext& context, std::string_view name, size_t count) {
  const std::vector<int64_t>* given = context.integers(name);
  if (given == nullptr) return Integers(count, 0);
  if (given->size() == count) return *given;
  return context.bad_attribute(name, "has {} entries, expected {}", given->size(), count);
}

/// What Scan says about the tensors it goes through.
struct ScanPlan {
  size_t states = 0;
  std::vector<size_t> axes;
  Integers backwards;
  Dim length;
};

Result<ScanPlan> plan_scan(NodeContext& context) {
  const int64_t given = context.integer("num_scan_inputs", 0);
  const auto count = static_cast<size_t>(std::max<int64_t>(given, 0));
  if (given < 1 || count > context.input_count()) {
    return context.bad_attribute("num_scan_inputs", "is {}, the node has {} operands", given, context.input_count());
  }
  ScanPlan plan;
  plan.states = context.input_count() - count;
  LATHE_TRY(const Integers axes, scan_list(context, "scan_input_axes", count));
  LATHE_TRY(plan.backwards, scan_list(context, "scan_input_directions", count));
  for (size_t index = 0; index < count; ++index) {
    LATHE_TRY(const size_t axis, context.axis(axes[index], context.rank(plan.states + index)));
    plan.axes.push_back(axis);
  }
  plan.length = context.dims(plan.states)[plan.axes.front()];
  return plan;
}

/// The slices of one round, and what the body makes of them.
Result<std::vector<ValueId>> scan_round(NodeContext& context, const ScanPlan& plan, const Round& round,
                                        GraphIndex graph) {
  GraphBuilder& builder = context.builder();
  std::vector<ValueId> arguments = round.carried;
  for (size_t index = 0; index < plan.axes.size(); ++index) {
    const ValueId scanned = context.input(plan.states + index);
    ValueId position = round.number;
    if (plan.backwards[index] != 0) {
      // Counted from the end: -1 - round.
      LATHE_TRY(const ValueId last, builder.scalar_integer(ElementType::I64, -1));
      LATHE_TRY(position, builder.one("sub", {last, round.number}));
    }
    LATHE_TRY(const ValueId slice,
              builder.one("gather", {scanned, position}, {{"axis", static_cast<int64_t>(plan.axes[index])}}));
    arguments.push_back(slice);
  }
  LATHE_TRY(std::vector<ValueId> values, context.import_subgraph(graph, arguments));
  values.insert(values.begin(), round.condition);
  return values;
}

/// A stacked result with its rounds moved to another axis, or in the opposite order.
Result<ValueId> place_stack(NodeContext& context, ValueId stack, int64_t axis_given, bool backwards) {
  GraphBuilder& builder = context.builder();
  const Shape dims = builder.dims(stack);
  if (backwards) {
    Shape starts(dims.size(), Dim(0));
    Shape limits = dims;
    Integers steps(dims.size(), 1);
    starts[0] = dims[0] - 1;
    limits[0] = -1;
    steps[0] = -1;
    LATHE_TRY(stack, builder.slice(stack, std::move(starts), std::move(limits), std::move(steps)));
  }
  LATHE_TRY(const size_t axis, context.axis(axis_given, static_cast<int>(dims.size())));
  if (axis == 0) return stack;
  Integers permutation;
  for (size_t at = 1; at < dims.size(); ++at) permutation.push_back(static_cast<int64_t>(at));
  permutation.insert(permutation.begin() + static_cast<ptrdiff_t>(axis), 0);
  return builder.transpose(stack, std::move(permutation));
}

Outputs import_scan(NodeContext& context) {
  LATHE_TRY(const GraphIndex graph, body_of(context, "body"));
  LATHE_TRY(const ScanPlan plan, plan_scan(context));
  GraphBuilder& builder = context.builder();
  if (!plan.length.is_constant()) return context.unsupported("a number of rounds that is not known");
  LATHE_TRY(const ValueId trips, builder.scalar_integer(ElementType::I64, plan.length.constant()));
  LoopOperands operands{trips, ValueId(), {}};
  for (size_t index = 0; index < plan.states; ++index) operands.first.push_back(context.input(index));
  LATHE_TRY(std::vector<ValueId> outputs, build_loop(context, std::move(operands), [&](const Round& round) {
              return scan_round(context, plan, round, graph);
            }));
  const size_t stacks = outputs.size() - plan.states;
  LATHE_TRY(const Integers axes, scan_list(context, "scan_output_axes", stacks));
  LATHE_TRY(const Integers backwards, scan_list(context, "scan_output_directions", stacks));
  for (size_t index = 0; index < stacks; ++index) {
    ValueId& output = outputs[plan.states + index];
    LATHE_TRY(output, place_stack(context, output, axes[index], backwards[index] != 0));
  }
  return outputs;
}

constexpr OperatorRow::Strings kStrings = OperatorRow::Strings::Allowed;

constexpr OperatorRow kControl[] = {
    {.name = "If", .handler = import_if, .attributes = "then_branch:g else_branch:g", .strings = kStrings},
    {.name = "Loop",
     .handler = import_loop,
     .min_inputs = 0,
     .max_inputs = kVariadic,
     .attributes = "body:g",
     .strings = kStrings},
    {.name = "Scan",
     .since = 9,
     .handler = import_scan,
     .max_inputs = kVariadic,
     .attributes = "body:g num_scan_inputs:i scan_input_axes:is scan_input_directions:is scan_output_axes:is "
                   "scan_output_directions:is",
     .strings = kStrings},
};

}  // namespace

std::span<const OperatorRow> control_operators() { return kControl; }

}  // namespace lathe::onnx
