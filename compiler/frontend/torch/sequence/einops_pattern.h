// Patterns of einops: `b (h w) c -> b c h w`.
//
// A side is a list of groups, one for each axis of a tensor; a group names the axes that it is composed of. Numbers are
// anonymous axes of that size, `...` stands for any number of axes. Definition: einops 0.8.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace lathe::torch {

struct PatternAxis {
  std::string name;               ///< of anonymous axes "1" or another number; "..." for the ellipsis
  std::optional<int64_t> number;  ///< of anonymous axes
  [[nodiscard]] bool is_ellipsis() const { return name == "..."; }
};
using PatternGroup = std::vector<PatternAxis>;
struct PatternSide {
  std::vector<PatternGroup> groups;
  std::vector<bool> parenthesised;  ///< by group

  [[nodiscard]] bool has_ellipsis() const;
  [[nodiscard]] bool names(std::string_view axis) const;
};

struct Pattern {
  PatternSide left;
  PatternSide right;
};

/// A parsed pattern, or what is wrong with the text.
struct ParsedPattern {
  Pattern pattern;
  std::string fault;  ///< empty when there is none
};
[[nodiscard]] ParsedPattern parse_pattern(std::string_view text);
/// One side alone; what is wrong with the text, or nothing.
[[nodiscard]] std::string parse_side(std::string_view text, PatternSide& side);

}  // namespace lathe::torch
