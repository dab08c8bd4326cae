// UTF-8, one character at a time.
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {

std::optional<Utf8Character> decode_utf8(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto byte = [&](size_t i) { return static_cast<uint32_t>(static_cast<unsigned char>(text[i])); };
  const uint32_t first = byte(0);
  if (first < 0x80) return Utf8Character{first, 1};
  const uint32_t size = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
  if (first < 0xc2 || first > 0xf4 || text.size() < size) return std::nullopt;
  uint32_t code = first & (0x7fu >> size);
  for (uint32_t i = 1; i < size; ++i) {
    if ((byte(i) & 0xc0u) != 0x80u) return std::nullopt;
    code = (code << 6u) | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  if (code < kSmallest[size] || code > 0x10ffff) return std::nullopt;
  return Utf8Character{code, size};
}

void append_utf8(std::string& text, uint32_t code) {
  const auto add = [&](uint32_t byte) { text.push_back(static_cast<char>(byte)); };
  if (code < 0x80) {
    add(code);
  } else if (code < 0x800) {
    add(0xc0u | (code >> 6u));
    add(0x80u | (code & 0x3fu));
  } else if (code < 0x10000) {
    add(0xe0u | (code >> 12u));
    add(0x80u | ((code >> 6u) & 0x3fu));
    add(0x80u | (code & 0x3fu));
  } else {
    add(0xf0u | (code >> 18u));
    add(0x80u | ((code >> 12u) & 0x3fu));
    add(0x80u | ((code >> 6u) & 0x3fu));
    add(0x80u | (code & 0x3fu));
  }
}

size_t utf8_length(std::string_view text) {
  size_t count = 0;
  while (!text.empty()) {
    const std::optional<Utf8Character> character = decode_utf8(text);
    text.remove_prefix(character ? character->size : 1);
    ++count;
  }
  return count;
}

}  // namespace lathe::torch
