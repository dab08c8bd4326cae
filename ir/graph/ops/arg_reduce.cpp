// Positions of extrema: arg_max, arg_min.
#include <limits>

#include "ir/graph/builder.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

Result<std::vector<Type>> infer_arg(InferContext& context) {
  const TensorType& x = context.tensor(0);
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), x.rank()));
  if (x.dims[axis].is_constant(0)) {
    return context
        .error(DiagnosticKind::ShapeMismatch, "`{}` of nothing: axis {} of {} is empty: `{}`", context.op().name, axis,
               context.operand_text(0), text(x))
        .emit();
  }
  Shape result = x.dims;
  if (context.boolean("keep_dims")) {
    result[axis] = 1;
  } else {
    result.erase(result.begin() + static_cast<std::ptrdiff_t>(axis));
  }
  return one_type(ElementType::I64, std::move(result));
}

// The first (or last) index of an element that equals the extremum. A NaN is the extremum where there is one, and
// equals nothing, so NaNs are hits by themselves.
Result<std::vector<ValueId>> expand_arg(GraphBuilder& builder, const NodeView& node) {
  const ValueId x = node.operand(0);
  const TensorType type = node.tensor(0);
  const int64_t axis = node.integer("axis");
  const bool last = node.boolean("select_last");
  const auto reduce = [&](std::string_view op, ValueId value, bool keep_dims) {
    return builder.one(op, {value}, {{"axes", Integers{axis}}, {"keep_dims", keep_dims}});
  };
  LATHE_TRY(const ValueId extremum, reduce(node.op().name == "arg_max" ? "reduce_max" : "reduce_min", x, true));
  LATHE_TRY(ValueId hit, builder.one("equal", {x, extremum}));
  if (is_float(type.element)) {
    LATHE_TRY(const ValueId nan, builder.one("is_nan", {x}));
    LATHE_TRY(hit, builder.one("logical_or", {hit, nan}));
  }
  LATHE_TRY(const ValueId index,
            builder.one("iota", {}, {{"dims", type.dims}, {"axis", axis}, {"element", ElementType::I64}}));
  LATHE_TRY(const ValueId none,
            builder.scalar_integer(ElementType::I64, last ? -1 : std::numeric_limits<int64_t>::max()));
  LATHE_TRY(const ValueId indices, builder.one("where", {hit, index, none}));
  LATHE_TRY(const ValueId result, reduce(last ? "reduce_max" : "reduce_min", indices, node.boolean("keep_dims")));
  return std::vector<ValueId>{result};
}

OpDef row(std::string_view name, std::string_view doc) {
  return {.name = name,
          .doc = doc,
          .operands = {{"x", kAnyNumber, OperandKind::Required, "the tensor to search"}},
          .attributes = {{"axis", AttributeKind::Integer, Required{}, "the axis to search, counted from 0"},
                         {"keep_dims", AttributeKind::Boolean, false, "the result keeps that axis, with size 1"},
                         {"select_last", AttributeKind::Boolean, false, "among equals, the last and not the first"}},
          .infer = infer_arg,
          .semantics = Decompose{expand_arg}};
}

}  // namespace

std::span<const OpDef> arg_reduce_ops() {
  static const std::vector<OpDef> rows = {
      row("arg_max", "the index of the largest element along an axis; a NaN is largest"),
      row("arg_min", "the index of the smallest element along an axis; a NaN is smallest"),
  };
  return rows;
}

}  // namespace lathe
