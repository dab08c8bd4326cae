// Writes loops out, or builds their bodies.
#include "compiler/frontend/onnx/loop.h"

#include <optional>
#include <span>
#include <utility>

namespace lathe::onnx {
namespace {

/// Most nodes that a loop is written out to: enough for short recurrences, few enough to compile quickly.
constexpr size_t kMostNodes = 2048;

/// The element of an integer or bool scalar, where it is known before the model runs.
std::optional<int64_t> known_number(NodeContext& context, ValueId value) {
  const std::optional<Shape>& known = context.builder().graph().value(value).known;
  if (!known || known->size() != 1 || !known->front().valid()) return std::nullopt;
  return known->front().as_constant();
}

/// What a loop carries may change its sizes, nothing else.
Status require_same_kind(NodeContext& context, size_t index, const TensorType& before, const TensorType& after) {
  if (before.element == after.element && before.dims.size() == after.dims.size()) return {};
  return context
      .error(DiagnosticKind::ShapeMismatch, "`{}` carries value {} as `{}` into a round and as `{}` out of it",
             context.node().op_type, index, text(before), text(after))
      .emit();
}

/// The values of a round, which are at least the condition and what is carried.
Result<std::vector<ValueId>> values_of(NodeContext& context, const Round& round, const BuildRound& build_round) {
  LATHE_TRY(std::vector<ValueId> values, build_round(round));
  if (values.size() > round.carried.size()) return values;
  return context
      .error(DiagnosticKind::OperandCount, "the body of `{}` gives {} values, it carries {}", context.node().op_type,
             values.size(), round.carried.size())
      .emit();
}

/// Removes the nodes of a region from position `first` on.
void erase_nodes(lathe::Graph& graph, RegionId region, size_t first) {
  const std::vector<NodeId> nodes = graph.nodes_in(region);
  for (size_t index = nodes.size(); index-- > first;) graph.erase_node(nodes[index]);
}

/// Stacks what each round gave.
Result<ValueId> stack(NodeContext& context, const std::vector<ValueId>& slices) {
  std::vector<ValueId> rows;
  for (const ValueId slice : slices) {
    LATHE_TRY(const ValueId row, context.builder().unsqueeze(slice, {0}));
    rows.push_back(row);
  }
  return context.builder().one("concat", std::move(rows), {{"axis", int64_t{0}}});
}

/// A loop that is being written out.
class Unrolling {
 public:
  Unrolling(NodeContext& context, const LoopOperands& operands, const BuildRound& build_round)
      : context_(context),
        graph_(context.builder().graph()),
        build_round_(build_round),
        first_node_(graph_.nodes_in(context.builder().region()).size()) {
    round_.carried = operands.first;
  }

  /// The outputs, or nothing, and no nodes, when it can't be written out.
  Result<std::optional<std::vector<ValueId>>> run(int64_t trips) {
    GraphBuilder& builder = context_.builder();
    LATHE_TRY(round_.condition, builder.constant(splat_integer_constant({ElementType::Boolean, {}}, 1)));
    bool goes_on = true;
    for (int64_t trip = 0; goes_on && trip < trips; ++trip) {
      LATHE_TRY(round_.number, builder.scalar_integer(ElementType::I64, trip));
      LATHE_TRY(const std::vector<ValueId> values, values_of(context_, round_, build_round_));
      LATHE_TRY_VOID(take(values));
      const std::optional<int64_t> condition = known_number(context_, values.front());
      const size_t nodes = graph_.nodes_in(builder.region()).size() - first_node_;
      const bool too_many = nodes * static_cast<size_t>(trips) > kMostNodes * static_cast<size_t>(trip + 1);
      if (!condition || too_many) return give_up();
      goes_on = *condition != 0;
    }
    std::vector<ValueId> outputs = round_.carried;
    for (const std::vector<ValueId>& slices : stacks_) {
      LATHE_TRY(const ValueId stacked, stack(context_, slices));
      outputs.push_back(stacked);
    }
    return std::optional(std::move(outputs));
  }

