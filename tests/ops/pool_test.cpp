// Pools against loops over taps, with padding, ceil_mode and dilation.
#include <cmath>
#include <limits>

#include "tests/ops/window_support.h"

namespace lathe::ops_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

struct PoolCase {
  Dims x;
  Integers kernel;
  Integers strides = {};
  Integers pads = {};
  Integers dilations = {};
  bool ceil_mode = false;
};

int64_t entry(const Integers& values, size_t i, int64_t otherwise) { return values.empty() ? otherwise : values[i]; }

std::vector<NamedAttribute> attributes_of(const PoolCase& pool) {
  return {{"kernel", pool.kernel},
          {"strides", pool.strides},
          {"pads", pool.pads},
          {"dilations", pool.dilations},
          {"ceil_mode", pool.ceil_mode}};
}

// The size of a result axis, as PyTorch computes it: rounded up, less one when the last window would start behind the
// input.
int64_t pooled(const PoolCase& pool, size_t i) {
  const size_t spatial = pool.kernel.size();
  const int64_t size = pool.x[2 + i];
  const int64_t low = entry(pool.pads, i, 0);
  const int64_t stride = entry(pool.strides, i, 1);
  const int64_t rest =
      size + low + entry(pool.pads, spatial + i, 0) - entry(pool.dilations, i, 1) * (pool.kernel[i] - 1) - 1;
  int64_t count = (pool.ceil_mode ? (rest + stride - 1) / stride : rest / stride) + 1;
  if (pool.ceil_mode && (count - 1) * stride >= size + low) --count;
  return count;
}

/// What a window holds: the elements inside of x, and how many taps lie in x or its padding.
struct WindowContent {
  Numbers inside;
  int64_t padded = 0;
};

Array pool(const PoolCase& pool, const Array& x, double (*finish)(const WindowContent&)) {
  const size_t spatial = pool.kernel.size();
  Array result{{x.dims[0], x.dims[1]}, {}, x.element};
  for (size_t i = 0; i < spatial; ++i) result.dims.push_back(pooled(pool, i));
  for_each_position(result.dims, [&](const Dims& at) {
    WindowContent content;
    for_each_position(pool.kernel, [&](const Dims& tap) {
      Dims from{at[0], at[1]};
      bool inside = true;
      bool in_padding = true;
      for (size_t i = 0; i < spatial; ++i) {
        const int64_t position =
            at[2 + i] * entry(pool.strides, i, 1) + tap[i] * entry(pool.dilations, i, 1) - entry(pool.pads, i, 0);
        inside &= position >= 0 && position < x.dims[2 + i];
        in_padding &= position < x.dims[2 + i] + entry(pool.pads, spatial + i, 0);
        from.push_back(position);
      }
      content.padded += in_padding ? 1 : 0;
      if (inside) content.inside.push_back(x.values[static_cast<size_t>(flat(x.dims, from))]);
    });
    result.values.push_back(finish(content));
  });
  return result;
}

double sum(const WindowContent& content) {
  double total = 0;
  for (const double value : content.inside) total += value;
  return total;
}

const PoolCase kCases[] = {
    {.x = {1, 1, 6}, .kernel = {2}},
    {.x = {2, 3, 7}, .kernel = {3}, .strides = {2}, .pads = {1, 1}},
    {.x = {1, 2, 6, 6}, .kernel = {2, 2}, .strides = {2, 2}},
    {.x = {1, 2, 7, 5}, .kernel = {3, 2}, .strides = {2, 3}, .pads = {1, 0, 1, 1}},
    {.x = {1, 2, 7, 7}, .kernel = {3, 3}, .strides = {2, 2}, .pads = {1, 1, 1, 1}, .ceil_mode = true},
    {.x = {1, 1, 6, 6}, .kernel = {3, 3}, .strides = {2, 2}, .ceil_mode = true},
    {.x = {1, 1, 5, 5}, .kernel = {2, 2}, .strides = {3, 3}, .pads = {1, 1, 1, 1}, .ceil_mode = true},
    {.x = {1, 1, 9, 9}, .kernel = {3, 3}, .dilations = {2, 2}},
    {.x = {1, 1, 9, 8}, .kernel = {3, 2}, .strides = {2, 2}, .pads = {2, 1, 2, 1}, .dilations = {2, 3}},
    {.x = {1, 2, 4, 4, 4}, .kernel = {2, 2, 2}, .strides = {2, 1, 2}, .pads = {0, 1, 0, 0, 1, 0}},
    {.x = {0, 2, 4, 4}, .kernel = {2, 2}},
    {.x = {1, 2, 4, 4}, .kernel = {4, 4}},
};

