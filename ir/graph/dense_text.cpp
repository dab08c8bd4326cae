// Elements of constants as text, and back.
#include "ir/graph/dense_text.h"

#include <fmt/format.h>

#include <array>
#include <charconv>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "ir/scalar/scalar_value.h"

namespace lathe {
namespace {

bool is_hex(const Token& token) {
  return token.kind == TokenKind::Integer && token.text.size() > 2 && (token.text[1] == 'x' || token.text[1] == 'X');
}

std::string with_point(std::string text) {
  if (text.find_first_of(".en") == std::string::npos) text += ".0";
  return text;
}

// The shortest decimal that rounds to the number in its own type.
std::string shortest(const ScalarValue& value) {
  constexpr int kMostDigits = 9;
  constexpr double kPlainWhole = 1e6;
  const bool is_plain = std::trunc(value.real) == value.real && std::fabs(value.real) < kPlainWhole;
  if (info(value.type).bits > 32 || is_plain || !std::isfinite(value.real)) return float_text(value.real);
  if (value.type == ElementType::F32) {
    constexpr size_t kLongest = 32;
    std::array<char, kLongest> buffer;
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), static_cast<float>(value.real)).ptr;
    return with_point(std::string(buffer.data(), end));
  }
  for (int digits = 1; digits < kMostDigits; ++digits) {
    const std::string text = fmt::format("{:.{}g}", value.real, digits);
    double parsed = 0;
    std::from_chars(text.data(), text.data() + text.size(), parsed);
    if (ScalarValue::of(value.type, parsed).same_bits(value)) return with_point(text);
  }
  return float_text(value.real);
}

std::string element_text(const ConstantData& constant, int64_t index) {
  const ElementType element = constant.type.element;
  const int64_t at = constant.splat ? 0 : index;
  if (element == ElementType::String) return fmt::format("\"{}\"", escape(constant.strings[static_cast<size_t>(at)]));
  const ScalarValue value = load_element(element, constant.bytes.data(), at);
  if (element == ElementType::Boolean) return value.is_zero() ? "false" : "true";
  if (is_signed(element)) return fmt::format("{}", value.integer);
  if (is_unsigned(element)) {
    const auto magnitude = static_cast<uint64_t>(value.integer);
    return value.integer < 0 ? fmt::format("{:#x}", magnitude) : fmt::format("{}", magnitude);
  }
  const std::string text = shortest(value);
  // What a reader of the text would store, bit for bit, against what is stored.
  double parsed = 0;
  std::from_chars(text.data(), text.data() + text.size(), parsed);
  const size_t width = info(element).bits / 8;
  uint64_t stored = 0;
  std::memcpy(&stored, constant.bytes.data() + static_cast<size_t>(at) * width, width);
  uint64_t read_back = 0;
  store_element(element, &read_back, 0, ScalarValue::of(element, parsed));
  return stored == read_back ? text : fmt::format("{:#x}", stored);
}

