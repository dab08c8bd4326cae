// What --numerics chooses: which convolutions become Winograd convolutions, what they compute, and what becomes of the
// factors of batch norms.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "gtest/gtest.h"
#include "compiler/nn.h"
#include "compiler/passes/pipeline.h"
#include "ir/base/render.h"
#include "ir/graph/op.h"

namespace lathe {
namespace {

TensorType type_of(const std::vector<Dim>& dims) {
  TensorType type{.element = ElementType::F32, .dims = {}, .ranked = true};
  for (const Dim& dim : dims) type.dims.push_back(dim);
  return type;
}

Module load(const nn::Layer& model, const std::vector<Dim>& input) {
  Diagnostics diagnostics;
  Module module;
  EXPECT_TRUE(load_layers(model, {.input_types = {{"", type_of(input)}}}, module, diagnostics).ok())
      << render_text(diagnostics, module.locations);
  return module;
}

/// The runtime's functions that a model calls, in order; the tiles of Winograd convolutions behind their names.
std::vector<std::string> calls_of(const nn::Layer& model, const std::vector<Dim>& input, Numerics numerics) {
  Module module = load(model, input);
  Diagnostics diagnostics;
  const CompileOptions options{.numerics = numerics};
  EXPECT_TRUE(optimize(module, options, diagnostics).ok());
  const Result<kernel::Program> program = lower_module(module, options, diagnostics);
  std::vector<std::string> calls;
  if (!program.ok()) return calls;
  for (const kernel::Step& step : program->steps) {
    const auto* call = std::get_if<kernel::CallStep>(&step.kind);
    if (call == nullptr) continue;
    calls.push_back(call->function);
    const auto* tile = std::get_if<kernel::IntegerArgument>(&call->arguments.back());
    if (tile != nullptr) calls.back() += " " + tile->value.text();
  }
  return calls;
}

const std::string kTiles2 = "lathe_winograd_conv2d_f32 2";
const std::string kTiles4 = "lathe_winograd_conv2d_f32 4";
const std::string kDirect = "lathe_conv2d_f32";
const std::string kDepthwise = "lathe_depthwise_conv2d_f32";

struct ChoiceRow {
  const char* name;
  nn::Layer layer;
  std::vector<Dim> input;
  const std::string& fast;
};

TEST(Numerics, ShapeDecidesAboutWinograd) {
  const Dim h = Dim::symbol("H");
  const Dim w = Dim::symbol("W");
  const ChoiceRow rows[] = {
      {"56x56", nn::Conv2d(64, 64, 3, nn::set("padding", 1)), {1, 64, 56, 56}, kTiles4},
      {"14x14", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {1, 16, 14, 14}, kTiles4},
      {"7x7", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {1, 16, 7, 7}, kTiles4},
      {"6x6", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {1, 16, 6, 6}, kTiles2},
      {"5x5", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {1, 16, 5, 5}, kDirect},
      {"the batch does not count", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {64, 16, 5, 5}, kDirect},
      {"without padding", nn::Conv2d(16, 32, 3), {1, 16, 30, 30}, kTiles4},
      {"sizes that are not known", nn::Conv2d(16, 32, 3, nn::set("padding", 1)), {1, 16, h, w}, kTiles4},
      {"channels that fill no panel", nn::Conv2d(24, 32, 3), {1, 24, 30, 30}, kDirect},
      {"results that fill no panel", nn::Conv2d(16, 24, 3), {1, 16, 30, 30}, kDirect},
      {"kernel 5x5", nn::Conv2d(16, 32, 5), {1, 16, 16, 16}, kDirect},
      {"kernel 3x1", nn::Conv2d(16, 32, nn::tuple(3, 1)), {1, 16, 16, 16}, kDirect},
      {"strides", nn::Conv2d(16, 32, 3, nn::set("stride", 2)), {1, 16, 33, 33}, kDirect},
      {"dilation", nn::Conv2d(16, 32, 3, nn::set("dilation", 2)), {1, 16, 33, 33}, kDirect},
      {"groups", nn::Conv2d(32, 32, 3, nn::set("groups", 2)), {1, 32, 16, 16}, kDirect},
      {"depthwise", nn::Conv2d(32, 32, 3, nn::set("groups", 32)), {1, 32, 16, 16}, kDepthwise},
      {"one spatial axis", nn::Conv1d(16, 32, 3), {1, 16, 64}, kDirect},
  };
  for (const ChoiceRow& row : rows) {
    SCOPED_TRACE(row.name);
    EXPECT_EQ(calls_of(row.layer, row.input, Numerics::Fast), std::vector{row.fast});
    const std::string& exact = row.fast == kDepthwise ? kDepthwise : kDirect;
    EXPECT_EQ(calls_of(row.layer, row.input, Numerics::Exact), std::vector{exact});
  }
}

std::vector<float> run(Module&& module, const CompileOptions& options, const std::vector<int64_t>& dims) {
  Diagnostics diagnostics;
  const Result<CompiledModel> model = compile(std::move(module), options, diagnostics);
  if (!model.ok()) {
    ADD_FAILURE() << (diagnostics.all().empty() ? "no message" : diagnostics.all()[0].message);
    return {};
  }
  Tensor input(ElementType::F32, dims);
  uint32_t state = 1;
  for (float& value : input.as<float>()) {
    state = state * 1664525u + 1013904223u;
    value = static_cast<float>(state >> 8) / 8388608.0f - 1.0f;
  }
  const TensorView view = input.view();
  const Result<std::vector<Tensor>> outputs = model->run({&view, 1}, diagnostics);
  if (!outputs.ok()) {
    ADD_FAILURE() << (diagnostics.all().empty() ? "no message" : diagnostics.all()[0].message);
    return {};
  }
  const std::span<const float> elements = (*outputs)[0].as<float>();
  return {elements.begin(), elements.end()};
}

void expect_close(const std::vector<float>& actual, const std::vector<float>& expected, float tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  float largest = 0;
  for (const float value : expected) largest = std::max(largest, std::fabs(value));
  for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], tolerance * largest) << i;
}

