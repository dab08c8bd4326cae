// Runs every golden file below tests/golden; see golden_case.h for their form.
#include <fmt/format.h>

#include <algorithm>
#include <fstream>

#include "gtest/gtest.h"
#include "compiler/compile.h"
#include "tests/golden/golden_case.h"

namespace lathe::test {
namespace {

std::filesystem::path root() { return std::filesystem::path(LATHE_SOURCE_DIR) / "tests" / "golden"; }

std::vector<std::string> golden_files() {
  std::vector<std::string> result;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root())) {
    const std::string extension = entry.path().extension().string();
    if (extension != ".lathe" && extension != ".test") continue;
    result.push_back(std::filesystem::relative(entry.path(), root()).string());
  }
  std::sort(result.begin(), result.end());
  return result;
}

class Golden : public ::testing::TestWithParam<std::string> {};

// Cases in a folder of this name make machine code.
constexpr std::string_view kNativeFolder = "native";

TEST_P(Golden, Matches) {
  const bool is_native = std::filesystem::path(GetParam()).parent_path().filename() == kNativeFolder;
  if (is_native && !is_available(Backend::Ahead)) GTEST_SKIP() << "built without LLVM";
  const std::filesystem::path path = root() / GetParam();
  GoldenFile file = parse_golden(read_text(path));
  ASSERT_FALSE(file.command.empty()) << "the first line is not `// test: COMMAND`";
  bool changed = false;
  for (size_t i = 0; i < file.cases.size(); ++i) {
    GoldenCase& golden = file.cases[i];
    std::string fault;
    const std::string actual = run_case(file, golden, fault);
    ASSERT_EQ(fault, "") << "case " << i + 1 << " is malformed:\n" << golden.input;
    if (blessing()) {
      changed |= actual != golden.expected;
      golden.expected = actual;
    } else {
      EXPECT_EQ(actual, golden.expected) << "case " << i + 1 << " of tests/golden/" << GetParam() << ":\n"
                                         << golden.input << "LATHE_BLESS=1 writes what came out into the file";
    }
  }
  if (changed) std::ofstream(path, std::ios::binary) << golden_text(file);
}

std::string test_name(const ::testing::TestParamInfo<std::string>& info) {
  std::string name = info.param;
  std::replace_if(name.begin(), name.end(), [](unsigned char c) { return std::isalnum(c) == 0; }, '_');
  return name;
}

INSTANTIATE_TEST_SUITE_P(Files, Golden, ::testing::ValuesIn(golden_files()), test_name);

TEST(GoldenFiles, ReadBackAsWritten) {
  for (const std::string& name : golden_files()) {
    const std::string text = read_text(root() / name);
    EXPECT_EQ(golden_text(parse_golden(text)), text) << name;
  }
}

TEST(GoldenFiles, HaveShortCasesThatSayWhatTheyShow) {
  constexpr size_t kMostLines = 20;
  for (const std::string& name : golden_files()) {
    for (const GoldenCase& golden : parse_golden(read_text(root() / name)).cases) {
      EXPECT_LE(static_cast<size_t>(std::count(golden.input.begin(), golden.input.end(), '\n')), kMostLines)
          << name << ":\n"
          << golden.input;
      EXPECT_TRUE(golden.input.starts_with("// ")) << name << " has a case without a sentence above it:\n"
                                                   << golden.input;
    }
  }
}

}  // namespace
}  // namespace lathe::test
