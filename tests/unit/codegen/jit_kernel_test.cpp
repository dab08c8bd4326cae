// Kernels of every kind, compiled and interpreted: loops, tails, reductions, carried values, masks, gathers.
#include <gtest/gtest.h>

#include "tests/unit/codegen/kernel_runner.h"

namespace lathe {
namespace {

// Lengths around the number of lanes, with a masked tail.
TEST(JitKernel, MaskedTail) {
  for (const int64_t n : {1, 15, 16, 17, 31, 33, 100}) {
    EXPECT_EQ(compare_kernel(R"(
kernel @k(in %x: f32[N], out %y: f32[N]) sizes(N in [1, 1000]) {
  %0 = constant 2.5 : f32x16
  for %i = 0 to 16*floordiv(N, 16) step 16 {
    %1 = load %x[%i] : f32x16
    %2 = mul %1, %0 : f32x16
    store %2, %y[%i]
  }
  %3 = load %x[16*floordiv(N, 16)] active mod(N, 16) fill 1.0 : f32x16
  %4 = div %0, %3 : f32x16
  store %4, %y[16*floordiv(N, 16)] active mod(N, 16)
})",
                             {n}),
              "")
        << n;
  }
}

// The carried sums of two loops and the fixed tree of the lanes.
TEST(JitKernel, Reductions) {
  for (const char* element : {"f32", "f64", "i32", "i8", "u64", "f16", "bf16", "f8e4m3fn"}) {
    for (const char* kind : {"add", "mul", "min", "max"}) {
      std::string text = R"(
kernel @k(in %x: T[N*M], out %y: T[N]) sizes(N in [1, 100], M in [1, 1000]) {
  %0 = constant 1 : Tx16
  for %i = 0 to N {
    %1, %2 = for %j = 0 to M step 16 carry(%3 = %0, %4 = %0) {
      %5 = load %x[M*%i + %j] active M - %j fill 2 : Tx16
      %6 = K %3, %5 : Tx16
      %7 = max %4, %5 : Tx16
      yield %7, %6
    }
    %8 = K %1, %2 : Tx16
    %9 = reduce K %8 : T
    store %9, %y[%i]
  }
})";
      for (size_t at = 0; (at = text.find('T', at)) != std::string::npos; ++at) text.replace(at, 1, element);
      for (size_t at = 0; (at = text.find('K', at)) != std::string::npos; ++at) text.replace(at, 1, kind);
      EXPECT_EQ(compare_kernel(text, {3, 50}), "") << element << " " << kind;
    }
  }
}

// A matrix product, scalar and in lanes, with a loop that runs 0 times for M = 0.
TEST(JitKernel, Contraction) {
  for (const int64_t k : {0, 1, 5}) {
    EXPECT_EQ(compare_kernel(R"(
kernel @k(in %a: f32[N*K], in %b: f32[K*M], out %c: f32[N*M]) sizes(N in [1, 100], M in [1, 100], K in [0, 100]) {
  %0 = constant 0.0 : f32x8
  for %i = 0 to N {
    for %j = 0 to M step 8 {
      %1 = for %k = 0 to K carry(%2 = %0) {
        %3 = load %a[K*%i + %k] : f32
        %4 = broadcast %3 : f32x8
        %5 = load %b[M*%k + %j] active M - %j fill 0.0 : f32x8
        %6 = fma %4, %5, %2 : f32x8
        yield %6
      }
      store %1, %c[M*%i + %j] active M - %j
    }
  }
})",
                             {4, 11, k}),
              "")
        << k;
  }
}

// Strided lanes: a transpose, with and without masks, forwards and backwards.
TEST(JitKernel, Strides) {
  EXPECT_EQ(compare_kernel(R"(
kernel @k(in %x: f32[N*M], out %y: f32[N*M], out %z: f32[N]) sizes(N in [1, 100], M in [1, 100]) {
  for %j = 0 to M {
    for %i = 0 to N step 8 {
      %0 = load %x[M*%i + %j] stride M active N - %i fill 0.0 : f32x8
      store %0, %y[N*%j + %i] active N - %i
    }
  }
  for %k = 0 to N step 4 {
    %1 = load %x[N - 1 - %k] stride -1 active N - %k fill 0.0 : f32x4
    store %1, %z[N - 1 - %k] stride -1 active N - %k
  }
})",
                           {13, 7}),
            "");
  EXPECT_EQ(compare_kernel(R"(
kernel @k(in %x: i16[64], out %y: i16[64]) {
  for %i = 0 to 16 {
    %0 = load %x[%i] stride 16 : i16x4
    store %0, %y[4*%i]
    %1 = load %x[%i] stride 0 : i16x4
    store %1, %y[4*%i] stride 0
  }
})",
                           {}),
            "");
}

