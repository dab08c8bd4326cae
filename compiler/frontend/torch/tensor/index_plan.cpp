// Taking an index apart.
#include "compiler/frontend/torch/tensor/index_plan.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

/// An int, or an integer tensor without axes whose number is known.
Result<std::optional<Dim>> plain_integer(Tracer& tracer, const Value& value) {
  if (const auto* integer = std::get_if<Dim>(&value)) return std::optional<Dim>(*integer);
  const auto* tensor = std::get_if<TensorId>(&value);
  if (tensor == nullptr || tracer.rank(*tensor) != 0 || !is_integer(tracer.element(*tensor))) {
    return std::optional<Dim>();
  }
  LATHE_TRY(const ValueId graph_value, tracer.value(*tensor));
  const auto& known = tracer.module().graph.value(graph_value).known;
  if (known && known->size() == 1 && known->front().valid()) return std::optional<Dim>(known->front());
  return std::optional<Dim>();
}

Result<Dim> bound(Tracer& tracer, const Value& value) {
  LATHE_TRY(const std::optional<Dim> integer, plain_integer(tracer, value));
  if (integer) return *integer;
  if (is_unknown(value)) return Failure{};
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(const Value element, tracer.element(tracer.evaluator(), *tensor));
    if (const auto* known = std::get_if<Dim>(&element)) return *known;
  }
  auto report = tensor_error(
      tracer, DiagnosticKind::BadArgument, "TypeError",
      fmt::format("the bounds of a slice must be ints or None, not {}", tracer.evaluator().describe(value)));
  if (std::holds_alternative<double>(value)) {
    static_cast<void>(std::move(report).note("`/` always gives a float; `//` divides integers"));
  }
  return std::move(report).emit();
}

/// A bound that may count from the end as a position in [0, size]; nothing when its sign is not known.
std::optional<Dim> position(const SymbolTable& symbols, const Dim& given, const Dim& size) {
  Dim at = given;
  if (symbols.known_lt(given, 0)) {
    at = given.is_constant() && given.constant() < -SymbolTable::kDefaultUpper ? Dim(0) : given + size;
  } else if (!symbols.known_le(0, given)) {
    return std::nullopt;
  }
  if (!at.valid()) return std::nullopt;
  return symbols.simplify(maximum(0, minimum(at, size)));
}

class Planner {
 public:
  Planner(Tracer& tracer, TensorId x) : tracer_(tracer), x_(x) { plan_.view = x; }

  Result<IndexPlan> run(const Value& index) {
    LATHE_TRY(const std::vector<Value> items, items_of(index));
    size_t consumed = 0;
    size_t ellipses = 0;
    for (const Value& item : items) {
      if (std::holds_alternative<EllipsisValue>(item)) ++ellipses;
      consumed += axes_of(item);
    }
    const auto rank = static_cast<size_t>(tracer_.rank(x_));
    if (consumed > rank || ellipses > 1) {
      return tensor_error(tracer_, DiagnosticKind::IndexOutOfRange, "IndexError",
                          ellipses > 1 ? std::string("an index can have only one `...`")
                                       : fmt::format("{} indices for the tensor {}, which has {} axes", consumed,
                                                     tracer_.shape_text(x_), rank))
          .emit();
    }
    for (const Value& item : items) {
      if (std::holds_alternative<EllipsisValue>(item)) {
        axis_ += rank - consumed;
      } else {
        LATHE_TRY_VOID(apply(item));
      }
    }
    return std::move(plan_);
  }

 private:
  [[nodiscard]] const std::vector<Value>* list_items(const Value& value) const {
    const auto* list = tracer_.evaluator().heap().as<ListObject>(value);
    return list != nullptr ? &list->items : nullptr;
  }

  /// A tuple is several indices; a list that holds slices or None too (an old habit of numpy).
  Result<std::vector<Value>> items_of(const Value& index) {
    const Heap& heap = tracer_.evaluator().heap();
    if (const auto* tuple = heap.as<TupleObject>(index)) return convert(tuple->items);
    if (const std::vector<Value>* items = list_items(index)) {
      const bool several = std::any_of(items->begin(), items->end(), [&](const Value& item) {
        return is_none(item) || std::holds_alternative<EllipsisValue>(item) || heap.as<SliceObject>(item) != nullptr;
      });
      if (several) return convert(*items);
    }
    return convert({index});
  }

  /// Lists and ranges of numbers become tensors, so do integer tensors stay what they are.
  Result<std::vector<Value>> convert(std::vector<Value> items) {
    Evaluator& evaluator = tracer_.evaluator();
    for (Value& item : items) {
      if (is_unknown(item)) return Failure{};
      const Heap& heap = evaluator.heap();
      const bool listed =
          list_items(item) != nullptr || heap.as<TupleObject>(item) != nullptr || heap.as<RangeObject>(item) != nullptr;
      if (listed) {
        LATHE_TRY(const std::vector<Value> numbers, evaluator.iterate(item, tracer_.here()));
        LATHE_TRY(const TensorId tensor,
                  tracer_.from_python(item, numbers.empty() ? std::optional(ElementType::I64) : std::nullopt,
                                      tracer_.here()));
        item = tensor;
      }
      LATHE_TRY(const std::optional<Dim> integer, plain_integer(tracer_, item));
      if (integer) item = *integer;
    }
    return items;
  }

