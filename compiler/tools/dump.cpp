// `lathe dump MODEL --stage=..`: the intermediate representation after a stage of the compiler.
#include <fmt/format.h>

#include "compiler/codegen/cpp_source.h"
#include "compiler/frontend/weights/atomic_file.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/dump_native.h"
#include "compiler/tools/memory_table.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"
#include "ir/graph/print.h"
#include "ir/kernel/text.h"

namespace lathe::tools {
namespace {

constexpr std::string_view kStages[] = {"import", "graph", "fused", "kernel", "plan", "cpp", "llvm", "asm"};

// The passes up to those that arrange the graph for the machine: what remains is the model, simplified.
std::vector<const passes::Pass*> simplifying_passes() {
  std::vector<const passes::Pass*> result;
  for (const passes::Pass* pass : passes::default_pipeline()) {
    if (pass->stage == passes::Stage::Arrange || pass->stage == passes::Stage::Group) break;
    result.push_back(pass);
  }
  return result;
}

Result<std::string> stage_text(Module& module, std::string_view stage, const CompileOptions& options,
                               bool with_locations, Diagnostics& diagnostics) {
  const PrintOptions print_options{.locations = with_locations, .data = false};
  if (stage == "import") return print(module, print_options);
  if (stage == "graph") {
    passes::PipelineOptions pipeline;
    pipeline.passes.dims = options.dims;
    pipeline.passes.numerics = options.numerics;
    pipeline.print_after = options.print_after;
    pipeline.print_changed = options.print_changed;
    pipeline.print = options.print;
    LATHE_TRY_VOID(passes::run_passes(module, diagnostics, simplifying_passes(), pipeline));
    return print(module, print_options);
  }
  LATHE_TRY_VOID(optimize(module, options, diagnostics));
  if (stage == "fused") return print(module, print_options);
  LATHE_TRY(const kernel::Program program, lower_module(module, options, diagnostics));
  if (stage == "kernel") return kernel::print(program);
  if (stage == "plan") return memory_table(program);
  if (stage == "cpp") {
    const std::string name = codegen::c_identifier(program.name);
    const codegen::Interface interface = codegen::make_interface(program, name, codegen::WeightsPlace::File);
    return codegen::emit_cpp(program, interface, {.file_name = name + ".cpp", .locations = &module.locations}).source;
  }
  return native_text(program, stage == "asm" ? NativeText::Assembly : NativeText::Llvm, diagnostics);
}

}  // namespace

ExitStatus dump_command(Arguments arguments, const Session& session) {
  DefinitionArguments model;
  std::string stage = "graph";
  std::string output;
  bool with_locations = false;
  bool remarks = false;
  CompileArguments compile;
  OptionParser options("dump", "Prints the intermediate representation after a stage of the compiler.",
                       "Stages:\n"
                       "  import   the graph as it was read\n"
                       "  graph    after decomposition and simplification\n"
                       "  fused    after layout and fusion: what is lowered\n"
                       "  kernel   kernel IR: loops, vectors, calls of the runtime\n"
                       "  plan     the arena: who lies where, and from which step to which\n"
                       "  cpp      C++ source that does the same\n"
                       "  llvm     LLVM IR for this machine\n"
                       "  asm      its machine code as text\n\n"
                       "The elements of large constants are left out; `lathe opt` prints graphs in full.");
  model.add_to(options, false);
  options.choice("--stage", stage, kStages, "Which one (graph)");
  options.text("-o,--output", output, "FILE", "Write it there instead of to standard output");
  options.flag("--locs", with_locations, "Print the location of every node of a graph");
  options.flag("--print-remarks", remarks, "Say why operations were not fused, to standard error");
  compile.add_to(options);
  if (const auto status = options.parse(arguments, session)) return *status;

  Module module;
  Diagnostics diagnostics;
  const Result<std::vector<InputArgument>> inputs = parse_input_arguments(model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  Result<CompileOptions> compile_options = compile.compile_options(session, diagnostics);
  if (!compile_options.ok()) return session.fail(diagnostics, module.locations);
  compile_options->remarks = remarks;
  module = Module();
  if (!open_model(model, *inputs, stage == "import" || stage == "graph" ? ModelUse::TypesOnly : ModelUse::Run, module,
                  diagnostics)
           .ok() ||
      !check_sizes(compile_options->dims, module, diagnostics).ok()) {
    return session.fail(diagnostics, module.locations);
  }
  const Result<std::string> text = stage_text(module, stage, *compile_options, with_locations, diagnostics);
  session.show(diagnostics, module.locations, session.err);
  if (!text.ok()) return status_of(diagnostics);
  if (output.empty()) {
    session.out.write(*text);
    return ExitStatus::Fine;
  }
  weights::AtomicFile file(output);
  file.write(*text);
  std::string why;
  if (file.commit(why)) return ExitStatus::Fine;
  Diagnostics faults;
  static_cast<void>(
      faults.report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(output), why).emit());
  return session.fail(faults, module.locations);
}

}  // namespace lathe::tools
