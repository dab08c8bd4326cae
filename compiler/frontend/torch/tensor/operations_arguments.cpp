// What operations ask of their arguments: tensors, axes.
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {

Result<TensorId> expect_tensor(Evaluator& evaluator, const Value& value, std::string_view what, LocationId where) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) return *tensor;
  if (is_unknown(value)) return Failure{};
  if (is_none(value)) {
    return evaluator
        .error(where, DiagnosticKind::NoneNotTensor, "TypeError", "{} takes a tensor, it is given None", what)
        .note("a function or `forward` without `return` gives None")
        .emit();
  }
  const Heap& heap = evaluator.heap();
  const auto* tuple = heap.as<TupleObject>(value);
  const auto* list = heap.as<ListObject>(value);
  if (tuple == nullptr && list == nullptr) {
    return evaluator
        .error(where, DiagnosticKind::BadArgument, "TypeError", "{} takes a tensor, not {}", what,
               evaluator.describe(value))
        .emit();
  }
  const std::vector<Value>& items = tuple != nullptr ? tuple->items : list->items;
  const std::string_view kind = list != nullptr ? "list" : items.size() == 2 ? "pair" : "tuple";
  std::string text;
  for (size_t i = 0; i < items.size() && i < 4; ++i) {
    text += fmt::format("{}{}", i == 0 ? "" : ", ", evaluator.describe(items[i]));
  }
  if (items.size() > 4) text += ", ...";
  return evaluator
      .error(where, DiagnosticKind::TupleNotTensor, "TypeError", "{} takes a tensor, it is given a {}: ({})", what,
             kind, text)
      .emit();
}

DiagnosticBuilder tensor_error(Tracer& tracer, DiagnosticKind kind, std::string_view exception, std::string message) {
  DiagnosticBuilder builder = tracer.evaluator().error(tracer.here(), kind, exception, "{}", message);
  if (tracer.layers().empty()) return builder;
  return std::move(builder).layer(tracer.layers().back().name);
}

Result<size_t> normal_axis(Tracer& tracer, int64_t axis, const Shape& shape) {
  const auto rank = static_cast<int64_t>(shape.size());
  const int64_t limit = rank == 0 ? 1 : rank;
  if (axis >= -limit && axis < limit) return static_cast<size_t>(axis < 0 ? axis + limit : axis);
  return tensor_error(tracer, DiagnosticKind::AxisOutOfRange, "IndexError",
                      rank == 0 ? fmt::format("axis {} of a tensor without axes", axis)
                                : fmt::format("axis {} is out of range: {} has axes 0 to {} (or {} to -1)", axis,
                                              Tracer::shape_text(shape), rank - 1, -rank))
      .emit();
}

Result<size_t> normal_axis(Tracer& tracer, int64_t axis, TensorId tensor) {
  return normal_axis(tracer, axis, tracer.dims(tensor));
}

}  // namespace lathe::torch
