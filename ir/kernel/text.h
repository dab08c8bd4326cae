// The text form of kernels and programs: printing and parsing. docs/kernel-ir.md describes the grammar.
//
// print(parse(text)) == text for printed text; `lathe dump --emit=kernel` shows it, golden tests are written in it. The
// bytes of data are in the text up to kInlineBytes; larger data is named with its size and a hash, and is parsed as
// data without bytes, which can be verified but not run.
#pragma once

#include <string>
#include <string_view>

#include "ir/base/diagnostic.h"
#include "ir/base/lexer.h"
#include "ir/kernel/program.h"

namespace lathe::kernel {

/// Most bytes of data that stand in text.
inline constexpr size_t kInlineBytes = 256;

[[nodiscard]] std::string print(const Kernel& kernel);
[[nodiscard]] std::string print(const Program& program);
/// The line of one step, without indentation and line end.
[[nodiscard]] std::string print_step(const Program& program, const Step& step);
/// One line without its line end, for messages: the head of a loop, a let, a store. Values are named by their ids,
/// which are the numbers in the text for parsed kernels.
[[nodiscard]] std::string print_head(const Kernel& kernel, StatementId statement);

/// One `kernel`, which must be all of the text. Syntax only; see verify().
[[nodiscard]] Result<Kernel> parse_kernel(std::string_view text, FileId file, LocationTable& locations,
                                          Diagnostics& diagnostics);
/// One `kernel` at the cursor, which is left behind its closing brace.
[[nodiscard]] Result<Kernel> parse_kernel(TokenCursor& cursor);
/// Any number of kernels and one `program`.
[[nodiscard]] Result<Program> parse_program(std::string_view text, FileId file, LocationTable& locations,
                                            Diagnostics& diagnostics);

}  // namespace lathe::kernel
