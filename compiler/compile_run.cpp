// Running compiled models: binding of sizes, memory, the calls of the back ends.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "compiler/compile_state.h"
#include "compiler/interp/kernel_interpreter.h"
#include "lathe/kernels.h"

namespace lathe {
namespace {

constexpr size_t kMessageSize = 512;

std::optional<size_t> byte_count(const TensorType& type, std::span<const int64_t> dims) {
  int64_t count = 1;
  for (const int64_t size : dims) {
    if (__builtin_mul_overflow(count, size, &count)) return std::nullopt;
  }
  return storage_bytes(type.element, count);
}

}  // namespace

// ------------------------------------------------------------------------------------------------------------- memory

void Block::Release::operator()(std::byte* memory) const { lathe_release(nullptr, memory, 0); }

Block::Block(size_t bytes) : data_(static_cast<std::byte*>(lathe_allocate(nullptr, bytes))), size_(bytes) {}

Block BlockCache::take(size_t bytes) {
  {
    const std::lock_guard lock(mutex_);
    const auto found =
        std::find_if(blocks_.rbegin(), blocks_.rend(), [&](const Block& block) { return block.size() >= bytes; });
    if (found != blocks_.rend()) {
      Block block = std::move(*found);
      blocks_.erase(std::next(found).base());
      return block;
    }
    // One that is too small would only be kept for nothing.
    if (!blocks_.empty()) blocks_.pop_back();
  }
  return Block(bytes);
}

void BlockCache::put_back(Block block) {
  if (block.data() == nullptr) return;
  const std::lock_guard lock(mutex_);
  if (blocks_.size() < kMostBlocks) blocks_.push_back(std::move(block));
}

DataTable make_data_table(const kernel::Program& program) {
  DataTable table;
  for (const kernel::Data& data : program.data) {
    const void* pointer = data.bytes.data();
    if (reinterpret_cast<uintptr_t>(pointer) % data.alignment != 0) {
      Block copy(data.bytes.size());
      // Weights that do not fit into memory end the process as any other exhausted allocation of the compiler does.
      LATHE_CHECK(copy.data() != nullptr);
      std::memcpy(copy.data(), data.bytes.data(), data.bytes.size());
      pointer = copy.data();
      table.copies.push_back(std::move(copy));
    } else {
      table.owners.push_back(data.owner);
    }
    table.pointers.push_back(pointer);
  }
  return table;
}

// ------------------------------------------------------------------------------------------------------------- errors

Failure report_status(lathe_status status, std::string_view message, Diagnostics& diagnostics) {
  DiagnosticKind kind = DiagnosticKind::InternalError;
  switch (status) {
    case LATHE_SHAPE_GUARD_FAILED: kind = DiagnosticKind::GuardFailed; break;
    case LATHE_OUT_OF_MEMORY: kind = DiagnosticKind::OutOfMemory; break;
    case LATHE_INVALID_VALUE: kind = DiagnosticKind::IndexOutOfRange; break;
    case LATHE_UNSUPPORTED_CPU:
    case LATHE_UNKNOWN_TARGET: kind = DiagnosticKind::Unsupported; break;
    default: break;
  }
  if (message.empty()) message = lathe_status_name(status);
  return diagnostics.report(kind, {}, "{}", message).emit();
}

// ----------------------------------------------------------------------------------------------------------- instance

// Everything one run needs; `call` is the way into the back end.
struct Instance::State {
  std::shared_ptr<const CompiledModel::State> model;
  std::vector<int64_t> symbols;
  std::vector<std::vector<int64_t>> input_dims;
  std::vector<std::vector<int64_t>> output_dims;
  std::vector<size_t> input_bytes;
  std::vector<size_t> output_bytes;
  Block arena;
  codegen::ProgramEntry entry = nullptr;
  const void* const* data = nullptr;
  Entry call = nullptr;
  lathe_execution execution = LATHE_EXECUTION_INIT;
  std::array<char, kMessageSize> message{};

