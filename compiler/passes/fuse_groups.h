// Which nodes go together: greedy merging of neighbours under the rules of fuse_check.h. Internal to fuse.
#pragma once

#include "compiler/passes/fuse_check.h"
#include "compiler/passes/pass.h"

namespace lathe::passes {

struct FuseGroup {
  GroupKind kind = GroupKind::Elementwise;
  std::vector<NodeId> nodes;  ///< in program order, at least two
};

/// A neighbour that stayed outside, for LT0902.
struct FuseRefusal {
  NodeId producer;
  NodeId consumer;
  std::string reason;
};

struct FusePlan {
  std::vector<FuseGroup> groups;  ///< disjoint; no group depends on itself through nodes outside of it
  std::vector<FuseRefusal> refusals;
};

/// Plans for the root region of the facts' module.
[[nodiscard]] FusePlan plan_groups(const FuseFacts& facts);

}  // namespace lathe::passes
