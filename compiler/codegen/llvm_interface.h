// What an artefact exports, in LLVM IR: the constant lathe_model, the sizes, the typed entries. Only llvm_*.cpp include
// this.
#pragma once

#include <span>
#include <string>

#include "llvm/IR/Module.h"

#include "compiler/codegen/interface.h"
#include "compiler/codegen/llvm_engine.h"

namespace lathe::codegen {

/// The program as emitted for one CPU.
struct LlvmVariant {
  std::string cpu;
  std::string isa;
  llvm::Function* entry = nullptr;
};

/// Defines PREFIX_model, PREFIX_run and PREFIX_run_in. `base` is what every machine of the architecture has.
void emit_interface(const kernel::Program& program, const Interface& interface, const CpuTarget& base,
                    std::span<const LlvmVariant> variants, llvm::Module& module);

}  // namespace lathe::codegen
