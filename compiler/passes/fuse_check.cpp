// The rules of fused groups.
#include "compiler/passes/fuse_check.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::passes {
namespace {

// More operands than this make kernels with too many pointers to keep in registers.
constexpr size_t kMostOperands = 24;
constexpr size_t kMostNodes = 96;

bool is_plain_tensor(const Module& module, ValueId value) {
  const TensorType* type = module.graph.value(value).type.as_tensor();
  return type != nullptr && type->ranked && info(type->element).bits >= 8;
}

bool is_index_map(const Module& module, NodeId id) {
  const ExistingNodeView view(module, id);
  const MoveMap map = describe_move(view);
  if (map.pieces.size() != 1) return false;
  const Shape& dims = view.result().dims;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (!map.pieces[0].begin[axis].is_constant(0) || !(map.pieces[0].end[axis] == dims[axis])) return false;
  }
  return true;
}

std::optional<RowShape> row_shape(const Module& module, NodeId id) {
  const ExistingNodeView view(module, id);
  const Reduction reduction = describe_reduction(view);
  if (reduction.operands.size() != 1 || !reduction.finish_operands.empty() || reduction.padded) return std::nullopt;
  RowShape row{view.dims(reduction.operands[0]), 0};
  size_t next = reduction.result_rank;
  const std::vector<Dim>& index = reduction.operand_indices[0];
  for (size_t axis = 0; axis < index.size(); ++axis) {
    if (next < reduction.extents.size() && index[axis] == axis_symbol(next)) {
      ++next;
    } else if (next == reduction.result_rank) {
      row.kept = axis + 1;
    } else {
      return std::nullopt;
    }
  }
  if (row.kept == index.size()) return std::nullopt;
  return row;
}

bool is_full(const Shape& dims, const RowShape& row) { return dims == row.full; }

// One number a row, with or without axes of size 1 for the reduced ones.
bool is_reduced(const Shape& dims, const RowShape& row) {
  if (dims.size() != row.full.size() && dims.size() != row.kept) return false;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (axis < row.kept ? !(dims[axis] == row.full[axis]) : !dims[axis].is_constant(1)) return false;
  }
  return true;
}

FuseClass fuse_class(const Module& module, NodeId id) {
  const Node& node = module.graph.node(id);
  if (!is_pure(node) || node.results.size() != 1 || !is_plain_tensor(module, node.results[0]))
    return FuseClass::Barrier;
  for (ValueId operand : node.operands) {
    if (operand.valid() && !is_plain_tensor(module, operand)) return FuseClass::Barrier;
  }
  if (form<Elementwise>(*node.op) != nullptr) return FuseClass::Elementwise;
  if (form<Reduce>(*node.op) != nullptr) return FuseClass::Reduction;
  if (form<Contract>(*node.op) != nullptr) return FuseClass::Contraction;
  if (const auto* window = form<Window>(*node.op))
    return window->contraction ? FuseClass::Contraction : FuseClass::Barrier;
  if (form<Move>(*node.op) != nullptr) return is_index_map(module, id) ? FuseClass::Move : FuseClass::Barrier;
  return FuseClass::Barrier;
}

bool calls_transcendental(const Module& module, NodeId id) {
  const ScalarExpression body = elementwise_body(ExistingNodeView(module, id));
  return std::any_of(body.nodes.begin(), body.nodes.end(),
                     [](const ScalarNode& node) { return info(node.op).exactness == Exactness::Approximate; });
}

class Checker {
 public:
  Checker(const FuseFacts& facts, const std::vector<NodeId>& nodes)
      : facts_(facts), module_(facts.module()), graph_(facts.module().graph), nodes_(nodes) {
    for (NodeId node : nodes) members_.insert(node.index);
  }

