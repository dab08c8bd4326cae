// Collecting the nodes of a group.
#include "compiler/lower/group.h"

#include <algorithm>

namespace lathe::lower {
namespace {

bool is_structural(const Node& node, Structural::Kind kind) {
  const auto* structural = form<Structural>(*node.op);
  return structural != nullptr && structural->kind == kind;
}

}  // namespace

ValueId Group::outside(ValueId value) const {
  const auto found = arguments.find(value.index);
  return found == arguments.end() ? value : found->second;
}

NodeId Group::producer(const Graph& graph, ValueId value) const {
  const NodeId found = graph.value(value).producer;
  if (!found.valid() || std::find(nodes.begin(), nodes.end(), found) == nodes.end()) return {};
  return found;
}

Group make_group(const Module& module, NodeId id) {
  const Graph& graph = module.graph;
  const Node& node = graph.node(id);
  Group group;
  group.node = id;
  group.location = node.location;
  group.layer = node.name;
  if (!is_structural(node, Structural::Kind::Fused)) {
    group.nodes = {id};
    for (ValueId result : node.results) group.results.emplace_back(result, result);
    return group;
  }
  const RegionId region = node.regions[0];
  const std::vector<ValueId>& inner = graph.region(region).arguments;
  for (size_t i = 0; i < inner.size(); ++i) group.arguments[inner[i].index] = node.operands[i];
  for (NodeId each : graph.nodes_in(region)) {
    const Node& member = graph.node(each);
    if (is_structural(member, Structural::Kind::Constant) || is_structural(member, Structural::Kind::Return)) continue;
    group.nodes.push_back(each);
  }
  const std::span<const ValueId> outputs = graph.outputs(region);
  for (size_t i = 0; i < outputs.size(); ++i) group.results.emplace_back(outputs[i], node.results[i]);
  return group;
}

const ConstantData* constant_leaf(const Module& module, const Group& group, ValueId value) {
  const NodeId producer = module.graph.value(group.outside(value)).producer;
  if (!producer.valid()) return nullptr;
  const Node& node = module.graph.node(producer);
  if (!is_structural(node, Structural::Kind::Constant)) return nullptr;
  return &module.constants[std::get<ConstantId>(node.attributes[0])];
}

std::optional<ScalarValue> uniform_leaf(const Module& module, const Group& group, ValueId value) {
  const ConstantData* constant = constant_leaf(module, group, value);
  if (constant == nullptr || constant->absent || constant->type.element == ElementType::String) return std::nullopt;
  if (!constant->splat && constant->element_count() != 1) return std::nullopt;
  return load_element(constant->type.element, constant->bytes.data(), 0);
}

}  // namespace lathe::lower
