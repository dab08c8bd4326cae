// What the steps of a program cost before anybody runs them: operations, and bytes that pass through memory.
//
// Operations are counted on the loops of kernel IR as they are after expansion (a fused multiply-add is two, an
// exponential what its polynomial takes), those of the runtime's kernels from their descriptors. Bytes are what a step
// reads and writes once, whatever caches do; so operations a byte is the arithmetic intensity that the step could have
// at best. Branches and bounds that depend on loop variables are counted as in the first iteration.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/kernel/program.h"

namespace lathe::report {

struct StepCost {
  double operations = 0;
  double bytes = 0;
};

/// Values of a program's symbols.
using SymbolValues = std::function<std::optional<int64_t>(const std::string&)>;

/// One for each step.
[[nodiscard]] std::vector<StepCost> step_costs(const kernel::Program& program, const SymbolValues& symbols);

}  // namespace lathe::report
