// `lathe run MODEL -i ..`: executes a model and writes, prints or compares its outputs.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/tools/array_files.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compare.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/debug.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/layers.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "compiler/tools/statistics.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

struct RunArguments {
  DefinitionArguments model;
  std::string folder;
  std::vector<std::string> expected;
  double tolerance = 1e-4;
  CompileArguments compile;
};

// `f32[2,3]  -1.5 .. 3.25, mean 0.5: 1 2 3 ...`
std::string summary(const Tensor& tensor) {
  const ConstantData data = borrow(tensor);
  std::string line = compact_text(data.type);
  const int64_t count = data.element_count();
  constexpr int64_t kShown = 6;
  if (data.type.element == ElementType::String) {
    for (int64_t i = 0; i < std::min(count, kShown); ++i)
      line += " " + quoted_name(data.strings[static_cast<size_t>(i)]);
    return line + (count > kShown ? " ..." : "");
  }
  const Statistics found = *statistics(data);
  if (found.finite() != 0) line += fmt::format("  {:.4g} .. {:.4g}, mean {:.4g}", found.least, found.most, found.mean);
  if (found.finite() != count) line += fmt::format(", {} NaN or infinite", found.nan + found.infinite);
  for (int64_t i = 0; i < std::min(count, kShown); ++i) {
    line += fmt::format("{} {:.4g}", i == 0 ? ":" : "", element_as_double(data, i));
  }
  return line + (count > kShown ? " ..." : "");
}

Status write_outputs(const std::vector<std::string>& names, const std::vector<Tensor>& outputs,
                     const std::string& folder, const Session& session, Diagnostics& diagnostics) {
  std::vector<ArrayFile> files;
  for (size_t i = 0; i < outputs.size(); ++i) files.push_back({names[i], &outputs[i]});
  LATHE_TRY(const std::vector<std::string> written, write_arrays(folder, files, diagnostics));
  for (const std::string& path : written) session.out.write(display_text(path) + "\n");
  return {};
}

// Compares the outputs with `--expect` files, in order or by name, and says how far they are apart.
Status compare_outputs(const RunArguments& arguments, const std::vector<std::string>& names,
                       const std::vector<Tensor>& outputs, const Session& session, Diagnostics& diagnostics) {
  size_t position = 0;
  bool agrees = true;
  for (const std::string& text : arguments.expected) {
    const size_t equals = text.find('=');
    const std::string name = equals == std::string::npos ? "" : text.substr(0, equals);
    const std::string path = equals == std::string::npos ? text : text.substr(equals + 1);
    const size_t index =
        name.empty() ? position++ : static_cast<size_t>(std::find(names.begin(), names.end(), name) - names.begin());
    if (index >= names.size()) {
      return diagnostics
          .report(DiagnosticKind::InputMismatch, {}, "no output belongs to `--expect {}`", display_text(text))
          .emit();
    }
    LATHE_TRY(const ConstantData want, read_array(path, names[index], diagnostics));
    const ConstantData got = borrow(outputs[index]);
    std::string fault;
    if (const auto wrong = type_difference(got, want)) {
      fault = *wrong;
    } else if (want.type.element == ElementType::String) {
      fault = difference(got, want, {}).value_or("");
    } else {
      const Distance apart = distance(got, want);
      const std::string numbers = fmt::format("differs by at most {:.3g}, {:.3g} of the largest output {:.6g}",
                                              apart.difference, apart.relative(), apart.largest);
      session.out.write(fmt::format("{} {} from {}\n", quoted_name(names[index]), numbers, display_text(path)));
      if (!(apart.relative() <= arguments.tolerance))
        fault = fmt::format("{}; {:.3g} is allowed", numbers, arguments.tolerance);
    }
    if (fault.empty()) continue;
    agrees = false;
    static_cast<void>(diagnostics
                          .report(DiagnosticKind::ResultMismatch, {}, "output {} is not as {} says: {}",
                                  quoted_name(names[index]), quoted_name(path), fault)
                          .emit());
  }
  if (!agrees) return Failure{};
  return {};
}

ExitStatus execute(const RunArguments& arguments, const Session& session) {
  Module module;
  Diagnostics diagnostics;
  Result<std::vector<InputArgument>> inputs =
      parse_input_arguments(arguments.model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  const Result<CompileOptions> options = arguments.compile.compile_options(session, diagnostics);
  if (!options.ok()) return session.fail(diagnostics, module.locations);
  module = Module();
  session.progress("loading");
  if (!open_model(arguments.model, *inputs, ModelUse::Run, module, diagnostics).ok() ||
      !check_sizes(options->dims, module, diagnostics).ok()) {
    return session.fail(diagnostics, module.locations);
  }
  session.progress("compiling");
  const Result<CompiledModel> model = compile(std::move(module), *options, diagnostics);
  if (!model.ok()) return session.fail(diagnostics, module.locations);
  show_reports(model->report().passes, session);
  const Result<std::vector<Tensor>> values =
      input_values(model->inputs(), *inputs, options->dims, static_cast<uint64_t>(arguments.model.seed), diagnostics);
  if (!values.ok()) return session.fail(diagnostics, model->locations());
  std::vector<TensorView> views;
  for (const Tensor& value : *values) views.push_back(value.view());
  session.progress("running");
  const Result<std::vector<Tensor>> outputs = model->run(views, diagnostics);
  session.progress({});
  if (!outputs.ok()) return session.fail(diagnostics, model->locations());

  std::vector<std::string> names;
  for (const ModelPort& port : model->outputs()) names.push_back(port.name);
  names = output_names(names);
  Status status;
  if (!arguments.folder.empty()) {
    status = write_outputs(names, *outputs, arguments.folder, session, diagnostics);
  } else {
    for (size_t i = 0; i < outputs->size(); ++i) {
      session.out.write(fmt::format("{}  {}\n", display_text(names[i]), summary((*outputs)[i])));
    }
  }
  if (status.ok()) status = compare_outputs(arguments, names, *outputs, session, diagnostics);
  session.show(diagnostics, model->locations(), session.err);
  return status_of(diagnostics);
}

}  // namespace

ExitStatus run_command(Arguments words, const Session& session) {
  RunArguments arguments;
  OptionParser options("run", "Executes a model. Inputs come from files; one that isn't given gets random data.",
                       "Examples:\n  lathe run net.onnx -i x=image.npy -o results\n"
                       "  lathe run net.onnx -i 'x=f32[8,3,224,224]' --seed 1\n"
                       "  lathe run net.onnx -i image.npy --expect golden.npy\n"
                       "  lathe run 'net.py:Net(10)' -i x=image.npy --weights net.safetensors");
  arguments.model.add_to(options, true);
  options.text("-o,--output", arguments.folder, "DIR", "Write every output to DIR/NAME.npy instead of a summary");
  options.texts("--expect", arguments.expected, "FILE", "Compare an output with this file; [NAME=]FILE");
  options.number("--tolerance", arguments.tolerance,
                 "How far it may be off, in parts of the largest expected value (1e-4)");
  arguments.compile.add_to(options);
  if (const auto status = options.parse(words, session)) return *status;
  return execute(arguments, session);
}

}  // namespace lathe::tools
