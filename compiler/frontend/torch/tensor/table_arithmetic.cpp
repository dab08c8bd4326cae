// Arithmetic of two and three tensors: add, div, pow, addcmul, lerp ...
#include <fmt/format.h>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// The first two parameters of a call of two operands.
struct Operands {
  Tracer& tracer;
  Value left;
  Value right;
};

Operands operands_of(NativeCall& call) { return {tracer_of(call.evaluator), call.arguments[0], call.arguments[1]}; }

template <TensorBinary op>
Result<Value> apply(NativeCall& call) {
  const Operands with = operands_of(call);
  return as_value(binary_operation(with.tracer, op, with.left, with.right));
}

template <TensorBinary op>
Result<Value> apply_reversed(NativeCall& call) {
  const Operands with = operands_of(call);
  return as_value(binary_operation(with.tracer, op, with.right, with.left));
}

bool is_one(const Value& value) {
  if (const auto* integer = std::get_if<Dim>(&value)) return integer->is_constant(1);
  const auto* real = std::get_if<double>(&value);
  return real != nullptr && *real == 1.0;
}

/// left op alpha * right
template <TensorBinary op>
Result<Value> apply_scaled(NativeCall& call) {
  Operands with = operands_of(call);
  const Value& alpha = call.argument("alpha");
  if (!is_one(alpha)) {
    if (!std::holds_alternative<TensorId>(with.right)) {
      LATHE_TRY(with.right, call.evaluator.binary(BinaryOp::Multiply, with.right, alpha, call.where));
    } else {
      LATHE_TRY(with.right, as_value(binary_operation(with.tracer, TensorBinary::Multiply, with.right, alpha)));
    }
  }
  return as_value(binary_operation(with.tracer, op, with.left, with.right));
}

Result<Value> rsub(NativeCall& call) {
  Operands with = operands_of(call);
  const Value& alpha = call.argument("alpha");
  if (!is_one(alpha)) {
    LATHE_TRY(with.left, as_value(binary_operation(with.tracer, TensorBinary::Multiply, with.left, alpha)));
  }
  return as_value(binary_operation(with.tracer, TensorBinary::Subtract, with.right, with.left));
}

Result<Value> divide(NativeCall& call) {
  const Operands with = operands_of(call);
  TensorBinary op = TensorBinary::Divide;
  if (!call.is_none("rounding_mode")) {
    LATHE_TRY(const std::string mode, call.string("rounding_mode"));
    if (mode != "floor" && mode != "trunc") {
      return call
          .error(DiagnosticKind::BadArgument, "RuntimeError",
                 "`rounding_mode` of `div` is None, 'trunc' or 'floor', not '{}'", mode)
          .emit();
    }
    op = mode == "floor" ? TensorBinary::FloorDivide : TensorBinary::TruncDivide;
  }
  return as_value(binary_operation(with.tracer, op, with.left, with.right));
}

/// input + value * tensor1 op tensor2
template <TensorBinary op>
Result<Value> add_combined(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId product, binary_operation(tracer, op, call.argument("tensor1"), call.argument("tensor2")));
  if (!is_one(call.argument("value"))) {
    LATHE_TRY(product, binary_operation(tracer, TensorBinary::Multiply, product, call.argument("value")));
  }
  return as_value(binary_operation(tracer, TensorBinary::Add, call.arguments[0], product));
}

/// start + weight * (end - start)
Result<Value> lerp(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  const Value start = call.arguments[0];
  LATHE_TRY(const TensorId span, binary_operation(tracer, TensorBinary::Subtract, call.argument("end"), start));
  LATHE_TRY(const TensorId part, binary_operation(tracer, TensorBinary::Multiply, span, call.argument("weight")));
  return as_value(binary_operation(tracer, TensorBinary::Add, start, part));
}

Result<Value> square(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(binary_operation(tracer_of(call.evaluator), TensorBinary::Multiply, x, x));
}

/// log(exp(a) + exp(b)) = max + log1p(exp(min - max))
Result<Value> log_add_exp(NativeCall& call) {
  const Operands with = operands_of(call);
  Tracer& tracer = with.tracer;
  LATHE_TRY(const TensorId high, binary_operation(tracer, TensorBinary::Maximum, with.left, with.right));
  LATHE_TRY(const TensorId low, binary_operation(tracer, TensorBinary::Minimum, with.left, with.right));
  LATHE_TRY(const TensorId gap, binary_operation(tracer, TensorBinary::Subtract, low, high));
  LATHE_TRY(const TensorId power, float_unary(tracer, "exp", gap));
  LATHE_TRY(const TensorId log, float_unary(tracer, "log1p", power));
  return as_value(binary_operation(tracer, TensorBinary::Add, high, log));
}

