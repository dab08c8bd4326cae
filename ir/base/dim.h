// Dim: a size, an index or a stride as an exact integer expression over named symbols.
//
// A Dim is a polynomial with integer coefficients whose factors are symbols and the functions floordiv, mod, min and
// max of other Dims. It is kept in a canonical form, so equality is structural. Graph shapes use it over shape symbols
// (`N`, `H`), index maps over axis symbols too (`%0` is the index on axis 0), and kernel IR over loop variables.
// Arithmetic never wraps: a result beyond 64 bits, or beyond the limits on nesting and number of terms, is the invalid
// Dim, which users of hostile input must test for once (`valid()`). What symbols may be is in a SymbolTable; the
// provers there answer yes, no or unknown. Called by everything that knows a shape.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/id.h"

namespace lathe {

class Dim;
struct DimTerm;

/// Names the record of where a Dim's number came from (see origin.h); not part of its value.
using OriginId = Id<struct OriginTag>;

enum class DimFunction : uint8_t {
  FloorDiv,  ///< floor(a / b), b > 0
  Modulo,    ///< a - b * floor(a / b), b > 0
  Minimum,
  Maximum,
};

/// A factor of a term: a symbol, or a function of two Dims.
struct DimAtom {
  std::string symbol;                                    ///< set for symbols
  DimFunction function = DimFunction::FloorDiv;          ///< valid when `symbol` is empty
  std::shared_ptr<const std::pair<Dim, Dim>> arguments;  ///< valid when `symbol` is empty
  [[nodiscard]] bool is_symbol() const { return !symbol.empty(); }
};

class Dim {
 public:
  /// Deepest nesting of functions, most terms, and most factors (those inside of functions included, a shared one once
  /// for each mention) of a valid Dim.
  static constexpr int kMaxDepth = 24;
  static constexpr size_t kMaxTerms = 64;
  static constexpr size_t kMaxFactors = 1024;

  Dim() = default;
  Dim(int64_t value) : constant_(value) {}  // NOLINT(google-explicit-constructor)
  [[nodiscard]] static Dim symbol(std::string_view name);
  [[nodiscard]] static Dim invalid();

  [[nodiscard]] bool valid() const { return valid_; }
  [[nodiscard]] bool is_constant() const { return valid_ && terms_ == nullptr; }
  [[nodiscard]] bool is_constant(int64_t value) const { return is_constant() && constant_ == value; }
  /// The value of a constant Dim; checked.
  [[nodiscard]] int64_t constant() const;
  [[nodiscard]] std::optional<int64_t> as_constant() const;
  /// The name when this is exactly one symbol, else nullptr.
  [[nodiscard]] const std::string* as_symbol() const;

  /// The terms that hold symbols, in canonical order, and what is added to them.
  [[nodiscard]] const std::vector<DimTerm>& terms() const;
  [[nodiscard]] int64_t constant_part() const { return constant_; }
  [[nodiscard]] int depth() const { return depth_; }
  [[nodiscard]] size_t factor_count() const { return factor_count_; }

  /// Where the number came from; survives copies, not arithmetic. `with_origin` returns a copy that carries it.
  [[nodiscard]] OriginId origin() const { return origin_; }
  [[nodiscard]] Dim with_origin(OriginId origin) const {
    Dim copy = *this;
    copy.origin_ = origin;
    return copy;
  }

  friend Dim operator+(const Dim& a, const Dim& b);
  friend Dim operator-(const Dim& a, const Dim& b);
  friend Dim operator*(const Dim& a, const Dim& b);
  Dim operator-() const;
  Dim& operator+=(const Dim& b) { return *this = *this + b; }
  Dim& operator-=(const Dim& b) { return *this = *this - b; }
  Dim& operator*=(const Dim& b) { return *this = *this * b; }

  /// Structural equality of the canonical forms; invalid Dims equal each other.
  friend bool operator==(const Dim& a, const Dim& b);
  /// A total order of canonical forms, for sorting only.
  friend std::strong_ordering compare(const Dim& a, const Dim& b);

  /// The parser's syntax: `2*N*H + floordiv(W - 1, 2) + 3`; `?` when invalid.
  [[nodiscard]] std::string text() const;
  /// The same in the notation of Python: `(W - 1)//2`, `W % 4`, for messages.
  [[nodiscard]] std::string python_text() const;

 private:
  friend class DimBuilder;
  [[nodiscard]] static Dim from_terms(std::vector<DimTerm> terms, int64_t constant);

