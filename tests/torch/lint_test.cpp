// Warnings for PyTorch source: silent/ holds programs in the styles people use that get none, as do the model sources
// of the repository and the cases of torch-cases that are fine; warned/ holds programs with `# warns: kind` on the
// lines that get one. Lines `# run: ENTRY INPUT...` say what is checked, `# script` that the file is checked as a
// whole.
#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "gtest/gtest.h"
#include "compiler/tools/command.h"
#include "tests/support/shared_data.h"

namespace lathe::test {
namespace {

using Json = nlohmann::json;
/// A line and a kind.
using Warnings = std::set<std::pair<uint32_t, std::string>>;

const std::filesystem::path kSource = LATHE_SOURCE_DIR;

struct Checked {
  tools::ExitStatus status = tools::ExitStatus::Fine;
  Warnings warnings;
  size_t unverified = 0;  ///< fixes that nobody has tried
  std::string text;
};

Checked check(const std::string& model, const std::vector<std::string>& inputs, bool train = false) {
  std::vector<std::string> arguments{"check", model, "--format=json"};
  for (const std::string& input : inputs) arguments.insert(arguments.end(), {"-i", input});
  if (train) arguments.emplace_back("--train");
  tools::OutputStream out;
  tools::OutputStream err;
  Checked checked;
  checked.status = tools::run_tool(arguments, {out, err});
  checked.text = out.text() + err.text();
  const Json report = Json::parse(out.text(), nullptr, false);
  if (!report.is_object()) return checked;
  for (const Json& row : report["diagnostics"]) {
    if (row["severity"] != "warning" || row["kind"] == "weights-not-given") continue;
    checked.warnings.emplace(row.value("line", 0U), row["kind"].get<std::string>());
    for (const Json& fix : row["fixes"]) checked.unverified += fix["verified"] == true ? 0 : 1;
  }
  return checked;
}

struct Program {
  std::string path;
  std::vector<std::vector<std::string>> runs;  ///< the model, then its inputs
  Warnings expected;
};

Program read_program(const std::filesystem::path& path) {
  Program program{.path = path.string(), .runs = {}, .expected = {}};
  std::ifstream stream(path);
  uint32_t number = 0;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    constexpr std::string_view kRun = "# run: ";
    constexpr std::string_view kWarns = "# warns: ";
    if (line == "# script") program.runs.push_back({program.path});
    if (line.starts_with(kRun)) {
      std::istringstream words(line.substr(kRun.size()));
      std::vector<std::string> run{program.path + ":"};
      for (std::string word; words >> word;) {
        const bool is_input = word.find("=f32[") != std::string::npos || word.find("=i64[") != std::string::npos;
        if (is_input) {
          run.push_back(word);
        } else {
          run[0] += word;
        }
      }
      program.runs.push_back(std::move(run));
    }
    const size_t mark = line.find(kWarns);
    if (mark == std::string::npos) continue;
    program.expected.emplace(number, line.substr(mark + kWarns.size()));
  }
  return program;
}

std::vector<std::string> programs(std::string_view folder) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(kSource / "tests" / "torch" / folder)) {
    names.push_back(entry.path().stem().string());
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::string test_name(const testing::TestParamInfo<std::string>& info) { return info.param; }

class SilentProgram : public testing::TestWithParam<std::string> {};

TEST_P(SilentProgram, GetsNoWarning) {
  const Program program = read_program(kSource / "tests/torch/silent" / (GetParam() + ".py"));
  ASSERT_FALSE(program.runs.empty());
  for (const std::vector<std::string>& run : program.runs) {
    const Checked checked = check(run[0], {run.begin() + 1, run.end()});
    EXPECT_EQ(checked.status, tools::ExitStatus::Fine) << run[0] << checked.text;
    EXPECT_TRUE(checked.warnings.empty()) << run[0] << checked.text;
  }
}

class WarnedProgram : public testing::TestWithParam<std::string> {};

TEST_P(WarnedProgram, GetsTheWarningsOfItsLines) {
  const Program program = read_program(kSource / "tests/torch/warned" / (GetParam() + ".py"));
  ASSERT_FALSE(program.runs.empty());
  Warnings found;
  for (const std::vector<std::string>& run : program.runs) {
    const Checked checked = check(run[0], {run.begin() + 1, run.end()});
    EXPECT_EQ(checked.status, tools::ExitStatus::Fine) << run[0] << checked.text;
    EXPECT_FALSE(checked.warnings.empty()) << run[0];
    EXPECT_EQ(checked.unverified, 0U) << run[0] << checked.text;
    found.insert(checked.warnings.begin(), checked.warnings.end());
  }
  EXPECT_EQ(found, program.expected);
}

INSTANTIATE_TEST_SUITE_P(Lint, SilentProgram, testing::ValuesIn(programs("silent")), test_name);
INSTANTIATE_TEST_SUITE_P(Lint, WarnedProgram, testing::ValuesIn(programs("warned")), test_name);

std::string input_text(const Json& input, const char* element) {
  std::string sizes;
  for (const Json& size : input.at("shape"))
    sizes += fmt::format("{}{}", sizes.empty() ? "" : ",", size.get<int64_t>());
  return fmt::format("{}[{}]", element, sizes);
}

TEST(Lint, ModelSourcesOfTheRepositoryGetNoWarning) {
  std::ifstream stream(kSource / "tests/torch/models/expected.json");
  const Json all = Json::parse(stream, nullptr, false);
  ASSERT_TRUE(all.is_array());
  for (const Json& row : all) {
    const std::string model = fmt::format("{}/{}:{}", LATHE_SOURCE_DIR, row.at("file").get<std::string>(),
                                          row.at("entry").get<std::string>());
    std::vector<std::string> inputs;
    for (const Json& input : row.at("inputs")) {
      inputs.push_back(input_text(input, input.at("element") == "i64" ? "i64" : "f32"));
    }
    for (const bool train : {false, true}) {
      const Checked checked = check(model, inputs, train);
      EXPECT_TRUE(checked.warnings.empty()) << model << checked.text;
    }
  }
}

TEST(Lint, CasesThatAreFineGetNoWarning) {
  LATHE_REQUIRE_SHARED(folder, "torch-cases");
  std::ifstream stream(folder / "index.json");
  const Json all = Json::parse(stream, nullptr, false);
  ASSERT_TRUE(all.is_array());
  size_t fine = 0;
  for (const Json& row : all) {
    const std::string path = (folder / row.at("file").get<std::string>()).string();
    if (!row.contains("runs")) {
      if (row.value("expect", "") != "ok") continue;
      const Checked checked = check(path, {});
      EXPECT_TRUE(checked.warnings.empty()) << path << checked.text;
      ++fine;
      continue;
    }
    for (const Json& run : row["runs"]) {
      if (run.at("expect") != "ok") continue;
      std::vector<std::string> inputs;
      for (const Json& input : run.at("inputs")) {
        inputs.push_back(input_text(input, input.value("dtype", "float32") == "int64" ? "i64" : "f32"));
      }
      const std::string model = fmt::format("{}:{}", path, run.at("entry").get<std::string>());
      const Checked checked = check(model, inputs, run.at("mode") == "train");
      EXPECT_TRUE(checked.warnings.empty()) << model << checked.text;
      ++fine;
    }
  }
  EXPECT_GT(fine, 20U);
}

}  // namespace
}  // namespace lathe::test
