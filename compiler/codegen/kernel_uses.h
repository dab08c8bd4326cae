// What parts of a kernel use: the Dims of a block, the values and symbols that a loop takes from outside.
// Called by the shared walk of the emitters.
#pragma once

#include <functional>
#include <set>
#include <string>

#include "ir/kernel/kernel.h"

namespace lathe::codegen {

/// Calls `visit` for every Dim in the block and the blocks inside of it.
void for_each_dim(const kernel::Kernel& kernel, const kernel::Block& block,
                  const std::function<void(const Dim&)>& visit);

/// What the body of a loop uses and does not define itself. Symbols include all that its Dims mention.
struct RegionUses {
  std::set<kernel::ValueId> values;
  std::set<std::string> symbols;
};
[[nodiscard]] RegionUses uses_of(const kernel::Kernel& kernel, kernel::StatementId loop);

}  // namespace lathe::codegen
