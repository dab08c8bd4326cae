// Loops over result elements: axes are merged where every access allows, lanes run along the last one.
#include <algorithm>

#include "compiler/lower/nest.h"

namespace lathe::lower {

using kernel::LoopKind;

namespace {

constexpr uint32_t kLanes = 16;
constexpr int64_t kElementsPerTask = 16384;

// A loop over one or more merged axes of the result; indices of all but the last one stay at 0.
struct Run {
  std::vector<size_t> axes;
  Dim extent = 1;
};

bool only_elementwise(const Module& module, const Group& group) {
  return std::all_of(group.nodes.begin(), group.nodes.end(), [&](NodeId id) {
    const ExistingNodeView view(module, id);
    if (form<Elementwise>(view.op()) == nullptr) return false;
    return elementwise_body(view).argument_count() <= view.operand_count();
  });
}

// True when a walk over axes a and b as one is a walk of constant stride through the window.
bool merges(const Shape& dims, const Placement& window, const Shape& result, size_t a, size_t b) {
  const size_t missing = result.size() - dims.size();
  const auto absent = [&](size_t axis) { return axis < missing || dims[axis - missing].is_constant(1); };
  if (absent(a) && absent(b)) return true;
  if (absent(a) || absent(b)) return false;
  return window.strides[a - missing] == window.strides[b - missing] * result[b];
}

bool axes_merge(const Module& module, const Placements& placements, const Group& group, const Shape& result, size_t a,
                size_t b) {
  for (const auto& [inner, outer] : group.results) {
    if (!merges(module.graph.tensor(outer).dims, placements.at(outer), result, a, b)) return false;
  }
  for (NodeId node : group.nodes) {
    for (ValueId operand : module.graph.node(node).operands) {
      if (!operand.valid() || group.producer(module.graph, operand).valid()) continue;
      if (uniform_leaf(module, group, operand)) continue;
      const ValueId outer = group.outside(operand);
      if (!merges(module.graph.tensor(outer).dims, placements.at(outer), result, a, b)) return false;
    }
  }
  return true;
}

std::vector<Run> make_runs(const Module& module, const Placements& placements, const Group& group, const Shape& dims) {
  const bool may_merge = only_elementwise(module, group);
  std::vector<Run> runs;
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    if (dims[axis].is_constant(1)) continue;
    if (may_merge && !runs.empty() && axes_merge(module, placements, group, dims, runs.back().axes.back(), axis)) {
      runs.back().axes.push_back(axis);
      runs.back().extent *= dims[axis];
    } else {
      runs.push_back({{axis}, dims[axis]});
    }
  }
  return runs;
}

// True when every access is linear along `axis` of the results.
bool lanes_fit(const Module& module, const Placements& placements, const Group& group, const Shape& dims, size_t axis) {
  SymbolTable symbols = module.symbols;
  IndexVector index(dims.size());
  for (size_t i = 0; i < dims.size(); ++i) {
    index[i] = dims[i].is_constant(1) ? Dim(0) : axis_symbol(i);
    symbols.declare(*axis_symbol(i).as_symbol(), 0, dims[i] - 1);
  }
  const std::string lane = *axis_symbol(axis).as_symbol();
  for (const auto& [inner, outer] : group.results) {
    const Trace found = trace(module, group, inner, index, symbols);
    for (const Dim& position : found.scalar_positions) {
      if (mentions(position, lane)) return false;
    }
    for (const Demand& leaf : found.leaves) {
      if (uniform_leaf(module, group, leaf.value)) continue;
      const Placement& window = placements.at(group.outside(leaf.value));
      Dim address = 0;
      for (size_t i = 0; i < leaf.index.size(); ++i) address += leaf.index[i] * window.strides[i];
      const auto parts = linear_in(symbols.simplify(address), lane);
      if (!parts || !parts->coefficient.is_constant()) return false;
    }
  }
  return true;
}

// How many iterations of a loop make a task, when one iteration handles `elements` of them.
int64_t grain_for(const SymbolTable& symbols, const Dim& elements) {
  const int64_t each = std::max<int64_t>(1, symbols.interval(elements).lower);
  return std::max<int64_t>(1, kElementsPerTask / each);
}

class PointwiseNest {
 public:
  PointwiseNest(const Module& module, const Placements& placements, const Group& group, NestBuilder& nest)
      : module_(module), placements_(placements), group_(group), nest_(nest) {
    dims_ = module.graph.tensor(group.results[0].second).dims;
  }

  void run() {
    std::vector<Run> runs = make_runs(module_, placements_, group_, dims_);
    IndexVector index(dims_.size(), Dim(0));
    const bool lanes = !runs.empty() && lanes_fit(module_, placements_, group_, dims_, runs.back().axes.back());
    Run inner;
    if (lanes) {
      inner = runs.back();
      runs.pop_back();
    }
    Dim per_iteration = product(dims_);
    for (size_t i = 0; i < runs.size(); ++i) {
      if (const auto divided = exact_divide(per_iteration, runs[i].extent)) per_iteration = *divided;
      index[runs[i].axes.back()] = nest_.open_loop({.name = "i",
                                                    .end = runs[i].extent,
                                                    .kind = i == 0 ? LoopKind::Parallel : LoopKind::Serial,
                                                    .grain = i == 0 ? grain_for(module_.symbols, per_iteration) : 1});
    }
    if (lanes) {
      write_lanes(inner, index, runs.empty());
    } else {
      write(index);
    }
    for (size_t i = 0; i < runs.size(); ++i) nest_.close_loop();
  }

 private:
  void write(const IndexVector& index) {
    for (const auto& [inner, outer] : group_.results) nest_.store(outer, index, nest_.evaluate(inner, index));
  }

  void write_lanes(const Run& run, IndexVector index, bool outermost) {
    const Dim whole = nest_.symbols().simplify(floordiv(run.extent, kLanes) * Dim(kLanes));
    if (!whole.is_constant(0)) {
      const Dim i = nest_.open_loop({.name = "i",
                                     .end = whole,
                                     .step = kLanes,
                                     .kind = outermost ? LoopKind::Parallel : LoopKind::Serial,
                                     .grain = outermost ? grain_for(module_.symbols, kLanes) : 1});
      index[run.axes.back()] = i;
      nest_.set_lanes({kLanes, *i.as_symbol(), std::nullopt});
      write(index);
      nest_.close_loop();
    }
    if (!(whole == run.extent)) {
      const Dim i = nest_.open_loop({.name = "i", .begin = whole, .end = run.extent, .step = kLanes});
      index[run.axes.back()] = i;
      nest_.set_lanes({kLanes, *i.as_symbol(), run.extent - i});
      write(index);
      nest_.close_loop();
    }
    nest_.set_lanes({});
  }

  const Module& module_;
  const Placements& placements_;
  const Group& group_;
  NestBuilder& nest_;
  Shape dims_;
};

}  // namespace

LoweredKernel pointwise_kernel(const Module& module, const Placements& placements, const Group& group,
                               std::string name) {
  NestBuilder nest(module, placements, group, std::move(name));
  std::vector<ValueId> results;
  for (const auto& [inner, outer] : group.results) results.push_back(outer);
  nest.declare_results(results);
  PointwiseNest(module, placements, group, nest).run();
  return std::move(nest).finish();
}

}  // namespace lathe::lower
