// The names of one ONNX graph: who defines them, who reads them, in which order its nodes can be built.
//
// ONNX refers to values by name. Before a graph is built its names are checked: nothing is defined twice (LT0104), all
// that is read is defined (LT0402), no nodes wait for each other (LT0401). Files whose nodes stand in another order
// than they run in are put in order. Called by the importer for the main graph, for subgraphs, and for bodies of
// functions.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <unordered_set>
#include <vector>

#include "compiler/frontend/onnx/model.h"
#include "ir/base/diagnostic.h"

namespace lathe::onnx {

/// How the nodes of a graph are named in diagnostics: its location for each position.
using NodeLocator = std::function<LocationId(size_t)>;
/// Names that exist before the nodes of a graph run.
struct DefinedNames {
  std::function<bool(std::string_view)> here;     ///< inputs and initializers of this graph: no node may write them
  std::function<bool(std::string_view)> visible;  ///< those, and the names of the graphs around it
};

/// "`conv1` (Conv)", "node #3 (Conv)" where it has no name.
[[nodiscard]] std::string node_text(const Node& node, size_t position);

/// Names that a graph, with the graphs inside it, reads and does not define.
[[nodiscard]] std::unordered_set<std::string_view> free_names(const Model& model, GraphIndex graph);
/// Names that a node reads: its inputs and the free names of its subgraphs; without empty ones.
[[nodiscard]] std::vector<std::string_view> read_names(const Model& model, const Node& node);

/// The positions of `nodes` in an order in which values are defined before they are read; the given order where it is
/// one. Nodes in a circle are left out. All faults are reported.
[[nodiscard]] std::vector<size_t> order_nodes(const Model& model, std::span<const Node> nodes,
                                              const DefinedNames& defined, const NodeLocator& locate,
                                              Diagnostics& diagnostics);

}  // namespace lathe::onnx
