// Losses that compare element with element. Formulas: PyTorch's documentation of torch.nn.functional.
#include <cmath>
#include <numbers>

#include "compiler/frontend/torch/sequence/losses.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {

Result<ValueId> reduced(const Operation& operation, ValueId loss, const std::string& reduction) {
  if (reduction == "none") return loss;
  if (reduction != "mean" && reduction != "sum") {
    return operation
        .error(DiagnosticKind::BadArgument, "ValueError", "reduction of {} is '{}'; it may be 'none', 'mean' or 'sum'",
               operation.name(), reduction)
        .emit();
  }
  Integers axes(operation.rank(loss));
  for (size_t axis = 0; axis < axes.size(); ++axis) axes[axis] = static_cast<int64_t>(axis);
  if (axes.empty()) return loss;
  return operation.one(reduction == "mean" ? "reduce_mean" : "reduce_sum", {loss},
                       {{"axes", axes}, {"keep_dims", false}});
}

Result<std::vector<ValueId>> promoted_pair(const Operation& operation, ValueId a, ValueId b) {
  LATHE_TRY_VOID(broadcast_shapes(operation.tracer(), operation.dims(a), operation.dims(b),
                                  fmt::format("{} cannot compare", operation.name())));
  const ElementType common = promote_types(operation.type(a).element, operation.type(b).element);
  const ElementType element = is_float(common) ? common : ElementType::F32;
  GraphBuilder& builder = operation.builder();
  LATHE_TRY(const ValueId left, builder.cast(a, element));
  LATHE_TRY(const ValueId right, builder.cast(b, element));
  return std::vector<ValueId>{left, right};
}

namespace {

// Runs `formula(f, input, target)` on a pair, weighs and reduces what it gives.
template <class Body>
Result<ValueId> pointwise(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings,
                          const Body& body) {
  LATHE_TRY(const std::vector<ValueId> pair, promoted_pair(operation, tensors[0], tensors[1]));
  Formula f(operation);
  ValueId loss = body(f, pair[0], pair[1]);
  if (settings.weight.valid() && f.ok()) loss = f.mul(loss, f.cast(settings.weight, f.element(loss)));
  if (!f.ok()) return Failure{};
  return reduced(operation, loss, settings.reduction);
}

ValueId distance(Formula& f, ValueId x, ValueId t) { return f.op("abs", {f.sub(x, t)}); }

// log(1 + exp(-x)), without overflow.
ValueId softplus_of_negative(Formula& f, ValueId x) {
  const ValueId small = f.op("log1p", {f.op("exp", {f.op("neg", {f.op("abs", {x})})})});
  return f.add(small, f.op("relu", {f.op("neg", {x})}));
}

// Losses of probabilities don't broadcast.
Status require_same_shape(const Operation& operation, std::span<const ValueId> tensors) {
  const Shape& x = operation.dims(tensors[0]);
  const Shape& t = operation.dims(tensors[1]);
  const std::string message = fmt::format("{} wants a target of the shape of its input: {} against {}",
                                          operation.name(), python_shape(x), python_shape(t));
  if (x.size() != t.size()) {
    return operation.error(DiagnosticKind::ShapeMismatch, "ValueError", "{}", message).emit();
  }
  for (size_t axis = 0; axis < x.size(); ++axis) {
    LATHE_TRY_VOID(operation.require_equal(DiagnosticKind::ShapeMismatch, "ValueError", x[axis], t[axis], message));
  }
  return {};
}

}  // namespace

Result<ValueId> mse_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  return pointwise(operation, tensors, settings, [](Formula& f, ValueId x, ValueId t) {
    const ValueId difference = f.sub(x, t);
    return f.mul(difference, difference);
  });
}

Result<ValueId> l1_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  return pointwise(operation, tensors, settings, distance);
}

Result<ValueId> smooth_l1_loss(const Operation& operation, std::span<const ValueId> tensors,
                               const LossSettings& settings) {
  if (settings.beta == 0) return l1_loss(operation, tensors, settings);
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    const ValueId d = distance(f, x, t);
    const ValueId near = f.div(f.mul(f.mul(d, d), 0.5), settings.beta);
    return f.where(f.op("less", {d, f.like(d, settings.beta)}), near, f.sub(d, 0.5 * settings.beta));
  });
}

Result<ValueId> huber_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    const ValueId d = distance(f, x, t);
    const ValueId far = f.mul(f.sub(d, 0.5 * settings.delta), settings.delta);
    return f.where(f.op("less_equal", {d, f.like(d, settings.delta)}), f.mul(f.mul(d, d), 0.5), far);
  });
}

Result<ValueId> bce_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  LATHE_TRY_VOID(require_same_shape(operation, tensors));
  return pointwise(operation, tensors, settings, [](Formula& f, ValueId x, ValueId t) {
    // PyTorch keeps the logarithms above -100.
    const auto bounded_log = [&](ValueId v) { return f.op("maximum", {f.op("log", {v}), f.like(v, -100)}); };
    const ValueId one = f.like(x, 1);
    const ValueId hit = f.mul(t, bounded_log(x));
    const ValueId miss = f.mul(f.sub(one, t), bounded_log(f.sub(one, x)));
    return f.op("neg", {f.add(hit, miss)});
  });
}

