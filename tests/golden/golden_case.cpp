// Parsing, running and writing of golden files.
#include "tests/golden/golden_case.h"

#include <fmt/format.h>

#include <cstdlib>
#include <fstream>
#include <sstream>

#include "compiler/tools/command.h"
#include "tests/support/onnx_text.h"
#include "tests/support/temporary_folder.h"

namespace lathe::test {
namespace {

constexpr std::string_view kSeparator = "// -----";

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

bool starts_expectation(std::string_view line) {
  return line == "// expect:" || line == "// stderr:" || line.starts_with("// exit: ");
}

std::vector<std::string> split_words(std::string_view text) {
  std::vector<std::string> words;
  std::string word;
  bool quoted = false;
  bool started = false;
  for (const char c : text) {
    if (c == '\'') {
      quoted = !quoted;
      started = true;
    } else if (c == ' ' && !quoted) {
      if (started) words.push_back(std::move(word));
      word.clear();
      started = false;
    } else {
      word += c;
      started = true;
    }
  }
  if (started) words.push_back(std::move(word));
  return words;
}

void add_block(std::string& result, std::string_view title, std::string_view text) {
  if (text.empty()) return;
  result += fmt::format("// {}:\n", title);
  for (const std::string& line : lines_of(text)) result += line.empty() ? "//\n" : fmt::format("// {}\n", line);
}

// Python takes no `//`.
std::string without_comments(std::string_view text) {
  std::string result;
  for (const std::string& line : lines_of(text)) {
    if (!line.starts_with("//")) result += line + "\n";
  }
  return result;
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const size_t at = text.find(what);
  return at == std::string::npos ? text : text.replace(at, what.size(), with);
}

}  // namespace

std::string read_text(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return text.str();
}

bool blessing() {
  const char* value = std::getenv("LATHE_BLESS");
  return value != nullptr && std::string_view(value) == "1";
}

ToolResult run_lathe(std::string_view command_line, const std::filesystem::path& folder) {
  const std::filesystem::path before = std::filesystem::current_path();
  std::filesystem::current_path(folder);
  tools::OutputStream out;
  tools::OutputStream err;
  const std::vector<std::string> words = split_words(command_line);
  const int status = static_cast<int>(tools::run_tool(words, {out, err}));
  std::filesystem::current_path(before);
  return {status, out.text(), err.text()};
}

GoldenFile parse_golden(std::string_view text) {
  constexpr std::string_view kCommand = "// test: ";
  GoldenFile file;
  GoldenCase current;
  bool in_expectation = false;
  for (const std::string& line : lines_of(text)) {
    if (file.head.empty() && line.starts_with(kCommand)) {
      file.command = line.substr(kCommand.size());
      file.head = line + "\n";
    } else if (line == kSeparator) {
      file.cases.push_back(std::move(current));
      current = {};
      in_expectation = false;
    } else {
      in_expectation |= starts_expectation(line);
      (in_expectation ? current.expected : current.input) += line + "\n";
    }
  }
  file.cases.push_back(std::move(current));
  return file;
}

std::string golden_text(const GoldenFile& file) {
  std::string text = file.head;
  for (size_t i = 0; i < file.cases.size(); ++i) {
    if (i > 0) text += fmt::format("{}\n", kSeparator);
    text += file.cases[i].input + file.cases[i].expected;
  }
  return text;
}

std::string run_case(const GoldenFile& file, const GoldenCase& golden, std::string& fault) {
  const TemporaryFolder folder;
  std::string command = file.command;
  if (command.find("%onnx") != std::string::npos) {
    fault = write_onnx_text(golden.input, folder.path(), "model.onnx");
    command = replaced(command, "%onnx", "model.onnx");
  } else if (command.find("%python") != std::string::npos) {
    folder.write("model.py", without_comments(golden.input));
    command = replaced(command, "%python", "model.py");
  } else if (command.find("%none") != std::string::npos) {
    command = replaced(command, "%none", "");
  } else {
    folder.write("case.lathe", golden.input);
    command = command.find("%lathe") == std::string::npos ? command + " case.lathe"
                                                          : replaced(command, "%lathe", "case.lathe");
  }
  const ToolResult result = run_lathe(command, folder.path());
  std::string text;
  if (result.status != 0) text += fmt::format("// exit: {}\n", result.status);
  add_block(text, "expect", result.out);
  add_block(text, "stderr", result.err);
  return text;
}

}  // namespace lathe::test
