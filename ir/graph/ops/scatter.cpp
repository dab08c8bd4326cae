// Rows that write at positions which an operand holds: scatter_elements, scatter_nd. Definitions: ONNX, opset 18.
//
// Updates apply in row-major order of the indices, so that the last of several to one position wins for `none`.
#include <fmt/format.h>

#include "ir/graph/ops/reference.h"
#include "ir/graph/ops/rows.h"

namespace lathe {
namespace {

constexpr ElementSet kIndex = set_of(ElementType::I32) | set_of(ElementType::I64);

Result<std::vector<Type>> infer_scatter_elements(InferContext& context) {
  const TensorType& data = context.tensor(0);
  LATHE_TRY_VOID(stored_axis(context, context.integer("axis"), data.rank()));
  LATHE_TRY_VOID(context.require_rank(1, data.rank()));
  LATHE_TRY_VOID(context.require_rank(2, data.rank()));
  if (context.tensor(2).element != data.element) {
    return context
        .error(DiagnosticKind::ElementTypeMismatch, "`scatter_elements` writes {} (`{}`) into {} (`{}`)",
               context.operand_text(2), text(context.tensor(2)), context.operand_text(0), text(data))
        .emit();
  }
  for (size_t i = 0; i < data.dims.size(); ++i) {
    const std::string message =
        fmt::format("indices and updates of `scatter_elements` differ on axis {}: `{}` and `{}`", i,
                    text(context.tensor(1)), text(context.tensor(2)));
    LATHE_TRY_VOID(
        context.require_equal(DiagnosticKind::ShapeMismatch, context.dims(1)[i], context.dims(2)[i], message));
  }
  return infer_same_as_first(context);
}

Result<std::vector<Type>> infer_scatter_nd(InferContext& context) {
  const TensorType& data = context.tensor(0);
  const TensorType& indices = context.tensor(1);
  const TensorType& updates = context.tensor(2);
  LATHE_TRY_VOID(context.require_rank_at_least(0, 1));
  LATHE_TRY_VOID(context.require_rank_at_least(1, 1));
  if (updates.element != data.element) {
    return context
        .error(DiagnosticKind::ElementTypeMismatch, "`scatter_nd` writes {} (`{}`) into {} (`{}`)",
               context.operand_text(2), text(updates), context.operand_text(0), text(data))
        .emit();
  }
  const auto length = indices.dims.back().as_constant();
  if (!length || *length < 1 || *length > data.rank()) {
    return context
        .error(
            DiagnosticKind::ShapeMismatch,
            "the last axis of the indices {} (`{}`) of `scatter_nd` holds positions in `{}`: it needs 1 to {} elements",
            context.operand_text(1), text(indices), text(data), data.rank())
        .emit();
  }
  Shape wanted(indices.dims.begin(), indices.dims.end() - 1);
  wanted.insert(wanted.end(), data.dims.begin() + *length, data.dims.end());
  const std::string message =
      fmt::format("the updates {} of `scatter_nd` are `{}`; indices `{}` into `{}` need the shape `{}`",
                  context.operand_text(2), text(updates), text(indices), text(data), text(wanted));
  if (updates.dims.size() != wanted.size()) {
    return context.error(DiagnosticKind::RankMismatch, "{}", message).emit();
  }
  for (size_t i = 0; i < wanted.size(); ++i) {
    LATHE_TRY_VOID(context.require_equal(DiagnosticKind::ShapeMismatch, updates.dims[i], wanted[i], message));
  }
  return infer_same_as_first(context);
}

// The index in [0, extent) for one that may be negative; a diagnostic when it is out of range.
Result<int64_t> checked_index(const NodeView& node, int64_t index, int64_t extent, size_t axis,
                              Diagnostics& diagnostics) {
  if (index >= -extent && index < extent) return index < 0 ? index + extent : index;
  return diagnostics
      .report(DiagnosticKind::IndexOutOfRange, node.draft().location,
              "`{}` writes index {} of axis {}, which has {} elements", node.op().name, index, axis, extent)
      .layer(node.draft().name)
      .emit();
}

// Combines update element `from` into result element `to`.
void update_element(const std::string& reduction, const HostTensor& updates, int64_t from, HostTensor& result,
                    int64_t to) {
  if (reduction == "none") {
    copy_element(updates, from, result, to);
    return;
  }
  const ElementType element = result.type.element;
  const ScalarOp op = reduction == "add"   ? ScalarOp::Add
                      : reduction == "mul" ? ScalarOp::Mul
                      : reduction == "min" ? ScalarOp::Min
                                           : ScalarOp::Max;
  const ScalarValue values[] = {load_element(element, result.bytes.data(), to),
                                load_element(element, updates.bytes.data(), from)};
  store_element(element, result.bytes.data(), to, evaluate_op(op, element, values));
}

Status check_reduction(const NodeView& node, Diagnostics& diagnostics) {
  const ElementType element = node.tensor(0).element;
  if (node.string("reduction") == "none" || (element != ElementType::String && element != ElementType::Boolean))
    return {};
  return diagnostics
      .report(DiagnosticKind::Unsupported, node.draft().location, "`{}` with reduction \"{}\" of `{}` elements",
              node.op().name, node.string("reduction"), text(element))
      .layer(node.draft().name)
      .emit();
}

Status scatter_elements_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                                  std::span<HostTensor> results, Diagnostics& diagnostics) {
  LATHE_TRY_VOID(check_reduction(node, diagnostics));
  const HostTensor& indices = *operands[1];
  HostTensor& result = results[0];
  result.bytes = operands[0]->bytes;
  result.strings = operands[0]->strings;
  const std::string& reduction = node.string("reduction");
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const std::vector<int64_t> dims = static_dims(result.type);
  const std::vector<int64_t> strides = row_major_strides(dims);
  const std::vector<int64_t> index_dims = static_dims(indices.type);
  const int64_t count = indices.type.element_count().constant();
  std::vector<int64_t> position(index_dims.size(), 0);
  for (int64_t i = 0; i < count; ++i) {
    int64_t to = 0;
    for (size_t k = 0; k < dims.size(); ++k) {
      const int64_t wanted = k == axis ? integer_at(indices, i) : position[k];
      LATHE_TRY(const int64_t index, checked_index(node, wanted, dims[k], k, diagnostics));
      to += index * strides[k];
    }
    update_element(reduction, *operands[2], i, result, to);
    advance(position, index_dims);
  }
  return {};
}

Status scatter_nd_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                            std::span<HostTensor> results, Diagnostics& diagnostics) {
  LATHE_TRY_VOID(check_reduction(node, diagnostics));
  const HostTensor& indices = *operands[1];
  HostTensor& result = results[0];
  result.bytes = operands[0]->bytes;
  result.strings = operands[0]->strings;
  const std::string& reduction = node.string("reduction");
  const std::vector<int64_t> dims = static_dims(result.type);
  const std::vector<int64_t> strides = row_major_strides(dims);
  const auto length = static_cast<size_t>(indices.type.dims.back().constant());
  const int64_t slice = strides[length - 1];
  const int64_t count = indices.type.element_count().constant() / static_cast<int64_t>(length);
  for (int64_t i = 0; i < count; ++i) {
    int64_t to = 0;
    for (size_t k = 0; k < length; ++k) {
      const int64_t wanted = integer_at(indices, i * static_cast<int64_t>(length) + static_cast<int64_t>(k));
      LATHE_TRY(const int64_t index, checked_index(node, wanted, dims[k], k, diagnostics));
      to += index * strides[k];
    }
    for (int64_t j = 0; j < slice; ++j) update_element(reduction, *operands[2], i * slice + j, result, to + j);
  }
  return {};
}

}  // namespace

