// The lexer of Python source: a text becomes the list of its tokens, with line ends and indentation made explicit.
//
// Line ends inside of brackets are left out, a Newline ends every logical line, Indent and Dedent come in pairs, and
// the list ends with End. A faulty text is reported (LT0101) and becomes one Fault token, so that the parser knows that
// nothing more need be said about that line; a bracket that is never closed becomes Unclosed at the place where its
// statement is cut off. The work is linear in the text. Called by the parser only, once a file and once for every
// expression inside of an f-string.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "ir/base/diagnostic.h"

namespace lathe::torch {

enum class TokenKind : uint8_t {
#define LATHE_TOKEN(name, text) name,
#define LATHE_KEYWORD(name, text) name,
#define LATHE_OPERATOR(name, text) name,
#include "compiler/frontend/torch/python/token_kinds.def"
};

/// For messages: "`+=`", "a name", "the end of the line".
[[nodiscard]] std::string_view describe(TokenKind kind);
[[nodiscard]] bool is_keyword(TokenKind kind);

/// Bytes begin to end of the file. Newline, Indent and Dedent may be empty.
struct Token {
  TokenKind kind = TokenKind::End;
  uint32_t begin = 0;
  uint32_t end = 0;
};

/// The tokens of a whole file.
[[nodiscard]] std::vector<Token> tokenize(FileId file, LocationTable& locations, Diagnostics& diagnostics);
/// The tokens of an expression between two bytes of a file, as if in brackets.
[[nodiscard]] std::vector<Token> tokenize_part(FileId file, uint32_t begin, uint32_t end, LocationTable& locations,
                                               Diagnostics& diagnostics);

}  // namespace lathe::torch
