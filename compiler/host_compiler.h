// The C++ compiler of the machine: finding it, and making shared libraries of the sources that the C++ emitter writes.
//
// Needs a compiler that takes GCC's options, and the headers lathe/*.h: those of the installation that this program is
// part of, or of the source tree that it was built from. Used by the back end that runs emitted C++.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/external_program.h"
#include "ir/base/diagnostic.h"

namespace lathe {

struct HostCompilerOptions {
  std::string compiler = {};  ///< a name or path; empty for $CXX, else the first of host_compiler_names()
  std::string include = {};   ///< the folder of lathe/*.h; empty for the one that is found
  std::string target = {};    ///< a target of the runtime (`AVX2`), whose instructions the code may use; empty for none
  std::vector<std::string> flags = {"-O2"};
};

/// What is looked for, best first.
[[nodiscard]] std::span<const std::string_view> host_compiler_names();

/// The path of the compiler; LT0005 with what was looked for.
[[nodiscard]] Result<std::string> find_host_compiler(const HostCompilerOptions& options, Diagnostics& diagnostics);

/// The folder that holds lathe/simd.h; LT0001 with the places that were looked at.
[[nodiscard]] Result<std::string> find_runtime_headers(const HostCompilerOptions& options, Diagnostics& diagnostics);

/// Compiles `source`, a file of `folder`, and links it with the runtime into the file `library` there. LT0005 with the
/// compiler's first messages when it fails.
[[nodiscard]] Status compile_shared_library(const PrivateFolder& folder, std::string_view source,
                                            std::string_view library, const HostCompilerOptions& options,
                                            Diagnostics& diagnostics);

}  // namespace lathe
