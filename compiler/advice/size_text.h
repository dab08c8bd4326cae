// Sets of sizes in words: "H, W in 32..35", "L >= 4", "H and W that are multiples of 4, e.g. 16 or 20".
//
// A set is a list of ranges up to a limit; whether it goes on beyond the limit is guessed from its shape: a set that is
// periodic, or whose last range touches the limit, does. Used by size_notes.cpp.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "ir/base/diagnostic.h"

namespace lathe::advice {

using SizeRange = AcceptedSizes::Range;

/// The sizes from 1 to `limit` for which `accepts` says so.
[[nodiscard]] std::vector<SizeRange> ranges_of(int64_t limit, const std::function<bool(int64_t)>& accepts);
[[nodiscard]] bool contains(const std::vector<SizeRange>& ranges, int64_t size);
/// "32..35", "7"
[[nodiscard]] std::string text(const SizeRange& range);
/// "a", "a and b", "a, b and c"
[[nodiscard]] std::string listed(const std::vector<std::string>& items, std::string_view last_word = "and");

struct SetText {
  std::string text;
  std::vector<int64_t> shown;  ///< sizes that the text recommends, to be tried
};
/// The set said of `names` ("H, W" for several that are alike, each on its own), with examples near `around`. Empty
/// text for an empty set.
[[nodiscard]] SetText describe_set(const std::vector<std::string>& names, const std::vector<SizeRange>& ranges,
                                   int64_t limit, int64_t around);

}  // namespace lathe::advice
