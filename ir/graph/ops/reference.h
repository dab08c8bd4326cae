// What the plain references of Call rows share: walking one axis of a dense tensor, comparing numbers, making results.
#pragma once

#include <vector>

#include "ir/graph/op.h"

namespace lathe {

/// A dense tensor seen as [outer, size, inner] around one axis.
struct AxisSplit {
  int64_t outer = 1;
  int64_t size = 1;
  int64_t inner = 1;
  /// The flat position of an element.
  [[nodiscard]] int64_t at(int64_t outer_index, int64_t index, int64_t inner_index) const {
    return (outer_index * size + index) * inner + inner_index;
  }
};
[[nodiscard]] AxisSplit split_at(const TensorType& type, size_t axis);

/// Gives `tensor` zeroed storage (or empty strings) for its type, which must be static.
void allocate(HostTensor& tensor);

/// Below 0, 0 or above 0 as a is less than, equal to or greater than b; of one type; NaN compares as equal.
[[nodiscard]] int compare_numbers(const ScalarValue& a, const ScalarValue& b);

/// The dims of a static type, and row-major strides in elements.
[[nodiscard]] std::vector<int64_t> static_dims(const TensorType& type);
[[nodiscard]] std::vector<int64_t> row_major_strides(const std::vector<int64_t>& dims);

/// Steps `position` to the next one in row-major order of `dims`; false after the last.
bool advance(std::vector<int64_t>& position, const std::vector<int64_t>& dims);

/// Element `index` of an integer tensor.
[[nodiscard]] int64_t integer_at(const HostTensor& tensor, int64_t index);
/// Copies one element, a string too, between tensors of one element type.
void copy_element(const HostTensor& from, int64_t from_index, HostTensor& to, int64_t to_index);

}  // namespace lathe