/// The angle of (x, y), by quadrants.
Result<Value> atan2(NativeCall& call) {
  const Operands with = operands_of(call);
  Tracer& tracer = with.tracer;
  constexpr double kPi = 3.14159265358979323846;
  LATHE_TRY(const TensorId ratio, binary_operation(tracer, TensorBinary::Divide, with.left, with.right));
  LATHE_TRY(const TensorId angle, float_unary(tracer, "atan", ratio));
  LATHE_TRY(const TensorId left_half, compare_operation(tracer, TensorCompare::Less, with.right, 0.0));
  LATHE_TRY(const TensorId below, compare_operation(tracer, TensorCompare::Less, with.left, 0.0));
  LATHE_TRY(const TensorId down, binary_operation(tracer, TensorBinary::Subtract, angle, kPi));
  LATHE_TRY(const TensorId up, binary_operation(tracer, TensorBinary::Add, angle, kPi));
  LATHE_TRY(const TensorId turned, where_operation(tracer, below, down, up));
  LATHE_TRY(const TensorId result, where_operation(tracer, left_half, turned, angle));
  LATHE_TRY(const TensorId no_x, compare_operation(tracer, TensorCompare::Equal, with.right, 0.0));
  LATHE_TRY(const TensorId no_y, compare_operation(tracer, TensorCompare::Equal, with.left, 0.0));
  LATHE_TRY(const TensorId origin, binary_operation(tracer, TensorBinary::BitAnd, no_x, no_y));
  return as_value(where_operation(tracer, origin, 0.0, result));
}

constexpr std::string_view kTwo = "input, other, *, out=None";
constexpr std::string_view kScaled = "input, other, *, alpha=1, out=None";
constexpr std::string_view kDivide = "input, other, *, rounding_mode=None, out=None";
constexpr std::string_view kPower = "input, exponent, *, out=None";
constexpr std::string_view kCombined = "input, tensor1, tensor2, *, value=1, out=None";

constexpr TensorFunction kTable[] = {
    changing<apply_scaled<TensorBinary::Add>>("add", kScaled),
    changing<apply_scaled<TensorBinary::Subtract>>("sub", kScaled),
    changing<apply_scaled<TensorBinary::Subtract>>("subtract", kScaled),
    both<rsub>("rsub", kScaled),
    changing<apply<TensorBinary::Multiply>>("mul", kTwo),
    changing<apply<TensorBinary::Multiply>>("multiply", kTwo),
    changing<divide>("div", kDivide),
    changing<divide>("divide", kDivide),
    changing<apply<TensorBinary::Divide>>("true_divide", kTwo),
    changing<apply<TensorBinary::FloorDivide>>("floor_divide", kTwo),
    changing<apply<TensorBinary::Remainder>>("remainder", kTwo),
    changing<apply<TensorBinary::Fmod>>("fmod", kTwo),
    changing<apply<TensorBinary::Power>>("pow", kPower),
    both<apply<TensorBinary::Power>>("float_power", kPower),
    both<apply<TensorBinary::Minimum>>("minimum", kTwo),
    both<apply<TensorBinary::Maximum>>("maximum", kTwo),
    both<apply<TensorBinary::Minimum>>("fmin", kTwo),
    both<apply<TensorBinary::Maximum>>("fmax", kTwo),
    changing<apply<TensorBinary::BitAnd>>("bitwise_and", kTwo),
    changing<apply<TensorBinary::BitOr>>("bitwise_or", kTwo),
    changing<apply<TensorBinary::BitXor>>("bitwise_xor", kTwo),
    changing<apply<TensorBinary::ShiftLeft>>("bitwise_left_shift", kTwo),
    changing<apply<TensorBinary::ShiftRight>>("bitwise_right_shift", kTwo),
    changing<add_combined<TensorBinary::Multiply>>("addcmul", kCombined),
    changing<add_combined<TensorBinary::Divide>>("addcdiv", kCombined),
    changing<lerp>("lerp", "input, end, weight, *, out=None"),
    changing<square>("square", "input, *, out=None"),
    both<log_add_exp>("logaddexp", kTwo),
    changing<atan2>("atan2", kTwo),
    both<atan2>("arctan2", kTwo),
    only_method<apply_reversed<TensorBinary::Add>>("__radd__", "input, other"),
    only_method<apply<TensorBinary::Add>>("__add__", "input, other"),
    only_method<apply<TensorBinary::Multiply>>("__mul__", "input, other"),
    only_method<apply_reversed<TensorBinary::Power>>("__rpow__", "input, other"),
};

}  // namespace

std::span<const TensorFunction> arithmetic_table() { return kTable; }

}  // namespace lathe::torch
