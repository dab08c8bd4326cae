// Questions about nodes.
#include "compiler/passes/match.h"

#include "ir/graph/type_match.h"

namespace lathe::passes {

bool is_op(const Node& node, std::string_view name) { return node.op->name == name; }

bool is_structural(const Node& node, Structural::Kind kind) {
  const auto* structural = form<Structural>(*node.op);
  return structural != nullptr && structural->kind == kind;
}

NodeId producer_named(const Graph& graph, ValueId value, std::string_view name) {
  if (!value.valid()) return {};
  const NodeId producer = graph.value(value).producer;
  return producer.valid() && is_op(graph.node(producer), name) ? producer : NodeId{};
}

const ConstantData* constant_of(const Module& module, ValueId value) {
  if (!value.valid()) return nullptr;
  const NodeId producer = module.graph.value(value).producer;
  if (!producer.valid() || !is_structural(module.graph.node(producer), Structural::Kind::Constant)) return nullptr;
  return &module.constants[std::get<ConstantId>(module.graph.node(producer).attributes[0])];
}

std::optional<ScalarValue> uniform_of(const Module& module, ValueId value) {
  constexpr int64_t kMostElements = 4096;
  const ConstantData* constant = constant_of(module, value);
  if (constant == nullptr || constant->absent || constant->type.element == ElementType::String) return std::nullopt;
  const int64_t count = constant->element_count();
  if (count == 0 || (!constant->splat && (count > kMostElements || !is_uniform(*constant)))) return std::nullopt;
  return load_element(constant->type.element, constant->bytes.data(), 0);
}

bool has_one_use(const Graph& graph, ValueId value) { return graph.value(value).uses.size() == 1; }

bool same_dim(const Module& module, const Dim& a, const Dim& b) { return a == b || equal_under_guards(module, a, b); }

bool same_shape(const Module& module, const Shape& a, const Shape& b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if (!same_dim(module, a[i], b[i])) return false;
  }
  return true;
}

bool same_type(const Module& module, const TensorType& a, const TensorType& b) {
  return a.element == b.element && same_shape(module, a.dims, b.dims);
}

Dim broadcast_dim(const Shape& shape, size_t axis, size_t rank) {
  const size_t offset = rank - shape.size();
  return axis < offset ? Dim(1) : shape[axis - offset];
}

bool is_pure(const Node& node) {
  return !has(node.op->traits, Trait::Impure) && !has(node.op->traits, Trait::Terminator);
}

}  // namespace lathe::passes
