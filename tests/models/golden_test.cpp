// Every stored golden case of the models, on every back end, with one and two threads: the expected outputs are those
// of ONNX Runtime. What is compiled ahead of time also has the bits of the JIT. A model is compiled once for all of its
// cases, so batch and image sizes that the file leaves open stay symbolic. One test for each model and backend; CTest
// runs them one by one.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

struct ModelRow {
  const char* name;
  bool pretrained;  ///< complete file with its own index, else a topology that is filled first
};

// The models whose operators are all implemented; CMakeLists.txt names them again for CTest.
constexpr ModelRow kModels[] = {
    {"mlp_mnist", false},          {"lenet5", false},          {"vae64_encoder", false}, {"vae64_decoder", false},
    {"vae64_full", false},         {"dcgan_generator", false}, {"squeezenet1_1", false}, {"mobilenet_v3_small", false},
    {"shufflenet_v2_x1_0", false}, {"mlp_mixer", false},       {"mnist_cntk", true},     {"ultraface_rfb_320", true},
    {"ultraface_slim_320", true},  {"blazeface_front", true},  {"mlsd_320_tiny", true},  {"ppocr_cls", true},
    {"bilstm_tagger", false},      {"gru_lm", false},          {"lstm_lm", false},
};

struct Prepared {
  std::filesystem::path file;
  std::vector<GoldenCase> cases;
  double tolerance = 0;
};

std::optional<Prepared> prepare(const std::filesystem::path& models, const ModelRow& row) {
  Prepared result;
  const std::filesystem::path home = models / (row.pretrained ? "pretrained" : "topologies");
  if (row.pretrained) {
    result.file = home / (std::string(row.name) + ".onnx");
    result.cases = read_cases(home / "goldens" / row.name);
  } else {
    std::string why;
    const auto filled = filled_topology(models, row.name, LATHE_FILLED_MODELS, why);
    if (!filled) {
      ADD_FAILURE() << row.name << ": " << why;
      return std::nullopt;
    }
    result.file = *filled;
    result.cases = read_cases(models / "goldens" / row.name);
  }
  const std::optional<double> noise = index_noise(home / "index.tsv", row.name);
  if (!noise) {
    ADD_FAILURE() << row.name << " has no row in the index";
    return std::nullopt;
  }
  // A few times what one implementation's own re-ordering of sums does to the model.
  result.tolerance = std::max(1e-5, 4 * *noise);
  return result;
}

void expect_outputs(const GoldenCase& golden, const std::vector<Tensor>& outputs, double tolerance) {
  ASSERT_EQ(outputs.size(), golden.outputs.size());
  for (size_t i = 0; i < outputs.size(); ++i) {
    SCOPED_TRACE("output `" + golden.outputs[i].name + "`");
    ASSERT_EQ(outputs[i].dims(), golden.outputs[i].tensor.dims());
    const Difference difference = compare(outputs[i], golden.outputs[i].tensor);
    EXPECT_LE(difference.largest_difference, tolerance * difference.largest_expected);
  }
}

void expect_goldens(const std::filesystem::path& models, const ModelRow& row, Backend backend) {
  const std::optional<Prepared> prepared = prepare(models, row);
  ASSERT_TRUE(prepared);
  for (const int32_t threads : {1, 2}) {
    // The interpreters have no threads; a second time would be the same. Other code than the JIT's is compared with it.
    if (backend != Backend::Jit && threads != 1) continue;
    SCOPED_TRACE(std::string(text(backend)) + ", threads: " + std::to_string(threads));
    const std::optional<CompiledModel> model = compile_file(prepared->file, {.backend = backend, .threads = threads});
    ASSERT_TRUE(model);
    for (const GoldenCase& golden : prepared->cases) {
      SCOPED_TRACE("case " + golden.name);
      const auto outputs = run_model(*model, golden.inputs);
      ASSERT_TRUE(outputs);
      expect_outputs(golden, *outputs, prepared->tolerance);
    }
  }
}

/// What two back ends compute of the same inputs, with Numerics::Exact, on two threads.
void expect_bits_of_jit(const std::filesystem::path& models, const ModelRow& row, Backend backend) {
  const std::optional<Prepared> prepared = prepare(models, row);
  ASSERT_TRUE(prepared);
  CompileOptions options{.backend = Backend::Jit, .numerics = Numerics::Exact, .threads = 2};
  const std::optional<CompiledModel> jit = compile_file(prepared->file, options);
  options.backend = backend;
  const std::optional<CompiledModel> other = compile_file(prepared->file, options);
  ASSERT_TRUE(jit && other);
  for (const GoldenCase& golden : prepared->cases) {
    SCOPED_TRACE("case " + golden.name);
    const auto expected = run_model(*jit, golden.inputs);
    const auto got = run_model(*other, golden.inputs);
    ASSERT_TRUE(expected && got);
    expect_same_bits(*got, *expected);
  }
}

class Goldens : public testing::TestWithParam<ModelRow> {};

TEST_P(Goldens, Jit) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  expect_goldens(models, GetParam(), Backend::Jit);
}

TEST_P(Goldens, Ahead) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Ahead)) GTEST_SKIP() << "built without LLVM";
  expect_goldens(models, GetParam(), Backend::Ahead);
  expect_bits_of_jit(models, GetParam(), Backend::Ahead);
}

TEST_P(Goldens, Cpp) {
  LATHE_REQUIRE_SHARED(models, "models");
  if (!is_available(Backend::Cpp) || !is_available(Backend::Jit)) GTEST_SKIP() << "built without LLVM";
  expect_goldens(models, GetParam(), Backend::Cpp);
  expect_bits_of_jit(models, GetParam(), Backend::Cpp);
}

TEST_P(Goldens, Interpreter) {
  LATHE_REQUIRE_SHARED(models, "models");
  expect_goldens(models, GetParam(), Backend::Interpreter);
}

// Slow; what it adds is the check of every access of every kernel.
TEST_P(Goldens, KernelInterpreter) {
  LATHE_REQUIRE_SHARED(models, "models");
  expect_goldens(models, GetParam(), Backend::KernelInterpreter);
}

std::string model_name(const testing::TestParamInfo<ModelRow>& info) { return info.param.name; }
INSTANTIATE_TEST_SUITE_P(Models, Goldens, testing::ValuesIn(kModels), model_name);

}  // namespace
}  // namespace lathe::test
