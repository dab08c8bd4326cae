// Bounds of symbols and the provers that rest on them.
#include <algorithm>
#include <limits>

#include <fmt/format.h>

#include "ir/base/dim.h"
#include "ir/base/result.h"

namespace lathe {
namespace {

constexpr int64_t kLeast = std::numeric_limits<int64_t>::min();
constexpr int64_t kMost = std::numeric_limits<int64_t>::max();

using Interval = SymbolTable::Interval;

bool infinite(int64_t value) { return value == kLeast || value == kMost; }

int64_t saturated(__int128 value) {
  if (value <= kLeast) return kLeast;
  if (value >= kMost) return kMost;
  return static_cast<int64_t>(value);
}

// Sums keep an infinite side infinite.
int64_t add_lower(int64_t a, int64_t b) { return a == kLeast || b == kLeast ? kLeast : saturated(__int128{a} + b); }
int64_t add_upper(int64_t a, int64_t b) { return a == kMost || b == kMost ? kMost : saturated(__int128{a} + b); }

int64_t multiply(int64_t a, int64_t b) {
  if (a == 0 || b == 0) return 0;
  if (infinite(a) || infinite(b)) return (a < 0) == (b < 0) ? kMost : kLeast;
  return saturated(__int128{a} * b);
}

Interval multiply(Interval a, Interval b) {
  const int64_t corners[] = {multiply(a.lower, b.lower), multiply(a.lower, b.upper), multiply(a.upper, b.lower),
                             multiply(a.upper, b.upper)};
  return {*std::min_element(std::begin(corners), std::end(corners)),
          *std::max_element(std::begin(corners), std::end(corners))};
}

int64_t floor_divide(int64_t a, int64_t b) {
  if (infinite(a)) return a;
  const int64_t quotient = a / b;
  return quotient - ((a % b != 0 && a < 0) ? 1 : 0);
}

Interval divide(Interval a, Interval b) {
  const int64_t low_divisor = std::max<int64_t>(b.lower, 1);
  const int64_t high_divisor = std::max<int64_t>(b.upper, 1);
  const int64_t lower = a.lower < 0 ? floor_divide(a.lower, low_divisor)
                                    : (infinite(high_divisor) ? 0 : floor_divide(a.lower, high_divisor));
  const int64_t upper = a.upper >= 0 ? floor_divide(a.upper, low_divisor)
                                     : (infinite(high_divisor) ? -1 : floor_divide(a.upper, high_divisor));
  return {lower, upper};
}

}  // namespace

void SymbolTable::declare(std::string_view name, Dim lower, Dim upper) {
  for (Row& row : rows_) {
    if (row.name == name) {
      row.lower = std::move(lower);
      row.upper = std::move(upper);
      ranges_.clear();
      update_ranges();
      return;
    }
  }
  rows_.push_back(Row{std::string(name), std::move(lower), std::move(upper)});
  update_ranges();
}

// Bounds that mention other symbols are followed once, here: a chain of them must not make interval() exponential.
void SymbolTable::update_ranges() {
  while (ranges_.size() < rows_.size()) {
    const Row& row = rows_[ranges_.size()];
    const Interval range{interval(row.lower).lower, interval(row.upper).upper};
    ranges_.push_back(range);
  }
}

const SymbolTable::Row* SymbolTable::find(std::string_view name) const {
  for (const Row& row : rows_) {
    if (row.name == name) return &row;
  }
  return nullptr;
}

std::string SymbolTable::fresh_name(std::string_view base) const {
  std::string name(base);
  for (int i = 1; find(name) != nullptr; ++i) name = fmt::format("{}.{}", base, i);
  return name;
}

SymbolTable::Interval SymbolTable::interval(const Dim& dim) const {
  if (!dim.valid()) return {kLeast, kMost};
  Interval sum{dim.constant_part(), dim.constant_part()};
  for (const DimTerm& term : dim.terms()) {
    Interval value{term.coefficient, term.coefficient};
    for (const DimAtom& atom : term.factors) {
      Interval factor{kLeast, kMost};
      if (atom.is_symbol()) {
        const Row* row = find(atom.symbol);
        const size_t position = row == nullptr ? rows_.size() : static_cast<size_t>(row - rows_.data());
        if (position < ranges_.size()) factor = ranges_[position];
      } else {
        const Interval a = interval(atom.arguments->first);
        const Interval b = interval(atom.arguments->second);
        switch (atom.function) {
          case DimFunction::FloorDiv: factor = divide(a, b); break;
          case DimFunction::Modulo:
            factor = {0, infinite(b.upper) ? kMost : std::max<int64_t>(b.upper - 1, 0)};
            if (a.lower >= 0) factor.upper = std::min(factor.upper, a.upper);
            break;
          case DimFunction::Minimum: factor = {std::min(a.lower, b.lower), std::min(a.upper, b.upper)}; break;
          case DimFunction::Maximum: factor = {std::max(a.lower, b.lower), std::max(a.upper, b.upper)}; break;
        }
      }
      value = multiply(value, factor);
    }
    sum = {add_lower(sum.lower, value.lower), add_upper(sum.upper, value.upper)};
  }
  return sum;
}

namespace {

// Removes a floordiv that intervals can't relate to the rest, by floordiv(a, d)*d <= a and > a - d. The result is at
// least 0 only if `dim` is: where the coefficient is no multiple of d, dim*d is bounded instead, and as dim is whole,
// it suffices that dim*d > -d.
std::optional<Dim> without_floordiv(const Dim& dim) {
  for (const DimTerm& term : dim.terms()) {
    const DimAtom& atom = term.factors.front();
    if (term.factors.size() != 1 || atom.is_symbol() || atom.function != DimFunction::FloorDiv) continue;
    const auto divisor = atom.arguments->second.as_constant();
    if (!divisor) continue;
    const Dim call = floordiv(atom.arguments->first, atom.arguments->second);
    const Dim rest = dim - call * Dim(term.coefficient);
    const Dim least_multiple = term.coefficient > 0 ? atom.arguments->first - Dim(*divisor - 1) : atom.arguments->first;
    if (term.coefficient % *divisor == 0) return rest + least_multiple * Dim(term.coefficient / *divisor);
    return rest * Dim(*divisor) + least_multiple * Dim(term.coefficient) + Dim(*divisor - 1);
  }
  return std::nullopt;
}

}  // namespace

// Looks for a proof that dim >= 0: by intervals, else by replacing the last declared symbol that occurs linearly with
// the bound that makes dim smallest, else by bounding a floordiv; each step removes an atom, so the search ends.
bool SymbolTable::proves_non_negative(const Dim& start) const {
  Dim dim = start;
  constexpr int kSteps = 16;
  for (int step = 0; step < kSteps; ++step) {
    if (!dim.valid()) return false;
    if (interval(dim).lower >= 0) return true;
    bool changed = false;
    for (size_t i = rows_.size(); i-- > 0 && !changed;) {
      const Row& row = rows_[i];
      if (!mentions(dim, row.name)) continue;
      const auto parts = linear_in(dim, row.name);
      if (!parts) continue;
      const Interval slope = interval(parts->coefficient);
      if (slope.lower >= 0) {
        dim = parts->coefficient * row.lower + parts->rest;
        changed = true;
      } else if (slope.upper <= 0) {
        dim = parts->coefficient * row.upper + parts->rest;
        changed = true;
      }
    }
    if (changed) continue;
    const auto bounded = without_floordiv(dim);
    if (!bounded) return false;
    dim = *bounded;
  }
  return false;
}

Answer SymbolTable::prove_le(const Dim& a, const Dim& b) const {
  const Dim difference = b - a;
  if (!difference.valid()) return Answer::Unknown;
  if (proves_non_negative(difference)) return Answer::Yes;
  if (proves_non_negative(a - b - 1)) return Answer::No;
  return Answer::Unknown;
}

Answer SymbolTable::prove_eq(const Dim& a, const Dim& b) const {
  if (!a.valid() || !b.valid()) return Answer::Unknown;
  const Dim difference = simplify(a - b);
  if (difference.is_constant()) return difference.constant() == 0 ? Answer::Yes : Answer::No;
  if (proves_non_negative(difference - 1) || proves_non_negative(-difference - 1)) return Answer::No;
  return Answer::Unknown;
}

}  // namespace lathe
