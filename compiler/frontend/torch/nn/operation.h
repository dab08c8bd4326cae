// What the C++ of a layer or of a tensor function works with while it makes nodes: where it stands, for whom it speaks,
// and the graph.
//
// Layers (layer.h) and functions (`F.conv2d`) share their computations, which take an Operation first and work on graph
// values. An Operation names the layer or function in messages, puts faults and nodes at the right place, and adds the
// label of the other place (the call of a layer that a container runs, or the line that made a layer).
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch {

/// "(2, 3, H)", "(7,)", "()": a shape as Python prints it.
[[nodiscard]] std::string python_shape(const Shape& dims);
/// "float32", "int64", "bool": an element type as PyTorch calls it.
[[nodiscard]] std::string_view torch_dtype_name(ElementType element);
/// "1 channel", "3 channels", "H channels"
[[nodiscard]] std::string counted(const Dim& count, std::string_view singular);

class Operation {
 public:
  /// A function called at `where`.
  Operation(Evaluator& evaluator, std::string name, LocationId where)
      : evaluator_(&evaluator), name_(std::move(name)), where_(where) {}

  [[nodiscard]] Evaluator& evaluator() const { return *evaluator_; }
  [[nodiscard]] Tracer& tracer() const { return tracer_of(*evaluator_); }
  [[nodiscard]] SymbolTable& symbols() const { return evaluator_->symbols(); }
  /// Its nodes stand at where().
  [[nodiscard]] GraphBuilder& builder() const;
  [[nodiscard]] const std::string& name() const { return name_; }  ///< "Linear", "linear"
  [[nodiscard]] LocationId where() const { return where_; }
  /// The place that faults mention besides where().
  void set_label(LocationId where, std::string text) {
    label_ = where;
    label_text_ = std::move(text);
  }
  void set_layer(std::string path) { layer_ = std::move(path); }
  /// The layer that the computation is for; for those who look for cures.
  void set_module(ObjectId module) { module_ = module; }

  // ------------------------------------------------------------------------------------------------------------ faults
  /// End with emit(). `exception` is the built-in class that `except` would see.
  template <class... Arguments>
  DiagnosticBuilder error(DiagnosticKind kind, std::string_view exception, fmt::format_string<Arguments...> format,
                          Arguments&&... arguments) const {
    return report(kind, exception, fmt::format(format, std::forward<Arguments>(arguments)...));
  }
  /// A warning at the same places; end with emit().
  [[nodiscard]] DiagnosticBuilder warn(DiagnosticKind kind, std::string message) const;
  /// For the facts of the fault that error() has just begun: the number that is there, and the one that would fit.
  void note_sizes(const Dim& have, const Dim& wanted) const;
  /// Puts the thing on the list of what Lathe does not support; gives Unknown.
  [[nodiscard]] Value unsupported(std::string what) const { return evaluator_->unsupported(where_, std::move(what)); }
  /// Decides a == b; what can't be decided becomes a guard of the compiled program.
  Status require_equal(DiagnosticKind kind, std::string_view exception, const Dim& a, const Dim& b,
                       const std::string& message) const;
  Status require_le(DiagnosticKind kind, std::string_view exception, const Dim& a, const Dim& b,
                    const std::string& message) const;
  /// Linear, convolutions and norms want all their operands in one dtype. `what` is the other operand: "its weight".
  Status require_element(ValueId x, ElementType wanted, std::string_view what) const;
  /// A floating-point operand.
  Status require_float(ValueId x) const;

  // ------------------------------------------------------------------------------------------------------------ values
  /// The tensor that a Python value is; `what` names it in faults: "its input", "argument `target`".
  [[nodiscard]] Result<TensorId> tensor(const Value& value, std::string_view what) const;
  /// The graph value of the tensor that a Python value is.
  [[nodiscard]] Result<ValueId> value(const Value& value, std::string_view what = "its input") const;
  /// The same; an invalid id for None.
  [[nodiscard]] Result<ValueId> optional_value(const Value& value, std::string_view what) const;
  /// A graph value as a new tensor.
  [[nodiscard]] Result<Value> result(const Result<ValueId>& value) const;
  [[nodiscard]] const TensorType& type(ValueId value) const { return tracer().module().graph.tensor(value); }
  [[nodiscard]] const Shape& dims(ValueId value) const { return type(value).dims; }
  [[nodiscard]] size_t rank(ValueId value) const { return dims(value).size(); }
  [[nodiscard]] std::string shape_text(ValueId value) const { return python_shape(dims(value)); }

  // Rows, short: one("relu", {x}).
  [[nodiscard]] Result<ValueId> one(std::string_view row, std::vector<ValueId> operands,
                                    std::vector<NamedAttribute> attributes = {}) const {
    return builder().one(row, std::move(operands), std::move(attributes));
  }
  /// row(x, number), the number in x's element type.
  [[nodiscard]] Result<ValueId> with_number(std::string_view row, ValueId x, double number) const;

 private:
  [[nodiscard]] DiagnosticBuilder report(DiagnosticKind kind, std::string_view exception, std::string message) const;
  void complete_facts() const;

  Evaluator* evaluator_;
  std::string name_;
  LocationId where_;
  LocationId label_;
  std::string label_text_;
  std::string layer_;
  ObjectId module_{};
};

/// A native function of tensors: `run` gets the call and an Operation that stands at it. When an argument is Unknown
/// the result is Unknown, and `run` is not called.
using TensorFunction = Result<Value> (*)(NativeCall& call, Operation& operation);
Result<Value> run_function(NativeCall& call, TensorFunction run);
/// For rows: {"linear", "input, weight, bias=None", tensor_function<run_linear>}.
template <TensorFunction run>
Result<Value> tensor_function(NativeCall& call) {
  return run_function(call, run);
}

}  // namespace lathe::torch
