// The class str. Positions count characters, not bytes; upper and lower case are known of ASCII letters only.
#include <algorithm>

#include "compiler/frontend/torch/python/builtin_text_format.h"
#include "compiler/frontend/torch/python/library_parts.h"
#include "compiler/frontend/torch/python/native_support.h"
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {
namespace {

constexpr std::string_view kBlanks = " \t\n\r\f\v";

bool is_upper(char c) { return c >= 'A' && c <= 'Z'; }
bool is_lower(char c) { return c >= 'a' && c <= 'z'; }
bool is_letter(char c) { return is_upper(c) || is_lower(c) || static_cast<unsigned char>(c) >= 0x80; }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
char to_upper(char c) { return is_lower(c) ? static_cast<char>(c - 32) : c; }
char to_lower(char c) { return is_upper(c) ? static_cast<char>(c + 32) : c; }

Result<Value> make_str(NativeCall& call) {
  LATHE_RETURN_UNKNOWN(call.argument("object"));
  if (!makes_builtin(call, "str")) return call.evaluator.unsupported(call.where, "subclasses of `str`");
  if (call.is_given("encoding")) return call.evaluator.unsupported(call.where, "`str` with an encoding");
  LATHE_TRY(std::string text, call.evaluator.text(call.argument("object"), call.where));
  return new_string(call, std::move(text));
}

/// A text as long as the arguments allow is paid for before it is made.
Status pay(NativeCall& call, size_t bytes) { return call.evaluator.spend(bytes / 16 + 1, call.where); }

Result<Value> join(NativeCall& call) {
  LATHE_TRY(const std::string separator, call.string("self"));
  LATHE_RETURN_UNKNOWN(call.argument("iterable"));
  LATHE_TRY(const std::vector<Value> items, call.items("iterable"));
  std::string result;
  for (size_t i = 0; i < items.size(); ++i) {
    LATHE_RETURN_UNKNOWN(items[i]);
    const std::string* text = heap_of(call).string(items[i]);
    if (text == nullptr) {
      return raise(call, "TypeError", "`join` wants strings: element {} is {}", i, call.evaluator.describe(items[i]));
    }
    LATHE_TRY_VOID(pay(call, text->size()));
    if (i > 0) result += separator;
    result += *text;
  }
  return new_string(call, std::move(result));
}

Value string_list(NativeCall& call, std::vector<std::string> texts) {
  std::vector<Value> items;
  for (std::string& text : texts) items.push_back(new_string(call, std::move(text)));
  return heap_of(call).new_list(std::move(items));
}

std::vector<std::string> split_blanks(const std::string& text, int64_t most) {
  std::vector<std::string> parts;
  size_t at = text.find_first_not_of(kBlanks);
  while (at != std::string::npos) {
    if (static_cast<int64_t>(parts.size()) == most) {
      parts.push_back(text.substr(at, text.find_last_not_of(kBlanks) - at + 1));
      break;
    }
    const size_t end = std::min(text.find_first_of(kBlanks, at), text.size());
    parts.push_back(text.substr(at, end - at));
    at = text.find_first_not_of(kBlanks, end);
  }
  return parts;
}

std::vector<std::string> split_blanks_backwards(std::string text, int64_t most) {
  std::vector<std::string> parts;
  while (true) {
    const size_t end = text.find_last_not_of(kBlanks);
    if (end == std::string::npos) break;
    text.resize(end + 1);
    const size_t before = text.find_last_of(kBlanks);
    if (static_cast<int64_t>(parts.size()) == most || before == std::string::npos) {
      parts.push_back(text.substr(text.find_first_not_of(kBlanks)));
      break;
    }
    parts.push_back(text.substr(before + 1));
    text.resize(before);
  }
  std::reverse(parts.begin(), parts.end());
  return parts;
}

Result<Value> split(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  LATHE_TRY(int64_t most, call.known_integer("maxsplit"));
  const bool backwards = call.row.name == "rsplit";
  LATHE_TRY_VOID(pay(call, text.size()));
  if (most < 0) most = static_cast<int64_t>(text.size()) + 1;
  if (call.is_none("sep")) {
    return string_list(call, backwards ? split_blanks_backwards(text, most) : split_blanks(text, most));
  }
  LATHE_TRY(const std::string separator, call.string("sep"));
  if (separator.empty()) return raise(call, "ValueError", "`{}` by an empty string", call.row.name);
  std::vector<std::string> parts;
  if (backwards) {
    size_t end = text.size();
    while (static_cast<int64_t>(parts.size()) < most && end >= separator.size()) {
      const size_t found = text.rfind(separator, end - separator.size());
      if (found == std::string::npos) break;
      parts.push_back(text.substr(found + separator.size(), end - found - separator.size()));
      end = found;
    }
    parts.push_back(text.substr(0, end));
    std::reverse(parts.begin(), parts.end());
  } else {
    size_t at = 0;
    while (static_cast<int64_t>(parts.size()) < most) {
      const size_t found = text.find(separator, at);
      if (found == std::string::npos) break;
      parts.push_back(text.substr(at, found - at));
      at = found + separator.size();
    }
    parts.push_back(text.substr(at));
  }
  return string_list(call, std::move(parts));
}

Result<Value> split_lines(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  LATHE_TRY(const bool keep, call.truth("keepends"));
  std::vector<std::string> lines;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find_first_of("\r\n", at), text.size());
    size_t next = std::min(end + 1, text.size());
    if (end + 1 < text.size() && text[end] == '\r' && text[end + 1] == '\n') ++next;
    lines.push_back(text.substr(at, (keep ? next : end) - at));
    at = next;
  }
  return string_list(call, std::move(lines));
}

