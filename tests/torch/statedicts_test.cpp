// Trained weights in every form that PyTorch writes, loaded into definitions in PyTorch source, against the outputs
// that PyTorch computed (shared models/statedicts, models/pretrained).
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <optional>

#include "compiler/compile.h"
#include "compiler/frontend/weights/npy.h"
#include "ir/base/render.h"
#include "tests/models/golden_models.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

struct WeightsRow {
  std::string_view name;
  std::string_view entry;    ///< of tests/torch/statedicts
  std::string_view weights;  ///< below models/statedicts
  size_t outputs = 1;
  double tolerance = 1e-5;
};

void PrintTo(const WeightsRow& row, std::ostream* out) { *out << row.name; }

// Rounded weights give rounded results: 2^-11 and 2^-8 of values of a few units.
constexpr WeightsRow kRows[] = {
    {"mlp_zip", "networks.py:mlp", "mlp/mlp.pth"},
    {"mlp_legacy", "networks.py:mlp", "mlp/mlp_legacy.pth"},
    {"mlp_safetensors", "networks.py:mlp", "mlp/mlp.safetensors"},
    {"lenet5_zip", "networks.py:LeNet5()", "lenet5/lenet5.pth"},
    {"lenet5_safetensors", "networks.py:LeNet5()", "lenet5/lenet5.safetensors"},
    {"lenet5_checkpoint", "networks.py:LeNet5()", "lenet5/lenet5_checkpoint.pt"},
    {"lenet5_f16", "networks.py:LeNet5()", "lenet5/lenet5_f16.pth", 1, 5e-3},
    {"lenet5_bf16", "networks.py:LeNet5()", "lenet5/lenet5_bf16.safetensors", 1, 4e-2},
    {"miniresnet_zip", "networks.py:MiniResNet()", "miniresnet/miniresnet.pth"},
    {"miniresnet_safetensors", "networks.py:MiniResNet()", "miniresnet/miniresnet.safetensors"},
    {"rnet_legacy", "networks.py:RNet()", "rnet/rnet.pt", 2},
};

std::string definition(std::string_view entry) {
  return fmt::format("{}/tests/torch/statedicts/{}", LATHE_SOURCE_DIR, entry);
}

std::optional<Tensor> read_tensor(const std::filesystem::path& path) {
  Diagnostics diagnostics;
  const Result<ConstantData> array = weights::read_npy(path.string(), diagnostics);
  if (!array.ok()) {
    ADD_FAILURE() << render_text(diagnostics, {});
    return std::nullopt;
  }
  return host_tensor(*array);
}

void check_outputs(const LoadOptions& load, std::string_view entry, const std::vector<NamedTensor>& inputs,
                   const std::vector<Tensor>& expected, double tolerance) {
  for (const Backend backend : {Backend::Interpreter, Backend::Jit}) {
    if (!is_available(backend)) continue;
    SCOPED_TRACE(std::string(text(backend)));
    const auto model = compile_file(definition(entry), {.backend = backend}, load);
    ASSERT_TRUE(model);
    const auto outputs = run_model(*model, inputs);
    ASSERT_TRUE(outputs);
    ASSERT_EQ(outputs->size(), expected.size());
    for (size_t i = 0; i < expected.size(); ++i) {
      const Difference difference = compare((*outputs)[i], expected[i]);
      EXPECT_LE(difference.largest_difference, tolerance * std::max(1.0, difference.largest_expected));
    }
  }
}

TensorType type_of(const Tensor& tensor) {
  TensorType type;
  type.element = tensor.element();
  for (const int64_t size : tensor.dims()) type.dims.emplace_back(size);
  return type;
}

class StateDicts : public testing::TestWithParam<WeightsRow> {};

TEST_P(StateDicts, GiveTheOutputsOfPyTorch) {
  const WeightsRow& row = GetParam();
  LATHE_REQUIRE_SHARED(folder, "models/statedicts");
  const std::filesystem::path weights = folder / row.weights;
  std::optional<Tensor> input = read_tensor(weights.parent_path() / "in_0.npy");
  ASSERT_TRUE(input);
  std::vector<Tensor> expected;
  for (size_t i = 0; i < row.outputs; ++i) {
    std::optional<Tensor> output = read_tensor(weights.parent_path() / fmt::format("out_{}.npy", i));
    ASSERT_TRUE(output);
    expected.push_back(*std::move(output));
  }
  LoadOptions load{.weights = weights.string()};
  load.input_types.emplace_back("", type_of(*input));
  std::vector<NamedTensor> inputs;
  inputs.push_back({"x", *std::move(input)});
  check_outputs(load, row.entry, inputs, expected, row.tolerance);
}

std::string row_name(const testing::TestParamInfo<WeightsRow>& info) { return std::string(info.param.name); }
INSTANTIATE_TEST_SUITE_P(Forms, StateDicts, testing::ValuesIn(kRows), row_name);

TEST(TrainedDetector, AgreesWithItsOnnxFile) {
  LATHE_REQUIRE_SHARED(folder, "models");
  const std::vector<GoldenCase> cases = read_cases(folder / "pretrained/goldens/ultraface_slim_320");
  ASSERT_FALSE(cases.empty());
  for (const GoldenCase& golden : cases) {
    LoadOptions load{.weights = (folder / "statedicts/ultraface_slim_320.pth").string()};
    load.input_types.emplace_back("", type_of(golden.inputs[0].tensor));
    std::vector<Tensor> expected;
    for (const NamedTensor& output : golden.outputs) {
      Tensor copy(output.tensor.element(), output.tensor.dims());
      std::copy(output.tensor.bytes().begin(), output.tensor.bytes().end(), copy.bytes().begin());
      expected.push_back(std::move(copy));
    }
    check_outputs(load, "ultraface.py:create_mb_tiny_fd()", golden.inputs, expected, 2e-5);
  }
}

}  // namespace
}  // namespace lathe::test
