// Tokens, escapes, numbers, dim expressions and types of the textual IRs, and the messages for what is no such thing.
#include "ir/base/lexer.h"

#include <cmath>
#include <limits>

#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace lathe {
namespace {

using ::testing::ElementsAre;
using ::testing::Pair;

using Kind = TokenKind;

std::vector<std::pair<Kind, std::string>> kinds(std::string_view text) {
  std::vector<std::pair<Kind, std::string>> result;
  for (const Token& token : tokenize(text, FileId(size_t{0}))) result.emplace_back(token.kind, token.text);
  return result;
}

TEST(Lexer, SplitsNamesSigilsAndPunctuation) {
  EXPECT_THAT(kinds("%h.0 = conv_2d @w : f32[N]->?  // rest"),
              ElementsAre(Pair(Kind::Value, "h.0"), Pair(Kind::Punctuation, "="), Pair(Kind::Identifier, "conv_2d"),
                          Pair(Kind::Symbol, "w"), Pair(Kind::Punctuation, ":"), Pair(Kind::Identifier, "f32"),
                          Pair(Kind::Punctuation, "["), Pair(Kind::Identifier, "N"), Pair(Kind::Punctuation, "]"),
                          Pair(Kind::Punctuation, "->"), Pair(Kind::Punctuation, "?"), Pair(Kind::End, "")));
  EXPECT_THAT(kinds("%0 @\"a b\\\"c\""),
              ElementsAre(Pair(Kind::Value, "0"), Pair(Kind::Symbol, "a b\\\"c"), Pair(Kind::End, "")));
}

TEST(Lexer, KnowsNumbers) {
  EXPECT_THAT(kinds("1 -2 0x1F 1.5 -2e3 1e-7 inf -inf nan -nan 0..2"),
              ElementsAre(Pair(Kind::Integer, "1"), Pair(Kind::Integer, "-2"), Pair(Kind::Integer, "0x1F"),
                          Pair(Kind::Float, "1.5"), Pair(Kind::Float, "-2e3"), Pair(Kind::Float, "1e-7"),
                          Pair(Kind::Float, "inf"), Pair(Kind::Float, "-inf"), Pair(Kind::Float, "nan"),
                          Pair(Kind::Float, "-nan"), Pair(Kind::Integer, "0"), Pair(Kind::Error, "."),
                          Pair(Kind::Error, "."), Pair(Kind::Integer, "2"), Pair(Kind::End, "")));
  EXPECT_THAT(kinds("3x"), ElementsAre(Pair(Kind::Error, "3x"), Pair(Kind::End, "")));
}

TEST(Lexer, ErrorsAreTokens) {
  EXPECT_THAT(kinds("a $ \xC3\xA4 %"),
              ElementsAre(Pair(Kind::Identifier, "a"), Pair(Kind::Error, "$"), Pair(Kind::Error, "\xC3\xA4"),
                          Pair(Kind::Error, "%"), Pair(Kind::End, "")));
  EXPECT_THAT(kinds("\"open\n\"closed\""),
              ElementsAre(Pair(Kind::Error, "\"open"), Pair(Kind::String, "closed"), Pair(Kind::End, "")));
}

TEST(Lexer, SpansPointAtTheSource) {
  const std::string_view text = "x = \"a\"";
  const std::vector<Token> tokens = tokenize(text, FileId(size_t{0}));
  EXPECT_EQ(tokens[2].span.begin, 4u);
  EXPECT_EQ(tokens[2].span.end, 7u);
  EXPECT_EQ(tokens.back().span.begin, text.size());
}

TEST(Lexer, EscapesReadBack) {
  std::string all;
  for (int i = 0; i < 256; ++i) all += static_cast<char>(i);
  EXPECT_EQ(unescape(escape(all)), all);
  EXPECT_EQ(escape("a\"\\\n\t\x01"), "a\\\"\\\\\\n\\t\\x01");
  EXPECT_EQ(unescape("\\x4"), "x4");
  EXPECT_EQ(unescape("end\\"), "end\\");
}

TEST(Lexer, FloatsHaveTheShortestTextThatReadsBack) {
  EXPECT_EQ(float_text(1), "1.0");
  EXPECT_EQ(float_text(0.1), "0.1");
  EXPECT_EQ(float_text(-0.0), "-0.0");
  EXPECT_EQ(float_text(1e300), "1e+300");
  EXPECT_EQ(float_text(std::numeric_limits<double>::infinity()), "inf");
  EXPECT_EQ(float_text(-std::numeric_limits<double>::infinity()), "-inf");
  EXPECT_EQ(float_text(std::nan("")), "nan");
}

class Cursor : public ::testing::Test {
 protected:
  TokenCursor read(std::string text) {
    const FileId file = locations.add_file("test", std::move(text));
    return TokenCursor(tokenize(locations.file(file).text, file), locations, diagnostics);
  }
  std::string dim(std::string text) {
    TokenCursor cursor = read(std::move(text));
    const Result<Dim> result = cursor.parse_dim();
    if (!result.ok()) return message();
    return cursor.at_end() ? result->text() : result->text() + " and more";
  }
  std::string type(std::string text_of_type) {
    TokenCursor cursor = read(std::move(text_of_type));
    const Result<Type> result = cursor.parse_type();
    return result.ok() ? text(*result) : message();
  }
  std::string message() { return diagnostics.all().empty() ? "no message" : diagnostics.all().back().message; }

