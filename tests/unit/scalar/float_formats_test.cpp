// The narrow float formats against their published tables and against the compiler's own float.
#include "ir/base/float_formats.h"

#include <cmath>
#include <random>

#include <gtest/gtest.h>

namespace lathe {
namespace {

constexpr ElementType kNarrow[] = {ElementType::F8E4M3FN,   ElementType::F8E4M3FNUZ, ElementType::F8E5M2,
                                   ElementType::F8E5M2FNUZ, ElementType::F16,        ElementType::BF16};

// The largest number, the smallest normal and the smallest subnormal as the formats' specifications state them.
TEST(FloatFormats, KnownNumbers) {
  struct Row {
    ElementType type;
    double largest, normal, subnormal;
  };
  const Row rows[] = {
      {ElementType::F8E4M3FN, 448, 0x1p-6, 0x1p-9},   {ElementType::F8E4M3FNUZ, 240, 0x1p-7, 0x1p-10},
      {ElementType::F8E5M2, 57344, 0x1p-14, 0x1p-16}, {ElementType::F8E5M2FNUZ, 57344, 0x1p-15, 0x1p-17},
      {ElementType::F16, 65504, 0x1p-14, 0x1p-24},    {ElementType::BF16, 0x1.fep127, 0x1p-126, 0x1p-133}};
  for (const Row& row : rows) {
    const FloatFormat format = float_format(row.type);
    EXPECT_EQ(decode_float(format, format.largest()), row.largest) << text(row.type);
    EXPECT_EQ(decode_float(format, uint64_t{1} << format.mantissa_bits), row.normal) << text(row.type);
    EXPECT_EQ(decode_float(format, 1), row.subnormal) << text(row.type);
    EXPECT_TRUE(std::isnan(decode_float(format, format.quiet_nan()))) << text(row.type);
  }
}

// Decoding and encoding again gives the same bits, for every bit pattern that is no NaN.
TEST(FloatFormats, RoundTrip) {
  for (const ElementType type : kNarrow) {
    const FloatFormat format = float_format(type);
    for (uint64_t bits = 0; bits < 2 * format.sign_bit(); ++bits) {
      const double value = decode_float(format, bits);
      if (std::isnan(value)) {
        EXPECT_TRUE(std::isnan(decode_float(format, encode_float(format, value))));
      } else {
        ASSERT_EQ(encode_float(format, value), bits) << text(type) << " " << bits;
      }
    }
  }
}

// Half way between two neighbours goes to the even one, anything beside it to the nearer one.
TEST(FloatFormats, RoundsToNearestEven) {
  for (const ElementType type : kNarrow) {
    const FloatFormat format = float_format(type);
    for (uint64_t bits = 0; bits < format.largest(); ++bits) {
      const double low = decode_float(format, bits);
      const double high = decode_float(format, bits + 1);
      const double middle = low + (high - low) / 2;
      ASSERT_EQ(encode_float(format, middle), bits % 2 == 0 ? bits : bits + 1) << text(type) << " " << bits;
      ASSERT_EQ(encode_float(format, std::nextafter(middle, low)), bits);
      ASSERT_EQ(encode_float(format, std::nextafter(middle, high)), bits + 1);
      ASSERT_EQ(encode_float(format, -std::nextafter(middle, high)), (bits + 1) | format.sign_bit());
    }
  }
}

TEST(FloatFormats, Overflow) {
  EXPECT_EQ(encode_float(float_format(ElementType::F16), 65519.0), 0x7bffu);
  EXPECT_EQ(encode_float(float_format(ElementType::F16), 65520.0), 0x7c00u);
  EXPECT_EQ(encode_float(float_format(ElementType::F16), -1e300), 0xfc00u);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E4M3FN), 464.0), 0x7eu);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E4M3FN), 465.0), 0x7fu);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E4M3FN), -INFINITY), 0xffu);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E4M3FNUZ), 1000.0), 0x80u);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E4M3FNUZ), -0.0), 0x00u);
  EXPECT_EQ(encode_float(float_format(ElementType::F8E5M2), 1e6), 0x7cu);
}

// The same code with float's own parameters must agree with the compiler's conversion.
TEST(FloatFormats, AgreesWithFloat) {
  const FloatFormat format = float_format(ElementType::F32);
  std::mt19937_64 random(7);
  for (int i = 0; i < 200000; ++i) {
    const auto value = std::bit_cast<double>(random());
    const double scaled = i % 2 == 0 ? value : std::ldexp(static_cast<double>(random()) / 0x1p64, -120 - i % 40);
    if (std::isnan(scaled)) continue;
    ASSERT_EQ(encode_float(format, scaled), std::bit_cast<uint32_t>(static_cast<float>(scaled))) << scaled;
    ASSERT_EQ(decode_float(format, encode_float(format, scaled)), static_cast<double>(static_cast<float>(scaled)));
  }
}

}  // namespace
}  // namespace lathe
