// Rewriting Dims with what is known of their symbols.
#include "ir/base/dim.h"

namespace lathe {
namespace {

// a and b as they are, without what b divides in a when the rest lies in [0, b).
struct Quotient {
  Dim multiple = 0;  ///< a is multiple*b + rest
  Dim rest = 0;
};

Quotient split(const Dim& a, const Dim& b) {
  Quotient result{0, a.constant_part()};
  for (const DimTerm& term : a.terms()) {
    const Dim value = as_dim(term);
    if (const auto multiple = exact_divide(value, b)) {
      result.multiple += *multiple;
    } else {
      result.rest += value;
    }
  }
  return result;
}

Dim simplify_division(const SymbolTable& symbols, DimFunction function, const Dim& a, const Dim& b) {
  const bool is_division = function == DimFunction::FloorDiv;
  const Quotient parts = split(a, b);
  if (symbols.known_le(0, parts.rest) && symbols.known_lt(parts.rest, b)) {
    return is_division ? parts.multiple : parts.rest;
  }
  if (!symbols.known_le(1, b)) return is_division ? floordiv(a, b) : modulo(a, b);
  return is_division ? parts.multiple + floordiv(parts.rest, b) : modulo(parts.rest, b);
}

Dim simplify_call(const SymbolTable& symbols, const DimAtom& atom) {
  const Dim a = symbols.simplify(atom.arguments->first);
  const Dim b = symbols.simplify(atom.arguments->second);
  switch (atom.function) {
    case DimFunction::FloorDiv:
    case DimFunction::Modulo: return simplify_division(symbols, atom.function, a, b);
    case DimFunction::Minimum: return symbols.known_le(a, b) ? a : symbols.known_le(b, a) ? b : minimum(a, b);
    case DimFunction::Maximum: return symbols.known_le(a, b) ? b : symbols.known_le(b, a) ? a : maximum(a, b);
  }
  return Dim::invalid();
}

size_t call_count(const Dim& dim) {
  size_t count = 0;
  for (const DimTerm& term : dim.terms()) {
    for (const DimAtom& atom : term.factors) count += atom.is_symbol() ? 0 : 1;
  }
  return count;
}

// c*mod(a, b) + c*b*floordiv(a, b) is c*a: taken wherever it leaves fewer calls.
std::optional<Dim> rejoin(const Dim& dim) {
  for (const DimTerm& term : dim.terms()) {
    for (size_t i = 0; i < term.factors.size(); ++i) {
      const DimAtom& atom = term.factors[i];
      if (atom.is_symbol() || atom.function != DimFunction::Modulo) continue;
      DimTerm others{term.coefficient, term.factors};
      others.factors.erase(others.factors.begin() + static_cast<std::ptrdiff_t>(i));
      const Dim scale = others.factors.empty() ? Dim(others.coefficient) : as_dim(others);
      const auto& [a, b] = *atom.arguments;
      const Dim joined = dim - as_dim(term) - scale * b * floordiv(a, b) + scale * a;
      if (joined.valid() && call_count(joined) < call_count(dim)) return joined;
    }
  }
  return std::nullopt;
}

}  // namespace

Dim SymbolTable::simplify(const Dim& dim) const {
  if (!dim.valid() || dim.depth() == 0) return dim;
  Dim sum = dim.constant_part();
  for (const DimTerm& term : dim.terms()) {
    Dim value = term.coefficient;
    for (const DimAtom& atom : term.factors) {
      value *= atom.is_symbol() ? Dim::symbol(atom.symbol) : simplify_call(*this, atom);
    }
    sum += value;
  }
  while (const auto joined = rejoin(sum)) sum = *joined;
  return sum;
}

}  // namespace lathe