// One element from the text into memory.
Status parse_element(TokenCursor& cursor, ElementType element, std::byte* memory, int64_t index) {
  const Token token = cursor.peek();
  if (element == ElementType::Boolean) {
    const bool is_true = cursor.accept("true");
    if (!is_true && !cursor.accept("false")) return cursor.error_expected("`true` or `false`");
    store_element(element, memory, index, ScalarValue::boolean(is_true));
    return {};
  }
  if (is_float(element) && !is_hex(token)) {
    LATHE_TRY(const double value, cursor.expect_number("a number"));
    store_element(element, memory, index, ScalarValue::of(element, value));
    return {};
  }
  LATHE_TRY(const int64_t value, cursor.expect_integer("a whole number"));
  if (is_float(element)) {
    const size_t width = info(element).bits / 8;
    if (width < 8 && (static_cast<uint64_t>(value) >> (8 * width)) != 0) {
      return cursor.diagnostics()
          .report(DiagnosticKind::Syntax, cursor.location(token), "`{}` has more bits than an `{}`", token.text,
                  text(element))
          .emit();
    }
    std::memcpy(memory + static_cast<size_t>(index) * width, &value, width);
    return {};
  }
  const bool is_pattern = is_hex(token) && element == ElementType::U64;
  if (wrap_to_type(element, value) != value || (is_unsigned(element) && value < 0 && !is_pattern)) {
    return cursor.diagnostics()
        .report(DiagnosticKind::Syntax, cursor.location(token), "`{}` is beyond the range of `{}`", token.text,
                text(element))
        .emit();
  }
  store_element(element, memory, index, ScalarValue::of_integer(element, value));
  return {};
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

Failure payload_size_error(TokenCursor& cursor, LocationId where, const TensorType& type, uint64_t needed,
                           uint64_t given) {
  return cursor.diagnostics()
      .report(DiagnosticKind::PayloadSize, where, "`{}` takes {} bytes, {} are given", text(type), needed, given)
      .emit();
}

Result<ConstantData> parse_hex(TokenCursor& cursor, const TensorType& type, uint64_t needed) {
  const Token token = cursor.peek();
  if (token.kind != TokenKind::String) return cursor.error_expected("a string of hexadecimal digits");
  cursor.next();
  const LocationId where = cursor.location(token);
  if (token.text.size() / 2 != needed || token.text.size() % 2 != 0) {
    return payload_size_error(cursor, where, type, needed, token.text.size() / 2);
  }
  std::vector<std::byte> bytes(needed);
  for (size_t i = 0; i < bytes.size(); ++i) {
    const int high = hex_digit(token.text[2 * i]);
    const int low = hex_digit(token.text[2 * i + 1]);
    if (high < 0 || low < 0) {
      return cursor.diagnostics()
          .report(DiagnosticKind::Syntax, where, "byte {} of the data is not hexadecimal", i)
          .emit();
    }
    bytes[i] = static_cast<std::byte>(16 * high + low);
  }
  return owned_constant(type, std::move(bytes));
}

Result<ConstantData> parse_file(TokenCursor& cursor, const TensorType& type, uint64_t needed,
                                const std::string& folder) {
  const LocationId where = cursor.location();
  LATHE_TRY_VOID(cursor.expect("("));
  LATHE_TRY(const std::string path, cursor.expect_string("a path"));
  int64_t offset = 0;
  if (cursor.accept(",")) {
    LATHE_TRY(offset, cursor.expect_integer("an offset in bytes"));
  }
  LATHE_TRY_VOID(cursor.expect(")"));
  const std::filesystem::path given(path);
  const std::filesystem::path full =
      given.is_absolute() || folder.empty() ? given : std::filesystem::path(folder) / given;
  std::error_code error;
  // Sizes are checked against the file before memory is taken; a device or a pipe is no file of weights.
  const bool regular = path.find('\0') == std::string::npos && std::filesystem::is_regular_file(full, error);
  const uint64_t size = regular ? std::filesystem::file_size(full, error) : 0;
  if (!regular || error) {
    return cursor.diagnostics()
        .report(DiagnosticKind::ExternalData, where, "the data file `{}` can't be read", escape(path))
        .emit();
  }
  const uint64_t available =
      offset >= 0 && static_cast<uint64_t>(offset) <= size ? size - static_cast<uint64_t>(offset) : 0;
  if (offset < 0 || available < needed) {
    return payload_size_error(cursor, where, type, needed, available);
  }
  std::vector<std::byte> bytes(needed);
  std::ifstream stream(full, std::ios::binary);
  stream.seekg(offset);
  stream.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(needed));
  if (!stream) {
    return cursor.diagnostics()
        .report(DiagnosticKind::ExternalData, where, "the data file `{}` can't be read", escape(path))
        .emit();
  }
  ConstantData constant = owned_constant(type, std::move(bytes));
  constant.source = ConstantSource{path, static_cast<uint64_t>(offset)};
  return constant;
}

}  // namespace

std::string dense_text(const ConstantData& constant) {
  if (constant.splat) return fmt::format("dense<{}>", element_text(constant, 0));
  std::string result = "dense<[";
  const int64_t count = constant.element_count();
  for (int64_t i = 0; i < count; ++i) {
    if (i != 0) result += ", ";
    result += element_text(constant, i);
  }
  return result + "]>";
}

