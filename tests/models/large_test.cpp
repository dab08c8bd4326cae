// The large classifiers, which have no stored outputs: native code gives finite numbers at full size, and the same as
// the interpreter on an input as small as the network allows.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>

#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

struct LargeRow {
  const char* name;
  int64_t reduced;  ///< smallest height and width that the interpreter is compared at
};

// vgg11 flattens 7x7 positions into its first Gemm, so it takes 224x224 only.
constexpr LargeRow kModels[] = {{"resnet18", 64}, {"resnet50", 32}, {"mobilenet_v2", 32}, {"vgg11", 224}};

class Large : public testing::TestWithParam<LargeRow> {};

std::optional<std::filesystem::path> prepare(const std::filesystem::path& models, const LargeRow& row) {
  std::string why;
  const auto file = filled_topology(models, row.name, LATHE_FILLED_MODELS, why);
  if (!file) ADD_FAILURE() << row.name << ": " << why;
  return file;
}

std::vector<NamedTensor> image(int64_t size) {
  std::vector<NamedTensor> inputs;
  inputs.push_back({"image", seeded_tensor({1, 3, size, size}, 7)});
  return inputs;
}

TEST_P(Large, RunsFinite) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  const auto file = prepare(models, GetParam());
  ASSERT_TRUE(file);
  const std::optional<CompiledModel> model = compile_file(*file, {.threads = 2});
  ASSERT_TRUE(model);
  const auto outputs = run_model(*model, image(224));
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
  const int64_t size = GetParam().reduced;
  const LoadOptions load{{{"image", TensorType{ElementType::F32, {1, 3, size, size}}}}};
  const std::optional<CompiledModel> native = compile_file(*file, {.backend = Backend::Jit}, load);
  const std::optional<CompiledModel> interpreter = compile_file(*file, {.backend = Backend::Interpreter}, load);
  ASSERT_TRUE(native && interpreter);
  const std::vector<NamedTensor> inputs = image(size);
  const auto got = run_model(*native, inputs);
  const auto expected = run_model(*interpreter, inputs);
  ASSERT_TRUE(got && expected);
  const std::optional<double> noise = index_noise(models / "topologies" / "index.tsv", GetParam().name);
  ASSERT_TRUE(noise);
  const Difference difference = compare((*got)[0], (*expected)[0]);
  EXPECT_LE(difference.largest_difference, std::max(1e-5, 4 * *noise) * difference.largest_expected);
}

std::string model_name(const testing::TestParamInfo<LargeRow>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Models, Large, testing::ValuesIn(kModels), model_name);

}  // namespace
}  // namespace lathe::test
