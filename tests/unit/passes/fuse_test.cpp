// Fusion keeps the graph in order: groups that would need themselves, remarks with their reasons, limits.
#include <gtest/gtest.h>

#include "compiler/passes/pipeline.h"
#include "ir/base/render.h"
#include "ir/graph/print.h"

namespace lathe::passes {
namespace {

struct Fused {
  std::string text;
  std::vector<std::string> remarks;
};

Fused fused(std::string_view text) {
  Module module;
  Diagnostics diagnostics;
  EXPECT_TRUE(parse_module(text, "test.lathe", module, diagnostics).ok()) << render_text(diagnostics, module.locations);
  PipelineOptions options;
  options.verify_each = true;
  options.round_trip = true;
  options.passes.remarks = true;
  EXPECT_TRUE(run_passes(module, diagnostics, parse_pass_list("fuse").passes, options).ok())
      << render_text(diagnostics, module.locations);
  Fused result{print(module), {}};
  for (const Diagnostic& diagnostic : diagnostics.all()) result.remarks.push_back(diagnostic.message);
  return result;
}

size_t count(std::string_view text, std::string_view part) {
  size_t found = 0;
  for (size_t at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

// %c needs %b, which nothing can join, and %b needs %a: %a and %c in one group would wait for themselves.
TEST(Fuse, NoGroupNeedsItself) {
  const Fused result = fused(R"(graph @g(%x: f32[4, 4]) -> (f32[4, 4]) {
  %a = neg %x : f32[4, 4]
  %b, %i = topk %a {k = 4, axis = 1} : f32[4, 4], i64[4, 4]
  %c = add %a, %b : f32[4, 4]
  return %c : f32[4, 4]
})");
  EXPECT_EQ(count(result.text, "fused"), 0u) << result.text;
  EXPECT_EQ(result.remarks,
            std::vector<std::string>{"`add` is not fused with `neg`: another operation between them needs "
                                     "the one and is needed by the other"});
}

// The rows reduce after the sum is used elsewhere: order of nodes changes, so that the group stands together.
TEST(Fuse, NodesBetweenAGroupMoveOutOfTheWay) {
  const Fused result = fused(R"(graph @g(%x: f32[4, 8]) -> (f32[4, 8], f32[8, 4]) {
  %a = neg %x : f32[4, 8]
  %t = concat %a, %x {axis = 0} : f32[8, 8]
  %b = exp %a : f32[4, 8]
  %u = slice %t {starts = [0, 0], limits = [8, 4], steps = [1, 1]} : f32[8, 4]
  %c = mul %b, %a : f32[4, 8]
  return %c, %u : f32[4, 8], f32[8, 4]
})");
  EXPECT_EQ(count(result.text, "kind = \"elementwise\""), 1u) << result.text;
  EXPECT_EQ(count(result.text, "return %a.1, %c.1"), 1u) << result.text;
}

TEST(Fuse, AnEmptyGraphAndOneWithoutGroups) {
  EXPECT_EQ(count(fused("graph @g(%x: f32[2]) -> (f32[2]) { return %x : f32[2] }").text, "fused"), 0u);
  EXPECT_EQ(count(fused("graph @g(%x: f32[2]) -> (f32[2]) { %y = neg %x : f32[2] return %y : f32[2] }").text, "fused"),
            0u);
}

TEST(Fuse, GroupsAreBounded) {
  std::string text = "graph @g(%x: f32[4]) -> (f32[4]) {\n  %v0 = neg %x : f32[4]\n";
  for (int i = 0; i < 300; ++i) text += fmt::format("  %v{} = neg %v{} : f32[4]\n", i + 1, i);
  text += "  return %v300 : f32[4]\n}";
  const Fused result = fused(text);
  EXPECT_GE(count(result.text, "kind = \"elementwise\""), 4u);
  EXPECT_NE(std::find(result.remarks.begin(), result.remarks.end(),
                      "`neg` is not fused with `neg`: the group would have too many nodes"),
            result.remarks.end());
}

// Everything that is a reason stands in some remark of these.
TEST(Fuse, RefusalsSayWhy) {
  const Fused result = fused(R"(graph @g(%x: f32[4, 8], %s: f32[8]) -> (f32[4, 8], f32[8], f32[4]) {
  %g = tanh %s : f32[8]
  %a = mul %x, %g : f32[4, 8]
  %e = exp %a : f32[4, 8]
  %m = reduce_max %e {axes = [1]} : f32[4]
  return %e, %g, %m : f32[4, 8], f32[8], f32[4]
})");
  const auto has = [&](std::string_view remark) {
    return std::find(result.remarks.begin(), result.remarks.end(), remark) != result.remarks.end();
  };
  EXPECT_TRUE(has("`mul` is not fused with `tanh`: their results have different shapes")) << result.text;
  EXPECT_TRUE(has("`reduce_max` is not fused with `exp`: `exp` would be computed again in each pass over a row"));
}

}  // namespace
}  // namespace lathe::passes
