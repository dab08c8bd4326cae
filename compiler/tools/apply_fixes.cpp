// Applying verified fixes to source files, and showing what they changed.
#include "compiler/tools/apply_fixes.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "compiler/frontend/weights/atomic_file.h"
#include "ir/base/display.h"

namespace lathe::tools {
namespace {

bool is_same(const Edit& a, const Edit& b) { return a.where == b.where && a.text == b.text; }

bool overlaps(const Edit& a, const Edit& b) {
  if (a.where.file != b.where.file) return false;
  // Two insertions at one place would depend on their order.
  return a.where.begin == b.where.begin || (a.where.begin < b.where.end && b.where.begin < a.where.end);
}

/// What is wrong with the model: faults first, then warnings.
using Badness = std::pair<size_t, size_t>;

Badness badness(const Diagnostics& diagnostics) {
  return {diagnostics.count(Severity::Error) + diagnostics.count(Severity::Unsupported) +
              diagnostics.count(Severity::Internal) + diagnostics.dropped(),
          diagnostics.count(Severity::Warning)};
}

class Choice {
 public:
  Choice(const Diagnostics& found, const LocationTable& locations, const advice::Reload& check)
      : locations_(locations), check_(check), now_(badness(found)) {}

  /// Takes the first fix of a diagnostic that goes with those taken before.
  void add(const Diagnostic& diagnostic) {
    bool is_candidate = false;
    for (const FixIt& fix : diagnostic.fixes) {
      if (!fix.verified || fix.edits.empty()) continue;
      is_candidate = true;
      if (is_taken(fix) || take(fix)) {
        ++applied_;
        return;
      }
    }
    left_out_ += is_candidate ? 1 : 0;
  }

  [[nodiscard]] const std::vector<Edit>& edits() const { return edits_; }
  [[nodiscard]] size_t applied() const { return applied_; }
  [[nodiscard]] size_t left_out() const { return left_out_; }

 private:
  // Two faults may have one cure.
  [[nodiscard]] bool is_taken(const FixIt& fix) const {
    return std::all_of(fix.edits.begin(), fix.edits.end(), [&](const Edit& edit) {
      return std::any_of(edits_.begin(), edits_.end(), [&](const Edit& other) { return is_same(edit, other); });
    });
  }

  bool take(const FixIt& fix) {
    for (const Edit& edit : fix.edits) {
      if (std::any_of(edits_.begin(), edits_.end(), [&](const Edit& other) { return overlaps(edit, other); })) {
        return false;
      }
    }
    std::vector<Edit> together = edits_;
    together.insert(together.end(), fix.edits.begin(), fix.edits.end());
    const Badness then = badness(check_(advice::edited(together, locations_)).diagnostics);
    if (then.first > now_.first || (then.first == now_.first && then.second > now_.second)) return false;
    now_ = then;
    edits_ = std::move(together);
    return true;
  }

  const LocationTable& locations_;
  const advice::Reload& check_;
  Badness now_;
  std::vector<Edit> edits_;
  size_t applied_ = 0;
  size_t left_out_ = 0;
};

std::string marked_lines(std::string_view text, char mark) {
  std::string result;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    result += fmt::format("{}{}\n", mark, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// The changed lines of one file; `edits` are sorted and do not overlap.
std::string changed_lines(const SourceFile& source, const std::vector<Edit>& edits) {
  const std::string& text = source.text;
  const auto line_begin = [&](size_t offset) {
    const size_t newline = offset == 0 ? std::string::npos : text.rfind('\n', offset - 1);
    return newline == std::string::npos ? 0 : newline + 1;
  };
  const auto line_end = [&](size_t offset) {
    const size_t newline = text.find('\n', offset);
    return newline == std::string::npos ? text.size() : newline + 1;
  };
  std::string result = fmt::format("--- {0}\n+++ {0}\n", display_text(source.path));
  ptrdiff_t shift = 0;
  for (size_t i = 0; i < edits.size();) {
    // Edits of the same lines are one change. What ends with a line end leaves the next line alone.
    const size_t begin = line_begin(edits[i].where.begin);
    size_t end = begin;
    std::string changed;
    size_t copied = begin;
    do {
      const Edit& edit = edits[i++];
      changed += text.substr(copied, edit.where.begin - copied) + edit.text;
      copied = edit.where.end;
      const bool is_whole = copied == line_begin(copied) && copied > begin && edit.text.ends_with('\n');
      end = is_whole || (copied == begin && edit.text.ends_with('\n')) ? copied : line_end(copied);
    } while (i < edits.size() && edits[i].where.begin < end);
    changed += text.substr(copied, end - copied);
    const std::string_view before = std::string_view(text).substr(begin, end - begin);
    const auto count = [](std::string_view lines) {
      const ptrdiff_t newlines = std::count(lines.begin(), lines.end(), '\n');
      return newlines + (lines.empty() || lines.ends_with('\n') ? 0 : 1);
    };
    const ptrdiff_t line = std::count(text.begin(), text.begin() + static_cast<ptrdiff_t>(begin), '\n') + 1;
    const ptrdiff_t removed = count(before);
    const ptrdiff_t added = count(changed);
    result += fmt::format("@@ -{},{} +{},{} @@\n", removed == 0 ? line - 1 : line, removed, line + shift, added);
    result += marked_lines(before, '-') + marked_lines(changed, '+');
    shift += added - removed;
  }
  return result;
}

}  // namespace

Result<AppliedFixes> apply_fixes(const Diagnostics& found, const LocationTable& locations, const advice::Reload& check,
                                 Diagnostics& diagnostics) {
  Choice choice(found, locations, check);
  for (const Diagnostic& diagnostic : found.all()) choice.add(diagnostic);
  AppliedFixes result{.applied = choice.applied(), .left_out = choice.left_out(), .files = {}, .changes = {}};
  std::map<FileId, std::vector<Edit>> by_file;
  for (const Edit& edit : choice.edits()) by_file[edit.where.file].push_back(edit);
  for (auto& [file, edits] : by_file) {
    std::sort(edits.begin(), edits.end(), [](const Edit& a, const Edit& b) { return a.where.begin < b.where.begin; });
    const advice::EditedFiles texts = advice::edited(edits, locations);
    const std::string& path = texts.front().first;
    weights::AtomicFile output(path);
    output.write(texts.front().second);
    std::string why;
    if (!output.commit(why)) {
      return diagnostics.report(DiagnosticKind::FileNotWritable, {}, "{} can't be written: {}", quoted_name(path), why)
          .emit();
    }
    result.files.push_back(path);
    result.changes += changed_lines(locations.file(file), edits);
  }
  return result;
}

}  // namespace lathe::tools
