// The walk over programs that all emitters share: storages become pointers, steps become calls in their order.
//
// An emitter of programs is an emitter of integers with the primitives of ProgramEmitter. Kernels are emitted on their
// own (emitter.h); here they are only called. The program must be verified.
#pragma once

#include <concepts>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "compiler/codegen/index_emitter.h"
#include "ir/kernel/overloaded.h"
#include "ir/kernel/program.h"

namespace lathe::codegen {

template <class Integer>
struct EmittedInteger {
  Integer value;
  uint32_t bits = 64;
};

/// A kernel with its arguments.
template <class Integer, class Pointer>
struct EmittedRun {
  kernel::KernelId kernel;
  std::vector<Pointer> buffers;
  std::vector<Integer> sizes;
};

template <class Integer, class Pointer>
struct EmittedField {
  const kernel::Field* field = nullptr;
  std::variant<EmittedInteger<Integer>, uint32_t, float, Pointer, kernel::NullField, EmittedRun<Integer, Pointer>>
      value;
};

template <class Integer, class Pointer>
struct EmittedStruct {
  const kernel::StructArgument* type = nullptr;
  std::vector<EmittedField<Integer, Pointer>> fields;
};

template <class Integer, class Pointer>
using EmittedArgument = std::variant<kernel::ExecutionArgument, kernel::NullArgument, Pointer, EmittedInteger<Integer>,
                                     float, EmittedStruct<Integer, Pointer>>;

template <class E>
concept ProgramEmitter = requires(
    E& e, typename E::Integer integer, typename E::Pointer pointer, typename E::Flag flag,
    const kernel::Program& program, const EmittedRun<typename E::Integer, typename E::Pointer>& run,
    const kernel::CallStep& call, std::span<const EmittedArgument<typename E::Integer, typename E::Pointer>> arguments,
    const kernel::Step& step, const std::string& text) {
  e.open_program(program);
  e.close_program();
  { e.program_symbol(size_t{0}) } -> std::same_as<typename E::Integer>;
  { e.input(uint32_t{0}) } -> std::same_as<typename E::Pointer>;
  { e.output(uint32_t{0}) } -> std::same_as<typename E::Pointer>;
  { e.data(uint32_t{0}) } -> std::same_as<typename E::Pointer>;
  { e.arena() } -> std::same_as<typename E::Pointer>;
  { e.advance(pointer, integer) } -> std::same_as<typename E::Pointer>;
  e.open_step(step);
  e.run(run);
  // The result of a function that gives a number; nothing for others.
  { e.call(call, arguments) } -> std::same_as<std::optional<typename E::Integer>>;
  e.guard(flag, text, integer, integer);
};

template <ProgramEmitter E>
class ProgramWalk {
 public:
  using Integer = typename E::Integer;
  using Pointer = typename E::Pointer;

  ProgramWalk(E& emitter, const kernel::Program& program)
      : emitter_(emitter), program_(program), index_(emitter, program.symbols) {}

  void run() {
    emitter_.open_program(program_);
    for (size_t i = 0; i < program_.symbols.rows().size(); ++i) {
      if (std::holds_alternative<kernel::FromCall>(program_.bindings[i])) continue;
      index_.define(program_.symbols.rows()[i].name, emitter_.program_symbol(i));
    }
    for (const kernel::Step& step : program_.steps) {
      emitter_.open_step(step);
      std::visit(Overloaded{[&](const kernel::RunStep& run_step) { emitter_.run(emitted(run_step)); },
                            [&](const kernel::CallStep& call) { emit_call(call); },
                            [&](const kernel::GuardStep& guard) { emit_guard(guard); }},
                 step.kind);
    }
    emitter_.close_program();
  }

 private:
  Pointer base(const kernel::Place& place) {
    return std::visit(
        Overloaded{[&](const kernel::InputPlace& input) { return emitter_.input(input.index); },
                   [&](const kernel::OutputPlace& output) { return emitter_.output(output.index); },
                   [&](const kernel::DataPlace& data) { return emitter_.data(data.data.index); },
                   [&](const kernel::ArenaPlace& arena) { return advance(emitter_.arena(), arena.offset); }},
        place);
  }

