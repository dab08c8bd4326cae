// Reductions inside nests: in the order of k with lanes over results, or along a row with lanes over the row.
#include <algorithm>

#include "compiler/lower/nest.h"

namespace lathe::lower {

using kernel::ForOptions;
using kernel::LoopKind;
using KernelValue = kernel::ValueId;

namespace {

kernel::ReduceKind reduce_kind(ScalarOp op) {
  switch (op) {
    case ScalarOp::Add: return kernel::ReduceKind::Add;
    case ScalarOp::Mul: return kernel::ReduceKind::Mul;
    case ScalarOp::Min: return kernel::ReduceKind::Min;
    case ScalarOp::Max: return kernel::ReduceKind::Max;
    case ScalarOp::And: return kernel::ReduceKind::And;
    case ScalarOp::Or: return kernel::ReduceKind::Or;
    default: internal_error("a reduction combines with an operation that has no lanes form", __FILE__, __LINE__);
  }
}

// The operands of the product that a body ends in, when it does.
const ScalarNode* final_product(const Reduction& reduction) {
  if (reduction.combine != ScalarOp::Add || !is_float(reduction.accumulator)) return nullptr;
  const ScalarNode& last = reduction.body.nodes[reduction.body.result];
  return last.op == ScalarOp::Mul ? &last : nullptr;
}

// The part of an expression that computes one of its nodes.
ScalarExpression part_of(const ScalarExpression& expression, ScalarId result) {
  ScalarBuilder builder;
  std::vector<ScalarId> arguments(expression.argument_count());
  for (const ScalarNode& node : expression.nodes) {
    if (node.op == ScalarOp::Argument) arguments[node.argument] = builder.argument(node.argument, node.type);
  }
  ScalarExpression part = expression;
  part.result = result;
  return builder.finish(builder.inline_expression(part, arguments));
}

// Range of reduction axis `axis` for which a padded operand index stays inside: index = coefficient*axis + rest.
struct Range {
  Dim begin;
  Dim end;
};

Range clipped(const Reduction& reduction, const NodeView& view, size_t axis, const IndexVector& outer) {
  const Dim extent = at_index(reduction.extents[axis], outer);
  Range range{0, extent};
  if (!reduction.padded) return range;
  const std::string symbol = *axis_symbol(axis).as_symbol();
  const Shape& dims = view.dims(reduction.operands[0]);
  const std::vector<Dim>& indices = reduction.operand_indices[0];
  for (size_t k = 0; k < indices.size(); ++k) {
    const auto parts = linear_in(indices[k], symbol);
    if (!parts || parts->coefficient.is_constant(0)) continue;
    const Dim rest = at_index(parts->rest, outer);
    range.begin = maximum(range.begin, ceildiv(-rest, parts->coefficient));
    range.end = minimum(range.end, floordiv(dims[k] - 1 - rest, parts->coefficient) + 1);
  }
  return range;
}

}  // namespace

KernelValue NestBuilder::combine(const Reduction& reduction, KernelValue accumulator,
                                 const std::vector<KernelValue>& elements) {
  if (const ScalarNode* last = final_product(reduction)) {
    const KernelValue a = builder_.evaluate(part_of(reduction.body, last->operands[0]), elements, lanes_.count);
    const KernelValue b = builder_.evaluate(part_of(reduction.body, last->operands[1]), elements, lanes_.count);
    return builder_.fma(a, b, accumulator);
  }
  const KernelValue value = builder_.evaluate(reduction.body, elements, lanes_.count);
  return builder_.apply(reduction.combine, accumulator, value);
}

KernelValue NestBuilder::emit_reduction(NodeId id, const IndexVector& index) {
  const ExistingNodeView view(module_, id);
  const Reduction reduction = describe_reduction(view);
  IndexVector full(index.begin(), index.end());
  KernelValue accumulator = builder_.constant(reduction.accumulator, reduction.initial, lanes_.count);
  size_t opened = 0;
  for (size_t axis = reduction.result_rank; axis < reduction.extents.size(); ++axis) {
    const Range range = clipped(reduction, view, axis, full);
    std::vector<KernelValue> arguments;
    full.push_back(
        open_loop({.name = "r", .begin = bounded(range.begin), .end = bounded(range.end)}, {accumulator}, arguments));
    accumulator = arguments[0];
    ++opened;
  }
  std::vector<KernelValue> elements;
  for (size_t k = 0; k < reduction.operands.size(); ++k) {
    IndexVector at = at_index(reduction.operand_indices[k], full);
    for (Dim& dim : at) dim = bounded(dim);
    elements.push_back(widen(evaluate(view.operand(reduction.operands[k]), at)));
  }
  accumulator = combine(reduction, accumulator, elements);
  for (; opened > 0; --opened) accumulator = close_loop({accumulator})[0];
  return finish_reduction(view, reduction, accumulator, index);
}

KernelValue NestBuilder::finish_reduction(const NodeView& view, const Reduction& reduction, KernelValue accumulator,
                                          const IndexVector& index) {
  const ElementType wanted = view.result().element;
  if (reduction.finish.nodes.empty()) return builder_.cast(accumulator, wanted);
  std::vector<KernelValue> arguments{accumulator};
  const KernelValue count =
      builder_.index(ElementType::I64, bounded(at_index(reduction.count, index)), lanes_.count, 0);
  arguments.push_back(builder_.cast(count, reduction.accumulator));
  for (size_t k = 0; k < reduction.finish_operands.size(); ++k) {
    arguments.push_back(
        widen(evaluate(view.operand(reduction.finish_operands[k]), at_index(reduction.finish_indices[k], index))));
  }
  return builder_.cast(builder_.evaluate(reduction.finish, arguments, lanes_.count), wanted);
}

void NestBuilder::reduce_row(NodeId id, const IndexVector& kept) {
  const ExistingNodeView view(module_, id);
  const Reduction reduction = describe_reduction(view);
  constexpr uint32_t kLanes = kernel::kReductionLanes;
  const ScalarValue identity = ScalarValue::of(reduction.accumulator, reduction.initial);
  KernelValue accumulator = builder_.constant(identity, kLanes);
  IndexVector full(kept.begin(), kept.end());
  const size_t last = reduction.extents.size() - 1;
  size_t opened = 0;
  for (size_t axis = reduction.result_rank; axis < last; ++axis) {
    std::vector<KernelValue> arguments;
    full.push_back(open_loop({.name = "r", .end = at_index(reduction.extents[axis], kept)}, {accumulator}, arguments));
    accumulator = arguments[0];
    ++opened;
  }
  const Dim extent = at_index(reduction.extents[last], kept);
  const Dim whole = bounded(floordiv(extent, kLanes) * kLanes);
  const auto step = [&](const Dim& variable, std::optional<Dim> active, KernelValue sum) {
    set_lanes({kLanes, *variable.as_symbol(), active});
    full.push_back(variable);
    std::vector<KernelValue> elements;
    for (size_t k = 0; k < reduction.operands.size(); ++k) {
      elements.push_back(
          widen(evaluate(view.operand(reduction.operands[k]), at_index(reduction.operand_indices[k], full))));
    }
    KernelValue next = combine(reduction, sum, elements);
    if (active) {
      const KernelValue lane = builder_.index(ElementType::I64, 0, kLanes, 1);
      const KernelValue limit = builder_.index(ElementType::I64, *active, kLanes, 0);
      next = builder_.select(builder_.apply(ScalarOp::Lt, lane, limit), next, sum);
    }
    full.pop_back();
    return next;
  };
  if (!whole.is_constant(0)) {
    std::vector<KernelValue> arguments;
    const Dim i = open_loop({.name = "r", .end = whole, .step = kLanes}, {accumulator}, arguments);
    accumulator = close_loop({step(i, std::nullopt, arguments[0])})[0];
  }
  if (!(whole == extent)) {
    std::vector<KernelValue> arguments;
    const Dim i = open_loop({.name = "r", .begin = whole, .end = extent, .step = kLanes}, {accumulator}, arguments);
    accumulator = close_loop({step(i, extent - i, arguments[0])})[0];
  }
  for (; opened > 0; --opened) accumulator = close_loop({accumulator})[0];
  set_lanes({});
  const KernelValue total = builder_.reduce(reduce_kind(reduction.combine), accumulator);
  remember(module_.graph.node(id).results[0], kept, finish_reduction(view, reduction, total, kept));
}

}  // namespace lathe::lower
