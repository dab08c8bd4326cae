// `lathe bench MODEL`: time per call over many runs, compile time, memory.
#include <fmt/format.h>
#include <sys/resource.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <filesystem>

#include "compiler/tools/command.h"
#include "compiler/tools/compile_arguments.h"
#include "compiler/tools/input_values.h"
#include "compiler/tools/layers.h"
#include "compiler/tools/model_file.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

using Clock = std::chrono::steady_clock;

double milliseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

struct BenchArguments {
  DefinitionArguments model;
  double seconds = 2;
  bool json = false;
  CompileArguments compile;
};

struct Measurement {
  double import_ms = 0;
  double compile_ms = 0;
  double first_run_ms = 0;
  std::vector<double> microseconds;  ///< of every run, sorted
  std::vector<std::string> inputs;
  std::string backend;
  std::string arena;

  [[nodiscard]] double quantile(double part) const {
    const auto index = static_cast<size_t>(std::lround(part * static_cast<double>(microseconds.size() - 1)));
    return microseconds[index];
  }
};

int64_t peak_rss_kib() {
  rusage usage{};
  return ::getrusage(RUSAGE_SELF, &usage) == 0 ? usage.ru_maxrss : 0;
}

// Runs until `seconds` have passed and there are ten runs at least.
template <class Run>
Status measure(Run run, double seconds, Measurement& measurement) {
  constexpr size_t kLeastRuns = 10;
  constexpr size_t kMostRuns = 50'000'000;
  constexpr double kWarmUp = 0.1;
  const Clock::time_point first = Clock::now();
  LATHE_TRY_VOID(run());
  measurement.first_run_ms = milliseconds_since(first);
  const Clock::time_point warm_up = Clock::now();
  for (int i = 0; i < 3 || milliseconds_since(warm_up) < 1e3 * kWarmUp * seconds; ++i) {
    LATHE_TRY_VOID(run());
    if (milliseconds_since(warm_up) > 1e3 * seconds) break;
  }
  const Clock::time_point start = Clock::now();
  std::vector<double>& times = measurement.microseconds;
  while (times.size() < kLeastRuns || (milliseconds_since(start) < 1e3 * seconds && times.size() < kMostRuns)) {
    const Clock::time_point begin = Clock::now();
    LATHE_TRY_VOID(run());
    times.push_back(std::chrono::duration<double, std::micro>(Clock::now() - begin).count());
  }
  std::sort(times.begin(), times.end());
  return {};
}

// The fast path where the model has one: sizes bound once, one native call a run.
Status measure_model(const CompiledModel& model, const std::vector<Tensor>& values, double seconds,
                     Measurement& measurement, Diagnostics& diagnostics) {
  std::vector<TensorView> views;
  std::vector<std::vector<int64_t>> dims;
  for (const Tensor& value : values) {
    views.push_back(value.view());
    dims.push_back(value.dims());
  }
  Diagnostics refused;
  Result<Instance> instance = model.instance(dims, refused);
  if (!instance.ok()) {
    return measure(
        [&]() -> Status {
          if (!model.run(views, diagnostics).ok()) return Failure{};
          return {};
        },
        seconds, measurement);
  }
  std::vector<Tensor> outputs;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const Tensor& value : values) from.push_back(value.bytes().data());
  for (size_t i = 0; i < model.outputs().size(); ++i) {
    outputs.emplace_back(model.outputs()[i].type.as_tensor()->element, instance->output_dims()[i]);
    to.push_back(outputs.back().bytes().data());
  }
  return measure(
      [&]() -> Status {
        if (instance->run(from.data(), to.data()) == LATHE_OK) return {};
        return diagnostics.report(DiagnosticKind::GuardFailed, {}, "{}", instance->message()).emit();
      },
      seconds, measurement);
}

