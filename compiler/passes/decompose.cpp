// decompose replaces rows of form Decompose by the rows that they are made of.
//
// Pre: any verified module. Post: no node has the form Decompose; what is left are the forms that fusion and lowering
// know. It stands behind the first simplification, so that patterns on the large rows still see them, and before layout
// and fuse, which read forms only.
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {

Status decompose(Module& module, PassContext& context) {
  // A decomposition may use rows that decompose in turn; a row that leads back to itself would never end.
  constexpr int kMostRounds = 8;
  Graph& graph = module.graph;
  Rewriter rewriter(module, context.diagnostics, "decompose");
  bool found = true;
  for (int round = 0; found; ++round) {
    LATHE_CHECK(round < kMostRounds);
    found = false;
    for (NodeId id : graph.all_nodes()) {
      const auto* decomposition = form<Decompose>(*graph.node(id).op);
      if (decomposition == nullptr) continue;
      found = true;
      // Copies: the tables grow while the parts are built.
      const NodeDraft draft = graph.node(id);
      std::vector<Type> types;
      for (ValueId result : graph.node(id).results) types.push_back(graph.value(result).type);
      GraphBuilder builder = rewriter.before(id);
      LATHE_TRY(const std::vector<ValueId> results, decomposition->expand(builder, NodeView(module, draft, types)));
      rewriter.replace(id, results);
    }
  }
  context.changes += rewriter.changes();
  return {};
}

}  // namespace lathe::passes