Result<Value> strip(NativeCall& call) {
  LATHE_TRY(std::string text, call.string("self"));
  std::string characters(kBlanks);
  if (!call.is_none("characters")) {
    LATHE_TRY(characters, call.string("characters"));
  }
  if (call.row.name != "lstrip") text.erase(text.find_last_not_of(characters) + 1);
  if (call.row.name != "rstrip") text.erase(0, std::min(text.find_first_not_of(characters), text.size()));
  return new_string(call, std::move(text));
}

Result<Value> replace(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  LATHE_TRY(const std::string old, call.string("old"));
  LATHE_TRY(const std::string with, call.string("new"));
  LATHE_TRY(int64_t most, call.known_integer("count"));
  if (most < 0) most = static_cast<int64_t>(text.size()) + 1;
  std::string result;
  size_t at = 0;
  while (at <= text.size() && most-- > 0) {
    const size_t found = text.find(old, at);
    if (found == std::string::npos) break;
    LATHE_TRY_VOID(pay(call, with.size() + found - at));
    result += text.substr(at, found - at) + with;
    at = found + old.size();
    if (old.empty()) {
      if (at < text.size()) result += text[at];
      ++at;
    }
  }
  if (at < text.size()) result += text.substr(at);
  return new_string(call, std::move(result));
}

/// The part of `self` that `start` and `end` (in characters) leave, and where it begins.
struct Part {
  std::string text;
  int64_t offset = 0;
  bool valid = true;
};
size_t byte_of(const std::string& text, size_t character) {
  size_t at = 0;
  for (size_t i = 0; i < character && at < text.size(); ++i) {
    const std::optional<Utf8Character> decoded = decode_utf8(std::string_view(text).substr(at));
    at += decoded ? decoded->size : 1;
  }
  return at;
}
Result<Part> part(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  const size_t length = utf8_length(text);
  LATHE_TRY(const int64_t start, integer_or(call, "start", 0));
  LATHE_TRY(const int64_t end, integer_or(call, "end", static_cast<int64_t>(length)));
  if (start > static_cast<int64_t>(length)) return Part{"", 0, false};
  const size_t from = clamp_index(start, length);
  const size_t to = clamp_index(end, length);
  if (from > to) return Part{"", 0, false};
  const size_t begin = byte_of(text, from);
  return Part{text.substr(begin, byte_of(text, to) - begin), static_cast<int64_t>(from), true};
}

Result<Value> starts_or_ends(NativeCall& call) {
  LATHE_TRY(const Part self, part(call));
  std::vector<Value> options{call.argument("affix")};
  if (const auto* tuple = heap_of(call).as<TupleObject>(options[0])) options = std::vector<Value>(tuple->items);
  for (const Value& option : options) {
    LATHE_RETURN_UNKNOWN(option);
    const std::string* text = heap_of(call).string(option);
    if (text == nullptr) return wrong_type(call, "affix", "a str or a tuple of them");
    const bool fits = call.row.name == "startswith" ? self.text.starts_with(*text) : self.text.ends_with(*text);
    if (self.valid && fits) return Value(true);
  }
  return Value(false);
}

