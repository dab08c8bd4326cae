// Comparisons and logic: eq, lt, logical_and, isclose, equal ...
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

template <TensorCompare op>
Result<Value> compare(NativeCall& call) {
  return as_value(compare_operation(tracer_of(call.evaluator), op, call.arguments[0], call.arguments[1]));
}

Result<TensorId> as_truth(NativeCall& call, size_t position) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x,
            expect_tensor(call.evaluator, call.arguments[position], function_name(call), call.places[position]));
  return cast_operation(tracer, x, ElementType::Boolean);
}

template <TensorBinary op>
Result<Value> logical(NativeCall& call) {
  LATHE_TRY(const TensorId left, as_truth(call, 0));
  LATHE_TRY(const TensorId right, as_truth(call, 1));
  return as_value(binary_operation(tracer_of(call.evaluator), op, left, right));
}

Result<Value> logical_not(NativeCall& call) {
  LATHE_TRY(const TensorId x, as_truth(call, 0));
  return as_value(same_unary(tracer_of(call.evaluator), "logical_not", x));
}

Result<Value> bitwise_not(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  const bool truth = tracer.element(x) == ElementType::Boolean;
  return as_value(same_unary(tracer, truth ? "logical_not" : "bitwise_not", x));
}

/// |a - b| <= atol + rtol * |b|
Result<TensorId> close(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  const Value& a = call.arguments[0];
  const Value& b = call.argument("other");
  LATHE_TRY(const TensorId gap, binary_operation(tracer, TensorBinary::Subtract, a, b));
  LATHE_TRY(const TensorId distance, same_unary(tracer, "abs", gap));
  LATHE_TRY(const TensorId right, tensor_argument(call, "other"));
  LATHE_TRY(const TensorId size, same_unary(tracer, "abs", right));
  LATHE_TRY(const TensorId scaled, binary_operation(tracer, TensorBinary::Multiply, size, call.argument("rtol")));
  LATHE_TRY(const TensorId bound, binary_operation(tracer, TensorBinary::Add, scaled, call.argument("atol")));
  return compare_operation(tracer, TensorCompare::LessEqual, distance, bound);
}

Result<Value> is_close(NativeCall& call) { return as_value(close(call)); }

/// Whether all elements of a tensor of bools are true: a Python bool when they are known, else a fault.
Result<Value> all_true(NativeCall& call, TensorId flags) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId all, reduce_operation(tracer, "reduce_min", flags, {}, false));
  return tracer.element(call.evaluator, all);
}

Result<Value> all_close(NativeCall& call) {
  LATHE_TRY(const TensorId flags, close(call));
  return all_true(call, flags);
}

Result<Value> equal(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId left, self_tensor(call));
  LATHE_TRY(const TensorId right, tensor_argument(call, "other"));
  if (tracer.rank(left) != tracer.rank(right)) return Value(false);
  for (size_t axis = 0; axis < tracer.dims(left).size(); ++axis) {
    const Answer same = tracer.module().symbols.prove_eq(tracer.dims(left)[axis], tracer.dims(right)[axis]);
    if (same == Answer::No) return Value(false);
  }
  LATHE_TRY(const TensorId flags, compare_operation(tracer, TensorCompare::Equal, left, right));
  return all_true(call, flags);
}

constexpr std::string_view kTwo = "input, other, *, out=None";
constexpr std::string_view kClose = "input, other, rtol=1e-05, atol=1e-08, equal_nan=False";

constexpr TensorFunction kTable[] = {
    changing<compare<TensorCompare::Equal>>("eq", kTwo),
    changing<compare<TensorCompare::NotEqual>>("ne", kTwo),
    both<compare<TensorCompare::NotEqual>>("not_equal", kTwo),
    changing<compare<TensorCompare::Less>>("lt", kTwo),
    both<compare<TensorCompare::Less>>("less", kTwo),
    changing<compare<TensorCompare::LessEqual>>("le", kTwo),
    both<compare<TensorCompare::LessEqual>>("less_equal", kTwo),
    changing<compare<TensorCompare::Greater>>("gt", kTwo),
    both<compare<TensorCompare::Greater>>("greater", kTwo),
    changing<compare<TensorCompare::GreaterEqual>>("ge", kTwo),
    both<compare<TensorCompare::GreaterEqual>>("greater_equal", kTwo),
    changing<logical<TensorBinary::BitAnd>>("logical_and", kTwo),
    changing<logical<TensorBinary::BitOr>>("logical_or", kTwo),
    changing<logical<TensorBinary::BitXor>>("logical_xor", kTwo),
    changing<logical_not>("logical_not", "input, *, out=None"),
    changing<bitwise_not>("bitwise_not", "input, *, out=None"),
    both<is_close>("isclose", kClose),
    both<all_close>("allclose", kClose),
    both<equal>("equal", "input, other"),
};

}  // namespace

std::span<const TensorFunction> comparison_table() { return kTable; }

}  // namespace lathe::torch
