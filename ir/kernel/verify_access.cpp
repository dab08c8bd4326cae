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

bool AccessProver::non_negative(const Dim& value) const {
  if (!value.valid()) return false;
  if (value.is_constant()) return value.constant() >= 0;
  const Dim simple = symbols_.simplify(value);
  if (symbols_.known_le(0, simple)) return true;
  for (size_t i = 0; i < facts_.size(); ++i) {
    if (symbols_.known_le(0, simple - facts_[i])) return true;
    for (size_t k = 0; k < i; ++k) {
      if (symbols_.known_le(0, simple - facts_[i] - facts_[k])) return true;
    }
  }
  return false;
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
