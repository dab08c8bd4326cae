// rearrange, reduce and repeat of einops on traced tensors.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

enum class EinopsKind : uint8_t { Rearrange, Reduce, Repeat };

struct EinopsRequest {
  EinopsKind kind = EinopsKind::Rearrange;
  std::string pattern;
  std::string reduction;                           ///< of Reduce: mean, max, min, sum, prod
  std::vector<std::pair<std::string, Dim>> sizes;  ///< given for names of axes
};

/// Says what is wrong with the pattern itself, or with names of sizes; empty when nothing is.
[[nodiscard]] std::string pattern_fault(const EinopsRequest& request);
/// Faults stand at the operation and name pattern, axis and sizes.
Result<TensorId> apply_einops(const Operation& operation, TensorId x, const EinopsRequest& request);

}  // namespace lathe::torch
