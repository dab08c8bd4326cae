// Inputs, errors and mappings of `lathe diff`.
#include "gtest/gtest.h"
#include "tests/diff/diff_run.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;
using tools::ExitStatus;

TEST(Diff, MapsNamesOfParameters) {
  ExitStatus status{};
  const Json report = diff_json({pair_file("sequential.py:net"), pair_file("sequential.py:seq")}, status);
  std::vector<std::string> rows;
  for (const Json& row : report["parameters"])
    rows.push_back(row["a"].get<std::string>() + " <-> " + row["b"].get<std::string>());
  EXPECT_EQ(rows,
            (std::vector<std::string>{"conv.weight <-> 0.weight", "conv.bias <-> 0.bias", "hidden.weight <-> 4.weight",
                                      "hidden.bias <-> 4.bias", "out.weight <-> 6.weight", "out.bias <-> 6.bias"}));
}

// A list is not registered: its parameters are in no state dict, and the answer says so.
TEST(Diff, TellsOfPlainLists) {
  ExitStatus status{};
  const Json report =
      diff_json({pair_file("lists.py:PlainList()"), pair_file("lists.py:Registered()"), "-i", "x=f32[4,8]"}, status);
  EXPECT_NE(report["notes"].dump().find("no state dict"), std::string::npos) << report["notes"].dump(2);
}

TEST(Diff, OtherShapesAreAnAnswer) {
  const TemporaryFolder folder;
  folder.write("a.lathe",
               "graph @g(%x: f32[2, 3]) -> (f32[2, 3]) {\n  %y = relu %x : f32[2, 3]\n  return %y : f32[2, 3]\n}\n");
  folder.write("b.lathe",
               "graph @g(%x: f32[2, 4]) -> (f32[2, 4]) {\n  %y = relu %x : f32[2, 4]\n  return %y : f32[2, 4]\n}\n");
  ExitStatus status{};
  const Json report = diff_json({folder.file("a.lathe"), folder.file("b.lathe")}, status);
  EXPECT_EQ(status, ExitStatus::ModelWrong);
  EXPECT_EQ(report["cause"], "inputs");
  EXPECT_EQ(report["summary"], "A takes `x` as f32[2,3], B takes `x` as f32[2,4]");
}

// Texts of the IR are compared as anything else; the first operation that differs is in the middle.
TEST(Diff, TextualGraphs) {
  const TemporaryFolder folder;
  const std::string head = "graph @g(%x: f32[2, 3]) -> (f32[2, 3]) {\n  %a = tanh %x : f32[2, 3]\n";
  const std::string tail = "  %c = exp %b : f32[2, 3]\n  return %c : f32[2, 3]\n}\n";
  folder.write("a.lathe", head + "  %b = relu %a : f32[2, 3]\n" + tail);
  folder.write("b.lathe", head + "  %b = sigmoid %a : f32[2, 3]\n" + tail);
  ExitStatus status{};
  const Json report = diff_json({folder.file("a.lathe"), folder.file("b.lathe")}, status);
  EXPECT_EQ(report["cause"], "other-operation");
  EXPECT_EQ(report["first_difference"]["a"]["op"], "relu");
  EXPECT_EQ(report["first_difference"]["b"]["op"], "sigmoid");
  EXPECT_EQ(report["first_difference"]["b"]["line"], 3);
}

TEST(Diff, AnErrorInOneSideIsShown) {
  const TemporaryFolder folder;
  folder.write("b.py", "import torch.nn as nn\nnet = nn.Sequential(nn.Linear(6, 9), nn.Linear(8, 2))\n");
  const DiffResult result = run_diff({pair_file("weights.py:Net()"), folder.file("b.py") + ":net", "-i", "x=f32[4,6]"});
  EXPECT_EQ(result.status, ExitStatus::ModelWrong);
  EXPECT_NE(result.err.find("B ("), std::string::npos) << result.err;
  EXPECT_NE(result.err.find("LT0203"), std::string::npos) << result.err;
}

// Ones and zeros of new layers hide nothing: weights that can be learned on one side only are a difference.
TEST(Diff, AffineOnOneSide) {
  const TemporaryFolder folder;
  folder.write("m.py",
               "import torch.nn as nn\ndef make(affine):\n    return nn.Sequential(nn.Linear(4, 3), "
               "nn.BatchNorm1d(3, affine=affine))\n");
  const std::string path = folder.file("m.py");
  ExitStatus status{};
  const Json report = diff_json({path + ":make(True)", path + ":make(False)", "-i", "f32[5,4]"}, status);
  EXPECT_EQ(status, ExitStatus::ModelWrong);
  EXPECT_EQ(report["cause"], "attribute") << report.dump(2);
  EXPECT_NE(report["summary"].get<std::string>().find("affine"), std::string::npos) << report["summary"];
}

// Momentum matters in training only: the same function, and a note.
TEST(Diff, MomentumIsANote) {
  const TemporaryFolder folder;
  folder.write("m.py",
               "import torch.nn as nn\ndef make(momentum):\n    return nn.Sequential(nn.Linear(4, 3), "
               "nn.BatchNorm1d(3, momentum=momentum))\n");
  const std::string path = folder.file("m.py");
  ExitStatus status{};
  const Json report = diff_json({path + ":make(0.1)", path + ":make(0.01)", "-i", "f32[5,4]"}, status);
  EXPECT_EQ(status, ExitStatus::Fine);
  EXPECT_NE(report["notes"].dump().find("momentum = 0.1 in A, 0.01 in B"), std::string::npos) << report["notes"];
}

TEST(Diff, OperandsInAnotherOrder) {
  const TemporaryFolder folder;
  const std::string head = "graph @g(%x: f32[2, 3]) -> (f32[2, 3]) {\n  %a = tanh %x : f32[2, 3]\n";
  const std::string tail = " : f32[2, 3]\n  return %b : f32[2, 3]\n}\n";
  folder.write("a.lathe", head + "  %b = sub %a, %x" + tail);
  folder.write("b.lathe", head + "  %b = sub %x, %a" + tail);
  ExitStatus status{};
  const Json report = diff_json({folder.file("a.lathe"), folder.file("b.lathe")}, status);
  EXPECT_EQ(report["cause"], "other-operand") << report.dump(2);
  EXPECT_EQ(report["first_difference"]["a"]["line"], 3);
}

TEST(Diff, MissingFileFails) {
  EXPECT_EQ(run_diff({"absent.onnx", "absent.onnx"}).status, run_diff({"absent.lathe", "absent.onnx"}).status);
  EXPECT_NE(run_diff({"absent.onnx", "absent.onnx"}).status, ExitStatus::Fine);
}

}  // namespace
}  // namespace lathe::test
