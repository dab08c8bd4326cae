// A fault as those who look for cures see it: the layer and the line that made it, the expression that was evaluated,
// the tensors and where they were written and made, the place of a layer in its container.
//
// Made of the facts of the fault, the syntax trees, the heap and the graph, all as they are after the evaluation.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/advice/proposals.h"
#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

/// What made a tensor: a node of the graph, and the expression behind it.
struct MadeBy {
  NodeId node;
  ValueId value;
  LocationId where;
  std::string op;    ///< of the graph: "conv", "max_pool", "reshape"
  std::string type;  ///< class of the layer, "MaxPool2d"; empty when it is none of the library
  ObjectId layer{};
  std::optional<ExpressionView> expression;  ///< at `where`
  bool is_constructor = false;               ///< `expression` builds the layer, which a container calls
  /// "this MaxPool2d", "this `F.max_pool2d`"
  [[nodiscard]] std::string text(const SourceView& source) const;
};

class FaultView {
 public:
  explicit FaultView(Proposal& proposal);

  // ------------------------------------------------------------------------------------------------------- the layer
  [[nodiscard]] bool has_layer() const { return layer_.valid(); }
  [[nodiscard]] ObjectId layer() const { return layer_; }
  /// The class of the library: "Linear", "Conv2d"; of a subclass its name. Empty without a layer.
  [[nodiscard]] const std::string& type() const { return type_; }
  /// The call that made a module: `nn.Linear(3, 4)`; nothing for those that the library made.
  [[nodiscard]] std::optional<ExpressionView> constructor(ObjectId module) const;
  [[nodiscard]] std::optional<ExpressionView> constructor() const;
  /// A number among the attributes of a module.
  [[nodiscard]] std::optional<int64_t> number(ObjectId module, std::string_view attribute) const;
  /// The class of a module, for people.
  [[nodiscard]] std::string type_of(ObjectId module) const;

  // -------------------------------------------------------------------------------------------------- the expression
  /// What the innermost function of the program was evaluating.
  [[nodiscard]] const std::optional<ExpressionView>& expression() const { return expression_; }
  /// The same when it is a call.
  [[nodiscard]] std::optional<ExpressionView> call() const;
  /// The expression calls the layer itself, no container of it.
  [[nodiscard]] bool is_direct() const { return is_direct_; }
  /// What the expression gives as tensor number `position` (0 is the input): the argument, or the object of a method.
  /// For a layer in a container: the container's input when the layer is the first in it.
  [[nodiscard]] std::optional<ExpressionView> tensor_expression(size_t position = 0) const;
  /// The tensor operand of any call in the program: its first argument, or the object of a method of tensors.
  [[nodiscard]] std::optional<ExpressionView> tensor_of_call(const ExpressionView& call) const;
  /// What an expression of names and attributes stands for in the innermost frame.
  [[nodiscard]] std::optional<Value> resolve(const ExpressionView& view) const;

  // ------------------------------------------------------------------------------------------------------- the tensors
  /// Operand number `position`, `self` not counted.
  [[nodiscard]] std::optional<TensorId> tensor(size_t position = 0) const;
  [[nodiscard]] std::optional<Value> operand(size_t position) const;
  [[nodiscard]] Shape dims(TensorId tensor) const;
  /// Sizes of operand 0; empty when it is no tensor.
  [[nodiscard]] Shape input_dims() const;
  [[nodiscard]] std::optional<ValueId> value(TensorId tensor) const;
  /// What made a value; nothing for inputs and parameters.
  [[nodiscard]] std::optional<MadeBy> made_by(ValueId value) const;
  /// The same, behind steps that keep the shape (activations, norms, dropout).
  [[nodiscard]] std::optional<MadeBy> shaped_by(ValueId value) const;
  /// The steps that lead to a value along first operands, the last first; at most `most`.
  [[nodiscard]] std::vector<MadeBy> history(ValueId value, size_t most = 64) const;
  /// The value that a node read first; nothing for one that reads none.
  [[nodiscard]] std::optional<ValueId> first_operand(NodeId node) const;
  [[nodiscard]] Shape value_dims(ValueId value) const;

  // ----------------------------------------------------------------------------------------------------------- edits
  /// Edits that put `module` (`nn.Flatten()`, or several with commas) in front of a layer that a container calls.
  [[nodiscard]] std::optional<std::vector<Edit>> insert_before_layer(const ExpressionView& constructor,
                                                                     const std::string& module,
                                                                     const std::string& name) const;
  /// `nn.Flatten`, as the file writes it.
  [[nodiscard]] std::string library(std::string_view path) const;
  [[nodiscard]] std::string library(const ExpressionView& near, std::string_view path) const;
  /// Another number for an argument of a constructor.
  [[nodiscard]] std::optional<Edit> set_argument(const ExpressionView& constructor, size_t position,
                                                 std::string_view name, const std::string& text) const;

  [[nodiscard]] Proposal& proposal() const { return proposal_; }
  [[nodiscard]] const SourceView& source() const { return proposal_.source; }
  [[nodiscard]] Evaluator& evaluator() const { return proposal_.evaluator; }

 private:
  /// The module that a call made last.
  [[nodiscard]] std::optional<Value> made_at(const ExpressionView& call) const;
  [[nodiscard]] bool is_first_member(ObjectId container) const;
  [[nodiscard]] std::optional<MadeBy> made_by_node(NodeId node, ValueId value) const;

  Proposal& proposal_;
  ObjectId layer_{};
  std::string type_;
  const Frame* frame_ = nullptr;
  std::optional<ExpressionView> expression_;
  bool is_direct_ = false;
};

/// An expression as the object of a method or attribute: in parentheses where it needs them.
[[nodiscard]] std::string atom_text(const SourceView& source, const ExpressionView& view);
/// `expression.method(..)`
[[nodiscard]] Edit call_method_on(const SourceView& source, const ExpressionView& view, std::string_view method);
/// "(N, C, H, W)" for feature maps of a rank from 3 to 5.
[[nodiscard]] std::string_view map_axes(size_t rank);
/// "12 * 6 * 6" for the sizes from `first` on that are numbers; empty when one is not.
[[nodiscard]] std::string factors(const Shape& dims, size_t first);
[[nodiscard]] std::optional<int64_t> product_of(const Shape& dims, size_t first);

}  // namespace lathe::torch
