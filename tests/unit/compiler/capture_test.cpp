// Values of a model by capture.h: the same numbers on every back end, whatever the passes make of the graph.
#include "compiler/capture.h"

#include <algorithm>
#include <cmath>

#include "tests/unit/compiler/small_models.h"

namespace lathe::test {
namespace {

class CaptureOnEveryBackend : public testing::TestWithParam<Backend> {};
std::string backend_name(const testing::TestParamInfo<Backend>& info) {
  std::string name(text(info.param));
  std::replace(name.begin(), name.end(), '-', '_');
  return name;
}
INSTANTIATE_TEST_SUITE_P(Capture, CaptureOnEveryBackend, testing::ValuesIn(backends()), backend_name);

ValueId value_named(const Module& module, std::string_view name) {
  for (uint32_t i = 0; i < module.graph.value_table_size(); ++i) {
    if (module.graph.value(ValueId(i)).name == name) return ValueId(i);
  }
  ADD_FAILURE() << "no value " << name;
  return {};
}

std::vector<float> found(const CapturedValues& values, ValueId id) {
  const Tensor* tensor = values.find(id);
  return tensor == nullptr ? std::vector<float>{} : floats(*tensor);
}

TEST_P(CaptureOnEveryBackend, ValuesInsideOfAFusedChain) {
  const std::optional<Module> module = parse(kScaledRelu);
  ASSERT_TRUE(module);
  const Tensor x = tensor({2, 3}, {1, -2, 3, -4, 5, -6});
  const Tensor b = tensor({3}, {0.5f, 1, -1});
  const Tensor s = tensor({2, 1}, {2, 10});
  const TensorView inputs[] = {x.view(), b.view(), s.view()};
  const ValueId sum = value_named(*module, "sum");
  const ValueId positive = value_named(*module, "positive");
  Diagnostics diagnostics;
  const ValueId wanted[] = {sum, positive, sum, ValueId{}};
  const Result<CapturedValues> values = capture(*module, wanted, inputs, {.backend = GetParam()}, diagnostics);
  ASSERT_TRUE(values.ok()) << render_text(diagnostics, module->locations);
  EXPECT_EQ(found(*values, sum), (std::vector<float>{1.5f, -1, 2, -3.5f, 6, -7}));
  EXPECT_EQ(found(*values, positive), (std::vector<float>{1.5f, 0, 2, 0, 6, 0}));
  ASSERT_EQ(values->outputs().size(), 1u);
  EXPECT_EQ(floats(values->outputs()[0]), (std::vector<float>{3, 0, 4, 0, 60, 0}));
  EXPECT_EQ(values->find(value_named(*module, "x")), nullptr);
}

TEST_P(CaptureOnEveryBackend, InputsConstantsOutputsAndViews) {
  const std::optional<Module> module = parse(R"(
graph @g(%x: f32[2, 2]) -> (f32[4], f32[4]) {
  %c = constant dense<[1.0, 2.0]> : f32[2]
  %sum = add %x, %c : f32[2, 2]
  %flat = reshape %sum {shape = [4]} : f32[4]
  %y = neg %flat : f32[4]
  return %y, %y : f32[4], f32[4]
}
)");
  ASSERT_TRUE(module);
  const Tensor x = tensor({2, 2}, {1, 2, 3, 4});
  const TensorView inputs[] = {x.view()};
  const ValueId in = value_named(*module, "x");
  const ValueId constant = value_named(*module, "c");
  const ValueId sum = value_named(*module, "sum");
  const ValueId flat = value_named(*module, "flat");
  const ValueId out = value_named(*module, "y");
  const ValueId wanted[] = {in, constant, sum, flat, out};
  Diagnostics diagnostics;
  const Result<CapturedValues> values = capture(*module, wanted, inputs, {.backend = GetParam()}, diagnostics);
  ASSERT_TRUE(values.ok()) << render_text(diagnostics, module->locations);
  EXPECT_EQ(found(*values, in), (std::vector<float>{1, 2, 3, 4}));
  EXPECT_EQ(found(*values, constant), (std::vector<float>{1, 2}));
  EXPECT_EQ(found(*values, sum), (std::vector<float>{2, 4, 4, 6}));
  EXPECT_EQ(found(*values, flat), (std::vector<float>{2, 4, 4, 6}));
  EXPECT_EQ(values->find(flat)->dims(), (std::vector<int64_t>{4}));
  EXPECT_EQ(found(*values, out), (std::vector<float>{-2, -4, -4, -6}));
  EXPECT_EQ(values->outputs().size(), 2u);
}

TEST(Capture, FaultsPointIntoTheCallersModule) {
  const std::optional<Module> module = parse(kScaledRelu);
  ASSERT_TRUE(module);
  const Tensor x = tensor({2, 3}, {1, -2, 3, -4, 5, -6});
  const Tensor b = tensor({3}, {0.5f, 1, -1});
  const Tensor s = tensor({3, 1}, {2, 10, 1});
  const TensorView inputs[] = {x.view(), b.view(), s.view()};
  Diagnostics diagnostics;
  EXPECT_FALSE(capture(*module, {}, inputs, {}, diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].kind, DiagnosticKind::InputMismatch);
  EXPECT_NE(render_text(diagnostics, module->locations).find("test.lathe:2"), std::string::npos)
      << render_text(diagnostics, module->locations);
}

TEST(Capture, BodiesOfControlFlowHaveNoElementsToGive) {
  const std::optional<Module> module = parse(R"(
graph @g(%c: bool[], %x: f32[2]) -> (f32[2]) {
  %y = if %c region () {
    %then = neg %x : f32[2]
    return %then : f32[2]
  } region () {
    %otherwise = abs %x : f32[2]
    return %otherwise : f32[2]
  } : f32[2]
  return %y : f32[2]
}
)");
  ASSERT_TRUE(module);
  EXPECT_FALSE(can_capture(module->graph, value_named(*module, "then")));
  EXPECT_TRUE(can_capture(module->graph, value_named(*module, "y")));
  EXPECT_TRUE(can_capture(module->graph, value_named(*module, "x")));
  Tensor c(ElementType::Boolean, {});
  c.bytes()[0] = std::byte{1};
  const Tensor x = tensor({2}, {1, -2});
  const TensorView inputs[] = {c.view(), x.view()};
  const ValueId wanted[] = {value_named(*module, "then"), value_named(*module, "y")};
  Diagnostics diagnostics;
  const Result<CapturedValues> values =
      capture(*module, wanted, inputs, {.backend = Backend::Interpreter}, diagnostics);
  ASSERT_TRUE(values.ok()) << render_text(diagnostics, module->locations);
  EXPECT_EQ(values->find(wanted[0]), nullptr);
  EXPECT_EQ(found(*values, wanted[1]), (std::vector<float>{-1, 2}));
}

}  // namespace
}  // namespace lathe::test
