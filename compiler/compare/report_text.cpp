// The answer for terminals.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "compiler/compare/report.h"
#include "compiler/compare/wording.h"
#include "ir/base/display.h"
#include "ir/base/render_snippet.h"

namespace lathe::comparison {
namespace {

using render::Mark;
using render::Painter;
using render::Style;

constexpr size_t kShownParameters = 16;

// Marks of both sides in one table of locations, so that lines of one file stand together.
class Snippets {
 public:
  Snippets(const Painter& paint, const RenderOptions& options) : paint_(paint), options_(options) {}

  void add(const Module& module, LocationId where, std::string message, bool primary) {
    const Location* origin = module.locations.origin(where);
    if (origin == nullptr) return;
    const auto* span = std::get_if<Span>(origin);
    if (span == nullptr || module.locations.file(span->file).text.empty()) {
      rows_.push_back(fmt::format("{}: {}", display_text(module.locations.describe(where)), message));
      return;
    }
    const SourceFile& source = module.locations.file(span->file);
    const auto [row, is_new] = files_.try_emplace({source.path, source.text});
    if (is_new) {
      row->second = table_.add_file(source.path, source.text);
      order_.push_back(row->second);
    }
    const Span there{row->second, span->begin, span->end};
    marks_.push_back({there, std::move(message), primary});
    gutter_ = std::max(gutter_, fmt::formatted_size("{}", table_.line_column(there.file, there.end).line));
  }

  std::string text() const {
    std::string result;
    std::string_view arrow = "-->";
    for (const FileId file : order_) {
      std::vector<Mark> marks;
      for (const Mark& mark : marks_) {
        if (mark.span.file == file) marks.push_back(mark);
      }
      const LineColumn at = table_.line_column(file, marks.front().span.begin);
      result += fmt::format("{}{} {}:{}:{}\n", std::string(gutter_, ' '), paint_(Style::Gutter, arrow),
                            display_text(table_.file(file).path), at.line, at.column);
      result += render::snippet(marks, table_, gutter_, paint_, options_);
      arrow = ":::";
    }
    for (const std::string& row : rows_) result += fmt::format("  {} {}\n", paint_(Style::Gutter, "-->"), row);
    return result;
  }

 private:
  const Painter& paint_;
  const RenderOptions& options_;
  LocationTable table_;
  std::map<std::pair<std::string, std::string>, FileId> files_;
  std::vector<FileId> order_;
  std::vector<Mark> marks_;
  std::vector<std::string> rows_;
  size_t gutter_ = 2;
};

class Report {
 public:
  Report(const Comparison& comparison, const Side& a, const Side& b, const RenderOptions& options)
      : comparison_(comparison), a_(a), b_(b), options_(options), paint_(options.colour) {}

  std::string run() {
    const Style style = comparison_.same() ? Style::Help : Style::Error;
    text_ += paint_(style, comparison_.same() ? "same" : "different") +
             paint_(Style::Strong, ": " + display_text(comparison_.summary)) + "\n";
    text_ += fmt::format("  A: {}{}\n  B: {}{}\n", display_text(a_.name), a_.train ? " (training mode)" : "",
                         display_text(b_.name), b_.train ? " (training mode)" : "");
    if (!comparison_.same()) text_ += fmt::format("  cause: {}\n", lathe::comparison::text(comparison_.cause));
    places();
    reasons();
    outputs();
    parameters();
    notes();
    return std::move(text_);
  }

 private:
  void places() {
    if (!comparison_.a && !comparison_.b) return;
    Snippets snippets(paint_, options_);
    if (comparison_.a) add(snippets, a_, *comparison_.a, "A");
    if (comparison_.b) add(snippets, b_, *comparison_.b, "B");
    text_ += "\n" + snippets.text();
  }

  void add(Snippets& snippets, const Side& side, const Place& place, std::string_view name) const {
    snippets.add(side.module, place.where, fmt::format("{}: {}", name, display_text(place.says)), !place.is_next);
    const bool is_elsewhere = place.built.valid() && side.module.locations.describe(place.built) !=
                                                         side.module.locations.describe(place.where);
    const bool tells = comparison_.cause == Cause::Attribute || comparison_.cause == Cause::Mode;
    if (is_elsewhere && tells && !place.is_next)
      snippets.add(side.module, place.built, fmt::format("{}: built here", name), false);
  }

