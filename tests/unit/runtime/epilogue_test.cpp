// What activations do with NaN, zeros and infinities, and how after_block reports what was written.
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <mutex>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

class EpilogueTest : public TargetTest {
 protected:
  // activation(x) for 16 equal columns, by way of a product with k = 0 and a bias.
  static std::vector<float> activate(int32_t activation, float x, float alpha, float beta) {
    const std::vector<float> bias(16, x);
    lathe_epilogue_f32 epilogue = {};
    epilogue.struct_size = sizeof(epilogue);
    epilogue.activation = activation;
    epilogue.alpha = alpha;
    epilogue.beta = beta;
    epilogue.bias = bias.data();
    lathe_gemm_f32_shape shape = {};
    shape.struct_size = sizeof(shape);
    shape.batch = 1;
    shape.m = 1;
    shape.n = 16;
    std::vector<float> out(16, 42.0f);
    EXPECT_EQ(lathe_gemm_f32(nullptr, &shape, nullptr, nullptr, out.data(), nullptr, &epilogue), LATHE_OK);
    return out;
  }
};

TEST_P(EpilogueTest, NanStaysNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (int32_t activation = LATHE_ACTIVATION_NONE; activation <= LATHE_ACTIVATION_HARD_SWISH; ++activation) {
    for (const float value : activate(activation, nan, 0.25f, 0.5f)) EXPECT_TRUE(std::isnan(value)) << activation;
  }
}

TEST_P(EpilogueTest, Infinities) {
  const float infinity = std::numeric_limits<float>::infinity();
  EXPECT_EQ(activate(LATHE_ACTIVATION_RELU, -infinity, 0, 0)[0], 0.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_RELU, infinity, 0, 0)[0], infinity);
  EXPECT_EQ(activate(LATHE_ACTIVATION_CLIP, infinity, -1, 6)[0], 6.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_CLIP, -infinity, -1, 6)[0], -1.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SIGMOID, -infinity, 0.2f, 0.5f)[0], 0.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SWISH, infinity, 0.2f, 0.5f)[0], infinity);
}

TEST_P(EpilogueTest, KnownValues) {
  EXPECT_EQ(activate(LATHE_ACTIVATION_LEAKY_RELU, -8.0f, 0.25f, 0)[15], -2.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_LEAKY_RELU, 8.0f, 0.25f, 0)[15], 8.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SIGMOID, 1.0f, 0.25f, 0.5f)[15], 0.75f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SIGMOID, 4.0f, 0.25f, 0.5f)[15], 1.0f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SWISH, 1.0f, 0.25f, 0.5f)[15], 0.75f);
  EXPECT_EQ(activate(LATHE_ACTIVATION_HARD_SWISH, -4.0f, 0.25f, 0.5f)[15], -0.0f);
}

struct Report {
  std::mutex mutex;
  std::vector<int> counts;
  int64_t columns = 0;
  int64_t line = 0;
  bool within_line = true;
  // Where a reported element must already be final.
  const float* out = nullptr;
  bool final = true;
};

void note_block(void* state, int64_t row_begin, int64_t row_end, int64_t column_begin, int64_t column_end) {
  auto& report = *static_cast<Report*>(state);
  const std::lock_guard lock(report.mutex);
  if (report.line > 0 && row_begin / report.line != (row_end - 1) / report.line) report.within_line = false;
  for (int64_t row = row_begin; row < row_end; ++row) {
    for (int64_t column = column_begin; column < column_end; ++column) {
      const int64_t at = row * report.columns + column;
      ++report.counts[static_cast<size_t>(at)];
      if (is_untouched(report.out[at])) report.final = false;
    }
  }
}

void expect_each_once(const Report& report) {
  for (const int count : report.counts) ASSERT_EQ(count, 1);
  EXPECT_TRUE(report.final) << "a block was reported before it was written";
}

