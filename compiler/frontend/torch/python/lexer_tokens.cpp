// Single tokens of the lexer: names, strings, numbers, operators, and characters that Python doesn't know.
#include <algorithm>
#include <array>
#include <optional>

#include "compiler/frontend/torch/python/lexer_internals.h"
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {
namespace {

struct Spelling {
  TokenKind kind;
  std::string_view text;
};
constexpr Spelling kKeywords[] = {
#define LATHE_KEYWORD(name, text) {TokenKind::name, text},
#include "compiler/frontend/torch/python/token_kinds.def"
};
constexpr Spelling kOperators[] = {
#define LATHE_OPERATOR(name, text) {TokenKind::name, text},
#include "compiler/frontend/torch/python/token_kinds.def"
};

bool is_string_prefix(std::string_view text) {
  if (text.size() > 2) return false;
  std::string lower(text);
  for (char& c : lower) c = static_cast<char>(c | 0x20);
  constexpr std::array<std::string_view, 8> kPrefixes = {"r", "b", "u", "f", "rb", "br", "rf", "fr"};
  return std::find(kPrefixes.begin(), kPrefixes.end(), lower) != kPrefixes.end();
}

bool is_hex_digit(char c) { return is_digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }
bool is_octal_digit(char c) { return c >= '0' && c <= '7'; }
bool is_binary_digit(char c) { return c == '0' || c == '1'; }

/// Characters beyond ASCII that are no part of names: punctuation, signs and blanks of the common blocks.
bool is_foreign_punctuation(uint32_t c) {
  return (c >= 0x80 && c <= 0xbf && c != 0xaa && c != 0xb5 && c != 0xb7 && c != 0xba) || c == 0xd7 || c == 0xf7 ||
         (c >= 0x2000 && c <= 0x206f && c != 0x203f && c != 0x2040) || (c >= 0x20a0 && c <= 0x20cf) ||
         (c >= 0x2190 && c <= 0x2bff) || (c >= 0x3000 && c <= 0x3004) || (c >= 0x3008 && c <= 0x3020) ||
         (c >= 0xff00 && c <= 0xff0f) || (c >= 0xff1a && c <= 0xff20) || c == 0xfeff ||
         (c >= 0x1f000 && c <= 0x1faff) || (c >= 0xd800 && c <= 0xf8ff);
}

/// What the user probably meant to type.
std::string_view ascii_look_alike(uint32_t c) {
  if (c == 0x201c || c == 0x201d || c == 0x201e || c == 0xff02) return "\"";
  if (c == 0x2018 || c == 0x2019 || c == 0x201a || c == 0xb4 || c == 0xff07) return "'";
  if (c == 0x2010 || c == 0x2011 || c == 0x2012 || c == 0x2013 || c == 0x2014 || c == 0xff0d) return "-";
  if (c == 0xff08) return "(";
  if (c == 0xff09) return ")";
  if (c == 0xff0c || c == 0x3001) return ",";
  if (c == 0xff1a) return ":";
  if (c == 0xff1d) return "=";
  if (c == 0xd7 || c == 0x2217) return "*";
  if (c == 0xf7 || c == 0x2215) return "/";
  if (c == 0xa0 || c == 0x3000 || c == 0x200b || c == 0x202f || (c >= 0x2000 && c <= 0x200a)) return " ";
  return "";
}

}  // namespace

/// Reports the character at the current place and skips it; false when it is part of names.
bool Lexer::unusual_character() {
  const std::optional<Utf8Character> character = decode_utf8(text_.substr(at_, std::min<uint32_t>(4, end_ - at_)));
  const uint32_t begin = at_;
  if (!character) {
    ++at_;
    fault(begin, at_, "the file is not valid UTF-8 here");
  } else if (is_foreign_punctuation(character->code)) {
    at_ += character->size;
    const std::string_view meant = ascii_look_alike(character->code);
    fault(begin, at_,
          fmt::format("unexpected character U+{:04X}{}", character->code,
                      meant == " "    ? ": a blank of another kind; use a plain one"
                      : meant.empty() ? std::string()
                                      : fmt::format("; did you mean `{}`?", meant)));
  } else {
    return false;
  }
  push(TokenKind::Fault, begin);
  return true;
}

void Lexer::name_or_string() {
  const uint32_t begin = at_;
  while (at_ < end_ && is_name_part(text_[at_])) {
    if (static_cast<unsigned char>(text_[at_]) < 0x80) {
      ++at_;
      continue;
    }
    const std::optional<Utf8Character> character = decode_utf8(text_.substr(at_, std::min<uint32_t>(4, end_ - at_)));
    if (!character || is_foreign_punctuation(character->code)) break;
    at_ += character->size;
  }
  if (at_ == begin) {
    (void)unusual_character();
    return;
  }
  const std::string_view name = text_.substr(begin, at_ - begin);
  if ((peek() == '"' || peek() == '\'') && is_string_prefix(name)) {
    string(begin);
    return;
  }
  const auto* keyword = std::find_if(std::begin(kKeywords), std::end(kKeywords),
                                     [&](const Spelling& row) { return row.text[0] == name[0] && row.text == name; });
  push(keyword != std::end(kKeywords) ? keyword->kind : TokenKind::Name, begin);
}

/// A string whose opening quote is at the current place; `begin` is that of its prefix.
void Lexer::string(uint32_t begin) {
  const char quote = peek();
  const uint32_t opening = at_;
  const bool triple = peek(1) == quote && peek(2) == quote;
  at_ += triple ? 3 : 1;
  while (at_ < end_) {
    const char c = text_[at_];
    if (c == '\\') {
      ++at_;
      if (at_line_end()) {
        skip_line_end();
      } else if (at_ < end_) {
        ++at_;
      }
    } else if (c == quote && (!triple || (peek(1) == quote && peek(2) == quote))) {
      at_ += triple ? 3 : 1;
      push(TokenKind::String, begin);
      return;
    } else if (!triple && (c == '\n' || c == '\r')) {
      break;
    } else {
      ++at_;
    }
  }
  const uint32_t shown = triple ? opening + 3 : at_;
  fault(begin, shown,
        fmt::format("this string is never closed: `{}` is missing{}", std::string(triple ? 3 : 1, quote),
                    triple ? "" : " at the end of the line"));
  string_fault_in_brackets_ = true;
  push(TokenKind::Fault, begin);
}

/// Digits that may have single `_` between them; `begin` is that of the number.
void Lexer::digits(bool (*is_digit)(char), const char* what, uint32_t begin) {
  while (is_digit(peek()) || peek() == '_') {
    const bool separator = peek() == '_';
    ++at_;
    if (separator && !is_digit(peek())) {
      fault(begin, at_, fmt::format("`_` in a {} number must stand between digits", what));
      push(TokenKind::Fault, begin);
      return;
    }
  }
}

/// Refuses a number that runs into a name, except for the words that may follow directly (`1if x else 2`).
void Lexer::end_of_number(uint32_t begin, const char* what) {
  if (!is_name_part(peek())) return;
  const std::string_view rest = text_.substr(at_, end_ - at_);
  for (const std::string_view word : {"and", "else", "for", "if", "in", "is", "not", "or"}) {
    if (rest.starts_with(word)) return;
  }
  while (at_ < end_ && is_name_part(text_[at_])) ++at_;
  fault(
      begin, at_,
      fmt::format("`{}` is no {} number, and a name can't start with a digit", text_.substr(begin, at_ - begin), what));
  tokens_.back().kind = TokenKind::Fault;
  tokens_.back().end = at_;
}

void Lexer::number() {
  const uint32_t begin = at_;
  const size_t before = tokens_.size();
  const char letter = static_cast<char>(peek(1) | 0x20);
  if (peek() == '0' && (letter == 'x' || letter == 'o' || letter == 'b')) {
    const char* what = letter == 'x' ? "hexadecimal" : letter == 'o' ? "octal" : "binary";
    const auto is_valid = letter == 'x' ? is_hex_digit : letter == 'o' ? is_octal_digit : is_binary_digit;
    at_ += 2;
    const uint32_t first = at_;
    digits(is_valid, what, begin);
    if (tokens_.size() > before) return;
    push(at_ > first ? TokenKind::Integer : TokenKind::Fault, begin);
    if (at_ == first || is_digit(peek())) {
      while (at_ < end_ && is_name_part(text_[at_])) ++at_;
      fault(begin, at_, fmt::format("`{}` is no {} number", text_.substr(begin, at_ - begin), what));
      tokens_.back() = {TokenKind::Fault, begin, at_};
      return;
    }
    end_of_number(begin, what);
    return;
  }
  TokenKind kind = TokenKind::Integer;
  digits(is_digit, "decimal", begin);
  if (tokens_.size() == before && peek() == '.') {
    kind = TokenKind::Float;
    ++at_;
    if (is_digit(peek())) digits(is_digit, "decimal", begin);
  }
  if (tokens_.size() > before) return;
  if (peek() == 'e' || peek() == 'E') {
    const bool sign = peek(1) == '+' || peek(1) == '-';
    if (is_digit(peek(sign ? 2 : 1))) {
      kind = TokenKind::Float;
      at_ += sign ? 2 : 1;
      digits(is_digit, "decimal", begin);
      if (tokens_.size() > before) return;
    }
  }
  if (peek() == 'j' || peek() == 'J') {
    kind = TokenKind::Imaginary;
    ++at_;
  }
  push(kind, begin);
  const std::string_view spelled = text_.substr(begin, at_ - begin);
  if (kind == TokenKind::Integer && spelled[0] == '0' && spelled.find_first_not_of("0_") != std::string_view::npos) {
    fault(begin, at_, "a decimal number can't start with 0; an octal one starts with `0o`");
    tokens_.back().kind = TokenKind::Fault;
    return;
  }
  end_of_number(begin, "decimal");
}

void Lexer::operator_or_fault() {
  const uint32_t begin = at_;
  const std::string_view rest = text_.substr(at_, std::min<uint32_t>(3, end_ - at_));
  const auto* found = std::find_if(std::begin(kOperators), std::end(kOperators), [&](const Spelling& row) {
    return rest[0] == row.text[0] && rest.starts_with(row.text);
  });
  if (found != std::end(kOperators)) {
    at_ += static_cast<uint32_t>(found->text.size());
    const char c = found->text[0];
    if (c == ')' || c == ']' || c == '}') {
      close_bracket(c);
      return;
    }
    if (c == '(' || c == '[' || c == '{') open_bracket(c);
    push(found->kind, begin);
    return;
  }
  const char c = text_[at_++];
  if (c == '\\') {
    fault(begin, at_, "`\\` joins this line to the next only when it is the last character of the line");
  } else if (c == '!') {
    fault(begin, at_, "unexpected character `!`; did you mean `not` or `!=`?");
  } else if (c > ' ' && c < 0x7f) {
    fault(begin, at_, fmt::format("unexpected character `{}`", c));
  } else {
    fault(begin, at_, fmt::format("unexpected character with code {}", static_cast<unsigned char>(c)));
  }
  push(TokenKind::Fault, begin);
}

}  // namespace lathe::torch
