// Untrusted text: what is escaped, what is cut, what is repaired.
#include "ir/base/display.h"

#include "gtest/gtest.h"

namespace lathe {
namespace {

TEST(Display, KeepsTextAndEscapesControls) {
  EXPECT_EQ(display_text("Größe 日本 🙂"), "Größe 日本 🙂");
  EXPECT_EQ(display_text(std::string_view("a\0b\x1B[0m\x7F\r\n", 10)), "a\\x00b\\x1B[0m\\x7F\\x0D\\n");
  EXPECT_EQ(display_text("a\tb"), "a    b");
}

TEST(Display, EscapesBrokenUtf8) {
  EXPECT_EQ(display_text("\xC0\xAF"), "\\xC0\\xAF");                    // overlong
  EXPECT_EQ(display_text("\xED\xA0\x80"), "\\xED\\xA0\\x80");           // surrogate
  EXPECT_EQ(display_text("\xF4\x90\x80\x80"), "\\xF4\\x90\\x80\\x80");  // beyond U+10FFFF
  EXPECT_EQ(display_text("x\xE2\x82"), "x\\xE2\\x82");                  // cut short
}

TEST(Display, EscapesDirectionOverrides) {
  EXPECT_EQ(display_text("a\xE2\x80\xAE"
                         "b\xE2\x81\xA6"
                         "c\xEF\xBB\xBF"),
            "a\\u202Eb\\u2066c\\uFEFF");
}

TEST(Display, MeasuresColumns) {
  EXPECT_EQ(display_width("abc"), 3u);
  EXPECT_EQ(display_width("日本"), 4u);
  EXPECT_EQ(display_width("e\xCC\x81"), 1u);  // a combining accent
  EXPECT_EQ(display_width("\x01"), 4u);
}

TEST(Display, CutsTheMiddleBetweenCharacters) {
  EXPECT_EQ(display_text("0123456789", 4), "01...89");
  EXPECT_EQ(display_text("ääääää", 6), "ä...ää");
  EXPECT_EQ(quoted_name(std::string(300, 'n')), "`" + std::string(50, 'n') + "..." + std::string(50, 'n') + "`");
}

TEST(Display, MakesValidUtf8) {
  EXPECT_EQ(valid_utf8("ok ä\xFF!"), "ok ä\xEF\xBF\xBD!");
  EXPECT_EQ(valid_utf8("0123456789", 4), "01...89");
}

}  // namespace
}  // namespace lathe
