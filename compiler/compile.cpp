// From a module to a compiled model: passes, lowering, expansion, verification, code.
#include "compiler/compile.h"

#include <fmt/format.h>

#include <array>
#include <chrono>

#include "compiler/compile_library.h"
#include "compiler/compile_state.h"
#include "compiler/lower/expand_math.h"
#include "compiler/lower/lower.h"
#include "ir/kernel/verify.h"

namespace lathe {
namespace {

struct BackendRow {
  Backend backend;
  std::string_view name;
};
constexpr std::array kBackends = {BackendRow{Backend::Jit, "jit"}, BackendRow{Backend::Ahead, "aot"},
                                  BackendRow{Backend::Cpp, "cpp"}, BackendRow{Backend::Interpreter, "interp"},
                                  BackendRow{Backend::KernelInterpreter, "kernel-interp"}};

// Adds the time of its own life to a report.
class StageTimer {
 public:
  StageTimer(CompileReport* report, std::string_view name) : report_(report), name_(name) {}
  ~StageTimer() {
    if (report_ == nullptr) return;
    const std::chrono::duration<double, std::milli> elapsed = std::chrono::steady_clock::now() - start_;
    report_->stages.push_back({name_, elapsed.count()});
  }
  StageTimer(const StageTimer&) = delete;
  StageTimer& operator=(const StageTimer&) = delete;

