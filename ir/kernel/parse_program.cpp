// Parsing programs.
#include <charconv>
#include <map>

#include "ir/kernel/text.h"
#include "ir/scalar/expression.h"

namespace lathe::kernel {
namespace {

class ProgramParser {
 public:
  explicit ProgramParser(TokenCursor& cursor) : cursor_(cursor) {}

  Result<Program> parse() {
    while (cursor_.at("kernel")) {
      const LocationId where = cursor_.location();
      LATHE_TRY(Kernel kernel, parse_kernel(cursor_));
      LATHE_TRY_VOID(unique(kernels_.contains(kernel.name), where, kernel.name));
      const std::string name = kernel.name;
      kernels_[name] = program_.kernels.push_back(std::move(kernel));
    }
    LATHE_TRY_VOID(cursor_.expect("program"));
    LATHE_TRY(program_.name, cursor_.expect_symbol("the program's name"));
    LATHE_TRY_VOID(cursor_.expect("{"));
    while (!cursor_.accept("}")) {
      LATHE_TRY_VOID(parse_row());
    }
    return std::move(program_);
  }

 private:
  Status unique(bool taken, LocationId where, std::string_view name) {
    if (!taken) return {};
    return cursor_.diagnostics().report(DiagnosticKind::DuplicateName, where, "`{}` is defined twice", name).emit();
  }

  Failure unknown(LocationId where, std::string_view what, std::string_view name) {
    return cursor_.diagnostics().report(DiagnosticKind::UnknownValue, where, "there is no {} `{}`", what, name).emit();
  }

  Status parse_row() {
    if (cursor_.accept("symbol")) return parse_symbol();
    if (cursor_.accept("input")) return parse_port(program_.inputs);
    if (cursor_.accept("output")) return parse_port(program_.outputs);
    if (cursor_.accept("data")) return parse_data();
    if (cursor_.accept("storage")) return parse_storage();
    if (cursor_.accept("arena")) {
      LATHE_TRY(program_.arena_bytes, cursor_.parse_dim());
      return {};
    }
    Step step;
    step.where = cursor_.location();
    if (cursor_.accept("run")) {
      LATHE_TRY(RunStep run, parse_run());
      step.kind = std::move(run);
    } else if (cursor_.accept("call")) {
      LATHE_TRY(CallStep call, parse_call());
      step.kind = std::move(call);
    } else if (cursor_.accept("guard")) {
      LATHE_TRY(GuardStep guard, parse_guard());
      step.kind = std::move(guard);
    } else {
      return cursor_.error_expected("a part of a program");
    }
    if (cursor_.accept("layer")) {
      LATHE_TRY(step.layer, cursor_.expect_string("a layer's name"));
    }
    program_.steps.push_back(std::move(step));
    return {};
  }

  Result<uint32_t> parse_small(std::string_view what) {
    LATHE_TRY(const int64_t number, cursor_.expect_integer(what));
    if (number < 0 || number > INT32_MAX) return cursor_.error_expected(what);
    return static_cast<uint32_t>(number);
  }

  Status parse_symbol() {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_identifier("a symbol"));
    LATHE_TRY_VOID(unique(program_.symbols.find(name) != nullptr, where, name));
    LATHE_TRY_VOID(cursor_.expect("in"));
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(const Dim lower, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect(","));
    LATHE_TRY(const Dim upper, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("]"));
    LATHE_TRY_VOID(cursor_.expect("from"));
    SymbolBinding binding = FromCall{};
    if (!cursor_.accept("call")) {
      FromInput input;
      LATHE_TRY_VOID(cursor_.expect("input"));
      LATHE_TRY(input.input, parse_small("the number of an input"));
      LATHE_TRY_VOID(cursor_.expect("axis"));
      LATHE_TRY(input.axis, parse_small("the number of an axis"));
      binding = input;
    }
    program_.symbols.declare(name, lower, upper);
    program_.bindings.push_back(binding);
    return {};
  }

  Status parse_port(std::vector<Port>& ports) {
    Port port;
    LATHE_TRY(port.name, cursor_.expect_value("a name"));
    LATHE_TRY_VOID(cursor_.expect(":"));
    LATHE_TRY(port.type, cursor_.parse_tensor_type());
    ports.push_back(std::move(port));
    return {};
  }

  Result<std::vector<std::byte>> parse_hex() {
    LATHE_TRY(const std::string text, cursor_.expect_string("hexadecimal bytes"));
    const auto digit = [](char c) {
      if (c >= '0' && c <= '9') return c - '0';
      return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
    };
    std::vector<std::byte> bytes;
    for (size_t i = 0; i + 1 < text.size(); i += 2) {
      const int high = digit(text[i]);
      const int low = digit(text[i + 1]);
      if (high < 0 || low < 0) return cursor_.error_expected("hexadecimal bytes before this");
      bytes.push_back(static_cast<std::byte>(16 * high + low));
    }
    if (text.size() % 2 != 0) return cursor_.error_expected("two digits for each byte before this");
    return bytes;
  }

