// Comparison of results with expected values, by the rules of ONNX's test data and relative to the largest output.
//
// Used by `verify` (element by element) and by `run --expect` (one number for people).
#pragma once

#include <optional>
#include <string>

#include "ir/graph/constant.h"

namespace lathe::tools {

struct Tolerance {
  double relative = 1e-3;
  double absolute = 1e-7;
};

/// What is wrong with `got`, in one line; nothing when type, shape and every element agree: numbers within
/// absolute + relative * |want|, NaN with NaN, infinities, strings and bools exactly.
[[nodiscard]] std::optional<std::string> difference(const ConstantData& got, const ConstantData& want,
                                                    Tolerance tolerance);
/// The same without looking at elements.
[[nodiscard]] std::optional<std::string> type_difference(const ConstantData& got, const ConstantData& want);

/// The largest |got - want|, and the largest |want|. A NaN on one side only, or unequal infinities, are an infinite
/// difference. Types must be equal.
struct Distance {
  double difference = 0;
  double largest = 0;
  /// difference / largest; 0 when both are 0.
  [[nodiscard]] double relative() const;
};
[[nodiscard]] Distance distance(const ConstantData& got, const ConstantData& want);

}  // namespace lathe::tools
