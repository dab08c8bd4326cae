// `check --fix`: rewrites source files by the fixes that were verified.
//
// Each fix was verified alone; here they are joined one after the other, and the model is checked with all of them, so
// that two cures of the same fault don't spoil each other. Called by check.cpp.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "compiler/advice/fix_trial.h"
#include "ir/base/diagnostic.h"

namespace lathe::tools {

/// What became of the fixes.
struct AppliedFixes {
  size_t applied = 0;
  size_t left_out = 0;             ///< because they change what another one changes, or do harm together with others
  std::vector<std::string> files;  ///< rewritten
  std::string changes;             ///< the lines that changed, as a unified diff without context
};

/// Applies the first verified fix of every diagnostic that goes together with the earlier ones: neither errors nor
/// warnings become more. `check` loads the model with edited files. Files appear changed or not at all (LT0002).
[[nodiscard]] Result<AppliedFixes> apply_fixes(const Diagnostics& found, const LocationTable& locations,
                                               const advice::Reload& check, Diagnostics& diagnostics);

}  // namespace lathe::tools
