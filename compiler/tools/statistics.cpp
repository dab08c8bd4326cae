// Two passes over the elements: sums in the first, squared distances from the mean in the second.
#include "compiler/tools/statistics.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>

namespace lathe::tools {
namespace {

template <class Element>
Statistics measure(int64_t count, Element element) {
  Statistics found;
  found.elements = count;
  double least = std::numeric_limits<double>::infinity();
  double most = -least;
  double sum = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double value = element(i);
    if (std::isnan(value)) {
      ++found.nan;
    } else if (std::isinf(value)) {
      ++found.infinite;
    } else {
      least = std::min(least, value);
      most = std::max(most, value);
      sum += value;
    }
  }
  if (found.finite() == 0) return found;
  const auto finite = static_cast<double>(found.finite());
  found.least = least;
  found.most = most;
  // A sum of huge elements may overflow where their mean does not.
  if (std::isinf(sum)) {
    for (int64_t i = 0; i < count; ++i) {
      if (const double value = element(i); std::isfinite(value)) found.mean += value / finite;
    }
  } else {
    found.mean = sum / finite;
  }
  double squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double distance = element(i) - found.mean;
    if (std::isfinite(distance)) squares += distance * distance;
  }
  found.deviation = std::sqrt(squares / finite);
  return found;
}

}  // namespace

std::optional<Statistics> statistics(const ConstantData& data) {
  const ElementType element = data.type.element;
  if (element == ElementType::String) return std::nullopt;
  const int64_t count = data.element_count();
  if (element == ElementType::F32 && !data.splat) {
    // The elements of a mapped file may begin at any byte.
    return measure(count, [&](int64_t i) {
      float value = 0;
      std::memcpy(&value, data.bytes.data() + static_cast<size_t>(i) * sizeof value, sizeof value);
      return static_cast<double>(value);
    });
  }
  return measure(count, [&](int64_t i) { return element_as_double(data, i); });
}

std::vector<int64_t> position_of(int64_t index, std::span<const int64_t> dims) {
  std::vector<int64_t> position(dims.size(), 0);
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (dims[axis] == 0) continue;
    position[axis] = index % dims[axis];
    index /= dims[axis];
  }
  return position;
}

}  // namespace lathe::tools
