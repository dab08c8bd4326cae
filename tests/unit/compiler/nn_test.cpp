// Layers described in C++: their text, their graphs, and what is said about wrong ones. Expected values are PyTorch's.
#include "compiler/nn.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "compiler/frontend/torch/nn/library.h"
#include "compiler/frontend/torch/sequence/library.h"
#include "compiler/frontend/weights/npy.h"
#include "ir/base/render.h"
#include "tests/support/shared_data.h"

namespace lathe {
namespace {

using ::testing::HasSubstr;

TensorType type_of(std::initializer_list<int64_t> dims) {
  TensorType type{.element = ElementType::F32, .dims = {}, .ranked = true};
  for (const int64_t dim : dims) type.dims.emplace_back(dim);
  return type;
}

struct Outcome {
  bool ok = false;
  std::string text;
  Definition definition;
};
Outcome load(const nn::Layer& model, LoadOptions options) {
  options.types_only = true;
  Diagnostics diagnostics;
  Module module;
  Outcome outcome;
  outcome.ok = load_layers(model, options, module, diagnostics, &outcome.definition).ok();
  outcome.text = render_text(diagnostics, module.locations);
  return outcome;
}

TEST(Layers, AreTextLikePyTorchs) {
  const nn::Layer model = nn::Sequential{
      nn::Conv2d(3, 8, nn::tuple(3, 5), nn::set("padding", "same"), nn::set("bias", false)),
      nn::Sequential{nn::Dropout(1.0), nn::LeakyReLU(0.25f)},
      nn::Upsample(nn::None{}, 2),
      nn::LayerNorm(nn::tuple(7)),
  };
  EXPECT_EQ(nn::text(model), R"(nn.Sequential(
    nn.Conv2d(3, 8, (3, 5), padding='same', bias=False),
    nn.Sequential(
        nn.Dropout(1.0),
        nn.LeakyReLU(0.25),
    ),
    nn.Upsample(None, 2),
    nn.LayerNorm((7,)),
))");
}

TEST(Layers, AreAllInTheLibrary) {
  std::set<std::string_view> known;
  for (const auto library : {torch::nn_library(), torch::sequence_library()}) {
    for (const torch::NativeModuleRow& row : library) {
      if (row.path != "torch.nn") continue;
      for (const torch::NativeClassRow& type : row.classes) known.insert(type.name);
    }
  }
#define LATHE_NN_LAYER(name) EXPECT_TRUE(known.count(#name)) << #name;
  LATHE_NN_LAYERS(LATHE_NN_LAYER)
#undef LATHE_NN_LAYER
}

TEST(Layers, HaveTypesAndNames) {
  const Outcome outcome =
      load(nn::Sequential{nn::Conv2d(1, 8, 3), nn::ReLU(), nn::Flatten(), nn::Linear(8 * 26 * 26, 10)},
           {.input_types = {{"", type_of({2, 1, 28, 28})}}});
  ASSERT_TRUE(outcome.ok) << outcome.text;
  ASSERT_EQ(outcome.definition.layers.size(), 5u);
  EXPECT_EQ(outcome.definition.layers[0].output, "f32[2,8,26,26]");
  EXPECT_EQ(outcome.definition.layers[3].output, "f32[2,10]");
  ASSERT_EQ(outcome.definition.parameters.size(), 4u);
  EXPECT_EQ(outcome.definition.parameters[3].name, "3.bias");
}

TEST(Layers, ComputeWhatPyTorchComputes) {
  LATHE_REQUIRE_SHARED(folder, "models/statedicts/mlp");
  const nn::Layer model =
      nn::Sequential{nn::Linear(784, 256), nn::ReLU(), nn::Linear(256, 128), nn::ReLU(), nn::Linear(128, 10)};
  Diagnostics diagnostics;
  const Result<ConstantData> input = weights::read_npy((folder / "in_0.npy").string(), diagnostics);
  const Result<ConstantData> expected = weights::read_npy((folder / "out_0.npy").string(), diagnostics);
  ASSERT_TRUE(input.ok() && expected.ok());
  const int64_t batch = input->type.dims[0].constant();
  for (const std::string file : {"mlp.safetensors", "mlp.pth", "mlp_legacy.pth"}) {
    Module module;
    const LoadOptions options{.input_types = {{"", type_of({batch, 784})}}, .weights = (folder / file).string()};
    ASSERT_TRUE(load_layers(model, options, module, diagnostics).ok()) << render_text(diagnostics, module.locations);
    const Result<CompiledModel> compiled = compile(std::move(module), {.backend = Backend::Interpreter}, diagnostics);
    ASSERT_TRUE(compiled.ok());
    const std::vector<int64_t> dims = {batch, 784};
    const TensorView view{ElementType::F32, dims, input->bytes.data()};
    const Result<std::vector<Tensor>> outputs = compiled->run({&view, 1}, diagnostics);
    ASSERT_TRUE(outputs.ok());
    const std::span<const float> got = (*outputs)[0].as<float>();
    ASSERT_EQ(static_cast<int64_t>(got.size()), expected->element_count());
    for (size_t index = 0; index < got.size(); ++index) {
      EXPECT_NEAR(got[index], element_as_double(*expected, static_cast<int64_t>(index)), 1e-4) << file;
    }
  }
}

TEST(Layers, WrongOnesAreShownInTheirText) {
  const Outcome outcome = load(nn::Sequential{nn::Linear(784, 128), nn::ReLU(), nn::Linear(100, 10)},
                               {.input_types = {{"", type_of({1, 784})}}});
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.text, HasSubstr("error[LT0203]"));
  EXPECT_THAT(outcome.text, HasSubstr("<layers>:4:5"));
  EXPECT_THAT(outcome.text, HasSubstr("nn.Linear(100, 10)"));
}

TEST(Layers, WrongArgumentsAreReported) {
  EXPECT_THAT(load(nn::Linear(784), {}).text, HasSubstr("out_features"));
  EXPECT_THAT(load(nn::Linear(784, 10, nn::set("bais", true)), {}).text, HasSubstr("bais"));
  EXPECT_THAT(load(nn::LayerType{"Conv9d"}(1), {}).text, HasSubstr("`torch.nn` has no layer `Conv9d`"));
}

TEST(Layers, NestOnlySoDeep) {
  nn::Layer model = nn::ReLU();
  for (int depth = 0; depth < 300; ++depth) model = nn::Sequential({model});
  const Outcome outcome = load(model, {.input_types = {{"", type_of({1})}}});
  EXPECT_FALSE(outcome.ok);
  EXPECT_THAT(outcome.text, HasSubstr("LT0109"));
}

}  // namespace
}  // namespace lathe
