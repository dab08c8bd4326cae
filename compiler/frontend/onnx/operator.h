// ONNX operators as rows: which function builds which operator, for which versions of the operator set.
//
// A row names an operator of the default domain, the opsets it holds for, how many operands it takes, which attributes
// with which types, and a handler. The importer checks a node against its row before it calls the handler, so handlers
// read operands and attributes without testing them again. A handler builds nodes through the GraphBuilder of its
// NodeContext and returns the values of the node's outputs. Rows live in import_<family>.cpp, the list of families in
// operators.cpp.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/onnx/model.h"
#include "ir/graph/builder.h"

namespace lathe::onnx {

class Importer;
class NodeContext;

/// The values of a node's outputs in order. An invalid id, or a list that is too short, is an output that can't be had.
using Outputs = Result<std::vector<ValueId>>;
using Handler = Outputs (*)(NodeContext&);

inline constexpr int64_t kAnyNewer = 1000;
inline constexpr size_t kVariadic = 1u << 20u;

struct OperatorRow {
  std::string_view name;
  int64_t since = 1;          ///< first opset that the row holds for
  int64_t until = kAnyNewer;  ///< last one
  Handler handler = nullptr;
  size_t min_inputs = 1;
  size_t max_inputs = 1;
  /// `name:type` with blanks between; types are i, f, s, t, g (one) and is, fs, ss (lists).
  std::string_view attributes = {};
  /// The row of the graph IR, for handlers that serve several operators.
  std::string_view target = {};
  enum class Strings : uint8_t { Refused, Allowed };
  Strings strings = Strings::Refused;  ///< whether operands may be tensors of strings
};

/// The row for an operator of the default domain at an opset, or nullptr.
[[nodiscard]] const OperatorRow* find_operator(std::string_view name, int64_t opset);
/// True when there is a row for any opset.
[[nodiscard]] bool is_known_operator(std::string_view name);
/// All rows of all families.
[[nodiscard]] std::vector<const OperatorRow*> all_operators();

/// What a handler sees of one node.
class NodeContext {
 public:
  NodeContext(const Node& node, const OperatorRow& row, int64_t opset, std::vector<ValueId> inputs, std::string label,
              GraphBuilder& builder, Importer& importer)
      : node_(&node),
        row_(&row),
        opset_(opset),
        inputs_(std::move(inputs)),
        label_(std::move(label)),
        builder_(&builder),
        importer_(&importer) {}

  [[nodiscard]] const Node& node() const { return *node_; }
  [[nodiscard]] const OperatorRow& row() const { return *row_; }
  [[nodiscard]] int64_t opset() const { return opset_; }
  [[nodiscard]] GraphBuilder& builder() const { return *builder_; }
  [[nodiscard]] Module& module() const { return builder_->module(); }
  [[nodiscard]] const SymbolTable& symbols() const { return builder_->module().symbols; }
  [[nodiscard]] Diagnostics& diagnostics() const { return builder_->diagnostics(); }

  // Operands. Required ones are present; trailing absent ones are not counted.
  [[nodiscard]] size_t input_count() const { return inputs_.size(); }
  [[nodiscard]] bool has_input(size_t index) const { return index < inputs_.size() && inputs_[index].valid(); }
  [[nodiscard]] ValueId input(size_t index) const { return has_input(index) ? inputs_[index] : ValueId(); }
  [[nodiscard]] const std::vector<ValueId>& inputs() const { return inputs_; }
  [[nodiscard]] const TensorType& tensor(size_t index) const { return builder_->tensor(inputs_[index]); }
  [[nodiscard]] const Shape& dims(size_t index) const { return tensor(index).dims; }
  [[nodiscard]] int rank(size_t index) const { return tensor(index).rank(); }
  [[nodiscard]] ElementType element(size_t index) const { return tensor(index).element; }
  [[nodiscard]] std::string_view input_name(size_t index) const { return node_->inputs[index]; }
  [[nodiscard]] bool wants_output(size_t index) const {
    return index < node_->outputs.size() && !node_->outputs[index].empty();
  }

  // Attributes; the row has declared their types.
  [[nodiscard]] const Attribute* attribute(std::string_view name) const;
  [[nodiscard]] bool has(std::string_view name) const { return attribute(name) != nullptr; }
  [[nodiscard]] int64_t integer(std::string_view name, int64_t otherwise) const;
  [[nodiscard]] bool flag(std::string_view name, bool otherwise) const { return integer(name, otherwise ? 1 : 0) != 0; }
  [[nodiscard]] double number(std::string_view name, double otherwise) const;
  [[nodiscard]] std::string_view string(std::string_view name, std::string_view otherwise) const;
  [[nodiscard]] const std::vector<int64_t>* integers(std::string_view name) const;
  [[nodiscard]] const std::vector<float>* numbers(std::string_view name) const;

  // Elements of operands that are known at compile time.
  /// All elements of an integer operand as Dims, LT0901 when some are not known. `what` says what they are for:
  /// "shape".
  Result<Shape> known_dims(size_t index, std::string_view what);
  /// The same where all elements must be numbers.
  Result<Integers> known_integers(size_t index, std::string_view what);
  /// All elements of a float operand.
  Result<Floats> known_floats(size_t index, std::string_view what);
  /// Whether all elements of an operand are known.
  [[nodiscard]] bool is_known(size_t index) const;

  // Checks that report.
  /// An axis in [0, rank); negative ones count from the end. LT0209.
  Result<size_t> axis(int64_t value, int rank);
  /// Distinct axes in [0, rank), ascending.
  Result<std::vector<size_t>> axes(const Integers& values, int rank);
  Status require_rank(size_t index, int rank);
  Status require_rank_at_least(size_t index, int rank);

  /// A diagnostic at the node; end with emit().
  template <class... Arguments>
  DiagnosticBuilder error(DiagnosticKind kind, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return diagnostics()
        .report(kind, builder_->location(), format, std::forward<Arguments>(arguments)...)
        .layer(label_);
  }
  /// LT0901 for something about this node: "{operator}: {text}".
  template <class... Arguments>
  Failure unsupported(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return error(DiagnosticKind::Unsupported, "`{}`: {}", node_->op_type,
                 fmt::format(format, std::forward<Arguments>(arguments)...))
        .emit();
  }
  /// LT0106 for an attribute.
  template <class... Arguments>
  Failure bad_attribute(std::string_view name, fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return error(DiagnosticKind::BadAttribute, "attribute `{}` of `{}` {}", name, node_->op_type,
                 fmt::format(format, std::forward<Arguments>(arguments)...))
        .emit();
  }
  /// "operand `w` (input 1)"
  [[nodiscard]] std::string input_text(size_t index) const;

  /// Imports the graph of an attribute into the region where the builder stands; gives the values of its outputs.
  /// `arguments` are the values of the graph's inputs.
  Outputs import_subgraph(GraphIndex graph, std::span<const ValueId> arguments);
  /// The elements of a tensor attribute.
  Result<ConstantData> constant(const Tensor& tensor, std::string_view what);

  /// The only result of a row, as the outputs of the node.
  Outputs one(std::string_view op, std::vector<ValueId> operands, std::vector<NamedAttribute> attributes = {});

 private:
  const Node* node_;
  const OperatorRow* row_;
  int64_t opset_;
  std::vector<ValueId> inputs_;
  std::string label_;
  GraphBuilder* builder_;
  Importer* importer_;
};

/// A value as the only output.
[[nodiscard]] inline Outputs single(Result<ValueId> value) {
  if (!value.ok()) return Failure{};
  return std::vector<ValueId>{*value};
}

}  // namespace lathe::onnx
