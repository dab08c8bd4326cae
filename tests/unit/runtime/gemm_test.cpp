// lathe_gemm_f32 against three loops in the documented order, bit by bit, on every target.
#include <cstdint>
#include <string>
#include <vector>

#include <fmt/core.h>
#include <gtest/gtest.h>

#include "lathe/kernels.h"
#include "tests/unit/runtime/support.h"

namespace lathe::runtime::test {
namespace {

struct GemmCase {
  int64_t m;
  int64_t n;
  int64_t k;
  int64_t batch = 1;
  bool shared_b = true;
  // Floats between the end of a row and the start of the next, in A, C and the residual.
  int64_t gap = 0;
  bool residual = false;
  bool in_place = false;
  int32_t activation = LATHE_ACTIVATION_NONE;
  bool scale = false;
  bool bias = false;

  [[nodiscard]] std::string name() const {
    return fmt::format("m={} n={} k={} batch={} shared_b={} gap={} residual={} in_place={} activation={}", m, n, k,
                       batch, shared_b, gap, residual, in_place, activation);
  }
};

void run_case(const std::string& target, const GemmCase& c) {
  const lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape),
                                      .reserved = 0,
                                      .batch = c.batch,
                                      .m = c.m,
                                      .n = c.n,
                                      .k = c.k,
                                      .a_row_stride = c.k + c.gap,
                                      .a_batch_stride = c.m * (c.k + c.gap) + c.gap,
                                      .b_batch_stride = c.shared_b ? 0 : lathe_packed_gemm_b_floats(c.k, c.n),
                                      .c_row_stride = c.n + c.gap,
                                      .c_batch_stride = c.m * (c.n + c.gap) + c.gap,
                                      .residual_row_stride = c.n + c.gap,
                                      .residual_batch_stride = c.m * (c.n + c.gap) + c.gap};
  const int64_t b_batches = c.shared_b ? 1 : c.batch;
  // The last row ends where its elements end: the gap behind it does not exist.
  const EdgeFloats a = random_floats(c.batch * shape.a_batch_stride - (c.k > 0 ? 2 * c.gap : 0), 1);
  const EdgeFloats b = random_floats(b_batches * c.k * c.n, 2);
  EdgeFloats packed = untouched_floats(b_batches * lathe_packed_gemm_b_floats(c.k, c.n));
  for (int64_t p = 0; p < b_batches; ++p) {
    lathe_pack_gemm_b_f32(b.data() + p * c.k * c.n, c.k, c.n, c.n, 1,
                          packed.data() + p * lathe_packed_gemm_b_floats(c.k, c.n));
  }
  const int64_t c_floats = c.batch * shape.c_batch_stride - 2 * c.gap;
  EdgeFloats residual = random_floats(c_floats, 3);
  EdgeFloats actual = untouched_floats(c_floats);
  EdgeFloats expected = untouched_floats(c_floats);
  const EdgeFloats bias = random_floats(c.n, 4);
  const EdgeFloats scale = random_floats(c.n, 5);
  lathe_epilogue_f32 epilogue = {};
  epilogue.struct_size = sizeof(epilogue);
  epilogue.activation = c.activation;
  epilogue.alpha = c.activation == LATHE_ACTIVATION_CLIP ? -0.5f : 0.25f;
  epilogue.beta = 0.5f;
  epilogue.scale = c.scale ? scale.data() : nullptr;
  epilogue.bias = c.bias ? bias.data() : nullptr;

