// The state of one run of the lexer. Only lexer*.cpp include this.
#pragma once

#include <string>

#include "compiler/frontend/torch/python/lexer.h"

namespace lathe::torch {

class Lexer {
 public:
  Lexer(FileId file, uint32_t begin, uint32_t end, LocationTable& locations, Diagnostics& diagnostics)
      : file_(file),
        text_(locations.file(file).text),
        at_(begin),
        end_(end),
        locations_(locations),
        diagnostics_(diagnostics) {}

  std::vector<Token> file_tokens();
  std::vector<Token> part_tokens();

 private:
  struct Bracket {
    char open;
    uint32_t offset;
  };
  /// Columns with tabs to multiples of 8, and with tabs as 1: both must agree on what is deeper.
  struct Indentation {
    uint32_t column = 0;
    uint32_t alternative = 0;
  };
  /// Where a statement with an unclosed bracket may have ended: the first line in it that is not indented deeper.
  struct Resumption {
    size_t tokens = 0;
    uint32_t offset = 0;
    bool valid = false;
  };

  [[nodiscard]] char peek(uint32_t ahead = 0) const { return at_ + ahead < end_ ? text_[at_ + ahead] : '\0'; }
  [[nodiscard]] bool at_line_end() const { return at_ < end_ && (text_[at_] == '\n' || text_[at_] == '\r'); }
  void push(TokenKind kind, uint32_t begin) { tokens_.push_back({kind, begin, at_}); }
  void fault(uint32_t begin, uint32_t end, std::string message);
  void skip_line_end();
  void skip_comment();
  /// Blanks, comments and joined lines inside of a line; false at its end.
  bool skip_blanks();

  void start_line();
  Indentation measure_indentation();
  void indent_to(Indentation indentation, uint32_t line_begin);
  void end_line();
  void note_line_in_brackets();
  /// Reports the innermost open bracket and goes back to where its statement may have ended.
  void give_up_brackets(uint32_t statement_begin);

  void token();
  void name_or_string();
  void string(uint32_t begin);
  void number();
  void digits(bool (*is_digit)(char), const char* what, uint32_t begin);
  void end_of_number(uint32_t begin, const char* what);
  void operator_or_fault();
  void open_bracket(char open) { brackets_.push_back({open, at_ - 1}); }
  void close_bracket(char close);
  bool unusual_character();

  FileId file_;
  std::string_view text_;
  uint32_t at_;
  uint32_t end_;
  LocationTable& locations_;
  Diagnostics& diagnostics_;
  std::vector<Token> tokens_;
  std::vector<Bracket> brackets_;
  std::vector<Indentation> indentations_{Indentation{}};
  Resumption resumption_;
  uint32_t line_offset_ = 0;        ///< of the logical line
  uint32_t resumptions_left_ = 20;  ///< so that going back stays linear
  size_t line_tokens_ = 0;          ///< tokens before the logical line
  bool string_fault_in_brackets_ = false;
};

[[nodiscard]] inline bool is_digit(char c) { return c >= '0' && c <= '9'; }
[[nodiscard]] inline bool is_name_start(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || static_cast<unsigned char>(c) >= 0x80;
}
[[nodiscard]] inline bool is_name_part(char c) { return is_name_start(c) || is_digit(c); }

}  // namespace lathe::torch