  [[nodiscard]] size_t axes_of(const Value& item) const {
    if (is_none(item) || std::holds_alternative<EllipsisValue>(item) || std::holds_alternative<bool>(item)) return 0;
    const auto* tensor = std::get_if<TensorId>(&item);
    if (tensor == nullptr || !is_mask(*tensor)) return 1;
    return static_cast<size_t>(tracer_.rank(*tensor));
  }

  [[nodiscard]] bool is_mask(TensorId tensor) const {
    const ElementType element = tracer_.element(tensor);
    return element == ElementType::Boolean || element == ElementType::U8;
  }

  Status apply(const Value& item) {
    if (is_none(item) || std::holds_alternative<bool>(item)) {
      const auto* truth = std::get_if<bool>(&item);
      if (truth != nullptr && !*truth) {
        tracer_.evaluator().unsupported(tracer_.here(), "False as an index");
        return Failure{};
      }
      LATHE_TRY(plan_.view, unsqueeze_operation(tracer_, plan_.view, static_cast<int64_t>(axis_)));
      ++axis_;
      return {};
    }
    if (const auto* integer = std::get_if<Dim>(&item)) {
      LATHE_TRY(plan_.view, select_operation(tracer_, plan_.view, static_cast<int64_t>(axis_), *integer));
      return {};
    }
    if (const auto* slice = tracer_.evaluator().heap().as<SliceObject>(item)) return apply_slice(SliceObject(*slice));
    if (const auto* tensor = std::get_if<TensorId>(&item)) return apply_tensor(*tensor);
    auto report = tensor_error(tracer_, DiagnosticKind::BadArgument, "IndexError",
                               fmt::format("a tensor is indexed by ints, slices, None, `...` and tensors, not by {}",
                                           tracer_.evaluator().describe(item)));
    if (std::holds_alternative<double>(item)) {
      static_cast<void>(std::move(report).note("`/` always gives a float; `//` divides integers"));
    }
    return std::move(report).emit();
  }

  Status apply_slice(const SliceObject& slice) {
    int64_t step = 1;
    if (!is_none(slice.step)) {
      LATHE_TRY(const Dim given, bound(tracer_, slice.step));
      const auto known = given.as_constant();
      if (!known || *known < 1) {
        return tensor_error(
                   tracer_, DiagnosticKind::BadArgument, "ValueError",
                   fmt::format("the step of a slice of a tensor must be at least 1, it is {}", given.python_text()))
            .note("`torch.flip` reverses an axis")
            .emit();
      }
      step = *known;
    }
    const Dim size = tracer_.dims(plan_.view)[axis_];
    LATHE_TRY(const auto bounds, clamp_bounds(tracer_, slice.lower, slice.upper, size));
    const auto& [start, stop] = bounds;
    if (!start.is_constant(0) || !(stop == size) || step != 1) {
      LATHE_TRY(plan_.view, slice_operation(tracer_, plan_.view, axis_, start, stop, step));
    }
    ++axis_;
    return {};
  }

  Status apply_tensor(TensorId tensor) {
    const bool mask = is_mask(tensor);
    if (is_float(tracer_.element(tensor))) {
      return tensor_error(tracer_, DiagnosticKind::BadArgument, "IndexError",
                          fmt::format("a tensor of type {} can't be an index: use integers or bools",
                                      dtype_text(tracer_.element(tensor))))
          .emit();
    }
    plan_.tensors.push_back({axis_, tensor, mask});
    if (!mask) {
      ++axis_;
      return {};
    }
    const Shape& dims = tracer_.dims(plan_.view);
    for (const Dim& size : tracer_.dims(tensor)) {
      if (tracer_.module().symbols.prove_eq(size, dims[axis_]) == Answer::No) {
        return tensor_error(tracer_, DiagnosticKind::ShapeMismatch, "IndexError",
                            fmt::format("the mask {} doesn't fit the tensor {}: axis {} is {} against {}",
                                        tracer_.shape_text(tensor), tracer_.shape_text(plan_.view), axis_,
                                        size.python_text(), dims[axis_].python_text()))
            .emit();
      }
      ++axis_;
    }
    return {};
  }

  Tracer& tracer_;
  TensorId x_;
  IndexPlan plan_;
  size_t axis_ = 0;  ///< of the view
};

}  // namespace

Result<IndexPlan> plan_index(Tracer& tracer, TensorId x, const Value& index) { return Planner(tracer, x).run(index); }

Result<std::pair<Dim, Dim>> clamp_bounds(Tracer& tracer, const Value& lower, const Value& upper, const Dim& size) {
  const SymbolTable& symbols = tracer.module().symbols;
  std::optional<Dim> start = Dim(0);
  std::optional<Dim> stop = size;
  if (!is_none(lower)) {
    LATHE_TRY(const Dim given, bound(tracer, lower));
    start = position(symbols, given, size);
  }
  if (!is_none(upper)) {
    LATHE_TRY(const Dim given, bound(tracer, upper));
    stop = position(symbols, given, size);
  }
  if (!start || !stop) {
    tracer.evaluator().unsupported(tracer.here(), "a slice with a bound that may be negative or not");
    return Failure{};
  }
  if (!start->is_constant(0)) stop = symbols.simplify(maximum(*start, *stop));
  return std::pair(*start, *stop);
}

}  // namespace lathe::torch
