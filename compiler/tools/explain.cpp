// `lathe explain CODE`: prints the page of a diagnostic kind.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/tools/command.h"
#include "compiler/tools/diagnostic_pages.h"
#include "compiler/tools/options.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

std::string list_kinds() {
  std::string text;
  for (const DiagnosticInfo& kind : diagnostic_kinds()) {
    text += fmt::format("{}  {:<24} {}\n", kind.code, kind.name, kind.title);
  }
  return text;
}

}  // namespace

std::string_view diagnostic_page(std::string_view code) {
  const auto pages = diagnostic_pages();
  const auto page =
      std::find_if(pages.begin(), pages.end(), [&](const DiagnosticPage& row) { return row.code == code; });
  return page == pages.end() ? std::string_view() : page->text;
}

ExitStatus explain_command(Arguments arguments, const Session& session) {
  std::string code;
  OptionParser options("explain", "Says what a diagnostic means, shows an example, and says how to cure it.",
                       "Without CODE it lists all kinds of diagnostics.\n\nExample:\n  lathe explain LT0203");
  options.optional_positional("CODE", code, "A code such as LT0203, or a kind's name such as feature-mismatch");
  if (const auto status = options.parse(arguments, session)) return *status;
  if (code.empty()) {
    session.out.write(list_kinds());
    return ExitStatus::Fine;
  }
  std::string upper = code;
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  const DiagnosticInfo* kind = find_diagnostic(upper);
  if (kind == nullptr) kind = find_diagnostic(code);
  if (kind == nullptr) return session.usage_error("explain", fmt::format("no diagnostic is called `{}`", code));
  session.out.write(diagnostic_page(kind->code));
  return ExitStatus::Fine;
}

}  // namespace lathe::tools
