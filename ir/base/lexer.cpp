// Tokens of the textual IRs, escapes, and the text of floating-point numbers. The cursor is in token_cursor.cpp.
#include "ir/base/lexer.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <limits>

namespace lathe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }
bool is_name(char c) { return is_letter(c) || is_digit(c) || c == '.'; }
bool is_beyond_ascii(char c) { return static_cast<unsigned char>(c) >= 0x80; }

int hex_value(char c) {
  if (is_digit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

class Lexer {
 public:
  Lexer(std::string_view text, FileId file) : text_(text), file_(file) {}

  std::vector<Token> run() {
    while (skip_blanks(), position_ < text_.size()) read_token();
    add(TokenKind::End, position_, position_, position_);
    return std::move(tokens_);
  }

 private:
  [[nodiscard]] char at(size_t position) const { return position < text_.size() ? text_[position] : '\0'; }

  // `inside` and `inside_end` bound the text of the token, which starts at `begin` and ends at position_.
  void add(TokenKind kind, size_t begin, size_t inside, size_t inside_end) {
    tokens_.push_back(Token{kind, text_.substr(inside, inside_end - inside),
                            Span{file_, static_cast<uint32_t>(begin), static_cast<uint32_t>(position_)}});
  }
  void add(TokenKind kind, size_t begin) { add(kind, begin, begin, position_); }

  void skip_blanks() {
    while (position_ < text_.size()) {
      const char c = text_[position_];
      if (c == ' ' || c == '\t' || c == '\n' || c == '\r') {
        ++position_;
      } else if (c == '/' && at(position_ + 1) == '/') {
        position_ = std::min(text_.find('\n', position_), text_.size());
      } else {
        return;
      }
    }
  }

  void read_token() {
    const size_t begin = position_;
    const char c = text_[begin];
    if (is_letter(c)) {
      read_name();
      const std::string_view word = text_.substr(begin, position_ - begin);
      add(word == "inf" || word == "nan" ? TokenKind::Float : TokenKind::Identifier, begin);
    } else if (is_digit(c) || (c == '-' && is_digit(at(begin + 1)))) {
      read_number(begin);
    } else if (c == '-' && (text_.substr(begin + 1, 3) == "inf" || text_.substr(begin + 1, 3) == "nan") &&
               !is_name(at(begin + 4))) {
      position_ += 4;
      add(TokenKind::Float, begin);
    } else if (c == '%' || c == '@') {
      read_sigil(begin);
    } else if (c == '"') {
      ++position_;
      const bool closed = read_string();
      add(closed ? TokenKind::String : TokenKind::Error, begin, closed ? begin + 1 : begin,
          position_ - (closed ? 1 : 0));
    } else if (c == '-' && at(begin + 1) == '>') {
      position_ += 2;
      add(TokenKind::Punctuation, begin);
    } else if (std::string_view("(){}[]<>,:=*+-/?").find(c) != std::string_view::npos) {
      ++position_;
      add(TokenKind::Punctuation, begin);
    } else {
      ++position_;
      // The bytes of one UTF-8 character stay together.
      while (is_beyond_ascii(c) && position_ < text_.size() && is_beyond_ascii(text_[position_])) ++position_;
      add(TokenKind::Error, begin);
    }
  }

  void read_name() {
    while (position_ < text_.size() && is_name(text_[position_])) ++position_;
  }

  void read_digits() {
    while (is_digit(at(position_))) ++position_;
  }

  void read_number(size_t begin) {
    if (text_[position_] == '-') ++position_;
    bool is_whole = true;
    if (at(position_) == '0' && (at(position_ + 1) == 'x' || at(position_ + 1) == 'X')) {
      position_ += 2;
      while (hex_value(at(position_)) >= 0) ++position_;
    } else {
      read_digits();
      if (at(position_) == '.' && is_digit(at(position_ + 1))) {
        is_whole = false;
        ++position_;
        read_digits();
      }
      if (at(position_) == 'e' || at(position_) == 'E') {
        const size_t sign = at(position_ + 1) == '-' || at(position_ + 1) == '+' ? 1 : 0;
        if (is_digit(at(position_ + 1 + sign))) {
          is_whole = false;
          position_ += 1 + sign;
          read_digits();
        }
      }
    }
    // `3x` is neither a number nor a name.
    const bool broken = is_letter(at(position_));
    if (broken) read_name();
    add(broken ? TokenKind::Error : is_whole ? TokenKind::Integer : TokenKind::Float, begin);
  }

  void read_sigil(size_t begin) {
    const TokenKind kind = text_[begin] == '%' ? TokenKind::Value : TokenKind::Symbol;
    ++position_;
    if (at(position_) == '"') {
      ++position_;
      const bool closed = read_string();
      add(closed ? kind : TokenKind::Error, begin, closed ? begin + 2 : begin, position_ - (closed ? 1 : 0));
      return;
    }
    read_name();
    const bool is_empty = position_ == begin + 1;
    add(is_empty ? TokenKind::Error : kind, begin, begin + (is_empty ? 0 : 1), position_);
  }

  // Reads to behind the closing quote; false when the line or the text ends first.
  bool read_string() {
    while (position_ < text_.size() && text_[position_] != '\n') {
      const char c = text_[position_++];
      if (c == '"') return true;
      if (c == '\\' && position_ < text_.size() && text_[position_] != '\n') ++position_;
    }
    return false;
  }

  std::string_view text_;
  FileId file_;
  size_t position_ = 0;
  std::vector<Token> tokens_;
};

}  // namespace

std::vector<Token> tokenize(std::string_view text, FileId file) {
  if (text.size() >= std::numeric_limits<uint32_t>::max()) {
    return {Token{TokenKind::Error, text.substr(0, 1), Span{file, 0, 1}}, Token{TokenKind::End, {}, Span{file, 1, 1}}};
  }
  return Lexer(text, file).run();
}

std::string unescape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      result += text[i];
      continue;
    }
    const char c = text[++i];
    if (c == 'n') {
      result += '\n';
    } else if (c == 't') {
      result += '\t';
    } else if (c == 'x' && i + 2 < text.size() && hex_value(text[i + 1]) >= 0 && hex_value(text[i + 2]) >= 0) {
      result += static_cast<char>(hex_value(text[i + 1]) * 16 + hex_value(text[i + 2]));
      i += 2;
    } else {
      result += c;
    }
  }
  return result;
}

std::string escape(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '\n') {
      result += "\\n";
    } else if (c == '\t') {
      result += "\\t";
    } else if (c == '\\' || c == '"') {
      result += '\\';
      result += c;
    } else if (byte < 0x20 || byte >= 0x7F) {
      result += fmt::format("\\x{:02X}", byte);
    } else {
      result += c;
    }
  }
  return result;
}

std::string float_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  constexpr size_t kLongest = 32;
  std::array<char, kLongest> buffer;
  const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value).ptr;
  std::string text(buffer.data(), end);
  if (text.find_first_of(".e") == std::string::npos) text += ".0";
  return text;
}

}  // namespace lathe
