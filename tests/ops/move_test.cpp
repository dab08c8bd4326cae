// Moves and gathers against index arithmetic in the test.
#include <limits>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

Array transposed(const Array& x, const Integers& permutation) {
  Array result{{}, {}, x.element};
  for (const int64_t axis : permutation) result.dims.push_back(x.dims[static_cast<size_t>(axis)]);
  for_each_position(result.dims, [&](const Dims& at) {
    Dims from(at.size());
    for (size_t i = 0; i < at.size(); ++i) from[static_cast<size_t>(permutation[i])] = at[i];
    result.values.push_back(x.values[static_cast<size_t>(flat(x.dims, from))]);
  });
  return result;
}

TEST(Move, ReshapeKeepsTheOrder) {
  const std::pair<Dims, Dims> cases[] = {{{2, 3, 4}, {24}},
                                         {{2, 3, 4}, {6, 4}},
                                         {{2, 3, 4}, {4, 3, 2}},
                                         {{2, 3, 4}, {2, 12}},
                                         {{24}, {2, 3, 4}},
                                         {{6, 4}, {4, 6}},
                                         {{1}, {}},
                                         {{}, {1, 1}},
                                         {{2, 1, 3}, {1, 2, 1, 3, 1}},
                                         {{0, 3}, {3, 0, 5}},
                                         {{4, 6, 5}, {8, 3, 5}},
                                         {{2, 3, 5, 7}, {7, 5, 3, 2}},
                                         {{12, 10}, {3, 4, 2, 5}},
                                         {{1, 1}, {1}},
                                         {{6, 35}, {2, 21, 5}}};
  for (const auto& [from, to] : cases) {
    SCOPED_TRACE(text(shape_of(from)) + " -> " + text(shape_of(to)));
    const Array x = counting(from);
    expect_exact(run_one("reshape", {&x}, {{"shape", shape_of(to)}}), to, x.values);
  }
}

TEST(Move, ReshapeTypes) {
  const auto infer = [](std::string_view x, Shape shape) {
    return infer_text("reshape", {operand("x", x)}, {{"shape", std::move(shape)}});
  };
  const Dim n = Dim::symbol("N");
  const Dim h = Dim::symbol("H");
  EXPECT_EQ(infer("f32[N, 16, 5, 5]", {n, 400}), "f32[N, 400]");
  EXPECT_EQ(infer("f32[N, 3, H]", {n * 3, h}), "f32[3*N, H]");
  EXPECT_EQ(infer("f32[N, 3]", {3, 5}), "f32[3, 5] if 3*N == 15");
  EXPECT_EQ(infer("f32[N, 16, 5, 5]", {n, 256}),
            "LT0206: can't reshape `x` of `f32[N, 16, 5, 5]` to `[N, 256]`: it has 400*N elements, the new shape takes "
            "256*N\n"
            "  label: 400*N = N (axis 0 of input `x`) x 16 (axis 1 of input `x`) x 5 (axis 2 of input `x`) x 5 (axis 3 "
            "of input "
            "`x`)\n"
            "  label: N is axis 0 of input `x`\n"
            "  label: 16 is axis 1 of input `x`\n"
            "  label: 5 is axis 2 of input `x`\n");
  EXPECT_EQ(infer("f32[4]", {-1, 4}), "LT0215: can't reshape `x` to `[-1, 4]`: a dimension is negative\n");
}

TEST(Move, Transpose) {
  const std::pair<Dims, Integers> cases[] = {{{}, {}},
                                             {{3}, {0}},
                                             {{2, 3}, {1, 0}},
                                             {{2, 3, 4}, {2, 0, 1}},
                                             {{2, 3, 4, 5}, {0, 2, 3, 1}},
                                             {{2, 0, 3}, {2, 1, 0}}};
  for (const auto& [dims, permutation] : cases) {
    for (const ElementType element :
         {ElementType::F32, ElementType::U8, ElementType::I64, ElementType::F16, ElementType::I4}) {
      const Array x = counting(dims, element);
      const Array tensor = to_array(to_tensor(x));
      const Array wanted = transposed(tensor, permutation);
      expect_exact(run_one("transpose", {&x}, {{"permutation", permutation}}), wanted.dims, wanted.values);
    }
  }
  EXPECT_EQ(infer_text("transpose", {operand("x", "f32[N, 3]")}, {{"permutation", Integers{0}}}),
            "LT0106: `permutation` of `transpose` has 1 entries, `x` has 2 axes: `f32[N, 3]`\n");
  EXPECT_EQ(infer_text("transpose", {operand("x", "f32[N, 3]")}, {{"permutation", Integers{0, 0}}}),
            "LT0106: axis 0 of `transpose` is given twice\n");
}

