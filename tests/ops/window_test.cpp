// Convolutions, transposed convolutions and pools against loops over taps.
#include <cmath>
#include <limits>

#include "tests/ops/window_support.h"

namespace lathe::ops_test {
namespace {

const ConvCase kConvCases[] = {
    {.x = {1, 1, 5}, .weight = {1, 1, 3}},
    {.x = {2, 3, 7}, .weight = {4, 3, 3}, .strides = {2}, .pads = {1, 2}, .dilations = {2}},
    {.x = {1, 1, 4, 4}, .weight = {1, 1, 1, 1}},
    {.x = {2, 3, 8, 9}, .weight = {5, 3, 3, 3}, .pads = {1, 1, 1, 1}, .bias = true},
    {.x = {1, 2, 9, 8}, .weight = {3, 2, 5, 2}, .strides = {3, 2}, .pads = {2, 0, 1, 1}},
    {.x = {1, 4, 6, 6}, .weight = {4, 1, 3, 3}, .pads = {1, 1, 1, 1}, .groups = 4, .bias = true},
    {.x = {1, 4, 6, 6}, .weight = {8, 1, 3, 3}, .strides = {2, 2}, .groups = 4},
    {.x = {2, 6, 5, 5}, .weight = {4, 3, 2, 2}, .groups = 2, .bias = true},
    {.x = {1, 2, 11, 11}, .weight = {2, 2, 3, 3}, .pads = {2, 2, 2, 2}, .dilations = {2, 3}},
    {.x = {1, 2, 4, 5, 3}, .weight = {3, 2, 2, 3, 2}, .strides = {1, 2, 1}, .pads = {1, 0, 1, 0, 1, 0}, .bias = true},
    {.x = {0, 2, 4, 4}, .weight = {3, 2, 2, 2}},
    {.x = {1, 1, 2, 2}, .weight = {1, 1, 3, 3}, .pads = {3, 3, 3, 3}},
    {.x = {1, 40, 3, 3}, .weight = {2, 40, 3, 3}, .pads = {1, 1, 1, 1}},
};

TEST(Conv, AgreesWithLoops) {
  for (const ConvCase& each : kConvCases) {
    SCOPED_TRACE(text(shape_of(each.x)) + " * " + text(shape_of(each.weight)));
    const Array x = numbers(each.x, 1);
    const Array weight = numbers(each.weight, 2);
    const Array bias = numbers({each.weight[0]}, 3);
    const Array wanted = naive_conv(each, x, weight, each.bias ? &bias : nullptr);
    std::vector<const Array*> operands{&x, &weight};
    if (each.bias) operands.push_back(&bias);
    expect_near(run_one("conv", operands, attributes_of(each)), wanted.dims, wanted.values, 2e-5);

    const Array last = channels_last(x);
    std::vector<NamedAttribute> attributes = attributes_of(each);
    attributes.push_back({"channels_last", true});
    operands[0] = &last;
    const Array turned = channels_last(wanted);
    expect_near(run_one("conv", operands, attributes), turned.dims, turned.values, 2e-5);
  }
}

TEST(Conv, AccumulatesInTheDocumentedOrder) {
  const Array x = numbers({1, 3, 4, 4}, 1);
  Array weight = numbers({2, 3, 3, 3}, 2);
  for (double& value : weight.values) value = static_cast<double>(static_cast<float>(value * 1.3));
  const auto at = [](const Array& array, Dims index) {
    return static_cast<float>(array.values[static_cast<size_t>(flat(array.dims, index))]);
  };
  Numbers first;
  Numbers last;
  for_each_position({1, 2, 2, 2}, [&](const Dims& o) {
    float sum = 0;
    for_each_position({3, 3, 3}, [&](const Dims& t) {  // channel, then taps
      sum = std::fma(at(x, {0, t[0], o[2] + t[1], o[3] + t[2]}), at(weight, {o[1], t[0], t[1], t[2]}), sum);
    });
    first.push_back(static_cast<double>(sum));
  });
  for_each_position({1, 2, 2, 2}, [&](const Dims& o) {  // [N, H, W, C]
    float sum = 0;
    for_each_position({3, 3, 3}, [&](const Dims& t) {  // taps, then channel
      sum = std::fma(at(x, {0, t[2], o[1] + t[0], o[2] + t[1]}), at(weight, {o[3], t[2], t[0], t[1]}), sum);
    });
    last.push_back(static_cast<double>(sum));
  });
  expect_exact(run_one("conv", {&x, &weight}), {1, 2, 2, 2}, first);
  const Array turned = channels_last(x);
  expect_exact(run_one("conv", {&turned, &weight}, {{"channels_last", true}}), {1, 2, 2, 2}, last);
}

TEST(Conv, IntegersAndHalves) {
  for (const ElementType element : {ElementType::I32, ElementType::F16, ElementType::F64}) {
    const Array x{{1, 1, 4}, {1, 2, 3, 4}, element};
    const Array weight{{1, 1, 2}, {1, -1}, element};
    const Array bias{{1}, {10}, element};
    const Array got = run_one("conv", {&x, &weight, &bias});
    EXPECT_EQ(got.element, element);
    expect_exact(got, {1, 1, 3}, {9, 9, 9});
  }
}

TEST(Conv, PaddingTakesNoPartEvenForInfinity) {
  // A weight of infinity would make NaN of a padded zero; padding isn't read.
  const Array x{{1, 1, 2}, {1, 2}, ElementType::F32};
  const Array weight{{1, 1, 2}, {std::numeric_limits<double>::infinity(), 1}, ElementType::F32};
  expect_exact(run_one("conv", {&x, &weight}, {{"pads", Integers{1, 0}}}), {1, 1, 2},
               {1, std::numeric_limits<double>::infinity()});
}

TEST(Conv, Errors) {
  const auto infer = [](std::string_view x, std::string_view weight, std::vector<NamedAttribute> attributes = {}) {
    return infer_text("conv", {operand("x", x), operand("conv1.weight", weight)}, std::move(attributes));
  };
  EXPECT_EQ(infer("f32[N, 3, 28, 28]", "f32[8, 3, 5, 5]"), "f32[N, 8, 24, 24]");
  EXPECT_EQ(infer("f32[N, 3, H, W]", "f32[8, 3, 3, 3]", {{"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}}),
            "f32[N, 8, floordiv(H + 1, 2), floordiv(W + 1, 2)]");
  EXPECT_EQ(infer("f32[N, 3, H, 20]", "f32[8, 3, 3, 3]"), "f32[N, 8, H - 2, 18] if 3 <= H");
  EXPECT_EQ(infer("f32[N, 4, 28, 28]", "f32[8, 3, 5, 5]"),
            "LT0204: `conv` gets 4 channels from `x` (`f32[N, 4, 28, 28]`), but the weight `conv1.weight` (`f32[8, 3, "
            "5, 5]`) "
            "takes 3\n"
            "  label: 4 is axis 1 of input `x`\n"
            "  label: 3 is axis 1 of input `conv1.weight`\n");
  EXPECT_EQ(infer("f32[N, 28, 28, 3]", "f32[8, 3, 5, 5]"),
            "LT0204: `conv` gets 28 channels from `x` (`f32[N, 28, 28, 3]`), but the weight `conv1.weight` (`f32[8, 3, "
            "5, 5]`) "
            "takes 3\n"
            "  label: 28 is axis 1 of input `x`\n"
            "  label: 3 is axis 1 of input `conv1.weight`\n"
            "  note: axis 3 has 3 elements: a transpose that moves it to axis 1 may be missing\n");
  EXPECT_EQ(infer("f32[N, 4, 28, 28]", "f32[8, 3, 5, 5]", {{"groups", int64_t{2}}}),
            "LT0204: `conv` gets 4 channels from `x` (`f32[N, 4, 28, 28]`), but the weight `conv1.weight` (`f32[8, 3, "
            "5, 5]`) "
            "takes 6 (3 in each of 2 groups)\n"
            "  label: 4 is axis 1 of input `x`\n"
            "  label: 3 is axis 1 of input `conv1.weight`\n");
  EXPECT_EQ(infer("f32[N, 784]", "f32[8, 3, 5, 5]"),
            "LT0202: `conv` with the weight `conv1.weight` (`f32[8, 3, 5, 5]`) takes [N, C, H, W], but `x` has 2 axes: "
            "`f32[N, 784]`\n");
  EXPECT_EQ(infer("f32[N, 3, 4, 4]", "f32[8, 3, 7, 7]", {{"pads", Integers{1, 1, 1, 1}}}),
            "LT0208: the kernel of `conv` covers 7 elements of axis 2 of `x`, which has 4 and 2 of padding: `f32[N, 3, "
            "4, 4]`\n"
            "  label: 4 is axis 2 of input `x`\n"
            "  label: 7 is axis 2 of input `conv1.weight`\n");
  EXPECT_EQ(infer("f32[N, 3, 9, 9]", "f32[8, 3, 3, 3]", {{"strides", Integers{0, 1}}}),
            "LT0106: `strides` of `conv` is [0, 1]; every entry must be at least 1\n");
  EXPECT_EQ(infer("f32[N, 3, 9, 9]", "f32[8, 3, 3, 3]", {{"pads", Integers{1, 1}}}),
            "LT0106: `pads` of `conv` has 2 entries ([1, 1]), it needs 4\n");
  EXPECT_EQ(infer("f32[N, 4, 9, 9]", "f32[7, 2, 3, 3]", {{"groups", int64_t{2}}}),
            "LT0204: `conv` can't split the 7 out_channels of `conv1.weight` into 2 groups\n");
  EXPECT_EQ(
      infer_text("conv", {operand("x", "f32[1, 3, 9, 9]"), operand("w", "f32[8, 3, 3, 3]"), operand("b", "f32[7]")}),
      "LT0204: the bias `b` of `conv` has 7 elements for 8 out_channels\n"
      "  label: 8 is axis 0 of input `w`\n"
      "  label: 7 is axis 0 of input `b`\n");
}

TEST(ConvTranspose, AgreesWithLoops) {
  const ConvCase cases[] = {
      {.x = {1, 1, 3}, .weight = {1, 1, 3}},
      {.x = {2, 3, 4}, .weight = {3, 2, 4}, .strides = {2}, .pads = {1, 1}, .bias = true},
      {.x = {1, 2, 5, 4}, .weight = {2, 3, 4, 4}, .strides = {2, 2}, .pads = {1, 1, 1, 1}, .bias = true},
      {.x = {1, 2, 3, 3}, .weight = {2, 3, 3, 3}, .strides = {3, 2}, .output_padding = {1, 1}},
      {.x = {1, 2, 3, 3}, .weight = {2, 3, 2, 2}, .strides = {2, 2}},
      {.x = {1, 2, 3, 3}, .weight = {2, 3, 2, 2}, .strides = {3, 3}, .bias = true},
      {.x = {1, 4, 3, 3},
       .weight = {4, 2, 3, 3},
       .strides = {2, 2},
       .pads = {1, 1, 1, 1},
       .groups = 2,
       .output_padding = {1, 1},
       .bias = true},
      {.x = {1, 4, 5, 5}, .weight = {4, 1, 4, 4}, .strides = {2, 2}, .pads = {1, 1, 1, 1}, .groups = 4},
      {.x = {1, 2, 4, 4}, .weight = {2, 2, 3, 3}, .dilations = {2, 2}},
      {.x = {1, 2, 4, 4},
       .weight = {2, 2, 3, 3},
       .strides = {2, 1},
       .pads = {1, 0, 2, 1},
       .dilations = {2, 3},
       .bias = true},
      {.x = {1, 2, 4, 5}, .weight = {2, 1, 3, 3}, .strides = {2, 2}, .pads = {2, 2, 2, 2}},
      {.x = {1, 1, 4, 4}, .weight = {1, 1, 3, 3}, .strides = {2, 2}, .pads = {3, 3, 1, 2}},
      {.x = {1, 1, 6}, .weight = {1, 1, 2}, .strides = {2}, .pads = {5, 4}},
      {.x = {1, 2, 2, 3, 2}, .weight = {2, 2, 3, 2, 2}, .strides = {2, 1, 2}, .pads = {1, 0, 0, 1, 0, 1}, .bias = true},
      {.x = {1, 1, 1, 1}, .weight = {1, 2, 4, 4}, .strides = {1, 1}},
      {.x = {1, 2, 3}, .weight = {2, 1, 2}, .strides = {20}, .pads = {1, 0}, .bias = true},
  };
  for (const ConvCase& each : cases) {
    SCOPED_TRACE(text(shape_of(each.x)) + " * " + text(shape_of(each.weight)));
    const Array x = numbers(each.x, 1);
    const Array weight = numbers(each.weight, 2);
    const Array bias = numbers({each.weight[1] * each.groups}, 3);
    const Array wanted = naive_conv_transpose(each, x, weight, each.bias ? &bias : nullptr);
    std::vector<const Array*> operands{&x, &weight};
    if (each.bias) operands.push_back(&bias);
    std::vector<NamedAttribute> attributes = attributes_of(each);
    attributes.push_back({"output_padding", each.output_padding});
    expect_near(run_one("conv_transpose", operands, attributes), wanted.dims, wanted.values, 2e-5);

    const Array last = channels_last(x);
    operands[0] = &last;
    attributes.push_back({"channels_last", true});
    const Array turned = channels_last(wanted);
    expect_near(run_one("conv_transpose", operands, attributes), turned.dims, turned.values, 2e-5);
  }
}

TEST(ConvTranspose, InfersSymbolsAndRejects) {
  const std::vector<NamedAttribute> doubling = {{"strides", Integers{2, 2}}, {"pads", Integers{1, 1, 1, 1}}};
  EXPECT_EQ(
      infer_text("conv_transpose", {operand("x", "f32[N, 64, H, 7]"), operand("w", "f32[64, 32, 4, 4]")}, doubling),
      "f32[N, 32, 2*H, 14]");
  EXPECT_EQ(
      infer_text("conv_transpose", {operand("x", "f32[N, 63, 7, 7]"), operand("w", "f32[64, 32, 4, 4]")}, doubling),
      "LT0204: `conv_transpose` gets 63 channels from `x` (`f32[N, 63, 7, 7]`), but the weight `w` (`f32[64, 32, 4, "
      "4]`) "
      "takes 64\n"
      "  label: 63 is axis 1 of input `x`\n"
      "  label: 64 is axis 0 of input `w`\n");
}

}  // namespace
}  // namespace lathe::ops_test
