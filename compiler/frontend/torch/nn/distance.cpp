// F.normalize, CosineSimilarity and PairwiseDistance.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/families.h"
#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {
namespace {

/// The p-norm over one axis.
ValueId norm_over(Formula& formula, ValueId x, double p, int64_t axis, bool keep_dim) {
  if (p == 2) return formula.reduce("reduce_l2", x, {axis}, keep_dim);
  if (p == 1) return formula.reduce("reduce_l1", x, {axis}, keep_dim);
  const ValueId size = formula.op("abs", {x});
  if (std::isinf(p)) return formula.reduce(p > 0 ? "reduce_max" : "reduce_min", size, {axis}, keep_dim);
  const ValueId sum = formula.reduce("reduce_sum", formula.op("pow", {size, formula.like(size, p)}), {axis}, keep_dim);
  return formula.op("pow", {sum, formula.like(sum, 1.0 / p)});
}

Status require_broadcast(const Operation& operation, ValueId a, ValueId b) {
  const Shape left = operation.dims(a);
  const Shape right = operation.dims(b);
  for (size_t back = 1; back <= std::min(left.size(), right.size()); ++back) {
    const Dim& x = left[left.size() - back];
    const Dim& y = right[right.size() - back];
    if (x.is_constant(1) || y.is_constant(1)) continue;
    LATHE_TRY_VOID(operation.require_equal(DiagnosticKind::BroadcastMismatch, "RuntimeError", x, y,
                                           fmt::format("{} can't compare {} and {}: their axes differ",
                                                       operation.name(), python_shape(left), python_shape(right))));
  }
  return {};
}

Status make_cosine(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.size("dim", -64));
  LATHE_TRY_VOID(layer.number("eps"));
  layer.keep({"dim", "eps"});
  return {};
}

Result<Value> run_cosine(LayerCall& layer) {
  LATHE_TRY(const ValueId a, layer.input("x1"));
  LATHE_TRY(const ValueId b, layer.input("x2"));
  LATHE_TRY(const int64_t dim, layer.integer("dim"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  return layer.result(cosine_similarity(layer, a, b, dim, epsilon));
}

Status make_pairwise(LayerBuilder& layer) {
  LATHE_TRY_VOID(layer.number("p"));
  LATHE_TRY_VOID(layer.number("eps"));
  layer.keep({"keepdim"});
  layer.set("norm", layer.argument("p"));
  layer.set("eps", layer.argument("eps"));
  return {};
}

Result<Value> run_pairwise(LayerCall& layer) {
  LATHE_TRY(const ValueId a, layer.input("x1"));
  LATHE_TRY(const ValueId b, layer.input("x2"));
  LATHE_TRY(const double p, layer.number("norm"));
  LATHE_TRY(const double epsilon, layer.number("eps"));
  LATHE_TRY(const bool keep_dim, layer.flag("keepdim"));
  return layer.result(pairwise_distance(layer, a, b, p, epsilon, keep_dim));
}

constexpr NativeFunctionRow kCosine[] = {
    {"__init__", "self, dim=1, eps=1e-08", constructor<make_cosine>},
    {"forward", "self, x1, x2", forward<run_cosine>},
};
constexpr NativeFunctionRow kPairwise[] = {
    {"__init__", "self, p=2.0, eps=1e-06, keepdim=False", constructor<make_pairwise>},
    {"forward", "self, x1, x2", forward<run_pairwise>},
};
constexpr NativeClassRow kClasses[] = {
    {"CosineSimilarity", "torch.nn.Module", kCosine},
    {"PairwiseDistance", "torch.nn.Module", kPairwise},
};

Result<Value> call_normalize(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId x, operation.value(call.argument("input")));
  LATHE_TRY(const double p, call.number("p"));
  LATHE_TRY(const int64_t dim, call.known_integer("dim"));
  LATHE_TRY(const double epsilon, call.number("eps"));
  return operation.result(normalize(operation, x, p, dim, epsilon));
}

Result<Value> call_cosine(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId a, operation.value(call.argument("x1"), "`x1`"));
  LATHE_TRY(const ValueId b, operation.value(call.argument("x2"), "`x2`"));
  LATHE_TRY(const int64_t dim, call.known_integer("dim"));
  LATHE_TRY(const double epsilon, call.number("eps"));
  return operation.result(cosine_similarity(operation, a, b, dim, epsilon));
}

