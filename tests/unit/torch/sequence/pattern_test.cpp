// Patterns of einops as text.
#include <gtest/gtest.h>

#include "compiler/frontend/torch/sequence/einops_pattern.h"

namespace lathe::torch {
namespace {

TEST(EinopsPattern, GroupsAndNames) {
  const ParsedPattern parsed = parse_pattern("b (h w) c-> b  c 1 (...)");
  EXPECT_EQ(parsed.fault, "`...` is on the right side only");
  const ParsedPattern good = parse_pattern("b (h w) ... -> b (...) h 1 (w 3)");
  EXPECT_EQ(good.fault, "");
  ASSERT_EQ(good.pattern.left.groups.size(), 3u);
  EXPECT_EQ(good.pattern.left.groups[1].size(), 2u);
  EXPECT_TRUE(good.pattern.left.parenthesised[1]);
  EXPECT_TRUE(good.pattern.left.has_ellipsis());
  EXPECT_TRUE(good.pattern.right.names("w"));
  EXPECT_EQ(good.pattern.right.groups[4][1].number, 3);
}

TEST(EinopsPattern, Faults) {
  EXPECT_EQ(parse_pattern("a b").fault, "it has no `->`");
  EXPECT_EQ(parse_pattern("a -> b -> c").fault, "it has more than one `->`");
  EXPECT_EQ(parse_pattern("a a -> a").fault, "`a` comes twice on one side");
  EXPECT_EQ(parse_pattern("(a (b)) -> a b").fault, "parentheses don't nest");
  EXPECT_EQ(parse_pattern("a) -> a").fault, "`)` has no `(`");
  EXPECT_EQ(parse_pattern("a .. -> a").fault, "a single `.`; an ellipsis has three");
  EXPECT_EQ(parse_pattern("a, b -> a b").fault, "`,` is not part of a pattern");
  EXPECT_EQ(parse_pattern("a 2x -> a").fault, "`2x` is neither a name nor a size");
  EXPECT_EQ(parse_pattern("(a ...) -> a ...").fault, "`...` can't be composed on the left side");
}

}  // namespace
}  // namespace lathe::torch
