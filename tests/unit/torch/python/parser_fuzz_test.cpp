// The lexer and the parser on damaged programs, within a time budget: no crash, no hang, and every place lies in the
// text.
//
// LATHE_FUZZ_SECONDS sets the budget (default 6), LATHE_FUZZ_SEED the first seed. A failure prints the seed.
#include <chrono>
#include <cstdlib>
#include <random>

#include <gtest/gtest.h>

#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {
namespace {

int64_t setting(const char* name, int64_t otherwise) {
  const char* value = std::getenv(name);
  return value == nullptr ? otherwise : std::atoll(value);
}

constexpr const char* kSample = R"(import torch.nn as nn
from .parts import *
@decorator(1, *a, key=[2, {3: 4, **b}])
class Net(nn.Module, metaclass=M):
    """Docs"""
    def __init__(self, c: int = 3, /, *args, k=1, **kw) -> None:
        super().__init__()
        self.body = nn.Sequential(*[nn.Linear(i, j) for i, j in zip(d[:-1], d[1:]) if i != j or not k])
        self.x, (self.y, *self.z) = 0x1F, 1_000.5e-3, 'a\n' r"b\d" f"{c!r:>{k}.2f}{c=}"
    def forward(self, x):
        global G; nonlocal_ = lambda q=1, *r: q if r else ~q ** -2
        try:
            while (n := len(x)) > 1 <= 2 is not None:
                x = x[..., None, ::2] @ y; x //= 2
                if n: break
                elif m: continue
                else: del x[0], y.z
        except (A, B) as e:
            raise E("a") from e
        finally:
            with a as b, c: assert b, 'no'
        for i, in ((yield), *t): yield from {1, 2}
        return {k: v for k, v in x.items()} if x else (1,)
)";
constexpr const char* kPieces[] = {"(",
                                   ")",
                                   "[",
                                   "]",
                                   "{",
                                   "}",
                                   "'",
                                   "\"",
                                   "\"\"\"",
                                   "f'",
                                   "{x",
                                   "}}",
                                   "\n",
                                   "\r\n",
                                   "\t",
                                   "    ",
                                   "\\\n",
                                   "#",
                                   ":",
                                   ",",
                                   "=",
                                   "def ",
                                   "class ",
                                   "if ",
                                   "else:",
                                   "elif x:",
                                   "lambda ",
                                   "for ",
                                   " in ",
                                   "async ",
                                   "await ",
                                   "yield ",
                                   "*",
                                   "**",
                                   ":=",
                                   "->",
                                   "...",
                                   "0x",
                                   "1e",
                                   "1_",
                                   "@",
                                   ";",
                                   "match x:\n    case 1:\n        pass\n",
                                   "\xe2\x80\x9c",
                                   "\xff",
                                   "global x\n",
                                   "not ",
                                   "-",
                                   "import ",
                                   "from . import (",
                                   "\f",
                                   "\x01",
                                   "print 'x'",
                                   "type X = 1",
                                   "b''",
                                   "3j"};

/// The sample with a few pieces inserted, taken out, doubled or replaced.
std::string damaged(uint64_t seed) {
  std::mt19937_64 random(seed);
  const auto below = [&](size_t count) { return static_cast<size_t>(random() % std::max<size_t>(1, count)); };
  std::string text = kSample;
  for (size_t edits = 1 + below(12); edits > 0; --edits) {
    const size_t at = below(text.size());
    switch (below(6)) {
      case 0: text.insert(at, kPieces[below(std::size(kPieces))]); break;
      case 1: text.erase(at, 1 + below(20)); break;
      case 2: text.insert(at, text.substr(below(text.size()), below(80))); break;
      case 3: text[at] = static_cast<char>(random()); break;
      case 4: text.resize(at); break;
      default: {
        const std::string piece = kPieces[below(std::size(kPieces))];
        for (size_t i = below(300); i > 0; --i) text.insert(at, piece);
      }
    }
    if (text.empty()) text = "x";
  }
  return text;
}

TEST(ParserFuzz, DamagedProgramsAreReadOrRefused) {
  const auto seconds = std::chrono::seconds(setting("LATHE_FUZZ_SECONDS", 6));
  const auto start = std::chrono::steady_clock::now();
  auto seed = static_cast<uint64_t>(setting("LATHE_FUZZ_SEED", 1));
  int runs = 0;
  do {
    const std::string text = damaged(seed);
    LocationTable locations;
    Diagnostics diagnostics;
    NameTable names;
    const FileId file = locations.add_file("fuzz.py", text);
    const Ast ast = parse_file(file, names, locations, diagnostics);
    for (const Expression& expression : ast.expressions) {
      ASSERT_LE(expression.span.begin, expression.span.end) << "seed " << seed;
      ASSERT_LE(expression.span.end, text.size()) << "seed " << seed;
    }
    for (const Statement& statement : ast.statements) {
      ASSERT_LE(statement.span.begin, statement.span.end) << "seed " << seed;
      ASSERT_LE(statement.span.end, text.size()) << "seed " << seed;
    }
    uint32_t last = 0;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      const Span span = std::get<Span>(locations[diagnostic.where]);
      ASSERT_LE(span.end, text.size()) << "seed " << seed;
      ASSERT_LE(last, span.begin) << "seed " << seed << ": faults are out of order";
      last = span.begin;
    }
    ASSERT_FALSE(dump(ast, names).empty() && diagnostics.all().empty() && text.find("pass") != std::string::npos);
    ++seed;
    ++runs;
  } while (std::chrono::steady_clock::now() - start < seconds);
  RecordProperty("programs", runs);
}

TEST(ParserFuzz, WorkIsLinearInTheText) {
  const auto repeated = [](const std::string& piece) {
    std::string text;
    while (text.size() < 400'000) text += piece;
    return text;
  };
  const auto start = std::chrono::steady_clock::now();
  for (const char* piece : {"(",    "(\n",      "[x\n",     "def f(\n", "x = (\n",   "'''",    "f'{",
                            "\\\n", "if x:\n ", "a = b = ", "x: ",      "with (a, ", "match ", "match x:\n",
                            "@",    "else:\n",  "try:\n",   "lambda ",  "1 if ",     "* ",     "\t \n  x\n"}) {
    LocationTable locations;
    Diagnostics diagnostics;
    NameTable names;
    const FileId file = locations.add_file("fuzz.py", repeated(piece));
    (void)parse_file(file, names, locations, diagnostics);
  }
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(60));
}

}  // namespace
}  // namespace lathe::torch
