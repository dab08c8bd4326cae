// Target machines: LLVM's picture of the CPU, set to exactly the detected features. Only llvm_*.cpp include this.
#pragma once

#include <memory>

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include "compiler/codegen/llvm_engine.h"
#include "compiler/codegen/llvm_module.h"

namespace lathe::codegen {

/// Registers a back end; may be called often and from any thread.
void initialize_llvm(Architecture architecture);

/// CodeGen level Less: measured as fast as Aggressive for explicit-vector IR. Position independent, small code model.
[[nodiscard]] std::unique_ptr<llvm::TargetMachine> make_target_machine(const CpuTarget& target);

/// One part of a program as a module in `context`, for the machine. `verify` runs LLVM's verifier over it, whose
/// complaints become an internal error.
[[nodiscard]] Result<std::unique_ptr<llvm::Module>> make_part(const kernel::Program& program, const ModulePlan& plan,
                                                              uint32_t part, const CpuTarget& target,
                                                              const llvm::TargetMachine& machine,
                                                              const std::string& entry_name, bool verify,
                                                              llvm::LLVMContext& context, Diagnostics& diagnostics);

/// LLVM's verifier; its complaints become an internal error.
[[nodiscard]] Status verify_module(const llvm::Module& module, Diagnostics& diagnostics);
/// The module as text or an object.
[[nodiscard]] std::string module_bytes(llvm::Module& module, llvm::TargetMachine& machine, EmitKind kind);

}  // namespace lathe::codegen
