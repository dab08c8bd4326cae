// What is said about inputs that don't fit: which one, which axis, what was expected, what was given, and why.
#include "tests/unit/compiler/small_models.h"

namespace lathe::test {
namespace {

std::string error_of(const CompiledModel& model, const std::vector<TensorView>& inputs) {
  Diagnostics diagnostics;
  EXPECT_FALSE(model.run(inputs, diagnostics).ok());
  std::string text;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    text += std::string(info(diagnostic.kind).code) + " " + diagnostic.message + "\n";
    for (const std::string& note : diagnostic.notes) text += "  " + note + "\n";
  }
  return text;
}

class RunErrors : public testing::Test {
 protected:
  void SetUp() override {
    model_ = compile_text(kScaledRelu, {.backend = Backend::KernelInterpreter});
    ASSERT_TRUE(model_);
  }
  std::optional<CompiledModel> model_;
  Tensor x_{ElementType::F32, {2, 3}};
  Tensor b_{ElementType::F32, {3}};
  Tensor s_{ElementType::F32, {2, 1}};
};

TEST_F(RunErrors, NumberOfInputs) {
  EXPECT_EQ(error_of(*model_, {x_.view()}), "LT0701 the model takes 3 inputs, 1 given\n");
}

TEST_F(RunErrors, ElementType) {
  const Tensor wrong(ElementType::F64, {2, 3});
  EXPECT_EQ(error_of(*model_, {wrong.view(), b_.view(), s_.view()}),
            "LT0701 input `x`: elements must be f32, given are f64\n"
            "  it is declared as `f32[N, 3]`, given is `f64[2, 3]`\n");
}

TEST_F(RunErrors, NumberOfAxes) {
  const Tensor wrong(ElementType::F32, {6});
  EXPECT_EQ(error_of(*model_, {wrong.view(), b_.view(), s_.view()}),
            "LT0701 input `x`: it has 2 axes, not 1\n"
            "  it is declared as `f32[N, 3]`, given is `f32[6]`\n");
}

TEST_F(RunErrors, FixedSize) {
  const Tensor wrong(ElementType::F32, {2, 4});
  EXPECT_EQ(error_of(*model_, {wrong.view(), b_.view(), s_.view()}),
            "LT0701 input `x`: axis 1 must be 3, not 4\n"
            "  it is declared as `f32[N, 3]`, given is `f32[2, 4]`\n");
}

TEST_F(RunErrors, RepeatedSymbol) {
  const Tensor wrong(ElementType::F32, {5, 1});
  EXPECT_EQ(error_of(*model_, {x_.view(), b_.view(), wrong.view()}),
            "LT0701 input `s`: axis 0 must be `N` = 2, not 5\n"
            "  it is declared as `f32[N, 1]`, given is `f32[5, 1]`\n"
            "  `N` is 2 by axis 0 of input `x`\n");
}

TEST_F(RunErrors, BoundsOfASymbol) {
  const Tensor none(ElementType::F32, {0, 3});
  EXPECT_EQ(error_of(*model_, {none.view(), b_.view(), s_.view()}),
            "LT0701 input `x`: axis 0 (`N`) must be at least 1, not 0\n"
            "  it is declared as `f32[N, 3]`, given is `f32[0, 3]`\n");
  const Tensor many(ElementType::F32, {4097, 3});
  EXPECT_EQ(error_of(*model_, {many.view(), b_.view(), s_.view()}),
            "LT0701 input `x`: axis 0 (`N`) must be at most 4096, not 4097\n"
            "  it is declared as `f32[N, 3]`, given is `f32[4097, 3]`\n");
}

TEST_F(RunErrors, AllFaultsOfOneKindAreReportedTogether) {
  const Tensor wrong_x(ElementType::F32, {2, 4});
  const Tensor wrong_b(ElementType::F32, {1});
  EXPECT_EQ(error_of(*model_, {wrong_x.view(), wrong_b.view(), s_.view()}),
            "LT0701 input `x`: axis 1 must be 3, not 4\n"
            "  it is declared as `f32[N, 3]`, given is `f32[2, 4]`\n"
            "LT0701 input `b`: axis 0 must be 3, not 1\n"
            "  it is declared as `f32[3]`, given is `f32[1]`\n");
}

TEST_F(RunErrors, Memory) {
  const std::vector<int64_t> dims = {3};
  EXPECT_EQ(error_of(*model_, {x_.view(), {ElementType::F32, dims, nullptr}, s_.view()}),
            "LT0701 input `b`: its memory is a null pointer\n");
  alignas(4) char bytes[16] = {};
  EXPECT_EQ(error_of(*model_, {x_.view(), {ElementType::F32, dims, bytes + 1}, s_.view()}),
            "LT0701 input `b`: its memory must be aligned to 4 bytes\n");
}

TEST_F(RunErrors, AnInstanceNeedsSizes) {
  Diagnostics diagnostics;
  EXPECT_FALSE(model_->instance(diagnostics).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].message, "input `x` is `f32[N, 3]`: the sizes of an instance must be given");
}

TEST(RunGuards, AFailedGuardIsADiagnostic) {
  // Inference can't tell whether N and M are equal: the condition is left to the run.
  const auto model = compile_text(R"(sym N in [2, 64]
sym M in [2, 64]
guard N == M, "the sizes of a and b"
graph @g(%a: f32[N], %b: f32[M]) -> (f32[N]) {
  %y = add %a, %b : f32[N]
  return %y : f32[N]
}
)",
                                  {.backend = default_backend()});
  ASSERT_TRUE(model);
  const Tensor two(ElementType::F32, {2});
  const Tensor three(ElementType::F32, {3});
  const std::string text = error_of(*model, {two.view(), three.view()});
  EXPECT_EQ(text.substr(0, 7), "LT0702 ") << text;
}

TEST(Unsupported, StringsAreForTheInterpreter) {
  std::optional<Module> module = parse(R"(graph @g(%a: string[2]) -> (string[2, 1]) {
  %y = reshape %a {shape = [2, 1]} : string[2, 1]
  return %y : string[2, 1]
}
)");
  ASSERT_TRUE(module);
  Module copy = clone_module(*module);
  Diagnostics diagnostics;
  EXPECT_FALSE(compile(std::move(copy), {.backend = Backend::KernelInterpreter}, diagnostics).ok());
  EXPECT_GT(diagnostics.count(Severity::Unsupported), 0u);

  Diagnostics fine;
  const Result<CompiledModel> model = compile(*std::move(module), {.backend = Backend::Interpreter}, fine);
  ASSERT_TRUE(model.ok()) << render_text(fine, {});
  const std::vector<int64_t> dims = {2};
  const std::vector<std::string> strings = {"first", "second"};
  const TensorView view{ElementType::String, dims, nullptr, strings};
  const auto outputs = model->run({&view, 1}, fine);
  ASSERT_TRUE(outputs.ok()) << render_text(fine, {});
  EXPECT_EQ((*outputs)[0].strings(), strings);
}

}  // namespace
}  // namespace lathe::test
