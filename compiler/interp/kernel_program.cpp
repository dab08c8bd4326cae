// Interpreting programs: kernels by the interpreter, calls by the real functions of the runtime.
#include <algorithm>
#include <bit>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <unordered_map>

#include "compiler/codegen/runtime_symbols.h"
#include "compiler/interp/kernel_interpreter.h"
#include "ir/kernel/overloaded.h"
#include "lathe/kernels.h"

namespace lathe::interp {

using kernel::ArenaPlace;
using kernel::Argument;
using kernel::BufferId;
using kernel::BufferRef;
using kernel::byte_extent;
using kernel::CallbackField;
using kernel::CallStep;
using kernel::Data;
using kernel::DataPlace;
using kernel::ExecutionArgument;
using kernel::Field;
using kernel::FloatArgument;
using kernel::FloatField;
using kernel::FromInput;
using kernel::GuardStep;
using kernel::InputPlace;
using kernel::IntegerArgument;
using kernel::Kernel;
using kernel::NullArgument;
using kernel::NullField;
using kernel::OutputPlace;
using kernel::PointerArgument;
using kernel::PointerField;
using kernel::Program;
using kernel::Relation;
using kernel::RunStep;
using kernel::SignedField;
using kernel::StatusResult;
using kernel::Step;
using kernel::Storage;
using kernel::StructArgument;
using kernel::SymbolResult;
using kernel::UnsignedField;

namespace {

constexpr size_t kAlignment = 64;

struct Free {
  void operator()(std::byte* memory) const { std::free(memory); }
};
using AlignedBytes = std::unique_ptr<std::byte, Free>;

AlignedBytes allocate(size_t bytes) {
  const size_t rounded = (std::max<size_t>(bytes, 1) + kAlignment - 1) / kAlignment * kAlignment;
  AlignedBytes memory(static_cast<std::byte*>(std::aligned_alloc(kAlignment, rounded)));
  LATHE_CHECK(memory != nullptr);
  return memory;
}

class ProgramRun {
 public:
  ProgramRun(const Program& program, const ProgramMemory& memory, const lathe_execution* execution,
             Diagnostics& diagnostics)
      : program_(program), memory_(memory), diagnostics_(diagnostics) {
    if (execution != nullptr) execution_ = *execution;
    execution_.threads = 1;
    execution_.parallel_for = nullptr;
  }

  Result<lathe_status> run() {
    LATHE_TRY_VOID(prepare());
    for (const Step& step : program_.steps) {
      where_ = step.where;
      LATHE_TRY(const lathe_status status,
                std::visit(Overloaded{[&](const RunStep& run_step) { return run_kernel_step(run_step, {}); },
                                      [&](const CallStep& call) { return run_call(call); },
                                      [&](const GuardStep& guard) { return run_guard(guard); }},
                           step.kind));
      if (status != LATHE_OK) return status;
    }
    return static_cast<lathe_status>(LATHE_OK);
  }

 private:
  /// What a callback of the runtime is given as its state.
  struct Callback {
    ProgramRun* run;
    const RunStep* step;
  };

  template <class... Arguments>
  Failure fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    return diagnostics_
        .report(DiagnosticKind::InternalError, where_, "program `{}`: {}", program_.name,
                fmt::format(format, std::forward<Arguments>(arguments)...))
        .emit();
  }

  [[nodiscard]] int64_t value_of(const Dim& dim) const {
    const auto value = evaluate(dim, [this](const std::string& symbol) -> std::optional<int64_t> {
      const auto found = symbols_.find(symbol);
      return found == symbols_.end() ? std::nullopt : std::optional(found->second);
    });
    LATHE_CHECK(value.has_value());
    return *value;
  }

  [[nodiscard]] size_t bytes_of(ElementType element, const Dim& extent) const {
    return static_cast<size_t>(value_of(byte_extent(element, extent)));
  }

