// Reductions against loops over plain doubles.
#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// Groups the elements of x by result position.
struct Groups {
  Dims dims;
  std::vector<Numbers> members;
};

Groups group(const Array& x, const Integers& axes, bool keep_dims) {
  Groups groups;
  Dims kept;
  for (size_t axis = 0; axis < x.dims.size(); ++axis) {
    const bool reduced = std::count(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != 0;
    kept.push_back(reduced ? 1 : x.dims[axis]);
    if (!reduced) {
      groups.dims.push_back(x.dims[axis]);
    } else if (keep_dims) {
      groups.dims.push_back(1);
    }
  }
  groups.members.resize(static_cast<size_t>(count_of(kept)));
  for_each_position(x.dims, [&](const Dims& index) {
    Dims at = index;
    for (size_t axis = 0; axis < at.size(); ++axis) at[axis] = kept[axis] == 1 ? 0 : at[axis];
    groups.members[static_cast<size_t>(flat(kept, at))].push_back(x.values[static_cast<size_t>(flat(x.dims, index))]);
  });
  return groups;
}

struct ReduceCase {
  std::string_view op;
  double (*function)(const Numbers&);
};

double sum(const Numbers& values) {
  double total = 0;
  for (const double value : values) total += value;
  return total;
}
double sum_square(const Numbers& values) {
  double total = 0;
  for (const double value : values) total += value * value;
  return total;
}
double largest(const Numbers& values) {
  double best = -kInfinity;
  for (const double value : values) best = std::max(best, value);
  return best;
}

const ReduceCase kCases[] = {
    {"reduce_sum", sum},
    {"reduce_mean", [](const Numbers& v) { return sum(v) / static_cast<double>(v.size()); }},
    {"reduce_max", largest},
    {"reduce_min", [](const Numbers& v) { return v.empty() ? kInfinity : *std::min_element(v.begin(), v.end()); }},
    {"reduce_prod",
     [](const Numbers& v) {
       double total = 1;
       for (const double value : v) total *= value;
       return total;
     }},
    {"reduce_sum_square", sum_square},
    {"reduce_l1",
     [](const Numbers& v) {
       double total = 0;
       for (const double value : v) total += std::abs(value);
       return total;
     }},
    {"reduce_l2", [](const Numbers& v) { return std::sqrt(sum_square(v)); }},
    {"reduce_log_sum", [](const Numbers& v) { return std::log(sum(v)); }},
    {"reduce_log_sum_exp",
     [](const Numbers& v) {
       double total = 0;
       for (const double value : v) total += std::exp(value);
       return std::log(total);
     }},
};

TEST(Reduce, AgreesWithLoops) {
  struct Space {
    Dims dims;
    Integers axes;
  };
  const Space spaces[] = {
      {{5}, {0}},       {{2, 3}, {1}},     {{2, 3}, {0}},          {{2, 3}, {0, 1}}, {{2, 3, 4}, {0, 2}},
      {{2, 3, 4}, {1}}, {{1, 1, 17}, {2}}, {{3, 1, 2}, {1}},       {{2, 0, 3}, {1}}, {{0, 3}, {1}},
      {{2, 3}, {}},     {{}, {}},          {{2, 3, 4, 5}, {2, 3}}, {{7, 1300}, {1}}, {{2, 2, 2, 2, 2}, {0, 2, 4}}};
  for (const ReduceCase& each : kCases) {
    for (const Space& space : spaces) {
      for (const bool keep_dims : {false, true}) {
        SCOPED_TRACE(std::string(each.op) + " " + text(shape_of(space.dims)) + (keep_dims ? " keep" : ""));
        const Array x = numbers(space.dims, 3);
        const Groups groups = group(x, space.axes, keep_dims);
        Numbers wanted;
        for (const Numbers& members : groups.members) wanted.push_back(each.function(members));
        const double tolerance = each.op == "reduce_log_sum" ? 1e-3 : 3e-5;
        expect_near(run_one(each.op, {&x}, {{"axes", space.axes}, {"keep_dims", keep_dims}}), groups.dims, wanted,
                    tolerance);
      }
    }
  }
}

TEST(Reduce, EveryElementType) {
  for (const ElementType element : {ElementType::F64, ElementType::F16, ElementType::BF16, ElementType::I8,
                                    ElementType::I32, ElementType::I64, ElementType::U8, ElementType::U64}) {
    SCOPED_TRACE(text(element));
    const Array x{{2, 3}, {1, 2, 3, 4, 0, 2}, element};
    const auto run = [&](std::string_view op) { return run_one(op, {&x}, {{"axes", Integers{1}}}); };
    expect_exact(run("reduce_sum"), {2}, {6, 6});
    expect_exact(run("reduce_max"), {2}, {3, 4});
    expect_exact(run("reduce_min"), {2}, {1, 0});
    expect_exact(run("reduce_prod"), {2}, {6, 0});
    expect_exact(run("reduce_mean"), {2}, {2, 2});
    expect_exact(run("reduce_sum_square"), {2}, {14, 20});
  }
  const Array flags{{2, 2}, {0, 1, 0, 0}, ElementType::Boolean};
  expect_exact(run_one("reduce_max", {&flags}, {{"axes", Integers{1}}}), {2}, {1, 0});
  expect_exact(run_one("reduce_min", {&flags}, {{"axes", Integers{0}}}), {2}, {0, 0});
}

TEST(Reduce, IdentitiesOfNothing) {
  for (const ElementType element : {ElementType::I8, ElementType::I64, ElementType::U64, ElementType::F32}) {
    SCOPED_TRACE(text(element));
    const Array x{{0}, {}, element};
    const bool real = element == ElementType::F32;
    const bool is_u64 = element == ElementType::U64;
    const double highest = real ? kInfinity : element == ElementType::I8 ? 127 : is_u64 ? 0x1p64 : 0x1p63;
    const double lowest = real ? -kInfinity : element == ElementType::I8 ? -128 : is_u64 ? 0 : -0x1p63;
    expect_near(run_one("reduce_max", {&x}, {{"axes", Integers{0}}}), {}, {lowest}, 0);
    expect_near(run_one("reduce_min", {&x}, {{"axes", Integers{0}}}), {}, {highest}, 0);
    expect_near(run_one("reduce_sum", {&x}, {{"axes", Integers{0}}}), {}, {0}, 0);
    expect_near(run_one("reduce_prod", {&x}, {{"axes", Integers{0}}}), {}, {1}, 0);
  }
}

TEST(Reduce, SpecialNumbers) {
  const Array x{{4, 2}, {1, kNan, kInfinity, 3, -kInfinity, 2, kInfinity, -kInfinity}, ElementType::F32};
  const auto run = [&](std::string_view op) { return run_one(op, {&x}, {{"axes", Integers{1}}}); };
  expect_exact(run("reduce_sum"), {4}, {kNan, kInfinity, -kInfinity, kNan});
  expect_exact(run("reduce_max"), {4}, {kNan, kInfinity, 2, kInfinity});
  expect_exact(run("reduce_min"), {4}, {kNan, 3, -kInfinity, -kInfinity});
  const Array logs{{3, 2}, {1000, 1000, -kInfinity, -kInfinity, kInfinity, 0}, ElementType::F32};
  expect_near(run_one("reduce_log_sum_exp", {&logs}, {{"axes", Integers{1}}}), {3},
              {1000 + std::log(2.0), -kInfinity, kInfinity}, 1e-6);
}

TEST(Reduce, SumsInOrderWithF32Rounding) {
  // 2^24 + 1 is not an f32, so the order of additions shows.
  const Array x{{4}, {16777216, 1, 1, -16777216}, ElementType::F32};
  expect_exact(run_one("reduce_sum", {&x}, {{"axes", Integers{0}}}), {}, {0});
  const Array y{{4}, {1, 1, 16777216, -16777216}, ElementType::F32};
  expect_exact(run_one("reduce_sum", {&y}, {{"axes", Integers{0}}}), {}, {2});
  // f16 accumulates in f32: 2048 + 1 is not an f16.
  const Array narrow{{3}, {2048, 1, 1}, ElementType::F16};
  expect_exact(run_one("reduce_sum", {&narrow}, {{"axes", Integers{0}}}), {}, {2050});
}

TEST(Reduce, ArgExtrema) {
  const Array x{{2, 4}, {1, 5, 5, 0, kNan, 2, 9, kNan}, ElementType::F32};
  const NamedAttribute axis{"axis", int64_t{1}};
  expect_exact(run_one("arg_max", {&x}, {axis}), {2}, {1, 0});
  expect_exact(run_one("arg_max", {&x}, {axis, {"select_last", true}}), {2}, {2, 3});
  expect_exact(run_one("arg_min", {&x}, {axis, {"keep_dims", true}}), {2, 1}, {3, 0});
  const Array columns{{3, 2}, {1, 9, 7, 9, 3, 2}, ElementType::U8};
  expect_exact(run_one("arg_max", {&columns}, {{"axis", int64_t{0}}}), {2}, {1, 0});
  expect_exact(run_one("arg_min", {&columns}, {{"axis", int64_t{0}}}), {2}, {0, 2});
}

TEST(Reduce, InfersSymbolsAndRejectsAxes) {
  EXPECT_EQ(infer_text("reduce_mean", {operand("x", "f32[N, C, H, W]")}, {{"axes", Integers{2, 3}}}), "f32[N, C]");
  EXPECT_EQ(infer_text("reduce_mean", {operand("x", "f32[N, C, H]")}, {{"axes", Integers{1}}, {"keep_dims", true}}),
            "f32[N, 1, H]");
  EXPECT_EQ(infer_text("reduce_sum", {operand("x", "f32[N, 3]")}, {{"axes", Integers{2}}}),
            "LT0209: axis 2 of `reduce_sum` is out of range for 2 axes\n");
  EXPECT_EQ(infer_text("reduce_sum", {operand("x", "f32[N, 3]")}, {{"axes", Integers{-1}}}),
            "LT0209: axis -1 of `reduce_sum` must be counted from 0: 1\n");
  EXPECT_EQ(infer_text("reduce_sum", {operand("x", "f32[N, 3]")}, {{"axes", Integers{1, 1}}}),
            "LT0106: axis 1 of `reduce_sum` is given twice\n");
  EXPECT_EQ(infer_text("arg_max", {operand("x", "f32[2, 0]")}, {{"axis", int64_t{1}}}),
            "LT0212: `arg_max` of nothing: axis 1 of `x` is empty: `f32[2, 0]`\n");
}

}  // namespace
}  // namespace lathe::ops_test
