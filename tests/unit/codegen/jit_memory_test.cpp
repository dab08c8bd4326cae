// Properties of the JIT's memory and of what it emits: never writable and executable at once, no fast-math, the
// features of the chosen target on every function, one function for equal kernels.
#include <fstream>
#include <sstream>

#include <gtest/gtest.h>

#include "compiler/codegen/llvm_engine.h"
#include "ir/kernel/text.h"
#include "tests/unit/codegen/kernel_runner.h"

namespace lathe {
namespace {

constexpr const char* kKernel = R"(kernel @k(in %x: f32[N], out %y: f32[N]) sizes(N in [1, 1000]) {
  for %i = 0 to N step 16 parallel {
    %0 = load %x[%i] active N - %i fill 0.0 : f32x16
    %1 = fma %0, %0, %0 : f32x16
    %2 = div %1, %0 : f32x16
    store %2, %y[%i] active N - %i
  }
})";

kernel::Program program() {
  LocationTable locations;
  Diagnostics diagnostics;
  const FileId file = locations.add_file("test.lathe", kKernel);
  auto kernel = kernel::parse_kernel(locations.file(file).text, file, locations, diagnostics);
  EXPECT_TRUE(kernel.ok());
  return program_of(*kernel);
}

/// The permissions in /proc/self/maps of the mapping that holds `address`; fails when any mapping is `rwx`.
std::string permissions(const void* address) {
  std::ifstream maps("/proc/self/maps");
  std::string found;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream fields(line);
    uintptr_t begin = 0;
    uintptr_t end = 0;
    char dash = 0;
    std::string mode;
    fields >> std::hex >> begin >> dash >> end >> mode;
    EXPECT_FALSE(mode.find('w') != std::string::npos && mode.find('x') != std::string::npos) << line;
    const auto wanted = reinterpret_cast<uintptr_t>(address);
    if (wanted >= begin && wanted < end) found = mode;
  }
  return found;
}

TEST(JitMemory, NeverWritableAndExecutable) {
  Diagnostics diagnostics;
  auto first = codegen::JitProgram::compile(program(), {}, diagnostics);
  ASSERT_TRUE(first.ok());
  auto second = codegen::JitProgram::compile(program(), {}, diagnostics);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(permissions(reinterpret_cast<const void*>(first->entry())).substr(0, 3), "r-x");
  EXPECT_EQ(permissions(reinterpret_cast<const void*>(second->entry())).substr(0, 3), "r-x");
  EXPECT_GT(first->code_bytes(), 0u);
}

/// The LLVM text of a program for one target.
std::string llvm_text(const kernel::Program& source, const std::string& target_name) {
  Diagnostics diagnostics;
  const auto target = codegen::host_target(target_name, diagnostics);
  EXPECT_TRUE(target.ok());
  const auto text = codegen::emit_llvm(source, *target, codegen::EmitKind::LlvmText, {.verify = true}, diagnostics);
  EXPECT_TRUE(text.ok());
  return text.ok() ? *text : std::string();
}

size_t count(const std::string& text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++found;
  return found;
}

TEST(LlvmText, NoFastMathAndFeaturesEverywhere) {
  const std::string text = llvm_text(program(), "");
  for (const char* flag : {" fast ", " contract ", " reassoc ", " nnan ", " ninf ", " nsz ", " arcp ", " afn "}) {
    EXPECT_EQ(count(text, flag), 0u) << flag;
  }
  // Every defined function refers to an attribute group that names the features.
  std::istringstream lines(text);
  std::string group;
  size_t functions = 0;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("define")) continue;
    ++functions;
    const size_t at = line.find(" #");
    ASSERT_NE(at, std::string::npos) << line;
    group = line.substr(at + 1, line.find(' ', at + 1) - at - 1);
    const size_t attributes = text.find("attributes " + group + " = ");
    ASSERT_NE(attributes, std::string::npos) << group;
    EXPECT_NE(text.substr(attributes, text.find('\n', attributes) - attributes).find("target-features"),
              std::string::npos);
  }
  EXPECT_EQ(functions, 3u);  // The kernel, its parallel task, the entry.
}

