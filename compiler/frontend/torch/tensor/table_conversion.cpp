// Conversions: dtypes, devices (which do nothing), detach, Python numbers, and questions about tensors.
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/element_types.h"
#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

Result<Value> itself(NativeCall& call) { return call.arguments[0]; }
Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }
Result<Value> always_false(NativeCall&) { return Value(false); }

template <ElementType element>
Result<Value> converted(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(cast_operation(tracer_of(call.evaluator), x, element));
}

/// to(dtype), to(device), to(other), to(device, dtype) ...: only the dtype matters.
Result<Value> to(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  const auto* given = call.evaluator.heap().as<TupleObject>(call.argument("arguments"));
  LATHE_CHECK(given != nullptr);
  std::optional<ElementType> element;
  for (const Value& argument : given->items) {
    if (const auto* other = std::get_if<TensorId>(&argument)) element = tracer.element(*other);
    if (const auto dtype = tracer.dtype(argument)) element = dtype;
  }
  if (!call.is_none("dtype")) {
    LATHE_TRY(element, dtype_argument(call));
  }
  if (const auto* other = std::get_if<TensorId>(&call.argument("other"))) element = tracer.element(*other);
  LATHE_TRY(const bool copy, call.truth("copy"));
  if (copy) {
    LATHE_TRY(x, clone_operation(tracer, x));
  }
  return as_value(cast_operation(tracer, x, element.value_or(tracer.element(x))));
}

/// type(): the name of the class; type(dtype) and type('torch.FloatTensor'): a conversion.
Result<Value> type(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  struct Row {
    std::string_view name;
    ElementType element;
  };
  static constexpr Row kClasses[] = {
      {"FloatTensor", ElementType::F32}, {"DoubleTensor", ElementType::F64}, {"HalfTensor", ElementType::F16},
      {"LongTensor", ElementType::I64},  {"IntTensor", ElementType::I32},    {"ShortTensor", ElementType::I16},
      {"CharTensor", ElementType::I8},   {"ByteTensor", ElementType::U8},    {"BoolTensor", ElementType::Boolean},
  };
  if (call.is_none("dtype")) {
    for (const Row& row : kClasses) {
      if (row.element == tracer.element(x)) return call.evaluator.heap().new_string(fmt::format("torch.{}", row.name));
    }
    return call.evaluator.heap().new_string("torch.Tensor");
  }
  std::string name;
  const Value& wanted = call.argument("dtype");
  if (const std::string* text = call.evaluator.heap().string(wanted)) name = *text;
  if (const auto* function = call.evaluator.heap().as<NativeFunctionObject>(wanted)) name = function->row->name;
  for (const Row& row : kClasses) {
    if (!name.empty() && name.ends_with(row.name)) return as_value(cast_operation(tracer, x, row.element));
  }
  LATHE_TRY(const auto element, dtype_argument(call));
  return as_value(cast_operation(tracer, x, element.value_or(tracer.element(x))));
}

Result<Value> type_as(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId other, tensor_argument(call, "other"));
  return as_value(cast_operation(tracer, x, tracer.element(other)));
}

Result<Value> detach(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return Value(tracer_of(call.evaluator).add_alias(x));
}

Result<Value> item(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return tracer_of(call.evaluator).element(call.evaluator, x);
}

/// Nested lists, row by row.
Result<Value> to_list(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  if (tracer.rank(x) == 0) return tracer.element(call.evaluator, x);
  LATHE_TRY(const ConstantData data, tracer.known(x, call.where));
  const int64_t count = data.element_count();
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(count), call.where));
  std::vector<Value> level;
  for (int64_t i = 0; i < count; ++i) {
    if (is_float(data.type.element)) {
      level.emplace_back(element_as_double(data, i));
    } else if (data.type.element == ElementType::Boolean) {
      level.emplace_back(element_as_integer(data, i) != 0);
    } else {
      level.push_back(integer(element_as_integer(data, i)));
    }
  }
  for (size_t axis = data.type.dims.size(); axis-- > 0;) {
    const auto size = static_cast<size_t>(data.type.dims[axis].constant());
    size_t lists = 1;
    for (size_t i = 0; i < axis; ++i) lists *= static_cast<size_t>(data.type.dims[i].constant());
    std::vector<Value> next;
    for (size_t i = 0; i < lists; ++i) {
      const auto begin = level.begin() + static_cast<std::ptrdiff_t>(i * size);
      next.push_back(
          call.evaluator.heap().new_list(std::vector<Value>(begin, begin + static_cast<std::ptrdiff_t>(size))));
    }
    level = std::move(next);
  }
  return level.empty() ? call.evaluator.heap().new_list({}) : level[0];
}

