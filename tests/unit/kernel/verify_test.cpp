// The rules of kernel IR, each broken once.
#include "ir/kernel/verify.h"

#include <gtest/gtest.h>

#include "ir/kernel/builder.h"
#include "tests/unit/kernel/parse_text.h"

namespace lathe::kernel {
namespace {

TEST(Verify, BrokenTexts) {
  const std::pair<const char*, const char*> cases[] = {
      {"%0 = constant 1.0 : f32 %1 = constant 1.0 : f64 %2 = add %0, %1 : f32", "does not give a value of f32"},
      {"%0 = constant 1.0 : f32 %1 = constant 1.0 : f32x4 %2 = add %0, %1 : f32x4", "operand 1 has 1 lanes, not 4"},
      {"%0 = constant 1.0 : f32 %1 = lt %0, %0 : f32", "does not give a value of f32"},
      {"%0 = load %x[0] : f64", "does not give a value of f64"},
      {"%0 = constant 1.0 : f32 store %0, %x[0]", "input `x` is written"},
      {"%0 = constant 1 : i32 store %0, %y[0]", "a value of i32 is stored to `y` of f32"},
      {"%0 = load %x[%i] : f32", "mentions `%i`, which is not known here"},
      {"%0 = load %x[M] : f32", "mentions `M`, which is not known here"},
      {"for %i = 0 to 4 { } for %i = 0 to 4 { }", "there are two indices `%i`"},
      {"for %i = 0 to 4 { } %0 = load %x[%i] : f32", "mentions `%i`"},
      {"for %i = 0 to 4 { %0 = constant 1.0 : f32 } store %0, %y[0]", "used outside of its block"},
      {"for %i = 0 to N step N - 1 { }", "the step is not provably at least 1"},
      {"for %i = 0 to N unrolled { }", "constant number of at most 64 iterations"},
      {"for %i = 0 to 65 unrolled { }", "constant number of at most 64 iterations"},
      {"for %i = 0 to 4 parallel { for %j = 0 to 4 parallel { } }", "inside of another one"},
      {"%0 = constant 1.0 : f32 %1 = for %i = 0 to 4 parallel carry(%2 = %0) { yield %2 }", "carries values"},
      {"%0 = constant 1.0 : f32 %1 = for %i = 0 to 4 carry(%2 = %0) { %3 = lt %2, %2 : bool yield %3 }", "is f32 but"},
      {"%0 = constant 1.0 : f32 bind %j = %0 in [0, 3] clamp", "bound to a value of f32"},
      {"%0 = constant 1.0 : f32x4 %1 = reduce and %0 : f32", "does not give a value of f32"},
      {"%0 = constant 1.0 : f32x4 %1 = shuffle %0, %0 [8] : f32", "there is no lane 8"},
      {"%0 = constant 1.0 : f32x4 %1 = shuffle %0, %0 [1, 2] : f32", "does not give a value of f32"},
      {"%0 = index 3 : bool", "does not give a value of bool"},
      {"local %t: f32[N]", "local `t` is too large"},
      {"local %t: f32[9000]", "local `t` is too large"},
      {"local %t: f32[5000] local %u: f32[5000]", "larger than 32768 bytes together"},
      {"for %i = 0 to 4 parallel { %0 = constant 1 : u4 store %0, %n[%i] }", "4-bit elements are stored"},
  };
  for (const auto& [body, expected] : cases) {
    TextFixture fixture;
    const auto kernel = fixture.kernel(
        "kernel @k(in %x: f32[N], out %y: f32[N], out %n: u4[N]) sizes(N in [1, 64]) { " + std::string(body) + " }");
    ASSERT_TRUE(kernel.ok()) << fixture.messages() << body;
    EXPECT_FALSE(verify(*kernel, fixture.diagnostics).ok()) << body;
    EXPECT_NE(fixture.messages().find(expected), std::string::npos) << body << "\n" << fixture.messages();
  }
}

// The kind of all of them is error[LT0405].
TEST(Verify, KindAndNote) {
  TextFixture fixture;
  const auto kernel = fixture.kernel("kernel @k(in %x: f32[4]) { %0 = constant 1.0 : f32 store %0, %x[0] }");
  ASSERT_TRUE(kernel.ok());
  EXPECT_FALSE(verify(*kernel, fixture.diagnostics).ok());
  const Diagnostic& diagnostic = fixture.diagnostics.all().at(0);
  EXPECT_EQ(info(diagnostic.kind).code, "LT0405");
  EXPECT_EQ(diagnostic.message, "kernel `k`: input `x` is written");
  EXPECT_EQ(diagnostic.notes, std::vector<std::string>{"in `store %0, %x[0]`"});
}

// What no text can say: ids out of range, statements in two places, a use before its definition.
TEST(Verify, BrokenTables) {
  const auto broken = [](void (*change)(Kernel&)) {
    KernelBuilder b("k", {});
    const BufferId y = b.buffer({.name = "y", .extent = 4, .access = Access::Out});
    const ValueId one = b.constant(ElementType::F32, 1.0);
    b.store(y, 0, b.add(one, one));
    Kernel kernel = std::move(b).finish();
    Diagnostics diagnostics;
    EXPECT_TRUE(verify(kernel, diagnostics).ok());
    change(kernel);
    return !verify(kernel, diagnostics).ok();
  };
  EXPECT_TRUE(broken([](Kernel& k) { k.body.push_back(k.body[0]); }));
  EXPECT_TRUE(broken([](Kernel& k) { k.body.push_back(StatementId(77u)); }));
  EXPECT_TRUE(broken([](Kernel& k) { std::swap(k.body[0], k.body[1]); }));
  EXPECT_TRUE(broken([](Kernel& k) { std::get<StoreStatement>(k.statements[k.body[2]].kind).value = ValueId(9u); }));
  EXPECT_TRUE(broken([](Kernel& k) { std::get<StoreStatement>(k.statements[k.body[2]].kind).buffer = BufferId(9u); }));
  EXPECT_TRUE(broken([](Kernel& k) { std::get<StoreStatement>(k.statements[k.body[2]].kind).index = Dim::invalid(); }));
  EXPECT_TRUE(broken([](Kernel& k) { k.values[ValueId(0u)].lanes = 3; }));
  EXPECT_TRUE(broken([](Kernel& k) { std::get<LetStatement>(k.statements[k.body[1]].kind).result = ValueId(0u); }));
}

}  // namespace
}  // namespace lathe::kernel
