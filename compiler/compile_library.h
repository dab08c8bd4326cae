// The back ends that run what an artefact would ship: a shared library is made, loaded into this process, and called
// through the same entry as code of the JIT.
#pragma once

#include <string>

#include "compiler/compile_state.h"

namespace lathe {

/// By LLVM and the machine's linker.
[[nodiscard]] Result<NativeBackend> compile_ahead(const kernel::Program& program, const LocationTable& locations,
                                                  const CompileOptions& options, Diagnostics& diagnostics);

/// By the C++ emitter and the machine's C++ compiler.
[[nodiscard]] Result<NativeBackend> compile_cpp(const kernel::Program& program, const LocationTable& locations,
                                                const CompileOptions& options, Diagnostics& diagnostics);

/// Loads a shared library with the interface `prefix`, which exports lathe_target_select too, and chooses the variant
/// for `options.target`. The file may be removed once this returns.
[[nodiscard]] Result<NativeBackend> load_library(const std::string& path, const std::string& prefix,
                                                 const CompileOptions& options, Diagnostics& diagnostics);

}  // namespace lathe
