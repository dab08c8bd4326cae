// The programs of cases/ against the numbers that PyTorch gives for them (make_goldens.py).
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "tests/unit/torch/sequence/program.h"

namespace lathe::torch::test {
namespace {

constexpr double kTolerance = 2e-5;

std::string read_text(const std::filesystem::path& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

void expect_goldens(const std::string& name) {
  const std::filesystem::path folder = LATHE_SEQUENCE_TESTS;
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
    std::string dims;
    for (const int64_t dim : found->second.dims) dims += (dims.empty() ? "" : "x") + std::to_string(dim);
    EXPECT_EQ(dims.empty() ? "scalar" : dims, shape);
    size_t at = 0;
    for (double wanted = 0; fields >> wanted; ++at) {
      if (at >= found->second.elements.size()) break;
      ASSERT_NEAR(found->second.elements[at], wanted, kTolerance * std::max(1.0, std::abs(wanted))) << "element " << at;
    }
    EXPECT_EQ(at, found->second.elements.size());
  }
  EXPECT_GT(count, 0);
}

TEST(SequenceGoldens, Recurrent) { expect_goldens("recurrent"); }
TEST(SequenceGoldens, Cells) { expect_goldens("cells"); }
TEST(SequenceGoldens, Attention) { expect_goldens("attention"); }
TEST(SequenceGoldens, Transformer) { expect_goldens("transformer"); }
TEST(SequenceGoldens, Losses) { expect_goldens("losses"); }
TEST(SequenceGoldens, Einops) { expect_goldens("einops_functions"); }
TEST(SequenceGoldens, AnnotatedTransformer) { expect_goldens("annotated_transformer"); }
TEST(SequenceGoldens, Seq2seqAttention) { expect_goldens("seq2seq_attention"); }
TEST(SequenceGoldens, VisionTransformer) { expect_goldens("vision_transformer"); }

}  // namespace
}  // namespace lathe::torch::test
