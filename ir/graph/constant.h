// Constants: tensors whose elements are known, with shared and usually borrowed storage.
//
// A ConstantData points at bytes that its owner keeps alive: a memory-mapped model file, or a buffer made by folding. A
// splat stores one element only, however large its type. Data may be absent (weights left out of a model file): such a
// constant has a type and can't be read. Elements are little-endian, packed as ElementType says; strings are separate.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "ir/base/location.h"
#include "ir/base/type.h"
#include "ir/graph/attribute.h"

namespace lathe {

/// Where in a file the bytes stand, so that text can refer to them instead of spelling them.
struct ConstantSource {
  std::string path;
  uint64_t offset = 0;
};

struct ConstantData {
  std::string name;  ///< of the initializer or parameter; may be empty
  TensorType type;   ///< static
  LocationId location;
  std::shared_ptr<const void> owner;  ///< keeps `bytes` alive
  std::span<const std::byte> bytes;   ///< storage_bytes of the type; one element for a splat
  std::vector<std::string> strings;   ///< elements when the type is string
  std::optional<ConstantSource> source;
  bool splat = false;
  bool absent = false;

  [[nodiscard]] int64_t element_count() const { return type.element_count().constant(); }
};

/// A constant that owns a copy of `bytes`.
[[nodiscard]] ConstantData owned_constant(TensorType type, std::vector<std::byte> bytes);
/// Builds from values, converted to the element type (integers wrap, floats round to nearest even).
[[nodiscard]] ConstantData constant_from_doubles(TensorType type, std::span<const double> values);
[[nodiscard]] ConstantData constant_from_integers(TensorType type, std::span<const int64_t> values);
[[nodiscard]] ConstantData splat_constant(TensorType type, double value);
[[nodiscard]] ConstantData splat_integer_constant(TensorType type, int64_t value);
/// Element `index` (row-major); data must be present and numeric. Integers and bools as int64 (u64 wraps).
[[nodiscard]] double element_as_double(const ConstantData& constant, int64_t index);
[[nodiscard]] int64_t element_as_integer(const ConstantData& constant, int64_t index);
/// All elements are bitwise equal; false when absent or empty.
[[nodiscard]] bool is_uniform(const ConstantData& constant);
/// Same type and bytes; absent constants equal only themselves.
[[nodiscard]] bool same_constant(const ConstantData& a, const ConstantData& b);

/// The constants of a module; rows are never changed or removed.
class ConstantTable {
 public:
  ConstantId add(ConstantData constant) { return rows_.push_back(std::move(constant)); }
  [[nodiscard]] const ConstantData& operator[](ConstantId id) const { return rows_[id]; }
  [[nodiscard]] bool contains(ConstantId id) const { return rows_.contains(id); }
  [[nodiscard]] size_t size() const { return rows_.size(); }

 private:
  IdVector<ConstantId, ConstantData> rows_;
};

}  // namespace lathe
