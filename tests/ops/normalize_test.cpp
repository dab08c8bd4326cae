// Normalisations against their formulas in doubles.
#include <cmath>
#include <limits>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Applies `function` in place to every line of x along `axis`.
Array along(const Array& x, size_t axis, const std::function<void(Numbers&)>& function) {
  Array result = x;
  int64_t inner = 1;
  for (size_t i = axis + 1; i < x.dims.size(); ++i) inner *= x.dims[i];
  const int64_t size = x.dims[axis];
  const int64_t outer = count_of(x.dims) / std::max<int64_t>(size * inner, 1);
  for (int64_t o = 0; o < outer; ++o) {
    for (int64_t n = 0; n < inner; ++n) {
      Numbers line;
      const auto at = [&](int64_t i) { return static_cast<size_t>((o * size + i) * inner + n); };
      for (int64_t i = 0; i < size; ++i) line.push_back(x.values[at(i)]);
      function(line);
      for (int64_t i = 0; i < size; ++i) result.values[at(i)] = line[static_cast<size_t>(i)];
    }
  }
  return result;
}

void softmax(Numbers& line) {
  double sum = 0;
  for (const double value : line) sum += std::exp(value);
  for (double& value : line) value = std::exp(value) / sum;
}

void log_softmax(Numbers& line) {
  double sum = 0;
  for (const double value : line) sum += std::exp(value);
  for (double& value : line) value -= std::log(sum);
}

void standardise(Numbers& line, double epsilon) {
  double mean = 0;
  for (const double value : line) mean += value / static_cast<double>(line.size());
  double variance = 0;
  for (const double value : line) variance += (value - mean) * (value - mean) / static_cast<double>(line.size());
  for (double& value : line) value = (value - mean) / std::sqrt(variance + epsilon);
}

TEST(Normalize, Softmax) {
  for (const Dims& dims : {Dims{5}, Dims{2, 3}, Dims{2, 3, 4}, Dims{1, 1}, Dims{3, 0}, Dims{2, 129}}) {
    for (size_t axis = 0; axis < dims.size(); ++axis) {
      const Array x = numbers(dims, 7);
      const NamedAttribute attribute{"axis", static_cast<int64_t>(axis)};
      expect_near(run_one("softmax", {&x}, {attribute}), dims, along(x, axis, softmax).values, 1e-6);
      expect_near(run_one("log_softmax", {&x}, {attribute}), dims, along(x, axis, log_softmax).values, 2e-6);
    }
  }
  const Array large{{3}, {1000, 1000, -kInfinity}, ElementType::F32};
  expect_near(run_one("softmax", {&large}, {{"axis", int64_t{0}}}), {3}, {0.5, 0.5, 0}, 0);
  Array half = numbers({4, 8}, 3, ElementType::F16);
  const Array got = run_one("softmax", {&half}, {{"axis", int64_t{1}}});
  EXPECT_EQ(got.element, ElementType::F16);
  expect_near(got, {4, 8}, along(to_array(to_tensor(half)), 1, softmax).values, 1e-3);
}

TEST(Normalize, LayerAndRms) {
  const Array x = numbers({2, 3, 8}, 1);
  const Array scale = numbers({8}, 2);
  const Array bias = numbers({8}, 3);
  Array wanted = along(x, 2, [](Numbers& line) { standardise(line, 1e-5); });
  for (size_t i = 0; i < wanted.values.size(); ++i)
    wanted.values[i] = wanted.values[i] * scale.values[i % 8] + bias.values[i % 8];
  expect_near(run_one("layer_norm", {&x, &scale, &bias}, {{"axis", int64_t{2}}}), x.dims, wanted.values, 5e-6);

  const Array flat_x{{2, 24}, x.values, x.element};
  Array both = along(flat_x, 1, [](Numbers& line) { standardise(line, 0.1); });
  const Array wide_scale = numbers({3, 8}, 4);
  for (size_t i = 0; i < both.values.size(); ++i) both.values[i] *= wide_scale.values[i % 24];
  expect_near(run_one("layer_norm", {&x, &wide_scale}, {{"axis", int64_t{1}}, {"epsilon", 0.1}}), x.dims, both.values,
              5e-6);

  Array rms = along(x, 2, [](Numbers& line) {
    double square = 0;
    for (const double value : line) square += value * value / static_cast<double>(line.size());
    for (double& value : line) value /= std::sqrt(square + 1e-5);
  });
  for (size_t i = 0; i < rms.values.size(); ++i) rms.values[i] *= scale.values[i % 8];
  expect_near(run_one("rms_norm", {&x, &scale}, {{"axis", int64_t{2}}}), x.dims, rms.values, 5e-6);
}

