// Names, prototypes and the file of weights of artefacts.
#include "compiler/codegen/interface.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstring>
#include <set>

#include "lathe/model.h"

namespace lathe::codegen {
namespace {

/// An arena up to this size lies on the stack of PREFIX_run.
constexpr int64_t kMostStackBytes = 16384;
constexpr uint64_t kDataAlignment = 64;
constexpr size_t kLongestLine = 120;

/// The words of C and C++ that no parameter may be called, and the names of the entries' own parameters.
constexpr std::string_view kReserved[] = {
    "alignas",   "alignof",  "and",      "arena",    "asm",       "auto",     "bool",     "break",   "case",
    "catch",     "char",     "class",    "compl",    "concept",   "const",    "continue", "default", "delete",
    "do",        "double",   "else",     "enum",     "execution", "explicit", "export",   "extern",  "false",
    "float",     "for",      "friend",   "goto",     "if",        "inline",   "int",      "long",    "mutable",
    "namespace", "new",      "noexcept", "not",      "nullptr",   "operator", "or",       "private", "protected",
    "public",    "register", "requires", "restrict", "return",    "short",    "signed",   "sizeof",  "static",
    "struct",    "switch",   "template", "this",     "throw",     "true",     "try",      "typedef", "typeid",
    "typename",  "union",    "unsigned", "using",    "virtual",   "void",     "volatile", "while",   "xor"};

bool is_reserved(std::string_view text) {
  return std::find(std::begin(kReserved), std::end(kReserved), text) != std::end(kReserved);
}

bool is_word_character(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

/// Gives every parameter a name of its own.
class ParameterNames {
 public:
  std::string unique(std::string_view wanted) {
    const std::string base = c_identifier(wanted);
    std::string name = base;
    for (int next = 2; !taken_.insert(name).second; ++next) name = fmt::format("{}_{}", base, next);
    return name;
  }

 private:
  std::set<std::string> taken_;
};

InterfacePort make_port(const kernel::Port& port, ParameterNames& names) {
  InterfacePort result{
      .name = port.name, .c_name = names.unique(port.name), .element = port.type.element, .axes = {}, .bytes = {}};
  int64_t count = 1;
  bool is_known = true;
  for (const Dim& size : port.type.dims) {
    result.axes.push_back({size, size.python_text()});
    is_known = is_known && size.is_constant() && !__builtin_mul_overflow(count, size.constant(), &count);
  }
  if (is_known) result.bytes = storage_bytes(port.type.element, count);
  return result;
}

InterfaceSymbol make_symbol(const kernel::Program& program, size_t row, ParameterNames& names) {
  const SymbolTable::Row& symbol = program.symbols.rows()[row];
  InterfaceSymbol result;
  result.name = symbol.name;
  result.least = program.symbols.interval(symbol.lower).lower;
  result.most = program.symbols.interval(symbol.upper).upper;
  if (const auto* source = std::get_if<kernel::FromInput>(&program.bindings[row])) {
    result.source = *source;
    result.c_name = names.unique(symbol.name);
  }
  return result;
}

/// FNV-1a, by eight bytes where there are that many: a check that a file belongs to a model, not a defence.
uint64_t fingerprint(uint64_t hash, std::span<const std::byte> bytes) {
  constexpr uint64_t kPrime = 0x100000001b3;
  size_t at = 0;
  for (; at + 8 <= bytes.size(); at += 8) {
    uint64_t word = 0;
    std::memcpy(&word, bytes.data() + at, 8);
    hash = (hash ^ word) * kPrime;
    hash ^= hash >> 32;
  }
  for (; at < bytes.size(); ++at) hash = (hash ^ static_cast<uint64_t>(bytes[at])) * kPrime;
  return (hash ^ bytes.size()) * kPrime;
}

void place_data(Interface& interface, const kernel::Program& program) {
  uint64_t end = sizeof(lathe_weights_header);
  interface.fingerprint = 0xcbf29ce484222325;
  for (const kernel::Data& data : program.data) {
    end = (end + kDataAlignment - 1) / kDataAlignment * kDataAlignment;
    interface.data.push_back({end, data.bytes.size()});
    end += data.bytes.size();
    interface.fingerprint = fingerprint(interface.fingerprint, data.bytes);
  }
  interface.weights_bytes = end;
}

std::string array_declaration(std::string_view type, const InterfacePort& port, bool is_static) {
  if (!is_static || info(port.element).bits == 4) return fmt::format("{}* {}", type, port.c_name);
  std::string text = fmt::format("{} {}", type, port.c_name);
  // C has no arrays of no elements; a scalar is an array of one.
  bool is_array = true;
  for (const InterfaceAxis& axis : port.axes) is_array = is_array && axis.size.constant() > 0;
  if (!is_array) return fmt::format("{}* {}", type, port.c_name);
  if (port.axes.empty()) text += "[1]";
  for (const InterfaceAxis& axis : port.axes) text += fmt::format("[{}]", axis.size.constant());
  return text;
}

}  // namespace

bool Interface::is_static() const {
  return std::none_of(symbols.begin(), symbols.end(),
                      [](const InterfaceSymbol& row) { return row.source.has_value(); });
}

std::optional<int64_t> Interface::stack_arena() const {
  if (!is_static() || !arena_bytes.is_constant() || arena_bytes.constant() > kMostStackBytes) return std::nullopt;
  return arena_bytes.constant();
}

Interface make_interface(const kernel::Program& program, std::string prefix, WeightsPlace weights) {
  Interface interface;
  interface.prefix = std::move(prefix);
  interface.model = program.name;
  interface.weights = weights;
  interface.arena_bytes = program.arena_bytes;
  ParameterNames names;
  for (size_t i = 0; i < program.symbols.rows().size(); ++i) {
    interface.symbols.push_back(make_symbol(program, i, names));
  }
  for (const kernel::Port& port : program.inputs) interface.inputs.push_back(make_port(port, names));
  for (const kernel::Port& port : program.outputs) interface.outputs.push_back(make_port(port, names));
  interface.sizes.push_back(program.arena_bytes);
  for (const auto* ports : {&interface.inputs, &interface.outputs}) {
    for (const InterfacePort& port : *ports) {
      for (const InterfaceAxis& axis : port.axes) interface.sizes.push_back(axis.size);
    }
  }
  place_data(interface, program);
  return interface;
}

bool is_c_identifier(std::string_view text) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text[0])) != 0) return false;
  return std::all_of(text.begin(), text.end(), is_word_character) && !is_reserved(text);
}

