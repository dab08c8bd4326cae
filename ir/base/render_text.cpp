// Diagnostics for terminals: a headline, where, snippets with labels, notes, fixes; and the list of unsupported things.
#include <fmt/format.h>

#include <algorithm>

#include "ir/base/display.h"
#include "ir/base/render_snippet.h"

namespace lathe {
namespace {

using render::Mark;
using render::Painter;
using render::Style;

size_t digits(uint32_t number) { return fmt::formatted_size("{}", number); }

const Span* as_span(const LocationTable& locations, LocationId id) {
  const Location* location = locations.origin(id);
  return location == nullptr ? nullptr : std::get_if<Span>(location);
}

const ModelLocation* as_model(const LocationTable& locations, LocationId id) {
  const Location* location = locations.origin(id);
  return location == nullptr ? nullptr : std::get_if<ModelLocation>(location);
}

// A place that has no source lines and what is said of it.
struct Row {
  std::string place;
  std::string message;
};

// Continues on further lines, indented, when the text has line ends of its own.
std::string indented(std::string_view text, size_t indent) {
  std::string result;
  while (true) {
    const size_t newline = text.find('\n');
    result += display_text(text.substr(0, newline));
    if (newline == std::string_view::npos) return result;
    text.remove_prefix(newline + 1);
    result += "\n" + std::string(indent, ' ');
  }
}

class TextRenderer {
 public:
  TextRenderer(const Diagnostic& diagnostic, const LocationTable& locations, const RenderOptions& options)
      : diagnostic_(diagnostic), locations_(locations), options_(options), paint_(options.colour) {
    gutter_ = 2;
    widen(diagnostic.where);
    for (const Label& label : diagnostic.labels) widen(label.where);
    for (const FixIt& fix : diagnostic.fixes) {
      for (const Edit& edit : fix.edits) gutter_ = std::max(gutter_, digits(line_of(edit.where.file, edit.where.end)));
    }
  }

  std::string run() {
    headline();
    places();
    details();
    return std::move(text_);
  }

 private:
  [[nodiscard]] uint32_t line_of(FileId file, uint32_t offset) const {
    return locations_.line_column(file, offset).line;
  }

  void widen(LocationId where) {
    if (const Span* span = as_span(locations_, where))
      gutter_ = std::max(gutter_, digits(line_of(span->file, span->end)));
  }

  [[nodiscard]] std::string margin() const { return std::string(gutter_ + 1, ' '); }
  [[nodiscard]] std::string bar() const { return paint_(Style::Gutter, margin() + "|"); }

  void headline() {
    const DiagnosticInfo& kind = info(diagnostic_.kind);
    text_ += paint_(render::style_of(kind.severity), fmt::format("{}[{}]", text(kind.severity), kind.code));
    text_ += paint_(Style::Strong, ": " + display_text(diagnostic_.message)) + "\n";
  }

  void arrow(std::string_view sign, const std::string& place) {
    text_ += std::string(gutter_, ' ') + paint_(Style::Gutter, sign) + " " + place + "\n";
  }

  [[nodiscard]] std::string place_of(LocationId where) const { return display_text(locations_.describe(where)); }

  void places() {
    const Span* primary = as_span(locations_, diagnostic_.where);
    const LocationId origin = locations_.origin_id(diagnostic_.where);
    if (origin.valid()) arrow("-->", place_of(origin));

    std::vector<Mark> marks;
    std::vector<Mark> elsewhere;
    std::vector<Row> rows;
    bool primary_is_labelled = false;
    for (const Label& label : diagnostic_.labels) {
      const Span* span = as_span(locations_, label.where);
      if (span == nullptr || locations_.file(span->file).text.empty()) {
        rows.push_back({row_place(label.where), label.message});
        continue;
      }
      const bool is_primary = label.primary || (primary != nullptr && *span == *primary);
      primary_is_labelled |= primary != nullptr && *span == *primary;
      const bool here = primary != nullptr && span->file == primary->file;
      (here ? marks : elsewhere).push_back({*span, label.message, is_primary});
    }
    if (primary != nullptr && !locations_.file(primary->file).text.empty()) {
      if (!primary_is_labelled) marks.insert(marks.begin(), {*primary, {}, true});
      const auto here =
          std::find_if(marks.begin(), marks.end(), [&](const Mark& mark) { return mark.span == *primary; });
      std::rotate(marks.begin(), here, std::next(here));
      text_ += render::snippet(marks, locations_, gutter_, paint_, options_);
    } else {
      elsewhere.insert(elsewhere.begin(), marks.begin(), marks.end());
    }
    while (!elsewhere.empty()) {
      const FileId file = elsewhere.front().span.file;
      std::vector<Mark> group;
      std::erase_if(elsewhere, [&](const Mark& mark) {
        if (mark.span.file != file) return false;
        group.push_back(mark);
        return true;
      });
      const LineColumn at = locations_.line_column(file, group.front().span.begin);
      arrow(":::", fmt::format("{}:{}:{}", display_text(locations_.file(file).path), at.line, at.column));
      text_ += render::snippet(group, locations_, gutter_, paint_, options_);
    }
    add_rows(rows);
  }

