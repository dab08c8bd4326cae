// Operators: attributes, defaults and differences between opsets, seen in the types and nodes that come out.
// Shapes are worked out by hand from the operator specification.
#include "compiler/frontend/onnx/operators.h"

#include <set>

#include "gmock/gmock.h"
#include "gtest/gtest.h"
#include "tests/unit/onnx/import_helper.h"

namespace lathe::onnx {
namespace {

using ::testing::HasSubstr;
using Ints = std::vector<int64_t>;

std::vector<test::OnnxDim> dims(std::initializer_list<int64_t> sizes) { return {sizes.begin(), sizes.end()}; }

TEST(OperatorTable, RowsAreWellFormed) {
  const std::set<std::string_view> codes = {"i", "f", "s", "t", "g", "is", "fs", "ss", "st"};
  for (const OperatorRow* row : all_operators()) {
    EXPECT_NE(row->handler, nullptr) << row->name;
    EXPECT_LE(row->min_inputs, row->max_inputs) << row->name;
    EXPECT_LE(row->since, row->until) << row->name;
    if (!row->target.empty() && row->target != "hardmax") EXPECT_NE(find_op(row->target), nullptr) << row->name;
    std::string list(row->attributes);
    for (size_t at = 0; at < list.size();) {
      const size_t colon = list.find(':', at);
      const size_t end = std::min(list.find(' ', at), list.size());
      ASSERT_LT(colon, end) << row->name;
      EXPECT_TRUE(codes.contains(std::string_view(list).substr(colon + 1, end - colon - 1))) << row->name;
      at = end + 1;
    }
  }
}

TEST(OperatorTable, NoTwoRowsHoldForOneOpset) {
  for (const OperatorRow* a : all_operators()) {
    for (const OperatorRow* b : all_operators()) {
      if (a == b || a->name != b->name) continue;
      EXPECT_TRUE(a->until < b->since || b->until < a->since) << a->name;
    }
  }
}

struct ConvCase {
  std::string name;
  Ints x;
  Ints weight;
  std::vector<test::OnnxAttribute> attributes;
  std::string expected;
};

class ConvTest : public ::testing::TestWithParam<ConvCase> {};

TEST_P(ConvTest, HasTheShapeOfTheSpecification) {
  const ConvCase& row = GetParam();
  const Imported imported =
      import_one({.node = {.op_type = "Conv", .inputs = {"x", "w"}, .outputs = {}, .attributes = row.attributes},
                  .x = {row.x.begin(), row.x.end()},
                  .initializers = {zeros("w", row.weight)}});
  EXPECT_EQ(output_type(imported), row.expected);
}

INSTANTIATE_TEST_SUITE_P(
    Attributes, ConvTest,
    ::testing::Values(ConvCase{"plain", {1, 3, 8, 8}, {4, 3, 3, 3}, {}, "f32[1, 4, 6, 6]"},
                      ConvCase{"padded", {1, 3, 8, 8}, {4, 3, 3, 3}, {{"pads", Ints{1, 0, 1, 2}}}, "f32[1, 4, 8, 8]"},
                      ConvCase{"strided", {1, 3, 9, 8}, {4, 3, 3, 3}, {{"strides", Ints{2, 3}}}, "f32[1, 4, 4, 2]"},
                      ConvCase{"dilated", {1, 3, 9, 9}, {4, 3, 3, 3}, {{"dilations", Ints{2, 4}}}, "f32[1, 4, 5, 1]"},
                      ConvCase{"grouped", {1, 6, 5, 5}, {4, 3, 1, 1}, {{"group", int64_t{2}}}, "f32[1, 4, 5, 5]"},
                      ConvCase{"same_upper",
                               {1, 1, 5, 5},
                               {1, 1, 3, 3},
                               {{"auto_pad", std::string("SAME_UPPER")}, {"strides", Ints{2, 2}}},
                               "f32[1, 1, 3, 3]"},
                      ConvCase{"same_even_kernel",
                               {1, 1, 7, 7},
                               {1, 1, 4, 4},
                               {{"auto_pad", std::string("SAME_LOWER")}},
                               "f32[1, 1, 7, 7]"},
                      ConvCase{
                          "valid", {1, 1, 5, 5}, {1, 1, 3, 3}, {{"auto_pad", std::string("VALID")}}, "f32[1, 1, 3, 3]"},
                      ConvCase{"one_dimension", {2, 1, 10}, {3, 1, 3}, {}, "f32[2, 3, 8]"},
                      ConvCase{"three_dimensions", {1, 1, 4, 5, 6}, {2, 1, 2, 2, 2}, {}, "f32[1, 2, 3, 4, 5]"}),
    [](const auto& info) { return info.param.name; });

TEST(Conv, SamePaddingPutsTheOddElementWhereTheModeSays) {
  // 5 elements, kernel 2, stride 1: one element of padding in all.
  for (const auto& [mode, pads] : {std::pair{"SAME_UPPER", "[0, 1]"}, std::pair{"SAME_LOWER", "[1, 0]"}}) {
    const Imported imported = import_one({.node = {.op_type = "Conv",
                                                   .inputs = {"x", "w"},
                                                   .outputs = {},
                                                   .attributes = {{"auto_pad", std::string(mode)}}},
                                          .x = dims({1, 1, 5}),
                                          .initializers = {zeros("w", {1, 1, 2})}});
    EXPECT_THAT(imported.graph(), HasSubstr(std::string("pads = ") + pads)) << mode;
  }
}

TEST(Conv, RefusesAttributesThatContradictTheWeight) {
  const auto conv = [](std::vector<test::OnnxAttribute> attributes) {
    return import_one(
               {.node = {.op_type = "Conv", .inputs = {"x", "w"}, .outputs = {}, .attributes = std::move(attributes)},
                .x = dims({1, 1, 5, 5}),
                .initializers = {zeros("w", {1, 1, 3, 3})}})
        .messages();
  };
  EXPECT_THAT(
      conv({{"kernel_shape", Ints{5, 5}}}),
      HasSubstr(
          "LT0106 m.onnx: node `n` (Conv): attribute `kernel_shape` of `Conv` is [5, 5], but operand `w` (input 1) is "
          "`f32[1, 1, 3, 3]`"));
  EXPECT_THAT(conv({{"strides", Ints{1}}}), HasSubstr("attribute `strides` of `Conv` has 1 entries ([1]), expected 2"));
  EXPECT_THAT(conv({{"strides", Ints{0, 1}}}), HasSubstr("every entry must be at least 1"));
  EXPECT_THAT(conv({{"group", int64_t{0}}}), HasSubstr("attribute `group` of `Conv` is 0, it must be at least 1"));
  EXPECT_THAT(conv({{"auto_pad", std::string("FULL")}}), HasSubstr("attribute `auto_pad` of `Conv` is `FULL`"));
}

TEST(ConvTranspose, OutputShapeSetsThePadding) {
  const auto type = [](std::vector<test::OnnxAttribute> attributes) {
    return output_type(import_one(
        {.node = {.op_type = "ConvTranspose", .inputs = {"x", "w"}, .outputs = {}, .attributes = std::move(attributes)},
         .x = dims({1, 1, 3, 3}),
         .initializers = {zeros("w", {1, 2, 3, 3})}}));
  };
  EXPECT_EQ(type({}), "f32[1, 2, 5, 5]");
  EXPECT_EQ(type({{"strides", Ints{3, 2}}}), "f32[1, 2, 9, 7]");
  EXPECT_EQ(type({{"strides", Ints{3, 2}}, {"output_shape", Ints{10, 8}}}), "f32[1, 2, 10, 8]");
  EXPECT_EQ(type({{"strides", Ints{3, 2}}, {"output_shape", Ints{8, 6}}}), "f32[1, 2, 8, 6]");
  EXPECT_EQ(type({{"strides", Ints{3, 2}}, {"output_padding", Ints{1, 1}}}), "f32[1, 2, 10, 8]");
  EXPECT_EQ(type({{"strides", Ints{2, 2}}, {"auto_pad", std::string("SAME_UPPER")}}), "f32[1, 2, 6, 6]");
  EXPECT_EQ(type({{"pads", Ints{1, 2, 1, 2}}, {"strides", Ints{3, 2}}}), "f32[1, 2, 7, 3]");
}

TEST(Pool, ShapesOfTheSpecification) {
  const auto type = [](const std::string& op, Ints x, std::vector<test::OnnxAttribute> attributes, int64_t opset = 19) {
    return output_type(
        import_one({.node = {.op_type = op, .inputs = {}, .outputs = {}, .attributes = std::move(attributes)},
                    .x = {x.begin(), x.end()},
                    .opset = opset}));
  };
  EXPECT_EQ(type("MaxPool", {1, 3, 32, 32}, {{"kernel_shape", Ints{2, 2}}}), "f32[1, 3, 31, 31]");
  EXPECT_EQ(
      type("MaxPool", {1, 1, 4, 4}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}, {"ceil_mode", int64_t{1}}}),
      "f32[1, 1, 2, 2]");
  EXPECT_EQ(type("MaxPool", {1, 1, 4, 4}, {{"kernel_shape", Ints{3, 3}}, {"strides", Ints{2, 2}}}), "f32[1, 1, 1, 1]");
  EXPECT_EQ(type("MaxPool", {1, 3, 32, 32}, {{"kernel_shape", Ints{2, 2}}, {"auto_pad", std::string("SAME_LOWER")}}),
            "f32[1, 3, 32, 32]");
  EXPECT_EQ(type("AveragePool", {1, 3, 28, 28},
                 {{"kernel_shape", Ints{3, 3}}, {"pads", Ints{2, 2, 2, 2}}, {"count_include_pad", int64_t{1}}}),
            "f32[1, 3, 30, 30]");
  EXPECT_EQ(type("GlobalAveragePool", {1, 3, 5, 5}, {}), "f32[1, 3, 1, 1]");
  EXPECT_THAT(type("MaxPool", {1, 3, 5, 5}, {}), HasSubstr("LT0107"));
  EXPECT_THAT(type("MaxPool", {1, 3, 5}, {{"kernel_shape", Ints{2, 2}}}), HasSubstr("LT0202"));
}

