// Faults of layers: their kind, line and words.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/torch/nn/program.h"

namespace lathe::torch::test {
namespace {

using ::testing::HasSubstr;
using ::testing::StartsWith;

// The program starts on line 2.
ProgramResult run(const std::string& text) {
  return run_program("import torch, torch.nn as nn, torch.nn.functional as F\n" + text);
}

std::string faults(const std::string& text) { return run(text).diagnostics; }

TEST(NnFaultTest, LinearAfterAPoolNamesTheMissingFlatten) {
  EXPECT_EQ(faults(R"(net = nn.Sequential(
    nn.MaxPool2d(2),
    nn.Linear(8 * 12 * 12, 10),
)
y = net(torch.zeros(1, 8, 24, 24))
)"),
            "feature-mismatch:4 Linear wants 1152 features on the last axis, its input has 12: (1, 8, 12, 12)\n"
            "  flattened from axis 1 on it has 8*12*12 = 1152 features, which is what the Linear wants\n");
}

TEST(NnFaultTest, ALayerCalledByTheProgramFailsAtTheCall) {
  EXPECT_THAT(faults("fc = nn.Linear(4, 2)\nx = torch.zeros(3, 5)\ny = fc(x)\nz = fc(x)\n"),
              StartsWith("feature-mismatch:4 Linear wants 4 features, its input has 5: (3, 5)\n"));
}

TEST(NnFaultTest, ValuesAfterAFaultSayNothing) {
  const ProgramResult result = run("a = nn.Linear(4, 2)(torch.zeros(3, 5))\nb = nn.Linear(2, 1)(a)\nc = F.relu(b)\n");
  EXPECT_EQ(std::ranges::count(result.diagnostics, '\n') > 0, true);
  EXPECT_EQ(result.diagnostics.find(":3 "), std::string::npos);
  EXPECT_EQ(result.diagnostics.find(":4 "), std::string::npos);
}

TEST(NnFaultTest, Channels) {
  EXPECT_EQ(faults("net = nn.Sequential(nn.Conv2d(3, 8, 3))\ny = net(torch.zeros(1, 32, 32, 3))\n"),
            "channel-mismatch:2 Conv2d wants 3 channels on axis 1, its input (1, 32, 32, 3) has 32\n"
            "  axis 3 has 3 elements: this looks like channels last; `.permute(0, 3, 1, 2)` moves them\n");
  EXPECT_EQ(faults("y = nn.Conv2d(1, 4, 5)(torch.zeros(8, 28, 28))\n"),
            "channel-mismatch:2 Conv2d wants 1 channel on axis 0, its input (8, 28, 28) has 8\n"
            "  an input of rank 3 is one unbatched sample (C, H, W); a batch of 8 with one channel each is "
            "(8, 1, 28, 28): `x.unsqueeze(1)`\n");
  EXPECT_THAT(faults("y = nn.PReLU(7)(torch.zeros(2, 5, 6))\n"),
              StartsWith("channel-mismatch:2 PReLU has slopes for 7 channels, its input (2, 5, 6) has 5"));
  EXPECT_THAT(faults("y = nn.BatchNorm2d(7)(torch.zeros(2, 5, 6, 6))\n"),
              StartsWith("channel-mismatch:2 BatchNorm2d wants 7 channels on axis 1, its input (2, 5, 6, 6) has 5"));
}

TEST(NnFaultTest, Grids) {
  const auto sample = [](const std::string& image, const std::string& grid, const std::string& rest = "") {
    return faults("y = F.grid_sample(torch.zeros(" + image + "), torch.zeros(" + grid + ")" + rest + ")\n");
  };
  EXPECT_THAT(sample("1, 3, 4", "1, 5, 1"), HasSubstr("input of grid_sample has 3 axes; it must have 4 or 5"));
  EXPECT_THAT(sample("1, 3, 4, 4", "1, 5, 5, 2", ", mode='cubic'"),
              HasSubstr("mode of grid_sample is 'cubic'; it may be 'bilinear', 'nearest', 'bicubic'"));
  EXPECT_THAT(sample("1, 3, 4, 4", "1, 5, 5, 2", ", padding_mode='same'"),
              HasSubstr("padding_mode of grid_sample is 'same'; it may be 'zeros', 'border', 'reflection'"));
  EXPECT_THAT(sample("1, 3, 4, 4, 4", "1, 5, 5, 5, 3", ", mode='bicubic'"),
              HasSubstr("grid_sample with mode='bicubic' takes an input of 4 axes, not of 5"));
  EXPECT_THAT(sample("1, 3, 4, 4", "1, 5, 5, 3"), HasSubstr("holds positions in images of 2 axes"));
  EXPECT_THAT(faults("y = F.affine_grid(torch.zeros(1, 2, 3), (1, 3, 4))\n"),
              HasSubstr("size of affine_grid must have 4 or 5 ints"));
}

TEST(NnFaultTest, Ranks) {
  EXPECT_EQ(faults("y = nn.BatchNorm1d(8)(torch.zeros(2, 8, 8, 8))\n"),
            "rank-mismatch:2 BatchNorm1d takes (N, C) or (N, C, L), its input has rank 4: (2, 8, 8, 8)\n"
            "  nn.BatchNorm2d takes rank 4\n");
  EXPECT_THAT(faults("y = nn.Conv2d(1, 4, 3)(torch.zeros(28, 28))\n"), StartsWith("rank-mismatch:2 Conv2d takes"));
  EXPECT_THAT(faults("y = nn.MaxPool2d(2)(torch.zeros(8))\n"), StartsWith("rank-mismatch:2 MaxPool2d takes"));
}

TEST(NnFaultTest, Kernels) {
  EXPECT_EQ(faults("y = nn.Conv1d(6, 5, 4)(torch.zeros(2, 6, 3))\n"),
            "kernel-too-large:2 Conv1d has a kernel of 4 on axis 2, its input (2, 6, 3) has 3 elements there\n");
  EXPECT_THAT(faults("y = nn.MaxPool2d(5)(torch.zeros(1, 2, 4, 9))\n"), StartsWith("kernel-too-large:2 MaxPool2d"));
}

TEST(NnFaultTest, BatchStatisticsNeedSeveralValues) {
  EXPECT_EQ(faults("y = nn.BatchNorm1d(6)(torch.zeros(1, 6))\n"),
            "bn-single-value:2 BatchNorm1d in train mode needs more than one value per channel, (1, 6) has one\n"
            "  give a batch of 2 or more; in eval mode (without `--train`) the running statistics are used, and this "
            "is fine\n");
  EXPECT_EQ(faults("y = nn.BatchNorm1d(6).eval()(torch.zeros(1, 6))\n"), "");
  EXPECT_THAT(faults("y = nn.InstanceNorm2d(4).eval()(torch.zeros(1, 4, 1, 1))\n"), StartsWith("bn-single-value:2"));
}

TEST(NnFaultTest, Types) {
  EXPECT_EQ(faults("y = nn.Embedding(20, 6)(torch.zeros(2, 7))\n"),
            "dtype-mismatch:2 Embedding wants int64 or int32 indices, its input (2, 7) is float32\n");
  EXPECT_EQ(faults("y = nn.Linear(3, 2)(torch.zeros(2, 3, dtype=torch.int64))\n"),
            "dtype-mismatch:2 Linear gets int64 (2, 3), but its weight is float32\n");
  EXPECT_EQ(faults("y = nn.Linear(3, 2)(None)\n"), "none-not-tensor:2 Linear takes a tensor, its input is None\n");
  EXPECT_THAT(faults("y = nn.Linear(3, 2)((torch.zeros(2, 3), 1))\n"),
              StartsWith("tuple-not-tensor:2 Linear takes a tensor, its input is a pair: (a tensor (2, 3), "));
}

TEST(NnFaultTest, Constructors) {
  EXPECT_EQ(faults(R"(a = nn.Conv2d(6, 8, 3, groups=4)
b = nn.Conv2d(8, 8, 3, stride=2, padding='same')
d = nn.GroupNorm(3, 16)
hidden = 30
e = nn.Linear(hidden / 2, 4)
f = nn.Sequential([nn.Linear(4, 4), nn.ReLU()])
g = nn.Dropout(1.5)
)"),
            "constructor:2 groups = 4 does not divide in_channels = 6\n"
            "  divisors of both 6 and 8: 1, 2\n"
            "constructor:3 padding='same' needs stride 1, this Conv2d has stride 2\n"
            "  give the padding as a number, for instance 1\n"
            "constructor:4 num_groups = 3 does not divide num_channels = 16\n"
            "  divisors of 16: 1, 2, 4, 8, 16\n"
            "constructor:6 in_features is 15.0, a float: `/` always gives a float\n"
            "  for a whole number write `hidden // 2`\n"
            "constructor:7 Sequential takes modules, not a list\n"
            "  unpack it: `nn.Sequential(*[...])`\n"
            "constructor:8 p of Dropout is 1.5; a probability is between 0 and 1\n");
  EXPECT_THAT(faults("h = nn.MaxPool2d(2, stride=2, pad=1)\n"), StartsWith("constructor:2 "));
  EXPECT_THAT(faults("h = nn.MaxPool2d(2, stride=2, pad=1)\n"), HasSubstr("padding"));
  EXPECT_THAT(faults("h = nn.Sequential(nn.ReLU)\n"), HasSubstr("make one: `ReLU()`"));
}

TEST(NnFaultTest, Modules) {
  EXPECT_THAT(
      faults("class Net(nn.Module):\n    def __init__(self):\n        self.fc = nn.Linear(4, 2)\nnet = Net()\n"),
      StartsWith("missing-super-init:4 "));
  EXPECT_THAT(faults("layers = nn.ModuleList([nn.Linear(2, 2)])\ny = layers(torch.zeros(1, 2))\n"),
              StartsWith("container-not-callable:3 a ModuleList only holds modules, it can't be called"));
  EXPECT_THAT(faults("net = nn.Linear(2, 2)\ny = net.wieght\n"), HasSubstr("did you mean `weight`"));
  EXPECT_THAT(faults("net = nn.Sequential()\nnet.add_module('a.b', nn.ReLU())\n"), StartsWith("python-error:3 "));
  EXPECT_THAT(faults("net = nn.Sequential(nn.ReLU())\ny = net[3]\n"),
              StartsWith("index-out-of-range:3 index 3 is out of range: the Sequential holds 1 module"));
}

TEST(NnFaultTest, AModuleInsideItselfEnds) {
  EXPECT_THAT(faults("net = nn.Sequential()\nnet.append(net)\ny = net(torch.zeros(1))\n"),
              HasSubstr("budget-exceeded:"));
}

TEST(NnFaultTest, DropoutInTrainingDrawsAnInput) {
  const ProgramResult result =
      run("y = nn.Dropout(0.5)(torch.zeros(2, 3))\nz = F.dropout2d(torch.zeros(1, 2, 3, 3))\n");
  EXPECT_EQ(result.diagnostics, "");
  EXPECT_EQ(result.shapes.at("y"), "(2, 3)");
  EXPECT_EQ(result.shapes.at("z"), "(1, 2, 3, 3)");
}

}  // namespace
}  // namespace lathe::torch::test
