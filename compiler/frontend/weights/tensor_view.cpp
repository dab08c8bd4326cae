// Bounds of strided views, and their collection.
#include "compiler/frontend/weights/tensor_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <utility>

namespace lathe::weights {
namespace {

constexpr uint64_t kSmallFiles = uint64_t{64} << 20u;
constexpr uint64_t kCopiesPerByte = 16;

struct Extent {
  uint64_t count = 1;  ///< elements of the tensor
  uint64_t end = 0;    ///< one past the last element of the storage that it reads
};

/// Nothing when the sizes overflow.
std::optional<Extent> extent_of(const TensorRow& row) {
  Extent extent;
  for (const int64_t size : row.sizes) {
    if (__builtin_mul_overflow(extent.count, static_cast<uint64_t>(size), &extent.count)) return std::nullopt;
  }
  if (extent.count > INT64_MAX) return std::nullopt;
  if (extent.count == 0) return extent;
  extent.end = row.offset;
  for (size_t axis = 0; axis < row.sizes.size(); ++axis) {
    uint64_t reach = 0;
    if (__builtin_mul_overflow(static_cast<uint64_t>(row.sizes[axis] - 1), static_cast<uint64_t>(row.strides[axis]),
                               &reach) ||
        __builtin_add_overflow(extent.end, reach, &extent.end)) {
      return std::nullopt;
    }
  }
  if (__builtin_add_overflow(extent.end, uint64_t{1}, &extent.end)) return std::nullopt;
  return extent;
}

bool is_row_major(const TensorRow& row) {
  int64_t stride = 1;
  for (size_t axis = row.sizes.size(); axis-- > 0;) {
    if (row.sizes[axis] == 1) continue;
    if (row.strides[axis] != stride) return false;
    stride *= row.sizes[axis];
  }
  return true;
}

bool is_one_element(const TensorRow& row) {
  for (size_t axis = 0; axis < row.sizes.size(); ++axis) {
    if (row.sizes[axis] > 1 && row.strides[axis] != 0) return false;
  }
  return true;
}

/// `from` is the first element.
std::vector<std::byte> collect(const TensorRow& row, const std::byte* from, uint64_t count, size_t width) {
  std::vector<std::byte> result(count * width);
  std::vector<int64_t> index(row.sizes.size(), 0);
  int64_t element = 0;
  for (size_t to = 0; to < result.size(); to += width) {
    std::memcpy(result.data() + to, from + static_cast<size_t>(element) * width, width);
    for (size_t axis = row.sizes.size(); axis-- > 0;) {
      // The stride of an axis of one element may be any number.
      if (row.sizes[axis] == 1) continue;
      element += row.strides[axis];
      if (++index[axis] < row.sizes[axis]) break;
      element -= row.strides[axis] * row.sizes[axis];
      index[axis] = 0;
    }
  }
  return result;
}

}  // namespace

CopyBudget::CopyBudget(uint64_t file_size) : left(kSmallFiles + kCopiesPerByte * file_size) {}

bool CopyBudget::take(uint64_t bytes) {
  if (bytes > left) return false;
  left -= bytes;
  return true;
}

std::optional<StateEntry> TensorViews::make(const TensorRow& row, const StorageBytes& storage, std::string& why) {
  const size_t width = info(*row.element).bits / 8;
  const std::optional<Extent> extent = extent_of(row);
  const uint64_t available = storage.bytes.size() / width;
  if (!extent) {
    why = "its shape is larger than can be addressed";
    return std::nullopt;
  }
  if (extent->end > available) {
    why = fmt::format("it reads {} elements of its storage, which has {}", extent->end, available);
    return std::nullopt;
  }
  StateEntry entry;
  entry.data.type.element = *row.element;
  for (const int64_t size : row.sizes) entry.data.type.dims.emplace_back(size);
  entry.data.owner = storage.owner;
  entry.storage = row.storage.index;
  entry.offset = row.offset * width;
  entry.parameter = row.parameter;
  if (extent->count == 0) {
    entry.offset = 0;
    return entry;
  }
  const uint64_t bytes = extent->count * width;
  const std::span<const std::byte> first = storage.bytes.subspan(entry.offset);
  if (is_row_major(row)) {
    entry.data.bytes = first.first(bytes);
    entry.data.source = storage.source;
    if (entry.data.source) entry.data.source->offset += entry.offset;
    return entry;
  }
  entry.contiguous = false;
  if (is_one_element(row)) {
    entry.data.bytes = first.first(width);
    entry.data.splat = true;
    return entry;
  }
  std::shared_ptr<const std::vector<std::byte>>& copy =
      copies_[Key(row.storage.index, row.offset, *row.element, row.sizes, row.strides)];
  if (copy == nullptr) {
    uint64_t needed = 0;
    if (__builtin_mul_overflow(extent->count, width, &needed) || !budget_.take(needed)) {
      why = fmt::format("its {} elements are made of {} elements of the file", extent->count, available);
      return std::nullopt;
    }
    copy = std::make_shared<const std::vector<std::byte>>(collect(row, first.data(), extent->count, width));
  }
  entry.data.bytes = *copy;
  entry.data.owner = copy;
  return entry;
}

}  // namespace lathe::weights
