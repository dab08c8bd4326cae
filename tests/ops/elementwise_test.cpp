// Elementwise rows against the C library, element types, broadcasting, special numbers.
#include <cmath>
#include <limits>
#include <numbers>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

using Function = double (*)(double);

struct UnaryCase {
  std::string_view op;
  Function function;
  double tolerance;
};

double sign_of(double x) { return std::isnan(x) ? x : x > 0 ? 1 : x < 0 ? -1 : 0; }
double round_even(double x) { return std::nearbyint(x); }
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
double softplus(double x) { return std::log1p(std::exp(-std::abs(x))) + std::max(x, 0.0); }

const UnaryCase kUnaryCases[] = {
    {"abs", [](double x) { return std::abs(x); }, 0},
    {"neg", [](double x) { return -x; }, 0},
    {"sign", sign_of, 0},
    {"floor", [](double x) { return std::floor(x); }, 0},
    {"ceil", [](double x) { return std::ceil(x); }, 0},
    {"trunc", [](double x) { return std::trunc(x); }, 0},
    {"round", round_even, 0},
    {"sqrt", [](double x) { return std::sqrt(x); }, 1e-7},
    {"rsqrt", [](double x) { return 1 / std::sqrt(x); }, 2e-7},
    {"reciprocal", [](double x) { return 1 / x; }, 1e-7},
    {"exp", [](double x) { return std::exp(x); }, 2e-7},
    {"expm1", [](double x) { return std::expm1(x); }, 2e-7},
    {"log", [](double x) { return std::log(x); }, 2e-7},
    {"log1p", [](double x) { return std::log1p(x); }, 2e-7},
    {"sin", [](double x) { return std::sin(x); }, 2e-7},
    {"cos", [](double x) { return std::cos(x); }, 2e-7},
    {"tan", [](double x) { return std::tan(x); }, 2e-7},
    {"asin", [](double x) { return std::asin(x); }, 2e-7},
    {"acos", [](double x) { return std::acos(x); }, 2e-7},
    {"atan", [](double x) { return std::atan(x); }, 2e-7},
    {"sinh", [](double x) { return std::sinh(x); }, 2e-7},
    {"cosh", [](double x) { return std::cosh(x); }, 2e-7},
    {"tanh", [](double x) { return std::tanh(x); }, 2e-7},
    {"asinh", [](double x) { return std::asinh(x); }, 2e-7},
    {"acosh", [](double x) { return std::acosh(x); }, 2e-7},
    {"atanh", [](double x) { return std::atanh(x); }, 2e-7},
    {"erf", [](double x) { return std::erf(x); }, 2e-7},
    {"relu", [](double x) { return std::isnan(x) ? x : std::max(x, 0.0); }, 0},
    {"leaky_relu", [](double x) { return x < 0 ? 0.01 * x : x; }, 1e-7},
    {"elu", [](double x) { return x < 0 ? std::expm1(x) : x; }, 2e-7},
    {"celu", [](double x) { return x < 0 ? std::expm1(x) : x; }, 2e-7},
    {"selu", [](double x) { return 1.0507009873554804934 * (x < 0 ? 1.6732632423543772848 * std::expm1(x) : x); },
     5e-7},
    {"gelu", [](double x) { return x * 0.5 * std::erfc(-x / std::numbers::sqrt2); }, 5e-7},
    {"sigmoid", sigmoid, 2e-7},
    {"hard_sigmoid", [](double x) { return std::isnan(x) ? x : std::min(1.0, std::max(0.0, 0.2 * x + 0.5)); }, 2e-7},
    {"hard_swish", [](double x) { return std::isnan(x) ? x : x * std::min(6.0, std::max(0.0, x + 3)) / 6; }, 5e-7},
    {"swish", [](double x) { return x * sigmoid(x); }, 5e-7},
    {"mish", [](double x) { return x * std::tanh(softplus(x)); }, 5e-7},
    {"softplus", softplus, 2e-7},
    {"softsign", [](double x) { return x / (1 + std::abs(x)); }, 2e-7},
    {"thresholded_relu", [](double x) { return x > 1 ? x : 0; }, 0},
    {"shrink", [](double x) { return x < -0.5  ? x
                                     : x > 0.5 ? x
                                               : 0; }, 0},
};

