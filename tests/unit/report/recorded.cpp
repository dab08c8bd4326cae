// A model carried through the stages of the compiler, with marks for the report between them.
#include "tests/unit/report/recorded.h"

#include "compiler/codegen/cpp_source.h"
#include "compiler/tools/dump_native.h"
#include "compiler/tools/input_values.h"

namespace lathe::test {

report::ReportInput Recorded::input() const {
  return {.model = "test.lathe",
          .version = "0.1.0",
          .target = assembly.empty() ? "" : "x86-64",
          .options = {{"--numerics", "fast"}},
          .sizes = {},
          .module = &module,
          .source = &source,
          .fused = &fused,
          .program = &program,
          .compilation = &compilation,
          .cpp = cpp,
          .assembly = assembly,
          .profile = profile ? &*profile : nullptr};
}

Result<Recorded> record(Module&& module, const Definition* definition, bool with_profile, Diagnostics& diagnostics) {
  Recorded result;
  result.module = std::move(module);
  const CompileOptions options;
  result.source = report::mark_layers(result.module, definition);
  LATHE_TRY_VOID(optimize(result.module, options, diagnostics, &result.compilation));
  result.fused = report::mark_groups(result.module, result.source);
  LATHE_TRY(result.program, lower_module(result.module, options, diagnostics, &result.compilation));
  const codegen::Interface interface = codegen::make_interface(result.program, "test", codegen::WeightsPlace::File);
  result.cpp = codegen::emit_cpp(result.program, interface, {.locations = &result.module.locations}).source;
  if (is_available(Backend::Jit)) {
    LATHE_TRY(result.assembly, tools::native_text(result.program, tools::NativeText::Assembly, diagnostics));
  }
  if (!with_profile) return result;
  std::vector<ModelPort> ports;
  for (const ValueId id : result.module.graph.inputs()) {
    const Value& value = result.module.graph.value(id);
    ports.push_back({value.name, value.type, value.location});
  }
  std::vector<NamedSize> sizes;
  for (const SymbolTable::Row& row : result.program.symbols.rows()) {
    sizes.emplace_back(row.name, row.lower.as_constant().value_or(1));
  }
  LATHE_TRY(const std::vector<Tensor> tensors, tools::input_values(ports, {}, sizes, 0, diagnostics));
  std::vector<TensorView> inputs;
  for (const Tensor& tensor : tensors) inputs.push_back(tensor.view());
  LATHE_TRY(result.profile, profile_steps(result.module, result.program, inputs, options, diagnostics));
  return result;
}

}  // namespace lathe::test
