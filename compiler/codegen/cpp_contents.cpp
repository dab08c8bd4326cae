// Comments and table of contents of a C++ source.
#include "compiler/codegen/cpp_contents.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "ir/kernel/overloaded.h"

namespace lathe::codegen {
namespace {

constexpr size_t kMostUsers = 4;
constexpr size_t kWidestLayer = 56;
constexpr size_t kLongestLine = 120;

/// The sizes of a call that a reader looks for, by the names of the runtime's fields.
class ToldFields {
 public:
  explicit ToldFields(const kernel::CallStep& call) {
    for (const kernel::Argument& argument : call.arguments) {
      const auto* structure = std::get_if<kernel::StructArgument>(&argument);
      if (structure == nullptr) continue;
      for (const kernel::Field& field : structure->fields) {
        if (const auto* number = std::get_if<kernel::SignedField>(&field.value)) fields_[field.name] = number->value;
      }
    }
  }

  /// `kernel 3x3, stride 2x2, 16 -> 72 channels, to 56x56` or `m 1, n 1000, k 1024`; 1 goes without saying.
  [[nodiscard]] std::string text() const {
    std::vector<std::string> texts;
    const auto add_pair = [&](std::string_view what, const char* first, const char* second) {
      if (is_told(first) || is_told(second)) texts.push_back(fmt::format("{} {}x{}", what, size(first), size(second)));
    };
    add_pair("kernel", "kernel_h", "kernel_w");
    add_pair("stride", "stride_h", "stride_w");
    if (fields_.contains("in_c")) texts.push_back(fmt::format("{} -> {} channels", size("in_c"), size("out_c")));
    if (is_told("groups")) texts.push_back(fmt::format("{} groups", size("groups")));
    add_pair("to", "out_h", "out_w");
    for (const char* name : {"m", "n", "k", "batch"}) {
      if (is_told(name)) texts.push_back(fmt::format("{} {}", name, size(name)));
    }
    return fmt::format("{}", fmt::join(texts, ", "));
  }

 private:
  [[nodiscard]] bool is_told(const char* name) const {
    const auto found = fields_.find(name);
    return found != fields_.end() && !found->second.is_constant(1);
  }
  [[nodiscard]] std::string size(const char* name) const {
    const auto found = fields_.find(name);
    return found == fields_.end() ? "?" : found->second.text();
  }

  std::map<std::string, Dim> fields_;
};

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
  const std::string arrow = inputs.empty() ? "to" : fmt::format("{} ->", fmt::join(inputs, ", "));
  return fmt::format("{} {}", arrow, fmt::join(outputs, ", "));
}

/// A row of the table, gone on below its last column.
std::string row(std::string line, std::string_view what) {
  const size_t column = line.size();
  std::string text;
  while (line.size() + what.size() > kLongestLine && column < kLongestLine) {
    const size_t comma = what.substr(0, kLongestLine - line.size()).rfind(", ");
    if (comma == std::string_view::npos) break;
    text += fmt::format("{}{}\n", line, what.substr(0, comma + 1));
    what.remove_prefix(comma + 2);
    line = fmt::format("// {:{}}", "", column - 3);
  }
  return fmt::format("{}{}{}\n", text, line, what);
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
                                return fmt::format("{}: {}", kernel_names[run.kernel.index], parameters(program_, run));
                              },
                              [](const kernel::CallStep& call) {
                                const std::string told = ToldFields(call).text();
                                return told.empty() ? call.function : fmt::format("{}: {}", call.function, told);
                              },
                              [](const kernel::GuardStep& guard) { return fmt::format("a guard: {}", guard.message); }},
                   step.kind);
    text += row(one_line(fmt::format("// {:>4}  {:<{}}  ", i + 1, step.layer, width)), one_line(what));
  }
  return text;
}

}  // namespace lathe::codegen
