// Index arithmetic for emitters: Dims become integers, each part computed in the outermost block that knows its
// symbols.
//
// An IndexEmitter follows the blocks that the walk opens. hoist() is called before a loop with the Dims of its body;
// emit() then finds the parts that do not change in the loop. Used by the walks over kernels and over programs; the
// emitter's integers are signed 64-bit numbers that never overflow.
#pragma once

#include <algorithm>
#include <optional>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "ir/base/dim.h"
#include "ir/base/result.h"

namespace lathe::codegen {

/// What is known of the sign of a dividend.
enum class Sign : uint8_t { Any, NonNegative };

/// Integers for Dims. A scope is opened for every block; what is computed in a scope is seen in it and inside of it.
template <class E>
class IndexEmitter {
 public:
  using Integer = typename E::Integer;

  IndexEmitter(E& emitter, const SymbolTable& sizes) : emitter_(emitter), bounds_(sizes), scopes_(1) {}

  void open_scope() { scopes_.emplace_back(); }
  void close_scope() {
    for (const std::string& symbol : scopes_.back().symbols) symbols_.erase(symbol);
    scopes_.pop_back();
  }

  void define(const std::string& symbol, const Integer& value) {
    symbols_.insert_or_assign(symbol, Symbol{value, scopes_.size() - 1});
    scopes_.back().symbols.push_back(symbol);
  }
  void define(const std::string& symbol, const Integer& value, const Dim& lower, const Dim& upper) {
    bounds_.declare(symbol, lower, upper);
    define(symbol, value);
  }
  [[nodiscard]] bool knows(const std::string& symbol) const { return symbols_.contains(symbol); }
  [[nodiscard]] const Integer& value(const std::string& symbol) const { return symbols_.at(symbol).value; }

  /// Computes the part of `dim` whose symbols are known here, so that inner scopes need not.
  void hoist(const Dim& dim) {
    if (dim.is_constant()) return;
    // The constant goes with the outermost part, as in emit_sum().
    Dim known = dim.constant_part();
    for (const DimTerm& term : dim.terms()) {
      const Dim value = term_value(term);
      if (depth(value)) known += value;
      if (!depth(value)) hoist_arguments(term);
    }
    emit(known);
  }

  Integer emit(const Dim& dim) {
    if (dim.is_constant()) return emitter_.integer(dim.constant());
    if (const std::string* symbol = dim.as_symbol()) return value(*symbol);
    const std::string key = dim.text();
    for (size_t i = scopes_.size(); i-- > 0;) {
      const auto found = scopes_[i].parts.find(key);
      if (found != scopes_[i].parts.end()) return found->second;
    }
    const Integer result = emit_sum(dim);
    scopes_.back().parts.emplace(key, result);
    return result;
  }

 private:
  struct Symbol {
    Integer value;
    size_t depth;
  };
  struct Scope {
    std::unordered_map<std::string, Integer> parts;
    std::vector<std::string> symbols;
  };

  /// The innermost scope of the symbols of `dim`; nothing when one is not known yet.
  std::optional<size_t> depth(const Dim& dim) const {
    size_t deepest = 0;
    bool known = true;
    for_each_symbol(dim, [&](const std::string& symbol) {
      const auto found = symbols_.find(symbol);
      if (found == symbols_.end()) {
        known = false;
      } else {
        deepest = std::max(deepest, found->second.depth);
      }
    });
    return known ? std::optional(deepest) : std::nullopt;
  }

  static Dim atom_value(const DimAtom& atom) {
    if (atom.is_symbol()) return Dim::symbol(atom.symbol);
    const auto& [a, b] = *atom.arguments;
    switch (atom.function) {
      case DimFunction::FloorDiv: return floordiv(a, b);
      case DimFunction::Modulo: return modulo(a, b);
      case DimFunction::Minimum: return minimum(a, b);
      case DimFunction::Maximum: return maximum(a, b);
    }
    internal_error("a function of no kind", __FILE__, __LINE__);
  }

  static Dim term_value(const DimTerm& term) {
    Dim value = term.coefficient;
    for (const DimAtom& atom : term.factors) value *= atom_value(atom);
    return value;
  }

  void hoist_arguments(const DimTerm& term) {
    for (const DimAtom& atom : term.factors) {
      if (atom.is_symbol()) continue;
      hoist(atom.arguments->first);
      hoist(atom.arguments->second);
    }
  }

  /// What is known in outer scopes first, so that it is found there; then the terms of the innermost one.
  Integer emit_sum(const Dim& dim) {
    const size_t innermost = *depth(dim);
    // A single term is spelled out; the terms of a sum are looked up, for other sums may have them too.
    const bool is_one_term = dim.constant_part() == 0 && dim.terms().size() == 1;
    Dim outer = dim.constant_part();
    std::vector<const DimTerm*> inner;
    for (const DimTerm& term : dim.terms()) {
      const Dim value = term_value(term);
      if (*depth(value) == innermost) {
        inner.push_back(&term);
      } else {
        outer += value;
      }
    }
    std::optional<Integer> sum;
    if (!outer.is_constant(0)) sum = emit(outer);
    for (const DimTerm* term : inner) {
      const Integer value = is_one_term ? emit_term(*term) : emit(term_value(*term));
      sum = sum ? emitter_.add(*sum, value) : value;
    }
    return *sum;
  }

  /// Factors of outer scopes are multiplied first.
  Integer emit_term(const DimTerm& term) {
    std::vector<std::pair<size_t, size_t>> factors;  // depth, position
    for (size_t i = 0; i < term.factors.size(); ++i) factors.emplace_back(*depth(atom_value(term.factors[i])), i);
    std::sort(factors.begin(), factors.end());
    std::optional<Integer> product;
    if (term.coefficient != 1) product = emitter_.integer(term.coefficient);
    for (const auto& [level, position] : factors) {
      const Integer value = emit_atom(term.factors[position]);
      product = product ? emitter_.multiply(*product, value) : value;
    }
    return *product;
  }

  Integer emit_atom(const DimAtom& atom) {
    if (atom.is_symbol()) return value(atom.symbol);
    const auto& [a, b] = *atom.arguments;
    const Integer left = emit(a);
    const Integer right = emit(b);
    const Sign sign = bounds_.interval(a).lower >= 0 ? Sign::NonNegative : Sign::Any;
    switch (atom.function) {
      case DimFunction::FloorDiv: return emitter_.floor_divide(left, right, sign);
      case DimFunction::Modulo: return emitter_.modulo(left, right, sign);
      case DimFunction::Minimum: return emitter_.minimum(left, right);
      case DimFunction::Maximum: return emitter_.maximum(left, right);
    }
    internal_error("a function of no kind", __FILE__, __LINE__);
  }

  E& emitter_;
  SymbolTable bounds_;
  std::unordered_map<std::string, Symbol> symbols_;
  std::vector<Scope> scopes_;
};

}  // namespace lathe::codegen
