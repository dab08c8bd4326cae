// The commands of `lathe`, one row and one file each.
//
// A command takes its arguments (without `lathe` and its own name) and a session, and returns an exit status; it keeps
// no state. run_tool is the whole program but for the process around it, so that tests call it directly. The table is
// in tool.cpp.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "compiler/tools/session.h"

namespace lathe::tools {

using Arguments = std::span<const std::string>;

struct Command {
  std::string_view name;
  std::string_view usage;    ///< what follows the name
  std::string_view summary;  ///< one line for `lathe --help`
  ExitStatus (*run)(Arguments arguments, const Session& session);
};

/// All commands in the order of the help.
[[nodiscard]] std::span<const Command> commands();

/// Runs one command line, without the program's name. Never throws.
[[nodiscard]] ExitStatus run_tool(Arguments arguments, const Session& session);

ExitStatus check_command(Arguments arguments, const Session& session);
ExitStatus run_command(Arguments arguments, const Session& session);
ExitStatus diff_command(Arguments arguments, const Session& session);
ExitStatus trace_command(Arguments arguments, const Session& session);
ExitStatus compile_command(Arguments arguments, const Session& session);
ExitStatus dump_command(Arguments arguments, const Session& session);
ExitStatus opt_command(Arguments arguments, const Session& session);
ExitStatus bench_command(Arguments arguments, const Session& session);
ExitStatus verify_command(Arguments arguments, const Session& session);
ExitStatus explain_command(Arguments arguments, const Session& session);
ExitStatus ops_command(Arguments arguments, const Session& session);
ExitStatus passes_command(Arguments arguments, const Session& session);
ExitStatus targets_command(Arguments arguments, const Session& session);
ExitStatus help_command(Arguments arguments, const Session& session);

}  // namespace lathe::tools
