// `lathe run`: files of outputs, their names, expectations.
#include "gtest/gtest.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/tools/command.h"
#include "tests/support/onnx_text.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

class Run : public ::testing::Test {
 protected:
  ExitStatus lathe(std::vector<std::string> arguments) {
    OutputStream out_stream;
    OutputStream err_stream;
    const ExitStatus status = run_tool(arguments, {out_stream, err_stream});
    out_ = out_stream.text();
    err_ = err_stream.text();
    return status;
  }
  std::string onnx(std::string_view text) {
    EXPECT_EQ(test::write_onnx_text(text, folder_.path(), "m.onnx"), "");
    return folder_.file("m.onnx");
  }
  std::string npy(std::string_view name, std::vector<int64_t> dims, const std::vector<float>& values) {
    TensorType type{ElementType::F32, {}, true};
    for (const int64_t dim : dims) type.dims.emplace_back(dim);
    Diagnostics diagnostics;
    EXPECT_TRUE(weights::write_npy(folder_.file(name), type, std::as_bytes(std::span(values)), {}, diagnostics).ok());
    return folder_.file(name);
  }

  test::TemporaryFolder folder_;
  std::string out_;
  std::string err_;
};

constexpr std::string_view kDouble = R"(
graph (float[N] x) => (float[N] "out/y 1") {
  two = float[1] {2}
  "out/y 1" = Mul "double" (x, two)
})";

TEST_F(Run, WritesOutputsUnderSafeNames) {
  const std::string x = npy("x.npy", {3}, {1, 2, 3});
  const std::string results = folder_.file("deep/results");
  EXPECT_EQ(lathe({"run", onnx(kDouble), "-i", x, "-o", results, "--backend=interp"}), ExitStatus::Fine) << err_;
  EXPECT_EQ(out_, results + "/out_y_1.npy\n");
  Diagnostics diagnostics;
  const Result<ConstantData> y = weights::read_npy(results + "/out_y_1.npy", diagnostics);
  ASSERT_TRUE(y.ok());
  EXPECT_EQ(element_as_double(*y, 2), 6.0);
}

TEST_F(Run, ComparesWithExpectations) {
  const std::string model = onnx(kDouble);
  const std::string x = npy("x.npy", {2}, {1, 2});
  const std::string good = npy("good.npy", {2}, {2, 4.0001f});
  const std::string bad = npy("bad.npy", {2}, {2, 5});
  const std::string other = npy("other.npy", {3}, {2, 4, 6});
  EXPECT_EQ(lathe({"run", model, "-i", x, "--expect", good, "--backend=interp"}), ExitStatus::Fine) << err_;
  EXPECT_EQ(lathe({"run", model, "-i", x, "--expect", bad, "--backend=interp"}), ExitStatus::Failed);
  EXPECT_NE(err_.find("LT0704"), std::string::npos) << err_;
  EXPECT_EQ(lathe({"run", model, "-i", x, "--expect", bad, "--tolerance", "0.3", "--backend=interp"}),
            ExitStatus::Fine);
  EXPECT_EQ(lathe({"run", model, "-i", x, "--expect", other, "--backend=interp"}), ExitStatus::Failed);
  EXPECT_NE(err_.find("type `f32[2]`, expected `f32[3]`"), std::string::npos) << err_;
  EXPECT_EQ(lathe({"run", model, "-i", x, "--expect", "gone=" + bad, "--backend=interp"}),
            ExitStatus::CommandLineWrong);
}

TEST_F(Run, TheSameSeedGivesTheSameData) {
  const std::string model = onnx(kDouble);
  EXPECT_EQ(lathe({"run", model, "-i", "f32[4]", "--seed", "5", "--backend=interp"}), ExitStatus::Fine) << err_;
  const std::string first = out_;
  EXPECT_EQ(lathe({"run", model, "--dim", "N=4", "--seed", "5", "--backend=interp"}), ExitStatus::Fine) << err_;
  EXPECT_EQ(out_, first);
  EXPECT_EQ(lathe({"run", model, "--dim", "N=4", "--seed", "6", "--backend=interp"}), ExitStatus::Fine);
  EXPECT_NE(out_, first);
}

TEST_F(Run, SaysWhatIsWrongWithTheCommandLine) {
  const std::string model = onnx(kDouble);
  EXPECT_EQ(lathe({"run", model}), ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"run", model, "--dim", "M=4"}), ExitStatus::CommandLineWrong);
  EXPECT_NE(err_.find("the model has no size called `M`"), std::string::npos) << err_;
  EXPECT_EQ(lathe({"run", model, "--dim", "N"}), ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"run", model, "-i", "z=f32[4]"}), ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"run", model, "-i", "f64[4]"}), ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"run", model, "-i", folder_.file("gone.npy")}), ExitStatus::Failed);
}

TEST_F(Run, RanksAndTypesOfFilesAreChecked) {
  const std::string model = onnx(kDouble);
  const std::string matrix = npy("matrix.npy", {2, 2}, {1, 2, 3, 4});
  EXPECT_EQ(lathe({"run", model, "-i", matrix, "--backend=interp"}), ExitStatus::CommandLineWrong);
  EXPECT_NE(err_.find("LT0701"), std::string::npos) << err_;
}

}  // namespace
}  // namespace lathe::tools