 private:
  Status take(std::span<const ValueId> values) {
    for (size_t index = 0; index < round_.carried.size(); ++index) {
      const ValueId next = values[1 + index];
      LATHE_TRY_VOID(require_same_kind(context_, index, graph_.tensor(round_.carried[index]), graph_.tensor(next)));
      round_.carried[index] = next;
    }
    const std::span<const ValueId> stacked = values.subspan(1 + round_.carried.size());
    stacks_.resize(stacked.size());
    for (size_t index = 0; index < stacked.size(); ++index) stacks_[index].push_back(stacked[index]);
    return {};
  }

  std::optional<std::vector<ValueId>> give_up() {
    erase_nodes(graph_, context_.builder().region(), first_node_);
    return std::nullopt;
  }

  NodeContext& context_;
  lathe::Graph& graph_;
  const BuildRound& build_round_;
  size_t first_node_;
  Round round_;
  std::vector<std::vector<ValueId>> stacks_;
};

Result<std::optional<std::vector<ValueId>>> write_out(NodeContext& context, const LoopOperands& operands,
                                                      const BuildRound& build_round) {
  using Nothing = std::optional<std::vector<ValueId>>;
  const std::optional<int64_t> trips = operands.trips.valid() ? known_number(context, operands.trips) : std::nullopt;
  const bool begins = !operands.condition.valid() || known_number(context, operands.condition) == 1;
  // Without a round there is nothing that tells the types of the stacks.
  if (!trips || !begins || *trips < 1 || static_cast<size_t>(*trips) > kMostNodes) return Nothing();
  return Unrolling(context, operands, build_round).run(*trips);
}

/// Makes sizes that a round changes into symbols, in the types of a body's arguments. True when something was changed.
Result<bool> generalize(NodeContext& context, std::span<const ValueId> arguments, std::span<const ValueId> returned) {
  lathe::Graph& graph = context.builder().graph();
  bool changed = false;
  for (size_t index = 0; index < arguments.size(); ++index) {
    TensorType before = graph.tensor(arguments[index]);
    const TensorType& after = graph.tensor(returned[index]);
    LATHE_TRY_VOID(require_same_kind(context, index, before, after));
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

/// A loop on its way to a node: what a round starts with are the arguments of the region.
struct LoopBody {
  RegionId region;
  Round round;
};

LoopBody make_body(NodeContext& context, std::span<const ValueId> first_values) {
  lathe::Graph& graph = context.builder().graph();
  const LocationId where = context.builder().location();
  LoopBody body;
  body.region = graph.add_region();
  body.round.number = graph.add_argument(body.region, Type(TensorType{ElementType::I64, {}}), "round", where);
  body.round.condition = graph.add_argument(body.region, Type(TensorType{ElementType::Boolean, {}}), "continue", where);
  for (const ValueId value : first_values) {
    body.round.carried.push_back(graph.add_argument(body.region, graph.value(value).type, "carried", where));
  }
  return body;
}

/// Fills a body with what `build_round` makes of its arguments, until their types no longer change.
Result<std::vector<ValueId>> settle(NodeContext& context, const LoopBody& body, const BuildRound& build_round) {
  const InRegion inside(context, body.region);
  while (true) {
    LATHE_TRY(std::vector<ValueId> values, values_of(context, body.round, build_round));
    const std::span<const ValueId> returned = std::span(values).subspan(1, body.round.carried.size());
    LATHE_TRY(const bool changed, generalize(context, body.round.carried, returned));
    if (!changed) return values;
    erase_nodes(context.builder().graph(), body.region, 0);
  }
}

}  // namespace

Outputs build_loop(NodeContext& context, LoopOperands operands, const BuildRound& build_round) {
  LATHE_TRY(std::optional<std::vector<ValueId>> outputs, write_out(context, operands, build_round));
  if (outputs) return *std::move(outputs);
  const LoopBody body = make_body(context, operands.first);
  LATHE_TRY(std::vector<ValueId> values, settle(context, body, build_round));
  {
    const InRegion inside(context, body.region);
    LATHE_TRY_VOID(context.builder().output(std::move(values)));
  }
  std::vector<ValueId> inputs{operands.trips, operands.condition};
  inputs.insert(inputs.end(), operands.first.begin(), operands.first.end());
  return context.builder().add(op_named("loop"), std::move(inputs), {}, {body.region});
}

}  // namespace lathe::onnx
