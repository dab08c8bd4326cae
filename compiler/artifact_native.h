// The part of artefacts that is LLVM's: one of artifact_native_llvm.cpp and artifact_native_absent.cpp implements it.
#pragma once

#include <string>
#include <vector>

#include "compiler/artifact.h"
#include "compiler/codegen/target_cpus.h"

namespace lathe {

/// The program as an object, or as what the kind asks for; `cpus` are the variants in it.
[[nodiscard]] Result<std::string> native_code(const kernel::Program& program, const codegen::Interface& interface,
                                              const codegen::Triple& triple, const ArtifactOptions& options,
                                              std::vector<std::string>& cpus, Diagnostics& diagnostics);

}  // namespace lathe