  int64_t constant_ = 0;
  std::shared_ptr<const std::vector<DimTerm>> terms_;
  OriginId origin_;
  uint16_t factor_count_ = 0;
  int16_t depth_ = 0;
  bool valid_ = true;
};

/// coefficient * factors[0] * factors[1] ..., factors sorted, powers as repeated factors, coefficient never 0.
struct DimTerm {
  int64_t coefficient = 1;
  std::vector<DimAtom> factors;
};

/// The term alone, as a Dim.
[[nodiscard]] Dim as_dim(const DimTerm& term);

/// floor(a / b). Invalid when b is a constant below 1.
[[nodiscard]] Dim floordiv(const Dim& a, const Dim& b);
/// ceil(a / b) as floordiv(a + b - 1, b).
[[nodiscard]] Dim ceildiv(const Dim& a, const Dim& b);
[[nodiscard]] Dim modulo(const Dim& a, const Dim& b);
[[nodiscard]] Dim minimum(const Dim& a, const Dim& b);
[[nodiscard]] Dim maximum(const Dim& a, const Dim& b);
/// a / b when the division leaves no rest for every value of the symbols (b a single term); nothing otherwise.
[[nodiscard]] std::optional<Dim> exact_divide(const Dim& a, const Dim& b);
/// Product of all; 1 for none.
[[nodiscard]] Dim product(const std::vector<Dim>& dims);

/// Calls `visit` for every symbol occurrence, inside functions too.
void for_each_symbol(const Dim& dim, const std::function<void(const std::string&)>& visit);
[[nodiscard]] bool mentions(const Dim& dim, std::string_view symbol);
/// Replaces symbols for which `replace` gives a Dim.
[[nodiscard]] Dim substitute(const Dim& dim, const std::function<std::optional<Dim>(const std::string&)>& replace);
[[nodiscard]] Dim substitute(const Dim& dim, std::string_view symbol, const Dim& with);
/// The value under an assignment; nothing when a symbol has no value, a divisor is below 1 or the result overflows.
[[nodiscard]] std::optional<int64_t> evaluate(const Dim& dim,
                                              const std::function<std::optional<int64_t>(const std::string&)>& value);
/// a written as coefficient * symbol + rest, when `symbol` occurs only linearly and outside of functions.
struct LinearParts {
  Dim coefficient;
  Dim rest;
};
[[nodiscard]] std::optional<LinearParts> linear_in(const Dim& dim, std::string_view symbol);

/// Yes, no, or not provable from what is known.
enum class Answer : uint8_t { No, Yes, Unknown };

/// What is known of symbols: inclusive bounds, possibly in terms of symbols declared before. Order of declaration is
/// kept; a later declaration of the same name replaces the bounds.
class SymbolTable {
 public:
  /// Sizes of model inputs are at least 1 and below 2^31 unless declared otherwise.
  static constexpr int64_t kDefaultUpper = (int64_t{1} << 31) - 1;

  struct Row {
    std::string name;
    Dim lower = 1;
    Dim upper = kDefaultUpper;
  };

  void declare(std::string_view name, Dim lower = 1, Dim upper = kDefaultUpper);
  [[nodiscard]] const Row* find(std::string_view name) const;
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  /// `base`, or `base.1`, `base.2` ...: the first that is not declared.
  [[nodiscard]] std::string fresh_name(std::string_view base) const;

  /// Smallest and largest value, saturated to the 64-bit range; undeclared symbols may be anything.
  struct Interval {
    int64_t lower;
    int64_t upper;
  };
  [[nodiscard]] Interval interval(const Dim& dim) const;
  [[nodiscard]] Answer prove_eq(const Dim& a, const Dim& b) const;
  [[nodiscard]] Answer prove_le(const Dim& a, const Dim& b) const;
  [[nodiscard]] Answer prove_lt(const Dim& a, const Dim& b) const { return prove_le(a + 1, b); }
  [[nodiscard]] bool known_le(const Dim& a, const Dim& b) const { return prove_le(a, b) == Answer::Yes; }
  [[nodiscard]] bool known_lt(const Dim& a, const Dim& b) const { return prove_lt(a, b) == Answer::Yes; }

  /// Rewrites with the bounds: `floordiv(6*i + j, 6)` is `i` where 0 <= j < 6, min and max that are decided vanish, and
  /// `6*floordiv(i, 6) + mod(i, 6)` is `i`.
  [[nodiscard]] Dim simplify(const Dim& dim) const;

 private:
  [[nodiscard]] bool proves_non_negative(const Dim& dim) const;
  void update_ranges();
  std::vector<Row> rows_;
  std::vector<Interval> ranges_;  ///< of each row, by the rows before it
};

}  // namespace lathe
