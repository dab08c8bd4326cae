// One run of the `lathe` program: its streams, its exit statuses, and how it says things.
//
// Results go to `out`, everything said about them to `err`. The statuses are those of the command line contract; which
// one a list of diagnostics means is decided here and nowhere else. Used by every command.
#pragma once

#include <string>
#include <string_view>

#include "compiler/tools/command_description.h"
#include "compiler/tools/output.h"
#include "ir/base/diagnostic.h"
#include "ir/base/render.h"

namespace lathe::tools {

enum class ExitStatus : int {
  Fine = 0,
  ModelWrong = 1,
  CommandLineWrong = 2,
  Unsupported = 3,
  Failed = 4,  ///< while running or writing: no memory, no file
  InternalError = 70,
};

struct Session {
  OutputStream& out;
  OutputStream& err;
  /// Where a command leaves what it says of itself instead of running; null for a run. OptionParser sees to it.
  CommandDescription* description = nullptr;

  /// Colours are used on a terminal, unless NO_COLOR is set.
  [[nodiscard]] RenderOptions render_options(const OutputStream& stream) const;
  /// Writes all diagnostics and the line that counts them.
  void show(const Diagnostics& diagnostics, const LocationTable& locations, OutputStream& stream) const;
  /// The same to `err`; returns the status that the diagnostics mean.
  ExitStatus fail(const Diagnostics& diagnostics, const LocationTable& locations) const;
  /// Says `lathe COMMAND: MESSAGE` and how to get help; for faults of the command line.
  ExitStatus usage_error(std::string_view command, std::string_view message) const;
  /// Shows progress on a terminal: a line that the next one overwrites. Empty text removes it.
  void progress(std::string_view text) const;
};

/// What a command comes to that reported these.
[[nodiscard]] ExitStatus status_of(const Diagnostics& diagnostics);

}  // namespace lathe::tools
