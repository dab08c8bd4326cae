// Dependencies between nodes by name, and their order.
#include "compiler/frontend/onnx/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <queue>
#include <string>
#include <unordered_map>

#include "ir/graph/closest_name.h"

namespace lathe::onnx {
namespace {

/// Looking for misspelt names costs their product: it is done for the first few of a graph of usual size.
constexpr size_t kMostSuggestions = 8;
constexpr size_t kMostCandidates = 20000;

using Producers = std::unordered_map<std::string_view, size_t>;

/// Adds what a node reads to `names`. Graphs nest no deeper than the reader allows.
void collect_reads(const Model& model, const Node& node, std::vector<std::string_view>& names) {
  for (const std::string_view input : node.inputs) {
    if (!input.empty()) names.push_back(input);
  }
  for (const Attribute& attribute : node.attributes) {
    for (const GraphIndex graph : attribute.graphs) {
      const std::unordered_set<std::string_view> inner = free_names(model, graph);
      names.insert(names.end(), inner.begin(), inner.end());
    }
  }
}

/// The edges of the graph: for each node the nodes that read from it, and how many it reads from.
struct Edges {
  std::vector<std::vector<size_t>> readers;
  std::vector<std::vector<size_t>> sources;
  bool in_order = true;
};

Producers find_producers(std::span<const Node> nodes, const DefinedNames& defined, const NodeLocator& locate,
                         Diagnostics& diagnostics) {
  Producers producers;
  for (size_t position = 0; position < nodes.size(); ++position) {
    for (const std::string_view output : nodes[position].outputs) {
      if (output.empty()) continue;
      if (defined.here(output)) {
        (void)diagnostics
            .report(DiagnosticKind::DuplicateName, locate(position),
                    "{} writes `{}`, which is already an input or an initializer", node_text(nodes[position], position),
                    output)
            .emit();
        continue;
      }
      const auto [known, inserted] = producers.emplace(output, position);
      if (inserted) continue;
      (void)diagnostics
          .report(DiagnosticKind::DuplicateName, locate(position), "{} writes `{}`, which {} writes too",
                  node_text(nodes[position], position), output, node_text(nodes[known->second], known->second))
          .label(locate(known->second), "also written here")
          .emit();
    }
  }
  return producers;
}

Edges find_edges(const Model& model, std::span<const Node> nodes, const Producers& producers,
                 const DefinedNames& defined, const NodeLocator& locate, Diagnostics& diagnostics) {
  Edges edges;
  edges.readers.resize(nodes.size());
  edges.sources.resize(nodes.size());
  std::vector<std::string_view> candidates;
  size_t missing = 0;
  for (size_t position = 0; position < nodes.size(); ++position) {
    for (const std::string_view name : read_names(model, nodes[position])) {
      const auto producer = producers.find(name);
      if (producer != producers.end()) {
        edges.readers[producer->second].push_back(position);
        edges.sources[position].push_back(producer->second);
        if (producer->second >= position) edges.in_order = false;
        continue;
      }
      if (defined.visible(name)) continue;
      DiagnosticBuilder report =
          diagnostics.report(DiagnosticKind::MissingInput, locate(position),
                             "{} reads `{}`, which is neither an input, an initializer nor the output of a node",
                             node_text(nodes[position], position), name);
      if (candidates.empty() && producers.size() <= kMostCandidates) {
        for (const auto& [known, index] : producers) candidates.push_back(known);
        std::sort(candidates.begin(), candidates.end());
      }
      const std::string_view closest = ++missing <= kMostSuggestions ? closest_name(name, candidates) : "";
      if (!closest.empty()) std::move(report).note(fmt::format("there is a value `{}`", closest));
      (void)std::move(report).emit();
    }
  }
  return edges;
}

/// Reports one circle among the nodes that could not be ordered.
void report_circle(std::span<const Node> nodes, const Edges& edges, const std::vector<bool>& ordered,
                   const NodeLocator& locate, Diagnostics& diagnostics) {
  // Every node left has a source that is left; walking back must come to a node a second time.
  size_t at = static_cast<size_t>(std::find(ordered.begin(), ordered.end(), false) - ordered.begin());
  std::vector<size_t> path;
  std::unordered_map<size_t, size_t> step_of;
  while (step_of.emplace(at, path.size()).second) {
    path.push_back(at);
    at = *std::find_if(edges.sources[at].begin(), edges.sources[at].end(),
                       [&](size_t source) { return !ordered[source]; });
  }
  std::vector<size_t> circle(path.begin() + static_cast<ptrdiff_t>(step_of[at]), path.end());
  std::reverse(circle.begin(), circle.end());
  std::rotate(circle.begin(), std::min_element(circle.begin(), circle.end()), circle.end());

  constexpr size_t kShown = 8;
  std::string text;
  for (size_t step = 0; step < std::min(circle.size(), kShown); ++step) {
    text += node_text(nodes[circle[step]], circle[step]) + " -> ";
  }
  if (circle.size() > kShown) text += fmt::format("{} more -> ", circle.size() - kShown);
  DiagnosticBuilder report =
      diagnostics.report(DiagnosticKind::GraphCycle, locate(circle.front()), "{} in a circle: {}{}",
                         circle.size() == 1 ? "a node reads its own result" : "nodes wait for each other", text,
                         node_text(nodes[circle.front()], circle.front()));
  for (size_t step = 1; step < std::min(circle.size(), kShown); ++step) {
    std::move(report).label(locate(circle[step]), "in the circle");
  }
  (void)std::move(report).emit();
}

}  // namespace

std::string node_text(const Node& node, size_t position) {
  if (node.name.empty()) return fmt::format("node #{} ({})", position, node.op_type);
  return fmt::format("`{}` ({})", node.name, node.op_type);
}

std::unordered_set<std::string_view> free_names(const Model& model, GraphIndex index) {
  const Graph& graph = model.graphs[index];
  std::vector<std::string_view> reads;
  for (const Node& node : graph.nodes) collect_reads(model, node, reads);
  for (const ValueInfo& output : graph.outputs) reads.push_back(output.name);
  std::unordered_set<std::string_view> names(reads.begin(), reads.end());
  for (const ValueInfo& input : graph.inputs) names.erase(input.name);
  for (const Tensor& initializer : graph.initializers) names.erase(initializer.name);
  for (const Node& node : graph.nodes) {
    for (const std::string_view output : node.outputs) names.erase(output);
  }
  return names;
}

std::vector<std::string_view> read_names(const Model& model, const Node& node) {
  std::vector<std::string_view> names;
  collect_reads(model, node, names);
  return names;
}

std::vector<size_t> order_nodes(const Model& model, std::span<const Node> nodes, const DefinedNames& defined,
                                const NodeLocator& locate, Diagnostics& diagnostics) {
  const Producers producers = find_producers(nodes, defined, locate, diagnostics);
  const Edges edges = find_edges(model, nodes, producers, defined, locate, diagnostics);
  std::vector<size_t> order;
  order.reserve(nodes.size());
  if (edges.in_order) {
    for (size_t position = 0; position < nodes.size(); ++position) order.push_back(position);
    return order;
  }
  std::vector<size_t> waiting(nodes.size());
  std::priority_queue<size_t, std::vector<size_t>, std::greater<>> ready;
  for (size_t position = 0; position < nodes.size(); ++position) {
    waiting[position] = edges.sources[position].size();
    if (waiting[position] == 0) ready.push(position);
  }
  std::vector<bool> ordered(nodes.size(), false);
  while (!ready.empty()) {
    const size_t position = ready.top();
    ready.pop();
    order.push_back(position);
    ordered[position] = true;
    for (const size_t reader : edges.readers[position]) {
      if (--waiting[reader] == 0) ready.push(reader);
    }
  }
  if (order.size() != nodes.size()) report_circle(nodes, edges, ordered, locate, diagnostics);
  return order;
}

}  // namespace lathe::onnx
