// The decision, and its diagnostics.
#include "compiler/frontend/weights/matching.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "compiler/frontend/weights/comparison.h"
#include "compiler/frontend/weights/convert.h"
#include "ir/base/display.h"

namespace lathe::weights {
namespace {

std::string count_of(size_t count, std::string_view one, std::string_view many) {
  return count == 1 ? fmt::format("1 entry {}", one) : fmt::format("{} entries {}", count, many);
}

/// "2 entries are missing, 1 has another shape"
std::string summary(const Comparison& comparison, bool names) {
  const size_t missing = names ? comparison.missing.size() + comparison.unreadable.size() : 0;
  const size_t unexpected = names ? comparison.unexpected.size() + comparison.other_unexpected.size() : 0;
  std::string text;
  const auto add = [&](size_t count, std::string_view one, std::string_view many) {
    if (count == 0) return;
    if (text.empty()) {
      text = count_of(count, one, many);
    } else {
      text += fmt::format(", {} {}", count, count == 1 ? one : many);
    }
  };
  add(missing, "is missing", "are missing");
  add(unexpected, "is unexpected", "are unexpected");
  add(comparison.misshaped.size(), "has another shape", "have another shape");
  return text;
}

class Matcher {
 public:
  Matcher(std::span<const DefinedEntry> definition, StateDict file, const MatchOptions& options,
          Diagnostics& diagnostics)
      : definition_(definition), file_(std::move(file)), options_(options), diagnostics_(diagnostics) {}

  Result<StateDict> run() {
    Comparison comparison = compare(definition_, file_, "");
    const std::string prefix = superfluous_prefix(definition_, file_, comparison);
    if (options_.strict && !prefix.empty()) return report_prefix(prefix);
    if (!prefix.empty()) {
      comparison = compare(definition_, file_, prefix);
      warn(fmt::format("names of `{}` are read without their prefix `{}`", file_.path, display_text(prefix, 200)), {});
    }
    const bool names_matter = options_.strict && !comparison.names_agree();
    if (names_matter || !comparison.misshaped.empty()) return report_difference(comparison);
    warn_of_names(comparison);
    return matched(comparison);
  }

 private:
  Diagnostic mismatch(std::string_view how) {
    const std::string part = file_.key.empty() ? "" : fmt::format(" (its {})", quoted_name(file_.key));
    return {.kind = DiagnosticKind::WeightsMismatch,
            .where = {},
            .message = fmt::format("`{}`{} doesn't fit the definition: {}", file_.path, part, how),
            .layer = {},
            .labels = {},
            .notes = {},
            .fixes = {}};
  }

  static void add_note(Diagnostic& diagnostic, std::string note) {
    if (!note.empty()) diagnostic.notes.push_back(std::move(note));
  }

  Failure report(Diagnostic diagnostic) { return DiagnosticBuilder(diagnostics_, std::move(diagnostic)).emit(); }

  Failure report_prefix(const std::string& prefix) {
    const Comparison stripped = compare(definition_, file_, prefix);
    const std::string shown = display_text(prefix, 200);
    Diagnostic diagnostic = mismatch(fmt::format("its names begin with `{}`", shown));
    const std::string& first = definition_[stripped.fitting.empty() ? 0 : stripped.fitting.front().first].name;
    diagnostic.notes.push_back(fmt::format("the file has {} for {}, and so on for all {} entries of the definition",
                                           quoted_name(prefix + first), quoted_name(first), definition_.size()));
    add_note(diagnostic, origin_of_prefix(prefix));
    add_note(diagnostic, list_unexpected(file_, stripped));
    add_note(diagnostic, list_misshaped(definition_, file_, stripped));
    diagnostic.notes.push_back(
        fmt::format("take it off before saving: `{{k.removeprefix(\"{}\"): v for k, v in state_dict.items()}}`; "
                    "`--no-strict` reads "
                    "the file as if that was done",
                    shown));
    return report(std::move(diagnostic));
  }

  Failure report_difference(const Comparison& comparison) {
    Diagnostic diagnostic = mismatch(summary(comparison, options_.strict));
    if (options_.strict) {
      add_note(diagnostic, list_missing(definition_, file_, comparison));
      add_note(diagnostic, list_unexpected(file_, comparison));
    }
    add_note(diagnostic, list_misshaped(definition_, file_, comparison));
    for (std::string& note : explanations(definition_, file_, comparison)) add_note(diagnostic, std::move(note));
    return report(std::move(diagnostic));
  }

  void warn(std::string message, std::string list) {
    Diagnostic warning{.kind = DiagnosticKind::WeightsIgnored,
                       .where = {},
                       .message = std::move(message),
                       .layer = {},
                       .labels = {},
                       .notes = {},
                       .fixes = {}};
    add_note(warning, std::move(list));
    diagnostics_.add(std::move(warning));
  }

  void warn_of_names(const Comparison& comparison) {
    const size_t missing = comparison.missing.size() + comparison.unreadable.size();
    const size_t unexpected = comparison.unexpected.size() + comparison.other_unexpected.size();
    if (missing > 0) {
      warn(fmt::format("{} `{}` and {}", count_of(missing, "is missing from", "are missing from"), file_.path,
                       missing == 1 ? "keeps its initial values" : "keep their initial values"),
           list_missing(definition_, file_, comparison));
    }
    if (unexpected > 0) {
      warn(fmt::format("{} `{}` {} ignored", count_of(unexpected, "of", "of"), file_.path,
                       unexpected == 1 ? "is" : "are"),
           list_unexpected(file_, comparison));
    }
  }

  StateDict matched(const Comparison& comparison) {
    StateDict result;
    result.path = file_.path;
    result.key = file_.key;
    for (const auto& [defined_at, given_at] : comparison.fitting) {
      const DefinedEntry& defined = definition_[defined_at];
      StateEntry entry = file_.entries()[given_at];
      entry.data = converted(entry.data, defined.type.element);
      entry.data.name = defined.name;
      entry.data.type = defined.type;
      result.add(std::move(entry));
    }
    return result;
  }

  std::span<const DefinedEntry> definition_;
  StateDict file_;
  const MatchOptions& options_;
  Diagnostics& diagnostics_;
};

}  // namespace

Result<StateDict> match(std::span<const DefinedEntry> definition, StateDict file, const MatchOptions& options,
                        Diagnostics& diagnostics) {
  return Matcher(definition, std::move(file), options, diagnostics).run();
}

}  // namespace lathe::weights
