// Broken ONNX files made by editing good ones: the fault is found, and what undoes the edit is among the offered fixes.
//
// The text of every fault stands in tests/golden/broken/onnx_cures.test; here the right answer is known because the
// test made the fault.
#include <algorithm>

#include "gtest/gtest.h"
#include "compiler/frontend/onnx/import.h"
#include "ir/base/render.h"
#include "tests/support/onnx_text.h"
#include "tests/support/temporary_folder.h"

namespace lathe::onnx {
namespace {

constexpr std::string_view kDigits = R"(
graph (float[N,1,28,28] image) => (float[N,10] scores) {
  c1.weight = float[6,1,5,5]
  c2.weight = float[16,6,5,5]
  f1.weight = float[120,400]
  f1.bias = float[120]
  f2.weight = float[10,120]
  a = Conv "c1" <pads = [2,2,2,2]> (image, c1.weight)
  b = Relu "relu1" (a)
  c = MaxPool "pool1" <kernel_shape = [2,2], strides = [2,2]> (b)
  d = Conv "c2" (c, c2.weight)
  e = Relu "relu2" (d)
  f = MaxPool "pool2" <kernel_shape = [2,2], strides = [2,2]> (e)
  g = Flatten "flatten" <axis = 1> (f)
  h = Gemm "f1" <transB = 1> (g, f1.weight, f1.bias)
  i = Relu "relu3" (h)
  j = Gemm "f2" <transB = 1> (i, f2.weight)
  scores = Softmax "softmax" <axis = 1> (j)
})";

constexpr std::string_view kResidual = R"(
graph (float[2,8,16,16] x) => (float[2,12,16,16] y) {
  w1 = float[8,8,3,3]
  w2 = float[8,8,3,3]
  s = float[8]
  a = Conv "conv1" <pads = [1,1,1,1]> (x, w1)
  b = BatchNormalization "bn" (a, s, s, s, s)
  c = Conv "conv2" <pads = [1,1,1,1]> (b, w2)
  d = Add "residual" (c, x)
  parts = int64[2] {4, 4}
  e, f = Split "split" <axis = 1> (d, parts)
  y = Concat "join" <axis = 1> (d, e)
})";

constexpr std::string_view kAttention = R"(
graph (float[B,6,16] x) => (float[B,6,20] y) {
  wq = float[16,16]
  wk = float[16,16]
  wo = float[16,20]
  heads = int64[4] {0, 6, 4, 4}
  q = MatMul "q" (x, wq)
  k = MatMul "k" (x, wk)
  q4 = Reshape "q_heads" (q, heads)
  k4 = Reshape "k_heads" (k, heads)
  qt = Transpose "q_t" <perm = [0,2,1,3]> (q4)
  kt = Transpose "k_t" <perm = [0,2,3,1]> (k4)
  s = MatMul "scores" (qt, kt)
  p = Softmax "softmax" <axis = -1> (s)
  o = MatMul "mix" (p, qt)
  ot = Transpose "back" <perm = [0,2,1,3]> (o)
  flat = int64[3] {0, 0, 16}
  r = Reshape "merge" (ot, flat)
  y = MatMul "out" (r, wo)
})";

constexpr std::string_view kTagger = R"(
opset 18
graph (int64[7,1] tokens) => (float[1,5] y) {
  table = float[30,8]
  w = float[1,48,8]
  r = float[1,48,12]
  fc.weight = float[12,5]
  e = Gather "embed" <axis = 0> (table, tokens)
  h = LSTM "lstm" <hidden_size = 12> (e, w, r)
  direction = int64[1] {1}
  q = Squeeze "squeeze" (h, direction)
  steps = int64[1] {0}
  m = ReduceMean "mean" <keepdims = 0> (q, steps)
  y = MatMul "fc" (m, fc.weight)
})";

constexpr std::string_view kUpsampler = R"(
graph (float[1,4,9,9] x) => (float[1,8,9,9] y) {
  down = float[8,4,3,3]
  up = float[8,4,3,3]
  shift = float[4,1,1]
  a = Conv "down" <pads = [1,1,1,1], strides = [2,2]> (x, down)
  b = ConvTranspose "up" <pads = [1,1,1,1], strides = [2,2]> (a, up)
  c = Add "shift" (b, shift)
  y = Concat "skip" <axis = 1> (c, x)
})";

