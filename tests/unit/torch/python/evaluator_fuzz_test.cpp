// Programs by chance: soups of tokens, and sample programs with lines and tokens exchanged. Whatever they say, the
// evaluator ends, within its budget and without harm. The seed is fixed.
#include <gtest/gtest.h>

#include <chrono>
#include <cstdlib>
#include <random>
#include <sstream>

#include "tests/unit/torch/python/evaluator_helper.h"

namespace lathe::torch {
namespace {

/// How long one test may go on; LATHE_FUZZ_SECONDS gives more time.
std::chrono::steady_clock::time_point deadline() {
  const char* given = std::getenv("LATHE_FUZZ_SECONDS");
  return std::chrono::steady_clock::now() + std::chrono::seconds(given == nullptr ? 2 : std::atoi(given));
}

constexpr Limits kSmall{.steps = 20'000, .objects = 20'000, .text_bytes = 1u << 18u};

constexpr const char* kTokens[] = {"x",          "y",          "self",
                                   "f",          "A",          "lab",
                                   "lab.size()", "lab.box()",  "lab.Layer",
                                   "print",      "len",        "range",
                                   "list",       "dict",       "str",
                                   "int",        "zip",        "map",
                                   "sorted",     "isinstance", "super()",
                                   "type",       "object",     "None",
                                   "True",       "...",        "0",
                                   "1",          "-1",         "3",
                                   "2.5",        "1e300",      "9223372036854775807",
                                   "'a'",        "''",         "f'{x!r:>5}'",
                                   "(",          ")",          "[",
                                   "]",          "{",          "}",
                                   ",",          ":",          ".",
                                   "=",          "==",         "<",
                                   "+",          "-",          "*",
                                   "**",         "/",          "//",
                                   "%",          "@",          "<<",
                                   ">>",         "&",          "|",
                                   "^",          "~",          "+=",
                                   "*=",         "not",        "and",
                                   "or",         "in",         "is",
                                   "if",         "else",       "for",
                                   "while",      "def",        "class",
                                   "return",     "yield",      "lambda",
                                   "try",        "except",     "finally",
                                   "raise",      "with",       "as",
                                   "import",     "from",       "del",
                                   "global",     "nonlocal",   "pass",
                                   "break",      "continue",   "assert",
                                   ":=",         "__init__",   "__getattr__",
                                   "__eq__",     "__iter__",   "__next__",
                                   "__enter__",  "append",     "format",
                                   "join",       "split",      "items",
                                   "\n",         "\n  ",       "\n    ",
                                   "\n"};

std::string read(const std::filesystem::path& path) {
  std::ostringstream text;
  text << std::ifstream(path, std::ios::binary).rdbuf();
  return std::move(text).str();
}

TEST(EvaluatorFuzz, SoupsOfTokens) {
  std::mt19937 random(20261122);
  const Program program;
  for (const auto end = deadline(); std::chrono::steady_clock::now() < end;) {
    std::string text = "import lab\nx = [1, 2]\ny = {'a': x}\n";
    for (uint32_t i = random() % 60; i > 0; --i) text += std::string(kTokens[random() % std::size(kTokens)]) + " ";
    static_cast<void>(program.run(text, kSmall));
  }
}

TEST(EvaluatorFuzz, StatementsByChance) {
  constexpr const char* kValues[] = {
      "x",      "y[0]",   "z",   "A(1)",    "A",      "lab.size()",       "lab.box()", "[x, 2]",
      "{1: x}", "(y, z)", "'s'", "None",    "2.5",    "range(3)",         "f",         "lambda q: q",
      "x[0:2]", "z.n",    "len", "list(y)", "str(x)", "{x for x in [1]}", "-z",        "10 ** 18",
      "super",  "iter(y)"};
  constexpr const char* kForms[] = {"{0} = {1} + {2}",
                                    "x = {1}[{2}]",
                                    "y = f({1}, {2})",
                                    "z = {1} if {2} else {0}",
                                    "x = [q for q in {1}]",
                                    "{0}.n = {1}",
                                    "y[{1}] = {2}",
                                    "x = {1} == {2}",
                                    "x = {1} in {2}",
                                    "for q in {1}: x = q",
                                    "z = A({1})",
                                    "print({1}, {2})",
                                    "x = f'{{{1}}}'",
                                    "y = '%s' % ({1},)",
                                    "del x[{1}]",
                                    "x += {1}",
                                    "y = {1} * {2}",
                                    "with {1} as q: x = q",
                                    "raise {1}",
                                    "assert {1}",
                                    "*x, y = {1}",
                                    "z = {1} < {2}",
                                    "x = {1}.__class__({2})",
                                    "x = {1}({2})",
                                    "class A({1}): pass",
                                    "y = {1} // {2}",
                                    "y = {1} % {2}",
                                    "x = sorted({1}, key={2})",
                                    "x = dict({1})",
                                    "x = {1}.{0}"};
  std::mt19937 random(7);
  const Program program;
  constexpr const char* kNames[] = {"x", "y", "z"};
  for (const auto end = deadline(); std::chrono::steady_clock::now() < end;) {
    std::string text =
        "import lab\nclass A:\n  n = 3\n  def __init__(self, q): self.q = q\n  def __eq__(self, o): return o == "
        "self.q\n"
        "  def __add__(self, o): return o + self.q\n  def __repr__(self): return repr(self.q)\n"
        "def f(a, b=2): return a\nx = [1, 2]\ny = {'a': x}\nz = A(x)\n";
    for (int line = 0; line < 25; ++line) {
      text += fmt::format(fmt::runtime(kForms[random() % std::size(kForms)]), kNames[random() % 3],
                          kValues[random() % std::size(kValues)], kValues[random() % std::size(kValues)]) +
              "\n";
    }
    static_cast<void>(program.run(text, kSmall));
  }
}

TEST(EvaluatorFuzz, MutatedPrograms) {
  const std::filesystem::path folder = LATHE_PROGRAMS;
  std::mt19937 random(11);
  const Program program;
  std::vector<std::vector<std::string>> originals;
  for (const char* name : {"classes", "control", "expressions", "functions"}) {
    std::istringstream stream(read(folder / (std::string(name) + ".py")));
    std::vector<std::string>& lines = originals.emplace_back();
    for (std::string line; std::getline(stream, line);) lines.push_back(line);
    ASSERT_FALSE(lines.empty());
  }
  for (const auto end = deadline(); std::chrono::steady_clock::now() < end;) {
    const std::vector<std::string>& lines = originals[random() % originals.size()];
    std::vector<std::string> changed = lines;
    for (uint32_t i = 1 + random() % 8; i > 0; --i) {
      std::string& line = changed[random() % changed.size()];
      switch (random() % 4) {
        case 0: line = lines[random() % lines.size()]; break;
        case 1: std::swap(line, changed[random() % changed.size()]); break;
        case 2: line.insert(random() % (line.size() + 1), kTokens[random() % std::size(kTokens)]); break;
        default: line.erase(random() % (line.size() + 1), 1 + random() % 4); break;
      }
    }
    std::string text;
    for (const std::string& line : changed) text += line + "\n";
    static_cast<void>(program.run(text, kSmall));
  }
}

}  // namespace
}  // namespace lathe::torch
