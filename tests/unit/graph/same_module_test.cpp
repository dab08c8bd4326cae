// same_module ignores names, ids and locations and sees everything else.
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

constexpr std::string_view kText = R"(sym N
guard N <= 9, "long"
graph @g(%x: f32[N], %y: f32[N]) -> (f32[N]) {
  %c = constant dense<[2.0]> : f32[1]
  %a = sub %x, %y : f32[N]
  %b = clamp %a {min = 0.0} : f32[N]
  %d = add %b, %c : f32[N]
  return %d : f32[N]
})";

std::string difference_to(std::string_view from, std::string_view to) {
  std::string text(kText);
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos);
  text.replace(at, from.size(), to);
  std::string difference;
  const bool same = same_module(parsed(kText), parsed(text), &difference);
  EXPECT_EQ(same, difference.empty());
  return difference;
}

TEST(SameModule, NamesDoNotCount) {
  std::string text(kText);
  for (size_t at = text.find("%a"); at != std::string::npos; at = text.find("%a")) text.replace(at, 2, "%other");
  EXPECT_TRUE(same_module(parsed(kText), parsed(text)));
}

TEST(SameModule, DifferencesAreNamed) {
  EXPECT_EQ(difference_to("sub %x, %y", "sub %y, %x"),
            "operands differ at `%a = sub %x, %y : f32[N]` against `%a = sub %y, %x : f32[N]`");
  EXPECT_EQ(difference_to("sub %x", "add %x"),
            "operations differ at `%a = sub %x, %y : f32[N]` against `%a = add %x, %y : f32[N]`");
  EXPECT_EQ(difference_to("min = 0.0", "min = 1.0"),
            "attributes differ at `%b = clamp %a {min = 0.0} : f32[N]` against `%b = clamp %a {min = 1.0} : f32[N]`");
  EXPECT_EQ(
      difference_to("dense<[2.0]>", "dense<[-2.0]>"),
      "attributes differ at `%c = constant dense<[2.0]> : f32[1]` against `%c = constant dense<[-2.0]> : f32[1]`");
  EXPECT_EQ(difference_to("sym N", "sym N in [1, 9]"), "symbol 0 is `N` in one, `N` in the other, or has other bounds");
  EXPECT_EQ(difference_to("N <= 9", "N <= 8"), "guard 0 differs");
  EXPECT_EQ(difference_to("return %d", "return %b"),
            "operands differ at `return %d : f32[N]` against `return %b : f32[N]`");
  EXPECT_EQ(difference_to("%x: f32[N], %y: f32[N]", "%x: f32[N], %y: f32[N], %z: f32[N]"),
            "a region has more arguments in one than in the other");
}

}  // namespace
}  // namespace lathe
