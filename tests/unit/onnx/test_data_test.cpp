// The .pb files of ONNX test data.
#include "compiler/frontend/onnx/test_data.h"

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "ir/scalar/scalar_value.h"
#include "tests/support/onnx_writer.h"
#include "tests/support/temporary_folder.h"

namespace lathe::onnx {
namespace {

const Type kTensor(TensorType{});

TEST(TestData, ReadsATensor) {
  const test::TemporaryFolder folder;
  Diagnostics diagnostics;
  const std::string path = folder.write("t.pb", test::to_bytes(test::float_tensor("", {2}, {1, 2})));
  const Result<ConstantData> tensor = read_test_tensor(path, diagnostics);
  ASSERT_TRUE(tensor.ok());
  EXPECT_EQ(text(tensor->type), "f32[2]");
  EXPECT_EQ(load_element(ElementType::F32, tensor->bytes.data(), 1).real, 2.0);
}

TEST(TestData, ReadsSequencesAndOptionals) {
  const test::TemporaryFolder folder;
  Diagnostics diagnostics;
  const auto a = test::float_tensor("", {2}, {1, 2});
  const auto b = test::int64_tensor("", {}, {5});
  const Type sequence_type(sequence_of(kTensor));
  const Type optional_type(optional_of(kTensor));
  const auto sequence = read_test_value(folder.write("s.pb", test::sequence_bytes({a, b})), sequence_type, diagnostics);
  ASSERT_TRUE(sequence.ok());
  EXPECT_EQ(sequence->kind, TestValue::Kind::Sequence);
  ASSERT_EQ(sequence->elements.size(), 2u);
  EXPECT_EQ(text(sequence->elements[1].tensor.type), "i64[]");
  const auto empty = read_test_value(folder.write("e.pb", ""), sequence_type, diagnostics);
  ASSERT_TRUE(empty.ok());
  EXPECT_TRUE(empty->elements.empty());
  const auto some = read_test_value(folder.write("o.pb", test::optional_bytes({a})), optional_type, diagnostics);
  ASSERT_TRUE(some.ok());
  EXPECT_EQ(some->kind, TestValue::Kind::Optional);
  EXPECT_EQ(some->elements.size(), 1u);
}

TEST(TestData, ReportsWhatIsWrong) {
  const test::TemporaryFolder folder;
  Diagnostics diagnostics;
  EXPECT_FALSE(read_test_tensor(folder.file("absent.pb"), diagnostics).ok());
  EXPECT_EQ(diagnostics.all().back().kind, DiagnosticKind::FileNotReadable);
  EXPECT_FALSE(read_test_tensor(folder.write("bad.pb", "\x0b"), diagnostics).ok());
  EXPECT_EQ(diagnostics.all().back().kind, DiagnosticKind::ModelMalformed);
  auto short_tensor = test::float_tensor("", {3}, {1});
  EXPECT_FALSE(read_test_tensor(folder.write("short.pb", test::to_bytes(short_tensor)), diagnostics).ok());
  EXPECT_EQ(diagnostics.all().back().kind, DiagnosticKind::PayloadSize);
}

}  // namespace
}  // namespace lathe::onnx