  Status prepare() {
    const auto& rows = program_.symbols.rows();
    if (memory_.symbols.size() != rows.size())
      return fail("{} symbols are given for {}", memory_.symbols.size(), rows.size());
    for (size_t i = 0; i < rows.size(); ++i) {
      if (std::holds_alternative<FromInput>(program_.bindings[i])) symbols_[rows[i].name] = memory_.symbols[i];
    }
    arena_bytes_ = static_cast<size_t>(value_of(program_.arena_bytes));
    arena_ = allocate(arena_bytes_);
    // A pattern that is a NaN, so that what the checks miss is seen in the results.
    std::memset(arena_.get(), 0xff, arena_bytes_);
    written_.add(arena_.get(), arena_bytes_, WrittenBytes::Initially::Unwritten);
    for (size_t i = 0; i < program_.outputs.size(); ++i) {
      const TensorType& type = program_.outputs[i].type;
      written_.add(memory_.outputs[i], bytes_of(type.element, type.element_count()),
                   WrittenBytes::Initially::Unwritten);
    }
    for (const Data& data : program_.data) {
      if (data.absent_bytes != 0) return fail("the bytes of `{}` are absent", data.name);
      data_.push_back(allocate(data.bytes.size()));
      if (!data.bytes.empty()) std::memcpy(data_.back().get(), data.bytes.data(), data.bytes.size());
    }
    return {};
  }

  [[nodiscard]] std::byte* base(const Storage& storage) const {
    return std::visit(
        Overloaded{[&](const InputPlace& place) {
                     return static_cast<std::byte*>(const_cast<void*>(memory_.inputs[place.index]));
                   },
                   [&](const OutputPlace& place) { return static_cast<std::byte*>(memory_.outputs[place.index]); },
                   [&](const DataPlace& place) { return data_[place.data.index].get(); },
                   [&](const ArenaPlace& place) { return arena_.get() + value_of(place.offset); }},
        storage.place);
  }

  [[nodiscard]] std::byte* pointer(const BufferRef& ref) const {
    const Storage& storage = program_.storages[ref.storage];
    return base(storage) + bytes_of(storage.element, ref.offset);
  }

  Result<lathe_status> run_kernel_step(const RunStep& run, std::span<const int64_t> more_sizes) {
    std::vector<void*> buffers;
    for (const BufferRef& ref : run.buffers) buffers.push_back(pointer(ref));
    std::vector<int64_t> sizes;
    for (const Dim& size : run.sizes) sizes.push_back(value_of(size));
    sizes.insert(sizes.end(), more_sizes.begin(), more_sizes.end());
    LATHE_TRY_VOID(check_parameters(run, sizes));
    return run_kernel(program_.kernels[run.kernel], buffers, sizes, written_, diagnostics_);
  }

  /// The kernel's parameters must lie in their storages, else its own checks mean nothing.
  Status check_parameters(const RunStep& run, std::span<const int64_t> sizes) {
    const Kernel& kernel = program_.kernels[run.kernel];
    for (size_t i = 0; i < run.buffers.size(); ++i) {
      const Storage& storage = program_.storages[run.buffers[i].storage];
      const auto extent =
          evaluate(kernel.buffers[BufferId(i)].extent, [&](const std::string& name) -> std::optional<int64_t> {
            for (size_t k = 0; k < sizes.size(); ++k) {
              if (kernel.sizes.rows()[k].name == name) return sizes[k];
            }
            return std::nullopt;
          });
      const int64_t offset = value_of(run.buffers[i].offset);
      if (!extent || offset < 0 || offset + *extent > value_of(storage.extent)) {
        return fail("parameter {} of kernel `{}` does not lie in `{}`", i, kernel.name, storage.name);
      }
    }
    return {};
  }

  Result<lathe_status> run_guard(const GuardStep& guard) {
    const int64_t numbers[] = {value_of(guard.left), value_of(guard.right)};
    const bool holds = guard.relation == Relation::Equal  ? numbers[0] == numbers[1]
                       : guard.relation == Relation::Less ? numbers[0] < numbers[1]
                                                          : numbers[0] <= numbers[1];
    if (holds) return static_cast<lathe_status>(LATHE_OK);
    return lathe_fail(&execution_, LATHE_SHAPE_GUARD_FAILED, guard.message.c_str(), numbers, 2);
  }

  template <class T>
  static void put(std::vector<uint64_t>& structure, uint32_t offset, T value) {
    std::memcpy(reinterpret_cast<std::byte*>(structure.data()) + offset, &value, sizeof value);
  }

  void put_field(const Field& field, std::vector<uint64_t>& structure) {
    std::visit(Overloaded{[&](const SignedField& number) {
                            const int64_t value = value_of(number.value);
                            if (number.bits == 64) put(structure, field.offset, value);
                            if (number.bits == 32) put(structure, field.offset, static_cast<int32_t>(value));
                          },
                          [&](const UnsignedField& number) { put(structure, field.offset, number.value); },
                          [&](const FloatField& number) { put(structure, field.offset, number.value); },
                          [&](const PointerField& place) { put(structure, field.offset, pointer(place.buffer)); },
                          [&](const NullField&) { put(structure, field.offset, nullptr); },
                          [&](const CallbackField& callback) {
                            callbacks_.push_back(std::make_unique<Callback>(Callback{this, &callback.run}));
                            put(structure, field.offset, &after_block);
                            put(structure, callback.state_offset, callbacks_.back().get());
                          }},
               field.value);
  }

