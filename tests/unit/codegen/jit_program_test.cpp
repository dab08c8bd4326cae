// Whole programs, compiled and interpreted: runtime calls, structs, callbacks, guards, the arena, data.
#include <array>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "compiler/codegen/llvm_engine.h"
#include "compiler/interp/kernel_interpreter.h"
#include "ir/kernel/text.h"
#include "ir/kernel/verify.h"
#include "lathe/kernels.h"

namespace lathe {
namespace {

enum class Backend : uint8_t { Interpreter, Jit };

class JitProgram : public testing::TestWithParam<Backend> {
 protected:
  void parse(const std::string& text) {
    const FileId file = locations_.add_file("test.lathe", text);
    auto program = kernel::parse_program(locations_.file(file).text, file, locations_, diagnostics_);
    ASSERT_TRUE(program.ok()) << messages();
    const auto report = verify(*program, diagnostics_);
    ASSERT_TRUE(report.ok()) << messages();
    EXPECT_TRUE(report->unproven_accesses.empty());
    EXPECT_TRUE(report->unproven_ranges.empty()) << report->unproven_ranges[0];
    program_ = *std::move(program);
  }

  lathe_status run(std::vector<const void*> inputs, std::vector<void*> outputs, std::vector<int64_t> symbols) {
    lathe_execution execution = LATHE_EXECUTION_INIT;
    execution.message = message_.data();
    execution.message_size = message_.size();
    if (GetParam() == Backend::Interpreter) {
      const auto status = interp::run_program(program_, {inputs, outputs, symbols}, &execution, diagnostics_);
      EXPECT_TRUE(status.ok()) << messages();
      return status.ok() ? *status : static_cast<lathe_status>(LATHE_INTERNAL);
    }
    const auto compiled = codegen::JitProgram::compile(program_, {.target = {}, .verify = true}, diagnostics_);
    EXPECT_TRUE(compiled.ok()) << messages();
    if (!compiled.ok()) return LATHE_INTERNAL;
    const auto arena_bytes = evaluate(program_.arena_bytes, [&](const std::string& name) -> std::optional<int64_t> {
      for (size_t i = 0; i < symbols.size(); ++i) {
        if (program_.symbols.rows()[i].name == name) return symbols[i];
      }
      return std::nullopt;
    });
    struct alignas(64) Line {
      std::byte bytes[64];
    };
    std::vector<Line> arena(static_cast<size_t>(arena_bytes.value()) / 64 + 1);
    std::vector<std::vector<Line>> data;
    std::vector<const void*> pointers;
    for (const kernel::Data& row : program_.data) {
      data.emplace_back(row.bytes.size() / 64 + 1);
      std::copy(row.bytes.begin(), row.bytes.end(), data.back()[0].bytes);
      pointers.push_back(data.back().data());
    }
    return compiled->entry()(&execution, inputs.data(), outputs.data(), pointers.data(), arena.data(), symbols.data());
  }

  std::string messages() const {
    std::string all;
    for (const Diagnostic& diagnostic : diagnostics_.all()) all += diagnostic.message + "\n";
    return all;
  }

