// One module with the program for several CPUs and the interface of the artefact.
#include <fmt/format.h>

#include "compiler/codegen/llvm_interface.h"
#include "compiler/codegen/llvm_target.h"

namespace lathe::codegen {

Result<std::string> emit_llvm_artifact(const kernel::Program& program, const Interface& interface,
                                       std::span<const CpuTarget> targets, EmitKind kind, const EmitOptions& options,
                                       Diagnostics& diagnostics) {
  LATHE_CHECK(!targets.empty());
  // The module's own functions keep to what every variant may use: the base of the architecture.
  CpuTarget base = targets.back();
  base.features.clear();
  base.cpu = "generic";
  const auto machine = make_target_machine(base);
  llvm::LLVMContext context;
  llvm::Module module(interface.prefix, context);
  module.setTargetTriple(base.triple);
  module.setDataLayout(machine->createDataLayout());
  const ModulePlan plan = plan_modules(program, 1);
  std::vector<LlvmVariant> variants;
  for (const CpuTarget& target : targets) {
    const std::string name = fmt::format("{}.{}", interface.prefix, target.name);
    emit_llvm_part(program, plan, 0, target, {.name = name, .is_exported = false}, module);
    variants.push_back({target.name, target.isa, module.getFunction(name)});
  }
  emit_interface(program, interface, base, variants, module);
  if (options.verify) LATHE_TRY_VOID(verify_module(module, diagnostics));
  return module_bytes(module, *machine, kind);
}

}  // namespace lathe::codegen
