// A program as one C++ source file.
//
// The text includes lathe/simd.h and compiles with GCC 12 and Clang; on a target with the same instructions it gives
// the bits of the JIT. It exports one function with the signature of ProgramEntry. No compiler is run here
// (cpp_library.h).
#pragma once

#include <string>

#include "ir/base/location.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

struct CppOptions {
  std::string entry_name = "lathe_program";
  /// For the comments that name the lines of the model; may be null.
  const LocationTable* locations = nullptr;
};

/// The program must be verified, and its transcendental functions expanded.
[[nodiscard]] std::string emit_cpp(const kernel::Program& program, const CppOptions& options);

}  // namespace lathe::codegen
