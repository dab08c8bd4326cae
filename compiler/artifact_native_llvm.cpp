// Objects by LLVM.
#include "compiler/artifact_native.h"
#include "compiler/codegen/llvm_engine.h"

namespace lathe {
namespace {

codegen::EmitKind emit_kind(ArtifactKind kind) {
  switch (kind) {
    case ArtifactKind::Object:
    case ArtifactKind::Archive:
    case ArtifactKind::Shared: return codegen::EmitKind::Object;
    case ArtifactKind::LlvmText: return codegen::EmitKind::LlvmText;
    case ArtifactKind::Bitcode: return codegen::EmitKind::Bitcode;
    case ArtifactKind::Assembly: return codegen::EmitKind::Assembly;
    case ArtifactKind::Cpp:
    case ArtifactKind::GraphText: break;
  }
  internal_error("an artefact that is no code", __FILE__, __LINE__);
}

}  // namespace

Result<std::string> native_code(const kernel::Program& program, const codegen::Interface& interface,
                                const codegen::Triple& triple, const ArtifactOptions& options,
                                std::vector<std::string>& cpus, Diagnostics& diagnostics) {
  LATHE_TRY(const std::vector<codegen::CpuTarget> targets, codegen::cpu_targets(triple, options.cpus, diagnostics));
  for (const codegen::CpuTarget& target : targets) cpus.push_back(target.name);
  return codegen::emit_llvm_artifact(program, interface, targets, emit_kind(options.kind),
                                     {.verify = options.compile.verify_each}, diagnostics);
}

}  // namespace lathe
