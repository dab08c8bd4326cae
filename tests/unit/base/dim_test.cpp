// Dims: canonical forms and their texts, known identities, limits, what the provers must be able to show.
#include "ir/base/dim.h"

#include <limits>

#include "gtest/gtest.h"

namespace lathe {
namespace {

const Dim kN = Dim::symbol("N");
const Dim kH = Dim::symbol("H");
const Dim kW = Dim::symbol("W");
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();

TEST(Dim, PolynomialsHaveOneForm) {
  EXPECT_EQ((kN + 1) * (kN - 1), kN * kN - 1);
  EXPECT_EQ((kN * kH * 2 + kN + 3).text(), "2*H*N + N + 3");
  EXPECT_EQ((kN - kN).text(), "0");
  EXPECT_EQ((kN * 0 + 7), Dim(7));
  EXPECT_EQ((-kN - 1).text(), "-N - 1");
  EXPECT_EQ((Dim(3) - kN * 2).text(), "-2*N + 3");
  EXPECT_EQ(kH * kN, kN * kH);
}

TEST(Dim, FunctionsFold) {
  EXPECT_EQ(floordiv(-7, 2), Dim(-4));
  EXPECT_EQ(modulo(-7, 2), Dim(1));
  EXPECT_EQ(ceildiv(7, 2), Dim(4));
  EXPECT_EQ(floordiv(kN * 6 + 4, 2), kN * 3 + 2);
  EXPECT_EQ(floordiv(kN * 4 + 7, 4), kN + 1);
  EXPECT_EQ(modulo(kN * 4 + 7, 4), Dim(3));
  EXPECT_EQ(floordiv(kN * kH, kH), kN);
  EXPECT_EQ(modulo(kN * kH, kH), Dim(0));
  EXPECT_EQ(floordiv(kN, 1), kN);
  EXPECT_EQ(minimum(kN, kN + 1), kN);
  EXPECT_EQ(maximum(kN, kN + 1), kN + 1);
  EXPECT_EQ(minimum(kN, kH), minimum(kH, kN));
  EXPECT_EQ(floordiv(floordiv(kN, 2), 3), floordiv(kN, 6));
  EXPECT_EQ(floordiv(floordiv(kN, 2) + 1, 2), floordiv(kN + 2, 4));
}

TEST(Dim, TextIsThatOfTheParserOrOfPython) {
  const Dim dim = floordiv(kW + 1, 2) + modulo(kH, 4) * kN;
  EXPECT_EQ(dim.text(), "N*mod(H, 4) + floordiv(W + 1, 2)");
  EXPECT_EQ(dim.python_text(), "N*(H % 4) + ((W + 1)//2)");
  EXPECT_EQ(floordiv(kW + 1, 2).python_text(), "(W + 1)//2");
  EXPECT_EQ(Dim::invalid().text(), "?");
}

TEST(Dim, OverflowIsInvalidAndSpreads) {
  EXPECT_FALSE((Dim(kMost) + 1).valid());
  EXPECT_FALSE((Dim(kLeast) - 1).valid());
  EXPECT_FALSE((Dim(kMost) * 2).valid());
  EXPECT_FALSE((-Dim(kLeast)).valid());
  EXPECT_FALSE((kN * kMost * 2).valid());
  EXPECT_FALSE((kN * kMost + kN).valid());
  EXPECT_FALSE((Dim::invalid() * 0).valid());
  EXPECT_FALSE(floordiv(Dim::invalid(), 2).valid());
  EXPECT_FALSE(minimum(kN, Dim::invalid()).valid());
  EXPECT_FALSE(product({kMost, 2}).valid());
  EXPECT_TRUE((Dim(kMost) + 0).valid());
  EXPECT_EQ(Dim::invalid(), Dim::invalid());
  EXPECT_EQ(floordiv(kLeast, 2), Dim(kLeast / 2));
}

TEST(Dim, DivisionNeedsAPositiveDivisor) {
  EXPECT_FALSE(floordiv(kN, 0).valid());
  EXPECT_FALSE(floordiv(kN, -2).valid());
  EXPECT_FALSE(modulo(kN, 0).valid());
  EXPECT_EQ(
      evaluate(floordiv(kN, kH), [](const std::string& name) -> std::optional<int64_t> { return name == "N" ? 7 : 0; }),
      std::nullopt);
}

TEST(Dim, HostileNestingAndWidthAreInvalid) {
  Dim deep = kN;
  for (int i = 0; i < 1000; ++i) deep = floordiv(deep + kH, 3);
  EXPECT_FALSE(deep.valid());
  Dim wide = 0;
  for (int i = 0; i < 1000; ++i) wide += Dim::symbol("s" + std::to_string(i));
  EXPECT_FALSE(wide.valid());
  Dim power = kN;
  for (int i = 0; i < 20; ++i) power *= power;
  EXPECT_FALSE(power.valid());
}

TEST(Dim, SharedSubexpressionsDoNotExplode) {
  // Every step mentions the one before twice: without a limit on size this is 2^24 atoms.
  Dim dim = kN;
  for (int i = 0; i < 24; ++i) dim = floordiv(dim, 3) * modulo(dim, 5) + i;
  size_t visited = 0;
  for_each_symbol(dim, [&](const std::string&) { ++visited; });
  EXPECT_LT(visited, 100000u);
}

TEST(Dim, OriginIsNoPartOfTheValue) {
  const Dim marked = Dim(3).with_origin(OriginId(size_t{7}));
  EXPECT_EQ(marked, Dim(3));
  EXPECT_EQ(marked.origin(), OriginId(size_t{7}));
  EXPECT_FALSE((marked + 1).origin().valid());
  EXPECT_FALSE((kN.with_origin(OriginId(size_t{7})) + 1).origin().valid());
  EXPECT_FALSE((marked * 2).origin().valid());
}

TEST(Dim, ExactDivision) {
  EXPECT_EQ(exact_divide(kN * 6, kN * 2), Dim(3));
  EXPECT_EQ(exact_divide(kN * 6 + 4, 2), kN * 3 + 2);
  EXPECT_EQ(exact_divide(kN * 6 + 3, 2), std::nullopt);
  EXPECT_EQ(exact_divide(kN + 1, kN), std::nullopt);
  EXPECT_EQ(exact_divide(kN, 0), std::nullopt);
  EXPECT_EQ(exact_divide(0, kN), Dim(0));
}

TEST(Dim, MinimumOfTheInt64RangeDividesWithoutTrap) {
  EXPECT_EQ(exact_divide(Dim(kLeast), -1), std::nullopt);
  EXPECT_EQ(exact_divide(kN * kLeast, -1), std::nullopt);
}

TEST(Dim, SymbolsAreFoundInsideFunctions) {
  const Dim dim = floordiv(kN, 2) + kH;
  EXPECT_TRUE(mentions(dim, "N"));
  EXPECT_FALSE(mentions(dim, "W"));
  EXPECT_FALSE(linear_in(dim, "N").has_value());
  ASSERT_TRUE(linear_in(dim, "H").has_value());
  EXPECT_EQ(linear_in(dim, "H")->coefficient, Dim(1));
  EXPECT_FALSE(linear_in(kN * kN, "N").has_value());
  EXPECT_EQ(*kN.as_symbol(), "N");
  EXPECT_EQ((kN * 2).as_symbol(), nullptr);
}

class Provers : public ::testing::Test {
 protected:
  Provers() {
    table.declare("N", 1, 4096);
    table.declare("H", 4, 1024);
    table.declare("i", 0, kN - 1);
  }
  SymbolTable table;
};

TEST_F(Provers, DecideWhatBoundsDecide) {
  EXPECT_EQ(table.prove_le(1, kN), Answer::Yes);
  EXPECT_EQ(table.prove_le(kN, 4096), Answer::Yes);
  EXPECT_EQ(table.prove_le(kN, 4095), Answer::Unknown);
  EXPECT_EQ(table.prove_le(4097, kN), Answer::No);
  EXPECT_EQ(table.prove_eq(kN, 0), Answer::No);
  EXPECT_EQ(table.prove_eq(kN + kH, kH + kN), Answer::Yes);
  EXPECT_EQ(table.prove_eq(kN, kH), Answer::Unknown);
  EXPECT_EQ(table.prove_eq(Dim::invalid(), Dim::invalid()), Answer::Unknown);
}

TEST_F(Provers, UseBoundsThatAreSymbols) {
  const Dim i = Dim::symbol("i");
  EXPECT_EQ(table.prove_lt(i, kN), Answer::Yes);
  EXPECT_EQ(table.prove_lt(i * kH + kH - 1, kN * kH), Answer::Yes);
  EXPECT_EQ(table.prove_lt(i + 1, kN), Answer::Unknown);
  EXPECT_EQ(table.prove_le(kN, i), Answer::No);
}

TEST_F(Provers, BoundDivisions) {
  EXPECT_EQ(table.prove_le(floordiv(kH, 2) * 2, kH), Answer::Yes);
  EXPECT_EQ(table.prove_le(floordiv(kH - 3, 2) + 1, kH), Answer::Yes);
  EXPECT_EQ(table.prove_le(1, floordiv(kH, 4)), Answer::Yes);
  EXPECT_EQ(table.prove_lt(modulo(kH, 4), 4), Answer::Yes);
}

TEST_F(Provers, Simplify) {
  SymbolTable inner;
  const Dim i = Dim::symbol("i");
  const Dim j = Dim::symbol("j");
  inner.declare("i", 0, 99);
  inner.declare("j", 0, 5);
  EXPECT_EQ(inner.simplify(floordiv(i * 6 + j, 6)), i);
  EXPECT_EQ(inner.simplify(modulo(i * 6 + j, 6)), j);
  EXPECT_EQ(inner.simplify(minimum(j, 10)), j);
  EXPECT_EQ(inner.simplify(maximum(j - 8, 0)), Dim(0));
}

TEST_F(Provers, IntervalsSaturate) {
  EXPECT_EQ(table.interval(Dim::symbol("free")).lower, kLeast);
  EXPECT_EQ(table.interval(Dim::symbol("free") * Dim::symbol("free") * 3).upper, kMost);
  EXPECT_EQ(table.interval(kN * kH).lower, 4);
  EXPECT_EQ(table.interval(kN * kH).upper, 4096 * 1024);
}

TEST_F(Provers, ChainsOfBoundsAreFollowedOnce) {
  table.declare("s0", 1, 2);
  for (int i = 1; i < 60; ++i) {
    const Dim before = Dim::symbol("s" + std::to_string(i - 1));
    table.declare("s" + std::to_string(i), before, before + 1);
  }
  EXPECT_EQ(table.interval(Dim::symbol("s59")).upper, 61);
  table.declare("s0", 5, 5);
  EXPECT_EQ(table.interval(Dim::symbol("s59")).lower, 5);
}

TEST_F(Provers, CirclesOfBoundsEnd) {
  table.declare("a", 1, Dim::symbol("b"));
  table.declare("b", 1, Dim::symbol("a"));
  EXPECT_EQ(table.interval(Dim::symbol("a")).lower, 1);
  EXPECT_EQ(table.prove_le(Dim::symbol("a"), 7), Answer::Unknown);
}

TEST_F(Provers, NamesAreFresh) {
  EXPECT_EQ(table.fresh_name("M"), "M");
  EXPECT_EQ(table.fresh_name("N"), "N.1");
  table.declare("N.1");
  EXPECT_EQ(table.fresh_name("N"), "N.2");
  table.declare("N", 2, 3);
  EXPECT_EQ(table.find("N")->upper, Dim(3));
  EXPECT_EQ(table.rows().size(), 4u);
}

}  // namespace
}  // namespace lathe
