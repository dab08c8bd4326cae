// The cursor over tokens: expectations with their messages, dim expressions, types.
#include <fmt/format.h>

#include <charconv>

#include "ir/base/lexer.h"

namespace lathe {
namespace {

// A token as a message shows it: one short line without control characters.
std::string shown(const Token& token) {
  constexpr size_t kLongest = 40;
  if (token.kind == TokenKind::End) return "the end of the text";
  std::string text;
  switch (token.kind) {
    case TokenKind::Value: text = "%"; break;
    case TokenKind::Symbol: text = "@"; break;
    case TokenKind::String: text = "\""; break;
    case TokenKind::Identifier:
    case TokenKind::Integer:
    case TokenKind::Float:
    case TokenKind::Punctuation:
    case TokenKind::Error:
    case TokenKind::End: break;
  }
  if (token.kind == TokenKind::Error && !token.text.empty() && token.text.find('"') < 2) {
    return "a string without a closing quote";
  }
  // Quotes and backslashes are part of the source here, only what a terminal can't show is escaped.
  for (const char c : token.text.substr(0, kLongest)) {
    text += c == '"' || c == '\\' ? std::string(1, c) : escape(std::string_view(&c, 1));
  }
  if (token.text.size() > kLongest) text += "...";
  if (token.kind == TokenKind::String) text += "\"";
  return "`" + text + "`";
}

}  // namespace

const Token& TokenCursor::peek(size_t ahead) const {
  const size_t last = tokens_.size() - 1;
  return tokens_[ahead < last - position_ ? position_ + ahead : last];
}

const Token& TokenCursor::next() {
  const Token& token = tokens_[position_];
  if (position_ + 1 < tokens_.size()) ++position_;
  return token;
}

bool TokenCursor::at(std::string_view punctuation_or_word) const {
  const Token& token = peek();
  return (token.kind == TokenKind::Punctuation || token.kind == TokenKind::Identifier) &&
         token.text == punctuation_or_word;
}

bool TokenCursor::accept(std::string_view punctuation_or_word) {
  if (!at(punctuation_or_word)) return false;
  next();
  return true;
}

Status TokenCursor::expect(std::string_view punctuation_or_word) {
  if (accept(punctuation_or_word)) return {};
  return error_expected(fmt::format("`{}`", punctuation_or_word));
}

Result<std::string> TokenCursor::expect_identifier(std::string_view what) {
  if (peek().kind != TokenKind::Identifier) return error_expected(what);
  return std::string(next().text);
}

Result<std::string> TokenCursor::expect_value(std::string_view what) {
  if (peek().kind != TokenKind::Value) return error_expected(what);
  return unescape(next().text);
}

Result<std::string> TokenCursor::expect_symbol(std::string_view what) {
  if (peek().kind != TokenKind::Symbol) return error_expected(what);
  return unescape(next().text);
}

Result<int64_t> TokenCursor::expect_integer(std::string_view what) {
  const Token token = peek();
  if (token.kind != TokenKind::Integer) return error_expected(what);
  std::string_view digits = token.text;
  const bool is_negative = digits.front() == '-';
  if (is_negative) digits.remove_prefix(1);
  const bool is_hex = digits.size() > 1 && (digits[1] == 'x' || digits[1] == 'X');
  if (is_hex) digits.remove_prefix(2);
  uint64_t magnitude = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), magnitude, is_hex ? 16 : 10);
  // A hexadecimal number is a pattern of 64 bits.
  const uint64_t largest = is_hex && !is_negative ? UINT64_MAX : uint64_t{INT64_MAX} + (is_negative ? 1 : 0);
  if (error != std::errc{} || end != digits.data() + digits.size() || magnitude > largest) {
    return diagnostics_->report(DiagnosticKind::Syntax, location(), "{} doesn't fit into 64 bits", shown(token)).emit();
  }
  next();
  return static_cast<int64_t>(is_negative ? 0 - magnitude : magnitude);
}

Result<double> TokenCursor::expect_number(std::string_view what) {
  const Token token = peek();
  if (token.kind != TokenKind::Integer && token.kind != TokenKind::Float) return error_expected(what);
  if (token.kind == TokenKind::Integer && token.text.find_first_of("xX") != std::string_view::npos) {
    LATHE_TRY(const int64_t pattern, expect_integer(what));
    return static_cast<double>(pattern);
  }
  double value = 0;
  const char* end = token.text.data() + token.text.size();
  const auto parsed = std::from_chars(token.text.data(), end, value);
  if (parsed.ec == std::errc::result_out_of_range) {
    return diagnostics_
        ->report(DiagnosticKind::Syntax, location(), "{} is beyond the range of 64-bit floating point", shown(token))
        .emit();
  }
  if (parsed.ec != std::errc{} || parsed.ptr != end) return error_expected(what);
  next();
  return value;
}

Result<std::string> TokenCursor::expect_string(std::string_view what) {
  if (peek().kind != TokenKind::String) return error_expected(what);
  return unescape(next().text);
}

Failure TokenCursor::error_expected(std::string_view what) {
  return diagnostics_->report(DiagnosticKind::Syntax, location(), "expected {}, found {}", what, shown(peek())).emit();
}