TEST(Gemm, Transposes) {
  const auto type = [](Ints x, Ints w, std::vector<test::OnnxAttribute> attributes) {
    return output_type(import_one(
        {.node = {.op_type = "Gemm", .inputs = {"x", "w"}, .outputs = {}, .attributes = std::move(attributes)},
         .x = {x.begin(), x.end()},
         .initializers = {zeros("w", std::move(w))}}));
  };
  EXPECT_EQ(type({2, 3}, {3, 5}, {}), "f32[2, 5]");
  EXPECT_EQ(type({3, 2}, {3, 5}, {{"transA", int64_t{1}}}), "f32[2, 5]");
  EXPECT_EQ(type({2, 3}, {5, 3}, {{"transB", int64_t{1}}, {"alpha", 0.5F}}), "f32[2, 5]");
  EXPECT_EQ(type({3, 2}, {5, 3}, {{"transA", int64_t{1}}, {"transB", int64_t{1}}}), "f32[2, 5]");
  EXPECT_THAT(type({2, 3}, {5, 3}, {}), HasSubstr("LT0203"));
}

TEST(Softmax, MeantAnotherThingBeforeOpset13) {
  const auto graph = [](int64_t opset, std::vector<test::OnnxAttribute> attributes) {
    return import_one({.node = {.op_type = "Softmax", .inputs = {}, .outputs = {}, .attributes = std::move(attributes)},
                       .x = dims({2, 3, 4}),
                       .opset = opset})
        .graph();
  };
  EXPECT_THAT(graph(13, {}), HasSubstr("softmax %x {axis = 2}"));
  EXPECT_THAT(graph(13, {{"axis", int64_t{1}}}), HasSubstr("softmax %x {axis = 1}"));
  EXPECT_THAT(graph(12, {}), HasSubstr("f32[2, 12]"));
  EXPECT_THAT(graph(12, {{"axis", int64_t{-1}}}), HasSubstr("softmax %x {axis = 2}"));
}

