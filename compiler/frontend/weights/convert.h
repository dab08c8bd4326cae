// Constants of another element type, as PyTorch's copy_() converts: floats are rounded, floats to integers truncated.
// Used where weights are given to a definition of another precision.
#pragma once

#include "ir/graph/constant.h"

namespace lathe::weights {

/// The constant itself when it has the type already. Neither type may be string; the data must be present.
[[nodiscard]] ConstantData converted(const ConstantData& constant, ElementType element);

}  // namespace lathe::weights
