// The rewrite rules of canonicalize, as tables: each has a name, states its identity, and says what it does to bits.
//
// A rule looks at one node and either rewrites it through the Rewriter and returns true, or changes nothing and returns
// false. House rules: a rule makes the graph smaller or more regular, never trades one for the other; it doesn't undo
// what another one does; it keeps types of results; a case of the same name in tests/golden/passes/canonicalize shows
// it.
#pragma once

#include <span>
#include <string_view>

#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {

/// What a rule works on.
struct RuleContext {
  Module& module;
  Graph& graph;
  Rewriter& rewriter;
  const PassOptions& options;

  [[nodiscard]] const Node& node(NodeId id) const { return graph.node(id); }
  [[nodiscard]] const TensorType& tensor(ValueId value) const { return graph.tensor(value); }
  /// The type of the node's first result.
  [[nodiscard]] const TensorType& result(NodeId id) const { return graph.tensor(graph.node(id).results[0]); }
  /// Gives the node's only result to `value`, which must have its type.
  bool replace(NodeId id, ValueId value) const {
    rewriter.replace(id, {value});
    return true;
  }
  /// Replaces the node by a new one of row `op`.
  bool replace(NodeId id, std::string_view op, std::vector<ValueId> operands,
               std::vector<NamedAttribute> attributes = {}) const;
};

struct Rule {
  std::string_view name;
  std::string_view identity;  ///< what becomes what
  std::string_view ops;       ///< names of rows it looks at, separated by blanks; empty for every row
  Bits bits;
  bool (*apply)(const RuleContext&, NodeId);
};

[[nodiscard]] std::span<const Rule> elementwise_rules();
[[nodiscard]] std::span<const Rule> move_rules();
[[nodiscard]] std::span<const Rule> concat_rules();
[[nodiscard]] std::span<const Rule> contraction_rules();

/// The value of a Result that can't fail because the pass has checked what inference checks.
[[nodiscard]] inline ValueId checked(Result<ValueId> value) {
  LATHE_CHECK(value.ok());
  return *value;
}

}  // namespace lathe::passes
