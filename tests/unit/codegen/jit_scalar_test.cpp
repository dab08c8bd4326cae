// Every scalar operation on every type it takes, compiled and interpreted, on ordinary and on special numbers.
#include <gtest/gtest.h>

#include "tests/unit/codegen/kernel_runner.h"
#include "tests/unit/codegen/scalar_kernels.h"

namespace lathe {
namespace {

class JitScalar : public testing::TestWithParam<ElementType> {};

TEST_P(JitScalar, Operations) {
  for (const Fill fill : {Fill::Small, Fill::Special}) {
    EXPECT_EQ(compare_kernel(all_operations(GetParam()), {}, {.fill = fill, .seed = 5}), "");
  }
}

TEST_P(JitScalar, Casts) {
  for (const Fill fill : {Fill::Small, Fill::Special}) {
    EXPECT_EQ(compare_kernel(all_casts(GetParam()), {}, {.fill = fill, .seed = 6}), "");
  }
}

std::vector<ElementType> all_types() {
  std::vector<ElementType> types;
  for (const ElementInfo& row : kElementTypes) {
    if (row.type != ElementType::String) types.push_back(row.type);
  }
  return types;
}

INSTANTIATE_TEST_SUITE_P(Types, JitScalar, testing::ValuesIn(all_types()),
                         [](const auto& parameter) { return std::string(text(parameter.param)); });

}  // namespace
}  // namespace lathe
