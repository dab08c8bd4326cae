// Reading patterns: names, numbers, dots and one level of parentheses.
#include "compiler/frontend/torch/sequence/einops_pattern.h"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

namespace lathe::torch {
namespace {

bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

class SideReader {
 public:
  SideReader(std::string_view text, PatternSide& side) : text_(text), side_(side) {}

  std::string run() {
    while (at_ < text_.size() && fault_.empty()) step();
    if (fault_.empty() && open_) fault_ = "`(` is not closed";
    return fault_;
  }

 private:
  void step() {
    const char c = text_[at_];
    if (c == ' ') {
      ++at_;
    } else if (c == '(') {
      if (open_) fault_ = "parentheses don't nest";
      open_ = true;
      begin_group(true);
      ++at_;
    } else if (c == ')') {
      if (!open_) fault_ = "`)` has no `(`";
      open_ = false;
      ++at_;
    } else if (c == '.') {
      read_ellipsis();
    } else if (is_word(c)) {
      read_word();
    } else {
      fault_ = fmt::format("`{}` is not part of a pattern", c);
    }
  }

  void begin_group(bool parenthesised) {
    side_.groups.emplace_back();
    side_.parenthesised.push_back(parenthesised);
  }

  void add(PatternAxis axis) {
    if (!axis.number && side_.names(axis.name)) {
      fault_ = fmt::format("`{}` comes twice on one side", axis.name);
      return;
    }
    if (!open_) begin_group(false);
    side_.groups.back().push_back(std::move(axis));
  }

  void read_ellipsis() {
    if (text_.substr(at_, 3) != "...") {
      fault_ = "a single `.`; an ellipsis has three";
      return;
    }
    at_ += 3;
    add({"...", std::nullopt});
  }

  void read_word() {
    const size_t begin = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    const std::string word(text_.substr(begin, at_ - begin));
    const bool digits = std::all_of(word.begin(), word.end(), [](char c) { return c >= '0' && c <= '9'; });
    constexpr size_t kMostDigits = 12;
    if (digits && word.size() <= kMostDigits) {
      add({word, std::stoll(word)});
    } else if (std::isdigit(static_cast<unsigned char>(word[0])) != 0) {
      fault_ = fmt::format("`{}` is neither a name nor a size", word);
    } else {
      add({word, std::nullopt});
    }
  }

  std::string_view text_;
  PatternSide& side_;
  size_t at_ = 0;
  bool open_ = false;
  std::string fault_;
};

}  // namespace

bool PatternSide::has_ellipsis() const { return names("..."); }

bool PatternSide::names(std::string_view axis) const {
  return std::any_of(groups.begin(), groups.end(), [&](const PatternGroup& group) {
    return std::any_of(group.begin(), group.end(),
                       [&](const PatternAxis& each) { return !each.number && each.name == axis; });
  });
}

std::string parse_side(std::string_view text, PatternSide& side) { return SideReader(text, side).run(); }

ParsedPattern parse_pattern(std::string_view text) {
  ParsedPattern result;
  const size_t arrow = text.find("->");
  if (arrow == std::string_view::npos) {
    result.fault = "it has no `->`";
    return result;
  }
  if (text.find("->", arrow + 2) != std::string_view::npos) {
    result.fault = "it has more than one `->`";
    return result;
  }
  result.fault = parse_side(text.substr(0, arrow), result.pattern.left);
  if (result.fault.empty()) result.fault = parse_side(text.substr(arrow + 2), result.pattern.right);
  if (!result.fault.empty()) return result;
  if (result.pattern.right.has_ellipsis() && !result.pattern.left.has_ellipsis()) {
    result.fault = "`...` is on the right side only";
  }
  const PatternSide& left = result.pattern.left;
  for (size_t i = 0; i < left.groups.size(); ++i) {
    for (const PatternAxis& axis : left.groups[i]) {
      if (axis.is_ellipsis() && left.parenthesised[i]) result.fault = "`...` can't be composed on the left side";
    }
  }
  return result;
}

}  // namespace lathe::torch
