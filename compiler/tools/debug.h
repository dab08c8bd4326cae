// The debug ladder: LATHE_DEBUG=2,fuse shows more and more of what the compiler does, without an option of any command.
//
// The levels and the other environment variables stand in one table, from which `lathe --help-debug` is printed.
// Commands that run passes apply the settings to their pipeline options.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "compiler/passes/pipeline.h"
#include "compiler/tools/session.h"

namespace lathe::tools {

/// What LATHE_DEBUG asks for.
struct DebugSettings {
  int level = 0;
  std::vector<std::string> passes;  ///< print the graph after these
};

/// Reads `2,fuse`: numbers set the level, words name passes.
[[nodiscard]] DebugSettings parse_debug(std::string_view text);
/// The setting of the environment.
[[nodiscard]] DebugSettings debug_settings();
/// Sets printing, timing and checking of `options` by the environment; prints go to the session's `err`.
void apply_debug(passes::PipelineOptions& options, const Session& session);
/// Writes the times of passes when the level asks for them.
void show_reports(const std::vector<passes::PassReport>& reports, const Session& session);
/// What `lathe --help-debug` prints.
[[nodiscard]] std::string debug_help();

}  // namespace lathe::tools
