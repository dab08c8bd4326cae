// Making tensors: tensor, zeros, full, arange, linspace ...
#include <fmt/format.h>

#include <cmath>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

Result<ElementType> element_of(NativeCall& call, ElementType fallback) {
  LATHE_TRY(const auto given, dtype_argument(call));
  return given.value_or(fallback);
}

Result<Value> tensor(NativeCall& call) {
  LATHE_TRY(const auto element, dtype_argument(call));
  Tracer& tracer = tracer_of(call.evaluator);
  const Value& data = call.argument("data");
  if (const auto* given = std::get_if<TensorId>(&data)) {
    // torch.tensor copies, torch.as_tensor does not.
    if (call.row.name == "as_tensor" || call.row.name == "asarray") {
      return as_value(cast_operation(tracer, *given, element.value_or(tracer.element(*given))));
    }
    LATHE_TRY(const TensorId copy, clone_operation(tracer, *given));
    return as_value(cast_operation(tracer, copy, element.value_or(tracer.element(*given))));
  }
  return as_value(tracer.from_python(data, element, call.place("data")));
}

Result<Value> itself(NativeCall& call) { return call.arguments[0]; }

/// torch.FloatTensor and its kind: of a list, or of sizes.
template <ElementType element>
Result<Value> typed_tensor(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  const auto* given = call.evaluator.heap().as<TupleObject>(call.argument("data"));
  LATHE_CHECK(given != nullptr);
  if (given->items.size() == 1 && !std::holds_alternative<Dim>(given->items[0])) {
    const Value only = given->items[0];
    return as_value(tracer.from_python(only, element, call.where));
  }
  LATHE_TRY(const Shape sizes, sizes_argument(call, "data"));
  if (sizes.empty()) return as_value(full_operation(tracer, {Dim(0)}, integer(0), element));
  return as_value(full_operation(tracer, sizes, integer(0), element));
}

template <int number>
Result<Value> filled(NativeCall& call) {
  LATHE_TRY(const Shape sizes, sizes_argument(call, "sizes", "size"));
  LATHE_TRY(const ElementType element, element_of(call, ElementType::F32));
  return as_value(full_operation(tracer_of(call.evaluator), sizes, integer(number), element));
}

/// The dtype of torch.full follows the number.
ElementType natural_element(const Value& number) {
  if (std::holds_alternative<bool>(number)) return ElementType::Boolean;
  if (std::holds_alternative<Dim>(number)) return ElementType::I64;
  return ElementType::F32;
}

Result<Value> full(NativeCall& call) {
  LATHE_TRY(const std::vector<Dim> sizes, call.integers("size"));
  const Value& number = call.argument("fill_value");
  LATHE_TRY(const ElementType element, element_of(call, natural_element(number)));
  return as_value(full_operation(tracer_of(call.evaluator), sizes, number, element));
}

template <int number>
Result<Value> filled_like(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const ElementType element, element_of(call, tracer.element(x)));
  return as_value(full_operation(tracer, tracer.dims(x), integer(number), element));
}

Result<Value> full_like(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const ElementType element, element_of(call, tracer.element(x)));
  return as_value(full_operation(tracer, tracer.dims(x), call.argument("fill_value"), element));
}

template <int number>
Result<Value> new_filled(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const Shape sizes, sizes_argument(call, "sizes", "size"));
  LATHE_TRY(const ElementType element, element_of(call, tracer.element(x)));
  return as_value(full_operation(tracer, sizes, integer(number), element));
}

Result<Value> new_full(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const std::vector<Dim> sizes, call.integers("size"));
  LATHE_TRY(const ElementType element, element_of(call, tracer.element(x)));
  return as_value(full_operation(tracer, sizes, call.argument("fill_value"), element));
}

Result<Value> new_tensor(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const auto element, dtype_argument(call));
  return as_value(tracer.from_python(call.argument("data"), element.value_or(tracer.element(x)), call.where));
}

/// A Python number, or that of a known tensor.
Result<Value> number_of(NativeCall& call, const Value& value) {
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    return tracer_of(call.evaluator).element(call.evaluator, *tensor);
  }
  if (std::holds_alternative<Dim>(value) || std::holds_alternative<double>(value)) return value;
  if (const auto* truth = std::get_if<bool>(&value)) return integer(*truth ? 1 : 0);
  return call
      .error(DiagnosticKind::BadArgument, "TypeError", "{} takes numbers, not {}", function_name(call),
             call.evaluator.describe(value))
      .emit();
}

std::optional<double> as_double(const Value& number) {
  if (const auto* real = std::get_if<double>(&number)) return *real;
  const auto constant = std::get<Dim>(number).as_constant();
  if (!constant) return std::nullopt;
  return static_cast<double>(*constant);
}