/// find, rfind, index, rindex
Result<Value> find(NativeCall& call) {
  LATHE_TRY(const Part self, part(call));
  LATHE_TRY(const std::string wanted, call.string("part"));
  const bool backwards = call.row.name.starts_with('r');
  const size_t found = !self.valid ? std::string::npos : backwards ? self.text.rfind(wanted) : self.text.find(wanted);
  if (found != std::string::npos) {
    return integer(self.offset + static_cast<int64_t>(utf8_length(std::string_view(self.text).substr(0, found))));
  }
  if (call.row.name.ends_with("index")) {
    return raise(call, "ValueError", "{} is not in the str", call.evaluator.describe(call.argument("part")));
  }
  return integer(-1);
}

Result<Value> count(NativeCall& call) {
  LATHE_TRY(const Part self, part(call));
  LATHE_TRY(const std::string wanted, call.string("part"));
  if (!self.valid) return integer(0);
  if (wanted.empty()) return integer(static_cast<int64_t>(utf8_length(self.text)) + 1);
  int64_t number = 0;
  for (size_t at = 0; (at = self.text.find(wanted, at)) != std::string::npos; at += wanted.size()) ++number;
  return integer(number);
}

/// upper, lower, title, capitalize, swapcase, casefold
Result<Value> change_case(NativeCall& call) {
  LATHE_TRY(std::string text, call.string("self"));
  const std::string_view how = call.row.name;
  bool after_letter = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char& c = text[i];
    const bool upper = how == "upper" || (how == "title" && !after_letter) || (how == "capitalize" && i == 0) ||
                       (how == "swapcase" && is_lower(c));
    after_letter = is_letter(c);
    c = upper ? to_upper(c) : to_lower(c);
  }
  return new_string(call, std::move(text));
}

/// isdigit, isalpha, isupper ...
Result<Value> is_all(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  const std::string_view what = call.row.name;
  const auto every = [&](auto holds) { return !text.empty() && std::all_of(text.begin(), text.end(), holds); };
  const bool has_upper = std::any_of(text.begin(), text.end(), is_upper);
  const bool has_lower = std::any_of(text.begin(), text.end(), is_lower);
  if (what == "isupper") return Value(has_upper && !has_lower);
  if (what == "islower") return Value(has_lower && !has_upper);
  if (what == "isspace") return Value(every([](char c) { return kBlanks.find(c) != std::string_view::npos; }));
  if (what == "isalpha") return Value(every(is_letter));
  if (what == "isalnum") return Value(every([](char c) { return is_letter(c) || is_digit(c); }));
  if (what == "isidentifier") {
    return Value(every([](char c) { return is_letter(c) || is_digit(c) || c == '_'; }) && !is_digit(text[0]));
  }
  if (what == "isascii") {
    return Value(std::all_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) < 0x80; }));
  }
  return Value(every(is_digit));
}

/// center, ljust, rjust, zfill
Result<Value> pad(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  LATHE_TRY(const int64_t width, call.known_integer("width"));
  std::string fill = "0";
  if (call.row.name != "zfill") {
    LATHE_TRY(fill, call.string("fill"));
    if (utf8_length(fill) != 1)
      return raise(call, "TypeError", "the fill of `{}` must be one character", call.row.name);
  }
  const int64_t missing = width - static_cast<int64_t>(utf8_length(text));
  if (missing <= 0) return new_string(call, text);
  LATHE_TRY_VOID(call.evaluator.spend(static_cast<uint64_t>(missing), call.where));
  // Python puts the odd one of `center` on the left when the width is odd, too.
  int64_t left = 0;
  if (call.row.name == "center") left = missing / 2 + (missing & width & 1);
  if (call.row.name == "rjust" || call.row.name == "zfill") left = missing;
  std::string before;
  std::string after;
  for (int64_t i = 0; i < missing; ++i) (i < left ? before : after) += fill;
  if (call.row.name == "zfill" && !text.empty() && (text[0] == '-' || text[0] == '+')) {
    return new_string(call, text[0] + before + text.substr(1));
  }
  return new_string(call, before + text + after);
}

