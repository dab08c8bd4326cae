// Edit distance over short names.
#include "ir/graph/closest_name.h"

#include <algorithm>
#include <cstddef>
#include <vector>

namespace lathe {
namespace {

constexpr size_t kLongest = 64;
constexpr size_t kFarthest = 2;

size_t distance(std::string_view a, std::string_view b) {
  std::vector<size_t> row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) row[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    size_t diagonal = row[0];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, substituted});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string_view closest_name(std::string_view name, std::span<const std::string_view> candidates) {
  if (name.size() > kLongest) return {};
  std::string_view best;
  // A short name isn't a misspelling of every other short name.
  size_t best_distance = std::min(kFarthest, name.size() / 3) + 1;
  for (std::string_view candidate : candidates) {
    if (candidate.size() > kLongest) continue;
    const size_t edits = distance(name, candidate);
    if (edits < best_distance) {
      best_distance = edits;
      best = candidate;
    }
  }
  return best;
}

}  // namespace lathe