  static lathe_status run_native(State* state, const void* const* inputs, void* const* outputs,
                                 const lathe_execution* execution) {
    return state->entry(execution, inputs, outputs, state->data, state->arena.data(), state->symbols.data());
  }
  static lathe_status run_kernels(State* state, const void* const* inputs, void* const* outputs,
                                  const lathe_execution* execution);
  static lathe_status run_graph(State* state, const void* const* inputs, void* const* outputs,
                                const lathe_execution* execution);
};

namespace {

// Hands a diagnostic on through the C ABI.
lathe_status fail_with(const Diagnostics& diagnostics, const lathe_execution* execution) {
  const std::string message = diagnostics.all().empty() ? "no message" : diagnostics.all()[0].message;
  std::string text;
  // The runtime replaces `{}` in messages.
  for (char c : message) text += c == '{' || c == '}' ? '|' : c;
  return lathe_fail(execution, LATHE_INTERNAL, text.c_str(), nullptr, 0);
}

}  // namespace

lathe_status Instance::State::run_kernels(State* state, const void* const* inputs, void* const* outputs,
                                          const lathe_execution* execution) {
  Diagnostics diagnostics;
  const interp::ProgramMemory memory{
      {inputs, state->input_dims.size()}, {outputs, state->output_dims.size()}, state->symbols};
  const Result<lathe_status> status =
      interp::run_program(std::get<KernelBackend>(state->model->backend).program, memory, execution, diagnostics);
  return status ? *status : fail_with(diagnostics, execution);
}

lathe_status Instance::State::run_graph(State* state, const void* const* inputs, void* const* outputs,
                                        const lathe_execution* execution) {
  Diagnostics diagnostics;
  std::vector<TensorView> views;
  for (size_t i = 0; i < state->input_dims.size(); ++i) {
    views.push_back({state->model->inputs[i].type.as_tensor()->element, state->input_dims[i], inputs[i]});
  }
  const Result<std::vector<Tensor>> results =
      interpret(std::get<GraphBackend>(state->model->backend), state->model->outputs, views, diagnostics);
  if (!results) return fail_with(diagnostics, execution);
  for (size_t i = 0; i < results->size(); ++i) {
    const std::span<const std::byte> bytes = (*results)[i].bytes();
    if (bytes.size() != state->output_bytes[i]) {
      return lathe_fail(execution, LATHE_INTERNAL, "an output does not have the size that its type says", nullptr, 0);
    }
    if (!bytes.empty()) std::memcpy(outputs[i], bytes.data(), bytes.size());
  }
  return LATHE_OK;
}

Instance::Instance(std::unique_ptr<State> state) : entry_(state->call), state_(state.release()) {
  execution_ = &state_->execution;
}
Instance::Instance(Instance&& other) noexcept
    : entry_(other.entry_), state_(std::exchange(other.state_, nullptr)), execution_(other.execution_) {}
Instance& Instance::operator=(Instance&& other) noexcept {
  std::swap(entry_, other.entry_);
  std::swap(state_, other.state_);
  std::swap(execution_, other.execution_);
  return *this;
}
Instance::~Instance() { delete state_; }

std::span<const std::vector<int64_t>> Instance::output_dims() const { return state_->output_dims; }
std::span<const size_t> Instance::input_bytes() const { return state_->input_bytes; }
std::span<const size_t> Instance::output_bytes() const { return state_->output_bytes; }
std::string_view Instance::message() const { return state_->message.data(); }

// ------------------------------------------------------------------------------------------------------ compiled model

CompiledModel::CompiledModel(std::shared_ptr<const State> state) : state_(std::move(state)) {}

const std::string& CompiledModel::name() const { return state_->name; }
Backend CompiledModel::backend() const { return state_->kind; }
std::span<const ModelPort> CompiledModel::inputs() const { return state_->inputs; }
std::span<const ModelPort> CompiledModel::outputs() const { return state_->outputs; }
const SymbolTable& CompiledModel::symbols() const { return state_->symbols; }
const LocationTable& CompiledModel::locations() const {
  const auto* graph = std::get_if<GraphBackend>(&state_->backend);
  return graph != nullptr ? graph->module.locations : state_->locations;
}
const CompileReport& CompiledModel::report() const { return state_->report; }

std::optional<uint64_t> CompiledModel::State::arena_size(std::span<const int64_t> symbol_values) const {
  if (!arena_bytes) return std::nullopt;
  const std::optional<int64_t> bytes = binder.evaluate(*arena_bytes, symbol_values);
  if (!bytes || *bytes < 0) return std::nullopt;
  return static_cast<uint64_t>(*bytes);
}

std::optional<uint64_t> CompiledModel::peak_bytes(std::span<const NamedSize> sizes) const {
  std::vector<int64_t> values(state_->symbols.rows().size(), ShapeBinder::kUnbound);
  for (const auto& [name, size] : sizes) {
    if (const std::optional<size_t> row = state_->binder.symbol_index(name)) values[*row] = size;
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const SymbolTable::Row& row = state_->symbols.rows()[i];
    if (values[i] == ShapeBinder::kUnbound) continue;
    const std::optional<int64_t> lower = state_->binder.evaluate(row.lower, values);
    const std::optional<int64_t> upper = state_->binder.evaluate(row.upper, values);
    if ((lower && values[i] < *lower) || (upper && values[i] > *upper)) return std::nullopt;
  }
  return state_->arena_size(values);
}

std::string CompiledModel::peak_bytes_formula() const {
  return state_->arena_bytes ? state_->arena_bytes->text() : std::string();
}

namespace {

// The state of an instance for bound symbols; `arena` may come from a cache.
Result<std::unique_ptr<Instance::State>> make_instance(std::shared_ptr<const CompiledModel::State> model,
                                                       std::vector<int64_t> symbols, std::span<const GivenInput> inputs,
                                                       Diagnostics& diagnostics) {
  auto state = std::make_unique<Instance::State>();
  state->symbols = std::move(symbols);
  const auto too_large = [&](const ModelPort& port) {
    return diagnostics
        .report(DiagnosticKind::OutOfMemory, port.location, "`{}` with these sizes is larger than memory can be",
                port.name)
        .emit();
  };
  for (size_t i = 0; i < model->inputs.size(); ++i) {
    const ModelPort& port = model->inputs[i];
    const TensorType* type = port.type.as_tensor();
    LATHE_CHECK(type != nullptr);
    const std::optional<size_t> bytes = byte_count(*type, inputs[i].dims);
    if (!bytes) return too_large(port);
    state->input_dims.emplace_back(inputs[i].dims.begin(), inputs[i].dims.end());
    state->input_bytes.push_back(*bytes);
  }
  for (const ModelPort& port : model->outputs) {
    const TensorType* type = port.type.as_tensor();
    std::optional<std::vector<int64_t>> dims;
    if (type != nullptr && type->ranked) dims = model->binder.evaluate(type->dims, state->symbols);
    if (!dims) {
      return diagnostics
          .report(DiagnosticKind::Unsupported, port.location,
                  "output `{}` is `{}`: its size is not known before the run", port.name, text(port.type))
          .emit();
    }
    const std::optional<size_t> bytes = byte_count(*type, *dims);
    if (!bytes) return too_large(port);
    state->output_dims.push_back(*std::move(dims));
    state->output_bytes.push_back(*bytes);
  }
  if (std::holds_alternative<GraphBackend>(model->backend)) {
    state->call = Instance::State::run_graph;
  } else if (std::holds_alternative<KernelBackend>(model->backend)) {
    state->call = Instance::State::run_kernels;
  } else {
    const auto& native = std::get<NativeBackend>(model->backend);
    const std::optional<uint64_t> bytes = model->arena_size(state->symbols);
    if (bytes) state->arena = model->arenas.take(*bytes);
    if (!bytes || state->arena.data() == nullptr) {
      return diagnostics
          .report(DiagnosticKind::OutOfMemory, {}, "can't get the {} bytes of temporary memory that one run takes",
                  bytes ? fmt::to_string(*bytes) : model->arena_bytes->text())
          .emit();
    }
    state->entry = native.entry;
    state->data = native.data.pointers.data();
    state->call = Instance::State::run_native;
  }
  state->execution.message = state->message.data();
  state->execution.message_size = state->message.size();
  if (model->pool != nullptr) lathe_execution_use_pool(&state->execution, model->pool.get());
  state->model = std::move(model);
  return state;
}

Status check_memory(std::span<const ModelPort> ports, std::span<const TensorView> inputs, Diagnostics& diagnostics) {
  bool fits = true;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const bool empty =
        std::any_of(inputs[i].dims.begin(), inputs[i].dims.end(), [](int64_t size) { return size == 0; });
    const size_t alignment = std::max<size_t>(1, info(inputs[i].element).bits / 8);
    std::string what;
    if (inputs[i].element == ElementType::String) {
      int64_t count = 1;
      for (const int64_t size : inputs[i].dims) count *= size;
      if (inputs[i].strings.size() != static_cast<size_t>(count))
        what = "it has another number of strings than elements";
    } else if (inputs[i].data == nullptr && !empty) {
      what = "its memory is a null pointer";
    } else if (reinterpret_cast<uintptr_t>(inputs[i].data) % alignment != 0) {
      what = fmt::format("its memory must be aligned to {} bytes", alignment);
    }
    if (what.empty()) continue;
    fits = false;
    static_cast<void>(
        diagnostics.report(DiagnosticKind::InputMismatch, ports[i].location, "input `{}`: {}", ports[i].name, what)
            .emit());
  }
  if (!fits) return Failure{};
  return {};
}

std::vector<GivenInput> given_inputs(std::span<const TensorView> inputs) {
  std::vector<GivenInput> given;
  given.reserve(inputs.size());
  for (const TensorView& input : inputs) given.push_back({input.element, input.dims});
  return given;
}

Result<std::vector<Tensor>> run_bound(Instance::State& state, const lathe_execution& execution,
                                      std::span<const TensorView> inputs, Diagnostics& diagnostics) {
  std::vector<Tensor> outputs;
  std::vector<const void*> from;
  std::vector<void*> to;
  for (const TensorView& input : inputs) from.push_back(input.data);
  for (size_t i = 0; i < state.output_dims.size(); ++i) {
    const ModelPort& port = state.model->outputs[i];
    outputs.emplace_back(port.type.as_tensor()->element, state.output_dims[i]);
    if (!outputs.back().valid()) {
      return diagnostics
          .report(DiagnosticKind::OutOfMemory, port.location, "can't get the {} bytes of output `{}`",
                  state.output_bytes[i], port.name)
          .emit();
    }
    to.push_back(outputs.back().bytes().data());
  }
  const lathe_status status = state.call(&state, from.data(), to.data(), &execution);
  if (status != LATHE_OK) return report_status(status, lathe_execution_message(&execution), diagnostics);
  return outputs;
}

Result<std::vector<Tensor>> run_once(const std::shared_ptr<const CompiledModel::State>& model,
                                     const lathe_execution* execution, std::span<const TensorView> inputs,
                                     Diagnostics& diagnostics) {
  const std::vector<GivenInput> given = given_inputs(inputs);
  LATHE_TRY(std::vector<int64_t> symbols, model->bind(given, diagnostics));
  LATHE_TRY_VOID(check_memory(model->inputs, inputs, diagnostics));
  if (const auto* graph = std::get_if<GraphBackend>(&model->backend)) {
    return interpret(*graph, model->outputs, inputs, diagnostics);
  }
  LATHE_TRY(std::unique_ptr<Instance::State> state, make_instance(model, std::move(symbols), given, diagnostics));
  lathe_execution used = execution != nullptr ? *execution : state->execution;
  if (used.message == nullptr) {
    used.message = state->message.data();
    used.message_size = state->message.size();
  }
  Result<std::vector<Tensor>> outputs = run_bound(*state, used, inputs, diagnostics);
  model->arenas.put_back(std::move(state->arena));
  return outputs;
}

}  // namespace