TEST(Numerics, WinogradAgreesWithTheInterpreter) {
  const nn::Layer model = nn::Sequential{nn::Conv2d(16, 32, 3, nn::set("padding", 1)), nn::ReLU(),
                                         nn::Conv2d(32, 16, 3, nn::set("padding", 1)), nn::LeakyReLU(0.1)};
  const auto agree = [&](const std::vector<Dim>& input, const std::vector<int64_t>& dims) {
    const auto expected = run(load(model, input), {.backend = Backend::Interpreter}, dims);
    expect_close(run(load(model, input), {.backend = Backend::KernelInterpreter}, dims), expected, 1e-5f);
    if (is_available(Backend::Jit)) {
      expect_close(run(load(model, input), {.backend = Backend::Jit}, dims), expected, 1e-5f);
    }
  };
  // One compilation for any size, small ones included, and one for small images, which takes smaller tiles.
  const std::vector<Dim> any = {Dim::symbol("N"), 16, Dim::symbol("H"), Dim::symbol("W")};
  for (const std::vector<int64_t>& dims : {std::vector<int64_t>{2, 16, 13, 18}, {1, 16, 40, 37}, {3, 16, 1, 1}}) {
    agree(any, dims);
  }
  agree({Dim::symbol("N"), 16, 6, 5}, {3, 16, 6, 5});
}

/// The bytes of the weights that the first convolution reads.
const std::byte* weights_of(const Module& module) {
  for (const NodeId id : module.graph.all_nodes()) {
    const Node& node = module.graph.node(id);
    if (node.op->name != "conv") continue;
    const NodeId producer = module.graph.value(node.operands[1]).producer;
    if (!producer.valid()) continue;
    return module.constants[std::get<ConstantId>(module.graph.node(producer).attributes[0])].bytes.data();
  }
  return nullptr;
}

/// Whether fold_batch_norm leaves the weights of a convolution with a batch norm where they are.
bool keeps_weights(int channels, bool bias) {
  const nn::Layer model =
      nn::Sequential{nn::Conv2d(channels, channels, 3, nn::set("bias", bias)), nn::BatchNorm2d(channels)};
  Module module = load(model, {1, channels, 8, 8});
  const std::byte* before = weights_of(module);
  EXPECT_NE(before, nullptr);
  Diagnostics diagnostics;
  const auto list = passes::parse_pass_list("decompose,fold,fold_batch_norm,dead_code");
  EXPECT_TRUE(passes::run_passes(module, diagnostics, list.passes, {}).ok());
  return weights_of(module) == before;
}

// 84 * 84 * 9 floats are 248 KiB, 88 * 88 * 9 are 272.
TEST(Numerics, BatchNormsAreFoldedIntoSmallWeights) {
  EXPECT_FALSE(keeps_weights(84, false));
  EXPECT_TRUE(keeps_weights(88, false));
  // The kernel adds a bias behind the factor.
  EXPECT_FALSE(keeps_weights(88, true));
}

TEST(Numerics, FactorsOfLargeWeightsEndInTheCall) {
  const nn::Layer model =
      nn::Sequential{nn::Conv2d(96, 96, 3, nn::set("bias", false)), nn::BatchNorm2d(96), nn::ReLU()};
  Module module = load(model, {1, 96, 8, 8});
  Diagnostics diagnostics;
  ASSERT_TRUE(optimize(module, {}, diagnostics).ok());
  const Result<kernel::Program> program = lower_module(module, {}, diagnostics);
  ASSERT_TRUE(program.ok());
  std::set<std::string> pointers;
  for (const kernel::Step& step : program->steps) {
    const auto* call = std::get_if<kernel::CallStep>(&step.kind);
    if (call == nullptr) continue;
    for (const kernel::Argument& argument : call->arguments) {
      const auto* structure = std::get_if<kernel::StructArgument>(&argument);
      if (structure == nullptr) continue;
      for (const kernel::Field& field : structure->fields) {
        if (std::holds_alternative<kernel::PointerField>(field.value)) pointers.insert(field.name);
      }
    }
  }
  // The shift of a batch norm that has not been trained is 0.
  EXPECT_EQ(pointers, std::set<std::string>{"scale"});
  const std::vector<int64_t> dims = {1, 96, 8, 8};
  const auto expected = run(load(model, {1, 96, 8, 8}), {.backend = Backend::Interpreter}, dims);
  expect_close(run(load(model, {1, 96, 8, 8}), {.backend = Backend::KernelInterpreter}, dims), expected, 1e-5f);
}

}  // namespace
}  // namespace lathe