struct Edit {
  std::string_view from;
  std::string_view to;
};

struct Broken {
  std::string_view name;
  std::string_view good;
  std::vector<Edit> edits;
  std::string_view node;                  ///< that the message is about
  std::vector<std::string_view> numbers;  ///< that stand in the message or the labels
  std::string_view fix;                   ///< begins the title of one of the fixes
};

std::ostream& operator<<(std::ostream& out, const Broken& row) { return out << row.name; }

const Broken kBroken[] = {
    {"channels",
     kDigits,
     {{"[16,6,5,5]", "[16,3,5,5]"}},
     "c2",
     {"6", "3"},
     "give weight `c2.weight` of node `c2` the shape [16, 6, 5, 5]"},
    {"lost_padding",
     kDigits,
     {{"pads = [2,2,2,2]", "pads = [0,0,0,0]"}},
     "f1",
     {"256", "400"},
     "set `pads = [2, 2, 2, 2]` of node `c1`"},
    {"missing_flatten",
     kDigits,
     {{"g = Flatten \"flatten\" <axis = 1> (f)", ""}, {"(g, f1", "(f, f1"}},
     "f1",
     {"f32[N, 16, 5, 5]", "f32[120, 400]"},
     "insert `Flatten(axis=1)` before node `f1`"},
    {"features",
     kDigits,
     {{"[120,400]", "[120,256]"}},
     "f1",
     {"400", "256"},
     "give weight `f1.weight` of node `f1` the shape [120, 400]"},
    {"transposed",
     kDigits,
     {{"\"f1\" <transB = 1>", "\"f1\" <transB = 0>"}},
     "f1",
     {"400", "120"},
     "set `transB = 1` of node `f1`"},
    {"flatten_axis",
     kDigits,
     {{"<axis = 1> (f)", "<axis = 2> (f)"}},
     "f1",
     {"25", "400"},
     "set `axis = 1` of node `flatten`"},
    {"softmax_axis",
     kDigits,
     {{"<axis = 1> (j)", "<axis = 2> (j)"}},
     "softmax",
     {"2", "f32[N, 10]"},
     "set `axis = 1` of node `softmax`"},
    {"missing_batch",
     kDigits,
     {{"float[N,1,28,28]", "float[1,28,28]"}},
     "c1",
     {"f32[1, 28, 28]"},
     "declare input `image` as `f32[1, 1, 28, 28]`"},
    {"channels_last",
     kDigits,
     {{"float[N,1,28,28]", "float[N,28,28,1]"}},
     "c1",
     {"28", "1"},
     "insert `Transpose(perm=[0, 3, 1, 2])` before node `c1`, on `image`"},
    {"lost_stride",
     kDigits,
     {{"strides = [2,2]> (e)", "strides = [1,1]> (e)"}},
     "f1",
     {"1296", "400"},
     "set `strides = [2, 2]` of node `pool2`"},
    {"large_pool",
     kDigits,
     {{"kernel_shape = [2,2], strides = [2,2]> (e)", "kernel_shape = [20,20], strides = [2,2]> (e)"}},
     "pool2",
     {"20", "10"},
     "set `kernel_shape = [2, 2]` of node `pool2`"},
    {"bias",
     kDigits,
     {{"f1.bias = float[120]", "f1.bias = float[84]"}},
     "f1",
     {"120", "84"},
     "give weight `f1.bias` of node `f1` the shape [120]"},
    {"element_type",
     kDigits,
     {{"float[N,1,28,28]", "int64[N,1,28,28]"}},
     "c1",
     {"i64", "f32"},
     "insert `Cast(to=FLOAT)` before node `c1`, on `image`"},
    {"residual_padding",
     kResidual,
     {{"\"conv2\" <pads = [1,1,1,1]>", "\"conv2\" <pads = [0,0,0,0]>"}},
     "residual",
     {"14", "16"},
     "set `pads = [1, 1, 1, 1]` of node `conv2`"},
    {"residual_channels",
     kResidual,
     {{"w2 = float[8,", "w2 = float[6,"}},
     "residual",
     {"6", "8"},
     "give weight `w2` of node `conv2` the shape [8, 8, 3, 3]"},
    {"batch_norm",
     kResidual,
     {{"s = float[8]", "s = float[16]"}},
     "bn",
     {"8", "16"},
     "give weight `s` of node `bn` the shape [8]"},
    {"split_sizes", kResidual, {{"{4, 4}", "{4, 6}"}}, "split", {"10", "8"}, "set the sizes of node `split` to [4, 4]"},
    {"concat_axis",
     kResidual,
     {{"\"join\" <axis = 1>", "\"join\" <axis = 2>"}},
     "join",
     {"8", "4"},
     "set `axis = 1` of node `join`"},
    {"split_axis",
     kResidual,
     {{"\"split\" <axis = 1>", "\"split\" <axis = 7>"}},
     "split",
     {"7", "4"},
     "set `axis = 1` of node `split`"},
    {"weight_layout",
     kDigits,
     {{"c2.weight = float[16,6,5,5]", "c2.weight = float[5,5,6,16]"}},
     "c2",
     {"6", "5"},
     "insert `Transpose(perm=[3, 2, 0, 1])` before node `c2`, on `c2.weight`"},
    {"heads",
     kAttention,
     {{"{0, 6, 4, 4}", "{0, 6, 4, 5}"}},
     "q_heads",
     {"[0, 6, 4, 5]"},
     "set the shape of node `q_heads` to [0, 6, 4, 4]"},
    {"keys",
     kAttention,
     {{"perm = [0,2,3,1]", "perm = [0,2,1,3]"}},
     "scores",
     {"4", "6"},
     "set `perm = [0, 2, 3, 1]` of node `k_t`"},
    {"attention_softmax",
     kAttention,
     {{"axis = -1", "axis = 4"}},
     "softmax",
     {"4"},
     "set `axis = 3` of node `softmax`"},
    {"inner_dimension",
     kAttention,
     {{"wk = float[16,16]", "wk = float[12,16]"}},
     "k",
     {"16", "12"},
     "give weight `wk` of node `k` the shape [16, 16]"},
    {"merge",
     kAttention,
     {{"{0, 0, 16}", "{0, 0, 12}"}},
     "merge",
     {"[0, 0, 12]"},
     "set the shape of node `merge` to [0, 0, 16]"},
    {"permutation",
     kAttention,
     {{"\"back\" <perm = [0,2,1,3]>", "\"back\" <perm = [0,2,1]>"}},
     "back",
     {"3", "4"},
     "set `perm = [0, 2, 1, 3]` of node `back`"},
    {"hidden_size",
     kTagger,
     {{"hidden_size = 12", "hidden_size = 16"}},
     "lstm",
     {"16", "12"},
     "set `hidden_size = 12` of node `lstm`"},
    {"lstm_weights",
     kTagger,
     {{"w = float[1,48,8]", "w = float[1,48,6]"}},
     "lstm",
     {"8", "6"},
     "give weight `w` of node `lstm` the shape [1, 48, 8]"},
    {"squeeze_axis",
     kTagger,
     {{"direction = int64[1] {1}", "direction = int64[1] {0}"}},
     "squeeze",
     {"7"},
     "set the axes of node `squeeze` to [1]"},
    {"mean_axis",
     kTagger,
     {{"steps = int64[1] {0}", "steps = int64[1] {3}"}},
     "mean",
     {"3"},
     "set the axes of node `mean` to [0]"},
    {"transposed_weight",
     kTagger,
     {{"float[12,5]", "float[5,12]"}},
     "fc",
     {"12", "5"},
     "insert `Transpose(perm=[1, 0])` before node `fc`, on `fc.weight`"},
    {"gather_axis",
     kTagger,
     {{"\"embed\" <axis = 0>", "\"embed\" <axis = 1>"}},
     "lstm",
     {"8"},
     "set `axis = 0` of node `embed`"},
    {"upsampling",
     kUpsampler,
     {{"\"up\" <pads = [1,1,1,1]", "\"up\" <pads = [0,0,0,0]"}},
     "skip",
     {"11", "9"},
     "set `pads = [1, 1, 1, 1]` of node `up`"},
    {"broadcast",
     kUpsampler,
     {{"shift = float[4,1,1]", "shift = float[3,1,1]"}},
     "shift",
     {"4", "3"},
     "give weight `shift` of node `shift` the shape [4, 1, 1]"},
    {"deconvolution_channels",
     kUpsampler,
     {{"up = float[8,4,3,3]", "up = float[6,4,3,3]"}},
     "up",
     {"8", "6"},
     "give weight `up` of node `up` the shape [8, 4, 3, 3]"},
};

