// Sizes of inputs that a model file would accept, for its failed shape checks: the model is loaded again with other
// types of its inputs. For formats whose front end doesn't know better (compile_load.cpp).
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "compiler/advice/fix_trial.h"
#include "ir/graph/graph.h"

namespace lathe {

/// Loads the model with these types for some of its inputs, without advice.
using LoadWithTypes = std::function<advice::Outcome(const std::vector<std::pair<std::string, TensorType>>&)>;

/// Adds accepted sizes and notes about them to the diagnostics of a model that could not be loaded. `module` has the
/// inputs that were read before it failed.
void advise_sizes(const Module& module, Diagnostics& diagnostics, const LoadWithTypes& load);

}  // namespace lathe
