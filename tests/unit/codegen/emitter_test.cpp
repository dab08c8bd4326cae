// The shared walk, through a second emitter that writes one line of text for each primitive: where index arithmetic is
// computed, how reductions, unrolled loops and parallel regions are spelled out.
#include "compiler/codegen/emitter.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ir/kernel/text.h"

namespace lathe::codegen {
namespace {

class TextEmitter {
 public:
  using Integer = std::string;
  using Flag = std::string;
  using Value = std::string;

  Integer integer(int64_t value) { return fmt::format("{}", value); }
  Integer size_symbol(size_t position) { return kernel_->sizes.rows()[position].name; }
  Integer add(const Integer& a, const Integer& b) { return named("i", fmt::format("{} + {}", a, b)); }
  Integer multiply(const Integer& a, const Integer& b) { return named("i", fmt::format("{} * {}", a, b)); }
  Integer floor_divide(const Integer& a, const Integer& b, Sign sign) {
    return named("i", fmt::format("{} / {}{}", a, b, sign == Sign::NonNegative ? "" : " floored"));
  }
  Integer modulo(const Integer& a, const Integer& b, Sign) { return named("i", fmt::format("{} % {}", a, b)); }
  Integer minimum(const Integer& a, const Integer& b) { return named("i", fmt::format("min({}, {})", a, b)); }
  Integer maximum(const Integer& a, const Integer& b) { return named("i", fmt::format("max({}, {})", a, b)); }
  Flag compare(kernel::Relation relation, const Integer& a, const Integer& b) {
    return fmt::format("{} {} {}", a, text(relation), b);
  }
  Flag both(const Flag& a, const Flag& b) { return a + " and " + b; }

  void open_kernel(const kernel::Kernel& kernel) { kernel_ = &kernel; }
  void close_kernel() {}
  EmittedLoop<Integer, Value> open_loop(const std::string& name, const Integer& begin, const Integer& end,
                                        const Integer& step, std::span<const Value> initial) {
    line(fmt::format("for {} = {}, {}, {}", name, begin, end, step));
    ++depth_;
    EmittedLoop<Integer, Value> loop{name, {}};
    for (const Value& value : initial) loop.arguments.push_back(named("v", "carried from " + value));
    return loop;
  }
  std::vector<Value> close_loop(std::span<const Value> yielded) {
    std::vector<Value> results(yielded.begin(), yielded.end());
    for (const Value& value : yielded) line("yield " + value);
    --depth_;
    return results;
  }
  EmittedRegion<Integer, Value> open_parallel(const Integer& count, int64_t grain, std::span<const Integer> integers,
                                              std::span<const Value> values) {
    line(fmt::format("parallel {} grain {} with ({}) ({})", count, grain, fmt::join(integers, ", "),
                     fmt::join(values, ", ")));
    ++depth_;
    return {"begin", "end", {integers.begin(), integers.end()}, {values.begin(), values.end()}};
  }
  void close_parallel() { --depth_; }
  void open_if(const Flag& flag) {
    line("if " + flag);
    ++depth_;
  }
  void open_else() {
    --depth_;
    line("else");
    ++depth_;
  }
  void close_if() { --depth_; }

  Value constant(kernel::ValueType, const ScalarValue& number) { return lathe::text(number); }
  Value scalar(ScalarOp op, kernel::ValueType type, ElementType, std::span<const Value> operands) {
    return named("v", fmt::format("{} {} : {}", lathe::text(op), fmt::join(operands, ", "), kernel::text(type)));
  }
  Value load(kernel::ValueType type, const EmittedAccess<Integer>& access, const ScalarValue&) {
    return named("v", fmt::format("load {}[{}]{} : {}", kernel_->buffers[access.buffer].name, access.index,
                                  access.active ? " active " + *access.active : "", kernel::text(type)));
  }
  void store(kernel::ValueType, const EmittedAccess<Integer>& access, const Value& value) {
    line(fmt::format("store {}, {}[{}]", value, kernel_->buffers[access.buffer].name, access.index));
  }
  Value broadcast(kernel::ValueType, const Value& value) { return named("v", "broadcast " + value); }
  Value index_vector(kernel::ValueType, const Integer& index, const Integer& stride) {
    return named("v", fmt::format("index {} stride {}", index, stride));
  }
  Value shuffle(kernel::ValueType, kernel::ValueType, const Value& a, const Value&, std::span<const uint32_t> lanes) {
    return named("v", fmt::format("shuffle {} [{}]", a, fmt::join(lanes, " ")));
  }
  Integer bind(kernel::ValueType, const Value& value, const Integer& lower, const Integer& upper, kernel::BindMode) {
    return named("i", fmt::format("clamp {} to [{}, {}]", value, lower, upper));
  }

  [[nodiscard]] const std::string& text_of_walk() const { return out_; }