  // The place of a label that has no source line; the file is left out when it is the diagnostic's own.
  [[nodiscard]] std::string row_place(LocationId where) const {
    const ModelLocation* model = as_model(locations_, where);
    if (model == nullptr) return locations_.origin(where) == nullptr ? std::string() : place_of(where);
    const ModelLocation* primary = as_model(locations_, diagnostic_.where);
    if (primary != nullptr && primary->file == model->file) {
      if (locations_.origin_id(where) == locations_.origin_id(diagnostic_.where)) return "here";
      if (!model->what.empty()) return render::describe_element(*model);
    }
    return place_of(where);
  }

  void add_rows(const std::vector<Row>& rows) {
    if (rows.empty()) return;
    constexpr size_t kWidestPlace = 50;
    size_t width = 0;
    for (const Row& row : rows) width = std::max(width, std::min(display_width(row.place), kWidestPlace));
    text_ += bar() + "\n";
    for (const Row& row : rows) {
      const size_t own = display_width(row.place);
      const std::string padding(own < width ? width - own : 0, ' ');
      const std::string_view gap = width == 0 ? "" : "  ";
      text_ += fmt::format("{} {}{}{}{}\n", bar(), paint_(Style::Gutter, row.place), padding, gap,
                           indented(row.message, gutter_ + 3 + width + gap.size()));
    }
  }

  void detail(std::string_view word, Style style, std::string_view text) {
    const size_t indent = gutter_ + 3 + word.size() + 2;
    text_ += fmt::format("{} {} {}: {}\n", std::string(gutter_, ' '), paint_(Style::Gutter, "="), paint_(style, word),
                         indented(text, indent));
  }

  void details() {
    const ModelLocation* model = as_model(locations_, diagnostic_.where);
    const bool layer_is_named = model != nullptr && model->name == diagnostic_.layer;
    if (diagnostic_.where.valid()) {
      if (const auto* fused = std::get_if<FusedLocation>(&locations_[diagnostic_.where])) fused_with(*fused);
    }
    if (!diagnostic_.layer.empty() && !layer_is_named) detail("layer", Style::Strong, quoted_name(diagnostic_.layer));
    for (const std::string& note : diagnostic_.notes) detail("note", Style::Strong, note);
    for (const FixIt& fix : diagnostic_.fixes) {
      detail("help", Style::Help, fix.verified ? fix.title : fix.title + " (not checked)");
      text_ += render::fix_preview(fix, locations_, gutter_, paint_, options_);
    }
  }

  void fused_with(const FusedLocation& fused) {
    constexpr size_t kMost = 4;
    std::string names;
    for (size_t i = 1; i < fused.parents.size() && i <= kMost; ++i) {
      names += (i == 1 ? "" : ", ") + row_place(fused.parents[i]);
    }
    if (fused.parents.size() > kMost + 1) names += fmt::format(" and {} more", fused.parents.size() - kMost - 1);
    if (!names.empty()) detail("note", Style::Strong, "fused with " + names);
  }

