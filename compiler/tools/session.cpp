// Exit statuses, rendering, progress.
#include "compiler/tools/session.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "ir/base/display.h"

namespace lathe::tools {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

ExitStatus status_of_error(DiagnosticKind kind) {
  constexpr DiagnosticKind kWhileRunning[] = {DiagnosticKind::FileNotReadable, DiagnosticKind::FileNotWritable,
                                              DiagnosticKind::GuardFailed,     DiagnosticKind::OutOfMemory,
                                              DiagnosticKind::ResultMismatch,  DiagnosticKind::LinkFailed};
  constexpr DiagnosticKind kCommandLine[] = {DiagnosticKind::UnknownModelKind, DiagnosticKind::InputMismatch,
                                             DiagnosticKind::TargetUnusable};
  const auto is_in = [&](const auto& list) {
    return std::find(std::begin(list), std::end(list), kind) != std::end(list);
  };
  if (is_in(kWhileRunning)) return ExitStatus::Failed;
  return is_in(kCommandLine) ? ExitStatus::CommandLineWrong : ExitStatus::ModelWrong;
}

}  // namespace

ExitStatus status_of(const Diagnostics& diagnostics) {
  if (diagnostics.count(Severity::Internal) != 0) return ExitStatus::InternalError;
  bool is_unsupported = false;
  std::optional<ExitStatus> error;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const Severity severity = info(diagnostic.kind).severity;
    is_unsupported |= severity == Severity::Unsupported;
    if (severity != Severity::Error) continue;
    const ExitStatus status = status_of_error(diagnostic.kind);
    // A wrong model is the most telling of several.
    if (!error || status == ExitStatus::ModelWrong) error = status;
  }
  if (error) return *error;
  return is_unsupported ? ExitStatus::Unsupported : ExitStatus::Fine;
}

RenderOptions Session::render_options(const OutputStream& stream) const {
  RenderOptions options;
  if (stream.is_terminal() && !is_set("NO_COLOR")) options.colour = Colour::Always;
  return options;
}

void Session::show(const Diagnostics& diagnostics, const LocationTable& locations, OutputStream& stream) const {
  const std::string text = render_text(diagnostics, locations, render_options(stream));
  if (text.empty()) return;
  stream.write(text);
  const std::string counts = render_counts(diagnostics);
  if (!counts.empty()) stream.write("\n" + counts + "\n");
}

ExitStatus Session::fail(const Diagnostics& diagnostics, const LocationTable& locations) const {
  show(diagnostics, locations, err);
  return status_of(diagnostics);
}

ExitStatus Session::usage_error(std::string_view command, std::string_view message) const {
  const std::string name = command.empty() ? "lathe" : fmt::format("lathe {}", command);
  err.write(fmt::format("{}: {}\n`{} --help` shows what it takes.\n", name, display_text(message), name));
  return ExitStatus::CommandLineWrong;
}

void Session::progress(std::string_view text) const {
  constexpr size_t kLongest = 76;
  if (!err.is_terminal()) return;
  err.write(fmt::format("\r\x1B[K{}", display_text(text, kLongest)));
  err.flush();
}

}  // namespace lathe::tools
