// Operators that work element by element: arithmetic, comparison, logic, functions of one number.
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

/// `value` with axes of size 1 behind its own, `rank` altogether.
Result<ValueId> with_trailing_axes(GraphBuilder& builder, ValueId value, size_t rank) {
  std::vector<size_t> axes;
  for (size_t axis = builder.dims(value).size(); axis < rank; ++axis) axes.push_back(axis);
  return builder.unsqueeze(value, std::move(axes));
}

/// The target row on the operands as they are.
Outputs import_simple(NodeContext& context) { return context.one(context.row().target, context.inputs()); }

/// Up to opset 6: with `broadcast` the second operand has some of the first one's axes, from `axis` on or the last
/// ones; without, both have one shape.
Outputs import_broadcasting(NodeContext& context) {
  const Shape& dims = context.dims(0);
  const Shape& right_dims = context.dims(1);
  ValueId right = context.input(1);
  if (!context.flag("broadcast", false)) {
    bool same = dims.size() == right_dims.size();
    for (size_t axis = 0; same && axis < dims.size(); ++axis) {
      same = context.symbols().prove_eq(dims[axis], right_dims[axis]) != Answer::No;
    }
    if (!same) {
      return context
          .error(DiagnosticKind::ShapeMismatch, "the operands of `{}` are `{}` and `{}`, without `broadcast`",
                 context.node().op_type, text(context.tensor(0)), text(context.tensor(1)))
          .emit();
    }
  } else if (context.has("axis") && !right_dims.empty()) {
    LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 0), context.rank(0)));
    if (axis + right_dims.size() > dims.size()) {
      return context
          .error(DiagnosticKind::RankMismatch, "{} of `{}` is `{}`, but `{}` has only {} axes from `axis` {} on",
                 context.input_text(1), context.node().op_type, text(context.tensor(1)), text(context.tensor(0)),
                 dims.size() - axis, axis)
          .emit();
    }
    LATHE_TRY(right, with_trailing_axes(context.builder(), right, dims.size() - axis));
  }
  return context.one(context.row().target, {context.input(0), right});
}

/// Up to opset 6 a slope is a number, or one for each channel, which is axis 1.
Outputs import_prelu_of_channels(NodeContext& context) {
  ValueId slope = context.input(1);
  const bool of_channels = context.rank(1) == 1 && context.rank(0) > 2;
  if (of_channels) {
    LATHE_TRY(slope, with_trailing_axes(context.builder(), slope, context.dims(0).size() - 1));
  }
  return context.one("prelu", {context.input(0), slope});
}

/// Min, Max, Sum: from left to right.
Outputs import_variadic(NodeContext& context) {
  ValueId result = context.input(0);
  for (size_t index = 1; index < context.input_count(); ++index) {
    LATHE_TRY(result, context.builder().one(context.row().target, {result, context.input(index)}));
  }
  return single(result);
}

Outputs import_mean(NodeContext& context) {
  LATHE_TRY(const std::vector<ValueId> sum, import_variadic(context));
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId count,
            builder.scalar(builder.tensor(sum[0]).element, static_cast<double>(context.input_count())));
  return context.one("div", {sum[0], count});
}

/// The exponent may be of another type than the base, whose type the result has.
Outputs import_pow(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  const ElementType base = context.element(0);
  const ElementType exponent = context.element(1);
  if (base == exponent) return context.one("pow", context.inputs());
  const ElementType computed = !is_float(base) && is_float(exponent) ? exponent : base;
  LATHE_TRY(const ValueId a, builder.cast(context.input(0), computed));
  LATHE_TRY(const ValueId b, builder.cast(context.input(1), computed));
  LATHE_TRY(const ValueId power, builder.one("pow", {a, b}));
  return single(builder.cast(power, base));
}

Outputs import_mod(NodeContext& context) {
  const bool fmod = context.flag("fmod", false);
  if (!fmod && is_float(context.element(0))) return context.bad_attribute("fmod", "must be 1 for floats");
  return context.one("mod", context.inputs(), {{"fmod", fmod}});
}

Outputs import_bit_shift(NodeContext& context) {
  const std::string_view direction = context.string("direction", "");
  if (direction != "LEFT" && direction != "RIGHT") {
    return context.bad_attribute("direction", "is `{}`, expected `LEFT` or `RIGHT`", direction);
  }
  return context.one(direction == "LEFT" ? "shift_left" : "shift_right", context.inputs());
}

