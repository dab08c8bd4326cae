// What the parser says about texts with errors: where, how often, and that one fault gives one message.
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

std::string in_graph(std::string_view body) {
  return fmt::format("graph @g(%x: f32[4]) -> (f32[4]) {{\n{}\n  return %x : f32[4]\n}}\n", body);
}

TEST(ParseErrors, UnknownOpNamesTheClosest) {
  EXPECT_EQ(errors_of(in_graph("  %y = rellu %x : f32[4]")),
            "LT0102 2:8 no operation is called `rellu` | did you mean `relu`?\n");
}

TEST(ParseErrors, UnknownValueNamesTheClosest) {
  EXPECT_EQ(errors_of(in_graph("  %hidden = neg %x : f32[4]\n  %y = neg %hiden : f32[4]")),
            "LT0103 3:12 nothing above defines `%hiden` | did you mean `%hidden`?\n");
}

TEST(ParseErrors, AllOfThemAndNoCascade) {
  EXPECT_EQ(errors_of(in_graph("  %a = foo %x : f32[4]\n  %b = add %a, %a : f32[4]\n  %c = neg %nowhere : f32[4]\n"
                               "  %d = neg %c : f32[5]\n  %e = neg %x : f32[5]\n  %f = neg : f32[4]")),
            "LT0102 2:8 no operation is called `foo`\n"
            "LT0103 4:12 nothing above defines `%nowhere`\n"
            "LT0213 6:17 `neg` gives `f32[4]`, the text says `f32[5]`\n"
            "LT0108 7:8 `neg` takes 1 operands, 0 are given\n");
}

TEST(ParseErrors, RecoveryAfterBrokenAttributesAndRegions) {
  EXPECT_EQ(errors_of(in_graph(
                "  %a = clamp %x {min = } : f32[4]\n  %b = clamp %x {mni = 1.0} : f32[4]\n"
                "  %c = clamp %x {min = 1.0, min = 2.0} : f32[4]\n"
                "  %d = oops %x region (%p: f32[4]) {\n    %q = neg %p : f32[4]\n    return %q : f32[4]\n  } : f32[4]\n"
                "  %e = neg %x : f32[3]")),
            "LT0101 2:24 expected the float `min` of `clamp`, found `}`\n"
            "LT0105 3:18 `clamp` has no attribute `mni` | it has min, max\n"
            "LT0104 4:29 the attribute `min` is given twice\n"
            "LT0102 5:8 no operation is called `oops`\n"
            "LT0213 9:17 `neg` gives `f32[4]`, the text says `f32[3]`\n");
}

TEST(ParseErrors, DuplicateNames) {
  EXPECT_EQ(errors_of("sym N\nsym N\ngraph @g(%x: f32[4], %x: f32[4]) -> (f32[4]) {\n  %x = neg %x : f32[4]\n  return "
                      "%x : f32[4]\n}\n"
                      "data @d : f32[1] = absent\ndata @d : f32[1] = absent\n"),
            "LT0104 2:5 the symbol `N` is declared twice\n"
            "LT0104 8:6 the data `@d` is defined twice\n"
            "LT0104 3:22 `%x` is defined twice\n"
            "LT0104 4:3 `%x` is defined twice\n");
}

TEST(ParseErrors, NamesOfARegionEndWithIt) {
  EXPECT_EQ(errors_of("graph @g(%c: bool[], %x: f32[4]) -> (f32[4]) {\n"
                      "  %y = if %c region () {\n    %a = neg %x : f32[4]\n    return %a : f32[4]\n  } region () {\n"
                      "    return %a : f32[4]\n  } : f32[4]\n  return %y : f32[4]\n}\n"),
            "LT0103 6:12 nothing above defines `%a`\n");
}

TEST(ParseErrors, ReturnIsTheLastNode) {
  EXPECT_EQ(errors_of("graph @g(%x: f32[4]) -> (f32[4]) {\n  %y = neg %x : f32[4]\n}\n"),
            "LT0101 3:1 expected `return`, found `}`\n");
  EXPECT_EQ(errors_of("graph @g(%x: f32[4]) -> (f32[4]) {\n  return %x : f32[4]\n  %y = neg %x : f32[4]\n}\n"),
            "LT0101 3:3 expected `}`, since `return` is the last node of a region, found `%y`\n");
}

TEST(ParseErrors, NamesForResults) {
  EXPECT_EQ(errors_of("graph @g(%x: f32[4]) -> (f32[4]) {\n  %y = return %x : f32[4]\n}\n"),
            "LT0101 2:8 `return` has 0 results, 1 names are given\n");
  EXPECT_EQ(errors_of(in_graph("  %a, %b = neg %x : f32[4], f32[4]")),
            "LT0101 2:12 `neg` has 1 results, 2 names are given\n");
}

