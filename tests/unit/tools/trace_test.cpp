// `lathe trace`: where a NaN comes from on every back end, files of layers, exit statuses.
#include <nlohmann/json.hpp>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <limits>

#include "gtest/gtest.h"
#include "compiler/compile.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/tools/command.h"
#include "compiler/tools/statistics.h"
#include "tests/support/onnx_text.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

using Json = nlohmann::json;

class Trace : public ::testing::Test {
 protected:
  ExitStatus lathe(std::vector<std::string> arguments) {
    OutputStream out_stream;
    OutputStream err_stream;
    const ExitStatus status = run_tool(arguments, {out_stream, err_stream});
    out_ = out_stream.text();
    err_ = err_stream.text();
    return status;
  }
  Json trace(std::vector<std::string> arguments) {
    arguments.insert(arguments.begin(), {"trace", "--format=json"});
    EXPECT_EQ(lathe(arguments), ExitStatus::Fine) << err_;
    return Json::parse(out_, nullptr, false);
  }
  std::string npy(std::string_view name, std::vector<int64_t> dims, const std::vector<float>& values) {
    TensorType type{ElementType::F32, {}, true};
    for (const int64_t dim : dims) type.dims.emplace_back(dim);
    Diagnostics diagnostics;
    EXPECT_TRUE(weights::write_npy(folder_.file(name), type, std::as_bytes(std::span(values)), {}, diagnostics).ok());
    return folder_.file(name);
  }
  std::string onnx(std::string_view text) {
    EXPECT_EQ(test::write_onnx_text(text, folder_.path(), "m.onnx"), "");
    return folder_.file("m.onnx");
  }
  std::vector<std::string> files() const {
    std::vector<std::string> names;
    if (!std::filesystem::exists(folder_.path() / "layers")) return names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path() / "layers")) {
      names.push_back(entry.path().filename().string());
    }
    std::sort(names.begin(), names.end());
    return names;
  }

  test::TemporaryFolder folder_;
  std::string out_;
  std::string err_;
};

class TraceBackend : public Trace, public ::testing::WithParamInterface<std::string> {};
INSTANTIATE_TEST_SUITE_P(Backends, TraceBackend, ::testing::Values("jit", "interp", "kernel-interp"),
                         [](const auto& info) {
                           std::string name = info.param;
                           std::replace(name.begin(), name.end(), '-', '_');
                           return name;
                         });

constexpr std::string_view kBlocks = R"(import torch
import torch.nn as nn

class Scale(nn.Module):
    def __init__(self, by):
        super().__init__()
        self.by = by
    def forward(self, x):
        return x * self.by

class Root(nn.Module):
    def forward(self, x):
        return torch.sqrt(x)

net = nn.Sequential(Scale(2.0), nn.ReLU(inplace=True), Scale(-3.0), Root(), nn.Softmax(dim=1))
)";

TEST_P(TraceBackend, NamesTheLayerThatMadeTheFirstNan) {
  if (!is_available(*parse_backend(GetParam()))) GTEST_SKIP() << "not in this build";
  folder_.write("net.py", kBlocks);
  const Json report = trace(
      {folder_.file("net.py") + ":net", "-i", npy("x.npy", {2, 3}, {-1, -2, -3, -4, 5, -6}), "--backend", GetParam()});
  ASSERT_TRUE(report.is_object());
  EXPECT_EQ(report["backend"], GetParam());
  ASSERT_EQ(report["layers"].size(), 6u);
  // The result of a layer is what it was when the layer ended, whatever is done to it in place.
  EXPECT_EQ(report["layers"][0]["min"], -12.0);
  EXPECT_EQ(report["layers"][1]["min"], 0.0);
  EXPECT_EQ(report["layers"][1]["max"], 10.0);
  EXPECT_DOUBLE_EQ(report["layers"][1]["mean"].get<double>(), 10.0 / 6);
  EXPECT_EQ(report["layers"][2]["min"], -30.0);
  EXPECT_EQ(report["layers"][2]["nan"], 0);
  EXPECT_EQ(report["layers"][3]["nan"], 1);
  const Json& found = report["first_nonfinite"];
  ASSERT_TRUE(found.is_object());
  EXPECT_EQ(found["kind"], "nan");
  EXPECT_EQ(found["cause"], "operation");
  EXPECT_EQ(found["layer"], "3");
  EXPECT_EQ(found["index"], 3);
  EXPECT_EQ(found["line"], 13);
  EXPECT_EQ(found["count"], 1);
  EXPECT_EQ(found["elements"], 6);
  EXPECT_EQ(found["position"], (std::vector<int64_t>{1, 1}));
  EXPECT_EQ(found["expression"], "sqrt(-30)");
  ASSERT_EQ(found["operands"].size(), 1u);
  EXPECT_EQ(found["operands"][0]["value"], -30.0);
  EXPECT_EQ(found["harmless"], false);
}

