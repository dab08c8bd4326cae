// lathe_winograd_conv2d_f32 on every target: against a direct sum in double precision, within the error that
// lathe/kernels.h states; the same bits for every number of threads, place in the batch and target with FMA.
#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "tests/unit/runtime/conv_support.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

constexpr double kStatedError = 1e-5;

// A case of kernel 3x3 with channels that fill panels.
ConvCase winograd_case(ConvCase c) {
  c.kernel_h = c.kernel_w = 3;
  if (c.in_c == 1) c.in_c = 16;
  if (c.out_c == 1) c.out_c = 16;
  return c;
}

// The operands of a case, its result and what a direct sum makes of them.
class Problem {
 public:
  Problem(int64_t tile, const ConvCase& c)
      : tile_(tile),
        c_(c),
        in_strides_(strides_of(c, c.out_h + 2, c.out_w + 2, c.in_c)),
        out_strides_(strides_of(c, c.out_h, c.out_w, c.out_c)),
        in_(random_floats(extent(c, in_strides_, c.out_h + 2, c.out_w + 2, c.in_c), 1)),
        weights_(random_floats(c.out_c * c.in_c * 9, 2)),
        packed_(untouched_floats(c.out_c * c.in_c * 9)),
        residual_(random_floats(out_floats(), 3)),
        scale_(random_floats(c.out_c, 4)),
        bias_(random_floats(c.out_c, 5)),
        scratch_(
            untouched_floats(lathe_winograd_conv2d_scratch_floats(tile, c.batch, c.out_h, c.out_w, c.in_c, c.out_c))),
        epilogue_(epilogue_of(c, scale_.data(), bias_.data())) {
    lathe_pack_gemm_b_f32(weights_.data(), c.in_c * 9, c.out_c, 1, c.in_c * 9, packed_.data());
  }

  EdgeFloats run(const lathe_execution* execution = nullptr, lathe_after_block_fn after_block = nullptr,
                 void* state = nullptr) {
    EdgeFloats out = untouched_floats(out_floats());
    if (c_.in_place) {
      for_each_output([&](int64_t at, int64_t, int64_t, int64_t, int64_t) { out[at] = residual_[at]; });
    }
    lathe_epilogue_f32 epilogue = epilogue_;
    epilogue.after_block = after_block;
    epilogue.after_block_state = state;
    const float* residual = c_.in_place ? out.data() : c_.residual ? residual_.data() : nullptr;
    const lathe_conv2d_f32_shape descriptor = shape_of(c_);
    EXPECT_EQ(lathe_winograd_conv2d_f32(execution, &descriptor, in_.data(), packed_.data(), out.data(), residual,
                                        &epilogue, scratch_.data(), tile_),
              LATHE_OK);
    return out;
  }

  // All channels of an input pixel of the first image.
  void set_input(int64_t y, int64_t x, float value) {
    for (int64_t i = 0; i < c_.in_c; ++i) in_[y * in_strides_.row + x * in_strides_.pixel + i] = value;
  }

  // Every element within `kStatedError` of the largest sum; gaps untouched.
  void expect_close(const EdgeFloats& actual) const {
    std::vector<double> sums(static_cast<size_t>(out_floats()), std::numeric_limits<double>::quiet_NaN());
    double largest = 0;
    for_each_output([&](int64_t at, int64_t b, int64_t y, int64_t x, int64_t o) {
      sums[static_cast<size_t>(at)] = sum(b, y, x, o);
      largest = std::max(largest, std::fabs(sums[static_cast<size_t>(at)]));
    });
    std::vector<bool> written(sums.size());
    for_each_output([&](int64_t at, int64_t, int64_t, int64_t, int64_t o) {
      written[static_cast<size_t>(at)] = true;
      const float* residual = c_.residual || c_.in_place ? &residual_.data()[at] : nullptr;
      const auto expected = static_cast<double>(
          apply_epilogue(epilogue_, static_cast<float>(sums[static_cast<size_t>(at)]), o, residual));
      // No activation and no factor here is steeper than 1.5.
      ASSERT_NEAR(static_cast<double>(actual[at]), expected, 1.5 * kStatedError * largest) << c_.name() << " at " << at;
    });
    for (int64_t at = 0; at < out_floats(); ++at) {
      if (written[static_cast<size_t>(at)]) continue;
      ASSERT_TRUE(is_untouched(actual[at])) << c_.name() << " at " << at;
    }
  }

