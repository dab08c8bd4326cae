// Building, composing, printing and parsing scalar expressions.
#include "ir/scalar/expression.h"

#include <gtest/gtest.h>

namespace lathe {
namespace {

Result<ScalarExpression> parse(std::string_view text, Diagnostics& diagnostics) {
  static LocationTable locations;
  const FileId file = locations.add_file("test", std::string(text));
  TokenCursor cursor(tokenize(locations.file(file).text, file), locations, diagnostics);
  return parse_scalar_expression(cursor);
}

TEST(ScalarOp, RowsAreComplete) {
  for (const ScalarOpInfo& row : kScalarOps) {
    EXPECT_FALSE(row.meaning.empty()) << row.text;
    EXPECT_EQ(parse_scalar_op(row.text), row.op);
    EXPECT_EQ(row.arity == 0, row.operands == ScalarOperands::None) << row.text;
  }
}

TEST(ScalarOp, TypeRules) {
  const ElementType f32[] = {ElementType::F32, ElementType::F32};
  const ElementType mixed[] = {ElementType::F32, ElementType::I32};
  const ElementType i32[] = {ElementType::I32, ElementType::I32};
  const ElementType select[] = {ElementType::Boolean, ElementType::I32, ElementType::I32};
  EXPECT_EQ(result_type(ScalarOp::Add, f32, ElementType::F64), ElementType::F32);
  EXPECT_EQ(result_type(ScalarOp::Add, mixed, ElementType::F32), std::nullopt);
  EXPECT_EQ(result_type(ScalarOp::Lt, i32, ElementType::F64), ElementType::Boolean);
  EXPECT_EQ(result_type(ScalarOp::And, f32, ElementType::F32), std::nullopt);
  EXPECT_EQ(result_type(ScalarOp::Select, select, ElementType::F32), ElementType::I32);
  EXPECT_EQ(result_type(ScalarOp::Bitcast, std::span(f32).first(1), ElementType::I32), ElementType::I32);
  EXPECT_EQ(result_type(ScalarOp::Bitcast, std::span(f32).first(1), ElementType::I16), std::nullopt);
  EXPECT_EQ(result_type(ScalarOp::Add, std::span(f32).first(1), ElementType::F32), std::nullopt);
}

// Equal nodes are made once and unused ones are left out.
TEST(ScalarBuilder, SharesAndTrims) {
  ScalarBuilder b;
  const ScalarId x = b.argument(0, ElementType::F32);
  EXPECT_EQ(b.exp(x), b.exp(x));
  EXPECT_NE(b.constant(ElementType::F32, 0.0), b.constant(ElementType::F32, -0.0));
  const ScalarId unused = b.log(x);
  EXPECT_TRUE(unused.valid());
  const ScalarExpression e = b.finish(b.add(b.exp(x), b.exp(x)));
  EXPECT_EQ(e.nodes.size(), 3u);
  EXPECT_EQ(e.operation_count(), 2u);
  EXPECT_EQ(text(e), "{ %0 = argument 0 : f32  %1 = exp %0 : f32  %2 = add %1, %1 : f32  return %2 }");
}

TEST(ScalarBuilder, InlinesExpressions) {
  ScalarBuilder inner;
  const ScalarExpression twice =
      inner.finish(inner.add(inner.argument(0, ElementType::F32), inner.argument(0, ElementType::F32)));
  ScalarBuilder outer;
  const ScalarId y = outer.neg(outer.argument(1, ElementType::F32));
  const ScalarExpression e = outer.finish(outer.inline_expression(twice, std::span(&y, 1)));
  EXPECT_EQ(text(e), "{ %0 = argument 1 : f32  %1 = neg %0 : f32  %2 = add %1, %1 : f32  return %2 }");
  EXPECT_EQ(e.argument_count(), 2u);
}

TEST(ScalarText, RoundTrip) {
  const char* texts[] = {
      "{ %0 = argument 3 : i64  %1 = cast %0 : f32  %2 = constant -0.0 : f32  %3 = max %1, %2 : f32  return %3 }",
      "{ %0 = constant 18446744073709551615 : u64  %1 = constant nan : f64  %2 = is_nan %1 : bool  return %2 }",
      "{ %0 = argument 0 : bool  %1 = constant true : bool  %2 = select %0, %1, %0 : bool  return %2 }",
      "{ %0 = argument 0 : f32  %1 = bitcast %0 : i32  %2 = constant -inf : f32  return %1 }"};
  for (const char* input : texts) {
    Diagnostics diagnostics;
    const auto e = parse(input, diagnostics);
    ASSERT_TRUE(e.ok()) << input << (diagnostics.all().empty() ? "" : diagnostics.all()[0].message);
    EXPECT_EQ(text(*e), input);
  }
}

TEST(ScalarText, Errors) {
  const char* texts[] = {"{ %0 = argument 0 : f32  %1 = add %0, %2 : f32  return %1 }",
                         "{ %0 = argument 0 : f32  %1 = add %0, %0 : f64  return %1 }",
                         "{ %0 = frobnicate %1 : f32  return %0 }",
                         "{ %0 = argument -1 : f32  return %0 }",
                         "{ return %0 }",
                         "{ %0 = argument 0 : string  return %0 }"};
  for (const char* input : texts) {
    Diagnostics diagnostics;
    EXPECT_FALSE(parse(input, diagnostics).ok()) << input;
    EXPECT_EQ(diagnostics.count(Severity::Error), 1u) << input;
  }
}

}  // namespace
}  // namespace lathe
