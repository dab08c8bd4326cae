// Where the time of a run goes: the steps of the compiled program, timed and led back to the nodes of the graph.
//
// The model is compiled as for any run, fused and all; its steps are then called one after the other, in order, so that
// each works on what those before it wrote, and the median over many rounds is taken. A step may carry out nodes of
// several groups (the caller's layers), and a node may have no step at all: it was folded away, or is a view. The graph
// interpreter is timed node by node. Used by `lathe trace`, and step by step by `lathe compile --report`.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace lathe {

struct Profile {
  /// Consecutive steps that carry out nodes of the same groups.
  struct Segment {
    std::vector<uint32_t> groups;  ///< ascending
    double microseconds = 0;
  };
  std::vector<Segment> segments;
  double whole = 0;         ///< microseconds of one run of everything
  uint32_t rounds = 0;      ///< runs that were measured
  std::string no_segments;  ///< why there are no segments; empty when there are
};

/// Runs and measures. `groups` has the group of every node of the module's graph, by id; `inputs` are one for each of
/// the graph's inputs. Locations of diagnostics are those of `module`.
[[nodiscard]] Result<Profile> profile(const Module& module, std::span<const uint32_t> groups,
                                      std::span<const TensorView> inputs, const CompileOptions& options,
                                      Diagnostics& diagnostics);

/// The same for a program that is there already, step by step.
struct StepProfile {
  std::vector<double> microseconds;  ///< one for each step of the program, or none
  double whole = 0;                  ///< microseconds of one run of everything
  uint32_t rounds = 0;               ///< runs that were measured
  std::string no_steps;              ///< why there are no times of steps; empty when there are
};

/// Runs and measures, with native code. `module` is what `program` was lowered from; `inputs` are one for each of its
/// inputs. LT0901 in builds without a JIT.
[[nodiscard]] Result<StepProfile> profile_steps(const Module& module, const kernel::Program& program,
                                                std::span<const TensorView> inputs, const CompileOptions& options,
                                                Diagnostics& diagnostics);

}  // namespace lathe
