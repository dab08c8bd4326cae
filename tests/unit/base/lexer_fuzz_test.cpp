// The lexer and the cursor on random and mutated texts: no crash, every byte is in a token or blank, every failure has
// a diagnostic.
#include <random>

#include "gtest/gtest.h"
#include "ir/base/lexer.h"
#include "ir/base/render.h"

namespace lathe {
namespace {

constexpr std::string_view kSeeds[] = {
    "graph @mlp(%x: f32[N, 784]) -> (f32[N, 10]) { return %x : f32[N, 10] }",
    "sequence<optional<f32[floordiv(N - 1, 2)*3 + mod(H, 7), min(1, 2), max(A, B)]>>",
    "\"text\\x41\\n\" 0x7FFFFFFFFFFFFFFF -1.5e-300 @\"quoted name\" // comment",
};

std::string random_text(std::mt19937& random) {
  const auto number = [&](size_t limit) { return std::uniform_int_distribution<size_t>(0, limit - 1)(random); };
  std::string text(kSeeds[number(std::size(kSeeds))]);
  const size_t changes = number(12);
  for (size_t i = 0; i < changes && !text.empty(); ++i) {
    const size_t at = number(text.size());
    switch (number(4)) {
      case 0: text[at] = static_cast<char>(number(256)); break;
      case 1: text.erase(at, 1 + number(5)); break;
      case 2: text.insert(at, text.substr(number(text.size()), number(20))); break;
      default: text.insert(at, 1, "()[]<>,%@\"\\-0x.*/"[number(17)]); break;
    }
  }
  return text;
}

TEST(LexerFuzz, TokensCoverTheText) {
  std::mt19937 random(20240901);
  for (int round = 0; round < 4000; ++round) {
    const std::string text = random_text(random);
    uint32_t end = 0;
    const std::vector<Token> tokens = tokenize(text, FileId(size_t{0}));
    ASSERT_EQ(tokens.back().kind, TokenKind::End);
    for (const Token& token : tokens) {
      ASSERT_LE(end, token.span.begin) << text;
      const std::string between = text.substr(end, token.span.begin - end);
      ASSERT_TRUE(between.find_first_not_of(" \t\r\n") == std::string::npos || between.find("//") != std::string::npos)
          << "skipped `" << between << "` of " << text;
      ASSERT_TRUE(token.span.end > token.span.begin || token.kind == TokenKind::End);
      end = token.span.end;
    }
    ASSERT_EQ(end, text.size());
  }
}

TEST(LexerFuzz, FailuresAlwaysHaveADiagnostic) {
  std::mt19937 random(77);
  for (int round = 0; round < 4000; ++round) {
    LocationTable locations;
    Diagnostics diagnostics;
    const FileId file = locations.add_file("fuzz", random_text(random));
    const std::vector<Token> tokens = tokenize(locations.file(file).text, file);
    TokenCursor types(tokens, locations, diagnostics);
    const bool type_is_good = types.parse_type().ok();
    ASSERT_EQ(type_is_good, diagnostics.all().empty()) << locations.file(file).text;
    diagnostics.clear();
    TokenCursor dims(tokens, locations, diagnostics);
    const bool dim_is_good = dims.parse_dim().ok();
    ASSERT_EQ(dim_is_good, diagnostics.all().empty()) << locations.file(file).text;
    ASSERT_LT(render_text(diagnostics, locations).size(), 4000u);
  }
}

}  // namespace
}  // namespace lathe
