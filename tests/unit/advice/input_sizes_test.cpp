// The solver of input sizes, on models that the tests state as formulas: what it accepts is compared with trying all
// sizes in a loop.
#include "compiler/advice/input_sizes.h"

#include <gtest/gtest.h>

#include <functional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace lathe::advice {
namespace {

/// A model of sizes: guards and outputs from Dims, and the same in plain numbers: the first sizes of its outputs,
/// nothing when it fails.
struct Model {
  std::function<SizeProbe(const Shape&, const Dim& batch)> named;
  std::function<std::optional<int64_t>(const std::vector<int64_t>&, int64_t batch)> run;
};

SizeQuestion question_of(const Model& model, std::vector<int64_t> dims, std::vector<std::string> names) {
  SizeQuestion question;
  question.input = "x";
  question.type.dims.assign(dims.begin(), dims.end());
  for (size_t axis = dims.size() - names.size(); axis < dims.size(); ++axis) question.axes.push_back(axis);
  question.names = names;
  question.symbols = std::move(names);
  question.batch = "N";
  question.probe = [&model](const Shape& sizes, const Dim& batch) {
    std::vector<int64_t> numbers;
    for (const Dim& size : sizes) {
      if (!size.is_constant()) return model.named(sizes, batch);
      numbers.push_back(size.constant());
    }
    SizeProbe probe;
    const std::optional<int64_t> rows = model.run(numbers, batch.constant());
    probe.verdict = rows ? SizeProbe::Verdict::Runs : SizeProbe::Verdict::Fails;
    if (rows) probe.outputs.push_back({Dim(*rows), Dim(10)});
    return probe;
  };
  return question;
}

bool in(const std::vector<AcceptedSizes::Range>& ranges, int64_t size) {
  for (const auto& [first, last] : ranges) {
    if (first <= size && size <= last) return true;
  }
  return false;
}

// What is listed is what a loop over all sizes finds.
void expect_as_tried(const Model& model, const AcceptedSizes& accepted, int64_t batch) {
  for (int64_t size = 1; size <= accepted.equal_limit; ++size) {
    const std::vector<int64_t> sizes(accepted.axes.size(), size);
    EXPECT_EQ(in(accepted.equal, size), model.run(sizes, batch) == batch) << size;
  }
  std::set<std::pair<int64_t, int64_t>> pairs;
  for (const AcceptedSizes::Row& row : accepted.pairs) {
    for (const auto& [first, last] : row.others) {
      for (int64_t other = first; other <= last; ++other) pairs.emplace(row.size, other);
    }
  }
  for (int64_t h = 1; h <= accepted.first_limit; ++h) {
    for (int64_t w = 1; w <= accepted.second_limit; ++w) {
      EXPECT_EQ(pairs.contains({h, w}), model.run({h, w}, batch) == batch) << h << " x " << w;
    }
  }
}

Guard equal(const Dim& a, const Dim& b) { return {Guard::Relation::Equal, a, b, {}, {}}; }
Guard at_least(const Dim& least, const Dim& size) { return {Guard::Relation::LessEqual, least, size, {}, {}}; }

// Two convolutions of 5 and two poolings of 2, then a layer of 16*5*5 features.
Model lenet(bool folds_batch) {
  const auto shrink = [](const Dim& size) { return floordiv(size - 4, 2); };
  return {.named =
              [=](const Shape& sizes, const Dim& batch) {
                SizeProbe probe;
                probe.verdict = SizeProbe::Verdict::Runs;
                Dim features = 16;
                for (const Dim& size : sizes) {
                  probe.guards.push_back(at_least(6, size));
                  probe.guards.push_back(at_least(6, shrink(size)));
                  features *= shrink(shrink(size));
                }
                if (folds_batch) {
                  const Dim rows = floordiv(batch * features, 400);
                  probe.guards.push_back(equal(batch * features, 400 * rows));
                  probe.outputs.push_back({rows, 10});
                } else {
                  probe.guards.push_back(equal(features, 400));
                  probe.outputs.push_back({batch, 10});
                }
                return probe;
              },
          .run = [=](const std::vector<int64_t>& sizes, int64_t batch) -> std::optional<int64_t> {
            int64_t features = 16;
            for (int64_t size : sizes) {
              for (int step = 0; step < 2; ++step) {
                if (size < 6) return std::nullopt;
                size = (size - 4) / 2;
              }
              features *= size;
            }
            if (!folds_batch) return features == 400 ? std::optional(batch) : std::nullopt;
            return batch * features % 400 == 0 ? std::optional(batch * features / 400) : std::nullopt;
          }};
}

TEST(InputSizes, ConvolutionsAndPoolings) {
  const Model model = lenet(false);
  const SizeAnswer answer = solve_sizes(question_of(model, {2, 1, 36, 36}, {"H", "W"}));
  ASSERT_TRUE(answer.accepted);
  EXPECT_EQ(answer.accepted->type, "f32[2,1,H,W]");
  EXPECT_EQ(answer.accepted->equal, (std::vector<AcceptedSizes::Range>{{32, 35}}));
  expect_as_tried(model, *answer.accepted, 2);
  ASSERT_EQ(answer.notes.size(), 1u);
  EXPECT_NE(answer.notes[0].find("H, W in 32..35 (or 16..19 x 112..115, and the reverse)"), std::string::npos)
      << answer.notes[0];
  EXPECT_NE(answer.notes[0].find("= 400`"), std::string::npos) << answer.notes[0];
}

TEST(InputSizes, SizesThatFoldTheBatchAreNotAccepted) {
  const Model model = lenet(true);
  for (const int64_t batch : {1, 4}) {
    const SizeAnswer answer = solve_sizes(question_of(model, {batch, 1, 27, 29}, {"H", "W"}));
    ASSERT_TRUE(answer.accepted) << batch;
    expect_as_tried(model, *answer.accepted, batch);
    EXPECT_FALSE(in(answer.accepted->equal, 52));
  }
}

// Poolings of 2 and their inverse, joined with what they were made from: `levels` of them.
Model halves(int levels, bool rounds_up) {
  return {.named =
              [=](const Shape& sizes, const Dim& batch) {
                SizeProbe probe;
                probe.verdict = SizeProbe::Verdict::Runs;
                for (Dim size : sizes) {
                  for (int level = 0; level < levels; ++level) {
                    const Dim half = rounds_up ? ceildiv(size, 2) : floordiv(size, 2);
                    probe.guards.push_back(at_least(1, half));
                    probe.guards.push_back(equal(2 * half, size));
                    size = half;
                  }
                }
                probe.outputs.push_back({batch, 10});
                return probe;
              },
          .run = [=](const std::vector<int64_t>& sizes, int64_t batch) -> std::optional<int64_t> {
            for (int64_t size : sizes) {
              for (int level = 0; level < levels; ++level) {
                if (size % 2 != 0) return std::nullopt;
                size /= 2;
              }
            }
            return batch;
          }};
}

TEST(InputSizes, Multiples) {
  const Model model = halves(2, false);
  const SizeAnswer answer = solve_sizes(question_of(model, {1, 1, 18, 18}, {"H", "W"}));
  ASSERT_TRUE(answer.accepted);
  expect_as_tried(model, *answer.accepted, 1);
  EXPECT_NE(answer.notes.at(0).find("H and W that are multiples of 4, e.g. 16 or 20"), std::string::npos)
      << answer.notes[0];

  const Model deep = halves(5, true);
  const SizeAnswer large = solve_sizes(question_of(deep, {1, 3, 230, 300}, {"H", "W"}));
  ASSERT_TRUE(large.accepted);
  expect_as_tried(deep, *large.accepted, 1);
  EXPECT_NE(large.notes.at(0).find("multiples of 32, e.g. 288 or 320"), std::string::npos) << large.notes[0];
}

TEST(InputSizes, OneFreeSize) {
  const Model model{.named =
                        [](const Shape& sizes, const Dim& batch) {
                          SizeProbe probe;
                          probe.verdict = SizeProbe::Verdict::Runs;
                          probe.guards = {at_least(2, sizes[0]), at_least(4, sizes[0]), at_least(3, sizes[0])};
                          probe.outputs = {{batch, 10}};
                          return probe;
                        },
                    .run = [](const std::vector<int64_t>& sizes,
                              int64_t batch) { return sizes[0] >= 4 ? std::optional(batch) : std::nullopt; }};
  const SizeAnswer answer = solve_sizes(question_of(model, {2, 3}, {"L"}));
  ASSERT_TRUE(answer.accepted);
  EXPECT_EQ(answer.accepted->equal, (std::vector<AcceptedSizes::Range>{{4, 64}}));
  EXPECT_TRUE(answer.accepted->pairs.empty());
  EXPECT_EQ(answer.notes.at(0), "with x: (2, L) the model accepts L >= 4");
}

TEST(InputSizes, ChannelsThatDoNotDivide) {
  const Model model{.named =
                        [](const Shape& sizes, const Dim&) {
                          SizeProbe probe;
                          probe.verdict = SizeProbe::Verdict::Fails;
                          probe.have = 7 * floordiv(sizes[0], 2) * floordiv(sizes[1], 2);
                          probe.wanted = 300;
                          return probe;
                        },
                    .run = [](const std::vector<int64_t>&, int64_t) -> std::optional<int64_t> { return std::nullopt; }};
  const SizeAnswer answer = solve_sizes(question_of(model, {1, 3, 20, 20}, {"H", "W"}));
  ASSERT_EQ(answer.notes.size(), 1u);
  EXPECT_NE(answer.notes[0].find("300 is not a multiple of 7"), std::string::npos);
  EXPECT_NE(answer.notes[0].find("294 = 7 * 42 and 301 = 7 * 43"), std::string::npos);
  ASSERT_TRUE(answer.accepted);
  EXPECT_TRUE(answer.accepted->equal.empty());
}

// A model that reads its sizes: names don't get through.
TEST(InputSizes, SizesAreTriedWhereNamesDoNotGetThrough) {
  const Model model{.named = [](const Shape&, const Dim&) { return SizeProbe{}; },
                    .run =
                        [](const std::vector<int64_t>& sizes, int64_t batch) {
                          return sizes[0] % 8 == 0 && sizes[1] % 8 == 0 ? std::optional(batch) : std::nullopt;
                        }};
  SizeQuestion question = question_of(model, {1, 3, 20, 20}, {"H", "W"});
  question.most_trials = 80;
  const SizeAnswer answer = solve_sizes(question);
  ASSERT_TRUE(answer.accepted);
  for (int64_t size = 1; size <= 64; ++size) EXPECT_EQ(in(answer.accepted->equal, size), size % 8 == 0) << size;
  EXPECT_EQ(answer.accepted->first_limit, 0);
  EXPECT_NE(answer.notes.at(0).find("multiples of 8, e.g. 16 or 24"), std::string::npos) << answer.notes[0];

  question.most_trials = 20;
  const SizeAnswer few = solve_sizes(question);
  EXPECT_FALSE(few.accepted);
  EXPECT_NE(few.notes.at(0).find("only multiples of 4 up to 64 were tried"), std::string::npos) << few.notes[0];

  question.most_trials = 0;
  EXPECT_TRUE(solve_sizes(question).notes.empty());
}

TEST(InputSizes, NothingIsSaidOfModelsThatContradictTheirConditions) {
  // The conditions demand 32, but 32 doesn't run.
  const Model model{.named =
                        [](const Shape& sizes, const Dim& batch) {
                          SizeProbe probe;
                          probe.verdict = SizeProbe::Verdict::Runs;
                          probe.guards = {equal(sizes[0], 32), equal(sizes[1], 32)};
                          probe.outputs = {{batch, 10}};
                          return probe;
                        },
                    .run = [](const std::vector<int64_t>&, int64_t) -> std::optional<int64_t> { return std::nullopt; }};
  EXPECT_TRUE(solve_sizes(question_of(model, {1, 3, 20, 20}, {"H", "W"})).notes.empty());
  // What runs now has no fault that sizes would cure.
  const Model fine{.named = [](const Shape&, const Dim&) { return SizeProbe{}; },
                   .run = [](const std::vector<int64_t>&, int64_t batch) { return std::optional(batch); }};
  EXPECT_TRUE(solve_sizes(question_of(fine, {1, 3, 20, 20}, {"H", "W"})).notes.empty());
}

}  // namespace
}  // namespace lathe::advice