Result<ValueId> bce_logits_loss(const Operation& operation, std::span<const ValueId> tensors,
                                const LossSettings& settings) {
  LATHE_TRY_VOID(require_same_shape(operation, tensors));
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    ValueId tail = softplus_of_negative(f, x);
    if (settings.pos_weight.valid() && f.ok()) {
      const ValueId weight = f.cast(settings.pos_weight, f.element(x));
      tail = f.mul(f.add(f.mul(f.sub(weight, 1), t), 1), tail);
    }
    return f.add(f.mul(f.sub(f.like(x, 1), t), x), tail);
  });
}

Result<ValueId> kl_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  LossSettings each = settings;
  const bool per_sample = settings.reduction == "batchmean";
  if (per_sample) each.reduction = "sum";
  LATHE_TRY(const ValueId loss, pointwise(operation, tensors, each, [&](Formula& f, ValueId x, ValueId t) {
              if (settings.log_target) return f.mul(f.op("exp", {t}), f.sub(t, x));
              // 0 log 0 is 0.
              const ValueId zero = f.like(t, 0);
              const ValueId entropy = f.where(f.op("equal", {t, zero}), zero, f.mul(t, f.op("log", {t})));
              return f.sub(entropy, f.mul(t, x));
            }));
  if (!per_sample || operation.rank(tensors[0]) == 0) return loss;
  Formula f(operation);
  LATHE_TRY(const ValueId samples, operation.tracer().integer_value(operation.dims(tensors[0])[0]));
  return f.result(f.div(loss, f.cast(samples, f.element(loss))));
}

Result<ValueId> soft_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                 const LossSettings& settings) {
  return pointwise(operation, tensors, settings,
                   [](Formula& f, ValueId x, ValueId t) { return softplus_of_negative(f, f.mul(t, x)); });
}

Result<ValueId> hinge_embedding_loss(const Operation& operation, std::span<const ValueId> tensors,
                                     const LossSettings& settings) {
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    const ValueId zero = f.like(x, 0);
    const ValueId margin = f.op("relu", {f.sub(f.like(x, settings.margin), x)});
    const ValueId apart = f.where(f.op("equal", {t, f.like(t, 1)}), zero, margin);
    return f.add(apart, f.where(f.op("equal", {t, f.like(t, -1)}), zero, x));
  });
}

Result<ValueId> poisson_loss(const Operation& operation, std::span<const ValueId> tensors,
                             const LossSettings& settings) {
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    ValueId loss = settings.log_input ? f.sub(f.op("exp", {x}), f.mul(t, x))
                                      : f.sub(x, f.mul(t, f.op("log", {f.add(x, settings.eps)})));
    if (!settings.full) return loss;
    // Stirling's formula for log(t!), for t above 1.
    const ValueId logarithm = f.op("log", {t});
    const ValueId circle = f.mul(f.op("log", {f.mul(t, 2 * std::numbers::pi)}), 0.5);
    const ValueId stirling = f.add(f.sub(f.mul(t, logarithm), t), circle);
    return f.add(loss, f.where(f.op("greater", {t, f.like(t, 1)}), stirling, f.like(t, 0)));
  });
}

Result<ValueId> gaussian_loss(const Operation& operation, std::span<const ValueId> tensors,
                              const LossSettings& settings) {
  return pointwise(operation, tensors, settings, [&](Formula& f, ValueId x, ValueId t) {
    ValueId variance = f.ok() ? f.cast(tensors[2], f.element(x)) : tensors[2];
    if (!f.ok()) return variance;
    // A variance with one axis less is that of whole rows.
    const size_t rank = f.dims(variance).size();
    if (rank + 1 == f.dims(x).size()) variance = f.unsqueeze(variance, {rank});
    variance = f.op("maximum", {variance, f.like(variance, settings.eps)});
    const ValueId difference = f.sub(x, t);
    const ValueId square = f.div(f.mul(difference, difference), variance);
    const ValueId loss = f.mul(f.add(f.op("log", {variance}), square), 0.5);
    return settings.full ? f.add(loss, 0.5 * std::log(2 * std::numbers::pi)) : loss;
  });
}

Result<ValueId> multilabel_soft_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                            const LossSettings& settings) {
  LossSettings each = settings;
  each.reduction = "none";
  LATHE_TRY(const ValueId losses, pointwise(operation, tensors, each, [](Formula& f, ValueId x, ValueId t) {
              const ValueId miss = f.mul(f.sub(f.like(t, 1), t), softplus_of_negative(f, f.op("neg", {x})));
              return f.add(f.mul(t, softplus_of_negative(f, x)), miss);
            }));
  Formula f(operation);
  const auto last = static_cast<int64_t>(operation.rank(losses)) - 1;
  if (last < 0) return reduced(operation, losses, settings.reduction);
  const ValueId means = f.reduce("reduce_mean", losses, {last}, false);
  if (!f.ok()) return Failure{};
  return reduced(operation, means, settings.reduction);
}

}  // namespace lathe::torch
