// Native code as text, by LLVM.
#include "compiler/codegen/llvm_engine.h"
#include "compiler/tools/dump_native.h"

namespace lathe::tools {

Result<std::string> native_text(const kernel::Program& program, NativeText kind, Diagnostics& diagnostics) {
  LATHE_TRY(const codegen::CpuTarget target, codegen::host_target({}, diagnostics));
  const codegen::EmitKind emit = kind == NativeText::Llvm ? codegen::EmitKind::LlvmText : codegen::EmitKind::Assembly;
  return codegen::emit_llvm(program, target, emit, {}, diagnostics);
}

}  // namespace lathe::tools
