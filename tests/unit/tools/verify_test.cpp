// `lathe verify`: every test gets a status, whatever its files are.
#include <fstream>

#include "gtest/gtest.h"
#include "compiler/tools/command.h"
#include "tests/support/onnx_text.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

class Verify : public ::testing::Test {
 protected:
  // A test folder with a model, one input and one expected output.
  void add(const std::string& name, std::string_view model, const std::vector<float>& input,
           const std::vector<float>& output) {
    const std::filesystem::path path = folder_.path() / name;
    std::filesystem::create_directories(path / "test_data_set_0");
    EXPECT_EQ(test::write_onnx_text(model, path, "model.onnx"), "");
    write(path / "test_data_set_0" / "input_0.pb", input);
    write(path / "test_data_set_0" / "output_0.pb", output);
  }
  static void write(const std::filesystem::path& path, const std::vector<float>& values) {
    const auto count = static_cast<int64_t>(values.size());
    std::ofstream(path, std::ios::binary) << test::to_bytes(test::float_tensor("", {count}, values));
  }
  ExitStatus verify(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"verify", folder_.path().string(), "--backend=interp"});
    OutputStream out_stream;
    OutputStream err_stream;
    const ExitStatus status = run_tool(arguments, {out_stream, err_stream});
    out_ = out_stream.text();
    err_ = err_stream.text();
    return status;
  }

  test::TemporaryFolder folder_;
  std::string out_;
  std::string err_;
};

constexpr std::string_view kRelu = "graph (float[2] x) => (float[2] y) { y = Relu (x) }";

TEST_F(Verify, GivesEveryTestAStatus) {
  add("a_pass", kRelu, {-1, 2}, {0, 2});
  add("b_fail", kRelu, {-1, 2}, {0, 3});
  add("c_unsupported", "graph (float[2] x) => (float[2] y) { y = Frobnicate (x) }", {-1, 2}, {0, 2});
  add("d_broken", "bytes \"no model\"", {-1, 2}, {0, 2});
  add("e_wrong_input", kRelu, {-1, 2, 3}, {0, 2, 3});
  add("deep/er/f_future", "opset 99 graph (float[2] x) => (float[2] y) { y = Relu (x) }", {-1, 2}, {0, 2});
  EXPECT_EQ(verify({"--format=tsv"}), ExitStatus::Failed);
  EXPECT_EQ(err_, "1 passed, 1 failed, 2 unsupported, 2 error\n");
  std::vector<std::string> lines;
  for (size_t at = 0; at < out_.size(); at = out_.find('\n', at) + 1)
    lines.push_back(out_.substr(at, out_.find('\n', at) - at));
  ASSERT_EQ(lines.size(), 6u) << out_;
  EXPECT_EQ(lines[0], "a_pass\tpass\t");
  EXPECT_EQ(lines[1], "b_fail\tfail\toutput 0: 1 of 2 elements differ, most at [1]: 2, expected 3");
  EXPECT_TRUE(lines[2].starts_with("c_unsupported\tunsupported\tLT0901: ")) << lines[2];
  EXPECT_TRUE(lines[3].starts_with("d_broken\terror\tLT0301: ")) << lines[3];
  EXPECT_TRUE(lines[4].starts_with("f_future\tunsupported\tLT0304: ")) << lines[4];
  EXPECT_TRUE(lines[5].starts_with("e_wrong_input\terror\tLT0701: ")) << lines[5];
}

TEST_F(Verify, ReadsTolerancesOfAnIndex) {
  add("close", kRelu, {1, 2}, {1.05f, 2});
  add("random", kRelu, {1, 2}, {7, 8});
  EXPECT_EQ(verify({}), ExitStatus::Failed);
  std::ofstream(folder_.path() / "index.tsv")
      << "name\tflags\trtol\tatol\nclose\t-\t0.1\t0\nrandom\tnondeterministic\t1e-3\t1e-7\n";
  EXPECT_EQ(verify({"--format=tsv"}), ExitStatus::Fine) << out_;
  EXPECT_EQ(out_, "close\tpass\t\nrandom\tpass\tonly type and shape are compared\n");
}

TEST_F(Verify, FoldersWithoutTestsAreSaidSo) {
  EXPECT_EQ(verify({}), ExitStatus::Failed);
  EXPECT_NE(err_.find("holds no ONNX test"), std::string::npos) << err_;
  add("no_data", kRelu, {1, 2}, {1, 2});
  std::filesystem::remove_all(folder_.path() / "no_data" / "test_data_set_0");
  EXPECT_EQ(verify({"--format=tsv"}), ExitStatus::Failed);
  EXPECT_EQ(out_, "no_data\terror\tno test_data_set_0\n");
}

TEST_F(Verify, ManyJobsGiveTheSameOrder) {
  for (int i = 0; i < 12; ++i) add("t" + std::to_string(10 + i), kRelu, {-1, 2}, {0, static_cast<float>(i % 3)});
  EXPECT_EQ(verify({"--format=tsv", "-j", "1"}), ExitStatus::Failed);
  const std::string one = out_;
  EXPECT_EQ(verify({"--format=tsv", "-j", "8"}), ExitStatus::Failed);
  EXPECT_EQ(out_, one);
}

}  // namespace
}  // namespace lathe::tools