std::string c_identifier(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (is_word_character(c)) {
      result += c;
    } else if (!result.empty() && result.back() != '_') {
      result += '_';
    }
  }
  while (!result.empty() && result.back() == '_') result.pop_back();
  if (result.empty() || std::isdigit(static_cast<unsigned char>(result[0])) != 0) result = "n" + result;
  // Names that begin with an underscore belong to the implementation of C.
  if (result[0] == '_') result = "n" + result;
  if (is_reserved(result)) result += "_";
  return result;
}

int32_t element_code(ElementType element) {
  switch (element) {
    case ElementType::Boolean: return LATHE_BOOL;
    case ElementType::I4: return LATHE_I4;
    case ElementType::I8: return LATHE_I8;
    case ElementType::I16: return LATHE_I16;
    case ElementType::I32: return LATHE_I32;
    case ElementType::I64: return LATHE_I64;
    case ElementType::U4: return LATHE_U4;
    case ElementType::U8: return LATHE_U8;
    case ElementType::U16: return LATHE_U16;
    case ElementType::U32: return LATHE_U32;
    case ElementType::U64: return LATHE_U64;
    case ElementType::F8E4M3FN: return LATHE_F8E4M3FN;
    case ElementType::F8E4M3FNUZ: return LATHE_F8E4M3FNUZ;
    case ElementType::F8E5M2: return LATHE_F8E5M2;
    case ElementType::F8E5M2FNUZ: return LATHE_F8E5M2FNUZ;
    case ElementType::F16: return LATHE_F16;
    case ElementType::BF16: return LATHE_BF16;
    case ElementType::F32: return LATHE_F32;
    case ElementType::F64: return LATHE_F64;
    case ElementType::String: break;
  }
  internal_error("a string at the interface of a program", __FILE__, __LINE__);
}

std::string_view memory_type_name(ElementType element) {
  switch (element) {
    case ElementType::F32: return "float";
    case ElementType::F64: return "double";
    case ElementType::I8: return "int8_t";
    case ElementType::I16: return "int16_t";
    case ElementType::I32: return "int32_t";
    case ElementType::I64: return "int64_t";
    case ElementType::F16:
    case ElementType::BF16:
    case ElementType::U16: return "uint16_t";
    case ElementType::U32: return "uint32_t";
    case ElementType::U64: return "uint64_t";
    case ElementType::Boolean:
    case ElementType::I4:
    case ElementType::U4:
    case ElementType::U8:
    case ElementType::F8E4M3FN:
    case ElementType::F8E4M3FNUZ:
    case ElementType::F8E5M2:
    case ElementType::F8E5M2FNUZ: return "uint8_t";
    case ElementType::String: break;
  }
  internal_error("a string in memory of a program", __FILE__, __LINE__);
}

