// What is known of the axes of values in a traced graph: which one counts samples, which have size 1 because a layer
// has one feature, and which values are feature maps. Axes are followed from the inputs of the graph through nodes
// whose effect on axes is plain; what isn't known is never assumed. Used by the checks of this folder.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <unordered_set>

#include "ir/graph/graph.h"

namespace lathe::torch {

struct ValueTraits {
  std::optional<size_t> batch = {};  ///< the axis of samples
  bool is_map = false;               ///< (N, C, spatial...), made by a convolution or a pool
  bool is_unbatched = false;         ///< (C, spatial...), the result of a layer that took its input for one sample
  bool from_input = false;           ///< depends on an input of the graph
  uint64_t units = 0;                ///< axes of size 1 that no one asked for: of a layer, an input, an index
  uint64_t features = 0;             ///< those of them that a layer with one feature or channel made
};

/// Traits of all values; computed once for a graph that is complete.
class ValueFlow {
 public:
  /// What calls of layers tell beyond the graph. Must outlive the flow.
  struct Hints {
    std::unordered_set<ValueId> samples;             ///< inputs whose axis 0 counts samples
    std::unordered_set<ValueId> maps;                ///< values that layers made as feature maps
    std::unordered_map<ValueId, ValueId> same_axes;  ///< results of layers that keep the axes of this operand
  };
  ValueFlow(const Module& module, const Hints& hints);

  [[nodiscard]] const ValueTraits& traits(ValueId value) const;
  /// Whether `value` is computed from `source`.
  [[nodiscard]] bool depends_on(ValueId value, ValueId source) const;

 private:
  void add_input(ValueId input, bool is_batch);
  void visit(NodeId node);
  void visit_several(const Node& node);

  const Module& module_;
  const Hints& hints_;
  std::unordered_map<ValueId, ValueTraits> rows_;
};

}  // namespace lathe::torch
