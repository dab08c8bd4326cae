// The standard library: programs print what CPython prints (programs/NAME.expected was made by it), and faults say
// what is wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

#include "tests/unit/torch/python/evaluator_helper.h"

namespace lathe::torch {
namespace {

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

class LibraryPrograms : public ::testing::TestWithParam<const char*> {};

TEST_P(LibraryPrograms, PrintWhatPythonPrints) {
  const std::filesystem::path folder = LATHE_PROGRAMS;
  const std::string name = GetParam();
  const std::string expected = read(folder / (name + ".expected"));
  ASSERT_FALSE(expected.empty());
  const Outcome outcome = run(read(folder / (name + ".py")));
  EXPECT_EQ(outcome.printed, expected);
  EXPECT_EQ(outcome.faults, std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(All, LibraryPrograms,
                         ::testing::Values("arithmetic", "configurations", "containers", "exceptions", "model_helpers",
                                           "numpy_and_system", "standard_modules", "strings"),
                         [](const auto& instance) { return std::string(instance.param); });

/// The faults of one line, each after its place, joined by `|`.
std::string faults(const std::string& text) {
  std::string result;
  for (const std::string& fault : run(text).faults) {
    if (!result.empty()) result += " | ";
    result += fault;
  }
  return result;
}

TEST(Library, FaultsNameWhatIsWrong) {
  EXPECT_THAT(faults("range(5 / 2)\n"),
              ::testing::HasSubstr("`range` wants ints, not the float `2.5`: `/` always gives a float"));
  EXPECT_THAT(faults("min([])\n"), ::testing::HasSubstr("`min` of nothing: the argument is empty"));
  EXPECT_THAT(faults("int('zz')\n"), ::testing::HasSubstr("`int` can't read the str `'zz'` as a number to base 10"));
  EXPECT_THAT(faults("import math\nmath.flor(2)\n"), ::testing::HasSubstr("did you mean `floor`?"));
  EXPECT_THAT(faults("import math\nmath.sqrt(-1)\n"),
              ::testing::HasSubstr("`math.sqrt` is not defined for the int `-1`"));
  EXPECT_THAT(faults("isinstance(3, 4)\n"), ::testing::HasSubstr("`isinstance` wants a class or a tuple of classes"));
  EXPECT_THAT(faults("'%d' % 'x'\n"), ::testing::HasSubstr("`%d` wants a number, not the str `'x'`"));
  EXPECT_THAT(faults("f'{3:zz}'\n"), ::testing::HasSubstr("the format `zz` doesn't fit the int `3`"));
  EXPECT_THAT(faults("''.join([1])\n"), ::testing::HasSubstr("`join` wants strings: element 0 is the int `1`"));
  EXPECT_THAT(faults("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: int\nA()\n"),
              ::testing::HasSubstr("`A` needs a value for `x`"));
  EXPECT_THAT(faults("from dataclasses import dataclass\n@dataclass\nclass A:\n    x: list = []\n"),
              ::testing::HasSubstr("use `field(default_factory=...)`"));
  EXPECT_THAT(faults("from collections import namedtuple\nP = namedtuple('P', 'x y')\nP(1)\n"),
              ::testing::HasSubstr("`P` needs a value for its field `y`"));
}

TEST(Library, WhatReachesOutsideIsRefused) {
  EXPECT_THAT(faults("open('f')\n"), ::testing::HasSubstr("LT0901"));
  EXPECT_THAT(faults("eval('1')\n"), ::testing::HasSubstr("LT0901"));
  EXPECT_THAT(faults("import random\nrandom.random()\n"), ::testing::HasSubstr("LT0901"));
  EXPECT_THAT(faults("import os\nos.listdir('.')\n"), ::testing::HasSubstr("LT0901"));
}

TEST(Library, UnknownValuesAreReportedOnce) {
  const std::string text =
      "import random\n"
      "x = random.random()\n"
      "y = [x, str(x), int(x), max(x, 1), sum([x]), sorted([x, 1]), len(x), f'{x}', '%s' % x, list(x), dict(x)]\n"
      "z = isinstance(x, int), getattr(x, 'a'), round(x), abs(x), zip(x), map(int, x), print(x), x in [1], set([x])\n";
  EXPECT_EQ(run(text).faults.size(), 1u) << faults(text);
}

TEST(Library, EndlessAndHugeThingsEndInTheBudget) {
  const Limits limits{.steps = 100'000, .objects = 100'000, .text_bytes = 1u << 20u};
  for (const char* text :
       {"list(range(10 ** 12))\n", "import itertools\nlist(itertools.count())\n",
        "import itertools\nlist(itertools.product(range(100), repeat=20))\n", "sum(range(10 ** 15))\n",
        "import itertools\nlist(zip(itertools.cycle('ab'), itertools.count()))\n",
        "import itertools\nlist(itertools.repeat(0, 10 ** 14))\n", "'a'.ljust(10 ** 12)\n", "f'{1:90000d}' * 10 ** 9\n",
        "import numpy as np\nnp.zeros(10 ** 12)\n", "import numpy as np\nnp.linspace(0, 1, 10 ** 12)\n",
        "import itertools\nlist(itertools.permutations(range(30)))\n"}) {
    const Outcome outcome = run(text, limits);
    ASSERT_EQ(outcome.faults.size(), 1u) << text;
    EXPECT_TRUE(outcome.diagnostics[0].kind == DiagnosticKind::BudgetExceeded) << text << outcome.faults[0];
  }
}

TEST(Library, DeepCopiesOfDeepThingsAreLimited) {
  EXPECT_THAT(faults("import copy\nx = []\nfor i in range(1000):\n    x = [x]\ncopy.deepcopy(x)\n"),
              ::testing::HasSubstr("`copy.deepcopy` of more than 200 levels"));
}

}  // namespace
}  // namespace lathe::torch
