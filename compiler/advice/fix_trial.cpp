// Edited copies of sources, and what is left of the faults in them.
#include "compiler/advice/fix_trial.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <tuple>

namespace lathe::advice {
namespace {

struct LineRange {
  uint32_t first = 0;
  uint32_t last = 0;
};

bool is_fault(const Diagnostic& diagnostic) {
  const Severity severity = info(diagnostic.kind).severity;
  return severity == Severity::Error || severity == Severity::Unsupported || severity == Severity::Internal;
}

/// Faults of values that go through a model, not of the text that builds it.
bool is_about_sizes(DiagnosticKind kind) {
  switch (kind) {
    case DiagnosticKind::Syntax:
    case DiagnosticKind::Constructor:
    case DiagnosticKind::UnknownName:
    case DiagnosticKind::BadArgument:
    case DiagnosticKind::PythonError:
    case DiagnosticKind::MissingSuperInit: return false;
    default: return true;
  }
}

const Span* span_of(LocationId where, const LocationTable& locations) {
  const Location* origin = locations.origin(where);
  return origin == nullptr ? nullptr : std::get_if<Span>(origin);
}

uint32_t newlines(std::string_view text) { return static_cast<uint32_t>(std::count(text.begin(), text.end(), '\n')); }

/// Where things of the old text are in the new one.
class Mapping {
 public:
  Mapping(const std::vector<Edit>& edits, const LocationTable& locations) : edits_(edits), locations_(locations) {}

  /// The lines that the span has come to, together with what was inserted at its ends.
  [[nodiscard]] LineRange lines(const Span& span) const {
    return {line(span.file, span.begin, false), line(span.file, span.end, true)};
  }
  /// The same in bytes of the new text.
  [[nodiscard]] Span bytes(const Span& span) const {
    return {span.file, offset(span.file, span.begin, false), offset(span.file, span.end, true)};
  }

 private:
  [[nodiscard]] uint32_t line(FileId file, uint32_t offset, bool with_insertions) const {
    uint32_t result = locations_.line_column(file, offset).line;
    const std::string& text = locations_.file(file).text;
    for (const Edit& edit : edits_) {
      if (edit.where.file != file) continue;
      const bool is_before = edit.where.end < offset || (edit.where.end == offset && with_insertions);
      if (!is_before) continue;
      const std::string_view removed =
          std::string_view(text).substr(edit.where.begin, edit.where.end - edit.where.begin);
      result = result + newlines(edit.text) - newlines(removed);
    }
    return result;
  }

  [[nodiscard]] uint32_t offset(FileId file, uint32_t old, bool with_insertions) const {
    uint32_t result = old;
    for (const Edit& edit : edits_) {
      if (edit.where.file != file) continue;
      const bool is_before = edit.where.end < old || (edit.where.end == old && with_insertions);
      if (is_before) result += static_cast<uint32_t>(edit.text.size()) - (edit.where.end - edit.where.begin);
    }
    return result;
  }

  const std::vector<Edit>& edits_;
  const LocationTable& locations_;
};

/// One fault or warning of the edited model, by what identifies it.
struct Found {
  const Diagnostic* diagnostic = nullptr;
  std::string path;
  uint32_t line = 0;
  uint32_t begin = 0;      ///< in bytes
  uint32_t statement = 0;  ///< 0 when it has none
};

std::vector<Found> found_in(const Outcome& outcome) {
  std::vector<Found> result;
  const LocationTable& locations = outcome.module->locations;
  for (const Diagnostic& diagnostic : outcome.diagnostics.all()) {
    Found row{.diagnostic = &diagnostic, .path = {}, .line = 0, .begin = 0, .statement = 0};
    if (const Span* span = span_of(diagnostic.where, locations)) {
      row.path = locations.file(span->file).path;
      row.line = locations.line_column(span->file, span->begin).line;
      row.begin = span->begin;
    }
    if (const Span* span = span_of(diagnostic.statement, locations)) {
      row.statement = locations.line_column(span->file, span->begin).line;
    }
    result.push_back(std::move(row));
  }
  return result;
}

/// What came of one fix.
struct Result {
  bool cured = false;
  size_t errors_left = 0;
  size_t warnings_left = 0;
  std::set<uint32_t> broken_lines = {};  ///< statements that fail now and did not before
  const Diagnostic* next = nullptr;      ///< what the same statement fails with now
  uint32_t next_line = 0;
  std::string gives = {};  ///< the shape that the statement or the model has now
};

class Trials {
 public:
  Trials(const Diagnostics& before, const LocationTable& locations, const Reload& reload, size_t most)
      : before_(before), locations_(locations), reload_(reload), left_(most) {}

