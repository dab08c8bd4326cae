// Greedy grouping: contractions take their epilogues first, then rows, then what is left over.
#include "compiler/passes/fuse_groups.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/lower/epilogue.h"

namespace lathe::passes {
namespace {

using GroupId = uint32_t;
constexpr GroupId kNone = UINT32_MAX;

class Planner {
 public:
  explicit Planner(const FuseFacts& facts) : facts_(facts), module_(facts.module()), graph_(facts.module().graph) {
    nodes_ = graph_.nodes_in(Graph::root());
    position_.resize(graph_.node_table_size());
    group_.assign(graph_.node_table_size(), kNone);
    for (uint32_t i = 0; i < nodes_.size(); ++i) {
      position_[nodes_[i].index] = i;
      group_[nodes_[i].index] = i;
      groups_.push_back({GroupKind::Elementwise, {nodes_[i]}});
    }
  }

  FusePlan run() {
    for (NodeId node : nodes_) {
      if (facts_.kind(node) == FuseClass::Contraction) take_epilogue(node);
    }
    // Rows first: an elementwise group that has grown past them would have another shape.
    for (NodeId node : nodes_) {
      if (facts_.kind(node) == FuseClass::Reduction) grow_row(node);
    }
    for (NodeId node : nodes_) merge_with_producers(node);
    FusePlan plan;
    for (FuseGroup& group : groups_) {
      if (group.kind != GroupKind::Contraction) peel(group);
      if (group.nodes.size() > 1) plan.groups.push_back(std::move(group));
    }
    plan.refusals = refusals();
    return plan;
  }

 private:
  [[nodiscard]] GroupId group_of(NodeId node) const { return node.valid() ? group_[node.index] : kNone; }
  [[nodiscard]] bool may_merge(NodeId node) const {
    const FuseClass kind = facts_.kind(node);
    const bool fits = kind == FuseClass::Elementwise || kind == FuseClass::Move || kind == FuseClass::Reduction;
    return fits && groups_[group_of(node)].kind != GroupKind::Contraction;
  }
  // Producers of the node's operands in the root region.
  [[nodiscard]] std::vector<NodeId> producers(NodeId node) const {
    std::vector<NodeId> result;
    for (ValueId operand : graph_.node(node).operands) {
      if (operand.valid() && graph_.value(operand).producer.valid()) result.push_back(graph_.value(operand).producer);
    }
    return result;
  }

  // ---- contractions

  void take_epilogue(NodeId contraction) {
    const ValueId sum = graph_.node(contraction).results[0];
    const TensorType& type = graph_.tensor(sum);
    if (type.element != ElementType::F32 || type.dims.empty()) return;
    std::vector<NodeId> chain;
    ValueId current = sum;
    while (true) {
      const std::vector<Use>& uses = graph_.value(current).uses;
      if (uses.empty()) break;
      const NodeId next = uses[0].node;
      if (facts_.kind(next) != FuseClass::Elementwise || groups_[group_of(next)].nodes.size() != 1 ||
          groups_[group_of(next)].kind == GroupKind::Contraction) {
        break;
      }
      std::string reason;
      chain.push_back(next);
      if (uses.size() > 1) {
        reason = "its result is read more than once";
      } else if (lower::match_epilogue(module_, sum, type.dims.size() - 1, chain, &reason)) {
        current = graph_.node(next).results[0];
        continue;
      }
      chain.pop_back();
      note_refusal(contraction, next, std::move(reason));
      break;
    }
    if (chain.empty()) return;
    FuseGroup& group = groups_[group_of(contraction)];
    group.kind = GroupKind::Contraction;
    for (NodeId node : chain) {
      groups_[group_of(node)].nodes.clear();
      group_[node.index] = group_of(contraction);
      group.nodes.push_back(node);
    }
  }

  // ---- rows

  void grow_row(NodeId reduction) {
    if (!facts_.rows(reduction)) return;
    bool grown = true;
    while (grown) {
      grown = false;
      const std::vector<NodeId> members = groups_[group_of(reduction)].nodes;
      for (NodeId member : members) {
        std::vector<NodeId> neighbours = producers(member);
        for (const Use& use : graph_.value(graph_.node(member).results[0]).uses) neighbours.push_back(use.node);
        for (NodeId neighbour : neighbours) {
          if (group_of(neighbour) == group_of(reduction) || facts_.kind(neighbour) == FuseClass::Move) continue;
          const bool is_earlier = position_[neighbour.index] < position_[member.index];
          grown |= try_merge(is_earlier ? neighbour : member, is_earlier ? member : neighbour, GroupKind::Row);
        }
      }
    }
  }

  // ---- everything else

  void merge_with_producers(NodeId node) {
    for (NodeId producer : producers(node)) try_merge(producer, node, std::nullopt);
  }

