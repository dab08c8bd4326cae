// Calls of native functions: the signatures of rows, binding of arguments, the getters of NativeCall.
#include <charconv>

#include "compiler/frontend/torch/python/evaluator_internals.h"

namespace lathe::torch {

namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

/// The parts between commas that are outside of quotes and brackets.
std::vector<std::string_view> split(std::string_view text) {
  std::vector<std::string_view> parts;
  int depth = 0;
  bool quoted = false;
  size_t begin = 0;
  for (size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\'') quoted = !quoted;
    if (quoted) continue;
    if (text[i] == '(' || text[i] == '[') ++depth;
    if (text[i] == ')' || text[i] == ']') --depth;
    if (text[i] != ',' || depth != 0) continue;
    parts.push_back(trimmed(text.substr(begin, i - begin)));
    begin = i + 1;
  }
  if (!trimmed(text.substr(begin)).empty()) parts.push_back(trimmed(text.substr(begin)));
  return parts;
}

/// The value of a default of a row; rows are ours, so anything else is a defect.
Value fallback_value(Heap& heap, std::string_view text) {
  if (text == "None") return NoneValue{};
  if (text == "True") return true;
  if (text == "False") return false;
  if (text == "...") return EllipsisValue{};
  LATHE_CHECK(!text.empty());
  const char first = text.front();
  if (first == '\'') return heap.new_string(std::string(text.substr(1, text.size() - 2)));
  if (first == '(' || first == '[') {
    std::vector<Value> items;
    for (std::string_view part : split(text.substr(1, text.size() - 2))) items.push_back(fallback_value(heap, part));
    return first == '(' ? heap.new_tuple(std::move(items)) : heap.new_list(std::move(items));
  }
  int64_t whole = 0;
  const char* end = text.data() + text.size();
  if (const auto read = std::from_chars(text.data(), end, whole); read.ec == std::errc{} && read.ptr == end) {
    return integer(whole);
  }
  double real = 0;
  const auto read = std::from_chars(text.data(), end, real);
  LATHE_CHECK(read.ec == std::errc{} && read.ptr == end);
  return real;
}

}  // namespace

const NativeSignature& Evaluator::Internals::signature(const NativeFunctionRow& row) {
  const auto [position, is_new] = signatures.try_emplace(&row);
  NativeSignature& result = position->second;
  if (!is_new) return result;
  Parameter::Kind kind = Parameter::Kind::Normal;
  for (std::string_view part : split(row.parameters)) {
    if (part == "/") {
      for (NativeSignature::Row& before : result.rows) before.kind = Parameter::Kind::PositionalOnly;
      continue;
    }
    if (part == "*") {
      kind = Parameter::Kind::KeywordOnly;
      continue;
    }
    NativeSignature::Row parameter{{}, kind, false, {}};
    if (part.starts_with("**")) {
      parameter.kind = Parameter::Kind::DoubleStar;
      part.remove_prefix(2);
    } else if (part.starts_with("*")) {
      parameter.kind = Parameter::Kind::Star;
      kind = Parameter::Kind::KeywordOnly;
      part.remove_prefix(1);
    }
    const size_t equals = part.find('=');
    if (equals != std::string_view::npos) {
      parameter.has_fallback = true;
      parameter.fallback = fallback_value(heap, trimmed(part.substr(equals + 1)));
    }
    const std::string_view name = trimmed(part.substr(0, equals));
    parameter.name = evaluator.names_.intern(name);
    result.rows.push_back(std::move(parameter));
    result.names.emplace_back(name);
  }
  return result;
}

std::string Evaluator::Internals::native_name(const NativeFunctionRow& row) const {
  const auto found = native_names.find(&row);
  return found == native_names.end() ? std::string(row.name) : found->second;
}

