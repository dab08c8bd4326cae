// Running one kernel both in the interpreter and compiled.
#include "tests/unit/codegen/kernel_runner.h"

#include <array>
#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "compiler/interp/kernel_interpreter.h"
#include "ir/kernel/verify.h"
#include "ir/scalar/scalar_value.h"

namespace lathe {
namespace {

constexpr size_t kGuard = 64;
constexpr uint8_t kGuardByte = 0xA5;

std::string messages(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    all += diagnostic.message + "\n";
    for (const std::string& note : diagnostic.notes) all += "  " + note + "\n";
  }
  return all;
}

ScalarValue random_number(ElementType type, Fill fill, std::mt19937_64& random) {
  if (type == ElementType::Boolean) return ScalarValue::boolean((random() & 1) != 0);
  if (!is_float(type)) {
    const bool any = fill == Fill::Special && random() % 4 == 0;
    if (any && random() % 2 == 0) return value_of_bits(type, random());
    if (any) return ScalarValue::of_integer(type, is_signed(type) ? int64_t{1} << (info(type).bits - 1) : -1);
    return ScalarValue::of_integer(type, static_cast<int64_t>(random() % 17) - (is_signed(type) ? 8 : 0));
  }
  if (fill == Fill::Special && random() % 3 == 0) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    constexpr std::array kSpecial{0.0,   -0.0,        kInfinity, -kInfinity, std::numeric_limits<double>::quiet_NaN(),
                                  1e-40, -3e-45,      3e38,      -1e300,     2147483648.0,
                                  0.5,   -1.5,        65504.0,   1e-7,       -2.5,
                                  1.0,   4294967296.0};
    return ScalarValue::of(type, kSpecial[random() % kSpecial.size()]);
  }
  const double unit = static_cast<double>(random() % 2000001) / 1e6 - 1.0;
  return ScalarValue::of(type, 4.0 * unit);
}

/// One buffer between two guards.
struct Memory {
  ElementType element;
  int64_t extent;
  std::vector<uint8_t> bytes;

  Memory(ElementType type, int64_t count)
      : element(type), extent(count), bytes(2 * kGuard + storage_bytes(type, count).value(), kGuardByte) {}
  uint8_t* data() { return bytes.data() + kGuard; }
};

std::string difference(const kernel::Buffer& buffer, Memory& expected, Memory& actual) {
  const size_t size = actual.bytes.size();
  for (size_t i = 0; i < kGuard; ++i) {
    if (actual.bytes[i] != kGuardByte || actual.bytes[size - 1 - i] != kGuardByte) {
      return fmt::format("memory beside `{}` was written\n", buffer.name);
    }
  }
  for (int64_t i = 0; i < expected.extent; ++i) {
    const ScalarValue a = load_element(buffer.element, expected.data(), i);
    const ScalarValue b = load_element(buffer.element, actual.data(), i);
    if (!a.same_bits(b)) {
      return fmt::format("`{}`[{}]: interpreted {}, compiled {}\n", buffer.name, i, text(a), text(b));
    }
  }
  return {};
}

/// A host that runs the iterations of every parallel loop backwards and one by one.
void backwards(void*, int64_t count, int64_t grain, lathe_task task, void* state) {
  const int64_t chunks = (count + grain - 1) / grain;
  for (int64_t chunk = chunks; chunk-- > 0;) task(state, chunk * grain, std::min(count, (chunk + 1) * grain));
}

std::vector<Memory> filled_memory(const kernel::Kernel& kernel, const std::vector<int64_t>& sizes,
                                  const RunOptions& options) {
  std::mt19937_64 random(options.seed);
  std::vector<Memory> memory;
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    const kernel::Buffer& buffer = kernel.buffers[kernel::BufferId(i)];
    const auto extent = evaluate(buffer.extent, [&](const std::string& name) -> std::optional<int64_t> {
      for (size_t k = 0; k < sizes.size(); ++k) {
        if (kernel.sizes.rows()[k].name == name) return sizes[k];
      }
      return std::nullopt;
    });
    memory.emplace_back(buffer.element, extent.value());
    for (int64_t k = 0; k < *extent; ++k) {
      store_element(buffer.element, memory.back().data(), k, random_number(buffer.element, options.fill, random));
    }
  }
  return memory;
}

