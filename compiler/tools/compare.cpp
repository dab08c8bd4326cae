// Element-wise comparison of tensors.
#include "compiler/tools/compare.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "ir/base/display.h"

namespace lathe::tools {
namespace {

// |got - want|, 0 for equal infinities and for two NaNs.
double gap(double got, double want) {
  if (std::isnan(got) || std::isnan(want)) {
    return std::isnan(got) && std::isnan(want) ? 0 : std::numeric_limits<double>::infinity();
  }
  return got == want ? 0 : std::abs(got - want);
}

std::string position_text(int64_t index, const TensorType& type) {
  std::string text;
  for (size_t axis = type.dims.size(); axis-- > 0;) {
    const int64_t size = std::max<int64_t>(type.dims[axis].constant(), 1);
    text = fmt::format("{}{}{}", index % size, text.empty() ? "" : ", ", text);
    index /= size;
  }
  return "[" + text + "]";
}

std::optional<std::string> string_difference(const ConstantData& got, const ConstantData& want) {
  for (size_t i = 0; i < want.strings.size() && i < got.strings.size(); ++i) {
    if (got.strings[i] == want.strings[i]) continue;
    return fmt::format("element {} is {}, expected {}", position_text(static_cast<int64_t>(i), want.type),
                       quoted_name(got.strings[i]), quoted_name(want.strings[i]));
  }
  return std::nullopt;
}

}  // namespace

double Distance::relative() const {
  if (difference == 0) return 0;
  return largest == 0 ? std::numeric_limits<double>::infinity() : difference / largest;
}

std::optional<std::string> type_difference(const ConstantData& got, const ConstantData& want) {
  if (got.type == want.type) return std::nullopt;
  return fmt::format("type `{}`, expected `{}`", text(got.type), text(want.type));
}

std::optional<std::string> difference(const ConstantData& got, const ConstantData& want, Tolerance tolerance) {
  if (auto wrong_type = type_difference(got, want)) return wrong_type;
  if (want.type.element == ElementType::String) return string_difference(got, want);
  if (want.type.element == ElementType::Boolean) tolerance = {.relative = 0, .absolute = 0};
  const int64_t count = want.element_count();
  int64_t wrong = 0;
  int64_t worst = -1;
  double worst_gap = -1;
  double largest = 0;
  for (int64_t i = 0; i < count; ++i) {
    const double want_value = element_as_double(want, i);
    const double apart = gap(element_as_double(got, i), want_value);
    if (std::isfinite(want_value)) largest = std::max(largest, std::abs(want_value));
    const bool is_close = apart == 0 || (std::isfinite(want_value) &&
                                         apart <= tolerance.absolute + tolerance.relative * std::abs(want_value));
    if (is_close) continue;
    ++wrong;
    if (apart > worst_gap) {
      worst = i;
      worst_gap = apart;
    }
  }
  if (wrong == 0) return std::nullopt;
  constexpr double kNoise = 1e-5;
  const std::string_view kind = worst_gap <= kNoise * std::max(1.0, largest) ? "tolerance: " : "";
  return fmt::format("{}{} of {} elements differ, most at {}: {:.9g}, expected {:.9g}", kind, wrong, count,
                     position_text(worst, want.type), element_as_double(got, worst), element_as_double(want, worst));
}

Distance distance(const ConstantData& got, const ConstantData& want) {
  Distance result;
  const int64_t count = want.element_count();
  for (int64_t i = 0; i < count; ++i) {
    const double want_value = element_as_double(want, i);
    result.difference = std::max(result.difference, gap(element_as_double(got, i), want_value));
    if (std::isfinite(want_value)) result.largest = std::max(result.largest, std::abs(want_value));
  }
  return result;
}

}  // namespace lathe::tools
