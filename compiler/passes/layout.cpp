// layout turns every row that has a `channels_last` attribute to channels last, and moves the transposes that this
// takes away from where they were put, until they meet and cancel.
//
// Pre: no node has the form Decompose, so that nodes with a channel axis in disguise (softmax, normalisations) are
// forms that say which axes they read. Post: `channels_last` is true wherever a row has it; inputs and outputs of the
// graph keep their types. Sums of contractions run over taps, then channels, so results change within rounding.
//
// A transpose in front of a node moves behind it when that makes no more transposes than it removes: a permuted operand
// is the same computation with permuted attributes. Rules for the forms are in layout_move.cpp. Transposes that the
// model itself has move only when they exchange channels first and last, for the sake of models written for either.
#include <unordered_set>

#include "compiler/passes/layout_move.h"
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "compiler/passes/permutation.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

class Layout {
 public:
  Layout(Module& module, Diagnostics& diagnostics) : graph_(module.graph), rewriter_(module, diagnostics, "layout") {}

  Result<size_t> run() {
    // One walk in program order: what a node is replaced by stands in front of the nodes that read it.
    for (NodeId id : graph_.all_nodes()) {
      if (graph_.node(id).erased) continue;
      if (needs_turn(graph_.node(id))) LATHE_TRY_VOID(turn(id));
      if (graph_.node(id).erased) continue;
      LATHE_TRY_VOID(move_behind(id));
    }
    return rewriter_.changes();
  }

 private:
  static bool needs_turn(const Node& node) {
    const int index = node.op->attribute_index("channels_last");
    return index >= 0 && !std::get<bool>(node.attributes[static_cast<size_t>(index)]);
  }

  // x -> transpose, the node with channels last, transpose back.
  Status turn(NodeId id) {
    const NodeDraft draft = graph_.node(id);
    const size_t rank = graph_.tensor(draft.operands[0]).dims.size();
    GraphBuilder builder = rewriter_.before(id);
    NodeDraft turned = draft;
    turned.location = builder.location();
    turned.attributes[static_cast<size_t>(draft.op->attribute_index("channels_last"))] = true;
    LATHE_TRY(turned.operands[0], transposed(builder, draft.operands[0], to_channels_last(rank)));
    LATHE_TRY(const std::vector<ValueId> results, builder.add_draft(std::move(turned)));
    std::vector<ValueId> restored;
    const std::vector<ValueId> old_results = graph_.node(id).results;
    for (size_t i = 0; i < results.size(); ++i) {
      const ValueId result = results[i];
      builder.name_value(result, graph_.value(old_results[i]).name);
      LATHE_TRY(const ValueId back, builder.transpose(result, to_channels_first(rank)));
      ours_.insert(graph_.value(back).producer.index);
      restored.push_back(back);
    }
    rewriter_.replace(id, restored);
    return {};
  }

  // The permutation of an operand that may move behind its reader.
  [[nodiscard]] const Integers* movable(ValueId value) const {
    const NodeId producer = producer_named(graph_, value, "transpose");
    if (!producer.valid()) return nullptr;
    const Integers& permutation = attribute<Integers>(graph_.node(producer), "permutation");
    if (ours_.contains(producer.index)) return &permutation;
    const size_t rank = permutation.size();
    const bool exchanges =
        rank >= 3 && (permutation == to_channels_last(rank) || permutation == to_channels_first(rank));
    return exchanges ? &permutation : nullptr;
  }

  Status move_behind(NodeId id) {
    for (size_t i = 0; i < graph_.node(id).operands.size(); ++i) {
      const ValueId operand = graph_.node(id).operands[i];
      const Integers* found = operand.valid() ? movable(operand) : nullptr;
      if (found == nullptr) continue;
      const Integers permutation = *found;
      const bool is_ours = ours_.contains(graph_.value(operand).producer.index);
      LATHE_TRY(const std::optional<ValueId> moved,
                move_transpose_behind(rewriter_, id, i, permutation, {.through_reductions = is_ours}));
      if (!moved) continue;
      const NodeId behind = producer_named(graph_, *moved, "transpose");
      if (behind.valid()) ours_.insert(behind.index);
      rewriter_.replace(id, {*moved});
      return {};
    }
    return {};
  }

  Graph& graph_;
  Rewriter rewriter_;
  std::unordered_set<uint32_t> ours_;  // transposes that this pass made
};

}  // namespace

Status layout(Module& module, PassContext& context) {
  LATHE_TRY(const size_t changes, Layout(module, context.diagnostics).run());
  context.changes += changes;
  return {};
}

}  // namespace lathe::passes
