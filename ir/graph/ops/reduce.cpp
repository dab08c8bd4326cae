// Reductions of one operand over some of its axes: sums, means, extrema, products, norms.
//
// Sums of floats narrower than f32 accumulate in f32; integers accumulate in their own type and wrap. Formulas: ONNX
// operator specification, opset 18.
#include <algorithm>
#include <limits>

#include "ir/graph/builder.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

bool reduced(const NodeView& node, size_t axis) {
  const Integers& axes = node.integers("axes");
  return std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end();
}

Result<std::vector<Type>> infer_reduce(InferContext& context) {
  const TensorType& x = context.tensor(0);
  LATHE_TRY_VOID(stored_axes(context, context.integers("axes"), x.rank()));
  Shape result;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    if (!reduced(context, axis)) {
      result.push_back(x.dims[axis]);
    } else if (context.boolean("keep_dims")) {
      result.emplace_back(1);
    }
  }
  return one_type(x.element, std::move(result));
}

// Iteration space and index map; the rest is up to the row. Returns the number of elements that each result combines.
Dim describe_space(const NodeView& node, Reduction& reduction) {
  const Shape& x = node.dims(0);
  reduction.extents = node.result().dims;
  reduction.result_rank = reduction.extents.size();
  Dim count = 1;
  std::vector<Dim> index;
  size_t kept = 0;
  for (size_t axis = 0; axis < x.size(); ++axis) {
    if (reduced(node, axis)) {
      index.push_back(axis_symbol(reduction.extents.size()));
      reduction.extents.push_back(x[axis]);
      count *= x[axis];
      if (node.boolean("keep_dims")) ++kept;
    } else {
      index.push_back(axis_symbol(kept++));
    }
  }
  reduction.operands = {0};
  reduction.operand_indices = {std::move(index)};
  reduction.accumulator = wide_type(node.tensor(0).element);
  return count;
}

// The body: the element in the accumulator's type, changed by `change`.
template <class Change>
void set_body(const NodeView& node, Reduction& reduction, Change change) {
  ScalarBuilder builder;
  const ScalarId x = builder.cast(builder.argument(0, node.tensor(0).element), reduction.accumulator);
  reduction.body = builder.finish(change(builder, x));
}

ScalarId unchanged(ScalarBuilder&, ScalarId x) { return x; }

void describe_sum(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_body(node, reduction, unchanged);
}

void describe_mean(const NodeView& node, Reduction& reduction) {
  reduction.count = describe_space(node, reduction);
  set_body(node, reduction, unchanged);
  ScalarBuilder builder;
  const ScalarId sum = builder.argument(0, reduction.accumulator);
  reduction.finish = builder.finish(builder.div(sum, builder.argument(1, reduction.accumulator)));
}

void describe_sum_square(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_body(node, reduction, [](ScalarBuilder& builder, ScalarId x) { return builder.mul(x, x); });
}

void describe_l1(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_body(node, reduction, [](ScalarBuilder& builder, ScalarId x) { return builder.abs(x); });
}

void describe_l2(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  if (!is_float(reduction.accumulator)) reduction.accumulator = ElementType::F64;
  set_body(node, reduction, [](ScalarBuilder& builder, ScalarId x) { return builder.mul(x, x); });
  ScalarBuilder builder;
  reduction.finish = builder.finish(builder.sqrt(builder.argument(0, reduction.accumulator)));
}

void describe_product(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  reduction.combine = ScalarOp::Mul;
  reduction.initial = 1;
  set_body(node, reduction, unchanged);
}

void describe_max(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_extremum(reduction, Extremum::Largest);
  set_body(node, reduction, unchanged);
}

void describe_min(const NodeView& node, Reduction& reduction) {
  describe_space(node, reduction);
  set_extremum(reduction, Extremum::Smallest);
  set_body(node, reduction, unchanged);
}

// log(sum(x))
Result<std::vector<ValueId>> expand_log_sum(GraphBuilder& builder, const NodeView& node) {
  const ElementType element = node.tensor(0).element;
  LATHE_TRY(const ValueId x, builder.cast(node.operand(0), wide_type(element)));
  LATHE_TRY(
      const ValueId sum,
      builder.one("reduce_sum", {x}, {{"axes", node.integers("axes")}, {"keep_dims", node.boolean("keep_dims")}}));
  LATHE_TRY(const ValueId log, builder.one("log", {sum}));
  LATHE_TRY(const ValueId result, builder.cast(log, element));
  return std::vector<ValueId>{result};
}

