// Format specifications: `{value:>8.3f}`, format(), and the `%` operator of strings.
#include <cmath>
#include <optional>

#include "compiler/frontend/torch/python/builtins.h"
#include "compiler/frontend/torch/python/native_support.h"
#include "compiler/frontend/torch/python/utf8.h"

namespace lathe::torch {
namespace {

/// [[fill]align][sign][#][0][width][,][.precision][type]
struct FormatSpec {
  std::string fill = " ";
  char align = 0;
  char sign = '-';
  bool alternate = false;
  bool zero = false;
  int64_t width = 0;
  char separator = 0;
  int64_t precision = -1;
  char type = 0;
};

/// Nobody needs more; Python itself would take the memory.
constexpr int64_t kWidest = 100'000;
constexpr int64_t kMostDigits = 1'000;

bool is_align(char c) { return c == '<' || c == '>' || c == '=' || c == '^'; }

std::optional<FormatSpec> parse_spec(std::string_view text) {
  FormatSpec spec;
  size_t at = 0;
  const auto peek = [&] { return at < text.size() ? text[at] : '\0'; };
  const auto number = [&](int64_t& value, int64_t most) {
    value = 0;
    for (; peek() >= '0' && peek() <= '9'; ++at) value = std::min(most + 1, value * 10 + (peek() - '0'));
    return value <= most;
  };
  const std::optional<Utf8Character> first = decode_utf8(text);
  if (first && first->size < text.size() && is_align(text[first->size])) {
    spec.fill = text.substr(0, first->size);
    spec.align = text[first->size];
    at = first->size + 1;
  } else if (is_align(peek())) {
    spec.align = text[at++];
  }
  if (peek() == '+' || peek() == '-' || peek() == ' ') spec.sign = text[at++];
  if (peek() == 'z') ++at;
  if (peek() == '#') {
    spec.alternate = true;
    ++at;
  }
  if (peek() == '0') {
    spec.zero = true;
    ++at;
  }
  if (!number(spec.width, kWidest)) return std::nullopt;
  if (peek() == ',' || peek() == '_') spec.separator = text[at++];
  if (peek() == '.') {
    ++at;
    if (!(peek() >= '0' && peek() <= '9') || !number(spec.precision, kMostDigits)) return std::nullopt;
  }
  if (at < text.size()) spec.type = text[at++];
  if (at != text.size()) return std::nullopt;
  return spec;
}

std::string repeated(const std::string& text, int64_t count) {
  std::string result;
  for (int64_t i = 0; i < count; ++i) result += text;
  return result;
}

std::string padded(const std::string& text, const FormatSpec& spec, char usual_align) {
  const int64_t missing = spec.width - static_cast<int64_t>(utf8_length(text));
  if (missing <= 0) return text;
  const char align = spec.align != 0 ? spec.align : usual_align;
  const std::string& fill = spec.zero && spec.align == 0 ? std::string("0") : spec.fill;
  if (align == '<') return text + repeated(fill, missing);
  if (align == '^') return repeated(fill, missing / 2) + text + repeated(fill, missing - missing / 2);
  return repeated(fill, missing) + text;
}

/// Puts separators between groups of digits, and zeros before them up to a width.
std::string grouped(const std::string& digits, char separator, int group, int64_t width) {
  std::string result;
  int64_t count = 0;
  const auto put = [&](char digit) {
    if (separator != 0 && count > 0 && count % group == 0) result.push_back(separator);
    result.push_back(digit);
    ++count;
  };
  for (auto digit = digits.rbegin(); digit != digits.rend(); ++digit) put(*digit);
  while (static_cast<int64_t>(result.size()) < width) put('0');
  return {result.rbegin(), result.rend()};
}

/// Sign, prefix and digits; `digits` may have a fraction or an exponent.
std::string finish_number(bool negative, const std::string& prefix, const std::string& digits, const FormatSpec& spec,
                          int group) {
  const std::string sign = negative ? "-" : spec.sign == '-' ? "" : std::string(1, spec.sign);
  const std::string head = sign + prefix;
  size_t whole_end = digits.find_first_not_of("0123456789abcdefABCDEF");
  if (group == 3) whole_end = digits.find_first_not_of("0123456789");
  const std::string whole = digits.substr(0, whole_end);
  const std::string rest = whole_end == std::string::npos ? "" : digits.substr(whole_end);
  const bool zero_filled = (spec.zero && spec.align == 0) || (spec.align == '=' && spec.fill == "0");
  const int64_t width =
      zero_filled && !whole.empty() ? spec.width - static_cast<int64_t>(head.size() + rest.size()) : 0;
  const std::string body = grouped(whole, spec.separator, group, width) + rest;
  if (spec.align == '=') {
    const int64_t missing = spec.width - static_cast<int64_t>(head.size() + body.size());
    return head + repeated(spec.fill, missing) + body;
  }
  return padded(head + body, spec, '>');
}

std::string format_integer(int64_t value, const FormatSpec& spec) {
  const bool negative = value < 0;
  const uint64_t size = negative ? 0 - static_cast<uint64_t>(value) : static_cast<uint64_t>(value);
  const auto prefix = [&](const char* text) { return spec.alternate ? std::string(text) : std::string(); };
  switch (spec.type) {
    case 'b': return finish_number(negative, prefix("0b"), fmt::format("{:b}", size), spec, 4);
    case 'o': return finish_number(negative, prefix("0o"), fmt::format("{:o}", size), spec, 4);
    case 'x': return finish_number(negative, prefix("0x"), fmt::format("{:x}", size), spec, 4);
    case 'X': return finish_number(negative, prefix("0X"), fmt::format("{:X}", size), spec, 4);
    default: return finish_number(negative, "", fmt::format("{}", size), spec, 3);
  }
}

/// The `g` notation; `short_float` is that of a specification without a type, which keeps a digit after the point.
std::string general_digits(double value, int64_t precision, bool alternate, bool short_float) {
  precision = std::max<int64_t>(1, precision);
  const std::string scientific = fmt::format("{:.{}e}", value, precision - 1);
  const size_t mark = scientific.find('e');
  const int64_t exponent = std::strtol(scientific.c_str() + mark + 1, nullptr, 10);
  const bool use_exponent = exponent < -4 || exponent >= precision - (short_float ? 1 : 0);
  std::string digits =
      use_exponent ? scientific.substr(0, mark) : fmt::format("{:.{}f}", value, precision - 1 - exponent);
  if (!alternate && digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.ends_with('.')) digits.pop_back();
  }
  if (use_exponent) return digits + scientific.substr(mark);
  if (short_float && digits.find('.') == std::string::npos) digits += ".0";
  return digits;
}

std::string format_float(double value, const FormatSpec& spec) {
  const bool negative = std::signbit(value) && !std::isnan(value);
  const double size = std::fabs(value);
  const int64_t precision = spec.precision < 0 ? 6 : spec.precision;
  const bool upper = spec.type == 'E' || spec.type == 'F' || spec.type == 'G';
  std::string digits;
  if (!std::isfinite(value)) {
    digits = std::isnan(value) ? "nan" : "inf";
    if (spec.type == '%') digits += '%';
  } else {
    switch (spec.type) {
      case 'e':
      case 'E': digits = fmt::format("{:.{}e}", size, precision); break;
      case 'f':
      case 'F': digits = fmt::format("{:.{}f}", size, precision); break;
      case '%': digits = fmt::format("{:.{}f}%", size * 100, precision); break;
      case 'g':
      case 'G':
      case 'n': digits = general_digits(size, precision, spec.alternate, false); break;
      default: digits = spec.precision < 0 ? float_text(size) : general_digits(size, spec.precision, false, true);
    }
    if (spec.alternate && digits.find('.') == std::string::npos) {
      digits.insert(std::min(digits.find_first_of("e%"), digits.size()), ".");
    }
  }
  if (upper) {
    for (char& c : digits) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return finish_number(negative, "", digits, spec, 3);
}

std::string cut_text(const std::string& text, int64_t characters) {
  if (characters < 0) return text;
  size_t at = 0;
  for (int64_t i = 0; i < characters && at < text.size(); ++i) {
    const std::optional<Utf8Character> character = decode_utf8(std::string_view(text).substr(at));
    at += character ? character->size : 1;
  }
  return text.substr(0, at);
}

bool one_of(char type, std::string_view types) { return type == 0 || types.find(type) != std::string_view::npos; }

}  // namespace

Result<std::string> format_value(Evaluator& evaluator, const Value& value, std::string_view spec_text,
                                 LocationId where) {
  if (is_unknown(value)) return std::string("?");
  if (const auto* instance = evaluator.heap().as<InstanceObject>(value)) {
    if (find_in_class(evaluator, instance->type, "__format__") != nullptr) {
      const Value spec = evaluator.heap().new_string(std::string(spec_text));
      LATHE_TRY(const Value text, evaluator.call_method(value, "__format__", {spec}, where));
      return evaluator.text(text, where);
    }
  }
  if (spec_text.empty()) return evaluator.text(value, where);
  if (const auto* tensor = std::get_if<TensorId>(&value)) {
    LATHE_TRY(const Value element, evaluator.host().element(evaluator, *tensor));
    if (std::holds_alternative<TensorId>(element)) return evaluator.text(value, where);
    return format_value(evaluator, element, spec_text, where);
  }
  const std::optional<FormatSpec> spec = parse_spec(spec_text);
  const auto refused = [&] {
    return evaluator
        .error(where, DiagnosticKind::PythonError, "ValueError", "the format `{}` doesn't fit {}", spec_text,
               evaluator.describe(value))
        .emit();
  };
  if (!spec) return refused();
  LATHE_TRY_VOID(evaluator.spend(static_cast<uint64_t>(spec->width / 16), where));
  if (const std::string* text = evaluator.heap().string(value)) {
    if (!one_of(spec->type, "s") || spec->align == '=') return refused();
    return padded(cut_text(*text, spec->precision), *spec, '<');
  }
  const bool is_float_type = spec->type != 0 && std::string_view("eEfFgG%").find(spec->type) != std::string_view::npos;
  if (const std::optional<Dim> whole = as_integer(value); whole && !is_float_type) {
    if (!one_of(spec->type, "bcdoxXn") || spec->precision >= 0) return refused();
    const std::optional<int64_t> number = whole->as_constant();
    if (!number) return padded(whole->python_text(), *spec, '>');
    if (spec->type == 'c') {
      if (*number < 0 || *number > 0x10ffff) return refused();
      std::string character;
      append_utf8(character, static_cast<uint32_t>(*number));
      return padded(character, *spec, '<');
    }
    return format_integer(*number, *spec);
  }
  if (const std::optional<double> number = as_float(value)) {
    if (!one_of(spec->type, "eEfFgGn%")) return refused();
    return format_float(*number, *spec);
  }
  if (const std::optional<Dim> size = as_integer(value)) return padded(size->python_text(), *spec, '>');
  return refused();
}

namespace {

/// One `%` field: flags, width and precision as they are written.
struct PercentField {
  std::string key;
  bool has_key = false;
  std::string flags;
  std::string width;
  std::string precision;
  bool has_precision = false;
  char type = 0;
};

class PercentFormatter {
 public:
  PercentFormatter(Evaluator& evaluator, const Value& arguments, LocationId where)
      : evaluator_(evaluator), arguments_(arguments), where_(where) {
    if (const auto* tuple = evaluator.heap().as<TupleObject>(arguments)) {
      items_ = tuple->items;
    } else {
      items_ = {arguments};
    }
  }

