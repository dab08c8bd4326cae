// Cutting by lines.
#include "compiler/report/code_sections.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <optional>
#include <span>
#include <utility>

namespace lathe::report {
namespace {

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

// The id behind `prefix` in a line, when `separator` follows it.
std::optional<size_t> kernel_id(std::string_view line, std::string_view prefix, char separator) {
  const size_t at = line.find(prefix);
  if (at == std::string_view::npos) return std::nullopt;
  const std::string_view rest = line.substr(at + prefix.size());
  size_t id = 0;
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), id);
  if (error != std::errc() || end == rest.data() + rest.size() || *end != separator) return std::nullopt;
  return id;
}

void append(std::string& text, std::string_view line) {
  text += line;
  text += '\n';
}

bool is_blank(std::string_view line) { return line.find_first_not_of(' ') == std::string_view::npos; }

// Blocks of a function's body that empty lines part.
std::vector<std::string> blocks_of(const std::vector<std::string_view>& body) {
  std::vector<std::string> blocks(1);
  bool starts = false;
  for (const std::string_view line : body) {
    if (is_blank(line)) {
      starts = true;
      continue;
    }
    if (std::exchange(starts, false)) blocks.emplace_back();
    append(blocks.back(), line.starts_with("  ") ? line.substr(2) : line);
  }
  return blocks;
}

size_t count_of(const std::string& text, std::string_view part) {
  size_t count = 0;
  for (size_t at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++count;
  return count;
}

// Every step but guards has the call of its function in its block.
bool fits(const kernel::Program& program, std::span<const std::string> blocks) {
  for (size_t i = 0; i < blocks.size(); ++i) {
    const auto* call = std::get_if<kernel::CallStep>(&program.steps[i].kind);
    const bool is_run = std::holds_alternative<kernel::RunStep>(program.steps[i].kind);
    if (call != nullptr && count_of(blocks[i], call->function + "(") != 1) return false;
    if (is_run && count_of(blocks[i], "kernel_") == 0) return false;
  }
  return true;
}

// The blocks that are the steps: something may stand before the first and behind the last one. Nothing when none are.
std::vector<std::string> steps_among(const kernel::Program& program, std::span<const std::string> blocks) {
  const size_t count = program.steps.size();
  for (size_t first = 0; first <= 1 && first + count <= blocks.size(); ++first) {
    const std::span<const std::string> steps = blocks.subspan(first, count);
    if (first + count + 1 >= blocks.size() && fits(program, steps)) return {steps.begin(), steps.end()};
  }
  return {};
}

// ---- assembly

// The label that a line is: `kernel.3.k3_relu:` with or without quotes and comment.
std::optional<std::string_view> label_of(std::string_view line) {
  if (line.empty() || std::isspace(static_cast<unsigned char>(line[0])) != 0 || line[0] == '#') return std::nullopt;
  if (line[0] == '"') {
    const size_t end = line.find('"', 1);
    if (end == std::string_view::npos || !line.substr(end + 1).starts_with(":")) return std::nullopt;
    return line.substr(1, end - 1);
  }
  const size_t end = line.find(':');
  if (end == std::string_view::npos) return std::nullopt;
  return line.substr(0, end);
}

bool is_local(std::string_view label) { return label.starts_with(".L") || label.starts_with("L"); }

// Directives that say nothing to a reader of code.
bool is_noise(std::string_view line) {
  const size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos) return true;
  const std::string_view text = line.substr(at);
  for (const std::string_view start :
       {".cfi_", ".p2align", ".type", ".size", ".globl", ".section", ".text", ".hidden"}) {
    if (text.starts_with(start)) return true;
  }
  return text.starts_with(".Lfunc_end") || text.starts_with("# -- End") || text.starts_with("// -- End");
}

