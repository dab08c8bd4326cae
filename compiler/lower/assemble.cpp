// Concatenations and paddings: the parts that don't lie in place are copied, the rest is filled.
#include <algorithm>

#include "compiler/lower/nest.h"

namespace lathe::lower {

using kernel::LoopKind;

namespace {

constexpr uint32_t kLanes = 16;
constexpr int64_t kRowsPerTask = 16;

// A box of the result.
struct Box {
  std::vector<Dim> begin;
  std::vector<Dim> end;
};

// The result without the box, as disjoint slabs: below and above it on each axis, inside of it on the axes before.
std::vector<Box> slabs_around(const Box& box, const Shape& dims) {
  std::vector<Box> slabs;
  Box rest{std::vector<Dim>(dims.size(), Dim(0)), dims};
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    Box below = rest;
    below.end[axis] = box.begin[axis];
    Box above = rest;
    above.begin[axis] = box.end[axis];
    for (Box& slab : {std::ref(below), std::ref(above)}) {
      if (!(slab.begin[axis] == slab.end[axis])) slabs.push_back(slab);
    }
    rest.begin[axis] = box.begin[axis];
    rest.end[axis] = box.end[axis];
  }
  return slabs;
}

// Walks a box of the result; `write` gets the index, with lanes along the last axis when `lanes` is set.
template <class Write>
void walk(NestBuilder& nest, const Box& box, bool lanes, Write write) {
  const size_t rank = box.begin.size();
  IndexVector index(rank);
  const size_t outer = lanes ? rank - 1 : rank;
  bool parallel = true;
  for (size_t axis = 0; axis < outer; ++axis) {
    const Dim extent = box.end[axis] - box.begin[axis];
    const bool spread = parallel && !extent.is_constant(1);
    index[axis] = nest.open_loop({.name = "i",
                                  .begin = box.begin[axis],
                                  .end = box.end[axis],
                                  .kind = spread ? LoopKind::Parallel : LoopKind::Serial,
                                  .grain = spread ? kRowsPerTask : 1});
    parallel = parallel && !spread;
  }
  if (lanes) {
    const Dim& begin = box.begin[rank - 1];
    const Dim& end = box.end[rank - 1];
    const Dim whole = nest.symbols().simplify(floordiv(end - begin, kLanes) * Dim(kLanes));
    if (!whole.is_constant(0)) {
      const Dim i = index[rank - 1] =
          nest.open_loop({.name = "i", .begin = begin, .end = begin + whole, .step = kLanes});
      nest.set_lanes({kLanes, *i.as_symbol(), std::nullopt});
      write(index);
      nest.close_loop();
    }
    if (!(begin + whole == end)) {
      const Dim i = index[rank - 1] = nest.open_loop({.name = "i", .begin = begin + whole, .end = end, .step = kLanes});
      nest.set_lanes({kLanes, *i.as_symbol(), end - i});
      write(index);
      nest.close_loop();
    }
    nest.set_lanes({});
  } else {
    write(index);
  }
  for (size_t axis = 0; axis < outer; ++axis) nest.close_loop();
}

// True when the operand's window is read at a constant stride along the result's last axis.
bool piece_is_linear(const Module& module, const Placements& placements, const MovePiece& piece, ValueId operand,
                     size_t rank) {
  if (rank == 0) return false;
  SymbolTable symbols = module.symbols;
  for (size_t axis = 0; axis < rank; ++axis) {
    symbols.declare(*axis_symbol(axis).as_symbol(), piece.begin[axis], piece.end[axis] - 1);
  }
  const Placement& window = placements.at(operand);
  Dim address = 0;
  for (size_t axis = 0; axis < piece.index.size(); ++axis) address += piece.index[axis] * window.strides[axis];
  const auto parts = linear_in(symbols.simplify(address), *axis_symbol(rank - 1).as_symbol());
  return parts && parts->coefficient.is_constant();
}

}  // namespace

std::optional<LoweredKernel> assemble_kernel(const Module& module, const Placements& placements, const Group& group,
                                             std::string name) {
  const NodeId id = group.nodes[0];
  const ExistingNodeView view(module, id);
  const MoveMap map = describe_move(view);
  const ValueId result = module.graph.node(id).results[0];
  const Shape& dims = view.result().dims;
  NestBuilder nest(module, placements, group, std::move(name));
  nest.declare_results({result});
  bool writes = false;
  for (size_t k = 0; k < map.pieces.size(); ++k) {
    const MovePiece& piece = map.pieces[k];
    const ValueId operand = view.operand(piece.operand);
    if (placements.lies_in(operand, result, k)) continue;
    const bool lanes = piece_is_linear(module, placements, piece, operand, dims.size());
    walk(nest, Box{piece.begin, piece.end}, lanes, [&](const IndexVector& index) {
      nest.store(result, index, nest.evaluate(operand, at_index(piece.index, index)));
    });
    writes = true;
  }
  if (map.pieces.size() == 1) {
    const ElementType element = view.result().element;
    const ScalarValue fill = is_float(element) ? ScalarValue::of(element, map.fill)
                                               : ScalarValue::of_integer(element, static_cast<int64_t>(map.fill));
    for (const Box& slab : slabs_around(Box{map.pieces[0].begin, map.pieces[0].end}, dims)) {
      walk(nest, slab, !dims.empty(), [&](const IndexVector& index) { nest.store_number(result, index, fill); });
      writes = true;
    }
  }
  if (!writes) return std::nullopt;
  return std::move(nest).finish();
}

}  // namespace lathe::lower