  void reasons() {
    if (comparison_.reasons.empty()) return;
    text_ += "\n";
    for (const std::string& reason : comparison_.reasons) {
      const bool is_cure = reason.starts_with("cure: ");
      if (reason.starts_with("also: ")) {
        text_ +=
            fmt::format("  {} {}\n", paint_(Style::Strong, "also:"), display_text(std::string_view(reason).substr(6)));
        continue;
      }
      text_ += fmt::format("  {} {}\n", paint_(is_cure ? Style::Help : Style::Strong, is_cure ? "cure:" : "why:"),
                           display_text(is_cure ? std::string_view(reason).substr(6) : reason));
    }
  }

  void outputs() {
    if (comparison_.outputs.empty()) return;
    text_ += "\noutputs\n";
    for (const OutputRow& row : comparison_.outputs) {
      const std::string name = row.name_a == row.name_b ? row.name_a : fmt::format("{} <-> {}", row.name_a, row.name_b);
      std::string verdict;
      if (row.type_a != row.type_b) {
        verdict = fmt::format("A gives {}, B gives {}", row.type_a, row.type_b);
      } else if (row.difference == 0) {
        verdict = fmt::format("{}  equal", row.type_a);
      } else {
        verdict = fmt::format("{}  at most {} apart; A's largest is {}", row.type_a, number(row.difference),
                              number(row.largest));
      }
      text_ += fmt::format("  {}  {}\n", display_text(name), verdict);
    }
  }

  void parameters() {
    std::vector<std::string> rows;
    size_t equal = 0;
    for (const ParameterRow& row : comparison_.parameters) {
      if (row.a == row.b && row.differs.empty() && !row.transposed) {
        ++equal;
        continue;
      }
      std::string line = row.a == row.b ? row.a : fmt::format("{} <-> {}", row.a, row.b);
      if (row.transposed) line += "  (transposed)";
      if (!row.differs.empty())
        line += "  " + row.differs + (comparison_.same() ? ", and the function is the same" : "");
      rows.push_back(std::move(line));
    }
    if (rows.empty() && equal == 0 && comparison_.only_a.empty() && comparison_.only_b.empty()) return;
    text_ += "\nparameters\n";
    for (size_t i = 0; i < std::min(rows.size(), kShownParameters); ++i) text_ += "  " + display_text(rows[i]) + "\n";
    if (rows.size() > kShownParameters) text_ += fmt::format("  and {} more\n", rows.size() - kShownParameters);
    if (equal != 0)
      text_ +=
          fmt::format("  {} of the same name\n", rows.empty() ? counted(equal, "parameter") : fmt::format("{}", equal));
    only("A", comparison_.only_a);
    only("B", comparison_.only_b);
  }

  void only(std::string_view side, const std::vector<std::string>& names) {
    if (!names.empty()) text_ += fmt::format("  only in {}: {}\n", side, display_text(listed(names)));
  }

  void notes() {
    if (comparison_.notes.empty() && comparison_.values_a == 0) return;
    text_ += "\n";
    for (const std::string& note : comparison_.notes) text_ += fmt::format("  note: {}\n", display_text(note));
    if (comparison_.values_a != 0) {
      text_ += fmt::format("  {} of the {} values of A are found in B\n", comparison_.matched, comparison_.values_a);
    }
  }

  const Comparison& comparison_;
  const Side& a_;
  const Side& b_;
  const RenderOptions& options_;
  Painter paint_;
  std::string text_;
};

}  // namespace

std::string headline(const Comparison& comparison) {
  return fmt::format("{}: {} [{}]", comparison.same() ? "same" : "different", comparison.summary,
                     text(comparison.cause));
}

std::string render_text(const Comparison& comparison, const Side& a, const Side& b, const RenderOptions& options) {
  return Report(comparison, a, b, options).run();
}

}  // namespace lathe::comparison