// log(sum(exp(x - m))) + m with m the maximum, or 0 where that is infinite
Result<std::vector<ValueId>> expand_log_sum_exp(GraphBuilder& builder, const NodeView& node) {
  const ElementType element = node.tensor(0).element;
  const ElementType wide = wide_type(element);
  const Integers& axes = node.integers("axes");
  LATHE_TRY(const ValueId x, builder.cast(node.operand(0), wide));
  LATHE_TRY(const ValueId maximum, builder.one("reduce_max", {x}, {{"axes", axes}, {"keep_dims", true}}));
  LATHE_TRY(const ValueId infinite, builder.one("is_inf", {maximum}));
  LATHE_TRY(const ValueId zero, builder.scalar(wide, 0.0));
  LATHE_TRY(const ValueId shift, builder.one("where", {infinite, zero, maximum}));
  LATHE_TRY(const ValueId shifted, builder.one("sub", {x, shift}));
  LATHE_TRY(const ValueId powers, builder.one("exp", {shifted}));
  LATHE_TRY(const ValueId sum, builder.one("reduce_sum", {powers}, {{"axes", axes}, {"keep_dims", true}}));
  LATHE_TRY(const ValueId log, builder.one("log", {sum}));
  LATHE_TRY(const ValueId total, builder.one("add", {log, shift}));
  LATHE_TRY(const ValueId narrow, builder.cast(total, element));
  if (node.boolean("keep_dims")) return std::vector<ValueId>{narrow};
  std::vector<size_t> squeezed(axes.begin(), axes.end());
  std::sort(squeezed.begin(), squeezed.end());
  LATHE_TRY(const ValueId result, builder.squeeze(narrow, std::move(squeezed)));
  return std::vector<ValueId>{result};
}

OpDef row(std::string_view name, std::string_view doc, ElementSet elements, Exactness exactness, Semantics semantics) {
  return {.name = name,
          .doc = doc,
          .operands = {{"x", elements, OperandKind::Required, "the tensor to reduce"}},
          .attributes = {{"axes", AttributeKind::Integers, Required{}, "the axes to reduce, counted from 0"},
                         {"keep_dims", AttributeKind::Boolean, false, "the result keeps those axes, with size 1"}},
          .exactness = exactness,
          .infer = infer_reduce,
          .semantics = semantics};
}

}  // namespace

void set_extremum(Reduction& reduction, Extremum extremum) {
  const ElementInfo& element = info(reduction.accumulator);
  const bool largest = extremum == Extremum::Largest;
  reduction.combine = largest ? ScalarOp::Max : ScalarOp::Min;
  switch (element.kind) {
    case ElementClass::Boolean:
      reduction.combine = largest ? ScalarOp::Or : ScalarOp::And;
      reduction.initial = largest ? 0 : 1;
      return;
    case ElementClass::Float:
      reduction.initial = largest ? -std::numeric_limits<double>::infinity() : std::numeric_limits<double>::infinity();
      return;
    case ElementClass::Signed: {
      const double bound = static_cast<double>(uint64_t{1} << (element.bits - 1));
      reduction.initial = largest ? -bound : bound - 1;
      return;
    }
    case ElementClass::Unsigned:
      reduction.initial = largest ? 0 : 2 * static_cast<double>(uint64_t{1} << (element.bits - 1)) - 1;
      return;
    case ElementClass::String: LATHE_CHECK(false);
  }
}

std::span<const OpDef> reduce_ops() {
  constexpr auto kReordered = Exactness::Reordered;
  constexpr auto kExact = Exactness::Exact;
  static const std::vector<OpDef> rows = {
      row("reduce_sum", "the sum; 0 of nothing", kAnyNumber, kReordered, Reduce{describe_sum}),
      row("reduce_mean", "the sum divided by how many; integers truncate", kAnyNumber, kReordered,
          Reduce{describe_mean}),
      row("reduce_max", "the largest; NaN where there is one; true where any is", kAnyNumber | kBoolean, kExact,
          Reduce{describe_max}),
      row("reduce_min", "the smallest; NaN where there is one; true where all are", kAnyNumber | kBoolean, kExact,
          Reduce{describe_min}),
      row("reduce_prod", "the product; 1 of nothing", kAnyNumber, kReordered, Reduce{describe_product}),
      row("reduce_sum_square", "the sum of x * x", kAnyNumber, kReordered, Reduce{describe_sum_square}),
      row("reduce_l1", "the sum of |x|", kAnyNumber, kReordered, Reduce{describe_l1}),
      row("reduce_l2", "the square root of the sum of x * x", kAnyNumber, kReordered, Reduce{describe_l2}),
      row("reduce_log_sum", "log(sum(x))", kAnyFloat, Exactness::Approximate, Decompose{expand_log_sum}),
      row("reduce_log_sum_exp", "log(sum(exp(x))), without overflow", kAnyFloat, Exactness::Approximate,
          Decompose{expand_log_sum_exp}),
  };
  return rows;
}

}  // namespace lathe
