// Groups: the nodes that become one kernel, whether they stand alone or in the region of a `fused` node.
//
// A group lists its nodes in program order and maps what crosses its border: region arguments to the values outside,
// and inner results to outer ones. Values that no node of the group produces are leaves, read from memory or spelled as
// constants.
#pragma once

#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::lower {

struct Group {
  NodeId node;                ///< the node of the root region
  std::vector<NodeId> nodes;  ///< without constants and `return`
  /// Inner result and the value of the root region that it is.
  std::vector<std::pair<ValueId, ValueId>> results;
  LocationId location;
  std::string layer;

  /// The value of the root region behind a value seen in the group.
  [[nodiscard]] ValueId outside(ValueId value) const;
  /// The node of the group that produces `value`; invalid for leaves.
  [[nodiscard]] NodeId producer(const Graph& graph, ValueId value) const;

  std::unordered_map<uint32_t, ValueId> arguments;  ///< region argument -> outer value
};

[[nodiscard]] Group make_group(const Module& module, NodeId node);

/// The constant that a leaf is, or nullptr.
[[nodiscard]] const ConstantData* constant_leaf(const Module& module, const Group& group, ValueId value);
/// The one number that all elements of a constant leaf are.
[[nodiscard]] std::optional<ScalarValue> uniform_leaf(const Module& module, const Group& group, ValueId value);

}  // namespace lathe::lower