 private:
  CompileReport* report_;
  std::string_view name_;
  std::chrono::steady_clock::time_point start_ = std::chrono::steady_clock::now();
};

Status run_pass_list(Module& module, std::span<const passes::Pass* const> list, const CompileOptions& options,
                     Diagnostics& diagnostics, CompileReport* report) {
  const StageTimer timer(report, "passes");
  passes::PipelineOptions pipeline;
  pipeline.passes.numerics = options.numerics;
  pipeline.passes.dims = options.dims;
  pipeline.passes.remarks = options.remarks;
  pipeline.verify_each = options.verify_each;
  pipeline.round_trip = options.verify_each;
  pipeline.print_after = options.print_after;
  pipeline.print_changed = options.print_changed;
  pipeline.print = options.print;
  pipeline.reproducer_folder = options.reproducer_folder;
  if (report != nullptr) pipeline.reports = &report->passes;
  return passes::run_passes(module, diagnostics, list, pipeline);
}

std::vector<ModelPort> ports_of(const Graph& graph, std::span<const ValueId> values) {
  std::vector<ModelPort> ports;
  for (ValueId id : values) {
    const Value& value = graph.value(id);
    ports.push_back({value.name, value.type, value.location});
  }
  return ports;
}

void update_types(std::vector<ModelPort>& ports, const Graph& graph, std::span<const ValueId> values) {
  LATHE_CHECK(ports.size() == values.size());
  for (size_t i = 0; i < ports.size(); ++i) ports[i].type = graph.value(values[i]).type;
}

using KernelLevelBackend = std::variant<std::monostate, NativeBackend, KernelBackend, GraphBackend>;

Result<KernelLevelBackend> make_backend(kernel::Program program, const LocationTable& locations,
                                        const CompileOptions& options, CompileReport& report,
                                        Diagnostics& diagnostics) {
  const StageTimer timer(&report, "codegen");
  switch (options.backend) {
    case Backend::Jit: {
      LATHE_TRY(NativeCode code, NativeCode::compile(program, options, diagnostics));
      const codegen::ProgramEntry entry = code.entry();
      return KernelLevelBackend(
          NativeBackend{std::make_shared<NativeCode>(std::move(code)), entry, make_data_table(program)});
    }
    case Backend::Ahead: {
      LATHE_TRY(NativeBackend backend, compile_ahead(program, locations, options, diagnostics));
      return KernelLevelBackend(std::move(backend));
    }
    case Backend::Cpp: {
      LATHE_TRY(NativeBackend backend, compile_cpp(program, locations, options, diagnostics));
      return KernelLevelBackend(std::move(backend));
    }
    case Backend::KernelInterpreter: return KernelLevelBackend(KernelBackend{std::move(program)});
    case Backend::Interpreter: break;
  }
  internal_error("the graph interpreter takes no program", __FILE__, __LINE__);
}

}  // namespace

Ports ports_of(const Graph& graph) { return {ports_of(graph, graph.inputs()), ports_of(graph, graph.outputs())}; }

void update_types(Ports& ports, const Graph& graph) {
  update_types(ports.inputs, graph, graph.inputs());
  update_types(ports.outputs, graph, graph.outputs());
}

Status check_ports(const Ports& ports, const kernel::Program& program, Diagnostics& diagnostics) {
  LATHE_CHECK(program.inputs.size() == ports.inputs.size() && program.outputs.size() == ports.outputs.size());
  bool supported = true;
  const auto unsupported = [&](const ModelPort& port, std::string_view what) {
    supported = false;
    static_cast<void>(diagnostics
                          .report(DiagnosticKind::Unsupported, port.location,
                                  "`{}` is `{}`: {}; --backend=interp runs it", port.name, text(port.type), what)
                          .emit());
  };
  const auto check = [&](const ModelPort& port) {
    const TensorType* type = port.type.as_tensor();
    if (type == nullptr || type->element == ElementType::String) {
      unsupported(port, "only tensors of numbers can be compiled");
    } else if (!type->ranked) {
      unsupported(port, "the number of axes must be known to be compiled");
    }
  };
  for (const ModelPort& port : ports.inputs) check(port);
  for (const ModelPort& port : ports.outputs) {
    check(port);
    const TensorType* type = port.type.as_tensor();
    if (type == nullptr) continue;
    bool depends_on_data = false;
    for (const Dim& dim : type->dims) {
      for_each_symbol(dim, [&](const std::string& name) {
        const auto& rows = program.symbols.rows();
        for (size_t i = 0; i < rows.size(); ++i) {
          depends_on_data |= rows[i].name == name && std::holds_alternative<kernel::FromCall>(program.bindings[i]);
        }
      });
    }
    if (depends_on_data) unsupported(port, "sizes that depend on data can't be compiled yet");
  }
  if (!supported) return Failure{};
  return {};
}

double CompileReport::milliseconds() const {
  double sum = 0;
  for (const Stage& stage : stages) sum += stage.milliseconds;
  return sum;
}

std::string_view text(Backend backend) {
  for (const BackendRow& row : kBackends) {
    if (row.backend == backend) return row.name;
  }
  return "unknown";
}

std::optional<Backend> parse_backend(std::string_view name) {
  for (const BackendRow& row : kBackends) {
    if (row.name == name) return row.backend;
  }
  return std::nullopt;
}

bool is_available(Backend backend) {
  switch (backend) {
    case Backend::Jit:
    case Backend::Ahead: return NativeCode::is_available();
    case Backend::Cpp:
    case Backend::Interpreter:
    case Backend::KernelInterpreter: return true;
  }
  internal_error("a back end of no kind", __FILE__, __LINE__);
}

Backend default_backend() { return is_available(Backend::Jit) ? Backend::Jit : Backend::Interpreter; }

Status optimize(Module& module, const CompileOptions& options, Diagnostics& diagnostics, CompileReport* report) {
  return run_pass_list(module, passes::default_pipeline(), options, diagnostics, report);
}

Result<kernel::Program> lower_module(Module& module, const CompileOptions& options, Diagnostics& diagnostics,
                                     CompileReport* report) {
  std::optional<kernel::Program> program;
  {
    const StageTimer timer(report, "lower");
    const lower::Options lowering = {.other_sums = options.numerics == Numerics::Fast};
    LATHE_TRY(program, lower::lower(module, lowering, diagnostics));
  }
  {
    const StageTimer timer(report, "expand");
    for (kernel::Kernel& kernel : program->kernels) kernel = lower::expand_math(kernel);
  }
  const StageTimer timer(report, "verify");
  Diagnostics found;
  if (!kernel::verify(*program, found).ok()) {
    const std::string first = found.all().empty() ? "no message" : found.all()[0].message;
    return diagnostics.report(DiagnosticKind::InternalError, {}, "lowering made a wrong program: {}", first).emit();
  }
  return *std::move(program);
}

Result<CompiledModel> compile(Module&& module, const CompileOptions& options, Diagnostics& diagnostics) {
  if (!is_available(options.backend)) {
    return diagnostics
        .report(DiagnosticKind::Unsupported, {}, "this build has no back end `{}` (it was built without LLVM)",
                text(options.backend))
        .emit();
  }
  auto state = std::make_shared<CompiledModel::State>();
  state->kind = options.backend;
  state->name = module.name;
  Ports ports = ports_of(module.graph);
  if (options.backend == Backend::Interpreter) {
    // The definition of what is right runs the graph as it was read.
    const passes::PassList list = passes::parse_pass_list("specialize");
    if (!options.dims.empty()) LATHE_TRY_VOID(run_pass_list(module, list.passes, options, diagnostics, &state->report));
  } else {
    LATHE_TRY_VOID(optimize(module, options, diagnostics, &state->report));
  }
  // Passes may leave a result to another node; its name and place stay those of the source.
  update_types(ports, module.graph);
  state->inputs = ports.inputs;
  state->outputs = ports.outputs;
  state->symbols = module.symbols;
  state->binder = ShapeBinder(state->inputs, state->symbols);

  switch (options.backend) {
    case Backend::Interpreter: {
      state->locations = module.locations;
      state->backend = GraphBackend{std::move(module)};
      break;
    }
    case Backend::KernelInterpreter:
    case Backend::Ahead:
    case Backend::Cpp:
    case Backend::Jit: {
      LATHE_TRY(kernel::Program program, lower_module(module, options, diagnostics, &state->report));
      LATHE_TRY_VOID(check_ports(ports, program, diagnostics));
      state->symbols = program.symbols;
      state->binder = ShapeBinder(state->inputs, state->symbols);
      state->arena_bytes = program.arena_bytes;
      LATHE_TRY(state->backend,
                make_backend(std::move(program), module.locations, options, state->report, diagnostics));
      state->locations = std::move(module.locations);
      break;
    }
  }
  if (options.threads != 1) {
    lathe_thread_pool* pool = nullptr;
    const lathe_status status = lathe_thread_pool_create(options.threads, &pool);
    if (status != LATHE_OK) {
      return report_status(status, fmt::format("can't start {} threads", options.threads), diagnostics);
    }
    state->pool.reset(pool);
  }
  return CompiledModel(std::move(state));
}

}  // namespace lathe
