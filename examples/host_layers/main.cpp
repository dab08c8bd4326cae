// Defines a small image classifier out of PyTorch's layers, compiles it for any batch size, and runs it. A second model
// with a mistake shows what is said about it. With trained weights: host_layers digits.safetensors (names as in
// nn.Sequential: `0.weight`, `0.bias` ...); without, they are drawn from a seed.
#include <cmath>
#include <cstdio>
#include <string>
#include <vector>

#include "compiler/compile.h"
#include "compiler/nn.h"
#include "ir/base/render.h"

namespace {

namespace nn = lathe::nn;

/// `features` is the size that the last layer expects.
nn::Layer classifier(int features) {
  return nn::Sequential{
      nn::Conv2d(1, 8, 3, nn::set("padding", 1)),
      nn::BatchNorm2d(8),
      nn::ReLU(),
      nn::MaxPool2d(2),
      nn::Conv2d(8, 16, nn::tuple(3, 3), nn::set("bias", false)),
      nn::GELU(),
      nn::AdaptiveAvgPool2d(4),
      nn::Flatten(),
      nn::Linear(features, 10),
      nn::Softmax(nn::set("dim", 1)),
  };
}

int fail(const lathe::Diagnostics& diagnostics, const lathe::LocationTable& locations) {
  std::fputs(lathe::render_text(diagnostics, locations).c_str(), stderr);
  return 1;
}

}  // namespace

int main(int argc, char** argv) {
  const lathe::TensorType images{lathe::ElementType::F32, {lathe::Dim::symbol("N"), 1, 28, 28}};
  lathe::LoadOptions options;
  options.input_types = {{"", images}};
  options.seed = 7;
  if (argc > 1) options.weights = argv[1];

  lathe::Diagnostics diagnostics;
  lathe::Module module;
  lathe::Definition definition;
  if (!lathe::load_layers(classifier(16 * 4 * 4), options, module, diagnostics, &definition)) {
    return fail(diagnostics, module.locations);
  }
  for (const lathe::Definition::Layer& layer : definition.layers) {
    std::printf("%-10s %-18s %s\n", layer.name.c_str(), layer.type.c_str(), layer.output.c_str());
  }

  const lathe::Result<lathe::CompiledModel> model = lathe::compile(std::move(module), {}, diagnostics);
  if (!model) return fail(diagnostics, module.locations);
  lathe::Tensor x(lathe::ElementType::F32, {2, 1, 28, 28});
  float phase = 0;
  for (float& element : x.as<float>()) element = std::sin(phase += 0.1f);
  const lathe::TensorView view = x.view();
  const lathe::Result<std::vector<lathe::Tensor>> outputs = model->run({&view, 1}, diagnostics);
  if (!outputs) return fail(diagnostics, model->locations());
  float sum = 0;
  for (const float probability : (*outputs)[0].as<float>().first(10)) sum += probability;
  std::printf("the ten probabilities of the first image sum to %.4f\n", static_cast<double>(sum));

  lathe::Diagnostics faults;
  lathe::Module wrong;
  if (lathe::load_layers(classifier(16 * 5 * 5), options, wrong, faults)) return 1;
  std::printf("\nwith one wrong number:\n%s", lathe::render_text(faults, wrong.locations).c_str());
  return std::abs(sum - 1) < 1e-4f ? 0 : 1;
}
