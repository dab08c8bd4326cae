// Functions of the elements of one tensor, and choices between tensors: exp, clamp, relu, where, masked_fill ...
#include <fmt/format.h>

#include <cmath>
#include <limits>

#include "compiler/frontend/torch/tensor/table.h"

namespace lathe::torch {
namespace {

/// Rows that the graph has under the same name.
Result<Value> by_name(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  std::string_view row = call.row.name;
  if (row.ends_with("_")) row.remove_suffix(1);
  return as_value(float_unary(tracer_of(call.evaluator), row, x));
}

/// Rounding leaves integers as they are.
Result<Value> rounding(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  if (!is_float(tracer.element(x))) return as_value(clone_operation(tracer, x));
  return by_name(call);
}

Result<Value> round_to(NativeCall& call) {
  LATHE_TRY(const int64_t decimals, call.known_integer("decimals"));
  if (decimals == 0) return rounding(call);
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  const double scale = std::pow(10.0, static_cast<double>(decimals));
  LATHE_TRY(const TensorId large, binary_operation(tracer, TensorBinary::Multiply, x, scale));
  LATHE_TRY(const TensorId whole, float_unary(tracer, "round", large));
  return as_value(binary_operation(tracer, TensorBinary::Divide, whole, scale));
}

template <const char* row>
Result<Value> renamed(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(float_unary(tracer_of(call.evaluator), row, x));
}

template <const char* row>
Result<Value> keeping_type(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(same_unary(tracer_of(call.evaluator), row, x));
}

/// log(x) times a factor.
template <int base>
Result<Value> log_of_base(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId log, float_unary(tracer, "log", x));
  return as_value(binary_operation(tracer, TensorBinary::Multiply, log, 1.0 / std::log(static_cast<double>(base))));
}

Result<Value> exp2(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(binary_operation(tracer_of(call.evaluator), TensorBinary::Power, 2.0, x));
}

Result<Value> frac(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId whole, float_unary(tracer, "trunc", x));
  return as_value(binary_operation(tracer, TensorBinary::Subtract, x, whole));
}

Result<Value> erfc(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId error, float_unary(tracer, "erf", x));
  return as_value(binary_operation(tracer, TensorBinary::Subtract, 1.0, error));
}

/// log(x / (1 - x)), x kept in [eps, 1 - eps] when eps is given.
Result<Value> logit(NativeCall& call) {
  LATHE_TRY(TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  if (!call.is_none("eps")) {
    LATHE_TRY(const double eps, call.number("eps"));
    LATHE_TRY(x, clamp_operation(tracer, x, eps, 1 - eps));
  }
  LATHE_TRY(const TensorId rest, binary_operation(tracer, TensorBinary::Subtract, 1.0, x));
  LATHE_TRY(const TensorId odds, binary_operation(tracer, TensorBinary::Divide, x, rest));
  return as_value(float_unary(tracer, "log", odds));
}

Result<Value> clamp(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(clamp_operation(tracer_of(call.evaluator), x, call.argument("min"), call.argument("max")));
}
Result<Value> clamp_low(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(clamp_operation(tracer_of(call.evaluator), x, call.argument("min"), NoneValue{}));
}
Result<Value> clamp_high(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  return as_value(clamp_operation(tracer_of(call.evaluator), x, NoneValue{}, call.argument("max")));
}

Result<Value> sign(NativeCall& call) {
  LATHE_TRY(const TensorId x, self_tensor(call));
  Tracer& tracer = tracer_of(call.evaluator);
  if (tracer.element(x) == ElementType::Boolean) return as_value(clone_operation(tracer, x));
  return as_value(same_unary(tracer, "sign", x));
}

Result<Value> where(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  if (call.is_none("input") && call.is_none("other")) {
    return call.evaluator.unsupported(call.where,
                                      "`torch.where` of a condition alone: the size of the result depends on data");
  }
  LATHE_TRY(const TensorId test,
            expect_tensor(call.evaluator, call.arguments[0], "the condition of `where`", call.places[0]));
  return as_value(where_operation(tracer, test, call.argument("input"), call.argument("other")));
}

Result<Value> where_method(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId test, tensor_argument(call, "condition"));
  return as_value(where_operation(tracer, test, call.arguments[0], call.argument("other")));
}

Result<Value> masked_fill(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  LATHE_TRY(const TensorId mask, tensor_argument(call, "mask"));
  LATHE_TRY([[maybe_unused]] const Shape common, broadcast_shapes(tracer, tracer.dims(x), tracer.dims(mask), "mask"));
  const Value& number = call.argument("value");
  LATHE_TRY(const ValueId test, tracer.operand_as(mask, ElementType::Boolean, call.where));
  LATHE_TRY(const ValueId fill, tracer.operand_as(number, tracer.element(x), call.where));
  LATHE_TRY(const ValueId old, tracer.value(x));
  LATHE_TRY(const ValueId result, tracer.builder().one("where", {test, fill, old}));
  return Value(tracer.add(result));
}

Result<Value> fill(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  const Value& number = call.argument("value");
  if (const auto* tensor = std::get_if<TensorId>(&number)) {
    LATHE_TRY(const TensorId wide, expand_operation(tracer, *tensor, tracer.dims(x)));
    return as_value(cast_operation(tracer, wide, tracer.element(x)));
  }
  return as_value(full_operation(tracer, tracer.dims(x), number, tracer.element(x)));
}