TEST(Elementwise, UnaryRowsAgreeWithTheLibrary) {
  Array x{{3, 5, 67}, {}, ElementType::F32};
  for (int i = 0; i < 3 * 5 * 67; ++i) x.values.push_back((i - 500) / 64.0);
  x.values[0] = kNan;
  for (const UnaryCase& unary : kUnaryCases) {
    SCOPED_TRACE(unary.op);
    Numbers wanted;
    for (const double value : x.values) wanted.push_back(unary.function(value));
    expect_near(run_one(unary.op, {&x}), x.dims, wanted, unary.tolerance);
  }
}

TEST(Elementwise, UnaryRowsTakeEveryRankAndSize) {
  for (const Dims& dims : {Dims{}, Dims{1}, Dims{0}, Dims{3, 0, 2}, Dims{1025}, Dims{2, 1, 1, 1, 3}}) {
    const Array x = numbers(dims);
    Numbers wanted;
    for (const double value : x.values) wanted.push_back(-value);
    expect_exact(run_one("neg", {&x}), dims, wanted);
  }
}

TEST(Elementwise, InfinitiesAndNan) {
  const Array x{{5}, {kInfinity, -kInfinity, kNan, 0.0, -0.0}, ElementType::F32};
  expect_exact(run_one("relu", {&x}), {5}, {kInfinity, 0, kNan, 0, -0.0});
  expect_exact(run_one("softplus", {&x}), {5},
               {kInfinity, 0, kNan, static_cast<float>(std::log(2.0)), static_cast<float>(std::log(2.0))});
  expect_exact(run_one("sigmoid", {&x}), {5}, {1, 0, kNan, 0.5, 0.5});
  expect_exact(run_one("clamp", {&x}, {{"min", -1.0}, {"max", 2.0}}), {5}, {2, -1, kNan, 0, -0.0});
  expect_exact(run_one("clamp", {&x}, {{"min", 3.0}, {"max", 2.0}}), {5}, {2, 2, kNan, 2, 2});
  expect_exact(run_one("clamp", {&x}), {5}, x.values);
  expect_exact(run_one("is_nan", {&x}), {5}, {0, 0, 1, 0, 0});
  expect_exact(run_one("is_inf", {&x}), {5}, {1, 1, 0, 0, 0});
  expect_exact(run_one("is_inf", {&x}, {{"negative", false}}), {5}, {1, 0, 0, 0, 0});
  expect_exact(run_one("is_inf", {&x}, {{"positive", false}}), {5}, {0, 1, 0, 0, 0});
}

TEST(Elementwise, AttributesCount) {
  const Array x{{4}, {-2, -0.25, 0.25, 2}, ElementType::F32};
  expect_near(run_one("leaky_relu", {&x}, {{"slope", 0.5}}), {4}, {-1, -0.125, 0.25, 2}, 0);
  expect_near(run_one("elu", {&x}, {{"alpha", 2.0}}), {4}, {2 * std::expm1(-2), 2 * std::expm1(-0.25), 0.25, 2}, 2e-7);
  expect_near(run_one("celu", {&x}, {{"alpha", 2.0}}), {4}, {2 * std::expm1(-1), 2 * std::expm1(-0.125), 0.25, 2},
              2e-7);
  expect_near(run_one("hard_sigmoid", {&x}, {{"alpha", 1.0}, {"beta", 0.25}}), {4}, {0, 0, 0.5, 1}, 0);
  expect_near(run_one("shrink", {&x}, {{"lambd", 1.0}, {"bias", 0.5}}), {4}, {-1.5, 0, 0, 1.5}, 0);
  expect_near(run_one("thresholded_relu", {&x}, {{"alpha", 0.2}}), {4}, {0, 0, 0.25, 2}, 0);
  expect_near(run_one("swish", {&x}, {{"alpha", 2.0}}), {4},
              {-2 * sigmoid(-4), -0.25 * sigmoid(-0.5), 0.25 * sigmoid(0.5), 2 * sigmoid(4)}, 2e-7);
  const auto tanh_gelu = [](double v) {
    return 0.5 * v * (1 + std::tanh(std::sqrt(2 / std::numbers::pi) * (v + 0.044715 * v * v * v)));
  };
  expect_near(run_one("gelu", {&x}, {{"approximate", std::string("tanh")}}), {4},
              {tanh_gelu(-2), tanh_gelu(-0.25), tanh_gelu(0.25), tanh_gelu(2)}, 2e-7);
}

