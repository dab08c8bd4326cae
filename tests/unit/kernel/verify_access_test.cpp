// What the verifier can prove of indices, and what it must not believe.
#include <gtest/gtest.h>

#include "ir/kernel/verify.h"
#include "tests/unit/kernel/parse_text.h"

namespace lathe::kernel {
namespace {

/// Number of accesses of `body` that are not proved; -1 when the kernel is wrong.
int unproven(const std::string& body) {
  TextFixture fixture;
  const std::string text =
      "kernel @k(in %x: f32[N], in %m: f32[N*K], in %t: i64[N], out %y: f32[N*K]) "
      "sizes(N in [1, 100000], K in [1, 4096]) {\n" +
      body + "\n}\n";
  const auto kernel = fixture.kernel(text);
  EXPECT_TRUE(kernel.ok()) << fixture.messages() << text;
  if (!kernel.ok()) return -1;
  const auto report = verify(*kernel, fixture.diagnostics);
  EXPECT_TRUE(report.ok()) << fixture.messages() << text;
  return report.ok() ? static_cast<int>(report->unproven.size()) : -1;
}

TEST(VerifyAccess, Proved) {
  const char* bodies[] = {
      // A plain loop.
      "for %i = 0 to N { %0 = load %x[%i] : f32 }",
      // A vector loop over the whole vectors, and a tail of the rest.
      "for %i = 0 to 16*floordiv(N, 16) step 16 { %0 = load %x[%i] : f32x16 }",
      "%0 = load %x[16*floordiv(N, 16)] active N - 16*floordiv(N, 16) fill 0.0 : f32x16",
      "for %i = 0 to N step 16 { %0 = load %x[%i] active N - %i fill 0.0 : f32x16 }",
      // Rows of a matrix; columns with a stride.
      "for %i = 0 to N { for %k = 0 to K { %0 = load %m[K*%i + %k] : f32 } }",
      "for %k = 0 to K { for %i = 0 to N step 8 { %0 = load %m[K*%i + %k] stride K active N - %i fill 0.0 : f32x8 } }",
      // Padding behind a branch.
      "for %i = 0 to N { if 1 <= %i and %i - 1 < N { %0 = load %x[%i - 1] : f32 } }",
      "for %i = 0 to N { if %i < 1 { } else { %0 = load %x[%i - 1] : f32 } }",
      // A bound index.
      "%0 = load %t[0] : i64 bind %j = %0 in [0, N - 1] clamp %1 = load %x[%j] : f32",
      // Clamped, and an index backwards.
      "for %i = 0 to N { %0 = load %x[min(%i + 1, N - 1)] : f32 }",
      "for %i = 0 to N { %0 = load %x[N - 1 - %i] : f32 }",
      "for %i = 0 to N { %0 = load %x[floordiv(%i, 2)] : f32 }",
      // A split loop: floordiv and mod of one index.
      "for %i = 0 to N*K { %0 = load %x[floordiv(%i, K)] : f32 }",
      "for %i = 0 to N*K { %0 = load %m[K*floordiv(%i, K) + mod(%i, K)] : f32 }",
      "for %i = 0 to N*K { %0 = load %x[N - 1 - floordiv(%i, K)] : f32 }",
      "for %i = 0 to N { %0 = load %x[max(%i - 3, 0)] : f32 }",
      "%0 = constant 1.0 : f32x4 store %0, %y[0] active N",
  };
  for (const char* body : bodies) EXPECT_EQ(unproven(body), 0) << body;
}

TEST(VerifyAccess, NotProved) {
  const char* bodies[] = {
      "for %i = 0 to N { %0 = load %x[%i + 1] : f32 }",
      "for %i = 0 to N { %0 = load %x[%i - 1] : f32 }",
      "for %i = 0 to N step 16 { %0 = load %x[%i] : f32x16 }",
      "for %i = 0 to N { for %k = 0 to K { %0 = load %m[N*%i + %k] : f32 } }",
      "for %i = 0 to N { if 1 <= %i { } else { %0 = load %x[%i - 1] : f32 } }",
      "for %i = 0 to N { if 1 <= %i { } %0 = load %x[%i - 1] : f32 }",
      "%0 = load %t[0] : i64 bind %j = %0 in [0, N] clamp %1 = load %x[%j] : f32",
      "for %i = 0 to N { %0 = load %x[min(%i + 1, N)] : f32 }",
      "for %i = 0 to N*K + 1 { %0 = load %x[floordiv(%i, K)] : f32 }",
      "for %i = 0 to N*K { %0 = load %m[K*floordiv(%i, K) + mod(%i, K) + 1] : f32 }",
      "for %i = 0 to N { %0 = load %x[max(%i - 3, 1)] : f32 }",
      "%0 = load %x[0] active N + 1 fill 0.0 : f32x16",
      "%0 = load %x[0] stride 2 active N fill 0.0 : f32x16",
      "%0 = constant 1.0 : f32x4 store %0, %y[0]",
  };
  for (const char* body : bodies) EXPECT_EQ(unproven(body), 1) << body;
}

}  // namespace
}  // namespace lathe::kernel
