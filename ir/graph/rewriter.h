// Rewriter: changes a graph on behalf of a pass, keeping locations and counting what happened.
//
// New nodes are built in front of the node they replace and get a location derived from it. `replace` takes over all
// uses and erases the node. Uses of erased values are a broken invariant. Passes are the only callers.
#pragma once

#include <string_view>
#include <vector>

#include "ir/graph/builder.h"

namespace lathe {

class Rewriter {
 public:
  /// `pass` is a string literal, used in derived locations.
  Rewriter(Module& module, Diagnostics& diagnostics, std::string_view pass)
      : module_(&module), diagnostics_(&diagnostics), pass_(pass) {}

  [[nodiscard]] Module& module() const { return *module_; }
  [[nodiscard]] Graph& graph() const { return module_->graph; }

  /// A builder that inserts before `node` with a location derived from it and its name.
  [[nodiscard]] GraphBuilder before(NodeId node);
  /// The same with the fused location of several nodes; inserts before the first argument.
  [[nodiscard]] GraphBuilder before(NodeId node, const std::vector<NodeId>& sources);

  /// Gives the uses of `node`'s results to `with` and erases it. Types must be equal in element and rank; name hints
  /// move.
  void replace(NodeId node, const std::vector<ValueId>& with);
  void erase(NodeId node);
  /// Erases the producers of values that nobody uses, transitively, starting from `node`'s operands.
  void erase_with_dead_operands(NodeId node);

  [[nodiscard]] size_t changes() const { return changes_; }
  [[nodiscard]] bool changed() const { return changes_ != 0; }
  void count_change() { ++changes_; }

 private:
  Module* module_;
  Diagnostics* diagnostics_;
  std::string_view pass_;
  size_t changes_ = 0;
};

}  // namespace lathe
