// The function of a program in C++: places in inputs, outputs, data and arena; kernel calls; runtime calls; guards.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <bit>

#include "compiler/codegen/cpp_emitter.h"
#include "compiler/codegen/cpp_layout.h"

namespace lathe::codegen {
namespace {

std::string spelled(std::string_view function, const CppPointer& pointer) {
  return pointer.bytes.empty() ? fmt::format("{}({})", function, pointer.base)
                               : fmt::format("{}({}, {})", function, pointer.base, pointer.bytes);
}

/// Constants fit where they are put; what a run computes is cut down explicitly.
std::string sized(const EmittedInteger<CppInteger>& number) {
  return number.bits == 32 && !number.value.constant ? fmt::format("static_cast<int32_t>({})", number.value.text)
                                                     : number.value.text;
}

/// Fields that are left out are 0.
bool is_zero(const decltype(kernel::Field::value)& value) {
  return std::visit(
      Overloaded{[](const kernel::SignedField& number) { return number.value.is_constant(0); },
                 [](const kernel::UnsignedField& number) { return number.value == 0; },
                 [](const kernel::FloatField& number) { return std::bit_cast<uint32_t>(number.value) == 0; },
                 [](const kernel::PointerField&) { return false; }, [](const kernel::NullField&) { return true; },
                 [](const kernel::CallbackField&) { return false; }},
      value);
}

std::string quoted(std::string_view text) {
  std::string result = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') result += '\\';
    result += c == '\n' ? ' ' : c;
  }
  return result + '"';
}

}  // namespace

void CppEmitter::open_program(const kernel::Program&) {
  names_.clear();
  counter_ = 0;
  before_ = std::exchange(text_, {});
  for (const char* name : {"execution", "inputs", "outputs", "data", "arena", "symbols"}) names_.insert(name);
  ++depth_;
}

/// Parameters that the body does not use have no names.
void CppEmitter::close_program() {
  text_ += "\n";
  line("return LATHE_OK;");
  --depth_;
  constexpr std::array<std::pair<std::string_view, std::string_view>, 6> kParameters = {{
      {"const lathe_execution*", "execution"},
      {"const void* const*", "inputs"},
      {"void* const*", "outputs"},
      {"const void* const*", "data"},
      {"void*", "arena"},
      {"const int64_t*", "symbols"},
  }};
  std::vector<std::string> parameters;
  for (const auto& [type, name] : kParameters) {
    parameters.push_back(uses_word(text_, name) ? fmt::format("{} {}", type, name) : std::string(type));
  }
  const std::string body = without_dead_values(text_);
  text_ = fmt::format("{}\nlathe_status {}({}) {{{}}}\n", std::exchange(before_, {}), program_name_,
                      fmt::join(parameters, ", "), body.starts_with("\n") ? body : "\n" + body);
}

CppInteger CppEmitter::program_symbol(size_t position) { return {fmt::format("symbols[{}]", position), {}, false}; }

CppPointer CppEmitter::input(uint32_t index) { return {fmt::format("inputs[{}]", index), {}}; }
CppPointer CppEmitter::output(uint32_t index) { return {fmt::format("outputs[{}]", index), {}}; }
CppPointer CppEmitter::data(uint32_t index) { return {fmt::format("data[{}]", index), {}}; }
CppPointer CppEmitter::arena() { return {"arena", {}}; }

CppPointer CppEmitter::advance(const Pointer& pointer, const CppInteger& bytes) {
  return {pointer.base, pointer.bytes.empty() ? bytes.text : fmt::format("{} + {}", pointer.bytes, bytes.text)};
}

void CppEmitter::open_step(const kernel::Step& step) {
  text_ += "\n";
  comment(describe_(step));
}

std::string CppEmitter::arguments_of(const EmittedRun<CppInteger, Pointer>& run) {
  const KernelFunction& function = kernels_[run.kernel.index];
  std::string arguments = "execution";
  for (size_t i = 0; i < run.buffers.size(); ++i) {
    arguments += ", " + spelled(fmt::format("at<{}>", function.parameter_types[i]), run.buffers[i]);
  }
  for (const CppInteger& size : run.sizes) arguments += ", " + size.text;
  return arguments;
}

void CppEmitter::run(const EmittedRun<CppInteger, Pointer>& run) {
  const KernelFunction& function = kernels_[run.kernel.index];
  const std::string call = fmt::format("{}({})", function.name, arguments_of(run));
  if (!function.can_fail) return line(call + ";");
  line(fmt::format("if (const lathe_status status = {}; status != LATHE_OK) return status;", call));
}