std::string shape_after(const std::string& op, Ints x, std::vector<test::OnnxTensor> operands,
                        std::vector<test::OnnxAttribute> attributes = {}, int64_t opset = 17) {
  test::OnnxNode node{.op_type = op, .inputs = {"x"}, .outputs = {}, .attributes = std::move(attributes)};
  std::vector<test::OnnxTensor> initializers;
  for (test::OnnxTensor& operand : operands) {
    node.inputs.push_back(operand.name);
    if (!operand.name.empty()) initializers.push_back(std::move(operand));
  }
  return output_type(
      import_one({.node = node, .x = {x.begin(), x.end()}, .initializers = initializers, .opset = opset}));
}

test::OnnxTensor list(const std::string& name, const Ints& values) {
  return test::int64_tensor(name, {static_cast<int64_t>(values.size())}, values);
}

TEST(Reshape, ZeroCopiesAndMinusOneTakesTheRest) {
  EXPECT_EQ(shape_after("Reshape", {2, 3, 4}, {list("s", {0, -1})}), "f32[2, 12]");
  EXPECT_EQ(shape_after("Reshape", {2, 3, 4}, {list("s", {4, 2, 3})}), "f32[4, 2, 3]");
  EXPECT_EQ(shape_after("Reshape", {0, 3}, {list("s", {3, 0})}, {{"allowzero", int64_t{1}}}), "f32[3, 0]");
  EXPECT_THAT(shape_after("Reshape", {2, 3}, {list("s", {4, -1})}), HasSubstr("LT0206"));
  EXPECT_THAT(shape_after("Reshape", {2, 3}, {list("s", {-1, -1})}), HasSubstr("more than one -1"));
  EXPECT_THAT(shape_after("Reshape", {2, 3}, {list("s", {2, 3, 0})}), HasSubstr("copies axis 2"));
}

