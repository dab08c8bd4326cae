// How a program is spread over LLVM modules.
#include "compiler/codegen/llvm_module.h"

#include <algorithm>
#include <map>

#include "ir/kernel/text.h"

namespace lathe::codegen {

void emit_llvm_part(const kernel::Program& program, const ModulePlan& plan, uint32_t part, const CpuTarget& target,
                    const LlvmEntry& entry, llvm::Module& module) {
  LlvmEmitter emitter(module, target, entry);
  const KernelLinkage linkage = plan.parts == 1 ? KernelLinkage::Internal : KernelLinkage::BetweenModules;
  const auto count = static_cast<uint32_t>(program.kernels.size());
  for (uint32_t i = 0; i < count; ++i) {
    const kernel::KernelId id(i);
    if (plan.used[i] && (part == 0 || plan.part[i] == part)) {
      emitter.declare_kernel(id, program.kernels[id], plan.shares_memory[i], linkage);
    }
    if (part == 0 && plan.same[i] != id && plan.used[plan.same[i].index]) emitter.reuse_kernel(id, plan.same[i]);
  }
  for (uint32_t i = 0; i < count; ++i) {
    if (!plan.used[i] || plan.part[i] != part) continue;
    emitter.select_kernel(kernel::KernelId(i));
    emit_kernel(emitter, program.kernels[kernel::KernelId(i)]);
  }
  if (part == 0) emit_program(emitter, program);
}

}  // namespace lathe::codegen
