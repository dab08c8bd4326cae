// Arguments of torch.* functions and tensor methods.
#include "compiler/frontend/torch/tensor/table.h"

#include <fmt/format.h>

#include <algorithm>

namespace lathe::torch {

bool has_unknown_argument(const NativeCall& call) {
  const Heap& heap = call.evaluator.heap();
  for (const Value& argument : call.arguments) {
    if (is_unknown(argument)) return true;
    const auto* tuple = heap.as<TupleObject>(argument);
    const auto* list = heap.as<ListObject>(argument);
    if (tuple == nullptr && list == nullptr) continue;
    const std::vector<Value>& items = tuple != nullptr ? tuple->items : list->items;
    if (std::any_of(items.begin(), items.end(), is_unknown)) return true;
  }
  return false;
}

bool has_parameter(const NativeCall& call, std::string_view parameter) {
  return std::find(call.parameters.begin(), call.parameters.end(), parameter) != call.parameters.end();
}

Result<Value> store_out(NativeCall& call, Value result) {
  if (call.row.parameters.find("out=None") == std::string_view::npos || !has_parameter(call, "out")) return result;
  const auto* out = std::get_if<TensorId>(&call.argument("out"));
  const auto* tensor = std::get_if<TensorId>(&result);
  if (out == nullptr || tensor == nullptr) return result;
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const ValueId value, tracer.operand_as(*tensor, tracer.element(*out), call.where));
  LATHE_TRY_VOID(tracer.assign(*out, value));
  return Value(*out);
}

Result<Value> store_in_place(NativeCall& call, const Value& result) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId self, self_tensor(call));
  const auto* tensor = std::get_if<TensorId>(&result);
  if (tensor == nullptr) return result;
  const ElementType have = tracer.element(*tensor);
  const ElementType want = tracer.element(self);
  if (is_float(have) && !is_float(want)) {
    return tensor_error(tracer, DiagnosticKind::ElementTypeMismatch, "RuntimeError",
                        fmt::format("`{}` gives {}, which can't be stored in place in a tensor of type {}",
                                    call.row.name, dtype_text(have), dtype_text(want)))
        .emit();
  }
  LATHE_TRY(const ValueId value, tracer.operand_as(*tensor, want, call.where));
  LATHE_TRY_VOID(tracer.assign(self, value));
  return Value(self);
}

std::string function_name(const NativeCall& call) { return fmt::format("`{}`", call.row.name); }

Result<TensorId> self_tensor(NativeCall& call) {
  return expect_tensor(call.evaluator, call.arguments[0], function_name(call), call.places[0]);
}

Result<TensorId> tensor_argument(NativeCall& call, std::string_view parameter) {
  return expect_tensor(call.evaluator, call.argument(parameter),
                       fmt::format("`{}` of {}", parameter, function_name(call)), call.place(parameter));
}

Result<std::vector<TensorId>> tensor_list(NativeCall& call, std::string_view parameter) {
  const Value& given = call.argument(parameter);
  if (is_none(given)) {
    LATHE_TRY([[maybe_unused]] const TensorId never,
              expect_tensor(call.evaluator, given, function_name(call), call.place(parameter)));
  }
  LATHE_TRY(const std::vector<Value> items, call.items(parameter));
  std::vector<TensorId> tensors;
  for (const Value& item : items) {
    LATHE_TRY(const TensorId tensor,
              expect_tensor(call.evaluator, item, fmt::format("the list for {}", function_name(call)),
                            call.place(parameter)));
    tensors.push_back(tensor);
  }
  return tensors;
}

Result<Dim> integer_of(NativeCall& call, const Value& value, std::string_view what) {
  if (const auto* integer = std::get_if<Dim>(&value)) return *integer;
  if (const auto* truth = std::get_if<bool>(&value)) return Dim(*truth ? 1 : 0);
  if (is_unknown(value)) return Failure{};
  Tracer& tracer = tracer_of(call.evaluator);
  if (const auto* tensor = std::get_if<TensorId>(&value); tensor != nullptr && !is_float(tracer.element(*tensor))) {
    LATHE_TRY(const Value element, tracer.element(call.evaluator, *tensor));
    if (const auto* integer = std::get_if<Dim>(&element)) return *integer;
  }
  auto report = call.error(DiagnosticKind::BadArgument, "TypeError", "{} of {} must be an int, not {}", what,
                           function_name(call), call.evaluator.describe(value));
  if (std::holds_alternative<double>(value)) {
    static_cast<void>(std::move(report).note("`/` always gives a float; `//` divides integers"));
  }
  return std::move(report).emit();
}