  Status parse_data() {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_value("the name of data"));
    LATHE_TRY_VOID(unique(data_.contains(name), where, name));
    LATHE_TRY_VOID(cursor_.expect(":"));
    Data data;
    if (cursor_.accept("bytes")) {
      LATHE_TRY(std::vector<std::byte> bytes, parse_hex());
      data = owned_data(name, std::move(bytes));
    } else {
      LATHE_TRY_VOID(cursor_.expect("large"));
      LATHE_TRY(const int64_t size, cursor_.expect_integer("a number of bytes"));
      if (size < 1) return cursor_.error_expected("a number of bytes");
      LATHE_TRY_VOID(cursor_.expect("hash"));
      LATHE_TRY(const std::string hash, cursor_.expect_string("a hash"));
      const auto parsed = std::from_chars(hash.data(), hash.data() + hash.size(), data.hash, 16);
      if (parsed.ec != std::errc()) return cursor_.error_expected("a hexadecimal hash before this");
      data.name = name;
      data.absent_bytes = static_cast<uint64_t>(size);
    }
    LATHE_TRY_VOID(cursor_.expect("align"));
    LATHE_TRY(data.alignment, parse_small("an alignment"));
    data_[name] = program_.data.push_back(std::move(data));
    return {};
  }

  Status parse_storage() {
    const LocationId where = cursor_.location();
    Storage storage;
    LATHE_TRY(storage.name, cursor_.expect_value("the name of a storage"));
    LATHE_TRY_VOID(unique(storages_.contains(storage.name), where, storage.name));
    LATHE_TRY_VOID(cursor_.expect(":"));
    const auto element = parse_element_type(cursor_.peek().text);
    if (!element || *element == ElementType::String) return cursor_.error_expected("an element type");
    cursor_.next();
    storage.element = *element;
    LATHE_TRY_VOID(cursor_.expect("["));
    LATHE_TRY(storage.extent, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("]"));
    LATHE_TRY(storage.place, parse_place());
    const std::string name = storage.name;
    storages_[name] = program_.storages.push_back(std::move(storage));
    return {};
  }

  Result<Place> parse_place() {
    if (cursor_.accept("input")) {
      LATHE_TRY(const uint32_t index, parse_small("the number of an input"));
      return Place(InputPlace{index});
    }
    if (cursor_.accept("output")) {
      LATHE_TRY(const uint32_t index, parse_small("the number of an output"));
      return Place(OutputPlace{index});
    }
    if (cursor_.accept("data")) {
      const LocationId where = cursor_.location();
      LATHE_TRY(const std::string name, cursor_.expect_value("the name of data"));
      const auto found = data_.find(name);
      if (found == data_.end()) return unknown(where, "data", name);
      return Place(DataPlace{found->second});
    }
    LATHE_TRY_VOID(cursor_.expect("arena"));
    LATHE_TRY(Dim offset, cursor_.parse_dim());
    return Place(ArenaPlace{std::move(offset)});
  }

