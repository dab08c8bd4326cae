// Matrix products and einsum against loops, and the numerics contract: sums in order, fused.
#include <cmath>
#include <map>

#include "tests/ops/support.h"

namespace lathe::ops_test {
namespace {

// numpy.matmul by definition: pads vectors to matrices, broadcasts batches.
Array naive_matmul(Array a, Array b) {
  const bool row = a.dims.size() == 1;
  const bool column = b.dims.size() == 1;
  if (row) a.dims.insert(a.dims.begin(), 1);
  if (column) b.dims.push_back(1);
  const size_t batch = std::max(a.dims.size(), b.dims.size()) - 2;
  Dims padded_a = a.dims;
  Dims padded_b = b.dims;
  padded_a.insert(padded_a.begin(), batch + 2 - a.dims.size(), 1);
  padded_b.insert(padded_b.begin(), batch + 2 - b.dims.size(), 1);
  Array result{{}, {}, a.element};
  for (size_t i = 0; i < batch; ++i) result.dims.push_back(padded_a[i] == 1 ? padded_b[i] : padded_a[i]);
  result.dims.push_back(padded_a[batch]);
  result.dims.push_back(padded_b[batch + 1]);
  for_each_position(result.dims, [&](const Dims& at) {
    double sum = 0;
    for (int64_t k = 0; k < padded_a[batch + 1]; ++k) {
      Dims left = at;
      Dims right = at;
      left[batch + 1] = k;
      right[batch] = k;
      for (size_t i = 0; i < batch; ++i) {
        if (padded_a[i] == 1) left[i] = 0;
        if (padded_b[i] == 1) right[i] = 0;
      }
      sum += a.values[static_cast<size_t>(flat(padded_a, left))] * b.values[static_cast<size_t>(flat(padded_b, right))];
    }
    result.values.push_back(sum);
  });
  if (column) result.dims.pop_back();
  if (row) result.dims.erase(result.dims.begin() + static_cast<std::ptrdiff_t>(batch));
  return result;
}

Array swap_last(const Array& x) {
  Array result = x;
  const size_t rank = x.dims.size();
  std::swap(result.dims[rank - 1], result.dims[rank - 2]);
  result.values.clear();
  for_each_position(result.dims, [&](Dims at) {
    std::swap(at[rank - 1], at[rank - 2]);
    result.values.push_back(x.values[static_cast<size_t>(flat(x.dims, at))]);
  });
  return result;
}

struct MatmulCase {
  Dims a;
  Dims b;
};
const MatmulCase kMatmulCases[] = {{{2, 3}, {3, 4}},
                                   {{1, 1}, {1, 1}},
                                   {{3}, {3}},
                                   {{3}, {3, 2}},
                                   {{2, 3}, {3}},
                                   {{5, 2, 3}, {3, 4}},
                                   {{2, 3}, {5, 3, 4}},
                                   {{5, 2, 3}, {5, 3, 4}},
                                   {{2, 1, 2, 3}, {5, 3, 4}},
                                   {{1, 2, 3}, {7, 1, 3, 2}},
                                   {{3}, {4, 3, 2}},
                                   {{4, 2, 3}, {3}},
                                   {{2, 0}, {0, 3}},
                                   {{0, 3}, {3, 2}},
                                   {{17, 31}, {31, 13}},
                                   {{1, 300}, {300, 1}}};

TEST(Matmul, AgreesWithLoops) {
  for (const MatmulCase& each : kMatmulCases) {
    SCOPED_TRACE(text(shape_of(each.a)) + " x " + text(shape_of(each.b)));
    const Array a = numbers(each.a, 1);
    const Array b = numbers(each.b, 2);
    const Array wanted = naive_matmul(a, b);
    expect_near(run_one("matmul", {&a, &b}), wanted.dims, wanted.values, 1e-5);
    if (a.dims.size() < 2 || b.dims.size() < 2) continue;
    const Array ta = swap_last(a);
    const Array tb = swap_last(b);
    expect_near(run_one("matmul", {&ta, &b}, {{"transpose_a", true}}), wanted.dims, wanted.values, 1e-5);
    expect_near(run_one("matmul", {&a, &tb}, {{"transpose_b", true}}), wanted.dims, wanted.values, 1e-5);
    expect_near(run_one("matmul", {&ta, &tb}, {{"transpose_a", true}, {"transpose_b", true}}), wanted.dims,
                wanted.values, 1e-5);
  }
}

TEST(Matmul, OtherElementTypes) {
  const Array x{{2, 2}, {1, 2, 3, 4}, ElementType::F32};
  const Array y{{2, 2}, {5, 6, 7, 8}, ElementType::F32};
  for (const ElementType element :
       {ElementType::F64, ElementType::F16, ElementType::BF16, ElementType::I32, ElementType::U8, ElementType::I64}) {
    Array a = x;
    Array b = y;
    a.element = b.element = element;
    const Array got = run_one("matmul", {&a, &b});
    EXPECT_EQ(got.element, element);
    expect_exact(got, {2, 2}, {19, 22, 43, 50});
  }
  const Array wraps{{1, 2}, {100, 100}, ElementType::I8};
  const Array ones{{2, 1}, {1, 1}, ElementType::I8};
  expect_exact(run_one("matmul", {&wraps, &ones}), {1, 1}, {-56});
}

// Each step is fma(a, b, sum) in f32, in the order of k.
TEST(Matmul, AccumulatesInOrderWithOneRounding) {
  const Array a = numbers({3, 257}, 5);
  Array b = numbers({257, 2}, 6);
  for (double& value : b.values) value = static_cast<double>(static_cast<float>(value * 1.1));
  const Array got = run_one("matmul", {&a, &b});
  Numbers wanted;
  for (size_t m = 0; m < 3; ++m) {
    for (size_t n = 0; n < 2; ++n) {
      float sum = 0;
      for (size_t k = 0; k < 257; ++k) {
        sum = std::fma(static_cast<float>(a.values[m * 257 + k]), static_cast<float>(b.values[k * 2 + n]), sum);
      }
      wanted.push_back(static_cast<double>(sum));
    }
  }
  expect_exact(got, {3, 2}, wanted);
}

TEST(Matmul, ErrorsShowBothShapes) {
  EXPECT_EQ(infer_text("matmul", {operand("x", "f32[N, 784]"), operand("fc1.weight", "f32[768, 128]")}),
            "LT0203: `matmul` inner dimensions differ: `f32[N, 784]` x `f32[768, 128]`: `x` has 784 on axis 1, "
            "`fc1.weight` has "
            "768 on axis 0\n"
            "  label: 784 is axis 1 of input `x`\n"
            "  label: 768 is axis 0 of input `fc1.weight`\n");
  EXPECT_EQ(
      infer_text("matmul", {operand("x", "f32[N, 16, 5, 5]"), operand("w", "f32[120, 400]")}, {{"transpose_b", true}}),
      "LT0203: `matmul` inner dimensions differ: `f32[N, 16, 5, 5]` x `f32[120, 400]`, the right one transposed: `x` "
      "has 5 "
      "on axis 3, `w` has 400 on axis 1\n"
      "  label: 5 is axis 3 of input `x`\n"
      "  label: 400 is axis 1 of input `w`\n"
      "  note: flattening `x` from axis 1 on gives `[N, 400]`, which fits\n");
  EXPECT_EQ(infer_text("matmul", {operand("a", "f32[2, 3, 4]"), operand("b", "f32[5, 4, 6]")}),
            "LT0205: `matmul` can't broadcast the batches of `f32[2, 3, 4]` x `f32[5, 4, 6]`: 2 meets 5\n"
            "  label: 2 is axis 0 of input `a`\n"
            "  label: 5 is axis 0 of input `b`\n");
  EXPECT_EQ(infer_text("matmul", {operand("a", "f32[]"), operand("b", "f32[2, 2]")}),
            "LT0202: `matmul` needs at least 1 axes, `a` has 0: `f32[]`\n");
  EXPECT_EQ(infer_text("matmul", {operand("a", "f32[N, K]"), operand("b", "f32[512, M]")}), "f32[N, M] if K == 512");
}

// einsum by definition: every combination of label values.
Array naive_einsum(const std::vector<std::string>& terms, const std::string& result,
                   const std::vector<const Array*>& operands) {
  std::map<char, int64_t> extents;
  for (size_t i = 0; i < terms.size(); ++i) {
    for (size_t axis = 0; axis < terms[i].size(); ++axis) {
      int64_t& extent = extents[terms[i][axis]];
      extent = std::max(extent, operands[i]->dims[axis]);
    }
  }
  Dims space;
  std::string labels;
  for (const auto& [label, extent] : extents) {
    labels += label;
    space.push_back(extent);
  }
  Array out{{}, {}, ElementType::F32};
  for (const char c : result) out.dims.push_back(extents[c]);
  out.values.assign(static_cast<size_t>(count_of(out.dims)), 0);
  const auto index_of = [&](const std::string& term, const Dims& at) {
    Dims index;
    for (const char c : term) index.push_back(at[labels.find(c)]);
    return index;
  };
  for_each_position(space, [&](const Dims& at) {
    double product = 1;
    for (size_t i = 0; i < terms.size(); ++i) product *= broadcast_value(*operands[i], index_of(terms[i], at));
    out.values[static_cast<size_t>(flat(out.dims, index_of(result, at)))] += product;
  });
  return out;
}

TEST(Einsum, AgreesWithLoops) {
  struct Case {
    std::string equation;
    std::vector<std::string> terms;
    std::string result;
    std::vector<Dims> dims;
  };
  const Case cases[] = {
      {"ij,jk->ik", {"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
      {"ij,jk", {"ij", "jk"}, "ik", {{2, 3}, {3, 4}}},
      {"bij, bkj -> bik", {"bij", "bkj"}, "bik", {{2, 3, 4}, {2, 5, 4}}},
      {"ii->i", {"ii"}, "i", {{4, 4}}},
      {"ii", {"ii"}, "", {{4, 4}}},
      {"ij->ji", {"ij"}, "ji", {{2, 3}}},
      {"ij->", {"ij"}, "", {{2, 3}}},
      {"i,j->ij", {"i", "j"}, "ij", {{2}, {3}}},
      {"...ij,...jk->...ik", {"abij", "bjk"}, "abik", {{2, 3, 2, 4}, {3, 4, 5}}},
      {"...j->...", {"abj"}, "ab", {{2, 3, 4}}},
      {"i...->...", {"iab"}, "ab", {{2, 3, 4}}},
      {"ba,ac,cd->bd", {"ba", "ac", "cd"}, "bd", {{2, 3}, {3, 4}, {4, 2}}},
      {"bhwc,hkc->bhwk", {"bhwc", "hkc"}, "bhwk", {{2, 3, 2, 4}, {3, 5, 4}}},
      {"ij,ij->ij", {"ij", "ij"}, "ij", {{2, 1}, {2, 3}}},
      {"Bc,cA->BA", {"Bc", "cA"}, "BA", {{2, 3}, {3, 2}}},
  };
  for (const Case& each : cases) {
    SCOPED_TRACE(each.equation);
    std::vector<Array> arrays;
    for (size_t i = 0; i < each.dims.size(); ++i) arrays.push_back(numbers(each.dims[i], static_cast<int>(i) + 1));
    std::vector<const Array*> operands;
    for (const Array& array : arrays) operands.push_back(&array);
    const Array wanted = naive_einsum(each.terms, each.result, operands);
    expect_near(run_one("einsum", operands, {{"equation", each.equation}}), wanted.dims, wanted.values, 1e-5);
  }
}

TEST(Einsum, Errors) {
  const auto infer = [](std::string equation) {
    return infer_text("einsum", {operand("a", "f32[2, 3]"), operand("b", "f32[4, 5]")},
                      {{"equation", std::move(equation)}});
  };
  EXPECT_EQ(infer("ij,jk->ik"),
            "LT0205: `einsum` \"ij,jk->ik\": axis 0 of `b` (`f32[4, 5]`) has 4 elements, elsewhere `j` has 3\n"
            "  label: 3 is axis 1 of input `a`\n"
            "  label: 4 is axis 0 of input `b`\n");
  EXPECT_EQ(infer("ij->ij"), "LT0108: the equation \"ij->ij\" of `einsum` names 1 operands, 2 are given\n");
  EXPECT_EQ(infer("ijk,kl->ij"),
            "LT0202: the equation \"ijk,kl->ij\" of `einsum` names 3 axes of operand 0, but `a` has 2: `f32[2, 3]`\n");
  EXPECT_EQ(infer("ij,kl->im"),
            "LT0106: the result of the equation \"ij,kl->im\" of `einsum` names `m` and no operand does\n");
  EXPECT_EQ(infer("ij,kl->ii"), "LT0106: the result of the equation \"ij,kl->ii\" of `einsum` names `i` twice\n");
  EXPECT_EQ(infer("i1,kl->i"), "LT0106: `einsum` can't read the equation \"i1,kl->i\"\n");
}

}  // namespace
}  // namespace lathe::ops_test