LocationId TokenCursor::location() const { return location(peek()); }

LocationId TokenCursor::location(const Token& token) const { return locations_->add(token.span); }

Result<Dim> TokenCursor::parse_dim() {
  const Token first = peek();
  LATHE_TRY(Dim dim, parse_dim_sum(0));
  if (!dim.valid()) {
    return diagnostics_
        ->report(DiagnosticKind::SizeOverflow, location(first),
                 "the size that starts with {} goes beyond 64 bits, divides by less than 1, or has too many terms",
                 shown(first))
        .emit();
  }
  return dim;
}

Result<Dim> TokenCursor::parse_dim_sum(int depth) {
  if (depth > Dim::kMaxDepth) {
    return diagnostics_
        ->report(DiagnosticKind::NestingTooDeep, location(), "sizes nest deeper than {} levels", Dim::kMaxDepth)
        .emit();
  }
  LATHE_TRY(Dim sum, parse_dim_product(depth));
  while (true) {
    if (accept("+")) {
      LATHE_TRY(const Dim term, parse_dim_product(depth));
      sum += term;
    } else if (accept("-")) {
      LATHE_TRY(const Dim term, parse_dim_product(depth));
      sum -= term;
    } else if (peek().kind == TokenKind::Integer && peek().text.front() == '-') {
      // `N -1` without a blank behind the sign.
      LATHE_TRY(const Dim term, parse_dim_product(depth));
      sum += term;
    } else {
      return sum;
    }
  }
}

Result<Dim> TokenCursor::parse_dim_product(int depth) {
  bool is_negative = false;
  while (accept("-")) is_negative = !is_negative;
  LATHE_TRY(Dim product, parse_dim_atom(depth));
  while (accept("*")) {
    LATHE_TRY(const Dim factor, parse_dim_atom(depth));
    product *= factor;
  }
  return is_negative ? -product : product;
}

Result<Dim> TokenCursor::parse_dim_atom(int depth) {
  const Token token = peek();
  if (token.kind == TokenKind::Integer) {
    LATHE_TRY(const int64_t value, expect_integer("a size"));
    return Dim(value);
  }
  if (token.kind == TokenKind::Value) {
    LATHE_TRY(const std::string name, expect_value("a size"));
    return Dim::symbol("%" + name);
  }
  if (accept("(")) {
    LATHE_TRY(Dim inner, parse_dim_sum(depth + 1));
    LATHE_TRY_VOID(expect(")"));
    return inner;
  }
  if (token.kind != TokenKind::Identifier) return error_expected("a size");
  next();
  if (!at("(")) return Dim::symbol(token.text);
  using Function = Dim (*)(const Dim&, const Dim&);
  constexpr struct {
    std::string_view name;
    Function make;
  } kFunctions[] = {{"floordiv", floordiv}, {"mod", modulo}, {"min", minimum}, {"max", maximum}};
  for (const auto& function : kFunctions) {
    if (function.name != token.text) continue;
    LATHE_TRY_VOID(expect("("));
    LATHE_TRY(const Dim a, parse_dim_sum(depth + 1));
    LATHE_TRY_VOID(expect(","));
    LATHE_TRY(const Dim b, parse_dim_sum(depth + 1));
    LATHE_TRY_VOID(expect(")"));
    return function.make(a, b);
  }
  return diagnostics_->report(DiagnosticKind::Syntax, location(token), "{} is no function of sizes", shown(token))
      .note("the functions are floordiv, mod, min and max")
      .emit();
}

Result<TensorType> TokenCursor::parse_tensor_type() {
  const auto element = peek().kind == TokenKind::Identifier ? parse_element_type(peek().text) : std::nullopt;
  if (!element) return error_expected("an element type such as `f32`");
  next();
  TensorType type{*element, {}, true};
  LATHE_TRY_VOID(expect("["));
  if (accept("*")) {
    type.ranked = false;
    LATHE_TRY_VOID(expect("]"));
    return type;
  }
  if (accept("]")) return type;
  while (true) {
    LATHE_TRY(Dim dim, parse_dim());
    type.dims.push_back(std::move(dim));
    if (accept("]")) return type;
    if (!accept(",")) return error_expected("`,` or `]`");
  }
}

Result<Type> TokenCursor::parse_type() {
  std::vector<bool> is_sequence;
  while (at("sequence") || at("optional")) {
    if (is_sequence.size() == Dim::kMaxDepth) {
      return diagnostics_
          ->report(DiagnosticKind::NestingTooDeep, location(), "types nest deeper than {} levels", Dim::kMaxDepth)
          .emit();
    }
    is_sequence.push_back(next().text == "sequence");
    LATHE_TRY_VOID(expect("<"));
  }
  LATHE_TRY(TensorType tensor, parse_tensor_type());
  Type type(std::move(tensor));
  for (size_t i = is_sequence.size(); i-- > 0;) {
    LATHE_TRY_VOID(expect(">"));
    type = is_sequence[i] ? Type(sequence_of(std::move(type))) : Type(optional_of(std::move(type)));
  }
  return type;
}

}  // namespace lathe
