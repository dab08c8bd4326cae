// Trials of fixes: a made-up language whose files fail in each line that says `bad`.
#include "compiler/advice/fix_trial.h"

#include <gtest/gtest.h>

#include <string>

namespace lathe::advice {
namespace {

constexpr const char* kPath = "model.txt";

/// A line `bad` is a fault there; `worse` is a fault of another kind; `odd` is a warning. Each line is a statement.
Diagnostics read(Module& module, const std::string& text) {
  Diagnostics diagnostics;
  const FileId file = module.locations.add_file(kPath, text);
  uint32_t begin = 0;
  while (begin < text.size()) {
    const auto end = static_cast<uint32_t>(std::min(text.find('\n', begin), text.size()));
    const std::string line = text.substr(begin, end - begin);
    const DiagnosticKind kind = line == "worse" ? DiagnosticKind::Constructor
                                : line == "odd" ? DiagnosticKind::SilentBroadcast
                                                : DiagnosticKind::FeatureMismatch;
    if (line == "bad" || line == "worse" || line == "odd") {
      const LocationId where = module.locations.add_span(file, begin, end);
      diagnostics.add({.kind = kind, .where = where, .message = line, .statement = where});
    }
    begin = end + 1;
  }
  return diagnostics;
}

class FixTrialTest : public ::testing::Test {
 protected:
  void given(const std::string& text) { diagnostics_ = read(module_, text); }

  /// Replaces the bytes [begin, end) by a text, as a fix of the first diagnostic.
  void propose(const std::string& title, uint32_t begin, uint32_t end, const std::string& text) {
    diagnostics_.all()[0].fixes.push_back({title, {{{FileId(uint32_t{0}), begin, end}, text}}, false});
  }

  std::vector<std::string> kept(size_t most_trials = 100) {
    trials_ = 0;
    verify_fixes(
        diagnostics_, module_.locations,
        [this](const EditedFiles& files) {
          ++trials_;
          Outcome outcome{std::make_unique<Module>(), {}};
          outcome.diagnostics = read(*outcome.module, files[0].second);
          return outcome;
        },
        most_trials);
    std::vector<std::string> titles;
    for (const FixIt& fix : diagnostics_.all()[0].fixes) {
      EXPECT_TRUE(fix.verified);
      titles.push_back(fix.title);
    }
    return titles;
  }

  Module module_;
  Diagnostics diagnostics_;
  size_t trials_ = 0;
};

TEST_F(FixTrialTest, KeepsWhatCures) {
  given("good\nbad\n");
  propose("mend", 5, 8, "good");
  propose("change nothing", 0, 4, "fine");
  EXPECT_EQ(kept(), std::vector<std::string>{"mend"});
}

TEST_F(FixTrialTest, AFaultThatMovedWithAnInsertionIsNotCured) {
  given("good\nbad\n");
  propose("insert a line", 0, 0, "more\n");
  EXPECT_TRUE(kept().empty());
}

TEST_F(FixTrialTest, TheFewestErrorsComeFirst) {
  given("bad\nbad\n");
  propose("one", 0, 3, "good");
  propose("both", 0, 7, "good\ngood");
  EXPECT_EQ(kept(), (std::vector<std::string>{"both", "one"}));
}

TEST_F(FixTrialTest, SaysWhichLinesNoLongerFit) {
  given("good\nbad\n");
  propose("swap", 0, 8, "bad\ngood");
  EXPECT_EQ(kept(), std::vector<std::string>{"swap (then line 1 no longer fits)"});
}

TEST_F(FixTrialTest, AProgramThatCannotBeBuiltIsNoCure) {
  given("good\nbad\n");
  propose("break the other", 0, 8, "worse\ngood");
  EXPECT_TRUE(kept().empty());
}

TEST_F(FixTrialTest, TriesNoMoreThanItMay) {
  given("good\nbad\n");
  propose("first", 0, 4, "fine");
  propose("second", 5, 8, "good");
  EXPECT_TRUE(kept(1).empty());
  EXPECT_EQ(trials_, 1u);
}

TEST_F(FixTrialTest, TheSameChangeIsTriedOnce) {
  given("bad\n");
  propose("one way", 0, 3, "good");
  propose("same way", 0, 3, "good");
  EXPECT_EQ(kept().size(), 2u);
  EXPECT_EQ(trials_, 1u);
}

TEST_F(FixTrialTest, EditsOfSeveralPlacesKeepTheirPlaces) {
  given("bad\nbad\n");
  const FileId file(uint32_t{0});
  const EditedFiles files = edited({{{file, 4, 7}, "longer"}, {{file, 0, 3}, "x"}}, module_.locations);
  ASSERT_EQ(files.size(), 1u);
  EXPECT_EQ(files[0].first, kPath);
  EXPECT_EQ(files[0].second, "x\nlonger\n");
}

}  // namespace
}  // namespace lathe::advice
