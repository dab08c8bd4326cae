// Names in the text of kernels: `%name` and `@name`, with quotes where a name is not made of name characters.
// Used by the printers of ir/kernel.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include <fmt/format.h>

#include "ir/base/lexer.h"

namespace lathe::kernel {

[[nodiscard]] inline std::string with_sigil(char sigil, std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
  });
  return plain ? fmt::format("{}{}", sigil, name) : fmt::format("{}\"{}\"", sigil, escape(name));
}

}  // namespace lathe::kernel
