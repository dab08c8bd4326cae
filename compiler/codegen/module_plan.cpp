// Equal kernels, and parts of about the same size.
#include "compiler/codegen/module_plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <string>

#include "ir/kernel/step_uses.h"
#include "ir/kernel/text.h"

namespace lathe::codegen {
namespace {

/// Equal for kernels that differ in the names of kernel and buffers only.
std::string shape_of(const kernel::Kernel& kernel) {
  kernel::Kernel copy = kernel;
  copy.name.clear();
  for (uint32_t i = 0; i < copy.buffers.size(); ++i) copy.buffers[kernel::BufferId(i)].name = fmt::format("b{}", i);
  return print(copy);
}

// Measured in statements: what a function costs by itself, what a step of the entry costs, and what a thread is worth.
constexpr size_t kFunctionCost = 30;
constexpr size_t kStepCost = 3;
constexpr size_t kWorthAThread = 300;

}  // namespace

ModulePlan plan_modules(const kernel::Program& program, uint32_t most_parts) {
  const auto count = static_cast<uint32_t>(program.kernels.size());
  ModulePlan plan;
  plan.used.assign(count, false);
  plan.shares_memory.assign(count, false);
  plan.part.assign(count, 0);
  std::map<std::string, kernel::KernelId> by_shape;
  for (uint32_t i = 0; i < count; ++i) {
    const kernel::KernelId id(i);
    plan.same.push_back(by_shape.try_emplace(shape_of(program.kernels[id]), id).first->second);
  }
  for (const kernel::Step& step : program.steps) {
    for (const kernel::RunStep* run : kernel::runs_of(step)) {
      const uint32_t first = plan.same[run->kernel.index].index;
      plan.used[first] = true;
      if (may_share_memory(program, *run)) plan.shares_memory[first] = true;
    }
  }

  std::vector<std::pair<size_t, uint32_t>> costs;
  size_t total = program.steps.size() * kStepCost;
  for (uint32_t i = 0; i < count; ++i) {
    if (!plan.used[i]) continue;
    costs.emplace_back(program.kernels[kernel::KernelId(i)].statements.size() + kFunctionCost, i);
    total += costs.back().first;
  }
  plan.parts = static_cast<uint32_t>(std::clamp<size_t>(total / kWorthAThread, 1, std::max(most_parts, 1u)));
  // The largest first, each to the part that has the least.
  std::sort(costs.begin(), costs.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::vector<size_t> loads(plan.parts, 0);
  loads[0] = program.steps.size() * kStepCost;
  for (const auto& [cost, kernel] : costs) {
    const auto least = std::min_element(loads.begin(), loads.end());
    *least += cost;
    plan.part[kernel] = static_cast<uint32_t>(least - loads.begin());
  }
  return plan;
}

}  // namespace lathe::codegen
