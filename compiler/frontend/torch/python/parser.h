// The parser of the Python subset: the whole grammar of Python 3.8 to 3.11 as far as model files use it.
//
// Recovers at the end of a statement, so that one run reports every syntax fault (LT0101) at its exact span. Python
// that is valid but never executed by Lathe becomes Unsupported nodes, which the evaluator reports when it reaches
// them. Nesting is limited, so that no text can exhaust the stack. Called by the evaluator and by tests.
#pragma once

#include "compiler/frontend/torch/python/ast.h"
#include "ir/base/diagnostic.h"

namespace lathe::torch {

/// Deepest nesting of expressions, and of blocks.
inline constexpr int kMaxNesting = 100;
/// Tallest tree of expressions, as in the chain `a.b.c.d` or `1 + 1 + 1`, and longest chain of `elif`, that of the
/// blocks around it included: whoever walks the tree recursively goes no deeper.
inline constexpr int kMaxChain = 400;

/// Parses the text of `file`. Faults are reported; the tree holds whatever could be read.
[[nodiscard]] Ast parse_file(FileId file, NameTable& names, LocationTable& locations, Diagnostics& diagnostics);
/// Parses the text of `file` as one expression, which becomes the only statement of the body.
[[nodiscard]] Ast parse_expression(FileId file, NameTable& names, LocationTable& locations, Diagnostics& diagnostics);
/// One line a node, indented: for tests and for people who look into the parser.
[[nodiscard]] std::string dump(const Ast& ast, const NameTable& names);

}  // namespace lathe::torch
