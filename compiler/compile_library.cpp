// Making, loading and calling shared libraries of models.
#include "compiler/compile_library.h"

#include <dlfcn.h>

#include <array>

#include "compiler/artifact.h"
#include "compiler/external_program.h"
#include "lathe/model.h"

namespace lathe {
namespace {

constexpr const char* kPrefix = "lathe_aot";
constexpr const char* kSelect = "lathe_target_select";

Failure cannot_load(const std::string& why, Diagnostics& diagnostics) {
  return diagnostics.report(DiagnosticKind::LinkFailed, {}, "the library that was made can't be loaded: {}", why)
      .emit();
}

template <class Function>
Function symbol(void* library, const std::string& name) {
  return reinterpret_cast<Function>(dlsym(library, name.c_str()));
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
  const int32_t selected = lathe_target_selected();
  const char* target = !options.target.empty() ? options.target.c_str()
                       : selected < 0          ? ""
                                               : lathe_target_name(selected);
  lathe_status status = select(target, message.data(), message.size());
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

}  // namespace lathe
