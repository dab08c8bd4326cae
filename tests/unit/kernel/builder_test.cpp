// KernelBuilder: what it writes, as text.
#include "ir/kernel/builder.h"

#include <gtest/gtest.h>

#include "ir/kernel/text.h"
#include "ir/kernel/verify.h"

namespace lathe::kernel {
namespace {

// A dot product with a local that is declared before the last parameter, and two loops with one name.
TEST(Builder, DotProduct) {
  KernelBuilder b("dot", {});
  const Dim n = b.size("N");
  const BufferId x = b.buffer({.name = "x", .extent = n});
  const BufferId t = b.buffer({.name = "t", .extent = 16, .access = Access::Local});
  const BufferId y = b.buffer({.name = "y", .extent = 1, .access = Access::Out});
  const ValueId zero = b.constant(ElementType::F32, 0.0, 16);
  std::vector<ValueId> sum;
  const Dim i = b.open_for({.name = "i", .end = n, .step = 16}, std::array{zero}, sum);
  const ValueId v = b.load(x, i, {.lanes = 16, .active = n - i});
  const std::vector<ValueId> result = b.close_for(std::array{b.fma(v, v, sum[0])});
  b.store(t, 0, result[0]);
  const Dim j = b.open_for({.name = "i", .end = 4, .kind = LoopKind::Unrolled});
  b.open_if({{.left = j, .relation = Relation::Less, .right = 1}});
  b.store(y, 0, b.reduce(ReduceKind::Add, b.load(t, 0, {.lanes = 16})));
  b.close_if();
  b.close_for();
  const Kernel kernel = std::move(b).finish();
  Diagnostics diagnostics;
  const auto report = verify(kernel, diagnostics);
  ASSERT_TRUE(report.ok());
  EXPECT_TRUE(report->unproven.empty());
  EXPECT_EQ(print(kernel), R"(kernel @dot(in %x: f32[N], out %y: f32[1]) sizes(N in [1, 2147483647]) {
  local %t: f32[16]
  %0 = constant 0.0 : f32x16
  %1 = for %i = 0 to N step 16 carry(%2 = %0) {
    %3 = load %x[%i] active -%i + N fill 0.0 : f32x16
    %4 = fma %3, %3, %2 : f32x16
    yield %4
  }
  store %1, %t[0]
  for %i.1 = 0 to 4 unrolled {
    if %i.1 < 1 {
      %5 = load %t[0] : f32x16
      %6 = reduce add %5 : f32
      store %6, %y[0]
    }
  }
}
)");
}

TEST(Builder, Expressions) {
  ScalarBuilder s;
  const ScalarId a = s.argument(0, ElementType::F32);
  const ScalarExpression relu = s.finish(s.max(a, s.constant_like(a, 0.0)));
  KernelBuilder b("relu", {});
  const BufferId y = b.buffer({.name = "y", .extent = 8, .access = Access::InOut});
  const ValueId loaded = b.load(y, 0, {.lanes = 8});
  b.store(y, 0, b.evaluate(relu, std::array{loaded}, 8));
  EXPECT_EQ(print(std::move(b).finish()), R"(kernel @relu(inout %y: f32[8]) {
  %0 = load %y[0] : f32x8
  %1 = constant 0.0 : f32x8
  %2 = max %0, %1 : f32x8
  store %2, %y[0]
}
)");
}

}  // namespace
}  // namespace lathe::kernel
