// Canonical arithmetic on Dims.
#include "ir/base/dim.h"

#include <algorithm>

#include "ir/base/result.h"

namespace lathe {
namespace {

std::strong_ordering compare_atoms(const DimAtom& a, const DimAtom& b) {
  if (a.is_symbol() != b.is_symbol()) {
    return a.is_symbol() ? std::strong_ordering::less : std::strong_ordering::greater;
  }
  if (a.is_symbol()) return a.symbol.compare(b.symbol) <=> 0;
  if (a.function != b.function) return a.function <=> b.function;
  if (a.arguments == b.arguments) return std::strong_ordering::equal;
  if (auto first = compare(a.arguments->first, b.arguments->first); first != 0) return first;
  return compare(a.arguments->second, b.arguments->second);
}

// Higher degree first, then by factors, so that `2*N*H + N + 3` reads naturally.
std::strong_ordering compare_factors(const DimTerm& a, const DimTerm& b) {
  if (a.factors.size() != b.factors.size()) return b.factors.size() <=> a.factors.size();
  for (size_t i = 0; i < a.factors.size(); ++i) {
    if (auto order = compare_atoms(a.factors[i], b.factors[i]); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

int floor_sign(int64_t a, int64_t b) { return (a % b != 0 && ((a < 0) != (b < 0))) ? 1 : 0; }
int64_t floor_divide(int64_t a, int64_t b) { return a / b - floor_sign(a, b); }

std::optional<int64_t> checked_add(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return result;
}

std::optional<int64_t> checked_multiply(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_mul_overflow(a, b, &result)) return std::nullopt;
  return result;
}

// a / b when nothing is left over and the quotient fits.
std::optional<int64_t> exact_quotient(int64_t a, int64_t b) {
  if (b == -1) return checked_multiply(a, -1);
  if (b == 0 || a % b != 0) return std::nullopt;
  return a / b;
}

}  // namespace

/// Assembles Dims from terms; the only code that makes non-constant ones.
class DimBuilder {
 public:
  static Dim from_terms(std::vector<DimTerm> terms, int64_t constant) {
    return Dim::from_terms(std::move(terms), constant);
  }
  static Dim atom(DimAtom atom) { return Dim::from_terms({DimTerm{1, {std::move(atom)}}}, 0); }
};

Dim Dim::symbol(std::string_view name) {
  LATHE_CHECK(!name.empty());
  return DimBuilder::atom(DimAtom{std::string(name), {}, {}});
}

Dim Dim::invalid() {
  Dim dim;
  dim.valid_ = false;
  return dim;
}

Dim as_dim(const DimTerm& term) { return DimBuilder::from_terms({term}, 0); }

int64_t Dim::constant() const {
  LATHE_CHECK(is_constant());
  return constant_;
}

std::optional<int64_t> Dim::as_constant() const {
  if (!is_constant()) return std::nullopt;
  return constant_;
}

const std::string* Dim::as_symbol() const {
  if (!valid_ || terms_ == nullptr || constant_ != 0 || terms_->size() != 1) return nullptr;
  const DimTerm& term = terms_->front();
  if (term.coefficient != 1 || term.factors.size() != 1 || !term.factors[0].is_symbol()) return nullptr;
  return &term.factors[0].symbol;
}

const std::vector<DimTerm>& Dim::terms() const {
  static const std::vector<DimTerm> none;
  return terms_ == nullptr ? none : *terms_;
}

Dim Dim::from_terms(std::vector<DimTerm> terms, int64_t constant) {
  std::sort(terms.begin(), terms.end(), [](const DimTerm& a, const DimTerm& b) { return compare_factors(a, b) < 0; });
  std::vector<DimTerm> merged;
  for (DimTerm& term : terms) {
    if (!merged.empty() && compare_factors(merged.back(), term) == 0) {
      const auto sum = checked_add(merged.back().coefficient, term.coefficient);
      if (!sum) return invalid();
      merged.back().coefficient = *sum;
      if (*sum == 0) merged.pop_back();
    } else if (term.coefficient != 0) {
      merged.push_back(std::move(term));
    }
  }
  Dim result(constant);
  if (merged.empty()) return result;
  if (merged.size() > kMaxTerms) return invalid();
  int depth = 0;
  size_t factor_count = 0;
  for (const DimTerm& term : merged) {
    if (term.factors.size() > kMaxTerms) return invalid();
    factor_count += term.factors.size();
    for (const DimAtom& atom : term.factors) {
      if (!atom.is_symbol()) {
        const auto& [first, second] = *atom.arguments;
        depth = std::max({depth, 1 + first.depth(), 1 + second.depth()});
        factor_count += first.factor_count() + second.factor_count();
      }
    }
  }
  if (depth > kMaxDepth || factor_count > kMaxFactors) return invalid();
  result.factor_count_ = static_cast<uint16_t>(factor_count);
  result.depth_ = static_cast<int16_t>(depth);
  result.terms_ = std::make_shared<const std::vector<DimTerm>>(std::move(merged));
  return result;
}

Dim operator+(const Dim& a, const Dim& b) {
  if (!a.valid_ || !b.valid_) return Dim::invalid();
  const auto constant = checked_add(a.constant_, b.constant_);
  if (!constant) return Dim::invalid();
  if (a.terms_ == nullptr && b.terms_ == nullptr) return *constant;
  if (a.terms_ == nullptr || b.terms_ == nullptr) {
    Dim sum = a.terms_ == nullptr ? b : a;
    sum.constant_ = *constant;
    sum.origin_ = {};
    return sum;
  }
  std::vector<DimTerm> terms = *a.terms_;
  terms.insert(terms.end(), b.terms_->begin(), b.terms_->end());
  return Dim::from_terms(std::move(terms), *constant);
}

Dim Dim::operator-() const { return *this * Dim(-1); }

Dim operator-(const Dim& a, const Dim& b) { return a + -b; }

Dim operator*(const Dim& a, const Dim& b) {
  if (!a.valid_ || !b.valid_) return Dim::invalid();
  const auto constant = checked_multiply(a.constant_, b.constant_);
  if (!constant) return Dim::invalid();
  if (a.terms_ == nullptr && b.terms_ == nullptr) return *constant;
  std::vector<DimTerm> terms;
  bool overflow = false;
  const auto scaled = [&](const DimTerm& term, int64_t factor) {
    const auto coefficient = checked_multiply(term.coefficient, factor);
    overflow |= !coefficient.has_value();
    if (factor != 0) terms.push_back(DimTerm{coefficient.value_or(0), term.factors});
  };
  for (const DimTerm& term : a.terms()) scaled(term, b.constant_);
  for (const DimTerm& term : b.terms()) scaled(term, a.constant_);
  for (const DimTerm& left : a.terms()) {
    for (const DimTerm& right : b.terms()) {
      const auto coefficient = checked_multiply(left.coefficient, right.coefficient);
      overflow |= !coefficient.has_value();
      DimTerm term{coefficient.value_or(0), left.factors};
      term.factors.insert(term.factors.end(), right.factors.begin(), right.factors.end());
      std::sort(term.factors.begin(), term.factors.end(),
                [](const DimAtom& x, const DimAtom& y) { return compare_atoms(x, y) < 0; });
      terms.push_back(std::move(term));
    }
  }
  if (overflow) return Dim::invalid();
  return Dim::from_terms(std::move(terms), *constant);
}

std::strong_ordering compare(const Dim& a, const Dim& b) {
  if (a.valid_ != b.valid_) return a.valid_ <=> b.valid_;
  if (!a.valid_) return std::strong_ordering::equal;
  if (a.terms_ != b.terms_) {
    const std::vector<DimTerm>& left = a.terms();
    const std::vector<DimTerm>& right = b.terms();
    if (left.size() != right.size()) return left.size() <=> right.size();
    for (size_t i = 0; i < left.size(); ++i) {
      if (auto order = compare_factors(left[i], right[i]); order != 0) return order;
      if (left[i].coefficient != right[i].coefficient) return left[i].coefficient <=> right[i].coefficient;
    }
  }
  return a.constant_ <=> b.constant_;
}

bool operator==(const Dim& a, const Dim& b) { return compare(a, b) == 0; }

namespace {

Dim make_function(DimFunction function, Dim a, Dim b) {
  if (!a.valid() || !b.valid()) return Dim::invalid();
  return DimBuilder::atom(
      DimAtom{{}, function, std::make_shared<const std::pair<Dim, Dim>>(a.with_origin({}), b.with_origin({}))});
}

// Splits `dim` into divisor * quotient + rest by moving every term whose coefficient the divisor divides.
struct Split {
  Dim quotient;
  Dim rest;
};

Split split_multiples(const Dim& dim, int64_t divisor) {
  std::vector<DimTerm> quotient;
  std::vector<DimTerm> rest;
  for (const DimTerm& term : dim.terms()) {
    const int64_t part = floor_divide(term.coefficient, divisor);
    const int64_t left = term.coefficient - part * divisor;
    if (part != 0 && left == 0) {
      quotient.push_back(DimTerm{part, term.factors});
    } else {
      rest.push_back(term);
    }
  }
  const int64_t part = floor_divide(dim.constant_part(), divisor);
  return {DimBuilder::from_terms(std::move(quotient), part),
          DimBuilder::from_terms(std::move(rest), dim.constant_part() - part * divisor)};
}

// The arguments of `dim` when it is exactly one call of `function`.
const std::pair<Dim, Dim>* as_function(const Dim& dim, DimFunction function) {
  if (!dim.valid() || dim.constant_part() != 0 || dim.terms().size() != 1) return nullptr;
  const DimTerm& term = dim.terms().front();
  if (term.coefficient != 1 || term.factors.size() != 1 || term.factors[0].is_symbol()) return nullptr;
  return term.factors[0].function == function ? term.factors[0].arguments.get() : nullptr;
}

}  // namespace

Dim floordiv(const Dim& a, const Dim& b) {
  if (!a.valid() || !b.valid()) return Dim::invalid();
  if (const auto divisor = b.as_constant()) {
    if (*divisor < 1) return Dim::invalid();
    if (*divisor == 1) return a;
    if (const auto value = a.as_constant()) return floor_divide(*value, *divisor);
    Split split = split_multiples(a, *divisor);
    if (split.rest.is_constant()) return split.quotient;
    // floor((floor(x / c) + k) / d) is floor((x + k*c) / (c*d)).
    Dim inner_call = split.rest - Dim(split.rest.constant_part());
    if (const auto* inner = as_function(inner_call, DimFunction::FloorDiv);
        inner != nullptr && inner->second.is_constant()) {
      return split.quotient +
             floordiv(inner->first + inner->second * Dim(split.rest.constant_part()), inner->second * b);
    }
    return split.quotient + make_function(DimFunction::FloorDiv, split.rest, b);
  }
  if (const auto quotient = exact_divide(a, b)) return *quotient;
  return make_function(DimFunction::FloorDiv, a, b);
}

Dim ceildiv(const Dim& a, const Dim& b) { return floordiv(a + b - 1, b); }

Dim modulo(const Dim& a, const Dim& b) {
  if (!a.valid() || !b.valid()) return Dim::invalid();
  if (const auto divisor = b.as_constant()) {
    if (*divisor < 1) return Dim::invalid();
    const Dim rest = split_multiples(a, *divisor).rest;
    if (rest.is_constant() || *divisor == 1) return *divisor == 1 ? Dim(0) : rest;
    if (const auto* inner = as_function(rest, DimFunction::Modulo)) {
      const auto inner_divisor = inner->second.as_constant();
      if (inner_divisor && *inner_divisor % *divisor == 0) return modulo(inner->first, b);
    }
    return make_function(DimFunction::Modulo, rest, b);
  }
  if (exact_divide(a, b)) return 0;
  return make_function(DimFunction::Modulo, a, b);
}

namespace {

Dim extremum(DimFunction function, const Dim& a, const Dim& b) {
  if (!a.valid() || !b.valid()) return Dim::invalid();
  const bool want_less = function == DimFunction::Minimum;
  if (const auto difference = (a - b).as_constant()) return (*difference < 0) == want_less ? a : b;
  return compare(a, b) < 0 ? make_function(function, a, b) : make_function(function, b, a);
}

}  // namespace

Dim minimum(const Dim& a, const Dim& b) { return extremum(DimFunction::Minimum, a, b); }
Dim maximum(const Dim& a, const Dim& b) { return extremum(DimFunction::Maximum, a, b); }

std::optional<Dim> exact_divide(const Dim& a, const Dim& b) {
  if (!a.valid() || !b.valid()) return std::nullopt;
  if (a == b) return Dim(1);
  if (a.is_constant(0)) return Dim(0);
  DimTerm divisor;
  if (b.terms().empty()) {
    divisor.coefficient = b.constant_part();
    if (divisor.coefficient == 0) return std::nullopt;
  } else if (b.terms().size() == 1 && b.constant_part() == 0) {
    divisor = b.terms().front();
  } else {
    return std::nullopt;
  }
  std::vector<DimTerm> quotient;
  for (const DimTerm& term : a.terms()) {
    const auto coefficient = exact_quotient(term.coefficient, divisor.coefficient);
    if (!coefficient) return std::nullopt;
    DimTerm part{*coefficient, term.factors};
    for (const DimAtom& atom : divisor.factors) {
      const auto found = std::find_if(part.factors.begin(), part.factors.end(),
                                      [&](const DimAtom& other) { return compare_atoms(atom, other) == 0; });
      if (found == part.factors.end()) return std::nullopt;
      part.factors.erase(found);
    }
    quotient.push_back(std::move(part));
  }
  int64_t constant = 0;
  if (a.constant_part() != 0) {
    const auto quotient_of_constant = exact_quotient(a.constant_part(), divisor.coefficient);
    if (!divisor.factors.empty() || !quotient_of_constant) return std::nullopt;
    constant = *quotient_of_constant;
  }
  Dim result = constant;
  std::vector<DimTerm> kept;
  for (DimTerm& term : quotient) {
    if (term.factors.empty()) {
      result += Dim(term.coefficient);
    } else {
      kept.push_back(std::move(term));
    }
  }
  return result + DimBuilder::from_terms(std::move(kept), 0);
}

Dim product(const std::vector<Dim>& dims) {
  Dim result = 1;
  for (const Dim& dim : dims) result *= dim;
  return result;
}

void for_each_symbol(const Dim& dim, const std::function<void(const std::string&)>& visit) {
  for (const DimTerm& term : dim.terms()) {
    for (const DimAtom& atom : term.factors) {
      if (atom.is_symbol()) {
        visit(atom.symbol);
      } else {
        for_each_symbol(atom.arguments->first, visit);
        for_each_symbol(atom.arguments->second, visit);
      }
    }
  }
}

bool mentions(const Dim& dim, std::string_view symbol) {
  bool found = false;
  for_each_symbol(dim, [&](const std::string& name) { found |= name == symbol; });
  return found;
}

namespace {

Dim apply(DimFunction function, const Dim& a, const Dim& b) {
  switch (function) {
    case DimFunction::FloorDiv: return floordiv(a, b);
    case DimFunction::Modulo: return modulo(a, b);
    case DimFunction::Minimum: return minimum(a, b);
    case DimFunction::Maximum: return maximum(a, b);
  }
  return Dim::invalid();
}

}  // namespace

Dim substitute(const Dim& dim, const std::function<std::optional<Dim>(const std::string&)>& replace) {
  if (!dim.valid() || dim.is_constant()) return dim;
  Dim sum = dim.constant_part();
  for (const DimTerm& term : dim.terms()) {
    Dim value = term.coefficient;
    for (const DimAtom& atom : term.factors) {
      if (atom.is_symbol()) {
        const auto replacement = replace(atom.symbol);
        value *= replacement ? *replacement : Dim::symbol(atom.symbol);
      } else {
        value *= apply(atom.function, substitute(atom.arguments->first, replace),
                       substitute(atom.arguments->second, replace));
      }
    }
    sum += value;
  }
  return sum;
}

Dim substitute(const Dim& dim, std::string_view symbol, const Dim& with) {
  return substitute(dim, [&](const std::string& name) -> std::optional<Dim> {
    if (name == symbol) return with;
    return std::nullopt;
  });
}

std::optional<int64_t> evaluate(const Dim& dim,
                                const std::function<std::optional<int64_t>(const std::string&)>& value) {
  if (!dim.valid()) return std::nullopt;
  const Dim result = substitute(dim, [&](const std::string& name) -> std::optional<Dim> {
    if (const auto number = value(name)) return Dim(*number);
    return std::nullopt;
  });
  return result.as_constant();
}

std::optional<LinearParts> linear_in(const Dim& dim, std::string_view symbol) {
  if (!dim.valid()) return std::nullopt;
  std::vector<DimTerm> coefficient;
  int64_t constant_coefficient = 0;
  std::vector<DimTerm> rest;
  for (const DimTerm& term : dim.terms()) {
    size_t occurrences = 0;
    DimTerm without{term.coefficient, {}};
    for (const DimAtom& atom : term.factors) {
      if (atom.is_symbol() && atom.symbol == symbol) {
        ++occurrences;
        continue;
      }
      if (!atom.is_symbol() && (mentions(atom.arguments->first, symbol) || mentions(atom.arguments->second, symbol))) {
        return std::nullopt;
      }
      without.factors.push_back(atom);
    }
    if (occurrences > 1) return std::nullopt;
    if (occurrences == 0) {
      rest.push_back(term);
    } else if (without.factors.empty()) {
      constant_coefficient += without.coefficient;
    } else {
      coefficient.push_back(std::move(without));
    }
  }
  return LinearParts{DimBuilder::from_terms(std::move(coefficient), constant_coefficient),
                     DimBuilder::from_terms(std::move(rest), dim.constant_part())};
}

}  // namespace lathe
