// Blocks of pairs of sizes, conditions and divisors in words.
#include "compiler/advice/size_notes.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <numeric>
#include <tuple>

namespace lathe::advice {
namespace {

struct Block {
  SizeRange first;
  SizeRange second;
  [[nodiscard]] bool is_square() const { return first == second; }
  [[nodiscard]] Block mirrored() const { return {second, first}; }
  friend bool operator==(const Block&, const Block&) = default;
};

// Neighbouring first sizes with the same second sizes are one block for each range of these.
std::vector<Block> blocks_of(const std::vector<AcceptedSizes::Row>& rows) {
  std::vector<Block> blocks;
  for (size_t i = 0; i < rows.size();) {
    size_t end = i + 1;
    while (end < rows.size() && rows[end].size == rows[end - 1].size + 1 && rows[end].others == rows[i].others) ++end;
    for (const SizeRange& others : rows[i].others) blocks.push_back({{rows[i].size, rows[end - 1].size}, others});
    i = end;
  }
  return blocks;
}

double distance(const SizeRange& range, int64_t at) {
  const int64_t nearest = std::clamp(at, range.first, range.last);
  return std::abs(std::log(static_cast<double>(nearest) / static_cast<double>(std::max<int64_t>(at, 1))));
}

double distance(const Block& block, const std::vector<int64_t>& at) {
  return distance(block.first, at[0]) + distance(block.second, at[1]);
}

std::string block_text(const Block& block) { return fmt::format("{} x {}", text(block.first), text(block.second)); }

void show(SizePhrase& phrase, const Block& block) {
  phrase.shown.push_back({block.first.first, block.second.first});
  const std::vector<int64_t> end = {block.first.last, block.second.last};
  if (end != phrase.shown.back()) phrase.shown.push_back(end);
}

// The greatest number that divides all values of the polynomial because it divides all of its coefficients.
int64_t common_divisor(const Dim& dim) {
  int64_t divisor = std::abs(dim.constant_part());
  for (const DimTerm& term : dim.terms()) divisor = std::gcd(divisor, std::abs(term.coefficient));
  return divisor;
}

// `12*(H//4 - 3)*(W//4 - 3)`: a polynomial of two expressions that is a product of two sums; nothing for others.
std::optional<std::string> product_text(const Dim& dim) {
  std::vector<Dim> atoms;
  for (const DimTerm& term : dim.terms()) {
    for (const DimAtom& factor : term.factors) {
      const Dim atom = as_dim({1, {factor}});
      if (std::find(atoms.begin(), atoms.end(), atom) == atoms.end()) atoms.push_back(atom);
    }
  }
  if (atoms.size() != 2) return std::nullopt;
  int64_t both = 0;
  int64_t alone[2] = {0, 0};
  for (const DimTerm& term : dim.terms()) {
    const Dim factors = as_dim({1, term.factors});
    if (factors == atoms[0] * atoms[1]) {
      both = term.coefficient;
    } else if (factors == atoms[0]) {
      alone[0] = term.coefficient;
    } else if (factors == atoms[1]) {
      alone[1] = term.coefficient;
    } else {
      return std::nullopt;
    }
  }
  if (both == 0 || alone[0] % both != 0 || alone[1] % both != 0) return std::nullopt;
  const int64_t added[2] = {alone[1] / both, alone[0] / both};
  if (added[0] * added[1] * both != dim.constant_part()) return std::nullopt;
  std::string text = both == 1 ? std::string() : fmt::format("{}", both);
  for (size_t i = 0; i < 2; ++i) {
    const Dim sum = atoms[i] + added[i];
    text += fmt::format(fmt::runtime(sum.as_symbol() == nullptr ? "{}({})" : "{}{}"), text.empty() ? "" : "*",
                        sum.python_text());
  }
  return text;
}

std::string equal_sizes(const std::vector<std::string>& names) { return fmt::format("{}", fmt::join(names, " = ")); }

}  // namespace

SizePhrase describe_pairs(const std::vector<std::string>& names, const std::vector<AcceptedSizes::Row>& rows,
                          int64_t limit, const std::vector<int64_t>& at) {
  constexpr size_t kMostBlocks = 400;
  constexpr size_t kShownBlocks = 3;
  std::vector<SizeRange> squares;
  bool only_squares = true;
  for (const AcceptedSizes::Row& row : rows) {
    if (contains(row.others, row.size)) {
      if (!squares.empty() && squares.back().last == row.size - 1) {
        squares.back().last = row.size;
      } else {
        squares.push_back({row.size, row.size});
      }
    }
    only_squares &= row.others == std::vector<SizeRange>{{row.size, row.size}};
  }
  SizePhrase phrase;
  if (rows.empty()) return phrase;
  std::vector<Block> blocks = blocks_of(rows);
  const bool is_product = std::all_of(rows.begin(), rows.end(),
                                      [&](const AcceptedSizes::Row& row) { return row.others == rows.front().others; });
  if (is_product && blocks.size() > kMostBlocks) {
    const auto accepts = [&](int64_t size) {
      return std::any_of(rows.begin(), rows.end(), [&](const auto& row) { return row.size == size; });
    };
    return describe_apart(names, ranges_of(limit, accepts), rows.front().others, limit, at);
  }
  if ((only_squares && rows.size() > 1) || (blocks.size() > kMostBlocks && !squares.empty())) {
    const SetText set = describe_set({equal_sizes(names)}, squares, limit, at[0]);
    phrase.text = set.text;
    for (const int64_t size : set.shown) phrase.shown.push_back({size, size});
    return phrase;
  }
  std::sort(blocks.begin(), blocks.end(), [&](const Block& a, const Block& b) {
    return std::tuple(distance(a, at), a.first.first, a.second.first) <
           std::tuple(distance(b, at), b.first.first, b.second.first);
  });
  std::vector<Block> equal;
  std::vector<Block> others;
  for (const Block& block : blocks) {
    if (block.is_square()) {
      equal.push_back(block);
    } else if (std::find(others.begin(), others.end(), block.mirrored()) == others.end()) {
      others.push_back(block);
    }
  }
  const auto has_mirror = [&](const Block& block) {
    return std::find(blocks.begin(), blocks.end(), block.mirrored()) != blocks.end();
  };
  // Squares first; beside them one block that is none.
  equal.resize(std::min(equal.size(), kShownBlocks));
  others.resize(std::min(others.size(), equal.empty() ? kShownBlocks : size_t{1}));
  std::vector<std::string> square_texts;
  for (const Block& block : equal) {
    square_texts.push_back(text(block.first));
    show(phrase, block);
  }
  std::vector<std::string> other_texts;
  for (const Block& block : others) {
    other_texts.push_back(block_text(block));
    show(phrase, block);
  }
  std::string rectangles = listed(other_texts, "or");
  if (!others.empty() && std::all_of(others.begin(), others.end(), has_mirror)) rectangles += ", and the reverse";
  const std::string both = fmt::format("{}", fmt::join(names, ", "));
  if (equal.empty()) {
    phrase.text = fmt::format("{} in {}", fmt::join(names, " x "), rectangles);
  } else {
    const bool one_size = equal.size() == 1 && equal[0].first.first == equal[0].first.last;
    phrase.text = fmt::format("{} {} {}", both, one_size ? "=" : "in", listed(square_texts, "or"));
    if (!others.empty()) phrase.text += fmt::format(" (or {})", rectangles);
  }
  return phrase;
}

SizePhrase describe_apart(const std::vector<std::string>& names, const std::vector<SizeRange>& first,
                          const std::vector<SizeRange>& second, int64_t limit, const std::vector<int64_t>& at) {
  SizePhrase phrase;
  if (first.empty() || second.empty()) return phrase;
  if (first == second) {
    // Examples near the size that doesn't fit.
    const bool second_fits = contains(second, at[1]);
    const int64_t around = contains(first, at[0]) ? at[1] : second_fits ? at[0] : std::max(at[0], at[1]);
    const SetText set = describe_set(names, first, limit, around);
    phrase.text = set.text;
    for (const int64_t size : set.shown) phrase.shown.push_back({size, size});
    return phrase;
  }
  SetText a = describe_set({names[0]}, first, limit, at[0]);
  SetText b = describe_set({names[1]}, second, limit, at[1]);
  const std::vector<SizeRange> all = {{1, limit}};
  if (first == all) {
    a.shown = {at[0]};
    phrase.text = fmt::format("{}, and any {}", b.text, names[0]);
  } else if (second == all) {
    b.shown = {at[1]};
    phrase.text = fmt::format("{}, and any {}", a.text, names[1]);
  } else {
    phrase.text = fmt::format("{}, and {}", a.text, b.text);
  }
  for (size_t i = 0; i < std::max(a.shown.size(), b.shown.size()); ++i) {
    phrase.shown.push_back({a.shown[std::min(i, a.shown.size() - 1)], b.shown[std::min(i, b.shown.size() - 1)]});
  }
  return phrase;
}

std::string input_text(const std::string& input, const Shape& dims) {
  std::vector<std::string> items;
  for (const Dim& dim : dims) items.push_back(dim.python_text());
  const std::string comma = items.size() == 1 ? "," : "";
  const std::string name = input == "input" ? std::string("an input ") : input + ": ";
  return fmt::format("{}({}{})", name, fmt::join(items, ", "), comma);
}

std::string condition_text(const Guard& guard, const std::vector<std::string>& names,
                           const std::vector<int64_t>& least) {
  constexpr size_t kLongest = 64;
  if (guard.relation != Guard::Relation::Equal) return {};
  SymbolTable symbols;
  for (size_t i = 0; i < names.size(); ++i) symbols.declare(names[i], least[i]);
  Dim left = symbols.simplify(guard.left);
  Dim right = symbols.simplify(guard.right);
  if (left.is_constant()) std::swap(left, right);
  const std::string text = fmt::format("{} = {}", product_text(left).value_or(left.python_text()), right.python_text());
  const bool is_plain = text.find("max(") == std::string::npos && text.find("min(") == std::string::npos;
  return text.size() <= kLongest && is_plain ? text : std::string();
}

std::string indivisible_text(const Dim& have, const Dim& wanted, const std::vector<std::string>& names) {
  if (!have.valid() || have.is_constant() || !wanted.is_constant()) return {};
  const int64_t divisor = common_divisor(have);
  const int64_t number = wanted.constant();
  if (divisor < 2 || number < 1 || number % divisor == 0) return {};
  const int64_t below = number / divisor;
  std::string nearest = fmt::format("{} = {} * {}", (below + 1) * divisor, divisor, below + 1);
  if (below > 0) nearest = fmt::format("{} = {} * {} and {}", below * divisor, divisor, below, nearest);
  const std::string who = names.size() == 1 ? names.front() : listed(names);
  return fmt::format(
      "no {} fit{}: {} is not a multiple of {}, and the layer always gets a multiple of that; the nearest are {}", who,
      names.size() == 1 ? "s" : "", number, divisor, nearest);
}

}  // namespace lathe::advice