TEST(Elementwise, HalfPrecisionRoundsOnce) {
  const Array x = {{3}, {1.5, -0.3333, 2.25}, ElementType::F16};
  const Array gelu = run_one("gelu", {&x});
  ASSERT_EQ(gelu.element, ElementType::F16);
  for (size_t i = 0; i < 3; ++i) {
    const double exact = ScalarValue::of(ElementType::F16, x.values[i]).real;
    EXPECT_NEAR(gelu.values[i], exact * 0.5 * std::erfc(-exact / std::numbers::sqrt2), 0.0005);
  }
}

struct BinaryCase {
  std::string_view op;
  double (*function)(double, double);
};

const BinaryCase kBinaryCases[] = {
    {"add", [](double a, double b) { return a + b; }},
    {"sub", [](double a, double b) { return a - b; }},
    {"mul", [](double a, double b) { return a * b; }},
    {"minimum", [](double a, double b) { return std::min(a, b); }},
    {"maximum", [](double a, double b) { return std::max(a, b); }},
    {"equal", [](double a, double b) { return a == b ? 1.0 : 0.0; }},
    {"not_equal", [](double a, double b) { return a != b ? 1.0 : 0.0; }},
    {"less", [](double a, double b) { return a < b ? 1.0 : 0.0; }},
    {"less_equal", [](double a, double b) { return a <= b ? 1.0 : 0.0; }},
    {"greater", [](double a, double b) { return a > b ? 1.0 : 0.0; }},
    {"greater_equal", [](double a, double b) { return a >= b ? 1.0 : 0.0; }},
};

TEST(Elementwise, BinaryRowsBroadcast) {
  struct Shapes {
    Dims a;
    Dims b;
    Dims result;
  };
  const Shapes shapes[] = {{{}, {}, {}},
                           {{3}, {}, {3}},
                           {{}, {2, 3}, {2, 3}},
                           {{2, 3}, {3}, {2, 3}},
                           {{2, 1, 5}, {3, 1}, {2, 3, 5}},
                           {{1}, {4, 1, 1}, {4, 1, 1}},
                           {{0}, {1}, {0}},
                           {{2, 0, 3}, {1, 1, 1}, {2, 0, 3}},
                           {{7, 33}, {7, 33}, {7, 33}},
                           {{40, 1}, {1, 40}, {40, 40}}};
  for (const BinaryCase& binary : kBinaryCases) {
    for (const Shapes& each : shapes) {
      SCOPED_TRACE(std::string(binary.op) + " " + text(shape_of(each.a)) + " " + text(shape_of(each.b)));
      // Small whole numbers: exact in every type, with equal ones among them.
      Array a = numbers(each.a, 1);
      Array b = numbers(each.b, 2);
      for (double& value : a.values) value = std::floor(value * 3);
      for (double& value : b.values) value = std::floor(value * 3);
      for (const ElementType element : {ElementType::F32, ElementType::F64, ElementType::F16, ElementType::BF16,
                                        ElementType::I8, ElementType::I32, ElementType::I64}) {
        a.element = b.element = element;
        Numbers wanted;
        for_each_position(each.result, [&](const Dims& index) {
          wanted.push_back(binary.function(broadcast_value(a, index), broadcast_value(b, index)) + 0.0);
        });
        const Array got = run_one(binary.op, {&a, &b});
        expect_near(got, each.result, wanted, 0);
      }
    }
  }
}

TEST(Elementwise, IntegersWrapAndDivideTowardsZero) {
  const Array a{{6}, {127, -128, 7, -7, 7, 5}, ElementType::I8};
  const Array b{{6}, {1, 1, 2, 2, -2, 0}, ElementType::I8};
  expect_exact(run_one("add", {&a, &b}), {6}, {-128, -127, 9, -5, 5, 5});
  expect_exact(run_one("sub", {&a, &b}), {6}, {126, 127, 5, -9, 9, 5});
  expect_exact(run_one("div", {&a, &b}), {6}, {127, -128, 3, -3, -3, 0});
  expect_exact(run_one("mod", {&a, &b}), {6}, {0, 0, 1, 1, -1, 0});
  expect_exact(run_one("mod", {&a, &b}, {{"fmod", true}}), {6}, {0, 0, 1, -1, 1, 0});
  const Array base{{4}, {2, -3, 2, 7}, ElementType::I32};
  const Array exponent{{4}, {10, 3, 0, -1}, ElementType::I32};
  expect_exact(run_one("pow", {&base, &exponent}), {4}, {1024, -27, 1, 0});
}

