// Lowering of `cumsum` and `cumprod`: running sums and products along one axis as one kernel, in the order of the axis.
// Called by lower.cpp for Call rows of these symbols.
#pragma once

#include <string>

#include "compiler/lower/nest.h"

namespace lathe::lower {

[[nodiscard]] LoweredKernel cumsum_kernel(const Module& module, const Placements& placements, const Group& group,
                                          std::string name);

}  // namespace lathe::lower