  bool try_merge(NodeId producer, NodeId consumer, std::optional<GroupKind> wanted) {
    if (!may_merge(producer) || !may_merge(consumer)) return false;
    const GroupId into = group_of(producer);
    const GroupId from = group_of(consumer);
    if (into == from) return false;
    std::vector<NodeId> merged = groups_[into].nodes;
    merged.insert(merged.end(), groups_[from].nodes.begin(), groups_[from].nodes.end());
    std::sort(merged.begin(), merged.end(),
              [&](NodeId a, NodeId b) { return position_[a.index] < position_[b.index]; });
    GroupCheck check = check_group(facts_, merged);
    if (check.kind && wanted && *check.kind != *wanted) return false;
    if (!check.kind) {
      note_refusal(producer, consumer, std::move(check.reason));
      return false;
    }
    if (has_detour(into, from) || has_detour(from, into)) {
      note_refusal(producer, consumer, "another operation between them needs the one and is needed by the other");
      return false;
    }
    for (NodeId node : groups_[from].nodes) group_[node.index] = into;
    groups_[from].nodes.clear();
    groups_[into] = {*check.kind, std::move(merged)};
    return true;
  }

  // True when a path leads from one group to the other one through a third: merged, the group would need itself.
  [[nodiscard]] bool has_detour(GroupId from, GroupId to) const {
    uint32_t last = 0;
    for (NodeId node : groups_[to].nodes) last = std::max(last, position_[node.index]);
    std::vector<GroupId> pending;
    std::vector<bool> seen(groups_.size(), false);
    seen[from] = true;
    const auto push_readers = [&](GroupId group) {
      for (NodeId node : groups_[group].nodes) {
        for (ValueId result : graph_.node(node).results) {
          for (const Use& use : graph_.value(result).uses) {
            const GroupId reader = group_of(root_holder(use.node));
            // The direct edge is no detour.
            if (reader == kNone || seen[reader] || (group == from && reader == to)) continue;
            seen[reader] = true;
            pending.push_back(reader);
          }
        }
      }
    };
    push_readers(from);
    while (!pending.empty()) {
      const GroupId group = pending.back();
      pending.pop_back();
      if (group == to) return true;
      // What starts behind the last node of the target leads nowhere near it.
      if (position_[groups_[group].nodes.front().index] > last) continue;
      push_readers(group);
    }
    return false;
  }

  // The node of the root region that holds a reader inside of a nested region.
  [[nodiscard]] NodeId root_holder(NodeId node) const {
    while (graph_.node(node).region != Graph::root()) node = graph_.region(graph_.node(node).region).owner;
    return node;
  }

  // Views at the border of a group cost nothing outside and index arithmetic inside.
  void peel(FuseGroup& group) const {
    bool peeled = true;
    const auto is_inside = [&](NodeId node) {
      return node.valid() && std::find(group.nodes.begin(), group.nodes.end(), node) != group.nodes.end();
    };
    while (peeled) {
      peeled = false;
      for (size_t i = 0; i < group.nodes.size() && !peeled; ++i) {
        const Node& node = graph_.node(group.nodes[i]);
        if (!is_free_view(node)) continue;
        const std::vector<Use>& uses = graph_.value(node.results[0]).uses;
        const bool is_first = !is_inside(graph_.value(node.operands[0]).producer);
        const bool is_last =
            std::none_of(uses.begin(), uses.end(), [&](const Use& use) { return is_inside(use.node); });
        if (!is_first && !is_last) continue;
        group.nodes.erase(group.nodes.begin() + static_cast<std::ptrdiff_t>(i));
        peeled = true;
      }
    }
    // What was peeled may have been all that held the others together, or the reason why they had one shape.
    if (group.nodes.size() < 2) return;
    const GroupCheck check = check_group(facts_, group.nodes);
    if (check.kind) {
      group.kind = *check.kind;
    } else {
      group.nodes.clear();
    }
  }

  // ---- remarks

  void note_refusal(NodeId producer, NodeId consumer, std::string reason) {
    refused_[{position_[producer.index], position_[consumer.index]}] = std::move(reason);
  }

  // Those that still hold now that all groups are known.
  [[nodiscard]] std::vector<FuseRefusal> refusals() const {
    std::vector<FuseRefusal> result;
    for (const auto& [edge, reason] : refused_) {
      const NodeId producer = nodes_[edge.first];
      const NodeId consumer = nodes_[edge.second];
      if (group_of(producer) != group_of(consumer)) result.push_back({producer, consumer, reason});
    }
    return result;
  }

  const FuseFacts& facts_;
  const Module& module_;
  const Graph& graph_;
  std::vector<NodeId> nodes_;
  std::vector<uint32_t> position_;  // by node
  std::vector<GroupId> group_;      // by node; invalid outside of the root region
  std::vector<FuseGroup> groups_;
  std::map<std::pair<uint32_t, uint32_t>, std::string> refused_;
};

}  // namespace

FusePlan plan_groups(const FuseFacts& facts) { return Planner(facts).run(); }

}  // namespace lathe::passes
