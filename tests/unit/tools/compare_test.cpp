// Comparison of results: tolerances, NaN, infinities, messages.
#include "compiler/tools/compare.h"

#include <cmath>
#include <limits>

#include "gtest/gtest.h"

namespace lathe::tools {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

ConstantData floats(const std::vector<double>& values) {
  return constant_from_doubles({ElementType::F32, {static_cast<int64_t>(values.size())}, true}, values);
}

std::string fault(const std::vector<double>& got, const std::vector<double>& want, Tolerance tolerance = {}) {
  return difference(floats(got), floats(want), tolerance).value_or("");
}

TEST(Difference, AllowsTheTolerance) {
  EXPECT_EQ(fault({1, 2}, {1, 2}), "");
  EXPECT_EQ(fault({1.0009}, {1}), "");
  EXPECT_NE(fault({1.002}, {1}), "");
  EXPECT_EQ(fault({5e-8}, {0}), "");
  EXPECT_EQ(fault({1.1}, {1}, {.relative = 0.2, .absolute = 0}), "");
}

TEST(Difference, NanAndInfinityEqualOnlyThemselves) {
  EXPECT_EQ(fault({NAN, kInfinity, -kInfinity}, {NAN, kInfinity, -kInfinity}), "");
  EXPECT_NE(fault({0}, {NAN}), "");
  EXPECT_NE(fault({NAN}, {0}), "");
  EXPECT_NE(fault({kInfinity}, {-kInfinity}), "");
  EXPECT_NE(fault({3e38}, {kInfinity}), "");
  EXPECT_NE(fault({kInfinity}, {3e38}), "");
}

TEST(Difference, SaysWhereItIsLargest) {
  const TensorType type{ElementType::F32, {2, 3}, true};
  const ConstantData got = constant_from_doubles(type, std::vector<double>{1, 2, 3, 4, 7, 6.5});
  const ConstantData want = constant_from_doubles(type, std::vector<double>{1, 2, 3, 4, 5, 6});
  EXPECT_EQ(difference(got, want, {}), "2 of 6 elements differ, most at [1, 1]: 7, expected 5");
  EXPECT_EQ(fault({1000.001, 5e-6}, {1000, 0}),
            "tolerance: 1 of 2 elements differ, most at [1]: 4.99999987e-06, expected 0");
}

TEST(Difference, LooksAtTypesFirst) {
  EXPECT_EQ(fault({1}, {1, 2}), "type `f32[1]`, expected `f32[2]`");
  const ConstantData integers = constant_from_doubles({ElementType::I32, {1}, true}, std::vector<double>{1});
  EXPECT_EQ(difference(integers, floats({1}), {}), "type `i32[1]`, expected `f32[1]`");
}

TEST(Difference, StringsAndBoolsMustBeEqual) {
  ConstantData a;
  a.type = {ElementType::String, {1}, true};
  a.strings = {"x"};
  ConstantData b = a;
  EXPECT_EQ(difference(a, b, {}), std::nullopt);
  b.strings = {"y"};
  EXPECT_EQ(difference(a, b, {}), "element [0] is `x`, expected `y`");
  const TensorType boolean{ElementType::Boolean, {1}, true};
  EXPECT_NE(difference(constant_from_doubles(boolean, std::vector<double>{1}),
                       constant_from_doubles(boolean, std::vector<double>{0}), {.relative = 10, .absolute = 10}),
            std::nullopt);
}

TEST(Distance, IsRelativeToTheLargest) {
  const Distance apart = distance(floats({10, 0.5}), floats({10, 0}));
  EXPECT_EQ(apart.difference, 0.5);
  EXPECT_EQ(apart.relative(), 0.05);
  EXPECT_EQ(distance(floats({0}), floats({0})).relative(), 0);
  EXPECT_EQ(distance(floats({1}), floats({0})).relative(), kInfinity);
  EXPECT_EQ(distance(floats({NAN}), floats({0})).difference, kInfinity);
}

}  // namespace
}  // namespace lathe::tools
