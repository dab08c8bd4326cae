// Questions that passes ask about nodes: what a value is made of, whether two shapes are the same, whether a value is
// used once. Nothing here changes a module.
#pragma once

#include <optional>
#include <string_view>

#include "ir/graph/op.h"
#include "ir/scalar/scalar_value.h"

namespace lathe::passes {

/// True when the node's row has this name; the row must exist.
[[nodiscard]] bool is_op(const Node& node, std::string_view name);
[[nodiscard]] bool is_structural(const Node& node, Structural::Kind kind);
/// The node behind a value when its row has this name, else an invalid id.
[[nodiscard]] NodeId producer_named(const Graph& graph, ValueId value, std::string_view name);

/// The constant that a value is, or nullptr.
[[nodiscard]] const ConstantData* constant_of(const Module& module, ValueId value);
/// The number that all elements of a constant are; looks at no more than a few thousand elements.
[[nodiscard]] std::optional<ScalarValue> uniform_of(const Module& module, ValueId value);

/// The value is read by exactly one operand slot.
[[nodiscard]] bool has_one_use(const Graph& graph, ValueId value);
/// The dims are equal for all values of the symbols, or because of a guard.
[[nodiscard]] bool same_dim(const Module& module, const Dim& a, const Dim& b);
[[nodiscard]] bool same_shape(const Module& module, const Shape& a, const Shape& b);
[[nodiscard]] bool same_type(const Module& module, const TensorType& a, const TensorType& b);

/// The dim of `shape` that meets axis `axis` of a result with `rank` axes in a broadcast; 1 where it has none.
[[nodiscard]] Dim broadcast_dim(const Shape& shape, size_t axis, size_t rank);

/// A node may be removed, merged, folded and moved: it has no effect but its results.
[[nodiscard]] bool is_pure(const Node& node);

/// A row's attribute of the kind that the caller knows it has.
template <class T>
[[nodiscard]] const T& attribute(const Node& node, std::string_view name) {
  return std::get<T>(node.attributes[static_cast<size_t>(node.op->attribute_index(name))]);
}

}  // namespace lathe::passes
