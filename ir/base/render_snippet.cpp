// Source snippets and previews of fixes.
#include "ir/base/render_snippet.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <span>

#include "ir/base/display.h"

namespace lathe::render {
namespace {

// A part of one source line that fits into a width, and the columns of the marked bytes in it.
struct CutLine {
  std::string text;
  size_t marked_column = 0;
  size_t marked_width = 1;
};

// Shows `line` so that the bytes [begin, end) are visible. Only a bounded stretch around them is looked at.
CutLine cut(std::string_view line, size_t begin, size_t end, size_t width) {
  begin = std::min(begin, line.size());
  end = std::clamp(end, begin, line.size());
  const size_t budget = std::max<size_t>(width, 40);
  // A third of the width stands before the mark when the line is too long.
  size_t first = 0;
  if (begin > budget / 3 && line.size() > budget) {
    first = begin - budget / 3;
    while (first < begin && (static_cast<unsigned char>(line[first]) & 0xC0) == 0x80) ++first;
  }
  const std::string_view stretch = line.substr(first, 4 * budget);
  CutLine result;
  size_t column = 0;
  if (first > 0) {
    result.text = "...";
    column = 3;
  }
  result.marked_column = column;
  size_t marked_end = column;
  bool cut_short = first + stretch.size() < line.size();
  for (const DisplayCell& cell : display_cells(stretch)) {
    if (column + cell.width > budget) {
      cut_short = true;
      break;
    }
    if (first + cell.offset <= begin) result.marked_column = column;
    if (first + cell.offset < begin && begin == line.size()) result.marked_column = column + cell.width;
    result.text += cell.shown;
    column += cell.width;
    if (first + cell.offset < end) marked_end = column;
  }
  if (cut_short) result.text += "...";
  result.marked_width = std::max<size_t>(1, marked_end > result.marked_column ? marked_end - result.marked_column : 1);
  return result;
}

std::string gutter_text(std::string_view number, size_t gutter) { return fmt::format("{:>{}} ", number, gutter); }

// One marked stretch within one line.
struct LineMark {
  uint32_t line = 1;
  size_t begin = 0;  // byte offsets in the line
  size_t end = 0;
  std::string message;
  bool primary = false;
};

void add_line_marks(const Mark& mark, const LocationTable& locations, std::vector<LineMark>& result) {
  const LineColumn begin = locations.line_column(mark.span.file, mark.span.begin);
  const LineColumn end = locations.line_column(mark.span.file, mark.span.end);
  if (begin.line == end.line) {
    result.push_back({begin.line, begin.column - 1, end.column - 1, mark.message, mark.primary});
    return;
  }
  const std::string_view first_line = locations.line_text(mark.span.file, begin.line);
  result.push_back({begin.line, begin.column - 1, first_line.size(), {}, mark.primary});
  // An end at the start of a line belongs to the line before.
  const uint32_t last = end.column == 1 ? end.line - 1 : end.line;
  if (last == begin.line) {
    result.back().message = mark.message;
    return;
  }
  const std::string_view last_line = locations.line_text(mark.span.file, last);
  const size_t indent = std::min(last_line.find_first_not_of(" \t"), last_line.size());
  const size_t last_end = last == end.line ? end.column - 1 : last_line.size();
  result.push_back({last, std::min(indent, last_end), last_end, mark.message, mark.primary});
}

}  // namespace

std::string Painter::operator()(Style style, std::string_view text) const {
  if (colour_ == Colour::Never || text.empty()) return std::string(text);
  const auto code = [&]() -> std::string_view {
    switch (style) {
      case Style::Error: return "1;31";
      case Style::Warning: return "1;33";
      case Style::Remark: return "1;36";
      case Style::Unsupported: return "1;35";
      case Style::Gutter: return "1;34";
      case Style::Help: return "32";
      case Style::Strong: return "1";
    }
    return "0";
  };
  return fmt::format("\x1B[{}m{}\x1B[0m", code(), text);
}

Style style_of(Severity severity) {
  switch (severity) {
    case Severity::Error:
    case Severity::Internal: return Style::Error;
    case Severity::Unsupported: return Style::Unsupported;
    case Severity::Warning: return Style::Warning;
    case Severity::Remark: return Style::Remark;
  }
  return Style::Error;
}

std::string snippet(const std::vector<Mark>& marks, const LocationTable& locations, size_t gutter, const Painter& paint,
                    const RenderOptions& options) {
  if (marks.empty()) return {};
  const FileId file = marks.front().span.file;
  std::vector<LineMark> stretches;
  for (const Mark& mark : marks) add_line_marks(mark, locations, stretches);
  std::vector<uint32_t> lines;
  for (const LineMark& stretch : stretches) {
    if (std::find(lines.begin(), lines.end(), stretch.line) == lines.end()) lines.push_back(stretch.line);
  }
  const std::string bar = paint(Style::Gutter, gutter_text("", gutter) + "|");
  std::string text = bar + "\n";
  uint32_t previous = 0;
  for (const uint32_t line : lines) {
    if (previous != 0 && line != previous + 1) text += paint(Style::Gutter, "...") + "\n";
    previous = line;
    std::optional<std::string> shown_source;
    for (const LineMark& stretch : stretches) {
      if (stretch.line != line) continue;
      const CutLine part = cut(locations.line_text(file, line), stretch.begin, stretch.end, options.width);
      // A long line is shown again when another stretch of it is marked.
      if (part.text != shown_source) {
        shown_source = part.text;
        text += paint(Style::Gutter, gutter_text(fmt::format("{}", line), gutter) + "|");
        text += part.text.empty() ? "\n" : fmt::format(" {}\n", part.text);
      }
      std::string carets(part.marked_width, stretch.primary ? '^' : '-');
      if (!stretch.message.empty()) carets += " " + display_text(stretch.message);
      text += fmt::format("{} {}{}\n", bar, std::string(part.marked_column, ' '),
                          paint(stretch.primary ? Style::Error : Style::Gutter, carets));
    }
  }
  return text;
}

namespace {

/// Neighbouring edits, and the lines that they change.
struct Change {
  uint32_t first_line = 0;  ///< of the old text
  std::vector<std::string> removed;
  std::vector<std::string> added;
};

std::vector<std::string> lines_of(std::string_view text) {
  std::vector<std::string> lines;
  while (true) {
    const size_t newline = text.find('\n');
    lines.emplace_back(text.substr(0, newline));
    if (newline == std::string_view::npos) return lines;
    text.remove_prefix(newline + 1);
  }
}

/// What edits of neighbouring lines do to them, without the lines that stay as they are at both ends.
Change change_of(std::span<const Edit> edits, const LocationTable& locations) {
  const FileId file = edits.front().where.file;
  const std::string_view source = locations.file(file).text;
  const uint32_t last = locations.line_column(file, edits.back().where.end).line;
  Change change{.first_line = locations.line_column(file, edits.front().where.begin).line, .removed = {}, .added = {}};
  const size_t begin = locations.file(file).line_starts[change.first_line - 1];
  const size_t end = locations.file(file).line_starts[last - 1] + locations.line_text(file, last).size();
  std::string changed;
  size_t from = begin;
  for (const Edit& edit : edits) {
    changed += source.substr(from, edit.where.begin - from);
    changed += edit.text;
    from = edit.where.end;
  }
  changed += source.substr(from, end - from);
  change.removed = lines_of(source.substr(begin, end - begin));
  change.added = lines_of(changed);
  const auto both = [&] { return !change.removed.empty() && !change.added.empty(); };
  while (both() && change.removed.back() == change.added.back()) {
    change.removed.pop_back();
    change.added.pop_back();
  }
  while (both() && change.removed.front() == change.added.front()) {
    change.removed.erase(change.removed.begin());
    change.added.erase(change.added.begin());
    ++change.first_line;
  }
  return change;
}

/// Edits in the order of their places, those of the same or of neighbouring lines together. Nothing for edits that
/// can't be shown: of several files, overlapping, or beyond the end.
std::vector<Change> changes_of(const FixIt& fix, const LocationTable& locations) {
  std::vector<Edit> edits = fix.edits;
  std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.where.begin < b.where.begin; });
  std::vector<Change> changes;
  size_t first = 0;
  for (size_t i = 0; i < edits.size(); ++i) {
    const Span& where = edits[i].where;
    const FileId file = edits.front().where.file;
    if (where.file != file || where.end > locations.file(file).text.size()) return {};
    if (i > 0 && where.begin < edits[i - 1].where.end) return {};
    const bool is_last = i + 1 == edits.size();
    if (!is_last &&
        locations.line_column(file, edits[i + 1].where.begin).line <= locations.line_column(file, where.end).line + 1) {
      continue;
    }
    changes.push_back(change_of(std::span(edits).subspan(first, i + 1 - first), locations));
    first = i + 1;
  }
  return changes;
}

}  // namespace

