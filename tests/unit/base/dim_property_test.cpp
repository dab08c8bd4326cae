// Dims against brute force: random expressions are built twice, as a Dim and as a tree evaluated with plain integers,
// and every claim (value, text, substitution, division, intervals, proofs, simplification) is tried on all small
// assignments.
#include <array>
#include <random>

#include "gtest/gtest.h"
#include "ir/base/dim.h"
#include "ir/base/lexer.h"

namespace lathe {
namespace {

constexpr std::array<std::string_view, 3> kNames = {"A", "B", "C"};
using Assignment = std::array<int64_t, 3>;

// The bounds under which proofs are tried; C is bounded by B.
constexpr int64_t kLower[] = {1, 0, 0};
constexpr int64_t kUpper[] = {5, 7, 7};

int64_t floor_quotient(int64_t a, int64_t b) { return (a - ((a % b) + b) % b) / b; }

// The value of an expression, in a form that shares no code with Dim: one number per assignment.
using Values = std::vector<std::optional<int64_t>>;

const std::vector<Assignment>& assignments() {
  static const std::vector<Assignment> all = [] {
    std::vector<Assignment> result;
    for (int64_t a = kLower[0]; a <= kUpper[0]; ++a) {
      for (int64_t b = kLower[1]; b <= kUpper[1]; ++b) {
        for (int64_t c = kLower[2]; c <= std::min(kUpper[2], b); ++c) result.push_back({a, b, c});
      }
    }
    return result;
  }();
  return all;
}

SymbolTable bounds() {
  SymbolTable table;
  table.declare("A", kLower[0], kUpper[0]);
  table.declare("B", kLower[1], kUpper[1]);
  table.declare("C", kLower[2], minimum(Dim::symbol("B"), kUpper[2]));
  return table;
}

struct Expression {
  Dim dim;
  Values values;
};

class Generator {
 public:
  explicit Generator(uint32_t seed) : random_(seed) {}

  int64_t number(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(random_); }

  Expression constant(int64_t value) { return {Dim(value), Values(assignments().size(), value)}; }

  Expression symbol(size_t index) {
    Expression result{Dim::symbol(kNames[index]), {}};
    for (const Assignment& assignment : assignments()) result.values.push_back(assignment[index]);
    return result;
  }

  Expression expression(int depth) {
    if (depth == 0 || number(0, 5) == 0) {
      return number(0, 2) == 0 ? constant(number(-6, 12)) : symbol(static_cast<size_t>(number(0, 2)));
    }
    const Expression a = expression(depth - 1);
    switch (number(0, 6)) {
      case 0: return combine(a, expression(depth - 1), [](int64_t x, int64_t y) { return x + y; }, '+');
      case 1: return combine(a, expression(depth - 1), [](int64_t x, int64_t y) { return x - y; }, '-');
      case 2: return combine(a, expression(depth - 1), [](int64_t x, int64_t y) { return x * y; }, '*');
      case 3: return combine(a, divisor(), floor_quotient, '/');
      case 4: return combine(a, divisor(), [](int64_t x, int64_t y) { return x - y * floor_quotient(x, y); }, '%');
      case 5: return combine(a, expression(depth - 1), [](int64_t x, int64_t y) { return std::min(x, y); }, '<');
      default: return combine(a, expression(depth - 1), [](int64_t x, int64_t y) { return std::max(x, y); }, '>');
    }
  }

 private:
  // Positive: a constant, or the only symbol that is never 0.
  Expression divisor() {
    if (number(0, 3) == 0) return symbol(0);
    return constant(number(1, 6));
  }

  template <class Operation>
  Expression combine(const Expression& a, const Expression& b, Operation operation, char sign) {
    Expression result;
    switch (sign) {
      case '+': result.dim = a.dim + b.dim; break;
      case '-': result.dim = a.dim - b.dim; break;
      case '*': result.dim = a.dim * b.dim; break;
      case '/': result.dim = floordiv(a.dim, b.dim); break;
      case '%': result.dim = modulo(a.dim, b.dim); break;
      case '<': result.dim = minimum(a.dim, b.dim); break;
      default: result.dim = maximum(a.dim, b.dim); break;
    }
    for (size_t i = 0; i < a.values.size(); ++i) result.values.emplace_back(operation(*a.values[i], *b.values[i]));
    return result;
  }

  std::mt19937 random_;
};

std::function<std::optional<int64_t>(const std::string&)> lookup(const Assignment& assignment) {
  return [&assignment](const std::string& name) -> std::optional<int64_t> {
    for (size_t i = 0; i < kNames.size(); ++i) {
      if (name == kNames[i]) return assignment[i];
    }
    return std::nullopt;
  };
}

// Holds a Dim against the values it must have.
::testing::AssertionResult has_values(const Dim& dim, const Values& values) {
  for (size_t i = 0; i < values.size(); ++i) {
    const Assignment& at = assignments()[i];
    const auto got = evaluate(dim, lookup(at));
    if (got != values[i]) {
      return ::testing::AssertionFailure()
             << dim.text() << " is " << (got ? std::to_string(*got) : "nothing") << ", expected " << *values[i]
             << " at A=" << at[0] << " B=" << at[1] << " C=" << at[2];
    }
  }
  return ::testing::AssertionSuccess();
}

class DimProperty : public ::testing::TestWithParam<uint32_t> {};

constexpr int kRounds = 40;

TEST_P(DimProperty, CanonicalFormKeepsValues) {
  Generator generator(GetParam());
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(4);
    if (!e.dim.valid()) continue;
    ASSERT_TRUE(has_values(e.dim, e.values));
  }
}

TEST_P(DimProperty, TextReadsBackAsTheSameDim) {
  Generator generator(GetParam() + 1000);
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(4);
    if (!e.dim.valid()) continue;
    LocationTable locations;
    Diagnostics diagnostics;
    const std::string text = e.dim.text();
    TokenCursor cursor(tokenize(text, locations.add_file("dim", text)), locations, diagnostics);
    const Result<Dim> read = cursor.parse_dim();
    ASSERT_TRUE(read.ok()) << text;
    ASSERT_TRUE(cursor.at_end()) << text;
    ASSERT_EQ(read->text(), text);
    ASSERT_TRUE(*read == e.dim) << text;
  }
}

