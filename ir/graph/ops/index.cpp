// Rows that read at positions which other operands hold: gather, gather_elements, gather_nd. Definitions: ONNX,
// opset 13.
#include <fmt/format.h>

#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

constexpr ElementSet kIndex = set_of(ElementType::I32) | set_of(ElementType::I64);

// An index that is known at compile time must lie in the axis.
Status check_known_indices(InferContext& context, const Dim& extent, size_t axis) {
  const Shape* known = context.known(1);
  const auto size = extent.as_constant();
  if (known == nullptr || !size) return {};
  for (const Dim& index : *known) {
    const auto value = index.as_constant();
    if (!value || (*value >= -*size && *value < *size)) continue;
    return context
        .error(DiagnosticKind::IndexOutOfRange, "`{}` reads index {} of axis {} of {}, which has {} elements: `{}`",
               context.op().name, *value, axis, context.operand_text(0), *size, text(context.tensor(0)))
        .explain(context.origins(), extent)
        .emit();
  }
  return {};
}

Result<std::vector<Type>> infer_gather(InferContext& context) {
  const TensorType& data = context.tensor(0);
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), data.rank()));
  LATHE_TRY_VOID(check_known_indices(context, data.dims[axis], axis));
  const auto at = data.dims.begin() + static_cast<std::ptrdiff_t>(axis);
  Shape result(data.dims.begin(), at);
  result.insert(result.end(), context.dims(1).begin(), context.dims(1).end());
  result.insert(result.end(), at + 1, data.dims.end());
  return one_type(data.element, std::move(result));
}

void describe_gather(const NodeView& node, IndexMap& map) {
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const size_t index_rank = node.dims(1).size();
  const size_t rank = node.dims(0).size();
  map.bindings = {{"%g0", 1, axis_symbols(index_rank, axis), node.dims(0)[axis]}};
  map.index = axis_symbols(axis);
  map.index.push_back(Dim::symbol("%g0"));
  for (size_t i = axis + 1; i < rank; ++i) map.index.push_back(axis_symbol(i - 1 + index_rank));
}

Result<std::vector<Type>> infer_gather_elements(InferContext& context) {
  const TensorType& data = context.tensor(0);
  LATHE_TRY(const size_t axis, stored_axis(context, context.integer("axis"), data.rank()));
  LATHE_TRY_VOID(context.require_rank(1, data.rank()));
  LATHE_TRY_VOID(check_known_indices(context, data.dims[axis], axis));
  for (size_t i = 0; i < data.dims.size(); ++i) {
    if (i == axis) continue;
    const std::string message = fmt::format(
        "`gather_elements` along axis {} takes indices within the other axes of {}: `{}` is larger than `{}` on axis "
        "{}",
        axis, context.operand_text(0), text(context.tensor(1)), text(data), i);
    LATHE_TRY_VOID(context.require_le(DiagnosticKind::ShapeMismatch, context.dims(1)[i], data.dims[i], message));
  }
  return one_type(data.element, context.dims(1));
}

void describe_gather_elements(const NodeView& node, IndexMap& map) {
  const auto axis = static_cast<size_t>(node.integer("axis"));
  map.index = axis_symbols(node.dims(0).size());
  map.bindings = {{"%g0", 1, map.index, node.dims(0)[axis]}};
  map.index[axis] = Dim::symbol("%g0");
}

Result<std::vector<Type>> infer_gather_nd(InferContext& context) {
  const TensorType& data = context.tensor(0);
  const TensorType& indices = context.tensor(1);
  const int64_t batch = context.integer("batch_dims");
  LATHE_TRY_VOID(context.require_rank_at_least(0, 1));
  LATHE_TRY_VOID(context.require_rank_at_least(1, 1));
  if (batch < 0 || batch >= data.rank() || batch >= indices.rank()) {
    return context
        .error(DiagnosticKind::AxisOutOfRange, "`batch_dims` of `gather_nd` is {}; {} has {} axes, {} has {}", batch,
               context.operand_text(0), data.rank(), context.operand_text(1), indices.rank())
        .emit();
  }
  const auto length = indices.dims.back().as_constant();
  if (!length || *length < 1 || *length > data.rank() - batch) {
    return context
        .error(DiagnosticKind::ShapeMismatch,
               "the last axis of the indices {} (`{}`) of `gather_nd` holds positions: it needs 1 to {} elements, as "
               "{} has {} "
               "axes and `batch_dims` is {}",
               context.operand_text(1), text(indices), data.rank() - batch, context.operand_text(0), data.rank(), batch)
        .emit();
  }
  for (size_t i = 0; i < static_cast<size_t>(batch); ++i) {
    const std::string message =
        fmt::format("batch axis {} of `gather_nd` differs: `{}` and `{}`", i, text(data), text(indices));
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, data.dims[i], indices.dims[i], message));
  }
  Shape result(indices.dims.begin(), indices.dims.end() - 1);
  result.insert(result.end(), data.dims.begin() + batch + *length, data.dims.end());
  return one_type(data.element, std::move(result));
}

void describe_gather_nd(const NodeView& node, IndexMap& map) {
  const auto batch = static_cast<size_t>(node.integer("batch_dims"));
  const size_t outer = node.dims(1).size() - 1;
  const auto length = static_cast<size_t>(node.dims(1).back().constant());
  map.index = axis_symbols(batch);
  for (size_t k = 0; k < length; ++k) {
    const std::string symbol = fmt::format("%g{}", k);
    std::vector<Dim> at = axis_symbols(outer);
    at.emplace_back(static_cast<int64_t>(k));
    map.bindings.push_back({symbol, 1, std::move(at), node.dims(0)[batch + k]});
    map.index.push_back(Dim::symbol(symbol));
  }
  for (size_t i = batch + length; i < node.dims(0).size(); ++i) {
    map.index.push_back(axis_symbol(outer + i - batch - length));
  }
}

OpDef row(std::string_view name, std::string_view doc, std::string_view indices_doc, AttributeDef attribute,
          InferFunction infer, DescribeIndex describe) {
  return {.name = name,
          .doc = doc,
          .operands = {{"data", kAnyElement, OperandKind::Required, "what is read"},
                       {"indices", kIndex, OperandKind::Required, indices_doc}},
          .attributes = {attribute},
          .infer = infer,
          .semantics = Index{describe}};
}

}  // namespace

std::span<const OpDef> index_ops() {
  static const std::vector<OpDef> rows = {
      row("gather", "slices of data along an axis, chosen by indices: data[..., indices[...], ...]",
          "positions on the axis; negative ones count from its end",
          {"axis", AttributeKind::Integer, int64_t{0}, "the axis of data to choose from"}, infer_gather,
          describe_gather),
      row("gather_elements", "for each index, the element of data at the same place except for that index on the axis",
          "positions on the axis, as many axes as data; negative ones count from its end",
          {"axis", AttributeKind::Integer, int64_t{0}, "the axis of data to choose from"}, infer_gather_elements,
          describe_gather_elements),
      row("gather_nd", "slices of data at the positions that the last axis of indices spells",
          "[..., k]: positions on the k axes of data behind the batch axes; negative ones count from the end",
          {"batch_dims", AttributeKind::Integer, int64_t{0}, "how many leading axes data and indices share"},
          infer_gather_nd, describe_gather_nd),
  };
  return rows;
}

}  // namespace lathe
