// Numbers as the interpreters, constants and tests hold them: one number of any element type, and columns of many.
//
// A float of any format is exact in a double; an integer, bool included, is its value in 64 bits (u64 as the same
// bits). Loading and storing know the memory format of every type: narrow floats, bools as bytes, two 4-bit integers a
// byte.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "ir/base/type.h"

namespace lathe {

/// One number of an element type other than string. Only the member of the type's class counts; the other one is 0.
struct ScalarValue {
  ElementType type = ElementType::F32;
  double real = 0.0;
  int64_t integer = 0;

  /// Rounds to the type (floats), or truncates and wraps into it (integers; bool is number != 0).
  [[nodiscard]] static ScalarValue of(ElementType type, double number);
  [[nodiscard]] static ScalarValue of_integer(ElementType type, int64_t number);
  [[nodiscard]] static ScalarValue boolean(bool value) { return {ElementType::Boolean, 0.0, value ? 1 : 0}; }
  [[nodiscard]] double as_double() const;
  [[nodiscard]] bool is_zero() const { return is_float(type) ? real == 0.0 : integer == 0; }
  /// Type and bits are the same; a NaN equals every NaN of its type, -0 does not equal +0.
  [[nodiscard]] bool same_bits(const ScalarValue& other) const;
};

/// Shortest decimal text that reads back as the same number; `true` and `false`.
[[nodiscard]] std::string text(const ScalarValue& value);

/// Wraps `value` into the width of an integer type; for bool, value != 0.
[[nodiscard]] int64_t wrap_to_type(ElementType type, int64_t value);

/// Element `index` of packed memory of a type with a fixed width.
[[nodiscard]] ScalarValue load_element(ElementType type, const void* memory, int64_t index);
/// Writes an element; `value` must have the type. A 4-bit element leaves its neighbour in the byte alone.
void store_element(ElementType type, void* memory, int64_t index, const ScalarValue& value);
/// The bits of the memory format, in the low bits.
[[nodiscard]] uint64_t bits_of(const ScalarValue& value);
[[nodiscard]] ScalarValue value_of_bits(ElementType type, uint64_t bits);

/// Many numbers of one type: `reals` for floats, `integers` for all others. The other vector is empty.
struct ScalarColumn {
  ElementType type = ElementType::F32;
  std::vector<double> reals;
  std::vector<int64_t> integers;

  ScalarColumn() = default;
  ScalarColumn(ElementType element, size_t count) : type(element) { resize(count); }
  void resize(size_t count);
  [[nodiscard]] size_t size() const { return is_float(type) ? reals.size() : integers.size(); }
  [[nodiscard]] ScalarValue at(size_t index) const;
  void set(size_t index, const ScalarValue& value);
};

/// Fills `column` with `column.size()` elements of memory, `stride` elements apart.
void load_column(const void* memory, int64_t begin, int64_t stride, ScalarColumn& column);
/// The inverse.
void store_column(const ScalarColumn& column, void* memory, int64_t begin, int64_t stride);

}  // namespace lathe
