// Matrix products.
#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

Outputs import_matmul(NodeContext& context) { return context.one("matmul", context.inputs()); }

/// `value` times a float attribute; nothing is built for 1.
Result<ValueId> scaled(NodeContext& context, ValueId value, std::string_view attribute) {
  const double factor = context.number(attribute, 1.0);
  if (factor == 1.0) return value;
  const ElementType element = context.builder().tensor(value).element;
  if (!is_float(element)) return context.unsupported("`{}` other than 1 for integers", attribute);
  LATHE_TRY(const ValueId scalar, context.builder().scalar(element, factor));
  return context.builder().one("mul", {value, scalar});
}

/// alpha * A' * B' + beta * C
Outputs import_gemm(NodeContext& context) {
  for (size_t index = 0; index < 2; ++index) LATHE_TRY_VOID(context.require_rank(index, 2));
  GraphBuilder& builder = context.builder();
  LATHE_TRY(const ValueId product, builder.one("matmul", {context.input(0), context.input(1)},
                                               {{"transpose_a", context.flag("transA", false)},
                                                {"transpose_b", context.flag("transB", false)}}));
  LATHE_TRY(const ValueId left, scaled(context, product, "alpha"));
  if (!context.has_input(2)) return single(left);
  if (context.rank(2) > 2) {
    return context
        .error(DiagnosticKind::RankMismatch, "{} of `Gemm` is `{}`, expected at most 2 axes", context.input_text(2),
               text(context.tensor(2)))
        .emit();
  }
  LATHE_TRY(const ValueId right, scaled(context, context.input(2), "beta"));
  return single(builder.one("add", {left, right}));
}

Outputs import_einsum(NodeContext& context) {
  return context.one("einsum", context.inputs(), {{"equation", std::string(context.string("equation", ""))}});
}

constexpr OperatorRow kContractions[] = {
    {.name = "Einsum", .since = 12, .handler = import_einsum, .max_inputs = kVariadic, .attributes = "equation:s"},
    // Its `broadcast` is what later versions always do with C.
    {.name = "Gemm",
     .until = 6,
     .handler = import_gemm,
     .min_inputs = 3,
     .max_inputs = 3,
     .attributes = "alpha:f beta:f broadcast:i transA:i transB:i"},
    {.name = "Gemm",
     .since = 7,
     .handler = import_gemm,
     .min_inputs = 2,
     .max_inputs = 3,
     .attributes = "alpha:f beta:f transA:i transB:i"},
    {.name = "MatMul", .handler = import_matmul, .min_inputs = 2, .max_inputs = 2},
};

}  // namespace

std::span<const OperatorRow> contraction_operators() { return kContractions; }

}  // namespace lathe::onnx
