// Index maps of nodes, applied: which operand elements an element of a result needs.
//
// An IndexVector has one Dim per axis, over loop variables and size symbols. Used by nests and by the tests for whether
// a nest can use lanes.
#pragma once

#include <vector>

#include "compiler/lower/group.h"

namespace lathe::lower {

using IndexVector = std::vector<Dim>;

/// A map over axis symbols with `index[k]` in the place of axis symbol k.
[[nodiscard]] Dim at_index(const Dim& map, const IndexVector& index);
[[nodiscard]] IndexVector at_index(const std::vector<Dim>& maps, const IndexVector& index);
/// The index of a broadcast operand: leading axes fall away, axes of extent 1 stay at 0.
[[nodiscard]] IndexVector broadcast_index(const Shape& operand, const IndexVector& index);

/// An element that something needs.
struct Demand {
  ValueId value;
  IndexVector index;
};

/// What the element `index` of a node's result needs of its operands, outside of loops: nothing for reductions, the
/// index operands only for Index rows. Moves have one piece.
[[nodiscard]] std::vector<Demand> operand_demands(const NodeView& node, const IndexVector& index,
                                                  const SymbolTable& symbols);

/// All leaf elements that the element `index` of `value` needs. Loops of reductions run over symbols `%r0`, `%r1` ...,
/// positions read from memory are symbols `%g0` ...
struct Trace {
  std::vector<Demand> leaves;
  /// Positions that reads of index operands and borders of padded windows depend on; lanes must not.
  std::vector<Dim> scalar_positions;
  bool has_reduction = false;
};
[[nodiscard]] Trace trace(const Module& module, const Group& group, ValueId value, const IndexVector& index,
                          const SymbolTable& symbols);

}  // namespace lathe::lower
