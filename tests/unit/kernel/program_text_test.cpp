// Printing and parsing programs, and the verifier's view of them.
#include <gtest/gtest.h>

#include "ir/kernel/verify.h"
#include "tests/unit/kernel/parse_text.h"

namespace lathe::kernel {
namespace {

constexpr const char* kProgram = R"(kernel @relu(in %x: f32[n], out %y: f32[n]) sizes(n in [1, 1048576]) {
  %0 = constant 0.0 : f32
  for %i = 0 to n {
    %1 = load %x[%i] : f32
    %2 = max %1, %0 : f32
    store %2, %y[%i]
  }
}

kernel @gelu_rows(inout %y: f32[8*n]) sizes(n in [1, 1024], row_begin in [0, n], row_end in [0, n], column_begin in [0, 8], column_end in [0, 8]) {
  %0 = constant 0.5 : f32
  for %r = row_begin to row_end {
    for %c = column_begin to column_end {
      %1 = load %y[%c + 8*%r] : f32
      %2 = mul %1, %0 : f32
      store %2, %y[%c + 8*%r]
    }
  }
}

program @small {
  symbol N in [1, 1024] from input 0 axis 0
  symbol count in [0, 8*N] from call
  input %x: f32[N, 4]
  output %"y 0": f32[N, 8]
  data %w: bytes "0000803f0000004000004040" align 64
  data %big: large 4096 hash "00000000000000ff" align 64
  storage %x: f32[4*N] input 0
  storage %w: f32[3] data %w
  storage %h: f32[8*N] arena 0
  storage %t: f32[8*N] arena 64*N
  storage %y: f32[8*N] output 0
  arena 128*N
  guard N == 2*floordiv(N, 2) else "`N` is {}, expected the even number {}" layer "top"
  run @relu(%x, %h) sizes(4*N) layer "relu 1"
  call @lathe_gemm_f32(execution, struct lathe_gemm_f32_shape 88 { 0 struct_size : u32 88, 8 batch : i64 1, 16 m : i64 N }, %x, %w, %h[8], null, struct lathe_epilogue_f32 56 { 0 struct_size : u32 56, 4 activation : i32 2, 8 alpha : f32 0.1, 16 scale : null, 24 bias : pointer %w[1], 32 after_block : callback @gelu_rows(%h) sizes(N) state 40 }) gives status layer "fc"
  call @count_them(i64 N, i32 3, f32 2.5) gives symbol count
  call @nothing() gives nothing
  run @relu(%t, %y) sizes(8*N)
}
)";

TEST(ProgramText, RoundTrip) {
  TextFixture fixture;
  const auto program = fixture.program(kProgram);
  ASSERT_TRUE(program.ok()) << fixture.messages();
  EXPECT_EQ(print(*program), kProgram);
  const auto report = verify(*program, fixture.diagnostics);
  ASSERT_TRUE(report.ok()) << fixture.messages();
  EXPECT_TRUE(report->unproven_accesses.empty());
  EXPECT_TRUE(report->unproven_ranges.empty());
}

/// kProgram with the first `from` replaced by `to`.
std::string with(std::string_view from, std::string_view to) {
  std::string text = kProgram;
  const size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(ProgramText, BrokenPrograms) {
  const std::pair<std::string, std::string> cases[] = {
      {with("sizes(4*N)", "sizes(4*M)"), "mentions `M`, which has no value here"},
      {with("run @relu(%x, %h) sizes(4*N)", "run @relu(%x, %h)"), "a wrong number of buffers or sizes"},
      {with("run @relu(%x, %h)", "run @relu(%x, %x)"), "kernel `relu` writes `x`"},
      {with("run @relu(%x, %h)", "run @relu(%h, %w)"), "kernel `relu` writes `w`"},
      {with("input 0 axis 0", "input 0 axis 2"), "bound to an axis that doesn't exist"},
      {with("arena 64*N", "arena 60*N"), "not at a multiple of 64 bytes"},
      {with("storage %y: f32[8*N] output 0", "storage %y: f32[8*N] output 1"), "that doesn't exist"},
      {with("storage %y: f32[8*N] output 0", "storage %y: i32[8*N] output 0"), "another element type"},
      {with("gives symbol count", "gives symbol N"), "which is not bound by calls"},
      {with("callback @gelu_rows(%h) sizes(N)", "callback @relu(%h, %t) sizes()"), "expected a size"},
      {with("arena 128*N", "arena 128*count"), "mentions `count`"},
  };
  for (const auto& [text, expected] : cases) {
    TextFixture fixture;
    const auto program = fixture.program(text);
    if (program.ok()) {
      EXPECT_FALSE(verify(*program, fixture.diagnostics).ok()) << expected;
    }
    EXPECT_NE(fixture.messages().find(expected), std::string::npos) << expected << "\n" << fixture.messages();
  }
}

// What can't be proved is listed.
TEST(ProgramText, UnprovenRanges) {
  TextFixture fixture;
  const auto program = fixture.program(with("arena 128*N", "arena 90*N"));
  ASSERT_TRUE(program.ok()) << fixture.messages();
  const auto report = verify(*program, fixture.diagnostics);
  ASSERT_TRUE(report.ok()) << fixture.messages();
  ASSERT_EQ(report->unproven_ranges.size(), 1u);
  EXPECT_EQ(report->unproven_ranges[0], "t: 96*N <= 90*N");
}

TEST(Program, SharedMemory) {
  TextFixture fixture;
  const auto program = fixture.program(kProgram);
  ASSERT_TRUE(program.ok()) << fixture.messages();
  const auto run = [&](std::string_view text) {
    TextFixture other;
    const auto changed = other.program(with("run @relu(%t, %y) sizes(8*N)", text));
    EXPECT_TRUE(changed.ok()) << other.messages();
    return may_share_memory(*changed, std::get<RunStep>(changed->steps.back().kind));
  };
  EXPECT_FALSE(run("run @relu(%t, %y) sizes(8*N)"));
  EXPECT_FALSE(run("run @relu(%h, %t) sizes(8*N)"));
  EXPECT_TRUE(run("run @relu(%h, %h) sizes(8*N)"));
  EXPECT_TRUE(run("run @relu(%h, %h[4]) sizes(8*N)"));
  EXPECT_FALSE(run("run @relu(%h, %h[4*N]) sizes(4*N)"));
}

}  // namespace
}  // namespace lathe::kernel
