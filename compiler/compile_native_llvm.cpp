// Native code by LLVM.
#include "compiler/codegen/llvm_engine.h"
#include "compiler/compile_state.h"

namespace lathe {

struct NativeCode::Implementation {
  codegen::JitProgram program;
};

bool NativeCode::is_available() { return true; }

Result<NativeCode> NativeCode::compile(const kernel::Program& program, const CompileOptions& options,
                                       Diagnostics& diagnostics) {
  LATHE_TRY(
      codegen::JitProgram code,
      codegen::JitProgram::compile(program, {.target = options.target, .verify = options.verify_each}, diagnostics));
  return NativeCode(std::make_unique<Implementation>(Implementation{std::move(code)}));
}

NativeCode::NativeCode(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
NativeCode::NativeCode(NativeCode&&) noexcept = default;
NativeCode& NativeCode::operator=(NativeCode&&) noexcept = default;
NativeCode::~NativeCode() = default;

codegen::ProgramEntry NativeCode::entry() const { return implementation_->program.entry(); }

}  // namespace lathe
