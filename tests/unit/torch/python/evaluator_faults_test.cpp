// Faults: their kind, place and words; what goes on after them; what is Unknown is silent; what `try` may catch.
#include <gtest/gtest.h>

#include "tests/unit/torch/python/evaluator_helper.h"

namespace lathe::torch {
namespace {

using Lines = std::vector<std::string>;

struct FaultCase {
  const char* program;
  Lines faults;
};

class EvaluatorFaults : public ::testing::TestWithParam<FaultCase> {};

TEST_P(EvaluatorFaults, AreReported) { EXPECT_EQ(run(GetParam().program).faults, GetParam().faults); }

INSTANTIATE_TEST_SUITE_P(
    All, EvaluatorFaults,
    ::testing::Values(
        FaultCase{"x = 1\ny = wdth\n", {"LT0502 2:5 the name `wdth` is not defined"}},
        FaultCase{"width = 1\ny = wdth\n", {"LT0502 2:5 the name `wdth` is not defined; did you mean `width`?"}},
        FaultCase{"x = 1 / 0", {"LT0504 1:5 division by zero"}},
        FaultCase{"x = (1).foo", {"LT0502 1:5 `int` has no attribute `foo`"}},
        FaultCase{"x = None.size", {"LT0502 1:5 `NoneType` has no attribute `size`"}},
        FaultCase{"x = [1, 2][5]", {"LT0504 1:5 index 5 is beyond a list of 2 items"}},
        FaultCase{"x = (1,)['a']", {"LT0504 1:5 an index into a tuple is an int or a slice, not the str `'a'`"}},
        FaultCase{"x = {'conv': 1}['cnov']", {"LT0504 1:5 the dict has no key `'cnov'`; did you mean `'conv'`?"}},
        FaultCase{"a, b = 1, 2, 3", {"LT0504 1:1 a tuple of 3 items is unpacked into 2 names: it has 3 items"}},
        FaultCase{"x = 'a' + 1", {"LT0504 1:5 `+` is not defined for the str `'a'` and the int `1`"}},
        FaultCase{"x = 3\nx()", {"LT0504 2:1 the int `3` can't be called"}},
        FaultCase{"for i in 5: pass", {"LT0504 1:10 the int `5` can't be iterated over"}},
        FaultCase{"raise ValueError('depth is wrong')", {"LT0504 1:1 ValueError: depth is wrong"}},
        FaultCase{"assert 1 == 2", {"LT0504 1:1 the assertion `1 == 2` does not hold"}},
        FaultCase{"assert 1 == 2, 'no'", {"LT0504 1:1 no"}},
        FaultCase{"def f(a, b): pass\nf(1)", {"LT0503 2:1 `f` is called without its argument `b`"}},
        FaultCase{"def f(a): pass\nf(1, 2)", {"LT0503 2:6 `f` takes 1 positional argument, but 2 are given"}},
        FaultCase{"def f(stride): pass\nf(strid=1)",
                  {"LT0503 2:3 `f` has no argument `strid`; did you mean `stride`?"}},
        FaultCase{"def f(a): pass\nf(1, a=2)", {"LT0503 2:6 `f` gets two values for its argument `a`"}},
        FaultCase{"class A:\n  def __init__(self, n): pass\nA()",
                  {"LT0503 3:1 `A` is called without its argument `n`"}},
        FaultCase{"import lab\nlab.twice()", {"LT0503 2:1 `lab.twice` is called without its argument `n`"}},
        FaultCase{"import lab\nlab.twice('a')", {"LT0503 2:11 `lab.twice` wants an int as `n`, not the str `'a'`"}},
        FaultCase{"import lab\nlab.Layer(3, bais=False)",
                  {"LT0501 2:14 `Layer` has no argument `bais`; did you mean `bias`?"}},
        FaultCase{"import lab\nlab.Layer(7 / 2)", {"LT0501 2:11 `Layer` wants an int as `size`, not the float `3.5`"}},
        FaultCase{"import lab\nlab.twise(3)", {"LT0502 2:1 `lab` has no attribute `twise`; did you mean `twice`?"}},
        FaultCase{"import lab\nlab.quantize(3)", {"LT0901 2:1 `lab.quantize`"}},
        FaultCase{"from lab import twise", {"LT0502 1:17 `lab` has no `twise`; did you mean `twice`?"}},
        FaultCase{"x = 2 ** 70", {"LT0901 1:5 integers beyond 64 bits, or sizes too complex to follow"}},
        FaultCase{"x = 9223372036854775807 + 1",
                  {"LT0901 1:5 integers beyond 64 bits, or sizes too complex to follow"}},
        FaultCase{"class A(3): pass", {"LT0504 1:9 a base of a class must be a class, not the int `3`"}},
        FaultCase{"class A: pass\nclass B(A): pass\nclass C(A, B): pass",
                  {"LT0504 3:1 the bases of `C` can't be put in an order: one is a base of another that comes before "
                   "it"}},
        FaultCase{"x = {[1]: 2}", {"LT0504 1:6 a list of 1 item can't be a key or an element of a set: it can change"}},
        FaultCase{"super().x", {"LT0504 1:1 `super()` is only possible in a method"}}));

TEST(Evaluator, GoesOnAfterAFaultAndIsSilentAboutWhatFollows) {
  const Outcome outcome =
      run("bad = missing(1)\n"
          "worse = bad + 1\n"
          "worst = [worse.x[3](), f'{bad}'][0]\n"
          "for i in bad: inside = i\n"
          "if bad: chosen = 1\n"
          "print(inside, chosen)\n"
          "good = 5\n"
          "print(good)\n"
          "other = missing_too\n");
  EXPECT_EQ(outcome.faults, (Lines{"LT0502 1:7 the name `missing` is not defined",
                                   "LT0502 9:9 the name `missing_too` is not defined"}));
  EXPECT_EQ(outcome.printed, "5\n");
}

TEST(Evaluator, ReportsEveryStatementBelowATopLevelIf) {
  const Outcome outcome = run("if __name__ == '__main__':\n  a = x1\n  b = x2\n  print('end')\n");
  EXPECT_EQ(outcome.faults.size(), 2u);
  EXPECT_EQ(outcome.printed, "end\n");
}

TEST(Evaluator, ShowsTheCallsThatLedToAFault) {
  const Outcome outcome =
      run("def inner(n):\n"
          "  return n + None\n"
          "class Net:\n"
          "  def forward(self):\n"
          "    return inner(3)\n"
          "Net().forward()\n");
  ASSERT_EQ(outcome.faults, (Lines{"LT0504 2:10 `+` is not defined for the int `3` and None"}));
  ASSERT_EQ(outcome.diagnostics[0].labels.size(), 2u);
  EXPECT_EQ(outcome.diagnostics[0].labels[0].message, "in this call of `inner`");
  EXPECT_EQ(outcome.diagnostics[0].labels[1].message, "in this call of `Net.forward`");
}

TEST(Evaluator, DecidesWhatTheBoundsOfASizeDecide) {
  const Outcome outcome =
      run("import lab\n"
          "h = lab.size()\n"
          "print(h > 3, h <= 100, h == h, (h * 2) % 2 == 0, h // 1 == h, 2 * h - h)\n"
          "if h >= 4: print('yes')\n"
          "if h > 50: print('maybe')\n"
          "print([i for i in range(h)])\n"
          "try:\n"
          "  x = 1 if h % 8 else 2\n"
          "except Exception:\n"
          "  print('caught')\n");
  EXPECT_EQ(outcome.printed, "True True True True True H\nyes\n");
  EXPECT_EQ(outcome.faults,
            (Lines{"LT0511 5:4 whether `H > 50` holds depends on sizes that are only known when the model runs",
                   "LT0511 6:19 how often a loop runs depends on `H`",
                   "LT0511 8:12 whether `H % 8 != 0` holds depends on sizes that are only known when the model runs"}));
}

TEST(Evaluator, AsksTheHostAboutTensors) {
  const Outcome outcome =
      run("import lab\n"
          "a, b = lab.box(), lab.box()\n"
          "print(a + b is a, a.rank, isinstance(a, lab.Box), len(a), a is not None, a == None)\n"
          "c = a + 'x'\n"
          "if a: pass\n"
          "a.nothing\n");
  EXPECT_EQ(outcome.printed, "True 2 True 2 True False\n");
  EXPECT_EQ(outcome.faults, (Lines{"LT0205 4:5 boxes only add to boxes", "LT0511 5:4 the truth of a box is not known",
                                   "LT0502 6:1 `Box` has no attribute `nothing`"}));
}

TEST(Evaluator, ClassesOfTheProgramDeriveFromNativeOnes) {
  const Outcome outcome =
      run("import lab\n"
          "from lab.deep import answer\n"
          "class Wide(lab.Deep):\n"
          "  def __init__(self, n):\n"
          "    super().__init__(n * 2, bias=False)\n"
          "    self.extra = n\n"
          "  def forward(self, x):\n"
          "    return super(Wide, self).forward(x) + answer\n"
          "w = Wide(3)\n"
          "print(w.size, w.area, w(1), w.extra, isinstance(w, lab.Layer), lab.Layer(5)(7), lab.join(1, 'b', by='-'))\n"
          "lab.Layer.__init__(w, 9)\n"
          "print(w.size, lab.deep.answer, Wide.__mro__[2].__name__)\n");
  EXPECT_EQ(outcome.faults, Lines{});
  EXPECT_EQ(outcome.printed, "6 36 43 3 True 7 1-b\n9 42 Layer\n");
}

TEST(Evaluator, UnsupportedThingsAreListedOncePerPlaceAndDontUnwind) {
  const Outcome outcome =
      run("import matplotlib.pyplot as plt\n"
          "from tqdm import tqdm\n"
          "def f():\n"
          "  plt.figure()\n"
          "  return 4\n"
          "for i in range(3): x = f()\n"
          "print(x)\n");
  EXPECT_EQ(outcome.printed, "4\n");
  EXPECT_EQ(outcome.faults,
            (Lines{"LT0901 4:3 `matplotlib.pyplot`, which is neither known nor a file beside the program"}));
}

TEST(Evaluator, ASyntaxFaultStopsTheProgram) {
  const Outcome outcome = run("print(1)\nx = = 2\n");
  EXPECT_EQ(outcome.printed, "");
  ASSERT_FALSE(outcome.faults.empty());
  EXPECT_EQ(outcome.faults[0].substr(0, 6), "LT0101");
}

TEST(Evaluator, AMethodThatFailsLeavesItsObjectHalfBuilt) {
  const Outcome outcome =
      run("class A:\n"
          "  def build(self):\n"
          "    self.a = 1\n"
          "    self.b = nothing\n"
          "x = A()\n"
          "x.build()\n"
          "print(x.a)\n"
          "y = x.b\n");
  EXPECT_EQ(outcome.faults, (Lines{"LT0502 4:14 the name `nothing` is not defined"}));
  EXPECT_EQ(outcome.printed, "1\n");
}

TEST(Evaluator, EvaluatesTextInTheScopeOfTheProgram) {
  const Outcome outcome =
      Program().run("class A:\n  n = 3\nx = [1]\n", {}, {"A().n + x[0]", "undefined", "x[", "(x, 2)"});
  EXPECT_EQ(outcome.printed, "4\n([1], 2)\n");
  ASSERT_EQ(outcome.faults.size(), 2u);
  EXPECT_EQ(outcome.faults[0], "LT0502 <expression>:1:1 the name `undefined` is not defined");
  EXPECT_EQ(outcome.names, (Lines{"A", "x"}));
}

}  // namespace
}  // namespace lathe::torch
