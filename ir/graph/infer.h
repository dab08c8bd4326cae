// Inference: the one place where types of results come from.
//
// `infer` checks a draft against its row (operand count, element types, attributes) and calls the row's function.
// Builder, verifier and importers all come through here, so a wrong shape is found and explained once. An InferContext
// gives row functions typed access, the requirements (equal or not, with a guard where it can't be decided), origins
// for the dims they make, and diagnostics that name the node and its operands.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ir/graph/op.h"

namespace lathe {

class InferContext : public NodeView {
 public:
  InferContext(Module& module, const NodeDraft& draft, Diagnostics& diagnostics)
      : NodeView(module, draft, {}), mutable_module_(&module), diagnostics_(&diagnostics) {}

  [[nodiscard]] OriginTable& origins() const { return mutable_module_->origins; }
  [[nodiscard]] SymbolTable& symbols() const { return mutable_module_->symbols; }
  [[nodiscard]] Diagnostics& diagnostics() const { return *diagnostics_; }
  [[nodiscard]] LocationId location() const { return draft().location; }

  /// A diagnostic at the node, its layer set. End with emit().
  template <class... Arguments>
  DiagnosticBuilder error(DiagnosticKind kind, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return diagnostics_->report(kind, location(), format, std::forward<Arguments>(arguments)...).layer(draft().name);
  }
  /// How messages name an operand: "`weight` `conv1.weight`" or "`x`".
  [[nodiscard]] std::string operand_text(size_t index) const;

  /// Decides a == b: adds a guard when unknown. `message` says what is wrong when they differ; both dims are explained.
  Status require_equal(DiagnosticKind kind, const Dim& a, const Dim& b, const std::string& message);
  Status require_le(DiagnosticKind kind, const Dim& a, const Dim& b, const std::string& message);
  Status require_rank(size_t operand, int rank);
  Status require_rank_at_least(size_t operand, int rank);
  /// The axis in [0, rank) for one in [-rank, rank); LT0209 otherwise.
  Result<size_t> axis(int64_t value, int rank, std::string_view what = "axis");
  /// Distinct normalised axes in ascending order.
  Result<std::vector<size_t>> axes(const Integers& values, int rank);

  /// numpy's broadcast of two dims of operands; LT0205 with both shapes when impossible.
  Result<Shape> broadcast(std::span<const size_t> operands);
  /// The broadcast of plain shapes; names are for messages.
  Result<Dim> broadcast_dims(const Dim& a, const Dim& b, const std::string& message);

  /// `dim` as axis `axis` of the operand passed on unchanged.
  [[nodiscard]] Dim copied(const Dim& dim) const { return dim; }
  /// `dim` with an origin at this node.
  [[nodiscard]] Dim computed(const Dim& dim, std::string formula, std::vector<Dim> parents) const;
  [[nodiscard]] Dim product_of(std::vector<Dim> parents) const;
  [[nodiscard]] Dim sum_of(std::vector<Dim> parents) const;
  [[nodiscard]] Dim declared(const Dim& dim, std::string text) const;
  /// A symbol that no shape mentions yet, for a size that data decides; bounds [lower, upper].
  [[nodiscard]] Dim fresh_symbol(std::string_view base, Dim lower, Dim upper);

 private:
  Module* mutable_module_;
  Diagnostics* diagnostics_;
};

/// Checks the draft against its row and infers its result types; also rejects sizes beyond 2^62 bytes (LT0214).
[[nodiscard]] Result<std::vector<Type>> infer(Module& module, const NodeDraft& draft, Diagnostics& diagnostics);

/// Elements of a result that are known at compile time (see Value::known and Value::known_floats).
struct KnownElements {
  std::optional<Shape> integers;
  std::optional<Floats> floats;
};

/// Evaluates the draft on what is known of its operands: for small results of elementwise, move, index, constant and
/// shape rows, symbolically where sizes are. `result_types` are those of `infer`.
[[nodiscard]] KnownElements known_elements(const Module& module, const NodeDraft& draft,
                                           std::span<const Type> result_types);

/// Largest number of elements for which known elements are tracked.
inline constexpr int64_t kMaxKnownElements = 128;

// Inference functions that many rows share.

/// The broadcast shape of all operands with the element type of the first.
[[nodiscard]] Result<std::vector<Type>> infer_broadcast(InferContext& context);
/// The broadcast shape of all operands with element type bool.
[[nodiscard]] Result<std::vector<Type>> infer_predicate(InferContext& context);
/// The type of operand 0.
[[nodiscard]] Result<std::vector<Type>> infer_same_as_first(InferContext& context);

}  // namespace lathe