TEST(Slice, BoundsAsNumpyUnderstandsThem) {
  const auto slice = [](Ints starts, Ints ends, Ints axes, Ints steps) {
    return shape_after("Slice", {10, 8}, {list("b", starts), list("e", ends), list("a", axes), list("t", steps)});
  };
  EXPECT_EQ(slice({2}, {5}, {0}, {1}), "f32[3, 8]");
  EXPECT_EQ(slice({-3}, {INT64_MAX}, {0}, {1}), "f32[3, 8]");
  EXPECT_EQ(slice({0}, {-1}, {1}, {2}), "f32[10, 4]");
  EXPECT_EQ(slice({-1}, {INT64_MIN}, {-1}, {-1}), "f32[10, 8]");
  EXPECT_EQ(slice({7}, {1}, {0}, {-2}), "f32[3, 8]");
  EXPECT_EQ(slice({100}, {200}, {0}, {1}), "f32[0, 8]");
  EXPECT_EQ(slice({5}, {2}, {0}, {1}), "f32[0, 8]");
  EXPECT_EQ(slice({20, 0}, {0, 3}, {0, 1}, {-4, 1}), "f32[3, 3]");
  EXPECT_THAT(slice({0}, {1}, {2}, {1}), HasSubstr("LT0209"));
  EXPECT_THAT(slice({0}, {1}, {0}, {0}), HasSubstr("LT0106"));
  EXPECT_THAT(slice({0, 0}, {1, 1}, {0, 0}, {1, 1}), HasSubstr("names axis 0 twice"));
}

TEST(Slice, HadAttributesBeforeOpset10) {
  EXPECT_EQ(shape_after("Slice", {10, 8}, {}, {{"starts", Ints{1}}, {"ends", Ints{-1}}, {"axes", Ints{1}}}, 9),
            "f32[10, 6]");
}

TEST(Split, SizesAndEqualParts) {
  const auto split = [](Ints x, std::vector<test::OnnxAttribute> attributes, int64_t opset) {
    const Imported imported = import_one(
        {.node = {.op_type = "Split", .inputs = {}, .outputs = {"a", "b"}, .attributes = std::move(attributes)},
         .x = {x.begin(), x.end()},
         .opset = opset});
    return imported.ok ? output_type(imported, 0) + " " + output_type(imported, 1) : imported.messages();
  };
  EXPECT_EQ(split({6, 2}, {}, 11), "f32[3, 2] f32[3, 2]");
  EXPECT_EQ(split({6, 2}, {{"split", Ints{2, 4}}}, 11), "f32[2, 2] f32[4, 2]");
  EXPECT_EQ(split({7}, {{"num_outputs", int64_t{2}}}, 18), "f32[4] f32[3]");
  EXPECT_THAT(split({7}, {}, 13), HasSubstr("LT0211"));
  EXPECT_THAT(split({7}, {{"split", Ints{2, 4}}}, 11), HasSubstr("add up to 6, axis 0 of operand `x` (input 0) has 7"));
}

TEST(Squeeze, AttributesAndOperands) {
  EXPECT_EQ(shape_after("Squeeze", {1, 3, 1}, {}), "f32[3]");
  EXPECT_EQ(shape_after("Squeeze", {1, 3, 1}, {list("a", {-1})}), "f32[1, 3]");
  EXPECT_EQ(shape_after("Squeeze", {1, 3, 1}, {}, {{"axes", Ints{0}}}, 11), "f32[3, 1]");
  EXPECT_THAT(shape_after("Squeeze", {1, 3}, {list("a", {1})}), HasSubstr("LT0212"));
  EXPECT_EQ(shape_after("Unsqueeze", {3, 4}, {list("a", {0, -1})}), "f32[1, 3, 4, 1]");
  EXPECT_EQ(shape_after("Unsqueeze", {3, 4}, {}, {{"axes", Ints{1}}}, 11), "f32[3, 1, 4]");
}

