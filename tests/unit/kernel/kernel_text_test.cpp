// Printing and parsing kernels.
#include <gtest/gtest.h>

#include "tests/unit/kernel/parse_text.h"

namespace lathe::kernel {
namespace {

// Every statement, operation and option there is.
constexpr const char* kAll =
    R"(kernel @all(in %a: f32[K*N], in %table: i64[N], inout %y: f32[K*N] align 64, out %"a b": bool[4]) sizes(N in [1, 4096], K in [16, N]) {
  local %t: f32[64] align 64
  %0 = constant 0.0 : f32x16
  for %i = 0 to N parallel grain 4 {
    %1 = load %table[%i] : i64
    bind %row = %1 in [0, N - 1] check
    %2, %3 = for %k = 0 to 16*floordiv(K, 16) step 16 carry(%4 = %0, %5 = %0) {
      %6 = load %a[%row*K + %k] : f32x16
      %7 = fma %6, %6, %4 : f32x16
      %8 = max %5, %6 : f32x16
      yield %7, %8
    }
    %9 = load %a[%i*K + 16*floordiv(K, 16)] active mod(K, 16) fill 0.0 : f32x16
    %10 = add %2, %9 : f32x16
    %11 = reduce add %10 : f32
    %12 = broadcast %11 : f32x4
    %13 = index %i stride 2 : f32x4
    %14 = shuffle %12, %13 [0, 4, 1, 5] : f32x4
    %15 = lt %12, %14 : boolx4
    %16 = cast %15 : i32x4
    for %u = 0 to 4 unrolled {
      store %14, %t[4*%u] stride 2
    }
    if 0 <= %i and %i < N - 1 and N == 2*K {
      store %10, %y[%i*K] active K - 3
      store %15, %"a b"[0]
    } else {
      store %11, %y[%i*K]
    }
  }
}
)";

TEST(KernelText, RoundTrip) {
  TextFixture fixture;
  const auto kernel = fixture.kernel(kAll);
  ASSERT_TRUE(kernel.ok()) << fixture.messages();
  EXPECT_EQ(print(*kernel), kAll);
  EXPECT_EQ(kernel->parameter_count(), 4u);
  EXPECT_EQ(kernel->buffers.size(), 5u);
}

TEST(KernelText, SyntaxErrors) {
  const char* bodies[] = {
      "kernel @k() { %0 = constant 1.0 }",
      "kernel @k() { %0 = constant 1.0 : f32x3 }",
      "kernel @k() { %0 = constant 1.0 : f32x4096 }",
      "kernel @k() { %0 = add %1, %1 : f32 }",
      "kernel @k() { %0 = frob %0 : f32 }",
      "kernel @k() { %0 = load %a[0] : f32 }",
      "kernel @k(in %a: f32[4], in %a: f32[4]) { }",
      "kernel @k() { for %i = 0 to 4 { }",
      "kernel @k() { %0 = constant 1.0 : f32 %0 = constant 1.0 : f32 }",
      "kernel @k() { %0 = constant 1.0 : f32 %1, %2 = for %i = 0 to 4 carry(%3 = %0) { yield %3 } }",
      "kernel @k() { yield %0 }",
      "kernel @k() { if 1 > 2 { } }",
      "kernel @k(in %a: f32[4] align 3) { }",
      "kernel @k() sizes(N in [1, 4], N in [1, 4]) { }",
      "kernel @k() { } kernel @l() { }",
  };
  for (const char* body : bodies) {
    TextFixture fixture;
    EXPECT_FALSE(fixture.kernel(body).ok()) << body;
    EXPECT_EQ(fixture.diagnostics.count(Severity::Error), 1u) << body << "\n" << fixture.messages();
  }
}

// Nesting is limited, so that a hostile text cannot exhaust the stack.
TEST(KernelText, DeepNesting) {
  std::string text = "kernel @k() { ";
  for (int i = 0; i < 100000; ++i) text += "if 0 < 1 { ";
  TextFixture fixture;
  EXPECT_FALSE(fixture.kernel(text).ok());
  EXPECT_EQ(fixture.messages(), "blocks nest deeper than 64 levels\n");
}

TEST(KernelText, HeadsForMessages) {
  TextFixture fixture;
  const auto kernel =
      fixture.kernel("kernel @k(out %y: f32[4]) { %0 = constant 1.0 : f32 for %i = 0 to 4 { store %0, %y[%i] } }");
  ASSERT_TRUE(kernel.ok()) << fixture.messages();
  EXPECT_EQ(print_head(*kernel, StatementId(0u)), "%0 = constant 1.0 : f32");
  EXPECT_EQ(print_head(*kernel, StatementId(1u)), "for %i = 0 to 4 {");
  EXPECT_EQ(print_head(*kernel, StatementId(2u)), "store %0, %y[%i]");
}

}  // namespace
}  // namespace lathe::kernel
