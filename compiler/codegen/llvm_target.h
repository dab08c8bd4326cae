// Target machines: LLVM's picture of the CPU, set to exactly the detected features. Only llvm_*.cpp include this.
#pragma once

#include <memory>

#include "llvm/IR/Module.h"
#include "llvm/Target/TargetMachine.h"

#include "compiler/codegen/llvm_engine.h"

namespace lathe::codegen {

/// Registers the native back end; may be called often and from any thread.
void initialize_llvm();

/// CodeGen level Less: measured as fast as Aggressive for explicit-vector IR. Position independent, small code model.
[[nodiscard]] std::unique_ptr<llvm::TargetMachine> make_target_machine(const CpuTarget& target);

/// An empty module for the target.
[[nodiscard]] std::unique_ptr<llvm::Module> make_module(const kernel::Program& program, const CpuTarget& target,
                                                        const llvm::TargetMachine& machine, llvm::LLVMContext& context);

/// Emits the program and, when asked, runs LLVM's verifier, whose complaints become an internal error.
[[nodiscard]] Status emit_verified(const kernel::Program& program, const CpuTarget& target,
                                   const std::string& entry_name, bool verify, llvm::Module& module,
                                   Diagnostics& diagnostics);

}  // namespace lathe::codegen