TEST(Reduce, AxesAsAttributeOperandOrNone) {
  EXPECT_EQ(shape_after("ReduceMean", {2, 3, 4}, {}, {{"axes", Ints{-1}}, {"keepdims", int64_t{0}}}), "f32[2, 3]");
  EXPECT_EQ(shape_after("ReduceMean", {2, 3, 4}, {}), "f32[1, 1, 1]");
  EXPECT_EQ(shape_after("ReduceMean", {2, 3, 4}, {list("a", {1})}, {}, 18), "f32[2, 1, 4]");
  EXPECT_EQ(shape_after("ReduceSum", {2, 3}, {list("a", {0})}, {{"keepdims", int64_t{0}}}, 13), "f32[3]");
  EXPECT_EQ(shape_after("ReduceSum", {2, 3}, {}, {{"noop_with_empty_axes", int64_t{1}}}, 13), "f32[2, 3]");
  EXPECT_EQ(shape_after("ArgMax", {2, 3}, {}, {{"axis", int64_t{1}}}), "i64[2, 1]");
}

TEST(Pad, AttributesOperandsAndAxes) {
  EXPECT_EQ(shape_after("Pad", {2, 3}, {}, {{"pads", Ints{1, 0, 1, 2}}}, 10), "f32[4, 5]");
  EXPECT_EQ(shape_after("Pad", {2, 3}, {list("p", {0, -1, 0, 2})}), "f32[2, 4]");
  EXPECT_EQ(shape_after("Pad", {2, 3}, {list("p", {1, 2}), {}, list("a", {-1})}, {}, 18), "f32[2, 6]");
  EXPECT_THAT(shape_after("Pad", {2, 3}, {list("p", {1, 2})}), HasSubstr("LT0212"));
}

TEST(Resize, ScalesAndSizes) {
  const test::OnnxTensor none;
  EXPECT_EQ(shape_after("Resize", {1, 1, 2, 2}, {none, test::float_tensor("s", {4}, {1, 1, 2, 3})}), "f32[1, 1, 4, 6]");
  EXPECT_EQ(shape_after("Resize", {1, 1, 4, 4}, {none, none, list("z", {1, 1, 3, 9})}), "f32[1, 1, 3, 9]");
  EXPECT_EQ(shape_after("Resize", {1, 1, 4, 4}, {none, none, list("z", {3, 9})}, {{"axes", Ints{2, 3}}}, 18),
            "f32[1, 1, 3, 9]");
  EXPECT_EQ(shape_after("Upsample", {1, 1, 2, 2}, {test::float_tensor("s", {4}, {1, 1, 2, 2})}, {}, 9),
            "f32[1, 1, 4, 4]");
  EXPECT_EQ(shape_after("Upsample", {1, 1, 2, 2}, {}, {{"scales", std::vector<float>{1, 1, 3, 3}}}, 7),
            "f32[1, 1, 6, 6]");
  EXPECT_THAT(shape_after("Resize", {1, 1, 2, 2}, {none}), HasSubstr("LT0403"));
}

TEST(GridSample, ModesHadLongerNames) {
  const auto sample = [](int64_t opset, const std::string& mode, Ints grid = {1, 5, 6, 2}) {
    return import_one({.node = {.op_type = "GridSample",
                                .inputs = {"x", "g"},
                                .outputs = {},
                                .attributes = {{"mode", mode}, {"padding_mode", std::string("border")}}},
                       .x = dims({1, 3, 4, 4}),
                       .initializers = {zeros("g", std::move(grid))},
                       .opset = opset});
  };
  EXPECT_EQ(output_type(sample(16, "bilinear")), "f32[1, 3, 5, 6]");
  EXPECT_EQ(output_type(sample(20, "cubic")), "f32[1, 3, 5, 6]");
  EXPECT_THAT(sample(16, "linear").messages(), HasSubstr("is `linear`, expected bilinear, nearest or bicubic"));
  EXPECT_THAT(sample(20, "bilinear").messages(), HasSubstr("is `bilinear`, expected linear, nearest or cubic"));
  EXPECT_THAT(sample(20, "linear", {1, 5, 6, 3}).messages(), HasSubstr("holds positions in images of 2 axes"));
  EXPECT_THAT(sample(20, "linear", {2, 5, 6, 2}).messages(), HasSubstr("have other numbers of images"));
  EXPECT_THAT(sample(20, "linear", {1, 5, 2}).messages(), HasSubstr("LT0202"));
}

