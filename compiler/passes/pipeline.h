// The pass pipeline: the table of passes, the default order, and the one place that runs, times, prints and checks
// them.
//
// The compiler runs the default pipeline; `lathe opt --passes=a,b` runs any list. After each pass the verifier and the
// text round trip may run; when a pass breaks one of them, or a LATHE_CHECK fires inside it, the module as it was
// before the pass is written to a reproducer file together with the command that shows the fault.
#pragma once

#include <functional>
#include <optional>
#include <span>

#include "compiler/passes/pass.h"

namespace lathe::passes {

/// Every pass once, in the order in which the default pipeline first runs it.
[[nodiscard]] std::span<const Pass> all_passes();
[[nodiscard]] const Pass* find_pass(std::string_view name);
/// What the compiler runs; some passes stand in it several times.
[[nodiscard]] std::vector<const Pass*> default_pipeline();

/// The passes of a list such as `canonicalize,fold`; `default` stands for the default pipeline.
struct PassList {
  std::vector<const Pass*> passes;
  std::optional<std::string> unknown;  ///< the first name that is no pass
};
[[nodiscard]] PassList parse_pass_list(std::string_view text);

/// Time and effect of one run of a pass.
struct PassReport {
  std::string_view pass;
  double milliseconds = 0;
  size_t changes = 0;
};

#ifdef NDEBUG
inline constexpr bool kCheckPassesByDefault = false;
#else
inline constexpr bool kCheckPassesByDefault = true;
#endif

struct PipelineOptions {
  PassOptions passes;
  bool verify_each = kCheckPassesByDefault;
  bool round_trip = kCheckPassesByDefault;
  std::vector<std::string> print_after;         ///< names of passes, or `all`
  bool print_changed = false;                   ///< like `all`, but one line for a pass that changed nothing
  std::function<void(std::string_view)> print;  ///< takes what the two above ask for
  std::string reproducer_folder;                ///< where reproducers are written; none when empty
  std::vector<PassReport>* reports = nullptr;
};

/// Runs `list` over the module. On failure the module is unspecified and the reason has been reported.
Status run_passes(Module& module, Diagnostics& diagnostics, std::span<const Pass* const> list,
                  const PipelineOptions& options);

}  // namespace lathe::passes
