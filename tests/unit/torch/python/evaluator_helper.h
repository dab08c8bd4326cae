// Runs programs for the tests of the evaluator: a host whose tensors are numbered boxes, a library `lab` of native
// rows, and the outcome as text.
#pragma once

#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "compiler/frontend/torch/python/evaluator.h"
#include "compiler/frontend/torch/python/library.h"

namespace lathe::torch {

/// Tensors without data: every operation gives its left operand.
class BoxHost final : public Host {
 public:
  std::optional<Result<Value>> tensor_attribute(Evaluator& evaluator, TensorId, NameId name) override {
    if (evaluator.names().text(name) == "rank") return Result<Value>(integer(2));
    return std::nullopt;
  }
  Status set_tensor_attribute(Evaluator&, TensorId, NameId, const Value&) override { return {}; }
  Result<Value> binary(Evaluator& evaluator, BinaryOp, const Value& left, const Value& right) override {
    if (std::holds_alternative<TensorId>(left) && std::holds_alternative<TensorId>(right)) return left;
    return evaluator
        .error(evaluator.current_location(), DiagnosticKind::BroadcastMismatch, "RuntimeError",
               "boxes only add to boxes")
        .emit();
  }
  Result<Value> binary_in_place(Evaluator&, BinaryOp, TensorId left, const Value&) override { return Value(left); }
  Result<Value> compare(Evaluator&, CompareOp, const Value& left, const Value&) override { return left; }
  Result<Value> unary(Evaluator&, UnaryOp, TensorId operand) override { return Value(operand); }
  Result<Value> get_item(Evaluator&, TensorId tensor, const Value&) override { return Value(tensor); }
  Status set_item(Evaluator&, TensorId, const Value&, const Value&) override { return {}; }
  Result<std::vector<Value>> iterate(Evaluator&, TensorId tensor) override {
    return std::vector<Value>{tensor, tensor};
  }
  Result<Dim> length(Evaluator&, TensorId) override { return Dim(2); }
  Result<Value> element(Evaluator& evaluator, TensorId) override {
    return evaluator
        .error(evaluator.current_location(), DiagnosticKind::UndecidedBranch, "RuntimeError",
               "the truth of a box is not known")
        .emit();
  }
  std::string text(TensorId tensor) override { return "box " + std::to_string(tensor.index); }
  ObjectId tensor_class(Evaluator& evaluator, TensorId) override { return evaluator.library_object("lab.Box"); }
};

/// `lab`: box(), size(), twice(n), Layer(size, *, bias=True), lab.deep.answer
[[nodiscard]] std::span<const NativeModuleRow> lab_library();

/// What a run of a program left behind.
struct Outcome {
  std::string printed;
  /// "LT0502 3:5 the name `x` is not defined", in order.
  std::vector<std::string> faults;
  std::vector<Diagnostic> diagnostics;
  std::vector<std::string> names;
};

/// A folder of its own for the files of one test.
class Program {
 public:
  Program();
  ~Program();
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  void add_file(const std::string& path, const std::string& text) const;
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  /// Runs `text` as main.py; then evaluates `expressions`, whose values are printed.
  [[nodiscard]] Outcome run(const std::string& text, Limits limits = {},
                            const std::vector<std::string>& expressions = {}) const;

 private:
  std::filesystem::path folder_;
};

[[nodiscard]] inline Outcome run(const std::string& text, Limits limits = {}) { return Program().run(text, limits); }

}  // namespace lathe::torch
