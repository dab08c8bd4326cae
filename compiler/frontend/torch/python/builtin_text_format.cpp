// str.format: replacement fields with numbers, names, attributes and items.
#include "compiler/frontend/torch/python/builtin_text_format.h"

#include <charconv>

#include "compiler/frontend/torch/python/builtins.h"
#include "compiler/frontend/torch/python/native_support.h"

namespace lathe::torch {
namespace {

class FieldFormatter {
 public:
  FieldFormatter(NativeCall& call, std::vector<Value> positional, Value keywords)
      : call_(call), positional_(std::move(positional)), keywords_(std::move(keywords)) {}

  /// Specifications may hold fields, those none: `level` is at most 1 below the text.
  Result<std::string> run(std::string_view format, int level) {
    std::string result;
    for (size_t at = 0; at < format.size();) {
      const char c = format[at];
      const char next = at + 1 < format.size() ? format[at + 1] : '\0';
      if ((c == '{' || c == '}') && next == c && level == 0) {
        result.push_back(c);
        at += 2;
      } else if (c == '}') {
        return raise(call_, "ValueError", "a single `}}` in the format");
      } else if (c == '{') {
        if (level > 1) return raise(call_, "ValueError", "fields of the format nest too deep");
        const size_t close = field_end(format, at + 1);
        if (close == std::string_view::npos) return raise(call_, "ValueError", "`{{` in the format is never closed");
        LATHE_TRY(const std::string text, field(format.substr(at + 1, close - at - 1), level));
        result += text;
        at = close + 1;
      } else {
        result.push_back(c);
        ++at;
      }
    }
    return result;
  }

 private:
  static size_t field_end(std::string_view format, size_t at) {
    int depth = 1;
    for (; at < format.size(); ++at) {
      if (format[at] == '{') ++depth;
      if (format[at] == '}' && --depth == 0) return at;
    }
    return std::string_view::npos;
  }

  Result<std::string> field(std::string_view text, int level) {
    size_t end = 0;
    bool in_item = false;
    while (end < text.size() && (in_item || (text[end] != '!' && text[end] != ':'))) {
      in_item = (in_item || text[end] == '[') && text[end] != ']';
      ++end;
    }
    LATHE_TRY(Value value, lookup(text.substr(0, end)));
    if (end < text.size() && text[end] == '!') {
      const char conversion = end + 1 < text.size() ? text[end + 1] : '\0';
      LATHE_TRY(std::string converted, conversion == 's' ? call_.evaluator.text(value, call_.where)
                                                         : call_.evaluator.repr(value, call_.where));
      if (conversion != 's' && conversion != 'r' && conversion != 'a') {
        return raise(call_, "ValueError", "`!` in the format must be followed by `r`, `s` or `a`");
      }
      value = new_string(call_, std::move(converted));
      end += 2;
    }
    std::string spec;
    if (end < text.size()) {
      if (text[end] != ':') return raise(call_, "ValueError", "expected `:` after the conversion in the format");
      LATHE_TRY(spec, run(text.substr(end + 1), level + 1));
    }
    return format_value(call_.evaluator, value, spec, call_.where);
  }

  static std::optional<int64_t> as_number(std::string_view text) {
    int64_t number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc() || end != text.data() + text.size() || text[0] == '-') return std::nullopt;
    return number;
  }

  Result<Value> lookup(std::string_view text) {
    const size_t name_end = std::min(text.find_first_of(".["), text.size());
    const std::string_view name = text.substr(0, name_end);
    Value value;
    if (name.empty() || as_number(name)) {
      const size_t index = name.empty() ? next_++ : static_cast<size_t>(*as_number(name));
      if (index >= positional_.size()) {
        return raise(call_, "IndexError", "the format wants argument {}, but {} are given", index, positional_.size());
      }
      value = positional_[index];
    } else {
      LATHE_TRY(value, call_.evaluator.get_item(keywords_, new_string(call_, std::string(name)), call_.where));
    }
    for (size_t at = name_end; at < text.size();) {
      if (text[at] == '.') {
        const size_t end = std::min(text.find_first_of(".[", at + 1), text.size());
        const NameId attribute = call_.evaluator.name(text.substr(at + 1, end - at - 1));
        LATHE_TRY(value, call_.evaluator.get_attribute(value, attribute, call_.where));
        at = end;
      } else {
        const size_t close = text.find(']', at);
        if (close == std::string_view::npos) return raise(call_, "ValueError", "`[` in the format is never closed");
        const std::string_view key = text.substr(at + 1, close - at - 1);
        const std::optional<int64_t> number = key.empty() ? std::nullopt : as_number(key);
        const Value index = number ? integer(*number) : new_string(call_, std::string(key));
        LATHE_TRY(value, call_.evaluator.get_item(value, index, call_.where));
        at = close + 1;
      }
    }
    return value;
  }

  NativeCall& call_;
  std::vector<Value> positional_;
  Value keywords_;
  size_t next_ = 0;
};

}  // namespace

Result<Value> format_text(NativeCall& call) {
  LATHE_TRY(const std::string format, call.string("self"));
  const std::vector<Value> given = heap_of(call).as<TupleObject>(call.argument("arguments"))->items;
  LATHE_TRY(std::string text, FieldFormatter(call, given, call.argument("keywords")).run(format, 0));
  return new_string(call, std::move(text));
}

Result<Value> format_text_by_map(NativeCall& call) {
  LATHE_TRY(const std::string format, call.string("self"));
  LATHE_TRY(std::string text, FieldFormatter(call, {}, call.argument("mapping")).run(format, 0));
  return new_string(call, std::move(text));
}

}  // namespace lathe::torch
