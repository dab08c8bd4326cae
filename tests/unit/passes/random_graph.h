// Random small models for the passes' property tests: every row they use, shapes of one to five axes, constants that
// rules look for, values read more than once.
#pragma once

#include <random>
#include <vector>

#include "ir/graph/graph.h"
#include "ir/graph/op.h"

namespace lathe::test {

/// A verified module with f32 inputs and outputs; the same for the same seed.
[[nodiscard]] Module random_graph(unsigned seed);

/// Numbers for its inputs, small and with a few zeros of both signs.
[[nodiscard]] std::vector<HostTensor> random_inputs(const Module& module, unsigned seed);

}  // namespace lathe::test
