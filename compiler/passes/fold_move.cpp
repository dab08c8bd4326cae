// Strided copies of constants.
#include "compiler/passes/fold_move.h"

#include <cstring>
#include <vector>

#include "compiler/passes/match.h"

namespace lathe::passes {
namespace {

// A box of the result and the affine address in the operand of its elements, all in elements.
struct StridedPiece {
  const ConstantData* source = nullptr;
  std::vector<int64_t> begin;
  std::vector<int64_t> extent;
  std::vector<int64_t> strides;  ///< of the operand's address along each result axis
  int64_t offset = 0;            ///< address of the box's first element
};

std::optional<StridedPiece> strided(const NodeView& view, const MovePiece& piece) {
  StridedPiece result;
  result.source = view.constant(piece.operand);
  if (result.source == nullptr || result.source->absent) return std::nullopt;
  Dim address = 0;
  Dim stride = 1;
  const Shape& dims = view.dims(piece.operand);
  for (size_t axis = dims.size(); axis-- > 0;) {
    address += piece.index[axis] * stride;
    stride *= dims[axis];
  }
  if (result.source->splat) address = 0;
  for (size_t axis = 0; axis < piece.begin.size(); ++axis) {
    const auto begin = piece.begin[axis].as_constant();
    const auto end = piece.end[axis].as_constant();
    const auto parts = linear_in(address, *axis_symbol(axis).as_symbol());
    if (!begin || !end || !parts || !parts->coefficient.is_constant()) return std::nullopt;
    result.begin.push_back(*begin);
    result.extent.push_back(std::max<int64_t>(*end - *begin, 0));
    result.strides.push_back(parts->coefficient.constant());
    address = parts->rest + parts->coefficient * Dim(*begin);
  }
  const auto offset = address.as_constant();
  if (!offset) return std::nullopt;
  result.offset = *offset;
  return result;
}

// Copies `count` elements of `width` bytes, read `stride` elements apart, to adjacent places.
void copy_row(const std::byte* from, int64_t stride, int64_t count, size_t width, std::byte* to) {
  if (stride == 1) {
    std::memcpy(to, from, static_cast<size_t>(count) * width);
    return;
  }
  const auto step = static_cast<std::ptrdiff_t>(width) * stride;
  for (int64_t i = 0; i < count; ++i, from += step, to += width) std::memcpy(to, from, width);
}

void copy_piece(const StridedPiece& piece, const std::vector<int64_t>& result_strides, size_t width,
                std::byte* result) {
  for (int64_t extent : piece.extent) {
    if (extent == 0) return;
  }
  const size_t rank = piece.extent.size();
  const int64_t row = rank == 0 ? 1 : piece.extent[rank - 1];
  const int64_t row_stride = rank == 0 ? 1 : piece.strides[rank - 1];
  int64_t to = 0;
  for (size_t axis = 0; axis < rank; ++axis) to += piece.begin[axis] * result_strides[axis];
  int64_t from = piece.offset;
  std::vector<int64_t> position(rank, 0);
  while (true) {
    copy_row(piece.source->bytes.data() + from * static_cast<int64_t>(width), row_stride, row, width,
             result + to * static_cast<int64_t>(width));
    // The next row, with the last axis left out.
    size_t axis = rank == 0 ? 0 : rank - 1;
    while (axis-- > 0) {
      from += piece.strides[axis];
      to += result_strides[axis];
      if (++position[axis] < piece.extent[axis]) break;
      from -= piece.strides[axis] * piece.extent[axis];
      to -= result_strides[axis] * piece.extent[axis];
      position[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

}  // namespace

std::optional<ConstantData> move_constants(const Module& module, NodeId node) {
  const ExistingNodeView view(module, node);
  const TensorType& type = view.result();
  if (!type.is_static() || info(type.element).bits < 8) return std::nullopt;
  const MoveMap map = describe_move(view);
  std::vector<StridedPiece> pieces;
  int64_t covered = 0;
  for (const MovePiece& piece : map.pieces) {
    const auto found = strided(view, piece);
    if (!found) return std::nullopt;
    int64_t elements = 1;
    for (int64_t extent : found->extent) elements *= extent;
    covered += elements;
    pieces.push_back(*found);
  }
  const int64_t count = type.element_count().constant();
  if (pieces.size() == 1 && pieces[0].source->splat && covered == count) {
    ConstantData splat = *pieces[0].source;
    splat.type = type;
    return splat;
  }
  const size_t width = info(type.element).bits / 8;
  std::vector<std::byte> bytes(static_cast<size_t>(count) * width);
  if (covered != count && map.fill != 0) {
    const ScalarValue fill = ScalarValue::of(type.element, map.fill);
    for (int64_t i = 0; i < count; ++i) store_element(type.element, bytes.data(), i, fill);
  }
  std::vector<int64_t> strides(type.dims.size());
  int64_t stride = 1;
  for (size_t axis = strides.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= type.dims[axis].constant();
  }
  for (const StridedPiece& piece : pieces) copy_piece(piece, strides, width, bytes.data());
  return owned_constant(type, std::move(bytes));
}

}  // namespace lathe::passes