Result<Value> Evaluator::Internals::call_native(const NativeFunctionRow& row, Arguments arguments, LocationId where) {
  const NativeSignature& parameters = signature(row);
  const size_t count = parameters.rows.size();
  NativeCall bound{evaluator,
                   row,
                   std::vector<Value>(count),
                   std::vector<LocationId>(count, where),
                   std::vector<bool>(count),
                   where,
                   parameters.names};
  const auto place_of = [&](size_t i) { return i < arguments.places.size() ? arguments.places[i] : where; };
  const DiagnosticKind kind = evaluator.argument_kind(row);
  const size_t hidden = !parameters.names.empty() && (parameters.names[0] == "self" || parameters.names[0] == "cls");
  const auto form = [&] {
    std::string_view text = row.parameters;
    if (hidden != 0) {
      const size_t comma = text.find(',');
      text = comma == std::string_view::npos ? std::string_view() : trimmed(text.substr(comma + 1));
    }
    return fmt::format("its form is `{}({})`", native_name(row), text);
  };

  size_t positional = 0;
  size_t star = count;
  size_t double_star = count;
  for (size_t i = 0; i < count; ++i) {
    const Parameter::Kind of = parameters.rows[i].kind;
    if (of == Parameter::Kind::PositionalOnly || of == Parameter::Kind::Normal) positional = i + 1;
    if (of == Parameter::Kind::Star) star = i;
    if (of == Parameter::Kind::DoubleStar) double_star = i;
  }
  std::vector<Value> extra;
  for (size_t i = 0; i < arguments.positional.size(); ++i) {
    if (i < positional) {
      bound.arguments[i] = std::move(arguments.positional[i]);
      bound.places[i] = place_of(i);
      bound.given[i] = true;
    } else if (star != count) {
      if (extra.empty()) bound.places[star] = place_of(i);
      extra.push_back(std::move(arguments.positional[i]));
    } else {
      return too_many_arguments(native_name(row), positional - hidden, arguments.positional.size() - hidden, kind,
                                place_of(i), {}, form());
    }
  }
  std::optional<ObjectId> extra_keywords;
  for (size_t k = 0; k < arguments.keywords.size(); ++k) {
    auto& [keyword, value] = arguments.keywords[k];
    const LocationId at = place_of(arguments.positional.size() + k);
    size_t found = count;
    for (size_t i = 0; i < count; ++i) {
      const Parameter::Kind of = parameters.rows[i].kind;
      const bool by_name = of == Parameter::Kind::Normal || of == Parameter::Kind::KeywordOnly;
      if (by_name && parameters.rows[i].name == keyword) found = i;
    }
    if (found == count && double_star == count) {
      std::vector<std::string> candidates(parameters.names.begin() + static_cast<std::ptrdiff_t>(hidden),
                                          parameters.names.end());
      return unknown_keyword(native_name(row), keyword, candidates, kind, at, {}, form());
    }
    if (found == count) {
      if (!extra_keywords) extra_keywords = heap.add(DictObject{});
      LATHE_TRY_VOID(evaluator.dict_set(*extra_keywords, heap.new_string(evaluator.names_.text(keyword)), value, at));
      bound.places[double_star] = at;
      bound.given[double_star] = true;
      continue;
    }
    if (bound.given[found]) return repeated_argument(native_name(row), keyword, kind, at, {}, form());
    bound.arguments[found] = std::move(value);
    bound.places[found] = at;
    bound.given[found] = true;
  }
  std::vector<std::string> missing;
  for (size_t i = 0; i < count; ++i) {
    if (i == star) {
      bound.given[i] = !extra.empty();
      bound.arguments[i] = heap.new_tuple(std::move(extra));
    } else if (i == double_star) {
      bound.arguments[i] = extra_keywords ? *extra_keywords : heap.add(DictObject{});
    } else if (!bound.given[i]) {
      if (parameters.rows[i].has_fallback) {
        bound.arguments[i] = parameters.rows[i].fallback;
      } else {
        missing.push_back(parameters.names[i]);
      }
    }
  }
  if (!missing.empty()) return missing_arguments(native_name(row), missing, kind, where, {}, form());
  LATHE_TRY_VOID(evaluator.spend(1, where));
  const size_t mark = evaluator.faults_.all().size();
  const OperationInProgress working(evaluator, row.name, bound.arguments);
  Result<Value> result = row.function(bound);
  // A getter of an Unknown argument fails without a fault: the result is Unknown, and evaluation goes on.
  if (!result.ok() && !failed_since(mark) && !budget_is_used_up) return Value(UnknownValue{});
  if (!attribute_views.empty() && !bound.arguments.empty()) update_attributes(bound.arguments.front());
  return result;
}

// -------------------------------------------------------------------------------------------------------- NativeCall

size_t NativeCall::position(std::string_view parameter) const {
  for (size_t i = 0; i < parameters.size(); ++i) {
    if (parameters[i] == parameter) return i;
  }
  constexpr bool kRowHasTheParameter = false;
  LATHE_CHECK(kRowHasTheParameter);
  return 0;
}