std::string edited(const Broken& row) {
  std::string text(row.good);
  for (const Edit& edit : row.edits) {
    const size_t at = text.find(edit.from);
    EXPECT_NE(at, std::string::npos) << edit.from;
    if (at != std::string::npos) text.replace(at, edit.from.size(), edit.to);
  }
  return text;
}

struct Outcome {
  bool ok = false;
  Module module;
  Diagnostics diagnostics;
  [[nodiscard]] std::string text() const { return render_text(diagnostics, module.locations); }
};

Outcome import_text(std::string_view text, const ImportOptions& options = {}) {
  const test::TemporaryFolder folder;
  Outcome outcome;
  const std::string fault = test::write_onnx_text(text, folder.path(), "m.onnx");
  EXPECT_EQ(fault, "");
  outcome.ok = import_model(folder.file("m.onnx"), options, outcome.module, outcome.diagnostics).ok();
  return outcome;
}

TEST(GoodModels, Import) {
  for (const std::string_view model : {kDigits, kResidual, kAttention, kTagger, kUpsampler}) {
    const Outcome outcome = import_text(model);
    EXPECT_TRUE(outcome.ok) << outcome.text();
    EXPECT_TRUE(outcome.diagnostics.all().empty()) << outcome.text();
  }
}

class BrokenModel : public ::testing::TestWithParam<Broken> {};
INSTANTIATE_TEST_SUITE_P(Edits, BrokenModel, ::testing::ValuesIn(kBroken),
                         [](const auto& row) { return std::string(row.param.name); });

