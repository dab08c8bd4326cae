// Names of a definition against those of a weights file, as load_state_dict(strict=True) compares them.
//
// Every name must be on both sides, with the same shape; element types are converted, as PyTorch copies. What does not
// fit is reported as one diagnostic that lists missing, unexpected and mis-shaped entries and explains what it
// recognises: prefixes of wrappers, weight norm, other layouts. Called by the PyTorch front end.
#pragma once

#include <span>
#include <string>

#include "compiler/frontend/weights/state_dict.h"
#include "ir/base/diagnostic.h"
#include "ir/base/type.h"

namespace lathe::weights {

/// A parameter or buffer of a definition; its type is static.
struct DefinedEntry {
  std::string name;
  TensorType type;
  bool is_buffer = false;
};

struct MatchOptions {
  /// Names must be the same. Without it missing entries are left out of the result and unexpected ones are ignored,
  /// each with a warning (LT0605), and a prefix that all names of the file have is taken off. Shapes must agree in any
  /// case.
  bool strict = true;
};

/// The entries that the definition uses, under its names, in its order and of its types. `num_batches_tracked` may be
/// missing where the file does not say that the layer is of version 2, as for PyTorch. Faults: LT0602.
[[nodiscard]] Result<StateDict> match(std::span<const DefinedEntry> definition, StateDict file,
                                      const MatchOptions& options, Diagnostics& diagnostics);

}  // namespace lathe::weights
