// What may stand in one fused group: the rules of fuse, one for each kind of group, each refusal with its reason.
//
// The rules are those of the loop nests that lowering writes (compiler/lower/nest.h): every result of an elementwise
// group has one shape and inner values are computed where they are read, so nothing may be read more often than it
// would be computed alone; a row group reduces the same trailing axes everywhere and walks each row several times.
// Internal to fuse.
#pragma once

#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "compiler/passes/match.h"

namespace lathe::passes {

/// What a node is to fusion.
enum class FuseClass : uint8_t {
  Barrier,      ///< never in a group
  Contraction,  ///< starts a group of its own kind
  Elementwise,
  Move,  ///< one piece that covers the result: an index map
  Reduction,
};

enum class GroupKind : uint8_t { Elementwise, Reduction, Row, Contraction };
[[nodiscard]] std::string_view text(GroupKind kind);

/// The rows of a reduction over trailing axes.
struct RowShape {
  Shape full;
  size_t kept = 0;  ///< leading axes that stay
  friend bool operator==(const RowShape&, const RowShape&) = default;
};

/// What the rules ask of the nodes of the root region, found out once.
class FuseFacts {
 public:
  explicit FuseFacts(const Module& module);

  [[nodiscard]] const Module& module() const { return *module_; }
  [[nodiscard]] FuseClass kind(NodeId node) const { return facts_[node.index].kind; }
  /// The body calls transcendental functions.
  [[nodiscard]] bool is_expensive(NodeId node) const { return facts_[node.index].expensive; }
  [[nodiscard]] const std::optional<RowShape>& rows(NodeId node) const { return facts_[node.index].rows; }

 private:
  struct Facts {
    FuseClass kind = FuseClass::Barrier;
    bool expensive = false;
    std::optional<RowShape> rows;
  };
  const Module* module_;
  std::vector<Facts> facts_;  // by node
};

/// A reshape or slice: lowering makes a window of its operand, at no cost, when it stands at the border of a group.
[[nodiscard]] bool is_free_view(const Node& node);

/// What a set of nodes (in program order, none of them a Barrier or Contraction) would be as one group.
struct GroupCheck {
  std::optional<GroupKind> kind;  ///< nothing when they can't be one
  std::string reason;             ///< why not
};
[[nodiscard]] GroupCheck check_group(const FuseFacts& facts, const std::vector<NodeId>& nodes);

}  // namespace lathe::passes
