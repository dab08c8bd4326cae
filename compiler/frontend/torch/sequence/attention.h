// Attention as graph values: what F.scaled_dot_product_attention and nn.MultiheadAttention share.
#pragma once

#include <optional>
#include <vector>

#include "compiler/frontend/torch/nn/formula.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

/// What is added to the scores: 0 where positions may be seen, -inf where not. A bool mask is true where
/// `true_hides`, else false, positions are hidden; a float mask passes as it is, in `element`.
ValueId additive_mask(Formula& formula, ValueId mask, bool true_hides, ElementType element);
/// [L, S]: -inf above the diagonal, else 0.
ValueId causal_mask(Formula& formula, const Dim& queries, const Dim& keys, ElementType element);

struct AttentionResults {
  ValueId output;   ///< [..., L, Ev]
  ValueId weights;  ///< [..., L, S]
};
/// softmax(q k^T * scale + mask) v over the last two axes, others broadcast. `mask` may be absent; weights are dropped
/// with probability `dropout` when that is above 0.
Result<AttentionResults> attend(const Operation& operation, ValueId q, ValueId k, ValueId v, ValueId mask, double scale,
                                double dropout);

}  // namespace lathe::torch
