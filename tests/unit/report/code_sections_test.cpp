// Cutting code by kernel and by step.
#include "compiler/report/code_sections.h"

#include "gmock/gmock.h"

namespace lathe::report {
namespace {

/// Two kernels; the first is run, then a function is called, then the second is run.
kernel::Program program_of_three_steps() {
  kernel::Program program;
  for (const char* name : {"scale", "shift"}) {
    kernel::Kernel kernel;
    kernel.name = name;
    program.kernels.push_back(std::move(kernel));
  }
  program.steps.push_back({kernel::RunStep{kernel::KernelId(0u), {}, {}}, {}, {}});
  program.steps.push_back({kernel::CallStep{"lathe_gemm_f32", {}}, {}, {}});
  program.steps.push_back({kernel::RunStep{kernel::KernelId(1u), {}, {}}, {}, {}});
  return program;
}

TEST(CodeSections, CppIsCutByFunctionAndByEmptyLine) {
  const CodeSections sections = cpp_sections(program_of_three_steps(), R"(#include "lathe/simd.h"

namespace {

using namespace lathe::simd;

// first layer
void kernel_0_scale(const lathe_execution*,
                    float* x) {
  x[0] = 2;
}

void kernel_1_shift(const lathe_execution*, float* x) {
  x[0] = 1;
}

}  // namespace

extern "C" lathe_status lathe_program(const lathe_execution* execution,
    const int64_t* symbols) {
  (void)execution;

  // first layer
  kernel_0_scale(execution, a);

  lathe_gemm_f32_shape gemm{};
  if (const lathe_status status = lathe_gemm_f32(execution, &gemm); status != LATHE_OK) return status;

  kernel_1_shift(execution, b);
  return LATHE_OK;
}
)");
  EXPECT_EQ(
      sections.kernels[0],
      "// first layer\nvoid kernel_0_scale(const lathe_execution*,\n                    float* x) {\n  x[0] = 2;\n}\n");
  EXPECT_EQ(sections.kernels[1], "void kernel_1_shift(const lathe_execution*, float* x) {\n  x[0] = 1;\n}\n");
  ASSERT_EQ(sections.steps.size(), 3u);
  EXPECT_EQ(sections.steps[0], "// first layer\nkernel_0_scale(execution, a);\n");
  EXPECT_THAT(sections.steps[1], testing::StartsWith("lathe_gemm_f32_shape gemm{};\n"));
  EXPECT_THAT(sections.steps[2], testing::HasSubstr("kernel_1_shift"));
}

TEST(CodeSections, TheReturnMayStandApartFromTheLastStep) {
  const CodeSections sections = cpp_sections(program_of_three_steps(), R"(
lathe_status program(const lathe_execution* execution) {
  // 1. first layer
  kernel_0_scale(execution, a);

  {
    const lathe_status status = lathe_gemm_f32(execution,
                                               nullptr);
    if (status != LATHE_OK) return status;
  }

  kernel_1_shift(execution, b);

  return LATHE_OK;
}
)");
  ASSERT_EQ(sections.steps.size(), 3u);
  EXPECT_EQ(sections.steps[0], "// 1. first layer\nkernel_0_scale(execution, a);\n");
  EXPECT_THAT(sections.steps[1], testing::StartsWith("{\n  const lathe_status"));
}

TEST(CodeSections, StepsThatDoNotFitAreLeftOut) {
  const CodeSections sections = cpp_sections(program_of_three_steps(), R"(
lathe_status entry(const lathe_execution* execution) {
  (void)execution;

  kernel_0_scale(execution, a);

  kernel_1_shift(execution, b);

  lathe_gemm_f32(execution);
}
)");
  EXPECT_TRUE(sections.steps.empty());
}

TEST(CodeSections, AssemblyIsCutByLabelAndByCall) {
  const CodeSections sections = assembly_sections(program_of_three_steps(),
                                                  "\t.text\n"
                                                  "\t.type\tkernel.0.scale,@function\n"
                                                  "kernel.0.scale:                         # @kernel.0.scale\n"
                                                  "\tvaddps\t%ymm0, %ymm0, %ymm0\n"
                                                  "\tretq\n"
                                                  ".Lfunc_end0:\n"
                                                  "\t.size\tkernel.0.scale, .Lfunc_end0-kernel.0.scale\n"
                                                  "kernel.0.scale.task:\n"
                                                  ".LBB1_1:\n"
                                                  "\tjmp\t.LBB1_1\n"
                                                  ".Lfunc_end1:\n"
                                                  "\"kernel.1.shift\":\n"
                                                  "\tretq\n"
                                                  ".Lfunc_end2:\n"
                                                  "net:\n"
                                                  "\tpushq\t%rbx\n"
                                                  "\tcallq\tkernel.0.scale\n"
                                                  "\tleaq\t8(%rsp), %rsi\n"
                                                  "\tcallq\tlathe_gemm_f32@PLT\n"
                                                  "\ttestl\t%eax, %eax\n"
                                                  "\tcallq\tkernel.1.shift\n"
                                                  "\tretq\n"
                                                  ".Lfunc_end3:\n");
  EXPECT_THAT(sections.kernels[0],
              testing::AllOf(testing::HasSubstr("vaddps"), testing::HasSubstr("kernel.0.scale.task:"),
                             testing::Not(testing::HasSubstr(".size"))));
  EXPECT_EQ(sections.kernels[1], "\"kernel.1.shift\":\n\tretq\n");
  ASSERT_EQ(sections.steps.size(), 3u);
  EXPECT_EQ(sections.steps[1], "\tleaq\t8(%rsp), %rsi\n\tcallq\tlathe_gemm_f32@PLT\n");
}

TEST(CodeSections, NoTextGivesNoCode) {
  const kernel::Program program = program_of_three_steps();
  EXPECT_THAT(cpp_sections(program, "").kernels, testing::ElementsAre("", ""));
  EXPECT_TRUE(assembly_sections(program, "").steps.empty());
}

}  // namespace
}  // namespace lathe::report
