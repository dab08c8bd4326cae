// Lowering of `scatter_elements` and `scatter_nd`: a copy of the data, then the updates in their order, as one kernel.
// Called by lower.cpp for Call rows of these symbols.
#pragma once

#include <string>

#include "compiler/lower/nest.h"

namespace lathe::lower {

/// Why a node can't have the kernel; empty when it can.
[[nodiscard]] std::string scatter_obstacle(const NodeView& node);

[[nodiscard]] LoweredKernel scatter_elements_kernel(const Module& module, const Placements& placements,
                                                    const Group& group, std::string name);
[[nodiscard]] LoweredKernel scatter_nd_kernel(const Module& module, const Placements& placements, const Group& group,
                                              std::string name);

}  // namespace lathe::lower
