// The place of native code in builds with -DLATHE_LLVM=OFF.
#include "compiler/tools/dump_native.h"

namespace lathe::tools {

Result<std::string> native_text(const kernel::Program&, NativeText, Diagnostics& diagnostics) {
  return diagnostics.report(DiagnosticKind::Unsupported, {}, "native code in a build without LLVM").emit();
}

}  // namespace lathe::tools
