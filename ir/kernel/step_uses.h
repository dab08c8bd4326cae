// What the steps of a program use: kernels, positions in storages, and so how long each storage is needed.
//
// A step runs a kernel itself or through the callback of a call; both are listed alike. Used by whatever spreads, shows
// or measures programs.
#pragma once

#include <optional>
#include <vector>

#include "ir/kernel/program.h"

namespace lathe::kernel {

/// The kernels that a step runs with their arguments: its own, or those of the callbacks that a call is given.
[[nodiscard]] std::vector<const RunStep*> runs_of(const Step& step);

/// All positions in storages that a step is given, in the order of its text.
[[nodiscard]] std::vector<BufferRef> buffers_of(const Step& step);

/// The steps from the first to the last that touches a storage.
struct Lifetime {
  size_t first = 0;
  size_t last = 0;
};
/// One for each storage; nothing for those that no step touches.
[[nodiscard]] IdVector<StorageId, std::optional<Lifetime>> lifetimes(const Program& program);

}  // namespace lathe::kernel
