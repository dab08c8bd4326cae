// Positions of extrema: arg_max, arg_min.
#include <cmath>

#include "ir/graph/ops/reference.h"
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

// Whether `candidate` replaces `best`; a NaN beats every number, as in numpy.
bool wins(const ScalarValue& candidate, const ScalarValue& best, bool largest, bool last) {
  if (is_float(candidate.type)) {
    if (std::isnan(best.real)) return last && std::isnan(candidate.real);
    if (std::isnan(candidate.real)) return true;
  }
  const int order = compare_numbers(candidate, best);
  if (order == 0) return last;
  return largest ? order > 0 : order < 0;
}

Status arg_reference(const NodeView& node, std::span<const HostTensor* const> operands, std::span<HostTensor> results,
                     Diagnostics&) {
  const HostTensor& x = *operands[0];
  const bool largest = node.op().name == "arg_max";
  const bool last = node.boolean("select_last");
  const AxisSplit split = split_at(x.type, static_cast<size_t>(node.integer("axis")));
  allocate(results[0]);
  for (int64_t outer = 0; outer < split.outer; ++outer) {
    for (int64_t inner = 0; inner < split.inner; ++inner) {
      int64_t best = 0;
      ScalarValue best_value = load_element(x.type.element, x.bytes.data(), split.at(outer, 0, inner));
      for (int64_t i = 1; i < split.size; ++i) {
        const ScalarValue value = load_element(x.type.element, x.bytes.data(), split.at(outer, i, inner));
        if (!wins(value, best_value, largest, last)) continue;
        best = i;
        best_value = value;
      }
      store_element(ElementType::I64, results[0].bytes.data(), outer * split.inner + inner,
                    ScalarValue::of_integer(ElementType::I64, best));
    }
  }
  return {};
}

OpDef row(std::string_view name, std::string_view doc) {
  return {.name = name,
          .doc = doc,
          .operands = {{"x", kAnyNumber, OperandKind::Required, "the tensor to search"}},
          .attributes = {{"axis", AttributeKind::Integer, Required{}, "the axis to search, counted from 0"},
                         {"keep_dims", AttributeKind::Boolean, false, "the result keeps that axis, with size 1"},
                         {"select_last", AttributeKind::Boolean, false, "among equals, the last and not the first"}},
          .infer = infer_arg,
          .semantics = Call{"", arg_reference}};
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
