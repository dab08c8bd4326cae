// Timing of a program's steps, and of the graph interpreter's nodes.
#include "compiler/profile.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <memory>
#include <optional>
#include <unordered_map>

#include "compiler/compile_state.h"
#include "compiler/interp/graph_interpreter.h"

namespace lathe {
namespace {

using Clock = std::chrono::steady_clock;

double microseconds_since(Clock::time_point start) {
  return std::chrono::duration<double, std::micro>(Clock::now() - start).count();
}

double median(std::vector<double>& times) {
  const auto middle = times.begin() + static_cast<ptrdiff_t>(times.size() / 2);
  std::nth_element(times.begin(), middle, times.end());
  return *middle;
}

// Enough rounds for a median, as long as they are short.
constexpr uint32_t kLeastRounds = 5;
constexpr uint32_t kMostRounds = 200;
constexpr double kEnoughMicroseconds = 100'000;
constexpr double kLongMicroseconds = 3'000'000;

// The groups at the ends of a location, which profile() put there instead of places.
std::vector<uint32_t> groups_behind(const LocationTable& locations, LocationId where) {
  std::vector<uint32_t> groups;
  std::vector<LocationId> waiting{where};
  while (!waiting.empty()) {
    const LocationId id = waiting.back();
    waiting.pop_back();
    if (!id.valid()) continue;
    const Location& location = locations[id];
    if (const auto* fused = std::get_if<FusedLocation>(&location)) {
      waiting.insert(waiting.end(), fused->parents.begin(), fused->parents.end());
    } else if (const auto* derived = std::get_if<DerivedLocation>(&location)) {
      waiting.push_back(derived->from);
    } else if (const auto* model = std::get_if<ModelLocation>(&location)) {
      groups.push_back(model->index);
    }
  }
  std::sort(groups.begin(), groups.end());
  groups.erase(std::unique(groups.begin(), groups.end()), groups.end());
  return groups;
}

// A copy whose nodes have their groups for places.
Module labelled(const Module& module, std::span<const uint32_t> groups) {
  Module copy = clone_module(module);
  std::unordered_map<uint32_t, LocationId> known;
  const FileId file = copy.locations.add_file("groups");
  for (const NodeId id : copy.graph.all_nodes()) {
    if (id.index >= groups.size()) continue;
    const auto [row, is_new] = known.try_emplace(groups[id.index]);
    if (is_new) row->second = copy.locations.add(ModelLocation{file, "group", {}, {}, groups[id.index]});
    copy.graph.set_node_location(id, row->second);
  }
  return copy;
}

// The program with some of its steps and the kernels that they run.
kernel::Program part_of(const kernel::Program& program, size_t begin, size_t end) {
  kernel::Program part = program;
  part.steps.assign(program.steps.begin() + static_cast<ptrdiff_t>(begin),
                    program.steps.begin() + static_cast<ptrdiff_t>(end));
  part.kernels = {};
  std::unordered_map<uint32_t, kernel::KernelId> known;
  const auto keep = [&](kernel::RunStep& run) {
    const auto [row, is_new] = known.try_emplace(run.kernel.index);
    if (is_new) row->second = part.kernels.push_back(program.kernels[run.kernel]);
    run.kernel = row->second;
  };
  for (kernel::Step& step : part.steps) {
    if (auto* run = std::get_if<kernel::RunStep>(&step.kind)) keep(*run);
    auto* call = std::get_if<kernel::CallStep>(&step.kind);
    if (call == nullptr) continue;
    for (kernel::Argument& argument : call->arguments) {
      auto* structure = std::get_if<kernel::StructArgument>(&argument);
      if (structure == nullptr) continue;
      for (kernel::Field& field : structure->fields) {
        if (auto* callback = std::get_if<kernel::CallbackField>(&field.value)) keep(callback->run);
      }
    }
  }
  return part;
}

// The memory of one run of a program.
struct Memory {
  std::vector<int64_t> symbols;
  std::vector<Tensor> outputs;
  Block arena;
  DataTable data;
  std::vector<const void*> input_pointers;
  std::vector<void*> output_pointers;
};

Result<Memory> make_memory(const Module& module, const kernel::Program& program, std::span<const TensorView> inputs,
                           Diagnostics& diagnostics) {
  std::vector<ModelPort> ports;
  for (const ValueId id : module.graph.inputs()) {
    const Value& value = module.graph.value(id);
    ports.push_back({value.name, value.type, value.location});
  }
  std::vector<GivenInput> given;
  for (const TensorView& input : inputs) given.push_back({input.element, input.dims});
  const ShapeBinder binder(ports, program.symbols);
  Memory memory;
  LATHE_TRY(memory.symbols, binder.bind(ports, program.symbols, given, diagnostics));
  const auto no_memory = [&] {
    return diagnostics.report(DiagnosticKind::OutOfMemory, {}, "can't get the memory of one run").emit();
  };
  for (const kernel::Port& port : program.outputs) {
    const auto dims = binder.evaluate(port.type.dims, memory.symbols);
    if (!dims) return no_memory();
    memory.outputs.emplace_back(port.type.element, *dims);
    if (!memory.outputs.back().valid()) return no_memory();
  }
  const std::optional<int64_t> bytes = binder.evaluate(program.arena_bytes, memory.symbols);
  if (!bytes || *bytes < 0) return no_memory();
  memory.arena = Block(static_cast<size_t>(*bytes));
  if (memory.arena.data() == nullptr) return no_memory();
  memory.data = make_data_table(program);
  for (const TensorView& input : inputs) memory.input_pointers.push_back(input.data);
  for (Tensor& output : memory.outputs) memory.output_pointers.push_back(output.bytes().data());
  return memory;
}

struct Measured {
  NativeCode code;
  std::vector<double> times = {};
};

Status run_once(Measured& part, Memory& memory, const lathe_execution& execution, Diagnostics& diagnostics) {
  const Clock::time_point start = Clock::now();
  const lathe_status status =
      part.code.entry()(&execution, memory.input_pointers.data(), memory.output_pointers.data(),
                        memory.data.pointers.data(), memory.arena.data(), memory.symbols.data());
  part.times.push_back(microseconds_since(start));
  if (status != LATHE_OK) return report_status(status, lathe_execution_message(&execution), diagnostics);
  return {};
}

constexpr std::string_view kSizesDependOnData = "sizes depend on data, so the steps can't be run one by one";

bool sizes_depend_on_data(const kernel::Program& program) {
  return std::any_of(program.bindings.begin(), program.bindings.end(),
                     [](const auto& binding) { return std::holds_alternative<kernel::FromCall>(binding); });
}

// Times of parts of a program, each from the step after the end of the part before it to its own end.
struct PartTimes {
  std::vector<double> parts;
  double whole = 0;
  uint32_t rounds = 0;
};

Result<PartTimes> measure(const Module& module, const kernel::Program& program, std::span<const size_t> ends,
                          std::span<const TensorView> inputs, const CompileOptions& options, Diagnostics& diagnostics) {
  LATHE_TRY(Memory memory, make_memory(module, program, inputs, diagnostics));
  std::vector<Measured> parts;
  size_t begin = 0;
  for (const size_t end : ends) {
    LATHE_TRY(NativeCode code, NativeCode::compile(part_of(program, begin, end), options, diagnostics));
    parts.push_back({std::move(code)});
    begin = end;
  }
  LATHE_TRY(NativeCode code, NativeCode::compile(program, options, diagnostics));
  Measured whole{std::move(code)};

  std::array<char, 512> message{};
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message.data();
  execution.message_size = message.size();
  std::unique_ptr<lathe_thread_pool, ReleasePool> pool;
  if (options.threads != 1) {
    lathe_thread_pool* started = nullptr;
    const lathe_status status = lathe_thread_pool_create(options.threads, &started);
    if (status != LATHE_OK) return report_status(status, "can't start threads", diagnostics);
    pool.reset(started);
    lathe_execution_use_pool(&execution, pool.get());
  }
  PartTimes result;
  // The first run only warms up: pages, caches, dispatch.
  LATHE_TRY_VOID(run_once(whole, memory, execution, diagnostics));
  whole.times.clear();
  const Clock::time_point start = Clock::now();
  const auto goes_on = [&] {
    const double elapsed = microseconds_since(start);
    return result.rounds == 0 || (result.rounds < kLeastRounds && elapsed < kLongMicroseconds) ||
           (result.rounds < kMostRounds && elapsed < kEnoughMicroseconds);
  };
  while (goes_on()) {
    for (Measured& part : parts) LATHE_TRY_VOID(run_once(part, memory, execution, diagnostics));
    LATHE_TRY_VOID(run_once(whole, memory, execution, diagnostics));
    ++result.rounds;
  }
  for (Measured& part : parts) result.parts.push_back(median(part.times));
  result.whole = median(whole.times);
  return result;
}

Result<Profile> profile_native(Module& module, std::span<const TensorView> inputs, const CompileOptions& options,
                               Diagnostics& diagnostics) {
  LATHE_TRY_VOID(optimize(module, options, diagnostics));
  LATHE_TRY(const kernel::Program program, lower_module(module, options, diagnostics));
  Profile result;
  std::vector<size_t> ends;
  if (sizes_depend_on_data(program)) {
    result.no_segments = kSizesDependOnData;
  } else {
    for (size_t i = 0; i < program.steps.size(); ++i) {
      std::vector<uint32_t> groups = groups_behind(module.locations, program.steps[i].where);
      if (ends.empty() || groups != result.segments.back().groups) {
        result.segments.push_back({std::move(groups)});
        ends.push_back(i);
      }
      ends.back() = i + 1;
    }
  }
  LATHE_TRY(const PartTimes times, measure(module, program, ends, inputs, options, diagnostics));
  for (size_t i = 0; i < ends.size(); ++i) result.segments[i].microseconds = times.parts[i];
  result.whole = times.whole;
  result.rounds = times.rounds;
  return result;
}

// One measured run: the interpreter is no faster the second time.
Result<Profile> profile_interpreter(const Module& module, std::span<const uint32_t> groups,
                                    std::span<const TensorView> inputs, Diagnostics& diagnostics) {
  std::vector<double> node_times(module.graph.node_table_size(), 0);
  Clock::time_point start;
  const auto observe = [&](ValueId id, const HostTensor&) {
    const NodeId producer = module.graph.value(id).producer;
    if (producer.valid()) node_times[producer.index] += microseconds_since(start);
    start = Clock::now();
  };
  std::vector<HostTensor> given;
  for (const TensorView& input : inputs) given.push_back(to_host_tensor(input));
  start = Clock::now();
  const Clock::time_point begin = start;
  if (!interp::interpret(module, given, diagnostics, {.observe = observe}).ok()) return Failure{};
  Profile result;
  result.whole = microseconds_since(begin);
  result.rounds = 1;
  for (const NodeId id : module.graph.nodes_in(Graph::root())) {
    if (id.index >= groups.size()) continue;
    const uint32_t group = groups[id.index];
    if (result.segments.empty() || result.segments.back().groups[0] != group) result.segments.push_back({{group}, 0});
    result.segments.back().microseconds += node_times[id.index];
  }
  return result;
}

Result<Profile> profile_whole(const Module& module, std::span<const TensorView> inputs, const CompileOptions& options,
                              Diagnostics& diagnostics) {
  LATHE_TRY(const CompiledModel model, compile(clone_module(module), options, diagnostics));
  const Clock::time_point start = Clock::now();
  if (!model.run(inputs, diagnostics).ok()) return Failure{};
  Profile result;
  result.whole = microseconds_since(start);
  result.rounds = 1;
  result.no_segments = fmt::format("the back end `{}` has no times of steps", text(options.backend));
  return result;
}

}  // namespace

Result<Profile> profile(const Module& module, std::span<const uint32_t> groups, std::span<const TensorView> inputs,
                        const CompileOptions& options, Diagnostics& diagnostics) {
  // What fails here has failed in a run with the same options before, or will.
  switch (options.backend) {
    case Backend::Interpreter: return profile_interpreter(module, groups, inputs, diagnostics);
    case Backend::Ahead:
    case Backend::Cpp:
    case Backend::KernelInterpreter: return profile_whole(module, inputs, options, diagnostics);
    case Backend::Jit: break;
  }
  Module copy = labelled(module, groups);
  Diagnostics found;
  Result<Profile> result = profile_native(copy, inputs, options, found);
  for (Diagnostic diagnostic : found.all()) {
    // Its places are groups.
    diagnostic.where = {};
    diagnostic.labels.clear();
    diagnostics.add(std::move(diagnostic));
  }
  return result;
}

Result<StepProfile> profile_steps(const Module& module, const kernel::Program& program,
                                  std::span<const TensorView> inputs, const CompileOptions& options,
                                  Diagnostics& diagnostics) {
  StepProfile result;
  std::vector<size_t> ends;
  if (sizes_depend_on_data(program)) {
    result.no_steps = kSizesDependOnData;
  } else {
    for (size_t i = 0; i < program.steps.size(); ++i) ends.push_back(i + 1);
  }
  LATHE_TRY(PartTimes times, measure(module, program, ends, inputs, options, diagnostics));
  result.microseconds = std::move(times.parts);
  result.whole = times.whole;
  result.rounds = times.rounds;
  return result;
}

}  // namespace lathe
