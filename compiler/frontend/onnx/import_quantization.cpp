// Quantisation: numbers as small integers with a scale and a zero point.
//
// Everything is written out with plain rows: integers are widened to i32 for sums, to f32 for scaling.
#include <optional>

#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/quantization.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

/// The numbers of an integer type.
struct IntegerRange {
  double lowest = 0;
  double highest = 0;
};

IntegerRange range_of(ElementType element) {
  const int bits = static_cast<int>(info(element).bits);
  if (is_unsigned(element)) return {0.0, static_cast<double>((uint64_t{1} << static_cast<unsigned>(bits)) - 1)};
  const auto half = static_cast<double>(uint64_t{1} << static_cast<unsigned>(bits - 1));
  return {-half, half - 1};
}

/// A scale or zero point: a scalar, one element for each position on an axis, or one for each block of positions;
/// shaped to broadcast with operand 0.
Result<ValueId> aligned(NodeContext& context, size_t index) {
  GraphBuilder& builder = context.builder();
  const Shape dims = context.dims(index);
  if (dims.empty()) return context.input(index);
  if (dims.size() == 1 && dims[0].is_constant(1)) return builder.reshape(context.input(index), {});
  LATHE_TRY(const size_t axis, context.axis(context.integer("axis", 1), context.rank(0)));
  const int64_t block = context.integer("block_size", 0);
  if (block == 0) {
    LATHE_TRY_VOID(context.require_rank(index, 1));
    Shape shape(context.dims(0).size() - axis, Dim(1));
    shape[0] = dims[0];
    return builder.reshape(context.input(index), std::move(shape));
  }
  LATHE_TRY_VOID(context.require_rank(index, context.rank(0)));
  if (block < 0) return context.bad_attribute("block_size", "is {}, it must be at least 0", block);
  LATHE_TRY(const ValueId column, builder.unsqueeze(context.input(index), {axis + 1}));
  Shape wide = builder.dims(column);
  wide[axis + 1] = block;
  LATHE_TRY(const ValueId repeated, builder.expand(column, wide));
  Shape merged = dims;
  merged[axis] = dims[axis] * Dim(block);
  LATHE_TRY(const ValueId result, builder.reshape(repeated, merged));
  // The last block may be cut short.
  Shape limits = merged;
  limits[axis] = context.dims(0)[axis];
  return builder.slice(result, Shape(limits.size(), Dim(0)), limits, Integers(limits.size(), 1));
}

Result<std::optional<ElementType>> output_element(NodeContext& context) {
  const int64_t given = context.integer("output_dtype", 0);
  if (given == 0) return std::optional<ElementType>();
  const std::optional<ElementType> element =
      given > 0 && given < 100 ? element_type(static_cast<int32_t>(given)) : std::nullopt;
  if (!element) return context.unsupported("the element type {}", data_type_name(static_cast<int32_t>(given)));
  return element;
}

Outputs import_quantize(NodeContext& context) {
  if (context.integer("precision", 0) != 0) return context.unsupported("`precision`");
  GraphBuilder& builder = context.builder();
  LATHE_TRY(std::optional<ElementType> element, output_element(context));
  if (!element) element = context.has_input(2) ? context.element(2) : ElementType::U8;
  LATHE_TRY(const ValueId scale, aligned(context, 1));
  LATHE_TRY(const ValueId wide, builder.cast(context.input(0), ElementType::F32));
  LATHE_TRY(const ValueId wide_scale, builder.cast(scale, ElementType::F32));
  LATHE_TRY(const ValueId quotient, builder.one("div", {wide, wide_scale}));
  ValueId zero;
  if (context.has_input(2)) {
    LATHE_TRY(zero, aligned(context, 2));
  }
  if (!is_float(*element)) return single(to_quantized(context, quotient, zero, *element));
  return context.one("cast", {quotient}, {{"to", *element}, {"saturate", context.flag("saturate", true)}});
}

Outputs import_dequantize(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const std::optional<ElementType> element, output_element(context));
  const bool integers = !is_float(context.element(0));
  const ElementType wide = integers ? ElementType::I32 : ElementType::F32;
  LATHE_TRY(const ValueId scale, aligned(context, 1));
  LATHE_TRY(ValueId value, builder.cast(context.input(0), wide));
  if (integers && context.has_input(2)) {
    LATHE_TRY(const ValueId zero, aligned(context, 2));
    LATHE_TRY(const ValueId wide_zero, builder.cast(zero, wide));
    LATHE_TRY(value, builder.one("sub", {value, wide_zero}));
  }
  LATHE_TRY(const ValueId number, builder.cast(value, ElementType::F32));
  LATHE_TRY(const ValueId wide_scale, builder.cast(scale, ElementType::F32));
  LATHE_TRY(const ValueId product, builder.one("mul", {number, wide_scale}));
  return single(builder.cast(product, element.value_or(context.element(1))));
}