TEST_P(DimProperty, SubstitutionCommutesWithEvaluation) {
  Generator generator(GetParam() + 2000);
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(3);
    const Expression with = generator.expression(2);
    const Dim replaced = substitute(e.dim, "B", with.dim);
    if (!replaced.valid()) continue;
    for (size_t i = 0; i < assignments().size(); ++i) {
      Assignment changed = assignments()[i];
      changed[1] = *with.values[i];
      ASSERT_EQ(evaluate(replaced, lookup(assignments()[i])), evaluate(e.dim, lookup(changed)))
          << e.dim.text() << " with B = " << with.dim.text();
    }
  }
}

TEST_P(DimProperty, ExactDivisionMultipliesBack) {
  Generator generator(GetParam() + 3000);
  for (int round = 0; round < kRounds; ++round) {
    const Expression a = generator.expression(3);
    const Expression b = generator.expression(1);
    const auto product_over_b = exact_divide(a.dim * b.dim, b.dim);
    const auto quotient = exact_divide(a.dim, b.dim);
    if (quotient) {
      EXPECT_TRUE(*quotient * b.dim == a.dim) << a.dim.text() << " / " << b.dim.text();
    }
    if (product_over_b && !b.dim.is_constant(0)) {
      EXPECT_TRUE(*product_over_b == a.dim) << a.dim.text() << " * and / " << b.dim.text();
    }
  }
}

TEST_P(DimProperty, IntervalsHoldAllValues) {
  Generator generator(GetParam() + 4000);
  const SymbolTable table = bounds();
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(4);
    if (!e.dim.valid()) continue;
    const SymbolTable::Interval interval = table.interval(e.dim);
    for (const auto& value : e.values) {
      ASSERT_LE(interval.lower, *value) << e.dim.text();
      ASSERT_GE(interval.upper, *value) << e.dim.text();
    }
  }
}

TEST_P(DimProperty, ProofsAreSound) {
  Generator generator(GetParam() + 5000);
  const SymbolTable table = bounds();
  int decided = 0;
  for (int round = 0; round < kRounds; ++round) {
    const Expression a = generator.expression(3);
    const Expression b =
        generator.number(0, 1) == 0 ? generator.constant(generator.number(-20, 60)) : generator.expression(3);
    if (!a.dim.valid() || !b.dim.valid()) continue;
    size_t less_or_equal = 0;
    size_t equal = 0;
    for (size_t i = 0; i < a.values.size(); ++i) {
      less_or_equal += *a.values[i] <= *b.values[i] ? 1 : 0;
      equal += *a.values[i] == *b.values[i] ? 1 : 0;
    }
    const std::string shown = a.dim.text() + " and " + b.dim.text();
    switch (table.prove_le(a.dim, b.dim)) {
      case Answer::Yes:
        ASSERT_EQ(less_or_equal, a.values.size()) << shown;
        ++decided;
        break;
      case Answer::No:
        ASSERT_EQ(less_or_equal, 0u) << shown;
        ++decided;
        break;
      case Answer::Unknown: break;
    }
    switch (table.prove_eq(a.dim, b.dim)) {
      case Answer::Yes: ASSERT_EQ(equal, a.values.size()) << shown; break;
      case Answer::No: ASSERT_EQ(equal, 0u) << shown; break;
      case Answer::Unknown: break;
    }
  }
  EXPECT_GT(decided, 0);
}

TEST_P(DimProperty, SimplificationKeepsValuesWithinBounds) {
  Generator generator(GetParam() + 6000);
  const SymbolTable table = bounds();
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(4);
    if (!e.dim.valid()) continue;
    const Dim simple = table.simplify(e.dim);
    ASSERT_TRUE(has_values(simple, e.values)) << "simplified from " << e.dim.text();
  }
}

TEST_P(DimProperty, LinearPartsAddUp) {
  Generator generator(GetParam() + 7000);
  for (int round = 0; round < kRounds; ++round) {
    const Expression e = generator.expression(3);
    if (!e.dim.valid()) continue;
    const auto parts = linear_in(e.dim, "B");
    if (!parts) continue;
    EXPECT_FALSE(mentions(parts->coefficient, "B"));
    EXPECT_FALSE(mentions(parts->rest, "B"));
    EXPECT_TRUE(parts->coefficient * Dim::symbol("B") + parts->rest == e.dim) << e.dim.text();
  }
}

TEST_P(DimProperty, OrderIsTotal) {
  Generator generator(GetParam() + 8000);
  std::vector<Dim> dims;
  for (int i = 0; i < 12; ++i) dims.push_back(generator.expression(3).dim);
  for (const Dim& a : dims) {
    for (const Dim& b : dims) {
      EXPECT_EQ(compare(a, b) == 0, a == b);
      EXPECT_EQ(compare(a, b) < 0, compare(b, a) > 0);
      for (const Dim& c : dims) {
        if (compare(a, b) < 0 && compare(b, c) < 0) EXPECT_TRUE(compare(a, c) < 0);
      }
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Seeds, DimProperty, ::testing::Range(1u, 26u));

}  // namespace
}  // namespace lathe
