// Objects in a build without LLVM: there are none.
#include "compiler/artifact_native.h"

namespace lathe {

Result<std::string> native_code(const kernel::Program&, const codegen::Interface&, const codegen::Triple&,
                                const ArtifactOptions&, std::vector<std::string>&, Diagnostics& diagnostics) {
  return diagnostics
      .report(DiagnosticKind::Unsupported, {}, "this build makes no machine code (it was built without LLVM)")
      .emit();
}

}  // namespace lathe
