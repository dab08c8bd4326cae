// Runs small tensor programs for the tests of this folder.
#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "compiler/frontend/torch/tensor/tracer.h"

namespace lathe::torch::test {

/// Parameter elements are 1, 2, 3 ... times the named factor below; constants for what is random.
class CountingSource final : public ParameterSource {
 public:
  std::optional<ConstantData> parameter(const std::string& name, const TensorType& type,
                                        const Initialization& initialization) override;
  std::vector<std::string> asked;  ///< names, in order
};

/// One program, executed; everything stays alive for questions.
class Program {
 public:
  explicit Program(const std::string& text);
  Program(const Program&) = delete;
  Program& operator=(const Program&) = delete;
  ~Program();

  /// The value of a top-level name as text: `float32 (2,) [1, 2]`, `(int64 () [3], 4)`, `Unknown`.
  [[nodiscard]] std::string value(const std::string& name);
  /// The value of a top-level name.
  [[nodiscard]] Value object(const std::string& name) const;
  /// One line a diagnostic: `kind:line message`.
  [[nodiscard]] std::string diagnostics() const;
  /// Runs `action` on the evaluator's stack, as a statement of the top level.
  template <class Action>
  void run(Action action) {
    run_guarded(action);
  }

  Module module;
  CountingSource source;
  std::unique_ptr<Tracer> tracer;
  std::unique_ptr<Evaluator> evaluator;
  Diagnostics faults;

 private:
  void run_guarded(const std::function<void()>& action);
  [[nodiscard]] std::string text(const Value& value);
};

/// Equal texts, numbers within `tolerance` relative to their size.
[[nodiscard]] bool same_text(const std::string& expected, const std::string& actual, double tolerance = 1e-5);

}  // namespace lathe::torch::test