  GroupCheck run() {
    if (nodes_.size() > kMostNodes) return refuse("the group would have too many nodes");
    if (operand_count() > kMostOperands) return refuse("the group would read too many tensors");
    std::vector<NodeId> reductions;
    bool has_moves = false;
    for (NodeId node : nodes_) {
      if (facts_.kind(node) == FuseClass::Reduction) reductions.push_back(node);
      has_moves |= facts_.kind(node) == FuseClass::Move;
    }
    if (reductions.empty()) return same_shape_group(GroupKind::Elementwise);
    if (!has_moves) {
      std::optional<RowShape> row = facts_.rows(reductions[0]);
      for (NodeId node : reductions) {
        if (row && facts_.rows(node) != row) row = std::nullopt;
      }
      if (row) return row_group(*row);
    }
    if (reductions.size() > 1) return refuse("they don't reduce the same trailing axes");
    return same_shape_group(GroupKind::Reduction);
  }

 private:
  static GroupCheck refuse(std::string reason) { return {std::nullopt, std::move(reason)}; }

  [[nodiscard]] bool is_member(NodeId node) const { return node.valid() && members_.contains(node.index); }
  [[nodiscard]] const Shape& dims(NodeId node) const { return graph_.tensor(graph_.node(node).results[0]).dims; }

