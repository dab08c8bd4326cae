// compiler/advice holds what the cures of all front ends have in common: changes are tried before they are offered, and
// sizes of inputs are solved backwards from the conditions that a model states. It knows no front end.
//
// This header: trials of fixes. A front end proposes changes of source text as fixes that nobody has verified; here
// each is carried out on a copy of the text, the model is loaded again from it, and the fix is kept only when the fault
// that it is for has gone and nothing new is wrong in the same statement that was right before. Called by load_model().
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/graph/graph.h"

namespace lathe::advice {

/// Paths of source files, and the texts that stand for them.
using EditedFiles = std::vector<std::pair<std::string, std::string>>;

/// What loading the model from edited files found. The module owns the locations of the diagnostics.
struct Outcome {
  /// What a statement of a script made, or the whole model (line 0): `(1, 10)`.
  struct Made {
    uint32_t line = 0;
    std::string shape;
  };
  std::unique_ptr<Module> module;
  Diagnostics diagnostics;
  std::vector<Made> made = {};
};

/// In the title of a fix, the place for what the model gives with it: ` (the model then gives (1, 10))`, or nothing.
inline constexpr std::string_view kResultPlace = "{result}";
using Reload = std::function<Outcome(const EditedFiles&)>;

/// The texts of the files that `edits` change, with the changes made. Edits must not overlap.
[[nodiscard]] EditedFiles edited(const std::vector<Edit>& edits, const LocationTable& locations);

/// Tries the unverified fixes with edits of every diagnostic, at most `most_trials` of them; removes those that fail
/// and those that were not tried, marks the others as verified and puts the best first: those that leave the fewest
/// errors. The title of a fix that breaks other statements says which lines.
void verify_fixes(Diagnostics& diagnostics, const LocationTable& locations, const Reload& reload, size_t most_trials);

}  // namespace lathe::advice
