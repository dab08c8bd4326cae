// Dead values, and lines broken at brackets as clang-format breaks them.
#include "compiler/codegen/cpp_layout.h"

#include <algorithm>
#include <cctype>
#include <unordered_set>
#include <utility>
#include <vector>

namespace lathe::codegen {
namespace {

constexpr size_t kLongestLine = 120;
/// How far a line goes on that is broken behind a bracket or `=`.
constexpr size_t kContinuation = 4;

/// The name that a line defines a value by: `v3` of `const f32x16 v3 = ..`; empty for other lines.
std::string defined_value(std::string_view line) {
  const size_t begin = line.find_first_not_of(' ');
  if (begin == std::string_view::npos || !line.substr(begin).starts_with("const ")) return {};
  const size_t equals = line.find(" = ");
  const size_t name = equals == std::string_view::npos ? equals : line.rfind(' ', equals - 1);
  if (name == std::string_view::npos) return {};
  return std::string(line.substr(name + 1, equals - name - 1));
}

/// A comma after which a line may end; the next one begins below what follows the innermost bracket.
struct Break {
  size_t at = 0;
  std::vector<size_t> brackets;  ///< the open ones: where what follows them begins
};

bool opens_arguments(std::string_view text, size_t at) {
  const bool after_name =
      at > 0 && (std::isalnum(static_cast<unsigned char>(text[at - 1])) != 0 || text[at - 1] == '_');
  return text[at] == '(' || text[at] == '{' || (text[at] == '<' && after_name);
}

/// The breaks of a line within its limit. `brackets` are open already.
std::vector<Break> breaks_of(std::string_view text, std::vector<size_t> brackets) {
  std::vector<Break> breaks;
  bool in_string = false;
  for (size_t at = 0; at < std::min(text.size(), kLongestLine); ++at) {
    if (text[at] == '"' && (at == 0 || text[at - 1] != '\\')) in_string = !in_string;
    if (in_string) continue;
    if (opens_arguments(text, at)) {
      brackets.push_back(at + 1);
    } else if (text[at] == ')' || text[at] == '}' || (text[at] == '>' && text[at - 1] != ' ' && text[at - 1] != '-')) {
      if (!brackets.empty()) brackets.pop_back();
    } else if (text.substr(at).starts_with(", ") && !brackets.empty()) {
      breaks.push_back({at + 1, brackets});
    }
  }
  return breaks;
}

/// One line of code as several, each broken at the last comma that fits of those within the fewest brackets.
std::vector<std::string> aligned(std::string line, std::vector<size_t> brackets) {
  std::vector<std::string> lines;
  while (line.size() > kLongestLine) {
    const std::vector<Break> breaks = breaks_of(line, brackets);
    const Break* best = nullptr;
    for (const Break& candidate : breaks) {
      if (best == nullptr || candidate.brackets.size() <= best->brackets.size()) best = &candidate;
    }
    if (best == nullptr) break;
    brackets = best->brackets;
    lines.push_back(line.substr(0, best->at));
    line = std::string(brackets.back(), ' ') + line.substr(best->at + 1);
  }
  lines.push_back(std::move(line));
  return lines;
}

bool fits(const std::vector<std::string>& lines) {
  return std::all_of(lines.begin(), lines.end(), [](const std::string& line) { return line.size() <= kLongestLine; });
}

/// The way that takes the fewest lines: what is assigned on a line of its own, arguments below the first one, arguments
/// on a line or on several of their own. Lists in braces rather have a line of their own.
std::vector<std::string> broken(const std::string& line) {
  const std::string indentation(line.find_first_not_of(' ') + kContinuation, ' ');
  std::vector<std::vector<std::string>> ways;
  const size_t equals = line.find(" = ");
  const bool is_list = equals != std::string::npos && line[equals + 3] == '{';
  if (equals != std::string::npos && equals < line.find('(') && !is_list) {
    ways.push_back({line.substr(0, equals + 2), indentation + line.substr(equals + 3)});
  }
  ways.push_back(aligned(line, {}));
  const size_t bracket = line.find_first_of("({", equals == std::string::npos ? 0 : equals);
  if (bracket != std::string::npos && bracket + 1 < line.size()) {
    std::vector<std::string> lines = {line.substr(0, bracket + 1)};
    for (std::string& rest : aligned(indentation + line.substr(bracket + 1), {indentation.size()})) {
      lines.push_back(std::move(rest));
    }
    ways.insert(is_list && lines.size() == 2 ? ways.begin() : ways.end(), std::move(lines));
  }
  const std::vector<std::string>* best = nullptr;
  for (const std::vector<std::string>& way : ways) {
    if (fits(way) && (best == nullptr || way.size() < best->size())) best = &way;
  }
  return best != nullptr ? *best : ways.back();
}

void add_code(const std::string& line, std::string& result) {
  for (const std::string& part : broken(line)) result += part + "\n";
}

void add_comment(std::string line, std::string& result) {
  const std::string begin = std::string(line.find_first_not_of(' '), ' ') + "// ";
  while (line.size() > kLongestLine) {
    const size_t space = line.rfind(' ', kLongestLine);
    if (space < begin.size()) break;
    result += line.substr(0, space) + "\n";
    line.replace(0, space + 1, begin);
  }
  result += line + "\n";
}

std::vector<std::string_view> lines_of(std::string_view text) {
  std::vector<std::string_view> lines;
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    lines.push_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return lines;
}

}  // namespace

bool uses_word(std::string_view text, std::string_view word) {
  const auto is_part = [](char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; };
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    const size_t end = at + word.size();
    if ((at == 0 || !is_part(text[at - 1])) && (end == text.size() || !is_part(text[end]))) return true;
  }
  return false;
}

std::string without_dead_values(const std::string& body) {
  std::vector<std::string_view> lines;
  std::string_view rest = body;
  while (!rest.empty()) {
    const size_t end = rest.find('\n');
    lines.push_back(rest.substr(0, end + 1));
    rest.remove_prefix(end + 1);
  }
  std::unordered_set<std::string> used;
  std::vector<bool> is_kept(lines.size(), true);
  for (size_t i = lines.size(); i-- > 0;) {
    const std::string name = defined_value(lines[i]);
    is_kept[i] = name.empty() || used.contains(name);
    if (!is_kept[i]) continue;
    std::string word;
    for (const char c : lines[i]) {
      const bool is_part = std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
      if (is_part) {
        word += c;
      } else if (!word.empty()) {
        used.insert(std::exchange(word, {}));
      }
    }
    // A line uses what it defines only below.
    if (!name.empty()) used.erase(name);
  }
  std::string result;
  for (size_t i = 0; i < lines.size(); ++i) {
    if (is_kept[i]) result += lines[i];
  }
  return result;
}

std::string with_broken_lines(std::string_view text) {
  std::string result;
  result.reserve(text.size());
  for (const std::string_view line : lines_of(text)) {
    const size_t begin = line.find_first_not_of(' ');
    if (line.size() <= kLongestLine || line[begin] == '#') {
      result.append(line).push_back('\n');
    } else if (line.substr(begin).starts_with("//")) {
      add_comment(std::string(line), result);
    } else {
      add_code(std::string(line), result);
    }
  }
  return result;
}

}  // namespace lathe::codegen