  Pointer advance(Pointer pointer, const Dim& bytes) {
    return bytes.is_constant(0) ? pointer : emitter_.advance(pointer, index_.emit(bytes));
  }

  /// An odd offset of 4-bit elements would lie within a byte; the verifier of kernels knows no such buffers.
  Pointer pointer(const kernel::BufferRef& ref) {
    const kernel::Storage& storage = program_.storages[ref.storage];
    if (const auto* arena = std::get_if<kernel::ArenaPlace>(&storage.place)) {
      return advance(emitter_.arena(), arena->offset + kernel::byte_extent(storage.element, ref.offset));
    }
    return advance(base(storage.place), kernel::byte_extent(storage.element, ref.offset));
  }

  EmittedRun<Integer, Pointer> emitted(const kernel::RunStep& run) {
    EmittedRun<Integer, Pointer> result{.kernel = run.kernel, .buffers = {}, .sizes = {}};
    for (const kernel::BufferRef& ref : run.buffers) result.buffers.push_back(pointer(ref));
    for (const Dim& size : run.sizes) result.sizes.push_back(index_.emit(size));
    return result;
  }

  EmittedField<Integer, Pointer> emitted(const kernel::Field& field) {
    using Value = decltype(EmittedField<Integer, Pointer>::value);
    const Value value =
        std::visit(Overloaded{[&](const kernel::SignedField& number) {
                                return Value(EmittedInteger<Integer>{index_.emit(number.value), number.bits});
                              },
                              [](const kernel::UnsignedField& number) { return Value(number.value); },
                              [](const kernel::FloatField& number) { return Value(number.value); },
                              [&](const kernel::PointerField& place) { return Value(pointer(place.buffer)); },
                              [](const kernel::NullField&) { return Value(kernel::NullField{}); },
                              [&](const kernel::CallbackField& callback) { return Value(emitted(callback.run)); }},
                   field.value);
    return {&field, value};
  }

  void emit_call(const kernel::CallStep& call) {
    using Emitted = EmittedArgument<Integer, Pointer>;
    std::vector<Emitted> arguments;
    for (const kernel::Argument& argument : call.arguments) {
      arguments.push_back(
          std::visit(Overloaded{[](const kernel::ExecutionArgument& execution) { return Emitted(execution); },
                                [](const kernel::NullArgument& null) { return Emitted(null); },
                                [&](const kernel::PointerArgument& place) { return Emitted(pointer(place.buffer)); },
                                [&](const kernel::IntegerArgument& number) {
                                  return Emitted(EmittedInteger<Integer>{index_.emit(number.value), number.bits});
                                },
                                [](const kernel::FloatArgument& number) { return Emitted(number.value); },
                                [&](const kernel::StructArgument& structure) {
                                  EmittedStruct<Integer, Pointer> result{.type = &structure, .fields = {}};
                                  for (const kernel::Field& field : structure.fields)
                                    result.fields.push_back(emitted(field));
                                  return Emitted(std::move(result));
                                }},
                     argument));
    }
    const std::optional<Integer> result = emitter_.call(call, arguments);
    if (const auto* symbol = std::get_if<kernel::SymbolResult>(&call.result)) index_.define(symbol->symbol, *result);
  }

  void emit_guard(const kernel::GuardStep& guard) {
    const Integer left = index_.emit(guard.left);
    const Integer right = index_.emit(guard.right);
    emitter_.guard(emitter_.compare(guard.relation, left, right), guard.message, left, right);
  }

  E& emitter_;
  const kernel::Program& program_;
  IndexEmitter<E> index_;
};

template <ProgramEmitter E>
void emit_program(E& emitter, const kernel::Program& program) {
  ProgramWalk<E>(emitter, program).run();
}

}  // namespace lathe::codegen