TEST(Move, ExpandAndTile) {
  const Array x{{2, 1}, {1, 2}, ElementType::F32};
  expect_exact(run_one("expand", {&x}, {{"shape", shape_of({2, 3})}}), {2, 3}, {1, 1, 1, 2, 2, 2});
  expect_exact(run_one("expand", {&x}, {{"shape", shape_of({2, 1, 2})}}), {2, 2, 2}, {1, 1, 2, 2, 1, 1, 2, 2});
  expect_exact(run_one("expand", {&x}, {{"shape", shape_of({1})}}), {2, 1}, {1, 2});
  expect_exact(run_one("expand", {&x}, {{"shape", shape_of({2, 0})}}), {2, 0}, {});
  const Array y{{2, 2}, {1, 2, 3, 4}, ElementType::F32};
  expect_exact(run_one("tile", {&y}, {{"repeats", shape_of({1, 2})}}), {2, 4}, {1, 2, 1, 2, 3, 4, 3, 4});
  expect_exact(run_one("tile", {&y}, {{"repeats", shape_of({2, 1})}}), {4, 2}, {1, 2, 3, 4, 1, 2, 3, 4});
  expect_exact(run_one("tile", {&y}, {{"repeats", shape_of({0, 1})}}), {0, 2}, {});
  EXPECT_EQ(infer_text("expand", {operand("x", "f32[3]")}, {{"shape", shape_of({2, 4})}}),
            "LT0205: can't expand `x` of `f32[3]` to `[2, 4]`: on axis 0 3 meets 4\n"
            "  label: 3 is axis 0 of input `x`\n");
}

TEST(Move, Slice) {
  struct Range {
    int64_t start;
    int64_t limit;
    int64_t step;
  };
  const Array x = counting({7});
  for (const Range& range : {Range{0, 7, 1}, Range{2, 5, 1}, Range{0, 7, 3}, Range{1, 6, 2}, Range{3, 3, 1},
                             Range{6, -1, -1}, Range{5, 1, -2}, Range{6, 6, -1}, Range{7, 7, 1}}) {
    Numbers wanted;
    for (int64_t i = range.start; range.step > 0 ? i < range.limit : i > range.limit; i += range.step) {
      wanted.push_back(static_cast<double>(i));
    }
    expect_exact(run_one("slice", {&x},
                         {{"starts", shape_of({range.start})},
                          {"limits", shape_of({range.limit})},
                          {"steps", Integers{range.step}}}),
                 {static_cast<int64_t>(wanted.size())}, wanted);
  }
  const Array y = counting({3, 4});
  expect_exact(
      run_one("slice", {&y}, {{"starts", shape_of({2, 1})}, {"limits", shape_of({-1, 4})}, {"steps", Integers{-2, 2}}}),
      {2, 2}, {9, 11, 1, 3});
  const auto infer = [](std::string_view type, Dim start, Dim limit, int64_t step) {
    return infer_text("slice", {operand("x", type)},
                      {{"starts", Shape{start}}, {"limits", Shape{limit}}, {"steps", Integers{step}}});
  };
  EXPECT_EQ(infer("f32[N]", 0, Dim::symbol("N"), 1), "f32[N]");
  EXPECT_EQ(infer("f32[N]", 1, Dim::symbol("N"), 2), "f32[floordiv(N, 2)]");
  EXPECT_EQ(infer("f32[N]", Dim::symbol("N") - 1, -1, -1), "f32[N]");
  EXPECT_EQ(infer("f32[N]", 0, 8, 1), "f32[8] if 8 <= N");
  EXPECT_EQ(infer("f32[8]", 2, 9, 1),
            "LT0210: `slice` takes 2:9:1 of axis 0 of `x`, which has 8 elements: `f32[8]`\n"
            "  label: 8 is axis 0 of input `x`\n");
  EXPECT_EQ(infer("f32[8]", 2, 4, 0), "LT0106: the step of `slice` on axis 0 is 0\n");
}

