// Text from untrusted files made safe to show: control characters, broken UTF-8 and direction overrides are escaped.
//
// Names in model files and lines of source are shown as they are, except for bytes that could move the cursor, change
// colours or reorder what a reader sees; those appear as `\x1B` or `\u202E`. Used by the diagnostic renderers and by
// tools that print names.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace lathe {

/// One shown piece of a text: a character, or the escape of a byte.
struct DisplayCell {
  size_t offset = 0;  ///< of its first byte in the text
  size_t bytes = 1;   ///< of the text that it stands for
  size_t width = 1;   ///< columns on a terminal
  std::string shown;
};

/// Splits a text into cells; a tab becomes four blanks, a line end `\n`.
[[nodiscard]] std::vector<DisplayCell> display_cells(std::string_view text);

/// The text as it may be shown; of more than `longest` bytes the middle is left out.
[[nodiscard]] std::string display_text(std::string_view text, size_t longest = 2000);

/// Columns that `text` takes on a terminal.
[[nodiscard]] size_t display_width(std::string_view text);

/// A name as messages quote it: in backticks, safe, and cut when it is longer than a line.
[[nodiscard]] std::string quoted_name(std::string_view name);

/// The text with every byte that isn't part of valid UTF-8 replaced by U+FFFD, for formats that must be UTF-8.
[[nodiscard]] std::string valid_utf8(std::string_view text, size_t longest = 65536);

}  // namespace lathe
