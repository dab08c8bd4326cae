// Sizes of inputs with which a failed call of a module would have worked.
//
// The call from outside of all modules behind a fault is made again with names, and then with numbers, in place of the
// sizes of its images, signals or texts; compiler/advice/input_sizes.h solves what comes of it. The import must have
// failed: the graph grows by what is tried, and nobody uses it any more. Called by advise().
#pragma once

#include <map>
#include <string>

#include "compiler/advice/input_sizes.h"
#include "compiler/frontend/torch/nn/module.h"

namespace lathe::torch {

class SizeAdvice {
 public:
  explicit SizeAdvice(Evaluator& evaluator) : evaluator_(evaluator) {}

  /// Adds accepted sizes and notes about them to a diagnostic, where there is something to say.
  void advise(const FaultFacts& facts, Diagnostic& diagnostic);

 private:
  /// Steps of evaluation, and nodes of the graph at kWorkPerNode, of all calls for one program: about a second.
  static constexpr uint64_t kMostWork = 10'000'000;
  static constexpr uint64_t kWorkPerNode = 100;

  /// A tensor among the arguments of a call.
  struct Input {
    size_t position = 0;  ///< among all arguments, positional first
    std::string name;
    TensorType type;
  };
  /// The axes of an input that are free, and what they are called.
  struct FreeAxes {
    std::vector<size_t> axes;
    std::vector<std::string> names;
    bool has_batch = true;  ///< axis 0 counts independent samples
  };

  [[nodiscard]] std::vector<Input> inputs_of(const FailedCall& call);
  [[nodiscard]] std::vector<FreeAxes> choices(const FailedCall& call, const TensorType& type, DiagnosticKind kind);
  /// Spatial axes of the first convolution or pooling of a module; 0 when it has none.
  [[nodiscard]] size_t spatial_rank(const FailedCall& call);
  [[nodiscard]] bool solve(const FailedCall& call, const std::vector<Input>& inputs, size_t primary,
                           const FreeAxes& free, Diagnostic& diagnostic);
  /// Calls the module with other types of some of its tensors, by position.
  [[nodiscard]] advice::SizeProbe probe(const FailedCall& call, const std::map<size_t, TensorType>& types,
                                        DiagnosticKind kind);
  [[nodiscard]] std::string symbol(const std::string& name);

  Evaluator& evaluator_;
  uint64_t work_left_ = kMostWork;
  std::map<std::string, std::string> symbols_;
};

}  // namespace lathe::torch
