// Lines and page of the support table.
#include "compiler/tools/support_text.h"

#include <fmt/format.h>

#include "compiler/frontend/torch/support_table.h"

namespace lathe::tools {
namespace {

using torch::SupportedName;

bool is_callable(const SupportedName& row) { return row.kind != SupportedName::Kind::Constant; }

std::string signature(const SupportedName& row) {
  return is_callable(row) ? fmt::format("{}({})", row.name, row.parameters) : row.name;
}

// A bar would end the cell of a table.
std::string cell(std::string text) {
  for (size_t at = text.find('|'); at != std::string::npos; at = text.find('|', at + 2)) text.insert(at, "\\");
  return text;
}

}  // namespace

std::string support_lines(std::string_view part) {
  std::string text;
  for (const SupportedName& row : torch::supported_names()) {
    const std::string name = fmt::format("{}.{}", row.module, row.name);
    if (name.find(part) == std::string::npos) continue;
    text += is_callable(row) ? fmt::format("{}({})\n", name, row.parameters) : name + "\n";
  }
  return text;
}

std::string support_markdown() {
  std::string text =
      "# What PyTorch source may use\n\nMade by `lathe ops --pytorch --markdown` from the tables that the front end "
      "works "
      "by. What isn't here is reported, all of it in one list, with exit status 3.\n\n## The language\n\n"
      "| construct | notes |\n| --- | --- |\n";
  for (const torch::SupportedConstruct& row : torch::supported_constructs()) {
    text += fmt::format("| {} | {} |\n", row.construct, row.note);
  }
  std::string module;
  for (const SupportedName& row : torch::supported_names()) {
    if (row.module != module) {
      module = row.module;
      text += fmt::format("\n## {}\n\n", module == "builtins" ? "Built in" : "`" + module + "`");
    }
    text += fmt::format("- `{}`\n", cell(signature(row)));
  }
  return text;
}

}  // namespace lathe::tools