TEST_P(TraceBackend, NanOfAnInputAndOfAWeightIsNotTheLayersFault) {
  if (!is_available(*parse_backend(GetParam()))) GTEST_SKIP() << "not in this build";
  folder_.write("net.py", kBlocks);
  const float nan = std::numeric_limits<float>::quiet_NaN();
  Json found = trace({folder_.file("net.py") + ":Scale(2.0)", "-i", npy("x.npy", {4}, {1, 2, nan, 4}), "--backend",
                      GetParam()})["first_nonfinite"];
  EXPECT_EQ(found["cause"], "input");
  EXPECT_EQ(found["op"], "x");
  EXPECT_EQ(found["position"], (std::vector<int64_t>{2}));
  const std::string model = onnx(R"(
graph (float[2,2] x) => (float[2,2] y) {
  w = float[2,2] {1, 2, 3, inf}
  y = Add "add" (x, w)
})");
  found = trace({model, "-i", npy("z.npy", {2, 2}, {1, 2, 3, 4}), "--backend", GetParam()})["first_nonfinite"];
  EXPECT_EQ(found["cause"], "weight");
  EXPECT_EQ(found["kind"], "inf");
  EXPECT_EQ(found["op"], "w");
  EXPECT_EQ(found["position"], (std::vector<int64_t>{1, 1}));
}

TEST_P(TraceBackend, InfinityThatIsGoneAtTheEndIsHarmless) {
  if (!is_available(*parse_backend(GetParam()))) GTEST_SKIP() << "not in this build";
  const std::string model = onnx(R"(
graph (float[1,3] x) => (float[1,3] y) {
  mask = float[3] {0, 0, -inf}
  masked = Add "mask" (x, mask)
  y = Softmax "softmax" <axis = 1> (masked)
})");
  const Json report = trace({model, "-i", npy("x.npy", {1, 3}, {1, 2, 3}), "--backend", GetParam()});
  EXPECT_EQ(report["first_nonfinite"]["harmless"], true);
  EXPECT_EQ(report["first_nonfinite"]["kind"], "inf");
  EXPECT_EQ(report["layers"][0]["inf"], 1);
  EXPECT_EQ(report["layers"][1]["inf"], 0);
  EXPECT_EQ(report["layers"][1]["nan"], 0);
}

TEST_F(Trace, RepeatedCallsHaveFilesOfTheirOwn) {
  folder_.write("net.py", R"(import torch.nn as nn
class Twice(nn.Module):
    def __init__(self):
        super().__init__()
        self.act = nn.ReLU()
    def forward(self, x):
        return self.act(self.act(x) - 2), x
)");
  const Json report = trace({folder_.file("net.py") + ":Twice()", "-i", npy("x.npy", {3}, {-1, 2, 4}), "-o",
                             folder_.file("layers"), "--backend=interp"});
  EXPECT_EQ(files(),
            (std::vector<std::string>{"001_act.npy", "002_act.npy", "003__model_.0.npy", "003__model_.1.npy"}));
  EXPECT_EQ(report["files"].size(), 4u);
  Diagnostics diagnostics;
  const Result<ConstantData> second = weights::read_npy(folder_.file("layers/002_act.npy"), diagnostics);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(element_as_double(*second, 1), 0.0);
  EXPECT_EQ(element_as_double(*second, 2), 2.0);
  EXPECT_EQ(report["layers"][2]["others"].size(), 1u);
}

