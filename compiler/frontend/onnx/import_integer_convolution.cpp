// Convolutions of quantised tensors: sums in i32 of operands less their zero points, then scaled.
#include "compiler/frontend/onnx/convolution_attributes.h"
#include "compiler/frontend/onnx/formula.h"
#include "compiler/frontend/onnx/operators.h"
#include "compiler/frontend/onnx/quantization.h"

namespace lathe::onnx {
namespace {

/// One number for each output channel, placed along the first axis of the weight.
Shape along_weight(NodeContext& context, size_t weight) {
  Shape shape(context.dims(weight).size(), Dim(1));
  shape[0] = context.dims(weight)[0];
  return shape;
}

Outputs import_conv_integer(NodeContext& context) {
  LATHE_TRY(std::vector<NamedAttribute> attributes, convolution_attributes(context, 1));
  LATHE_TRY(const ValueId x, centered(context, 0, 2, std::nullopt));
  LATHE_TRY(const ValueId weight, centered(context, 1, 3, along_weight(context, 1)));
  return context.one("conv", {x, weight}, std::move(attributes));
}

Outputs import_qlinear_conv(NodeContext& context) {
  LATHE_TRY(std::vector<NamedAttribute> attributes, convolution_attributes(context, 3));
  for (const size_t index : {size_t{1}, size_t{6}}) {
    if (context.tensor(index).element_count().is_constant(1)) continue;
    return context.unsupported("{} of more than one element", context.input_text(index));
  }
  LATHE_TRY(const ValueId x, centered(context, 0, 2, std::nullopt));
  LATHE_TRY(const ValueId weight, centered(context, 3, 5, along_weight(context, 3)));
  std::vector<ValueId> operands{x, weight};
  if (context.has_input(8)) operands.push_back(context.input(8));
  Formula f(context);
  const ValueId sum = f.op("conv", std::move(operands), std::move(attributes));
  const ValueId x_scale = f.reshape(f.cast(context.input(1), ElementType::F32), {});
  const ValueId y_scale = f.reshape(f.cast(context.input(6), ElementType::F32), {});
  ValueId w_scale = f.cast(context.input(4), ElementType::F32);
  if (context.tensor(4).element_count().is_constant(1)) {
    w_scale = f.reshape(w_scale, {});
  } else {
    LATHE_TRY_VOID(context.require_rank(4, 1));
    Shape channels(context.dims(0).size() - 1, Dim(1));
    channels[0] = context.dims(4)[0];
    w_scale = f.reshape(w_scale, std::move(channels));
  }
  const ValueId factor = f.div(f.mul(x_scale, w_scale), y_scale);
  const ValueId scaled = f.mul(f.cast(sum, ElementType::F32), factor);
  const ValueId zero = f.reshape(context.input(7), {});
  if (!f.ok()) return Failure{};
  return single(to_quantized(context, scaled, zero, context.element(7)));
}

constexpr OperatorRow kIntegerConvolutions[] = {
    {.name = "ConvInteger",
     .since = 10,
     .handler = import_conv_integer,
     .min_inputs = 2,
     .max_inputs = 4,
     .attributes = kConvolutionAttributes},
    {.name = "QLinearConv",
     .since = 10,
     .handler = import_qlinear_conv,
     .min_inputs = 8,
     .max_inputs = 9,
     .attributes = kConvolutionAttributes},
};

}  // namespace

std::span<const OperatorRow> integer_convolution_operators() { return kIntegerConvolutions; }

}  // namespace lathe::onnx
