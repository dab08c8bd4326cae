// decompose replaces rows of form Decompose by the rows that they are made of.
//
// Pre: any verified module. Post: no node has the form Decompose; what is left are the forms that fusion and lowering
// know. It stands behind the first simplification, so that patterns on the large rows still see them, and before layout
// and fuse, which read forms only. A row with a `channels_last` attribute (conv_transpose) is turned first: its
// decomposition interleaves results, which takes one transpose when channels are last and can't be moved away when they
// are first.
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "compiler/passes/permutation.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

// Expands the draft with channels last, between transposes; `index` is the position of the attribute.
Result<ValueId> expand_turned(GraphBuilder& builder, NodeDraft draft, size_t index, Expand expand) {
  const size_t rank = builder.dims(draft.operands[0]).size();
  draft.attributes[index] = true;
  LATHE_TRY(draft.operands[0], builder.transpose(draft.operands[0], to_channels_last(rank)));
  LATHE_TRY(const std::vector<Type> types, infer(builder.module(), draft, builder.diagnostics()));
  LATHE_TRY(const std::vector<ValueId> results, expand(builder, NodeView(builder.module(), draft, types)));
  return builder.transpose(results[0], to_channels_first(rank));
}

}  // namespace

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
      const int turning = draft.op->attribute_index("channels_last");
      if (turning >= 0 && !std::get<bool>(draft.attributes[static_cast<size_t>(turning)])) {
        LATHE_TRY(const ValueId result,
                  expand_turned(builder, draft, static_cast<size_t>(turning), decomposition->expand));
        rewriter.replace(id, {result});
        continue;
      }
      LATHE_TRY(const std::vector<ValueId> results, decomposition->expand(builder, NodeView(module, draft, types)));
      rewriter.replace(id, results);
    }
  }
  context.changes += rewriter.changes();
  return {};
}

}  // namespace lathe::passes
