// Comments and table of contents of a C++ source.
#include "compiler/codegen/cpp_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>

#include "ir/kernel/overloaded.h"

namespace lathe::codegen {
namespace {

constexpr size_t kMostUsers = 4;
constexpr size_t kWidestLayer = 48;

/// Sizes of the runtime's structs that a reader looks for, in the order of their names here; 1 goes without saying.
constexpr std::array<std::string_view, 14> kTold = {"batch",    "m",        "n",        "k",     "channels",
                                                    "in_c",     "out_c",    "out_h",    "out_w", "kernel_h",
                                                    "kernel_w", "stride_h", "stride_w", "groups"};

std::string told_fields(const kernel::StructArgument& structure) {
  std::vector<std::string> texts;
  for (const std::string_view name : kTold) {
    for (const kernel::Field& field : structure.fields) {
      const auto* number = std::get_if<kernel::SignedField>(&field.value);
      if (field.name != name || number == nullptr || number->value.is_constant(1)) continue;
      texts.push_back(fmt::format("{} {}", name, number->value.text()));
    }
  }
  return fmt::format("{}", fmt::join(texts, ", "));
}

/// `f32[150528] -> f32[158700]`: what goes in, what comes out.
std::string parameters(const kernel::Program& program, const kernel::RunStep& run) {
  const kernel::Kernel& kernel = program.kernels[run.kernel];
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  for (uint32_t i = 0; i < kernel.parameter_count(); ++i) {
    const kernel::Buffer& buffer = kernel.buffers[kernel::BufferId(i)];
    auto& list = buffer.access == kernel::Access::In ? inputs : outputs;
    list.push_back(fmt::format("{}[{}]", info(buffer.element).text, parameter_extent(program, run, i).text()));
  }
  return fmt::format("{} -> {}", fmt::join(inputs, ", "), fmt::join(outputs, ", "));
}

}  // namespace

std::string one_line(std::string text) {
  std::replace_if(text.begin(), text.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f || c == '\\'; }, ' ');
  return text;
}

StepTexts::StepTexts(const kernel::Program& program, const LocationTable* locations) : program_(program) {
  for (const kernel::Step& step : program.steps) {
    std::string text = step.layer;
    if (locations != nullptr && step.where.valid()) {
      text += (text.empty() ? "" : ": ") + locations->describe(step.where);
    }
    texts_.push_back(one_line(std::move(text)));
  }
}

std::string StepTexts::users(const std::vector<kernel::KernelId>& same, kernel::KernelId id) const {
  std::vector<std::string> texts;
  size_t more = 0;
  const auto is_user = [&](const kernel::RunStep& run) { return same[run.kernel.index] == id; };
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    bool uses = false;
    if (const auto* run = std::get_if<kernel::RunStep>(&program_.steps[i].kind)) uses = is_user(*run);
    if (const auto* call = std::get_if<kernel::CallStep>(&program_.steps[i].kind)) {
      for (const kernel::Argument& argument : call->arguments) {
        const auto* structure = std::get_if<kernel::StructArgument>(&argument);
        if (structure == nullptr) continue;
        for (const kernel::Field& field : structure->fields) {
          const auto* callback = std::get_if<kernel::CallbackField>(&field.value);
          uses = uses || (callback != nullptr && is_user(callback->run));
        }
      }
    }
    if (!uses) continue;
    if (texts.size() < kMostUsers) {
      texts.push_back(fmt::format("{}. {}", i + 1, texts_[i]));
    } else {
      ++more;
    }
  }
  std::string result = fmt::format("{}", fmt::join(texts, "; "));
  if (more != 0) result += fmt::format("; and {} more", more);
  return result;
}

std::string StepTexts::contents(const std::vector<std::string>& kernel_names) const {
  size_t width = 5;
  for (const kernel::Step& step : program_.steps) width = std::max(width, std::min(step.layer.size(), kWidestLayer));
  std::string text = fmt::format("//\n// A run, step by step:\n//\n//    #  {:<{}}  calls\n", "layer", width);
  for (size_t i = 0; i < program_.steps.size(); ++i) {
    const kernel::Step& step = program_.steps[i];
    const std::string what =
        std::visit(Overloaded{[&](const kernel::RunStep& run) {
                                return fmt::format("{}  {}", kernel_names[run.kernel.index], parameters(program_, run));
                              },
                              [](const kernel::CallStep& call) {
                                std::string told = call.function;
                                for (const kernel::Argument& argument : call.arguments) {
                                  const auto* structure = std::get_if<kernel::StructArgument>(&argument);
                                  if (structure == nullptr) continue;
                                  if (const std::string fields = told_fields(*structure); !fields.empty())
                                    told += "  " + fields;
                                }
                                return told;
                              },
                              [](const kernel::GuardStep& guard) { return fmt::format("a guard: {}", guard.message); }},
                   step.kind);
    text += one_line(fmt::format("// {:>4}  {:<{}}  {}", i + 1, step.layer, width, what)) + "\n";
  }
  return text;
}

}  // namespace lathe::codegen