TEST(Move, Pad) {
  const Array x{{3}, {1, 2, 3}, ElementType::F32};
  const auto pad = [&](std::string mode, int64_t low, int64_t high) {
    return run_one("pad", {&x},
                   {{"low", shape_of({low})}, {"high", shape_of({high})}, {"mode", std::move(mode)}, {"value", 9.0}});
  };
  // As numpy.pad says.
  expect_exact(pad("constant", 2, 1), {6}, {9, 9, 1, 2, 3, 9});
  expect_exact(pad("edge", 2, 3), {8}, {1, 1, 1, 2, 3, 3, 3, 3});
  expect_exact(pad("reflect", 2, 2), {7}, {3, 2, 1, 2, 3, 2, 1});
  expect_exact(pad("reflect", 5, 5), {13}, {2, 1, 2, 3, 2, 1, 2, 3, 2, 1, 2, 3, 2});
  expect_exact(pad("wrap", 4, 2), {9}, {3, 1, 2, 3, 1, 2, 3, 1, 2});
  for (const std::string mode : {"constant", "edge", "reflect", "wrap"}) {
    expect_exact(pad(mode, -1, 0), {2}, {2, 3});
    expect_exact(pad(mode, 0, -2), {1}, {1});
    expect_exact(pad(mode, 0, 0), {3}, {1, 2, 3});
  }
  expect_exact(pad("constant", -1, 2), {4}, {2, 3, 9, 9});
  expect_exact(pad("constant", 2, -1), {4}, {9, 9, 1, 2});
  expect_exact(pad("edge", 2, -1), {4}, {1, 1, 1, 2});
  const Array y{{2, 2}, {1, 2, 3, 4}, ElementType::I32};
  expect_exact(run_one("pad", {&y}, {{"low", shape_of({1, 0})}, {"high", shape_of({0, 1})}, {"value", -1.0}}), {3, 3},
               {-1, -1, -1, 1, 2, -1, 3, 4, -1});
  const Array one{{1}, {5}, ElementType::F32};
  expect_exact(
      run_one("pad", {&one}, {{"low", shape_of({2})}, {"high", shape_of({1})}, {"mode", std::string("reflect")}}), {4},
      {5, 5, 5, 5});
  const Array empty{{0}, {}, ElementType::F32};
  expect_exact(run_one("pad", {&empty}, {{"low", shape_of({2})}, {"high", shape_of({0})}}), {2}, {0, 0});
  EXPECT_EQ(infer_text("pad", {operand("x", "f32[0]")},
                       {{"low", shape_of({1})}, {"high", shape_of({0})}, {"mode", std::string("edge")}}),
            "LT0212: `pad` with mode \"edge\" has nothing to repeat: axis 0 of `x` is empty: `f32[0]`\n");
  EXPECT_EQ(infer_text("pad", {operand("x", "f32[N, 3]")}, {{"low", shape_of({1, 1})}, {"high", shape_of({0, 2})}}),
            "f32[N + 1, 6]");
  EXPECT_EQ(infer_text("pad", {operand("x", "f32[3]")}, {{"low", shape_of({-2})}, {"high", shape_of({-2})}}),
            "LT0215: `pad` gives the shape `[-1]`, with a negative dimension\n");
}

