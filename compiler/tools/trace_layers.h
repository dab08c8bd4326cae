// The layers of a model as `lathe trace` shows them, with the values of the graph that belong to each.
//
// For PyTorch source these are the calls of modules in the order in which they ended, containers behind their members;
// for ONNX the nodes, for text the lines. A model without modules (a function, a script of tensor operations) has its
// lines too.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace lathe::tools {

struct TraceLayer {
  std::string name;
  std::string op;
  std::string output;           ///< the types as `check` shows them
  LocationId where;             ///< where it stands in the source; may be invalid
  std::vector<ValueId> inputs;  ///< tensors that it reads, weights excluded
  std::vector<ValueId> outputs;
  std::vector<size_t> inner;  ///< layers that were called within this one, and itself
};

struct TraceLayers {
  static constexpr uint32_t kNone = 0xffffffff;
  std::vector<TraceLayer> layers;
  std::vector<uint32_t> layer_of;  ///< by node: the innermost layer that made it; kNone for what stands outside

  [[nodiscard]] uint32_t find(NodeId node) const {
    return node.valid() && node.index < layer_of.size() ? layer_of[node.index] : kNone;
  }
};

[[nodiscard]] TraceLayers trace_layers(const Module& module, const Definition& definition);

/// The line in a source file; 0 where there is none.
[[nodiscard]] uint32_t line_of(const LocationTable& locations, LocationId where);
/// True for the node of a constant.
[[nodiscard]] bool is_constant(const Graph& graph, NodeId node);

}  // namespace lathe::tools