TEST_P(EpilogueTest, AfterBlockReportsEveryElementOfAProductOnce) {
  lathe_thread_pool* pool = nullptr;
  ASSERT_EQ(lathe_thread_pool_create(3, &pool), LATHE_OK);
  lathe_execution threaded = LATHE_EXECUTION_INIT;
  lathe_execution_use_pool(&threaded, pool);
  for (const lathe_execution* execution : {static_cast<const lathe_execution*>(nullptr), &std::as_const(threaded)}) {
    for (const bool shared_b : {true, false}) {
      constexpr int64_t kRows = 250;
      constexpr int64_t kColumns = 37;
      constexpr int64_t kDepth = 30;
      constexpr int64_t kBatch = 2;
      const EdgeFloats a = random_floats(kBatch * kRows * kDepth, 1);
      const EdgeFloats packed = random_floats(kBatch * lathe_packed_gemm_b_floats(kDepth, kColumns), 2);
      EdgeFloats c = untouched_floats(kBatch * kRows * kColumns);
      Report report;
      report.counts.resize(static_cast<size_t>(c.size()));
      report.columns = kColumns;
      report.out = c.data();
      lathe_epilogue_f32 epilogue = {};
      epilogue.struct_size = sizeof(epilogue);
      epilogue.after_block = &note_block;
      epilogue.after_block_state = &report;
      lathe_gemm_f32_shape shape = {};
      shape.struct_size = sizeof(shape);
      shape.batch = kBatch;
      shape.m = kRows;
      shape.n = kColumns;
      shape.k = kDepth;
      shape.a_row_stride = kDepth;
      shape.a_batch_stride = kRows * kDepth;
      shape.b_batch_stride = shared_b ? 0 : lathe_packed_gemm_b_floats(kDepth, kColumns);
      shape.c_row_stride = kColumns;
      shape.c_batch_stride = kRows * kColumns;
      ASSERT_EQ(lathe_gemm_f32(execution, &shape, a.data(), packed.data(), c.data(), nullptr, &epilogue), LATHE_OK);
      expect_each_once(report);
    }
  }
  lathe_thread_pool_destroy(pool);
}

TEST_P(EpilogueTest, AfterBlockOfConvolutionsStaysInOneLine) {
  for (const int64_t groups : {1, 2, 34}) {
    lathe_conv2d_f32_shape shape = {};
    shape.struct_size = sizeof(shape);
    shape.batch = 2;
    shape.out_h = 9;
    shape.out_w = 23;
    shape.in_c = 34;
    shape.out_c = 34;
    shape.kernel_h = shape.kernel_w = 3;
    shape.stride_h = shape.stride_w = shape.dilation_h = shape.dilation_w = 1;
    shape.groups = groups;
    shape.in_pixel_stride = shape.out_pixel_stride = 34;
    shape.in_row_stride = 25 * 34;
    shape.in_image_stride = 11 * 25 * 34;
    shape.out_row_stride = 23 * 34;
    shape.out_image_stride = 9 * 23 * 34;
    const EdgeFloats in = random_floats(2 * shape.in_image_stride, 1);
    const EdgeFloats packed = random_floats(48 * 9 * 34, 2);
    EdgeFloats out = untouched_floats(2 * shape.out_image_stride);
    Report report;
    report.counts.resize(static_cast<size_t>(out.size()));
    report.columns = 34;
    report.line = 23;
    report.out = out.data();
    lathe_epilogue_f32 epilogue = {};
    epilogue.struct_size = sizeof(epilogue);
    epilogue.after_block = &note_block;
    epilogue.after_block_state = &report;
    const auto kernel = groups == 34 ? &lathe_depthwise_conv2d_f32 : &lathe_conv2d_f32;
    ASSERT_EQ(kernel(nullptr, &shape, in.data(), packed.data(), out.data(), nullptr, &epilogue), LATHE_OK);
    expect_each_once(report);
    EXPECT_TRUE(report.within_line) << groups;
  }
}

INSTANTIATE_TEST_SUITE_P(Targets, EpilogueTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

}  // namespace
}  // namespace lathe::runtime::test
