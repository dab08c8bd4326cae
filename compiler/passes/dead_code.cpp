// dead_code removes nodes whose results nobody reads.
//
// Pre: any verified module. Post: every pure node has a result that is read, transitively from the outputs. It stands
// behind passes that leave old nodes in place when they build new ones.
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"

namespace lathe::passes {

Status dead_code(Module& module, PassContext& context) {
  Graph& graph = module.graph;
  // Inner regions come behind outer ones here, and readers behind what they read: one walk backwards finds all.
  const std::vector<NodeId> nodes = graph.all_nodes();
  for (size_t i = nodes.size(); i-- > 0;) {
    const Node& node = graph.node(nodes[i]);
    bool used = node.erased || !is_pure(node);
    for (ValueId result : node.results) used |= !graph.value(result).uses.empty();
    if (used) continue;
    graph.erase_node(nodes[i]);
    ++context.changes;
  }
  return {};
}

}  // namespace lathe::passes
