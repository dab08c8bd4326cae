// `lathe help`: the overview, the options of a command, and the same as manual pages and completion scripts.
#include "compiler/tools/help.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/tools/options.h"

namespace lathe::tools {

std::string overview() {
  std::string text = "lathe: a compiler for computation graphs\n\nUsage: lathe COMMAND ...\n\n";
  constexpr size_t kColumn = 34;
  for (const Command& command : commands()) {
    text += fmt::format("  {:<{}} {}\n", fmt::format("{} {}", command.name, command.usage), kColumn, command.summary);
  }
  text +=
      "\n  lathe COMMAND --help               the options of a command\n"
      "  lathe --help-debug                 environment variables that show what the compiler does\n"
      "  lathe --version                    the version\n"
      "\nMODEL is a file: .onnx, .lathe (textual graph IR), or PyTorch source: net.py, net.py:NAME, net.py:'Net(10)'.\n"
      "\nExit status: 0 fine, 1 the model is wrong, 2 the command line is wrong, 3 something in the model is not "
      "supported,\n"
      "4 it failed while running or writing, 70 a defect in Lathe.\n";
  return text;
}

CommandDescription describe(const Command& command) {
  CommandDescription description;
  OutputStream nothing;
  static_cast<void>(command.run({}, {.out = nothing, .err = nothing, .description = &description}));
  return description;
}

ExitStatus help_command(Arguments arguments, const Session& session) {
  std::string name;
  std::string format = "text";
  constexpr std::array<std::string_view, 6> kFormats = {"text", "man", "bash", "zsh", "fish", "names"};
  OptionParser options("help", "Shows the commands, or the options of one.",
                       "man is a manual page: of the command, or of lathe without one; bash, zsh and fish are scripts "
                       "that complete\ncommand lines; names is a line for each command.\n\n"
                       "Examples:\n  lathe help run\n  lathe help run --format=man | man -l -\n"
                       "  source <(lathe help --format=bash)");
  options.optional_positional("COMMAND", name, "One of the commands");
  options.choice("--format", format, kFormats, "For readers, manuals or shells (text)");
  if (const auto status = options.parse(arguments, session)) return *status;
  const auto command =
      std::find_if(commands().begin(), commands().end(), [&](const Command& row) { return row.name == name; });
  const bool is_one = command != commands().end();
  if (!name.empty() && !is_one) return session.usage_error("help", fmt::format("there is no command `{}`", name));
  if (!name.empty() && format != "text" && format != "man") {
    return session.usage_error("help", fmt::format("--format={} is about all commands, not one", format));
  }
  if (format == "text" && is_one) {
    const std::array<std::string, 1> help = {"--help"};
    return command->run(help, session);
  }
  if (format == "text") session.out.write(overview());
  if (format == "man") session.out.write(is_one ? manual_page(*command) : manual_page());
  if (format == "bash") session.out.write(bash_completion());
  if (format == "zsh") session.out.write(zsh_completion());
  if (format == "fish") session.out.write(fish_completion());
  if (format == "names") {
    for (const Command& row : commands()) session.out.write(fmt::format("{}\n", row.name));
  }
  return ExitStatus::Fine;
}

}  // namespace lathe::tools
