// Decoding of UTF-8, widths of characters, escapes.
#include "ir/base/display.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <optional>

namespace lathe {
namespace {

struct Character {
  uint32_t code = 0;
  size_t bytes = 1;
};

// The character at the start of `text`; nothing when its bytes are no UTF-8 (overlong forms and surrogates included).
std::optional<Character> decode(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(0);
  if (first < 0x80) return Character{first, 1};
  const size_t length = first >= 0xF0 ? 4 : first >= 0xE0 ? 3 : 2;
  if (first < 0xC2 || first > 0xF4 || text.size() < length) return std::nullopt;
  uint32_t code = first & (0x7Fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xC0) != 0x80) return std::nullopt;
    code = (code << 6) | (byte(i) & 0x3F);
  }
  constexpr uint32_t kLeast[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kLeast[length] || code > 0x10FFFF || (code >= 0xD800 && code <= 0xDFFF)) return std::nullopt;
  return Character{code, length};
}

struct Range {
  uint32_t first;
  uint32_t last;
};

template <size_t N>
bool within(const Range (&ranges)[N], uint32_t code) {
  return std::any_of(std::begin(ranges), std::end(ranges),
                     [&](Range range) { return code >= range.first && code <= range.last; });
}

// Controls of C1, marks that override the direction of text, line and paragraph separators, invisible blanks.
constexpr Range kEscaped[] = {{0x7F, 0x9F},     {0x200B, 0x200F}, {0x2028, 0x202E},
                              {0x2060, 0x206F}, {0xFEFF, 0xFEFF}, {0xE0000, 0xE007F}};
// Ranges that Unicode's East_Asian_Width calls wide, roughly.
constexpr Range kWide[] = {{0x1100, 0x115F},   {0x2E80, 0xA4CF},  {0xAC00, 0xD7A3}, {0xF900, 0xFAFF},
                           {0xFE30, 0xFE6F},   {0xFF00, 0xFF60},  {0xFFE0, 0xFFE6}, {0x1F300, 0x1F64F},
                           {0x1F900, 0x1F9FF}, {0x20000, 0x3FFFD}};
constexpr Range kCombining[] = {{0x0300, 0x036F}, {0x20D0, 0x20FF}, {0xFE00, 0xFE0F}, {0xFE20, 0xFE2F}};

DisplayCell cell_at(std::string_view text, size_t offset) {
  const auto character = decode(text.substr(offset));
  if (!character) {
    return {offset, 1, 4, fmt::format("\\x{:02X}", static_cast<unsigned char>(text[offset]))};
  }
  const uint32_t code = character->code;
  if (code == '\t') return {offset, 1, 4, "    "};
  if (code == '\n') return {offset, 1, 2, "\\n"};
  if (code < 0x20 || code == 0x7F) return {offset, 1, 4, fmt::format("\\x{:02X}", code)};
  if (within(kEscaped, code)) {
    std::string escaped = fmt::format("\\u{:04X}", code);
    const size_t width = escaped.size();
    return {offset, character->bytes, width, std::move(escaped)};
  }
  const size_t width = within(kCombining, code) ? 0 : within(kWide, code) ? 2 : 1;
  return {offset, character->bytes, width, std::string(text.substr(offset, character->bytes))};
}

// Moves `offset` back to the start of the character it points into.
size_t character_start(std::string_view text, size_t offset) {
  constexpr size_t kLongestTail = 3;
  size_t start = offset;
  while (start > 0 && offset - start < kLongestTail && (static_cast<unsigned char>(text[start]) & 0xC0) == 0x80)
    --start;
  const auto character = decode(text.substr(start));
  return character && start + character->bytes > offset ? start : offset;
}

template <class Append>
void for_each_part(std::string_view text, size_t longest, Append append) {
  if (text.size() <= longest) {
    append(text);
    return;
  }
  const size_t head = character_start(text, longest / 2);
  const size_t tail = character_start(text, text.size() - longest / 2);
  append(text.substr(0, head));
  append(std::string_view("..."));
  append(text.substr(tail));
}

}  // namespace

std::vector<DisplayCell> display_cells(std::string_view text) {
  std::vector<DisplayCell> cells;
  for (size_t offset = 0; offset < text.size(); offset += cells.back().bytes) cells.push_back(cell_at(text, offset));
  return cells;
}

std::string display_text(std::string_view text, size_t longest) {
  std::string result;
  for_each_part(text, longest, [&](std::string_view part) {
    for (const DisplayCell& cell : display_cells(part)) result += cell.shown;
  });
  return result;
}

size_t display_width(std::string_view text) {
  size_t width = 0;
  for (const DisplayCell& cell : display_cells(text)) width += cell.width;
  return width;
}

std::string quoted_name(std::string_view name) {
  constexpr size_t kLongest = 100;
  return "`" + display_text(name, kLongest) + "`";
}

std::string valid_utf8(std::string_view text, size_t longest) {
  std::string result;
  for_each_part(text, longest, [&](std::string_view part) {
    for (size_t offset = 0; offset < part.size();) {
      const auto character = decode(part.substr(offset));
      if (character) {
        result += part.substr(offset, character->bytes);
      } else {
        result += "\xEF\xBF\xBD";
      }
      offset += character ? character->bytes : 1;
    }
  });
  return result;
}

}  // namespace lathe
