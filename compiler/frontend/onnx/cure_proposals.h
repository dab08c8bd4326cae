// What might be wrong with a node: changes that would be worth a try, by operator.
//
// Nothing here knows whether a change helps; cures.h imports the model again with each. Proposals are made for the node
// that failed and for those that made its operands, as a wrong padding shows only where its result meets another one.
// Internal to the front end.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "compiler/frontend/onnx/model_edit.h"
#include "ir/base/diagnostic.h"
#include "ir/base/type.h"

namespace lathe::onnx {

using ValueTypes = std::unordered_map<std::string, TensorType>;

struct Proposal {
  std::vector<Change> changes;
  std::string title;
  int cost = 0;  ///< what is cheap to change and likely meant comes first
};

/// A node of the main graph, and what was found out before the import failed.
struct NodeFacts {
  const Model& model;
  const Graph& graph;
  size_t position = 0;
  int64_t opset = 0;
  const ValueTypes& types;                                                     ///< of all values that could be made
  const std::unordered_map<std::string_view, std::vector<int64_t>>& integers;  ///< elements of constant i64 operands
  DiagnosticKind fault;                                                        ///< what the failed node is said to do
  bool has_failed = false;             ///< else it stands behind the node that has
  const std::vector<int64_t>& wanted;  ///< numbers that the failed node has met: sizes of its operands

  [[nodiscard]] const Node& node() const { return graph.nodes[position]; }
  /// The type of an operand, nullptr when it is not known.
  [[nodiscard]] const TensorType* operand(size_t index) const;
  [[nodiscard]] const std::vector<int64_t>* operand_integers(size_t index) const;
  /// The initializer that an operand is, nullptr for other operands.
  [[nodiscard]] const Tensor* weight(size_t index) const;
  [[nodiscard]] const Attribute* attribute(std::string_view name) const;
};

/// In no particular order; without those that change nothing.
[[nodiscard]] std::vector<Proposal> propose(const NodeFacts& facts);

/// "node `fc`", "node #3 (Gemm)"
[[nodiscard]] std::string title_of(const Node& node, size_t position);

}  // namespace lathe::onnx
