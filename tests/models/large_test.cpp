// The large classifiers, which have no stored outputs: native code gives finite numbers with two threads, and the same
// as the interpreter, both on one image.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

constexpr std::string_view kModels[] = {"resnet18", "resnet50", "mobilenet_v2", "vgg11"};

class Large : public testing::TestWithParam<std::string_view> {};

std::optional<std::filesystem::path> prepare(const std::filesystem::path& models, std::string_view name) {
  std::string why;
  const auto file = filled_topology(models, std::string(name), LATHE_FILLED_MODELS, why);
  if (!file) ADD_FAILURE() << name << ": " << why;
  return file;
}

std::vector<NamedTensor> image() {
  std::vector<NamedTensor> inputs;
  inputs.push_back({"image", seeded_tensor({1, 3, 224, 224}, 7)});
  return inputs;
}

TEST_P(Large, RunsFinite) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  const auto file = prepare(models, GetParam());
  ASSERT_TRUE(file);
  const std::optional<CompiledModel> model = compile_file(*file, {.threads = 2});
  ASSERT_TRUE(model);
  const auto outputs = run_model(*model, image());
  ASSERT_TRUE(outputs);
  ASSERT_EQ(outputs->size(), 1u);
  ASSERT_EQ((*outputs)[0].dims(), (std::vector<int64_t>{1, 1000}));
  const std::span<const float> logits = (*outputs)[0].as<float>();
  EXPECT_TRUE(std::all_of(logits.begin(), logits.end(), [](float x) { return std::isfinite(x); }));
  EXPECT_TRUE(std::any_of(logits.begin(), logits.end(), [&](float x) { return x != logits[0]; }));
}

TEST_P(Large, NativeCodeEqualsTheInterpreter) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  const auto file = prepare(models, GetParam());
  ASSERT_TRUE(file);
  const std::optional<CompiledModel> native = compile_file(*file, {.backend = Backend::Jit});
  const std::optional<CompiledModel> interpreter = compile_file(*file, {.backend = Backend::Interpreter});
  ASSERT_TRUE(native && interpreter);
  const std::vector<NamedTensor> inputs = image();
  const auto got = run_model(*native, inputs);
  const auto expected = run_model(*interpreter, inputs);
  ASSERT_TRUE(got && expected);
  const std::optional<double> noise = index_noise(models / "topologies" / "index.tsv", GetParam());
  ASSERT_TRUE(noise);
  const Difference difference = compare((*got)[0], (*expected)[0]);
  EXPECT_LE(difference.largest_difference, std::max(1e-5, 4 * *noise) * difference.largest_expected);
}

// One image, two threads, Numerics::Exact.
void expect_bits_of_jit(const std::filesystem::path& models, std::string_view name, Backend backend) {
  const auto file = prepare(models, name);
  ASSERT_TRUE(file);
  const std::vector<NamedTensor> inputs = image();
  std::vector<std::vector<Tensor>> results;
  for (const Backend each : {Backend::Jit, backend}) {
    const auto model = compile_file(*file, {.backend = each, .numerics = Numerics::Exact, .threads = 2});
    ASSERT_TRUE(model);
    auto outputs = run_model(*model, inputs);
    ASSERT_TRUE(outputs);
    results.push_back(*std::move(outputs));
  }
  expect_same_bits(results[1], results[0]);
}

TEST_P(Large, AheadEqualsTheJit) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Ahead)) GTEST_SKIP() << "built without LLVM";
  expect_bits_of_jit(models, GetParam(), Backend::Ahead);
}

TEST_P(Large, CppEqualsTheJit) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Cpp) || !is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  expect_bits_of_jit(models, GetParam(), Backend::Cpp);
}

std::string model_name(const testing::TestParamInfo<std::string_view>& info) { return std::string(info.param); }
INSTANTIATE_TEST_SUITE_P(Models, Large, testing::ValuesIn(kModels), model_name);

}  // namespace
}  // namespace lathe::test
