// Losses over classes and between vectors. Formulas: PyTorch's documentation of torch.nn.functional.
#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/sequence/losses.h"

namespace lathe::torch {
namespace {

// The axis of the classes: 1, or 0 without a batch.
size_t class_axis(const Operation& operation, ValueId x) { return operation.rank(x) == 1 ? 0 : 1; }

Status require_classes(const Operation& operation, ValueId x) {
  LATHE_TRY_VOID(operation.require_float(x));
  if (operation.rank(x) > 0) return {};
  return operation
      .error(DiagnosticKind::RankMismatch, "RuntimeError",
             "{} wants one axis of classes at least, its input is a single number", operation.name())
      .emit();
}

// Targets that are class numbers have the shape of the input without its classes.
Status require_indices(const Operation& operation, ValueId x, ValueId target) {
  const ElementType element = operation.type(target).element;
  if (!is_integer(element)) {
    return operation
        .error(DiagnosticKind::ElementTypeMismatch, "RuntimeError",
               "{} wants class numbers (int64) of shape (N, ...), or probabilities of the shape of its input {}; its "
               "target is {} {}",
               operation.name(), operation.shape_text(x), torch_dtype_name(element), operation.shape_text(target))
        .emit();
  }
  Shape wanted = operation.dims(x);
  wanted.erase(wanted.begin() + static_cast<std::ptrdiff_t>(class_axis(operation, x)));
  const Shape& have = operation.dims(target);
  const std::string message = fmt::format("{} wants a target of shape {} for an input {}, it gets {}", operation.name(),
                                          python_shape(wanted), operation.shape_text(x), python_shape(have));
  if (have.size() != wanted.size()) {
    return operation.error(DiagnosticKind::ShapeMismatch, "RuntimeError", "{}", message).emit();
  }
  for (size_t axis = 0; axis < wanted.size(); ++axis) {
    LATHE_TRY_VOID(
        operation.require_equal(DiagnosticKind::ShapeMismatch, "ValueError", have[axis], wanted[axis], message));
  }
  return {};
}

Status require_class_weight(const Operation& operation, ValueId x, ValueId weight) {
  if (!weight.valid()) return {};
  const Dim& classes = operation.dims(x)[class_axis(operation, x)];
  const Shape& have = operation.dims(weight);
  const std::string message = fmt::format(
      "weight of {} has shape {}, it must have one number for each of the {} "
      "classes",
      operation.name(), python_shape(have), classes.python_text());
  if (have.size() != 1) return operation.error(DiagnosticKind::ShapeMismatch, "RuntimeError", "{}", message).emit();
  return operation.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", have[0], classes, message);
}

// One number a class, shaped to broadcast with x.
ValueId per_class(Formula& f, ValueId weight, ValueId x, size_t axis) {
  if (!f.ok()) return weight;
  Shape shape(f.dims(x).size(), Dim(1));
  shape[axis] = f.dims(x)[axis];
  return f.reshape(f.cast(weight, f.element(x)), shape);
}

// Losses of log-probabilities against class numbers; a part `smoothing` of each target is spread over all classes.
Result<ValueId> index_loss(const Operation& operation, ValueId log_probabilities, ValueId target,
                           const LossSettings& settings, double smoothing) {
  LATHE_TRY_VOID(require_indices(operation, log_probabilities, target));
  LATHE_TRY_VOID(require_class_weight(operation, log_probabilities, settings.weight));
  const size_t axis = class_axis(operation, log_probabilities);
  const ElementType element = operation.type(log_probabilities).element;
  Formula f(operation);
  const ValueId indices = f.cast(target, ElementType::I64);
  const ValueId ignored =
      f.op("equal", {indices, f.number(ElementType::I64, static_cast<double>(settings.ignore_index))});
  const ValueId zero = f.number(element, 0);
  const ValueId safe = f.where(ignored, f.number(ElementType::I64, 0), indices);
  const ValueId weights = settings.weight.valid()
                              ? f.op("gather", {f.cast(settings.weight, element), safe}, {{"axis", int64_t{0}}})
                              : f.number(element, 1);
  const ValueId counted_weights = f.where(ignored, zero, weights);
  const ValueId chosen =
      f.op("gather_elements", {log_probabilities, f.unsqueeze(safe, {axis})}, {{"axis", static_cast<int64_t>(axis)}});
  ValueId losses = f.mul(f.op("neg", {f.squeeze(chosen, {axis})}), counted_weights);
  if (smoothing > 0 && f.ok()) {
    ValueId all = f.op("neg", {log_probabilities});
    if (settings.weight.valid()) all = f.mul(all, per_class(f, settings.weight, all, axis));
    // The share of each class is smoothing / classes.
    const ValueId share = f.reduce("reduce_mean", all, {static_cast<int64_t>(axis)}, false);
    const ValueId smooth = f.where(ignored, zero, share);
    losses = f.add(f.mul(losses, 1 - smoothing), f.mul(smooth, smoothing));
  }
  if (!f.ok()) return Failure{};
  if (settings.reduction != "mean") return reduced(operation, losses, settings.reduction);
  LATHE_TRY(const ValueId sum, reduced(operation, losses, "sum"));
  LATHE_TRY(const ValueId total, reduced(operation, counted_weights, "sum"));
  return f.result(f.div(sum, total));
}

// Losses against the probabilities of all classes.
Result<ValueId> probability_loss(const Operation& operation, ValueId log_probabilities, ValueId target,
                                 const LossSettings& settings) {
  LATHE_TRY_VOID(require_class_weight(operation, log_probabilities, settings.weight));
  const size_t axis = class_axis(operation, log_probabilities);
  const Shape dims = operation.dims(log_probabilities);
  Formula f(operation);
  ValueId wanted = f.cast(target, operation.type(log_probabilities).element);
  if (settings.label_smoothing > 0) {
    if (!dims[axis].is_constant()) {
      static_cast<void>(operation.unsupported("label_smoothing over an unknown number of classes"));
      return Failure{};
    }
    const double share = settings.label_smoothing / static_cast<double>(dims[axis].constant());
    wanted = f.add(f.mul(wanted, 1 - settings.label_smoothing), share);
  }
  ValueId products = f.mul(wanted, log_probabilities);
  if (settings.weight.valid()) products = f.mul(products, per_class(f, settings.weight, products, axis));
  const ValueId losses = f.op("neg", {f.reduce("reduce_sum", products, {static_cast<int64_t>(axis)}, false)});
  if (!f.ok()) return Failure{};
  // The mean is over samples, which a weight does not change.
  return reduced(operation, losses, settings.reduction);
}

bool same_shape(const Operation& operation, ValueId a, ValueId b) {
  const Shape& x = operation.dims(a);
  const Shape& y = operation.dims(b);
  if (x.size() != y.size()) return false;
  for (size_t axis = 0; axis < x.size(); ++axis) {
    if (operation.symbols().prove_eq(x[axis], y[axis]) == Answer::No) return false;
  }
  return true;
}

}  // namespace

Result<ValueId> nll_loss(const Operation& operation, std::span<const ValueId> tensors, const LossSettings& settings) {
  LATHE_TRY_VOID(require_classes(operation, tensors[0]));
  return index_loss(operation, tensors[0], tensors[1], settings, 0);
}

Result<ValueId> cross_entropy_loss(const Operation& operation, std::span<const ValueId> tensors,
                                   const LossSettings& settings) {
  LATHE_TRY_VOID(require_classes(operation, tensors[0]));
  if (!(settings.label_smoothing >= 0 && settings.label_smoothing <= 1)) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "label_smoothing of {} is {}; it must be in [0, 1]",
               operation.name(), settings.label_smoothing)
        .emit();
  }
  const auto axis = static_cast<int64_t>(class_axis(operation, tensors[0]));
  LATHE_TRY(const ValueId log_probabilities, operation.one("log_softmax", {tensors[0]}, {{"axis", axis}}));
  if (is_float(operation.type(tensors[1]).element) && same_shape(operation, tensors[0], tensors[1])) {
    return probability_loss(operation, log_probabilities, tensors[1], settings);
  }
  return index_loss(operation, log_probabilities, tensors[1], settings, settings.label_smoothing);
}

