// Tensors out of storages: bounds, strides, and copies where a view is not row-major.
//
// A contiguous view borrows the storage; a view whose elements are all one element becomes a splat; any other view is
// collected into a row-major copy, once for all names that show the same view. Copies come out of a budget that follows
// from the size of the file, as a small storage can be seen as a tensor of any size. Called by the readers of PyTorch's
// formats.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "compiler/frontend/weights/pickle_value.h"
#include "compiler/frontend/weights/state_dict.h"

namespace lathe::weights {

/// The bytes of a storage, which `owner` keeps alive.
struct StorageBytes {
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;
  std::optional<ConstantSource> source;  ///< where they stand in a file, if they do
};

/// Memory that may be made from a file.
struct CopyBudget {
  uint64_t left = 0;
  explicit CopyBudget(uint64_t file_size);
  [[nodiscard]] bool take(uint64_t bytes);
};

class TensorViews {
 public:
  explicit TensorViews(CopyBudget& budget) : budget_(budget) {}
  /// The tensor of a row whose element type is known; nothing with the cause in `why`.
  [[nodiscard]] std::optional<StateEntry> make(const TensorRow& row, const StorageBytes& storage, std::string& why);

 private:
  using Key = std::tuple<uint32_t, uint64_t, ElementType, std::vector<int64_t>, std::vector<int64_t>>;

  CopyBudget& budget_;
  std::map<Key, std::shared_ptr<const std::vector<std::byte>>> copies_;
};

}  // namespace lathe::weights
