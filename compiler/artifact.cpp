// What a kind of artefact consists of.
#include "compiler/artifact.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/artifact_native.h"
#include "compiler/codegen/interface_header.h"
#include "compiler/compile_state.h"
#include "ir/graph/print.h"

namespace lathe {
namespace {

constexpr std::array kKinds = {
    ArtifactRow{ArtifactKind::Object, "obj", ".o", "an object, to be linked with the runtime"},
    ArtifactRow{ArtifactKind::Archive, "lib", ".a", "the object and what it needs of the runtime"},
    ArtifactRow{ArtifactKind::Shared, "shared", ".so", "a shared library"},
    ArtifactRow{ArtifactKind::Cpp, "cpp", ".cpp", "C++ source over Highway, or over vector extensions"},
    ArtifactRow{ArtifactKind::LlvmText, "llvm", ".ll", "LLVM IR"},
    ArtifactRow{ArtifactKind::Bitcode, "bitcode", ".bc", "LLVM IR in binary"},
    ArtifactRow{ArtifactKind::Assembly, "asm", ".s", "assembly"},
    ArtifactRow{ArtifactKind::GraphText, "ir", ".lathe", "the model in Lathe's textual IR"},
};

/// The small code model reaches two gigabytes; code and tables need a part of it.
constexpr uint64_t kMostEmbedded = uint64_t{1} << 30;

Status check_embedded(const codegen::Interface& interface, Diagnostics& diagnostics) {
  if (interface.weights != codegen::WeightsPlace::Embedded || interface.weights_bytes <= kMostEmbedded) return {};
  return diagnostics
      .report(DiagnosticKind::Unsupported, {}, "{} bytes of weights are too much to be part of the code",
              interface.weights_bytes)
      .note("--weights=file leaves them in a file beside it, which is mapped")
      .emit();
}

codegen::WeightsPlace weights_place(const kernel::Program& program, const ArtifactOptions& options) {
  constexpr uint64_t kMostInSource = uint64_t{1} << 20;
  if (options.weights) return *options.weights;
  uint64_t bytes = 0;
  for (const kernel::Data& data : program.data) bytes += data.size();
  const bool is_much = options.kind == ArtifactKind::Cpp && bytes > kMostInSource;
  return is_much ? codegen::WeightsPlace::File : codegen::WeightsPlace::Embedded;
}

void write_cpp(const kernel::Program& program, const LocationTable& locations, const codegen::Interface& interface,
               const ArtifactOptions& options, Artifact& artifact) {
  codegen::CppSource text =
      codegen::emit_cpp(program, interface,
                        {.simd = options.cpp_simd,
                         .dispatch = options.cpp_dispatch,
                         .file_name = options.file_name.empty() ? options.prefix + ".cpp" : options.file_name,
                         .version = options.version,
                         .locations = &locations});
  artifact.bytes = std::move(text.source);
  if (!text.constants.empty()) {
    artifact.beside.push_back({options.prefix + "_constants.cpp", std::move(text.constants)});
  }
}

}  // namespace

std::span<const ArtifactRow> artifact_kinds() { return kKinds; }

std::optional<ArtifactKind> parse_artifact_kind(std::string_view name) {
  for (const ArtifactRow& row : kKinds) {
    if (row.name == name) return row.kind;
  }
  return std::nullopt;
}

std::optional<ArtifactKind> artifact_kind_of(std::string_view path) {
  for (const ArtifactRow& row : kKinds) {
    if (path.ends_with(row.extension)) return row.kind;
  }
  return std::nullopt;
}

Result<Artifact> make_artifact(kernel::Program program, const LocationTable& locations, const ArtifactOptions& options,
                               Diagnostics& diagnostics) {
  const codegen::Triple* triple = codegen::find_triple(options.triple);
  if (triple == nullptr) {
    return diagnostics.report(DiagnosticKind::TargetUnusable, {}, "there is no back end for `{}`", options.triple)
        .note("known are " + codegen::triple_names())
        .emit();
  }
  codegen::add_bound_guards(program);
  const codegen::Interface interface =
      codegen::make_interface(program, options.prefix, weights_place(program, options));
  LATHE_TRY_VOID(check_embedded(interface, diagnostics));

  Artifact artifact;
  codegen::HeaderFacts facts{.source = options.source, .version = options.version, .cpus = {}};
  if (options.kind == ArtifactKind::Cpp) {
    write_cpp(program, locations, interface, options, artifact);
  } else {
    LATHE_TRY(artifact.bytes, native_code(program, interface, *triple, options, facts.cpus, diagnostics));
  }
  if (options.kind == ArtifactKind::Archive || options.kind == ArtifactKind::Shared) {
    LATHE_TRY(artifact.bytes, join_with_runtime(std::move(artifact.bytes), *triple, options, diagnostics));
  }
  artifact.beside.push_back({options.prefix + ".h", codegen::c_header(interface, facts)});
  artifact.beside.push_back({options.prefix + ".hpp", codegen::cpp_header(interface, facts)});
  if (interface.weights == codegen::WeightsPlace::File) {
    artifact.beside.push_back({options.prefix + ".weights", codegen::weights_file(interface, program)});
  }
  return artifact;
}

Result<Artifact> make_artifact(Module& module, const ArtifactOptions& options, Diagnostics& diagnostics) {
  if (options.kind == ArtifactKind::GraphText) {
    return Artifact{.bytes = print(module, {.locations = false, .data = true}), .beside = {}};
  }
  Ports ports = ports_of(module.graph);
  LATHE_TRY_VOID(optimize(module, options.compile, diagnostics));
  update_types(ports, module.graph);
  LATHE_TRY(kernel::Program program, lower_module(module, options.compile, diagnostics));
  LATHE_TRY_VOID(check_ports(ports, program, diagnostics));
  return make_artifact(std::move(program), module.locations, options, diagnostics);
}

}  // namespace lathe
