// Tables, function of sizes, entries and constants of a model in C++.
#include "compiler/codegen/cpp_entry.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>
#include <cstring>
#include <span>
#include <vector>

#include "compiler/codegen/cpp_emitter.h"
#include "compiler/codegen/index_emitter.h"
#include "lathe/model.h"

namespace lathe::codegen {
namespace {

constexpr size_t kWordsPerLine = 6;

/// `-INT64_MAX - 1` has no literal.
std::string int64_text(int64_t value) {
  if (value == INT64_MIN) return "INT64_MIN";
  return value == INT64_MAX ? "INT64_MAX" : fmt::format("{}", value);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      result += fmt::format("\\{}", c);
    } else if (byte < 0x20 || byte == 0x7f) {
      // Three digits end an octal escape, whatever follows.
      result += fmt::format("\\{:03o}", byte);
    } else {
      result += c;
    }
  }
  return result + '"';
}

std::string element_name(ElementType element) {
  std::string name = "LATHE_";
  for (const char c : info(element).text) name += static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return name;
}

std::string ports_table(const std::vector<InterfacePort>& ports, std::string_view kind) {
  if (ports.empty()) return {};
  std::string axes;
  std::string rows;
  for (size_t i = 0; i < ports.size(); ++i) {
    const InterfacePort& port = ports[i];
    const std::string name = port.axes.empty() ? "nullptr" : fmt::format("k{}{}Axes", kind, i);
    std::vector<std::string> items;
    for (const InterfaceAxis& axis : port.axes) {
      items.push_back(fmt::format("{{{}, {}}}", axis.size.as_constant().value_or(-1), quoted(axis.text)));
    }
    if (!items.empty()) axes += fmt::format("constexpr lathe_axis {}[] = {{{}}};\n", name, fmt::join(items, ", "));
    rows +=
        fmt::format("    {{{}, {}, {}, {}}},\n", quoted(port.name), name, port.axes.size(), element_name(port.element));
  }
  return fmt::format("{}constexpr lathe_port k{}s[] = {{\n{}}};\n\n", axes, kind, rows);
}

std::string symbols_table(const std::vector<InterfaceSymbol>& symbols) {
  if (symbols.empty()) return {};
  std::string rows;
  for (const InterfaceSymbol& symbol : symbols) {
    const int64_t input = symbol.source ? int64_t{symbol.source->input} : -1;
    const uint32_t axis = symbol.source ? symbol.source->axis : 0;
    rows += fmt::format("    {{{}, {}, {}, {}, {}}},\n", quoted(symbol.name), int64_text(symbol.least),
                        int64_text(symbol.most), input, axis);
  }
  return fmt::format("constexpr lathe_symbol kSymbols[] = {{\n{}}};\n\n", rows);
}

/// See lathe_sizes_fn.
std::string sizes_function(const kernel::Program& program, const Interface& interface) {
  CppEmitter emitter;
  IndexEmitter<CppEmitter> index(emitter, program.symbols);
  emitter.open_body();
  for (size_t i = 0; i < interface.symbols.size(); ++i) {
    if (interface.symbols[i].source) index.define(interface.symbols[i].name, emitter.program_symbol(i));
  }
  std::vector<std::string> values;
  for (const Dim& size : interface.sizes) {
    // What only a run finds is not known before it.
    bool is_known = true;
    for_each_symbol(size, [&](const std::string& symbol) { is_known = is_known && index.knows(symbol); });
    values.push_back(is_known ? index.emit(size).text : "-1");
  }
  std::string body = emitter.text();
  for (size_t i = 0; i < values.size(); ++i) body += fmt::format("  values[{}] = {};\n", i, values[i]);
  const bool uses_symbols = body.find("symbols[") != std::string::npos;
  return fmt::format(
      "/// Bytes of the arena, then the size of every axis of the inputs and outputs.\n"
      "void sizes(const int64_t*{}, int64_t* values) {{\n{}{}}}\n\n",
      uses_symbols ? " symbols" : "", uses_symbols ? "  using namespace lathe::simd;\n" : "", body);
}

/// Where a row lies in PREFIX_constants, in words.
uint64_t word_offset(const InterfaceData& row) { return (row.offset - sizeof(lathe_weights_header)) / 8; }

