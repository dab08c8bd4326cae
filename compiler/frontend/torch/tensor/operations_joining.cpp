// Putting tensors together, and making them: cat, stack, full, iota.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {

Result<TensorId> concat_operation(Tracer& tracer, std::span<const TensorId> parts, int64_t axis) {
  if (parts.empty()) {
    return tensor_error(tracer, DiagnosticKind::BadArgument, "RuntimeError", "cat of no tensors: the list is empty")
        .emit();
  }
  // PyTorch skips empty tensors of one axis, whatever the others are.
  std::vector<TensorId> kept;
  for (const TensorId part : parts) {
    const Shape& dims = tracer.dims(part);
    if (dims.size() != 1 || !dims[0].is_constant(0)) kept.push_back(part);
  }
  if (kept.empty()) kept.push_back(parts.front());
  std::vector<Value> values(kept.begin(), kept.end());
  const ElementType element = result_type(tracer, values);
  const Shape first = tracer.dims(kept[0]);
  if (first.empty()) {
    return tensor_error(tracer, DiagnosticKind::RankMismatch, "RuntimeError",
                        "a tensor without axes can't be part of `cat`; `torch.stack` makes a new axis")
        .emit();
  }
  LATHE_TRY(const size_t at, normal_axis(tracer, axis, kept[0]));
  std::vector<ValueId> operands;
  for (size_t index = 0; index < kept.size(); ++index) {
    const Shape& dims = tracer.dims(kept[index]);
    if (dims.size() != first.size()) {
      return tensor_error(tracer, DiagnosticKind::ConcatMismatch, "RuntimeError",
                          fmt::format("cat needs tensors with equally many axes: {} and {}", Tracer::shape_text(first),
                                      tracer.shape_text(kept[index])))
          .emit();
    }
    for (size_t i = 0; i < dims.size(); ++i) {
      if (i == at || tracer.module().symbols.prove_eq(dims[i], first[i]) != Answer::No) continue;
      return tensor_error(tracer, DiagnosticKind::ConcatMismatch, "RuntimeError",
                          fmt::format("cat needs equal sizes off axis {}: {} and {}: axis {} is {} against {}", at,
                                      Tracer::shape_text(first), Tracer::shape_text(dims), i, first[i].python_text(),
                                      dims[i].python_text()))
          .explain(tracer.module().origins, first[i])
          .explain(tracer.module().origins, dims[i])
          .emit();
    }
    LATHE_TRY(const ValueId value, tracer.operand_as(kept[index], element, tracer.here()));
    operands.push_back(value);
  }
  if (operands.size() == 1) return tracer.add(operands[0]);
  LATHE_TRY(const ValueId joined,
            tracer.builder().one("concat", std::move(operands), {{"axis", static_cast<int64_t>(at)}}));
  return tracer.add(joined);
}

Result<TensorId> stack_operation(Tracer& tracer, std::span<const TensorId> parts, int64_t axis) {
  std::vector<TensorId> thick;
  for (const TensorId part : parts) {
    const Shape& first = tracer.dims(parts[0]);
    const Shape& dims = tracer.dims(part);
    bool same = dims.size() == first.size();
    for (size_t i = 0; same && i < dims.size(); ++i) {
      same = tracer.module().symbols.prove_eq(dims[i], first[i]) != Answer::No;
    }
    if (!same) {
      return tensor_error(tracer, DiagnosticKind::ConcatMismatch, "RuntimeError",
                          fmt::format("stack needs tensors of one shape: {} and {}", Tracer::shape_text(first),
                                      Tracer::shape_text(dims)))
          .emit();
    }
    LATHE_TRY(const TensorId row, unsqueeze_operation(tracer, part, axis));
    thick.push_back(row);
  }
  return concat_operation(tracer, thick, axis);
}

Result<TensorId> full_operation(Tracer& tracer, const Shape& dims, const Value& number, ElementType element) {
  for (const Dim& size : dims) {
    if (!size.is_constant() || size.constant() >= 0) continue;
    return tensor_error(tracer, DiagnosticKind::NegativeDimension, "RuntimeError",
                        fmt::format("a tensor can't have the shape {}", Tracer::shape_text(dims)))
        .emit();
  }
  LATHE_TRY(const ValueId scalar, tracer.operand_as(number, element, tracer.here()));
  const TensorType type{element, dims};
  const lathe::Graph& graph = tracer.module().graph;
  const NodeId producer = graph.value(scalar).producer;
  const bool is_constant = producer.valid() && graph.node(producer).op->name == "constant";
  if (!type.is_static() || !is_constant || dims.empty()) {
    LATHE_TRY(const ValueId filled, dims.empty() ? Result<ValueId>(scalar) : tracer.builder().expand(scalar, dims));
    return tracer.add(filled);
  }
  ConstantData data = tracer.module().constants[std::get<ConstantId>(graph.node(producer).attributes[0])];
  data.type = type;
  data.splat = true;
  const Dim count = type.element_count();
  if (!count.valid()) {
    return tensor_error(tracer, DiagnosticKind::SizeOverflow, "RuntimeError",
                        fmt::format("a tensor of shape {} is larger than can be addressed", Tracer::shape_text(dims)))
        .emit();
  }
  if (count.is_constant(0)) data = constant_from_integers(type, {});
  LATHE_TRY(const ValueId filled, tracer.builder().constant(std::move(data)));
  return tracer.add(filled);
}

Result<TensorId> iota_operation(Tracer& tracer, const Shape& dims, size_t axis, ElementType element) {
  LATHE_TRY(
      const ValueId value,
      tracer.builder().one("iota", {}, {{"dims", dims}, {"axis", static_cast<int64_t>(axis)}, {"element", element}}));
  return tracer.add(value);
}

}  // namespace lathe::torch
