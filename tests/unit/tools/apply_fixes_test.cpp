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
    (void)found_.report(DiagnosticKind::FeatureMismatch, {}, "a fault")
        .fix({"a cure", std::move(edits), verified})
        .emit();
  }
  // A model that only its text decides: `bad` and `worse` are errors.
  Result<AppliedFixes> apply() {
    const advice::Reload check = [&](const advice::EditedFiles& files) {
      ++checks_;
      advice::Outcome outcome{std::make_unique<Module>(), {}};
      for (const auto& [name, contents] : files) {
        if (contents.find("worse") == std::string::npos) continue;
        for (int i = 0; i < 9; ++i) {
          (void)outcome.diagnostics.report(DiagnosticKind::FeatureMismatch, {}, "worse").emit();
        }
      }
      return outcome;
    };
    return apply_fixes(found_, locations_, check, faults_);
  }
  std::string text() {
    std::ifstream file(path_, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TemporaryFolder folder_;
  std::string path_ = folder_.write("net.py", "one two three\n");
  LocationTable locations_;
  FileId file_ = locations_.add_file(path_, "one two three\n");
  Diagnostics found_;
  Diagnostics faults_;
  int checks_ = 0;
};

TEST_F(ApplyFixes, AppliesVerifiedOnesOnly) {
  report({{Span{file_, 0, 3}, "1"}, {Span{file_, 8, 13}, "3"}}, true);
  report({{Span{file_, 4, 7}, "2"}}, false);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 1u);
  EXPECT_EQ(result->files, std::vector<std::string>{path_});
  EXPECT_EQ(text(), "1 two 3\n");
}

TEST_F(ApplyFixes, LeavesOverlappingOnesOut) {
  report({{Span{file_, 0, 7}, "A"}}, true);
  report({{Span{file_, 4, 13}, "B"}}, true);
  report({{Span{file_, 13, 13}, "!"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 2u);
  EXPECT_EQ(result->left_out, 1u);
  EXPECT_EQ(text(), "A three!\n");
}

TEST_F(ApplyFixes, TwoFaultsWithOneCure) {
  report({{Span{file_, 0, 3}, "1"}}, true);
  report({{Span{file_, 0, 3}, "1"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 2u);
  EXPECT_EQ(result->left_out, 0u);
  EXPECT_EQ(text(), "1 two three\n");
}

TEST_F(ApplyFixes, LeavesOutWhatDoesHarm) {
  report({{Span{file_, 0, 3}, "worse"}}, true);
  report({{Span{file_, 4, 7}, "2"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 1u);
  EXPECT_EQ(result->left_out, 1u);
  EXPECT_EQ(text(), "one 2 three\n");
}

TEST_F(ApplyFixes, ShowsTheChangedLines) {
  const std::string source = "a\nb\nc\nd";
  path_ = folder_.write("lines.py", source);
  file_ = locations_.add_file(path_, source);
  report({{Span{file_, 2, 2}, "new\n"}, {Span{file_, 4, 5}, "C"}}, true);
  report({{Span{file_, 6, 7}, "D\n"}}, true);
  const Result<AppliedFixes> result = apply();
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(text(), "a\nnew\nb\nC\nD\n");
  const std::string head = "--- " + path_ + "\n+++ " + path_ + "\n";
  EXPECT_EQ(result->changes, head + "@@ -1,0 +2,1 @@\n+new\n@@ -3,1 +4,1 @@\n-c\n+C\n@@ -4,1 +5,1 @@\n-d\n+D\n");
}

TEST_F(ApplyFixes, SaysWhenTheFileCannotBeWritten) {
  const FileId gone = locations_.add_file(folder_.file("gone/net.py"), "x");
  report({{Span{gone, 0, 1}, "y"}}, true);
  EXPECT_FALSE(apply().ok());
  EXPECT_EQ(info(faults_.all()[0].kind).code, "LT0002");
}

}  // namespace
}  // namespace lathe::tools
