// What the checks of this folder look at: the graph with its traits, the records of calls of layers, the source; and
// how they report. One Trace serves one program.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/advice/source_view.h"
#include "compiler/frontend/torch/lint/lint.h"
#include "compiler/frontend/torch/lint/value_flow.h"
#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

class Trace {
 public:
  /// `found` are the diagnostics until now.
  Trace(Evaluator& evaluator, const LintOptions& options, const Diagnostics& found);

  [[nodiscard]] Evaluator& evaluator() const { return evaluator_; }
  [[nodiscard]] const LintOptions& options() const { return options_; }
  [[nodiscard]] const Module& module() const { return module_; }
  [[nodiscard]] const Graph& graph() const { return module_.graph; }
  [[nodiscard]] const SymbolTable& symbols() const { return module_.symbols; }
  [[nodiscard]] const SourceView& source() const { return source_; }
  [[nodiscard]] const ValueTraits& traits(ValueId value) const { return flow_.traits(value); }
  [[nodiscard]] const ValueFlow& flow() const { return flow_; }
  [[nodiscard]] bool has_errors() const { return has_errors_; }

  /// Calls of layers that came to their end, in that order.
  [[nodiscard]] const std::vector<LayerRecord>& records() const { return records_; }
  /// Those that made the node, innermost first.
  [[nodiscard]] std::vector<const LayerRecord*> calls_around(NodeId node) const;
  [[nodiscard]] std::vector<const LayerRecord*> calls_around(const LayerRecord& record) const;
  /// Whether a record is that of a call of a whole model: by the driver, or at the top level of the program.
  [[nodiscard]] bool is_whole(const LayerRecord& record) const;
  /// Nodes that are worth a warning, with a place in the program: those of calls that did not fail.
  [[nodiscard]] std::vector<NodeId> nodes() const;
  [[nodiscard]] bool is_checked(const LayerRecord& record) const;
  /// Whether the place stands outside of all functions of the program.
  [[nodiscard]] bool is_top_level(LocationId where) const;

  [[nodiscard]] const Shape& dims(ValueId value) const { return module_.graph.tensor(value).dims; }
  [[nodiscard]] bool is_tensor(ValueId value) const;
  [[nodiscard]] std::string shape_text(ValueId value) const;
  [[nodiscard]] std::string_view op(NodeId node) const { return module_.graph.node(node).op->name; }

  /// Each kind once a place; nothing when it was reported there before. End with emit().
  [[nodiscard]] std::optional<DiagnosticBuilder> warn(LocationId where, DiagnosticKind kind, std::string message);
  /// Labels for the calls of layers that led to a place, innermost first.
  void add_calls(DiagnosticBuilder& builder, const std::vector<const LayerRecord*>& calls, LocationId where) const;
  /// The facts for the proposers of fixes of the warning that warn() has just begun.
  void note(ObjectId layer, std::vector<Value> operands = {});

 private:
  [[nodiscard]] ValueFlow::Hints hints() const;
  [[nodiscard]] std::vector<size_t> outermost_records() const;
  /// Of the call around the place, or of the place itself when there is none.
  [[nodiscard]] bool came_to_its_end(LocationId place) const;

  Evaluator& evaluator_;
  const LintOptions& options_;
  const Module& module_;
  SourceView source_;
  const std::vector<LayerRecord>& records_;
  bool has_errors_;
  std::vector<Span> failed_;       ///< statements
  std::vector<size_t> outermost_;  ///< for each record the one of the call around all others
  ValueFlow::Hints hints_;
  ValueFlow flow_;
  std::vector<std::pair<DiagnosticKind, LocationId>> reported_;
};

// The checks. Each reports through the trace.
void check_views(Trace& trace);         ///< batch-folded, squeeze-may-drop-batch, softmax-*
void check_broadcasts(Trace& trace);    ///< silent-broadcast
void check_layers(Trace& trace);        ///< linear-on-feature-map, batch-axis-by-coincidence
void check_dropouts(Trace& trace);      ///< dropout-always-on, dropout-at-end
void check_registration(Trace& trace);  ///< unregistered-modules
void check_unused(Trace& trace);        ///< unused-layer
void check_children(Trace& trace);      ///< children-*

}  // namespace lathe::torch
