// Programs print what CPython prints: programs/NAME.py against programs/NAME.expected, which python3 made.
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

class EvaluatorPrograms : public ::testing::TestWithParam<const char*> {};

TEST_P(EvaluatorPrograms, PrintWhatPythonPrints) {
  const std::filesystem::path folder = LATHE_PROGRAMS;
  const std::string name = GetParam();
  const std::string expected = read(folder / (name + ".expected"));
  ASSERT_FALSE(expected.empty());
  const Outcome outcome = run(read(folder / (name + ".py")));
  EXPECT_EQ(outcome.printed, expected);
  EXPECT_EQ(outcome.faults, std::vector<std::string>{});
}

INSTANTIATE_TEST_SUITE_P(All, EvaluatorPrograms, ::testing::Values("classes", "control", "expressions", "functions"),
                         [](const auto& instance) { return std::string(instance.param); });

}  // namespace
}  // namespace lathe::torch
