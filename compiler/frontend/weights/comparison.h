// The difference between a definition and a weights file as data, and as notes for people. Used by matching.cpp.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "compiler/frontend/weights/matching.h"

namespace lathe::weights {

/// Positions in the definition and in the file.
struct Comparison {
  std::vector<std::pair<size_t, size_t>> fitting;
  std::vector<size_t> missing;
  std::vector<size_t> unexpected;
  std::vector<std::pair<size_t, size_t>> misshaped;
  std::vector<size_t> unreadable;  ///< missing ones that the file has as something else than a tensor (in `others`)
  std::vector<size_t> other_unexpected;  ///< in `others`

  [[nodiscard]] bool names_agree() const {
    return missing.empty() && unexpected.empty() && unreadable.empty() && other_unexpected.empty();
  }
};

/// Compares; names of the file count without `prefix`, and those that do not begin with it as they are.
[[nodiscard]] Comparison compare(std::span<const DefinedEntry> definition, const StateDict& file,
                                 std::string_view prefix);

/// The prefix that, taken off all names of the file, lets every name of the definition be found; empty when there is
/// none or none is needed.
[[nodiscard]] std::string superfluous_prefix(std::span<const DefinedEntry> definition, const StateDict& file,
                                             const Comparison& plain);
/// The prefix of the definition's names that the file's lack.
[[nodiscard]] std::string lacking_prefix(std::span<const DefinedEntry> definition, const StateDict& file,
                                         const Comparison& plain);
/// "`torch.compile` adds it ..."; empty for a prefix of unknown origin.
[[nodiscard]] std::string origin_of_prefix(std::string_view prefix);

// Lists of at most ten lines, and how many more there are; empty when there is nothing.
[[nodiscard]] std::string list_missing(std::span<const DefinedEntry> definition, const StateDict& file,
                                       const Comparison& comparison);
[[nodiscard]] std::string list_unexpected(const StateDict& file, const Comparison& comparison);
[[nodiscard]] std::string list_misshaped(std::span<const DefinedEntry> definition, const StateDict& file,
                                         const Comparison& comparison);
/// What is recognised in the difference.
[[nodiscard]] std::vector<std::string> explanations(std::span<const DefinedEntry> definition, const StateDict& file,
                                                    const Comparison& comparison);

}  // namespace lathe::weights
