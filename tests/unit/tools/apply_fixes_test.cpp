// `check --fix`: which fixes are applied, and what becomes of the file.
#include "compiler/tools/apply_fixes.h"

#include <fstream>
#include <iterator>
#include <memory>

#include "gtest/gtest.h"
#include "tests/support/temporary_folder.h"

namespace lathe::tools {
namespace {

class ApplyFixes : public ::testing::Test {
 protected:
  void report(std::vector<Edit> edits, bool verified) {
    (void)found.report(DiagnosticKind::FeatureMismatch, {}, "a fault")
        .fix({"a cure", std::move(edits), verified})
        .emit();
  }
  // A model that only its text decides: `bad` and `worse` are errors.
  Result<AppliedFixes> apply() {
    const advice::Reload check = [&](const advice::EditedFiles& files) {
      ++checks;
      advice::Outcome outcome{std::make_unique<Module>(), {}};
      for (const auto& [name, text] : files) {
        if (text.find("worse") == std::string::npos) continue;
        for (int i = 0; i < 9; ++i) {
          (void)outcome.diagnostics.report(DiagnosticKind::FeatureMismatch, {}, "worse").emit();
        }
      }
      return outcome;
    };
    return apply_fixes(found, locations, check, faults);
  }
  std::string text() {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TemporaryFolder folder;
  std::string path = folder.write("net.py", "one two three\n");
  LocationTable locations;
  FileId file = locations.add_file(path, "one two three\n");
  Diagnostics found;
  Diagnostics faults;
  int checks = 0;
};

TEST_F(ApplyFixes, AppliesVerifiedOnesOnly) {
  report({{Span{file, 0, 3}, "1"}, {Span{file, 8, 13}, "3"}}, true);
  report({{Span{file, 4, 7}, "2"}}, false);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 1u);
  EXPECT_EQ(result->files, std::vector<std::string>{path});
  EXPECT_EQ(text(), "1 two 3\n");
}

TEST_F(ApplyFixes, LeavesOverlappingOnesOut) {
  report({{Span{file, 0, 7}, "A"}}, true);
  report({{Span{file, 4, 13}, "B"}}, true);
  report({{Span{file, 13, 13}, "!"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 2u);
  EXPECT_EQ(result->left_out, 1u);
  EXPECT_EQ(text(), "A three!\n");
}

TEST_F(ApplyFixes, TwoFaultsWithOneCure) {
  report({{Span{file, 0, 3}, "1"}}, true);
  report({{Span{file, 0, 3}, "1"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 2u);
  EXPECT_EQ(result->left_out, 0u);
  EXPECT_EQ(text(), "1 two three\n");
}

TEST_F(ApplyFixes, LeavesOutWhatDoesHarm) {
  report({{Span{file, 0, 3}, "worse"}}, true);
  report({{Span{file, 4, 7}, "2"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 1u);
  EXPECT_EQ(result->left_out, 1u);
  EXPECT_EQ(text(), "one 2 three\n");
}

TEST_F(ApplyFixes, ShowsTheChangedLines) {
  const std::string source = "a\nb\nc\nd";
  path = folder.write("lines.py", source);
  file = locations.add_file(path, source);
  report({{Span{file, 2, 2}, "new\n"}, {Span{file, 4, 5}, "C"}}, true);
  report({{Span{file, 6, 7}, "D\n"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(text(), "a\nnew\nb\nC\nD\n");
  const std::string head = "--- " + path + "\n+++ " + path + "\n";
  EXPECT_EQ(result->changes, head + "@@ -1,0 +2,1 @@\n+new\n@@ -3,1 +4,1 @@\n-c\n+C\n@@ -4,1 +5,1 @@\n-d\n+D\n");
}

TEST_F(ApplyFixes, SaysWhenTheFileCannotBeWritten) {
  const FileId gone = locations.add_file(folder.file("gone/net.py"), "x");
  report({{Span{gone, 0, 1}, "y"}}, true);
  EXPECT_FALSE(apply().ok());
  EXPECT_EQ(info(faults.all()[0].kind).code, "LT0002");
}

}  // namespace
}  // namespace lathe::tools
