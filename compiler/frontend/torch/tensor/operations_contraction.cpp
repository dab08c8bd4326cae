// Matrix products and einsum.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

Status require_same_element(Tracer& tracer, TensorId left, TensorId right) {
  if (tracer.element(left) == tracer.element(right)) return {};
  return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                      fmt::format("a matrix product needs one type of numbers, not {} and {}",
                                  dtype_text(tracer.element(left)), dtype_text(tracer.element(right))))
      .emit();
}

/// The sizes that batches of two matrices have in common.
Status require_batches(Tracer& tracer, const Shape& left, const Shape& right) {
  if (left.size() <= 2 || right.size() <= 2) return {};
  LATHE_TRY([[maybe_unused]] const Shape batch,
            broadcast_shapes(tracer, Shape(left.begin(), left.end() - 2), Shape(right.begin(), right.end() - 2),
                             "multiply matrices in batches"));
  return {};
}

}  // namespace

Result<TensorId> matmul_operation(Tracer& tracer, TensorId left, TensorId right) {
  LATHE_TRY_VOID(require_same_element(tracer, left, right));
  const Shape& a = tracer.dims(left);
  const Shape& b = tracer.dims(right);
  if (a.empty() || b.empty()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        fmt::format("a matrix product needs vectors or matrices, not {} and {}",
                                    tracer.shape_text(left), tracer.shape_text(right)))
        .emit();
  }
  const Dim& inner = a.back();
  const size_t row = b.size() == 1 ? 0 : b.size() - 2;
  if (tracer.module().symbols.prove_eq(inner, b[row]) == Answer::No) {
    return tensor_error(tracer, DiagnosticKind::FeatureMismatch, "RuntimeError",
                        fmt::format("cannot multiply the matrices {} and {}: axis {} of the left one is {}, axis {} "
                                    "of the right one is {}",
                                    tracer.shape_text(left), tracer.shape_text(right), a.size() - 1,
                                    inner.python_text(), row, b[row].python_text()))
        .explain(tracer.module().origins, inner)
        .explain(tracer.module().origins, b[row])
        .emit();
  }
  LATHE_TRY_VOID(require_batches(tracer, a, b));
  LATHE_TRY(const ValueId x, tracer.value(left));
  LATHE_TRY(const ValueId y, tracer.value(right));
  LATHE_TRY(const ValueId product, tracer.builder().one("matmul", {x, y}));
  return tracer.add(product);
}

Result<TensorId> einsum_operation(Tracer& tracer, const std::string& equation, std::span<const TensorId> operands) {
  std::string plain;
  std::copy_if(equation.begin(), equation.end(), std::back_inserter(plain), [](char c) { return c != ' '; });
  const std::string left = plain.substr(0, plain.find("->"));
  const auto terms = static_cast<size_t>(std::count(left.begin(), left.end(), ',')) + 1;
  if (terms != operands.size()) {
    return tensor_error(
               tracer, DiagnosticKind::BadArgument, "RuntimeError",
               fmt::format("the equation `{}` names {} operands, {} are given", equation, terms, operands.size()))
        .emit();
  }
  // Every name must have one size, or 1, in all operands.
  std::vector<std::pair<char, Dim>> sizes;
  std::vector<ValueId> values;
  size_t begin = 0;
  for (const TensorId operand : operands) {
    LATHE_TRY_VOID(require_same_element(tracer, operands[0], operand));
    const size_t end = std::min(left.find(',', begin), left.size());
    const std::string term = left.substr(begin, end - begin);
    begin = end + 1;
    const Shape& dims = tracer.dims(operand);
    const bool ellipsis = term.find("...") != std::string::npos;
    if (!ellipsis && term.size() != dims.size()) {
      return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                          fmt::format("the term `{}` of the equation `{}` names {} axes, the operand {} has {}", term,
                                      equation, term.size(), tracer.shape_text(operand), dims.size()))
          .emit();
    }
    for (size_t axis = 0; !ellipsis && axis < term.size(); ++axis) {
      const auto found =
          std::find_if(sizes.begin(), sizes.end(), [&](const auto& row) { return row.first == term[axis]; });
      if (found == sizes.end()) {
        sizes.emplace_back(term[axis], dims[axis]);
        continue;
      }
      if (tracer.module().symbols.prove_eq(found->second, dims[axis]) != Answer::No) continue;
      if (dims[axis].is_constant(1)) continue;
      if (found->second.is_constant(1)) {
        found->second = dims[axis];
        continue;
      }
      return tensor_error(
                 tracer, DiagnosticKind::BroadcastMismatch, "RuntimeError",
                 fmt::format("einsum `{}`: `{}` is {} in one operand and {} in {}", equation, term[axis],
                             found->second.python_text(), dims[axis].python_text(), tracer.shape_text(operand)))
          .explain(tracer.module().origins, found->second)
          .explain(tracer.module().origins, dims[axis])
          .emit();
    }
    LATHE_TRY(const ValueId value, tracer.value(operand));
    values.push_back(value);
  }
  LATHE_TRY(const ValueId result, tracer.builder().one("einsum", std::move(values), {{"equation", plain}}));
  return tracer.add(result);
}

}  // namespace lathe::torch
