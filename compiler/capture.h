// Runs a model once and gives the elements of any of its values, not only of its outputs.
//
// The values become further results of a copy of the graph, which is compiled with the chosen back end as any other
// model; so its numbers are those of that back end, and what it can't do is reported as of any model (LT0901): nothing
// falls back by itself. Fusion may differ from that of the model alone, as a value that is read outside has to exist.
// Used by `lathe trace` and `lathe diff`.
#pragma once

#include <span>
#include <unordered_map>
#include <vector>

#include "compiler/compile.h"

namespace lathe {

/// The elements of values of one run. Copies are not made: a value that was asked for twice is there once.
class CapturedValues {
 public:
  /// Nothing for a value that has no elements to give: one that is no tensor, or that stands in the body of an `if` or
  /// a loop (it may have none or many), or that was not asked for.
  [[nodiscard]] const Tensor* find(ValueId value) const;
  /// The model's own outputs, in order.
  [[nodiscard]] const std::vector<Tensor>& outputs() const { return outputs_; }

 private:
  friend Result<CapturedValues> capture(const Module& module, std::span<const ValueId> values,
                                        std::span<const TensorView> inputs, const CompileOptions& options,
                                        Diagnostics& diagnostics);
  std::vector<Tensor> outputs_;
  std::vector<Tensor> others_;
  std::unordered_map<ValueId, size_t> positions_;  ///< in outputs_, then in others_
};

/// Whether capture() can give the elements of a value.
[[nodiscard]] bool can_capture(const Graph& graph, ValueId value);

/// Compiles and runs. `inputs` are one for each of the graph's inputs and stay borrowed until the call ends. Values may
/// be inputs, constants and outputs as well; invalid ids are ignored. Locations of diagnostics are those of `module`.
[[nodiscard]] Result<CapturedValues> capture(const Module& module, std::span<const ValueId> values,
                                             std::span<const TensorView> inputs, const CompileOptions& options,
                                             Diagnostics& diagnostics);

}  // namespace lathe
