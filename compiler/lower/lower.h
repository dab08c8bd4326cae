// Lowering: a whole graph to a kernel-IR program.
//
// Takes a verified graph after the passes (no Decompose rows left in the root region; convolutions channels-last and
// without padding where the runtime is to run them). Every node becomes a view, a call of a runtime kernel, or a loop
// nest; guards come first. What has no lowering is reported as one list of LT0901. Called by compile.cpp and by `lathe
// dump --stage=kernel`.
#pragma once

#include "ir/graph/graph.h"
#include "ir/kernel/program.h"

namespace lathe::lower {

struct Options {
  /// Convolutions whose shape suits it may be summed another way (Winograd), which is faster and not bit for bit what
  /// the numerics contract says.
  bool other_sums = false;
};

/// Lowers the module's root region. The module may get copy nodes for results that are inputs, constants or repeated.
/// The program's locations are those of the module, which must outlive it.
[[nodiscard]] Result<kernel::Program> lower(Module& module, const Options& options, Diagnostics& diagnostics);

}  // namespace lathe::lower