lathe_status run_entry(codegen::ProgramEntry entry, const kernel::Kernel& kernel, std::vector<Memory>& memory,
                       const std::vector<int64_t>& sizes, const RunOptions& options) {
  std::vector<const void*> inputs = {nullptr};
  std::vector<void*> outputs;
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    if (kernel.buffers[kernel::BufferId(i)].access == kernel::Access::In) {
      inputs.push_back(memory[i].data());
    } else {
      outputs.push_back(memory[i].data());
    }
  }
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.threads = options.threads;
  if (options.threads > 1) execution.parallel_for = backwards;
  return entry(&execution, inputs.data(), outputs.data(), nullptr, nullptr, sizes.data());
}

}  // namespace

kernel::Program program_of(const kernel::Kernel& kernel) {
  kernel::Program program;
  program.name = "test";
  kernel::RunStep run{.kernel = kernel::KernelId(0u), .buffers = {}, .sizes = {}};
  TensorType shape;
  for (uint32_t i = 0; i < kernel.sizes.rows().size(); ++i) {
    const SymbolTable::Row& row = kernel.sizes.rows()[i];
    program.symbols.declare(row.name, row.lower, row.upper);
    program.bindings.emplace_back(kernel::FromInput{0, i});
    run.sizes.push_back(Dim::symbol(row.name));
    shape.dims.push_back(Dim::symbol(row.name));
  }
  program.inputs.push_back({"sizes", shape});
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    const kernel::Buffer& buffer = kernel.buffers[kernel::BufferId(i)];
    const bool input = buffer.access == kernel::Access::In;
    std::vector<kernel::Port>& ports = input ? program.inputs : program.outputs;
    const auto index = static_cast<uint32_t>(ports.size());
    ports.push_back({buffer.name, TensorType{buffer.element, {buffer.extent}}});
    kernel::Place place = kernel::OutputPlace{index};
    if (input) place = kernel::InputPlace{index};
    run.buffers.push_back({program.storages.push_back({buffer.name, buffer.element, buffer.extent, place})});
  }
  program.kernels.push_back(kernel);
  program.steps.push_back({std::move(run), {}, {}});
  return program;
}

std::string compare_kernel(const kernel::Kernel& kernel, const std::vector<int64_t>& sizes, const RunOptions& options) {
  Diagnostics diagnostics;
  if (!verify(kernel, diagnostics).ok()) return messages(diagnostics);
  const kernel::Program program = program_of(kernel);
  const auto compiled = codegen::JitProgram::compile(program, {.target = options.target, .verify = true}, diagnostics);
  if (!compiled.ok()) return messages(diagnostics);
  return compare_entry(kernel, sizes, options, compiled->entry());
}

std::string compare_entry(const kernel::Kernel& kernel, const std::vector<int64_t>& sizes, const RunOptions& options,
                          codegen::ProgramEntry entry, codegen::ProgramEntry reference) {
  Diagnostics diagnostics;
  std::vector<Memory> expected = filled_memory(kernel, sizes, options);
  std::vector<Memory> actual = expected;
  lathe_status expected_status = LATHE_OK;
  if (reference != nullptr) {
    expected_status = run_entry(reference, kernel, expected, sizes, options);
  } else {
    std::vector<void*> buffers;
    for (Memory& memory : expected) buffers.push_back(memory.data());
    interp::WrittenBytes written;
    const auto status = run_kernel(kernel, buffers, sizes, written, diagnostics);
    if (!status.ok()) return messages(diagnostics);
    expected_status = *status;
  }
  const lathe_status status = run_entry(entry, kernel, actual, sizes, options);
  std::string result;
  if (status != expected_status) result = fmt::format("status: expected {}, compiled {}\n", expected_status, status);
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    result += difference(kernel.buffers[kernel::BufferId(i)], expected[i], actual[i]);
  }
  return result;
}

std::string compare_kernel(std::string_view text, const std::vector<int64_t>& sizes, const RunOptions& options) {
  LocationTable locations;
  Diagnostics diagnostics;
  const FileId file = locations.add_file("test.lathe", std::string(text));
  const auto kernel = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
  return kernel.ok() ? compare_kernel(*kernel, sizes, options) : messages(diagnostics);
}

}  // namespace lathe