TEST(AffineGrid, TheSizeIsAnOperand) {
  const auto grid = [](Ints size) {
    return import_one({.node = {.op_type = "AffineGrid", .inputs = {"x", "s"}, .outputs = {}},
                       .x = dims({2, 2, 3}),
                       .initializers = {test::int64_tensor("s", {static_cast<int64_t>(size.size())}, size)},
                       .opset = 20});
  };
  EXPECT_EQ(output_type(grid({2, 3, 5, 6})), "f32[2, 5, 6, 2]");
  EXPECT_THAT(grid({2, 3, 5}).messages(), HasSubstr("operand `s` (input 1) has 3 entries, expected 4 or 5"));
  EXPECT_THAT(grid({2, 3, 4, 5, 6}).messages(), HasSubstr("an affine map of 3 coordinates is [3, 4]"));
}

TEST(Clip, BoundsAreAttributesBeforeOpset11) {
  const auto graph = [](int64_t opset, std::vector<test::OnnxAttribute> attributes,
                        std::vector<test::OnnxTensor> bounds) {
    test::OnnxNode node{.op_type = "Clip", .inputs = {"x"}, .outputs = {}, .attributes = std::move(attributes)};
    for (const test::OnnxTensor& bound : bounds) node.inputs.push_back(bound.name);
    return import_one({.node = node, .x = dims({4}), .initializers = std::move(bounds), .opset = opset}).graph();
  };
  EXPECT_THAT(graph(6 + 1, {{"min", 0.0F}, {"max", 6.0F}}, {}), HasSubstr("clamp %x {min = 0.0, max = 6.0}"));
  EXPECT_THAT(graph(11, {}, {test::float_tensor("lo", {}, {-1}), test::float_tensor("hi", {}, {2})}),
              HasSubstr("clamp %x {min = -1.0, max = 2.0}"));
}

TEST(Movement, OtherShapes) {
  EXPECT_EQ(shape_after("Transpose", {2, 3, 4}, {}), "f32[4, 3, 2]");
  EXPECT_EQ(shape_after("Transpose", {2, 3, 4}, {}, {{"perm", Ints{0, 2, 1}}}), "f32[2, 4, 3]");
  EXPECT_EQ(shape_after("Flatten", {2, 3, 4}, {}, {{"axis", int64_t{-1}}}), "f32[6, 4]");
  EXPECT_EQ(shape_after("Flatten", {2, 3, 4}, {}, {{"axis", int64_t{0}}}), "f32[1, 24]");
  EXPECT_EQ(shape_after("Flatten", {2, 3, 4}, {}, {{"axis", int64_t{3}}}), "f32[24, 1]");
  EXPECT_EQ(shape_after("Expand", {3, 1}, {list("s", {2, 1, 6})}), "f32[2, 3, 6]");
  EXPECT_EQ(shape_after("Tile", {2, 3}, {list("r", {2, 2})}), "f32[4, 6]");
  EXPECT_EQ(shape_after("DepthToSpace", {1, 8, 2, 3}, {}, {{"blocksize", int64_t{2}}}), "f32[1, 2, 4, 6]");
  EXPECT_EQ(shape_after("SpaceToDepth", {1, 2, 4, 6}, {}, {{"blocksize", int64_t{2}}}), "f32[1, 8, 2, 3]");
  EXPECT_EQ(shape_after("Shape", {5, 6, 7}, {}, {{"start", int64_t{-2}}}), "i64[2]");
  EXPECT_EQ(shape_after("Size", {5, 6}, {}), "i64[]");
  EXPECT_EQ(shape_after("OneHot", {2, 3}, {test::int64_tensor("d", {}, {5}), test::float_tensor("v", {2}, {0, 1})}),
            "f32[2, 3, 5]");
  EXPECT_EQ(shape_after("TopK", {3, 4}, {list("k", {2})}, {{"axis", int64_t{-2}}}), "f32[2, 4]");
}

