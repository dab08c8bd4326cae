// What the elements of a tensor are like, in a few numbers.
//
// NaN and infinities are counted and left out of everything else. Used by `trace` and `run`.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include "ir/graph/constant.h"

namespace lathe::tools {

struct Statistics {
  int64_t elements = 0;
  int64_t nan = 0;
  int64_t infinite = 0;
  /// Of the finite elements; all zero when there is none. `deviation` is that of the whole population, as numpy.std
  /// gives it. Bools count as 0 and 1.
  double least = 0;
  double most = 0;
  double mean = 0;
  double deviation = 0;

  [[nodiscard]] int64_t finite() const { return elements - nan - infinite; }
};

/// Nothing for strings.
[[nodiscard]] std::optional<Statistics> statistics(const ConstantData& data);

/// The position of element `index` along each axis: [0, 5].
[[nodiscard]] std::vector<int64_t> position_of(int64_t index, std::span<const int64_t> dims);

}  // namespace lathe::tools
