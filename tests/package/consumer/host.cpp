// Compiles a graph with the installed libraries and runs it: ends with 0 when the result is right.
#include <cstdio>

#include "compiler/compile.h"
#include "ir/base/render.h"

int main(int, char** arguments) {
  lathe::Diagnostics diagnostics;
  lathe::Module module;
  if (!lathe::load_model(arguments[1], {}, module, diagnostics)) {
    std::fputs(lathe::render_text(diagnostics, module.locations).c_str(), stderr);
    return 1;
  }
  lathe::Result<lathe::CompiledModel> model = lathe::compile(std::move(module), {}, diagnostics);
  if (!model.ok()) return 2;
  lathe::Tensor x(lathe::ElementType::F32, {4});
  for (int i = 0; i < 4; ++i) x.as<float>()[i] = static_cast<float>(i);
  const lathe::TensorView view = x.view();
  lathe::Result<std::vector<lathe::Tensor>> outputs = model->run({&view, 1}, diagnostics);
  if (!outputs.ok()) return 3;
  return (*outputs)[0].as<float>()[3] == 6.0f ? 0 : 4;
}
