// `lathe trace MODEL -i ..`: every layer of one run with its shape, statistics and time, and where a NaN was born.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/profile.h"
#include "compiler/tools/array_files.h"
#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/nonfinite.h"
#include "compiler/tools/options.h"
#include "compiler/tools/trace_layers.h"
#include "compiler/tools/trace_report.h"

namespace lathe::tools {
namespace {

struct TraceArguments {
  DefinitionArguments model;
  std::string format = "text";
  std::string folder;
  bool no_time = false;
  CompileArguments compile;
};

std::vector<ModelPort> input_ports(const Module& module) {
  std::vector<ModelPort> ports;
  for (const ValueId id : module.graph.inputs()) {
    const Value& value = module.graph.value(id);
    ports.push_back({value.name, value.type, value.location});
  }
  return ports;
}

// A group for every node: its layer, and one more for what belongs to none.
std::vector<uint32_t> groups_of(const TraceLayers& layers) {
  std::vector<uint32_t> groups = layers.layer_of;
  for (uint32_t& group : groups) group = std::min(group, static_cast<uint32_t>(layers.layers.size()));
  return groups;
}

std::vector<ArrayFile> files_of(const TraceReport& report) {
  const size_t digits = std::max<size_t>(3, std::to_string(report.layers.size()).size());
  std::vector<ArrayFile> files;
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const TracedLayer& layer = report.layers[i];
    for (size_t k = 0; k < layer.tensors.size(); ++k) {
      if (layer.tensors[k].tensor == nullptr) continue;
      const std::string part = layer.tensors.size() == 1 ? "" : fmt::format(".{}", k);
      files.push_back({fmt::format("{:0{}}_{}{}", i + 1, digits, layer.layer->name, part), layer.tensors[k].tensor});
    }
  }
  return files;
}

ExitStatus execute(const TraceArguments& arguments, const Session& session) {
  Module module;
  Diagnostics diagnostics;
  const Result<std::vector<InputArgument>> inputs =
      parse_input_arguments(arguments.model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  const auto fail = [&] { return session.fail(diagnostics, module.locations); };
  const Result<CompileOptions> options = arguments.compile.compile_options(session, diagnostics);
  if (!options.ok()) return fail();
  module = Module();
  session.progress("loading");
  Definition definition;
  if (!open_model(arguments.model, *inputs, ModelUse::Run, module, diagnostics, &definition).ok() ||
      !check_sizes(options->dims, module, diagnostics).ok()) {
    return fail();
  }
  const Result<std::vector<Tensor>> values = input_values(input_ports(module), *inputs, options->dims,
                                                          static_cast<uint64_t>(arguments.model.seed), diagnostics);
  if (!values.ok()) return fail();
  std::vector<TensorView> views;
  for (const Tensor& value : *values) views.push_back(value.view());

  const TraceLayers layers = trace_layers(module, definition);
  std::vector<ValueId> wanted;
  for (const TraceLayer& layer : layers.layers) wanted.insert(wanted.end(), layer.outputs.begin(), layer.outputs.end());
  session.progress("running");
  const Result<CapturedValues> captured = capture(module, wanted, views, *options, diagnostics);
  if (!captured.ok()) return fail();
  std::optional<Profile> measured;
  if (!arguments.no_time) {
    session.progress("measuring");
    Result<Profile> times = profile(module, groups_of(layers), views, *options, diagnostics);
    if (!times.ok()) return fail();
    measured = *std::move(times);
  }
  session.progress("looking for NaN");
  const Result<std::optional<NonFinite>> nonfinite =
      find_nonfinite({module, layers, *captured, views, *options}, diagnostics);
  if (!nonfinite.ok()) return fail();
  session.progress({});

  const TraceReport report = make_report({.model = arguments.model.path,
                                          .module = module,
                                          .layers = layers,
                                          .values = *captured,
                                          .inputs = *values,
                                          .profile = measured,
                                          .options = *options,
                                          .nonfinite = *nonfinite});
  std::vector<std::string> written;
  if (!arguments.folder.empty()) {
    Result<std::vector<std::string>> files = write_arrays(arguments.folder, files_of(report), diagnostics);
    if (!files.ok()) return fail();
    written = *std::move(files);
  }
  session.out.write(arguments.format == "json" ? as_json(report, written) : as_text(report, written.size()));
  session.show(diagnostics, module.locations, session.err);
  return status_of(diagnostics);
}

}  // namespace

ExitStatus trace_command(Arguments words, const Session& session) {
  constexpr std::string_view kFormats[] = {"text", "json"};
  TraceArguments arguments;
  OptionParser options(
      "trace", "Runs a model once and shows what every layer gave: shape, statistics, NaN and infinities, time.",
      "The time of a layer is the median over many runs of the program as it is compiled; a layer that is computed in\n"
      "the same step as another one shows that layer's number. See docs/trace.md.\n\n"
      "Examples:\n  lathe trace net.onnx -i x=image.npy\n  lathe trace 'net.py:Net(10)' -i 'x=f32[1,3,32,32]' "
      "--weights net.pth -o layers\n  lathe trace net.py --format=json");
  arguments.model.add_to(options, true);
  options.choice("--format", arguments.format, kFormats, "A table for people, or one JSON object");
  options.text("-o,--output", arguments.folder, "DIR", "Write the result of every layer to DIR/NUMBER_NAME.npy too");
  options.flag("--no-time", arguments.no_time, "Don't measure: the same text for every run");
  arguments.compile.add_to(options);
  if (const auto status = options.parse(words, session)) return *status;
  return execute(arguments, session);
}

}  // namespace lathe::tools
