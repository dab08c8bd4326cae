// Compiling and running through compile.h: the same numbers on every back end, for all sizes, from many threads.
#include <algorithm>
#include <atomic>
#include <thread>

#include "ir/graph/builder.h"
#include "tests/unit/compiler/small_models.h"

namespace lathe::test {
namespace {

class EveryBackend : public testing::TestWithParam<Backend> {};
std::string backend_name(const testing::TestParamInfo<Backend>& info) {
  std::string name(text(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Compile, EveryBackend, testing::ValuesIn(backends()), backend_name);

std::vector<float> run_scaled_relu(const CompiledModel& model, int64_t batch) {
  Tensor x(ElementType::F32, {batch, 3});
  Tensor s(ElementType::F32, {batch, 1});
  for (int64_t i = 0; i < batch; ++i) {
    for (int64_t j = 0; j < 3; ++j) x.as<float>()[static_cast<size_t>(3 * i + j)] = static_cast<float>(i - j);
    s.as<float>()[static_cast<size_t>(i)] = static_cast<float>(i + 1);
  }
  const Tensor b = tensor({3}, {0.5f, 1.0f, 2.0f});
  const TensorView inputs[] = {x.view(), b.view(), s.view()};
  Diagnostics diagnostics;
  const auto outputs = model.run(inputs, diagnostics);
  if (!outputs) {
    ADD_FAILURE() << render_text(diagnostics, model.locations());
    return {};
  }
  EXPECT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{batch, 3}));
  return floats((*outputs)[0]);
}

TEST_P(EveryBackend, OneCompilationServesAllBatchSizes) {
  const auto model = compile_text(kScaledRelu, {.backend = GetParam()});
  ASSERT_TRUE(model);
  EXPECT_EQ(run_scaled_relu(*model, 1), (std::vector<float>{0.5f, 0.0f, 0.0f}));
  EXPECT_EQ(run_scaled_relu(*model, 2), (std::vector<float>{0.5f, 0.0f, 0.0f, 3.0f, 2.0f, 2.0f}));
  EXPECT_EQ(run_scaled_relu(*model, 100).size(), 300u);
}

TEST_P(EveryBackend, PortsAndSymbolsAreThoseOfTheSource) {
  const auto model = compile_text(kScaledRelu, {.backend = GetParam()});
  ASSERT_TRUE(model);
  EXPECT_EQ(model->name(), "scaled");
  EXPECT_EQ(model->backend(), GetParam());
  ASSERT_EQ(model->inputs().size(), 3u);
  EXPECT_EQ(model->inputs()[0].name, "x");
  EXPECT_EQ(text(model->inputs()[0].type), "f32[N, 3]");
  ASSERT_EQ(model->outputs().size(), 1u);
  EXPECT_EQ(model->outputs()[0].name, "y");
  EXPECT_EQ(text(model->outputs()[0].type), "f32[N, 3]");
  ASSERT_NE(model->symbols().find("N"), nullptr);
  EXPECT_EQ(model->symbols().find("N")->upper, Dim(4096));
}

TEST_P(EveryBackend, DimsSpecialise) {
  const auto model = compile_text(kScaledRelu, {.backend = GetParam(), .dims = {{"N", 2}}});
  ASSERT_TRUE(model);
  EXPECT_EQ(text(model->inputs()[0].type), "f32[2, 3]");
  EXPECT_EQ(run_scaled_relu(*model, 2)[3], 3.0f);
}

TEST_P(EveryBackend, AnInstanceRunsOnTheHostsMemory) {
  const auto model = compile_text(kScaledRelu, {.backend = GetParam()});
  ASSERT_TRUE(model);
  const std::vector<std::vector<int64_t>> dims = {{2, 3}, {3}, {2, 1}};
  Diagnostics diagnostics;
  Result<Instance> instance = model->instance(dims, diagnostics);
  ASSERT_TRUE(instance.ok()) << render_text(diagnostics, model->locations());
  EXPECT_EQ(instance->output_dims()[0], (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(instance->output_bytes()[0], 24u);
  EXPECT_EQ(instance->input_bytes()[2], 8u);
  const float x[] = {1, -2, 3, -4, 5, -6};
  const float b[] = {0, 0, 0};
  const float s[] = {1, 10};
  float y[6] = {};
  const void* inputs[] = {x, b, s};
  void* outputs[] = {y};
  for (int repeat = 0; repeat < 2; ++repeat) {
    ASSERT_EQ(instance->run(inputs, outputs), LATHE_OK) << instance->message();
    EXPECT_EQ(std::vector<float>(y, y + 6), (std::vector<float>{1, 0, 3, 0, 50, 0}));
  }
  Instance moved = *std::move(instance);
  y[0] = -1;
  ASSERT_EQ(moved.run(inputs, outputs), LATHE_OK);
  EXPECT_EQ(y[0], 1.0f);
}

TEST_P(EveryBackend, ManyThreadsRunOneModel) {
  const auto model = compile_text(kScaledRelu, {.backend = GetParam(), .threads = 2});
  ASSERT_TRUE(model);
  std::atomic<int> right = 0;
  std::vector<std::thread> threads;
  for (int64_t thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&, thread] {
      for (int64_t run = 0; run < 20; ++run) {
        const int64_t batch = 1 + (thread + run) % 5;
        right += run_scaled_relu(*model, batch).back() == static_cast<float>((batch - 1) * batch) ? 1 : 0;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
}

// Row i of the result is relu(i - j + b[j]) * (i + 1); the last column is relu(i - 2 + 2) * (i + 1) = i * (i + 1).
TEST_P(EveryBackend, AnInstanceOutlivesTheModel) {
  std::optional<CompiledModel> model = compile_text(kScaledRelu, {.backend = GetParam(), .dims = {{"N", 1}}});
  ASSERT_TRUE(model);
  Diagnostics diagnostics;
  Result<Instance> instance = model->instance(diagnostics);
  ASSERT_TRUE(instance.ok());
  model.reset();
  const float x[] = {1, 2, 3};
  const float b[] = {1, 1, 1};
  const float s[] = {2};
  float y[3] = {};
  const void* inputs[] = {x, b, s};
  void* outputs[] = {y};
  ASSERT_EQ(instance->run(inputs, outputs), LATHE_OK);
  EXPECT_EQ(std::vector<float>(y, y + 3), (std::vector<float>{4, 6, 8}));
}

TEST(Compile, PeakBytesIsAFormulaInTheSymbols) {
  // The product has to wait for the sum of its rows, so the model needs memory of its own.
  const auto model = compile_text(R"(sym N in [1, 64]
graph @g(%x: f32[N, 100]) -> (f32[N, 100]) {
  %e = exp %x : f32[N, 100]
  %t = transpose %e {permutation = [1, 0]} : f32[100, N]
  %s = softmax %t {axis = 0} : f32[100, N]
  %y = transpose %s {permutation = [1, 0]} : f32[N, 100]
  return %y : f32[N, 100]
}
)",
                                  {.backend = Backend::KernelInterpreter});
  ASSERT_TRUE(model);
  const NamedSize two{"N", 2};
  const NamedSize many{"N", 65};
  ASSERT_TRUE(model->peak_bytes({&two, 1}));
  EXPECT_FALSE(model->peak_bytes({&many, 1})) << "beyond the bounds of N";
  EXPECT_FALSE(model->peak_bytes_formula().empty());
}

TEST(Compile, TheGraphInterpreterHasNoArena) {
  const auto model = compile_text(kScaledRelu, {.backend = Backend::Interpreter});
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->peak_bytes());
  EXPECT_EQ(model->peak_bytes_formula(), "");
}

TEST(Compile, TimesOfAllStagesAreReported) {
  const auto model = compile_text(kScaledRelu, {.backend = default_backend(), .threads = 1});
  ASSERT_TRUE(model);
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  std::vector<std::string> names;
  for (const CompileReport::Stage& stage : model->report().stages) names.emplace_back(stage.name);
  EXPECT_EQ(names, (std::vector<std::string>{"passes", "lower", "expand", "verify", "codegen"}));
  EXPECT_GT(model->report().milliseconds(), 0.0);
  EXPECT_FALSE(model->report().passes.empty());
}

TEST(Compile, BackendsHaveNames) {
  for (const Backend backend : {Backend::Jit, Backend::Interpreter, Backend::KernelInterpreter}) {
    EXPECT_EQ(parse_backend(text(backend)), backend);
  }
  EXPECT_EQ(parse_backend("cuda"), std::nullopt);
}

TEST(Tensor, OwnsAlignedMemory) {
  const Tensor values(ElementType::F32, {2, 3});
  EXPECT_TRUE(values.valid());
  EXPECT_EQ(values.bytes().size(), 24u);
  EXPECT_EQ(reinterpret_cast<uintptr_t>(values.bytes().data()) % 64, 0u);
  EXPECT_EQ(floats(values), std::vector<float>(6));
  EXPECT_EQ(Tensor(ElementType::I4, {3}).bytes().size(), 2u);
  EXPECT_EQ(Tensor(ElementType::String, {2}).strings().size(), 2u);
  EXPECT_TRUE(Tensor(ElementType::F32, {0}).valid());
  EXPECT_FALSE(Tensor(ElementType::F32, {INT64_MAX, 2}).valid());
  EXPECT_FALSE(Tensor(ElementType::F32, {-1}).valid());
}

}  // namespace
}  // namespace lathe::test