  /// Nothing when no trial is left.
  std::optional<Result> run(const Diagnostic& fault, const FixIt& fix) {
    const Outcome* outcome = load(edited(fix.edits, locations_));
    if (outcome == nullptr) return std::nullopt;
    return judge(fault, fix, *outcome);
  }

 private:
  const Outcome* load(EditedFiles files) {
    const auto known = outcomes_.find(files);
    if (known != outcomes_.end()) return &known->second;
    if (left_ == 0) return nullptr;
    --left_;
    Outcome outcome = reload_(files);
    return &outcomes_.emplace(std::move(files), std::move(outcome)).first->second;
  }

  [[nodiscard]] bool same_statement(const Diagnostic& fault, const Found& row, const Mapping& mapping) const {
    const Span* statement = span_of(fault.statement, locations_);
    if (statement == nullptr) return row.statement == 0;
    const LineRange lines = mapping.lines({statement->file, statement->begin, statement->begin});
    return lines.first <= row.statement && row.statement <= lines.last;
  }

  /// Statements that failed before, by the lines that they have come to.
  [[nodiscard]] bool failed_before(const Found& row, const Mapping& mapping) const {
    return std::any_of(before_.all().begin(), before_.all().end(),
                       [&](const Diagnostic& fault) { return is_fault(fault) && same_statement(fault, row, mapping); });
  }

  [[nodiscard]] Result judge(const Diagnostic& fault, const FixIt& fix, const Outcome& outcome) const {
    const Mapping mapping(fix.edits, locations_);
    const Span* place = span_of(fault.where, locations_);
    const std::string path = place == nullptr ? "" : locations_.file(place->file).path;
    const Span now = place == nullptr ? Span{} : mapping.bytes(*place);
    Result result{.cured = true};
    for (const Found& row : found_in(outcome)) {
      const bool is_same_statement = same_statement(fault, row, mapping);
      if (row.diagnostic->kind == fault.kind && row.path == path && is_same_statement && now.begin <= row.begin &&
          row.begin <= now.end) {
        result.cured = false;
      }
      if (!is_fault(*row.diagnostic)) {
        if (info(row.diagnostic->kind).severity == Severity::Warning) ++result.warnings_left;
        continue;
      }
      ++result.errors_left;
      if (is_same_statement && result.next == nullptr) {
        result.next = row.diagnostic;
        result.next_line = row.line;
      }
      if (failed_before(row, mapping)) continue;
      result.broken_lines.insert(row.statement);
      // Other sizes may not fit any more; a program that can't be read or built is no cure.
      if (!is_about_sizes(row.diagnostic->kind)) result.cured = false;
    }
    const size_t errors_before = static_cast<size_t>(
        std::count_if(before_.all().begin(), before_.all().end(), [](const Diagnostic& row) { return is_fault(row); }));
    const Span* statement = span_of(fault.statement, locations_);
    for (const Outcome::Made& made : outcome.made) {
      const LineRange at =
          statement == nullptr ? LineRange{} : mapping.lines({statement->file, statement->begin, statement->begin});
      if (at.first <= made.line && made.line <= at.last) result.gives = made.shape;
    }
    // A fix may move a fault on to the next place, and show it there; it must not multiply it.
    if (result.broken_lines.empty() && result.errors_left > errors_before) result.cured = false;
    // What only warns must not be made to fail.
    if (!is_fault(fault) && result.errors_left > errors_before) result.cured = false;
    return result;
  }

