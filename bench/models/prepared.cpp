// Loading, compiling, and memory for inputs and outputs.
#include "bench/models/prepared.h"

#include <algorithm>
#include <chrono>
#include <cstdio>

#include "ir/base/render.h"

namespace lathe::bench {
namespace {

void show(const Diagnostics& diagnostics, const LocationTable& locations) {
  std::fputs(render_text(diagnostics, locations).c_str(), stderr);
}

}  // namespace

double now_ms() {
  return std::chrono::duration<double, std::milli>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

double median(std::vector<double> values) {
  if (values.empty()) return 0;
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

std::optional<Prepared> Prepared::make(const CompiledModel& model) {
  std::vector<std::vector<int64_t>> dims;
  for (const ModelPort& port : model.inputs()) {
    dims.emplace_back();
    for (const Dim& dim : port.type.as_tensor()->dims) dims.back().push_back(dim.as_constant().value_or(1));
  }
  Diagnostics diagnostics;
  Result<Instance> instance = model.instance(dims, diagnostics);
  if (!instance) {
    show(diagnostics, model.locations());
    return std::nullopt;
  }
  Prepared result(*std::move(instance));
  uint32_t state = 1;
  for (size_t i = 0; i < dims.size(); ++i) {
    result.inputs_.emplace_back(model.inputs()[i].type.as_tensor()->element, dims[i]);
    if (result.inputs_[i].element() != ElementType::F32) continue;
    for (float& element : result.inputs_[i].as<float>()) {
      state = state * 1664525u + 1013904223u;
      element = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
    }
  }
  const auto shapes = result.instance_.output_dims();
  for (size_t i = 0; i < shapes.size(); ++i) {
    result.outputs_.emplace_back(model.outputs()[i].type.as_tensor()->element, shapes[i]);
  }
  for (const Tensor& input : result.inputs_) result.from_.push_back(input.bytes().data());
  for (Tensor& output : result.outputs_) result.to_.push_back(output.bytes().data());
  return result;
}

std::optional<CompiledModel> compile_module(Module module, const CompileOptions& options) {
  Diagnostics diagnostics;
  Result<CompiledModel> model = compile(std::move(module), options, diagnostics);
  if (!model) {
    show(diagnostics, module.locations);
    return std::nullopt;
  }
  return *std::move(model);
}

std::optional<CompiledModel> compile_file(const std::string& path, const CompileOptions& options) {
  Diagnostics diagnostics;
  Module module;
  if (!load_model(path, {}, module, diagnostics)) {
    show(diagnostics, module.locations);
    return std::nullopt;
  }
  return compile_module(std::move(module), options);
}

}  // namespace lathe::bench