Result<TensorId> integer_range(NativeCall& call, const Dim& start, const Dim& end, const Dim& step,
                               ElementType element) {
  Tracer& tracer = tracer_of(call.evaluator);
  const SymbolTable& symbols = tracer.module().symbols;
  const auto stride = step.as_constant();
  if (!stride) {
    call.evaluator.unsupported(call.where, "`arange` with a step that is only known when the model runs");
    return Failure{};
  }
  const bool fits =
      *stride > 0 ? symbols.prove_le(start, end) != Answer::No : symbols.prove_le(end, start) != Answer::No;
  if (*stride == 0 || !fits) {
    return call
        .error(DiagnosticKind::BadArgument, "RuntimeError", "`arange` from {} to {} in steps of {}",
               start.python_text(), end.python_text(), step.python_text())
        .emit();
  }
  const Dim gap = *stride > 0 ? end - start : start - end;
  const Dim size = symbols.simplify(ceildiv(gap, Dim(*stride > 0 ? *stride : -*stride)));
  LATHE_TRY(TensorId line, iota_operation(tracer, {size}, 0, ElementType::I64));
  if (*stride != 1) {
    LATHE_TRY(line, binary_operation(tracer, TensorBinary::Multiply, line, step));
  }
  if (!start.is_constant(0)) {
    LATHE_TRY(line, binary_operation(tracer, TensorBinary::Add, line, start));
  }
  return cast_operation(tracer, line, element);
}

/// Most elements that are written out as constants.
constexpr int64_t kMostNumbers = int64_t{1} << 20;

Result<TensorId> constant_line(NativeCall& call, std::vector<double> numbers, ElementType element) {
  Tracer& tracer = tracer_of(call.evaluator);
  const TensorType type{element, {Dim(static_cast<int64_t>(numbers.size()))}};
  ConstantData data;
  if (is_float(element)) {
    data = constant_from_doubles(type, numbers);
  } else {
    std::vector<int64_t> integers;
    for (const double number : numbers) integers.push_back(static_cast<int64_t>(number));
    data = constant_from_integers(type, integers);
  }
  LATHE_TRY(const ValueId value, tracer.builder().constant(std::move(data)));
  return tracer.add(value);
}

/// A count of elements within what is written out.
Result<int64_t> checked_count(NativeCall& call, double count) {
  if (!(count >= 0) || count > static_cast<double>(kMostNumbers)) {
    return call
        .error(DiagnosticKind::BadArgument, "RuntimeError", "{} would make {} elements; 0 to {} are possible",
               function_name(call), count, kMostNumbers)
        .emit();
  }
  const auto whole = static_cast<int64_t>(count);
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(whole), call.where));
  return whole;
}

Result<Value> arange(NativeCall& call) {
  LATHE_TRY(Value start, number_of(call, call.argument("start")));
  LATHE_TRY(const Value step, number_of(call, call.argument("step")));
  Value end = call.argument("end");
  if (torch::is_none(end)) {
    end = start;
    start = integer(0);
  } else {
    LATHE_TRY(end, number_of(call, end));
  }
  LATHE_TRY(const auto element, dtype_argument(call));
  const bool whole =
      std::holds_alternative<Dim>(start) && std::holds_alternative<Dim>(end) && std::holds_alternative<Dim>(step);
  if (whole) {
    return as_value(integer_range(call, std::get<Dim>(start), std::get<Dim>(end), std::get<Dim>(step),
                                  element.value_or(ElementType::I64)));
  }
  const auto first = as_double(start);
  const auto last = as_double(end);
  const auto stride = as_double(step);
  if (!first || !last || !stride) {
    return call.evaluator.unsupported(call.where, "`arange` of floats with a size that is only known when it runs");
  }
  LATHE_TRY(const int64_t count, checked_count(call, std::ceil((*last - *first) / *stride)));
  std::vector<double> numbers;
  for (int64_t i = 0; i < count; ++i) numbers.push_back(*first + static_cast<double>(i) * *stride);
  return as_value(constant_line(call, std::move(numbers), element.value_or(ElementType::F32)));
}

/// PyTorch counts from both ends (aten/src/ATen/native/cpu/RangeFactoriesKernel.cpp).
template <class Real>
std::vector<double> spaced(double first, double last, int64_t count) {
  std::vector<double> numbers;
  const auto start = static_cast<Real>(first);
  const auto end = static_cast<Real>(last);
  const Real step = count > 1 ? (end - start) / static_cast<Real>(count - 1) : Real(0);
  for (int64_t i = 0; i < count; ++i) {
    const Real value = i < count / 2 || count == 1 ? start + step * static_cast<Real>(i)
                                                   : end - step * static_cast<Real>(count - i - 1);
    numbers.push_back(static_cast<double>(value));
  }
  return numbers;
}