TEST(Elementwise, FloatsDivideAndTakeRemainders) {
  const Array a{{6}, {1, -1, 0, 5.5, -5.5, kInfinity}, ElementType::F32};
  const Array b{{6}, {0, 0, 0, 2, 2, kInfinity}, ElementType::F32};
  expect_exact(run_one("div", {&a, &b}), {6}, {kInfinity, -kInfinity, kNan, 2.75, -2.75, kNan});
  const Array divisor{{6}, {2, 2, 2, 2, 2, 2}, ElementType::F32};
  expect_exact(run_one("mod", {&a, &divisor}), {6}, {1, 1, 0, 1.5, 0.5, kNan});
  expect_exact(run_one("mod", {&a, &divisor}, {{"fmod", true}}), {6}, {1, -1, 0, 1.5, -1.5, kNan});
  expect_near(run_one("pow", {&a, &divisor}), {6}, {1, 1, 0, 30.25, 30.25, kInfinity}, 1e-6);
}

TEST(Elementwise, NanPropagatesThroughExtrema) {
  const Array a{{4}, {kNan, 1, 2, kNan}, ElementType::F32};
  const Array b{{4}, {1, kNan, 3, kNan}, ElementType::F32};
  expect_exact(run_one("minimum", {&a, &b}), {4}, {kNan, kNan, 2, kNan});
  expect_exact(run_one("maximum", {&a, &b}), {4}, {kNan, kNan, 3, kNan});
  expect_exact(run_one("equal", {&a, &b}), {4}, {0, 0, 0, 0});
  expect_exact(run_one("not_equal", {&a, &b}), {4}, {1, 1, 1, 1});
}

TEST(Elementwise, LogicAndBits) {
  const Array a{{4}, {0, 0, 1, 1}, ElementType::Boolean};
  const Array b{{4}, {0, 1, 0, 1}, ElementType::Boolean};
  expect_exact(run_one("logical_and", {&a, &b}), {4}, {0, 0, 0, 1});
  expect_exact(run_one("logical_or", {&a, &b}), {4}, {0, 1, 1, 1});
  expect_exact(run_one("logical_xor", {&a, &b}), {4}, {0, 1, 1, 0});
  expect_exact(run_one("logical_not", {&a}), {4}, {1, 1, 0, 0});
  const Array x{{3}, {12, 255, 1}, ElementType::U8};
  const Array y{{3}, {10, 1, 9}, ElementType::U8};
  expect_exact(run_one("bitwise_and", {&x, &y}), {3}, {8, 1, 1});
  expect_exact(run_one("bitwise_or", {&x, &y}), {3}, {14, 255, 9});
  expect_exact(run_one("bitwise_xor", {&x, &y}), {3}, {6, 254, 8});
  expect_exact(run_one("bitwise_not", {&x}), {3}, {243, 0, 254});
  expect_exact(run_one("shift_left", {&x, &y}), {3}, {0, 254, 0});
  expect_exact(run_one("shift_right", {&x, &y}), {3}, {0, 127, 0});
}

TEST(Elementwise, PackedFourBitNumbers) {
  const Array a{{3, 3}, {-8, 7, 1, 0, -1, 3, 2, -5, 6}, ElementType::I4};
  const Array b{{3}, {1, 1, 2}, ElementType::I4};
  expect_exact(run_one("add", {&a, &b}), {3, 3}, {-7, -8, 3, 1, 0, 5, 3, -4, -8});
}

