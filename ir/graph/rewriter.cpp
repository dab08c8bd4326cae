// Replacing and erasing nodes for passes.
#include "ir/graph/rewriter.h"

namespace lathe {

GraphBuilder Rewriter::before(NodeId node) { return before(node, {node}); }

GraphBuilder Rewriter::before(NodeId node, const std::vector<NodeId>& sources) {
  std::vector<LocationId> locations;
  std::string name;
  for (NodeId source : sources) {
    locations.push_back(graph().node(source).location);
    if (name.empty()) name = graph().node(source).name;
  }
  GraphBuilder builder(*module_, *diagnostics_, graph().node(node).region);
  builder.set_insertion_point(node);
  const LocationId fused = module_->locations.fuse(locations);
  builder.set_location(fused.valid() ? module_->locations.derive(pass_, fused) : fused, std::move(name));
  return builder;
}

void Rewriter::replace(NodeId node, const std::vector<ValueId>& with) {
  const std::vector<ValueId> results = graph().node(node).results;
  LATHE_CHECK(results.size() == with.size());
  for (size_t i = 0; i < results.size(); ++i) {
    const Value& old_value = graph().value(results[i]);
    const Value& new_value = graph().value(with[i]);
    if (const TensorType* tensor = old_value.type.as_tensor()) {
      const TensorType* replacement = new_value.type.as_tensor();
      LATHE_CHECK(replacement != nullptr && tensor->element == replacement->element &&
                  tensor->rank() == replacement->rank());
    }
    if (new_value.name.empty() && !old_value.name.empty()) graph().set_value_name(with[i], old_value.name);
    graph().replace_all_uses(results[i], with[i]);
  }
  erase(node);
}

void Rewriter::erase(NodeId node) {
  graph().erase_node(node);
  ++changes_;
}

void Rewriter::erase_with_dead_operands(NodeId node) {
  std::vector<NodeId> pending{node};
  while (!pending.empty()) {
    const NodeId current = pending.back();
    pending.pop_back();
    const Node& row = graph().node(current);
    if (row.erased || has(row.op->traits, Trait::Impure) || has(row.op->traits, Trait::Terminator)) continue;
    bool used = false;
    for (ValueId result : row.results) used |= !graph().value(result).uses.empty();
    if (used) continue;
    std::vector<ValueId> operands = row.operands;
    erase(current);
    for (ValueId operand : operands) {
      if (operand.valid() && graph().value(operand).producer.valid())
        pending.push_back(graph().value(operand).producer);
    }
  }
}

}  // namespace lathe
