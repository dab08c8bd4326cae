// Parts of a program as LLVM modules. Only llvm_*.cpp include this.
#pragma once

#include <string>

#include "llvm/IR/Module.h"

#include "compiler/codegen/llvm_emitter.h"
#include "compiler/codegen/llvm_engine.h"
#include "compiler/codegen/module_plan.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// Emits one part into `module`; part 0 has the entry.
void emit_llvm_part(const kernel::Program& program, const ModulePlan& plan, uint32_t part, const CpuTarget& target,
                    const LlvmEntry& entry, llvm::Module& module);

}  // namespace lathe::codegen
