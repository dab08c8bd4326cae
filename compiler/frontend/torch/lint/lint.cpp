// The course of the checks, and the comments that silence them.
#include "compiler/frontend/torch/lint/lint.h"

#include <algorithm>
#include <string>
#include <string_view>

#include "compiler/frontend/torch/lint/trace.h"

namespace lathe::torch {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t' || text.back() == '\r')) text.remove_suffix(1);
  return text;
}

/// `# lathe: ignore[kind, LT0520]` names the kind or its code; without brackets it means every kind.
bool ignores(std::string_view line, DiagnosticKind kind) {
  constexpr std::string_view kMark = "lathe: ignore";
  const size_t comment = line.find('#');
  if (comment == std::string_view::npos) return false;
  const size_t mark = line.find(kMark, comment);
  if (mark == std::string_view::npos) return false;
  std::string_view rest = line.substr(mark + kMark.size());
  if (rest.empty() || rest.front() != '[') return true;
  rest = rest.substr(1, rest.find(']') - 1);
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view name = trimmed(rest.substr(0, comma));
    if (name == info(kind).name || name == info(kind).code) return true;
    rest.remove_prefix(std::min(comma + 1, rest.size()));
  }
  return false;
}

/// `# shape: last axis` says that a Linear is meant for the last axis.
bool means_last_axis(std::string_view line) {
  const size_t comment = line.find('#');
  if (comment == std::string_view::npos) return false;
  const size_t mark = line.find("shape:", comment);
  return mark != std::string_view::npos && trimmed(line.substr(mark + 6)).starts_with("last axis");
}

bool is_silenced(const Diagnostic& diagnostic, const LocationTable& locations) {
  if (info(diagnostic.kind).severity != Severity::Warning || !diagnostic.where.valid()) return false;
  const Location* origin = locations.origin(diagnostic.where);
  const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  if (span == nullptr) return false;
  const uint32_t first = locations.line_column(span->file, span->begin).line;
  const uint32_t last = locations.line_column(span->file, span->end).line;
  for (uint32_t line = first; line <= last; ++line) {
    const std::string_view text = locations.line_text(span->file, line);
    if (ignores(text, diagnostic.kind)) return true;
    if (diagnostic.kind == DiagnosticKind::LinearOnFeatureMap && means_last_axis(text)) return true;
  }
  return false;
}

void run_checks(Trace& trace) {
  check_registration(trace);
  check_views(trace);
  check_broadcasts(trace);
  check_layers(trace);
  check_dropouts(trace);
  check_children(trace);
  check_unused(trace);
}

}  // namespace

void lint(Evaluator& evaluator, const LintOptions& options, Diagnostics& diagnostics) {
  static_cast<void>(evaluator.guarded(diagnostics, [&] {
    Trace trace(evaluator, options, diagnostics);
    run_checks(trace);
    return Status();
  }));
  std::erase_if(diagnostics.all(), [&](const Diagnostic& row) { return is_silenced(row, evaluator.locations()); });
}

}  // namespace lathe::torch
