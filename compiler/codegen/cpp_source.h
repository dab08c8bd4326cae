// A program as C++ source: what `lathe compile --emit=cpp` writes and `--backend=cpp` compiles.
//
// The source defines what lathe/model.h asks of an artefact: PREFIX_model, PREFIX_run, PREFIX_run_in. It compiles with
// GCC 12 and Clang against lathe/*.h (and Highway's headers) and links with the runtime; on a target with the same
// instructions it gives the bits of the JIT. No compiler is run here: see compiler/host_compiler.h.
#pragma once

#include <string>
#include <string_view>

#include "compiler/codegen/interface.h"
#include "ir/base/location.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

/// What the vectors of the source are.
enum class CppSimd : uint8_t {
  Highway,          ///< Highway's
  VectorExtension,  ///< those of the compiler: no other header, and quick to compile
};

/// Which instructions the source is compiled for.
enum class CppDispatch : uint8_t {
  Dynamic,  ///< those of every target of the runtime, chosen at load; Highway only
  Static,   ///< those that the compiler's flags name
};

struct CppOptions {
  CppSimd simd = CppSimd::Highway;
  CppDispatch dispatch = CppDispatch::Dynamic;  ///< vector extensions are always static
  /// The name of the file that the source is written to: with dynamic dispatch it includes itself.
  std::string file_name = "lathe_program.cpp";
  std::string version = {};                  ///< of Lathe, for the comment at the top
  const LocationTable* locations = nullptr;  ///< for the comments that name the lines of the model; may be null
};

struct CppSource {
  std::string source;
  /// A second source, PREFIX_constants.cpp: what the program reads. Empty when that is in a file of weights, or
  /// nothing.
  std::string constants;
};

/// The program must be verified, and its transcendental functions expanded; `interface` must be made from it.
[[nodiscard]] CppSource emit_cpp(const kernel::Program& program, const Interface& interface, const CppOptions& options);

/// The parts of a source, for programs that go into one file with others (tests): everything up to the namespace of a
/// target; in it the kernels and `function`, which has the type of lathe_program_fn; the end of the namespace.
[[nodiscard]] std::string open_cpp_targets(const CppOptions& options);
[[nodiscard]] std::string emit_cpp_functions(const kernel::Program& program, std::string_view function,
                                             const CppOptions& options);
[[nodiscard]] std::string close_cpp_targets(const CppOptions& options);

/// The text `{"x86-64-v3", "AVX2", &N_AVX2::<function>},` and so on: rows of lathe_variant.
[[nodiscard]] std::string cpp_variants(std::string_view function, const CppOptions& options);

}  // namespace lathe::codegen
