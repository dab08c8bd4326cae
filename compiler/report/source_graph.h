// The model before and after the passes, as graphs to draw: layers as their author wrote them, groups as they are
// lowered, and which layers each group carries out.
//
// Nodes are followed through the compiler by their locations: mark_layers() gives each layer's nodes a location of
// their own before the passes run, mark_groups() the nodes that are left a second one before lowering. Every rewrite
// keeps or fuses locations, so what comes out leads back. The marks change nothing else. Called by `lathe compile`
// between the stages of compile.h.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>
#include <vector>

#include "compiler/frontend/torch/definition.h"
#include "ir/graph/graph.h"

namespace lathe::report {

/// An end of an edge: an input or output of the model, or a node of the drawn graph.
struct Endpoint {
  enum class Kind : uint8_t { Input, Node, Output };
  Kind kind = Kind::Node;
  uint32_t index = 0;
  friend auto operator<=>(const Endpoint&, const Endpoint&) = default;
};

/// A value on its way.
struct Edge {
  Endpoint from;
  Endpoint to;
  ValueId value;
  std::string type;
};

struct Layer {
  std::string name;  ///< as the source has it; may be empty
  std::string op;
  LocationId where;
  std::vector<std::string> outputs;  ///< types of what others read of it
};

/// The model as it was written.
struct SourceGraph {
  std::vector<Layer> layers;
  std::vector<Edge> edges;
  std::unordered_map<LocationId, uint32_t> layer_at;  ///< by the location that mark_layers() gave
};

/// Groups the nodes of an imported module to layers: nodes of one ONNX node, of one call of a module, of one line.
/// Gives their nodes marked locations. `definition` names the classes of modules; it may be null.
[[nodiscard]] SourceGraph mark_layers(Module& module, const Definition* definition);

/// What is lowered as one.
struct Group {
  std::vector<std::string> ops;      ///< of its nodes, in program order
  std::string text;                  ///< in the graph IR
  std::vector<uint32_t> layers;      ///< that it carries out or has a part in, ascending
  std::vector<std::string> outputs;  ///< types
};

struct FusedGraph {
  std::vector<Group> groups;  ///< in program order
  std::vector<Edge> edges;
  std::unordered_map<LocationId, uint32_t> group_at;  ///< by the location that mark_groups() gave
};

/// Takes the module as the passes leave it, and gives the nodes of its root region marked locations.
[[nodiscard]] FusedGraph mark_groups(Module& module, const SourceGraph& source);

/// The rows of `marks` behind a location, ascending.
[[nodiscard]] std::vector<uint32_t> marked_behind(const LocationTable& locations, LocationId where,
                                                  const std::unordered_map<LocationId, uint32_t>& marks);

}  // namespace lathe::report
