// The frame of a C++ source: what it says of itself, includes, vector types, kernels, entry.
#include "compiler/codegen/cpp_source.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <vector>

#include "compiler/codegen/cpp_emitter.h"
#include "compiler/codegen/module_plan.h"

namespace lathe::codegen {
namespace {

constexpr size_t kMostLayers = 4;

// Comments end with their line, whatever names a model has.
std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](char c) { return c == '\n' || c == '\r' || c == '\\'; }, ' ');
  return text;
}

std::string step_text(const kernel::Step& step, const CppOptions& options) {
  std::string text = step.layer;
  if (options.locations != nullptr && step.where.valid()) {
    text += (text.empty() ? "" : ": ") + options.locations->describe(step.where);
  }
  return one_line(std::move(text));
}

/// The layers whose steps run the kernel.
std::string users(const kernel::Program& program, const ModulePlan& plan, kernel::KernelId id,
                  const CppOptions& options) {
  std::vector<std::string> texts;
  size_t more = 0;
  for (const kernel::Step& step : program.steps) {
    const auto* run = std::get_if<kernel::RunStep>(&step.kind);
    if (run == nullptr || plan.same[run->kernel.index] != id) continue;
    const std::string text = step_text(step, options);
    if (text.empty() || std::find(texts.begin(), texts.end(), text) != texts.end()) continue;
    if (texts.size() < kMostLayers) {
      texts.push_back(text);
    } else {
      ++more;
    }
  }
  std::string result = fmt::format("{}", fmt::join(texts, "; "));
  if (more != 0) result += fmt::format("; and {} more", more);
  return result;
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

}  // namespace

std::string emit_cpp(const kernel::Program& program, const CppOptions& options) {
  CppEmitter emitter(options.entry_name, [&](const kernel::Step& step) { return step_text(step, options); });
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
    emitter.select_kernel(id, users(program, plan, id, options));
    emit_kernel(emitter, program.kernels[id]);
  }
  emitter.close_kernels();
  emit_program(emitter, program);
  return fmt::format(
      "// {}: made by Lathe. Compile with -O2 for the CPU it is to run on (-march=..).\n"
      "#include \"lathe/simd.h\"\n\n"
      "namespace {{\n\nusing namespace lathe::simd;\n\n{}{}",
      one_line(program.name), type_aliases(emitter), emitter.text());
}

}  // namespace lathe::codegen