TEST(Move, Concat) {
  const Array a = counting({2, 2});
  const Array b{{2, 1}, {7, 8}, ElementType::F32};
  const Array none{{2, 0}, {}, ElementType::F32};
  expect_exact(run_one("concat", {&a, &b}, {{"axis", int64_t{1}}}), {2, 3}, {0, 1, 7, 2, 3, 8});
  expect_exact(run_one("concat", {&a, &none, &a}, {{"axis", int64_t{1}}}), {2, 4}, {0, 1, 0, 1, 2, 3, 2, 3});
  expect_exact(run_one("concat", {&a, &a}, {{"axis", int64_t{0}}}), {4, 2}, {0, 1, 2, 3, 0, 1, 2, 3});
  expect_exact(run_one("concat", {&a}, {{"axis", int64_t{0}}}), {2, 2}, a.values);
  const auto infer = [](std::string_view first, std::string_view second) {
    return infer_text("concat", {operand("a", first), operand("b", second)}, {{"axis", int64_t{1}}});
  };
  EXPECT_EQ(infer("f32[N, 3, 8]", "f32[N, C, 8]"), "f32[N, C + 3, 8]");
  EXPECT_EQ(
      infer("f32[N, 3, 8]", "f32[N, 5, 7]"),
      "LT0207: parts of `concat` along axis 1 must agree on axis 2: `a` is `f32[N, 3, 8]`, `b` is `f32[N, 5, 7]`\n"
      "  label: 8 is axis 2 of input `a`\n"
      "  label: 7 is axis 2 of input `b`\n");
  EXPECT_EQ(infer("f32[N, 3]", "f32[N]"),
            "LT0202: parts of `concat` need equally many axes: `a` is `f32[N, 3]`, `b` is `f32[N]`\n");
}

TEST(Move, KeepsBitsAndStrings) {
  // A signalling NaN survives a move; strings move too.
  HostTensor x{static_type(ElementType::F32, {2}), std::vector<std::byte>(8), {}};
  x.bytes[0] = std::byte{1};
  x.bytes[2] = std::byte{0xa0};
  x.bytes[3] = std::byte{0x7f};
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const ValueId numbers = builder.input(x.type, "x");
  const ValueId words = builder.input(static_type(ElementType::String, {2}), "words");
  const auto turned = builder.slice(numbers, {Dim(1)}, {Dim(-1)}, {-1});
  const auto swapped = builder.slice(words, {Dim(1)}, {Dim(-1)}, {-1});
  ASSERT_TRUE(turned.ok() && swapped.ok());
  ASSERT_TRUE(builder.output({*turned, *swapped}).ok());
  const HostTensor text{static_type(ElementType::String, {2}), {}, {"one", "two"}};
  const HostTensor inputs[] = {x, text};
  const auto results = interp::interpret(module, inputs, diagnostics);
  ASSERT_TRUE(results.ok());
  EXPECT_TRUE(std::equal(x.bytes.begin(), x.bytes.begin() + 4, (*results)[0].bytes.begin() + 4));
  EXPECT_EQ((*results)[1].strings, (std::vector<std::string>{"two", "one"}));
}

TEST(Index, Gather) {
  const Array data = counting({3, 4});
  const Array indices{{2, 2}, {0, -1, 2, 1}, ElementType::I64};
  expect_exact(run_one("gather", {&data, &indices}, {{"axis", int64_t{0}}}), {2, 2, 4},
               {0, 1, 2, 3, 8, 9, 10, 11, 8, 9, 10, 11, 4, 5, 6, 7});
  const Array columns{{3}, {3, -4, 0}, ElementType::I32};
  expect_exact(run_one("gather", {&data, &columns}, {{"axis", int64_t{1}}}), {3, 3}, {3, 0, 0, 7, 4, 4, 11, 8, 8});
  const Array scalar{{}, {1}, ElementType::I64};
  expect_exact(run_one("gather", {&data, &scalar}), {4}, {4, 5, 6, 7});
  const Array none{{0}, {}, ElementType::I64};
  expect_exact(run_one("gather", {&data, &none}), {0, 4}, {});
}

TEST(Index, GatherElementsAndNd) {
  const Array data = counting({2, 3});
  const Array indices{{1, 3}, {1, 0, -1}, ElementType::I64};
  expect_exact(run_one("gather_elements", {&data, &indices}, {{"axis", int64_t{0}}}), {1, 3}, {3, 1, 5});
  const Array across{{2, 2}, {2, 0, -3, 1}, ElementType::I64};
  expect_exact(run_one("gather_elements", {&data, &across}, {{"axis", int64_t{1}}}), {2, 2}, {2, 0, 3, 4});
  const Array positions{{2, 2}, {0, 1, 1, -1}, ElementType::I64};
  expect_exact(run_one("gather_nd", {&data, &positions}), {2}, {1, 5});
  const Array rows{{2, 1}, {1, 0}, ElementType::I64};
  expect_exact(run_one("gather_nd", {&data, &rows}), {2, 3}, {3, 4, 5, 0, 1, 2});
  const Array batched = counting({2, 2, 3});
  expect_exact(run_one("gather_nd", {&batched, &rows}, {{"batch_dims", int64_t{1}}}), {2, 3}, {3, 4, 5, 6, 7, 8});
}

