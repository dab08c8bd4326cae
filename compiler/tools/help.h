// What `lathe help` makes of the tables of commands and options: the overview, manual pages, completion for shells.
#pragma once

#include <string>

#include "compiler/tools/command.h"
#include "compiler/tools/command_description.h"

namespace lathe::tools {

/// What `lathe --help` prints.
[[nodiscard]] std::string overview();

/// Asks a command for its options, without running it.
[[nodiscard]] CommandDescription describe(const Command& command);

/// The manual page lathe(1), in the man macros of roff.
[[nodiscard]] std::string manual_page();
/// The manual page lathe-NAME(1).
[[nodiscard]] std::string manual_page(const Command& command);

/// Scripts that complete commands, options, choices and files.
[[nodiscard]] std::string bash_completion();
[[nodiscard]] std::string zsh_completion();
[[nodiscard]] std::string fish_completion();

}  // namespace lathe::tools
