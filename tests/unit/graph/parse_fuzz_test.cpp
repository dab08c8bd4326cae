// The parser on mutated texts, for a fixed time: no crash, every failure has a diagnostic with a place, whatever parses
// is canonical after one print, and the verifier agrees with it.
#include <chrono>
#include <random>

#include "ir/graph/verify.h"
#include "tests/unit/graph/graph_text.h"

namespace lathe {
namespace {

constexpr std::string_view kSeeds[] = {
    R"(sym N in [1, 64]
guard N <= 40, "too long"
graph @mlp(%x: f32[N, 3]) -> (f32[N, 2]) {
  %w0 = constant dense<[0.5, -1.0, 1e-07, 3.0, 0.1, 2.0]> : f32[3, 2]
  %b0 = constant @b : f32[2]
  %h0 = matmul %x, %w0 : f32[N, 2]
  %h1 = add %h0, %b0 : f32[N, 2]
  %h2 = clamp %h1 {min = 0.0, max = 6.0} : f32[N, 2] loc("a.py":1:2) layer("l")
  return %h2 : f32[N, 2]
}
data @b : f32[2] = hex"0000000000000000"
)",
    R"(graph @g(%c: bool[], %x: f32[4, 6]) -> (f32[2, 12]) {
  %y = if %c region () {
    %a = reshape %x {shape = [2, 12]} : f32[2, 12]
    return %a : f32[2, 12]
  } region () {
    %b = fused %x {kind = "elementwise"} region (%p: f32[4, 6]) {
      %q = exp %p : f32[4, 6]
      %r = reshape %q {shape = [2, 12]} : f32[2, 12]
      return %r : f32[2, 12]
    } : f32[2, 12]
    return %b : f32[2, 12]
  } : f32[2, 12]
  return %y : f32[2, 12]
}
)",
    R"(sym H
graph @conv(%x: f32[1, 3, H, 8], %w: f32[4, 3, 3, 3], %i: i64[2]) -> (f32[1, 4, H, 8], f32[1, 3, 2, 8]) {
  %y = conv %x, %w {pads = [1, 1, 1, 1]} : f32[1, 4, H, 8]
  %z = gather %x, %i {axis = 2} : f32[1, 3, 2, 8]
  %s = slice %z {starts = [0, 0, 0, 0], limits = [1, 3, 2, 8], steps = [1, 1, 1, 2]} : f32[1, 3, 2, 4]
  %p = pad %s {low = [0, 0, 0, 2], high = [0, 0, 0, 2]} : f32[1, 3, 2, 8]
  return %y, %p : f32[1, 4, H, 8], f32[1, 3, 2, 8]
}
)",
};

constexpr std::string_view kPieces[] = {
    "%x",
    "%y",
    "-1",
    "0",
    "9223372036854775807",
    "1e309",
    "nan",
    "[",
    "]",
    "{",
    "}",
    "(",
    ")",
    "<",
    ">",
    ",",
    ":",
    "=",
    "->",
    "_",
    "f32",
    "i64",
    "bool",
    "sequence<",
    "N",
    "H",
    "floordiv(N, 2)",
    "mod(N, 0)",
    "dense<",
    "constant",
    "return",
    "region (",
    "graph",
    "data",
    "sym",
    "guard",
    "\"",
    "@b",
    "matmul",
    "reshape",
    "transpose",
    "conv",
    "softmax",
    "\n",
    "//",
};

std::string mutated(std::mt19937& random) {
  const auto number = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
  std::string text(kSeeds[number(std::size(kSeeds))]);
  const size_t changes = 1 + number(6);
  for (size_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = number(text.size());
    switch (number(5)) {
      case 0: text[at] = static_cast<char>(number(256)); break;
      case 1: text.erase(at, 1 + number(8)); break;
      case 2: text.insert(at, text.substr(number(text.size()), number(40))); break;
      case 3: text.insert(at, std::to_string(number(12))); break;
      default: text.insert(at, kPieces[number(std::size(kPieces))]); break;
    }
  }
  return text;
}

TEST(ParseFuzz, MutatedTexts) {
  constexpr auto kBudget = std::chrono::seconds(3);
  constexpr unsigned kSeed = 20240607;
  std::mt19937 random(kSeed);
  const auto end = std::chrono::steady_clock::now() + kBudget;
  size_t good = 0;
  size_t texts = 0;
  while (std::chrono::steady_clock::now() < end) {
    const std::string text = mutated(random);
    ++texts;
    Module module;
    Diagnostics diagnostics;
    const Status status = parse_module(text, "fuzz", module, diagnostics);
    ASSERT_EQ(status.ok(), !diagnostics.failed()) << text;
    for (const Diagnostic& diagnostic : diagnostics.all()) {
      ASSERT_FALSE(diagnostic.message.empty()) << text;
      ASSERT_NE(diagnostic.kind, DiagnosticKind::InternalError) << text;
    }
    ASSERT_FALSE(render_text(diagnostics, module.locations).empty() && !status.ok()) << text;
    if (!status.ok()) continue;
    ++good;
    Diagnostics found;
    ASSERT_TRUE(verify(module, found).ok()) << text << render_text(found, module.locations);
    const std::string printed = print(module);
    Module again;
    ASSERT_TRUE(parse_module(printed, "printed", again, found).ok()) << printed << render_text(found, again.locations);
    ASSERT_EQ(print(again), printed) << text;
    std::string difference;
    ASSERT_TRUE(same_module(module, again, &difference)) << difference << "\n" << text;
  }
  // A fuzz test whose texts never parse, or always do, tests nothing.
  EXPECT_GT(good, texts / 200);
  EXPECT_LT(good, texts);
}

}  // namespace
}  // namespace lathe
