// Values that no operand gives: constants, ranges, filled tensors.
#include <cmath>

#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/tensor.h"

namespace lathe::onnx {
namespace {

Outputs import_constant(NodeContext& context) {
  if (context.node().attributes.size() != 1) {
    return context.error(DiagnosticKind::BadAttribute, "`Constant` needs exactly one attribute").emit();
  }
  const Attribute& attribute = context.node().attributes.front();
  GraphBuilder& builder = context.builder();
  switch (attribute.type) {
    case AttributeType::Tensor: {
      const std::string what =
          fmt::format("constant `{}`", context.node().outputs.empty() ? "" : context.node().outputs[0]);
      LATHE_TRY(ConstantData data, context.constant(attribute.tensors.front(), what));
      data.name = context.node().outputs.empty() ? "" : context.node().outputs[0];
      return single(builder.constant(std::move(data)));
    }
    case AttributeType::Float: return single(builder.scalar(ElementType::F32, static_cast<double>(attribute.f)));
    case AttributeType::Int: return single(builder.scalar_integer(ElementType::I64, attribute.i));
    case AttributeType::Floats: {
      const std::vector<double> values(attribute.floats.begin(), attribute.floats.end());
      return single(builder.constant(
          constant_from_doubles({ElementType::F32, {Dim(static_cast<int64_t>(values.size()))}}, values)));
    }
    case AttributeType::Ints: return single(builder.integers(attribute.ints));
    case AttributeType::String: {
      ConstantData data;
      data.type = {ElementType::String, {}};
      data.strings.emplace_back(attribute.s);
      return single(builder.constant(std::move(data)));
    }
    case AttributeType::Strings: {
      ConstantData data;
      data.type = {ElementType::String, {Dim(static_cast<int64_t>(attribute.strings.size()))}};
      data.strings.assign(attribute.strings.begin(), attribute.strings.end());
      return single(builder.constant(std::move(data)));
    }
    case AttributeType::Undefined:
    case AttributeType::Graph:
    case AttributeType::Tensors:
    case AttributeType::Graphs:
    case AttributeType::SparseTensor:
    case AttributeType::SparseTensors:
    case AttributeType::Type:
    case AttributeType::Types: return context.unsupported("attribute `{}`", attribute.name);
  }
  return Failure{};
}

Outputs import_constant_of_shape(NodeContext& context) {
  LATHE_TRY(Shape shape, context.known_dims(0, "shape"));
  GraphBuilder& builder = context.builder();
  ConstantData value = splat_constant({ElementType::F32, {}}, 0.0);
  if (const Attribute* attribute = context.attribute("value")) {
    LATHE_TRY(value, context.constant(attribute->tensors.front(), "the value"));
    if (value.element_count() != 1) {
      return context.bad_attribute("value", "is `{}`, expected one element", text(value.type));
    }
    value.type.dims.clear();
  }
  for (const Dim& dim : shape) {
    if (!dim.is_constant() || dim.constant() >= 0) continue;
    return context
        .error(DiagnosticKind::NegativeDimension, "{} asks for the size {}", context.input_text(0), dim.text())
        .emit();
  }
  LATHE_TRY(const ValueId scalar, builder.constant(std::move(value)));
  return single(builder.expand(scalar, std::move(shape)));
}

/// start, start + delta, ... below limit, with sizes that may be symbolic.
Outputs import_integer_range(NodeContext& context) {
  Shape bounds;
  for (size_t index = 0; index < 3; ++index) {
    LATHE_TRY(const Shape value, context.known_dims(index, index == 0 ? "start" : index == 1 ? "limit" : "step"));
    bounds.push_back(value.front());
  }
  const std::optional<int64_t> step = bounds[2].as_constant();
  if (!step) return context.unsupported("a step that is not known");
  if (*step == 0) return context.error(DiagnosticKind::BadAttribute, "the step of `Range` is 0").emit();
  const Dim distance = *step > 0 ? bounds[1] - bounds[0] : bounds[0] - bounds[1];
  const Dim count = context.symbols().simplify(maximum(0, ceildiv(distance, Dim(*step > 0 ? *step : -*step))));
  GraphBuilder& builder = context.builder();
  LATHE_TRY(ValueId result,
            builder.one("iota", {}, {{"dims", Shape{count}}, {"axis", int64_t{0}}, {"element", context.element(0)}}));
  if (*step != 1) {
    LATHE_TRY(result, builder.one("mul", {result, context.input(2)}));
  }
  if (!bounds[0].is_constant(0)) {
    LATHE_TRY(result, builder.one("add", {result, context.input(0)}));
  }
  return single(result);
}

Outputs import_range(NodeContext& context) {
  for (size_t index = 0; index < 3; ++index) {
    if (context.tensor(index).element_count().is_constant(1)) continue;
    LATHE_TRY_VOID(context.require_rank(index, 0));
  }
  if (!is_float(context.element(0))) return import_integer_range(context);
  double bounds[3] = {};
  for (size_t index = 0; index < 3; ++index) {
    LATHE_TRY(const Floats value, context.known_floats(index, index == 0 ? "start" : index == 1 ? "limit" : "step"));
    bounds[index] = value.front();
  }
  const double count = std::max(0.0, std::ceil((bounds[1] - bounds[0]) / bounds[2]));
  if (!(count < static_cast<double>(SymbolTable::kDefaultUpper))) {
    return context
        .error(DiagnosticKind::SizeOverflow, "`Range` from {} to {} by {} has too many elements", bounds[0], bounds[1],
               bounds[2])
        .emit();
  }
  const int64_t stash = context.integer("stash_type", 1);
  if (stash != 1) return context.unsupported("a `stash_type` other than float32");
  const bool is_narrow = info(context.element(0)).bits < 32;
  const ElementType wide = is_narrow ? ElementType::F32 : context.element(0);
  Formula f(context);
  const ValueId positions = f.iota({Dim(static_cast<int64_t>(count))}, 0, wide);
  const ValueId steps = f.mul(positions, f.cast(context.input(2), wide));
  return f.result({f.cast(f.add(steps, f.cast(context.input(0), wide)), context.element(0))});
}

constexpr OperatorRow kConstants[] = {
    {.name = "Constant",
     .handler = import_constant,
     .min_inputs = 0,
     .max_inputs = 0,
     .attributes = "value:t value_float:f value_floats:fs value_int:i value_ints:is value_string:s value_strings:ss "
                   "sparse_value:st"},
    {.name = "ConstantOfShape", .since = 9, .handler = import_constant_of_shape, .attributes = "value:t"},
    {.name = "Range",
     .since = 11,
     .handler = import_range,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "stash_type:i"},
};

}  // namespace

std::span<const OperatorRow> constant_operators() { return kConstants; }

}  // namespace lathe::onnx