  const Diagnostics& before_;
  const LocationTable& locations_;
  const Reload& reload_;
  size_t left_;
  std::map<EditedFiles, Outcome> outcomes_;
};

struct Judged {
  FixIt fix;
  Result result;
  size_t position = 0;  ///< among those proposed: the proposer knows best
};

std::string with_result(std::string title, const std::string& gives) {
  const size_t place = title.find(kResultPlace);
  if (place == std::string::npos) return title;
  return title.replace(place, kResultPlace.size(),
                       gives.empty() ? "" : fmt::format(" (the model then gives {})", gives));
}

std::string with_consequences(const FixIt& fix, const Result& result) {
  if (!result.broken_lines.empty() && *result.broken_lines.begin() != 0) {
    return fmt::format("{} (then {} {} no longer {})", with_result(fix.title, {}),
                       result.broken_lines.size() == 1 ? "line" : "lines", fmt::join(result.broken_lines, ", "),
                       result.broken_lines.size() == 1 ? "fits" : "fit");
  }
  if (result.next == nullptr) return with_result(fix.title, result.gives);
  return fmt::format("{} (then line {} shows: {})", with_result(fix.title, {}), result.next_line, result.next->message);
}

}  // namespace

EditedFiles edited(const std::vector<Edit>& edits, const LocationTable& locations) {
  std::map<FileId, std::vector<const Edit*>> by_file;
  for (const Edit& edit : edits) by_file[edit.where.file].push_back(&edit);
  EditedFiles files;
  for (auto& [file, list] : by_file) {
    // From the end on, so that the places of the others stay.
    std::sort(list.begin(), list.end(), [](const Edit* a, const Edit* b) { return a->where.begin > b->where.begin; });
    std::string text = locations.file(file).text;
    for (const Edit* edit : list) text.replace(edit->where.begin, edit->where.end - edit->where.begin, edit->text);
    files.emplace_back(locations.file(file).path, std::move(text));
  }
  return files;
}

void verify_fixes(Diagnostics& diagnostics, const LocationTable& locations, const Reload& reload, size_t most_trials) {
  Trials trials(diagnostics, locations, reload, most_trials);
  std::vector<std::vector<FixIt>> kept;
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    std::vector<Judged> good;
    for (const FixIt& fix : diagnostic.fixes) {
      if (fix.verified || fix.edits.empty()) {
        good.push_back({fix, {}, good.size()});
        continue;
      }
      const std::optional<Result> result = trials.run(diagnostic, fix);
      if (!result || !result->cured) continue;
      good.push_back({fix, *result, good.size()});
      good.back().fix.verified = true;
    }
    const bool has_whole = std::any_of(good.begin(), good.end(), [](const Judged& row) {
      return row.fix.verified && row.result.next == nullptr && row.result.broken_lines.empty();
    });
    // Where something cures a statement wholly, moving its fault elsewhere is no help.
    if (has_whole) std::erase_if(good, [](const Judged& row) { return row.result.next != nullptr; });
    std::sort(good.begin(), good.end(), [](const Judged& a, const Judged& b) {
      return std::tuple(a.result.errors_left, a.result.warnings_left, a.position) <
             std::tuple(b.result.errors_left, b.result.warnings_left, b.position);
    });
    std::vector<FixIt>& list = kept.emplace_back();
    for (Judged& row : good) {
      row.fix.title = with_consequences(row.fix, row.result);
      list.push_back(std::move(row.fix));
    }
  }
  for (size_t i = 0; i < kept.size(); ++i) diagnostics.all()[i].fixes = std::move(kept[i]);
}

}  // namespace lathe::advice
