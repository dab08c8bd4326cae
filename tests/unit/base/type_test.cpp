// Element types, sets of them, tensor, sequence and optional types.
#include "ir/base/type.h"

#include <limits>

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(ElementTypes, TextReadsBack) {
  for (const ElementInfo& row : kElementTypes) EXPECT_EQ(parse_element_type(row.text), row.type) << row.text;
  EXPECT_EQ(parse_element_type("float"), std::nullopt);
  EXPECT_EQ(parse_element_type(""), std::nullopt);
}

TEST(ElementTypes, StorageIsPackedAndChecked) {
  EXPECT_EQ(storage_bytes(ElementType::F32, 10), 40u);
  EXPECT_EQ(storage_bytes(ElementType::I4, 5), 3u);
  EXPECT_EQ(storage_bytes(ElementType::Boolean, 5), 5u);
  EXPECT_EQ(storage_bytes(ElementType::F64, std::numeric_limits<int64_t>::max()), std::nullopt);
  EXPECT_EQ(storage_bytes(ElementType::F32, -1), std::nullopt);
  EXPECT_EQ(storage_bytes(ElementType::String, 1), std::nullopt);
}

TEST(ElementTypes, ClassesAndSets) {
  EXPECT_TRUE(is_float(ElementType::BF16));
  EXPECT_TRUE(is_integer(ElementType::U4));
  EXPECT_FALSE(is_integer(ElementType::Boolean));
  EXPECT_TRUE(kAnyNumber.contains(ElementType::F8E5M2));
  EXPECT_FALSE(kAnyNumber.contains(ElementType::Boolean));
  EXPECT_EQ(text(kAnyFloat), "float");
  EXPECT_EQ(text(set_of(ElementType::F32) | set_of(ElementType::F64)), "f32 or f64");
}

TEST(Types, CompareStructurally) {
  const TensorType a{ElementType::F32, {Dim::symbol("N"), 3}, true};
  TensorType b = a;
  EXPECT_EQ(a, b);
  b.dims[0] = Dim(1) + Dim::symbol("N") - Dim(1);
  EXPECT_EQ(a, b);
  b.dims[1] = 4;
  EXPECT_FALSE(a == b);
  EXPECT_FALSE(Type(a) == Type(sequence_of(a)));
  EXPECT_FALSE(Type(optional_of(a)) == Type(sequence_of(a)));
  EXPECT_TRUE(Type(sequence_of(optional_of(a))) == Type(sequence_of(optional_of(a))));
}

TEST(Types, Texts) {
  const TensorType tensor{ElementType::F16, {Dim::symbol("N"), floordiv(Dim::symbol("H"), 2)}, true};
  EXPECT_EQ(text(tensor), "f16[N, floordiv(H, 2)]");
  EXPECT_EQ(text(TensorType{ElementType::String, {}, true}), "string[]");
  EXPECT_EQ(text(TensorType{ElementType::String, {}, false}), "string[*]");
  EXPECT_EQ(text(Type(sequence_of(optional_of(tensor)))), "sequence<optional<f16[N, floordiv(H, 2)]>>");
}

TEST(Types, CountElements) {
  EXPECT_EQ((TensorType{ElementType::F32, {}, true}.element_count()), Dim(1));
  EXPECT_EQ((TensorType{ElementType::F32, {2, 0, 3}, true}.element_count()), Dim(0));
  EXPECT_FALSE((TensorType{ElementType::F32, {int64_t{1} << 40, int64_t{1} << 40}, true}.element_count().valid()));
  EXPECT_TRUE((TensorType{ElementType::F32, {2, 3}, true}.is_static()));
  EXPECT_FALSE((TensorType{ElementType::F32, {Dim::symbol("N")}, true}.is_static()));
  EXPECT_FALSE((TensorType{ElementType::F32, {}, false}.is_static()));
}

}  // namespace
}  // namespace lathe
