// Builds a perceptron with the graph builder, compiles it for any batch size, and runs it in two ways.
#include <array>
#include <cmath>
#include <cstdio>
#include <vector>

#include "compiler/compile.h"
#include "ir/base/render.h"
#include "ir/graph/builder.h"

namespace {

constexpr int64_t kInputs = 16;
constexpr int64_t kHidden = 32;
constexpr int64_t kOutputs = 4;

// Any weights do for an example: sin(0), sin(1) ...
lathe::ConstantData weights(int64_t rows, int64_t columns) {
  std::vector<double> values;
  for (int64_t i = 0; i < rows * columns; ++i) values.push_back(std::sin(static_cast<double>(i)) / 4);
  return lathe::constant_from_doubles({lathe::ElementType::F32, {rows, columns}}, values);
}

// y = relu(x w1) w2, where x is f32[N, 16]. Whatever is wrong with shapes is reported by the builder.
lathe::Status build(lathe::Module& module, lathe::Diagnostics& diagnostics) {
  lathe::GraphBuilder builder(module, diagnostics);
  const lathe::Dim batch = lathe::Dim::symbol("N");
  const lathe::ValueId x = builder.input(lathe::TensorType{lathe::ElementType::F32, {batch, kInputs}}, "x");
  LATHE_TRY(const lathe::ValueId w1, builder.constant(weights(kInputs, kHidden)));
  LATHE_TRY(const lathe::ValueId w2, builder.constant(weights(kHidden, kOutputs)));
  LATHE_TRY(const lathe::ValueId product, builder.one("matmul", {x, w1}));
  LATHE_TRY(const lathe::ValueId hidden, builder.one("relu", {product}));
  LATHE_TRY(const lathe::ValueId y, builder.one("matmul", {hidden, w2}));
  builder.name_value(y, "y");
  return builder.output({y});
}

int fail(const lathe::Diagnostics& diagnostics, const lathe::LocationTable& locations) {
  std::fputs(lathe::render_text(diagnostics, locations).c_str(), stderr);
  return 1;
}

}  // namespace

int main() {
  lathe::Diagnostics diagnostics;
  lathe::Module module;
  if (!build(module, diagnostics)) return fail(diagnostics, module.locations);
  const lathe::Result<lathe::CompiledModel> model = lathe::compile(std::move(module), {}, diagnostics);
  if (!model) return fail(diagnostics, module.locations);

  // The convenient way: sizes are taken from the inputs, outputs are made.
  lathe::Tensor x(lathe::ElementType::F32, {3, kInputs});
  for (float& element : x.as<float>()) element = 0.5f;
  const lathe::TensorView view = x.view();
  const lathe::Result<std::vector<lathe::Tensor>> outputs = model->run({&view, 1}, diagnostics);
  if (!outputs) return fail(diagnostics, model->locations());
  const lathe::Tensor& y = (*outputs)[0];
  std::printf("%lld x %lld outputs, the first is %g\n", static_cast<long long>(y.dims()[0]),
              static_cast<long long>(y.dims()[1]), static_cast<double>(y.as<float>()[0]));

  // The fast way: sizes are bound once; after that a run is one native call on the host's memory.
  const std::vector<int64_t> dims = {1, kInputs};
  lathe::Result<lathe::Instance> instance = model->instance({&dims, 1}, diagnostics);
  if (!instance) return fail(diagnostics, model->locations());
  std::array<float, kOutputs> row{};
  const void* inputs[] = {x.bytes().data()};
  void* results[] = {row.data()};
  for (int i = 0; i < 1000; ++i) {
    if (instance->run(inputs, results) != LATHE_OK) return 1;
  }
  std::printf("the same from an instance: %g\n", static_cast<double>(row[0]));
  return row[0] == y.as<float>()[0] ? 0 : 1;
}