  Result<std::string> run(const std::string& format) {
    std::string result;
    for (size_t at = 0; at < format.size();) {
      if (format[at] != '%') {
        result.push_back(format[at++]);
        continue;
      }
      ++at;
      PercentField field;
      if (!parse(format, at, field)) return fault("ValueError", "a `%` field of the format is incomplete");
      if (field.type == '%') {
        result.push_back('%');
        continue;
      }
      LATHE_TRY(const std::string text, convert(field));
      result += text;
    }
    const bool is_mapping = evaluator_.heap().as<DictObject>(arguments_) != nullptr;
    if (next_ < items_.size() && !is_mapping) {
      return fault("TypeError", fmt::format("the format has {} fields, but {} values are given", next_, items_.size()));
    }
    return result;
  }

 private:
  Failure fault(std::string_view exception, const std::string& message) {
    return evaluator_.error(where_, DiagnosticKind::PythonError, exception, "{}", message).emit();
  }

  static bool parse(const std::string& format, size_t& at, PercentField& field) {
    if (at < format.size() && format[at] == '(') {
      const size_t close = format.find(')', at);
      if (close == std::string::npos) return false;
      field.key = format.substr(at + 1, close - at - 1);
      field.has_key = true;
      at = close + 1;
    }
    while (at < format.size() && std::string_view("-+ #0").find(format[at]) != std::string_view::npos) {
      field.flags.push_back(format[at++]);
    }
    const auto number = [&](std::string& text) {
      if (at < format.size() && format[at] == '*') {
        text = format[at++];
        return;
      }
      while (at < format.size() && format[at] >= '0' && format[at] <= '9') text.push_back(format[at++]);
    };
    number(field.width);
    if (at < format.size() && format[at] == '.') {
      ++at;
      field.has_precision = true;
      number(field.precision);
      if (field.precision.empty()) field.precision = "0";
    }
    while (at < format.size() && (format[at] == 'l' || format[at] == 'h' || format[at] == 'L')) ++at;
    if (at >= format.size()) return false;
    field.type = format[at++];
    return true;
  }

