// The part of artefacts that is LLVM's: artifact_native_llvm.cpp and artifact_link.cpp implement it, or
// artifact_native_absent.cpp in a build without LLVM.
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

/// The object, and what it needs of the runtime, as one archive or shared library.
[[nodiscard]] Result<std::string> join_with_runtime(std::string object, const codegen::Triple& triple,
                                                    const ArtifactOptions& options, Diagnostics& diagnostics);

}  // namespace lathe