  static void after_block(void* state, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
    const auto* callback = static_cast<const Callback*>(state);
    ProgramRun& run = *callback->run;
    if (run.callback_failed_) return;
    const int64_t range[] = {row_begin, row_end, column_begin, column_end};
    // The runtime has just written what the callback reads.
    run.mark_written(*callback->step);
    const auto status = run.run_kernel_step(*callback->step, range);
    run.callback_failed_ = !status.ok();
    if (status.ok() && *status != LATHE_OK) run.callback_status_ = *status;
  }

  void mark_written(const RunStep& step) {
    for (const BufferRef& ref : step.buffers) mark_written(ref);
  }

  /// A call may write all of a storage from a position on; what it does write is up to the runtime.
  void mark_written(const BufferRef& ref) {
    const Storage& storage = program_.storages[ref.storage];
    written_.mark(pointer(ref), bytes_of(storage.element, storage.extent - ref.offset));
  }

  uint64_t argument_bits(const Argument& argument, std::vector<std::vector<uint64_t>>& structures) {
    return std::visit(
        Overloaded{[&](const ExecutionArgument&) { return reinterpret_cast<uint64_t>(&execution_); },
                   [](const NullArgument&) { return uint64_t{0}; },
                   [&](const PointerArgument& place) { return reinterpret_cast<uint64_t>(pointer(place.buffer)); },
                   [&](const IntegerArgument& number) { return static_cast<uint64_t>(value_of(number.value)); },
                   [](const FloatArgument& number) { return uint64_t{std::bit_cast<uint32_t>(number.value)}; },
                   [&](const StructArgument& structure) {
                     structures.emplace_back(structure.size / sizeof(uint64_t) + 1, 0);
                     std::vector<uint64_t>& bytes = structures.back();
                     for (const Field& field : structure.fields) put_field(field, bytes);
                     return reinterpret_cast<uint64_t>(bytes.data());
                   }},
        argument);
  }

  Result<lathe_status> run_call(const CallStep& call) {
    const codegen::RuntimeSymbol* symbol = codegen::find_runtime_symbol(call.function);
    if (symbol == nullptr) return fail("the runtime has no function `{}`", call.function);
    if (symbol->argument_count != call.arguments.size())
      return fail("`{}` has another number of arguments", call.function);
    std::vector<std::vector<uint64_t>> structures;
    std::vector<uint64_t> arguments;
    for (size_t i = 0; i < call.arguments.size(); ++i) {
      arguments.push_back(argument_bits(call.arguments[i], structures));
      const auto* place = std::get_if<PointerArgument>(&call.arguments[i]);
      if (place != nullptr && (symbol->written_arguments >> i & 1) != 0) mark_written(place->buffer);
    }
    callback_status_ = LATHE_OK;
    const int64_t returned = symbol->invoke(arguments);
    callbacks_.clear();
    if (callback_failed_) return Failure{};
    if (callback_status_ != LATHE_OK) return callback_status_;
    if (const auto* result = std::get_if<SymbolResult>(&call.result)) symbols_[result->symbol] = returned;
    const bool is_status = std::holds_alternative<StatusResult>(call.result);
    return is_status ? static_cast<lathe_status>(returned) : LATHE_OK;
  }

  const Program& program_;
  const ProgramMemory& memory_;
  Diagnostics& diagnostics_;
  lathe_execution execution_ = LATHE_EXECUTION_INIT;
  std::unordered_map<std::string, int64_t> symbols_;
  WrittenBytes written_;
  AlignedBytes arena_;
  size_t arena_bytes_ = 0;
  std::vector<AlignedBytes> data_;
  std::vector<std::unique_ptr<Callback>> callbacks_;
  bool callback_failed_ = false;
  lathe_status callback_status_ = LATHE_OK;
  LocationId where_{};
};

}  // namespace

Result<lathe_status> run_program(const Program& program, const ProgramMemory& memory, const lathe_execution* execution,
                                 Diagnostics& diagnostics) {
  return ProgramRun(program, memory, execution, diagnostics).run();
}

}  // namespace lathe::interp