std::string as_json(const BenchArguments& arguments, const Measurement& found) {
  const nlohmann::ordered_json report{
      {"model", valid_utf8(std::filesystem::path(arguments.model.path).filename().string())},
      {"inputs", found.inputs},
      {"backend", found.backend},
      {"threads", arguments.compile.threads},
      {"runs", found.microseconds.size()},
      {"median_us", found.quantile(0.5)},
      {"min_us", found.microseconds.front()},
      {"p99_us", found.quantile(0.99)},
      {"import_ms", found.import_ms},
      {"compile_ms", found.compile_ms},
      {"first_run_ms", found.first_run_ms},
      {"peak_rss_kib", peak_rss_kib()},
      {"cache", "off"}};
  return json_text(report) + "\n";
}

std::string as_text(const BenchArguments& arguments, const Measurement& found) {
  std::string text = fmt::format("{} on {}, {} {}\n", display_text(arguments.model.path), found.backend,
                                 arguments.compile.threads, arguments.compile.threads == 1 ? "thread" : "threads");
  for (const std::string& input : found.inputs) text += fmt::format("  input      {}\n", input);
  text += fmt::format("  median     {:.3f} us over {} runs (least {:.3f}, p99 {:.3f})\n", found.quantile(0.5),
                      found.microseconds.size(), found.microseconds.front(), found.quantile(0.99));
  text += fmt::format("  import     {:.2f} ms\n  compile    {:.2f} ms\n  first run  {:.2f} ms\n", found.import_ms,
                      found.compile_ms, found.first_run_ms);
  if (!found.arena.empty()) text += fmt::format("  arena      {} bytes\n", found.arena);
  return text + fmt::format("  peak       {} KiB resident\n", peak_rss_kib());
}

ExitStatus execute(const BenchArguments& arguments, const Session& session) {
  Module module;
  Diagnostics diagnostics;
  const Result<std::vector<InputArgument>> inputs =
      parse_input_arguments(arguments.model.inputs, module.locations, diagnostics);
  if (!inputs.ok()) {
    static_cast<void>(session.fail(diagnostics, module.locations));
    return ExitStatus::CommandLineWrong;
  }
  const Result<CompileOptions> options = arguments.compile.compile_options(session, diagnostics);
  if (!options.ok()) return session.fail(diagnostics, module.locations);
  module = Module();
  Measurement found;
  found.backend = arguments.compile.backend;
  session.progress("loading");
  const Clock::time_point import_start = Clock::now();
  if (!open_model(arguments.model, *inputs, ModelUse::Run, module, diagnostics).ok() ||
      !check_sizes(options->dims, module, diagnostics).ok()) {
    return session.fail(diagnostics, module.locations);
  }
  found.import_ms = milliseconds_since(import_start);
  session.progress("compiling");
  const Clock::time_point compile_start = Clock::now();
  const Result<CompiledModel> model = compile(std::move(module), *options, diagnostics);
  found.compile_ms = milliseconds_since(compile_start);
  if (!model.ok()) return session.fail(diagnostics, module.locations);
  const Result<std::vector<Tensor>> values =
      input_values(model->inputs(), *inputs, options->dims, static_cast<uint64_t>(arguments.model.seed), diagnostics);
  if (!values.ok()) return session.fail(diagnostics, model->locations());
  for (const Tensor& value : *values) found.inputs.push_back(compact_text(borrow(value).type));
  found.arena = model->peak_bytes_formula();
  session.progress("measuring");
  const Status status = measure_model(*model, *values, arguments.seconds, found, diagnostics);
  session.progress({});
  if (!status.ok()) return session.fail(diagnostics, model->locations());
  session.out.write(arguments.json ? as_json(arguments, found) : as_text(arguments, found));
  return ExitStatus::Fine;
}

}  // namespace

ExitStatus bench_command(Arguments words, const Session& session) {
  BenchArguments arguments;
  OptionParser options("bench", "Measures a model: time per call, compile time, memory.",
                       "One call on ready inputs is timed, for two seconds or ten runs, whichever is longer, after a "
                       "warm-up.\n\nExample:\n  lathe bench net.onnx -i 'x=f32[1,3,224,224]' --threads 2 --json");
  arguments.model.add_to(options, true);
  options.number("--seconds", arguments.seconds, "How long to measure (2)");
  options.flag("--json", arguments.json, "Print one JSON object");
  arguments.compile.add_to(options);
  if (const auto status = options.parse(words, session)) return *status;
  return execute(arguments, session);
}

}  // namespace lathe::tools
