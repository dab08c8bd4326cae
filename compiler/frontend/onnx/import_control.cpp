// Control flow: If, Loop and Scan, whose bodies become regions.
//
// A condition that is known before the model runs picks its branch at once. The body of a loop is built for the types
// of the first values of what it carries; where a round changes a size, that size becomes a symbol and the body is
// built again. Scan becomes a loop that gathers its slices.
#include <fmt/format.h>

#include <algorithm>

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

/// Builds inside of a region while it lives, then where the builder was.
class InRegion {
 public:
  InRegion(NodeContext& context, RegionId region) : context_(context), outer_(context.builder().region()) {
    context.builder().set_region(region);
  }
  InRegion(const InRegion&) = delete;
  InRegion& operator=(const InRegion&) = delete;
  ~InRegion() { context_.builder().set_region(outer_); }

 private:
  NodeContext& context_;
  RegionId outer_;
};

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

/// Makes sizes that a round changes into symbols, in the types of a body's arguments. True when something was changed.
Result<bool> generalize(NodeContext& context, std::span<const ValueId> arguments, std::span<const ValueId> returned) {
  lathe::Graph& graph = context.builder().graph();
  bool changed = false;
  for (size_t index = 0; index < arguments.size(); ++index) {
    TensorType before = graph.tensor(arguments[index]);
    const TensorType& after = graph.tensor(returned[index]);
    if (before.element != after.element || before.dims.size() != after.dims.size()) {
      return context
          .error(DiagnosticKind::ShapeMismatch, "`{}` carries value {} as `{}` into a round and as `{}` out of it",
                 context.node().op_type, index, text(before), text(after))
          .emit();
    }
    for (size_t axis = 0; axis < before.dims.size(); ++axis) {
      if (before.dims[axis] == after.dims[axis]) continue;
      const std::string* symbol = before.dims[axis].as_symbol();
      const bool carried = symbol != nullptr && symbol->starts_with("carried");
      if (carried) continue;
      const std::string name = context.module().symbols.fresh_name("carried");
      context.module().symbols.declare(name, 0);
      before.dims[axis] = Dim::symbol(name);
      changed = true;
    }
    graph.set_type(arguments[index], Type(std::move(before)));
  }
  return changed;
}

void erase_nodes(lathe::Graph& graph, RegionId region) {
  const std::vector<NodeId> nodes = graph.nodes_in(region);
  for (size_t index = nodes.size(); index-- > 0;) graph.erase_node(nodes[index]);
}

/// A loop on its way to a node: the region's arguments are the number of the round, the condition, and what is carried.
struct LoopBody {
  RegionId region;
  ValueId round;
  ValueId condition;
  std::vector<ValueId> carried;
};

LoopBody make_body(NodeContext& context, std::span<const ValueId> first_values) {
  lathe::Graph& graph = context.builder().graph();
  const LocationId where = context.builder().location();
  LoopBody body;
  body.region = graph.add_region();
  body.round = graph.add_argument(body.region, Type(TensorType{ElementType::I64, {}}), "round", where);
  body.condition = graph.add_argument(body.region, Type(TensorType{ElementType::Boolean, {}}), "continue", where);
  for (const ValueId value : first_values) {
    body.carried.push_back(graph.add_argument(body.region, graph.value(value).type, "carried", where));
  }
  return body;
}

/// Fills a body with what `import` builds in it: all values that a round gives, the carried ones first (after `skip`
/// others), until their types no longer change.
template <class Import>
Result<std::vector<ValueId>> settle(NodeContext& context, const LoopBody& body, size_t skip, Import import) {
  const InRegion inside(context, body.region);
  while (true) {
    LATHE_TRY(std::vector<ValueId> values, import());
    if (values.size() < skip + body.carried.size()) {
      return context
          .error(DiagnosticKind::OperandCount, "the body of `{}` gives {} values, it carries {}",
                 context.node().op_type, values.size(), body.carried.size())
          .emit();
    }
    const std::span<const ValueId> returned = std::span(values).subspan(skip, body.carried.size());
    LATHE_TRY(const bool changed, generalize(context, body.carried, returned));
    if (!changed) return values;
    erase_nodes(context.builder().graph(), body.region);
  }
}

Outputs import_loop(NodeContext& context) {
  LATHE_TRY(const GraphIndex graph, body_of(context, "body"));
  GraphBuilder& builder = context.builder();
  std::vector<ValueId> operands{context.input(0), context.input(1)};
  for (size_t index = 2; index < context.input_count(); ++index) operands.push_back(context.input(index));
  const LoopBody body = make_body(context, std::span(operands).subspan(2));
  std::vector<ValueId> arguments{body.round, body.condition};
  arguments.insert(arguments.end(), body.carried.begin(), body.carried.end());
  LATHE_TRY(std::vector<ValueId> values,
            settle(context, body, 1, [&] { return context.import_subgraph(graph, arguments); }));
  {
    const InRegion inside(context, body.region);
    LATHE_TRY_VOID(builder.output(std::move(values)));
  }
  return builder.add(op_named("loop"), std::move(operands), {}, {body.region});
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
Result<std::vector<ValueId>> build_round(NodeContext& context, const ScanPlan& plan, const LoopBody& body,
                                         GraphIndex graph) {
  GraphBuilder& builder = context.builder();
  std::vector<ValueId> arguments = body.carried;
  for (size_t index = 0; index < plan.axes.size(); ++index) {
    const ValueId scanned = context.input(plan.states + index);
    ValueId position = body.round;
    if (plan.backwards[index] != 0) {
      // Counted from the end: -1 - round.
      LATHE_TRY(const ValueId last, builder.scalar_integer(ElementType::I64, -1));
      LATHE_TRY(position, builder.one("sub", {last, body.round}));
    }
    LATHE_TRY(const ValueId slice,
              builder.one("gather", {scanned, position}, {{"axis", static_cast<int64_t>(plan.axes[index])}}));
    arguments.push_back(slice);
  }
  return context.import_subgraph(graph, arguments);
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
  std::vector<ValueId> operands{trips, ValueId()};
  for (size_t index = 0; index < plan.states; ++index) operands.push_back(context.input(index));
  const LoopBody body = make_body(context, std::span(operands).subspan(2));
  LATHE_TRY(std::vector<ValueId> values,
            settle(context, body, 0, [&] { return build_round(context, plan, body, graph); }));
  {
    const InRegion inside(context, body.region);
    values.insert(values.begin(), body.condition);
    LATHE_TRY_VOID(builder.output(std::move(values)));
  }
  LATHE_TRY(std::vector<ValueId> outputs, builder.add(op_named("loop"), std::move(operands), {}, {body.region}));
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
