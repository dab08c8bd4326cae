// Instructions for the expressions of conditions, and their evaluation.
#include "compiler/advice/size_conditions.h"

#include <algorithm>
#include <limits>

namespace lathe::advice {
namespace {

/// Stands for a number that can't be computed: a division by less than 1, or more than 64 bits.
constexpr int64_t kNone = std::numeric_limits<int64_t>::min();

int64_t floor_quotient(int64_t a, int64_t b) {
  const int64_t quotient = a / b;
  return a % b < 0 ? quotient - 1 : quotient;
}

}  // namespace

SizeConditions::SizeConditions(std::vector<std::string> symbols, std::vector<std::pair<std::string, int64_t>> fixed)
    : symbols_(std::move(symbols)), fixed_(std::move(fixed)) {
  LATHE_CHECK(symbols_.size() <= 2);
}

uint32_t SizeConditions::instruction(Instruction row) {
  const auto [place, added] = known_.emplace(row, static_cast<uint32_t>(program_.size()));
  if (added) {
    program_.push_back(row);
    values_.push_back(kNone);
  }
  return place->second;
}

std::optional<uint32_t> SizeConditions::compile(const DimAtom& atom) {
  if (atom.is_symbol()) {
    for (size_t i = 0; i < symbols_.size(); ++i) {
      if (symbols_[i] == atom.symbol) {
        return instruction({.op = Op::Size, .value = static_cast<int64_t>(i), .uses = uint32_t{1} << i});
      }
    }
    for (const auto& [name, value] : fixed_) {
      if (name == atom.symbol) return instruction({.op = Op::Constant, .value = value});
    }
    return std::nullopt;
  }
  const std::optional<uint32_t> a = compile(atom.arguments->first);
  const std::optional<uint32_t> b = compile(atom.arguments->second);
  if (!a || !b) return std::nullopt;
  Op op = Op::FloorDiv;
  switch (atom.function) {
    case DimFunction::FloorDiv: op = Op::FloorDiv; break;
    case DimFunction::Modulo: op = Op::Modulo; break;
    case DimFunction::Minimum: op = Op::Minimum; break;
    case DimFunction::Maximum: op = Op::Maximum; break;
  }
  return instruction({.op = op, .a = *a, .b = *b, .uses = program_[*a].uses | program_[*b].uses});
}

// As deep as Dims nest, which is bounded.
std::optional<uint32_t> SizeConditions::compile(const Dim& dim) {
  if (!dim.valid()) return std::nullopt;
  uint32_t sum = instruction({.op = Op::Constant, .value = dim.constant_part()});
  for (const DimTerm& term : dim.terms()) {
    uint32_t factors = instruction({.op = Op::Constant, .value = term.coefficient});
    for (const DimAtom& atom : term.factors) {
      const std::optional<uint32_t> factor = compile(atom);
      if (!factor) return std::nullopt;
      factors = instruction(
          {.op = Op::Multiply, .a = factors, .b = *factor, .uses = program_[factors].uses | program_[*factor].uses});
    }
    sum = instruction({.op = Op::Add, .a = sum, .b = factors, .uses = program_[sum].uses | program_[factors].uses});
  }
  return sum;
}

void SizeConditions::add(const Guard& guard) {
  const size_t number = added_++;
  const std::optional<uint32_t> left = compile(guard.left);
  const std::optional<uint32_t> right = compile(guard.right);
  if (!left || !right) return;
  const Condition row{guard.relation, *left, *right, number};
  const uint32_t uses = program_[*left].uses | program_[*right].uses;
  std::vector<Condition>& list = uses == 0 ? constant_ : uses == 3 ? together_ : alone_[uses - 1];
  list.push_back(row);
}

void SizeConditions::run(uint32_t count, std::span<const int64_t> sizes) {
  for (uint32_t i = 0; i < count; ++i) {
    const Instruction& row = program_[i];
    int64_t& value = values_[i];
    if (row.op == Op::Constant) {
      value = row.value;
      continue;
    }
    if (row.op == Op::Size) {
      value = sizes[static_cast<size_t>(row.value)];
      continue;
    }
    const int64_t a = values_[row.a];
    const int64_t b = values_[row.b];
    const bool divides = row.op == Op::FloorDiv || row.op == Op::Modulo;
    if (a == kNone || b == kNone || (divides && b < 1)) {
      value = kNone;
      continue;
    }
    switch (row.op) {
      case Op::Add:
        if (__builtin_add_overflow(a, b, &value)) value = kNone;
        break;
      case Op::Multiply:
        if (__builtin_mul_overflow(a, b, &value)) value = kNone;
        break;
      case Op::FloorDiv: value = floor_quotient(a, b); break;
      case Op::Modulo: value = a - floor_quotient(a, b) * b; break;
      case Op::Minimum: value = std::min(a, b); break;
      case Op::Maximum: value = std::max(a, b); break;
      case Op::Constant:
      case Op::Size: break;
    }
  }
}

bool SizeConditions::holds(const Condition& condition) const {
  const int64_t left = values_[condition.left];
  const int64_t right = values_[condition.right];
  if (left == kNone || right == kNone) return false;
  return condition.relation == Guard::Relation::Equal ? left == right : left <= right;
}

// Instructions are run as far as these conditions need them.
bool SizeConditions::all_hold(const std::vector<Condition>& conditions, std::span<const int64_t> sizes) {
  if (conditions.empty()) return true;
  uint32_t count = 0;
  for (const Condition& condition : conditions) count = std::max({count, condition.left + 1, condition.right + 1});
  run(count, sizes);
  return std::all_of(conditions.begin(), conditions.end(), [&](const Condition& row) { return holds(row); });
}

bool SizeConditions::hold_for(size_t which, int64_t size) {
  const int64_t both[2] = {size, size};
  return all_hold(constant_, both) && all_hold(alone_[which], both);
}

bool SizeConditions::hold_together(std::span<const int64_t> sizes) { return all_hold(together_, sizes); }

std::vector<size_t> SizeConditions::broken(std::span<const int64_t> sizes) {
  std::vector<size_t> numbers;
  for (const auto* list : {&constant_, &alone_[0], &alone_[1], &together_}) {
    static_cast<void>(all_hold(*list, sizes));
    for (const Condition& condition : *list) {
      if (!holds(condition)) numbers.push_back(condition.number);
    }
  }
  std::sort(numbers.begin(), numbers.end());
  return numbers;
}

}  // namespace lathe::advice