std::string fix_preview(const FixIt& fix, const LocationTable& locations, size_t gutter, const Painter& paint,
                        const RenderOptions& options) {
  constexpr size_t kMostLines = 8;
  std::string text;
  const auto add_lines = [&](const std::vector<std::string>& lines, uint32_t line, char sign, Style style) {
    for (size_t i = 0; i < lines.size(); ++i, ++line) {
      if (i == kMostLines) {
        text += gutter_text("", gutter) + paint(style, fmt::format("{} ...", sign)) + "\n";
        return;
      }
      const std::string shown = cut(lines[i], 0, 0, options.width).text;
      text += paint(Style::Gutter, gutter_text(fmt::format("{}", line), gutter)) +
              paint(style, shown.empty() ? std::string(1, sign) : fmt::format("{} {}", sign, shown)) + "\n";
    }
  };
  int64_t shift = 0;
  for (const Change& change : changes_of(fix, locations)) {
    text +=
        text.empty() ? paint(Style::Gutter, gutter_text("", gutter) + "|") + "\n" : paint(Style::Gutter, "...") + "\n";
    add_lines(change.removed, change.first_line, '-', Style::Error);
    add_lines(change.added, static_cast<uint32_t>(change.first_line + shift), '+', Style::Help);
    shift += static_cast<int64_t>(change.added.size()) - static_cast<int64_t>(change.removed.size());
  }
  return text;
}

std::string describe_element(const ModelLocation& model) {
  if (model.what.empty()) return {};
  std::string text = model.what;
  text += model.name.empty() ? fmt::format(" #{}", model.index) : " " + quoted_name(model.name);
  if (!model.op.empty()) text += fmt::format(" ({})", display_text(model.op, 100));
  return text;
}

}  // namespace lathe::render