TEST(ParseErrors, ResultsOfTheGraph) {
  EXPECT_EQ(errors_of("graph @g(%x: f32[4]) -> (f32[5]) {\n  return %x : f32[4]\n}\n"),
            "LT0213 1:26 result 0 is `f32[4]`, the graph declares `f32[5]`\n");
  EXPECT_EQ(errors_of("graph @g(%x: f32[4]) -> () {\n  return %x : f32[4]\n}\n"),
            "LT0213 2:3 the graph declares 0 results, 1 are returned\n");
}

TEST(ParseErrors, Symbols) {
  EXPECT_EQ(errors_of("sym N in [4, 3]\nsym M in [1, K]\nguard N == K, \"no\"\n" + in_graph("  %y = neg %x : f32[Q]")),
            "LT0106 1:5 the bounds of `N` leave it no value: [4, 3]\n"
            "LT0103 2:14 the symbol `K` is not declared\n"
            "LT0213 5:17 `neg` gives `f32[4]`, the text says `f32[Q]`\n"
            "LT0103 5:17 the symbol `Q` is not declared\n"
            "LT0103 3:7 the symbol `N` is not declared\n"
            "LT0103 3:7 the symbol `K` is not declared\n");
}

TEST(ParseErrors, SizesOfArguments) {
  EXPECT_EQ(errors_of("graph @g(%x: f32[-1]) -> () {\n  return\n}\n"),
            "LT0215 1:14 `f32[-1]` has a negative dimension\n");
  EXPECT_EQ(errors_of("graph @g(%x: f32[9223372036854775807, 4]) -> () {\n  return\n}\n"),
            "LT0214 1:14 `f32[9223372036854775807, 4]` has more elements than can be addressed\n");
}

TEST(ParseErrors, Constants) {
  EXPECT_EQ(errors_of(in_graph(
                "  %a = constant dense<[1.0, 2.0]> : f32[3]\n  %b = constant dense<[1.5]> : i32[1]\n"
                "  %c = constant dense<[300]> : u8[1]\n  %d = constant dense<[1.0> : f32[1]\n"
                "  %e = constant @nowhere : f32[1]\n  %f = constant dense<true> : f32[1]\n"
                "  %h = constant dense<-1> : u64[1]\n  %i = constant dense<0.0> : f32[9999999999, 9999999999]")),
            "LT0302 2:37 `f32[3]` has 3 elements, 2 are given\n"
            "LT0101 3:24 expected a whole number, found `1.5`\n"
            "LT0101 4:24 `300` is beyond the range of `u8`\n"
            "LT0101 5:27 expected `]`, found `>`\n"
            "LT0103 6:17 no row `data @nowhere` is there\n"
            "LT0101 7:23 expected a number, found `true`\n"
            "LT0101 8:23 `-1` is beyond the range of `u64`\n"
            "LT0212 9:30 a constant has a fixed shape, `f32[9999999999, 9999999999]` has none\n");
}

TEST(ParseErrors, Data) {
  const std::string graph = "graph @g() -> () { return }\n";
  EXPECT_EQ(errors_of(graph + "data @a : f32[2] = hex\"00\"\ndata @b : f32[1] = hex\"0000000g\"\n"
                              "data @c : f32[1] = file(\"no/such/file\", 0)\ndata @d : f32[N] = absent\n"
                              "data @e : f32[1] = file(\"/dev/zero\", 0)\ndata @f : f32[1] = shared\n"
                              "data @h : f32[1] = words\n"),
            "LT0302 2:23 `f32[2]` takes 8 bytes, 1 are given\n"
            "LT0101 3:23 byte 3 of the data is not hexadecimal\n"
            "LT0303 4:24 the data file `no/such/file` can't be read\n"
            "LT0212 5:6 data needs a fixed shape and numbers, not `f32[N]`\n"
            "LT0303 6:24 the data file `/dev/zero` can't be read\n"
            "LT0303 7:6 the data `@f` is to be shared, but nothing shares it\n"
            "LT0101 8:20 expected `hex`, `file`, `dense` or `absent`, found `words`\n");
}

TEST(ParseErrors, WholeText) {
  EXPECT_EQ(errors_of(""), "LT0101 1:1 the text has no `graph`\n");
  EXPECT_EQ(errors_of("graph @g() -> () {\n  return\n"), "LT0101 2:9 expected `}`, found the end of the text\n");
  EXPECT_EQ(errors_of("graph @g() -> () { return }\ngraph @h() -> () { return }\n"),
            "LT0104 2:1 a text has one graph, this is another one\n");
  EXPECT_EQ(errors_of("model @g\ngraph @g() -> () { return }\n"),
            "LT0101 1:1 expected `sym`, `guard`, `graph` or `data`, found `model`\n");
}

TEST(ParseErrors, RegionsNestToALimit) {
  std::string text = "graph @g(%c: bool[]) -> () {\n";
  for (int i = 0; i < 100; ++i) text += "loop %c, %c region () {\n";
  EXPECT_NE(errors_of(text).find("LT0109 34:13 regions nest deeper than 32 levels"), std::string::npos)
      << errors_of(text);
}

}  // namespace
}  // namespace lathe