 private:
  static std::string_view text(kernel::Relation relation) { return kernel::text(relation); }
  std::string named(const char* prefix, const std::string& what) {
    const std::string name = fmt::format("{}{}", prefix, count_++);
    line(name + " = " + what);
    return name;
  }
  void line(const std::string& text) { out_ += fmt::format("{:{}}{}\n", "", 2 * depth_, text); }

  const kernel::Kernel* kernel_ = nullptr;
  std::string out_;
  size_t depth_ = 0;
  int count_ = 0;
};

static_assert(KernelEmitter<TextEmitter>);

std::string walk(std::string_view source) {
  LocationTable locations;
  Diagnostics diagnostics;
  const FileId file = locations.add_file("test.lathe", std::string(source));
  const auto kernel = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
  if (!kernel.ok()) return diagnostics.all()[0].message;
  TextEmitter emitter;
  emit_kernel(emitter, *kernel);
  return emitter.text_of_walk();
}

// What an index holds of outer loops is computed before the inner loop; only the last sum is inside.
TEST(Walk, HoistsIndexParts) {
  EXPECT_EQ(walk(R"(kernel @k(in %x: f32[N*K], out %y: f32[N*K]) sizes(N in [1, 99], K in [2, 99]) {
  for %i = 0 to N {
    for %j = 0 to K {
      %0 = load %x[K*%i + %j + floordiv(%i, 2)*K - 1] : f32
      store %0, %y[K*%i + %j]
    }
  }
})"),
            R"(for %i = 0, N, 1
  i0 = K * %i
  i1 = -1 + i0
  i2 = %i / 2
  i3 = K * i2
  i4 = i1 + i3
  for %j = 0, K, 1
    i5 = i4 + %j
    v6 = load x[i5] : f32
    i7 = i0 + %j
    store v6, y[i7]
)");
}

// The tree of a reduction, and a loop that is written out with its carried value.
TEST(Walk, ReductionsAndUnrolledLoops) {
  EXPECT_EQ(walk(R"(kernel @k(in %x: f32[8], out %y: f32[1]) {
  %0 = constant 1.0 : f32x4
  %1 = for %i = 0 to 8 step 4 unrolled carry(%2 = %0) {
    %3 = load %x[%i] : f32x4
    %4 = mul %2, %3 : f32x4
    yield %4
  }
  %5 = reduce add %1 : f32
  store %5, %y[0]
})"),
            R"(v0 = load x[0] : f32x4
v1 = mul 1.0, v0 : f32x4
v2 = load x[4] : f32x4
v3 = mul v1, v2 : f32x4
v4 = shuffle v3 [0 1]
v5 = shuffle v3 [2 3]
v6 = add v4, v5 : f32x2
v7 = shuffle v6 [0]
v8 = shuffle v6 [1]
v9 = add v7, v8 : f32
store v9, y[0]
)");
}

// A parallel region gets the symbols and values that it uses; constants are made again inside. One that is shorter than
// its grain is a plain loop, one that runs once no loop at all.
TEST(Walk, ParallelRegions) {
  constexpr const char* kSource = R"(kernel @k(in %x: f32[N], out %y: f32[N]) sizes(N in [1, 99]) {{
  %0 = load %x[0] : f32
  %1 = constant 2.0 : f32
  for %i = 1 to {} parallel grain 4 {{
    %2 = mul %0, %1 : f32
    store %2, %y[%i]
  }}
}})";
  EXPECT_EQ(walk(fmt::format(kSource, "N")), R"(v0 = load x[0] : f32
i1 = -1 + N
parallel i1 grain 4 with () (v0)
  for %i = begin, end, 1
    i2 = %i + 1
    v3 = mul v0, 2.0 : f32
    store v3, y[i2]
)");
  EXPECT_EQ(walk(fmt::format(kSource, "4")), R"(v0 = load x[0] : f32
for %i = 1, 4, 1
  v1 = mul v0, 2.0 : f32
  store v1, y[%i]
)");
  EXPECT_EQ(walk(fmt::format(kSource, "2")), R"(v0 = load x[0] : f32
v1 = mul v0, 2.0 : f32
store v1, y[1]
)");
}

TEST(Walk, BranchesAndBoundIndices) {
  EXPECT_EQ(walk(R"(kernel @k(in %t: i64[N], out %y: i64[N]) sizes(N in [1, 99]) {
  %0 = load %t[0] : i64
  bind %row = %0 in [0, N - 1] clamp
  if 1 <= %row and %row == N {
    store %0, %y[%row]
  } else {
    store %0, %y[0]
  }
})"),
            R"(v0 = load t[0] : i64
i1 = -1 + N
i2 = clamp v0 to [0, i1]
if 1 <= i2 and i2 == N
  store v0, y[i2]
else
  store v0, y[0]
)");
}

}  // namespace
}  // namespace lathe::codegen
