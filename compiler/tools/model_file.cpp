// Opening of models, `-i` types by position, sizes of symbols.
#include "compiler/tools/model_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "compiler/tools/input_values.h"
#include "ir/base/display.h"

namespace lathe::tools {

std::vector<std::string> input_names(const Module& module) {
  std::vector<std::string> names;
  for (const ValueId input : module.graph.inputs()) names.push_back(module.graph.value(input).name);
  return names;
}

namespace {

// For PyTorch source: every argument has a type, that of its array when it is a file.
Status open_definition(const DefinitionArguments& arguments, std::span<const InputArgument> inputs, ModelUse use,
                       Module& module, Diagnostics& diagnostics, Definition* definition, LoadOptions options) {
  options.weights = arguments.weights;
  options.strict = !arguments.no_strict;
  options.train = arguments.train;
  options.seed = static_cast<uint64_t>(arguments.seed);
  options.types_only = use == ModelUse::TypesOnly;
  for (const InputArgument& input : inputs) {
    if (input.type() != nullptr) {
      options.input_types.emplace_back(input.name, *input.type());
      continue;
    }
    LATHE_TRY(const ConstantData array, read_array(*input.path(), input.name, diagnostics));
    options.input_types.emplace_back(input.name, array.type);
  }
  return load_model(arguments.path, options, module, diagnostics, definition);
}

Status refuse_definition_options(const DefinitionArguments& arguments, Diagnostics& diagnostics) {
  const std::pair<bool, std::string_view> given[] = {
      {!arguments.weights.empty(), "--weights"}, {arguments.no_strict, "--no-strict"}, {arguments.train, "--train"}};
  for (const auto& [is_given, name] : given) {
    if (!is_given) continue;
    return diagnostics
        .report(DiagnosticKind::InputMismatch, {}, "`{}` is for PyTorch source; {} has its weights and its mode in it",
                name, quoted_name(arguments.path))
        .emit();
  }
  return {};
}

}  // namespace

Status open_model(const DefinitionArguments& arguments, std::span<const InputArgument> inputs, ModelUse use,
                  Module& module, Diagnostics& diagnostics, Definition* definition, const LoadOptions& base) {
  const std::string& path = arguments.path;
  if (names_python(path)) return open_definition(arguments, inputs, use, module, diagnostics, definition, base);
  LATHE_TRY_VOID(refuse_definition_options(arguments, diagnostics));
  const auto is_type = [](const InputArgument& input) { return input.type() != nullptr; };
  LoadOptions options = base;
  std::vector<size_t> indices;
  std::vector<std::string> names;
  if (std::any_of(inputs.begin(), inputs.end(), is_type)) {
    // Names and order of the inputs are in the file: it is read once for them.
    Diagnostics found;
    if (!load_model(path, {}, module, found).ok()) {
      for (const Diagnostic& diagnostic : found.all()) diagnostics.add(diagnostic);
      return Failure{};
    }
    names = input_names(module);
    module = Module();
    LATHE_TRY(indices, match_inputs(inputs, names, diagnostics));
  }
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (is_type(inputs[i])) options.input_types.emplace_back(names[indices[i]], *inputs[i].type());
  }
  return load_model(path, options, module, diagnostics, definition);
}

std::optional<NamedSize> parse_named_size(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == 0 || equals == std::string_view::npos) return std::nullopt;
  NamedSize result{std::string(text.substr(0, equals)), 0};
  const std::string_view number = text.substr(equals + 1);
  const auto [end, error] = std::from_chars(number.data(), number.data() + number.size(), result.second);
  if (error != std::errc{} || end != number.data() + number.size() || result.second < 0) return std::nullopt;
  return result;
}

Status check_sizes(std::span<const NamedSize> sizes, const Module& module, Diagnostics& diagnostics) {
  std::string list;
  for (const SymbolTable::Row& row : module.symbols.rows()) list += (list.empty() ? "" : ", ") + quoted_name(row.name);
  for (const auto& [name, size] : sizes) {
    if (module.symbols.find(name) != nullptr) continue;
    return diagnostics.report(DiagnosticKind::InputMismatch, {}, "the model has no size called {}", quoted_name(name))
        .note(list.empty() ? "all its sizes are fixed" : "its sizes are " + list)
        .emit();
  }
  return {};
}

std::vector<std::string> output_names(std::span<const std::string> names) {
  std::vector<std::string> result;
  for (size_t i = 0; i < names.size(); ++i) {
    result.push_back(!names[i].empty() ? names[i] : names.size() == 1 ? "output" : fmt::format("output.{}", i));
  }
  return result;
}

std::vector<std::string> output_names(const Module& module) {
  std::vector<std::string> names;
  for (const ValueId output : module.graph.outputs()) names.push_back(module.graph.value(output).name);
  return output_names(names);
}

}  // namespace lathe::tools
