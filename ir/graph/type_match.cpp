// Types that agree up to fresh symbols and guards.
#include "ir/graph/type_match.h"

#include <algorithm>

namespace lathe {
namespace {

// Uses `guard` to rewrite a symbol, when one of its sides is just that.
void rewrite_by(const Guard& guard, Dim& a, Dim& b) {
  if (guard.relation != Guard::Relation::Equal) return;
  const auto replace = [&](const Dim& side, const Dim& other) {
    const std::string* symbol = side.as_symbol();
    if (symbol == nullptr || mentions(other, *symbol)) return false;
    a = substitute(a, *symbol, other);
    b = substitute(b, *symbol, other);
    return true;
  };
  if (!replace(guard.left, guard.right)) replace(guard.right, guard.left);
}

// One is a number times the other, so that both are 0 when one is.
bool is_multiple(const Dim& a, const Dim& b) {
  if (!a.valid() || !b.valid() || a.terms().size() != b.terms().size() || a.terms().empty()) return false;
  return a * Dim(b.terms()[0].coefficient) == b * Dim(a.terms()[0].coefficient);
}

}  // namespace

bool equal_under_guards(const Module& module, const Dim& a, const Dim& b) {
  switch (module.symbols.prove_eq(a, b)) {
    case Answer::Yes: return true;
    case Answer::No: return false;
    case Answer::Unknown: break;
  }
  constexpr size_t kRounds = 4;
  Dim left = a;
  Dim right = b;
  for (const Guard& guard : module.guards) {
    if (guard.relation != Guard::Relation::Equal) continue;
    if (is_multiple(a - b, guard.left - guard.right)) return true;
  }
  for (size_t round = 0; round < kRounds; ++round) {
    for (const Guard& guard : module.guards) rewrite_by(guard, left, right);
    if (module.symbols.prove_eq(left, right) == Answer::Yes) return true;
  }
  return false;
}

bool TypeMatcher::is_fresh(const std::string& symbol) const {
  const auto& rows = module_->symbols.rows();
  return std::any_of(rows.begin() + static_cast<std::ptrdiff_t>(std::min(first_fresh_, rows.size())), rows.end(),
                     [&](const SymbolTable::Row& row) { return row.name == symbol; });
}

bool TypeMatcher::matches(const Type& inferred, const Type& stated) {
  const Type* a = &inferred;
  const Type* b = &stated;
  while (a->as_tensor() == nullptr) {
    if (a->kind.index() != b->kind.index()) return false;
    const auto* sequence = std::get_if<SequenceType>(&a->kind);
    a = sequence != nullptr ? &sequence->element.front() : &std::get<OptionalType>(a->kind).element.front();
    b = sequence != nullptr ? &std::get<SequenceType>(b->kind).element.front()
                            : &std::get<OptionalType>(b->kind).element.front();
  }
  return b->as_tensor() != nullptr && matches_tensor(*a->as_tensor(), *b->as_tensor());
}

bool TypeMatcher::matches_tensor(const TensorType& inferred, const TensorType& stated) {
  if (inferred.element != stated.element || inferred.ranked != stated.ranked ||
      inferred.dims.size() != stated.dims.size()) {
    return false;
  }
  for (size_t i = 0; i < inferred.dims.size(); ++i) {
    if (!matches_dim(inferred.dims[i], stated.dims[i])) return false;
  }
  return true;
}

bool TypeMatcher::matches_dim(const Dim& inferred, const Dim& stated) {
  if (inferred == stated) return true;
  const Dim bound = substitute(inferred, [&](const std::string& symbol) -> std::optional<Dim> {
    const auto found = bindings_.find(symbol);
    if (found == bindings_.end()) return std::nullopt;
    return Dim::symbol(found->second);
  });
  if (bound == stated) return true;
  const std::string* symbol = bound.as_symbol();
  const std::string* target = stated.as_symbol();
  if (symbol != nullptr && target != nullptr && is_fresh(*symbol) && !bindings_.contains(*symbol)) {
    bindings_.emplace(*symbol, *target);
    return true;
  }
  return equal_under_guards(*module_, bound, stated);
}

}  // namespace lathe
