// Native code in builds without LLVM: there is none.
#include "compiler/compile_state.h"

namespace lathe {

struct NativeCode::Implementation {};

bool NativeCode::is_available() { return false; }

Result<NativeCode> NativeCode::compile(const kernel::Program&, const CompileOptions&, Diagnostics& diagnostics) {
  return diagnostics.report(DiagnosticKind::Unsupported, {}, "this build has no LLVM").emit();
}

NativeCode::NativeCode(std::unique_ptr<Implementation> implementation) : implementation_(std::move(implementation)) {}
NativeCode::NativeCode(NativeCode&&) noexcept = default;
NativeCode& NativeCode::operator=(NativeCode&&) noexcept = default;
NativeCode::~NativeCode() = default;

codegen::ProgramEntry NativeCode::entry() const { return nullptr; }

}  // namespace lathe