TEST_F(Trace, AFailedWriteLeavesNoFile) {
  folder_.write("net.py", kBlocks);
  // A folder stands where the third file should be.
  std::filesystem::create_directories(folder_.path() / "layers" / "003_2.npy" / "occupied");
  EXPECT_EQ(lathe({"trace", folder_.file("net.py") + ":net", "-i", "x=f32[1,3]", "-o", folder_.file("layers")}),
            ExitStatus::Failed);
  EXPECT_EQ(files(), (std::vector<std::string>{"003_2.npy"}));
  EXPECT_NE(err_.find("LT0002"), std::string::npos) << err_;
}

TEST_F(Trace, ExitStatuses) {
  folder_.write("net.py", kBlocks);
  EXPECT_EQ(lathe({"trace", folder_.file("net.py") + ":net"}), ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"trace", folder_.file("net.py") + ":net", "-i", "x=f32[1,3]", "--format=xml"}),
            ExitStatus::CommandLineWrong);
  EXPECT_EQ(lathe({"trace", folder_.file("none.py") + ":net", "-i", "x=f32[1,3]"}), ExitStatus::Failed);
  folder_.write("bad.py", "import torch.nn as nn\nnet = nn.Linear(3, 4)\n");
  EXPECT_EQ(lathe({"trace", folder_.file("bad.py") + ":net", "-i", "x=f32[1,5]"}), ExitStatus::ModelWrong);
}

TEST_F(Trace, TheBackendIsTheCallersChoice) {
  if (!is_available(Backend::Jit)) GTEST_SKIP() << "not in this build";
  const std::string model = onnx(R"(
graph (float[4] x) => (int64[1,?] y) {
  y = NonZero "where" (x)
})");
  EXPECT_EQ(lathe({"trace", model, "-i", npy("x.npy", {4}, {1, 0, 2, 0}), "--backend=jit"}), ExitStatus::Unsupported);
  EXPECT_NE(err_.find("--backend=interp"), std::string::npos) << err_;
  const Json report = trace({model, "-i", folder_.file("x.npy"), "--backend=interp"});
  EXPECT_EQ(report["layers"][0]["shape"], (std::vector<int64_t>{1, 2}));
  EXPECT_EQ(report["layers"][0]["max"], 2);
}

TEST(Statistics, SkipWhatIsNotFinite) {
  const double inf = std::numeric_limits<double>::infinity();
  const double values[] = {1, 2, 3, 4, inf, -inf, std::nan("")};
  const Statistics found = *statistics(constant_from_doubles({ElementType::F64, {Dim(7)}}, values));
  EXPECT_EQ(found.elements, 7);
  EXPECT_EQ(found.nan, 1);
  EXPECT_EQ(found.infinite, 2);
  EXPECT_EQ(found.least, 1);
  EXPECT_EQ(found.most, 4);
  EXPECT_EQ(found.mean, 2.5);
  EXPECT_DOUBLE_EQ(found.deviation, std::sqrt(1.25));
}

TEST(Statistics, HugeNumbersHaveAMean) {
  const double values[] = {1.5e308, 1.5e308, 1.5e308};
  EXPECT_DOUBLE_EQ(statistics(constant_from_doubles({ElementType::F64, {Dim(3)}}, values))->mean, 1.5e308);
  EXPECT_EQ(statistics(constant_from_doubles({ElementType::F32, {Dim(0)}}, {}))->finite(), 0);
}

}  // namespace
}  // namespace lathe::tools
