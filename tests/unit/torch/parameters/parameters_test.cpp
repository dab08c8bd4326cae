// The elements of parameters: from weights, from a seed, absent. Expected moments and quantiles are those of the
// distributions; one stream is compared with
// another program's, so that a seed means the same on every machine.
#include "compiler/frontend/torch/parameters.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "gtest/gtest.h"

namespace lathe::torch {
namespace {

TensorType type_of(std::initializer_list<int64_t> dims, ElementType element = ElementType::F32) {
  TensorType type{.element = element, .dims = {}, .ranked = true};
  for (const int64_t dim : dims) type.dims.emplace_back(dim);
  return type;
}

std::vector<double> numbers(const ConstantData& data) {
  std::vector<double> result;
  for (int64_t index = 0; index < data.element_count(); ++index) result.push_back(element_as_double(data, index));
  return result;
}

constexpr Initialization kUniform{.kind = Initialization::Kind::Uniform, .bound = 0.25};
constexpr Initialization kNormal{.kind = Initialization::Kind::Normal, .bound = 2};

/// The standard normal distribution function.
double normal_distribution(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(Parameters, TheQuantileInvertsTheDistribution) {
  for (const double x : {-7.5, -5.0, -3.1, -1.5, -0.7, -0.1, 0.0, 0.3, 1.0, 1.96, 2.6, 4.0}) {
    EXPECT_NEAR(normal_quantile(normal_distribution(x)), x, 2e-6 + std::abs(x) * 1e-6) << x;
  }
  EXPECT_NEAR(normal_quantile(0.975), 1.959963985, 1e-6);
}

TEST(Parameters, UniformElementsFillTheirRange) {
  const std::vector<double> all = numbers(random_constant(type_of({100, 1000}), kUniform, 7, "w"));
  double sum = 0;
  double squares = 0;
  for (const double x : all) {
    ASSERT_LE(std::abs(x), 0.25);
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / 1e5, 0, 0.002);
  EXPECT_NEAR(squares / 1e5, 0.25 * 0.25 / 3, 0.0005);
  EXPECT_GT(*std::max_element(all.begin(), all.end()), 0.2499);
  EXPECT_LT(*std::min_element(all.begin(), all.end()), -0.2499);
}

TEST(Parameters, NormalElementsHaveTheirMoments) {
  const std::vector<double> all = numbers(random_constant(type_of({100000}), kNormal, 7, "w"));
  double moments[5] = {};
  for (const double x : all) {
    for (int power = 1; power <= 4; ++power) moments[power] += std::pow(x / 2, power) / 1e5;
  }
  EXPECT_NEAR(moments[1], 0, 0.02);
  EXPECT_NEAR(moments[2], 1, 0.02);
  EXPECT_NEAR(moments[3], 0, 0.05);
  EXPECT_NEAR(moments[4], 3, 0.12);
}

TEST(Parameters, SeedAndNameDecide) {
  const TensorType type = type_of({4});
  const std::vector<double> first = numbers(random_constant(type, kUniform, 1, "a.weight"));
  EXPECT_EQ(numbers(random_constant(type, kUniform, 1, "a.weight")), first);
  EXPECT_NE(numbers(random_constant(type, kUniform, 2, "a.weight")), first);
  EXPECT_NE(numbers(random_constant(type, kUniform, 1, "b.weight")), first);
  // A longer parameter begins with the same elements.
  std::vector<double> longer = numbers(random_constant(type_of({9}), kUniform, 1, "a.weight"));
  longer.resize(4);
  EXPECT_EQ(longer, first);
}

TEST(Parameters, TheStreamIsTheSameEverywhere) {
  // By the formulas of splitmix64 and FNV-1a in Python.
  EXPECT_EQ(numbers(random_constant(type_of({3}), kUniform, 1, "a.weight")),
            (std::vector<double>{0.19984693825244904, -0.0356256477534771, 0.22465704381465912}));
}

TEST(Parameters, ConstantsNeedNoRoom) {
  GivenParameters parameters(ParameterElements::Absent, 0);
  const TensorType large = type_of({1000000, 1000000});
  const auto ones = parameters.parameter("w", large, {.kind = Initialization::Kind::Ones});
  ASSERT_TRUE(ones && ones->splat);
  EXPECT_EQ(element_as_double(*ones, 5), 1);
  const auto number = parameters.parameter("w", large, {.kind = Initialization::Kind::Constant, .bound = 0.25});
  EXPECT_EQ(element_as_double(*number, 5), 0.25);
  const auto random = parameters.parameter("w", large, kUniform);
  EXPECT_TRUE(random && random->absent);
  EXPECT_FALSE(parameters.parameter("w", large, {.kind = Initialization::Kind::Computed}));
}

TEST(Parameters, WeightsComeFirst) {
  GivenParameters parameters(ParameterElements::Seeded, 0);
  weights::StateDict dict;
  weights::StateEntry entry;
  const std::vector<double> values = {1, 2};
  entry.data = constant_from_doubles(type_of({2}), values);
  entry.data.name = "w";
  dict.add(std::move(entry));
  parameters.set_weights(std::move(dict));
  EXPECT_EQ(numbers(*parameters.parameter("w", type_of({2}), kUniform)), values);
  EXPECT_EQ(numbers(*parameters.parameter("w", type_of({2}), {.kind = Initialization::Kind::Computed})), values);
  EXPECT_EQ(parameters.parameter("other", type_of({2}), kUniform)->element_count(), 2);
}

TEST(Parameters, UnnamedTensorsAreDrawnAnew) {
  GivenParameters parameters(ParameterElements::Seeded, 3);
  const std::vector<double> first = numbers(*parameters.parameter("", type_of({3}), kNormal));
  EXPECT_NE(numbers(*parameters.parameter("", type_of({3}), kNormal)), first);
}

}  // namespace
}  // namespace lathe::torch
