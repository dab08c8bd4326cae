// The tables of a graph and the changes that keep uses and links true.
#include "ir/graph/graph.h"

#include <algorithm>

#include "ir/graph/op.h"

namespace lathe {

const TensorType& Graph::tensor(ValueId id) const {
  const TensorType* tensor = values_[id].type.as_tensor();
  LATHE_CHECK(tensor != nullptr);
  return *tensor;
}

std::vector<NodeId> Graph::nodes_in(RegionId region) const {
  std::vector<NodeId> nodes;
  for (NodeId node = regions_[region].first; node.valid(); node = nodes_[node].next) nodes.push_back(node);
  return nodes;
}

std::vector<NodeId> Graph::all_nodes(RegionId region) const {
  std::vector<NodeId> nodes;
  std::vector<RegionId> pending{region};
  while (!pending.empty()) {
    const RegionId current = pending.back();
    pending.pop_back();
    for (NodeId node = regions_[current].first; node.valid(); node = nodes_[node].next) {
      nodes.push_back(node);
      for (RegionId inner : nodes_[node].regions) pending.push_back(inner);
    }
  }
  return nodes;
}

bool Graph::has_return(RegionId region) const {
  const NodeId last = regions_[region].last;
  return last.valid() && has(nodes_[last].op->traits, Trait::Terminator);
}

std::span<const ValueId> Graph::outputs(RegionId region) const {
  if (!has_return(region)) return {};
  return nodes_[regions_[region].last].operands;
}

bool Graph::encloses(RegionId ancestor, RegionId region) const {
  while (region != ancestor) {
    const NodeId owner = regions_[region].owner;
    if (!owner.valid()) return false;
    region = nodes_[owner].region;
  }
  return true;
}

bool Graph::is_before(NodeId a, NodeId b) const {
  for (NodeId node = nodes_[a].next; node.valid(); node = nodes_[node].next) {
    if (node == b) return true;
  }
  return false;
}

RegionId Graph::add_region(NodeId owner) {
  Region region;
  region.owner = owner;
  return regions_.push_back(std::move(region));
}

ValueId Graph::add_argument(RegionId region, Type type, std::string name, LocationId location) {
  Value value;
  value.type = std::move(type);
  value.name = std::move(name);
  value.index = static_cast<uint32_t>(regions_[region].arguments.size());
  value.region = region;
  value.location = location;
  const ValueId id = values_.push_back(std::move(value));
  regions_[region].arguments.push_back(id);
  return id;
}

NodeId Graph::insert_node(NodeDraft draft, std::span<const Type> result_types, RegionId region, NodeId before) {
  Node node;
  static_cast<NodeDraft&>(node) = std::move(draft);
  const NodeId id = nodes_.push_back(std::move(node));
  link(id, region, before);
  for (uint32_t i = 0; i < nodes_[id].operands.size(); ++i) add_use(nodes_[id].operands[i], {id, i});
  for (uint32_t i = 0; i < result_types.size(); ++i) {
    Value value;
    value.type = result_types[i];
    value.producer = id;
    value.index = i;
    value.location = nodes_[id].location;
    nodes_[id].results.push_back(values_.push_back(std::move(value)));
  }
  for (RegionId inner : nodes_[id].regions) regions_[inner].owner = id;
  return id;
}

void Graph::link(NodeId id, RegionId region, NodeId before) {
  Node& node = nodes_[id];
  Region& list = regions_[region];
  node.region = region;
  node.next = before;
  node.previous = before.valid() ? nodes_[before].previous : list.last;
  (node.previous.valid() ? nodes_[node.previous].next : list.first) = id;
  (before.valid() ? nodes_[before].previous : list.last) = id;
}

void Graph::unlink(NodeId id) {
  Node& node = nodes_[id];
  Region& list = regions_[node.region];
  (node.previous.valid() ? nodes_[node.previous].next : list.first) = node.next;
  (node.next.valid() ? nodes_[node.next].previous : list.last) = node.previous;
  node.previous = {};
  node.next = {};
}

void Graph::erase_node(NodeId id) {
  std::vector<NodeId> doomed{id};
  for (RegionId inner : nodes_[id].regions) {
    const std::vector<NodeId> nested = all_nodes(inner);
    doomed.insert(doomed.end(), nested.begin(), nested.end());
  }
  for (NodeId victim : doomed) {
    Node& node = nodes_[victim];
    for (uint32_t i = 0; i < node.operands.size(); ++i) remove_use(node.operands[i], {victim, i});
    node.operands.clear();
  }
  for (ValueId result : nodes_[id].results) LATHE_CHECK(values_[result].uses.empty());
  for (NodeId victim : doomed) {
    unlink(victim);
    nodes_[victim].erased = true;
  }
}

void Graph::move_before(NodeId node, NodeId before) {
  unlink(node);
  link(node, nodes_[before].region, before);
}

void Graph::set_operand(NodeId node, uint32_t operand, ValueId value) {
  remove_use(nodes_[node].operands[operand], {node, operand});
  nodes_[node].operands[operand] = value;
  add_use(value, {node, operand});
}

void Graph::add_operand(NodeId node, ValueId value) {
  nodes_[node].operands.push_back(value);
  add_use(value, {node, static_cast<uint32_t>(nodes_[node].operands.size() - 1)});
}

void Graph::set_attribute(NodeId node, size_t attribute, Attribute value) {
  nodes_[node].attributes[attribute] = std::move(value);
}

void Graph::replace_all_uses(ValueId value, ValueId with) {
  if (value == with) return;
  const std::vector<Use> uses = std::move(values_[value].uses);
  values_[value].uses.clear();
  for (const Use& use : uses) {
    nodes_[use.node].operands[use.operand] = with;
    values_[with].uses.push_back(use);
  }
}

void Graph::erase_argument(RegionId region, size_t index) {
  std::vector<ValueId>& arguments = regions_[region].arguments;
  LATHE_CHECK(values_[arguments[index]].uses.empty());
  arguments.erase(arguments.begin() + static_cast<std::ptrdiff_t>(index));
  for (uint32_t i = 0; i < arguments.size(); ++i) values_[arguments[i]].index = i;
}

void Graph::add_use(ValueId value, Use use) {
  if (value.valid()) values_[value].uses.push_back(use);
}

void Graph::remove_use(ValueId value, Use use) {
  if (!value.valid()) return;
  std::vector<Use>& uses = values_[value].uses;
  const auto found = std::find(uses.begin(), uses.end(), use);
  LATHE_CHECK(found != uses.end());
  uses.erase(found);
}

void Module::add_guard(Guard guard) {
  const auto same = [&](const Guard& other) {
    return other.relation == guard.relation && other.left == guard.left && other.right == guard.right;
  };
  if (std::none_of(guards.begin(), guards.end(), same)) guards.push_back(std::move(guard));
}

Module clone_module(const Module& module) {
  Module copy;
  copy.name = module.name;
  copy.locations = module.locations;
  copy.origins = module.origins;
  copy.symbols = module.symbols;
  copy.constants = module.constants;
  copy.guards = module.guards;
  copy.graph = module.graph;
  return copy;
}

}  // namespace lathe