 private:
  [[nodiscard]] int64_t out_floats() const { return extent(c_, out_strides_, c_.out_h, c_.out_w, c_.out_c); }

  template <class Visit>
  void for_each_output(Visit visit) const {
    for (int64_t b = 0; b < c_.batch; ++b) {
      for (int64_t y = 0; y < c_.out_h; ++y) {
        for (int64_t x = 0; x < c_.out_w; ++x) {
          const int64_t pixel = b * out_strides_.image + y * out_strides_.row + x * out_strides_.pixel;
          for (int64_t o = 0; o < c_.out_c; ++o) visit(pixel + o, b, y, x, o);
        }
      }
    }
  }

  [[nodiscard]] double sum(int64_t b, int64_t y, int64_t x, int64_t o) const {
    double result = 0;
    for (int64_t tap = 0; tap < 9; ++tap) {
      const int64_t pixel = b * in_strides_.image + (y + tap / 3) * in_strides_.row + (x + tap % 3) * in_strides_.pixel;
      for (int64_t i = 0; i < c_.in_c; ++i) {
        result += static_cast<double>(in_[pixel + i]) * static_cast<double>(weights_[(o * c_.in_c + i) * 9 + tap]);
      }
    }
    return result;
  }

  int64_t tile_;
  ConvCase c_;
  ConvStrides in_strides_;
  ConvStrides out_strides_;
  EdgeFloats in_;
  EdgeFloats weights_;
  EdgeFloats packed_;
  EdgeFloats residual_;
  EdgeFloats scale_;
  EdgeFloats bias_;
  EdgeFloats scratch_;
  lathe_epilogue_f32 epilogue_;
};

// The parameter: a target and the pixels of a tile.
class WinogradTest : public testing::TestWithParam<std::tuple<std::string, int64_t>> {
 protected:
  static int64_t tile() { return std::get<1>(GetParam()); }
  static void check(const ConvCase& c) {
    Problem problem(tile(), winograd_case(c));
    problem.expect_close(problem.run());
  }

  TargetScope scope_{std::get<0>(GetParam())};
};