  for (int64_t p = 0; p < c.batch; ++p) {
    for (int64_t i = 0; i < c.m; ++i) {
      for (int64_t j = 0; j < c.n; ++j) {
        float sum = 0.0f;
        for (int64_t l = 0; l < c.k; ++l) {
          sum = multiply_add(target, a[p * shape.a_batch_stride + i * shape.a_row_stride + l],
                             b[(c.shared_b ? 0 : p * c.k * c.n) + l * c.n + j], sum);
        }
        const int64_t at = p * shape.c_batch_stride + i * shape.c_row_stride + j;
        if (c.in_place) actual[at] = residual[at];
        expected[at] = apply_epilogue(epilogue, sum, j, c.residual ? &residual.data()[at] : nullptr);
      }
    }
  }
  const float* residual_operand = c.in_place ? actual.data() : c.residual ? residual.data() : nullptr;
  ASSERT_EQ(lathe_gemm_f32(nullptr, &shape, a.data(), packed.data(), actual.data(), residual_operand, &epilogue),
            LATHE_OK);
  expect_same_bits(actual.span(), expected.span(), c.name());
}

class GemmTest : public TargetTest {};

// Every number of rows up to beyond two tiles, with whole and partial panels.
TEST_P(GemmTest, EveryTileShape) {
  for (int64_t m = 1; m <= 20; ++m) {
    for (const int64_t n : {1, 2, 8, 15, 16, 17, 32, 47, 64, 65, 100}) {
      run_case(GetParam(), {.m = m, .n = n, .k = 5});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(GemmTest, EveryDepth) {
  for (const int64_t k : {0, 1, 2, 3, 4, 15, 16, 17, 63, 512, 640, 641, 1024, 1300}) {
    for (const int64_t m : {1, 7, 23}) {
      run_case(GetParam(), {.m = m, .n = 35, .k = k, .bias = true});
      if (HasFatalFailure()) return;
    }
  }
}

// More rows than one block, more depth than one range, more panels than stream through.
TEST_P(GemmTest, Blocking) {
  run_case(GetParam(), {.m = 391, .n = 33, .k = 650});
  run_case(GetParam(), {.m = 193, .n = 200, .k = 40});
  run_case(GetParam(), {.m = 64, .n = 300, .k = 130});
}

TEST_P(GemmTest, StridedRowsLeaveNeighboursAlone) {
  for (const int64_t m : {1, 4, 19}) {
    for (const int64_t n : {1, 16, 21, 70}) {
      run_case(GetParam(), {.m = m, .n = n, .k = 700, .gap = 3});
      run_case(GetParam(), {.m = m, .n = n, .k = 9, .gap = 1, .residual = true, .activation = LATHE_ACTIVATION_RELU});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(GemmTest, BatchesWithSharedAndOwnB) {
  for (const bool shared : {false, true}) {
    for (const int64_t m : {1, 5, 50}) {
      run_case(GetParam(),
               {.m = m, .n = 18, .k = 20, .batch = 3, .shared_b = shared, .gap = 2, .residual = true, .bias = true});
      if (HasFatalFailure()) return;
    }
  }
}

// Partial sums go through C, which a residual that is C itself must survive.
TEST_P(GemmTest, ResidualInPlace) {
  for (const int64_t k : {8, 700, 1300}) {
    for (const int64_t n : {16, 20}) {
      run_case(GetParam(), {.m = 40, .n = n, .k = k, .residual = true, .in_place = true, .bias = true});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(GemmTest, EveryEpilogue) {
  for (int32_t activation = LATHE_ACTIVATION_NONE; activation <= LATHE_ACTIVATION_HARD_SWISH; ++activation) {
    for (const bool with : {false, true}) {
      run_case(GetParam(),
               {.m = 11, .n = 37, .k = 12, .residual = with, .activation = activation, .scale = with, .bias = !with});
      run_case(GetParam(),
               {.m = 20, .n = 37, .k = 700, .residual = !with, .activation = activation, .scale = true, .bias = with});
      if (HasFatalFailure()) return;
    }
  }
}

TEST_P(GemmTest, EmptyExtentsDoNothing) {
  for (const GemmCase& c : {GemmCase{.m = 0, .n = 4, .k = 4}, GemmCase{.m = 4, .n = 0, .k = 4},
                            GemmCase{.m = 4, .n = 4, .k = 4, .batch = 0}}) {
    const lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape),
                                        .reserved = 0,
                                        .batch = c.batch,
                                        .m = c.m,
                                        .n = c.n,
                                        .k = c.k,
                                        .a_row_stride = 4,
                                        .a_batch_stride = 16,
                                        .b_batch_stride = 0,
                                        .c_row_stride = 4,
                                        .c_batch_stride = 16,
                                        .residual_row_stride = 0,
                                        .residual_batch_stride = 0};
    EXPECT_EQ(lathe_gemm_f32(nullptr, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_OK) << c.name();
  }
}

// The bits of a row do not depend on how many rows are computed with it.
TEST_P(GemmTest, RowsDoNotDependOnTheirNumber) {
  constexpr int64_t kRows = 40;
  constexpr int64_t kColumns = 50;
  constexpr int64_t kDepth = 1200;
  const EdgeFloats a = random_floats(kRows * kDepth, 1);
  const EdgeFloats b = random_floats(kDepth * kColumns, 2);
  EdgeFloats packed(lathe_packed_gemm_b_floats(kDepth, kColumns));
  lathe_pack_gemm_b_f32(b.data(), kDepth, kColumns, kColumns, 1, packed.data());
  lathe_gemm_f32_shape shape = {.struct_size = sizeof(lathe_gemm_f32_shape),
                                .reserved = 0,
                                .batch = 1,
                                .m = kRows,
                                .n = kColumns,
                                .k = kDepth,
                                .a_row_stride = kDepth,
                                .a_batch_stride = 0,
                                .b_batch_stride = 0,
                                .c_row_stride = kColumns,
                                .c_batch_stride = 0,
                                .residual_row_stride = 0,
                                .residual_batch_stride = 0};
  EdgeFloats all(kRows * kColumns);
  ASSERT_EQ(lathe_gemm_f32(nullptr, &shape, a.data(), packed.data(), all.data(), nullptr, nullptr), LATHE_OK);
  EdgeFloats single(kRows * kColumns);
  shape.m = 1;
  for (int64_t i = 0; i < kRows; ++i) {
    ASSERT_EQ(lathe_gemm_f32(nullptr, &shape, a.data() + i * kDepth, packed.data(), single.data() + i * kColumns,
                             nullptr, nullptr),
              LATHE_OK);
  }
  expect_same_bits(single.span(), all.span(), "rows one by one");
}

INSTANTIATE_TEST_SUITE_P(Targets, GemmTest, testing::ValuesIn(supported_targets()),
                         [](const auto& test) { return test.param; });

TEST(GemmArguments, BadDescriptorsAreRefusedWithAMessage) {
  char message[128] = "";
  lathe_execution execution = LATHE_EXECUTION_INIT;
  execution.message = message;
  execution.message_size = sizeof(message);
  EXPECT_EQ(lathe_gemm_f32(&execution, nullptr, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  EXPECT_STREQ(lathe_execution_message(&execution), "lathe_gemm_f32: invalid shape descriptor");
  lathe_gemm_f32_shape shape = {};
  shape.struct_size = sizeof(shape);
  shape.m = -1;
  EXPECT_EQ(lathe_gemm_f32(&execution, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  shape.m = 1;
  shape.struct_size = 8;
  EXPECT_EQ(lathe_gemm_f32(&execution, &shape, nullptr, nullptr, nullptr, nullptr, nullptr), LATHE_INVALID_ARGUMENT);
  shape.struct_size = sizeof(shape);
  lathe_epilogue_f32 epilogue = {};
  epilogue.struct_size = sizeof(epilogue);
  epilogue.activation = 99;
  EXPECT_EQ(lathe_gemm_f32(&execution, &shape, nullptr, nullptr, nullptr, nullptr, &epilogue), LATHE_INVALID_ARGUMENT);
  EXPECT_STREQ(message, "lathe_gemm_f32: invalid epilogue");
}

}  // namespace
}  // namespace lathe::runtime::test
