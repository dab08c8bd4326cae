// Manual pages, in the man macros of roff, from the tables of commands and options.
#include <fmt/format.h>

#include "compiler/tools/debug.h"
#include "compiler/tools/help.h"
#include "compiler/tools/version.h"

namespace lathe::tools {
namespace {

// Text that roff takes as it is: no requests, no escapes, and a hyphen that can be searched for and copied.
std::string escaped(std::string_view text) {
  std::string result;
  bool at_line_start = true;
  for (const char character : text) {
    if (at_line_start && (character == '.' || character == '\'')) result += "\\&";
    switch (character) {
      case '\\': result += "\\e"; break;
      case '-': result += "\\-"; break;
      default: result += character; break;
    }
    at_line_start = character == '\n';
  }
  return result;
}

std::string bold(std::string_view text) { return fmt::format("\\fB{}\\fR", escaped(text)); }
std::string italic(std::string_view text) { return fmt::format("\\fI{}\\fR", escaped(text)); }

// Lines that keep their breaks.
std::string preformatted(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return fmt::format(".nf\n{}\n.fi\n", escaped(text));
}

std::string title(std::string_view name) {
  std::string upper;
  for (const char character : name) {
    upper += character >= 'a' && character <= 'z' ? static_cast<char>(character - 'a' + 'A') : character;
  }
  // No date: the page is the same whenever it is built.
  return fmt::format(".TH {} 1 \"\" \"Lathe {}\" \"Lathe\"\n", escaped(upper), version_number());
}

std::string name_section(std::string_view name, std::string_view summary) {
  return fmt::format(".SH NAME\n{} \\- {}\n", escaped(name), escaped(summary));
}

// "-o, --output OUT" as a tag, then what it is for.
std::string option_paragraph(const OptionDescription& option) {
  std::string names;
  for (const std::string& name : option.names) {
    if (!names.empty()) names += ", ";
    names += option.is_operand ? italic(name) : bold(name);
  }
  if (!option.placeholder.empty()) names += " " + italic(option.placeholder);
  return fmt::format(".TP\n{}\n{}\n", names, escaped(option.help));
}

std::string synopsis(const Command& command, const CommandDescription& description) {
  std::string text = fmt::format(".SH SYNOPSIS\n{}", bold(fmt::format("lathe {}", command.name)));
  for (const OptionDescription& option : description.options) {
    if (!option.is_operand) continue;
    const std::string name = italic(option.names.front()) + (option.is_repeated ? "..." : "");
    text += option.is_required ? " " + name : fmt::format(" [{}]", name);
  }
  return text + " [" + italic("OPTIONS") + "]\n";
}

}  // namespace

std::string manual_page(const Command& command) {
  const CommandDescription description = describe(command);
  const std::string name = fmt::format("lathe-{}", command.name);
  std::string page = title(name) + name_section(name, command.summary) + synopsis(command, description);
  page += fmt::format(".SH DESCRIPTION\n{}\n", escaped(description.summary));
  if (!description.details.empty()) page += ".PP\n" + preformatted(description.details);
  page += ".SH OPTIONS\n";
  for (const OptionDescription& option : description.options) page += option_paragraph(option);
  return page + ".SH SEE ALSO\n.BR lathe (1)\n";
}

std::string manual_page() {
  std::string page = title("lathe") + name_section("lathe", "a compiler for computation graphs");
  page += fmt::format(".SH SYNOPSIS\n{} {} [{}]\n", bold("lathe"), italic("COMMAND"), italic("ARGUMENTS"));
  page += ".SH DESCRIPTION\n" + preformatted(overview());
  page += ".SH ENVIRONMENT\n" + preformatted(debug_help()) + ".SH SEE ALSO\n";
  for (size_t i = 0; i < commands().size(); ++i) {
    page += fmt::format(".BR lathe\\-{} (1){}\n", commands()[i].name, i + 1 < commands().size() ? "," : "");
  }
  return page;
}

}  // namespace lathe::tools
