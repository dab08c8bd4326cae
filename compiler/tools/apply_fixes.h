// `check --fix`: rewrites source files by the fixes that were verified.
#pragma once

#include <string>
#include <vector>

#include "ir/base/diagnostic.h"

namespace lathe::tools {

/// What became of the fixes.
struct AppliedFixes {
  size_t applied = 0;
  size_t overlapping = 0;          ///< left out, because they change what another one changes
  std::vector<std::string> files;  ///< rewritten
};

/// Applies every verified fix that overlaps no earlier one. Files appear changed or not at all (LT0002).
[[nodiscard]] Result<AppliedFixes> apply_fixes(const Diagnostics& found, const LocationTable& locations,
                                               Diagnostics& diagnostics);

}  // namespace lathe::tools