Result<Value> linspace(NativeCall& call) {
  LATHE_TRY(const Value start, number_of(call, call.argument("start")));
  LATHE_TRY(const Value end, number_of(call, call.argument("end")));
  LATHE_TRY(const Value steps, number_of(call, call.argument("steps")));
  LATHE_TRY(const ElementType element, element_of(call, ElementType::F32));
  const auto first = as_double(start);
  const auto last = as_double(end);
  const auto wanted = as_double(steps);
  if (!first || !last || !wanted) {
    return call.evaluator.unsupported(
        call.where, fmt::format("{} with numbers that are only known when the model runs", function_name(call)));
  }
  LATHE_TRY(const int64_t count, checked_count(call, *wanted));
  std::vector<double> numbers =
      element == ElementType::F64 ? spaced<double>(*first, *last, count) : spaced<float>(*first, *last, count);
  if (call.row.name == "logspace") {
    LATHE_TRY(const double base, call.number("base"));
    for (double& number : numbers) number = std::pow(base, number);
  }
  return as_value(constant_line(call, std::move(numbers), element));
}

constexpr std::string_view kFilled =
    "*sizes, size=None, out=None, names=None, dtype=None, layout=None, device=None, requires_grad=False, "
    "pin_memory=False, memory_format=None";
constexpr std::string_view kLike =
    "input, *, dtype=None, layout=None, device=None, requires_grad=False, memory_format=None";
constexpr std::string_view kNew =
    "input, *sizes, size=None, dtype=None, device=None, requires_grad=False, layout=None, pin_memory=False";
constexpr std::string_view kData = "data, dtype=None, device=None, requires_grad=False, pin_memory=False, copy=None";
constexpr std::string_view kRange =
    "start, end=None, step=1, *, out=None, dtype=None, layout=None, device=None, requires_grad=False";
constexpr std::string_view kSpace =
    "start, end, steps, *, out=None, dtype=None, layout=None, device=None, requires_grad=False";

constexpr TensorFunction kTable[] = {
    only_function<tensor>("tensor", kData),
    only_function<tensor>("as_tensor", kData),
    only_function<tensor>("asarray", kData),
    only_function<tensor>("from_numpy", kData),
    only_function<filled<0>>("zeros", kFilled),
    only_function<filled<0>>("empty", kFilled),
    only_function<filled<1>>("ones", kFilled),
    only_function<full>("full",
                        "size, fill_value, *, out=None, names=None, dtype=None, layout=None, device=None, "
                        "requires_grad=False"),
    only_function<filled_like<0>>("zeros_like", kLike),
    only_function<filled_like<0>>("empty_like", kLike),
    only_function<filled_like<1>>("ones_like", kLike),
    only_function<full_like>("full_like",
                             "input, fill_value, *, dtype=None, layout=None, device=None, "
                             "requires_grad=False, memory_format=None"),
    only_method<new_filled<0>>("new_zeros", kNew),
    only_method<new_filled<0>>("new_empty", kNew),
    only_method<new_filled<0>>("new", kNew),
    only_method<new_filled<1>>("new_ones", kNew),
    only_method<new_full>("new_full", "input, size, fill_value, *, dtype=None, device=None, requires_grad=False"),
    only_method<new_tensor>("new_tensor", "input, data, *, dtype=None, device=None, requires_grad=False"),
    only_function<arange>("arange", kRange),
    only_function<linspace>("linspace", kSpace),
    only_function<linspace>("logspace",
                            "start, end, steps, base=10.0, *, out=None, dtype=None, layout=None, "
                            "device=None, requires_grad=False"),
    only_function<typed_tensor<ElementType::F32>>("FloatTensor", "*data"),
    only_function<typed_tensor<ElementType::F64>>("DoubleTensor", "*data"),
    only_function<typed_tensor<ElementType::F16>>("HalfTensor", "*data"),
    only_function<typed_tensor<ElementType::I64>>("LongTensor", "*data"),
    only_function<typed_tensor<ElementType::I32>>("IntTensor", "*data"),
    only_function<typed_tensor<ElementType::U8>>("ByteTensor", "*data"),
    only_function<typed_tensor<ElementType::Boolean>>("BoolTensor", "*data"),
    only_method<typed_tensor<ElementType::F32>>("__new__", "cls, *data"),
    only_method<itself>("__deepcopy__", "input, memo=None"),
};

}  // namespace

std::span<const TensorFunction> creation_table() { return kTable; }

}  // namespace lathe::torch
