// The pairs of tests/diff/pairs: verdict, cause, and the first difference on both sides.
//
// Which pairs are the same function was checked with PyTorch (pairs/make.py); lines are those of the sources.
#include <algorithm>

#include "gtest/gtest.h"
#include "tests/diff/diff_run.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;
using tools::ExitStatus;

struct SamePair {
  std::string name;
  std::string a;
  std::string b;
  std::vector<std::string> options;
};

class Same : public ::testing::TestWithParam<SamePair> {};

TEST_P(Same, IsTheSame) {
  const SamePair& pair = GetParam();
  std::vector<std::string> arguments{pair_file(pair.a), pair_file(pair.b)};
  arguments.insert(arguments.end(), pair.options.begin(), pair.options.end());
  for (const std::string seed : {"0", "1", "2"}) {
    std::vector<std::string> seeded = arguments;
    seeded.push_back("--seed=" + seed);
    ExitStatus status{};
    const Json report = diff_json(seeded, status);
    ASSERT_FALSE(report.is_discarded());
    EXPECT_EQ(status, ExitStatus::Fine) << report.dump(2);
    EXPECT_EQ(report["same"], true) << report.dump(2);
    EXPECT_EQ(report["first_difference"], nullptr);
    EXPECT_LT(report["max_abs_difference"].get<double>(), 1e-4);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Pairs, Same,
    ::testing::Values(
        SamePair{"SequentialAgainstClass", "sequential.py:net", "sequential.py:seq", {}},
        SamePair{"ListAgainstModuleList", "lists.py:PlainList()", "lists.py:Registered()", {"-i", "x=f32[4,8]"}},
        SamePair{
            "FunctionalAgainstModule", "functional.py:Functional()", "functional.py:Modules()", {"-i", "x=f32[4,10]"}},
        SamePair{"BatchNormFolded", "folded.py:Plain()", "folded.py:Folded()", {"-i", "x=f32[2,3,8,8]"}},
        SamePair{"OnnxAgainstSource", "exported.onnx", "exported.py:Net()", {"--weights-b", pair_file("exported.pth")}},
        SamePair{"OnnxAgainstSourceWithoutWeights", "exported.py:Net()", "exported.onnx", {}},
        SamePair{"SharedAgainstRepeated", "shared.py:Shared()", "shared.py:Repeated()", {"-i", "x=f32[4,6]"}},
        SamePair{"EqualWeights",
                 "weights.py:Net()",
                 "weights.py:Net()",
                 {"-i", "x=f32[4,6]", "--weights", pair_file("weights.a.npz")}},
        SamePair{"ItselfInTraining", "mode.py:Dropping()", "mode.py:Dropping()", {"-i", "x=f32[4,6]", "--train"}}),
    [](const auto& row) { return row.param.name; });

struct Place {
  std::string op;
  int line = 0;
  bool differs = true;
};

struct DifferentPair {
  std::string name;
  std::string a;
  std::string b;
  std::vector<std::string> options;
  std::string cause;
  Place at_a;
  Place at_b;
  std::string word;  ///< stands in the summary or in a reason
};

class Different : public ::testing::TestWithParam<DifferentPair> {};

void expect_place(const Json& got, const Place& want) {
  ASSERT_TRUE(got.is_object()) << got.dump(2);
  EXPECT_EQ(got["op"], want.op);
  EXPECT_EQ(got["line"], want.line);
  EXPECT_EQ(got["differs"], want.differs);
}

TEST_P(Different, FindsTheFirstDifference) {
  const DifferentPair& pair = GetParam();
  const TemporaryFolder folder;
  std::vector<std::string> arguments{pair_file(pair.a), pair_file(pair.b), "--repro", folder.path().string()};
  arguments.insert(arguments.end(), pair.options.begin(), pair.options.end());
  ExitStatus status{};
  const Json report = diff_json(arguments, status);
  ASSERT_FALSE(report.is_discarded());
  EXPECT_EQ(status, ExitStatus::ModelWrong);
  EXPECT_EQ(report["same"], false);
  EXPECT_EQ(report["cause"], pair.cause) << report.dump(2);
  expect_place(report["first_difference"]["a"], pair.at_a);
  expect_place(report["first_difference"]["b"], pair.at_b);
  std::string words = report["summary"];
  for (const Json& reason : report["reasons"]) words += "\n" + reason.get<std::string>();
  EXPECT_NE(words.find(pair.word), std::string::npos) << words;

  // What was cut out differs too; random numbers can't be cut out.
  if (pair.name == "DropoutInTraining") return;
  ASSERT_EQ(report["reproducer"].size(), 2U) << report.dump(2);
  const Json cut = diff_json({report["reproducer"][0], report["reproducer"][1]}, status);
  ASSERT_FALSE(cut.is_discarded());
  EXPECT_EQ(status, ExitStatus::ModelWrong) << cut.dump(2);
  EXPECT_EQ(cut["same"], false);
}

INSTANTIATE_TEST_SUITE_P(Pairs, Different,
                         ::testing::Values(DifferentPair{"RegistrationOrder",
                                                         "order.py:net",
                                                         "order.py:rebuilt",
                                                         {},
                                                         "order",
                                                         {"Linear", 13},
                                                         {"Linear", 8},
                                                         "registered them: `mix`, `project` and `act`"},
                                           DifferentPair{"LostFunctional",
                                                         "lost.py:net",
                                                         "lost.py:copy",
                                                         {},
                                                         "missing-operation",
                                                         {"F.relu", 14},
                                                         {"Linear", 10, false},
                                                         "F.relu (line 14) is a call in forward"},
                                           DifferentPair{"Epsilon",
                                                         "epsilon.py:Net(1e-5)",
                                                         "epsilon.py:Net(1e-3)",
                                                         {"-i", "x=f32[4,6]"},
                                                         "attribute",
                                                         {"BatchNorm1d", 13},
                                                         {"BatchNorm1d", 13},
                                                         "1e-05 in A, 0.001 in B"},
                                           DifferentPair{"SmallEpsilon",
                                                         "epsilon.py:Net(1e-5)",
                                                         "epsilon.py:Net(1e-6)",
                                                         {"-i", "x=f32[4,6]"},
                                                         "attribute",
                                                         {"BatchNorm1d", 13},
                                                         {"BatchNorm1d", 13},
                                                         "1e-05 in A, 1e-06 in B"},
                                           DifferentPair{"DropoutInTraining",
                                                         "mode.py:Dropping()",
                                                         "mode.py:Dropping()",
                                                         {"-i", "x=f32[4,6]", "--train-b"},
                                                         "train-eval",
                                                         {"Linear", 15, false},
                                                         {"Dropout", 14},
                                                         "--train-b"},
                                           DifferentPair{"BatchStatistics",
                                                         "mode.py:Normalizing()",
                                                         "mode.py:Normalizing()",
                                                         {"-i", "x=f32[4,6]", "--train-a"},
                                                         "train-eval",
                                                         {"BatchNorm1d", 25},
                                                         {"BatchNorm1d", 25},
                                                         "mean and variance of this batch"},
                                           DifferentPair{"OneWeight",
                                                         "weights.py:Net()",
                                                         "weights.py:Net()",
                                                         {"-i", "x=f32[4,6]", "--weights-a", pair_file("weights.a.npz"),
                                                          "--weights-b", pair_file("weights.b.npz")},
                                                         "weights",
                                                         {"Linear", 13},
                                                         {"Linear", 13},
                                                         "`fc2.weight`: 1 of 36 elements differs, at [2,5]"},
                                           DifferentPair{"TransposedFlatten",
                                                         "flatten.py:Net()",
                                                         "flatten.py:Transposed()",
                                                         {"-i", "x=f32[2,1,8,8]"},
                                                         "extra-operation",
                                                         {"torch.flatten", 13, false},
                                                         {"x.permute", 25},
                                                         "x.permute (line 25)"}),
                         [](const auto& row) { return row.param.name; });

// The question of every day: list, .children() and Sequential of one model.
TEST(DiffTorchCases, VariablesOfScripts) {
  LATHE_REQUIRE_SHARED(cases, "torch-cases");
  struct Row {
    std::string file, a, b;
    bool same;
  };
  const Row rows[] = {{"children_order_silent.py", "y", "z", false},
                      {"children_drops_relu_silent.py", "y", "z", false},
                      {"children_nested.py", "y", "same", true},
                      {"children_shared_module.py", "y", "same", true},
                      {"children_shared_module.py", "y", "z", false},
                      {"children_nested.py", "net", "flat", true},
                      {"children_order_silent.py", "net", "rebuilt", false},
                      {"children_drops_relu_silent.py", "net", "copy", false},
                      {"children_shared_module.py", "net", "copy", false}};
  for (const Row& row : rows) {
    const std::string path = (cases / row.file).string();
    ExitStatus status{};
    const Json report = diff_json({path + ":" + row.a, path + ":" + row.b}, status);
    ASSERT_FALSE(report.is_discarded()) << row.file;
    EXPECT_EQ(report["same"], row.same) << row.file << " " << row.a << " " << row.b << report.dump(2);
    EXPECT_EQ(status, row.same ? ExitStatus::Fine : ExitStatus::ModelWrong);
  }
}

}  // namespace
}  // namespace lathe::test
