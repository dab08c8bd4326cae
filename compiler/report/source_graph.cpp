// Marks, and edges between what is marked.
#include "compiler/report/source_graph.h"

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

#include "ir/graph/op.h"
#include "ir/graph/print.h"

namespace lathe::report {
namespace {

constexpr uint32_t kNone = 0xffffffff;

bool is_drawn(const Node& node) {
  const auto* structural = form<Structural>(*node.op);
  return structural == nullptr ||
         (structural->kind != Structural::Kind::Constant && structural->kind != Structural::Kind::Return);
}

// The node of the root region that a node stands in.
NodeId root_node(const Graph& graph, NodeId id) {
  while (graph.node(id).region != Graph::root()) id = graph.region(graph.node(id).region).owner;
  return id;
}

// The values that pass between owners; `owner` is by node of the root region.
std::vector<Edge> edges_between(const Graph& graph, const std::vector<uint32_t>& owner) {
  std::vector<Edge> edges;
  std::set<std::tuple<Endpoint, Endpoint, ValueId>> known;
  std::map<ValueId, uint32_t> inputs;
  for (const ValueId input : graph.inputs()) inputs.emplace(input, static_cast<uint32_t>(inputs.size()));
  const auto source_of = [&](ValueId value) -> std::optional<Endpoint> {
    if (const auto input = inputs.find(value); input != inputs.end()) {
      return Endpoint{Endpoint::Kind::Input, input->second};
    }
    const NodeId producer = graph.value(value).producer;
    if (!producer.valid()) return std::nullopt;
    const uint32_t row = owner[root_node(graph, producer).index];
    if (row == kNone) return std::nullopt;
    return Endpoint{Endpoint::Kind::Node, row};
  };
  const auto add = [&](ValueId value, Endpoint to) {
    if (!value.valid()) return;
    const std::optional<Endpoint> from = source_of(value);
    if (!from || *from == to || !known.emplace(*from, to, value).second) return;
    edges.push_back({*from, to, value, text(graph.value(value).type)});
  };
  for (const NodeId id : graph.all_nodes()) {
    const uint32_t row = owner[root_node(graph, id).index];
    if (row == kNone) continue;
    for (const ValueId operand : graph.node(id).operands) add(operand, {Endpoint::Kind::Node, row});
  }
  const std::span<const ValueId> outputs = graph.outputs();
  for (uint32_t i = 0; i < outputs.size(); ++i) add(outputs[i], {Endpoint::Kind::Output, i});
  return edges;
}

// What tells layers apart: the name, and the place in the source.
using LayerKey = std::tuple<std::string, uint32_t, uint32_t, uint32_t, uint32_t>;

LayerKey key_of(const Module& module, const Node& node, LocationId origin) {
  if (!origin.valid()) return {node.name, node.name.empty() ? node.results.front().index : 0, 0, 0, 0};
  if (const auto* span = std::get_if<Span>(&module.locations[origin])) {
    return {node.name, 1, span->file.index, span->begin, span->end};
  }
  return {{}, 2, origin.index, 0, 0};
}

Layer describe(const Module& module, const Node& node, LocationId origin, const Definition* definition) {
  Layer layer{.name = node.name, .op = std::string(node.op->name), .where = origin, .outputs = {}};
  const auto* model = origin.valid() ? std::get_if<ModelLocation>(&module.locations[origin]) : nullptr;
  if (model != nullptr) {
    if (!model->op.empty()) layer.op = model->op;
    layer.name = model->name;
  } else if (definition != nullptr && !node.name.empty()) {
    for (const Definition::Layer& call : definition->layers) {
      if (call.name == node.name) layer.op = call.type;
    }
  }
  if (layer.name.empty()) layer.name = module.graph.value(node.results.front()).name;
  return layer;
}

std::vector<std::string> outputs_of(const std::vector<Edge>& edges, uint32_t row) {
  std::vector<std::string> types;
  std::set<ValueId> known;
  for (const Edge& edge : edges) {
    if (edge.from == Endpoint{Endpoint::Kind::Node, row} && known.insert(edge.value).second) types.push_back(edge.type);
  }
  return types;
}

}  // namespace

SourceGraph mark_layers(Module& module, const Definition* definition) {
  SourceGraph result;
  Graph& graph = module.graph;
  std::vector<uint32_t> owner(graph.node_table_size(), kNone);
  std::map<LayerKey, uint32_t> known;
  for (const NodeId id : graph.nodes_in(Graph::root())) {
    const Node& node = graph.node(id);
    if (!is_drawn(node) || node.results.empty()) continue;
    const LocationId origin = module.locations.origin_id(node.location);
    const auto [row, is_new] = known.try_emplace(key_of(module, node, origin), result.layers.size());
    owner[id.index] = row->second;
    if (is_new) result.layers.push_back(describe(module, node, origin, definition));
  }
  std::vector<LocationId> marks(result.layers.size());
  for (const NodeId id : graph.all_nodes()) {
    const uint32_t row = owner[root_node(graph, id).index];
    if (row == kNone) continue;
    const LocationId before = graph.node(id).location;
    LocationId& mark = marks[row];
    if (!mark.valid()) mark = module.locations.derive("layer", before);
    graph.set_node_location(id, mark);
  }
  for (uint32_t row = 0; row < marks.size(); ++row) result.layer_at.emplace(marks[row], row);
  result.edges = edges_between(graph, owner);
  for (uint32_t row = 0; row < result.layers.size(); ++row) {
    result.layers[row].outputs = outputs_of(result.edges, row);
  }
  return result;
}

FusedGraph mark_groups(Module& module, const SourceGraph& source) {
  FusedGraph result;
  Graph& graph = module.graph;
  std::vector<uint32_t> owner(graph.node_table_size(), kNone);
  for (NodeText& row : print_root_nodes(module)) {
    const Node& node = graph.node(row.node);
    if (!is_drawn(node) || node.results.empty()) continue;
    owner[row.node.index] = static_cast<uint32_t>(result.groups.size());
    Group group{.ops = {}, .text = std::move(row.text), .layers = {}, .outputs = {}};
    group.layers = marked_behind(module.locations, node.location, source.layer_at);
    for (const RegionId region : node.regions) {
      for (const NodeId inner : graph.nodes_in(region)) {
        if (is_drawn(graph.node(inner))) group.ops.emplace_back(graph.node(inner).op->name);
      }
    }
    if (group.ops.empty()) group.ops.emplace_back(node.op->name);
    for (const ValueId value : node.results) group.outputs.push_back(text(graph.value(value).type));
    const LocationId mark = module.locations.derive("group", node.location);
    graph.set_node_location(row.node, mark);
    result.group_at.emplace(mark, static_cast<uint32_t>(result.groups.size()));
    result.groups.push_back(std::move(group));
  }
  result.edges = edges_between(graph, owner);
  return result;
}

std::vector<uint32_t> marked_behind(const LocationTable& locations, LocationId where,
                                    const std::unordered_map<LocationId, uint32_t>& marks) {
  std::set<uint32_t> rows;
  std::set<LocationId> seen;
  std::vector<LocationId> waiting{where};
  while (!waiting.empty()) {
    const LocationId id = waiting.back();
    waiting.pop_back();
    if (!id.valid() || !seen.insert(id).second) continue;
    if (const auto mark = marks.find(id); mark != marks.end()) {
      rows.insert(mark->second);
      continue;
    }
    const Location& location = locations[id];
    if (const auto* fused = std::get_if<FusedLocation>(&location)) {
      waiting.insert(waiting.end(), fused->parents.begin(), fused->parents.end());
    } else if (const auto* derived = std::get_if<DerivedLocation>(&location)) {
      waiting.push_back(derived->from);
    }
  }
  return {rows.begin(), rows.end()};
}

}  // namespace lathe::report
