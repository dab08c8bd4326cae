// The entry of a program in C++: pointers into inputs, outputs, data and arena; kernel calls; runtime calls; guards.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "compiler/codegen/cpp_emitter.h"

namespace lathe::codegen {

void CppEmitter::close_kernels() { text_ += "\n}  // namespace\n"; }

void CppEmitter::open_program(const kernel::Program&) {
  names_.clear();
  counter_ = 0;
  text_ += "\n";
  open(
      fmt::format("extern \"C\" lathe_status {}(const lathe_execution* execution, const void* const* inputs, void* "
                  "const* outputs,\n"
                  "    const void* const* data, void* arena, const int64_t* symbols) {{",
                  entry_name_));
  for (const char* name : {"execution", "inputs", "outputs", "data", "arena", "symbols"}) {
    names_.insert(name);
    line(fmt::format("(void){};", name));
  }
}

void CppEmitter::close_program() {
  line("return LATHE_OK;");
  close();
}

CppInteger CppEmitter::program_symbol(size_t position) { return {fmt::format("symbols[{}]", position), {}, false}; }

std::string CppEmitter::input(uint32_t index) { return fmt::format("input(inputs, {})", index); }
std::string CppEmitter::output(uint32_t index) { return fmt::format("output(outputs, {})", index); }
std::string CppEmitter::data(uint32_t index) { return fmt::format("input(data, {})", index); }
std::string CppEmitter::arena() { return "output(&arena, 0)"; }

std::string CppEmitter::advance(const Pointer& pointer, const CppInteger& bytes) {
  return fmt::format("{} + {}", pointer, factor(bytes));
}

void CppEmitter::open_step(const kernel::Step& step) {
  text_ += "\n";
  comment(describe_(step));
}

std::string CppEmitter::arguments_of(const EmittedRun<CppInteger, Pointer>& run) {
  const KernelFunction& function = kernels_[run.kernel.index];
  std::string arguments = "execution";
  for (size_t i = 0; i < run.buffers.size(); ++i) {
    arguments += fmt::format(", reinterpret_cast<{}>({})", function.parameter_types[i], run.buffers[i]);
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

std::string CppEmitter::build_struct(const EmittedStruct<CppInteger, Pointer>& structure) {
  const std::string name =
      unique(structure.type->type.starts_with("lathe_") ? structure.type->type.substr(6) : structure.type->type);
  line(fmt::format("{} {}{{}};", structure.type->type, name));
  const auto set = [&](const std::string& field, const std::string& value) {
    line(fmt::format("{}.{} = {};", name, field, value));
  };
  for (const auto& field : structure.fields) {
    const std::string& member = field.field->name;
    std::visit(Overloaded{[&](const EmittedInteger<CppInteger>& number) {
                            // Enumerators and sizes of 32 bits are converted by the assignment.
                            set(member, number.bits == 32 && !number.value.constant
                                            ? fmt::format("static_cast<int32_t>({})", number.value.text)
                                            : number.value.text);
                          },
                          [&](uint32_t number) { set(member, fmt::format("{}u", number)); },
                          [&](float number) {
                            set(member,
                                this->number(ElementType::F32, ScalarValue::of(ElementType::F32, double{number})));
                          },
                          [&](const Pointer& pointer) { set(member, fmt::format("any_pointer({})", pointer)); },
                          [](const kernel::NullField&) {},
                          [&](const EmittedRun<CppInteger, Pointer>& run) {
                            const std::string block = unique("block");
                            std::string sizes;
                            for (const std::string_view size : kernel::kCallbackSizes)
                              sizes += fmt::format(", {}", size);
                            line(
                                fmt::format("auto {} = [&](int64_t row_begin, int64_t row_end, int64_t column_begin, "
                                            "int64_t column_end) {{ {}({}{}); }};",
                                            block, kernels_[run.kernel.index].name, arguments_of(run), sizes));
                            set(member, fmt::format("block_callback({})", block));
                            set(member + "_state", "&" + block);
                          }},
               field.value);
  }
  return "&" + name;
}

std::string CppEmitter::argument(const EmittedArgument<CppInteger, Pointer>& argument) {
  return std::visit(
      Overloaded{[](const kernel::ExecutionArgument&) -> std::string { return "execution"; },
                 [](const kernel::NullArgument&) -> std::string { return "nullptr"; },
                 [](const Pointer& pointer) { return fmt::format("any_pointer({})", pointer); },
                 [](const EmittedInteger<CppInteger>& number) {
                   return number.bits == 32 ? fmt::format("static_cast<int32_t>({})", number.value.text)
                                            : number.value.text;
                 },
                 [&](float number) {
                   return this->number(ElementType::F32, ScalarValue::of(ElementType::F32, double{number}));
                 },
                 [&](const EmittedStruct<CppInteger, Pointer>& structure) { return build_struct(structure); }},
      argument);
}

std::optional<CppInteger> CppEmitter::call(const kernel::CallStep& call,
                                           std::span<const EmittedArgument<CppInteger, Pointer>> arguments) {
  std::vector<std::string> texts;
  for (const auto& row : arguments) texts.push_back(argument(row));
  const std::string spelled = fmt::format("{}({})", call.function, fmt::join(texts, ", "));
  if (std::holds_alternative<kernel::StatusResult>(call.result)) {
    line(fmt::format("if (const lathe_status status = {}; status != LATHE_OK) return status;", spelled));
    return std::nullopt;
  }
  if (std::holds_alternative<kernel::NoResult>(call.result)) {
    line(spelled + ";");
    return std::nullopt;
  }
  const std::string name = unique(std::get<kernel::SymbolResult>(call.result).symbol);
  line(fmt::format("const int64_t {} = {};", name, spelled));
  return CppInteger{name, {}, false};
}

void CppEmitter::guard(const Flag& flag, const std::string& message, const CppInteger& left, const CppInteger& right) {
  std::string quoted;
  for (const char c : message) {
    if (c == '"' || c == '\\') quoted += '\\';
    quoted += c == '\n' ? ' ' : c;
  }
  open(fmt::format("if (!({})) {{", flag));
  line(fmt::format("const int64_t numbers[2] = {{{}, {}}};", left.text, right.text));
  line(fmt::format("return lathe_fail(execution, LATHE_SHAPE_GUARD_FAILED, \"{}\", numbers, 2);", quoted));
  close();
}

}  // namespace lathe::codegen
