// Moves of constants by strided copies: what fold uses for weights, which are too large for an interpreter. Internal to
// fold.
#pragma once

#include <optional>

#include "ir/graph/graph.h"

namespace lathe::passes {

/// The result of a node of form Move whose operands are constants with data, when every piece of its map reads memory
/// with constant strides; nothing otherwise.
[[nodiscard]] std::optional<ConstantData> move_constants(const Module& module, NodeId node);

}  // namespace lathe::passes