Result<Value> partition(NativeCall& call) {
  LATHE_TRY(const std::string text, call.string("self"));
  LATHE_TRY(const std::string separator, call.string("sep"));
  if (separator.empty()) return raise(call, "ValueError", "`{}` by an empty string", call.row.name);
  const bool backwards = call.row.name == "rpartition";
  const size_t found = backwards ? text.rfind(separator) : text.find(separator);
  std::vector<std::string> parts{text, "", ""};
  if (backwards) parts = {"", "", text};
  if (found != std::string::npos) parts = {text.substr(0, found), separator, text.substr(found + separator.size())};
  std::vector<Value> items;
  for (std::string& piece : parts) items.push_back(new_string(call, std::move(piece)));
  return heap_of(call).new_tuple(std::move(items));
}

Result<Value> remove_affix(NativeCall& call) {
  LATHE_TRY(std::string text, call.string("self"));
  LATHE_TRY(const std::string affix, call.string("affix"));
  if (call.row.name == "removeprefix" && text.starts_with(affix)) text.erase(0, affix.size());
  if (call.row.name == "removesuffix" && text.ends_with(affix)) text.resize(text.size() - affix.size());
  return new_string(call, std::move(text));
}

Result<Value> refuse(NativeCall& call) {
  return call.evaluator.unsupported(call.where, fmt::format("`{}`", call.display_name()));
}

constexpr NativeFunctionRow kMethods[] = {
    {"__new__", "cls, object='', encoding=None, errors=None", make_str},
    {"join", "self, iterable, /", join},
    {"split", "self, sep=None, maxsplit=-1", split},
    {"rsplit", "self, sep=None, maxsplit=-1", split},
    {"splitlines", "self, keepends=False", split_lines},
    {"strip", "self, characters=None, /", strip},
    {"lstrip", "self, characters=None, /", strip},
    {"rstrip", "self, characters=None, /", strip},
    {"replace", "self, old, new, count=-1, /", replace},
    {"startswith", "self, affix, start=None, end=None, /", starts_or_ends},
    {"endswith", "self, affix, start=None, end=None, /", starts_or_ends},
    {"find", "self, part, start=None, end=None, /", find},
    {"rfind", "self, part, start=None, end=None, /", find},
    {"index", "self, part, start=None, end=None, /", find},
    {"rindex", "self, part, start=None, end=None, /", find},
    {"count", "self, part, start=None, end=None, /", count},
    {"upper", "self", change_case},
    {"lower", "self", change_case},
    {"title", "self", change_case},
    {"capitalize", "self", change_case},
    {"swapcase", "self", change_case},
    {"casefold", "self", change_case},
    {"isdigit", "self", is_all},
    {"isdecimal", "self", is_all},
    {"isnumeric", "self", is_all},
    {"isalpha", "self", is_all},
    {"isalnum", "self", is_all},
    {"isspace", "self", is_all},
    {"isupper", "self", is_all},
    {"islower", "self", is_all},
    {"isidentifier", "self", is_all},
    {"isascii", "self", is_all},
    {"center", "self, width, fill=' ', /", pad},
    {"ljust", "self, width, fill=' ', /", pad},
    {"rjust", "self, width, fill=' ', /", pad},
    {"zfill", "self, width, /", pad},
    {"partition", "self, sep, /", partition},
    {"rpartition", "self, sep, /", partition},
    {"removeprefix", "self, affix, /", remove_affix},
    {"removesuffix", "self, affix, /", remove_affix},
    {"format", "self, /, *arguments, **keywords", format_text},
    {"format_map", "self, mapping, /", format_text_by_map},
    {"encode", "self, encoding='utf-8', errors='strict'", refuse},
    {"translate", "self, table, /", refuse},
};

constexpr NativeClassRow kClasses[] = {{"str", "", kMethods}};

constexpr NativeModuleRow kModules[] = {{"builtins", {}, kClasses, {}}};

}  // namespace

std::span<const NativeModuleRow> builtin_text() { return kModules; }

}  // namespace lathe::torch
