// The course of the advice: for each diagnostic, what fits its kind.
#include "compiler/frontend/torch/advice/advice.h"

#include "compiler/frontend/torch/advice/proposals.h"
#include "compiler/frontend/torch/advice/sizes.h"

namespace lathe::torch {
namespace {

/// Later faults of a program with many are left without advice.
constexpr size_t kMostAdvised = 24;

}  // namespace

void advise(Evaluator& evaluator, Diagnostics& diagnostics) {
  size_t advised = 0;
  for (Diagnostic& diagnostic : diagnostics.all()) {
    const FaultFacts* facts = evaluator.facts(diagnostic);
    if (facts == nullptr) continue;
    if (++advised > kMostAdvised) break;
    propose(evaluator, *facts, diagnostic);
  }
  // Last, since it calls modules of the program again; and where nobody uses the graph any more.
  if (!diagnostics.failed()) return;
  SizeAdvice sizes(evaluator);
  advised = 0;
  for (Diagnostic& diagnostic : diagnostics.all()) {
    const FaultFacts* facts = evaluator.facts(diagnostic);
    if (facts == nullptr) continue;
    if (++advised > kMostAdvised) break;
    sizes.advise(*facts, diagnostic);
  }
}

}  // namespace lathe::torch
