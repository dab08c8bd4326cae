// A trace as a table for people.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "compiler/tools/input_values.h"
#include "compiler/tools/layers.h"
#include "compiler/tools/trace_report.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

constexpr std::array<std::string_view, 11> kTitles = {"#",    "layer", "op",  "output", "min",    "max",
                                                      "mean", "std",   "NaN", "Inf",    "time us"};
constexpr size_t kFirstNumber = 4;  ///< columns from here on are aligned to the right
using Cells = std::array<std::string, kTitles.size()>;

std::string number(double value) { return fmt::format("{:.4g}", value); }

void add_statistics(const TracedTensor& traced, Cells& cells) {
  if (traced.tensor == nullptr) return;
  cells[3] = compact_text(Type(borrow(*traced.tensor).type));
  if (!traced.statistics) return;
  const Statistics& found = *traced.statistics;
  if (found.finite() != 0) {
    cells[4] = number(found.least);
    cells[5] = number(found.most);
    cells[6] = number(found.mean);
    cells[7] = number(found.deviation);
  }
  cells[8] = fmt::to_string(found.nan);
  cells[9] = fmt::to_string(found.infinite);
}

std::string short_time(double microseconds) {
  return microseconds < 10 ? fmt::format("{:.2f}", microseconds) : fmt::format("{:.1f}", microseconds);
}

std::string time_text(const LayerTime& time) {
  switch (time.kind) {
    case LayerTime::Kind::Own: return short_time(time.microseconds);
    case LayerTime::Kind::Shared: return fmt::format("in #{}", time.with + 1);
    case LayerTime::Kind::None: return "-";
    case LayerTime::Kind::Unknown: return "?";
  }
  return {};
}

// A row for each result; those behind the first have no name.
void add_rows(std::string index, std::string name, std::string op, std::span<const TracedTensor> tensors,
              std::string time, std::vector<Cells>& rows) {
  constexpr size_t kWidest = 48;
  Cells first{std::move(index), display_text(name, kWidest), display_text(op, kWidest)};
  first.back() = std::move(time);
  for (size_t i = 0; i < std::max<size_t>(1, tensors.size()); ++i) {
    Cells cells = i == 0 ? first : Cells{};
    if (i < tensors.size()) add_statistics(tensors[i], cells);
    rows.push_back(std::move(cells));
  }
}

std::string table(const std::vector<Cells>& rows, size_t columns) {
  std::array<size_t, kTitles.size()> widths{};
  for (size_t column = 0; column < columns; ++column) {
    widths[column] = kTitles[column].size();
    for (const Cells& cells : rows) widths[column] = std::max(widths[column], display_width(cells[column]));
  }
  std::string text;
  const auto add_line = [&](const auto& cells) {
    std::string line;
    for (size_t column = 0; column < columns; ++column) {
      const std::string blanks(widths[column] - display_width(cells[column]), ' ');
      line += column == 0 ? "" : "  ";
      line += column == 0 || column >= kFirstNumber ? blanks + std::string(cells[column])
                                                    : std::string(cells[column]) + blanks;
    }
    line.erase(line.find_last_not_of(' ') + 1);
    text += line + "\n";
  };
  add_line(kTitles);
  for (const Cells& cells : rows) add_line(cells);
  return text;
}

std::string explanation(const TraceReport& report) {
  if (!report.nonfinite) return "no NaN and no infinity\n";
  const NonFinite& found = *report.nonfinite;
  std::string text = found.harmless ? "note: " : "";
  for (size_t i = 0; i < found.text.size(); ++i) text += (i == 0 ? "" : "  ") + found.text[i] + "\n";
  const Location* origin = report.locations->origin(found.where);
  const Span* span = origin == nullptr ? nullptr : std::get_if<Span>(origin);
  if (span == nullptr) return text;
  const uint32_t line = report.locations->line_column(span->file, span->begin).line;
  return text + fmt::format("  --> {}\n  {:>4} | {}\n", report.locations->describe(found.where), line,
                            display_text(report.locations->line_text(span->file, line)));
}

std::string times(const TraceReport& report) {
  if (!report.has_time) return fmt::format("\nbackend: {}\n", report.backend);
  std::string text = fmt::format("\ntime: {}, {} {}; one run takes {} us", report.backend, report.threads,
                                 report.threads == 1 ? "thread" : "threads", short_time(report.run_us));
  if (report.rounds > 1) text += fmt::format(" (median of {})", report.rounds);
  if (report.outside_us > 0) text += fmt::format("; {} us outside of layers", short_time(report.outside_us));
  text += "\n";
  if (!report.no_times.empty()) return text + fmt::format("no times of layers: {}\n", report.no_times);
  const auto has = [&](LayerTime::Kind kind) {
    return std::any_of(report.layers.begin(), report.layers.end(),
                       [&](const TracedLayer& layer) { return layer.time.kind == kind; });
  };
  if (has(LayerTime::Kind::Shared)) text += "  in #N: computed in the same step as layer N, whose time includes it\n";
  if (has(LayerTime::Kind::None)) text += "  -: no step of its own: folded into weights, a view, or not needed\n";
  return text;
}

}  // namespace

std::string as_text(const TraceReport& report, size_t written) {
  if (report.layers.empty() && report.outputs.empty()) {
    return fmt::format("nothing runs in {}: name a model in it, such as `net.py:Net()`\n", display_text(report.model));
  }
  std::vector<Cells> rows;
  for (const TracedPort& input : report.inputs) add_rows("", input.name, "input", {&input.tensor, 1}, "", rows);
  for (size_t i = 0; i < report.layers.size(); ++i) {
    const TracedLayer& layer = report.layers[i];
    add_rows(fmt::to_string(i + 1), layer.layer->name, layer.layer->op, layer.tensors, time_text(layer.time), rows);
    if (layer.tensors.empty()) rows.back()[3] = layer.layer->output;
  }
  for (const TracedPort& output : report.outputs) add_rows("", output.name, "output", {&output.tensor, 1}, "", rows);
  std::string text = table(rows, report.has_time ? kTitles.size() : kTitles.size() - 1) + "\n" + explanation(report);
  if (written != 0) text += fmt::format("\n{} files written\n", written);
  return text + times(report);
}

}  // namespace lathe::tools