DiagnosticBuilder NativeCall::error_at(LocationId at, DiagnosticKind kind, std::string_view exception,
                                       std::string message) {
  return evaluator.error(at, kind, exception, "{}", message);
}

namespace {

/// A TypeError for an argument of the wrong kind; nothing is said of Unknown ones.
Failure wrong_argument(NativeCall& call, std::string_view parameter, std::string_view wanted) {
  const Value& value = call.argument(parameter);
  if (is_unknown(value)) return {};
  return call
      .error_at(call.place(parameter), call.evaluator.argument_kind(call.row), "TypeError",
                fmt::format("`{}` wants {} as `{}`, not {}", call.display_name(), wanted, parameter,
                            call.evaluator.describe(value)))
      .emit();
}

}  // namespace

DiagnosticKind Evaluator::argument_kind(const NativeFunctionRow& row) const {
  return internals_->layer_constructors.contains(&row) ? DiagnosticKind::Constructor : DiagnosticKind::BadArgument;
}

std::string NativeCall::display_name() const { return evaluator.native_name(row); }

Result<Dim> NativeCall::integer(std::string_view parameter) {
  if (const std::optional<Dim> value = as_integer(argument(parameter))) return *value;
  if (std::holds_alternative<double>(argument(parameter))) {
    return error_at(place(parameter), evaluator.argument_kind(row), "TypeError",
                    fmt::format("`{}` wants an int as `{}`, not {}", display_name(), parameter,
                                evaluator.describe(argument(parameter))))
        .note("`/` always gives a float; `//` gives an int")
        .emit();
  }
  return wrong_argument(*this, parameter, "an int");
}

Result<int64_t> NativeCall::known_integer(std::string_view parameter) {
  LATHE_TRY(const Dim value, integer(parameter));
  if (const std::optional<int64_t> number = value.as_constant()) return *number;
  return error_at(place(parameter), DiagnosticKind::Unsupported, "RuntimeError",
                  fmt::format("`{}` of `{}` is `{}`, which is only known when the model runs", parameter,
                              display_name(), value.python_text()))
      .emit();
}

Result<double> NativeCall::number(std::string_view parameter) {
  if (const std::optional<double> value = as_float(argument(parameter))) return *value;
  if (const std::optional<Dim> value = as_integer(argument(parameter))) {
    LATHE_TRY(const int64_t whole, known_integer(parameter));
    return static_cast<double>(whole);
  }
  return wrong_argument(*this, parameter, "a number");
}

Result<bool> NativeCall::truth(std::string_view parameter) {
  return evaluator.truth(argument(parameter), place(parameter));
}

Result<std::string> NativeCall::string(std::string_view parameter) {
  if (const std::string* text = evaluator.heap().string(argument(parameter))) return *text;
  return wrong_argument(*this, parameter, "a str");
}

Result<TensorId> NativeCall::tensor(std::string_view parameter) {
  const Value& value = argument(parameter);
  if (const auto* id = std::get_if<TensorId>(&value)) return *id;
  if (is_unknown(value)) return Failure{};
  const bool is_sequence =
      evaluator.heap().as<TupleObject>(value) != nullptr || evaluator.heap().as<ListObject>(value) != nullptr;
  const DiagnosticKind kind = torch::is_none(value) ? DiagnosticKind::NoneNotTensor
                              : is_sequence         ? DiagnosticKind::TupleNotTensor
                                                    : DiagnosticKind::BadArgument;
  return error_at(
             place(parameter), kind, "TypeError",
             fmt::format("`{}` wants a tensor as `{}`, not {}", display_name(), parameter, evaluator.describe(value)))
      .emit();
}

Result<std::vector<Value>> NativeCall::items(std::string_view parameter) {
  return evaluator.iterate(argument(parameter), place(parameter));
}

Result<std::vector<Dim>> NativeCall::integers(std::string_view parameter) {
  LATHE_TRY(const std::vector<Value> values, items(parameter));
  std::vector<Dim> result;
  for (const Value& value : values) {
    if (is_unknown(value)) return Failure{};
    const std::optional<Dim> number = as_integer(value);
    if (!number) return wrong_argument(*this, parameter, "ints");
    result.push_back(*number);
  }
  return result;
}

}  // namespace lathe::torch
