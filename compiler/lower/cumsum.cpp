// The kernel of a running sum or product: loops over all other axes, then one that carries it.
#include "compiler/lower/cumsum.h"

namespace lathe::lower {

LoweredKernel cumsum_kernel(const Module& module, const Placements& placements, const Group& group, std::string name) {
  const ExistingNodeView node(module, group.nodes[0]);
  const ValueId x = node.operand(0);
  const ValueId result = group.results[0].second;
  const Shape& dims = node.dims(0);
  const auto axis = static_cast<size_t>(node.integer("axis"));
  const ElementType element = node.tensor(0).element;
  // Narrow floats are summed in f32, as the row says.
  const ElementType wide = is_float(element) && info(element).bits < 32 ? ElementType::F32 : element;

  const bool multiplies = node.op().name == "cumprod";

  NestBuilder nest(module, placements, group, std::move(name));
  kernel::KernelBuilder& b = nest.builder();
  nest.declare_results({result});
  IndexVector index(dims.size(), Dim(0));
  size_t loops = 0;
  for (size_t other = 0; other < dims.size(); ++other) {
    if (other == axis || dims[other].is_constant(1)) continue;
    const auto kind = loops == 0 ? kernel::LoopKind::Parallel : kernel::LoopKind::Serial;
    index[other] = nest.open_loop({.name = "i", .end = dims[other], .kind = kind});
    ++loops;
  }
  std::vector<kernel::ValueId> totals;
  const Dim step = nest.open_loop({.name = "s", .end = dims[axis]}, {b.constant(wide, multiplies ? 1 : 0)}, totals);
  index[axis] = node.boolean("reverse") ? dims[axis] - 1 - step : step;
  const kernel::ValueId value = nest.evaluate(x, index);
  const kernel::ValueId term = element == wide ? value : b.cast(value, wide);
  const kernel::ValueId next = multiplies ? b.mul(totals[0], term) : b.add(totals[0], term);
  const kernel::ValueId shown = node.boolean("exclusive") ? totals[0] : next;
  nest.store(result, index, element == wide ? shown : b.cast(shown, element));
  nest.close_loop({next});
  for (; loops > 0; --loops) nest.close_loop();
  return std::move(nest).finish();
}

}  // namespace lathe::lower
