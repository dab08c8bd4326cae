// Proofs that indices lie in their buffers.
#include <fmt/format.h>

#include "ir/kernel/access_prover.h"

namespace lathe::kernel {

void AccessProver::enter_loop(const ForStatement& loop) {
  // A loop whose length is a multiple of its step ends a full step before `end`.
  const Dim length = loop.end - loop.begin;
  const bool whole_steps = exact_divide(length, loop.step).has_value();
  const Dim last = whole_steps ? loop.end - loop.step : loop.end - 1;
  symbols_.declare(loop.variable, loop.begin, last);
  facts_.push_back(last - Dim::symbol(loop.variable));
}

void AccessProver::enter_branch(const IfStatement& branch, bool then_block) {
  if (!then_block && branch.conditions.size() != 1) return;
  for (const Condition& condition : branch.conditions) {
    const Dim difference = condition.right - condition.left;
    switch (condition.relation) {
      case Relation::Equal:
        if (then_block) facts_.push_back(difference);
        if (then_block) facts_.push_back(-difference);
        break;
      case Relation::Less: facts_.push_back(then_block ? difference - 1 : -difference); break;
      case Relation::LessEqual: facts_.push_back(then_block ? difference : -difference - 1); break;
    }
  }
}

void AccessProver::bind(const BindStatement& bind) { symbols_.declare(bind.symbol, bind.lower, bind.upper); }

bool AccessProver::follows(const Dim& value) const {
  if (symbols_.known_le(0, value)) return true;
  for (size_t i = 0; i < facts_.size(); ++i) {
    if (symbols_.known_le(0, value - facts_[i])) return true;
    for (size_t k = 0; k < i; ++k) {
      if (symbols_.known_le(0, value - facts_[i] - facts_[k])) return true;
    }
  }
  return false;
}

namespace {

Dim product_of(const DimTerm& term, size_t without) {
  Dim product = term.coefficient;
  for (size_t i = 0; i < term.factors.size(); ++i) {
    const DimAtom& atom = term.factors[i];
    if (i == without) continue;
    if (atom.is_symbol()) {
      product *= Dim::symbol(atom.symbol);
      continue;
    }
    const auto& [a, b] = *atom.arguments;
    switch (atom.function) {
      case DimFunction::FloorDiv: product *= floordiv(a, b); break;
      case DimFunction::Modulo: product *= modulo(a, b); break;
      case DimFunction::Minimum: product *= minimum(a, b); break;
      case DimFunction::Maximum: product *= maximum(a, b); break;
    }
  }
  return product;
}

}  // namespace

/// The largest value of floordiv(a, b), from the bounds of the indices in `a`: nothing unless they divide by b.
std::optional<Dim> AccessProver::quotient_bound(const DimAtom& quotient) const {
  const auto& [dividend, divisor] = *quotient.arguments;
  Dim largest = dividend;
  for (size_t i = symbols_.rows().size(); i-- > 0;) {
    const SymbolTable::Row& row = symbols_.rows()[i];
    if (row.name.front() != '%' || !mentions(largest, row.name)) continue;
    const auto parts = linear_in(largest, row.name);
    if (!parts || !symbols_.known_le(0, parts->coefficient)) return std::nullopt;
    largest = parts->coefficient * row.upper + parts->rest;
  }
  const auto end = exact_divide(largest + 1, divisor);
  if (!end) return std::nullopt;
  return *end - 1;
}

/// Replaces the first function by what it is at least (or at most, where it counts negatively) and tries again.
bool AccessProver::search(const Dim& value, int depth) const {
  if (!value.valid()) return false;
  const Dim simple = symbols_.simplify(value);
  if (follows(simple)) return true;
  if (depth == 0) return false;
  for (const DimTerm& term : simple.terms()) {
    for (size_t i = 0; i < term.factors.size(); ++i) {
      const DimAtom& atom = term.factors[i];
      if (atom.is_symbol()) continue;
      const auto& [a, b] = *atom.arguments;
      const Dim scale = product_of(term, i);
      const Dim others = simple - product_of(term, term.factors.size());
      const auto with = [&](const Dim& bound) { return search(others + scale * bound, depth - 1); };
      const bool positive = symbols_.known_le(0, scale);
      if (!positive && !symbols_.known_le(scale, 0)) continue;
      switch (atom.function) {
        case DimFunction::Minimum: return positive ? with(a) && with(b) : with(a) || with(b);
        case DimFunction::Maximum: return positive ? with(a) || with(b) : with(a) && with(b);
        case DimFunction::Modulo: return with(positive ? Dim(0) : b - 1);
        case DimFunction::FloorDiv:
          // floordiv(a, b) >= -c exactly when a >= -c*b, and <= c exactly when a < b*(c + 1).
          if (scale.is_constant(1) && search(a + others * b, depth - 1)) return true;
          if (scale.is_constant(-1)) return search(b * (others + 1) - a - 1, depth - 1);
          if (positive && symbols_.known_le(0, a)) return with(0);
          if (const auto bound = quotient_bound(atom); bound && !positive) return with(*bound);
          return false;
      }
    }
  }
  return false;
}

bool AccessProver::non_negative(const Dim& value) const {
  constexpr int kReplacements = 6;
  if (value.valid() && value.is_constant()) return value.constant() >= 0;
  return search(value, kReplacements);
}

std::optional<std::string> AccessProver::check_access(const Dim& extent, uint32_t lanes, const Dim& index,
                                                      const Dim& stride, const std::optional<Dim>& active) {
  const size_t start = mark();
  if (active) facts_.push_back(*active - 1);  // Otherwise nothing is touched.
  const Dim far = index + stride * Dim(int64_t{lanes} - 1);
  const Dim active_far = active ? index + stride * (*active - 1) : far;
  const auto not_below = [&](const Dim& a, const Dim& b) { return non_negative(a - b); };
  const bool inside_below = not_below(index, 0) && (not_below(far, 0) || not_below(active_far, 0));
  const Dim last = extent - 1;
  const bool inside_above = not_below(last, index) && (not_below(last, far) || not_below(last, active_far));
  leave(start);
  if (inside_below && inside_above) return std::nullopt;
  const Dim& end = active ? active_far : far;
  if (!inside_below) return fmt::format("0 <= {} and 0 <= {}", index.text(), end.text());
  return fmt::format("{} <= {} and {} <= {}", index.text(), last.text(), end.text(), last.text());
}

}  // namespace lathe::kernel
