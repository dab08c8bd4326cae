// Lowering of `recurrence`: the steps of LSTM, GRU and RNN as one kernel.
//
// A sequence is independent of all others of the batch, so sequences run in parallel and steps one after the other.
// Within a step, 16 columns of all gates are summed at once over the state, in its order, fused; then they are
// activated. Called by lower.cpp for Call rows of that symbol.
#pragma once

#include <string>

#include "compiler/lower/nest.h"

namespace lathe::lower {

/// Why a `recurrence` node can't be lowered; empty when it can.
[[nodiscard]] std::string recurrence_obstacle(const NodeView& node);
[[nodiscard]] LoweredKernel recurrence_kernel(const Module& module, const Placements& placements, const Group& group,
                                              std::string name);

}  // namespace lathe::lower
