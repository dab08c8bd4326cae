// `lathe trace --format=json` over the PyTorch cases that run: layers, shapes and outputs as PyTorch has them, files of
// layers whose elements have the statistics that the JSON says.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <cmath>
#include <fstream>
#include <limits>

#include "gtest/gtest.h"
#include "compiler/frontend/weights/npy.h"
#include "compiler/tools/array_files.h"
#include "compiler/tools/command.h"
#include "tests/support/shared_data.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;

struct Outcome {
  tools::ExitStatus status = tools::ExitStatus::Fine;
  std::string out;
  std::string err;
};

Outcome lathe(const std::vector<std::string>& arguments) {
  tools::OutputStream out;
  tools::OutputStream err;
  const tools::ExitStatus status = tools::run_tool(arguments, {out, err});
  return {status, out.text(), err.text()};
}

// Shapes in nested lists of results, in order; None has none.
void collect_shapes(const Json& output, std::vector<std::vector<int64_t>>& shapes) {
  if (output.is_null()) return;
  const bool is_nested = std::any_of(output.begin(), output.end(), [](const Json& part) { return !part.is_number(); });
  if (!is_nested) {
    shapes.push_back(output.get<std::vector<int64_t>>());
    return;
  }
  for (const Json& part : output) collect_shapes(part, shapes);
}

std::vector<std::vector<int64_t>> traced_shapes(const Json& layer) {
  std::vector<std::vector<int64_t>> shapes;
  if (!layer["shape"].is_null()) shapes.push_back(layer["shape"].get<std::vector<int64_t>>());
  for (const Json& other : layer.value("others", Json::array())) shapes.push_back(other["shape"]);
  return shapes;
}

void same_layers(const Json& got, const Json& want) {
  ASSERT_EQ(got.size(), want.size());
  for (size_t i = 0; i < got.size(); ++i) {
    EXPECT_EQ(got[i]["name"], want[i]["layer"]);
    EXPECT_EQ(got[i]["op"], want[i]["type"]);
    std::vector<std::vector<int64_t>> shapes;
    collect_shapes(want[i]["output"], shapes);
    EXPECT_EQ(traced_shapes(got[i]), shapes) << got[i]["name"];
  }
}

// The statistics of an array against those that a row of the JSON has.
void same_statistics(const ConstantData& array, const Json& row) {
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  double sum = 0;
  double squares = 0;
  const int64_t count = array.element_count();
  ASSERT_GT(count, 0);
  for (int64_t i = 0; i < count; ++i) {
    const double value = element_as_double(array, i);
    ASSERT_TRUE(std::isfinite(value));
    least = std::min(least, value);
    most = std::max(most, value);
    sum += value;
    squares += value * value;
  }
  const double mean = sum / static_cast<double>(count);
  const double variance = std::max(0.0, squares / static_cast<double>(count) - mean * mean);
  EXPECT_EQ(row["nan"], 0);
  EXPECT_EQ(row["inf"], 0);
  EXPECT_EQ(row["min"].get<double>(), least);
  EXPECT_EQ(row["max"].get<double>(), most);
  const double size = std::max(std::abs(least), std::abs(most));
  EXPECT_NEAR(row["mean"].get<double>(), mean, 1e-9 * size + 1e-30);
  EXPECT_NEAR(row["std"].get<double>(), std::sqrt(variance), 1e-6 * size + 1e-30);
}

class TraceCases : public testing::Test {
 protected:
  // Elements that a model of this kind takes; `high` bounds those of an Embedding.
  std::string write_input(const Json& input, size_t index) const {
    const std::string dtype = input.at("dtype");
    TensorType type{dtype == "int64" ? ElementType::I64 : ElementType::F32, {}, true};
    int64_t count = 1;
    for (const int64_t size : input.at("shape")) {
      type.dims.emplace_back(size);
      count *= size;
    }
    std::vector<double> values;
    uint32_t state = 7;
    for (int64_t i = 0; i < count; ++i) {
      state = state * 1664525u + 1013904223u;
      const int64_t high = input.value("high", 2);
      values.push_back(type.element == ElementType::I64 ? static_cast<double>((state >> 8) % high)
                                                        : static_cast<double>(state >> 8) / 8388608.0 - 1.0);
    }
    const std::string path = folder_.file(fmt::format("in{}.npy", index));
    const ConstantData data = constant_from_doubles(type, values);
    Diagnostics diagnostics;
    EXPECT_TRUE(weights::write_npy(path, type, data.bytes, {}, diagnostics).ok());
    return path;
  }

  Json trace(const std::vector<std::string>& arguments) const {
    std::vector<std::string> words{"trace", "--format=json", "-o", folder_.file("layers")};
    words.insert(words.end(), arguments.begin(), arguments.end());
    const Outcome outcome = lathe(words);
    EXPECT_EQ(outcome.status, tools::ExitStatus::Fine) << outcome.err;
    return Json::parse(outcome.out, nullptr, false);
  }

