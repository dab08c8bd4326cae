// Where a model's time goes, step by step of the compiled program: lathe_profile_steps MODEL.onnx [SYMBOL=SIZE ..]
//
// Every step is compiled as a program of its own and timed on the memory that a whole run left. Steps are printed in
// order with their share of the sum and their layer; `--details` adds the numbers that calls of the runtime get. The
// first thing to look at when a model is slower than its kernels.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "bench/models/prepared.h"
#include "compiler/codegen/llvm_engine.h"
#include "ir/base/render.h"

namespace lathe::bench {
namespace {

struct Memory {
  std::vector<Tensor> inputs;
  std::vector<Tensor> outputs;
  std::vector<Tensor> data;
  Tensor arena;
  std::vector<const void*> input_pointers;
  std::vector<void*> output_pointers;
  std::vector<const void*> data_pointers;
  std::vector<int64_t> symbols;
};

int64_t value_of(const Dim& dim, const kernel::Program& program, const std::vector<int64_t>& symbols) {
  const auto value = evaluate(dim, [&](const std::string& name) -> std::optional<int64_t> {
    for (size_t i = 0; i < symbols.size(); ++i) {
      if (program.symbols.rows()[i].name == name) return symbols[i];
    }
    return std::nullopt;
  });
  return value.value_or(0);
}

Memory make_memory(const kernel::Program& program, const std::vector<NamedSize>& sizes) {
  Memory memory;
  for (const SymbolTable::Row& row : program.symbols.rows()) {
    int64_t value = 1;
    for (const auto& [name, size] : sizes) {
      if (name == row.name) value = size;
    }
    memory.symbols.push_back(value);
  }
  const auto tensor = [&](const TensorType& type) {
    std::vector<int64_t> dims;
    for (const Dim& dim : type.dims) dims.push_back(value_of(dim, program, memory.symbols));
    return Tensor(type.element, dims);
  };
  for (const kernel::Port& port : program.inputs) {
    memory.inputs.push_back(tensor(port.type));
    if (port.type.element != ElementType::F32) continue;
    uint32_t state = 1;
    for (float& element : memory.inputs.back().as<float>()) {
      state = state * 1664525u + 1013904223u;
      element = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
    }
  }
  for (const kernel::Port& port : program.outputs) memory.outputs.push_back(tensor(port.type));
  for (const kernel::Data& data : program.data) {
    memory.data.emplace_back(ElementType::U8, std::vector<int64_t>{static_cast<int64_t>(data.bytes.size())});
    if (!data.bytes.empty()) std::memcpy(memory.data.back().bytes().data(), data.bytes.data(), data.bytes.size());
  }
  memory.arena = Tensor(ElementType::U8, std::vector<int64_t>{value_of(program.arena_bytes, program, memory.symbols)});
  for (const Tensor& input : memory.inputs) memory.input_pointers.push_back(input.bytes().data());
  for (Tensor& output : memory.outputs) memory.output_pointers.push_back(output.bytes().data());
  for (const Tensor& data : memory.data) memory.data_pointers.push_back(data.bytes().data());
  return memory;
}

// The shortest time of one run in microseconds, which the load of the machine hardly touches; negative when it fails.
double time_program(const kernel::Program& program, Memory& memory, Diagnostics& diagnostics) {
  const Result<codegen::JitProgram> code = codegen::JitProgram::compile(program, {}, diagnostics);
  if (!code) return -1;
  const auto run = [&] {
    return code->entry()(nullptr, memory.input_pointers.data(), memory.output_pointers.data(),
                         memory.data_pointers.data(), memory.arena.bytes().data(), memory.symbols.data());
  };
  std::vector<double> times;
  const double begin = now_ms();
  while (times.size() < 20 || (now_ms() - begin < 100 && times.size() < 2000)) {
    const double start = now_ms();
    if (run() != LATHE_OK) return -1;
    times.push_back((now_ms() - start) * 1e3);
  }
  return *std::min_element(times.begin(), times.end());
}

struct StepName {
  const kernel::Program& program;
  std::string operator()(const kernel::RunStep& run) const { return program.kernels[run.kernel].name; }
  std::string operator()(const kernel::CallStep& call) const { return call.function; }
  std::string operator()(const kernel::GuardStep&) const { return "guard"; }
};

// Numbers that say how large a call is: the integers among its arguments, m n k of a product, sizes of a convolution.
struct StepDetail {
  const kernel::Program& program;
  const std::vector<int64_t>& symbols;
  std::string operator()(const kernel::CallStep& call) const {
    std::string text;
    for (const kernel::Argument& argument : call.arguments) {
      const auto* structure = std::get_if<kernel::StructArgument>(&argument);
      if (structure == nullptr) continue;
      for (const kernel::Field& field : structure->fields) {
        const auto* number = std::get_if<kernel::SignedField>(&field.value);
        if (number == nullptr) continue;
        text += " " + field.name + "=" + std::to_string(value_of(number->value, program, symbols));
      }
    }
    return text;
  }
  std::string operator()(const kernel::RunStep&) const { return {}; }
  std::string operator()(const kernel::GuardStep&) const { return {}; }
};

int profile(const std::string& path, const std::vector<NamedSize>& sizes, bool details) {
  Diagnostics diagnostics;
  Module module;
  const auto fail = [&] {
    std::fputs(render_text(diagnostics, module.locations).c_str(), stderr);
    return 1;
  };
  if (!load_model(path, {}, module, diagnostics)) return fail();
  if (!optimize(module, {}, diagnostics)) return fail();
  Result<kernel::Program> program = lower_module(module, {}, diagnostics);
  if (!program) return fail();
  Memory memory = make_memory(*program, sizes);
  const double whole = time_program(*program, memory, diagnostics);
  if (whole < 0) return fail();
  std::vector<double> times;
  double sum = 0;
  for (const kernel::Step& step : program->steps) {
    kernel::Program one = *program;
    one.steps = {step};
    times.push_back(time_program(one, memory, diagnostics));
    if (times.back() < 0) return fail();
    sum += times.back();
  }
  for (size_t i = 0; i < times.size(); ++i) {
    const kernel::Step& step = program->steps[i];
    std::printf("%3zu %10.1f us %5.1f %%  %-34s %s%s\n", i, times[i], 100 * times[i] / sum,
                std::visit(StepName{*program}, step.kind).c_str(), step.layer.c_str(),
                details ? std::visit(StepDetail{*program, memory.symbols}, step.kind).c_str() : "");
  }
  std::printf("sum of %zu steps %.1f us, whole program %.1f us, arena %zu bytes\n", times.size(), sum, whole,
              memory.arena.bytes().size());
  return 0;
}

}  // namespace
}  // namespace lathe::bench

int main(int count, char** arguments) {
  std::vector<lathe::NamedSize> sizes;
  bool details = false;
  for (int i = 2; i < count; ++i) {
    const std::string argument = arguments[i];
    const size_t equals = argument.find('=');
    details |= argument == "--details";
    if (equals == std::string::npos) continue;
    sizes.emplace_back(argument.substr(0, equals), std::strtoll(argument.c_str() + equals + 1, nullptr, 10));
  }
  if (count < 2) {
    std::fputs("usage: lathe_profile_steps MODEL [SYMBOL=SIZE ..] [--details]\n", stderr);
    return 2;
  }
  return lathe::bench::profile(arguments[1], sizes, details);
}