// ---- between vectors

Result<ValueId> cosine_embedding_loss(const Operation& operation, std::span<const ValueId> tensors,
                                      const LossSettings& settings) {
  LATHE_TRY(const std::vector<ValueId> pair, promoted_pair(operation, tensors[0], tensors[1]));
  Formula f(operation);
  const auto last = static_cast<int64_t>(operation.rank(pair[0])) - 1;
  if (last < 0) {
    return operation
        .error(DiagnosticKind::RankMismatch, "RuntimeError", "{} wants vectors, its inputs are single numbers",
               operation.name())
        .emit();
  }
  constexpr double kEpsilon = 1e-12;
  const auto dot = [&](ValueId a, ValueId b) { return f.reduce("reduce_sum", f.mul(a, b), {last}, false); };
  const ValueId lengths =
      f.op("sqrt", {f.mul(f.add(dot(pair[0], pair[0]), kEpsilon), f.add(dot(pair[1], pair[1]), kEpsilon))});
  const ValueId cosine = f.div(dot(pair[0], pair[1]), lengths);
  if (!f.ok()) return Failure{};
  const ValueId target = f.cast(tensors[2], f.element(cosine));
  const ValueId zero = f.like(cosine, 0);
  const ValueId alike = f.where(f.op("equal", {target, f.like(cosine, 1)}), f.sub(f.like(cosine, 1), cosine), zero);
  const ValueId apart =
      f.where(f.op("equal", {target, f.like(cosine, -1)}), f.op("relu", {f.sub(cosine, settings.margin)}), zero);
  const ValueId losses = f.add(alike, apart);
  if (!f.ok()) return Failure{};
  return reduced(operation, losses, settings.reduction);
}

Result<ValueId> margin_ranking_loss(const Operation& operation, std::span<const ValueId> tensors,
                                    const LossSettings& settings) {
  LATHE_TRY(const std::vector<ValueId> pair, promoted_pair(operation, tensors[0], tensors[1]));
  Formula f(operation);
  const ValueId target = f.cast(tensors[2], f.element(pair[0]));
  const ValueId ranked = f.mul(f.op("neg", {target}), f.sub(pair[0], pair[1]));
  const ValueId losses = f.op("relu", {f.add(ranked, settings.margin)});
  if (!f.ok()) return Failure{};
  return reduced(operation, losses, settings.reduction);
}

Result<ValueId> triplet_margin_loss(const Operation& operation, std::span<const ValueId> tensors,
                                    const LossSettings& settings) {
  Formula f(operation);
  const auto between = [&](ValueId a, ValueId b) {
    return f.ok() ? f.take(pairwise_distance(operation, a, b, settings.p, settings.eps, false)) : ValueId();
  };
  const ValueId near = between(tensors[0], tensors[1]);
  ValueId far = between(tensors[0], tensors[2]);
  if (settings.swap) far = f.op("minimum", {far, between(tensors[1], tensors[2])});
  const ValueId losses = f.op("relu", {f.add(f.sub(near, far), settings.margin)});
  if (!f.ok()) return Failure{};
  return reduced(operation, losses, settings.reduction);
}

}  // namespace lathe::torch
