// How a program is spread over modules of code: which kernels are one function, which module holds which.
//
// A large program is cut into parts that threads compile at the same time; the first one holds the entry. Kernels with
// the same text become one function, kernels that no step runs become none. Used by all emitters.
#pragma once

#include <cstdint>
#include <vector>

#include "ir/kernel/program.h"

namespace lathe::codegen {

struct ModulePlan {
  std::vector<kernel::KernelId> same;  ///< by kernel: the first one with its text
  std::vector<bool> used;              ///< by kernel: it is the first with its text, and a step runs that text
  std::vector<bool> shares_memory;     ///< by kernel: at some call parameters may overlap
  std::vector<uint32_t> part;          ///< by kernel: the module that holds it
  uint32_t parts = 1;
};

/// At most `most_parts`, and none that is too small to be worth a thread.
[[nodiscard]] ModulePlan plan_modules(const kernel::Program& program, uint32_t most_parts);

}  // namespace lathe::codegen
