// `lathe opt FILE.lathe --passes=a,b`: text in, passes, text out.
#include <fmt/format.h>

#include "compiler/frontend/weights/atomic_file.h"
#include "compiler/passes/pipeline.h"
#include "compiler/tools/command.h"
#include "compiler/tools/debug.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"
#include "ir/graph/print.h"

namespace lathe::tools {
namespace {

std::vector<std::string> split_list(std::string_view text) {
  std::vector<std::string> result;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    if (comma > 0) result.emplace_back(text.substr(0, comma));
    text.remove_prefix(std::min(comma + 1, text.size()));
  }
  return result;
}

}  // namespace

ExitStatus opt_command(Arguments arguments, const Session& session) {
  constexpr std::string_view kNumerics[] = {"fast", "exact"};
  DefinitionArguments model;
  std::string list = "default";
  std::string output;
  std::string print_after;
  std::string numerics = "fast";
  std::vector<std::string> dim_texts;
  bool print_changed = false;
  bool remarks = false;
  bool print_locations = false;
  OptionParser options("opt", "Reads a model, runs passes over it and prints the graph.",
                       "Examples:\n  lathe opt net.lathe --passes=canonicalize,fold\n"
                       "  lathe opt net.onnx --passes=default --print-changed\n`lathe passes` lists the passes.");
  options.positional("FILE", model.path, "A .lathe file, or any other model");
  options.text("-p,--passes", list, "A,B", "Passes to run, in this order; `default` is what the compiler runs");
  options.text("-o,--output", output, "FILE", "Write the graph there instead of to standard output");
  options.text("--print-after", print_after, "PASS|all", "Print the graph after these passes, to standard error");
  options.flag("--print-changed", print_changed, "Print it after every pass that changed it");
  options.flag("--print-remarks", remarks, "Say why operations were not fused");
  options.flag("--locs", print_locations, "Print the location of every node");
  options.choice("--numerics", numerics, kNumerics, "exact keeps to the order of operations everywhere");
  options.texts("--dim", dim_texts, "N=8", "A size for a symbol, for the pass specialize");
  if (const auto status = options.parse(arguments, session)) return *status;

  const passes::PassList pass_list = passes::parse_pass_list(list);
  if (pass_list.unknown) {
    return session.usage_error("opt", fmt::format("there is no pass `{}`", *pass_list.unknown));
  }
  passes::PipelineOptions pipeline;
  pipeline.verify_each = true;
  pipeline.round_trip = true;
  pipeline.print_after = split_list(print_after);
  for (const std::string& name : pipeline.print_after) {
    if (name != "all" && passes::find_pass(name) == nullptr) {
      return session.usage_error("opt", fmt::format("there is no pass `{}`", name));
    }
  }
  pipeline.print_changed = print_changed;
  pipeline.passes.remarks = remarks;
  pipeline.passes.numerics = numerics == "exact" ? passes::Numerics::Exact : passes::Numerics::Fast;
  pipeline.reproducer_folder = ".";
  for (const std::string& text : dim_texts) {
    const auto size = parse_named_size(text);
    if (!size) return session.usage_error("opt", fmt::format("`--dim {}` is not NAME=SIZE", text));
    pipeline.passes.dims.push_back(*size);
  }
  std::vector<passes::PassReport> reports;
  pipeline.reports = &reports;
  apply_debug(pipeline, session);

  Module module;
  Diagnostics diagnostics;
  if (!open_model(model, {}, ModelUse::Run, module, diagnostics).ok() ||
      !check_sizes(pipeline.passes.dims, module, diagnostics).ok())
    return session.fail(diagnostics, module.locations);
  const Status status = passes::run_passes(module, diagnostics, pass_list.passes, pipeline);
  show_reports(reports, session);
  session.show(diagnostics, module.locations, session.err);
  if (!status.ok()) return status_of(diagnostics);
  const std::string text = print(module, {.locations = print_locations});
  if (output.empty()) {
    session.out.write(text);
    return ExitStatus::Fine;
  }
  weights::AtomicFile file(output);
  file.write(text);
  std::string why;
  if (file.commit(why)) return ExitStatus::Fine;
  Diagnostics faults;
  static_cast<void>(
      faults.report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(output), why).emit());
  return session.fail(faults, module.locations);
}

}  // namespace lathe::tools