  LocationTable locations;
  Diagnostics diagnostics;
};

TEST_F(Cursor, ReadsDims) {
  EXPECT_EQ(dim("2*N*(H - 1) + floordiv(W, 2)"), "2*H*N - 2*N + floordiv(W, 2)");
  EXPECT_EQ(dim("N-1"), "N - 1");
  EXPECT_EQ(dim("N - -1"), "N + 1");
  EXPECT_EQ(dim("-(N + 2)*3"), "-3*N - 6");
  EXPECT_EQ(dim("mod(N, 4) + min(N, H) - max(3, W)"), "mod(N, 4) + min(H, N) - max(3, W)");
  EXPECT_EQ(dim("%0*16 + %k"), "16*%0 + %k");
  EXPECT_EQ(dim("0x10"), "16");
  EXPECT_EQ(dim("-9223372036854775808"), "-9223372036854775808");
}

TEST_F(Cursor, SaysWhatIsWrongWithDims) {
  EXPECT_EQ(dim("N +"), "expected a size, found the end of the text");
  EXPECT_EQ(dim("(N"), "expected `)`, found the end of the text");
  EXPECT_EQ(dim("sqrt(N)"), "`sqrt` is no function of sizes");
  EXPECT_EQ(dim("9223372036854775808"), "`9223372036854775808` doesn't fit into 64 bits");
  EXPECT_EQ(dim("9223372036854775807 + 1"),
            "the size that starts with `9223372036854775807` goes beyond 64 bits, divides by less than 1, or has too "
            "many terms");
  EXPECT_EQ(dim("floordiv(N, 0)"),
            "the size that starts with `floordiv` goes beyond 64 bits, divides by less than 1, or has too many terms");
  EXPECT_EQ(dim(std::string(100000, '(')), "sizes nest deeper than 24 levels");
  EXPECT_EQ(dim("1.5"), "expected a size, found `1.5`");
}

TEST_F(Cursor, ReadsTypes) {
  EXPECT_EQ(type("f32[N,3, 224]"), "f32[N, 3, 224]");
  EXPECT_EQ(type("i4[]"), "i4[]");
  EXPECT_EQ(type("sequence<optional<f8e4m3fn[*]>>"), "sequence<optional<f8e4m3fn[*]>>");
  EXPECT_EQ(type("f33[1]"), "expected an element type such as `f32`, found `f33`");
  EXPECT_EQ(type("f32[1"), "expected `,` or `]`, found the end of the text");
  EXPECT_EQ(type("sequence<f32[1]"), "expected `>`, found the end of the text");
  std::string deep;
  for (int i = 0; i < 100000; ++i) deep += "sequence<";
  EXPECT_EQ(type(deep), "types nest deeper than 24 levels");
}

TEST_F(Cursor, ReadsLiterals) {
  TokenCursor cursor = read("@\"a\\x41\" %v \"q\\\"\" 3 0.5 0xFFFFFFFFFFFFFFFF nan word");
  EXPECT_EQ(*cursor.expect_symbol("a symbol"), "aA");
  EXPECT_EQ(*cursor.expect_value("a value"), "v");
  EXPECT_EQ(*cursor.expect_string("a string"), "q\"");
  EXPECT_EQ(*cursor.expect_number("a number"), 3.0);
  EXPECT_EQ(*cursor.expect_number("a number"), 0.5);
  EXPECT_EQ(*cursor.expect_integer("a number"), -1);
  EXPECT_TRUE(std::isnan(*cursor.expect_number("a number")));
  EXPECT_FALSE(cursor.expect_value("a value").ok());
  EXPECT_EQ(message(), "expected a value, found `word`");
  EXPECT_EQ(info(diagnostics.all()[0].kind).code, "LT0101");
}

TEST_F(Cursor, HexadecimalNumbersAreReadWhereNumbersAre) {
  TokenCursor cursor = read("0x10");
  EXPECT_EQ(*cursor.expect_number("a number"), 16.0);
}

TEST_F(Cursor, LooksAheadSafely) {
  TokenCursor cursor = read("a");
  EXPECT_EQ(cursor.peek(100).kind, Kind::End);
  EXPECT_TRUE(cursor.accept("a"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(cursor.next().kind, Kind::End);
  EXPECT_FALSE(cursor.accept(""));
}

TEST_F(Cursor, ShowsOddTokensSafely) {
  EXPECT_EQ(dim("\"open"), "expected a size, found a string without a closing quote");
  EXPECT_EQ(dim("\x1B"), "expected a size, found `\\x1B`");
  EXPECT_EQ(dim("\"" + std::string(100, 'x') + "\""), "expected a size, found `\"" + std::string(40, 'x') + "...\"`");
}

}  // namespace
}  // namespace lathe
