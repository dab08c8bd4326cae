// Programs: a compiled model as memory, kernels and steps. What interpreters and emitters turn into one function.
//
// A Program knows its inputs, outputs, constants and one arena; storages name parts of them; steps run kernels, call
// functions of the runtime's C ABI and check guards, one after the other. Sizes are Dims over the program's symbols,
// whose values the host takes from the inputs' shapes before a run, so that `arena_bytes` is known before the first
// step. The signature of the compiled entry is ProgramEntry of compiler/codegen/entry.h. Lowering makes programs; every
// step has a location and the name of the layer it came from.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "ir/kernel/kernel.h"

namespace lathe::kernel {

struct StorageTag;
struct KernelTag;
struct DataTag;
using StorageId = Id<StorageTag>;
using KernelId = Id<KernelTag>;
using DataId = Id<DataTag>;

/// An input or output as the host sees it. Dims are over the program's symbols.
struct Port {
  std::string name;
  TensorType type;
};

/// Where the value of a symbol comes from: the extent of an axis of an input, or the result of a Call step.
struct FromInput {
  uint32_t input = 0;
  uint32_t axis = 0;
};
struct FromCall {};
using SymbolBinding = std::variant<FromInput, FromCall>;

/// Bytes that the program reads: weights, packed weights, tables. Aligned to `alignment` by whoever runs the program
/// when they are not already. Text holds the bytes of small data only.
struct Data {
  std::string name;
  std::span<const std::byte> bytes;
  std::shared_ptr<const void> owner;  ///< keeps `bytes` alive
  uint32_t alignment = 64;
  uint64_t absent_bytes = 0;  ///< size when the bytes are not there: weights left out, or large data parsed from text
  uint64_t hash = 0;          ///< of absent bytes, as the text said; 0 for none

  [[nodiscard]] uint64_t size() const { return bytes.empty() ? absent_bytes : bytes.size(); }
};
/// Data that owns a copy of `bytes`.
[[nodiscard]] Data owned_data(std::string name, std::vector<std::byte> bytes);

struct InputPlace {
  uint32_t index = 0;
};
struct OutputPlace {
  uint32_t index = 0;
};
struct DataPlace {
  DataId data;
};
struct ArenaPlace {
  Dim offset;  ///< bytes, a multiple of 64
};
using Place = std::variant<InputPlace, OutputPlace, DataPlace, ArenaPlace>;

/// A piece of memory of `extent` elements. Inputs and outputs are dense and aligned to their element type at least,
/// data to its `alignment`, the arena to 64 bytes.
struct Storage {
  std::string name;
  ElementType element = ElementType::F32;
  Dim extent;
  Place place;
};

/// A position in a storage, counted in elements of the storage.
struct BufferRef {
  StorageId storage;
  Dim offset = 0;
};

// ------------------------------------------------------------------------------------------------------------ steps

/// Runs a kernel: one ref for each parameter (its element type must be the storage's) and a value for each of its
/// sizes. Kernels may be shared between steps. Parameters may overlap in memory only when they are equal refs or when
/// none of the overlapping ones is written; equal refs of which one is written ask for a kernel that reads every
/// element before it writes it.
struct RunStep {
  KernelId kernel;
  std::vector<BufferRef> buffers;
  std::vector<Dim> sizes;
};

/// Arguments of calls, as C sees them.
struct ExecutionArgument {};  ///< const lathe_execution*
struct NullArgument {};       ///< a null pointer
struct PointerArgument {
  BufferRef buffer;
};  ///< pointer to an element
struct IntegerArgument {
  Dim value;
  uint32_t bits = 64;
};  ///< int64_t or int32_t
struct FloatArgument {
  float value = 0;
};  ///< float

/// A field `after_block` (a lathe_after_block_fn) and the field with its state: the callback runs a kernel whose last
/// four sizes are row_begin, row_end, column_begin and column_end, that has no parallel loop and that can't fail.
struct CallbackField {
  RunStep run;  ///< `sizes` without the four
  uint32_t state_offset = 0;
};
struct NullField {};
struct SignedField {
  Dim value;
  uint32_t bits = 64;
};  ///< int64_t or int32_t
struct UnsignedField {
  uint32_t value = 0;
};  ///< uint32_t
struct FloatField {
  float value = 0;
};
struct PointerField {
  BufferRef buffer;
};
struct Field {
  std::string name;
  uint32_t offset = 0;  ///< bytes; offsetof in the C struct
  std::variant<SignedField, UnsignedField, FloatField, PointerField, NullField, CallbackField> value;
};
/// A pointer to a struct that the caller builds; bytes without a field are 0.
struct StructArgument {
  std::string type;  ///< name of the C struct, for text and emitted C++
  uint32_t size = 0;
  std::vector<Field> fields;
};
using Argument =
    std::variant<ExecutionArgument, NullArgument, PointerArgument, IntegerArgument, FloatArgument, StructArgument>;

/// What a called function returns: lathe_status (the program ends with it when it is not LATHE_OK), nothing, or
/// int64_t, which becomes the value of a symbol that is bound FromCall.
struct StatusResult {};
struct NoResult {};
struct SymbolResult {
  std::string symbol;
};
using CallResult = std::variant<StatusResult, NoResult, SymbolResult>;

struct CallStep {
  std::string function;  ///< C symbol of lathe/kernels.h
  std::vector<Argument> arguments;
  CallResult result = StatusResult{};
};

/// Ends the program with LATHE_SHAPE_GUARD_FAILED unless the relation holds. `message` says what was expected, with two
/// `{}` for the two numbers.
struct GuardStep {
  Dim left;
  Relation relation = Relation::Equal;
  Dim right;
  std::string message;
};

struct Step {
  std::variant<RunStep, CallStep, GuardStep> kind;
  LocationId where;
  std::string layer;  ///< for profiles and run-time messages
};

struct Program {
  std::string name;
  SymbolTable symbols;
  std::vector<SymbolBinding> bindings;  ///< one for each row of `symbols`
  std::vector<Port> inputs;
  std::vector<Port> outputs;
  IdVector<DataId, Data> data;
  IdVector<StorageId, Storage> storages;
  IdVector<KernelId, Kernel> kernels;
  std::vector<Step> steps;
  Dim arena_bytes = 0;  ///< over symbols that are bound FromInput; the arena is aligned to 64 bytes
};

/// The names of the last four sizes of a kernel that a CallbackField runs.
inline constexpr std::array<std::string_view, 4> kCallbackSizes = {"row_begin", "row_end", "column_begin",
                                                                   "column_end"};

/// Bytes that `extent` elements take.
[[nodiscard]] Dim byte_extent(ElementType element, const Dim& extent);
/// The extent of parameter `parameter` of the kernel that a step runs, in symbols of the program. Sizes of callbacks
/// that the step does not give are left as they are.
[[nodiscard]] Dim parameter_extent(const Program& program, const RunStep& run, size_t parameter);
/// True when two parameters of the step, of which one is written, are not provably disjoint memory.
[[nodiscard]] bool may_share_memory(const Program& program, const RunStep& run);
/// True when the kernel has a parallel loop.
[[nodiscard]] bool has_parallel_loop(const Kernel& kernel);
/// True when the kernel has a bound index that is checked, so that it may end with LATHE_INVALID_VALUE.
[[nodiscard]] bool can_fail(const Kernel& kernel);

}  // namespace lathe::kernel
