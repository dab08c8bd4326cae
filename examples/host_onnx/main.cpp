// Loads an ONNX file, says what it takes, gives and needs, and runs it from several threads at once.
//   lathe_example_onnx MODEL.onnx
#include <atomic>
#include <cstdio>
#include <thread>
#include <vector>

#include "compiler/compile.h"
#include "ir/base/render.h"

namespace {

constexpr int kThreads = 4;
constexpr int kRuns = 100;

int fail(const lathe::Diagnostics& diagnostics, const lathe::LocationTable& locations) {
  std::fputs(lathe::render_text(diagnostics, locations).c_str(), stderr);
  return 1;
}

// What a batch of 2 looks like: every symbol is 2.
std::vector<lathe::Tensor> make_inputs(const lathe::CompiledModel& model) {
  std::vector<lathe::Tensor> inputs;
  for (const lathe::ModelPort& port : model.inputs()) {
    const lathe::TensorType& type = *port.type.as_tensor();
    std::vector<int64_t> dims;
    for (const lathe::Dim& dim : type.dims) dims.push_back(dim.as_constant().value_or(2));
    inputs.emplace_back(type.element, std::move(dims));
  }
  return inputs;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 2) {
    std::fputs("usage: lathe_example_onnx MODEL.onnx\n", stderr);
    return 2;
  }
  lathe::Diagnostics diagnostics;
  lathe::Module module;
  if (!lathe::load_model(arguments[1], {}, module, diagnostics)) return fail(diagnostics, module.locations);
  const lathe::Result<lathe::CompiledModel> model = lathe::compile(std::move(module), {}, diagnostics);
  if (!model) return fail(diagnostics, module.locations);

  for (const lathe::ModelPort& port : model->inputs())
    std::printf("input  %s: %s\n", port.name.c_str(), lathe::text(port.type).c_str());
  for (const lathe::ModelPort& port : model->outputs())
    std::printf("output %s: %s\n", port.name.c_str(), lathe::text(port.type).c_str());
  for (const lathe::SymbolTable::Row& row : model->symbols().rows())
    std::printf("symbol %s: %s to %s\n", row.name.c_str(), row.lower.text().c_str(), row.upper.text().c_str());
  std::printf("temporary memory of a run: %s bytes\n", model->peak_bytes_formula().c_str());

  const std::vector<lathe::Tensor> inputs = make_inputs(*model);
  std::atomic<int> runs = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < kThreads; ++i) {
    threads.emplace_back([&] {
      std::vector<lathe::TensorView> views;
      for (const lathe::Tensor& input : inputs) views.push_back(input.view());
      lathe::Diagnostics faults;
      for (int run = 0; run < kRuns; ++run) runs += model->run(views, faults).ok() ? 1 : 0;
    });
  }
  for (std::thread& thread : threads) thread.join();
  std::printf("%d threads ran it %d times\n", kThreads, runs.load());
  return runs == kThreads * kRuns ? 0 : 1;
}