TEST_P(BrokenModel, IsExplainedAndCured) {
  const Broken& row = GetParam();
  const Outcome outcome = import_text(edited(row));
  ASSERT_FALSE(outcome.ok);
  ASSERT_FALSE(outcome.diagnostics.all().empty());
  const Diagnostic& diagnostic = outcome.diagnostics.all()[0];
  const auto* place = std::get_if<ModelLocation>(outcome.module.locations.origin(diagnostic.where));
  ASSERT_NE(place, nullptr);
  EXPECT_EQ(place->name, row.node) << outcome.text();
  std::string said = diagnostic.message;
  for (const Label& label : diagnostic.labels) said += "\n" + label.message;
  for (const std::string_view number : row.numbers) EXPECT_NE(said.find(number), std::string::npos) << outcome.text();
  EXPECT_FALSE(diagnostic.labels.empty()) << outcome.text();
  EXPECT_TRUE(std::any_of(diagnostic.fixes.begin(), diagnostic.fixes.end(), [&](const FixIt& fix) {
    return fix.title.starts_with(row.fix);
  })) << outcome.text();
  EXPECT_LE(diagnostic.fixes.size(), 3u);
  for (const FixIt& fix : diagnostic.fixes) {
    EXPECT_TRUE(fix.verified);
    EXPECT_TRUE(fix.edits.empty());
  }
}

TEST(Cures, AreNotLookedForWhenNobodyWantsThem) {
  const Outcome outcome = import_text(edited(kBroken[0]), {.advise = false});
  ASSERT_EQ(outcome.diagnostics.all().size(), 1u);
  EXPECT_TRUE(outcome.diagnostics.all()[0].fixes.empty());
}

TEST(Cures, AChangeThatFitsOneBatchOnlyIsNotOffered) {
  // transA = 1 would do for a batch of 120.
  const Outcome outcome = import_text(edited(kBroken[1]));
  for (const FixIt& fix : outcome.diagnostics.all()[0].fixes) {
    EXPECT_EQ(fix.title.find("transA"), std::string::npos) << fix.title;
  }
}

}  // namespace
}  // namespace lathe::onnx
