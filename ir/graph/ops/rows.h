// What the files of op rows share: the families that op.cpp collects, and small helpers for writing rows.
//
// Each family is a function that returns its rows, made once on first use. A new family is declared here and listed in
// op.cpp. Rows are described in op.h; inference helpers in infer.h.
#pragma once

#include <span>
#include <string>
#include <utility>
#include <vector>

#include "ir/graph/infer.h"
#include "ir/graph/op.h"

namespace lathe {

std::span<const OpDef> unary_ops();
std::span<const OpDef> binary_ops();
std::span<const OpDef> conversion_ops();
std::span<const OpDef> activation_ops();
std::span<const OpDef> reduce_ops();
std::span<const OpDef> arg_reduce_ops();
std::span<const OpDef> normalize_ops();
std::span<const OpDef> matmul_ops();
std::span<const OpDef> einsum_ops();
std::span<const OpDef> conv_ops();
std::span<const OpDef> conv_transpose_ops();
std::span<const OpDef> pool_ops();
std::span<const OpDef> reshape_ops();
std::span<const OpDef> move_ops();
std::span<const OpDef> index_ops();
std::span<const OpDef> scatter_ops();
std::span<const OpDef> resize_ops();
std::span<const OpDef> grid_ops();
std::span<const OpDef> irregular_ops();
std::span<const OpDef> recurrent_ops();
std::span<const OpDef> structural_ops();

/// The types of a row with one tensor result.
[[nodiscard]] inline std::vector<Type> one_type(ElementType element, Shape dims) {
  return {Type(TensorType{element, std::move(dims)})};
}

/// The type in which a row of several operations computes: f32 for the narrower floats, else the type itself.
[[nodiscard]] constexpr ElementType wide_type(ElementType element) {
  return is_float(element) && info(element).bits < 32 ? ElementType::F32 : element;
}

/// axis_symbol of each axis of a space with `rank` axes.
[[nodiscard]] inline std::vector<Dim> axis_symbols(size_t rank, size_t first = 0) {
  std::vector<Dim> symbols;
  for (size_t axis = 0; axis < rank; ++axis) symbols.push_back(axis_symbol(first + axis));
  return symbols;
}

/// The axis that an attribute names, in [0, rank): attributes are stored counted from 0. LT0209 otherwise.
[[nodiscard]] inline Result<size_t> stored_axis(InferContext& context, int64_t value, int rank,
                                                std::string_view what = "axis") {
  LATHE_TRY(const size_t axis, context.axis(value, rank, what));
  if (value >= 0) return axis;
  return context
      .error(DiagnosticKind::AxisOutOfRange, "{} {} of `{}` must be counted from 0: {}", what, value, context.op().name,
             axis)
      .emit();
}

/// Checks a list of axes as stored_axis does, and that none comes twice.
[[nodiscard]] inline Result<std::vector<size_t>> stored_axes(InferContext& context, const Integers& values, int rank) {
  for (const int64_t value : values) LATHE_TRY_VOID(stored_axis(context, value, rank));
  return context.axes(values, rank);
}

/// The index on an operand axis of size `size` that is broadcast along an axis with index `index` and size `extent`.
[[nodiscard]] inline Dim broadcast_index(const Dim& size, const Dim& extent, Dim index) {
  return size.is_constant(1) && !extent.is_constant(1) ? Dim(0) : std::move(index);
}

/// Makes `reduction` keep the largest or smallest element of its accumulator's type: combination and identity.
enum class Extremum { Smallest, Largest };
void set_extremum(Reduction& reduction, Extremum extremum);

/// Sets the accumulator and a body that multiplies the elements of all operands of `reduction`, in the accumulator's
/// type.
void set_product_body(const NodeView& node, Reduction& reduction);

}  // namespace lathe
