// The stages of a compilation that is reported on.
#include "compiler/tools/compile_report.h"

#include <optional>
#include <utility>
#include <vector>

#include "compiler/compile_state.h"
#include "compiler/profile.h"
#include "compiler/report/report.h"
#include "compiler/tools/dump_native.h"
#include "compiler/tools/input_values.h"

namespace lathe::tools {
namespace {

/// What the report calls options: those that change the code.
std::vector<std::pair<std::string, std::string>> option_rows(const ArtifactOptions& options) {
  std::vector<std::pair<std::string, std::string>> rows = {
      {"--numerics", options.compile.numerics == Numerics::Exact ? "exact" : "fast"}};
  for (const auto& [name, size] : options.compile.dims) rows.emplace_back("--dim", fmt::format("{}={}", name, size));
  for (const std::string& cpu : options.cpus) rows.emplace_back("--cpu", cpu);
  if (!options.triple.empty()) rows.emplace_back("--target", options.triple);
  return rows;
}

/// Sizes for numbers and for the run: what is still open is as small as it may be.
std::vector<NamedSize> smallest_sizes(const kernel::Program& program) {
  std::vector<NamedSize> sizes;
  for (const SymbolTable::Row& row : program.symbols.rows()) {
    sizes.emplace_back(row.name, program.symbols.interval(row.lower).lower);
  }
  return sizes;
}

struct Profiled {
  StepProfile steps;
  /// Those of the inputs that were run.
  std::vector<NamedSize> sizes;
};

Result<Profiled> profile_program(const Module& module, const kernel::Program& program, const Ports& ports,
                                 std::vector<NamedSize> sizes, const ArtifactOptions& options,
                                 const ReportArguments& report, std::span<const InputArgument> inputs,
                                 Diagnostics& diagnostics) {
  LATHE_TRY(const std::vector<Tensor> values, input_values(ports.inputs, inputs, sizes, report.seed, diagnostics));
  std::vector<TensorView> views;
  for (const Tensor& value : values) views.push_back(value.view());
  LATHE_TRY(StepProfile steps, profile_steps(module, program, views, options.compile, diagnostics));
  // The run has checked that the inputs have these axes.
  for (size_t i = 0; i < program.bindings.size(); ++i) {
    const auto* from = std::get_if<kernel::FromInput>(&program.bindings[i]);
    if (from != nullptr) sizes[i].second = views[from->input].dims[from->axis];
  }
  return Profiled{std::move(steps), std::move(sizes)};
}

}  // namespace

Result<Artifact> make_reported_artifact(Module& module, const Definition* definition, const ArtifactOptions& options,
                                        const ReportArguments& report, std::span<const InputArgument> inputs,
                                        std::string& page, Diagnostics& diagnostics) {
  CompileReport stages;
  Ports ports = ports_of(module.graph);
  const report::SourceGraph source = report::mark_layers(module, definition);
  LATHE_TRY_VOID(optimize(module, options.compile, diagnostics, &stages));
  update_types(ports, module.graph);
  const report::FusedGraph fused = report::mark_groups(module, source);
  LATHE_TRY(kernel::Program program, lower_module(module, options.compile, diagnostics, &stages));
  LATHE_TRY_VOID(check_ports(ports, program, diagnostics));

  std::vector<NamedSize> sizes = smallest_sizes(program);
  std::optional<StepProfile> profile;
  if (report.profile) {
    LATHE_TRY(Profiled profiled,
              profile_program(module, program, ports, std::move(sizes), options, report, inputs, diagnostics));
    profile = std::move(profiled.steps);
    sizes = std::move(profiled.sizes);
  }
  const codegen::Interface interface = codegen::make_interface(program, options.prefix, codegen::WeightsPlace::File);
  report::ReportInput input{.model = report.model,
                            .version = options.version,
                            .target = {},
                            .options = option_rows(options),
                            .sizes = sizes,
                            .module = &module,
                            .source = &source,
                            .fused = &fused,
                            .program = &program,
                            .compilation = &stages,
                            .cpp = codegen::emit_cpp(program, interface, {.locations = &module.locations}).source,
                            .assembly = {},
                            .profile = profile ? &*profile : nullptr};
  if (is_available(Backend::Jit)) {
    LATHE_TRY(input.assembly, native_text(program, NativeText::Assembly, diagnostics));
    input.target = "this machine";
  }
  page = report::report_page(input);
  return make_artifact(std::move(program), module.locations, options, diagnostics);
}

}  // namespace lathe::tools