TEST_P(WinogradTest, EveryBorder) {
  for (int64_t height = 1; height <= 9; ++height) {
    for (int64_t width = 1; width <= 9; ++width) {
      check({.batch = 2, .out_h = height, .out_w = width, .in_c = 16, .out_c = 32, .bias = true});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(WinogradTest, ManyChannels) {
  check({.out_h = 12, .out_w = 14, .in_c = 256, .out_c = 48});
  check({.out_h = 5, .out_w = 7, .in_c = 1040, .out_c = 16});
}

// Filters beyond the memory for them, on one tile, few and many.
TEST_P(WinogradTest, FiltersInRanges) {
  check({.out_h = 2, .out_w = 2, .in_c = 528, .out_c = 112, .bias = true});
  check({.out_h = 7, .out_w = 7, .in_c = 528, .out_c = 112, .bias = true});
  check({.out_h = 27, .out_w = 50, .in_c = 272, .out_c = 144, .bias = true});
}

TEST_P(WinogradTest, NoInputChannels) {
  Problem problem(tile(), winograd_case({.out_h = 5, .out_w = 6, .in_c = 0, .out_c = 32, .bias = true}));
  problem.expect_close(problem.run());
}

TEST_P(WinogradTest, ManyBlocksOfTiles) {
  check({.batch = 3, .out_h = 45, .out_w = 47, .in_c = 16, .out_c = 16, .scale = true, .bias = true});
}

TEST_P(WinogradTest, GapsStayUntouched) {
  check({.batch = 2,
         .out_h = 6,
         .out_w = 5,
         .in_c = 32,
         .out_c = 16,
         .channel_gap = 3,
         .pixel_gap = 2,
         .row_gap = 1,
         .residual = true,
         .scale = true,
         .bias = true});
}

TEST_P(WinogradTest, EveryEpilogue) {
  for (int32_t activation = LATHE_ACTIVATION_NONE; activation <= LATHE_ACTIVATION_HARD_SWISH; ++activation) {
    check({.out_h = 7,
           .out_w = 6,
           .residual = true,
           .in_place = true,
           .scale = activation % 2 == 0,
           .bias = true,
           .activation = activation});
    if (HasFatalFailure()) return;
  }
}

TEST_P(WinogradTest, ImagesOfABatchAreIndependent) {
  Problem one(tile(), winograd_case({.batch = 1, .out_h = 9, .out_w = 10, .in_c = 32, .out_c = 48, .bias = true}));
  Problem many(tile(), winograd_case({.batch = 5, .out_h = 9, .out_w = 10, .in_c = 32, .out_c = 48, .bias = true}));
  const EdgeFloats first = one.run();
  const EdgeFloats all = many.run();
  expect_same_bits(all.span().first(static_cast<size_t>(first.size())), first.span(), "the first of five images");
}

// What is not finite is not lost, and stays in the tiles that read it.
TEST_P(WinogradTest, NotFiniteNumbersStayInTheirTiles) {
  constexpr int64_t kSize = 16;
  constexpr int64_t kPixel = 7;
  const ConvCase c = winograd_case({.out_h = kSize, .out_w = kSize});
  // A tile reads from its first pixel to two beyond its last; a window three pixels from its own on.
  const auto reads = [&](int64_t first, int64_t count) { return kPixel >= first && kPixel < first + count; };
  const auto tile_reads = [&](int64_t at) { return reads(at / tile() * tile(), tile() + 2); };
  for (const float bad : {std::numeric_limits<float>::infinity(), std::numeric_limits<float>::quiet_NaN()}) {
    Problem problem(tile(), c);
    const EdgeFloats finite = problem.run();
    problem.set_input(kPixel, kPixel, bad);
    const EdgeFloats actual = problem.run();
    for (int64_t at = 0; at < actual.size(); ++at) {
      const int64_t y = at / c.out_c / kSize;
      const int64_t x = at / c.out_c % kSize;
      if (reads(y, 3) && reads(x, 3)) {
        ASSERT_FALSE(std::isfinite(actual[at])) << at;
      }
      if (tile_reads(y) && tile_reads(x)) continue;
      ASSERT_EQ(std::bit_cast<uint32_t>(actual[at]), std::bit_cast<uint32_t>(finite[at])) << at;
    }
  }
}

// Few filters, which are transformed once, and many, which threads transform for themselves; more threads than panels.
TEST_P(WinogradTest, ThreadsDoNotChangeBits) {
  for (const ConvCase& c : {ConvCase{.batch = 2, .out_h = 30, .out_w = 29, .in_c = 48, .out_c = 64, .residual = true},
                            ConvCase{.out_h = 7, .out_w = 7, .in_c = 528, .out_c = 144, .bias = true},
                            ConvCase{.out_h = 13, .out_w = 9, .in_c = 1024, .out_c = 48}}) {
    Problem problem(tile(), winograd_case(c));
    const EdgeFloats expected = problem.run();
    for (const int32_t threads : {1, 2, 3, 7, 24}) {
      lathe_thread_pool* pool = nullptr;
      ASSERT_EQ(lathe_thread_pool_create(threads, &pool), LATHE_OK);
      lathe_execution execution = LATHE_EXECUTION_INIT;
      lathe_execution_use_pool(&execution, pool);
      expect_same_bits(problem.run(&execution).span(), expected.span(), fmt::format("{} threads", threads));
      lathe_thread_pool_destroy(pool);
    }
  }
}

// Every element is reported once, within one line.
TEST_P(WinogradTest, BlocksAreReported) {
  constexpr int64_t kHeight = 6;
  constexpr int64_t kWidth = 9;
  constexpr int64_t kChannels = 32;
  Problem problem(tile(),
                  winograd_case({.batch = 2, .out_h = kHeight, .out_w = kWidth, .in_c = 16, .out_c = kChannels}));
  std::vector<int> reports(2 * kHeight * kWidth * kChannels);
  problem.run(
      nullptr,
      [](void* state, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
        EXPECT_EQ(row_begin / kWidth, (row_end - 1) / kWidth);
        for (int64_t row = row_begin; row < row_end; ++row) {
          for (int64_t column = column_begin; column < column_end; ++column) {
            ++(*static_cast<std::vector<int>*>(state))[static_cast<size_t>(row * kChannels + column)];
          }
        }
      },
      &reports);
  EXPECT_EQ(std::count(reports.begin(), reports.end(), 1), static_cast<int64_t>(reports.size()));
}

INSTANTIATE_TEST_SUITE_P(Targets, WinogradTest,
                         testing::Combine(testing::ValuesIn(supported_targets()), testing::Values(2, 4)),
                         [](const auto& test) {
                           return fmt::format("{}_{}", std::get<0>(test.param), std::get<1>(test.param));
                         });

TEST(Winograd, TargetsWithFmaGiveTheSameBits) {
  // Many tiles; few, whose filters some targets transform in registers; fewer.
  for (const ConvCase& c :
       {ConvCase{.out_h = 17, .out_w = 13, .in_c = 80, .out_c = 96, .scale = true, .bias = true},
        ConvCase{.out_h = 7, .out_w = 8, .in_c = 112, .out_c = 48}, ConvCase{.out_h = 3, .out_w = 5, .in_c = 48}}) {
    for (const int64_t tile : {2, 4}) {
      std::optional<EdgeFloats> first;
      for (const std::string& target : supported_targets()) {
        if (target == "SSE4") continue;
        const TargetScope scope(target);
        Problem problem(tile, winograd_case(c));
        EdgeFloats out = problem.run();
        if (first) expect_same_bits(out.span(), first->span(), target);
        if (!first) first.emplace(std::move(out));
      }
    }
  }
}

TEST(Winograd, ScratchForUnknownSizesIsEnoughForAny) {
  for (const int64_t tile : {2, 4}) {
    for (const int64_t channels : {16, 64, 512, 4096}) {
      const int64_t any = lathe_winograd_conv2d_scratch_floats(tile, -1, 14, 14, channels, channels);
      for (int64_t size = 0; size < 200; size += 3) {
        EXPECT_LE(lathe_winograd_conv2d_scratch_floats(tile, 1, size, size + 1, channels, channels), any) << size;
      }
      const int64_t large = std::numeric_limits<int64_t>::max() / 2;
      EXPECT_EQ(lathe_winograd_conv2d_scratch_floats(tile, large, large, large, channels, channels), any);
    }
  }
}

TEST(Winograd, BadDescriptorsAreRefused) {
  const auto status = [](auto change, int64_t tile = 4) {
    lathe_conv2d_f32_shape shape = shape_of(winograd_case({}));
    change(shape);
    return lathe_winograd_conv2d_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr, tile);
  };
  EXPECT_EQ(status([](auto& shape) { shape.batch = 0; }), LATHE_OK);
  EXPECT_EQ(status([](auto& shape) { shape.kernel_w = 5; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.stride_h = 2; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.dilation_w = 2; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.groups = 2; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.in_c = 24; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.out_c = 8; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.struct_size = 8; }), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto&) {}, 3), LATHE_INVALID_ARGUMENT);
  EXPECT_EQ(status([](auto& shape) { shape.out_c = int64_t{1} << 60; }), LATHE_INVALID_ARGUMENT);
  // Nothing to do, however large the other extents are.
  EXPECT_EQ(status([](auto& shape) {
              shape.batch = int64_t{1} << 40;
              shape.out_h = int64_t{1} << 30;
              shape.out_w = 0;
            }),
            LATHE_OK);
}

}  // namespace
}  // namespace lathe::runtime::test
