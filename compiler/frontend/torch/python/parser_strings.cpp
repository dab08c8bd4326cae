// String literals: prefixes, escapes, neighbours joined, and f-strings with the expressions in them.
#include <cctype>

#include "compiler/frontend/torch/python/parser_internals.h"
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {
namespace {

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  const char lower = static_cast<char>(c | 0x20);
  return lower >= 'a' && lower <= 'f' ? lower - 'a' + 10 : -1;
}

/// What a single letter after a backslash stands for; 0 when it is no such escape.
char simple_escape(char c) {
  switch (c) {
    case '\\': return '\\';
    case '\'': return '\'';
    case '"': return '"';
    case 'a': return '\a';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case 'v': return '\v';
    default: return 0;
  }
}

}  // namespace

StringPiece Parser::piece_of(const Token& token) const {
  StringPiece piece;
  uint32_t at = token.begin;
  for (; text_[at] != '"' && text_[at] != '\''; ++at) {
    const char letter = static_cast<char>(text_[at] | 0x20);
    piece.raw = piece.raw || letter == 'r';
    piece.bytes = piece.bytes || letter == 'b';
    piece.format = piece.format || letter == 'f';
  }
  const bool triple = token.end - at >= 6 && text_[at + 1] == text_[at] && text_[at + 2] == text_[at];
  piece.begin = at + (triple ? 3 : 1);
  piece.end = token.end - (triple ? 3 : 1);
  return piece;
}

ExpressionId Parser::strings() {
  const uint32_t begin = peek().begin;
  std::vector<FormatPart> parts;
  std::string unsupported;
  bool format = false;
  bool bytes = false;
  bool text = false;
  while (at(TokenKind::String)) {
    const Token token = take();
    const StringPiece piece = piece_of(token);
    bytes = bytes || piece.bytes;
    text = text || !piece.bytes;
    format = format || piece.format;
    if (piece.bytes) continue;
    if (piece.format) {
      uint32_t at = piece.begin;
      format_parts(piece, at, 0, parts, unsupported);
      if (panicking_) return broken();
      continue;
    }
    std::string value;
    if (!decode(piece.begin, piece.end, piece, value, unsupported) && panicking_) return broken();
    parts.push_back({.literal = std::move(value), .value = {}, .conversion = 0, .format = {}});
  }
  const Span span = span_from(begin);
  if (bytes && text) {
    fault(span, "a string and bytes can't be joined");
    panic();
    return broken();
  }
  if (bytes) return add(UnsupportedExpression{"bytes"}, span);
  if (!unsupported.empty()) return add(UnsupportedExpression{unsupported}, span);
  if (format) {
    std::vector<FormatPart> merged;
    for (FormatPart& part : parts) {
      if (!part.value.valid() && part.literal.empty()) continue;
      if (!part.value.valid() && !merged.empty() && !merged.back().value.valid()) {
        merged.back().literal += part.literal;
      } else {
        merged.push_back(std::move(part));
      }
    }
    return add(FormatExpression{std::move(merged)}, span);
  }
  std::string value;
  for (const FormatPart& part : parts) value += part.literal;
  return add(StringExpression{std::move(value)}, span);
}