Outputs import_is_inf(NodeContext& context) {
  return context.one(
      "is_inf", context.inputs(),
      {{"positive", context.flag("detect_positive", true)}, {"negative", context.flag("detect_negative", true)}});
}

Outputs import_cast_to(NodeContext& context, ElementType element) {
  if (context.element(0) == ElementType::String || element == ElementType::String) {
    return context.unsupported("casts between strings and numbers");
  }
  if (context.element(0) == element) return single(context.input(0));
  ValueId value = context.input(0);
  if (info(element).bits < 8 && is_float(context.element(0))) {
    // Out of range is undefined; like other implementations, keep the low bits of the integer.
    LATHE_TRY(value, context.builder().cast(value, ElementType::I32));
  }
  return context.one("cast", {value}, {{"to", element}, {"saturate", context.flag("saturate", true)}});
}

Outputs import_cast(NodeContext& context) {
  const int64_t to = context.integer("to", 0);
  const bool in_range = to > 0 && to <= static_cast<int64_t>(DataType::Int2);
  if (!in_range) return context.bad_attribute("to", "is {}, which is no element type", to);
  const std::optional<ElementType> element = element_type(static_cast<int32_t>(to));
  if (!element) return context.unsupported("the element type {}", data_type_name(static_cast<int32_t>(to)));
  return import_cast_to(context, *element);
}

/// Up to opset 5 the type is a name.
Outputs import_cast_by_name(NodeContext& context) {
  const std::string_view name = context.string("to", "");
  const std::optional<int32_t> type = data_type(name);
  if (!type) return context.bad_attribute("to", "is `{}`, which is no element type", name);
  const std::optional<ElementType> element = element_type(*type);
  if (!element) return context.unsupported("the element type {}", name);
  return import_cast_to(context, *element);
}

Outputs import_cast_like(NodeContext& context) { return import_cast_to(context, context.element(1)); }

Outputs import_identity(NodeContext& context) { return single(context.input(0)); }

constexpr OperatorRow::Strings kStrings = OperatorRow::Strings::Allowed;

constexpr OperatorRow kUnary[] = {
    {.name = "Abs", .handler = import_simple, .target = "abs"},
    {.name = "Acos", .since = 7, .handler = import_simple, .target = "acos"},
    {.name = "Acosh", .since = 9, .handler = import_simple, .target = "acosh"},
    {.name = "Asin", .since = 7, .handler = import_simple, .target = "asin"},
    {.name = "Asinh", .since = 9, .handler = import_simple, .target = "asinh"},
    {.name = "Atan", .since = 7, .handler = import_simple, .target = "atan"},
    {.name = "Atanh", .since = 9, .handler = import_simple, .target = "atanh"},
    {.name = "BitwiseNot", .since = 18, .handler = import_simple, .target = "bitwise_not"},
    {.name = "Ceil", .handler = import_simple, .target = "ceil"},
    {.name = "Cos", .since = 7, .handler = import_simple, .target = "cos"},
    {.name = "Cosh", .since = 9, .handler = import_simple, .target = "cosh"},
    {.name = "Erf", .since = 9, .handler = import_simple, .target = "erf"},
    {.name = "Exp", .handler = import_simple, .target = "exp"},
    {.name = "Floor", .handler = import_simple, .target = "floor"},
    {.name = "IsInf", .since = 10, .handler = import_is_inf, .attributes = "detect_negative:i detect_positive:i"},
    {.name = "IsNaN", .since = 9, .handler = import_simple, .target = "is_nan"},
    {.name = "Log", .handler = import_simple, .target = "log"},
    {.name = "Neg", .handler = import_simple, .target = "neg"},
    {.name = "Not", .handler = import_simple, .target = "logical_not"},
    {.name = "Reciprocal", .handler = import_simple, .target = "reciprocal"},
    {.name = "Round", .since = 11, .handler = import_simple, .target = "round"},
    {.name = "Sign", .since = 9, .handler = import_simple, .target = "sign"},
    {.name = "Sin", .since = 7, .handler = import_simple, .target = "sin"},
    {.name = "Sinh", .since = 9, .handler = import_simple, .target = "sinh"},
    {.name = "Sqrt", .handler = import_simple, .target = "sqrt"},
    {.name = "Tan", .since = 7, .handler = import_simple, .target = "tan"},
    {.name = "Tanh", .handler = import_simple, .target = "tanh"},
};