TEST(Normalize, Batch) {
  for (const Dims& dims : {Dims{2, 3}, Dims{2, 3, 4, 5}}) {
    const Array x = numbers(dims, 1);
    const Array scale = numbers({3}, 2);
    const Array bias = numbers({3}, 3);
    const Array mean = numbers({3}, 4);
    const Array variance{{3}, {0.5, 1.5, 0}, ElementType::F32};
    Numbers wanted;
    const size_t inner = x.values.size() / 6;
    for (size_t i = 0; i < x.values.size(); ++i) {
      const size_t c = i / inner % 3;
      wanted.push_back((x.values[i] - mean.values[c]) / std::sqrt(variance.values[c] + 1e-3) * scale.values[c] +
                       bias.values[c]);
    }
    expect_near(run_one("batch_norm", {&x, &scale, &bias, &mean, &variance}, {{"epsilon", 1e-3}}), dims, wanted, 1e-5);
  }
  const Array last = numbers({2, 5, 3}, 1);
  const Array one{{3}, {1, 1, 1}, ElementType::F32};
  const Array shift{{3}, {1, 2, 3}, ElementType::F32};
  const Array zero{{3}, {0, 0, 0}, ElementType::F32};
  Numbers wanted;
  for (size_t i = 0; i < last.values.size(); ++i) wanted.push_back(last.values[i] + static_cast<double>(i % 3) + 1);
  expect_near(run_one("batch_norm", {&last, &one, &shift, &zero, &one}, {{"epsilon", 0.0}, {"axis", int64_t{2}}}),
              {2, 5, 3}, wanted, 1e-6);
}

TEST(Normalize, InstanceAndGroup) {
  const Array x = numbers({2, 4, 3, 2}, 1);
  const Array scale = numbers({4}, 2);
  const Array bias = numbers({4}, 3);
  const auto affine = [&](Array unit) {
    for (size_t i = 0; i < unit.values.size(); ++i) {
      const size_t c = i / 6 % 4;
      unit.values[i] = unit.values[i] * scale.values[c] + bias.values[c];
    }
    return unit.values;
  };
  const Array channels{{8, 6}, x.values, x.element};
  const Numbers instance = affine(along(channels, 1, [](Numbers& line) { standardise(line, 1e-5); }));
  expect_near(run_one("instance_norm", {&x, &scale, &bias}), x.dims, instance, 1e-5);
  const Array groups{{4, 12}, x.values, x.element};
  const Numbers group = affine(along(groups, 1, [](Numbers& line) { standardise(line, 1e-5); }));
  expect_near(run_one("group_norm", {&x, &scale, &bias}, {{"groups", int64_t{2}}}), x.dims, group, 1e-5);
}

TEST(Normalize, LpAndMeanVariance) {
  const Array x{{2, 2}, {3, 4, 0, 0}, ElementType::F32};
  expect_near(run_one("lp_normalize", {&x}, {{"axis", int64_t{1}}}), {2, 2}, {0.6, 0.8, 0, 0}, 1e-7);
  expect_near(run_one("lp_normalize", {&x}, {{"axis", int64_t{1}}, {"p", int64_t{1}}}), {2, 2},
              {3.0 / 7, 4.0 / 7, 0, 0}, 1e-7);
  const Array y = numbers({3, 10}, 2);
  const Array wanted = along(y, 1, [](Numbers& line) { standardise(line, 0); });
  expect_near(run_one("mean_variance_normalize", {&y}, {{"axes", Integers{1}}}), y.dims, wanted.values, 1e-5);
}

TEST(Normalize, Errors) {
  EXPECT_EQ(
      infer_text("batch_norm", {operand("x", "f32[N, 16, H, W]"), operand("bn.weight", "f32[8]"),
                                operand("b", "f32[8]"), operand("m", "f32[8]"), operand("v", "f32[8]")}),
      "LT0204: `batch_norm` reads 16 channels (axis 1 of `x`, `f32[N, 16, H, W]`), but `scale` `bn.weight` has 8\n"
      "  label: 16 is axis 1 of input `x`\n"
      "  label: 8 is axis 0 of input `bn.weight`\n");
  EXPECT_EQ(
      infer_text("layer_norm", {operand("x", "f32[N, 10, 64]"), operand("ln.weight", "f32[32]")},
                 {{"axis", int64_t{2}}}),
      "LT0212: `layer_norm` normalises `x` of `f32[N, 10, 64]`, but `scale` `ln.weight` is `f32[32]`: 64 meets 32\n"
      "  label: 64 is axis 2 of input `x`\n"
      "  label: 32 is axis 0 of input `ln.weight`\n");
  EXPECT_EQ(infer_text("group_norm", {operand("x", "f32[N, 10, 4]"), operand("s", "f32[10]"), operand("b", "f32[10]")},
                       {{"groups", int64_t{4}}}),
            "LT0204: `group_norm` can't split the 10 channels of `x` (`f32[N, 10, 4]`) into 4 groups\n");
  EXPECT_EQ(infer_text("softmax", {operand("x", "f32[N, 10]")}, {{"axis", int64_t{2}}}),
            "LT0209: axis 2 of `softmax` is out of range for 2 axes\n");
}

}  // namespace
}  // namespace lathe::ops_test