  // A result of the group: somebody outside reads it.
  [[nodiscard]] bool leaves(NodeId node) const {
    const std::vector<Use>& uses = graph_.value(graph_.node(node).results[0]).uses;
    return std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return !is_member(use.node); });
  }

  [[nodiscard]] size_t operand_count() const {
    std::unordered_set<uint32_t> outer;
    for (NodeId node : nodes_) {
      for (ValueId operand : graph_.node(node).operands) {
        if (operand.valid() && !is_member(graph_.value(operand).producer)) outer.insert(operand.index);
      }
    }
    return outer.size();
  }

  // Is made from a member, directly or not; `seeds` are the first ones. Program order makes one walk enough.
  [[nodiscard]] std::unordered_set<uint32_t> downstream(FuseClass seeds) const {
    std::unordered_set<uint32_t> reached;
    for (NodeId node : nodes_) {
      bool is_reached = facts_.kind(node) == seeds;
      for (ValueId operand : graph_.node(node).operands) {
        if (operand.valid()) is_reached |= reached.contains(graph_.value(operand).producer.index);
      }
      if (is_reached) reached.insert(node.index);
    }
    return reached;
  }

  // ---- rows

  GroupCheck row_group(const RowShape& row) const {
    const std::unordered_set<uint32_t> behind_reduction = downstream(FuseClass::Reduction);
    for (NodeId node : nodes_) {
      if (!is_full(dims(node), row) && !is_reduced(dims(node), row)) {
        return refuse(
            fmt::format("`{}` has neither the shape of the rows nor one number a row", graph_.node(node).op->name));
      }
      if (!behind_reduction.contains(node.index) && facts_.is_expensive(node) && feeds_reduction(node)) {
        return refuse(fmt::format("`{}` would be computed again in each pass over a row", graph_.node(node).op->name));
      }
    }
    return {GroupKind::Row, {}};
  }

  [[nodiscard]] bool feeds_reduction(NodeId first) const {
    std::unordered_set<uint32_t> reached{first.index};
    for (NodeId node : nodes_) {
      for (ValueId operand : graph_.node(node).operands) {
        if (!operand.valid() || !reached.contains(graph_.value(operand).producer.index)) continue;
        if (facts_.kind(node) == FuseClass::Reduction) return true;
        reached.insert(node.index);
      }
    }
    return false;
  }

  // ---- one shape

  GroupCheck same_shape_group(GroupKind kind) const {
    const Shape* shape = nullptr;
    for (NodeId node : nodes_) {
      if (!leaves(node)) continue;
      if (shape != nullptr && !(*shape == dims(node))) return refuse("their results have different shapes");
      shape = &dims(node);
    }
    if (shape == nullptr) return refuse("nothing reads the group");
    const std::unordered_set<uint32_t> behind_reduction = downstream(FuseClass::Reduction);
    for (NodeId node : nodes_) {
      if (dims(node) == *shape) continue;
      const bool is_before = kind == GroupKind::Reduction && !behind_reduction.contains(node.index);
      if (is_before) continue;
      if (const std::string reason = read_more_often(node, *shape); !reason.empty()) return refuse(reason);
    }
    if (kind == GroupKind::Reduction) return check_prologue(behind_reduction, *shape);
    return {kind, {}};
  }

  // An inner value that is smaller than the result is computed for each of its readers' elements.
  [[nodiscard]] std::string read_more_often(NodeId node, const Shape& shape) const {
    if (facts_.kind(node) == FuseClass::Move && reads_only_outside(node)) return {};
    if (module_.symbols.known_le(product(shape), product(dims(node)))) return {};
    return fmt::format("`{}` is broadcast: it would be computed for every element of the result",
                       graph_.node(node).op->name);
  }

  [[nodiscard]] bool reads_only_outside(NodeId node) const {
    const std::vector<ValueId>& operands = graph_.node(node).operands;
    return std::none_of(operands.begin(), operands.end(),
                        [&](ValueId operand) { return operand.valid() && is_member(graph_.value(operand).producer); });
  }

  // What a reduction reads is computed once for each element; so is everything in front, if it isn't broadcast there.
  GroupCheck check_prologue(const std::unordered_set<uint32_t>& behind_reduction, const Shape& shape) const {
    NodeId reduction;
    for (NodeId node : nodes_) {
      if (facts_.kind(node) == FuseClass::Reduction) reduction = node;
    }
    if (!(product(dims(reduction)) == product(shape)))
      return refuse("the reduction's result would be computed several times");
    const Shape& read = graph_.tensor(graph_.node(reduction).operands[0]).dims;
    for (NodeId node : nodes_) {
      if (behind_reduction.contains(node.index)) continue;
      if (leaves(node))
        return refuse(fmt::format("`{}` is also read outside of the group", graph_.node(node).op->name));
      if (!feeds_only_reduction(node, behind_reduction, reduction)) return refuse("values bypass the reduction");
      if (const std::string reason = read_more_often(node, read); !reason.empty()) return refuse(reason);
    }
    return {GroupKind::Reduction, {}};
  }

  // No node behind the reduction reads this one except the reduction itself.
  [[nodiscard]] bool feeds_only_reduction(NodeId node, const std::unordered_set<uint32_t>& behind,
                                          NodeId reduction) const {
    const std::vector<Use>& uses = graph_.value(graph_.node(node).results[0]).uses;
    return std::all_of(uses.begin(), uses.end(),
                       [&](const Use& use) { return use.node == reduction || !behind.contains(use.node.index); });
  }

  const FuseFacts& facts_;
  const Module& module_;
  const Graph& graph_;
  const std::vector<NodeId>& nodes_;
  std::unordered_set<uint32_t> members_;
};

}  // namespace

std::string_view text(GroupKind kind) {
  switch (kind) {
    case GroupKind::Elementwise: return "elementwise";
    case GroupKind::Reduction: return "reduction";
    case GroupKind::Row: return "row";
    case GroupKind::Contraction: return "contraction";
  }
  return "group";
}

bool is_free_view(const Node& node) { return is_op(node, "reshape") || is_op(node, "slice"); }

FuseFacts::FuseFacts(const Module& module) : module_(&module), facts_(module.graph.node_table_size()) {
  for (NodeId node : module.graph.nodes_in(Graph::root())) {
    Facts& facts = facts_[node.index];
    facts.kind = fuse_class(module, node);
    if (facts.kind == FuseClass::Elementwise) facts.expensive = calls_transcendental(module, node);
    if (facts.kind == FuseClass::Reduction) facts.rows = row_shape(module, node);
  }
}

GroupCheck check_group(const FuseFacts& facts, const std::vector<NodeId>& nodes) { return Checker(facts, nodes).run(); }

}  // namespace lathe::passes
