// The table of debug levels and environment variables, and what they switch on.
#include "compiler/tools/debug.h"

#include <fmt/format.h>

#include <charconv>
#include <cstdlib>

namespace lathe::tools {
namespace {

struct Row {
  std::string_view name;
  std::string_view meaning;
};

enum Level : int { Times = 1, Changes = 2, CheckEachPass = 3, PrintAll = 4 };

constexpr Row kLevels[] = {
    {"1", "time and number of changes of every pass"},
    {"2", "and the graph after every pass that changed it"},
    {"3", "and the verifier and the text round trip after every pass"},
    {"4", "and the graph after every pass"},
};

constexpr Row kVariables[] = {
    {"LATHE_DEBUG=LEVEL,PASS...", "the levels above; a pass by name prints the graph after it"},
    {"LATHE_TARGET=NAME", "instruction set of the runtime's kernels, see `lathe targets`"},
    {"NO_COLOR=1", "no colours on a terminal"},
    {"LATHE_BLESS=1", "tests: write what came out as the new expectation of golden files"},
    {"LATHE_SHARED=FOLDER", "tests: where the shared test data lies"},
};

}  // namespace

DebugSettings parse_debug(std::string_view text) {
  DebugSettings settings;
  while (!text.empty()) {
    const size_t comma = std::min(text.find(','), text.size());
    const std::string_view word = text.substr(0, comma);
    text.remove_prefix(std::min(comma + 1, text.size()));
    int level = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), level);
    if (error == std::errc{} && end == word.data() + word.size()) {
      settings.level = level;
    } else if (!word.empty()) {
      settings.passes.emplace_back(word);
    }
  }
  return settings;
}

DebugSettings debug_settings() {
  const char* value = std::getenv("LATHE_DEBUG");
  return value == nullptr ? DebugSettings{} : parse_debug(value);
}

void apply_debug(passes::PipelineOptions& options, const Session& session) {
  const DebugSettings settings = debug_settings();
  options.print_after.insert(options.print_after.end(), settings.passes.begin(), settings.passes.end());
  if (settings.level >= Changes) options.print_changed = true;
  if (settings.level >= CheckEachPass) options.verify_each = options.round_trip = true;
  if (settings.level >= PrintAll) options.print_after.emplace_back("all");
  if (!options.print) options.print = [&session](std::string_view text) { session.err.write(text); };
}

void show_reports(const std::vector<passes::PassReport>& reports, const Session& session) {
  if (debug_settings().level < Times) return;
  for (const passes::PassReport& report : reports) {
    session.err.write(
        fmt::format("{:<24} {:>9.3f} ms  {} changes\n", report.pass, report.milliseconds, report.changes));
  }
}

std::string debug_help() {
  constexpr size_t kColumn = 28;
  std::string text = "LATHE_DEBUG=LEVEL shows on standard error what the compiler does:\n\n";
  for (const Row& row : kLevels) text += fmt::format("  {:<{}}{}\n", row.name, kColumn, row.meaning);
  text += "\nEnvironment variables:\n\n";
  for (const Row& row : kVariables) text += fmt::format("  {:<{}}{}\n", row.name, kColumn, row.meaning);
  return text;
}

}  // namespace lathe::tools