  const Diagnostic& diagnostic_;
  const LocationTable& locations_;
  const RenderOptions& options_;
  Painter paint_;
  size_t gutter_ = 2;
  std::string text_;
};

// Unsupported diagnostics with the same message.
struct Group {
  std::string message;
  std::vector<const Diagnostic*> members;
};

std::string plural(size_t count, std::string_view one, std::string_view many) {
  return fmt::format("{} {}", count, count == 1 ? one : many);
}

std::string render_unsupported(const std::vector<const Diagnostic*>& all, const LocationTable& locations,
                               const RenderOptions& options) {
  const Painter paint(options.colour);
  std::vector<Group> groups;
  for (const Diagnostic* diagnostic : all) {
    const auto same = [&](const Group& group) { return group.message == diagnostic->message; };
    auto found = std::find_if(groups.begin(), groups.end(), same);
    if (found == groups.end()) found = groups.insert(groups.end(), Group{diagnostic->message, {}});
    found->members.push_back(diagnostic);
  }
  const DiagnosticInfo& kind = info(all.front()->kind);
  std::string text =
      paint(Style::Unsupported, fmt::format("unsupported[{}]", kind.code)) +
      paint(Style::Strong, fmt::format(": the model is valid, but {} in it {} not supported",
                                       plural(groups.size(), "thing", "things"), groups.size() == 1 ? "is" : "are")) +
      "\n";
  const auto file_of = [&](const Diagnostic& diagnostic) -> FileId {
    const Location* location = locations.origin(diagnostic.where);
    if (location == nullptr) return {};
    if (const auto* span = std::get_if<Span>(location)) return span->file;
    return std::get<ModelLocation>(*location).file;
  };
  const FileId file = file_of(*all.front());
  const bool one_file = std::all_of(all.begin(), all.end(), [&](const Diagnostic* d) { return file_of(*d) == file; });
  if (one_file && file.valid()) {
    text += "  " + paint(Style::Gutter, "-->") + " " + display_text(locations.file(file).path) + "\n";
  }
  const std::string bar = paint(Style::Gutter, "   |");
  text += bar + "\n";
  for (const Group& group : groups) {
    text += fmt::format("{} {}\n", bar, display_text(group.message));
    std::string names;
    const size_t shown = std::min(group.members.size(), options.nodes_per_message);
    bool is_named = false;
    for (size_t i = 0; i < shown; ++i) {
      const Diagnostic& member = *group.members[i];
      const ModelLocation* model = as_model(locations, member.where);
      if (i > 0) names += ", ";
      names += model != nullptr && one_file && !model->what.empty() ? render::describe_element(*model)
                                                                    : display_text(locations.describe(member.where));
      is_named = model != nullptr && group.message.find("`" + model->name + "`") != std::string::npos;
    }
    if (group.members.size() > shown) names += fmt::format(" and {} more", group.members.size() - shown);
    if (group.members.size() > 1) {
      text += fmt::format("{}     {} places: {}\n", bar, group.members.size(), names);
    } else if (!is_named && group.members.front()->where.valid()) {
      text += fmt::format("{}     at {}\n", bar, names);
    }
    std::vector<std::string> notes;
    for (const Diagnostic* member : group.members) {
      for (const std::string& note : member->notes) {
        if (std::find(notes.begin(), notes.end(), note) == notes.end() && notes.size() < options.nodes_per_message) {
          notes.push_back(note);
        }
      }
    }
    for (const std::string& note : notes) text += fmt::format("{}     note: {}\n", bar, indented(note, 15));
  }
  return text;
}

}  // namespace

std::string render_text(const Diagnostic& diagnostic, const LocationTable& locations, const RenderOptions& options) {
  return TextRenderer(diagnostic, locations, options).run();
}

std::string render_text(const Diagnostics& diagnostics, const LocationTable& locations, const RenderOptions& options) {
  std::string result;
  std::vector<const Diagnostic*> unsupported;
  const auto add = [&](const std::string& part) { result += (result.empty() ? "" : "\n") + part; };
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    // Kinds with a text of their own show their place; the others are one list.
    if (diagnostic.kind == DiagnosticKind::Unsupported) {
      unsupported.push_back(&diagnostic);
    } else {
      add(render_text(diagnostic, locations, options));
    }
  }
  if (!unsupported.empty()) add(render_unsupported(unsupported, locations, options));
  if (diagnostics.dropped() != 0) {
    add(fmt::format("{} not shown\n", plural(diagnostics.dropped(), "more error is", "more errors are")));
  }
  return result;
}

namespace {

// Distinct messages of severity Unsupported, as the list shows them.
size_t unsupported_things(const Diagnostics& diagnostics) {
  std::vector<std::string_view> messages;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    if (info(diagnostic.kind).severity == Severity::Unsupported) messages.push_back(diagnostic.message);
  }
  std::sort(messages.begin(), messages.end());
  return static_cast<size_t>(std::unique(messages.begin(), messages.end()) - messages.begin());
}

}  // namespace

std::string render_counts(const Diagnostics& diagnostics) {
  std::string result;
  const auto add = [&](size_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    result += (result.empty() ? "" : ", ") + plural(count, one, many);
  };
  add(diagnostics.count(Severity::Internal), "internal error", "internal errors");
  add(diagnostics.count(Severity::Error) + diagnostics.dropped(), "error", "errors");
  add(unsupported_things(diagnostics), "unsupported thing", "unsupported things");
  add(diagnostics.count(Severity::Warning), "warning", "warnings");
  return result;
}

}  // namespace lathe