TEST(Quantization, TypesAndZeroPoints) {
  test::OnnxTensor zero;
  zero.name = "z";
  zero.data_type = 3;
  zero.raw_data = std::string(1, '\0');
  const test::OnnxTensor scale = test::float_tensor("s", {}, {0.5F});
  EXPECT_EQ(shape_after("QuantizeLinear", {2, 3}, {scale}), "u8[2, 3]");
  EXPECT_EQ(shape_after("QuantizeLinear", {2, 3}, {scale, zero}), "i8[2, 3]");
  EXPECT_EQ(shape_after("QuantizeLinear", {2, 3}, {test::float_tensor("s", {3}, {1, 2, 3})}), "u8[2, 3]");
  EXPECT_EQ(shape_after("QuantizeLinear", {2, 3}, {test::float_tensor("s", {2, 2}, {1, 2, 3, 4})},
                        {{"block_size", int64_t{2}}}, 21),
            "u8[2, 3]");
  // A zero point must be an integer of at most 16 bits.
  EXPECT_THAT(shape_after("QuantizeLinear", {2, 3}, {scale, test::int64_tensor("z", {}, {0})}), HasSubstr("LT0201"));
}

TEST(Loss, ReductionsOfTheSpecification) {
  const auto loss = [](const std::string& reduction) {
    return shape_after("NegativeLogLikelihoodLoss", {3, 5, 2}, {test::int64_tensor("t", {3, 2}, {0, 1, 2, 3, 4, 0})},
                       {{"reduction", reduction}});
  };
  EXPECT_EQ(loss("none"), "f32[3, 2]");
  EXPECT_EQ(loss("sum"), "f32[]");
  EXPECT_EQ(loss("mean"), "f32[]");
  EXPECT_THAT(loss("average"), HasSubstr("LT0106"));
}

TEST(Attention, ShapesOfBothLayouts) {
  const auto attention = [](Ints q, Ints kv, std::vector<test::OnnxAttribute> attributes) {
    return shape_after("Attention", std::move(q), {zeros("k", kv), zeros("v", kv)}, std::move(attributes), 23);
  };
  EXPECT_EQ(attention({2, 3, 4, 8}, {2, 3, 6, 8}, {}), "f32[2, 3, 4, 8]");
  EXPECT_EQ(attention({2, 6, 4, 8}, {2, 3, 6, 8}, {{"is_causal", int64_t{1}}}), "f32[2, 6, 4, 8]");
  EXPECT_EQ(attention({2, 4, 24}, {2, 6, 24}, {{"q_num_heads", int64_t{3}}, {"kv_num_heads", int64_t{3}}}),
            "f32[2, 4, 24]");
  EXPECT_THAT(attention({2, 5, 4, 8}, {2, 3, 6, 8}, {}), HasSubstr("LT0106"));
}

TEST(Signal, WindowsHaveTheirSize) {
  test::OnnxModel model;
  model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{1}}}}};
  model.graph.initializers = {test::int64_tensor("size", {}, {10})};
  model.graph.nodes = {{.op_type = "HannWindow", .inputs = {"size"}, .outputs = {"y"}}};
  model.graph.outputs = {{.name = "y", .element = 1, .dims = std::nullopt}};
  EXPECT_EQ(output_type(import_graph(model)), "f32[10]");
}

TEST(Constants, AllFormsOfTheAttribute) {
  const auto type = [](test::OnnxAttribute attribute) {
    test::OnnxModel model;
    model.graph.inputs = {{.name = "x", .element = 1, .dims = {{int64_t{1}}}}};
    model.graph.outputs = {{.name = "y", .element = 0, .dims = std::nullopt}};
    model.graph.nodes = {{.op_type = "Constant", .inputs = {}, .outputs = {"y"}, .attributes = {std::move(attribute)}}};
    return output_type(import_graph(model));
  };
  EXPECT_EQ(type({"value", test::float_tensor("", {2}, {1, 2})}), "f32[2]");
  EXPECT_EQ(type({"value_float", 1.0F}), "f32[]");
  EXPECT_EQ(type({"value_floats", std::vector<float>{1, 2, 3}}), "f32[3]");
  EXPECT_EQ(type({"value_int", int64_t{3}}), "i64[]");
  EXPECT_EQ(type({"value_ints", Ints{1, 2}}), "i64[2]");
  EXPECT_EQ(type({"value_strings", std::vector<std::string>{"a"}}), "string[1]");
}

}  // namespace
}  // namespace lathe::onnx
