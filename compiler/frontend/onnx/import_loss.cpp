// Losses of classifications.
#include <numeric>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Integers all_axes(size_t rank) {
  Integers axes(rank);
  std::iota(axes.begin(), axes.end(), 0);
  return axes;
}

/// The negative log-likelihood of the classes in operand 1 under `scores` [batch, classes, ...], weighted by operand 2.
Outputs build_loss(NodeContext& context, Formula& f, ValueId scores) {
  const std::string_view reduction = context.string("reduction", "mean");
  if (reduction != "none" && reduction != "sum" && reduction != "mean") {
    return context.bad_attribute("reduction", "is `{}`, expected none, sum or mean", reduction);
  }
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  LATHE_TRY_VOID(context.require_rank(1, context.rank(0) - 1));
  const ElementType element = context.element(0);
  const bool ignores = context.has("ignore_index");
  const bool weighted = context.has_input(2) || ignores;
  const Shape target_dims = context.dims(1);

  ValueId target = f.cast(context.input(1), ElementType::I64);
  ValueId ignored;
  if (ignores) {
    ignored = f.op("equal", {target, f.integer(context.integer("ignore_index", 0))});
    target = f.where(ignored, f.integer(0), target);
  }
  const ValueId picked = f.op("gather_elements", {scores, f.unsqueeze(target, {1})}, {{"axis", int64_t{1}}});
  ValueId loss = f.op("neg", {f.reshape(picked, target_dims)});
  ValueId weights;
  if (context.has_input(2)) {
    weights = f.op("gather", {context.input(2), target}, {{"axis", int64_t{0}}});
    loss = f.mul(loss, weights);
  } else if (ignores) {
    weights = f.expand(f.number(element, 1), target_dims);
  }
  if (ignores) {
    weights = f.where(ignored, f.number(element, 0), weights);
    loss = f.where(ignored, f.number(element, 0), loss);
  }
  if (reduction == "none") return f.result({loss});
  const Integers axes = all_axes(target_dims.size());
  if (reduction == "mean" && !weighted) return f.result({f.reduce("reduce_mean", loss, axes, false)});
  const ValueId sum = f.reduce("reduce_sum", loss, axes, false);
  if (reduction == "sum") return f.result({sum});
  return f.result({f.div(sum, f.reduce("reduce_sum", weights, axes, false))});
}

Outputs import_likelihood(NodeContext& context) {
  Formula f(context);
  return build_loss(context, f, context.input(0));
}

Outputs import_cross_entropy(NodeContext& context) {
  LATHE_TRY_VOID(context.require_rank_at_least(0, 2));
  Formula f(context);
  const ValueId logarithms = f.op("log_softmax", {context.input(0)}, {{"axis", int64_t{1}}});
  LATHE_TRY(std::vector<ValueId> outputs, build_loss(context, f, logarithms));
  outputs.push_back(logarithms);
  return outputs;
}

constexpr OperatorRow kLosses[] = {
    {.name = "NegativeLogLikelihoodLoss",
     .since = 12,
     .handler = import_likelihood,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "ignore_index:i reduction:s"},
    {.name = "SoftmaxCrossEntropyLoss",
     .since = 12,
     .handler = import_cross_entropy,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "ignore_index:i reduction:s"},
};

}  // namespace

std::span<const OperatorRow> loss_operators() { return kLosses; }

}  // namespace lathe::onnx