TEST(Index, OutOfRangeIsAnError) {
  const Array data = counting({3});
  const Array indices{{2}, {0, 3}, ElementType::I64};
  EXPECT_EQ(run_errors("gather", {&data, &indices}),
            "LT0210: `gather` reads index 3 of axis 0 of `x0`, which has 3 elements: `f32[3]`\n");
  // Too many to be known elements: found while running.
  Array many = counting({200}, ElementType::I64);
  for (double& value : many.values) value = value < 150 ? 1 : -4;
  EXPECT_EQ(run_errors("gather", {&data, &many}), "LT0210: `gather` reads index -4 of an axis that has 3 elements\n");
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const ValueId x = builder.input(static_type(ElementType::F32, {3, 5}), "x");
  const int64_t positions[] = {4, 5};
  const auto known = builder.integers(positions);
  ASSERT_TRUE(known.ok());
  EXPECT_FALSE(builder.one("gather", {x, *known}, {{"axis", int64_t{1}}}).ok());
  ASSERT_EQ(diagnostics.all().size(), 1u);
  EXPECT_EQ(diagnostics.all()[0].message, "`gather` reads index 5 of axis 1 of `x`, which has 5 elements: `f32[3, 5]`");
}

TEST(Index, Scatter) {
  const Array data = counting({2, 3});
  const Array indices{{1, 3}, {1, 0, -1}, ElementType::I64};
  const Array updates{{1, 3}, {10, 20, 30}, ElementType::F32};
  expect_exact(run_one("scatter_elements", {&data, &indices, &updates}, {{"axis", int64_t{0}}}), {2, 3},
               {0, 20, 2, 10, 4, 30});
  const Array same{{1, 3}, {1, 1, 1}, ElementType::I64};
  const auto along = [&](std::string reduction) {
    return run_one("scatter_elements", {&data, &same, &updates},
                   {{"axis", int64_t{1}}, {"reduction", std::move(reduction)}});
  };
  expect_exact(along("none"), {2, 3}, {0, 30, 2, 3, 4, 5});
  expect_exact(along("add"), {2, 3}, {0, 61, 2, 3, 4, 5});
  expect_exact(along("mul"), {2, 3}, {0, 6000, 2, 3, 4, 5});
  expect_exact(along("max"), {2, 3}, {0, 30, 2, 3, 4, 5});
  expect_exact(along("min"), {2, 3}, {0, 1, 2, 3, 4, 5});
  const Array positions{{2, 1}, {1, 0}, ElementType::I64};
  const Array rows{{2, 3}, {7, 8, 9, 10, 11, 12}, ElementType::F32};
  expect_exact(run_one("scatter_nd", {&data, &positions, &rows}), {2, 3}, {10, 11, 12, 7, 8, 9});
  const Array far{{1, 1}, {5}, ElementType::I64};
  const Array row{{1, 3}, {1, 2, 3}, ElementType::F32};
  EXPECT_EQ(run_errors("scatter_nd", {&data, &far, &row}),
            "LT0210: `scatter_nd` writes index 5 of axis 0, which has 2 elements\n");
  EXPECT_EQ(infer_text("scatter_nd", {operand("d", "f32[4, 5]"), operand("i", "i64[2, 1]"), operand("u", "f32[2, 4]")}),
            "LT0212: the updates `u` of `scatter_nd` are `f32[2, 4]`; indices `i64[2, 1]` into `f32[4, 5]` need the "
            "shape `[2, 5]`\n"
            "  label: 4 is axis 1 of input `u`\n"
            "  label: 5 is axis 1 of input `d`\n");
}

}  // namespace
}  // namespace lathe::ops_test