  LocationTable locations_;
  Diagnostics diagnostics_;
  kernel::Program program_;
  std::array<char, 256> message_{};
};

INSTANTIATE_TEST_SUITE_P(Backends, JitProgram, testing::Values(Backend::Interpreter, Backend::Jit),
                         [](const auto& parameter) {
                           return std::string(parameter.param == Backend::Jit ? "Jit" : "Interpreter");
                         });

static_assert(sizeof(lathe_gemm_f32_shape) == 96 && offsetof(lathe_gemm_f32_shape, batch) == 8);
static_assert(sizeof(lathe_epilogue_f32) == 48 && offsetof(lathe_epilogue_f32, after_block) == 32);

// y = 2 * relu(x * w + bias): the product by the runtime, with packed weights, an epilogue, and a callback that doubles
// every block as soon as it is written.
TEST_P(JitProgram, MatrixProductWithCallback) {
  parse(R"(
kernel @double(inout %y: f32[3*n]) sizes(n in [1, 64], row_begin in [0, n], row_end in [0, n], column_begin in [0, 3], column_end in [0, 3]) {
  for %r = row_begin to row_end {
    for %c = column_begin to column_end {
      %0 = load %y[3*%r + %c] : f32
      %1 = add %0, %0 : f32
      store %1, %y[3*%r + %c]
    }
  }
}
program @dense {
  symbol N in [1, 64] from input 0 axis 0
  input %x: f32[N, 2]
  output %y: f32[N, 3]
  data %w: bytes "0000803f000000400000404000008040000000c000000000" align 64
  data %bias: bytes "0000003f000080bf00000000" align 64
  storage %x: f32[2*N] input 0
  storage %w: f32[6] data %w
  storage %bias: f32[3] data %bias
  storage %packed: f32[32] arena 0
  storage %y: f32[3*N] output 0
  arena 128
  call @lathe_pack_gemm_b_f32(%w, i64 2, i64 3, i64 3, i64 1, %packed) gives nothing
  call @lathe_gemm_f32(execution, struct lathe_gemm_f32_shape 96 { 0 struct_size : u32 96, 8 batch : i64 1, 16 m : i64 N, 24 n : i64 3, 32 k : i64 2, 40 a_row_stride : i64 2, 64 c_row_stride : i64 3 }, %x, %packed, %y, null, struct lathe_epilogue_f32 48 { 0 struct_size : u32 48, 4 activation : i32 1, 24 bias : pointer %bias, 32 after_block : callback @double(%y) sizes(N) state 40 }) gives status layer "fc"
}
)");
  // The weights are 1 2 3 / 4 -2 0, the bias 0.5 -1 0.
  const std::vector<float> x = {1, 1, -1, 2, 0.5, -3};
  std::vector<float> y(9, -7);
  ASSERT_EQ(run({x.data()}, {y.data()}, {3}), LATHE_OK) << message_.data();
  std::vector<float> expected;
  for (size_t i = 0; i < 3; ++i) {
    const float a = x[2 * i];
    const float b = x[2 * i + 1];
    for (const float sum : {a + 4 * b + 0.5f, 2 * a - 2 * b - 1, 3 * a}) expected.push_back(2 * std::max(sum, 0.0f));
  }
  EXPECT_EQ(y, expected);
}

constexpr const char* kGuarded = R"(
kernel @sum(in %a: f32[n], in %b: f32[n], out %y: f32[n]) sizes(n in [1, 100]) {
  for %i = 0 to n {
    %0 = load %a[%i] : f32
    %1 = load %b[%i] : f32
    %2 = add %0, %1 : f32
    store %2, %y[%i]
  }
}
program @guarded {
  symbol N in [1, 100] from input 0 axis 0
  symbol M in [1, 100] from input 1 axis 0
  input %a: f32[N]
  input %b: f32[M]
  output %y: f32[N]
  storage %a: f32[N] input 0
  storage %b: f32[M] input 1
  storage %t: f32[N] arena 64*M
  storage %y: f32[N] output 0
  arena 64*M + 4*N
  guard N == M else "`a` has {} rows, but `b` has {}"
  run @sum(%a, %a, %t) sizes(N)
  run @sum(%t, %a, %t) sizes(N)
  run @sum(%t, %a, %y) sizes(N)
}
)";

// A guard ends the program before anything is written, with the two numbers in the message. The second run adds in
// place.
TEST_P(JitProgram, GuardsAndInPlace) {
  parse(kGuarded);
  std::vector<float> a(20);
  std::iota(a.begin(), a.end(), 1.0f);
  std::vector<float> y(20, -1);
  EXPECT_EQ(run({a.data(), a.data()}, {y.data()}, {20, 19}), LATHE_SHAPE_GUARD_FAILED);
  EXPECT_STREQ(message_.data(), "`a` has 20 rows, but `b` has 19");
  EXPECT_EQ(y, std::vector<float>(20, -1));
  EXPECT_EQ(run({a.data(), a.data()}, {y.data()}, {20, 20}), LATHE_OK);
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], 4 * a[i]);
}

