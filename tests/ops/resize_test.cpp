// Resampling against the formulas of ONNX's reference, one axis at a time in doubles.
#include <algorithm>
#include <cmath>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

struct ResizeCase {
  int64_t in = 1;
  int64_t out = 1;
  double scale = 0;  ///< 0: out / in
  std::string mode = "nearest";
  std::string coordinate = "half_pixel";
  std::string rounding = "round_prefer_floor";
  bool exclude_outside = false;
  double cubic_a = -0.75;
};

double original_position(const ResizeCase& resize, double i) {
  const double scale =
      resize.scale == 0 ? static_cast<double>(resize.out) / static_cast<double>(resize.in) : resize.scale;
  const auto in = static_cast<double>(resize.in);
  const double resized = scale * in;
  if (resize.coordinate == "asymmetric") return i / scale;
  if (resize.coordinate == "align_corners") return resized == 1 ? 0 : i * (in - 1) / (resized - 1);
  if (resize.coordinate == "pytorch_half_pixel" && resize.out == 1) return 0;
  if (resize.coordinate == "half_pixel_symmetric") {
    return in / 2 * (1 - static_cast<double>(resize.out) / resized) + (i + 0.5) / scale - 0.5;
  }
  return (i + 0.5) / scale - 0.5;
}

double at(const Numbers& line, int64_t i) {
  return line[static_cast<size_t>(std::clamp<int64_t>(i, 0, static_cast<int64_t>(line.size()) - 1))];
}

double cubic_weight(double distance, double a) {
  const double d = std::abs(distance);
  if (d <= 1) return ((a + 2) * d - (a + 3)) * d * d + 1;
  if (d < 2) return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a;
  return 0;
}

Numbers resize_line(const ResizeCase& resize, const Numbers& line) {
  Numbers result;
  for (int64_t i = 0; i < resize.out; ++i) {
    const double x = original_position(resize, static_cast<double>(i));
    if (resize.mode == "nearest") {
      const double index = resize.rounding == "floor"               ? std::floor(x)
                           : resize.rounding == "ceil"              ? std::ceil(x)
                           : resize.rounding == "round_prefer_ceil" ? std::floor(x + 0.5)
                                                                    : std::ceil(x - 0.5);
      result.push_back(at(line, static_cast<int64_t>(index)));
      continue;
    }
    const bool linear = resize.mode == "linear";
    const auto left = static_cast<int64_t>(std::floor(x));
    double sum = 0;
    double total = 0;
    for (int64_t tap = left - (linear ? 0 : 1); tap <= left + (linear ? 1 : 2); ++tap) {
      const double distance = x - static_cast<double>(tap);
      double weight = linear ? 1 - std::abs(distance) : cubic_weight(distance, resize.cubic_a);
      if (resize.exclude_outside && (tap < 0 || tap >= resize.in)) weight = 0;
      sum += weight * at(line, tap);
      total += weight;
    }
    result.push_back(resize.exclude_outside ? sum / total : sum);
  }
  return result;
}

std::vector<NamedAttribute> attributes_of(const ResizeCase& resize, Shape sizes, Floats scales) {
  return {{"sizes", std::move(sizes)},
          {"scales", std::move(scales)},
          {"mode", resize.mode},
          {"coordinate", resize.coordinate},
          {"nearest_rounding", resize.rounding},
          {"exclude_outside", resize.exclude_outside},
          {"cubic_a", resize.cubic_a}};
}

TEST(Resize, OneAxis) {
  std::vector<ResizeCase> cases;
  for (const auto& [in, out] :
       {std::pair<int64_t, int64_t>{4, 8}, {8, 4}, {5, 7}, {7, 3}, {1, 4}, {4, 1}, {6, 6}, {3, 10}}) {
    for (const std::string mode : {"nearest", "linear", "cubic"}) {
      for (const std::string coordinate :
           {"half_pixel", "pytorch_half_pixel", "align_corners", "asymmetric", "half_pixel_symmetric"}) {
        cases.push_back({.in = in, .out = out, .mode = mode, .coordinate = coordinate});
      }
    }
    for (const std::string rounding : {"floor", "ceil", "round_prefer_ceil"}) {
      cases.push_back({.in = in, .out = out, .rounding = rounding});
      cases.push_back({.in = in, .out = out, .coordinate = "asymmetric", .rounding = rounding});
    }
    cases.push_back({.in = in, .out = out, .mode = "cubic", .exclude_outside = true, .cubic_a = -0.5});
    cases.push_back({.in = in, .out = out, .mode = "linear", .exclude_outside = true});
  }
  cases.push_back({.in = 4, .out = 7, .scale = 1.9, .mode = "linear"});
  cases.push_back({.in = 4, .out = 7, .scale = 1.9, .mode = "linear", .coordinate = "half_pixel_symmetric"});
  cases.push_back({.in = 4, .out = 2, .scale = 0.6, .mode = "cubic", .coordinate = "asymmetric"});
  for (const ResizeCase& each : cases) {
    SCOPED_TRACE(each.mode + " " + each.coordinate + " " + std::to_string(each.in) + " -> " + std::to_string(each.out));
    const Array x = numbers({2, each.in}, 5);
    Numbers wanted;
    for (int64_t row = 0; row < 2; ++row) {
      const auto begin = x.values.begin() + row * each.in;
      const Numbers line = resize_line(each, Numbers(begin, begin + each.in));
      wanted.insert(wanted.end(), line.begin(), line.end());
    }
    const Floats scales = each.scale == 0 ? Floats{} : Floats{1.0, each.scale};
    expect_near(run_one("resize", {&x}, attributes_of(each, shape_of({2, each.out}), scales)), {2, each.out}, wanted,
                2e-6);
  }
}