Result<Value> copy_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY_VOID(assign_index(tracer, x, EllipsisValue{}, call.argument("src")));
  return Value(x);
}

Result<Value> zero_in_place(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY_VOID(tracer.set_initialization(x, {.kind = Initialization::Kind::Zeros}));
  return Value(x);
}

Result<Value> is_tensor(NativeCall& call) { return Value(std::holds_alternative<TensorId>(call.arguments[0])); }

Result<Value> is_floating_point(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return Value(is_float(tracer_of(call.evaluator).element(x)));
}

Result<Value> device_number(NativeCall&) { return integer(-1); }

Result<Value> result_type_of(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  return tracer.dtype_value(tracer.promoted(call.arguments[0], call.arguments[1]));
}

Result<Value> promoted_types(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const auto left, dtype_argument(call, "type1"));
  LATHE_TRY(const auto right, dtype_argument(call, "type2"));
  if (!left || !right) return Value(NoneValue{});
  return tracer.dtype_value(promote_types(*left, *right));
}

constexpr std::string_view kOne = "input";
constexpr std::string_view kFormat = "input, memory_format=None";
constexpr std::string_view kDevice = "input, device=None, non_blocking=False, memory_format=None";

constexpr TensorFunction kTable[] = {
    only_method<to>("to",
                    "input, *arguments, dtype=None, device=None, other=None, non_blocking=False, copy=False, "
                    "memory_format=None"),
    only_method<converted<ElementType::F32>>("float", kFormat),
    only_method<converted<ElementType::F64>>("double", kFormat),
    only_method<converted<ElementType::F16>>("half", kFormat),
    only_method<converted<ElementType::BF16>>("bfloat16", kFormat),
    only_method<converted<ElementType::I64>>("long", kFormat),
    only_method<converted<ElementType::I32>>("int", kFormat),
    only_method<converted<ElementType::I16>>("short", kFormat),
    only_method<converted<ElementType::I8>>("char", kFormat),
    only_method<converted<ElementType::U8>>("byte", kFormat),
    only_method<converted<ElementType::Boolean>>("bool", kFormat),
    only_method<type>("type", "input, dtype=None, non_blocking=False"),
    only_method<type_as>("type_as", "input, other"),
    only_method<itself>("cpu", kFormat),
    only_method<itself>("cuda", kDevice),
    only_method<itself>("pin_memory", kDevice),
    only_method<itself>("share_memory_", kOne),
    only_method<itself>("requires_grad_", "input, requires_grad=True"),
    only_method<itself>("retain_grad", kOne),
    only_method<itself>("numpy", "input, *, force=False"),
    only_method<itself>("resolve_conj", kOne),
    only_method<itself>("coalesce", kOne),
    only_method<itself>("to_dense", kOne),
    both<detach>("detach", kOne),
    only_method<itself>("detach_", kOne),
    only_method<nothing>("backward", "input, gradient=None, retain_graph=None, create_graph=False, inputs=None"),
    only_method<nothing>("register_hook", "input, hook"),
    only_method<item>("item", kOne),
    only_method<to_list>("tolist", kOne),
    only_method<copy_in_place>("copy_", "input, src, non_blocking=False"),
    only_method<zero_in_place>("zero_", kOne),
    only_function<is_tensor>("is_tensor", "obj"),
    both<is_floating_point>("is_floating_point", kOne),
    both<always_false>("is_complex", kOne),
    only_method<device_number>("get_device", kOne),
    only_function<result_type_of>("result_type", "tensor1, tensor2"),
    only_function<promoted_types>("promote_types", "type1, type2"),
};

}  // namespace

std::span<const TensorFunction> conversion_table() { return kTable; }

}  // namespace lathe::torch
