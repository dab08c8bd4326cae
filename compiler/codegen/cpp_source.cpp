// The frame of a C++ source: table of contents, includes, targets, vector types, kernels, the program's function.
#include "compiler/codegen/cpp_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <vector>

#include "compiler/codegen/cpp_contents.h"
#include "compiler/codegen/cpp_emitter.h"
#include "compiler/codegen/cpp_entry.h"
#include "compiler/codegen/cpp_layout.h"
#include "compiler/codegen/module_plan.h"

namespace lathe::codegen {
namespace {

constexpr std::string_view kProgram = "program";

bool is_dynamic(const CppOptions& options) {
  return options.simd == CppSimd::Highway && options.dispatch == CppDispatch::Dynamic;
}

std::string type_aliases(const CppEmitter& emitter) {
  std::string text;
  for (const auto& [element, lanes] : emitter.vector_types()) {
    const bool is_mask = element == ElementType::Boolean;
    text += fmt::format(
        "using {}x{} = {};\n", info(element).text, lanes,
        is_mask ? fmt::format("Mask<{}>", lanes) : fmt::format("Vector<{}, {}>", memory_type_name(element), lanes));
  }
  return text;
}

/// Kernels and the program's function; `contents` gets what the table of contents needs.
std::string functions(const kernel::Program& program, std::string_view function, const StepTexts& steps,
                      std::vector<std::string>& kernel_names) {
  size_t next_step = 0;
  CppEmitter emitter(std::string(function), [&](const kernel::Step&) {
    const size_t number = next_step++;
    return fmt::format("{}. {}", number + 1, steps.text(number));
  });
  const ModulePlan plan = plan_modules(program, 1);
  const auto count = static_cast<uint32_t>(program.kernels.size());
  for (uint32_t i = 0; i < count; ++i) {
    const kernel::KernelId id(i);
    if (plan.used[i]) emitter.declare_kernel(id, program.kernels[id], plan.shares_memory[i]);
    if (plan.same[i] != id && plan.used[plan.same[i].index]) emitter.reuse_kernel(id, plan.same[i]);
  }
  for (uint32_t i = 0; i < count; ++i) {
    const kernel::KernelId id(i);
    if (!plan.used[i]) continue;
    emitter.select_kernel(id, steps.users(plan.same, id));
    emit_kernel(emitter, program.kernels[id]);
  }
  emit_program(emitter, program);
  kernel_names.clear();
  for (uint32_t i = 0; i < count; ++i)
    kernel_names.push_back(plan.used[plan.same[i].index] ? emitter.kernel_name(plan.same[i]) : std::string());
  return type_aliases(emitter) + emitter.text();
}

std::string head(const Interface& interface, const CppOptions& options) {
  const bool is_highway = options.simd == CppSimd::Highway;
  std::string flags;
  std::string target;
  if (is_dynamic(options)) {
    flags = "-I<its folder> ";
    target = "It includes itself once for each instruction set; the best one is chosen at load.";
  } else {
    flags = "-march=<CPU> ";
    target = "It runs on CPUs that have the instructions of the compiler's flags.";
  }
  return fmt::format(
      "// {0}: the model `{1}` as C++, made by Lathe{2}. Defines {0}_model, {0}_run and {0}_run_in: see {0}.h.\n"
      "//\n"
      "//   c++ -std=c++20 -O2 {3}-I<Lathe>/include -c {4}\n"
      "//\n"
      "// Needs lathe/*.h{5} and, at link time, the runtime (-llathe_runtime). {6}\n",
      interface.prefix, one_line(interface.model), options.version.empty() ? "" : " " + options.version, flags,
      options.file_name, is_highway ? ", the headers of Highway" : "", target);
}

}  // namespace

std::string open_cpp_targets(const CppOptions& options) {
  constexpr std::string_view kFields =
      "// Fields of structs that are left out are 0.\n"
      "#pragma GCC diagnostic ignored \"-Wmissing-field-initializers\"\n\n";
  if (options.simd == CppSimd::VectorExtension) {
    return fmt::format(
        "#include \"lathe/model.h\"\n#include \"lathe/simd.h\"\n#include \"lathe/simd/isa.h\"\n\n{}"
        "namespace {{\n\nusing namespace lathe::simd;\n\n",
        kFields);
  }
  const std::string first = is_dynamic(options) ? fmt::format(
                                                      "#undef HWY_TARGET_INCLUDE\n#define HWY_TARGET_INCLUDE "
                                                      "\"{}\"  // this file\n",
                                                      options.file_name)
                                                : "#define LATHE_SIMD_STATIC\n";
  return fmt::format(
      "{}#include \"lathe/simd_highway.h\"\n"
      "// After simd_highway.h.\n"
      "#include \"lathe/model.h\"\n#include \"lathe/simd/isa.h\"\n#include \"lathe/simd_highway-inl.h\"\n\n{}"
      "HWY_BEFORE_NAMESPACE();\n"
      "namespace {{\nnamespace HWY_NAMESPACE {{\n\n"
      "using namespace lathe::simd;\nusing namespace lathe::simd::HWY_NAMESPACE;\n\n",
      first, kFields);
}

std::string close_cpp_targets(const CppOptions& options) {
  if (options.simd == CppSimd::VectorExtension) return "\n}  // namespace\n";
  return "\n}  // namespace HWY_NAMESPACE\n}  // namespace\nHWY_AFTER_NAMESPACE();\n";
}

std::string emit_cpp_functions(const kernel::Program& program, std::string_view function, const CppOptions& options) {
  std::vector<std::string> kernel_names;
  return with_broken_lines(functions(program, function, StepTexts(program, options.locations), kernel_names));
}

std::string cpp_variants(std::string_view function, const CppOptions& options) {
  if (!is_dynamic(options)) {
    const std::string_view space = options.simd == CppSimd::Highway ? "HWY_NAMESPACE::" : "";
    return fmt::format("    {{LATHE_SIMD_CPU, LATHE_SIMD_ISA, &{}{}}},\n", space, function);
  }
  return fmt::format(
      "#if defined(__x86_64__)\n"
      "    {{\"x86-64-v4\", \"AVX3\", &N_AVX3::{0}}},\n"
      "    {{\"x86-64-v3\", \"AVX2\", &N_AVX2::{0}}},\n"
      "    {{\"x86-64-v2\", \"SSE4\", &N_SSE4::{0}}},\n"
      "#else\n"
      "    {{\"generic\", \"NEON\", &N_NEON::{0}}},\n"
      "#endif\n",
      function);
}

CppSource emit_cpp(const kernel::Program& program, const Interface& interface, const CppOptions& options) {
  const StepTexts steps(program, options.locations);
  std::vector<std::string> kernel_names;
  const std::string body = functions(program, kProgram, steps, kernel_names);
  std::string text = head(interface, options) + steps.contents(kernel_names) + open_cpp_targets(options) + body +
                     close_cpp_targets(options) + "\n";
  const std::string entries = cpp_entries(program, interface, cpp_variants(kProgram, options));
  text += is_dynamic(options) ? fmt::format("#if HWY_ONCE\n\n{}\n#endif  // HWY_ONCE\n", entries) : entries;
  return {.source = with_broken_lines(text), .constants = cpp_constants(program, interface)};
}

}  // namespace lathe::codegen