bool has_constants(const Interface& interface) {
  return interface.weights == WeightsPlace::Embedded && !interface.data.empty();
}

std::string data_tables(const kernel::Program& program, const Interface& interface) {
  if (interface.data.empty()) return {};
  std::string pointers;
  std::string rows;
  for (size_t i = 0; i < interface.data.size(); ++i) {
    const InterfaceData& row = interface.data[i];
    std::string name = program.data[kernel::DataId(static_cast<uint32_t>(i))].name;
    std::replace_if(name.begin(), name.end(), [](unsigned char c) { return c < 0x20 || c == '\\'; }, ' ');
    pointers += fmt::format("    {}_constants + {},  // {}: {}\n", interface.prefix, word_offset(row), i, name);
    rows += fmt::format("    {{{}, {}}},  // {}: {}\n", row.offset, row.bytes, i, name);
  }
  if (interface.weights == WeightsPlace::Embedded) {
    return fmt::format("const void* constants[] = {{\n{}}};\n\n", pointers);
  }
  return fmt::format(
      "/// Filled by lathe_model_load_weights.\nconst void* constants[{}];\n"
      "constexpr lathe_data_row kDataRows[] = {{\n{}}};\n\n",
      interface.data.size(), rows);
}

std::string model_table(const Interface& interface) {
  const auto table = [](bool is_there, std::string_view name) { return is_there ? name : "nullptr"; };
  const bool has_data = !interface.data.empty();
  const bool in_file = interface.weights == WeightsPlace::File;
  return fmt::format(
      "lathe_model_state state;\n\n"
      "const lathe_model kModel = {{\n"
      "    .struct_size = sizeof(lathe_model),\n"
      "    .runtime_version = {},\n"
      "    .name = {},\n"
      "    .inputs = {},\n"
      "    .outputs = {},\n"
      "    .symbols = {},\n"
      "    .variants = kVariants,\n"
      "    .sizes = &sizes,\n"
      "    .data = {},\n"
      "    .data_rows = {},\n"
      "    .weights_fingerprint = UINT64_C({:#x}),\n"
      "    .state = &state,\n"
      "    .input_count = {},\n"
      "    .output_count = {},\n"
      "    .symbol_count = {},\n"
      "    .variant_count = sizeof(kVariants) / sizeof(kVariants[0]),\n"
      "    .data_count = {},\n"
      "    .value_count = {},\n"
      "}};\n\n",
      LATHE_RUNTIME_VERSION, quoted(interface.model), table(!interface.inputs.empty(), "kInputs"),
      table(!interface.outputs.empty(), "kOutputs"), table(!interface.symbols.empty(), "kSymbols"),
      table(has_data, "constants"), table(has_data && in_file, "kDataRows"), interface.fingerprint,
      interface.inputs.size(), interface.outputs.size(), interface.symbols.size(), interface.data.size(),
      interface.sizes.size());
}

/// The tables of arguments, as far as there are any. No parameter's name ends with an underscore of its own.
std::string argument_tables(const Interface& interface) {
  std::vector<std::string> inputs;
  std::vector<std::string> outputs;
  std::vector<std::string> symbols;
  for (const InterfacePort& port : interface.inputs) inputs.push_back(port.c_name);
  for (const InterfacePort& port : interface.outputs) outputs.push_back(port.c_name);
  for (const InterfaceSymbol& symbol : interface.symbols) symbols.push_back(symbol.source ? symbol.c_name : "0");
  std::string text;
  if (!inputs.empty()) text += fmt::format("  const void* const inputs_[] = {{{}}};\n", fmt::join(inputs, ", "));
  if (!outputs.empty()) text += fmt::format("  void* const outputs_[] = {{{}}};\n", fmt::join(outputs, ", "));
  if (!symbols.empty()) text += fmt::format("  const int64_t symbols_[] = {{{}}};\n", fmt::join(symbols, ", "));
  return text;
}

