// Which proposers are called for a diagnostic.
#include "compiler/frontend/torch/advice/proposals.h"

namespace lathe::torch {

void propose(Evaluator& evaluator, const FaultFacts& facts, Diagnostic& diagnostic) {
  Proposal proposal{evaluator, facts, diagnostic, SourceView(evaluator)};
  for (const std::span<const ProposerRow> family : {error_proposers(), warning_proposers()}) {
    for (const ProposerRow& row : family) {
      if (row.kind == diagnostic.kind) row.propose(proposal);
    }
  }
}

}  // namespace lathe::torch