// An embedding: a loaded number picks the row. Out of range it is clamped, or the kernel fails.
TEST(JitKernel, Gather) {
  for (const char* mode : {"clamp", "check"}) {
    for (const char* type : {"i64", "i32", "u64", "u8"}) {
      for (const Fill fill : {Fill::Small, Fill::Special}) {
        const std::string text = std::string("kernel @k(in %t: f32[20*D], in %n: ") + type +
                                 R"([N], out %y: f32[N*D]) sizes(N in [1, 100], D in [1, 100]) {
  for %i = 0 to N {
    %0 = load %n[%i] : )" + type +
                                 R"(
    bind %row = %0 in [0, 19] )" +
                                 mode + R"(
    for %d = 0 to D step 4 {
      %1 = load %t[D*%row + %d] active D - %d fill 0.0 : f32x4
      store %1, %y[D*%i + %d] active D - %d
    }
  }
})";
        EXPECT_EQ(compare_kernel(text, {9, 6}, {.fill = fill}), "") << mode << " " << type;
      }
    }
  }
}

// Padding: branches on index conditions, with an else.
TEST(JitKernel, Branches) {
  EXPECT_EQ(compare_kernel(R"(
kernel @k(in %x: f32[H*W], out %y: f32[(H + 2)*(W + 3)]) sizes(H in [1, 100], W in [1, 100]) {
  %0 = constant -1.0 : f32
  for %i = 0 to H + 2 {
    for %j = 0 to W + 3 {
      if 1 <= %i and %i <= H and 2 <= %j and %j < W + 2 {
        %1 = load %x[W*(%i - 1) + %j - 2] : f32
        store %1, %y[(W + 3)*%i + %j]
      } else {
        store %0, %y[(W + 3)*%i + %j]
      }
    }
  }
})",
                           {5, 7}),
            "");
  EXPECT_EQ(compare_kernel(R"(
kernel @k(out %y: i64[40]) {
  for %i = 0 to 40 {
    if %i == 2*floordiv(%i, 2) { %0 = index 7*%i : i64 store %0, %y[%i] }
    if mod(%i, 2) == 1 { %1 = index 0 - %i : i64 store %1, %y[%i] }
  }
})",
                           {}),
            "");
}

// Index arithmetic with every function, on negative numbers too, against the interpreter's exact evaluation.
TEST(JitKernel, IndexArithmetic) {
  EXPECT_EQ(compare_kernel(R"(
kernel @k(out %y: i64[11*N]) sizes(N in [1, 1000], D in [1, 9]) {
  for %i = 0 to N {
    %0 = index floordiv(%i - 7, 3) : i64
    store %0, %y[11*%i]
    %1 = index mod(%i - 7, 3) : i64
    store %1, %y[11*%i + 1]
    %2 = index floordiv(%i - 7, 4) : i64
    store %2, %y[11*%i + 2]
    %3 = index mod(%i - 7, 4) : i64
    store %3, %y[11*%i + 3]
    %4 = index floordiv(%i - 7, D) : i64
    store %4, %y[11*%i + 4]
    %5 = index mod(%i - 7, D) : i64
    store %5, %y[11*%i + 5]
    %6 = index floordiv(%i, D)*N*N - 3*mod(%i, D) : i64
    store %6, %y[11*%i + 6]
    %7 = index max(%i - D, 2*D) + min(%i*%i, N) : i64
    store %7, %y[11*%i + 7]
    %8 = index %i - 3 stride D : i64x2
    store %8, %y[11*%i + 8]
    %9 = index floordiv(floordiv(%i, 2), D + 1) : i64
    store %9, %y[11*%i + 10]
  }
})",
                           {37, 5}),
            "");
}

