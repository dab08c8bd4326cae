// Permutations of axes and how they pass through a reshape.
#include "compiler/passes/permutation.h"

#include <algorithm>
#include <numeric>
#include <utility>

namespace lathe::passes {
namespace {

// Axes [from_begin, from_end) of one shape hold the same elements as axes [to_begin, to_end) of another one.
struct AxisGroup {
  size_t from_begin = 0;
  size_t from_end = 0;
  size_t to_begin = 0;
  size_t to_end = 0;
};

// The finest grouping of two shapes with equally many elements; nothing when sizes can't be compared.
std::optional<std::vector<AxisGroup>> match_axes(const Shape& from, const Shape& to) {
  std::vector<AxisGroup> groups;
  size_t i = 0;
  size_t j = 0;
  while (i < from.size() && j < to.size()) {
    AxisGroup group{i, i + 1, j, j + 1};
    Dim left = from[i];
    Dim right = to[j];
    while (!(left == right)) {
      // What lacks a factor takes the next axis. A symbolic product lacks what divides the other one.
      const auto quotient = exact_divide(left, right);
      const bool left_is_larger = quotient && !quotient->is_constant(1);
      const bool both_constant = left.is_constant() && right.is_constant();
      const bool extend_right = both_constant ? left.constant() > right.constant() : left_is_larger;
      if (!both_constant && !left_is_larger && !exact_divide(right, left)) return std::nullopt;
      if (extend_right) {
        if (group.to_end == to.size()) return std::nullopt;
        right *= to[group.to_end++];
      } else {
        if (group.from_end == from.size()) return std::nullopt;
        left *= from[group.from_end++];
      }
    }
    i = group.from_end;
    j = group.to_end;
    groups.push_back(group);
  }
  if (groups.empty()) return std::nullopt;
  // What is left over on one side are axes of size 1.
  for (; i < from.size(); ++i) {
    if (!from[i].is_constant(1)) return std::nullopt;
    groups.back().from_end = i + 1;
  }
  for (; j < to.size(); ++j) {
    if (!to[j].is_constant(1)) return std::nullopt;
    groups.back().to_end = j + 1;
  }
  return groups;
}

}  // namespace

bool is_identity(const Integers& permutation) { return std::is_sorted(permutation.begin(), permutation.end()); }

Integers inverse(const Integers& permutation) {
  Integers result(permutation.size());
  for (size_t i = 0; i < permutation.size(); ++i) result[static_cast<size_t>(permutation[i])] = static_cast<int64_t>(i);
  return result;
}

Integers composed(const Integers& first, const Integers& second) {
  Integers result;
  for (int64_t axis : second) result.push_back(first[static_cast<size_t>(axis)]);
  return result;
}

Shape permuted(const Shape& values, const Integers& permutation) {
  Shape result;
  for (int64_t axis : permutation) result.push_back(values[static_cast<size_t>(axis)]);
  return result;
}

bool moves_nothing(const Shape& operand, const Integers& permutation) {
  int64_t last = -1;
  for (int64_t axis : permutation) {
    if (operand[static_cast<size_t>(axis)].is_constant(1)) continue;
    if (axis < last) return false;
    last = axis;
  }
  return true;
}

Integers to_channels_last(size_t rank) {
  Integers result{0};
  for (size_t axis = 2; axis < rank; ++axis) result.push_back(static_cast<int64_t>(axis));
  result.push_back(1);
  return result;
}

Integers to_channels_first(size_t rank) { return inverse(to_channels_last(rank)); }

Integers sorting(const Integers& keys) {
  Integers order(keys.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return std::pair(keys[static_cast<size_t>(a)], a) < std::pair(keys[static_cast<size_t>(b)], b);
  });
  return order;
}

std::optional<ReshapeBehindTranspose> reshape_behind_transpose(const Shape& x, const Integers& permutation,
                                                               const Shape& shape) {
  const Shape transposed = permuted(x, permutation);
  for (const Dim& dim : transposed) {
    if (dim.is_constant(0)) return std::nullopt;
  }
  const auto groups = match_axes(transposed, shape);
  if (!groups) return std::nullopt;
  // Groups in the order in which their first long axis stands in x, or their first axis when none is long.
  Integers keys;
  for (const AxisGroup& group : *groups) {
    int64_t key = INT64_MAX;
    for (const bool only_long : {true, false}) {
      for (size_t axis = group.from_begin; axis < group.from_end && (only_long || key == INT64_MAX); ++axis) {
        if (!only_long || !transposed[axis].is_constant(1)) key = std::min(key, permutation[axis]);
      }
    }
    keys.push_back(key);
  }
  ReshapeBehindTranspose result;
  Integers position_of_result_axis(shape.size());
  for (int64_t index : sorting(keys)) {
    const AxisGroup& group = (*groups)[static_cast<size_t>(index)];
    for (size_t axis = group.from_begin; axis < group.from_end; ++axis) result.inner.push_back(permutation[axis]);
    for (size_t axis = group.to_begin; axis < group.to_end; ++axis) {
      position_of_result_axis[axis] = static_cast<int64_t>(result.reshaped.size());
      result.reshaped.push_back(shape[axis]);
    }
  }
  if (moves_nothing(x, result.inner)) std::sort(result.inner.begin(), result.inner.end());
  result.outer = std::move(position_of_result_axis);
  return result;
}

}  // namespace lathe::passes