Result<Value> call_pairwise(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId a, operation.value(call.argument("x1"), "`x1`"));
  LATHE_TRY(const ValueId b, operation.value(call.argument("x2"), "`x2`"));
  LATHE_TRY(const double p, call.number("p"));
  LATHE_TRY(const double epsilon, call.number("eps"));
  LATHE_TRY(const bool keep_dim, call.truth("keepdim"));
  return operation.result(pairwise_distance(operation, a, b, p, epsilon, keep_dim));
}

constexpr NativeFunctionRow kFunctions[] = {
    {"normalize", "input, p=2.0, dim=1, eps=1e-12, out=None", tensor_function<call_normalize>},
    {"cosine_similarity", "x1, x2, dim=1, eps=1e-08", tensor_function<call_cosine>},
    {"pairwise_distance", "x1, x2, p=2.0, eps=1e-06, keepdim=False", tensor_function<call_pairwise>},
};

}  // namespace

Result<ValueId> normalize(const Operation& operation, ValueId x, double p, int64_t axis, double epsilon) {
  LATHE_TRY_VOID(operation.require_float(x));
  LATHE_TRY(const size_t at, axis_of(operation, axis, operation.rank(x)));
  Formula formula(operation);
  const ValueId norm = norm_over(formula, x, p, static_cast<int64_t>(at), true);
  return formula.result(formula.div(x, formula.op("maximum", {norm, formula.like(x, epsilon)})));
}

Result<ValueId> cosine_similarity(const Operation& operation, ValueId a, ValueId b, int64_t axis, double epsilon) {
  LATHE_TRY_VOID(require_broadcast(operation, a, b));
  Formula formula(operation);
  const ValueId product = formula.mul(a, b);
  if (!formula.ok()) return Failure{};
  LATHE_TRY(const size_t at, axis_of(operation, axis, formula.dims(product).size()));
  const auto dim = static_cast<int64_t>(at);
  const ValueId sum = formula.reduce("reduce_sum", product, {dim}, false);
  // Norms of operands that are broadcast are taken before that, over the same axis from the end.
  const auto norm_of = [&](ValueId x) {
    const auto missing = static_cast<int64_t>(formula.dims(product).size() - formula.dims(x).size());
    if (dim < missing) return formula.op("abs", {x});
    const ValueId norm = norm_over(formula, x, 2, dim - missing, false);
    return formula.op("maximum", {norm, formula.like(x, epsilon)});
  };
  const ValueId left = norm_of(a);
  if (!formula.ok()) return Failure{};
  const ValueId right = norm_of(b);
  return formula.result(formula.div(sum, formula.mul(left, right)));
}

Result<ValueId> pairwise_distance(const Operation& operation, ValueId a, ValueId b, double p, double epsilon,
                                  bool keep_dim) {
  LATHE_TRY_VOID(require_broadcast(operation, a, b));
  Formula formula(operation);
  const ValueId difference = formula.add(formula.sub(a, b), epsilon);
  if (!formula.ok()) return Failure{};
  LATHE_TRY_VOID(axis_of(operation, -1, formula.dims(difference).size()));
  if (formula.dims(difference).empty()) return formula.result(formula.op("abs", {difference}));
  const auto last = static_cast<int64_t>(formula.dims(difference).size()) - 1;
  return formula.result(norm_over(formula, difference, p, last, keep_dim));
}

std::span<const NativeClassRow> distance_classes() { return kClasses; }
std::span<const NativeFunctionRow> distance_functions() { return kFunctions; }

}  // namespace lathe::torch
