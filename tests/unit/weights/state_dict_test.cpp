// The state dicts of the shared models, in every form: names, types and values.
//
// Expected values are NumPy's (`KEY.npy`), PyTorch's outputs, and the agreement of formats that PyTorch wrote by
// different code.
#include "compiler/frontend/weights/state_dict.h"

#include <algorithm>
#include <cmath>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/weights/npy.h"
#include "tests/support/shared_data.h"

namespace lathe::weights {
namespace {

using ::testing::Each;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

std::string statedict(const std::string& name) { return (test::shared_root() / "models/statedicts" / name).string(); }

StateDict read(const std::string& name) {
  Diagnostics diagnostics;
  Result<StateDict> dict = read_state_dict(statedict(name), diagnostics);
  EXPECT_TRUE(dict.ok()) << name << ": " << (diagnostics.all().empty() ? "" : diagnostics.all()[0].message);
  return dict.ok() ? *std::move(dict) : StateDict();
}

ConstantData read_array(const std::string& name) {
  Diagnostics diagnostics;
  Result<ConstantData> array = read_npy(statedict(name), diagnostics);
  EXPECT_TRUE(array.ok()) << name;
  return array.ok() ? *std::move(array) : ConstantData();
}

std::vector<double> numbers(const ConstantData& data) {
  std::vector<double> result;
  for (int64_t index = 0; index < data.element_count(); ++index) result.push_back(element_as_double(data, index));
  return result;
}

std::vector<std::string> names(const StateDict& dict) {
  std::vector<std::string> result;
  for (const StateEntry& entry : dict.entries()) result.push_back(entry.data.name);
  return result;
}

/// Same names, types and values.
void expect_same(const StateDict& a, const StateDict& b) {
  std::vector<std::string> names_a = names(a);
  std::vector<std::string> names_b = names(b);
  std::sort(names_a.begin(), names_a.end());
  std::sort(names_b.begin(), names_b.end());
  EXPECT_EQ(names_a, names_b);
  for (const StateEntry& entry : a.entries()) {
    const StateEntry* other = b.find(entry.data.name);
    ASSERT_NE(other, nullptr) << entry.data.name;
    EXPECT_EQ(text(entry.data.type), text(other->data.type)) << entry.data.name;
    EXPECT_EQ(numbers(entry.data), numbers(other->data)) << entry.data.name;
  }
}

/// x W^T + b, in double.
std::vector<double> linear(const StateDict& dict, const std::string& layer, const std::vector<double>& x) {
  const std::vector<double> weight = numbers(dict.find(layer + ".weight")->data);
  std::vector<double> y = numbers(dict.find(layer + ".bias")->data);
  for (size_t row = 0; row < y.size(); ++row) {
    for (size_t column = 0; column < x.size(); ++column) y[row] += weight[row * x.size() + column] * x[column];
  }
  return y;
}

class StateDicts : public ::testing::Test {
 protected:
  void SetUp() override {
    LATHE_REQUIRE_SHARED(folder, "models/statedicts");
    ASSERT_TRUE(is_directory(folder));
  }
};

TEST_F(StateDicts, MlpComputesWhatPyTorchComputed) {
  for (const std::string file : {"mlp/mlp.pth", "mlp/mlp_legacy.pth", "mlp/mlp.safetensors"}) {
    const StateDict dict = read(file);
    ASSERT_EQ(dict.entries().size(), 6u) << file;
    const ConstantData input = read_array("mlp/in_0.npy");
    const std::vector<double> expected = numbers(read_array("mlp/out_0.npy"));
    const size_t batch = expected.size() / 10;
    const std::vector<double> all = numbers(input);
    for (size_t row = 0; row < batch; ++row) {
      std::vector<double> x(all.begin() + static_cast<ptrdiff_t>(row * 784),
                            all.begin() + static_cast<ptrdiff_t>((row + 1) * 784));
      for (const std::string layer : {"0", "2", "4"}) {
        x = linear(dict, layer, x);
        for (double& element : x) element = layer == "4" ? element : std::max(element, 0.0);
      }
      for (size_t column = 0; column < 10; ++column) EXPECT_NEAR(x[column], expected[row * 10 + column], 1e-4) << file;
    }
  }
}

TEST_F(StateDicts, FormsOfOneModelAgree) {
  expect_same(read("mlp/mlp.pth"), read("mlp/mlp_legacy.pth"));
  expect_same(read("mlp/mlp.pth"), read("mlp/mlp.safetensors"));
  expect_same(read("lenet5/lenet5.pth"), read("lenet5/lenet5.safetensors"));
  expect_same(read("miniresnet/miniresnet.pth"), read("miniresnet/miniresnet.safetensors"));
  expect_same(read("views/views.pth"), read("views/views_legacy.pth"));
  expect_same(read("views/views.pth"), read("views/views.safetensors"));
}

TEST_F(StateDicts, EntriesKeepTheOrderOfTheModel) {
  EXPECT_THAT(names(read("lenet5/lenet5.pth")), ElementsAre("c1.weight", "c1.bias", "c2.weight", "c2.bias", "f1.weight",
                                                            "f1.bias", "f2.weight", "f2.bias", "f3.weight", "f3.bias"));
}

TEST_F(StateDicts, ACheckpointGivesItsModel) {
  const StateDict dict = read("lenet5/lenet5_checkpoint.pt");
  EXPECT_EQ(dict.key, "model");
  expect_same(dict, read("lenet5/lenet5.pth"));
  const StateDict named = read("lenet5/lenet5_checkpoint.pt:model");
  EXPECT_EQ(named.entries().size(), 10u);
  EXPECT_EQ(named.path, statedict("lenet5/lenet5_checkpoint.pt"));
}

TEST_F(StateDicts, APartThatIsNotThereIsNamed) {
  Diagnostics diagnostics;
  EXPECT_FALSE(read_state_dict(statedict("lenet5/lenet5_checkpoint.pt:ema"), diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_THAT(diagnostics.all()[0].message, HasSubstr("has no state dict under `ema`"));
  EXPECT_THAT(diagnostics.all()[0].notes, ElementsAre(HasSubstr("`model` (10 tensors)")));
}

TEST_F(StateDicts, RoundedFormsAreNear) {
  const StateDict exact = read("lenet5/lenet5.pth");
  const struct {
    std::string file;
    ElementType element;
    double error;
  } forms[] = {{"lenet5/lenet5_f16.pth", ElementType::F16, 1.0 / 2048},
               {"lenet5/lenet5_bf16.safetensors", ElementType::BF16, 1.0 / 256}};
  for (const auto& form : forms) {
    const StateDict rounded = read(form.file);
    ASSERT_EQ(rounded.entries().size(), exact.entries().size());
    for (const StateEntry& entry : rounded.entries()) {
      EXPECT_EQ(entry.data.type.element, form.element);
      const std::vector<double> want = numbers(exact.find(entry.data.name)->data);
      const std::vector<double> got = numbers(entry.data);
      for (size_t index = 0; index < want.size(); ++index) {
        EXPECT_NEAR(got[index], want[index], std::abs(want[index]) * form.error + 1e-7);
      }
    }
  }
}

TEST_F(StateDicts, ViewsHaveTheValuesThatNumPySees) {
  for (const std::string file : {"views/views.pth", "views/views_legacy.pth", "views/views.safetensors"}) {
    const StateDict dict = read(file);
    EXPECT_EQ(dict.entries().size(), 17u) << file;
    for (const StateEntry& entry : dict.entries()) {
      const ConstantData expected = read_array("views/" + entry.data.name + ".npy");
      EXPECT_EQ(text(entry.data.type.dims), text(expected.type.dims)) << file << " " << entry.data.name;
      const ElementType element = entry.data.name == "bf16" ? ElementType::BF16 : expected.type.element;
      EXPECT_EQ(text(entry.data.type.element), text(element)) << file << " " << entry.data.name;
      EXPECT_EQ(numbers(entry.data), numbers(expected)) << file << " " << entry.data.name;
    }
  }
}

TEST_F(StateDicts, ViewsOfOneStorageAreSeenAsSuch) {
  for (const std::string file : {"views/views.pth", "views/views_legacy.pth"}) {
    const StateDict dict = read(file);
    const StateEntry& base = *dict.find("base");
    EXPECT_EQ(dict.find("offset")->storage, base.storage) << file;
    EXPECT_GT(dict.find("offset")->offset, base.offset) << file;
    EXPECT_NE(dict.find("scalar")->storage, base.storage) << file;
    EXPECT_FALSE(dict.find("transposed")->contiguous) << file;
    EXPECT_FALSE(StateDict::shared(base, *dict.find("transposed"))) << file;
    EXPECT_TRUE(StateDict::shared(base, base)) << file;
    EXPECT_TRUE(dict.find("expanded")->data.splat) << file;
    EXPECT_TRUE(dict.find("param")->parameter) << file;
  }
}

TEST_F(StateDicts, TrainedNetworksAreRead) {
  const StateDict rnet = read("rnet/rnet.pt");
  EXPECT_EQ(text(rnet.find("dense4.weight")->data.type), "f32[128, 576]");
  EXPECT_EQ(text(rnet.find("prelu4.weight")->data.type), "f32[128]");
  EXPECT_EQ(rnet.versions.at("conv1"), 1);
  EXPECT_GT(read("silero_vad_16k.safetensors").entries().size(), 10u);
  const StateDict face = read("ultraface_slim_320.pth");
  EXPECT_GT(face.entries().size(), 100u);
  for (const StateEntry& entry : face.entries()) {
    EXPECT_THAT(numbers(entry.data), Each(::testing::Truly([](double x) { return std::isfinite(x); })));
  }
}

TEST_F(StateDicts, ResnetHasIntegerBuffers) {
  const StateDict dict = read("miniresnet/miniresnet.pth");
  EXPECT_EQ(text(dict.find("bn1.num_batches_tracked")->data.type), "i64[]");
  EXPECT_EQ(dict.versions.at("bn1"), 2);
}

}  // namespace
}  // namespace lathe::weights
