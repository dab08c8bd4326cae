// Diagnostics: what Lathe says to its users, as data.
//
// A kind (diagnostic_kinds.def) has a stable code, a name and a severity. A Diagnostic is a message with a primary
// location, labels on other locations, notes and fix-its. Whoever finds a fault reports it through a Diagnostics sink
// with the builder and returns the Failure that emit() gives; nobody prints. Rendering is in render.h. Messages are
// lower case, have no final period, state what was seen, and put code in backticks.
#pragma once

#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "ir/base/location.h"
#include "ir/base/origin.h"
#include "ir/base/result.h"

namespace lathe {

enum class Severity : uint8_t { Error, Unsupported, Warning, Remark, Internal };

enum class DiagnosticKind : uint16_t {
#define LATHE_DIAGNOSTIC(name, code, kind, severity, title) name,
#include "ir/base/diagnostic_kinds.def"
#undef LATHE_DIAGNOSTIC
};

/// A row of the registry.
struct DiagnosticInfo {
  DiagnosticKind kind;
  std::string_view code;
  std::string_view name;
  Severity severity;
  std::string_view title;
};

/// All kinds in the order of their codes.
[[nodiscard]] const std::vector<DiagnosticInfo>& diagnostic_kinds();
[[nodiscard]] const DiagnosticInfo& info(DiagnosticKind kind);
/// By code (`LT0203`) or name (`feature-mismatch`); nullptr when there is none.
[[nodiscard]] const DiagnosticInfo* find_diagnostic(std::string_view code_or_name);
/// "error", "unsupported", "warning", "remark", "internal error"
[[nodiscard]] std::string_view text(Severity severity);

/// A place that takes part in the fault (primary) or explains it; the message may be empty.
struct Label {
  LocationId where;
  std::string message;
  bool primary = false;
};

/// Replaces the bytes of `where` by `text`.
struct Edit {
  Span where;
  std::string text;
};

/// A change that cures the fault. `verified` when inference was run again on the changed input and the fault was gone.
struct FixIt {
  std::string title;
  std::vector<Edit> edits;
  bool verified = false;
};

/// The sizes of an input with which a model works, found by solving the failed condition backwards.
struct AcceptedSizes {
  struct Range {
    int64_t first = 0;
    int64_t last = 0;
    friend bool operator==(const Range&, const Range&) = default;
  };
  /// Sizes of the second free axis that go with one of the first.
  struct Row {
    int64_t size = 0;
    std::vector<Range> others;
  };
  std::string input;              ///< name of the input
  std::string type;               ///< `f32[1,3,H,W]`: the free sizes are names
  std::vector<std::string> axes;  ///< the names: `H`, `W`
  std::vector<Range> equal;       ///< all free sizes alike (`H = W`), or the only one, up to `equal_limit`
  int64_t equal_limit = 0;
  std::vector<Row> pairs;  ///< with two free sizes: the first up to `first_limit`, the second up to `second_limit`
  int64_t first_limit = 0;
  int64_t second_limit = 0;
};

struct Diagnostic {
  DiagnosticKind kind;
  LocationId where;
  std::string message;
  std::string layer = {};  ///< dotted layer name or node name, when there is one
  std::vector<Label> labels = {};
  std::vector<std::string> notes = {};
  std::vector<FixIt> fixes = {};
  std::optional<AcceptedSizes> accepted = {};
  LocationId statement = {};  ///< the statement of a script that led here: the same fault of two calls is two faults
  uint32_t facts = 0;         ///< a row, counted from 1, that a front end keeps for its own use; 0 for none
};

class Diagnostics;

/// Assembles one diagnostic; must be ended by emit().
class [[nodiscard]] DiagnosticBuilder {
 public:
  DiagnosticBuilder(Diagnostics& sink, Diagnostic diagnostic) : sink_(&sink), diagnostic_(std::move(diagnostic)) {}
  DiagnosticBuilder&& layer(std::string name) && {
    diagnostic_.layer = std::move(name);
    return std::move(*this);
  }
  DiagnosticBuilder&& label(LocationId where, std::string message) && {
    diagnostic_.labels.push_back({where, std::move(message), false});
    return std::move(*this);
  }
  DiagnosticBuilder&& note(std::string text) && {
    diagnostic_.notes.push_back(std::move(text));
    return std::move(*this);
  }
  DiagnosticBuilder&& facts(uint32_t row) && {
    diagnostic_.facts = row;
    return std::move(*this);
  }
  DiagnosticBuilder&& fix(FixIt fix) && {
    diagnostic_.fixes.push_back(std::move(fix));
    return std::move(*this);
  }
  /// Adds a note for where `dim` came from and labels for the steps behind it; nothing when nothing is known.
  DiagnosticBuilder&& explain(const OriginTable& origins, const Dim& dim) &&;
  Failure emit() &&;

 private:
  Diagnostics* sink_;
  Diagnostic diagnostic_;
};

/// Collects diagnostics in the order in which they were found. Errors beyond `kMaxErrors` are counted, not kept.
class Diagnostics {
 public:
  static constexpr size_t kMaxErrors = 200;

  template <class... Arguments>
  DiagnosticBuilder report(DiagnosticKind kind, LocationId where, fmt::format_string<Arguments...> format,
                           Arguments&&... arguments) {
    return DiagnosticBuilder(*this, Diagnostic{.kind = kind,
                                               .where = where,
                                               .message = fmt::format(format, std::forward<Arguments>(arguments)...)});
  }
  void add(Diagnostic diagnostic);

  [[nodiscard]] const std::vector<Diagnostic>& all() const { return all_; }
  /// For whoever adds advice to what was found.
  [[nodiscard]] std::vector<Diagnostic>& all() { return all_; }
  [[nodiscard]] size_t count(Severity severity) const;
  /// Errors, unsupported things or internal errors: what makes an operation fail.
  [[nodiscard]] bool failed() const;
  /// Errors that were found after the list was full.
  [[nodiscard]] size_t dropped() const { return dropped_; }
  void clear();

 private:
  std::vector<Diagnostic> all_;
  size_t dropped_ = 0;
};

}  // namespace lathe