  Result<Value> next_value() {
    if (next_ >= items_.size()) {
      return fault("TypeError", fmt::format("the format has more fields than the {} values given", items_.size()));
    }
    return items_[next_++];
  }

  Status fill_star(std::string& text) {
    if (text != "*") return {};
    LATHE_TRY(const Value value, next_value());
    const std::optional<Dim> number = as_integer(value);
    if (!number || !number->is_constant()) return fault("TypeError", "`*` in a format wants an int");
    text = std::to_string(std::abs(number->constant()));
    return {};
  }

  Result<std::string> convert(PercentField& field) {
    LATHE_TRY_VOID(fill_star(field.width));
    LATHE_TRY_VOID(fill_star(field.precision));
    Value value;
    if (field.has_key) {
      LATHE_TRY(value, evaluator_.get_item(arguments_, evaluator_.heap().new_string(field.key), where_));
    } else {
      LATHE_TRY(value, next_value());
    }
    if (is_unknown(value)) return std::string("?");
    const bool left = field.flags.find('-') != std::string::npos;
    std::string spec = left ? "<" : ">";
    if (field.type == 's' || field.type == 'r' || field.type == 'a') {
      LATHE_TRY(const std::string text,
                field.type == 's' ? evaluator_.text(value, where_) : evaluator_.repr(value, where_));
      spec += field.width + (field.has_precision ? "." + field.precision : "");
      return format_value(evaluator_, evaluator_.heap().new_string(text), spec, where_);
    }
    if (std::string_view("diuoxXeEfFgGc").find(field.type) == std::string_view::npos) {
      return fault("ValueError", fmt::format("`%{}` is no field of a format", field.type));
    }
    if (field.type == 'c' && evaluator_.heap().string(value) != nullptr) {
      return format_value(evaluator_, value, spec + field.width, where_);
    }
    const bool whole = std::string_view("diuoxXc").find(field.type) != std::string_view::npos;
    if (const auto* tensor = std::get_if<TensorId>(&value)) {
      LATHE_TRY(value, evaluator_.host().element(evaluator_, *tensor));
      if (is_unknown(value)) return std::string("?");
    }
    if (const auto* real = std::get_if<double>(&value); real != nullptr && whole && std::fabs(*real) < 9e18) {
      value = integer(static_cast<int64_t>(*real));
    }
    if (!as_integer(value) && !as_float(value)) {
      return fault("TypeError", fmt::format("`%{}` wants a number, not {}", field.type, evaluator_.describe(value)));
    }
    if (field.flags.find('+') != std::string::npos) {
      spec += '+';
    } else if (field.flags.find(' ') != std::string::npos) {
      spec += ' ';
    }
    if (field.flags.find('#') != std::string::npos) spec += '#';
    if (!left && field.flags.find('0') != std::string::npos) spec = spec.substr(1) + "0";
    spec += field.width;
    if (field.has_precision && !whole) spec += "." + field.precision;
    const bool decimal = field.type == 'i' || field.type == 'u';
    spec += decimal ? 'd' : field.type;
    return format_value(evaluator_, std::holds_alternative<bool>(value) ? Value(*as_integer(value)) : value, spec,
                        where_);
  }

  Evaluator& evaluator_;
  const Value arguments_;
  LocationId where_;
  std::vector<Value> items_;
  size_t next_ = 0;
};

}  // namespace

Result<std::string> percent_format(Evaluator& evaluator, const std::string& format, const Value& arguments,
                                   LocationId where) {
  return PercentFormatter(evaluator, arguments, where).run(format);
}

}  // namespace lathe::torch
