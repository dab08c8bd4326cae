// fuse joins nodes that one kernel computes into `fused` nodes.
//
// Pre: decompose, layout and split_padding have run; the root region is what will be compiled. Post: each node of the
// root region is in at most one `fused` node, whose `kind` says what its region is:
//   contraction  a convolution or matrix product, then a chain of elementwise nodes that the runtime's kernels apply to
//                each sum before they store it (compiler/lower/epilogue.h)
//   row          reductions over the same trailing axes and elementwise nodes on the rows or on one number a row
//   reduction    one reduction over other axes, with what it reads in front and elementwise nodes of its shape behind
//   elementwise  elementwise nodes and index maps; all results have one shape
// Regions hold their scalar constants; all else comes through operands. The order of nodes may change, what they
// compute may not. Every pair of neighbours that stayed apart has a reason, reported as LT0902 when remarks are asked
// for. It stands last: other passes don't look into regions.
#include <algorithm>
#include <queue>
#include <unordered_map>

#include "compiler/passes/fuse_groups.h"
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

class Fuser {
 public:
  Fuser(Module& module, PassContext& context)
      : module_(module), graph_(module.graph), context_(context), rewriter_(module, context.diagnostics, "fuse") {}

  Result<size_t> run() {
    FusePlan plan = plan_groups(FuseFacts(module_));
    if (context_.options.remarks) report(plan.refusals);
    sort_nodes(plan.groups);
    for (const FuseGroup& group : plan.groups) LATHE_TRY_VOID(outline(group));
    return rewriter_.changes();
  }

 private:
  void report(const std::vector<FuseRefusal>& refusals) {
    for (const FuseRefusal& refusal : refusals) {
      const Node& producer = graph_.node(refusal.producer);
      const Node& consumer = graph_.node(refusal.consumer);
      static_cast<void>(context_.diagnostics
                            .report(DiagnosticKind::FusionRefused, consumer.location, "`{}` is not fused with `{}`: {}",
                                    consumer.op->name, producer.op->name, refusal.reason)
                            .layer(consumer.name)
                            .label(producer.location, "made here")
                            .emit());
    }
  }

  // Brings the nodes of each group together, behind all that they need; nodes otherwise keep their order where they
  // can.
  void sort_nodes(const std::vector<FuseGroup>& groups) {
    const std::vector<NodeId> nodes = graph_.nodes_in(Graph::root());
    std::vector<uint32_t> unit_of(graph_.node_table_size(), UINT32_MAX);
    std::vector<std::vector<NodeId>> units;
    for (const FuseGroup& group : groups) {
      for (NodeId node : group.nodes) unit_of[node.index] = static_cast<uint32_t>(units.size());
      units.push_back(group.nodes);
    }
    std::unordered_map<uint32_t, size_t> position;
    for (size_t i = 0; i < nodes.size(); ++i) {
      position.emplace(nodes[i].index, i);
      if (unit_of[nodes[i].index] != UINT32_MAX) continue;
      unit_of[nodes[i].index] = static_cast<uint32_t>(units.size());
      units.push_back({nodes[i]});
    }
    // A unit waits for the units that make its operands, those of nested regions included.
    std::vector<std::vector<uint32_t>> readers(units.size());
    std::vector<size_t> waiting(units.size(), 0);
    for (NodeId node : graph_.all_nodes()) {
      NodeId holder = node;
      while (graph_.node(holder).region != Graph::root()) holder = graph_.region(graph_.node(holder).region).owner;
      for (ValueId operand : graph_.node(node).operands) {
        if (!operand.valid() || !graph_.value(operand).producer.valid()) continue;
        const NodeId producer = graph_.value(operand).producer;
        if (graph_.node(producer).region != Graph::root()) continue;
        const uint32_t from = unit_of[producer.index];
        const uint32_t to = unit_of[holder.index];
        if (from == to) continue;
        readers[from].push_back(to);
        ++waiting[to];
      }
    }
    // The ready unit whose last node stood first goes next.
    using Entry = std::pair<size_t, uint32_t>;
    std::priority_queue<Entry, std::vector<Entry>, std::greater<>> ready;
    const auto push = [&](uint32_t unit) { ready.emplace(position.at(units[unit].back().index), unit); };
    for (uint32_t unit = 0; unit < units.size(); ++unit) {
      if (waiting[unit] == 0) push(unit);
    }
    const NodeId last = nodes.back();
    size_t placed = 0;
    while (!ready.empty()) {
      const uint32_t unit = ready.top().second;
      ready.pop();
      ++placed;
      for (NodeId node : units[unit]) {
        if (node != last) graph_.move_before(node, last);
      }
      for (uint32_t reader : readers[unit]) {
        if (--waiting[reader] == 0) push(reader);
      }
    }
    LATHE_CHECK(placed == units.size());
  }

