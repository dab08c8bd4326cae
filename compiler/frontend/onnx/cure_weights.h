// Proposals that give a weight another shape: what the model would have to be trained or exported with. Internal to the
// cures.
#pragma once

#include <vector>

#include "compiler/frontend/onnx/cure_proposals.h"

namespace lathe::onnx {

/// For the failed node, weights that fit its input; for nodes behind it, weights that give what it wants.
void propose_weights(const NodeFacts& facts, std::vector<Proposal>& proposals);

}  // namespace lathe::onnx