std::span<const OpDef> scatter_ops() {
  static constexpr std::string_view kReductions[] = {"none", "add", "mul", "min", "max"};
  const AttributeDef reduction = {"reduction", AttributeKind::String, std::string_view("none"),
                                  "how an update meets what is there; `none` replaces it", kReductions};
  const OperandDef data = {"data", kAnyElement, OperandKind::Required, "what is changed"};
  static const std::vector<OpDef> rows = {
      {.name = "scatter_elements",
       .doc = "data with updates written to the same places except for the index on the axis",
       .operands = {data,
                    {"indices", kIndex, OperandKind::Required, "positions on the axis, as many axes as data"},
                    {"updates", kAnyElement, OperandKind::Required, "what is written, of the shape of indices"}},
       .attributes = {{"axis", AttributeKind::Integer, int64_t{0}, "the axis that indices name"}, reduction},
       .infer = infer_scatter_elements,
       .semantics = Call{"scatter_elements", scatter_elements_reference}},
      {.name = "scatter_nd",
       .doc = "data with slices written at the positions that the last axis of indices spells",
       .operands = {data,
                    {"indices", kIndex, OperandKind::Required, "[..., k]: positions on the first k axes of data"},
                    {"updates", kAnyElement, OperandKind::Required, "[..., and the axes of data behind the first k]"}},
       .attributes = {reduction},
       .infer = infer_scatter_nd,
       .semantics = Call{"scatter_nd", scatter_nd_reference}},
  };
  return rows;
}

}  // namespace lathe
