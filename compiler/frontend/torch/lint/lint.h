// compiler/frontend/torch/lint looks, after a program has been evaluated, for what PyTorch runs without a word and
// people regret: views that fold the batch, losses that broadcast, layers that are not registered or never used.
//
// It reads the graph, the records of calls of layers and the source; it changes nothing and reports warnings only
// (LT0520 to LT0533). A model that is fine must not get any: what can't be told apart from intent is left alone. A
// comment silences a warning on its line: `# lathe: ignore[batch-folded]`. Called by import.cpp before the advice.
#pragma once

#include <optional>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

struct LintOptions {
  std::optional<ObjectId> root = {};  ///< the module that is the entry; nothing for scripts and functions
  bool is_script = false;             ///< every statement counts, else only the call of the entry
  bool has_run = false;               ///< the entry was called and gave a result
  bool train = false;
  uint32_t first_node = 0;  ///< nodes of the graph before it belong to nothing that is checked
};

/// Adds warnings to `diagnostics`, which holds what was found until now.
void lint(Evaluator& evaluator, const LintOptions& options, Diagnostics& diagnostics);

}  // namespace lathe::torch