  // ---- one group

  // A constant that stands in the region: one number.
  [[nodiscard]] bool is_scalar_constant(ValueId value) const {
    const ConstantData* constant = constant_of(module_, value);
    if (constant == nullptr || constant->absent || constant->type.element == ElementType::String) return false;
    return constant->splat || constant->element_count() == 1;
  }

  Status outline(const FuseGroup& group) {
    const NodeId before = group.nodes.front();
    GraphBuilder builder = rewriter_.before(before, group.nodes);
    const RegionId region = graph_.add_region();
    std::unordered_map<uint32_t, ValueId> inner;  // outer value -> value in the region
    std::vector<ValueId> operands;
    for (NodeId id : group.nodes) {
      NodeDraft draft = graph_.node(id);
      for (ValueId& operand : draft.operands) {
        if (operand.valid()) operand = enter(operand, region, inner, operands);
      }
      copy_node(id, std::move(draft), region, inner);
    }
    std::vector<ValueId> results;
    std::vector<ValueId> returned;
    for (NodeId id : group.nodes) {
      const ValueId result = graph_.node(id).results[0];
      if (!is_read_outside(result, group)) continue;
      results.push_back(result);
      returned.push_back(inner.at(result.index));
    }
    GraphBuilder inside(module_, context_.diagnostics, region);
    inside.set_location(builder.location());
    LATHE_TRY_VOID(inside.output(std::move(returned)));
    LATHE_TRY(const std::vector<ValueId> fused,
              builder.add(op_named("fused"), std::move(operands), {{"kind", std::string(text(group.kind))}}, {region}));
    for (size_t i = 0; i < results.size(); ++i) {
      graph_.set_value_name(fused[i], graph_.value(results[i]).name);
      graph_.replace_all_uses(results[i], fused[i]);
    }
    for (size_t i = group.nodes.size(); i-- > 0;) rewriter_.erase(group.nodes[i]);
    return {};
  }

  // The value in the region that stands for `value`: an argument, or a copy of a scalar constant.
  ValueId enter(ValueId value, RegionId region, std::unordered_map<uint32_t, ValueId>& inner,
                std::vector<ValueId>& operands) {
    const auto known = inner.find(value.index);
    if (known != inner.end()) return known->second;
    if (is_scalar_constant(value)) {
      copy_node(graph_.value(value).producer, graph_.node(graph_.value(value).producer), region, inner);
      return inner.at(value.index);
    }
    const Value outer = graph_.value(value);
    const ValueId argument = graph_.add_argument(region, outer.type, outer.name, outer.location);
    graph_.set_known(argument, outer.known, outer.known_floats);
    operands.push_back(value);
    inner.emplace(value.index, argument);
    return argument;
  }

  void copy_node(NodeId id, NodeDraft draft, RegionId region, std::unordered_map<uint32_t, ValueId>& inner) {
    const ValueId old_result = graph_.node(id).results[0];
    const std::vector<Type> types{graph_.value(old_result).type};
    const NodeId copy = graph_.insert_node(std::move(draft), types, region);
    const ValueId result = graph_.node(copy).results[0];
    graph_.set_value_name(result, graph_.value(old_result).name);
    graph_.set_known(result, graph_.value(old_result).known, graph_.value(old_result).known_floats);
    inner.emplace(old_result.index, result);
  }

  [[nodiscard]] bool is_read_outside(ValueId value, const FuseGroup& group) const {
    const std::vector<Use>& uses = graph_.value(value).uses;
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) {
      return std::find(group.nodes.begin(), group.nodes.end(), use.node) == group.nodes.end();
    });
  }

  Module& module_;
  Graph& graph_;
  PassContext& context_;
  Rewriter rewriter_;
};

}  // namespace

Status fuse(Module& module, PassContext& context) {
  LATHE_TRY(const size_t changes, Fuser(module, context).run());
  context.changes += changes;
  return {};
}

}  // namespace lathe::passes