Result<DenseElements> parse_dense(TokenCursor& cursor) {
  LATHE_TRY_VOID(cursor.expect("dense"));
  LATHE_TRY_VOID(cursor.expect("<"));
  DenseElements result;
  const auto take_element = [&]() -> Status {
    const Token token = cursor.peek();
    switch (token.kind) {
      case TokenKind::Identifier:
        if (token.text != "true" && token.text != "false") return cursor.error_expected("an element");
        break;
      case TokenKind::Integer:
      case TokenKind::Float:
      case TokenKind::String: break;
      case TokenKind::Value:
      case TokenKind::Symbol:
      case TokenKind::Punctuation:
      case TokenKind::Error:
      case TokenKind::End: return cursor.error_expected("an element");
    }
    result.elements.push_back(token);
    cursor.next();
    return {};
  };
  if (!cursor.accept("[")) {
    result.splat = true;
    LATHE_TRY_VOID(take_element());
  } else if (!cursor.accept("]")) {
    do {
      LATHE_TRY_VOID(take_element());
    } while (cursor.accept(","));
    LATHE_TRY_VOID(cursor.expect("]"));
  }
  LATHE_TRY_VOID(cursor.expect(">"));
  return result;
}

Result<ConstantData> finish_dense(TokenCursor& cursor, const DenseElements& dense, const TensorType& type,
                                  LocationId location) {
  Diagnostics& diagnostics = cursor.diagnostics();
  const Dim count = type.element_count();
  if (!type.is_static() || !count.is_constant()) {
    return diagnostics
        .report(DiagnosticKind::ShapeMismatch, location, "a constant has a fixed shape, `{}` has none", text(type))
        .emit();
  }
  const auto given = static_cast<int64_t>(dense.elements.size());
  if (!dense.splat && given != count.constant()) {
    return diagnostics
        .report(DiagnosticKind::PayloadSize, location, "`{}` has {} elements, {} are given", text(type),
                count.constant(), given)
        .emit();
  }
  std::vector<Token> tokens = dense.elements;
  tokens.push_back(Token{TokenKind::End, {}, dense.elements.empty() ? Span{} : dense.elements.back().span});
  TokenCursor elements(std::move(tokens), cursor.locations(), diagnostics);
  ConstantData constant;
  if (type.element == ElementType::String) {
    std::vector<std::string> strings;
    for (int64_t i = 0; i < given; ++i) {
      LATHE_TRY(std::string element, elements.expect_string("a string"));
      strings.push_back(std::move(element));
    }
    constant = owned_constant(type, {});
    constant.strings = std::move(strings);
  } else {
    std::vector<std::byte> bytes(storage_bytes(type.element, given).value_or(0));
    for (int64_t i = 0; i < given; ++i) LATHE_TRY_VOID(parse_element(elements, type.element, bytes.data(), i));
    constant = owned_constant(type, std::move(bytes));
  }
  constant.splat = dense.splat;
  return constant;
}

std::string payload_text(const ConstantData& constant) {
  if (constant.absent) return "absent";
  if (constant.splat || constant.type.element == ElementType::String) return dense_text(constant);
  if (constant.source) {
    return fmt::format("file(\"{}\", {})", escape(constant.source->path), constant.source->offset);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string result = "hex\"";
  result.reserve(constant.bytes.size() * 2 + 5);
  for (const std::byte byte : constant.bytes) {
    result += kDigits[std::to_integer<size_t>(byte >> 4)];
    result += kDigits[std::to_integer<size_t>(byte & std::byte{15})];
  }
  return result + "\"";
}

Result<ConstantData> parse_payload(TokenCursor& cursor, const TensorType& type, const std::string& folder,
                                   LocationId location) {
  if (cursor.at("dense")) {
    LATHE_TRY(const DenseElements dense, parse_dense(cursor));
    return finish_dense(cursor, dense, type, location);
  }
  const Dim count = type.element_count();
  const bool is_static = type.is_static() && count.is_constant();
  if (is_static && cursor.accept("absent")) {
    ConstantData constant = owned_constant(type, {});
    constant.absent = true;
    return constant;
  }
  const auto needed = is_static ? storage_bytes(type.element, count.constant()) : std::nullopt;
  if (!needed) {
    return cursor.diagnostics()
        .report(DiagnosticKind::ShapeMismatch, location, "data needs a fixed shape and numbers, not `{}`", text(type))
        .emit();
  }
  if (cursor.accept("hex")) return parse_hex(cursor, type, *needed);
  if (cursor.accept("file")) return parse_file(cursor, type, *needed, folder);
  return cursor.error_expected("`hex`, `file`, `dense` or `absent`");
}

}  // namespace lathe