// A function's result becomes a size of what follows.
TEST_P(JitProgram, SymbolsFromCalls) {
  parse(R"(
kernel @fill(out %y: i64[n]) sizes(n in [1, 1000], v in [0, 1000000]) {
  for %i = 0 to n {
    %0 = index v + %i : i64
    store %0, %y[%i]
  }
}
program @counts {
  symbol N in [1, 100] from input 0 axis 0
  symbol P in [0, 1000000] from call
  input %x: f32[N]
  output %y: i64[N]
  storage %y: i64[N] output 0
  arena 0
  call @lathe_packed_gemm_b_floats(i64 N, i64 17) gives symbol P
  run @fill(%y) sizes(N, P)
}
)");
  std::vector<int64_t> y(3, -1);
  EXPECT_EQ(run({nullptr}, {y.data()}, {3, -99}), LATHE_OK);
  EXPECT_EQ(y, (std::vector<int64_t>{96, 97, 98}));
}

// A checked index out of its bounds ends the program.
TEST_P(JitProgram, InvalidValues) {
  parse(R"(
kernel @pick(in %i: i32[1], out %y: i64[1]) {
  %0 = load %i[0] : i32
  bind %k = %0 in [2, 5] check
  %1 = index %k : i64
  store %1, %y[0]
}
program @picks {
  input %i: i32[1]
  output %y: i64[1]
  storage %i: i32[1] input 0
  storage %y: i64[1] output 0
  arena 0
  run @pick(%i, %y)
}
)");
  for (const int32_t index : {1, 2, 5, 6}) {
    int64_t y = 0;
    EXPECT_EQ(run({&index}, {&y}, {}), index == 1 || index == 6 ? LATHE_INVALID_VALUE : LATHE_OK);
    EXPECT_EQ(y, std::clamp<int64_t>(index, 2, 5));
  }
}

// What the interpreter must notice: reads of memory that nothing wrote, and accesses beside a buffer.
TEST(KernelInterpreter, Violations) {
  const std::pair<const char*, const char*> cases[] = {
      {"%0 = load %t[1] : f32 store %0, %y[0]", "element 1 of `t` is read before it is written"},
      {"%0 = constant 1.0 : f32 store %0, %t[0] for %i = 0 to 2 parallel { %1 = load %t[0] : f32 store %1, %y[%i] }",
       "element 0 of `t` is read before it is written"},
      {"%0 = load %y[N] : f32", "lane 0 accesses element 3 of `y`, which has 3"},
      {"%0 = constant 1.0 : f32x4 store %0, %y[0]", "lane 3 accesses element 3 of `y`, which has 3"},
      {"for %i = 0 to N { %0 = load %y[%i - 1] : f32 }", "lane 0 accesses element -1 of `y`, which has 3"},
  };
  for (const auto& [body, expected] : cases) {
    LocationTable locations;
    Diagnostics diagnostics;
    const std::string text =
        std::string("kernel @k(inout %y: f32[N]) sizes(N in [1, 9]) { local %t: f32[8] ") + body + " }";
    const FileId file = locations.add_file("test.lathe", text);
    const auto kernel = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
    ASSERT_TRUE(kernel.ok()) << body;
    std::array<float, 3> y{};
    void* const buffers[] = {y.data()};
    const int64_t sizes[] = {3};
    interp::WrittenBytes written;
    EXPECT_FALSE(interp::run_kernel(*kernel, buffers, sizes, written, diagnostics).ok());
    ASSERT_EQ(diagnostics.all().size(), 1u);
    EXPECT_NE(diagnostics.all()[0].message.find(expected), std::string::npos) << diagnostics.all()[0].message;
  }
}

// An output that a program reads before it writes it.
TEST(KernelInterpreter, UnwrittenArena) {
  LocationTable locations;
  Diagnostics diagnostics;
  std::string text = kGuarded;
  text.erase(text.find("  run @sum(%a, %a, %t)"), std::string_view("  run @sum(%a, %a, %t) sizes(N)\n").size());
  const FileId file = locations.add_file("test.lathe", text);
  const auto program = kernel::parse_program(locations.file(file).text, file, locations, diagnostics);
  ASSERT_TRUE(program.ok());
  std::vector<float> a(4);
  const void* const inputs[] = {a.data(), a.data()};
  void* const outputs[] = {a.data()};
  const int64_t symbols[] = {4, 4};
  EXPECT_FALSE(interp::run_program(*program, {inputs, outputs, symbols}, nullptr, diagnostics).ok());
  EXPECT_NE(diagnostics.all()[0].message.find("element 0 of `a` is read before"), std::string::npos);
}

}  // namespace
}  // namespace lathe
