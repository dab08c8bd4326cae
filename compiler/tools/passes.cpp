// `lathe passes`: the table of passes.
#include <fmt/format.h>

#include "compiler/passes/pipeline.h"
#include "compiler/tools/command.h"
#include "compiler/tools/options.h"

namespace lathe::tools {
namespace {

std::string as_text() {
  std::string text;
  for (const passes::Pass& pass : passes::all_passes()) {
    text +=
        fmt::format("{:<22} {:<9} {} ({})\n", pass.name, passes::text(pass.stage), pass.doc, passes::text(pass.bits));
  }
  text += "\nthe compiler runs:";
  for (const passes::Pass* pass : passes::default_pipeline()) text += fmt::format(" {}", pass->name);
  return text + "\n";
}

std::string as_markdown() {
  std::string text =
      "# Passes\n\nMade by `lathe passes --markdown`; the rows stand in `compiler/passes/pipeline.cpp`.\n\n"
      "| pass | stage | bits | does | ensures |\n| --- | --- | --- | --- | --- |\n";
  for (const passes::Pass& pass : passes::all_passes()) {
    text += fmt::format("| `{}` | {} | {} | {} | {} |\n", pass.name, passes::text(pass.stage), passes::text(pass.bits),
                        pass.doc, pass.ensures);
  }
  text += "\nThe default pipeline:";
  for (const passes::Pass* pass : passes::default_pipeline()) text += fmt::format(" `{}`", pass->name);
  return text + "\n";
}

}  // namespace

ExitStatus passes_command(Arguments arguments, const Session& session) {
  bool markdown = false;
  OptionParser options("passes", "Lists the passes: stage, what they do to the bits of results, and what for.");
  options.flag("--markdown", markdown, "As the page docs/passes.md");
  if (const auto status = options.parse(arguments, session)) return *status;
  session.out.write(markdown ? as_markdown() : as_text());
  return ExitStatus::Fine;
}

}  // namespace lathe::tools
