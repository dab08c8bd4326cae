// Objects in a build without LLVM: there are none.
#include "compiler/artifact_native.h"

namespace lathe {

namespace {

Failure no_machine_code(Diagnostics& diagnostics) {
  return diagnostics
      .report(DiagnosticKind::Unsupported, {}, "this build makes no machine code (it was built without LLVM)")
      .note("C++ source (`-o model.cpp`) needs no LLVM")
      .emit();
}

}  // namespace

Result<std::string> native_code(const kernel::Program&, const codegen::Interface&, const codegen::Triple&,
                                const ArtifactOptions&, std::vector<std::string>&, Diagnostics& diagnostics) {
  return no_machine_code(diagnostics);
}

Result<std::string> join_with_runtime(std::string, const codegen::Triple&, const ArtifactOptions&,
                                      Diagnostics& diagnostics) {
  return no_machine_code(diagnostics);
}

}  // namespace lathe
