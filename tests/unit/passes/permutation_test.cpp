// Permutations, and reshapes behind transposes, against moving the elements one by one.
#include "compiler/passes/permutation.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <random>

namespace lathe::passes {
namespace {

using Tensor = std::vector<int>;

std::vector<int64_t> sizes_of(const Shape& shape) {
  std::vector<int64_t> sizes;
  for (const Dim& dim : shape) sizes.push_back(dim.constant());
  return sizes;
}

// The elements of x, row-major, in the order of transpose(x).
Tensor transposed(const Tensor& x, const Shape& shape, const Integers& permutation) {
  const std::vector<int64_t> from = sizes_of(shape);
  const std::vector<int64_t> to = sizes_of(permuted(shape, permutation));
  Tensor result(x.size());
  for (size_t flat = 0; flat < x.size(); ++flat) {
    std::vector<int64_t> index(to.size());
    auto rest = static_cast<int64_t>(flat);
    for (size_t axis = to.size(); axis-- > 0;) {
      index[axis] = rest % to[axis];
      rest /= to[axis];
    }
    std::vector<int64_t> source(from.size());
    for (size_t axis = 0; axis < to.size(); ++axis) source[static_cast<size_t>(permutation[axis])] = index[axis];
    int64_t at = 0;
    for (size_t axis = 0; axis < from.size(); ++axis) at = at * from[axis] + source[axis];
    result[flat] = x[static_cast<size_t>(at)];
  }
  return result;
}

TEST(Permutation, Basics) {
  EXPECT_TRUE(is_identity({0, 1, 2}));
  EXPECT_EQ(inverse({2, 0, 1}), (Integers{1, 2, 0}));
  EXPECT_EQ(composed(to_channels_last(4), to_channels_first(4)), (Integers{0, 1, 2, 3}));
  EXPECT_EQ(to_channels_last(4), (Integers{0, 2, 3, 1}));
  EXPECT_EQ(to_channels_first(5), (Integers{0, 4, 1, 2, 3}));
  EXPECT_EQ(permuted({5, 6, 7}, {2, 0, 1}), (Shape{7, 5, 6}));
  EXPECT_TRUE(moves_nothing({Dim::symbol("N"), 1, 1, 8}, {0, 3, 1, 2}));
  EXPECT_FALSE(moves_nothing({Dim::symbol("N"), 2, 1, 8}, {0, 3, 1, 2}));
  EXPECT_EQ(sorting({5, 3, 4}), (Integers{1, 2, 0}));
}

TEST(Permutation, ComposedIsTheOneAfterTheOther) {
  std::mt19937 random(7);
  const Shape shape{2, 3, 4, 5};
  Tensor x(120);
  std::iota(x.begin(), x.end(), 0);
  for (int round = 0; round < 50; ++round) {
    Integers first{0, 1, 2, 3};
    Integers second = first;
    std::shuffle(first.begin(), first.end(), random);
    std::shuffle(second.begin(), second.end(), random);
    EXPECT_EQ(transposed(transposed(x, shape, first), permuted(shape, first), second),
              transposed(x, shape, composed(first, second)));
  }
}

void expect_same_order(const Shape& shape, const Integers& permutation, const Shape& target) {
  Tensor x(static_cast<size_t>(product(shape).constant()));
  std::iota(x.begin(), x.end(), 0);
  const auto plan = reshape_behind_transpose(shape, permutation, target);
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(permuted(plan->reshaped, plan->outer), target);
  // A reshape leaves row-major order alone.
  EXPECT_EQ(transposed(transposed(x, shape, plan->inner), plan->reshaped, plan->outer),
            transposed(x, shape, permutation));
}

TEST(ReshapeBehindTranspose, RandomSplitsAndJoins) {
  std::mt19937 random(11);
  for (int round = 0; round < 300; ++round) {
    Shape shape;
    const int rank = 2 + static_cast<int>(random() % 4);
    for (int i = 0; i < rank; ++i) shape.emplace_back(static_cast<int64_t>(random() % 4 == 0 ? 1 : 2 + random() % 5));
    Integers permutation(shape.size());
    std::iota(permutation.begin(), permutation.end(), int64_t{0});
    std::shuffle(permutation.begin(), permutation.end(), random);
    Shape target;
    for (const Dim& dim : permuted(shape, permutation)) {
      if (!target.empty() && random() % 3 == 0) {
        target.back() *= dim;
      } else if (dim.constant() % 2 == 0 && random() % 2 == 0) {
        target.emplace_back(2);
        target.emplace_back(dim.constant() / 2);
      } else if (!dim.is_constant(1) || random() % 2 == 0) {
        target.push_back(dim);
      }
    }
    if (target.empty() || !(product(target) == product(shape))) continue;
    expect_same_order(shape, permutation, target);
  }
}

TEST(ReshapeBehindTranspose, ChannelShuffleNeedsOnlyTheSwapInside) {
  // [N, H, W, g, c] turned to [N, c, g, H, W] and joined to [N, C, H, W].
  const auto plan = reshape_behind_transpose({1, 7, 5, 2, 3}, {0, 4, 3, 1, 2}, {1, 6, 7, 5});
  ASSERT_TRUE(plan.has_value());
  EXPECT_EQ(plan->inner, (Integers{0, 1, 2, 4, 3}));
  EXPECT_EQ(plan->reshaped, (Shape{1, 7, 5, 6}));
  EXPECT_EQ(plan->outer, (Integers{0, 3, 1, 2}));
}

TEST(ReshapeBehindTranspose, SymbolicSizes) {
  const Dim n = Dim::symbol("N");
  const Dim h = Dim::symbol("H");
  const auto plan = reshape_behind_transpose({n, h, 4, 8}, {0, 3, 1, 2}, {n, 8, 4 * h});
  ASSERT_TRUE(plan.has_value());
  EXPECT_TRUE(is_identity(plan->inner));
  EXPECT_EQ(plan->reshaped, (Shape{n, 4 * h, 8}));
  EXPECT_EQ(plan->outer, (Integers{0, 2, 1}));
  EXPECT_FALSE(reshape_behind_transpose({n, h}, {1, 0}, {Dim::symbol("A"), Dim::symbol("B")}).has_value());
}

}  // namespace
}  // namespace lathe::passes
