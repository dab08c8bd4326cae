// The tables: names are unique, rules name rows that exist, each rule has a golden case.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "compiler/passes/pipeline.h"
#include "compiler/passes/rules.h"

namespace lathe::passes {
namespace {

std::vector<Rule> all_rules() {
  std::vector<Rule> rules;
  for (const auto family : {elementwise_rules, move_rules, concat_rules, contraction_rules}) {
    rules.insert(rules.end(), family().begin(), family().end());
  }
  return rules;
}

std::string golden_text(std::string_view pass) {
  const auto path = std::filesystem::path(LATHE_SOURCE_DIR) / "tests/golden/passes" / fmt::format("{}.lathe", pass);
  std::ifstream stream(path);
  std::stringstream text;
  text << stream.rdbuf();
  return text.str();
}

TEST(Rules, NamesAreUniqueAndRowsExist) {
  std::set<std::string_view> names;
  for (const Rule& rule : all_rules()) {
    EXPECT_TRUE(names.insert(rule.name).second) << rule.name;
    EXPECT_FALSE(rule.identity.empty()) << rule.name;
    EXPECT_NE(rule.bits, Bits::Rounded) << rule.name << ": canonicalize says that it keeps bits";
    std::istringstream ops{std::string(rule.ops)};
    for (std::string op; ops >> op;) EXPECT_NE(find_op(op), nullptr) << rule.name << " names " << op;
  }
}

TEST(Rules, EachHasAGoldenCase) {
  const std::string text = golden_text("canonicalize");
  for (const Rule& rule : all_rules()) {
    EXPECT_NE(text.find(fmt::format("// {}:", rule.name)), std::string::npos)
        << "tests/golden/passes/canonicalize.lathe has no case `// " << rule.name << ": ...`";
  }
}

TEST(Passes, EachHasAGoldenFile) {
  for (const Pass& pass : all_passes()) {
    EXPECT_NE(golden_text(pass.name).find("// expect:"), std::string::npos)
        << "tests/golden/passes/" << pass.name << ".lathe";
  }
}

}  // namespace
}  // namespace lathe::passes
