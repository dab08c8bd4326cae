// Proposers: for each kind of fault or warning, the changes of the source that may cure it, best first.
//
// A proposer adds unverified fixes (and notes, where the facts say more than the message) to the diagnostic. It may be
// wrong: what doesn't cure is thrown away. It must be cheap, and must not report faults. Rows are in proposals.cpp; one
// file for each family.
#pragma once

#include <span>

#include "compiler/frontend/torch/advice/source_view.h"

namespace lathe::torch {

/// What a proposer works with.
struct Proposal {
  Evaluator& evaluator;
  const FaultFacts& facts;
  Diagnostic& diagnostic;
  SourceView source;

  void fix(std::string title, std::vector<Edit> edits) {
    diagnostic.fixes.push_back({std::move(title), std::move(edits), false});
  }
  void note(std::string text) { diagnostic.notes.push_back(std::move(text)); }
};
/// A kind may have several rows.
struct ProposerRow {
  DiagnosticKind kind;
  void (*propose)(Proposal& proposal);
};

// The families.
[[nodiscard]] std::span<const ProposerRow> error_proposers();
[[nodiscard]] std::span<const ProposerRow> warning_proposers();

/// Calls the proposers for the kind of the diagnostic.
void propose(Evaluator& evaluator, const FaultFacts& facts, Diagnostic& diagnostic);

}  // namespace lathe::torch
