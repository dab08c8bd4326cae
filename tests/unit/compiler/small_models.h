// Small models for the tests of compile.h, written as text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gtest/gtest.h"
#include "compiler/compile.h"
#include "ir/base/render.h"
#include "ir/graph/print.h"

namespace lathe::test {

/// f(x: f32[N, 3], b: f32[3], s: f32[N, 1]) = relu(x + b) * s
inline constexpr std::string_view kScaledRelu = R"(sym N in [1, 4096]
graph @scaled(%x: f32[N, 3], %b: f32[3], %s: f32[N, 1]) -> (f32[N, 3]) {
  %sum = add %x, %b : f32[N, 3]
  %positive = relu %sum : f32[N, 3]
  %y = mul %positive, %s : f32[N, 3]
  return %y : f32[N, 3]
}
)";

inline std::optional<Module> parse(std::string_view text) {
  Diagnostics diagnostics;
  Module module;
  if (!parse_module(text, "test.lathe", module, diagnostics)) {
    ADD_FAILURE() << render_text(diagnostics, module.locations);
    return std::nullopt;
  }
  return module;
}

inline std::optional<CompiledModel> compile_text(std::string_view text, const CompileOptions& options) {
  std::optional<Module> module = parse(text);
  if (!module) return std::nullopt;
  Diagnostics diagnostics;
  Result<CompiledModel> model = compile(*std::move(module), options, diagnostics);
  if (!model) {
    ADD_FAILURE() << render_text(diagnostics, module->locations);
    return std::nullopt;
  }
  return *std::move(model);
}

/// f32 elements.
inline Tensor tensor(std::vector<int64_t> dims, const std::vector<float>& values) {
  Tensor result(ElementType::F32, std::move(dims));
  EXPECT_EQ(result.element_count(), values.size());
  for (size_t i = 0; i < values.size(); ++i) result.as<float>()[i] = values[i];
  return result;
}

inline std::vector<float> floats(const Tensor& tensor) {
  const std::span<const float> elements = tensor.as<float>();
  return {elements.begin(), elements.end()};
}

/// The back ends that this build has.
inline std::vector<Backend> backends() {
  std::vector<Backend> list = {Backend::Interpreter, Backend::KernelInterpreter};
  if (is_available(Backend::Jit)) list.push_back(Backend::Jit);
  return list;
}

}  // namespace lathe::test
