// Loops of operators: written out round by round where that is short, else a node whose region is the body.
//
// A loop is written out when its number of rounds is known, no round leaves open whether there is another, and few
// nodes come of it. What is written out compiles like any other nodes, with the exact sizes of every round. Otherwise
// the body is built for the types of the first values of what it carries; where a round changes a size, that size
// becomes a symbol and the body is built again. Called by the handlers of Loop, Scan and of operators with a state.
#pragma once

#include <functional>
#include <vector>

#include "compiler/frontend/onnx/operator.h"

namespace lathe::onnx {

/// Builds inside of a region while it lives, then where the builder was.
class InRegion {
 public:
  InRegion(NodeContext& context, RegionId region) : context_(context), outer_(context.builder().region()) {
    context.builder().set_region(region);
  }
  InRegion(const InRegion&) = delete;
  InRegion& operator=(const InRegion&) = delete;
  ~InRegion() { context_.builder().set_region(outer_); }

 private:
  NodeContext& context_;
  RegionId outer_;
};

/// What a round starts with: its number (i64[]), `true` (bool[]), and what the round before gave it.
struct Round {
  ValueId number;
  ValueId condition;
  std::vector<ValueId> carried;
};

/// Builds a round where the builder stands: whether there is another one, what it gets, and values that are stacked.
using BuildRound = std::function<Result<std::vector<ValueId>>(const Round&)>;

/// Most rounds, an initial condition (both may be absent), and what the first round gets.
struct LoopOperands {
  ValueId trips;
  ValueId condition;
  std::vector<ValueId> first;
};

/// The values after the last round, then the stacks, whose axis 0 counts rounds.
[[nodiscard]] Outputs build_loop(NodeContext& context, LoopOperands operands, const BuildRound& build_round);

}  // namespace lathe::onnx