Outputs import_dynamic_quantize(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  Integers axes;
  for (int axis = 0; axis < context.rank(0); ++axis) axes.push_back(axis);
  LATHE_TRY(const ValueId zero, builder.scalar(ElementType::F32, 0.0));
  LATHE_TRY(const ValueId largest, builder.one("reduce_max", {context.input(0)}, {{"axes", axes}}));
  LATHE_TRY(const ValueId smallest, builder.one("reduce_min", {context.input(0)}, {{"axes", axes}}));
  LATHE_TRY(const ValueId high, builder.one("maximum", {largest, zero}));
  LATHE_TRY(const ValueId low, builder.one("minimum", {smallest, zero}));
  LATHE_TRY(const ValueId distance, builder.one("sub", {high, low}));
  LATHE_TRY(const ValueId steps, builder.scalar(ElementType::F32, 255.0));
  LATHE_TRY(const ValueId scale, builder.one("div", {distance, steps}));
  LATHE_TRY(const ValueId low_steps, builder.one("div", {low, scale}));
  LATHE_TRY(const ValueId zero_steps, builder.one("neg", {low_steps}));
  LATHE_TRY(const ValueId zero_point, to_quantized(context, zero_steps, ValueId(), ElementType::U8));
  LATHE_TRY(const ValueId quotient, builder.one("div", {context.input(0), scale}));
  LATHE_TRY(const ValueId result, to_quantized(context, quotient, zero_point, ElementType::U8));
  return std::vector<ValueId>{result, scale, zero_point};
}

/// The shape of a row-wise zero point of a left matrix.
std::optional<Shape> row_shape(NodeContext& context, size_t zero_index) {
  if (!context.has_input(zero_index) || context.rank(zero_index) != 1) return std::nullopt;
  return Shape{context.dims(zero_index)[0], Dim(1)};
}

Outputs import_matmul_integer(NodeContext& context) {
  LATHE_TRY(const ValueId a, centered(context, 0, 2, row_shape(context, 2)));
  LATHE_TRY(const ValueId b, centered(context, 1, 3, std::nullopt));
  return context.one("matmul", {a, b});
}

Outputs import_qlinear_matmul(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  for (const size_t index : {size_t{1}, size_t{4}, size_t{6}}) {
    if (!context.tensor(index).element_count().is_constant(1))
      return context.unsupported("scales of more than one element");
  }
  LATHE_TRY(const ValueId a, centered(context, 0, 2, std::nullopt));
  LATHE_TRY(const ValueId b, centered(context, 3, 5, std::nullopt));
  LATHE_TRY(const ValueId product, builder.one("matmul", {a, b}));
  ValueId scales[3];
  for (size_t index = 0; index < 3; ++index) {
    constexpr size_t kScales[] = {1, 4, 6};
    LATHE_TRY(const ValueId scale, builder.cast(context.input(kScales[index]), ElementType::F32));
    LATHE_TRY(scales[index], builder.reshape(scale, {}));
  }
  LATHE_TRY(const ValueId both, builder.one("mul", {scales[0], scales[1]}));
  LATHE_TRY(const ValueId factor, builder.one("div", {both, scales[2]}));
  LATHE_TRY(const ValueId wide, builder.cast(product, ElementType::F32));
  LATHE_TRY(const ValueId scaled, builder.one("mul", {wide, factor}));
  LATHE_TRY(const ValueId zero, builder.reshape(context.input(7), {}));
  return single(to_quantized(context, scaled, zero, context.element(7)));
}

constexpr OperatorRow kQuantizations[] = {
    {.name = "DequantizeLinear",
     .since = 10,
     .handler = import_dequantize,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "axis:i block_size:i output_dtype:i"},
    {.name = "DynamicQuantizeLinear", .since = 11, .handler = import_dynamic_quantize},
    {.name = "MatMulInteger", .since = 10, .handler = import_matmul_integer, .min_inputs = 2, .max_inputs = 4},
    {.name = "QLinearMatMul", .since = 10, .handler = import_qlinear_matmul, .min_inputs = 8, .max_inputs = 8},
    {.name = "QuantizeLinear",
     .since = 10,
     .handler = import_quantize,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "axis:i block_size:i output_dtype:i precision:i saturate:i"},
};

}  // namespace

Result<ValueId> to_quantized(NodeContext& context, ValueId value, ValueId zero, ElementType element) {
  if (!is_integer(element) || info(element).bits > 16) {
    return context
        .error(DiagnosticKind::ElementTypeMismatch, "`{}` can't make `{}`, expected an integer of up to 16 bits",
               context.node().op_type, text(element))
        .emit();
  }
  GraphBuilder& builder = context.builder();
  LATHE_TRY(ValueId result, builder.one("round", {value}));
  if (zero.valid()) {
    LATHE_TRY(const ValueId wide, builder.cast(zero, builder.tensor(value).element));
    LATHE_TRY(result, builder.one("add", {result, wide}));
  }
  const IntegerRange range = range_of(element);
  LATHE_TRY(result, builder.one("clamp", {result}, {{"min", range.lowest}, {"max", range.highest}}));
  return builder.cast(result, element);
}

Result<ValueId> centered(NodeContext& context, size_t index, size_t zero_index, const std::optional<Shape>& shape) {
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId wide, builder.cast(context.input(index), ElementType::I32));
  if (!context.has_input(zero_index)) return wide;
  ValueId zero = context.input(zero_index);
  if (context.tensor(zero_index).element_count().is_constant(1)) {
    LATHE_TRY(zero, builder.reshape(zero, {}));
  } else if (context.rank(zero_index) == 1 && shape) {
    LATHE_TRY(zero, builder.reshape(zero, *shape));
  }
  LATHE_TRY(const ValueId wide_zero, builder.cast(zero, ElementType::I32));
  return builder.one("sub", {wide, wide_zero});
}

std::span<const OperatorRow> quantization_operators() { return kQuantizations; }

}  // namespace lathe::onnx
