// Compiling ahead of time: from a module to the files that a host links.
//
//   lathe::ArtifactOptions options;
//   options.kind = lathe::ArtifactKind::Object;
//   options.prefix = "mlp";
//   lathe::Result<lathe::Artifact> artifact = lathe::make_artifact(std::move(module), options, diagnostics);
//
// Nothing is written here: the files come back as bytes, so that a caller can put them where it likes, all or none.
// Used by `lathe compile` and by the back ends that run what they wrote.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "compiler/codegen/cpp_source.h"
#include "compiler/codegen/interface.h"
#include "compiler/compile.h"

namespace lathe {

enum class ArtifactKind : uint8_t {
  Object,    ///< a relocatable object; links with the runtime
  Archive,   ///< the object and the members of the runtime that it reaches
  Shared,    ///< a shared library that needs libc and libm at most
  Cpp,       ///< C++ source, for a compiler of the host's choice
  LlvmText,  ///< LLVM IR
  Bitcode,   ///< the same in binary
  Assembly,  ///< for the target's assembler
  GraphText  ///< the model in Lathe's own textual IR
};

/// A row of the table of kinds.
struct ArtifactRow {
  ArtifactKind kind;
  std::string_view name;       ///< as --emit takes it
  std::string_view extension;  ///< ".o"
  std::string_view summary;
};
[[nodiscard]] std::span<const ArtifactRow> artifact_kinds();
[[nodiscard]] std::optional<ArtifactKind> parse_artifact_kind(std::string_view name);
/// By the extension of a path; nothing when no kind has it.
[[nodiscard]] std::optional<ArtifactKind> artifact_kind_of(std::string_view path);

struct ArtifactOptions {
  ArtifactKind kind = ArtifactKind::Object;
  std::string prefix = "model";        ///< of everything that is exported: a C identifier
  std::string source = {};             ///< what is compiled, for comments
  std::string version = {};            ///< of the compiler, for comments
  std::string triple = {};             ///< of target_cpus.h; empty for this machine
  std::vector<std::string> cpus = {};  ///< see codegen::cpu_targets(); empty for all levels of the architecture
  /// Nothing: embedded, but for C++ source of more than a mebibyte of weights, which compilers are slow to read.
  std::optional<codegen::WeightsPlace> weights = {};
  codegen::CppSimd cpp_simd = codegen::CppSimd::Highway;
  codegen::CppDispatch cpp_dispatch = codegen::CppDispatch::Dynamic;
  /// Of the artefact: C++ source may include itself, and programs load a library by it. Empty for PREFIX.cpp,
  /// libPREFIX.so.
  std::string file_name = {};
  std::string linker = {};                      ///< for shared libraries; empty for the first that is found
  std::string runtime_archive = {};             ///< liblathe_runtime.a of another machine
  std::vector<std::string> also_exported = {};  ///< symbols of the runtime that a shared library exports too
  CompileOptions compile = {};                  ///< numerics, sizes, what is printed; the back end is not looked at
};

struct ArtifactFile {
  std::string name;  ///< beside the artefact: "mlp.h"
  std::string bytes;
};

struct Artifact {
  std::string bytes;                 ///< of the artefact itself
  std::vector<ArtifactFile> beside;  ///< headers, weights, constants
};

/// LT0005 and LT0004 for linkers and CPUs; LT0901 for what can't be compiled. On failure the locations that the
/// diagnostics refer to are those of `module`.
[[nodiscard]] Result<Artifact> make_artifact(Module& module, const ArtifactOptions& options, Diagnostics& diagnostics);
/// The same for a program that is lowered already; `locations` are for comments.
[[nodiscard]] Result<Artifact> make_artifact(kernel::Program program, const LocationTable& locations,
                                             const ArtifactOptions& options, Diagnostics& diagnostics);

}  // namespace lathe