// The name of the function that a step calls from the entry, as a part of its symbol.
std::optional<std::string> callee_of(const kernel::Step& step) {
  if (const auto* call = std::get_if<kernel::CallStep>(&step.kind)) return call->function;
  if (std::holds_alternative<kernel::RunStep>(step.kind)) return "kernel.";
  return std::nullopt;
}

bool is_call(std::string_view line) {
  const size_t at = line.find_first_not_of(" \t");
  if (at == std::string_view::npos || line[0] != '\t') return false;
  const std::string_view text = line.substr(at);
  return text.starts_with("call") || text.starts_with("bl\t");
}

// The entry runs straight through its steps, so the code of one ends with its call and what tests the status.
std::vector<std::string> split_entry(const kernel::Program& program, const std::vector<std::string_view>& entry) {
  std::vector<std::string> steps(program.steps.size());
  size_t line = 0;
  for (size_t i = 0; i < program.steps.size(); ++i) {
    const std::optional<std::string> callee = callee_of(program.steps[i]);
    if (!callee) continue;
    while (line < entry.size() && !(is_call(entry[line]) && entry[line].find(*callee) != std::string_view::npos)) {
      const bool is_another = is_call(entry[line]) && entry[line].find("lathe_fail") == std::string_view::npos;
      if (is_another) return {};
      append(steps[i], entry[line++]);
    }
    if (line == entry.size()) return {};
    append(steps[i], entry[line++]);
  }
  return steps;
}

}  // namespace

CodeSections cpp_sections(const kernel::Program& program, std::string_view text) {
  CodeSections result;
  result.kernels.resize(program.kernels.size());
  const std::vector<std::string_view> lines = lines_of(text);
  std::vector<std::string_view> comment;
  for (size_t i = 0; i < lines.size(); ++i) {
    const std::string_view line = lines[i];
    if (line.starts_with("//")) {
      comment.push_back(line);
      continue;
    }
    const size_t head = i;
    const bool may_be_function = !line.empty() && line[0] != ' ' && line[0] != '#' && line[0] != '}';
    while (i + 1 < lines.size() && !lines[i].empty() && !lines[i].ends_with("{") && !lines[i].ends_with(";")) ++i;
    if (!may_be_function || line.find('(') == std::string_view::npos || !lines[i].ends_with("{")) {
      i = head;
      comment.clear();
      continue;
    }
    const size_t body = i + 1;
    while (i + 1 < lines.size() && lines[i] != "}") ++i;
    const auto id = kernel_id(line.substr(0, line.find('(')), "kernel_", '_');
    if (id && *id < result.kernels.size()) {
      for (const std::string_view row : comment) append(result.kernels[*id], row);
      for (size_t row = head; row <= i; ++row) append(result.kernels[*id], lines[row]);
    } else if (result.steps.empty()) {
      result.steps = steps_among(program, blocks_of({lines.begin() + static_cast<ptrdiff_t>(body),
                                                     lines.begin() + static_cast<ptrdiff_t>(i)}));
    }
    comment.clear();
  }
  return result;
}

CodeSections assembly_sections(const kernel::Program& program, std::string_view text) {
  CodeSections result;
  result.kernels.resize(program.kernels.size());
  std::vector<std::string_view> entry;
  enum class Inside : uint8_t { Nothing, Kernel, Entry } inside = Inside::Nothing;
  size_t kernel = 0;
  for (const std::string_view line : lines_of(text)) {
    if (line.find(".Lfunc_end") == 0) inside = Inside::Nothing;
    if (const auto label = label_of(line); label && !is_local(*label)) {
      const auto id = kernel_id(*label, "kernel.", '.');
      inside = id && *id < result.kernels.size() ? Inside::Kernel : Inside::Entry;
      if (id) kernel = *id;
    }
    if (is_noise(line)) continue;
    if (inside == Inside::Kernel) append(result.kernels[kernel], line);
    if (inside == Inside::Entry) entry.push_back(line);
  }
  result.steps = split_entry(program, entry);
  return result;
}

}  // namespace lathe::report