Result<std::vector<Tensor>> CompiledModel::run(std::span<const TensorView> inputs, Diagnostics& diagnostics) const {
  return run_once(state_, nullptr, inputs, diagnostics);
}

Result<std::vector<Tensor>> CompiledModel::run(std::span<const TensorView> inputs, const lathe_execution& execution,
                                               Diagnostics& diagnostics) const {
  return run_once(state_, &execution, inputs, diagnostics);
}

Result<Instance> CompiledModel::instance(std::span<const std::vector<int64_t>> input_dims,
                                         Diagnostics& diagnostics) const {
  std::vector<GivenInput> given;
  for (size_t i = 0; i < input_dims.size(); ++i) {
    const TensorType* type = i < state_->inputs.size() ? state_->inputs[i].type.as_tensor() : nullptr;
    given.push_back({type == nullptr ? ElementType::F32 : type->element, input_dims[i]});
  }
  LATHE_TRY(std::vector<int64_t> symbols, state_->bind(given, diagnostics));
  for (const ModelPort& port : state_->inputs) {
    const TensorType* type = port.type.as_tensor();
    if (type != nullptr && type->element != ElementType::String) continue;
    return diagnostics
        .report(DiagnosticKind::Unsupported, port.location, "an instance takes tensors of numbers; `{}` is `{}`",
                port.name, text(port.type))
        .emit();
  }
  LATHE_TRY(std::unique_ptr<Instance::State> state, make_instance(state_, std::move(symbols), given, diagnostics));
  return Instance(std::move(state));
}

Result<Instance> CompiledModel::instance(Diagnostics& diagnostics) const {
  std::vector<std::vector<int64_t>> dims;
  for (const ModelPort& port : state_->inputs) {
    dims.emplace_back();
    const TensorType* type = port.type.as_tensor();
    if (type == nullptr || !type->is_static()) {
      return diagnostics
          .report(DiagnosticKind::InputMismatch, port.location,
                  "input `{}` is `{}`: the sizes of an instance must be given", port.name, text(port.type))
          .emit();
    }
    for (const Dim& dim : type->dims) dims.back().push_back(dim.constant());
  }
  return instance(dims, diagnostics);
}

}  // namespace lathe
