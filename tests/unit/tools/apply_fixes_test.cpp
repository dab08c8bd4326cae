// `check --fix`: which fixes are applied, and what becomes of the file.
#include "compiler/tools/apply_fixes.h"

#include <fstream>
#include <iterator>

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
};

TEST_F(ApplyFixes, AppliesVerifiedOnesOnly) {
  report({{Span{file, 0, 3}, "1"}, {Span{file, 8, 13}, "3"}}, true);
  report({{Span{file, 4, 7}, "2"}}, false);
  const Result<AppliedFixes> result = apply_fixes(found, locations, faults);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 1u);
  EXPECT_EQ(result->files, std::vector<std::string>{path});
  EXPECT_EQ(text(), "1 two 3\n");
}

TEST_F(ApplyFixes, LeavesOverlappingOnesOut) {
  report({{Span{file, 0, 7}, "A"}}, true);
  report({{Span{file, 4, 13}, "B"}}, true);
  report({{Span{file, 13, 13}, "!"}}, true);
  const Result<AppliedFixes> result = apply_fixes(found, locations, faults);
  ASSERT_TRUE(result.ok());
  EXPECT_EQ(result->applied, 2u);
  EXPECT_EQ(result->overlapping, 1u);
  EXPECT_EQ(text(), "A three!\n");
}

TEST_F(ApplyFixes, SaysWhenTheFileCannotBeWritten) {
  const FileId gone = locations.add_file(folder.file("gone/net.py"), "x");
  report({{Span{gone, 0, 1}, "y"}}, true);
  EXPECT_FALSE(apply_fixes(found, locations, faults).ok());
  EXPECT_EQ(info(faults.all()[0].kind).code, "LT0002");
}

}  // namespace
}  // namespace lathe::tools
