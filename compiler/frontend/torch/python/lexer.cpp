// Lines, indentation and brackets of the lexer; single tokens are in lexer_tokens.cpp.
#include "compiler/frontend/torch/python/lexer.h"

#include <algorithm>
#include <array>

#include "compiler/frontend/torch/python/lexer_internals.h"

namespace lathe::torch {
namespace {

constexpr std::string_view kDescriptions[] = {
#define LATHE_TOKEN(name, text) text,
#define LATHE_KEYWORD(name, text) "`" text "`",
#define LATHE_OPERATOR(name, text) "`" text "`",
#include "compiler/frontend/torch/python/token_kinds.def"
};

/// A statement starts here for certain: no expression holds these words.
bool only_starts_statements(TokenKind kind) {
  constexpr std::array kKinds = {TokenKind::Def,   TokenKind::Class,    TokenKind::Return, TokenKind::Import,
                                 TokenKind::While, TokenKind::Try,      TokenKind::Except, TokenKind::Finally,
                                 TokenKind::Raise, TokenKind::Assert,   TokenKind::Del,    TokenKind::Pass,
                                 TokenKind::Break, TokenKind::Continue, TokenKind::Global, TokenKind::Nonlocal,
                                 TokenKind::With,  TokenKind::Elif};
  return std::find(kKinds.begin(), kKinds.end(), kind) != kKinds.end();
}

bool first_in_line(std::string_view text, uint32_t offset) {
  while (offset > 0 && (text[offset - 1] == ' ' || text[offset - 1] == '\t')) --offset;
  return offset == 0 || text[offset - 1] == '\n' || text[offset - 1] == '\r';
}

}  // namespace

std::string_view describe(TokenKind kind) { return kDescriptions[static_cast<size_t>(kind)]; }

bool is_keyword(TokenKind kind) { return kind >= TokenKind::False && kind <= TokenKind::Yield; }

std::vector<Token> tokenize(FileId file, LocationTable& locations, Diagnostics& diagnostics) {
  const auto size = static_cast<uint32_t>(locations.file(file).text.size());
  return Lexer(file, 0, size, locations, diagnostics).file_tokens();
}

std::vector<Token> tokenize_part(FileId file, uint32_t begin, uint32_t end, LocationTable& locations,
                                 Diagnostics& diagnostics) {
  return Lexer(file, begin, end, locations, diagnostics).part_tokens();
}

void Lexer::fault(uint32_t begin, uint32_t end, std::string message) {
  (void)diagnostics_.report(DiagnosticKind::Syntax, locations_.add_span(file_, begin, end), "{}", message).emit();
}

std::vector<Token> Lexer::file_tokens() {
  if (text_.substr(at_, 3) == "\xef\xbb\xbf") at_ += 3;
  start_line();
  while (true) {
    if (skip_blanks()) {
      token();
      continue;
    }
    if (at_ < end_) {
      end_line();
      continue;
    }
    if (brackets_.empty()) break;
    give_up_brackets(end_);
  }
  if (tokens_.size() > line_tokens_) push(TokenKind::Newline, at_);
  for (size_t i = 1; i < indentations_.size(); ++i) push(TokenKind::Dedent, at_);
  push(TokenKind::End, at_);
  return std::move(tokens_);
}

std::vector<Token> Lexer::part_tokens() {
  resumptions_left_ = 0;
  const size_t outer = brackets_.size();
  brackets_.push_back({'{', at_});
  while (at_ < end_) {
    if (skip_blanks()) {
      token();
    } else if (at_ < end_) {
      skip_line_end();
    }
  }
  if (brackets_.size() > outer + 1) {
    const Bracket open = brackets_.back();
    fault(open.offset, open.offset + 1, fmt::format("`{}` is never closed", open.open));
    push(TokenKind::Unclosed, at_);
  }
  push(TokenKind::End, at_);
  return std::move(tokens_);
}

void Lexer::skip_line_end() {
  if (peek() == '\r') {
    ++at_;
    if (peek() == '\n') ++at_;
  } else if (peek() == '\n') {
    ++at_;
  }
}

void Lexer::skip_comment() {
  while (at_ < end_ && !at_line_end()) ++at_;
}

bool Lexer::skip_blanks() {
  while (at_ < end_) {
    const char c = text_[at_];
    if (c == ' ' || c == '\t' || c == '\f') {
      ++at_;
    } else if (c == '#') {
      skip_comment();
    } else if (c == '\\' && (peek(1) == '\n' || peek(1) == '\r')) {
      ++at_;
      skip_line_end();
      if (at_ >= end_) {
        fault(at_, at_, "the file ends after a `\\` that joins lines");
        push(TokenKind::Fault, at_);
      }
    } else {
      return !at_line_end();
    }
  }
  return false;
}

Lexer::Indentation Lexer::measure_indentation() {
  Indentation indentation;
  for (; at_ < end_; ++at_) {
    const char c = text_[at_];
    if (c == ' ') {
      ++indentation.column;
      ++indentation.alternative;
    } else if (c == '\t') {
      indentation.column = indentation.column / 8 * 8 + 8;
      ++indentation.alternative;
    } else if (c == '\f') {
      indentation = {};
    } else {
      break;
    }
  }
  return indentation;
}

/// Skips empty lines and places Indent and Dedent before the first token of a logical line.
void Lexer::start_line() {
  while (at_ < end_) {
    const uint32_t begin = at_;
    const Indentation indentation = measure_indentation();
    if (peek() == '#') skip_comment();
    if (at_line_end()) {
      skip_line_end();
      continue;
    }
    if (at_ >= end_) break;
    indent_to(indentation, begin);
    break;
  }
  line_offset_ = at_;
  line_tokens_ = tokens_.size();
}

void Lexer::indent_to(Indentation indentation, uint32_t line_begin) {
  const auto mixed = [&] {
    fault(line_begin, at_, "tabs and spaces are mixed: which block this line belongs to depends on the width of a tab");
  };
  const Indentation& current = indentations_.back();
  if (indentation.column == current.column) {
    if (indentation.alternative != current.alternative) mixed();
    return;
  }
  if (indentation.column > current.column) {
    if (indentation.alternative <= current.alternative) mixed();
    indentations_.push_back(indentation);
    tokens_.push_back({TokenKind::Indent, line_begin, at_});
    return;
  }
  while (indentation.column < indentations_.back().column) {
    const Indentation left = indentations_.back();
    indentations_.pop_back();
    if (indentation.column > indentations_.back().column) {
      fault(line_begin, at_,
            fmt::format("this line is indented by {}, which is no block around it: those are at {} and {}",
                        indentation.column, indentations_.back().column, left.column));
      indentations_.push_back(indentation);
      return;
    }
    tokens_.push_back({TokenKind::Dedent, at_, at_});
  }
  if (indentation.alternative != indentations_.back().alternative) mixed();
}

void Lexer::end_line() {
  if (!brackets_.empty()) {
    skip_line_end();
    note_line_in_brackets();
    return;
  }
  const uint32_t begin = at_;
  skip_line_end();
  if (tokens_.size() > line_tokens_) push(TokenKind::Newline, begin);
  start_line();
}

/// Remembers a line that looks like a new statement, for the case that the bracket turns out to be open for good.
void Lexer::note_line_in_brackets() {
  if (resumption_.valid) return;
  const uint32_t line_begin = at_;
  const Indentation indentation = measure_indentation();
  const bool has_token = at_ < end_ && !at_line_end() && peek() != '#' && is_name_start(peek());
  at_ = line_begin;
  if (has_token && indentation.column <= indentations_.back().column) resumption_ = {tokens_.size(), line_begin, true};
}

void Lexer::give_up_brackets(uint32_t statement_begin) {
  const Bracket open = brackets_.back();
  if (!string_fault_in_brackets_) {
    fault(open.offset, open.offset + 1, fmt::format("`{}` is never closed", open.open));
  }
  brackets_.clear();
  string_fault_in_brackets_ = false;
  if (resumption_.valid && resumptions_left_ > 0) {
    --resumptions_left_;
    tokens_.resize(resumption_.tokens);
    at_ = resumption_.offset;
  } else {
    at_ = statement_begin;
    while (at_ > line_offset_ && (text_[at_ - 1] == ' ' || text_[at_ - 1] == '\t')) --at_;
  }
  resumption_ = {};
  tokens_.push_back({TokenKind::Unclosed, open.offset, open.offset + 1});
  tokens_.push_back({TokenKind::Newline, at_, at_});
  start_line();
}

void Lexer::close_bracket(char close) {
  const uint32_t begin = at_ - 1;
  const char open = close == ')' ? '(' : close == ']' ? '[' : '{';
  const TokenKind kind = close == ')'   ? TokenKind::CloseParenthesis
                         : close == ']' ? TokenKind::CloseSquare
                                        : TokenKind::CloseBrace;
  if (!brackets_.empty() && brackets_.back().open == open) {
    brackets_.pop_back();
    push(kind, begin);
  } else if (brackets_.empty()) {
    fault(begin, at_, fmt::format("`{}` closes nothing: no `{}` is open here", close, open));
    push(TokenKind::Fault, begin);
  } else {
    const Bracket opened = brackets_.back();
    const uint32_t line = locations_.line_column(file_, opened.offset).line;
    (void)diagnostics_
        .report(DiagnosticKind::Syntax, locations_.add_span(file_, begin, at_),
                "`{}` doesn't close the `{}` that was opened on line {}", close, opened.open, line)
        .label(locations_.add_span(file_, opened.offset, opened.offset + 1), "opened here")
        .emit();
    brackets_.pop_back();
    push(TokenKind::Fault, begin);
  }
  if (brackets_.empty()) {
    resumption_ = {};
    string_fault_in_brackets_ = false;
  }
}

void Lexer::token() {
  const char c = text_[at_];
  const uint32_t begin = at_;
  if (is_name_start(c)) {
    name_or_string();
    if (!brackets_.empty() && resumptions_left_ > 0 && only_starts_statements(tokens_.back().kind) &&
        first_in_line(text_, begin)) {
      const Token word = tokens_.back();
      tokens_.pop_back();
      give_up_brackets(word.begin);
    }
  } else if (is_digit(c) || (c == '.' && is_digit(peek(1)))) {
    number();
  } else if (c == '"' || c == '\'') {
    string(begin);
  } else {
    operator_or_fault();
  }
}

}  // namespace lathe::torch
