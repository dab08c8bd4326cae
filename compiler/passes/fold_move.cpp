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

// One loop of a copy: strides in elements.
struct CopyLoop {
  int64_t extent = 1;
  int64_t from = 0;
  int64_t to = 0;
};

// Loops over the box, outermost first, without those of one step and with neighbours joined that walk on alike.
std::vector<CopyLoop> copy_loops(const StridedPiece& piece, const std::vector<int64_t>& result_strides) {
  std::vector<CopyLoop> loops;
  for (size_t axis = 0; axis < piece.extent.size(); ++axis) {
    const CopyLoop loop{piece.extent[axis], piece.strides[axis], result_strides[axis]};
    if (loop.extent == 1) continue;
    if (!loops.empty() && loops.back().from == loop.from * loop.extent && loops.back().to == loop.to * loop.extent) {
      loops.back() = {loops.back().extent * loop.extent, loop.from, loop.to};
    } else {
      loops.push_back(loop);
    }
  }
  // The two innermost ones are written out.
  while (loops.size() < 2) loops.insert(loops.begin(), CopyLoop{});
  return loops;
}

// `from` may begin at any byte: it may be a weight in a mapped file.
template <class T>
void copy_block(const std::byte* from, const CopyLoop& outer, const CopyLoop& inner, T* to) {
  constexpr auto kWidth = static_cast<int64_t>(sizeof(T));
  for (int64_t i = 0; i < outer.extent; ++i) {
    const std::byte* row = from + i * outer.from * kWidth;
    T* out = to + i * outer.to;
    if (inner.from == 1 && inner.to == 1) {
      std::memcpy(out, row, static_cast<size_t>(inner.extent) * sizeof(T));
      continue;
    }
    for (int64_t j = 0; j < inner.extent; ++j)
      std::memcpy(out + j * inner.to, row + j * inner.from * kWidth, sizeof(T));
  }
}

// The element type is any unsigned one of the right width: only bits move.
template <class T>
void copy_piece(const StridedPiece& piece, const std::vector<int64_t>& result_strides, std::byte* result) {
  for (int64_t extent : piece.extent) {
    if (extent == 0) return;
  }
  const std::vector<CopyLoop> loops = copy_loops(piece, result_strides);
  const size_t walked = loops.size() - 2;
  constexpr auto kWidth = static_cast<int64_t>(sizeof(T));
  const std::byte* from = piece.source->bytes.data() + piece.offset * kWidth;
  T* to = reinterpret_cast<T*>(result);
  for (size_t axis = 0; axis < piece.begin.size(); ++axis) to += piece.begin[axis] * result_strides[axis];
  std::vector<int64_t> position(walked, 0);
  while (true) {
    copy_block(from, loops[walked], loops[walked + 1], to);
    size_t axis = walked;
    while (axis-- > 0) {
      from += loops[axis].from * kWidth;
      to += loops[axis].to;
      if (++position[axis] < loops[axis].extent) break;
      from -= loops[axis].from * loops[axis].extent * kWidth;
      to -= loops[axis].to * loops[axis].extent;
      position[axis] = 0;
    }
    if (axis == static_cast<size_t>(-1)) return;
  }
}

using CopyPiece = void (*)(const StridedPiece&, const std::vector<int64_t>&, std::byte*);

CopyPiece copy_for(size_t width) {
  if (width == 1) return copy_piece<uint8_t>;
  if (width == 2) return copy_piece<uint16_t>;
  if (width == 4) return copy_piece<uint32_t>;
  LATHE_CHECK(width == 8);
  return copy_piece<uint64_t>;
}

}  // namespace

std::optional<ConstantData> move_constants(const Module& module, NodeId node) {
  const ExistingNodeView view(module, node);
  const TensorType& type = view.result();
  if (!type.is_static() || info(type.element).bits < 8) return std::nullopt;
  if (is_op(module.graph.node(node), "reshape")) {
    // The same bytes under another type, wherever they are.
    const ConstantData* source = view.constant(0);
    if (source == nullptr || source->absent) return std::nullopt;
    ConstantData reshaped = *source;
    reshaped.type = type;
    return reshaped;
  }
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
  const CopyPiece copy = copy_for(width);
  for (const StridedPiece& piece : pieces) copy(piece, strides, bytes.data());
  return owned_constant(type, std::move(bytes));
}

}  // namespace lathe::passes
