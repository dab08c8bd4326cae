// Layers from the records of a definition, or from the nodes of a graph.
#include "compiler/tools/trace_layers.h"

#include <algorithm>
#include <unordered_map>

#include "compiler/tools/layers.h"
#include "ir/graph/op.h"

namespace lathe::tools {
namespace {

bool is_kind(const Graph& graph, NodeId node, Structural::Kind kind) {
  const auto* structural = form<Structural>(*graph.node(node).op);
  return structural != nullptr && structural->kind == kind;
}

TraceLayers layers_of_calls(const Module& module, const Definition& definition) {
  TraceLayers result;
  result.layer_of.assign(module.graph.node_table_size(), TraceLayers::kNone);
  const auto encloses = [](const Definition::Layer& outer, const Definition::Layer& inner) {
    return outer.first_node <= inner.first_node && inner.end_node <= outer.end_node;
  };
  for (uint32_t i = 0; i < definition.layers.size(); ++i) {
    const Definition::Layer& call = definition.layers[i];
    TraceLayer layer{.name = call.name,
                     .op = call.type,
                     .output = call.output,
                     .where = call.where,
                     .inputs = call.input_values,
                     .outputs = call.output_values,
                     .inner = {}};
    // Calls end inside out, so those within this one stand right before it.
    for (size_t inner = i + 1; inner-- > 0 && encloses(call, definition.layers[inner]);) layer.inner.push_back(inner);
    for (uint32_t node = call.first_node; node < call.end_node; ++node) {
      if (result.layer_of[node] == TraceLayers::kNone) result.layer_of[node] = i;
    }
    result.layers.push_back(std::move(layer));
  }
  return result;
}

// Name and operator as the source has them.
void describe_node(const Module& module, const Node& node, LocationId origin, TraceLayer& layer) {
  layer.name = node.name;
  layer.op = std::string(node.op->name);
  const auto* model = origin.valid() ? std::get_if<ModelLocation>(&module.locations[origin]) : nullptr;
  if (model != nullptr) {
    if (!model->op.empty()) layer.op = model->op;
    layer.name = model->name.empty() ? "#" + std::to_string(model->index) : model->name;
  }
  if (layer.name.empty() && !node.results.empty()) layer.name = module.graph.value(node.results.front()).name;
  if (const uint32_t line = line_of(module.locations, origin); layer.name.empty() && line != 0) {
    layer.name = "line " + std::to_string(line);
  }
}

TraceLayers layers_of_nodes(const Module& module) {
  const Graph& graph = module.graph;
  TraceLayers result;
  result.layer_of.assign(graph.node_table_size(), TraceLayers::kNone);
  std::unordered_map<LocationId, uint32_t> known;
  const std::vector<NodeId> nodes = graph.nodes_in(Graph::root());
  for (const NodeId id : nodes) {
    const Node& node = graph.node(id);
    if (is_constant(graph, id) || is_kind(graph, id, Structural::Kind::Return)) continue;
    const LocationId origin = module.locations.origin_id(node.location);
    auto row = static_cast<uint32_t>(result.layers.size());
    if (origin.valid()) row = known.try_emplace(origin, row).first->second;
    if (row == result.layers.size()) {
      result.layers.push_back(
          {.name = {}, .op = {}, .output = {}, .where = origin, .inputs = {}, .outputs = {}, .inner = {row}});
      describe_node(module, node, origin, result.layers.back());
    }
    result.layer_of[id.index] = row;
  }
  // What a layer reads from others and what others read of it.
  for (const NodeId id : nodes) {
    const uint32_t row = result.find(id);
    if (row == TraceLayers::kNone) continue;
    TraceLayer& layer = result.layers[row];
    for (const ValueId operand : graph.node(id).operands) {
      if (!operand.valid()) continue;
      const NodeId producer = graph.value(operand).producer;
      const bool is_known = std::find(layer.inputs.begin(), layer.inputs.end(), operand) != layer.inputs.end();
      if (is_known || (producer.valid() && (is_constant(graph, producer) || result.find(producer) == row))) continue;
      layer.inputs.push_back(operand);
    }
    for (const ValueId value : graph.node(id).results) {
      const std::vector<Use>& uses = graph.value(value).uses;
      if (std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return result.find(use.node) != row; })) {
        layer.outputs.push_back(value);
      }
    }
  }
  for (auto id = nodes.rbegin(); id != nodes.rend(); ++id) {
    const uint32_t row = result.find(*id);
    if (row != TraceLayers::kNone && result.layers[row].outputs.empty())
      result.layers[row].outputs = graph.node(*id).results;
  }
  for (TraceLayer& layer : result.layers) {
    for (const ValueId value : layer.outputs) {
      layer.output += (layer.output.empty() ? "" : ", ") + compact_text(graph.value(value).type);
    }
  }
  return result;
}

}  // namespace

bool is_constant(const Graph& graph, NodeId node) {
  return node.valid() && is_kind(graph, node, Structural::Kind::Constant);
}

uint32_t line_of(const LocationTable& locations, LocationId where) {
  const Location* origin = locations.origin(where);
  const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  return span == nullptr ? 0 : locations.line_column(span->file, span->begin).line;
}

TraceLayers trace_layers(const Module& module, const Definition& definition) {
  return definition.layers.empty() ? layers_of_nodes(module) : layers_of_calls(module, definition);
}

}  // namespace lathe::tools