TEST(Elementwise, CastFollowsTheTable) {
  const Array x{{7}, {1.5, -1.5, 300, -300, kNan, kInfinity, 0.25}, ElementType::F32};
  expect_exact(run_one("cast", {&x}, {{"to", ElementType::I8}}), {7}, {1, -1, 127, -128, 0, 127, 0});
  expect_exact(run_one("cast", {&x}, {{"to", ElementType::U8}}), {7}, {1, 0, 255, 0, 0, 255, 0});
  expect_exact(run_one("cast", {&x}, {{"to", ElementType::Boolean}}), {7}, {1, 1, 1, 1, 1, 1, 1});
  expect_exact(run_one("cast", {&x}, {{"to", ElementType::F16}}), {7}, {1.5, -1.5, 300, -300, kNan, kInfinity, 0.25});
  const Array big{{3}, {1e6, -1e6, kInfinity}, ElementType::F32};
  expect_exact(run_one("cast", {&big}, {{"to", ElementType::F8E4M3FN}}), {3}, {448, -448, 448});
  expect_exact(run_one("cast", {&big}, {{"to", ElementType::F8E4M3FN}, {"saturate", false}}), {3}, {kNan, kNan, kNan});
  expect_exact(run_one("cast", {&big}, {{"to", ElementType::F8E5M2}}), {3}, {57344, -57344, 57344});
  expect_exact(run_one("cast", {&big}, {{"to", ElementType::F8E5M2}, {"saturate", false}}), {3},
               {kInfinity, -kInfinity, kInfinity});
  const Array wide{{3}, {300, -1, 65536}, ElementType::I64};
  expect_exact(run_one("cast", {&wide}, {{"to", ElementType::U8}}), {3}, {44, 255, 0});
  expect_exact(run_one("cast", {&wide}, {{"to", ElementType::F8E5M2}}), {3}, {320, -1, 57344});
}

TEST(Elementwise, WherePreluIota) {
  const Array condition{{2, 1}, {1, 0}, ElementType::Boolean};
  const Array a{{3}, {1, 2, 3}, ElementType::I64};
  const Array b{{}, {-1}, ElementType::I64};
  expect_exact(run_one("where", {&condition, &a, &b}), {2, 3}, {1, 2, 3, -1, -1, -1});
  const Array x{{1, 2, 2}, {-2, 2, -4, kNan}, ElementType::F32};
  const Array slope{{2, 1}, {0.5, 0.25}, ElementType::F32};
  expect_exact(run_one("prelu", {&x, &slope}), {1, 2, 2}, {-1, 2, -1, kNan});
  expect_exact(run_one("iota", {}, {{"dims", shape_of({2, 3})}, {"axis", int64_t{1}}}), {2, 3}, {0, 1, 2, 0, 1, 2});
  const Array rows = run_one("iota", {}, {{"dims", shape_of({2, 2})}, {"element", ElementType::F32}});
  EXPECT_EQ(rows.element, ElementType::F32);
  expect_exact(rows, {2, 2}, {0, 0, 1, 1});
}

TEST(Elementwise, ErrorsNameShapesAndOperands) {
  EXPECT_EQ(infer_text("add", {operand("x", "f32[N, 3, 4]"), operand("bias", "f32[5]")}),
            "LT0205: `add` can't broadcast `f32[N, 3, 4]` and `f32[5]`: on axis -1 4 meets 5\n"
            "  label: 4 is axis 2 of input `x`\n"
            "  label: 5 is axis 0 of input `bias`\n");
  EXPECT_EQ(infer_text("add", {operand("x", "f32[N, 4]"), operand("y", "f32[M, 1]")}), "f32[M, 4] if N == M");
  EXPECT_EQ(infer_text("add", {operand("x", "f32[2]"), operand("y", "i32[2]")}),
            "LT0201: `add` needs operands of one element type: `x` is `f32[2]`, `y` is `i32[2]`\n");
  EXPECT_EQ(infer_text("exp", {operand("x", "i32[2]")}), "LT0201: `exp` takes float as `x`, `x` is `i32[2]`\n");
  EXPECT_EQ(infer_text("prelu", {operand("x", "f32[1, 3, 2, 2]"), operand("slope", "f32[4, 3, 1, 1]")}),
            "LT0205: the slope `f32[4, 3, 1, 1]` of `prelu` doesn't broadcast to its input `f32[1, 3, 2, 2]`\n"
            "  note: a slope has one element for each channel: `[C, 1, 1]` for an input of `[N, C, H, W]`\n");
  EXPECT_EQ(infer_text("where", {operand("c", "bool[2]"), operand("a", "f32[2]"), operand("b", "i64[2]")}),
            "LT0201: both choices of `where` must have one element type, but `a` is `f32` and `b` is `i64`\n");
  EXPECT_EQ(infer_text("gelu", {operand("x", "f32[2]")}, {{"approximate", std::string("sigmoid")}}),
            "LT0106: attribute `approximate` of `gelu` is \"sigmoid\"; it may be none, tanh\n");
  EXPECT_EQ(infer_text("iota", {}, {{"dims", shape_of({2})}, {"axis", int64_t{1}}}),
            "LT0209: axis 1 of `iota` is out of range for 1 axes\n");
}

}  // namespace
}  // namespace lathe::ops_test
