// Numbers of any element type: rounding, wrapping, memory formats.
#include "ir/scalar/scalar_value.h"

#include <bit>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "ir/base/float_formats.h"
#include "ir/base/lexer.h"
#include "ir/base/result.h"

namespace lathe {
namespace {

/// The 64-bit integer that a double is truncated to, saturated; 0 for NaN.
int64_t truncate(double number) {
  if (std::isnan(number)) return 0;
  if (number >= 0x1p63) return std::numeric_limits<int64_t>::max();
  if (number < -0x1p63) return std::numeric_limits<int64_t>::min();
  return static_cast<int64_t>(number);
}

template <class T>
T read(const void* memory, int64_t index) {
  T value;
  std::memcpy(&value, static_cast<const std::byte*>(memory) + index * static_cast<int64_t>(sizeof(T)), sizeof(T));
  return value;
}

template <class T>
void write(void* memory, int64_t index, T value) {
  std::memcpy(static_cast<std::byte*>(memory) + index * static_cast<int64_t>(sizeof(T)), &value, sizeof(T));
}

}  // namespace

int64_t wrap_to_type(ElementType type, int64_t value) {
  const ElementInfo& row = info(type);
  if (row.kind == ElementClass::Boolean) return value != 0 ? 1 : 0;
  if (row.bits == 64) return value;
  const uint32_t unused = 64 - row.bits;
  const uint64_t high = static_cast<uint64_t>(value) << unused;
  if (row.kind == ElementClass::Signed) return static_cast<int64_t>(high) >> unused;
  return static_cast<int64_t>(high >> unused);
}

ScalarValue ScalarValue::of(ElementType type, double number) {
  if (is_float(type)) return {type, round_to_float_type(type, number), 0};
  if (type == ElementType::Boolean) return boolean(number != 0.0);
  if (type == ElementType::U64 && number >= 0x1p63) {
    const auto large = number >= 0x1p64 ? std::numeric_limits<uint64_t>::max() : static_cast<uint64_t>(number);
    return {type, 0.0, static_cast<int64_t>(large)};
  }
  return of_integer(type, truncate(number));
}

ScalarValue ScalarValue::of_integer(ElementType type, int64_t number) {
  if (type == ElementType::F64) return {type, static_cast<double>(number), 0};
  if (is_float(type)) return of(type, static_cast<double>(static_cast<float>(number)));
  return {type, 0.0, wrap_to_type(type, number)};
}

double ScalarValue::as_double() const {
  if (is_float(type)) return real;
  return type == ElementType::U64 ? static_cast<double>(static_cast<uint64_t>(integer)) : static_cast<double>(integer);
}

bool ScalarValue::same_bits(const ScalarValue& other) const {
  if (type != other.type) return false;
  if (!is_float(type)) return integer == other.integer;
  if (std::isnan(real)) return std::isnan(other.real);
  return std::bit_cast<uint64_t>(real) == std::bit_cast<uint64_t>(other.real);
}

std::string text(const ScalarValue& value) {
  if (value.type == ElementType::Boolean) return value.integer != 0 ? "true" : "false";
  if (!is_float(value.type)) {
    return value.type == ElementType::U64 ? fmt::format("{}", static_cast<uint64_t>(value.integer))
                                          : fmt::format("{}", value.integer);
  }
  if (value.type != ElementType::F32 || !std::isfinite(value.real)) return float_text(value.real);
  // The shortest text for a float is shorter than the one for the same number as a double.
  std::string shortest = fmt::format("{}", static_cast<float>(value.real));
  if (shortest.find_first_of(".e") == std::string::npos) shortest += ".0";
  return shortest;
}

uint64_t bits_of(const ScalarValue& value) {
  if (is_float(value.type)) return encode_float(float_format(value.type), value.real);
  const uint32_t bits = info(value.type).bits;
  const uint64_t mask = bits == 64 ? ~uint64_t{0} : (uint64_t{1} << bits) - 1;
  return static_cast<uint64_t>(value.integer) & mask;
}

ScalarValue value_of_bits(ElementType type, uint64_t bits) {
  if (is_float(type)) return {type, decode_float(float_format(type), bits), 0};
  return {type, 0.0, wrap_to_type(type, static_cast<int64_t>(bits))};
}

ScalarValue load_element(ElementType type, const void* memory, int64_t index) {
  switch (type) {
    case ElementType::Boolean: return ScalarValue::boolean(read<uint8_t>(memory, index) != 0);
    case ElementType::I4:
    case ElementType::U4: {
      const auto byte = read<uint8_t>(memory, index / 2);
      return value_of_bits(type, index % 2 == 0 ? byte & 0xfu : static_cast<uint64_t>(byte >> 4));
    }
    case ElementType::I8: return {type, 0.0, read<int8_t>(memory, index)};
    case ElementType::I16: return {type, 0.0, read<int16_t>(memory, index)};
    case ElementType::I32: return {type, 0.0, read<int32_t>(memory, index)};
    case ElementType::I64: return {type, 0.0, read<int64_t>(memory, index)};
    case ElementType::U8: return {type, 0.0, read<uint8_t>(memory, index)};
    case ElementType::U16: return {type, 0.0, read<uint16_t>(memory, index)};
    case ElementType::U32: return {type, 0.0, read<uint32_t>(memory, index)};
    case ElementType::U64: return {type, 0.0, static_cast<int64_t>(read<uint64_t>(memory, index))};
    case ElementType::F8E4M3FN:
    case ElementType::F8E4M3FNUZ:
    case ElementType::F8E5M2:
    case ElementType::F8E5M2FNUZ: return value_of_bits(type, read<uint8_t>(memory, index));
    case ElementType::F16:
    case ElementType::BF16: return value_of_bits(type, read<uint16_t>(memory, index));
    case ElementType::F32: return {type, static_cast<double>(read<float>(memory, index)), 0};
    case ElementType::F64: return {type, read<double>(memory, index), 0};
    case ElementType::String: break;
  }
  internal_error("load_element of a string", __FILE__, __LINE__);
}

void store_element(ElementType type, void* memory, int64_t index, const ScalarValue& value) {
  LATHE_CHECK(value.type == type);
  const uint64_t bits = bits_of(value);
  switch (info(type).bits) {
    case 4: {
      const auto old = read<uint8_t>(memory, index / 2);
      const uint64_t both = index % 2 == 0 ? (old & 0xf0u) | bits : (old & 0x0fu) | (bits << 4);
      write(memory, index / 2, static_cast<uint8_t>(both));
      return;
    }
    case 8: write(memory, index, static_cast<uint8_t>(bits)); return;
    case 16: write(memory, index, static_cast<uint16_t>(bits)); return;
    case 32: write(memory, index, static_cast<uint32_t>(bits)); return;
    case 64: write(memory, index, bits); return;
    default: internal_error("store_element of a type without a width", __FILE__, __LINE__);
  }
}

void ScalarColumn::resize(size_t count) {
  reals.resize(is_float(type) ? count : 0);
  integers.resize(is_float(type) ? 0 : count);
}

ScalarValue ScalarColumn::at(size_t index) const {
  return is_float(type) ? ScalarValue{type, reals[index], 0} : ScalarValue{type, 0.0, integers[index]};
}

void ScalarColumn::set(size_t index, const ScalarValue& value) {
  if (is_float(type)) {
    reals[index] = value.real;
  } else {
    integers[index] = value.integer;
  }
}

void load_column(const void* memory, int64_t begin, int64_t stride, ScalarColumn& column) {
  const size_t count = column.size();
  if (column.type == ElementType::F32) {
    for (size_t i = 0; i < count; ++i) {
      column.reals[i] = static_cast<double>(read<float>(memory, begin + static_cast<int64_t>(i) * stride));
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    column.set(i, load_element(column.type, memory, begin + static_cast<int64_t>(i) * stride));
  }
}

void store_column(const ScalarColumn& column, void* memory, int64_t begin, int64_t stride) {
  const size_t count = column.size();
  if (column.type == ElementType::F32) {
    for (size_t i = 0; i < count; ++i) {
      write(memory, begin + static_cast<int64_t>(i) * stride, static_cast<float>(column.reals[i]));
    }
    return;
  }
  for (size_t i = 0; i < count; ++i) {
    store_element(column.type, memory, begin + static_cast<int64_t>(i) * stride, column.at(i));
  }
}

}  // namespace lathe
