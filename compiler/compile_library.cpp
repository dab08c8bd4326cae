// Making, loading and calling shared libraries of models.
#include "compiler/compile_library.h"

#include <dlfcn.h>

#include <array>

#include "compiler/artifact.h"
#include "compiler/codegen/cpp_source.h"
#include "compiler/external_program.h"
#include "compiler/host_compiler.h"
#include "lathe/model.h"

namespace lathe {
namespace {

constexpr const char* kPrefix = "lathe_backend";
constexpr const char* kSelect = "lathe_target_select";

Failure cannot_load(const std::string& why, Diagnostics& diagnostics) {
  return diagnostics.report(DiagnosticKind::LinkFailed, {}, "the library that was made can't be loaded: {}", why)
      .emit();
}

template <class Function>
Function symbol(void* library, const std::string& name) {
  return reinterpret_cast<Function>(dlsym(library, name.c_str()));
}

/// The target that runtime and generated code share; empty when the runtime has none for this CPU.
std::string target_name(const CompileOptions& options) {
  const int32_t selected = lathe_target_selected();
  if (!options.target.empty() || selected < 0) return options.target;
  return lathe_target_name(selected);
}

}  // namespace

Result<NativeBackend> load_library(const std::string& path, const std::string& prefix, const CompileOptions& options,
                                   Diagnostics& diagnostics) {
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (library == nullptr) return cannot_load(dlerror(), diagnostics);
  NativeBackend backend;
  backend.code = std::shared_ptr<const void>(library, [](const void* handle) { dlclose(const_cast<void*>(handle)); });
  const auto describe = symbol<const lathe_model* (*)()>(library, prefix + "_model");
  const auto select = symbol<decltype(&lathe_target_select)>(library, kSelect);
  if (describe == nullptr || select == nullptr) return cannot_load("it lacks what it should export", diagnostics);

  // The library has a runtime of its own, which must run what this one would.
  std::array<char, 512> message{};
  lathe_status status = select(target_name(options).c_str(), message.data(), message.size());
  if (status != LATHE_OK) return report_status(status, message.data(), diagnostics);
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message.data();
  execution.message_size = message.size();
  const lathe_model* model = describe();
  backend.entry = symbol<decltype(&lathe_model_program)>(library, "lathe_model_program")(model, &execution, &status);
  if (backend.entry == nullptr) return report_status(status, message.data(), diagnostics);
  backend.data.pointers.assign(model->data, model->data + model->data_count);
  return backend;
}

Result<NativeBackend> compile_ahead(const kernel::Program& program, const LocationTable& locations,
                                    const CompileOptions& options, Diagnostics& diagnostics) {
  ArtifactOptions artifact;
  artifact.kind = ArtifactKind::Shared;
  artifact.prefix = kPrefix;
  artifact.also_exported = {kSelect, "lathe_model_program"};
  artifact.compile = options;
  LATHE_TRY(const Artifact made, make_artifact(program, locations, artifact, diagnostics));
  LATHE_TRY(const PrivateFolder folder, PrivateFolder::make(diagnostics));
  LATHE_TRY_VOID(folder.write("model.so", made.bytes, diagnostics));
  return load_library(folder.file("model.so"), kPrefix, options, diagnostics);
}

Result<NativeBackend> compile_cpp(const kernel::Program& program, const LocationTable& locations,
                                  const CompileOptions& options, Diagnostics& diagnostics) {
  constexpr const char* kSource = "model.cpp";
  constexpr const char* kLibrary = "model.so";
  // The host passes the program's data to the entry itself: none of it is compiled.
  codegen::Interface interface = codegen::make_interface(program, kPrefix, codegen::WeightsPlace::Embedded);
  interface.data.clear();
  const codegen::CppSource source = codegen::emit_cpp(program, interface,
                                                      {.simd = options.cpp_simd,
                                                       .dispatch = codegen::CppDispatch::Static,
                                                       .file_name = kSource,
                                                       .locations = &locations});
  LATHE_TRY(const PrivateFolder folder, PrivateFolder::make(diagnostics));
  LATHE_TRY_VOID(folder.write(kSource, source.source, diagnostics));
  const std::string target = target_name(options);
  LATHE_TRY_VOID(
      compile_shared_library(folder, kSource, kLibrary, {.compiler = options.cxx, .target = target}, diagnostics));
  LATHE_TRY(NativeBackend backend, load_library(folder.file(kLibrary), kPrefix, options, diagnostics));
  backend.data = make_data_table(program);
  return backend;
}

}  // namespace lathe