  // Reads the files of a trace back.
  void check_files(const Json& report) const {
    size_t files = 0;
    for (size_t i = 0; i < report["layers"].size(); ++i) {
      const Json& layer = report["layers"][i];
      std::vector<Json> rows;
      if (!layer["shape"].is_null()) rows.push_back(layer);
      for (const Json& other : layer.value("others", Json::array())) rows.push_back(other);
      for (size_t k = 0; k < rows.size(); ++k) {
        const std::string part = rows.size() == 1 ? "" : fmt::format(".{}", k);
        const std::string name =
            tools::file_name(fmt::format("{:03}_{}{}", i + 1, layer["name"].get<std::string>(), part));
        Diagnostics diagnostics;
        const Result<ConstantData> array =
            weights::read_npy((folder_.path() / "layers" / (name + ".npy")).string(), diagnostics);
        ASSERT_TRUE(array.ok()) << name;
        same_statistics(*array, rows[k]);
        ++files;
      }
    }
    EXPECT_EQ(report["files"].size(), files);
  }

  TemporaryFolder folder_;
};

TEST_F(TraceCases, LayersAndShapesAreThoseOfPyTorch) {
  LATHE_REQUIRE_SHARED(folder, "torch-cases");
  std::ifstream stream(folder / "index.json");
  const Json index = Json::parse(stream, nullptr, false);
  ASSERT_TRUE(index.is_array());
  size_t traced = 0;
  for (const Json& entry : index) {
    const std::string file = (folder / entry.at("file").get<std::string>()).string();
    if (entry.at("kind") == "script") {
      if (!entry.at("errors").empty()) continue;
      SCOPED_TRACE(file);
      const Json report = trace({file});
      ASSERT_TRUE(report.is_object());
      if (!entry.at("layers").empty()) same_layers(report["layers"], entry.at("layers"));
      check_files(report);
      ++traced;
      continue;
    }
    for (const Json& run : entry.at("runs")) {
      if (run.at("expect") == "error") continue;
      SCOPED_TRACE(fmt::format("{} {}", file, run.at("run").get<int>()));
      std::vector<std::string> arguments{file + ":" + run.at("entry").get<std::string>()};
      for (size_t i = 0; i < run.at("inputs").size(); ++i) {
        arguments.insert(arguments.end(), {"-i", write_input(run["inputs"][i], i)});
      }
      if (run.at("mode") == "train") arguments.emplace_back("--train");
      const Json report = trace(arguments);
      ASSERT_TRUE(report.is_object());
      same_layers(report["layers"], run.at("layers"));
      std::vector<std::vector<int64_t>> outputs;
      for (const Json& output : report["outputs"]) outputs.push_back(output["shape"]);
      EXPECT_EQ(outputs, run.at("outputs").get<std::vector<std::vector<int64_t>>>());
      EXPECT_TRUE(report["first_nonfinite"].is_null());
      check_files(report);
      ++traced;
    }
  }
  EXPECT_GT(traced, 40u);
}

TEST_F(TraceCases, OutputsHaveTheStatisticsOfPyTorchs) {
  LATHE_REQUIRE_SHARED(folder, "torch-cases");
  std::ifstream stream(folder / "index.json");
  const Json index = Json::parse(stream, nullptr, false);
  ASSERT_TRUE(index.is_array());
  size_t compared = 0;
  for (const Json& entry : index) {
    for (const Json& run : entry.value("runs", Json::array())) {
      if (!run.contains("golden")) continue;
      const Json& golden = run["golden"];
      const std::filesystem::path data = folder / "golden";
      SCOPED_TRACE(entry.at("case").get<std::string>());
      std::vector<std::string> arguments{
          (folder / entry.at("file").get<std::string>()).string() + ":" + run.at("entry").get<std::string>(),
          "--weights", (data / golden.at("weights").get<std::string>()).string()};
      for (const Json& input : golden.at("inputs")) {
        arguments.insert(arguments.end(), {"-i", (data / input.get<std::string>()).string()});
      }
      if (run.at("mode") == "train") arguments.emplace_back("--train");
      const Json report = trace(arguments);
      ASSERT_TRUE(report.is_object());
      for (size_t i = 0; i < golden.at("outputs").size(); ++i) {
        Diagnostics diagnostics;
        const Result<ConstantData> want =
            weights::read_npy((data / golden["outputs"][i].get<std::string>()).string(), diagnostics);
        ASSERT_TRUE(want.ok());
        double least = std::numeric_limits<double>::infinity();
        double most = -least;
        double sum = 0;
        for (int64_t k = 0; k < want->element_count(); ++k) {
          const double value = element_as_double(*want, k);
          least = std::min(least, value);
          most = std::max(most, value);
          sum += value;
        }
        const double allowed = 1e-4 * std::max(std::abs(least), std::abs(most));
        EXPECT_NEAR(report["outputs"][i]["min"].get<double>(), least, allowed);
        EXPECT_NEAR(report["outputs"][i]["max"].get<double>(), most, allowed);
        EXPECT_NEAR(report["outputs"][i]["mean"].get<double>(), sum / static_cast<double>(want->element_count()),
                    allowed);
        ++compared;
      }
    }
  }
  EXPECT_GT(compared, 10u);
}

}  // namespace
}  // namespace lathe::test