/// A lambda that the runtime calls for each block of a result; gives its name.
std::string CppEmitter::callback(const EmittedRun<CppInteger, Pointer>& run) {
  const std::string block = unique("block");
  std::vector<std::string> parameters;
  for (const std::string_view size : kernel::kCallbackSizes) parameters.push_back(fmt::format("int64_t {}", size));
  open(fmt::format("auto {} = [&]({}) LATHE_SIMD_LAMBDA {{", block, fmt::join(parameters, ", ")));
  line(fmt::format("{}({}, {});", kernels_[run.kernel.index].name, arguments_of(run),
                   fmt::join(kernel::kCallbackSizes, ", ")));
  close("};");
  return block;
}

std::string CppEmitter::field_value(const EmittedField<CppInteger, Pointer>& field) {
  return std::visit(Overloaded{[](const EmittedInteger<CppInteger>& number) { return sized(number); },
                               [](uint32_t number) { return fmt::format("{}u", number); },
                               [&](float number) {
                                 return this->number(ElementType::F32,
                                                     ScalarValue::of(ElementType::F32, double{number}));
                               },
                               [](const Pointer& pointer) { return spelled("any_at", pointer); },
                               [](const kernel::NullField&) -> std::string { return "nullptr"; },
                               [&](const EmittedRun<CppInteger, Pointer>& run) {
                                 const std::string block = callback(run);
                                 return fmt::format("block_callback({0}), .{1}_state = &{0}", block, field.field->name);
                               }},
                    field.value);
}

std::string CppEmitter::build_struct(const EmittedStruct<CppInteger, Pointer>& structure) {
  constexpr std::string_view kPrefix = "lathe_";
  const std::string& type = structure.type->type;
  std::vector<EmittedField<CppInteger, Pointer>> fields = structure.fields;
  std::sort(fields.begin(), fields.end(),
            [](const auto& a, const auto& b) { return a.field->offset < b.field->offset; });
  std::vector<std::string> texts;
  for (const auto& field : fields) {
    if (is_zero(field.field->value)) continue;
    texts.push_back(
        fmt::format(".{} = {}", field.field->name,
                    field.field->name == "struct_size" ? fmt::format("sizeof({})", type) : field_value(field)));
  }
  const std::string name = unique(type.starts_with(kPrefix) ? type.substr(kPrefix.size()) : type);
  line(fmt::format("const {} {} = {{{}}};", type, name, fmt::join(texts, ", ")));
  return "&" + name;
}

std::string CppEmitter::argument(const EmittedArgument<CppInteger, Pointer>& argument) {
  return std::visit(
      Overloaded{[](const kernel::ExecutionArgument&) -> std::string { return "execution"; },
                 [](const kernel::NullArgument&) -> std::string { return "nullptr"; },
                 [](const Pointer& pointer) { return spelled("any_at", pointer); },
                 [](const EmittedInteger<CppInteger>& number) { return sized(number); },
                 [&](float number) {
                   return this->number(ElementType::F32, ScalarValue::of(ElementType::F32, double{number}));
                 },
                 [&](const EmittedStruct<CppInteger, Pointer>& structure) { return build_struct(structure); }},
      argument);
}

std::optional<CppInteger> CppEmitter::call(const kernel::CallStep& call,
                                           std::span<const EmittedArgument<CppInteger, Pointer>> arguments) {
  const auto* symbol = std::get_if<kernel::SymbolResult>(&call.result);
  const bool has_struct = std::any_of(arguments.begin(), arguments.end(), [](const auto& row) {
    return std::holds_alternative<EmittedStruct<CppInteger, Pointer>>(row);
  });
  const bool is_block = has_struct && symbol == nullptr;
  const std::set<std::string> outer_names = names_;
  if (is_block) open("{");
  std::vector<std::string> texts;
  for (const auto& row : arguments) texts.push_back(argument(row));
  const std::string spelled = fmt::format("{}({})", call.function, fmt::join(texts, ", "));
  std::optional<CppInteger> result;
  if (symbol != nullptr) {
    const std::string name = unique(symbol->symbol);
    // Called for what it does, too.
    line(fmt::format("[[maybe_unused]] const int64_t {} = {};", name, spelled));
    result = CppInteger{name, {}, false};
  } else if (std::holds_alternative<kernel::StatusResult>(call.result)) {
    if (is_block) {
      line(fmt::format("const lathe_status status = {};", spelled));
      line("if (status != LATHE_OK) return status;");
    } else {
      line(fmt::format("if (const lathe_status status = {}; status != LATHE_OK) return status;", spelled));
    }
  } else {
    line(spelled + ";");
  }
  if (is_block) {
    close();
    names_ = outer_names;
  }
  return result;
}

void CppEmitter::guard(const Flag& flag, const std::string& message, const CppInteger& left, const CppInteger& right) {
  open(fmt::format("if (!({})) {{", flag));
  line(fmt::format("const int64_t numbers[2] = {{{}, {}}};", left.text, right.text));
  line(fmt::format("return lathe_fail(execution, LATHE_SHAPE_GUARD_FAILED, {}, numbers, 2);", quoted(message)));
  close();
}

}  // namespace lathe::codegen
