// The memory plan: offsets of all arena storages in one block.
//
// Storages whose lifetimes meet don't overlap. Sizes may be symbolic: storages are grouped by the symbolic factor of
// their size (24*N and 96*N share the factor N), each group is packed as if the factor were one unit, and the groups
// stand behind each other, so that offsets and the total stay formulas. Packing is greedy by size (Pisarchyk and Lee,
// "Efficient memory management for deep neural net inference", 2020). Called by lower.cpp.
#pragma once

#include <vector>

#include "ir/base/dim.h"

namespace lathe::lower {

/// A block that is alive at the steps [first, last].
struct ArenaRequest {
  Dim bytes;
  int first = 0;
  int last = 0;
};

struct ArenaPlan {
  std::vector<Dim> offsets;  ///< bytes, one per request, multiples of 64
  Dim total;                 ///< bytes
};

inline constexpr int64_t kArenaAlignment = 64;

[[nodiscard]] ArenaPlan plan_arena(const std::vector<ArenaRequest>& requests);

}  // namespace lathe::lower
