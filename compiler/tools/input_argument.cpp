// Parsing of `-i` options and matching them with a model's inputs.
#include "compiler/tools/input_argument.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/base/display.h"
#include "ir/base/lexer.h"

namespace lathe::tools {
namespace {

// `f32[1, 3]`, whatever stands before the bracket: a path that ends so can be written `./f32[1]`.
bool looks_like_type(std::string_view text) {
  const size_t bracket = text.find('[');
  if (bracket == std::string_view::npos || bracket == 0 || text.back() != ']') return false;
  return std::all_of(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(bracket),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_'; });
}

// Element types by the names that NumPy and PyTorch give them.
std::string_view lathe_name(std::string_view foreign) {
  constexpr struct {
    std::string_view foreign;
    std::string_view name;
  } kNames[] = {{"float32", "f32"}, {"float", "f32"},    {"float64", "f64"},  {"double", "f64"}, {"float16", "f16"},
                {"half", "f16"},    {"int64", "i64"},    {"long", "i64"},     {"int32", "i32"},  {"int", "i32"},
                {"int16", "i16"},   {"int8", "i8"},      {"uint8", "u8"},     {"uint16", "u16"}, {"uint32", "u32"},
                {"uint64", "u64"},  {"boolean", "bool"}, {"bfloat16", "bf16"}};
  for (const auto& row : kNames) {
    if (row.foreign == foreign) return row.name;
  }
  return {};
}

Result<TensorType> parse_type_text(std::string_view text, uint32_t begin, FileId file, LocationTable& locations,
                                   Diagnostics& diagnostics) {
  std::vector<Token> tokens = tokenize(text, file);
  for (Token& token : tokens) {
    token.span.begin += begin;
    token.span.end += begin;
  }
  const std::string_view element = tokens.front().text;
  if (!parse_element_type(element)) {
    DiagnosticBuilder error = diagnostics.report(DiagnosticKind::InputMismatch, locations.add(tokens.front().span),
                                                 "there is no element type {}", quoted_name(element));
    const std::string_view meant = lathe_name(element);
    if (!meant.empty()) return std::move(error).note(fmt::format("Lathe calls it `{}`", meant)).emit();
    return std::move(error).note("for instance f32, f16, i64, u8, bool").emit();
  }
  TokenCursor cursor(std::move(tokens), locations, diagnostics);
  LATHE_TRY(TensorType type, cursor.parse_tensor_type());
  for (const Dim& dim : type.dims) {
    const auto size = dim.as_constant();
    if (size && *size < 0) {
      return diagnostics
          .report(DiagnosticKind::InputMismatch,
                  locations.add_span(file, begin, begin + static_cast<uint32_t>(text.size())),
                  "the size {} is negative", *size)
          .emit();
    }
  }
  return type;
}

}  // namespace

Result<std::vector<InputArgument>> parse_input_arguments(std::span<const std::string> texts, LocationTable& locations,
                                                         Diagnostics& diagnostics) {
  std::vector<InputArgument> result;
  bool failed = false;
  for (const std::string& text : texts) {
    InputArgument argument{.name = {}, .given = {}, .text = text};
    std::string_view given = text;
    const size_t equals = given.find('=');
    if (equals != std::string_view::npos) {
      argument.name = given.substr(0, equals);
      given.remove_prefix(equals + 1);
    }
    const FileId file = locations.add_file("-i", text);
    if (given.empty() || (equals == 0)) {
      static_cast<void>(diagnostics
                            .report(DiagnosticKind::InputMismatch,
                                    locations.add_span(file, 0, static_cast<uint32_t>(text.size())),
                                    "`-i` takes NAME=TYPE or NAME=FILE, such as x=f32[1,3,224,224] or x=image.npy")
                            .emit());
      failed = true;
      continue;
    }
    if (looks_like_type(given)) {
      const auto begin = static_cast<uint32_t>(text.size() - given.size());
      Result<TensorType> type = parse_type_text(given, begin, file, locations, diagnostics);
      failed |= !type.ok();
      if (type.ok()) argument.given = *std::move(type);
    } else {
      argument.given = std::string(given);
    }
    result.push_back(std::move(argument));
  }
  if (failed) return Failure{};
  return result;
}

Result<std::vector<size_t>> match_inputs(std::span<const InputArgument> arguments, std::span<const std::string> names,
                                         Diagnostics& diagnostics) {
  std::string list;
  for (const std::string& name : names) list += (list.empty() ? "" : ", ") + quoted_name(name);
  const std::string inputs_note = names.empty() ? "the model has no inputs" : "the model's inputs are " + list;
  std::vector<size_t> result;
  size_t position = 0;
  bool failed = false;
  for (const InputArgument& argument : arguments) {
    size_t index = position;
    if (argument.name.empty()) {
      ++position;
    } else {
      index = static_cast<size_t>(std::find(names.begin(), names.end(), argument.name) - names.begin());
    }
    if (index >= names.size()) {
      DiagnosticBuilder error =
          argument.name.empty()
              ? diagnostics.report(DiagnosticKind::InputMismatch, {}, "`-i` number {} is one too many", position)
              : diagnostics.report(DiagnosticKind::InputMismatch, {}, "the model has no input {}",
                                   quoted_name(argument.name));
      static_cast<void>(std::move(error).note(inputs_note).emit());
      failed = true;
    } else if (std::find(result.begin(), result.end(), index) != result.end()) {
      static_cast<void>(
          diagnostics.report(DiagnosticKind::InputMismatch, {}, "input {} is given twice", quoted_name(names[index]))
              .emit());
      failed = true;
    }
    result.push_back(index);
  }
  if (failed) return Failure{};
  return result;
}

}  // namespace lathe::tools