// Runs the row in both layouts.
void check(std::string_view op, const PoolCase& each, const Array& wanted, double tolerance,
           std::vector<NamedAttribute> more = {}) {
  SCOPED_TRACE(std::string(op) + " " + text(shape_of(each.x)));
  const Array x = numbers(each.x, 4);
  std::vector<NamedAttribute> attributes = attributes_of(each);
  attributes.insert(attributes.end(), more.begin(), more.end());
  expect_near(run_one(op, {&x}, attributes), wanted.dims, wanted.values, tolerance);
  const Array last = channels_last(x);
  attributes.push_back({"channels_last", true});
  const Array turned = channels_last(wanted);
  expect_near(run_one(op, {&last}, attributes), turned.dims, turned.values, tolerance);
}

TEST(Pool, AgreesWithLoops) {
  for (const PoolCase& each : kCases) {
    const Array x = numbers(each.x, 4);
    check("max_pool", each,
          pool(each, x,
               [](const WindowContent& content) {
                 double best = -kInfinity;
                 for (const double value : content.inside) best = std::max(best, value);
                 return best;
               }),
          0);
    check("average_pool", each,
          pool(each, x,
               [](const WindowContent& content) {
                 return content.inside.empty() ? 0 : sum(content) / static_cast<double>(content.inside.size());
               }),
          1e-6);
    check(
        "average_pool", each,
        pool(each, x, [](const WindowContent& content) { return sum(content) / static_cast<double>(content.padded); }),
        1e-6, {{"count_include_pad", true}});
    check("lp_pool", each,
          pool(each, x,
               [](const WindowContent& content) {
                 double total = 0;
                 for (const double value : content.inside) total += value * value;
                 return std::sqrt(total);
               }),
          1e-6);
    check("lp_pool", each,
          pool(each, x,
               [](const WindowContent& content) {
                 double total = 0;
                 for (const double value : content.inside) total += std::pow(std::abs(value), 3);
                 return std::cbrt(total);
               }),
          1e-5, {{"p", int64_t{3}}});
  }
}

TEST(Pool, SpecialNumbersAndTypes) {
  const Array x{{1, 1, 4}, {-kInfinity, -3, kNan, 1}, ElementType::F32};
  expect_exact(run_one("max_pool", {&x}, {{"kernel", Integers{2}}, {"strides", Integers{2}}}), {1, 1, 2}, {-3, kNan});
  expect_exact(run_one("max_pool", {&x}, {{"kernel", Integers{2}}, {"pads", Integers{1, 0}}, {"strides", Integers{3}}}),
               {1, 1, 2}, {-kInfinity, kNan});
  const Array bytes{{1, 1, 4}, {-128, -100, -5, -7}, ElementType::I8};
  expect_exact(
      run_one("max_pool", {&bytes}, {{"kernel", Integers{2}}, {"pads", Integers{1, 1}}, {"strides", Integers{2}}}),
      {1, 1, 3}, {-128, -5, -7});
}

// One window may reach over the end by less than a stride; what it misses counts for nothing.
TEST(Pool, ALoneWindowMayBeCut) {
  const Array x{{1, 1, 2}, {1, 4}, ElementType::F32};
  const std::vector<NamedAttribute> cut = {{"kernel", Integers{3}}, {"strides", Integers{2}}};
  expect_exact(run_one("max_pool", {&x}, cut), {1, 1, 1}, {4});
  expect_exact(run_one("average_pool", {&x}, cut), {1, 1, 1}, {2.5});
}

TEST(Pool, Errors) {
  const auto infer = [](std::string_view x, std::vector<NamedAttribute> attributes) {
    return infer_text("max_pool", {operand("x", x)}, std::move(attributes));
  };
  EXPECT_EQ(infer("f32[N, 8, 24, 24]", {{"kernel", Integers{2, 2}}, {"strides", Integers{2, 2}}}), "f32[N, 8, 12, 12]");
  EXPECT_EQ(infer("f32[N, 8, 1, 1]", {{"kernel", Integers{2, 2}}}),
            "LT0208: the kernel of `max_pool` covers 2 elements of axis 2 of `x`, which has 1: `f32[N, 8, 1, 1]`\n"
            "  label: 1 is axis 2 of input `x`\n");
  EXPECT_EQ(infer("f32[N, 8, 4]", {{"kernel", Integers{2, 2}}}),
            "LT0202: `max_pool` needs 4 axes, `x` has 3: `f32[N, 8, 4]`\n");
  EXPECT_EQ(infer("f32[N, 8, 4]", {{"kernel", Integers{0}}}),
            "LT0106: `kernel` of `max_pool` has the size 0; it must be at least 1\n");
  EXPECT_EQ(infer("f32[N, 8, 4]", {{"kernel", Integers{}}}),
            "LT0106: `kernel` of `max_pool` is empty; it needs one entry for each spatial axis\n");
}

}  // namespace
}  // namespace lathe::ops_test
