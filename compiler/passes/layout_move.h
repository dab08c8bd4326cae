// How a transpose moves from in front of a node to behind it, by form. Used by layout only.
#pragma once

#include <optional>

#include "ir/graph/rewriter.h"

namespace lathe::passes {

/// transpose(x, permutation), without a node where that is x itself, and with one node where x is a transpose already.
[[nodiscard]] Result<ValueId> transposed(GraphBuilder& builder, ValueId x, const Integers& permutation);

struct MoveOptions {
  /// May a reduction run over other axes than the trailing ones because of the move?
  bool through_reductions = false;
};

/// Builds, in front of `node`, what equals it with the transpose by `permutation` of operand `operand` moved behind;
/// the value has the type of the node's only result. Nothing when the node's form has no rule, or when it would take
/// more transposes than before.
[[nodiscard]] Result<std::optional<ValueId>> move_transpose_behind(Rewriter& rewriter, NodeId node, size_t operand,
                                                                   const Integers& permutation,
                                                                   const MoveOptions& options);

}  // namespace lathe::passes
