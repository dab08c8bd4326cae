// Row nests: softmax, normalisations and reductions along trailing axes.
#include <algorithm>

#include "compiler/lower/nest.h"

namespace lathe::lower {

using kernel::LoopKind;

namespace {

constexpr uint32_t kLanes = kernel::kReductionLanes;
constexpr int64_t kElementsPerTask = 16384;

// What the Reduce nodes of a group have in common.
struct RowShape {
  Shape full;       ///< shape of what is reduced
  size_t kept = 0;  ///< leading axes that stay; all others are reduced
};

// The axes of the operand that a Reduce node keeps, when those are the leading ones.
std::optional<RowShape> row_shape(const NodeView& view) {
  const Reduction reduction = describe_reduction(view);
  if (reduction.operands.size() != 1 || reduction.operands[0] != 0 || !reduction.finish_operands.empty())
    return std::nullopt;
  const std::vector<Dim>& indices = reduction.operand_indices[0];
  RowShape shape{view.dims(0), 0};
  size_t next_reduced = reduction.result_rank;
  for (size_t axis = 0; axis < indices.size(); ++axis) {
    if (next_reduced < reduction.extents.size() && indices[axis] == axis_symbol(next_reduced)) {
      ++next_reduced;
      continue;
    }
    if (next_reduced != reduction.result_rank) return std::nullopt;
    shape.kept = axis + 1;
  }
  if (shape.kept == indices.size()) return std::nullopt;
  return shape;
}

// The common row shape of all Reduce nodes; nothing when the group isn't a row group.
std::optional<RowShape> common_row_shape(const Module& module, const Group& group) {
  std::optional<RowShape> common;
  for (NodeId id : group.nodes) {
    const ExistingNodeView view(module, id);
    if (form<Reduce>(view.op()) != nullptr) {
      const auto shape = row_shape(view);
      if (!shape) return std::nullopt;
      if (common && (common->full != shape->full || common->kept != shape->kept)) return std::nullopt;
      common = shape;
    } else if (form<Elementwise>(view.op()) == nullptr) {
      return std::nullopt;
    }
  }
  return common;
}

enum class Extent { Full, Reduced, Other };

// Whether a result has the shape of the rows or one number a row.
Extent extent_of(const Shape& dims, const RowShape& row) {
  if (dims == row.full) return Extent::Full;
  if (dims.size() != row.full.size() && dims.size() != row.kept) return Extent::Other;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const bool same = axis < row.kept ? dims[axis] == row.full[axis] : dims[axis].is_constant(1);
    if (!same) return Extent::Other;
  }
  return Extent::Reduced;
}

class RowNest {
 public:
  RowNest(const Module& module, const Group& group, RowShape row, NestBuilder& nest)
      : module_(module), group_(group), row_(std::move(row)), nest_(nest) {}

  void run() {
    Dim row_elements = 1;
    for (size_t axis = row_.kept; axis < row_.full.size(); ++axis) row_elements *= row_.full[axis];
    IndexVector outer;
    Dim inside = row_elements;
    for (size_t axis = 0; axis < row_.kept; ++axis) inside *= row_.full[axis];
    bool parallel = true;
    for (size_t axis = 0; axis < row_.kept; ++axis) {
      if (const auto rest = exact_divide(inside, row_.full[axis])) inside = *rest;
      const int64_t each = std::max<int64_t>(1, module_.symbols.interval(inside).lower);
      const bool spread = parallel && !row_.full[axis].is_constant(1);
      outer.push_back(nest_.open_loop({.name = "i",
                                       .end = row_.full[axis],
                                       .kind = spread ? LoopKind::Parallel : LoopKind::Serial,
                                       .grain = spread ? std::max<int64_t>(1, kElementsPerTask / each) : 1}));
      parallel = parallel && !spread;
    }
    for (NodeId id : group_.nodes) {
      const Node& node = module_.graph.node(id);
      if (form<Reduce>(*node.op) == nullptr) continue;
      nest_.reduce_row(id, kept_index(outer, module_.graph.tensor(node.results[0]).dims));
    }
    bool any_full = false;
    for (const auto& [inner, result] : group_.results) {
      const Shape& dims = module_.graph.tensor(result).dims;
      if (extent_of(dims, row_) == Extent::Full) {
        any_full = true;
      } else {
        const IndexVector index = kept_index(outer, dims);
        nest_.store(result, index, nest_.evaluate(inner, index));
      }
    }
    if (any_full) write_rows(outer);
    for (size_t axis = 0; axis < row_.kept; ++axis) nest_.close_loop();
  }

 private:
  [[nodiscard]] IndexVector kept_index(const IndexVector& outer, const Shape& dims) const {
    IndexVector index;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      index.push_back(axis < outer.size() && !dims[axis].is_constant(1) ? outer[axis] : Dim(0));
    }
    return index;
  }

  void write(const IndexVector& index) {
    for (const auto& [inner, result] : group_.results) {
      if (extent_of(module_.graph.tensor(result).dims, row_) != Extent::Full) continue;
      nest_.store(result, index, nest_.evaluate(inner, index));
    }
  }

  void write_rows(const IndexVector& outer) {
    IndexVector index = outer;
    const size_t last = row_.full.size() - 1;
    for (size_t axis = row_.kept; axis < last; ++axis) {
      index.push_back(nest_.open_loop({.name = "r", .end = row_.full[axis]}));
    }
    const Dim& extent = row_.full[last];
    const Dim whole = nest_.symbols().simplify(floordiv(extent, kLanes) * Dim(kLanes));
    index.push_back(0);
    if (!whole.is_constant(0)) {
      const Dim i = index.back() = nest_.open_loop({.name = "r", .end = whole, .step = kLanes});
      nest_.set_lanes({kLanes, *i.as_symbol(), std::nullopt});
      write(index);
      nest_.close_loop();
    }
    if (!(whole == extent)) {
      const Dim i = index.back() = nest_.open_loop({.name = "r", .begin = whole, .end = extent, .step = kLanes});
      nest_.set_lanes({kLanes, *i.as_symbol(), extent - i});
      write(index);
      nest_.close_loop();
    }
    nest_.set_lanes({});
    for (size_t axis = row_.kept; axis < last; ++axis) nest_.close_loop();
  }

  const Module& module_;
  const Group& group_;
  RowShape row_;
  NestBuilder& nest_;
};

}  // namespace

bool is_row_group(const Module& module, const Group& group) {
  const auto row = common_row_shape(module, group);
  if (!row) return false;
  return std::all_of(group.results.begin(), group.results.end(), [&](const auto& result) {
    return extent_of(module.graph.tensor(result.second).dims, *row) != Extent::Other;
  });
}

LoweredKernel row_kernel(const Module& module, const Placements& placements, const Group& group, std::string name) {
  NestBuilder nest(module, placements, group, std::move(name));
  std::vector<ValueId> results;
  for (const auto& [inner, outer] : group.results) results.push_back(outer);
  nest.declare_results(results);
  RowNest(module, group, *common_row_shape(module, group), nest).run();
  return std::move(nest).finish();
}

}  // namespace lathe::lower
