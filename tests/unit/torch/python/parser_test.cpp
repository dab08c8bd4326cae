// The parser: trees of small programs, names of functions, and the messages of its faults with their exact places.
#include <string>

#include <gtest/gtest.h>

#include "compiler/frontend/torch/python/parser.h"

namespace lathe::torch {
namespace {

struct Parsed {
  std::string tree;
  std::string faults;  ///< "line:column code message" each, a line each
};

Parsed parse(const std::string& text) {
  LocationTable locations;
  Diagnostics diagnostics;
  NameTable names;
  const FileId file = locations.add_file("net.py", text);
  const Ast ast = parse_file(file, names, locations, diagnostics);
  Parsed parsed{dump(ast, names), ""};
  for (const Diagnostic& diagnostic : diagnostics.all()) {
    const Span span = std::get<Span>(locations[diagnostic.where]);
    const LineColumn place = locations.line_column(file, span.begin);
    parsed.faults += fmt::format("{}:{} {}\n", place.line, place.column, diagnostic.message);
  }
  return parsed;
}

std::string tree(const std::string& text) {
  const Parsed parsed = parse(text);
  return parsed.faults.empty() ? parsed.tree : "faults:\n" + parsed.faults;
}

std::string faults(const std::string& text) { return parse(text).faults; }

TEST(Parser, ModelClass) {
  EXPECT_EQ(tree("class Net(nn.Module):\n"
                 "    def __init__(self, width=64):\n"
                 "        super().__init__()\n"
                 "        self.fc = nn.Linear(28 * 28, width)\n"),
            R"(class Net
  bases
    attribute Module
      name nn
  def __init__
    parameter self
    parameter width
      default
        64
    locals self width
    call
      attribute __init__
        call
          name super
    assign
      target
        attribute fc
          name self
      call
        attribute Linear
          name nn
        binary *
          28
          28
        name width
)");
}

TEST(Parser, Precedence) {
  EXPECT_EQ(tree("-a ** -b * c + d @ e\n"), R"(binary +
  binary *
    unary -
      binary **
        name a
        unary -
          name b
    name c
  binary @
    name d
    name e
)");
  EXPECT_EQ(tree("not a < b <= c or d is not e and f not in g\n"), R"(or
  unary not
    compare < <=
      name a
      name b
      name c
  and
    compare is not
      name d
      name e
    compare not in
      name f
      name g
)");
  EXPECT_EQ(tree("a if b else c if d else e\n"), R"(conditional
  if
    name b
  then
    name a
  else
    conditional
      if
        name d
      then
        name c
      else
        name e
)");
}

TEST(Parser, Subscripts) {
  EXPECT_EQ(tree("x[:, None, ..., -1:0:2]\n"), R"(subscript
  name x
  tuple
    slice
    None
    ...
    slice
      from
        unary -
          1
      to
        0
      step
        2
)");
}

TEST(Parser, Numbers) {
  EXPECT_EQ(tree("[0xFf, 0o17, 0b1_01, 1_000, 1e3, .5, 1., 5_0.2_5e-1_0, 00]\n"), R"(list
  255
  15
  5
  1000
  float 1000
  float 0.5
  float 1
  float 5.025e-09
  0
)");
  EXPECT_EQ(tree("[3j, 99999999999999999999, 9223372036854775807]\n"), R"(list
  unsupported complex numbers
  unsupported an integer beyond 64 bits
  9223372036854775807
)");
}

TEST(Parser, Strings) {
  EXPECT_EQ(tree("a = 'x\\n\\x41' r'\\n' \"\"\"two\nlines\"\"\" '\\101\\u00e9\\d'\n"), R"(assign
  target
    name a
  "x\nA\\ntwo\nlinesAé\\d"
)");
  EXPECT_EQ(tree("b'x'\n"), "unsupported bytes\n");
}

TEST(Parser, FormatStrings) {
  EXPECT_EQ(tree("f'a{{b}}{x!r:>{w}.2f}{y=}' 'tail'\n"), R"(format
  "a{b}"
  field !r
    name x
  as
    format
      ">"
      field
        name w
      ".2f"
  "y="
  field !r
    name y
  "tail"
)");
  EXPECT_EQ(tree("f'{d[\"k\"]}{(lambda: 1)()}{a != b}{f\"{n}\"}'\n"), R"(format
  field
    subscript
      name d
      "k"
  field
    call
      lambda
        1
  field
    compare !=
      name a
      name b
  field
    format
      field
        name n
)");
}

TEST(Parser, ParametersOfEveryKind) {
  EXPECT_EQ(tree("def f(a, /, b: int, *args, c=1, **kwargs) -> None: pass\n"), R"(def f
  parameter a (positional)
  parameter b
    annotation
      name int
  parameter args (*)
  parameter c (keyword)
    default
      1
  parameter kwargs (**)
  locals a b args c kwargs
  pass
)");
}

TEST(Parser, LocalsOfFunctions) {
  EXPECT_TRUE(tree("def f():\n"
                   "    global g\n"
                   "    g = 1\n"
                   "    x = [y for i, j in z if (w := i)]\n"
                   "    import a.b\n"
                   "    for k in x: pass\n"
                   "    with x as m: pass\n"
                   "    def inner():\n"
                   "        nonlocal x\n"
                   "        x = yield\n")
                  .starts_with("def f\n  locals x w a k m inner\n  globals g\n"));
  EXPECT_NE(tree("def f():\n  def g():\n    nonlocal x\n    x = yield\n  x = 1\n")
                .find("  def g\n    nonlocals x\n    is a generator\n"),
            std::string::npos);
}

TEST(Parser, PrivateNamesBelongToTheirClass) {
  EXPECT_EQ(tree("class _Net:\n    __slots = 1\n    def f(self): return self.__x + self.__y__\n"), R"(class _Net
  assign
    target
      name _Net__slots
    1
  def f
    parameter self
    locals self
    return
      binary +
        attribute _Net__x
          name self
        attribute __y__
          name self
)");
}

TEST(Parser, SoftKeywordsAreNames) {
  EXPECT_EQ(tree("match = case.type(print)\n"), R"(assign
  target
    name match
  call
    attribute type
      name case
    name print
)");
  EXPECT_EQ(tree("match x:\n    case 1:\n        y\nz\n"), "unsupported `match` statements\nname z\n");
  EXPECT_EQ(tree("async def f():\n    await g()\n"), "unsupported `async def`\n");
}

TEST(Parser, LineEndings) {
  const std::string expected = "if\n  name a\n  then\n    name b\n    name c\nname d\n";
  EXPECT_EQ(tree("if a:\n  b; c\nd"), expected);
  EXPECT_EQ(tree("\xef\xbb\xbfif a:\r\n  b\r\n\r\n  # note\r\n  c\r\nd\r\n"), expected);
  EXPECT_EQ(tree("if \\\n a:\n\tb\n\tc\n\n\nd # end"), expected);
}

TEST(Parser, Faults) {
  EXPECT_EQ(faults("print \"x\"\ny = 1\n"),
            "1:1 `print` is a function in Python 3: expected `(` after it, as in `print(...)`\n");
  EXPECT_EQ(faults("if x\n    y\n"), "1:5 expected `:` after the condition of `if`, found the end of the line\n");
  EXPECT_EQ(faults("if x = 3:\n    y\n"),
            "1:6 expected `:` after the condition of `if`, found `=`; a comparison is written `==`\n");
  EXPECT_EQ(faults("if x:\n  a\nelse if y:\n  b\n"), "3:1 `else if` is written `elif`\n");
  EXPECT_EQ(faults("f(a b)\n"), "1:5 expected `,` or `)`, found the name `b`\n");
  EXPECT_EQ(faults("f() = 1\n"), "1:1 can't assign to the result of a call\n");
  EXPECT_EQ(faults("x = 1 +\n"), "1:8 expected an expression, found the end of the line\n");
  EXPECT_EQ(faults("class = 1\n"), "1:7 expected the name of a class, found `=`; a comparison is written `==`\n");
  EXPECT_EQ(faults("def f(a, a): pass\n"), "1:10 two parameters are named `a`\n");
  EXPECT_EQ(faults("return 1\nbreak\n"),
            "1:1 `return` stands outside of a function\n2:1 `break` stands outside of a loop\n");
  EXPECT_EQ(faults("f(a=1, 2)\n"), "1:8 a positional argument can't follow a keyword argument\n");
  EXPECT_EQ(faults("x.class\n"),
            "1:3 expected the name of an attribute after `.`, but `class` is a keyword of Python\n");
}

TEST(Parser, FaultsOfIndentation) {
  EXPECT_EQ(faults("if x:\ny\n"), "2:1 expected an indented block after the condition of `if`, found the name `y`\n");
  EXPECT_EQ(faults("x\n    y\nz\n"), "2:1 this line is indented, but no statement before it opens a block\n");
  EXPECT_EQ(faults("if x:\n        y\n    z\n"),
            "3:1 this line is indented by 4, which is no block around it: those are at 0 and 8\n");
  EXPECT_EQ(faults("if x:\n        y\n\tz\n"),
            "3:1 tabs and spaces are mixed: which block this line belongs to depends on the width of a tab\n");
}

TEST(Parser, FaultsOfBracketsAndStrings) {
  EXPECT_EQ(faults("net = f(\n    a,\n    b\nx = 1\ndef g(): pass\n"), "1:8 `(` is never closed\n");
  EXPECT_EQ(faults("x = [1, 2)\n"), "1:10 `)` doesn't close the `[` that was opened on line 1\n");
  EXPECT_EQ(faults("x = 1)\n"), "1:6 `)` closes nothing: no `(` is open here\n");
  EXPECT_EQ(faults("f('abc)\ny = 2\n"), "1:3 this string is never closed: `'` is missing at the end of the line\n");
  EXPECT_EQ(faults("x = \xe2\x80\x9chi\xe2\x80\x9d\n"),
            "1:5 unexpected character U+201C; did you mean `\"`?\n"
            "1:10 unexpected character U+201D; did you mean `\"`?\n");
  EXPECT_EQ(faults("x = f'{a'\n"),
            "1:7 `{` in an f-string is never closed: `}` is missing, or write `{{` for the character\n");
}

TEST(Parser, EveryFaultOfAFileIsReported) {
  EXPECT_EQ(faults("def f(a b):\n    x = (1 +\n    return 3\ny = = 2\nz = 1\n"),
            "1:9 expected `,` or `)`, found the name `b`\n"
            "2:9 `(` is never closed\n"
            "4:5 expected a value, found `=`; a comparison is written `==`\n");
}

TEST(Parser, NestingIsLimited) {
  const auto repeat = [](const std::string& text, int count) {
    std::string result;
    for (int i = 0; i < count; ++i) result += text;
    return result;
  };
  const std::string brackets = "expressions nest deeper than 100 levels";
  EXPECT_EQ(faults(repeat("(", 90) + "1" + repeat(")", 90) + "\n"), "");
  EXPECT_NE(faults(repeat("(", 200000) + "\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("[", 101) + repeat("]", 101) + "\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("-", 200000) + "1\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("not ", 200000) + "1\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("1 ** ", 200000) + "1\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("lambda: ", 200000) + "1\n").find(brackets), std::string::npos);
  EXPECT_NE(faults(repeat("a if b else ", 200000) + "1\n").find(brackets), std::string::npos);
  const std::string chain = "an expression of more than 400 operations in a chain";
  EXPECT_EQ(faults("a" + repeat(".b", 399) + "\n"), "");
  EXPECT_NE(faults("a" + repeat(".b", 200000) + "\n").find(chain), std::string::npos);
  EXPECT_NE(faults("a" + repeat("()", 200000) + "\n").find(chain), std::string::npos);
  EXPECT_NE(faults("1" + repeat(" + 1", 200000) + "\n").find(chain), std::string::npos);
  EXPECT_EQ(faults("x = a" + repeat(" and a", 5000) + "\n"), "");
  std::string blocks;
  for (int i = 0; i < 300; ++i) blocks += std::string(static_cast<size_t>(i), ' ') + "if x:\n";
  EXPECT_NE(faults(blocks + std::string(300, ' ') + "y\n").find("blocks nest deeper than 100 levels"),
            std::string::npos);
  EXPECT_NE(faults("if x: y\n" + repeat("elif x: y\n", 5000)).find("a chain of more than 400 `elif`"),
            std::string::npos);
}

}  // namespace
}  // namespace lathe::torch
