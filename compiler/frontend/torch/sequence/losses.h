// Losses as computations on graph values, and the rows from which their layers and functions are made.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "compiler/frontend/torch/nn/formula.h"
#include "compiler/frontend/torch/nn/operation.h"

namespace lathe::torch {

/// What a loss can be told beside its tensors; each uses a few of them.
struct LossSettings {
  std::string reduction = "mean";
  ValueId weight;      ///< invalid when None
  ValueId pos_weight;  ///< invalid when None
  double margin = 0;
  double beta = 1;
  double delta = 1;
  double p = 2;
  double eps = 0;
  double label_smoothing = 0;
  int64_t ignore_index = -100;
  bool log_target = false;
  bool log_input = true;
  bool full = false;
  bool swap = false;
};

using LossCompute = Result<ValueId> (*)(const Operation& operation, std::span<const ValueId> tensors,
                                        const LossSettings& settings);

/// A loss: the names of its tensors and settings, blanks between, as in the parameters of its layer and function.
struct LossRow {
  std::string_view tensors;
  std::string_view settings;
  LossCompute compute = nullptr;
};

// Elementwise between an input and a target.
Result<ValueId> mse_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> l1_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> smooth_l1_loss(const Operation& operation, std::span<const ValueId> tensors,
                               const LossSettings& settings);
Result<ValueId> huber_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> bce_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> bce_logits_loss(const Operation& operation, std::span<const ValueId> tensors,
                                const LossSettings& settings);
Result<ValueId> kl_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> soft_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                 const LossSettings& settings);
Result<ValueId> hinge_embedding_loss(const Operation& operation, std::span<const ValueId> tensors,
                                     const LossSettings& settings);
Result<ValueId> poisson_loss(const Operation& operation, std::span<const ValueId> tensors,
                             const LossSettings& settings);
/// The third tensor is the variance.
Result<ValueId> gaussian_loss(const Operation& operation, std::span<const ValueId> tensors,
                              const LossSettings& settings);
Result<ValueId> multilabel_soft_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                            const LossSettings& settings);

// Over classes: axis 1, or the only axis.
Result<ValueId> nll_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings);
Result<ValueId> cross_entropy_loss(const Operation& operation, std::span<const ValueId> tensors,
                                   const LossSettings& settings);

// Between vectors.
Result<ValueId> cosine_embedding_loss(const Operation& operation, std::span<const ValueId> tensors,
                                      const LossSettings& settings);
Result<ValueId> margin_ranking_loss(const Operation& operation, std::span<const ValueId> tensors,
                                    const LossSettings& settings);
Result<ValueId> triplet_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                    const LossSettings& settings);

/// none, mean or sum of all elements; `what` reports another word.
Result<ValueId> reduced(const Operation& operation, ValueId loss, const std::string& reduction);
/// Two tensors in their common floating-point type; their shapes must broadcast.
Result<std::vector<ValueId>> promoted_pair(const Operation& operation, ValueId a, ValueId b);

}  // namespace lathe::torch
