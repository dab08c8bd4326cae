// Printing programs.
#include <fmt/format.h>

#include "ir/kernel/names.h"
#include "ir/kernel/overloaded.h"
#include "ir/kernel/text.h"

namespace lathe::kernel {
namespace {

/// FNV-1a, to tell one large constant from another in a text.
uint64_t hash(std::span<const std::byte> bytes) {
  uint64_t value = 0xcbf29ce484222325u;
  for (const std::byte byte : bytes) value = (value ^ static_cast<uint64_t>(byte)) * 0x100000001b3u;
  return value;
}

class ProgramPrinter {
 public:
  explicit ProgramPrinter(const Program& program) : program_(program) {}

  std::string all() {
    for (const Kernel& kernel : program_.kernels) out_ += print(kernel) + "\n";
    out_ += fmt::format("program {} {{\n", with_sigil('@', program_.name));
    symbols();
    for (const Port& port : program_.inputs) line("input {}: {}", with_sigil('%', port.name), lathe::text(port.type));
    for (const Port& port : program_.outputs) line("output {}: {}", with_sigil('%', port.name), lathe::text(port.type));
    for (const Data& data : program_.data) data_line(data);
    for (const Storage& storage : program_.storages) storage_line(storage);
    line("arena {}", program_.arena_bytes.text());
    for (const Step& step : program_.steps) line("{}", step_text(step));
    return out_ + "}\n";
  }

  [[nodiscard]] std::string step_text(const Step& step) const {
    std::string text = std::visit(Overloaded{[&](const RunStep& run_step) { return "run " + run(run_step); },
                                             [&](const CallStep& call_step) { return call(call_step); },
                                             [](const GuardStep& guard) {
                                               return fmt::format("guard {} {} {} else \"{}\"", guard.left.text(),
                                                                  kernel::text(guard.relation), guard.right.text(),
                                                                  escape(guard.message));
                                             }},
                                  step.kind);
    if (!step.layer.empty()) text += fmt::format(" layer \"{}\"", escape(step.layer));
    return text;
  }

 private:
  template <class... Arguments>
  void line(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    out_ += "  " + fmt::format(format, std::forward<Arguments>(arguments)...) + "\n";
  }

  void symbols() {
    for (size_t i = 0; i < program_.symbols.rows().size(); ++i) {
      const SymbolTable::Row& row = program_.symbols.rows()[i];
      const auto* input = std::get_if<FromInput>(&program_.bindings[i]);
      const std::string source =
          input != nullptr ? fmt::format("from input {} axis {}", input->input, input->axis) : "from call";
      line("symbol {} in [{}, {}] {}", row.name, row.lower.text(), row.upper.text(), source);
    }
  }

  void data_line(const Data& data) {
    std::string content;
    if (data.absent_bytes != 0) {
      content = fmt::format("large {} hash \"{:016x}\"", data.absent_bytes, data.hash);
    } else if (data.bytes.size() > kInlineBytes) {
      content = fmt::format("large {} hash \"{:016x}\"", data.bytes.size(), hash(data.bytes));
    } else {
      content = "bytes \"";
      for (const std::byte byte : data.bytes) content += fmt::format("{:02x}", static_cast<unsigned>(byte));
      content += '"';
    }
    line("data {}: {} align {}", with_sigil('%', data.name), content, data.alignment);
  }

  void storage_line(const Storage& storage) {
    const std::string place = std::visit(
        Overloaded{[](const InputPlace& input) { return fmt::format("input {}", input.index); },
                   [](const OutputPlace& output) { return fmt::format("output {}", output.index); },
                   [&](const DataPlace& data) { return "data " + with_sigil('%', program_.data[data.data].name); },
                   [](const ArenaPlace& arena) { return fmt::format("arena {}", arena.offset.text()); }},
        storage.place);
    line("storage {}: {}[{}] {}", with_sigil('%', storage.name), lathe::text(storage.element), storage.extent.text(),
         place);
  }

  std::string ref(const BufferRef& buffer) const {
    const std::string name = with_sigil('%', program_.storages[buffer.storage].name);
    return buffer.offset.is_constant(0) ? name : fmt::format("{}[{}]", name, buffer.offset.text());
  }

  std::string run(const RunStep& run) const {
    std::string text = with_sigil('@', program_.kernels[run.kernel].name) + "(";
    for (size_t i = 0; i < run.buffers.size(); ++i) text += (i == 0 ? "" : ", ") + ref(run.buffers[i]);
    text += ")";
    for (size_t i = 0; i < run.sizes.size(); ++i) text += (i == 0 ? " sizes(" : ", ") + run.sizes[i].text();
    if (!run.sizes.empty()) text += ")";
    return text;
  }

  std::string field(const Field& field) const {
    const std::string value = std::visit(
        Overloaded{[](const SignedField& number) { return fmt::format("i{} {}", number.bits, number.value.text()); },
                   [](const UnsignedField& number) { return fmt::format("u32 {}", number.value); },
                   [](const FloatField& number) {
                     return "f32 " + lathe::text(ScalarValue::of(ElementType::F32, number.value));
                   },
                   [&](const PointerField& pointer) { return "pointer " + ref(pointer.buffer); },
                   [](const NullField&) { return std::string("null"); },
                   [&](const CallbackField& callback) {
                     return fmt::format("callback {} state {}", run(callback.run), callback.state_offset);
                   }},
        field.value);
    return fmt::format("{} {} : {}", field.offset, field.name, value);
  }

  std::string argument(const Argument& argument) const {
    return std::visit(Overloaded{[](const ExecutionArgument&) { return std::string("execution"); },
                                 [](const NullArgument&) { return std::string("null"); },
                                 [&](const PointerArgument& pointer) { return ref(pointer.buffer); },
                                 [](const IntegerArgument& number) {
                                   return fmt::format("i{} {}", number.bits, number.value.text());
                                 },
                                 [](const FloatArgument& number) {
                                   return "f32 " + lathe::text(ScalarValue::of(ElementType::F32, number.value));
                                 },
                                 [&](const StructArgument& structure) {
                                   std::string text = fmt::format("struct {} {} {{", structure.type, structure.size);
                                   for (size_t i = 0; i < structure.fields.size(); ++i) {
                                     text += (i == 0 ? " " : ", ") + field(structure.fields[i]);
                                   }
                                   return text + " }";
                                 }},
                      argument);
  }

  std::string call(const CallStep& call) const {
    std::string text = fmt::format("call @{}(", call.function);
    for (size_t i = 0; i < call.arguments.size(); ++i) text += (i == 0 ? "" : ", ") + argument(call.arguments[i]);
    return text + ") gives " +
           std::visit(Overloaded{[](const StatusResult&) { return std::string("status"); },
                                 [](const NoResult&) { return std::string("nothing"); },
                                 [](const SymbolResult& result) { return "symbol " + result.symbol; }},
                      call.result);
  }

  const Program& program_;
  std::string out_;
};

}  // namespace

std::string print(const Program& program) { return ProgramPrinter(program).all(); }

std::string print_step(const Program& program, const Step& step) { return ProgramPrinter(program).step_text(step); }

}  // namespace lathe::kernel
