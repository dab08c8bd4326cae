// Elementwise rows beyond plain arithmetic: cast, where, iota.
#include <array>
#include <optional>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

// The largest finite number of the 8-bit floats; source: the OFP8 specification, and its FNUZ variants.
std::optional<double> largest_narrow(ElementType element) {
  if (element == ElementType::F8E4M3FN) return 448.0;
  if (element == ElementType::F8E4M3FNUZ) return 240.0;
  if (element == ElementType::F8E5M2 || element == ElementType::F8E5M2FNUZ) return 57344.0;
  return std::nullopt;
}

ScalarId cast(const ElementwiseContext& context) {
  ScalarBuilder& builder = context.builder;
  const ElementType to = context.result_element();
  ScalarId x = context.argument(0);
  const auto largest = largest_narrow(to);
  if (largest && context.node.boolean("saturate") && builder.type(x) != ElementType::Boolean && builder.type(x) != to) {
    if (!is_float(builder.type(x)) || info(builder.type(x)).bits == 8) x = builder.cast(x, ElementType::F32);
    x = builder.clamp(x, -*largest, *largest);
  }
  return builder.cast(x, to);
}

Result<std::vector<Type>> infer_cast(InferContext& context) {
  if (context.element("to") == ElementType::String) {
    return context.error(DiagnosticKind::Unsupported, "`cast` to `string` is not supported").emit();
  }
  return one_type(context.element("to"), context.dims(0));
}

ScalarId where(const ElementwiseContext& context) {
  return context.builder.select(context.argument(0), context.argument(1), context.argument(2));
}

Result<std::vector<Type>> infer_where(InferContext& context) {
  const ElementType a = context.tensor(1).element;
  const ElementType b = context.tensor(2).element;
  if (a != b) {
    return context
        .error(DiagnosticKind::ElementTypeMismatch,
               "both choices of `where` must have one element type, but {} is `{}` and {} is `{}`",
               context.operand_text(1), text(a), context.operand_text(2), text(b))
        .emit();
  }
  static constexpr size_t kAll[] = {0, 1, 2};
  LATHE_TRY(Shape shape, context.broadcast(kAll));
  return one_type(a, std::move(shape));
}

ScalarId iota(const ElementwiseContext& context) {
  const auto axis = static_cast<size_t>(context.node.integer("axis"));
  return context.builder.cast(context.index(axis), context.result_element());
}

Result<std::vector<Type>> infer_iota(InferContext& context) {
  const Shape& dims = context.shape("dims");
  LATHE_TRY_VOID(stored_axis(context, context.integer("axis"), static_cast<int>(dims.size())));
  if (context.element("element") == ElementType::String) {
    return context.error(DiagnosticKind::ElementTypeMismatch, "`iota` makes numbers, not `string`").emit();
  }
  return one_type(context.element("element"), dims);
}

}  // namespace

std::span<const OpDef> conversion_ops() {
  static const std::vector<OpDef> rows = {
      {.name = "cast",
       .doc =
           "the numbers of x in another element type: to integers they truncate and saturate, NaN is 0; integers wrap; "
           "to bool is x != 0",
       .operands = {{"x", kAnyNumber | kBoolean, OperandKind::Required, "the argument"}},
       .attributes = {{"to", AttributeKind::Element, Required{}, "the element type of the result"},
                      {"saturate", AttributeKind::Boolean, true,
                       "to an 8-bit float: beyond the range, give the largest number and not an infinity or NaN"}},
       .infer = infer_cast,
       .semantics = Elementwise{cast}},
      {.name = "where",
       .doc = "a where condition is true, else b",
       .operands = {{"condition", kBoolean, OperandKind::Required, "chooses"},
                    {"a", kAnyNumber | kBoolean, OperandKind::Required, "taken where true"},
                    {"b", kAnyNumber | kBoolean, OperandKind::Required, "taken where false"}},
       .attributes = {},
       .infer = infer_where,
       .semantics = Elementwise{where}},
      {.name = "iota",
       .doc = "each element is its own index on one axis",
       .operands = {},
       .attributes = {{"dims", AttributeKind::Dims, Required{}, "the shape of the result"},
                      {"axis", AttributeKind::Integer, int64_t{0}, "the axis that counts"},
                      {"element", AttributeKind::Element, std::string_view("i64"), "the element type of the result"}},
       .infer = infer_iota,
       .semantics = Elementwise{iota}},
  };
  return rows;
}

}  // namespace lathe