namespace {

/// The items behind a `*args` parameter: those of its only one when that is a list.
Result<std::vector<Value>> spread(NativeCall& call, const Value& star) {
  Heap& heap = call.evaluator.heap();
  const auto* given = heap.as<TupleObject>(star);
  LATHE_CHECK(given != nullptr);
  if (given->items.size() != 1) return given->items;
  const Value only = given->items[0];
  if (heap.as<TupleObject>(only) == nullptr && heap.as<ListObject>(only) == nullptr) {
    const auto* tensor = std::get_if<TensorId>(&only);
    const bool is_list = tensor != nullptr && tracer_of(call.evaluator).rank(*tensor) == 1;
    if (!is_list) return given->items;
  }
  return call.evaluator.iterate(only, call.where);
}

Result<int64_t> known_axis(NativeCall& call, const Value& value) {
  LATHE_TRY(const Dim axis, integer_of(call, value, "an axis"));
  if (const auto constant = axis.as_constant()) return *constant;
  call.evaluator.unsupported(call.where, "an axis that is only known when the model runs");
  return Failure{};
}

}  // namespace

Result<Shape> sizes_argument(NativeCall& call, std::string_view star, std::string_view keyword) {
  std::vector<Value> items;
  if (!keyword.empty() && !call.is_none(keyword)) {
    const Value& given = call.argument(keyword);
    if (std::holds_alternative<Dim>(given)) {
      items.push_back(given);
    } else {
      LATHE_TRY(items, call.evaluator.iterate(given, call.place(keyword)));
    }
  } else {
    LATHE_TRY(items, spread(call, call.argument(star)));
  }
  Shape sizes;
  for (const Value& item : items) {
    LATHE_TRY(Dim size, integer_of(call, item, "a size"));
    sizes.push_back(std::move(size));
  }
  return sizes;
}

Result<std::vector<int64_t>> star_axes(NativeCall& call, std::string_view star) {
  LATHE_TRY(const std::vector<Value> items, spread(call, call.argument(star)));
  std::vector<int64_t> axes;
  for (const Value& item : items) {
    LATHE_TRY(const int64_t axis, known_axis(call, item));
    axes.push_back(axis);
  }
  return axes;
}

const Value& dim_value(NativeCall& call, std::string_view parameter) {
  if (has_parameter(call, "axis") && !call.is_none("axis")) return call.argument("axis");
  return call.argument(parameter);
}

Result<int64_t> axis_argument(NativeCall& call, std::string_view parameter) {
  return known_axis(call, dim_value(call, parameter));
}

Result<std::optional<std::vector<int64_t>>> axes_argument(NativeCall& call, std::string_view parameter) {
  using Axes = std::optional<std::vector<int64_t>>;
  const Value& given = dim_value(call, parameter);
  if (is_none(given)) return Axes();
  std::vector<Value> items{given};
  const Heap& heap = call.evaluator.heap();
  if (heap.as<TupleObject>(given) != nullptr || heap.as<ListObject>(given) != nullptr) {
    LATHE_TRY(items, call.evaluator.iterate(given, call.where));
  }
  std::vector<int64_t> axes;
  for (const Value& item : items) {
    LATHE_TRY(const int64_t axis, known_axis(call, item));
    axes.push_back(axis);
  }
  return Axes(std::move(axes));
}

Result<std::optional<ElementType>> dtype_argument(NativeCall& call, std::string_view parameter) {
  using Element = std::optional<ElementType>;
  const Value& given = call.argument(parameter);
  if (is_none(given)) return Element();
  if (const Element element = tracer_of(call.evaluator).dtype(given)) return element;
  // `dtype=float` names PyTorch's types by Python's.
  if (const auto* type = call.evaluator.heap().as<ClassObject>(given)) {
    if (type->name == "float") return Element(ElementType::F64);
    if (type->name == "int") return Element(ElementType::I64);
    if (type->name == "bool") return Element(ElementType::Boolean);
  }
  return call
      .error_at(call.place(parameter), DiagnosticKind::BadArgument, "TypeError",
                fmt::format("`{}` of {} must be a torch.dtype, not {}", parameter, function_name(call),
                            call.evaluator.describe(given)))
      .emit();
}

Value tensor_tuple(Evaluator& evaluator, std::span<const TensorId> tensors) {
  return evaluator.heap().new_tuple(std::vector<Value>(tensors.begin(), tensors.end()));
}

Value values_and_indices(Evaluator& evaluator, TensorId values, TensorId indices) {
  const ObjectId type = evaluator.library_object("torch.return_types.ValuesAndIndices");
  auto* row = evaluator.heap().as<ClassObject>(type);
  const NameId fields = evaluator.name("_fields");
  if (row != nullptr && row->attributes.find(fields) == nullptr) {
    Value names =
        evaluator.heap().new_tuple({evaluator.heap().new_string("values"), evaluator.heap().new_string("indices")});
    evaluator.heap().as<ClassObject>(type)->attributes.set(fields, std::move(names));
  }
  return evaluator.heap().add(TupleObject{{values, indices}, type});
}

}  // namespace lathe::torch
