// Which input of one side is which of the other, and the seeded data that both get.
//
// Data come in several magnitudes and signs, because an `eps` shows on small numbers and a lost relu on negative ones.
// Internal to compiler/compare.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "compiler/compare/compare.h"

namespace lathe::comparison {

/// An input that both sides take; one that only one side has is random numbers that its program draws.
struct PairedInput {
  std::optional<size_t> a;  ///< positions among the inputs of the graphs
  std::optional<size_t> b;
  TensorType type;                ///< static
  int64_t bound = 2;              ///< of whole numbers: they are drawn from [0, bound)
  bool is_uniform = false;        ///< drawn from [0, 1): what decides a dropout
  const Tensor* given = nullptr;  ///< the user's array
};

struct InputPlan {
  std::vector<PairedInput> inputs;
  std::vector<std::string> assumed;  ///< sizes that nobody gave: `N = 2`
  std::string mismatch;              ///< why the sides don't take the same inputs; empty when they do
};

[[nodiscard]] InputPlan pair_inputs(const Side& a, const Side& b, const Options& options);

inline constexpr size_t kTrials = 3;
/// What the data of a trial are: `random in [-1, 1)`.
[[nodiscard]] std::string_view trial_text(size_t trial);

/// The arrays of one trial, one for each row of the plan.
[[nodiscard]] Result<std::vector<Tensor>> make_inputs(const InputPlan& plan, size_t trial, uint64_t seed,
                                                      Diagnostics& diagnostics);

}  // namespace lathe::comparison