bool Parser::decode(uint32_t begin, uint32_t end, const StringPiece& piece, std::string& text,
                    std::string& unsupported) {
  const auto bad_escape = [&](uint32_t at, uint32_t stop, std::string message) {
    fault({ast_.file, at, stop}, std::move(message));
    panic();
    return false;
  };
  for (uint32_t at = begin; at < end;) {
    const char c = text_[at];
    if (c == '\r') {
      text.push_back('\n');
      at += at + 1 < end && text_[at + 1] == '\n' ? 2 : 1;
      continue;
    }
    if (c != '\\' || piece.raw || at + 1 >= end) {
      text.push_back(c);
      ++at;
      continue;
    }
    const char next = text_[at + 1];
    if (next == '\n') {
      at += 2;
    } else if (next == '\r') {
      at += at + 2 < end && text_[at + 2] == '\n' ? 3 : 2;
    } else if (const char simple = simple_escape(next)) {
      text.push_back(simple);
      at += 2;
    } else if (next >= '0' && next <= '7') {
      uint32_t code = 0;
      uint32_t stop = at + 1;
      while (stop < end && stop < at + 4 && text_[stop] >= '0' && text_[stop] <= '7') {
        code = code * 8 + static_cast<uint32_t>(text_[stop++] - '0');
      }
      append_utf8(text, code);
      at = stop;
    } else if (next == 'x' || next == 'u' || next == 'U') {
      const uint32_t count = next == 'x' ? 2 : next == 'u' ? 4 : 8;
      uint32_t code = 0;
      uint32_t stop = at + 2;
      while (stop < end && stop < at + 2 + count && hex_value(text_[stop]) >= 0) {
        code = code * 16 + static_cast<uint32_t>(hex_value(text_[stop++]));
      }
      if (stop < at + 2 + count) {
        return bad_escape(at, stop, fmt::format("`\\{}` needs {} hexadecimal digits", next, count));
      }
      if (code > 0x10ffff) return bad_escape(at, stop, "no character has a number beyond 10ffff");
      append_utf8(text, code);
      at = stop;
    } else if (next == 'N') {
      const size_t close = text_.substr(at, end - at).find('}');
      if (at + 2 >= end || text_[at + 2] != '{' || close == std::string_view::npos) {
        return bad_escape(at, at + 2, "`\\N` needs the name of a character in braces");
      }
      unsupported = "characters by name (`\\N{...}`)";
      at += static_cast<uint32_t>(close) + 1;
    } else {
      text.push_back(c);
      ++at;
    }
  }
  return true;
}

/// Literal texts and fields from `at` on: to the end of the piece, or with a level above 0 to the `}` behind a format.
void Parser::format_parts(const StringPiece& piece, uint32_t& at, int level, std::vector<FormatPart>& parts,
                          std::string& unsupported) {
  uint32_t run = at;
  std::string literal;
  const auto flush = [&] {
    (void)decode(run, at, piece, literal, unsupported);
    run = at;
  };
  const auto finish = [&] {
    flush();
    if (!literal.empty()) parts.push_back({.literal = literal, .value = {}, .conversion = 0, .format = {}});
    literal.clear();
  };
  while (at < piece.end && !panicking_) {
    const char c = text_[at];
    const char next = at + 1 < piece.end ? text_[at + 1] : '\0';
    if (c == '\\' && !piece.raw) {
      if (next == 'N' && at + 2 < piece.end && text_[at + 2] == '{') {
        while (at < piece.end && text_[at] != '}') ++at;
      } else {
        at += next == '{' || next == '}' ? 1 : 2;
        at = std::min(at, piece.end);
        continue;
      }
      at = std::min(at + 1, piece.end);
    } else if ((c == '{' || c == '}') && next == c && level == 0) {
      ++at;
      flush();
      run = ++at;
    } else if (c == '{') {
      finish();
      ++at;
      format_field(piece, at, level, parts, unsupported);
      run = at;
    } else if (c == '}') {
      if (level > 0) break;
      fault({ast_.file, at, at + 1}, "a single `}` in an f-string: write `}}` for the character");
      panic();
    } else {
      ++at;
    }
  }
  if (!panicking_) finish();
}

