// The lexer of the two textual IRs.
//
// Splits a text into tokens with spans: identifiers, %values, @symbols, numbers, strings, punctuation. `//` comments
// run to the end of the line. It never fails: a byte that starts no token becomes an Error token. The parsers of
// ir/graph and ir/kernel use it and so share escapes, numbers and dim expressions.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"
#include "ir/base/type.h"

namespace lathe {

enum class TokenKind : uint8_t {
  Identifier,   ///< letters, digits, `_`, `.`; starts with a letter or `_`
  Value,        ///< `%name`, text without the sigil; digits allowed anywhere
  Symbol,       ///< `@name`, text without the sigil; `@"any text"` too
  Integer,      ///< decimal or 0x..., optional leading `-`
  Float,        ///< has a point or an exponent, or is inf, nan (with sign) as `-inf`
  String,       ///< text without quotes, escapes not yet resolved
  Punctuation,  ///< one of ( ) { } [ ] < > , : = * + - / ? or the arrow `->`
  Error,
  End,
};

struct Token {
  TokenKind kind = TokenKind::End;
  std::string_view text;  ///< into the source text
  Span span;
};

[[nodiscard]] std::vector<Token> tokenize(std::string_view text, FileId file);
/// Resolves \n \t \\ \" and \xHH.
[[nodiscard]] std::string unescape(std::string_view text);
/// The inverse, without quotes.
[[nodiscard]] std::string escape(std::string_view text);
/// Shortest decimal text that reads back as the same number; always has a point, an exponent, or is inf or nan.
[[nodiscard]] std::string float_text(double value);

/// A cursor over tokens with the helpers that both parsers need. Errors are reported as LT0101 at the current token.
class TokenCursor {
 public:
  TokenCursor(std::vector<Token> tokens, LocationTable& locations, Diagnostics& diagnostics)
      : tokens_(std::move(tokens)), locations_(&locations), diagnostics_(&diagnostics) {}

  [[nodiscard]] const Token& peek(size_t ahead = 0) const;
  const Token& next();
  [[nodiscard]] bool at_end() const { return peek().kind == TokenKind::End; }
  [[nodiscard]] bool at(std::string_view punctuation_or_word) const;
  bool accept(std::string_view punctuation_or_word);
  Status expect(std::string_view punctuation_or_word);
  Result<std::string> expect_identifier(std::string_view what);
  Result<std::string> expect_value(std::string_view what);
  Result<std::string> expect_symbol(std::string_view what);
  Result<int64_t> expect_integer(std::string_view what);
  Result<double> expect_number(std::string_view what);
  Result<std::string> expect_string(std::string_view what);
  /// Reports "expected WHAT, found `token`".
  Failure error_expected(std::string_view what);
  [[nodiscard]] LocationId location() const;
  [[nodiscard]] LocationId location(const Token& token) const;
  [[nodiscard]] LocationTable& locations() const { return *locations_; }
  [[nodiscard]] Diagnostics& diagnostics() const { return *diagnostics_; }

  /// A dim expression: `2*N*(H - 1) + floordiv(W, 2)`. Nesting is limited by Dim::kMaxDepth.
  Result<Dim> parse_dim();
  /// `f32[N, 3]`, `f32[]`, `f32[*]`.
  Result<TensorType> parse_tensor_type();
  /// Tensor types, `sequence<...>`, `optional<...>`.
  Result<Type> parse_type();

 private:
  Result<Dim> parse_dim_sum(int depth);
  Result<Dim> parse_dim_product(int depth);
  Result<Dim> parse_dim_atom(int depth);

  std::vector<Token> tokens_;
  size_t position_ = 0;
  LocationTable* locations_;
  Diagnostics* diagnostics_;
};

}  // namespace lathe
