// The layouts of packed operands, element by element from their definition.
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "lathe/runtime.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

TEST(Pack, GemmB) {
  for (const int64_t k : {1, 3, 16, 21}) {
    for (const int64_t n : {1, 15, 16, 17, 40}) {
      // Row-major, transposed, and every second element of a wider matrix.
      const struct {
        int64_t row;
        int64_t column;
      } layouts[] = {{n, 1}, {1, k}, {2 * n, 2}};
      for (const auto& layout : layouts) {
        const EdgeFloats b = random_floats((k - 1) * layout.row + (n - 1) * layout.column + 1, 1);
        ASSERT_EQ(lathe_packed_gemm_b_floats(k, n), (n + 15) / 16 * 16 * k);
        EdgeFloats packed = untouched_floats(lathe_packed_gemm_b_floats(k, n));
        lathe_pack_gemm_b_f32(b.data(), k, n, layout.row, layout.column, packed.data());
        for (int64_t j = 0; j < (n + 15) / 16 * 16; ++j) {
          for (int64_t i = 0; i < k; ++i) {
            const float expected = j < n ? b[i * layout.row + j * layout.column] : 0.0f;
            ASSERT_EQ(packed[(j / 16 * k + i) * 16 + j % 16], expected) << k << " " << n << " " << i << " " << j;
          }
        }
      }
    }
  }
}

// A batch is its matrices packed one by one, behind each other, on any number of threads.
TEST(Pack, GemmBBatch) {
  constexpr int64_t kBatch = 5;
  constexpr int64_t kDepth = 7;
  constexpr int64_t kColumns = 19;
  constexpr int64_t kDistance = kDepth * kColumns + 3;
  const EdgeFloats b = random_floats((kBatch - 1) * kDistance + kDepth * kColumns, 1);
  const int64_t floats = lathe_packed_gemm_b_floats(kDepth, kColumns);
  EdgeFloats expected = untouched_floats(kBatch * floats);
  for (int64_t p = 0; p < kBatch; ++p) {
    lathe_pack_gemm_b_f32(b.data() + p * kDistance, kDepth, kColumns, 1, kDepth, expected.data() + p * floats);
  }
  lathe_thread_pool* pool = nullptr;
  ASSERT_EQ(lathe_thread_pool_create(3, &pool), LATHE_OK);
  lathe_execution threaded = LATHE_EXECUTION_INIT;
  lathe_execution_use_pool(&threaded, pool);
  for (const bool with_pool : {false, true}) {
    EdgeFloats packed = untouched_floats(kBatch * floats);
    lathe_pack_gemm_b_batch_f32(with_pool ? &threaded : nullptr, b.data(), kBatch, kDepth, kColumns, kDistance, 1,
                                kDepth, packed.data());
    expect_same_bits(packed.span(), expected.span(), "batch");
  }
  lathe_thread_pool_destroy(pool);
}

TEST(Pack, ConvolutionWeightsOihwAndHwio) {
  constexpr int64_t kOut = 36;
  constexpr int64_t kIn = 5;
  constexpr int64_t kHeight = 2;
  constexpr int64_t kWidth = 3;
  for (const int64_t groups : {1, 2, 3}) {
    for (const bool hwio : {false, true}) {
      const lathe_conv2d_weights weights = {.struct_size = sizeof(lathe_conv2d_weights),
                                            .reserved = 0,
                                            .out_c = kOut,
                                            .in_c_per_group = kIn,
                                            .kernel_h = kHeight,
                                            .kernel_w = kWidth,
                                            .groups = groups,
                                            .out_c_stride = hwio ? 1 : kIn * kHeight * kWidth,
                                            .in_c_stride = hwio ? kOut : kHeight * kWidth,
                                            .kernel_h_stride = hwio ? kWidth * kIn * kOut : kWidth,
                                            .kernel_w_stride = hwio ? kIn * kOut : 1};
      const EdgeFloats w = random_floats(kOut * kIn * kHeight * kWidth, 1);
      const int64_t group_out = kOut / groups;
      const int64_t panels = (group_out + 15) / 16;
      ASSERT_EQ(lathe_packed_conv2d_floats(&weights), groups * panels * kHeight * kWidth * kIn * 16);
      EdgeFloats packed = untouched_floats(lathe_packed_conv2d_floats(&weights));
      lathe_pack_conv2d_f32(&weights, w.data(), packed.data());
      int64_t at = 0;
      for (int64_t group = 0; group < groups; ++group) {
        for (int64_t panel = 0; panel < panels; ++panel) {
          for (int64_t kh = 0; kh < kHeight; ++kh) {
            for (int64_t kw = 0; kw < kWidth; ++kw) {
              for (int64_t i = 0; i < kIn; ++i) {
                for (int64_t lane = 0; lane < 16; ++lane, ++at) {
                  const int64_t o = panel * 16 + lane;
                  const float expected =
                      o >= group_out ? 0.0f
                                     : w[(group * group_out + o) * weights.out_c_stride + i * weights.in_c_stride +
                                         kh * weights.kernel_h_stride + kw * weights.kernel_w_stride];
                  ASSERT_EQ(packed[at], expected) << at;
                }
              }
            }
          }
        }
      }
    }
  }
}

TEST(Pack, DepthwiseWeights) {
  const std::vector<float> w = {1, 2, 3, 4, 5, 6};  // three channels, one row of two
  EdgeFloats packed = untouched_floats(lathe_packed_depthwise_conv2d_floats(3, 1, 2));
  ASSERT_EQ(packed.size(), 32);
  lathe_pack_depthwise_conv2d_f32(w.data(), 3, 1, 2, 2, 2, 1, packed.data());
  for (int64_t kw = 0; kw < 2; ++kw) {
    for (int64_t c = 0; c < 16; ++c) {
      EXPECT_EQ(packed[kw * 16 + c], c < 3 ? static_cast<float>(2 * c + kw + 1) : 0.0f);
    }
  }
}

}  // namespace
}  // namespace lathe::runtime::test