std::string entry(const Interface& interface, EntryKind kind) {
  const auto table = [](bool is_there, std::string_view name) { return is_there ? name : "nullptr"; };
  const std::string_view inputs = table(!interface.inputs.empty(), "inputs_");
  const std::string_view outputs = table(!interface.outputs.empty(), "outputs_");
  const std::string_view symbols = table(!interface.symbols.empty(), "symbols_");
  std::string text = prototype(interface, kind) + " {\n";
  const std::optional<int64_t> stack_arena = interface.stack_arena();
  const bool checks = !interface.is_static() || interface.weights == WeightsPlace::File;
  if (kind == EntryKind::Run && stack_arena) {
    std::vector<std::string> arguments = {"nullptr"};
    for (const EntryParameter& parameter : entry_parameters(interface, kind)) arguments.push_back(parameter.name);
    arguments.emplace_back(*stack_arena == 0 ? "nullptr" : "arena");
    if (*stack_arena != 0) text += fmt::format("  alignas(64) unsigned char arena[{}];\n", *stack_arena);
    return text + fmt::format("  return {}_run_in({});\n}}\n", interface.prefix, fmt::join(arguments, ", "));
  }
  if (kind == EntryKind::Run || checks) {
    const std::string_view execution = kind == EntryKind::Run ? "nullptr" : "execution";
    const std::string_view arena = kind == EntryKind::Run ? "nullptr" : "arena";
    return text + argument_tables(interface) +
           fmt::format("  return lathe_model_run(&::kModel, {}, {}, {}, {}, {});\n}}\n", execution, inputs, outputs,
                       arena, symbols);
  }
  return text + argument_tables(interface) +
         fmt::format(
             "  lathe_status status_ = LATHE_OK;\n"
             "  const lathe_program_fn run_ = lathe_model_program(&::kModel, execution, &status_);\n"
             "  return run_ == nullptr ? status_ : run_(execution, {}, {}, ::kModel.data, arena, {});\n}}\n",
             inputs, outputs, symbols);
}

}  // namespace

std::string cpp_entries(const kernel::Program& program, const Interface& interface, std::string_view variants) {
  std::string text;
  if (has_constants(interface)) {
    text += fmt::format(
        "/// In {0}_constants.cpp.\n"
        "extern \"C\" __attribute__((visibility(\"hidden\"))) const uint64_t {0}_constants[];\n\n",
        interface.prefix);
  }
  text += "namespace {\n\n" + ports_table(interface.inputs, "Input") + ports_table(interface.outputs, "Output") +
          symbols_table(interface.symbols) + sizes_function(program, interface) + data_tables(program, interface) +
          fmt::format("constexpr lathe_variant kVariants[] = {{\n{}}};\n\n", variants) + model_table(interface) +
          "}  // namespace\n\nextern \"C\" {\n\n";
  text += fmt::format("const lathe_model* {}_model(void) {{ return &kModel; }}\n\n", interface.prefix);
  return text + entry(interface, EntryKind::RunIn) + "\n" + entry(interface, EntryKind::Run) + "\n}  // extern \"C\"\n";
}

std::string cpp_constants(const kernel::Program& program, const Interface& interface) {
  if (!has_constants(interface)) return {};
  const uint64_t count = std::max<uint64_t>((interface.weights_bytes - sizeof(lathe_weights_header) + 7) / 8, 1);
  std::vector<uint64_t> words(count, 0);
  for (uint32_t i = 0; i < interface.data.size(); ++i) {
    const std::span<const std::byte> bytes = program.data[kernel::DataId(i)].bytes;
    if (!bytes.empty()) std::memcpy(words.data() + word_offset(interface.data[i]), bytes.data(), bytes.size());
  }
  std::string text = fmt::format(
      "// The constants of {0}, read by {0}.cpp: rows at multiples of 64 bytes, as little-endian words.\n"
      "#include <cstdint>\n\n"
      "extern \"C\" {{\n\n"
      "__attribute__((visibility(\"hidden\"))) extern const uint64_t {0}_constants[];\n"
      "alignas(64) const uint64_t {0}_constants[] = {{\n",
      interface.prefix);
  text.reserve(text.size() + 20 * words.size() + 100);
  for (size_t i = 0; i < words.size(); ++i) {
    if (i % kWordsPerLine == 0) text += "   ";
    fmt::format_to(std::back_inserter(text), " {:#x},", words[i]);
    if (i % kWordsPerLine == kWordsPerLine - 1) text += "\n";
  }
  if (words.size() % kWordsPerLine != 0) text += "\n";
  return text + "};\n\n}  // extern \"C\"\n";
}

}  // namespace lathe::codegen
