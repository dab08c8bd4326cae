// Every program ends: budgets of steps, objects, text and depth; values that hold themselves.
#include <gtest/gtest.h>

#include "tests/unit/torch/python/evaluator_helper.h"

namespace lathe::torch {
namespace {

class EvaluatorLimits : public ::testing::TestWithParam<const char*> {};

TEST_P(EvaluatorLimits, EndWithOneFaultOfTheBudget) {
  const Outcome outcome = run(std::string(GetParam()) + "\nprint('not reached')\n",
                              {.steps = 300'000, .objects = 100'000, .text_bytes = 1u << 20u});
  ASSERT_EQ(outcome.faults.size(), 1u) << outcome.faults.back();
  EXPECT_EQ(outcome.faults[0].substr(0, 6), "LT0512") << outcome.faults[0];
  EXPECT_EQ(outcome.printed, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, EvaluatorLimits,
    ::testing::Values(
        "while True: pass", "def f(n): return f(n + 1)\nf(0)", "def g():\n  while True: yield 1\nx = g()",
        "x = [0] * 10 ** 12", "x = 'ab' * 10 ** 12", "x = list(range(10 ** 15))", "for i in range(10 ** 15): pass",
        "x = 'a'\nwhile True: x = x + x", "x = [1]\nwhile True: x = x + x", "x = [1]\nfor i in x: x.append(i)",
        "x = [[i for i in range(1000)] for j in range(1000)]",
        "class A:\n  def __getattr__(self, name): return self.missing\nA().x",
        "class A:\n  def __repr__(self): return repr(self) + f'{self}'\nx = [A()]\nwhile True: x = [x, str(x)]",
        "class A:\n  def __iter__(self): return self\n  def __next__(self): return 1\nx = sum(A())",
        "def f():\n  try: f()\n  except: f()\n  finally: f()\nf()",
        "while True:\n  try: 1 / 0\n  except Exception: pass"));

TEST(Evaluator, AllowsThreeHundredNestedCalls) {
  const Outcome outcome =
      run("import lab\n"
          "class Net(lab.Layer):\n"
          "  def forward(self, n):\n"
          "    return n if n == 0 else (((self(n - 1))))\n"
          "print(Net(1)(300))\n");
  EXPECT_EQ(outcome.printed, "0\n");
}

TEST(Evaluator, PrintsValuesThatHoldThemselves) {
  const Outcome outcome =
      run("x = [1]\nx.append(x)\nd = {}\nd['d'] = d\nprint(x, d)\n"
          "deep = []\nfor i in range(5000): deep = [deep]\ns = str(deep)\nprint(len(s) > 0)\n"
          "same = deep == [deep]\n");
  EXPECT_EQ(outcome.printed, "[1, [...]] {'d': {...}}\nTrue\n");
  ASSERT_EQ(outcome.faults.size(), 1u);
  EXPECT_EQ(outcome.faults[0], "LT0504 10:8 values nest too deep to be compared");
}

TEST(Evaluator, TheDepthOfCallsIsNotCaught) {
  const Outcome outcome = run("def f(): f()\ntry:\n  f()\nexcept RecursionError:\n  print('caught')\n");
  EXPECT_EQ(outcome.printed, "");
  ASSERT_EQ(outcome.faults.size(), 1u);
  EXPECT_EQ(outcome.faults[0], "LT0512 1:10 calls nest more than 400 deep");
}

}  // namespace
}  // namespace lathe::torch
