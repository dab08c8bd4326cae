// Random models compute the same before and after any passes in any order: the same bits where the passes say so,
// within rounding elsewhere. The verifier and the text round trip run after each pass.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <cstring>

#include "compiler/interp/graph_interpreter.h"
#include "compiler/passes/pipeline.h"
#include "ir/base/render.h"
#include "ir/graph/print.h"
#include "ir/graph/verify.h"
#include "tests/unit/passes/random_graph.h"

namespace lathe::passes {
namespace {

std::vector<float> numbers_of(const HostTensor& tensor) {
  std::vector<float> numbers(tensor.bytes.size() / sizeof(float));
  std::memcpy(numbers.data(), tensor.bytes.data(), tensor.bytes.size());
  return numbers;
}

bool same_bits(float a, float b) {
  if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && std::isnan(b);
  uint32_t left = 0;
  uint32_t right = 0;
  std::memcpy(&left, &a, sizeof a);
  std::memcpy(&right, &b, sizeof b);
  return left == right;
}

enum class Agreement { SameBits, WithinRounding };

// The first difference in words; empty when there is none.
std::string difference(const std::vector<HostTensor>& before, const std::vector<HostTensor>& after,
                       Agreement agreement) {
  if (before.size() != after.size()) return "another number of outputs";
  for (size_t k = 0; k < before.size(); ++k) {
    if (!(before[k].type == after[k].type)) return fmt::format("output {} has another type", k);
    const std::vector<float> a = numbers_of(before[k]);
    const std::vector<float> b = numbers_of(after[k]);
    float largest = 1;
    for (float each : a) {
      if (std::isfinite(each)) largest = std::max(largest, std::fabs(each));
    }
    for (size_t i = 0; i < a.size(); ++i) {
      const bool close = same_bits(a[i], b[i]) ||
                         (agreement == Agreement::WithinRounding && std::fabs(a[i] - b[i]) <= 1e-4f * largest);
      if (!close) return fmt::format("output {} element {}: {:.9g} against {:.9g}", k, i, a[i], b[i]);
    }
  }
  return {};
}

// Overflow and cancellation make a sum in another order something else altogether.
bool is_tame(const std::vector<HostTensor>& tensors) {
  for (const HostTensor& tensor : tensors) {
    for (float each : numbers_of(tensor)) {
      if (!std::isfinite(each) || std::fabs(each) > 1e6f) return false;
    }
  }
  return true;
}

void check(unsigned seed, const std::vector<const Pass*>& list, Agreement agreement) {
  Module module = test::random_graph(seed);
  const std::string text = print(module);
  std::string names;
  for (const Pass* pass : list) names += fmt::format("{}{}", names.empty() ? "" : ",", pass->name);
  const std::string where = fmt::format("seed {}, --passes={}\n{}", seed, names, text);
  Diagnostics diagnostics;
  ASSERT_TRUE(verify(module, diagnostics).ok()) << where;
  const std::vector<HostTensor> inputs = test::random_inputs(module, seed);
  const auto before = interp::interpret(module, inputs, diagnostics);
  ASSERT_TRUE(before.ok()) << where << render_text(diagnostics, module.locations);
  PipelineOptions options;
  options.verify_each = true;
  options.round_trip = true;
  if (agreement == Agreement::SameBits) options.passes.numerics = Numerics::Exact;
  ASSERT_TRUE(run_passes(module, diagnostics, list, options).ok())
      << where << render_text(diagnostics, module.locations);
  const auto after = interp::interpret(module, inputs, diagnostics);
  ASSERT_TRUE(after.ok()) << where << render_text(diagnostics, module.locations);
  if (agreement == Agreement::WithinRounding && !is_tame(*before)) return;
  const std::string found = difference(*before, *after, agreement);
  ASSERT_EQ(found, "") << where << "became\n" << print(module);
}

std::vector<const Pass*> random_list(std::mt19937& random, Agreement agreement) {
  std::vector<const Pass*> list;
  const size_t count = std::uniform_int_distribution<size_t>(1, 8)(random);
  while (list.size() < count) {
    const size_t pick = std::uniform_int_distribution<size_t>(0, all_passes().size() - 1)(random);
    const Pass& pass = all_passes()[pick];
    if (pass.bits == Bits::Rounded && agreement == Agreement::SameBits) continue;
    list.push_back(&pass);
  }
  return list;
}

template <class Body>
void for_a_while(unsigned first_seed, Body body) {
  constexpr auto kBudget = std::chrono::seconds(4);
  constexpr unsigned kLeast = 50;
  const auto end = std::chrono::steady_clock::now() + kBudget;
  for (unsigned i = 0; i < kLeast || std::chrono::steady_clock::now() < end; ++i) {
    body(first_seed + i);
    if (::testing::Test::HasFatalFailure()) return;
  }
}

TEST(PassesProperty, ExactPassesInAnyOrderKeepAllBits) {
  for_a_while(1000000, [](unsigned seed) {
    std::mt19937 random(seed);
    check(seed, random_list(random, Agreement::SameBits), Agreement::SameBits);
  });
}

TEST(PassesProperty, AllPassesInAnyOrderAgreeWithinRounding) {
  for_a_while(2000000, [](unsigned seed) {
    std::mt19937 random(seed);
    check(seed, random_list(random, Agreement::WithinRounding), Agreement::WithinRounding);
  });
}

TEST(PassesProperty, TheDefaultPipelineAgreesWithinRounding) {
  for_a_while(3000000, [](unsigned seed) { check(seed, default_pipeline(), Agreement::WithinRounding); });
}

// Running a list twice changes nothing more: canonical forms are stable.
TEST(PassesProperty, SimplificationIsIdempotent) {
  const PassList list = parse_pass_list("canonicalize,fold,canonicalize,common_subexpressions,dead_code");
  for_a_while(4000000, [&](unsigned seed) {
    Module module = test::random_graph(seed);
    Diagnostics diagnostics;
    // A merge can make two operands one, which is new to the rules: three times are enough for the graphs here.
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(run_passes(module, diagnostics, list.passes, {}).ok());
    const std::string once = print(module);
    ASSERT_TRUE(run_passes(module, diagnostics, list.passes, {}).ok());
    ASSERT_EQ(print(module), once) << "seed " << seed;
  });
}

}  // namespace
}  // namespace lathe::passes
