// The expansions of transcendental functions against the C library in double precision.
#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <random>

#include "compiler/lower/expand_math.h"

namespace lathe::lower {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

struct Function {
  ScalarOp op;
  double (*reference)(double);
  double low;  ///< of the tested domain
  double high;
  double ulps;  ///< as expand_math.h states
};

double sigmoid(double x) { return 1.0 / (1.0 + std::exp(-x)); }

void PrintTo(const Function& function, std::ostream* stream) { *stream << text(function.op); }

// Distance in units in the last place of the float nearest to `want`.
double distance(double got, double want) {
  const auto rounded = static_cast<float>(want);
  if (std::isnan(got) && std::isnan(rounded)) return 0;
  if (got == static_cast<double>(rounded)) return 0;
  if (!std::isfinite(got) || !std::isfinite(rounded)) return std::numeric_limits<double>::infinity();
  const float magnitude = std::fabs(rounded);
  const int exponent = magnitude < std::numeric_limits<float>::min() ? -126 : std::ilogb(magnitude);
  return std::fabs(got - want) / std::ldexp(1.0, exponent - 23);
}

// Evenly spread over [0, 1).
double uniform(std::mt19937& random) { return static_cast<double>(random()) / 4294967296.0; }

// Half spread evenly around zero, half of random bits.
ScalarColumn samples(const Function& function, size_t count) {
  std::mt19937 random(20240607);
  ScalarColumn column(ElementType::F32, 0);
  const double low = std::max(function.low, -30.0);
  const double high = std::min(function.high, 30.0);
  while (column.reals.size() < count) {
    const double part = uniform(random);
    column.reals.push_back(static_cast<float>(low + (high - low) * part));
    float any = 0;
    const uint32_t bits = static_cast<uint32_t>(random());
    std::memcpy(&any, &bits, sizeof any);
    if (any >= function.low && any <= function.high) column.reals.push_back(any);
  }
  return column;
}

class MathExpansion : public testing::TestWithParam<Function> {};

TEST_P(MathExpansion, StaysWithinItsUlps) {
  const Function& function = GetParam();
  const auto expansion = math_expansion(function.op);
  ASSERT_TRUE(expansion.has_value());
  const ScalarColumn arguments = samples(function, 100000);
  const ScalarColumn results = evaluate(*expansion, std::span(&arguments, 1), arguments.size());
  for (size_t i = 0; i < arguments.size(); ++i) {
    const double want = function.reference(arguments.reals[i]);
    ASSERT_LE(distance(results.reals[i], want), function.ulps) << text(function.op) << "(" << arguments.reals[i] << ")";
  }
}

TEST_P(MathExpansion, HasTheSpecialValuesOfTheCLibrary) {
  const Function& function = GetParam();
  const auto expansion = math_expansion(function.op);
  for (float x : {0.0f, -0.0f, 1.0f, -1.0f, kInfinity, -kInfinity, kNan}) {
    const ScalarValue argument = ScalarValue::of(ElementType::F32, x);
    const double got = evaluate(*expansion, std::span(&argument, 1)).real;
    const auto want = static_cast<float>(function.reference(x));
    EXPECT_LE(distance(got, function.reference(x)), function.ulps) << text(function.op) << "(" << x << ") = " << got;
    if (!std::isnan(want)) EXPECT_EQ(std::signbit(got), std::signbit(want)) << text(function.op) << "(" << x << ")";
  }
}

INSTANTIATE_TEST_SUITE_P(
    All, MathExpansion,
    testing::Values(Function{ScalarOp::Exp, std::exp, -110, 95, 2}, Function{ScalarOp::Expm1, std::expm1, -110, 95, 2},
                    Function{ScalarOp::Log, std::log, 0, 3e38, 2}, Function{ScalarOp::Log1p, std::log1p, -1, 1e30, 3},
                    Function{ScalarOp::Tanh, std::tanh, -20, 20, 5}, Function{ScalarOp::Erf, std::erf, -6, 6, 6},
                    Function{ScalarOp::Sigmoid, sigmoid, -87, 110, 3}, Function{ScalarOp::Sin, std::sin, -1e6, 1e6, 1},
                    Function{ScalarOp::Cos, std::cos, -1e6, 1e6, 1}, Function{ScalarOp::Tan, std::tan, -1e6, 1e6, 1},
                    Function{ScalarOp::Asin, std::asin, -1, 1, 1}, Function{ScalarOp::Acos, std::acos, -1, 1, 1},
                    Function{ScalarOp::Atan, std::atan, -1e30, 1e30, 1},
                    Function{ScalarOp::Sinh, std::sinh, -95, 95, 1}, Function{ScalarOp::Cosh, std::cosh, -95, 95, 1},
                    Function{ScalarOp::Asinh, std::asinh, -1e30, 1e30, 1},
                    Function{ScalarOp::Acosh, std::acosh, 1, 1e30, 1},
                    Function{ScalarOp::Atanh, std::atanh, -1, 1, 1}));

double power(float x, float y) {
  const auto expansion = math_expansion(ScalarOp::Pow);
  const ScalarValue arguments[] = {ScalarValue::of(ElementType::F32, x), ScalarValue::of(ElementType::F32, y)};
  return evaluate(*expansion, arguments).real;
}

TEST(PowExpansion, AgreesWithTheCLibrary) {
  std::mt19937 random(7);
  for (int i = 0; i < 20000; ++i) {
    const auto x = static_cast<float>(uniform(random) * 20 - 5);
    const auto y = i % 2 == 0 ? static_cast<float>(static_cast<int>(random() % 21) - 10)
                              : static_cast<float>(uniform(random) * 20 - 10);
    ASSERT_LE(distance(power(x, y), std::pow(static_cast<double>(x), static_cast<double>(y))), 1.0) << x << " " << y;
  }
}

TEST(PowExpansion, HasTheSpecialValuesOfTheCLibrary) {
  const float values[] = {0.0f, -0.0f, 1.0f, -1.0f, 2.0f, -2.0f, 0.5f, -0.5f, 3.0f, -3.0f, kInfinity, -kInfinity, kNan};
  for (float x : values) {
    for (float y : values) {
      const float want = std::pow(x, y);
      const double got = power(x, y);
      if (std::isnan(want)) {
        EXPECT_TRUE(std::isnan(got)) << x << " " << y;
      } else {
        EXPECT_EQ(static_cast<float>(got), want) << x << " " << y;
        EXPECT_EQ(std::signbit(got), std::signbit(want)) << x << " " << y;
      }
    }
  }
}

}  // namespace
}  // namespace lathe::lower
