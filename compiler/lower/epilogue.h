// Epilogues: what the runtime's contraction kernels can do to a sum before they store it.
//
// A contraction group is a matrix product or convolution followed by element-wise nodes. match_epilogue reads those
// nodes as scale, bias, residual and activation, in the order in which the kernels apply them, or says why it can't.
// The fusion pass asks before it fuses, lowering asks again for the descriptor; both get the same answer.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::lower {

struct Epilogue {
  ValueId scale;       ///< one number per column, or a scalar; invalid for none
  ValueId bias;        ///< the same
  ValueId residual;    ///< of the result's shape
  int activation = 0;  ///< LATHE_ACTIVATION_*
  double alpha = 0;
  double beta = 0;
};

/// Follows `chain` (element-wise nodes in order, each reading the one before) from the value `sum`, whose columns lie
/// on `column_axis`. Nothing when a step has no place in the kernels; `reason` then says which and why.
[[nodiscard]] std::optional<Epilogue> match_epilogue(const Module& module, ValueId sum, size_t column_axis,
                                                     const std::vector<NodeId>& chain, std::string* reason);

/// The bias operand that a contraction row itself has (conv), as a start; an empty epilogue otherwise.
[[nodiscard]] Epilogue own_epilogue(const NodeView& contraction);

}  // namespace lathe::lower
