// What the `forward` of a module does with its children, for modules whose `.children()` were put into a Sequential:
// the order in which it calls them, and the steps between that are no modules, as modules.
//
// Read from the source of `forward`, so it works for modules that nobody has called. Used by the proposers for errors
// and for warnings.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/frontend/torch/advice/source_view.h"

namespace lathe::torch {

/// One step of a `forward`.
struct ForwardStep {
  std::string child;   ///< the attribute that is called, "conv"; empty for what is no child
  std::string text;    ///< as people call it: "F.relu", "torch.flatten", "view", "+", "self.conv"
  std::string module;  ///< a module that does the same, written with `self` for the owner; empty when there is none
  Span where;          ///< the expression
};

struct ForwardSteps {
  std::vector<ForwardStep> steps;  ///< in the order of execution
  /// Each step works on what the one before gave, the first on the input, and the result of the last is returned.
  bool is_chain = false;
  Span head;  ///< `def forward(...)`
};

/// Nothing when `module` has no `forward` that stands in the program.
[[nodiscard]] std::optional<ForwardSteps> forward_steps(const SourceView& source, ObjectId module);

/// A Sequential that was made of children of another module.
struct ChildrenCopy {
  ObjectId sequential;
  ObjectId owner;
  ExpressionView call;                  ///< `nn.Sequential(*net.children())`
  std::string owner_text;               ///< `net`; empty when it has no name there
  std::optional<Span> children_call;    ///< `net.children()` when it stands in the call
  std::vector<std::string> members;     ///< the owner's names of the members, in the order of the Sequential
  std::vector<std::string> registered;  ///< all children of the owner, once each
  ForwardSteps forward;
  /// The order of the members in `forward`, with the steps between those that are no modules; a member that is called
  /// twice comes twice. Steps before the first member and behind the last one belong to it only when the Sequential
  /// holds all children.
  std::vector<ForwardStep> wanted;
  bool other_order = false;  ///< `forward` calls the members in another order
  bool drops_steps = false;  ///< `wanted` has steps that are no modules and change something
  bool drops_calls = false;  ///< `forward` calls one of the members more than once
  bool is_exact = false;     ///< `wanted` is a chain of modules that does what `forward` does
};

/// Nothing when the Sequential was made in another way.
[[nodiscard]] std::optional<ChildrenCopy> children_copy(const SourceView& source, ObjectId sequential);

/// `nn.Sequential(net.body, net.act, net.head)`: what would do the same as `forward`; nothing when nothing does.
[[nodiscard]] std::optional<std::string> replacement(const SourceView& source, const ChildrenCopy& copy);

}  // namespace lathe::torch