/// Stands behind the `{`; ends behind the `}`.
void Parser::format_field(const StringPiece& piece, uint32_t& at, int level, std::vector<FormatPart>& parts,
                          std::string& unsupported) {
  const uint32_t open = at - 1;
  const auto fail = [&](std::string message) {
    if (panicking_) return;
    fault({ast_.file, open, std::max(open + 1, std::min(at, piece.end))}, std::move(message));
    panic();
  };
  if (level >= 2) return fail("fields of an f-string nest deeper than two levels");
  const uint32_t begin = at;
  at = field_expression_end(piece, begin);
  if (panicking_) return;
  if (at >= piece.end)
    return fail("`{` in an f-string is never closed: `}` is missing, or write `{{` for the character");
  if (text_.substr(begin, at - begin).find_first_not_of(" \t\r\n\f") == std::string_view::npos) {
    return fail("a field of an f-string has no expression");
  }
  FormatPart part;
  part.value = part_expression(begin, at);
  if (panicking_) return;
  bool shown = false;
  if (text_[at] == '=') {
    ++at;
    while (at < piece.end && std::isspace(static_cast<unsigned char>(text_[at])) != 0) ++at;
    parts.push_back(
        {.literal = std::string(text_.substr(begin, at - begin)), .value = {}, .conversion = 0, .format = {}});
    shown = true;
  }
  if (at < piece.end && text_[at] == '!') {
    ++at;
    part.conversion = at < piece.end ? text_[at] : '\0';
    if (part.conversion != 'r' && part.conversion != 's' && part.conversion != 'a') {
      return fail("`!` in an f-string must be followed by `r`, `s` or `a`");
    }
    ++at;
  }
  if (at < piece.end && text_[at] == ':') {
    const uint32_t format_begin = ++at;
    std::vector<FormatPart> format;
    format_parts(piece, at, level + 1, format, unsupported);
    if (panicking_) return;
    part.format = add(FormatExpression{std::move(format)}, {ast_.file, format_begin, at});
  } else if (shown && part.conversion == 0) {
    part.conversion = 'r';
  }
  if (at >= piece.end || text_[at] != '}') return fail("expected `}` at the end of a field of an f-string");
  ++at;
  parts.push_back(std::move(part));
}

/// Where the expression of a field ends: at `=`, `!`, `:` or `}` outside of brackets and strings.
uint32_t Parser::field_expression_end(const StringPiece& piece, uint32_t begin) {
  std::string brackets;
  char quote = 0;
  bool triple = false;
  for (uint32_t at = begin; at < piece.end; ++at) {
    const char c = text_[at];
    const char next = at + 1 < piece.end ? text_[at + 1] : '\0';
    if (c == '\\' || (c == '#' && quote == 0)) {
      fault({ast_.file, at, at + 1}, fmt::format("the expression of a field of an f-string can't hold `{}`", c));
      panic();
      return at;
    }
    if (quote != 0 || c == '\'' || c == '"') {
      const bool is_triple = next == c && at + 2 < piece.end && text_[at + 2] == c;
      if (quote == 0) {
        quote = c;
        triple = is_triple;
        at += triple ? 2 : 0;
      } else if (c == quote && (!triple || is_triple)) {
        quote = 0;
        at += triple ? 2 : 0;
      }
      continue;
    }
    if (c == '(' || c == '[' || c == '{') {
      brackets.push_back(c);
    } else if (brackets.empty() && (c == '=' || c == '!' || c == '<' || c == '>')) {
      if (next == '=') {
        ++at;
      } else if (c == '=' || c == '!') {
        return at;
      }
    } else if (brackets.empty() && (c == ':' || c == '}')) {
      return at;
    } else if ((c == ')' || c == ']' || c == '}') && !brackets.empty()) {
      brackets.pop_back();
    }
  }
  return piece.end;
}

ExpressionId Parser::part_expression(uint32_t begin, uint32_t end) {
  std::vector<Token> outer = tokenize_part(ast_.file, begin, end, locations_, diagnostics_);
  std::swap(outer, tokens_);
  const size_t outer_position = std::exchange(position_, 0);
  const ExpressionId value = at(TokenKind::Yield) ? yield_expression() : star_expressions("an expression");
  if (!at(TokenKind::End)) unexpected("the end of the expression");
  tokens_ = std::move(outer);
  position_ = outer_position;
  if (panicking_) panic();
  return value;
}

}  // namespace lathe::torch