constexpr OperatorRow kBinary[] = {
    {.name = "Add", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "add"},
    {.name = "And", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "logical_and"},
    {.name = "BitShift",
     .since = 11,
     .handler = import_bit_shift,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "direction:s"},
    {.name = "BitwiseAnd",
     .since = 18,
     .handler = import_simple,
     .min_inputs = 2,
     .max_inputs = 2,
     .target = "bitwise_and"},
    {.name = "BitwiseOr",
     .since = 18,
     .handler = import_simple,
     .min_inputs = 2,
     .max_inputs = 2,
     .target = "bitwise_or"},
    {.name = "BitwiseXor",
     .since = 18,
     .handler = import_simple,
     .min_inputs = 2,
     .max_inputs = 2,
     .target = "bitwise_xor"},
    {.name = "Div", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "div"},
    {.name = "Equal", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "equal"},
    {.name = "Greater", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "greater"},
    {.name = "GreaterOrEqual",
     .since = 12,
     .handler = import_simple,
     .min_inputs = 2,
     .max_inputs = 2,
     .target = "greater_equal"},
    {.name = "Less", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "less"},
    {.name = "LessOrEqual",
     .since = 12,
     .handler = import_simple,
     .min_inputs = 2,
     .max_inputs = 2,
     .target = "less_equal"},
    {.name = "Max", .handler = import_variadic, .max_inputs = kVariadic, .target = "maximum"},
    {.name = "Mean", .handler = import_mean, .max_inputs = kVariadic, .target = "add"},
    {.name = "Min", .handler = import_variadic, .max_inputs = kVariadic, .target = "minimum"},
    {.name = "Mod", .since = 10, .handler = import_mod, .min_inputs = 2, .max_inputs = 2, .attributes = "fmod:i"},
    {.name = "Mul", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "mul"},
    {.name = "Or", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "logical_or"},
    {.name = "Pow", .since = 7, .handler = import_pow, .min_inputs = 2, .max_inputs = 2},
    {.name = "PRelu", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "prelu"},
    {.name = "Sub", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "sub"},
    {.name = "Sum", .handler = import_variadic, .max_inputs = kVariadic, .target = "add"},
    {.name = "Where", .since = 9, .handler = import_simple, .min_inputs = 3, .max_inputs = 3, .target = "where"},
    {.name = "Xor", .since = 7, .handler = import_simple, .min_inputs = 2, .max_inputs = 2, .target = "logical_xor"},
};

/// A row of the operators with `broadcast`.
constexpr OperatorRow broadcasting(std::string_view name, std::string_view target) {
  return {.name = name,
          .until = 6,
          .handler = import_broadcasting,
          .min_inputs = 2,
          .max_inputs = 2,
          .attributes = "axis:i broadcast:i",
          .target = target};
}

constexpr OperatorRow kOldBinary[] = {
    broadcasting("Add", "add"),
    broadcasting("And", "logical_and"),
    broadcasting("Div", "div"),
    broadcasting("Equal", "equal"),
    broadcasting("Greater", "greater"),
    broadcasting("Less", "less"),
    broadcasting("Mul", "mul"),
    broadcasting("Or", "logical_or"),
    broadcasting("Pow", "pow"),
    {.name = "PRelu", .until = 6, .handler = import_prelu_of_channels, .min_inputs = 2, .max_inputs = 2},
    broadcasting("Sub", "sub"),
    broadcasting("Xor", "logical_xor"),
};

constexpr OperatorRow kConversion[] = {
    {.name = "Cast", .until = 5, .handler = import_cast_by_name, .attributes = "to:s", .strings = kStrings},
    {.name = "Cast",
     .since = 6,
     .handler = import_cast,
     .attributes = "to:i saturate:i round_mode:s",
     .strings = kStrings},
    {.name = "CastLike",
     .since = 15,
     .handler = import_cast_like,
     .min_inputs = 2,
     .max_inputs = 2,
     .attributes = "saturate:i round_mode:s",
     .strings = kStrings},
    {.name = "Identity", .handler = import_identity, .strings = kStrings},
};

}  // namespace

std::span<const OperatorRow> unary_operators() { return kUnary; }
std::span<const OperatorRow> binary_operators() { return kBinary; }
std::span<const OperatorRow> old_binary_operators() { return kOldBinary; }
std::span<const OperatorRow> conversion_operators() { return kConversion; }

}  // namespace lathe::onnx
