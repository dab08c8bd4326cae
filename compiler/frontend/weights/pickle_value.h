// What a pickle of tensors and containers stands for: a table of values that refer to each other by position.
//
// Made by the unpickler, read by the readers of PyTorch's formats. Values may refer to each other in circles and be
// shared, as in Python; whoever walks them bounds the walk. Text and bytes are borrowed from the pickle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "compiler/frontend/weights/pickle_globals.h"
#include "ir/base/id.h"
#include "ir/base/type.h"

namespace lathe::weights {

using PickleId = Id<struct PickleTag>;
using StorageId = Id<struct StorageTag>;

struct PickleNone {};
struct PickleText {
  std::string_view text;
};
struct PickleBytes {
  std::span<const std::byte> bytes;
};
struct PickleTuple {
  std::vector<PickleId> items;
};
struct PickleList {
  std::vector<PickleId> items;
};
/// A dict or OrderedDict: keys and values in the order in which they were set; a key may occur again.
struct PickleDict {
  std::vector<std::pair<PickleId, PickleId>> items;
  PickleId attributes;  ///< a dict, where the object has some (`_metadata`)
};
/// An accepted global: a class, a function or a dtype.
struct PickleGlobal {
  const GlobalRow* row = nullptr;
};
struct PickleStorage {
  StorageId storage;
  uint64_t view_offset = 0;  ///< in elements: old files have storages that are parts of others
};
struct PickleTensor {
  uint32_t position = 0;  ///< in PickleTable::tensors
};
/// A value that is accepted, but not understood further: NumPy's scalars, devices, sets.
struct PickleOpaque {
  std::string_view what;  ///< "a NumPy value"
};

using PickleValue = std::variant<PickleNone, bool, int64_t, double, PickleText, PickleBytes, PickleTuple, PickleList,
                                 PickleDict, PickleGlobal, PickleStorage, PickleTensor, PickleOpaque>;

/// A block of elements that stands outside of the pickle.
struct StorageRow {
  std::string_view key;                ///< names it in the file
  std::optional<ElementType> element;  ///< nothing for bytes whose type the tensors know, and for types not read
  std::string_view type_name;          ///< "FloatStorage"
  uint64_t count = 0;                  ///< elements; bytes when it is untyped
  bool untyped = false;
};

/// A view of a storage, not yet checked against its size.
struct TensorRow {
  StorageId storage;
  std::optional<ElementType> element;  ///< nothing when Lathe has no such type
  std::string_view type_name;          ///< "complex64", "ComplexFloatStorage"
  uint64_t offset = 0;                 ///< in elements
  std::vector<int64_t> sizes;
  std::vector<int64_t> strides;
  bool parameter = false;
};

struct PickleTable {
  IdVector<PickleId, PickleValue> values;
  IdVector<StorageId, StorageRow> storages;
  std::vector<TensorRow> tensors;
  PickleId root;
};

/// "an int", "a list", as messages say it.
[[nodiscard]] std::string_view kind_of(const PickleValue& value);

}  // namespace lathe::weights
