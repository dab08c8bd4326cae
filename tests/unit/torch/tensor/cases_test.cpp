// Programs of cases/*.txt against what PyTorch computed: make_cases.py wrote the expectations.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/torch/tensor/program.h"

namespace lathe::torch::test {
namespace {

constexpr std::string_view kMark = "=> ";

struct Case {
  std::string program;
  std::string expected;
};

/// Blocks between blank lines; the first one stands in front of all others.
std::vector<Case> read_cases(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::vector<Case> cases;
  std::string prelude;
  Case now;
  std::string line;
  const auto finish = [&] {
    if (now.program.empty()) return;
    if (prelude.empty()) {
      prelude = now.program;
    } else {
      cases.push_back({prelude + now.program, now.expected});
    }
    now = {};
  };
  while (std::getline(file, line)) {
    if (line.empty()) {
      finish();
    } else if (line.starts_with(kMark)) {
      now.expected = line.substr(kMark.size());
    } else {
      now.program += line + "\n";
    }
  }
  finish();
  return cases;
}

class TensorCases : public ::testing::TestWithParam<std::string> {};

TEST_P(TensorCases, GiveWhatPyTorchGives) {
  const std::filesystem::path folder = std::filesystem::path(LATHE_SOURCE_DIR) / "tests/unit/torch/tensor/cases";
  const std::vector<Case> cases = read_cases(folder / (GetParam() + ".txt"));
  ASSERT_FALSE(cases.empty());
  for (const Case& each : cases) {
    Program program(each.program);
    const std::string actual = program.value("r");
    EXPECT_TRUE(same_text(each.expected, actual))
        << each.program << "expected " << each.expected << "\n     got " << actual << "\n"
        << program.diagnostics();
  }
}

INSTANTIATE_TEST_SUITE_P(All, TensorCases,
                         ::testing::Values("arithmetic", "reduction", "shape", "index", "in_place", "creation",
                                           "linear_algebra", "context", "programs"),
                         [](const auto& parameter) { return parameter.param; });

}  // namespace
}  // namespace lathe::torch::test