// Iterations in any order: threads are simulated by running them backwards, with locals, captures and bound indices.
TEST(JitKernel, ParallelLoops) {
  const char* text = R"(
kernel @k(in %x: f32[N*M], in %p: i32[1], out %y: f32[N*M]) sizes(N in [1, 1000], M in [1, 1000]) {
  local %t: f32[16] align 64
  %0 = constant 3.0 : f32
  %1 = load %x[0] : f32
  %2 = mul %1, %0 : f32
  %3 = load %p[0] : i32
  bind %first = %3 in [0, M - 1] check
  %4 = broadcast %2 : f32x4
  %5 = lt %4, %4 : boolx4
  for %i = 2 to N step 3 parallel grain 2 {
    for %k = 0 to 16 {
      %6 = load %x[M*%i + %first] : f32
      %7 = add %6, %2 : f32
      store %7, %t[%k]
    }
    for %j = 0 to M step 4 {
      %8 = load %x[M*%i + %j] active M - %j fill 0.0 : f32x4
      %9 = load %t[4] : f32x4
      %10 = add %8, %9 : f32x4
      %11 = select %5, %4, %10 : f32x4
      store %11, %y[M*%i + %j] active M - %j
    }
  }
})";
  for (const int32_t threads : {1, 4}) {
    for (const int64_t n : {1, 3, 5, 20}) {
      EXPECT_EQ(compare_kernel(text, {n, 10}, {.threads = threads}), "") << threads << " " << n;
    }
  }
}

TEST(JitKernel, UnrolledLoopsAndShuffles) {
  EXPECT_EQ(compare_kernel(R"(
kernel @k(in %x: f32[16], out %y: f32[64], out %z: f32[8]) {
  %0 = constant 1.0 : f32x4
  %1, %2 = for %u = 0 to 7 step 2 unrolled carry(%3 = %0, %4 = %0) {
    %5 = load %x[2*%u] : f32x4
    %6 = add %3, %5 : f32x4
    %7 = mul %4, %6 : f32x4
    store %7, %y[4*%u]
    for %v = 0 to 2 unrolled {
      store %6, %y[%u + 32*%v + 4] stride 2
    }
    yield %6, %7
  }
  %8 = shuffle %1, %2 [0, 4, 1, 5, 2, 6, 3, 7] : f32x8
  store %8, %z[0]
  %9 = shuffle %8, %8 [7] : f32
  store %9, %z[3]
  %10 = shuffle %9, %9 [0, 1] : f32x2
  store %10, %z[4]
})",
                           {}),
            "");
}

// 4-bit elements share bytes; stores keep the neighbour.
TEST(JitKernel, PackedElements) {
  for (const char* type : {"i4", "u4"}) {
    const std::string t = type;
    EXPECT_EQ(compare_kernel("kernel @k(in %x: " + t + "[21], inout %y: " + t + R"([21], inout %z: )" + t + R"([21]) {
  for %i = 0 to 21 step 8 {
    %0 = load %x[%i] active 21 - %i fill 3 : )" +
                                 t + R"(x8
    %1 = mul %0, %0 : )" + t + R"(x8
    store %1, %y[%i] active 21 - %i
  }
  for %k = 0 to 7 {
    %2 = load %x[3*%k] : )" + t + R"(
    %3 = sub %2, %2 : )" + t + R"(
    store %2, %z[2*%k + 1]
    %4 = load %x[%k] stride 2 : )" +
                                 t + R"(x4
    store %4, %z[%k] stride 3
  }
})",
                             {}, {.fill = Fill::Special}),
              "")
        << type;
  }
}

// The lowest target has no FMA, no masked loads and no f16 conversions; without an fma in the kernel the bits agree.
TEST(JitKernel, OtherTargets) {
  const char* text = R"(
kernel @k(in %x: f32[N], in %h: f16[N], in %b: bf16[N], out %y: f32[N], out %g: f16[N]) sizes(N in [1, 100]) {
  for %i = 0 to N step 16 {
    %0 = load %x[%i] active N - %i fill 0.5 : f32x16
    %1 = load %h[%i] active N - %i fill 0.5 : f16x16
    %2 = load %b[%i] active N - %i fill 0.5 : bf16x16
    %3 = cast %1 : f32x16
    %4 = cast %2 : f32x16
    %5 = mul %0, %3 : f32x16
    %6 = max %5, %4 : f32x16
    %7 = round_even %6 : f32x16
    %8 = cast %6 : i32x16
    %9 = cast %8 : f32x16
    %10 = add %7, %9 : f32x16
    store %10, %y[%i] active N - %i
    %11 = cast %0 : f16x16
    %12 = mul %11, %1 : f16x16
    store %12, %g[%i] active N - %i
  }
})";
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) == 0) continue;
    for (const Fill fill : {Fill::Small, Fill::Special}) {
      EXPECT_EQ(compare_kernel(text, {37}, {.fill = fill, .target = lathe_target_name(i)}), "") << lathe_target_name(i);
    }
  }
  EXPECT_NE(compare_kernel(text, {37}, {.target = "PDP11"}), "");
}

}  // namespace
}  // namespace lathe
