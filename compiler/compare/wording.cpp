// Texts for the answer.
#include "compiler/compare/wording.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/base/display.h"

namespace lathe::comparison {
namespace {

bool is_name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '.';
}

}  // namespace

std::string callee_of(std::string_view source, size_t begin, size_t end) {
  if (begin >= end || end > source.size()) return {};
  const std::string_view text = source.substr(begin, end - begin);
  const bool is_index = text.ends_with(']');
  if (!is_index && !text.ends_with(')')) return {};
  // The bracket that the last one closes; strings with brackets in them are rare enough to be shown badly.
  const char opening = is_index ? '[' : '(';
  size_t depth = 0;
  size_t open = text.size();
  while (open-- > 0) {
    if (text[open] == text.back()) ++depth;
    if (text[open] == opening && --depth == 0) break;
  }
  if (open == 0 || open >= text.size()) return {};
  const std::string_view callee = text.substr(0, open);
  // A binary expression that ends in a call is no call.
  int nesting = 0;
  for (const char c : callee) {
    if (c == '(' || c == '[' || c == '{') ++nesting;
    if (c == ')' || c == ']' || c == '}') --nesting;
    if (nesting == 0 && std::string_view("+-*/%@<>=&|^~ ").find(c) != std::string_view::npos) return {};
  }
  if (is_index) return "indexing";
  if (std::all_of(callee.begin(), callee.end(), is_name_character)) return std::string(callee);
  const size_t dot = callee.find_last_of('.');
  if (dot == std::string_view::npos) return {};
  const std::string_view method = callee.substr(dot);
  return std::all_of(method.begin(), method.end(), is_name_character) ? std::string(method) : std::string();
}

std::string quoted(std::string_view name) { return quoted_name(name); }

std::string listed(std::span<const std::string> names, size_t most) {
  std::string result;
  const size_t shown = names.size() > most + 1 ? most : names.size();
  for (size_t i = 0; i < shown; ++i) {
    const bool is_last = i + 1 == names.size();
    result += (i == 0 ? "" : is_last ? " and " : ", ") + names[i];
  }
  if (shown < names.size()) result += fmt::format(" and {} more", names.size() - shown);
  return result;
}

std::string number(double value) { return fmt::format("{:.4g}", value); }

std::string compact(const Type& type) {
  std::string result;
  for (const char c : text(type)) {
    if (c == ' ' && !result.empty() && result.back() == ',') continue;
    result += c;
  }
  return result;
}

std::string position_text(int64_t index, const TensorType& type) {
  std::vector<int64_t> position(type.dims.size());
  for (size_t axis = position.size(); axis-- > 0;) {
    const int64_t size = std::max<int64_t>(type.dims[axis].as_constant().value_or(1), 1);
    position[axis] = index % size;
    index /= size;
  }
  return fmt::format("[{}]", fmt::join(position, ","));
}

std::string counted(size_t count, std::string_view noun) {
  return count == 1 ? fmt::format("one {}", noun) : fmt::format("{} {}s", count, noun);
}

}  // namespace lathe::comparison
