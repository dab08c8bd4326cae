// Steps of forwards, and Sequentials that were made of children.
#include "compiler/frontend/torch/advice/children.h"

#include <gtest/gtest.h>

#include "tests/unit/torch/advice/program.h"

namespace lathe::torch {
namespace {

using test::Program;

std::string with_head(const std::string& text) {
  return "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n" + text;
}

/// A class with the attributes a, b and c and the given body of forward.
std::string net(const std::string& forward) {
  return with_head(
      "class Net(nn.Module):\n"
      "    def __init__(self):\n"
      "        super().__init__()\n"
      "        self.a = nn.Linear(4, 4)\n"
      "        self.b = nn.Linear(4, 4)\n"
      "        self.c = nn.ReLU()\n"
      "        self.size = 2\n"
      "    def forward(self, x):\n" +
      forward + "net = Net()\n");
}

/// "a, F.relu>nn.ReLU(), b": children by name, other steps with the modules that stand for them; `?` when no chain.
std::string steps(const std::string& forward) {
  Program program(net(forward));
  const std::optional<ForwardSteps> found = forward_steps(program.source(), program.module("net"));
  if (!found) return "none";
  std::string text;
  for (const ForwardStep& step : found->steps) {
    if (!text.empty()) text += ", ";
    text += step.child.empty() ? step.text + ">" + step.module : step.child;
  }
  return text + (found->is_chain ? "" : " ?");
}

TEST(ForwardStepsTest, NestedCallsAndStatements) {
  EXPECT_EQ(steps("        return self.a(self.c(self.b(x)))\n"), "b, c, a");
  EXPECT_EQ(steps("        y = self.b(x)\n        y = self.a(y)\n        return y\n"), "b, a");
}

TEST(ForwardStepsTest, FunctionsAsModules) {
  EXPECT_EQ(steps("        x = F.max_pool2d(F.relu(self.a(x)), 2, stride=self.size)\n"
                  "        x = x.view(x.size(0), -1)\n"
                  "        return F.dropout(self.b(x), 0.3, training=self.training)\n"),
            "a, F.relu>nn.ReLU(), F.max_pool2d>nn.MaxPool2d(2, stride=self.size), .view>nn.Flatten(), b, "
            "F.dropout>nn.Dropout(0.3)");
  EXPECT_EQ(steps("        return torch.flatten(self.a(x), 1).contiguous()\n"), "a, torch.flatten>nn.Flatten()");
  EXPECT_EQ(steps("        return self.a(x).mean((2, 3))\n"), "a, .mean>nn.AdaptiveAvgPool2d(1), nn.Flatten()");
}

TEST(ForwardStepsTest, WhatIsNoChain) {
  EXPECT_EQ(steps("        return x + self.a(x)\n"), "a, +> ?");
  EXPECT_EQ(steps("        y = self.a(x)\n        return self.b(x)\n"), "a, b ?");
  EXPECT_EQ(steps("        if self.size:\n            x = self.a(x)\n        return self.b(x)\n"), "a, b ?");
}

TEST(ForwardStepsTest, ALoopOverAContainerIsOneStep) {
  Program program(
      with_head("class Net(nn.Module):\n"
                "    def __init__(self):\n"
                "        super().__init__()\n"
                "        self.blocks = nn.ModuleList([nn.ReLU(), nn.ReLU()])\n"
                "    def forward(self, x):\n"
                "        for block in self.blocks:\n"
                "            x = block(x)\n"
                "        return x\n"
                "net = Net()\n"));
  const std::optional<ForwardSteps> found = forward_steps(program.source(), program.module("net"));
  ASSERT_TRUE(found);
  ASSERT_EQ(found->steps.size(), 1u);
  EXPECT_EQ(found->steps[0].module, "*self.blocks");
  EXPECT_TRUE(found->is_chain);
}

TEST(ChildrenCopyTest, AnotherOrder) {
  Program program(net("        return self.a(self.c(self.b(x)))\n") + "copy = nn.Sequential(*net.children())\n");
  const std::optional<ChildrenCopy> copy = children_copy(program.source(), program.module("copy"));
  ASSERT_TRUE(copy);
  EXPECT_TRUE(copy->other_order);
  EXPECT_FALSE(copy->drops_steps);
  EXPECT_EQ(replacement(program.source(), *copy), "nn.Sequential(net.b, net.c, net.a)");
}

TEST(ChildrenCopyTest, LostSteps) {
  Program program(net("        return torch.tanh(self.b(F.relu(self.a(x))))\n") +
                  "copy = nn.Sequential(*list(net.children())[:2])\n");
  const std::optional<ChildrenCopy> copy = children_copy(program.source(), program.module("copy"));
  ASSERT_TRUE(copy);
  EXPECT_FALSE(copy->other_order);
  EXPECT_TRUE(copy->drops_steps);
  // The step behind the last member belongs to the part that was cut off.
  EXPECT_EQ(replacement(program.source(), *copy), "nn.Sequential(net.a, nn.ReLU(), net.b)");
}

TEST(ChildrenCopyTest, ASequentialOfItsOwnLayersIsNone) {
  Program program(with_head("net = nn.Sequential(nn.Linear(2, 3), nn.ReLU())\n"));
  EXPECT_FALSE(children_copy(program.source(), program.module("net")));
}

}  // namespace
}  // namespace lathe::torch
