// Moves of constants whose bytes lie anywhere, as those of weights in a mapped file do. With sanitizers a load that
// takes them to be aligned ends the test.
#include <cstddef>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "compiler/passes/pipeline.h"
#include "ir/base/render.h"
#include "ir/graph/builder.h"
#include "ir/graph/print.h"

namespace lathe::passes {
namespace {

/// A constant f32[2, 3] whose bytes begin `shift` bytes behind an aligned address.
ConstantData shifted_constant(size_t shift) {
  const float numbers[] = {1, 2, 3, 4, 5, 6};
  const auto bytes = std::make_shared<std::vector<std::byte>>(sizeof(numbers) + shift);
  std::memcpy(bytes->data() + shift, numbers, sizeof(numbers));
  ConstantData constant;
  constant.name = "w";
  constant.type = {.element = ElementType::F32, .dims = {2, 3}, .ranked = true};
  constant.bytes = std::span<const std::byte>(*bytes).subspan(shift);
  constant.owner = bytes;
  return constant;
}

TEST(FoldMove, ConstantsMayLieAtAnyByte) {
  for (size_t shift = 0; shift < 4; ++shift) {
    SCOPED_TRACE(shift);
    Module module;
    Diagnostics diagnostics;
    ASSERT_TRUE(parse_module("graph @g(%x: f32[2, 3]) -> (f32[3, 2]) {\n  %t = transpose %x {permutation = [1, 0]} : "
                             "f32[3, 2]\n  return %t : f32[3, 2]\n}\n",
                             "test.lathe", module, diagnostics)
                    .ok())
        << render_text(diagnostics, module.locations);
    GraphBuilder builder(module, diagnostics);
    builder.set_insertion_point(module.graph.region(Graph::root()).first);
    const Result<ValueId> weight = builder.constant(shifted_constant(shift));
    ASSERT_TRUE(weight.ok());
    module.graph.replace_all_uses(module.graph.inputs()[0], *weight);
    ASSERT_TRUE(run_passes(module, diagnostics, parse_pass_list("fold,dead_code").passes, {}).ok());
    const std::string text = print(module);
    EXPECT_NE(text.find("constant dense<[1.0, 4.0, 2.0, 5.0, 3.0, 6.0]> : f32[3, 2]"), std::string::npos) << text;
  }
}

}  // namespace
}  // namespace lathe::passes
