// Scaled dot-product attention, and the function of torch.nn.functional.
#include "compiler/frontend/torch/sequence/attention.h"

#include <cmath>
#include <limits>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/sequence/families.h"

namespace lathe::torch {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

}  // namespace

ValueId additive_mask(Formula& formula, ValueId mask, bool true_hides, ElementType element) {
  if (!formula.ok() || !mask.valid()) return mask;
  if (formula.element(mask) != ElementType::Boolean) return formula.cast(mask, element);
  const ValueId open = formula.number(element, 0);
  const ValueId hidden = formula.number(element, -kInfinity);
  return true_hides ? formula.where(mask, hidden, open) : formula.where(mask, open, hidden);
}

ValueId causal_mask(Formula& formula, const Dim& queries, const Dim& keys, ElementType element) {
  const auto positions = [&](const Dim& count, int64_t axis) {
    const Shape dims = axis == 0 ? Shape{count, Dim(1)} : Shape{Dim(1), count};
    return formula.op("iota", {}, {{"dims", dims}, {"axis", axis}, {"element", ElementType::I64}});
  };
  const ValueId hides = formula.op("greater", {positions(keys, 1), positions(queries, 0)});
  return additive_mask(formula, hides, true, element);
}

Result<AttentionResults> attend(const Operation& operation, ValueId q, ValueId k, ValueId v, ValueId mask, double scale,
                                double dropout_probability) {
  Formula formula(operation);
  ValueId scores = formula.op("matmul", {q, k}, {{"transpose_b", true}});
  scores = formula.mul(scores, scale);
  if (mask.valid()) scores = formula.add(scores, mask);
  if (!formula.ok()) return Failure{};
  AttentionResults results;
  results.weights = formula.op("softmax", {scores}, {{"axis", static_cast<int64_t>(formula.dims(scores).size()) - 1}});
  if (dropout_probability > 0 && formula.ok()) {
    results.weights = formula.take(dropout(operation, results.weights, dropout_probability, true));
  }
  results.output = formula.op("matmul", {results.weights, v});
  if (!formula.ok()) return Failure{};
  return results;
}

namespace {

// Heads of k and v repeated until there are as many as in q (enable_gqa).
ValueId repeated_heads(Formula& formula, ValueId x, const Dim& heads) {
  if (!formula.ok()) return x;
  const Shape dims = formula.dims(x);
  const size_t axis = dims.size() - 3;
  const std::optional<Dim> times = exact_divide(heads, dims[axis]);
  if (!times || times->is_constant(1)) return x;
  Shape wide = dims;
  wide.insert(wide.begin() + static_cast<std::ptrdiff_t>(axis) + 1, *times);
  Shape result = dims;
  result[axis] = heads;
  return formula.reshape(formula.expand(formula.unsqueeze(x, {axis + 1}), wide), result);
}

Result<Value> scaled_dot_product_attention(NativeCall& call, Operation& operation) {
  LATHE_TRY(const ValueId q, operation.value(call.argument("query"), "`query`"));
  LATHE_TRY(ValueId k, operation.value(call.argument("key"), "`key`"));
  LATHE_TRY(ValueId v, operation.value(call.argument("value"), "`value`"));
  LATHE_TRY(const ValueId given_mask, operation.optional_value(call.argument("attn_mask"), "`attn_mask`"));
  LATHE_TRY(const double dropout_probability, call.number("dropout_p"));
  LATHE_TRY(const bool is_causal, call.truth("is_causal"));
  LATHE_TRY(const bool grouped, call.truth("enable_gqa"));
  for (const ValueId each : {q, k, v}) {
    LATHE_TRY_VOID(operation.require_float(each));
    LATHE_TRY_VOID(operation.require_element(each, operation.type(q).element, "`query`"));
    if (operation.rank(each) < 2) {
      return operation
          .error(DiagnosticKind::RankMismatch, "RuntimeError",
                 "scaled_dot_product_attention takes tensors (..., length, features), one of them is {}",
                 operation.shape_text(each))
          .emit();
    }
  }
  const Shape q_dims = operation.dims(q);
  const Shape k_dims = operation.dims(k);
  const Shape v_dims = operation.dims(v);
  const std::string shapes =
      fmt::format("query {}, key {}, value {}", python_shape(q_dims), python_shape(k_dims), python_shape(v_dims));
  LATHE_TRY_VOID(
      operation.require_equal(DiagnosticKind::FeatureMismatch, "RuntimeError", q_dims.back(), k_dims.back(),
                              fmt::format("query and key of scaled_dot_product_attention have {} and {} "
                                          "features: {}",
                                          q_dims.back().python_text(), k_dims.back().python_text(), shapes)));
  LATHE_TRY_VOID(operation.require_equal(
      DiagnosticKind::ShapeMismatch, "RuntimeError", k_dims[k_dims.size() - 2], v_dims[v_dims.size() - 2],
      fmt::format("key and value of scaled_dot_product_attention have {} and {} positions: {}",
                  k_dims[k_dims.size() - 2].python_text(), v_dims[v_dims.size() - 2].python_text(), shapes)));
  if (is_causal && given_mask.valid()) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError",
               "scaled_dot_product_attention takes attn_mask or is_causal=True, not both")
        .emit();
  }
  double scale = 0;
  if (call.is_none("scale")) {
    if (!q_dims.back().is_constant()) return operation.unsupported("attention over an unknown number of features");
    scale = 1.0 / std::sqrt(static_cast<double>(q_dims.back().constant()));
  } else {
    LATHE_TRY(scale, call.number("scale"));
  }
  Formula formula(operation);
  if (grouped && q_dims.size() >= 3 && k_dims.size() >= 3) {
    k = repeated_heads(formula, k, q_dims[q_dims.size() - 3]);
    v = repeated_heads(formula, v, q_dims[q_dims.size() - 3]);
  }
  const ElementType element = operation.type(q).element;
  ValueId mask = additive_mask(formula, given_mask, false, element);
  if (is_causal) mask = causal_mask(formula, q_dims[q_dims.size() - 2], k_dims[k_dims.size() - 2], element);
  if (!formula.ok()) return Failure{};
  LATHE_TRY(const AttentionResults results, attend(operation, q, k, v, mask, scale, dropout_probability));
  return operation.result(results.output);
}

constexpr NativeFunctionRow kFunctions[] = {
    {"scaled_dot_product_attention",
     "query, key, value, attn_mask=None, dropout_p=0.0, is_causal=False, scale=None, enable_gqa=False",
     tensor_function<scaled_dot_product_attention>},
};

}  // namespace

std::span<const NativeFunctionRow> attention_functions() { return kFunctions; }

}  // namespace lathe::torch
