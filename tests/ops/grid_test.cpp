// Sampling at positions of a grid, worked out by hand; on what PyTorch gives see tests/unit/torch/nn.
#include <limits>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

const Array kImage{{1, 1, 2, 2}, {1, 2, 3, 4}, ElementType::F32};

Array sample(const Numbers& positions, std::vector<NamedAttribute> attributes = {}, const Array& image = kImage) {
  const auto count = static_cast<int64_t>(positions.size() / 2);
  const Array grid{{1, 1, count, 2}, positions, ElementType::F32};
  return run_one("grid_sample", {&image, &grid}, attributes);
}

TEST(GridSample, PositionsNameTheLastAxisFirst) {
  // The middle; the edge of the corner pixel, of which a quarter is inside; beside the image.
  expect_exact(sample({0, 0, -1, -1, 3, 0}), {1, 1, 1, 3}, {2.5, 0.25, 0});
  const NamedAttribute corners{"align_corners", true};
  expect_exact(sample({-1, -1, 1, -1, -1, 1, 0, 0}, {corners}), {1, 1, 1, 4}, {1, 2, 3, 2.5});
}

TEST(GridSample, WhatIsOutside) {
  // In pixels: (-0.5, -0.5), (3.5, 0.5): mirrored at the edge 1.5 to -0.5.
  const Numbers positions{-1, -1, 3, 0};
  expect_exact(sample(positions, {{"padding", std::string("border")}}), {1, 1, 1, 2}, {1, 3});
  expect_exact(sample(positions, {{"padding", std::string("reflection")}}), {1, 1, 1, 2}, {1, 2});
  // With corners aligned (3, 0) is (2, 0.5) and is mirrored at pixel 1 to 0.
  expect_exact(sample({3, 0}, {{"padding", std::string("reflection")}, {"align_corners", true}}), {1, 1, 1, 1}, {2});
}

TEST(GridSample, NearestKeepsIntegers) {
  const Array image{{1, 1, 2, 2}, {1, 2, 3, 4}, ElementType::I32};
  // In pixels: (1.4, -0.4), (-0.6, 0).
  expect_exact(sample({0.9, -0.9, -1.1, -0.5}, {{"mode", std::string("nearest")}}, image), {1, 1, 1, 2}, {2, 0});
}

TEST(GridSample, CubicWeightsAddUpToOne) {
  const Array image{{1, 1, 3, 3}, Numbers(9, 5), ElementType::F32};
  expect_near(
      sample({0.1, -0.3, -0.9, 0.8}, {{"mode", std::string("cubic")}, {"padding", std::string("border")}}, image),
      {1, 1, 1, 2}, {5, 5}, 1e-5);
}

TEST(GridSample, PositionsThatAreNoNumbersReadNothingOutside) {
  const double infinity = std::numeric_limits<double>::infinity();
  const double nan = std::numeric_limits<double>::quiet_NaN();
  for (const char* mode : {"linear", "nearest", "cubic"}) {
    for (const char* padding : {"zeros", "border", "reflection"}) {
      const Array result = sample({nan, nan, infinity, -infinity, 1e30, -1e30},
                                  {{"mode", std::string(mode)}, {"padding", std::string(padding)}});
      EXPECT_EQ(result.dims, (Dims{1, 1, 1, 3})) << mode << " " << padding;
    }
  }
}

TEST(GridSample, OneAxisAndThree) {
  const Array line{{1, 2, 3}, {1, 2, 3, 10, 20, 30}, ElementType::F32};
  const Array at{{1, 2, 1}, {0, 1}, ElementType::F32};
  expect_exact(run_one("grid_sample", {&line, &at}, {{"align_corners", true}}), {1, 2, 2}, {2, 3, 20, 30});
  const Array volume{{1, 1, 2, 2, 2}, {1, 2, 3, 4, 5, 6, 7, 8}, ElementType::F32};
  const Array middle{{1, 1, 1, 2, 3}, {0, 0, 0, 1, -1, 1}, ElementType::F32};
  expect_exact(run_one("grid_sample", {&volume, &middle}, {{"align_corners", true}}), {1, 1, 1, 1, 2}, {4.5, 6});
}

TEST(AffineGrid, TheIdentityGivesThePixels) {
  const Array theta{{1, 2, 3}, {1, 0, 0, 0, 1, 0}, ElementType::F32};
  const auto grid = [&](Shape size, bool corners) {
    return run_one("affine_grid", {&theta}, {{"size", std::move(size)}, {"align_corners", corners}});
  };
  expect_exact(grid({1, 2}, false), {1, 1, 2, 2}, {-0.5, 0, 0.5, 0});
  expect_exact(grid({2, 1}, true), {1, 2, 1, 2}, {0, -1, 0, 1});
  // x' = 2 x + 0.25, y' = x: the map's rows are the coordinates.
  const Array map{{1, 2, 3}, {2, 0, 0.25, 1, 0, 0}, ElementType::F32};
  expect_exact(run_one("affine_grid", {&map}, {{"size", Shape{1, 2}}}), {1, 1, 2, 2}, {-0.75, -0.5, 1.25, 0.5});
}

}  // namespace
}  // namespace lathe::ops_test
