// UTF-8, one character at a time: for names, string literals and the string methods that count characters.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace lathe::torch {

/// A code point and how many bytes spell it.
struct Utf8Character {
  uint32_t code = 0;
  uint32_t size = 1;
};

/// The first character; nothing when the text is empty or doesn't start with a well-formed one. Lone surrogates pass,
/// for Python's escapes can spell them.
[[nodiscard]] std::optional<Utf8Character> decode_utf8(std::string_view text);
/// Appends a code point below 0x110000.
void append_utf8(std::string& text, uint32_t code);
/// The number of characters; a byte that belongs to none counts as one.
[[nodiscard]] size_t utf8_length(std::string_view text);

}  // namespace lathe::torch
