// Numerical signatures: a few numbers that tell whether two tensors have the same elements.
//
// A signature is the length and eight signed sums of the elements in row-major order, for each trial; the signs depend
// on the position alone. A reshaped tensor has the signature of the original, a transposed one has another. What two
// tensors differ by shows in the sums at its own size, so one tolerance, relative to the length, decides. Whole tensors
// are kept for outputs only. Internal to compiler/compare.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <vector>

#include "compiler/compare/inputs.h"

namespace lathe::comparison {

struct Sketch {
  static constexpr size_t kSums = 8;
  int64_t count = 0;
  int64_t odd = 0;    ///< elements that are NaN or infinite; they are left out of the rest
  double length = 0;  ///< square root of the sum of squares
  double cubes = 0;   ///< sum of cubes: the same for the same elements in another order
  std::array<double, kSums> sums = {};
};
using Signature = std::array<Sketch, kTrials>;

[[nodiscard]] Sketch sketch(const Tensor& tensor);
/// Equal elements in equal order, within `tolerance` of their length.
[[nodiscard]] bool agree(const Signature& a, const Signature& b, double tolerance);
/// Equal elements in whatever order.
[[nodiscard]] bool same_elements(const Signature& a, const Signature& b, double tolerance);

/// The runs of one side.
struct Runs {
  std::vector<std::vector<Tensor>> outputs;          ///< by trial
  std::vector<std::optional<Signature>> signatures;  ///< by value; empty when nobody asked for values
};

/// Compiles and runs the side once for each trial. `arrays` are those of make_inputs, by trial.
[[nodiscard]] Result<Runs> run_outputs(const Side& side, bool is_a, const InputPlan& plan,
                                       std::span<const std::vector<Tensor>> arrays, const CompileOptions& options,
                                       Diagnostics& diagnostics);
/// The signatures of `values`, which are neither inputs nor outputs, and of the outputs; in portions that bound the
/// memory.
[[nodiscard]] Status run_values(const Side& side, bool is_a, const InputPlan& plan,
                                std::span<const std::vector<Tensor>> arrays, std::span<const ValueId> values,
                                const CompileOptions& options, Runs& runs, Diagnostics& diagnostics);

}  // namespace lathe::comparison
