// Rows whose results depend on data, on hand-made numbers.
#include <limits>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

TEST(Irregular, TopK) {
  const Array x{{2, 4}, {3, 1, 3, 2, -1, kNan, 5, -kInfinity}, ElementType::F32};
  const auto top = run_row("topk", {&x}, {{"k", Dim(2)}, {"axis", int64_t{1}}});
  ASSERT_EQ(top.size(), 2u);
  expect_exact(top[0], {2, 2}, {3, 3, kNan, 5});
  expect_exact(top[1], {2, 2}, {0, 2, 1, 2});
  const auto bottom = run_row("topk", {&x}, {{"k", Dim(3)}, {"axis", int64_t{1}}, {"largest", false}});
  expect_exact(bottom[0], {2, 3}, {1, 2, 3, -kInfinity, -1, 5});
  expect_exact(bottom[1], {2, 3}, {1, 3, 0, 3, 0, 2});
  const Array y{{3, 2}, {1, 6, 5, 4, 3, 2}, ElementType::I64};
  const auto columns = run_row("topk", {&y}, {{"k", Dim(1)}, {"axis", int64_t{0}}});
  expect_exact(columns[0], {1, 2}, {5, 6});
  expect_exact(columns[1], {1, 2}, {1, 0});
  const auto none = run_row("topk", {&y}, {{"k", Dim(0)}, {"axis", int64_t{0}}});
  expect_exact(none[0], {0, 2}, {});
  EXPECT_EQ(infer_text("topk", {operand("x", "f32[N, 4]")}, {{"k", Dim(5)}, {"axis", int64_t{1}}}),
            "LT0210: `topk` takes 5 of axis 1 of `x`, which has 4 elements: `f32[N, 4]`\n"
            "  label: 4 is axis 1 of input `x`\n");
}

TEST(Irregular, CumulativeSum) {
  const Array x{{2, 3}, {1, 2, 3, 4, 5, 6}, ElementType::F32};
  const NamedAttribute across{"axis", int64_t{1}};
  expect_exact(run_one("cumsum", {&x}, {across}), {2, 3}, {1, 3, 6, 4, 9, 15});
  expect_exact(run_one("cumsum", {&x}, {{"axis", int64_t{0}}}), {2, 3}, {1, 2, 3, 5, 7, 9});
  expect_exact(run_one("cumsum", {&x}, {across, {"exclusive", true}}), {2, 3}, {0, 1, 3, 0, 4, 9});
  expect_exact(run_one("cumsum", {&x}, {across, {"reverse", true}}), {2, 3}, {6, 5, 3, 15, 11, 6});
  expect_exact(run_one("cumsum", {&x}, {across, {"reverse", true}, {"exclusive", true}}), {2, 3}, {5, 3, 0, 11, 6, 0});
  const Array bytes{{3}, {100, 100, 100}, ElementType::U8};
  expect_exact(run_one("cumsum", {&bytes}, {{"axis", int64_t{0}}}), {3}, {100, 200, 44});
}

TEST(Irregular, CumprodHasTheSameDirections) {
  const Array x{{2, 3}, {1, 2, 3, 4, 5, 6}, ElementType::F32};
  const NamedAttribute across{"axis", int64_t{1}};
  expect_exact(run_one("cumprod", {&x}, {across}), {2, 3}, {1, 2, 6, 4, 20, 120});
  expect_exact(run_one("cumprod", {&x}, {{"axis", int64_t{0}}}), {2, 3}, {1, 2, 3, 4, 10, 18});
  expect_exact(run_one("cumprod", {&x}, {across, {"exclusive", true}}), {2, 3}, {1, 1, 2, 1, 4, 20});
  expect_exact(run_one("cumprod", {&x}, {across, {"reverse", true}, {"exclusive", true}}), {2, 3}, {6, 3, 1, 30, 6, 1});
  const Array bytes{{3}, {16, 15, 2}, ElementType::U8};
  expect_exact(run_one("cumprod", {&bytes}, {{"axis", int64_t{0}}}), {3}, {16, 240, 224});
}

TEST(Irregular, NonzeroBindsItsSize) {
  const Array x{{2, 3}, {0, 7, 0, -1, 0, kNan}, ElementType::F32};
  expect_exact(run_one("nonzero", {&x}), {2, 3}, {0, 1, 1, 1, 0, 2});
  const Array none{{2}, {0, -0.0}, ElementType::F32};
  expect_exact(run_one("nonzero", {&none}), {1, 0}, {});
  // What follows uses the size that the data decided.
  Module module;
  Diagnostics diagnostics;
  GraphBuilder builder(module, diagnostics);
  const ValueId input = builder.input(static_type(ElementType::F32, {5}), "x");
  const auto positions = builder.one("nonzero", {input});
  ASSERT_TRUE(positions.ok());
  const auto flat_positions = builder.reshape(*positions, {builder.dims(*positions)[1]});
  ASSERT_TRUE(flat_positions.ok());
  const auto chosen = builder.one("gather", {input, *flat_positions});
  ASSERT_TRUE(chosen.ok());
  ASSERT_TRUE(builder.output({*chosen}).ok());
  const HostTensor tensor = to_tensor({{5}, {0, 3, 0, 0, 4}, ElementType::F32});
  const auto results = interp::interpret(module, std::span(&tensor, 1), diagnostics);
  ASSERT_TRUE(results.ok());
  expect_exact(to_array((*results)[0]), {2}, {3, 4});
}

// The examples of ONNX's NonMaxSuppression tests.
TEST(Irregular, NonMaxSuppression) {
  const Array boxes{{1, 6, 4},
                    {0, 0, 1, 1, 0, 0.1, 1, 1.1, 0, -0.1, 1, 0.9, 0, 10, 1, 11, 0, 10.1, 1, 11.1, 0, 100, 1, 101},
                    ElementType::F32};
  const Array scores{{1, 1, 6}, {0.9, 0.75, 0.6, 0.95, 0.5, 0.3}, ElementType::F32};
  const Array three{{1}, {3}, ElementType::I64};
  const Array half{{1}, {0.5}, ElementType::F32};
  const Array zero{{1}, {0}, ElementType::F32};
  const Array point_four{{1}, {0.4}, ElementType::F32};
  expect_exact(run_one("non_max_suppression", {&boxes, &scores, &three, &half, &zero}), {3, 3},
               {0, 0, 3, 0, 0, 0, 0, 0, 5});
  expect_exact(run_one("non_max_suppression", {&boxes, &scores, &three, &half, &point_four}), {2, 3},
               {0, 0, 3, 0, 0, 0});
  expect_exact(run_one("non_max_suppression", {&boxes, &scores}), {0, 3}, {});
  const Array centred{{1, 2, 4}, {0.5, 0.5, 1, 1, 0.5, 0.6, 1, 1}, ElementType::F32};
  const Array two{{1, 1, 2}, {0.9, 0.8}, ElementType::F32};
  expect_exact(run_one("non_max_suppression", {&centred, &two, &three, &half}, {{"center_point_box", true}}), {1, 3},
               {0, 0, 0});
}

}  // namespace
}  // namespace lathe::ops_test
