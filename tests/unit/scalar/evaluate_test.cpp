// The meaning of scalar operations, against numbers worked out by hand and against the C library.
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "ir/base/result.h"
#include "ir/scalar/expression.h"

namespace lathe {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

double real(ScalarOp op, ElementType type, std::initializer_list<double> operands) {
  std::vector<ScalarValue> values;
  for (const double operand : operands) values.push_back(ScalarValue::of(type, operand));
  return evaluate_op(op, type, values).real;
}

int64_t whole(ScalarOp op, ElementType type, std::initializer_list<int64_t> operands) {
  std::vector<ScalarValue> values;
  for (const int64_t operand : operands) values.push_back(ScalarValue::of_integer(type, operand));
  const ElementType result = info(op).result == ScalarResult::Boolean ? ElementType::Boolean : type;
  return evaluate_op(op, result, values).integer;
}

int64_t cast_to_integer(double value, ElementType type) {
  const ScalarValue operand = ScalarValue::of(ElementType::F64, value);
  return evaluate_op(ScalarOp::Cast, type, std::span(&operand, 1)).integer;
}

TEST(Evaluate, SingleIsRoundedOnce) {
  // 1 + 2^-24 + 2^-60 rounds up only when it is not rounded on the way.
  const float a = 0.1f;
  const float b = 0.2f;
  EXPECT_EQ(real(ScalarOp::Add, ElementType::F32, {a, b}), static_cast<double>(a + b));
  EXPECT_EQ(real(ScalarOp::Mul, ElementType::F32, {a, b}), static_cast<double>(a * b));
  EXPECT_EQ(real(ScalarOp::Fma, ElementType::F32, {0x1p-12 + 1, 0x1p-12 + 1, -1.0}),
            static_cast<double>(std::fma(0x1p-12f + 1, 0x1p-12f + 1, -1.0f)));
  EXPECT_EQ(real(ScalarOp::Add, ElementType::F16, {2048.0, 1.0}), 2048.0);
  EXPECT_EQ(real(ScalarOp::Mul, ElementType::F16, {300.0, 300.0}), kInfinity);
}

TEST(Evaluate, MinimumAndMaximum) {
  for (const ScalarOp op : {ScalarOp::Min, ScalarOp::Max}) {
    EXPECT_TRUE(std::isnan(real(op, ElementType::F32, {kNan, 1.0})));
    EXPECT_TRUE(std::isnan(real(op, ElementType::F32, {1.0, kNan})));
    EXPECT_TRUE(std::signbit(real(op, ElementType::F32, {-0.0, 0.0})));
    EXPECT_FALSE(std::signbit(real(op, ElementType::F32, {0.0, -0.0})));
  }
  EXPECT_EQ(real(ScalarOp::Max, ElementType::F32, {1.0, 2.0}), 2.0);
  EXPECT_EQ(whole(ScalarOp::Max, ElementType::U64, {-1, 2}), -1);
  EXPECT_EQ(whole(ScalarOp::Min, ElementType::I64, {-1, 2}), -1);
}

// Nothing is undefined: division by zero, the smallest number by -1, shifts by the width or more.
TEST(Evaluate, IntegersAreTotal) {
  const int64_t least = std::numeric_limits<int64_t>::min();
  EXPECT_EQ(whole(ScalarOp::Div, ElementType::I32, {7, -2}), -3);
  EXPECT_EQ(whole(ScalarOp::Div, ElementType::I32, {7, 0}), 0);
  EXPECT_EQ(whole(ScalarOp::Div, ElementType::I64, {least, -1}), least);
  EXPECT_EQ(whole(ScalarOp::Div, ElementType::I8, {-128, -1}), -128);
  EXPECT_EQ(whole(ScalarOp::Div, ElementType::U64, {-1, 2}), std::numeric_limits<int64_t>::max());
  EXPECT_EQ(whole(ScalarOp::FloorMod, ElementType::I32, {-7, 3}), 2);
  EXPECT_EQ(whole(ScalarOp::FloorMod, ElementType::I32, {7, -3}), -2);
  EXPECT_EQ(whole(ScalarOp::Remainder, ElementType::I32, {-7, 3}), -1);
  EXPECT_EQ(whole(ScalarOp::Remainder, ElementType::I64, {least, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::Abs, ElementType::I8, {-128}), -128);
  EXPECT_EQ(whole(ScalarOp::Add, ElementType::U8, {250, 10}), 4);
  EXPECT_EQ(whole(ScalarOp::Neg, ElementType::U8, {1}), 255);
  EXPECT_EQ(whole(ScalarOp::Shl, ElementType::U8, {1, 7}), 128);
  EXPECT_EQ(whole(ScalarOp::Shl, ElementType::I32, {1, 32}), 0);
  EXPECT_EQ(whole(ScalarOp::Shr, ElementType::I8, {-128, 100}), -1);
  EXPECT_EQ(whole(ScalarOp::ShrLogical, ElementType::I8, {-128, 7}), 1);
  EXPECT_EQ(whole(ScalarOp::Shr, ElementType::I32, {5, -1}), 0);
  EXPECT_EQ(whole(ScalarOp::Not, ElementType::Boolean, {1}), 0);
  EXPECT_EQ(whole(ScalarOp::Not, ElementType::U8, {1}), 254);
  EXPECT_EQ(whole(ScalarOp::Lt, ElementType::U64, {-1, 1}), 0);
  EXPECT_EQ(whole(ScalarOp::Pow, ElementType::I32, {3, 4}), 81);
  EXPECT_EQ(whole(ScalarOp::Pow, ElementType::I32, {-1, -3}), -1);
  EXPECT_EQ(whole(ScalarOp::Pow, ElementType::I32, {2, -1}), 0);
}

TEST(Evaluate, Modulo) {
  EXPECT_EQ(real(ScalarOp::FloorMod, ElementType::F32, {-7.5, 2.0}), 0.5);
  EXPECT_EQ(real(ScalarOp::Remainder, ElementType::F32, {-7.5, 2.0}), -1.5);
  EXPECT_TRUE(std::signbit(real(ScalarOp::FloorMod, ElementType::F32, {4.0, -2.0})));
  EXPECT_TRUE(std::isnan(real(ScalarOp::FloorMod, ElementType::F32, {4.0, 0.0})));
}

TEST(Evaluate, CastsOfFloatsSaturate) {
  EXPECT_EQ(cast_to_integer(-1.9, ElementType::I32), -1);
  EXPECT_EQ(cast_to_integer(kNan, ElementType::I32), 0);
  EXPECT_EQ(cast_to_integer(1e300, ElementType::I32), INT32_MAX);
  EXPECT_EQ(cast_to_integer(-1e300, ElementType::I32), INT32_MIN);
  EXPECT_EQ(cast_to_integer(300.0, ElementType::U8), 255);
  EXPECT_EQ(cast_to_integer(-5.0, ElementType::U8), 0);
  EXPECT_EQ(cast_to_integer(kInfinity, ElementType::I64), INT64_MAX);
  EXPECT_EQ(cast_to_integer(kInfinity, ElementType::U64), -1);
  EXPECT_EQ(cast_to_integer(kNan, ElementType::Boolean), 1);
  EXPECT_EQ(cast_to_integer(0.25, ElementType::Boolean), 1);
  EXPECT_EQ(cast_to_integer(-0.0, ElementType::Boolean), 0);
}

TEST(Evaluate, RoundingAndSigns) {
  EXPECT_EQ(real(ScalarOp::RoundEven, ElementType::F32, {2.5}), 2.0);
  EXPECT_EQ(real(ScalarOp::RoundEven, ElementType::F32, {-3.5}), -4.0);
  EXPECT_EQ(real(ScalarOp::Sign, ElementType::F32, {-3.5}), -1.0);
  EXPECT_FALSE(std::signbit(real(ScalarOp::Sign, ElementType::F32, {-0.0})));
  EXPECT_TRUE(std::isnan(real(ScalarOp::Sign, ElementType::F32, {kNan})));
  EXPECT_NEAR(real(ScalarOp::Sigmoid, ElementType::F64, {-40.0}), std::exp(-40.0), 1e-30);
}

// gelu over a column at once and one by one gives the same bits.
TEST(Evaluate, ColumnsAgreeWithSingleNumbers) {
  ScalarBuilder b;
  const ScalarId x = b.argument(0, ElementType::F32);
  const ScalarId inner = b.erf(b.mul(x, b.constant_like(x, 0.70710678118654752)));
  const ScalarExpression gelu =
      b.finish(b.mul(b.mul(x, b.constant_like(x, 0.5)), b.add(inner, b.constant_like(x, 1.0))));
  ScalarColumn column(ElementType::F32, 101);
  for (size_t i = 0; i < column.size(); ++i) {
    column.reals[i] = static_cast<double>(static_cast<float>(0.1 * (static_cast<double>(i) - 50)));
  }
  const ScalarColumn result = evaluate(gelu, std::span(&column, 1), column.size());
  for (size_t i = 0; i < column.size(); ++i) {
    const ScalarValue argument = column.at(i);
    EXPECT_TRUE(evaluate(gelu, std::span(&argument, 1)).same_bits(result.at(i)));
    const double x_i = column.reals[i];
    EXPECT_NEAR(result.reals[i], 0.5 * x_i * (1 + std::erf(x_i / std::sqrt(2.0))), 1e-6);
  }
}

}  // namespace
}  // namespace lathe
