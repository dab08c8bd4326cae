// A model that is loaded, compiled and given inputs and outputs, ready to be timed. Shared by the model benchmarks.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/compile.h"

namespace lathe::bench {

/// Milliseconds since some fixed moment.
[[nodiscard]] double now_ms();
/// The middle of some numbers; 0 of none.
[[nodiscard]] double median(std::vector<double> values);

/// An instance whose symbols are all 1, with memory for its inputs (random numbers in [-1, 1)) and outputs.
class Prepared {
 public:
  /// Nothing on a failure, which has been printed.
  [[nodiscard]] static std::optional<Prepared> make(const CompiledModel& model);
  lathe_status run() { return instance_.run(from_.data(), to_.data()); }
  [[nodiscard]] const std::vector<Tensor>& outputs() const { return outputs_; }

 private:
  explicit Prepared(Instance instance) : instance_(std::move(instance)) {}
  Instance instance_;
  std::vector<Tensor> inputs_;
  std::vector<Tensor> outputs_;
  std::vector<const void*> from_;
  std::vector<void*> to_;
};

/// Nothing on a failure, which has been printed.
[[nodiscard]] std::optional<CompiledModel> compile_file(const std::string& path, const CompileOptions& options);
[[nodiscard]] std::optional<CompiledModel> compile_module(Module module, const CompileOptions& options);

}  // namespace lathe::bench
