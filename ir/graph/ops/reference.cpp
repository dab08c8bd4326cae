// Helpers of reference implementations.
#include "ir/graph/ops/reference.h"

#include <cstring>

namespace lathe {

AxisSplit split_at(const TensorType& type, size_t axis) {
  AxisSplit split;
  for (size_t i = 0; i < type.dims.size(); ++i) {
    int64_t& part = i < axis ? split.outer : i == axis ? split.size : split.inner;
    part *= type.dims[i].constant();
  }
  return split;
}

void allocate(HostTensor& tensor) {
  const int64_t count = tensor.type.element_count().constant();
  if (tensor.type.element == ElementType::String) {
    tensor.strings.assign(static_cast<size_t>(count), {});
    return;
  }
  const auto bytes = storage_bytes(tensor.type.element, count);
  LATHE_CHECK(bytes.has_value());
  tensor.bytes.assign(*bytes, std::byte{0});
}

int compare_numbers(const ScalarValue& a, const ScalarValue& b) {
  if (is_float(a.type)) return a.real < b.real ? -1 : a.real > b.real ? 1 : 0;
  if (a.type == ElementType::U64) {
    const auto x = static_cast<uint64_t>(a.integer);
    const auto y = static_cast<uint64_t>(b.integer);
    return x < y ? -1 : x > y ? 1 : 0;
  }
  return a.integer < b.integer ? -1 : a.integer > b.integer ? 1 : 0;
}

std::vector<int64_t> static_dims(const TensorType& type) {
  std::vector<int64_t> dims;
  for (const Dim& dim : type.dims) dims.push_back(dim.constant());
  return dims;
}

std::vector<int64_t> row_major_strides(const std::vector<int64_t>& dims) {
  std::vector<int64_t> strides(dims.size());
  int64_t stride = 1;
  for (size_t axis = dims.size(); axis-- > 0;) {
    strides[axis] = stride;
    stride *= dims[axis];
  }
  return strides;
}

bool advance(std::vector<int64_t>& position, const std::vector<int64_t>& dims) {
  for (size_t axis = dims.size(); axis-- > 0;) {
    if (++position[axis] < dims[axis]) return true;
    position[axis] = 0;
  }
  return false;
}

int64_t integer_at(const HostTensor& tensor, int64_t index) {
  return load_element(tensor.type.element, tensor.bytes.data(), index).integer;
}

void copy_element(const HostTensor& from, int64_t from_index, HostTensor& to, int64_t to_index) {
  if (from.type.element == ElementType::String) {
    to.strings[static_cast<size_t>(to_index)] = from.strings[static_cast<size_t>(from_index)];
    return;
  }
  const uint32_t bits = info(to.type.element).bits;
  if (bits < 8) {
    store_element(to.type.element, to.bytes.data(), to_index,
                  load_element(from.type.element, from.bytes.data(), from_index));
    return;
  }
  const size_t width = bits / 8;
  std::memcpy(to.bytes.data() + static_cast<size_t>(to_index) * width,
              from.bytes.data() + static_cast<size_t>(from_index) * width, width);
}

}  // namespace lathe
