// Numbers of all element types: wrapping, memory formats, text.
#include "ir/scalar/scalar_value.h"

#include <array>
#include <cmath>

#include <gtest/gtest.h>

namespace lathe {
namespace {

TEST(ScalarValue, WrapsIntoTheType) {
  EXPECT_EQ(wrap_to_type(ElementType::I8, 200), -56);
  EXPECT_EQ(wrap_to_type(ElementType::U8, -1), 255);
  EXPECT_EQ(wrap_to_type(ElementType::I4, 8), -8);
  EXPECT_EQ(wrap_to_type(ElementType::U4, 17), 1);
  EXPECT_EQ(wrap_to_type(ElementType::U64, -1), -1);
  EXPECT_EQ(wrap_to_type(ElementType::Boolean, 2), 1);
  EXPECT_EQ(ScalarValue::of(ElementType::U64, 0x1p63).as_double(), 0x1p63);
  EXPECT_EQ(ScalarValue::of_integer(ElementType::F32, (int64_t{1} << 24) + 1).real, 0x1p24);
}

// Two 4-bit elements share a byte, low bits first, and a store leaves the neighbour alone.
TEST(ScalarValue, PackedElements) {
  std::array<uint8_t, 2> memory = {0xA5, 0x00};
  EXPECT_EQ(load_element(ElementType::U4, memory.data(), 0).integer, 5);
  EXPECT_EQ(load_element(ElementType::U4, memory.data(), 1).integer, 10);
  EXPECT_EQ(load_element(ElementType::I4, memory.data(), 1).integer, -6);
  store_element(ElementType::I4, memory.data(), 2, ScalarValue::of_integer(ElementType::I4, -1));
  store_element(ElementType::I4, memory.data(), 0, ScalarValue::of_integer(ElementType::I4, 3));
  EXPECT_EQ(memory[0], 0xA3);
  EXPECT_EQ(memory[1], 0x0F);
}

TEST(ScalarValue, EveryTypeSurvivesMemory) {
  for (const ElementInfo& row : kElementTypes) {
    if (row.type == ElementType::String) continue;
    std::array<unsigned char, 32> memory{};
    for (const double number : {0.0, 1.0, -1.0, 1.5, 7.0}) {
      const ScalarValue value = ScalarValue::of(row.type, number);
      store_element(row.type, memory.data(), 3, value);
      EXPECT_TRUE(load_element(row.type, memory.data(), 3).same_bits(value)) << row.text << " " << number;
      EXPECT_TRUE(value_of_bits(row.type, bits_of(value)).same_bits(value)) << row.text;
    }
  }
}

TEST(ScalarValue, Text) {
  EXPECT_EQ(text(ScalarValue::of(ElementType::F32, 0.1)), "0.1");
  EXPECT_EQ(text(ScalarValue::of(ElementType::F32, 2.0)), "2.0");
  EXPECT_EQ(text(ScalarValue::of(ElementType::F64, 0.1)), "0.1");
  EXPECT_EQ(text(ScalarValue::of_integer(ElementType::U64, -1)), "18446744073709551615");
  EXPECT_EQ(text(ScalarValue::boolean(true)), "true");
  EXPECT_EQ(text(ScalarValue::of(ElementType::F32, -INFINITY)), "-inf");
}

}  // namespace
}  // namespace lathe
