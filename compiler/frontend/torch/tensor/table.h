// How torch.* functions and tensor methods are written: one C++ function, one row, offered under `torch.`, as a method
// of torch.Tensor, and, with a trailing underscore, in place.
//
// Rows are collected by library.cpp. Every function goes through `guarded`, so that an Unknown argument gives Unknown
// without a word. The first parameter is the tensor that a method is called on.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/frontend/torch/python/native.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {

enum class TensorScope : uint8_t { Function, Method, Both };

struct TensorFunction {
  std::string_view name;
  std::string_view parameters;
  NativeFunction function;
  TensorScope scope = TensorScope::Both;
  NativeFunction in_place = nullptr;  ///< set when there is a `name_` too
};

/// True when an argument, or an item of a list that is an argument, is Unknown.
[[nodiscard]] bool has_unknown_argument(const NativeCall& call);
/// Puts a result into the tensor given as `out`, if there is one.
Result<Value> store_out(NativeCall& call, Value result);
/// Stores the result of `name_` in the first argument, with its element type.
Result<Value> store_in_place(NativeCall& call, const Value& result);

template <NativeFunction function>
Result<Value> guarded(NativeCall& call) {
  if (has_unknown_argument(call)) return Value(UnknownValue{});
  LATHE_TRY(Value result, function(call));
  return store_out(call, std::move(result));
}

template <NativeFunction function>
Result<Value> in_place(NativeCall& call) {
  if (has_unknown_argument(call)) return Value(UnknownValue{});
  LATHE_TRY(const Value result, function(call));
  return store_in_place(call, result);
}

template <NativeFunction function>
constexpr TensorFunction both(std::string_view name, std::string_view parameters) {
  return {name, parameters, guarded<function>};
}
/// With a twin `name_`.
template <NativeFunction function>
constexpr TensorFunction changing(std::string_view name, std::string_view parameters) {
  return {name, parameters, guarded<function>, TensorScope::Both, in_place<function>};
}
template <NativeFunction function>
constexpr TensorFunction only_function(std::string_view name, std::string_view parameters) {
  return {name, parameters, guarded<function>, TensorScope::Function};
}
template <NativeFunction function>
constexpr TensorFunction only_method(std::string_view name, std::string_view parameters) {
  return {name, parameters, guarded<function>, TensorScope::Method};
}

// ------------------------------------------------------------------------------------------------------- arguments

[[nodiscard]] bool has_parameter(const NativeCall& call, std::string_view parameter);
/// "torch.cat", "Tensor.view": for messages.
[[nodiscard]] std::string function_name(const NativeCall& call);
/// The tensor of the first parameter.
Result<TensorId> self_tensor(NativeCall& call);
Result<TensorId> tensor_argument(NativeCall& call, std::string_view parameter);
Result<std::vector<TensorId>> tensor_list(NativeCall& call, std::string_view parameter);
/// An integer: a Python one or a known 0-d tensor.
Result<Dim> integer_of(NativeCall& call, const Value& value, std::string_view what);
/// Sizes given as `f(2, 3)`, `f((2, 3))` or, where there is such a parameter, `f(size=(2, 3))`.
Result<Shape> sizes_argument(NativeCall& call, std::string_view star, std::string_view keyword = {});
/// Axes given as `f(0, 1)` or `f((0, 1))`.
Result<std::vector<int64_t>> star_axes(NativeCall& call, std::string_view star);
/// One axis; `axis` counts as `dim`.
Result<int64_t> axis_argument(NativeCall& call, std::string_view parameter = "dim");
/// None, one axis or several; nothing for None.
Result<std::optional<std::vector<int64_t>>> axes_argument(NativeCall& call, std::string_view parameter = "dim");
/// The element type of a `dtype` argument; nothing for None.
Result<std::optional<ElementType>> dtype_argument(NativeCall& call, std::string_view parameter = "dtype");
/// An axis given as `dim`, or None.
[[nodiscard]] const Value& dim_value(NativeCall& call, std::string_view parameter = "dim");
/// A list of tensors as a Python tuple.
Value tensor_tuple(Evaluator& evaluator, std::span<const TensorId> tensors);
/// The pair that max(dim) and its kind give, with fields `values` and `indices`.
Value values_and_indices(Evaluator& evaluator, TensorId values, TensorId indices);
/// The result of a C++ operation as a Python value.
inline Result<Value> as_value(Result<TensorId> tensor) {
  if (!tensor) return Failure{};
  return Value(*tensor);
}

// ---------------------------------------------------------------------------------------------------------- tables

std::span<const TensorFunction> arithmetic_table();
std::span<const TensorFunction> pointwise_table();
std::span<const TensorFunction> comparison_table();
std::span<const TensorFunction> reduction_table();
std::span<const TensorFunction> selection_table();
std::span<const TensorFunction> shape_table();
std::span<const TensorFunction> joining_table();
std::span<const TensorFunction> index_table();
std::span<const TensorFunction> triangle_table();
std::span<const TensorFunction> creation_table();
std::span<const TensorFunction> random_table();
std::span<const TensorFunction> conversion_table();
std::span<const TensorFunction> linear_algebra_table();
std::span<const TensorFunction> refused_table();
/// torch.linalg
std::span<const NativeFunctionRow> norm_functions();
std::span<const NativeModuleRow> context_modules();

}  // namespace lathe::torch
