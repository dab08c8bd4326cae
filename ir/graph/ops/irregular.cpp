// Rows whose results depend on data in ways that no index map says: topk, cumsum, cumprod, nonzero,
// non_max_suppression.
//
// Definitions: ONNX TopK (24), CumSum (14), CumProd (26), NonZero (13), NonMaxSuppression (11).
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include "ir/graph/ops/reference.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

// ---- topk

Result<std::vector<Type>> infer_topk(InferContext& context) {
  const TensorType& x = context.tensor(0);
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), x.rank()));
  const Dim& k = context.dim("k");
  const std::string message =
      fmt::format("`topk` takes {} of axis {} of {}, which has {} elements: `{}`", k.python_text(), axis,
                  context.operand_text(0), x.dims[axis].python_text(), text(x));
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::IndexOutOfRange, 0, k, message));
  LATHE_TRY_VOID(context.require_le(DiagnosticKind::IndexOutOfRange, k, x.dims[axis], message));
  Shape result = x.dims;
  result[axis] = k.origin().valid() ? k : context.declared(k, "k of `topk`");
  return std::vector<Type>{TensorType{x.element, result}, TensorType{ElementType::I64, result}};
}

Status topk_reference(const NodeView& node, std::span<const HostTensor* const> operands, std::span<HostTensor> results,
                      Diagnostics&) {
  const HostTensor& x = *operands[0];
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const bool largest = node.boolean("largest");
  const AxisSplit split = split_at(x.type, axis);
  const AxisSplit result = split_at(results[0].type, axis);
  allocate(results[0]);
  allocate(results[1]);
  std::vector<ScalarValue> values(static_cast<size_t>(split.size));
  std::vector<int64_t> order(values.size());
  // A NaN counts as larger than every number; equal elements keep their order.
  const auto before = [&](int64_t a, int64_t b) {
    const ScalarValue& left = values[static_cast<size_t>(largest ? a : b)];
    const ScalarValue& right = values[static_cast<size_t>(largest ? b : a)];
    if (is_float(left.type) && (std::isnan(left.real) || std::isnan(right.real))) {
      return std::isnan(left.real) && !std::isnan(right.real);
    }
    return compare_numbers(left, right) > 0;
  };
  for (int64_t outer = 0; outer < split.outer; ++outer) {
    for (int64_t inner = 0; inner < split.inner; ++inner) {
      for (int64_t i = 0; i < split.size; ++i) {
        values[static_cast<size_t>(i)] = load_element(x.type.element, x.bytes.data(), split.at(outer, i, inner));
      }
      std::iota(order.begin(), order.end(), int64_t{0});
      std::sort(order.begin(), order.end(),
                [&](int64_t a, int64_t b) { return before(a, b) || (!before(b, a) && a < b); });
      for (int64_t i = 0; i < result.size; ++i) {
        const int64_t chosen = order[static_cast<size_t>(i)];
        copy_element(x, split.at(outer, chosen, inner), results[0], result.at(outer, i, inner));
        store_element(ElementType::I64, results[1].bytes.data(), result.at(outer, i, inner),
                      ScalarValue::of_integer(ElementType::I64, chosen));
      }
    }
  }
  return {};
}

// ---- cumsum, cumprod

Result<std::vector<Type>> infer_running(InferContext& context) {
  LATHE_TRY_VOID(stored_axis(context, context.integer("axis"), context.tensor(0).rank()));
  return infer_same_as_first(context);
}

/// Combines all elements up to each one with `kCombine`, from the number that changes nothing on.
template <ScalarOp kCombine>
Status running_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                         std::span<HostTensor> results, Diagnostics&) {
  static_assert(kCombine == ScalarOp::Add || kCombine == ScalarOp::Mul);
  const HostTensor& x = *operands[0];
  const ElementType element = x.type.element;
  const ElementType wide = wide_type(element);
  const bool exclusive = node.boolean("exclusive");
  const bool reverse = node.boolean("reverse");
  const AxisSplit split = split_at(x.type, static_cast<size_t>(node.integer("axis")));
  allocate(results[0]);
  for (int64_t outer = 0; outer < split.outer; ++outer) {
    for (int64_t inner = 0; inner < split.inner; ++inner) {
      ScalarValue total = ScalarValue::of(wide, kCombine == ScalarOp::Add ? 0.0 : 1.0);
      for (int64_t i = 0; i < split.size; ++i) {
        const int64_t at = split.at(outer, reverse ? split.size - 1 - i : i, inner);
        const ScalarValue value = load_element(element, x.bytes.data(), at);
        const ScalarValue terms[] = {total, evaluate_op(ScalarOp::Cast, wide, std::span(&value, 1))};
        const ScalarValue next = evaluate_op(kCombine, wide, terms);
        const ScalarValue& shown = exclusive ? total : next;
        store_element(element, results[0].bytes.data(), at, evaluate_op(ScalarOp::Cast, element, std::span(&shown, 1)));
        total = next;
      }
    }
  }
  return {};
}

