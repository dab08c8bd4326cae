// Periods, residues and ranges of sets of sizes.
#include "compiler/advice/size_text.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

namespace lathe::advice {
namespace {

constexpr int64_t kLongestPeriod = 256;
constexpr size_t kMostRanges = 3;
constexpr size_t kMostResidues = 4;
/// A period must be seen so often.
constexpr int64_t kPeriodsSeen = 4;

struct Period {
  int64_t length = 0;
  int64_t first = 0;  ///< the smallest size from which on it holds
};

// The shortest period that the set has from one of its first sizes to the limit.
std::optional<Period> period_of(const std::vector<SizeRange>& ranges, int64_t limit) {
  if (ranges.empty()) return std::nullopt;
  std::vector<bool> bits(static_cast<size_t>(limit) + 1, false);
  for (const auto& [first, last] : ranges) {
    for (int64_t size = first; size <= last; ++size) bits[static_cast<size_t>(size)] = true;
  }
  for (int64_t length = 1; length <= std::min(kLongestPeriod, limit / kPeriodsSeen); ++length) {
    int64_t from = limit - length;
    while (from >= 1 && bits[static_cast<size_t>(from)] == bits[static_cast<size_t>(from + length)]) --from;
    const int64_t first = from + 1;
    if (limit - first + 1 < kPeriodsSeen * length) continue;
    int64_t smallest = first;
    while (smallest <= limit && !bits[static_cast<size_t>(smallest)]) ++smallest;
    if (smallest > limit) continue;
    // What lies below the periodic part must be little.
    if (ranges.front().first < smallest) {
      int64_t below = 0;
      for (int64_t size = 1; size < smallest; ++size) below += bits[static_cast<size_t>(size)] ? 1 : 0;
      if (below > kPeriodsSeen) continue;
    }
    return Period{length, smallest};
  }
  return std::nullopt;
}

std::string form(int64_t length, int64_t residue) {
  if (residue == 0) return fmt::format("{}k", length);
  if (residue > length / 2) return fmt::format("{}k-{}", length, length - residue);
  return fmt::format("{}k+{}", length, residue);
}

// "multiples of 4", "of the form 8k-1 or 8k"; empty when there are too many residues for words.
std::string residues_text(const std::vector<SizeRange>& ranges, const Period& period) {
  std::vector<int64_t> residues;
  // In the order 8k-3 .. 8k+4.
  const int64_t least = -((period.length - 1) / 2);
  for (int64_t r = least; r < least + period.length; ++r) {
    int64_t size = r;
    while (size < period.first) size += period.length;
    if (contains(ranges, size)) residues.push_back(r);
  }
  if (residues.size() == 1 && residues.front() == 0) return fmt::format("that are multiples of {}", period.length);
  std::vector<std::string> parts;
  for (size_t i = 0; i < residues.size();) {
    size_t end = i + 1;
    while (end < residues.size() && residues[end] == residues[end - 1] + 1) ++end;
    const auto at = [&](size_t k) { return form(period.length, (residues[k] + period.length) % period.length); };
    if (end - i > 2) {
      parts.push_back(fmt::format("{} .. {}", at(i), at(end - 1)));
    } else {
      for (size_t k = i; k < end; ++k) parts.push_back(at(k));
    }
    i = end;
  }
  if (parts.size() > kMostResidues) return {};
  return "of the form " + listed(parts, "or");
}

// The nearest members below and above.
std::vector<int64_t> neighbours(const std::vector<SizeRange>& ranges, int64_t around) {
  std::optional<int64_t> below;
  std::optional<int64_t> above;
  for (const auto& [first, last] : ranges) {
    if (first <= around) below = std::min(last, around);
    if (last >= around && !above) above = std::max(first, around);
  }
  std::vector<int64_t> result;
  if (below) result.push_back(*below);
  if (above && above != below) result.push_back(*above);
  return result;
}

std::string numbers(const std::vector<int64_t>& sizes, std::string_view last_word) {
  std::vector<std::string> items;
  for (const int64_t size : sizes) items.push_back(fmt::format("{}", size));
  return listed(items, last_word);
}

int64_t distance(const SizeRange& range, int64_t around) {
  return around < range.first ? range.first - around : around > range.last ? around - range.last : 0;
}

}  // namespace

std::vector<SizeRange> ranges_of(int64_t limit, const std::function<bool(int64_t)>& accepts) {
  std::vector<SizeRange> ranges;
  for (int64_t size = 1; size <= limit; ++size) {
    if (!accepts(size)) continue;
    if (!ranges.empty() && ranges.back().last == size - 1) {
      ranges.back().last = size;
    } else {
      ranges.push_back({size, size});
    }
  }
  return ranges;
}

bool contains(const std::vector<SizeRange>& ranges, int64_t size) {
  const auto after = std::upper_bound(ranges.begin(), ranges.end(), size,
                                      [](int64_t value, const SizeRange& range) { return value < range.first; });
  return after != ranges.begin() && std::prev(after)->last >= size;
}

std::string text(const SizeRange& range) {
  return range.first == range.last ? fmt::format("{}", range.first) : fmt::format("{}..{}", range.first, range.last);
}

std::string listed(const std::vector<std::string>& items, std::string_view last_word) {
  std::string result;
  for (size_t i = 0; i < items.size(); ++i) {
    if (i != 0) result += i + 1 == items.size() ? fmt::format(" {} ", last_word) : std::string(", ");
    result += items[i];
  }
  return result;
}

SetText describe_set(const std::vector<std::string>& names, const std::vector<SizeRange>& ranges, int64_t limit,
                     int64_t around) {
  if (ranges.empty()) return {};
  const std::string comma = fmt::format("{}", fmt::join(names, ", "));
  const std::vector<int64_t> near = neighbours(ranges, around);
  const std::optional<Period> period = period_of(ranges, limit);
  if (period && period->length == 1 && ranges.size() == 1) {
    return {fmt::format("{} >= {}", comma, period->first), {period->first}};
  }
  const bool is_bounded = ranges.size() == 1 && ranges.front().first == 1 && ranges.front().last > 1;
  if (!period && is_bounded) return {fmt::format("{} <= {}", comma, ranges.front().last), {ranges.front().last}};
  if (period) {
    const std::string residues = residues_text(ranges, *period);
    if (!residues.empty()) {
      const bool begins_late = period->first > period->length;
      const std::string from = begins_late ? fmt::format(" from {} on", period->first) : std::string();
      return {fmt::format("{} {}{}, e.g. {}", listed(names), residues, from, numbers(near, "or")), near};
    }
  }
  if (!period && ranges.size() <= kMostRanges) {
    std::vector<std::string> parts;
    SetText result;
    for (const SizeRange& range : ranges) {
      parts.push_back(text(range));
      result.shown.push_back(range.first);
      if (range.last != range.first) result.shown.push_back(range.last);
    }
    const bool one_size = ranges.size() == 1 && ranges.front().first == ranges.front().last;
    result.text = fmt::format("{} {} {}", comma, one_size ? "=" : "in", listed(parts, "or"));
    return result;
  }
  // Many and irregular: those near the size at hand.
  std::vector<SizeRange> nearest = ranges;
  std::sort(nearest.begin(), nearest.end(), [&](const SizeRange& a, const SizeRange& b) {
    return std::pair(distance(a, around), a.first) < std::pair(distance(b, around), b.first);
  });
  nearest.resize(std::min(nearest.size(), kMostRanges));
  std::sort(nearest.begin(), nearest.end(), [](const SizeRange& a, const SizeRange& b) { return a.first < b.first; });
  std::vector<std::string> parts;
  SetText result;
  for (const SizeRange& range : nearest) {
    parts.push_back(text(range));
    result.shown.push_back(range.first);
    if (range.last != range.first) result.shown.push_back(range.last);
  }
  result.text = fmt::format("{} such as {}", comma, listed(parts, "or"));
  return result;
}

}  // namespace lathe::advice
