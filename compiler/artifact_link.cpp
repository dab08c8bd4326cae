// An object with what it reaches of the runtime: archives and shared libraries.
#include <fmt/format.h>

#include <fstream>

#include "compiler/artifact_native.h"
#include "compiler/codegen/archives.h"
#include "compiler/linker.h"

namespace lathe {
namespace {

/// The runtime for the target: that of this program, or a file.
Result<std::string> read_runtime(const codegen::Triple& triple, const ArtifactOptions& options,
                                 Diagnostics& diagnostics) {
  if (options.runtime_archive.empty() && &triple == codegen::find_triple({})) {
    return std::string(codegen::runtime_archive());
  }
  if (options.runtime_archive.empty()) {
    return diagnostics
        .report(DiagnosticKind::FileNotReadable, {},
                "for {} this needs the runtime of that machine: --runtime liblathe_runtime.a", triple.name)
        .note("an object (`-o model.o`) can be made without; it is linked with the runtime there")
        .emit();
  }
  std::ifstream stream(options.runtime_archive, std::ios::binary);
  std::string bytes(std::istreambuf_iterator<char>(stream), {});
  if (stream.is_open() && !stream.bad()) return bytes;
  return diagnostics
      .report(DiagnosticKind::FileNotReadable, {}, "the runtime `{}` can't be read", options.runtime_archive)
      .emit();
}

/// What a library shows of the runtime: what is asked for, and what loads its weights, for languages that have nothing
/// but the library.
std::vector<std::string> exported_runtime(const ArtifactOptions& options) {
  std::vector<std::string> names = options.also_exported;
  if (options.weights == codegen::WeightsPlace::File && options.kind == ArtifactKind::Shared) {
    names.insert(names.end(), {"lathe_model_load_weights", "lathe_model_release_weights"});
  }
  return names;
}

std::vector<std::string> exported_symbols(const ArtifactOptions& options) {
  std::vector<std::string> names = exported_runtime(options);
  for (const char* entry : {"model", "run", "run_in"}) names.push_back(fmt::format("{}_{}", options.prefix, entry));
  return names;
}

}  // namespace

Result<std::string> join_with_runtime(std::string object, const codegen::Triple& triple, const ArtifactOptions& options,
                                      Diagnostics& diagnostics) {
  LATHE_TRY(const std::string runtime, read_runtime(triple, options, diagnostics));
  const std::string name = options.runtime_archive.empty() ? "the compiler" : options.runtime_archive;
  std::vector<codegen::ArchiveMember> members = {{options.prefix + ".o", std::move(object)}};
  // What is exported although the model does not call it has to be reached too.
  LATHE_TRY(const auto needed,
            codegen::needed_members(members[0].bytes, exported_runtime(options), runtime, name, diagnostics));
  members.insert(members.end(), needed.begin(), needed.end());
  if (options.kind == ArtifactKind::Archive) return codegen::make_archive(members, diagnostics);
  const LinkOptions link{
      .linker = options.linker,
      .soname = options.file_name.empty() ? fmt::format("lib{}.so", options.prefix) : options.file_name,
      .exported = exported_symbols(options)};
  return link_shared(members, triple, link, diagnostics);
}

}  // namespace lathe
