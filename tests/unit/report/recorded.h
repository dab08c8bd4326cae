// A model carried through the compiler as `lathe compile --report` does it, for the tests of the page.
#pragma once

#include <optional>
#include <string>

#include "compiler/report/report.h"

namespace lathe::test {

/// Everything that a ReportInput points to.
struct Recorded {
  Module module;
  report::SourceGraph source;
  report::FusedGraph fused;
  kernel::Program program;
  CompileReport compilation;
  std::string cpp;
  std::string assembly;  ///< empty in builds without LLVM
  std::optional<StepProfile> profile;

  [[nodiscard]] report::ReportInput input() const;
};

/// Reports failures to GoogleTest or standard error through the diagnostics.
[[nodiscard]] Result<Recorded> record(Module&& module, const Definition* definition, bool with_profile,
                                      Diagnostics& diagnostics);

}  // namespace lathe::test
