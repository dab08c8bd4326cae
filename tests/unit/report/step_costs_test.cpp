// Operations and bytes, against numbers worked out by hand.
#include "compiler/report/step_costs.h"

#include "gtest/gtest.h"
#include "compiler/nn.h"
#include "tests/unit/compiler/small_models.h"
#include "tests/unit/report/recorded.h"

namespace lathe::test {
namespace {

std::vector<report::StepCost> costs_of(std::string_view text, kernel::Program& program, int64_t n) {
  std::optional<Module> module = parse(text);
  Diagnostics diagnostics;
  if (!module || !optimize(*module, {}, diagnostics).ok()) return {};
  Result<kernel::Program> lowered = lower_module(*module, {}, diagnostics);
  if (!lowered.ok()) return {};
  program = *std::move(lowered);
  return report::step_costs(program,
                            [&](const std::string& name) { return name == "N" ? std::optional(n) : std::nullopt; });
}

TEST(StepCosts, AnElementWiseChain) {
  kernel::Program program;
  const auto costs = costs_of(kScaledRelu, program, 160);
  double operations = 0;
  double bytes = 0;
  for (const report::StepCost& cost : costs) {
    operations += cost.operations;
    bytes += cost.bytes;
  }
  // x + b, max or compare and select, * s: at least three operations for each of N * 3 elements, at most five, and
  // lanes of the last vector may be idle.
  EXPECT_GE(operations, 3 * 160 * 3);
  EXPECT_LE(operations, 5 * 160 * 16);
  // x, b, s and the result, once each.
  EXPECT_EQ(bytes, 4 * (160 * 3 + 3 + 160 + 160 * 3));
}

TEST(StepCosts, AProductOfTheRuntime) {
  constexpr std::string_view kProduct = R"(sym N in [1, 4096]
graph @product(%x: f32[N, 256], %w: f32[256, 512]) -> (f32[N, 512]) {
  %y = matmul %x, %w : f32[N, 512]
  return %y : f32[N, 512]
}
)";
  kernel::Program program;
  const auto costs = costs_of(kProduct, program, 100);
  ASSERT_EQ(costs.size(), program.steps.size());
  bool is_found = false;
  for (size_t i = 0; i < costs.size(); ++i) {
    const auto* call = std::get_if<kernel::CallStep>(&program.steps[i].kind);
    if (call == nullptr || call->function != "lathe_gemm_f32") continue;
    is_found = true;
    EXPECT_EQ(costs[i].operations, 2.0 * 100 * 256 * 512);
    EXPECT_EQ(costs[i].bytes, 4.0 * (100 * 256 + 256 * 512 + 100 * 512));
  }
  EXPECT_TRUE(is_found);
}

TEST(StepCosts, AWinogradConvolution) {
  // 16 -> 32 channels over 18x22 pixels: 5 x 6 tiles of 36 products for each pair of channels.
  const nn::Layer layer = nn::Conv2d(16, 32, 3, nn::set("bias", false));
  TensorType input{.element = ElementType::F32, .dims = {1, 16, 20, 24}, .ranked = true};
  Diagnostics diagnostics;
  Module module;
  ASSERT_TRUE(load_layers(layer, {.input_types = {{"", input}}}, module, diagnostics).ok());
  ASSERT_TRUE(optimize(module, {}, diagnostics).ok());
  const Result<kernel::Program> program = lower_module(module, {}, diagnostics);
  ASSERT_TRUE(program.ok());
  const auto costs = report::step_costs(*program, [](const std::string&) { return std::optional<int64_t>(); });
  for (size_t i = 0; i < costs.size(); ++i) {
    const auto* call = std::get_if<kernel::CallStep>(&program->steps[i].kind);
    if (call == nullptr) continue;
    EXPECT_EQ(call->function, "lathe_winograd_conv2d_f32");
    EXPECT_EQ(costs[i].operations, 2.0 * 30 * 36 * 16 * 32);
    EXPECT_EQ(costs[i].bytes, 4.0 * (16 * 20 * 24 + 9 * 16 * 32 + 32 * 18 * 22));
    return;
  }
  FAIL() << "no call of the runtime";
}

}  // namespace
}  // namespace lathe::test
