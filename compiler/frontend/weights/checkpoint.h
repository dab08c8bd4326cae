// Finds the state dict in an unpickled checkpoint.
//
// A file may be a state dict itself, or a dict that has one under `state_dict`, `model`, `net` and so on, beside an
// epoch, an optimizer and a scheduler. The dicts that hold tensors are the candidates; one is chosen when there is only
// one that is no optimizer, otherwise the user has to name one. Called by the readers of PyTorch's formats.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/weights/pickle_value.h"
#include "ir/base/diagnostic.h"

namespace lathe::weights {

struct ChosenDict {
  std::string key;                                        ///< dotted path from the top; empty for the top itself
  std::vector<std::pair<std::string, PickleId>> entries;  ///< in order, no name twice
  std::map<std::string, int64_t> versions;                ///< of modules, from `_metadata`
};

/// `wanted` is the dotted path of the part that the user named, or empty. Faults: LT0602 when nothing is there, or when
/// several are.
[[nodiscard]] Result<ChosenDict> choose_state_dict(const PickleTable& table, std::string_view wanted,
                                                   std::string_view path, Diagnostics& diagnostics);

}  // namespace lathe::weights
