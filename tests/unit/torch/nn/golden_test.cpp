// The programs of cases/ against the numbers that PyTorch gives for them (make_goldens.py).
#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/torch/nn/program.h"

namespace lathe::torch::test {
namespace {

constexpr double kTolerance = 2e-5;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_tensor(const Numbers& found, const std::string& shape, std::istringstream& fields) {
  std::string dims;
  for (const int64_t dim : found.dims) dims += (dims.empty() ? "" : "x") + std::to_string(dim);
  EXPECT_EQ(dims.empty() ? "scalar" : dims, shape);
  size_t at = 0;
  for (std::string text; fields >> text; ++at) {
    if (at >= found.elements.size()) break;
    const double wanted = std::stod(text);
    if (std::isnan(wanted) && std::isnan(found.elements[at])) continue;
    ASSERT_NEAR(found.elements[at], wanted, kTolerance * std::max(1.0, std::abs(wanted))) << "element " << at;
  }
  EXPECT_EQ(at, found.elements.size());
}

void expect_goldens(const std::string& name) {
  const std::filesystem::path folder = LATHE_NN_TESTS;
  const ProgramResult result = run_program(read_text(folder / "cases" / (name + ".py")));
  EXPECT_EQ(result.diagnostics, "");
  std::istringstream goldens(read_text(folder / "goldens" / (name + ".txt")));
  int count = 0;
  for (std::string line; std::getline(goldens, line); ++count) {
    std::istringstream fields(line);
    std::string tensor, shape;
    fields >> tensor >> shape;
    SCOPED_TRACE(tensor);
    const auto found = result.tensors.find(tensor);
    if (found == result.tensors.end()) {
      ADD_FAILURE() << "no such tensor";
      continue;
    }
    expect_tensor(found->second, shape, fields);
  }
  EXPECT_GT(count, 0);
}

TEST(NnGoldens, Activation) { expect_goldens("activation"); }
TEST(NnGoldens, Convolution) { expect_goldens("convolution"); }
TEST(NnGoldens, Linear) { expect_goldens("linear"); }
TEST(NnGoldens, Modules) { expect_goldens("modules"); }
TEST(NnGoldens, Normalization) { expect_goldens("normalization"); }
TEST(NnGoldens, Pooling) { expect_goldens("pooling"); }
TEST(NnGoldens, Resampling) { expect_goldens("resampling"); }

}  // namespace
}  // namespace lathe::torch::test
