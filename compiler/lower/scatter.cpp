// The kernels of scatters: loops that copy, which threads share, and loops over the updates, which one thread runs, so
// that the last of several updates of an element is the one that stays.
#include "compiler/lower/scatter.h"

#include <fmt/format.h>

namespace lathe::lower {
namespace {

enum class Update : uint8_t { Replace, Add, Mul, Min, Max };

Update update_of(const NodeView& node) {
  const std::string& reduction = node.string("reduction");
  if (reduction == "add") return Update::Add;
  if (reduction == "mul") return Update::Mul;
  if (reduction == "min") return Update::Min;
  if (reduction == "max") return Update::Max;
  return Update::Replace;
}

// A scatter on its way to a kernel: operands are data, indices and updates.
class Scatter {
 public:
  Scatter(const Module& module, const Placements& placements, const Group& group, std::string name)
      : node_(module, group.nodes[0]),
        result_(group.results[0].second),
        update_(update_of(node_)),
        nest_(module, placements, group, std::move(name)) {
    nest_.declare_results({result_});
    copy_data();
  }

  LoweredKernel elements() && {
    const auto axis = static_cast<size_t>(node_.integer("axis"));
    const IndexVector at = open_loops(node_.dims(1), kernel::LoopKind::Serial);
    IndexVector to = at;
    to[axis] = nest_.read_position(node_.operand(1), at, node_.dims(0)[axis]);
    write(at, to);
    return std::move(*this).finish();
  }

  LoweredKernel slices() && {
    const Shape& dims = node_.dims(0);
    Shape positions = node_.dims(1);
    const int64_t length = positions.back().constant();
    positions.pop_back();
    IndexVector at = open_loops(positions, kernel::LoopKind::Serial);
    IndexVector to;
    for (int64_t i = 0; i < length; ++i) {
      IndexVector component = at;
      component.emplace_back(i);
      to.push_back(nest_.read_position(node_.operand(1), component, dims[static_cast<size_t>(i)]));
    }
    const IndexVector inside = open_loops(Shape(dims.begin() + length, dims.end()), kernel::LoopKind::Serial);
    at.insert(at.end(), inside.begin(), inside.end());
    to.insert(to.end(), inside.begin(), inside.end());
    write(at, to);
    return std::move(*this).finish();
  }

 private:
  // A loop for each axis that has more than one element; `outermost` is the kind of the first.
  IndexVector open_loops(const Shape& dims, kernel::LoopKind outermost) {
    IndexVector index(dims.size(), Dim(0));
    kernel::LoopKind kind = outermost;
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      if (dims[axis].is_constant(1)) continue;
      index[axis] = nest_.open_loop({.name = "i", .end = dims[axis], .kind = kind});
      kind = kernel::LoopKind::Serial;
      ++open_;
    }
    return index;
  }

  void close_loops() {
    for (; open_ > 0; --open_) nest_.close_loop();
  }

  void copy_data() {
    const IndexVector index = open_loops(node_.dims(0), kernel::LoopKind::Parallel);
    nest_.store(result_, index, nest_.evaluate(node_.operand(0), index));
    close_loops();
  }

  // The update at `at` meets the element at `to`. Narrow floats meet in f32, which rounds to the same.
  void write(const IndexVector& at, const IndexVector& to) {
    kernel::KernelBuilder& b = nest_.builder();
    kernel::ValueId value = nest_.evaluate(node_.operand(2), at);
    if (update_ != Update::Replace) {
      const ElementType element = node_.tensor(0).element;
      const bool is_narrow = is_float(element) && info(element).bits < 32;
      const auto wide = [&](kernel::ValueId x) { return is_narrow ? b.cast(x, ElementType::F32) : x; };
      const kernel::ValueId met = combine(wide(nest_.reload(result_, to)), wide(value));
      value = is_narrow ? b.cast(met, element) : met;
    }
    nest_.store(result_, to, value);
  }

  kernel::ValueId combine(kernel::ValueId present, kernel::ValueId update) {
    kernel::KernelBuilder& b = nest_.builder();
    switch (update_) {
      case Update::Replace: return update;
      case Update::Add: return b.add(present, update);
      case Update::Mul: return b.mul(present, update);
      case Update::Min: return b.min(present, update);
      case Update::Max: return b.max(present, update);
    }
    return update;
  }

  LoweredKernel finish() && {
    close_loops();
    return std::move(nest_).finish();
  }

  ExistingNodeView node_;
  ValueId result_;
  Update update_;
  NestBuilder nest_;
  size_t open_ = 0;
};

}  // namespace

std::string scatter_obstacle(const NodeView& node) {
  const ElementType element = node.tensor(0).element;
  if (element == ElementType::String) return fmt::format("`{}` of strings", node.op().name);
  if (element == ElementType::Boolean && update_of(node) != Update::Replace) {
    return fmt::format("`{}` with reduction \"{}\" of `bool` elements", node.op().name, node.string("reduction"));
  }
  const bool has_positions = node.op().name == "scatter_nd";
  if (has_positions && !node.dims(1).back().is_constant()) {
    return "`scatter_nd` with positions of a length that is not known";
  }
  return {};
}

LoweredKernel scatter_elements_kernel(const Module& module, const Placements& placements, const Group& group,
                                      std::string name) {
  return Scatter(module, placements, group, std::move(name)).elements();
}

LoweredKernel scatter_nd_kernel(const Module& module, const Placements& placements, const Group& group,
                                std::string name) {
  return Scatter(module, placements, group, std::move(name)).slices();
}

}  // namespace lathe::lower