// ---- nonzero

Result<std::vector<Type>> infer_nonzero(InferContext& context) {
  const Dim count = context.fresh_symbol("nonzero", 0, context.tensor(0).element_count());
  return one_type(ElementType::I64, {Dim(context.tensor(0).rank()), count});
}

Status nonzero_reference(const NodeView&, std::span<const HostTensor* const> operands, std::span<HostTensor> results,
                         Diagnostics&) {
  const HostTensor& x = *operands[0];
  const std::vector<int64_t> dims = static_dims(x.type);
  const int64_t count = x.type.element_count().constant();
  std::vector<std::vector<int64_t>> found;
  std::vector<int64_t> position(dims.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    if (!load_element(x.type.element, x.bytes.data(), i).is_zero()) found.push_back(position);
    advance(position, dims);
  }
  const auto columns = static_cast<int64_t>(found.size());
  results[0].type = TensorType{ElementType::I64, {Dim(static_cast<int64_t>(dims.size())), Dim(columns)}};
  allocate(results[0]);
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    for (size_t i = 0; i < found.size(); ++i) {
      store_element(ElementType::I64, results[0].bytes.data(),
                    static_cast<int64_t>(axis) * columns + static_cast<int64_t>(i),
                    ScalarValue::of_integer(ElementType::I64, found[i][axis]));
    }
  }
  return {};
}

// ---- non_max_suppression

Result<std::vector<Type>> infer_non_max_suppression(InferContext& context) {
  LATHE_TRY_VOID(context.require_rank(0, 3));
  LATHE_TRY_VOID(context.require_rank(1, 3));
  const Shape& boxes = context.dims(0);
  const Shape& scores = context.dims(1);
  const std::string shapes =
      fmt::format("`non_max_suppression` takes boxes [B, N, 4] and scores [B, C, N], not `{}` and `{}`",
                  text(context.tensor(0)), text(context.tensor(1)));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, boxes[2], 4, shapes));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, boxes[0], scores[0], shapes));
  LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, boxes[1], scores[2], shapes));
  for (size_t i = 2; i < context.operand_count(); ++i) {
    if (!context.has_operand(i)) continue;
    const std::string message =
        fmt::format("`{}` {} of `non_max_suppression` has more than one element: `{}`", context.op().operands[i].name,
                    context.operand_text(i), text(context.tensor(i)));
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, context.tensor(i).element_count(), 1, message));
  }
  return one_type(ElementType::I64, {context.fresh_symbol("boxes", 0, product(scores)), Dim(3)});
}

struct Box {
  double low[2];
  double high[2];
};

Box read_box(const HostTensor& boxes, int64_t index, bool centred) {
  double corner[4];
  for (int64_t i = 0; i < 4; ++i) corner[i] = load_element(ElementType::F32, boxes.bytes.data(), index * 4 + i).real;
  if (centred) {
    // x, y, width, height
    return {{corner[1] - corner[3] / 2, corner[0] - corner[2] / 2},
            {corner[1] + corner[3] / 2, corner[0] + corner[2] / 2}};
  }
  return {{std::min(corner[0], corner[2]), std::min(corner[1], corner[3])},
          {std::max(corner[0], corner[2]), std::max(corner[1], corner[3])}};
}

double area(const Box& box) { return (box.high[0] - box.low[0]) * (box.high[1] - box.low[1]); }

double intersection_over_union(const Box& a, const Box& b) {
  double common = 1;
  for (int i = 0; i < 2; ++i) common *= std::max(0.0, std::min(a.high[i], b.high[i]) - std::max(a.low[i], b.low[i]));
  const double all = area(a) + area(b) - common;
  return all > 0 ? common / all : 0;
}

