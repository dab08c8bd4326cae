// Sets of sizes in words.
#include "compiler/advice/size_text.h"

#include <gtest/gtest.h>

#include "compiler/advice/size_notes.h"

namespace lathe::advice {
namespace {

constexpr int64_t kLimit = 256;

std::string words(const std::vector<std::string>& names, int64_t around, const std::function<bool(int64_t)>& accepts) {
  const SetText set = describe_set(names, ranges_of(kLimit, accepts), kLimit, around);
  for (const int64_t size : set.shown) EXPECT_TRUE(accepts(size)) << size;
  return set.text;
}

TEST(SizeText, Forms) {
  EXPECT_EQ(words({"H", "W"}, 40, [](int64_t size) { return size >= 32 && size < 36; }), "H, W in 32..35");
  EXPECT_EQ(words({"L"}, 40, [](int64_t size) { return size == 784; }), "");
  EXPECT_EQ(words({"L"}, 40, [](int64_t size) { return size == 50; }), "L = 50");
  EXPECT_EQ(words({"L"}, 3, [](int64_t size) { return size > 3; }), "L >= 4");
  EXPECT_EQ(words({"L"}, 30, [](int64_t size) { return size <= 16; }), "L <= 16");
  EXPECT_EQ(words({"H", "W"}, 18, [](int64_t size) { return size % 4 == 0; }),
            "H and W that are multiples of 4, e.g. 16 or 20");
  EXPECT_EQ(words({"H", "W"}, 18, [](int64_t size) { return size % 4 == 0 && size >= 12; }),
            "H and W that are multiples of 4 from 12 on, e.g. 16 or 20");
  EXPECT_EQ(words({"H", "W"}, 19, [](int64_t size) { return size % 8 == 0 || size % 8 == 7; }),
            "H and W of the form 8k-1 or 8k, e.g. 16 or 23");
  EXPECT_EQ(words({"L"}, 18, [](int64_t size) { return size % 16 == 1; }), "L of the form 16k+1, e.g. 17 or 33");
  EXPECT_EQ(words({"L"}, 18, [](int64_t size) { return size == 3 || size == 7 || size == 20 || size == 90; }),
            "L such as 3, 7 or 20");
}

TEST(SizeText, Ranges) {
  const std::vector<SizeRange> ranges = {{3, 5}, {9, 9}};
  EXPECT_EQ(ranges_of(20, [](int64_t size) { return (size >= 3 && size <= 5) || size == 9; }), ranges);
  for (int64_t size = 1; size < 12; ++size) {
    EXPECT_EQ(contains(ranges, size), (size >= 3 && size <= 5) || size == 9) << size;
  }
  EXPECT_FALSE(contains({}, 1));
}

TEST(SizeText, Pairs) {
  // 2 * 30 = 6 * 10 = 60
  std::vector<AcceptedSizes::Row> rows;
  for (int64_t h = 1; h <= 64; ++h) {
    if (60 % h == 0) rows.push_back({h, {{60 / h, 60 / h}}});
  }
  const SizePhrase phrase = describe_pairs({"H", "W"}, rows, 64, {10, 10});
  EXPECT_EQ(phrase.text, "H x W in 6 x 10, 5 x 12 or 4 x 15, and the reverse");
  for (const std::vector<int64_t>& sizes : phrase.shown) EXPECT_EQ(sizes[0] * sizes[1], 60);

  std::vector<AcceptedSizes::Row> squares;
  for (int64_t h = 1; h <= 64; ++h) squares.push_back({h, {{h, h}}});
  EXPECT_EQ(describe_pairs({"H", "W"}, squares, 64, {10, 12}).text, "H = W >= 1");
}

TEST(SizeText, Apart) {
  const std::vector<SizeRange> all = {{1, 64}};
  const std::vector<SizeRange> even = ranges_of(64, [](int64_t size) { return size % 2 == 0; });
  EXPECT_EQ(describe_apart({"H", "W"}, all, {{8, 9}}, 64, {5, 5}).text, "W in 8..9, and any H");
  EXPECT_EQ(describe_apart({"H", "W"}, {{8, 9}}, {{3, 3}}, 64, {5, 5}).text, "H in 8..9, and W = 3");
  // Examples near the size that doesn't fit.
  EXPECT_EQ(describe_apart({"H", "W"}, even, even, 64, {32, 21}).text,
            "H and W that are multiples of 2, e.g. 20 or 22");
}

TEST(SizeText, Conditions) {
  const Dim h = Dim::symbol("H");
  const Dim w = Dim::symbol("W");
  const Guard guard{Guard::Relation::Equal, 12 * floordiv(h, 4) * maximum(1, floordiv(w, 4) - 2), 300, {}, {}};
  EXPECT_EQ(condition_text(guard, {"H", "W"}, {4, 12}), "12*(H//4)*((W//4) - 2) = 300");
  EXPECT_EQ(condition_text(guard, {"H", "W"}, {1, 1}), "");
  EXPECT_EQ(indivisible_text(8 * h * w, 64, {"H", "W"}), "");
  EXPECT_EQ(indivisible_text(8 * h * w + 1, 64, {"H", "W"}), "");
  EXPECT_NE(indivisible_text(8 * h * w, 4, {"H", "W"}).find("nearest are 8 = 8 * 1"), std::string::npos);
}

}  // namespace
}  // namespace lathe::advice
