// Texts of the headers beside an artefact.
#include "compiler/codegen/interface_header.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cctype>

namespace lathe::codegen {
namespace {

std::string upper_case(std::string text) {
  std::transform(text.begin(), text.end(), text.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return text;
}

/// Names of a model may hold anything, also what ends a comment.
std::string in_comment(std::string_view text) {
  std::string result;
  for (const char c : text) {
    const bool ends_comment = c == '/' && !result.empty() && result.back() == '*';
    const bool opens_comment = c == '*' && !result.empty() && result.back() == '/';
    if (ends_comment || opens_comment) result += ' ';
    result += static_cast<unsigned char>(c) < 0x20 || c == '\\' ? ' ' : c;
  }
  return result;
}

std::string shape_text(const InterfacePort& port) {
  std::string text(lathe::text(port.element));
  text += "[";
  for (size_t i = 0; i < port.axes.size(); ++i) text += (i == 0 ? "" : ", ") + port.axes[i].text;
  return text + "]";
}

/// `  x  f32[1, 784]  called image:0 in the model`
std::string port_line(std::string_view role, const InterfacePort& port) {
  std::string line = fmt::format(" *   {:<7} {}  {}", role, port.c_name, shape_text(port));
  if (info(port.element).bits == 4) line += ", two elements a byte, the low half first";
  if (port.element == ElementType::F16 || port.element == ElementType::BF16) line += ", as bits";
  if (port.name != port.c_name) line += fmt::format(": `{}` of the model", in_comment(port.name));
  return line + "\n";
}

std::string symbol_line(const Interface& interface, const InterfaceSymbol& symbol) {
  return fmt::format(" *   size    {}  {} .. {}: axis {} of {}\n", symbol.c_name, symbol.least, symbol.most,
                     symbol.source->axis, interface.inputs[symbol.source->input].c_name);
}

std::string variants_text(const HeaderFacts& facts) {
  if (facts.cpus.empty()) return " * Code for the CPUs that the C++ compiler was told to compile for.\n";
  if (facts.cpus.size() == 1) {
    return fmt::format(" * Code for {}; another CPU gets LATHE_UNSUPPORTED_CPU.\n", facts.cpus[0]);
  }
  return fmt::format(
      " * Code for {}: the first call chooses the best one for its CPU (lathe_model_cpu,\n"
      " * lathe_model_select_cpu, LATHE_TARGET in the environment).\n",
      fmt::join(facts.cpus, ", "));
}

std::string weights_text(const Interface& interface) {
  switch (interface.weights) {
    case WeightsPlace::Embedded: return " * Weights are part of the code.\n";
    case WeightsPlace::File:
      return fmt::format(
          " * Weights are in {0}.weights. Before the first run:\n"
          " *   lathe_model_load_weights({0}_model(), \"{0}.weights\", message, sizeof(message))\n",
          interface.prefix);
  }
  internal_error("weights in no place", __FILE__, __LINE__);
}

std::string overview(const Interface& interface, const HeaderFacts& facts) {
  std::string text = fmt::format("/* {}: the C interface of `{}`, made by Lathe {}.\n *\n", interface.prefix,
                                 in_comment(facts.source), facts.version);
  for (const InterfaceSymbol& symbol : interface.symbols) {
    if (symbol.source) text += symbol_line(interface, symbol);
  }
  for (const InterfacePort& port : interface.inputs) text += port_line("input", port);
  for (const InterfacePort& port : interface.outputs) text += port_line("output", port);
  text +=
      " *\n"
      " * Tensors are dense, row-major and aligned to their element type; the caller owns them, and they are used for\n"
      " * the length of the call only. Inputs, outputs and arena must not overlap. Any number of threads may run the\n"
      " * model at the same time, each with outputs and an arena of its own. Every call returns LATHE_OK or what went\n"
      " * wrong (lathe/runtime.h).\n";
  return text + variants_text(facts) + weights_text(interface) + " */\n";
}

std::string element_count(const InterfacePort& port) {
  int64_t count = 1;
  for (const InterfaceAxis& axis : port.axes) count *= axis.size.constant();
  return fmt::to_string(count);
}

std::string static_sizes(const Interface& interface) {
  const std::string macro = upper_case(interface.prefix);
  std::string text;
  for (const auto* ports : {&interface.inputs, &interface.outputs}) {
    for (const InterfacePort& port : *ports) {
      if (!port.bytes) continue;
      const std::string name = fmt::format("{}_{}", macro, upper_case(port.c_name));
      text +=
          fmt::format("#define {}_ELEMENTS {}\n#define {}_BYTES {}\n", name, element_count(port), name, *port.bytes);
    }
  }
  if (interface.arena_bytes.is_constant()) {
    text += fmt::format("/* What {}_run_in needs, aligned to 64. */\n#define {}_ARENA_BYTES {}\n", interface.prefix,
                        macro, interface.arena_bytes.constant());
  }
  return text;
}

/// The parameters `int64_t N, int64_t H`, and `{N, H, 0}` with zeros for what only runs find.
std::string symbol_parameters(const Interface& interface) {
  std::vector<std::string> parameters;
  for (const InterfaceSymbol& symbol : interface.symbols) {
    if (symbol.source) parameters.push_back("int64_t " + symbol.c_name);
  }
  return fmt::format("{}", fmt::join(parameters, ", "));
}
std::string symbol_values(const Interface& interface) {
  std::vector<std::string> values;
  for (const InterfaceSymbol& symbol : interface.symbols) values.push_back(symbol.source ? symbol.c_name : "0");
  return fmt::format("{{{}}}", fmt::join(values, ", "));
}

/// An inline function that asks lathe_model_sizes: the product of `count` values from `first` on.
std::string size_function(const Interface& interface, const std::string& name, size_t first, size_t count,
                          std::string_view what) {
  std::string product = "1";
  if (count != 0) {
    std::vector<std::string> factors;
    for (size_t i = 0; i < count; ++i) factors.push_back(fmt::format("values[{}]", first + i));
    product = fmt::format("{}", fmt::join(factors, " * "));
  }
  return fmt::format(
      "/* {}; -1 when the sizes are out of bounds. */\n"
      "static inline int64_t {}_{}({}) {{\n"
      "  const int64_t symbols[] = {};\n"
      "  int64_t values[{}];\n"
      "  if (lathe_model_sizes({}_model(), 0, symbols, values) != LATHE_OK) return -1;\n"
      "  return {};\n"
      "}}\n",
      what, interface.prefix, name, symbol_parameters(interface), symbol_values(interface), interface.sizes.size(),
      interface.prefix, product);
}

std::string symbolic_sizes(const Interface& interface) {
  std::string text;
  size_t first = 1;
  for (const auto* ports : {&interface.inputs, &interface.outputs}) {
    for (const InterfacePort& port : *ports) {
      if (!port.bytes) {
        text += size_function(interface, port.c_name + "_elements", first, port.axes.size(),
                              fmt::format("Elements of {}", port.c_name));
      }
      first += port.axes.size();
    }
  }
  if (!interface.arena_bytes.is_constant()) {
    text += size_function(interface, "arena_bytes", 0, 1,
                          fmt::format("Bytes of the arena of {}_run_in, which is aligned to 64", interface.prefix));
  }
  return text;
}

std::string span_type(const InterfacePort& port, bool is_input) {
  const std::string type = fmt::format("{}{}", is_input ? "const " : "", memory_type_name(port.element));
  if (!port.bytes) return fmt::format("std::span<{}>", type);
  const uint64_t bits = info(port.element).bits;
  return fmt::format("std::span<{}, {}>", type, bits == 4 ? *port.bytes : *port.bytes * 8 / bits);
}

std::string pointers(const std::vector<InterfacePort>& ports, std::string_view type, std::string_view name) {
  std::vector<std::string> items;
  for (const InterfacePort& port : ports) items.push_back(fmt::format("{}.data()", port.c_name));
  if (items.empty()) items.push_back("nullptr");
  return fmt::format("    {} {}[] = {{{}}};\n", type, name, fmt::join(items, ", "));
}

/// Comparisons of the spans' sizes with what the model needs, for those that no type checks.
std::string size_checks(const Interface& interface) {
  std::string text;
  size_t first = 1;
  for (const auto* ports : {&interface.inputs, &interface.outputs}) {
    for (const InterfacePort& port : *ports) {
      if (!port.bytes) {
        text += fmt::format("    if (!session_.fits(\"{}\", {}.size(), {}, {}, {})) return LATHE_INVALID_ARGUMENT;\n",
                            port.c_name, port.c_name, first, port.axes.size(), info(port.element).bits);
      }
      first += port.axes.size();
    }
  }
  return text;
}

}  // namespace

std::string c_header(const Interface& interface, const HeaderFacts& facts) {
  const std::string guard = fmt::format("LATHE_MODEL_{}_H", upper_case(interface.prefix));
  std::string text = overview(interface, facts);
  text += fmt::format("#ifndef {0}\n#define {0}\n\n#include \"lathe/model.h\"\n\n", guard);
  text += "#ifdef __cplusplus\nextern \"C\" {\n#endif\n\n";
  text += static_sizes(interface);
  text += fmt::format(
      "\n/* What the model takes and gives, for hosts that read it at run time: see lathe/model.h. */\n"
      "LATHE_API const lathe_model* {}_model(void);\n",
      interface.prefix);
  const bool on_stack = interface.stack_arena().has_value();
  text += fmt::format("\n/* One run on the calling thread. {} */\n{};\n",
                      on_stack ? "Allocates nothing."
                               : fmt::format("Takes temporary memory from the process for the length of the call; see\n"
                                             " * {}_run_in.",
                                             interface.prefix),
                      prototype(interface, EntryKind::Run, "LATHE_API "));
  text += fmt::format(
      "\n/* One run with the host's threads, messages and memory: `execution` may be null, `arena` is aligned to 64\n"
      " * bytes. Allocates nothing. */\n{};\n",
      prototype(interface, EntryKind::RunIn, "LATHE_API "));
  const std::string sizes = symbolic_sizes(interface);
  if (!sizes.empty()) text += "\n" + sizes;
  return text + fmt::format("\n#ifdef __cplusplus\n}}\n#endif\n\n#endif /* {} */\n", guard);
}

std::string cpp_header(const Interface& interface, const HeaderFacts& facts) {
  std::vector<std::string> parameters;
  const std::string symbols = symbol_parameters(interface);
  if (!symbols.empty()) parameters.push_back(symbols);
  for (const InterfacePort& port : interface.inputs) parameters.push_back(span_type(port, true) + " " + port.c_name);
  for (const InterfacePort& port : interface.outputs) parameters.push_back(span_type(port, false) + " " + port.c_name);
  std::string text = fmt::format(
      "// {0}: the C++ interface of `{1}`, made by Lathe {2}. What the tensors are is told in {0}.h.\n"
      "#pragma once\n\n#include <cstdint>\n#include <span>\n\n#include \"lathe/session.h\"\n\n#include \"{0}.h\"\n\n"
      "namespace {0} {{\n\n"
      "/// Owns the temporary memory of one run at a time; threads that run at the same time have one each.\n"
      "class Session {{\n public:\n"
      "  Session() noexcept : session_({0}_model()) {{}}\n\n"
      "  /// Threads, allocator: see lathe::Session.\n"
      "  [[nodiscard]] lathe::Session& session() noexcept {{ return session_; }}\n"
      "  /// The sentence of the last call that failed.\n"
      "  [[nodiscard]] const char* message() const noexcept {{ return session_.message(); }}\n\n",
      interface.prefix, in_comment(facts.source), facts.version);
  text += parameter_list("  [[nodiscard]] lathe_status run", parameters, " noexcept {") + "\n";
  const bool has_symbols = !interface.symbols.empty();
  if (has_symbols) text += fmt::format("    const int64_t symbols[] = {};\n", symbol_values(interface));
  text += fmt::format("    if (const lathe_status status = session_.prepare({}); status != LATHE_OK) return status;\n",
                      has_symbols ? "symbols" : "nullptr");
  text += size_checks(interface);
  text += pointers(interface.inputs, "const void* const", "inputs");
  text += pointers(interface.outputs, "void* const", "outputs");
  text += "    return session_.run(inputs, outputs);\n  }\n\n private:\n  lathe::Session session_;\n};\n\n";
  return text + fmt::format("}}  // namespace {}\n", interface.prefix);
}

}  // namespace lathe::codegen