  Result<BufferRef> parse_ref() {
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_value("a storage"));
    const auto found = storages_.find(name);
    if (found == storages_.end()) return unknown(where, "storage", name);
    BufferRef ref{.storage = found->second};
    if (cursor_.accept("[")) {
      LATHE_TRY(ref.offset, cursor_.parse_dim());
      LATHE_TRY_VOID(cursor_.expect("]"));
    }
    return ref;
  }

  Result<RunStep> parse_run() {
    RunStep run;
    const LocationId where = cursor_.location();
    LATHE_TRY(const std::string name, cursor_.expect_symbol("a kernel"));
    const auto found = kernels_.find(name);
    if (found == kernels_.end()) return unknown(where, "kernel", name);
    run.kernel = found->second;
    LATHE_TRY_VOID(cursor_.expect("("));
    while (!cursor_.accept(")")) {
      if (!run.buffers.empty()) {
        LATHE_TRY_VOID(cursor_.expect(","));
      }
      LATHE_TRY(BufferRef ref, parse_ref());
      run.buffers.push_back(std::move(ref));
    }
    if (!cursor_.accept("sizes")) return run;
    LATHE_TRY_VOID(cursor_.expect("("));
    do {
      LATHE_TRY(Dim size, cursor_.parse_dim());
      run.sizes.push_back(std::move(size));
    } while (cursor_.accept(","));
    LATHE_TRY_VOID(cursor_.expect(")"));
    return run;
  }

  Result<GuardStep> parse_guard() {
    GuardStep guard;
    LATHE_TRY(guard.left, cursor_.parse_dim());
    if (cursor_.accept("<")) {
      guard.relation = cursor_.accept("=") ? Relation::LessEqual : Relation::Less;
    } else {
      LATHE_TRY_VOID(cursor_.expect("="));
      LATHE_TRY_VOID(cursor_.expect("="));
      guard.relation = Relation::Equal;
    }
    LATHE_TRY(guard.right, cursor_.parse_dim());
    LATHE_TRY_VOID(cursor_.expect("else"));
    LATHE_TRY(guard.message, cursor_.expect_string("a message"));
    return guard;
  }

  Result<CallStep> parse_call() {
    CallStep call;
    LATHE_TRY(call.function, cursor_.expect_symbol("a function"));
    LATHE_TRY_VOID(cursor_.expect("("));
    while (!cursor_.accept(")")) {
      if (!call.arguments.empty()) {
        LATHE_TRY_VOID(cursor_.expect(","));
      }
      LATHE_TRY(Argument argument, parse_argument());
      call.arguments.push_back(std::move(argument));
    }
    LATHE_TRY_VOID(cursor_.expect("gives"));
    if (cursor_.accept("status")) return call;
    if (cursor_.accept("nothing")) {
      call.result = NoResult{};
      return call;
    }
    LATHE_TRY_VOID(cursor_.expect("symbol"));
    LATHE_TRY(std::string symbol, cursor_.expect_identifier("a symbol"));
    call.result = SymbolResult{std::move(symbol)};
    return call;
  }

  Result<float> parse_float() {
    LATHE_TRY(const ScalarNumber number, parse_scalar_number(cursor_));
    return static_cast<float>(number.real);
  }

  Result<Argument> parse_argument() {
    if (cursor_.accept("execution")) return Argument(ExecutionArgument{});
    if (cursor_.accept("null")) return Argument(NullArgument{});
    if (cursor_.at("i64") || cursor_.at("i32")) {
      const uint32_t bits = cursor_.next().text == "i64" ? 64 : 32;
      LATHE_TRY(Dim value, cursor_.parse_dim());
      return Argument(IntegerArgument{std::move(value), bits});
    }
    if (cursor_.accept("f32")) {
      LATHE_TRY(const float value, parse_float());
      return Argument(FloatArgument{value});
    }
    if (cursor_.accept("struct")) return parse_struct();
    LATHE_TRY(BufferRef ref, parse_ref());
    return Argument(PointerArgument{std::move(ref)});
  }

  Result<Argument> parse_struct() {
    StructArgument structure;
    LATHE_TRY(structure.type, cursor_.expect_identifier("the name of a struct"));
    LATHE_TRY(structure.size, parse_small("the size of a struct"));
    LATHE_TRY_VOID(cursor_.expect("{"));
    while (!cursor_.accept("}")) {
      if (!structure.fields.empty()) {
        LATHE_TRY_VOID(cursor_.expect(","));
      }
      LATHE_TRY(Field field, parse_field());
      structure.fields.push_back(std::move(field));
    }
    return Argument(std::move(structure));
  }

  Result<Field> parse_field() {
    Field field;
    LATHE_TRY(field.offset, parse_small("the offset of a field"));
    LATHE_TRY(field.name, cursor_.expect_identifier("the name of a field"));
    LATHE_TRY_VOID(cursor_.expect(":"));
    if (cursor_.at("i64") || cursor_.at("i32")) {
      const uint32_t bits = cursor_.next().text == "i64" ? 64 : 32;
      LATHE_TRY(Dim value, cursor_.parse_dim());
      field.value = SignedField{std::move(value), bits};
    } else if (cursor_.accept("u32")) {
      LATHE_TRY(const int64_t value, cursor_.expect_integer("a number"));
      field.value = UnsignedField{static_cast<uint32_t>(value)};
    } else if (cursor_.accept("f32")) {
      LATHE_TRY(const float value, parse_float());
      field.value = FloatField{value};
    } else if (cursor_.accept("pointer")) {
      LATHE_TRY(BufferRef ref, parse_ref());
      field.value = PointerField{std::move(ref)};
    } else if (cursor_.accept("callback")) {
      CallbackField callback;
      LATHE_TRY(callback.run, parse_run());
      LATHE_TRY_VOID(cursor_.expect("state"));
      LATHE_TRY(callback.state_offset, parse_small("the offset of a field"));
      field.value = std::move(callback);
    } else {
      LATHE_TRY_VOID(cursor_.expect("null"));
      field.value = NullField{};
    }
    return field;
  }

  TokenCursor& cursor_;
  Program program_;
  std::map<std::string, KernelId, std::less<>> kernels_;
  std::map<std::string, DataId, std::less<>> data_;
  std::map<std::string, StorageId, std::less<>> storages_;
};

}  // namespace

Result<Program> parse_program(std::string_view text, FileId file, LocationTable& locations, Diagnostics& diagnostics) {
  TokenCursor cursor(tokenize(text, file), locations, diagnostics);
  LATHE_TRY(Program program, ProgramParser(cursor).parse());
  if (!cursor.at_end()) return cursor.error_expected("the end of the text");
  return program;
}

}  // namespace lathe::kernel