Status non_max_suppression_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                                     std::span<HostTensor> results, Diagnostics&) {
  const HostTensor& boxes = *operands[0];
  const HostTensor& scores = *operands[1];
  const auto given = [&](size_t i) { return operands.size() > i && operands[i] != nullptr; };
  const int64_t most = given(2) ? integer_at(*operands[2], 0) : 0;
  const double overlap = given(3) ? load_element(ElementType::F32, operands[3]->bytes.data(), 0).real : 0.0;
  const bool centred = node.boolean("center_point_box");
  const std::vector<int64_t> dims = static_dims(scores.type);
  std::vector<int64_t> selected;
  for (int64_t batch = 0; batch < dims[0]; ++batch) {
    for (int64_t group = 0; group < dims[1]; ++group) {
      std::vector<std::pair<double, int64_t>> candidates;
      for (int64_t i = 0; i < dims[2]; ++i) {
        const double score =
            load_element(ElementType::F32, scores.bytes.data(), (batch * dims[1] + group) * dims[2] + i).real;
        if (std::isnan(score)) continue;
        if (!given(4) || score > load_element(ElementType::F32, operands[4]->bytes.data(), 0).real) {
          candidates.emplace_back(score, i);
        }
      }
      std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
        return a.first != b.first ? a.first > b.first : a.second < b.second;
      });
      std::vector<Box> kept;
      for (const auto& [score, index] : candidates) {
        if (static_cast<int64_t>(kept.size()) >= most) break;
        const Box box = read_box(boxes, batch * dims[2] + index, centred);
        const bool covered = std::any_of(
            kept.begin(), kept.end(), [&](const Box& other) { return intersection_over_union(box, other) > overlap; });
        if (covered) continue;
        kept.push_back(box);
        selected.insert(selected.end(), {batch, group, index});
      }
    }
  }
  results[0].type = TensorType{ElementType::I64, {Dim(static_cast<int64_t>(selected.size() / 3)), Dim(3)}};
  allocate(results[0]);
  for (size_t i = 0; i < selected.size(); ++i) {
    store_element(ElementType::I64, results[0].bytes.data(), static_cast<int64_t>(i),
                  ScalarValue::of_integer(ElementType::I64, selected[i]));
  }
  return {};
}

}  // namespace

std::span<const OpDef> irregular_ops() {
  constexpr ElementSet kF32 = set_of(ElementType::F32);
  static const std::vector<OpDef> rows = {
      {.name = "topk",
       .doc = "the k largest or smallest elements along an axis, best first, and their indices; of equals, the first",
       .operands = {{"x", kAnyNumber, OperandKind::Required, "the tensor to search"}},
       .attributes = {{"k", AttributeKind::Dim, Required{}, "how many"},
                      {"axis", AttributeKind::Integer, Required{}, "the axis to search, counted from 0"},
                      {"largest", AttributeKind::Boolean, true, "the largest; else the smallest"},
                      {"sorted", AttributeKind::Boolean, true, "whether the order counts; they are always sorted"}},
       .infer = infer_topk,
       .semantics = Call{"", topk_reference},
       .results = 2},
      {.name = "cumsum",
       .doc = "the sum of all elements up to each one along an axis; in f32 for narrower floats, integers wrap",
       .operands = {{"x", kAnyNumber, OperandKind::Required, "the tensor to sum"}},
       .attributes = {{"axis", AttributeKind::Integer, Required{}, "the axis to go along, counted from 0"},
                      {"exclusive", AttributeKind::Boolean, false, "each sum leaves its own element out"},
                      {"reverse", AttributeKind::Boolean, false, "go from the end"}},
       .exactness = Exactness::Reordered,
       .infer = infer_running,
       .semantics = Call{"cumsum", running_reference<ScalarOp::Add>}},
      {.name = "cumprod",
       .doc = "the product of all elements up to each one along an axis; in f32 for narrower floats, integers wrap",
       .operands = {{"x", kAnyNumber, OperandKind::Required, "the tensor to multiply"}},
       .attributes = {{"axis", AttributeKind::Integer, Required{}, "the axis to go along, counted from 0"},
                      {"exclusive", AttributeKind::Boolean, false, "each product leaves its own element out"},
                      {"reverse", AttributeKind::Boolean, false, "go from the end"}},
       .exactness = Exactness::Reordered,
       .infer = infer_running,
       .semantics = Call{"cumprod", running_reference<ScalarOp::Mul>}},
      {.name = "nonzero",
       .doc = "the positions of all elements that aren't 0, one a column, in row-major order",
       .operands = {{"x", kAnyNumber | kBoolean, OperandKind::Required, "the tensor to search"}},
       .attributes = {},
       .infer = infer_nonzero,
       .semantics = Call{"", nonzero_reference}},
      {.name = "non_max_suppression",
       .doc = "the best boxes of each class that don't overlap a better one: rows of batch, class, box",
       .operands = {{"boxes", kF32, OperandKind::Required, "[B, N, 4]: two opposite corners"},
                    {"scores", kF32, OperandKind::Required, "[B, C, N]"},
                    {"max_output_boxes", set_of(ElementType::I64), OperandKind::Optional,
                     "most for each class; absent: 0"},
                    {"iou_threshold", kF32, OperandKind::Optional,
                     "largest allowed intersection over union; absent: 0"},
                    {"score_threshold", kF32, OperandKind::Optional, "scores must be larger; absent: any"}},
       .attributes = {{"center_point_box", AttributeKind::Boolean, false,
                       "boxes are x, y, width, height of their centre"}},
       .infer = infer_non_max_suppression,
       .semantics = Call{"", non_max_suppression_reference}},
  };
  return rows;
}

}  // namespace lathe
