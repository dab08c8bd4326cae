// Dims as text, in the parser's syntax and in Python's.
#include <fmt/format.h>

#include "ir/base/dim.h"

namespace lathe {
namespace {

enum class Notation { Parser, Python };

std::string write(const Dim& dim, Notation notation);

std::string parenthesised(const Dim& dim, Notation notation) {
  const bool simple = dim.is_constant() || (dim.terms().size() == 1 && dim.constant_part() == 0 &&
                                            dim.terms()[0].coefficient == 1 && dim.terms()[0].factors.size() == 1);
  return simple ? write(dim, notation) : "(" + write(dim, notation) + ")";
}

std::string write_call(const DimAtom& atom, Notation notation) {
  const Dim& a = atom.arguments->first;
  const Dim& b = atom.arguments->second;
  const auto call = [&](std::string_view name) {
    return fmt::format("{}({}, {})", name, write(a, notation), write(b, notation));
  };
  switch (atom.function) {
    case DimFunction::FloorDiv:
      if (notation == Notation::Parser) return call("floordiv");
      return fmt::format("({}//{})", parenthesised(a, notation), parenthesised(b, notation));
    case DimFunction::Modulo:
      if (notation == Notation::Parser) return call("mod");
      return fmt::format("({} % {})", parenthesised(a, notation), parenthesised(b, notation));
    case DimFunction::Minimum: return call("min");
    case DimFunction::Maximum: return call("max");
  }
  return "?";
}

std::string write_term(const DimTerm& term, int64_t coefficient, Notation notation) {
  std::string text;
  if (coefficient != 1) text = fmt::format("{}", coefficient);
  for (const DimAtom& atom : term.factors) {
    if (!text.empty()) text += "*";
    text += atom.is_symbol() ? atom.symbol : write_call(atom, notation);
  }
  return text;
}

std::string write(const Dim& dim, Notation notation) {
  if (!dim.valid()) return "?";
  std::string text;
  for (const DimTerm& term : dim.terms()) {
    if (text.empty()) {
      text =
          term.coefficient == -1 ? "-" + write_term(term, 1, notation) : write_term(term, term.coefficient, notation);
    } else if (term.coefficient < 0 && term.coefficient != INT64_MIN) {
      text += " - " + write_term(term, -term.coefficient, notation);
    } else {
      text += " + " + write_term(term, term.coefficient, notation);
    }
  }
  const int64_t constant = dim.constant_part();
  if (text.empty()) return fmt::format("{}", constant);
  if (constant > 0) text += fmt::format(" + {}", constant);
  if (constant < 0) text += constant == INT64_MIN ? fmt::format(" + {}", constant) : fmt::format(" - {}", -constant);
  return text;
}

}  // namespace

std::string Dim::text() const { return write(*this, Notation::Parser); }

std::string Dim::python_text() const {
  std::string text = write(*this, Notation::Python);
  const bool whole = as_symbol() == nullptr && terms().size() == 1 && constant_part() == 0 &&
                     terms()[0].coefficient == 1 && terms()[0].factors.size() == 1 && text.front() == '(';
  return whole ? text.substr(1, text.size() - 2) : text;
}

}  // namespace lathe