std::vector<EntryParameter> entry_parameters(const Interface& interface, EntryKind kind) {
  using Role = EntryParameter::Role;
  std::vector<EntryParameter> parameters;
  const bool is_static = interface.is_static();
  if (kind == EntryKind::RunIn) {
    parameters.push_back({Role::Execution, 0, "execution", "const lathe_execution* execution"});
  }
  for (uint32_t i = 0; i < interface.symbols.size(); ++i) {
    const InterfaceSymbol& symbol = interface.symbols[i];
    if (symbol.source) parameters.push_back({Role::Symbol, i, symbol.c_name, "int64_t " + symbol.c_name});
  }
  for (uint32_t i = 0; i < interface.inputs.size(); ++i) {
    const InterfacePort& port = interface.inputs[i];
    const std::string type = fmt::format("const {}", memory_type_name(port.element));
    parameters.push_back({Role::Input, i, port.c_name, array_declaration(type, port, is_static)});
  }
  for (uint32_t i = 0; i < interface.outputs.size(); ++i) {
    const InterfacePort& port = interface.outputs[i];
    parameters.push_back(
        {Role::Output, i, port.c_name, array_declaration(memory_type_name(port.element), port, is_static)});
  }
  if (kind == EntryKind::RunIn) parameters.push_back({Role::Arena, 0, "arena", "void* arena"});
  return parameters;
}

std::string parameter_list(std::string head, const std::vector<std::string>& items, std::string_view tail) {
  std::string text = std::move(head) + "(";
  const size_t indentation = text.size();
  size_t column = text.size();
  for (size_t i = 0; i < items.size(); ++i) {
    const bool is_last = i + 1 == items.size();
    const std::string item = items[i] + (is_last ? ")" : ",");
    if (i != 0 && column + 1 + item.size() + (is_last ? tail.size() : 0) > kLongestLine) {
      text += "\n" + std::string(indentation, ' ');
      column = indentation;
    } else if (i != 0) {
      text += " ";
      ++column;
    }
    text += item;
    column += item.size();
  }
  if (items.empty()) text += ")";
  return text.append(tail);
}

std::string prototype(const Interface& interface, EntryKind kind, std::string_view before) {
  std::vector<std::string> items;
  for (EntryParameter& parameter : entry_parameters(interface, kind)) items.push_back(std::move(parameter.declaration));
  if (items.empty()) items.emplace_back("void");
  // A brace or a semicolon follows.
  std::string text = parameter_list(
      fmt::format("{}lathe_status {}_{}", before, interface.prefix, kind == EntryKind::Run ? "run" : "run_in"), items,
      " {");
  text.resize(text.size() - 2);
  return text;
}

std::string weights_file(const Interface& interface, const kernel::Program& program) {
  lathe_weights_header header{};
  std::memcpy(header.magic, LATHE_WEIGHTS_MAGIC, sizeof(header.magic));
  header.version = 1;
  header.row_count = static_cast<uint32_t>(interface.data.size());
  header.fingerprint = interface.fingerprint;
  header.bytes = interface.weights_bytes;
  std::string file(interface.weights_bytes, '\0');
  std::memcpy(file.data(), &header, sizeof(header));
  for (uint32_t i = 0; i < interface.data.size(); ++i) {
    const std::span<const std::byte> bytes = program.data[kernel::DataId(i)].bytes;
    if (!bytes.empty()) std::memcpy(file.data() + interface.data[i].offset, bytes.data(), bytes.size());
  }
  return file;
}

void add_bound_guards(kernel::Program& program) {
  std::vector<kernel::Step> guards;
  const auto require = [&](const Dim& left, const Dim& right, const std::string& name) {
    kernel::GuardStep guard;
    guard.left = left;
    guard.relation = kernel::Relation::LessEqual;
    guard.right = right;
    guard.message = fmt::format("`{}` is out of its bounds: {{}} must be at most {{}}", name);
    guards.push_back({std::move(guard), {}, {}});
  };
  for (size_t i = 0; i < program.symbols.rows().size(); ++i) {
    const SymbolTable::Row& row = program.symbols.rows()[i];
    if (!std::holds_alternative<kernel::FromInput>(program.bindings[i])) continue;
    if (!row.lower.is_constant()) require(row.lower, Dim::symbol(row.name), row.name);
    if (!row.upper.is_constant()) require(Dim::symbol(row.name), row.upper, row.name);
  }
  program.steps.insert(program.steps.begin(), std::make_move_iterator(guards.begin()),
                       std::make_move_iterator(guards.end()));
}

}  // namespace lathe::codegen