TEST(Resize, ImagesAreSeparable) {
  const ResizeCase rows{.in = 3, .out = 6, .mode = "linear"};
  const ResizeCase columns{.in = 4, .out = 5, .mode = "linear"};
  const Array x = numbers({1, 2, 3, 4}, 6);
  Numbers wanted(2 * 6 * 5);
  for (size_t c = 0; c < 2; ++c) {
    Numbers wide(3 * 5);
    for (size_t h = 0; h < 3; ++h) {
      const auto begin = x.values.begin() + static_cast<std::ptrdiff_t>((c * 3 + h) * 4);
      const Numbers line = resize_line(columns, Numbers(begin, begin + 4));
      std::copy(line.begin(), line.end(), wide.begin() + static_cast<std::ptrdiff_t>(h * 5));
    }
    for (size_t w = 0; w < 5; ++w) {
      const Numbers line = resize_line(rows, {wide[w], wide[5 + w], wide[10 + w]});
      for (size_t h = 0; h < 6; ++h) wanted[(c * 6 + h) * 5 + w] = line[h];
    }
  }
  expect_near(run_one("resize", {&x}, attributes_of(rows, shape_of({1, 2, 6, 5}), {})), {1, 2, 6, 5}, wanted, 2e-6);
}

TEST(Resize, CropAndResize) {
  // From ONNX's backend tests: resize_tf_crop_and_resize with an extrapolated border, on one axis.
  const Array x{{4}, {1, 2, 3, 4}, ElementType::F32};
  const auto run = [&](double begin, double end) {
    return run_one("resize", {&x},
                   {{"sizes", shape_of({3})},
                    {"mode", std::string("linear")},
                    {"coordinate", std::string("tf_crop_and_resize")},
                    {"roi", Floats{begin, end}},
                    {"extrapolation_value", 10.0}});
  };
  expect_near(run(0.0, 1.0), {3}, {1, 2.5, 4}, 1e-6);
  expect_near(run(0.5, 1.5), {3}, {2.5, 4, 10}, 1e-6);
}

TEST(Resize, SymbolicSizesRunToo) {
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const Dim h = Dim::symbol("H");
  const ValueId x = builder.input(TensorType{ElementType::F32, {h}}, "x");
  const auto resized = builder.one("resize", {x}, {{"sizes", Shape{h * 2}}, {"mode", std::string("linear")}});
  ASSERT_TRUE(resized.ok());
  ASSERT_TRUE(builder.output({*resized}).ok());
  const Array input = numbers({5}, 3);
  const HostTensor tensor = to_tensor(input);
  const auto results = interp::interpret(module, std::span(&tensor, 1), diagnostics);
  ASSERT_TRUE(results.ok());
  expect_near(to_array((*results)[0]), {10}, resize_line({.in = 5, .out = 10, .mode = "linear"}, input.values), 1e-6);
}

TEST(Resize, TypesAndErrors) {
  const Array bytes{{3}, {10, 20, 30}, ElementType::U8};
  expect_exact(run_one("resize", {&bytes}, {{"sizes", shape_of({6})}}), {6}, {10, 10, 20, 20, 30, 30});
  EXPECT_EQ(infer_text("resize", {operand("x", "f32[N, 3]")}, {{"sizes", shape_of({6})}}),
            "LT0106: `resize` of `x` (`f32[N, 3]`) needs 2 sizes and as many scales, 1 and 0 are given\n");
  EXPECT_EQ(infer_text("resize", {operand("x", "f32[0]")}, {{"sizes", shape_of({6})}}),
            "LT0212: `resize` can't make 6 elements from axis 0 of `x`, which is empty: `f32[0]`\n"
            "  label: 0 is axis 0 of input `x`\n");
}

}  // namespace
}  // namespace lathe::ops_test