Result<Value> nan_to_num(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(TensorId x, self_tensor(call));
  if (!is_float(tracer.element(x))) return Value(x);
  const double largest = static_cast<double>(std::numeric_limits<float>::max());
  const auto choose = [&](std::string_view parameter, double fallback) {
    return call.is_none(parameter) ? Value(fallback) : call.argument(parameter);
  };
  const Value nan = choose("nan", 0.0);
  const Value high = choose("posinf", largest);
  const Value low = choose("neginf", -largest);
  LATHE_TRY(const ValueId value, tracer.value(x));
  LATHE_TRY(const ValueId is_nan, tracer.builder().one("is_nan", {value}));
  LATHE_TRY(const ValueId above, tracer.builder().one("is_inf", {value}, {{"negative", false}}));
  LATHE_TRY(const ValueId below, tracer.builder().one("is_inf", {value}, {{"positive", false}}));
  LATHE_TRY(x, where_operation(tracer, tracer.add(is_nan), nan, x));
  LATHE_TRY(x, where_operation(tracer, tracer.add(above), high, x));
  return as_value(where_operation(tracer, tracer.add(below), low, x));
}

template <const char* row>
Result<Value> predicate(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  if (!is_float(tracer.element(x)))
    return as_value(full_operation(tracer, tracer.dims(x), false, ElementType::Boolean));
  return as_value(same_unary(tracer, row, x));
}

Result<Value> is_finite(NativeCall& call) {
  Tracer& tracer = tracer_of(call.evaluator);
  LATHE_TRY(const TensorId x, self_tensor(call));
  if (!is_float(tracer.element(x))) return as_value(full_operation(tracer, tracer.dims(x), true, ElementType::Boolean));
  LATHE_TRY(const TensorId nan, same_unary(tracer, "is_nan", x));
  LATHE_TRY(const TensorId infinite, same_unary(tracer, "is_inf", x));
  LATHE_TRY(const TensorId either, binary_operation(tracer, TensorBinary::BitOr, nan, infinite));
  return as_value(same_unary(tracer, "logical_not", either));
}

constexpr char kNeg[] = "neg";
constexpr char kAbs[] = "abs";
constexpr char kRelu[] = "relu";
constexpr char kAsin[] = "asin";
constexpr char kAcos[] = "acos";
constexpr char kAtan[] = "atan";
constexpr char kTrunc[] = "trunc";
constexpr char kIsNan[] = "is_nan";
constexpr char kIsInf[] = "is_inf";
constexpr char kSigmoid[] = "sigmoid";
constexpr std::string_view kOne = "input, *, out=None";

constexpr TensorFunction kTable[] = {
    changing<by_name>("exp", kOne),
    changing<by_name>("expm1", kOne),
    changing<by_name>("log", kOne),
    changing<by_name>("log1p", kOne),
    changing<by_name>("sqrt", kOne),
    changing<by_name>("rsqrt", kOne),
    changing<by_name>("reciprocal", kOne),
    changing<by_name>("sin", kOne),
    changing<by_name>("cos", kOne),
    changing<by_name>("tan", kOne),
    changing<by_name>("sinh", kOne),
    changing<by_name>("cosh", kOne),
    changing<by_name>("tanh", kOne),
    changing<by_name>("asin", kOne),
    changing<by_name>("acos", kOne),
    changing<by_name>("atan", kOne),
    both<by_name>("asinh", kOne),
    both<by_name>("acosh", kOne),
    both<by_name>("atanh", kOne),
    changing<by_name>("erf", kOne),
    changing<by_name>("sigmoid", kOne),
    only_function<renamed<kAsin>>("arcsin", kOne),
    only_function<renamed<kAcos>>("arccos", kOne),
    only_function<renamed<kAtan>>("arctan", kOne),
    only_function<renamed<kSigmoid>>("special_expit", kOne),
    changing<log_of_base<2>>("log2", kOne),
    changing<log_of_base<10>>("log10", kOne),
    changing<exp2>("exp2", kOne),
    changing<erfc>("erfc", kOne),
    changing<frac>("frac", kOne),
    changing<logit>("logit", "input, eps=None, *, out=None"),
    changing<rounding>("floor", kOne),
    changing<rounding>("ceil", kOne),
    changing<rounding>("trunc", kOne),
    both<renamed<kTrunc>>("fix", kOne),
    changing<round_to>("round", "input, *, decimals=0, out=None"),
    changing<keeping_type<kNeg>>("neg", kOne),
    changing<keeping_type<kNeg>>("negative", kOne),
    changing<keeping_type<kAbs>>("abs", kOne),
    changing<keeping_type<kAbs>>("absolute", kOne),
    changing<keeping_type<kRelu>>("relu", "input"),
    changing<sign>("sign", kOne),
    both<sign>("sgn", kOne),
    changing<clamp>("clamp", "input, min=None, max=None, *, out=None"),
    changing<clamp>("clip", "input, min=None, max=None, *, out=None"),
    changing<clamp_low>("clamp_min", "input, min, *, out=None"),
    changing<clamp_high>("clamp_max", "input, max, *, out=None"),
    only_function<where>("where", "condition, input=None, other=None, *, out=None"),
    only_method<where_method>("where", "input, condition, other"),
    changing<masked_fill>("masked_fill", "input, mask, value"),
    changing<fill>("fill", "input, value"),
    changing<nan_to_num>("nan_to_num", "input, nan=0.0, posinf=None, neginf=None, *, out=None"),
    both<predicate<kIsNan>>("isnan", "input"),
    both<predicate<kIsInf>>("isinf", "input"),
    both<is_finite>("isfinite", "input"),
};

}  // namespace

std::span<const TensorFunction> pointwise_table() { return kTable; }

}  // namespace lathe::torch