// error[LT0004]
TEST(LlvmText, UnknownTarget) {
  Diagnostics diagnostics;
  EXPECT_FALSE(codegen::host_target("PDP11", diagnostics).ok());
  EXPECT_EQ(info(diagnostics.all().at(0).kind).code, "LT0004");
  EXPECT_EQ(diagnostics.all()[0].message, "target `PDP11` is not one that the runtime and this CPU have");
}

TEST(LlvmText, TargetsWithoutFmaMultiplyAndAdd) {
  for (int32_t i = 0; i < lathe_target_count(); ++i) {
    if (lathe_target_supported(i) == 0) continue;
    const std::string name = lathe_target_name(i);
    EXPECT_EQ(count(llvm_text(program(), name), "@llvm.fma") > 0, name != "SSE4") << name;
  }
}

// Two kernels that differ in their name only are one function.
TEST(LlvmText, EqualKernelsAreShared) {
  kernel::Program twice = program();
  const kernel::Kernel& first = twice.kernels[kernel::KernelId(0u)];
  kernel::Kernel copy = first;
  copy.name = "copy";
  const kernel::KernelId id = twice.kernels.push_back(copy);
  kernel::Step step = twice.steps[0];
  std::get<kernel::RunStep>(step.kind).kernel = id;
  twice.steps.push_back(step);
  EXPECT_EQ(count(llvm_text(twice, ""), "\ndefine "), 3u);
}

// A large program is compiled in parts, which call each other.
TEST(JitParts, ManyKernels) {
  kernel::Program large = program();
  constexpr uint32_t kKernels = 24;
  const kernel::Kernel first = large.kernels[kernel::KernelId(0u)];
  for (uint32_t i = 1; i < kKernels; ++i) {
    kernel::Kernel other = first;
    other.name = fmt::format("k{}", i);
    for (kernel::Statement& statement : other.statements) {
      auto* loop = std::get_if<kernel::ForStatement>(&statement.kind);
      if (loop != nullptr) loop->begin = 16 * int64_t{i};  // Each writes from another element on.
    }
    kernel::Step step = large.steps[0];
    std::get<kernel::RunStep>(step.kind).kernel = large.kernels.push_back(std::move(other));
    large.steps.push_back(std::move(step));
  }
  for (const uint32_t threads : {1u, 3u}) {
    Diagnostics diagnostics;
    const auto compiled =
        codegen::JitProgram::compile(large, {.target = {}, .verify = true, .threads = threads}, diagnostics);
    ASSERT_TRUE(compiled.ok()) << diagnostics.all()[0].message;
    EXPECT_EQ(compiled->times().parts, threads);
    std::vector<float> x(1000, 2.0f);
    std::vector<float> y(1000, 0.0f);
    const void* const inputs[] = {nullptr, x.data()};
    void* const outputs[] = {y.data()};
    const int64_t symbols[] = {1000};
    ASSERT_EQ(compiled->entry()(nullptr, inputs, outputs, nullptr, nullptr, symbols), LATHE_OK);
    EXPECT_EQ(y, std::vector<float>(1000, 3.0f));
  }
}

TEST(LlvmObjects, HaveTheEntryOnly) {
  Diagnostics diagnostics;
  const auto target = codegen::host_target("", diagnostics);
  ASSERT_TRUE(target.ok());
  const auto object = codegen::emit_llvm(program(), *target, codegen::EmitKind::Object, {}, diagnostics);
  ASSERT_TRUE(object.ok());
  EXPECT_EQ(object->substr(1, 3), "ELF");
  const auto assembly = codegen::emit_llvm(program(), *target, codegen::EmitKind::Assembly, {}, diagnostics);
  ASSERT_TRUE(assembly.ok());
  EXPECT_EQ(count(*assembly, "\t.globl\t"), 1u);
  EXPECT_EQ(count(*assembly, "\t.globl\ttest"), 1u);
}

}  // namespace
}  // namespace lathe
