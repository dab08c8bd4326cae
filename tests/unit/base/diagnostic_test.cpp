// The registry of diagnostic kinds and the sink.
#include "ir/base/diagnostic.h"

#include <set>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(Registry, CodesAndNamesAreUniqueAndSorted) {
  std::set<std::string_view> codes;
  std::set<std::string_view> names;
  std::string_view previous;
  for (const DiagnosticInfo& row : diagnostic_kinds()) {
    EXPECT_TRUE(codes.insert(row.code).second) << row.code;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_LT(previous, row.code);
    EXPECT_EQ(row.code.size(), 6u);
    EXPECT_TRUE(row.code.starts_with("LT"));
    EXPECT_FALSE(row.title.empty());
    EXPECT_FALSE(row.title.ends_with('.'));
    EXPECT_EQ(&info(row.kind), &row);
    previous = row.code;
  }
}

TEST(Registry, FindsByCodeAndName) {
  ASSERT_NE(find_diagnostic("LT0203"), nullptr);
  EXPECT_EQ(find_diagnostic("LT0203"), find_diagnostic("feature-mismatch"));
  EXPECT_EQ(find_diagnostic("LT0000"), nullptr);
  EXPECT_EQ(find_diagnostic(""), nullptr);
}

TEST(Sink, CountsBySeverity) {
  Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.failed());
  (void)diagnostics.report(DiagnosticKind::GuardAdded, {}, "a remark").emit();
  EXPECT_FALSE(diagnostics.failed());
  (void)diagnostics.report(DiagnosticKind::Unsupported, {}, "an operator").emit();
  EXPECT_TRUE(diagnostics.failed());
  EXPECT_EQ(diagnostics.count(Severity::Unsupported), 1u);
  EXPECT_EQ(diagnostics.count(Severity::Error), 0u);
  diagnostics.clear();
  EXPECT_FALSE(diagnostics.failed());
}

TEST(Sink, KeepsALimitedNumberOfErrors) {
  Diagnostics diagnostics;
  for (size_t i = 0; i < Diagnostics::kMaxErrors + 5; ++i) {
    (void)diagnostics.report(DiagnosticKind::Syntax, {}, "error {}", i).emit();
  }
  EXPECT_EQ(diagnostics.all().size(), Diagnostics::kMaxErrors);
  EXPECT_EQ(diagnostics.dropped(), 5u);
}

TEST(Sink, EmitGivesAFailure) {
  Diagnostics diagnostics;
  const auto fails = [&]() -> Result<int> { return diagnostics.report(DiagnosticKind::Syntax, {}, "no").emit(); };
  const auto passes_on = [&]() -> Status {
    LATHE_TRY(const int value, fails());
    (void)value;
    return {};
  };
  EXPECT_FALSE(passes_on().ok());
  EXPECT_EQ(diagnostics.all().size(), 1u);
}

}  // namespace
}  // namespace lathe
