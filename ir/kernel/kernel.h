// Kernel IR: loops, vectors and buffers. What lowering makes, and what the interpreter and the emitters carry out.
//
// A Kernel is a function on buffers. Its sizes are named symbols (`N`); loop variables and bound indices are symbols
// with a sigil (`%i`); extents, bounds and indices are Dims over them, counted in elements. Statements and values live
// in tables of the kernel and are named by id; a block is a list of statements. Values are single assignment and seen
// in the block that defines them and the blocks inside of it. Order is meaning: nothing is reassociated or contracted
// behind it, and element types of operands are equal, so a kernel has the same bits on every back end. Tails, masks and
// the order of reductions are explicit. Build with KernelBuilder, check with verify(); lanes are any power of two up to
// kMaxLanes, and emitters cut them to the width of the machine.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "ir/base/dim.h"
#include "ir/base/id.h"
#include "ir/base/location.h"
#include "ir/base/type.h"
#include "ir/scalar/scalar_op.h"
#include "ir/scalar/scalar_value.h"

namespace lathe::kernel {

// Declared here, so that they are not the tags of the graph where both IRs are included.
struct BufferTag;
struct ValueTag;
struct StatementTag;
using BufferId = Id<BufferTag>;
using ValueId = Id<ValueTag>;
using StatementId = Id<StatementTag>;

/// Most lanes of a vector, and the lanes over which reductions are spread by convention (the numerics contract).
inline constexpr uint32_t kMaxLanes = 128;
inline constexpr uint32_t kReductionLanes = 16;
/// Most bytes of all local buffers of one kernel together; they live on the stack.
inline constexpr int64_t kMaxLocalBytes = 32768;
/// Deepest nesting of loops and branches.
inline constexpr size_t kMaxNesting = 64;
/// Most iterations of an unrolled loop.
inline constexpr int64_t kMaxUnrolled = 64;

/// One element (lanes 1) or a vector of them.
struct ValueType {
  ElementType element = ElementType::F32;
  uint32_t lanes = 1;
  friend bool operator==(const ValueType&, const ValueType&) = default;
};

/// `f32`, `f32x16`.
[[nodiscard]] std::string text(ValueType type);

enum class Access : uint8_t {
  In,     ///< only read
  Out,    ///< written; read only after it was written
  InOut,  ///< holds values at the start
  Local,  ///< not a parameter: stack memory, undefined at the start of the kernel and of each parallel iteration
};
[[nodiscard]] std::string_view text(Access access);

/// Memory of `extent` elements, packed. Two buffers of one kernel may be the same memory only in steps of a Program
/// that say so; see program.h. The extent of a Local buffer is constant.
struct Buffer {
  std::string name;
  ElementType element = ElementType::F32;
  Dim extent;
  Access access = Access::In;
  uint32_t alignment = 1;  ///< of the first element, in bytes, a power of two; the natural one of the type is implied
};

// ------------------------------------------------------------------------------------------------------- operations

/// Any scalar operation but Argument and Constant, lane by lane. All operands have the lanes of the result.
struct ScalarOperation {
  ScalarOp op = ScalarOp::Add;
  std::array<ValueId, 3> operands{};
};

/// The same number in all lanes.
struct ConstantOperation {
  ScalarValue value;
};

/// Lane l is buffer[index + l * lane_stride]. With `active`, only lanes below it are read and the others are `fill`;
/// `active` may be negative or larger than the number of lanes. Stride 1 is a contiguous load, 0 a broadcast.
struct LoadOperation {
  BufferId buffer;
  Dim index;
  Dim lane_stride = 1;
  std::optional<Dim> active;
  ScalarValue fill{};  ///< of the element type; counts only with `active`
};

/// A scalar in all lanes.
struct BroadcastOperation {
  ValueId value;
};

/// How lanes combine: add and mul as the scalar operations, min and max with their rule for NaN; and, or on bool and
/// bits.
enum class ReduceKind : uint8_t { Add, Mul, Min, Max, And, Or };
[[nodiscard]] std::string_view text(ReduceKind kind);
/// The scalar operation that combines two lanes.
[[nodiscard]] ScalarOp combine_op(ReduceKind kind);

/// All lanes combined to a scalar by a fixed tree: while there is more than one lane, the upper half is combined with
/// the lower half, lane l with lane l + half: r[l] = combine(r[l], r[l + half]).
struct ReduceOperation {
  ReduceKind kind = ReduceKind::Add;
  ValueId value;
};

/// Lane l is the number index + l * lane_stride, cast from i64.
struct IndexOperation {
  Dim index;
  Dim lane_stride = 1;
};

/// Lane l is lane lanes[l] of the lanes of `first` followed by those of `second`, which have one type. One lane is an
/// extraction; for shuffles of one value, give it twice.
struct ShuffleOperation {
  ValueId first;
  ValueId second;
  std::vector<uint32_t> lanes;
};

using Operation = std::variant<ScalarOperation, ConstantOperation, LoadOperation, BroadcastOperation, ReduceOperation,
                               IndexOperation, ShuffleOperation>;

// ------------------------------------------------------------------------------------------------------- statements

using Block = std::vector<StatementId>;

enum class LoopKind : uint8_t {
  Serial,
  Parallel,  ///< iterations are independent and may run in any order, on any thread; carries no values
  Unrolled,  ///< a constant number of iterations, written out
};

/// A value that a loop hands from iteration to iteration: `argument` is `initial` in the first one and `yielded` of the
/// one before in all others; `result`, seen after the loop, is the last `yielded`, or `initial` when there was none.
/// All four have one type.
struct Carried {
  ValueId argument;
  ValueId initial;
  ValueId yielded;
  ValueId result;
};

/// for (variable = begin; variable < end; variable += step). The step is at least 1. `variable` starts with `%` and is
/// unique in the kernel.
struct ForStatement {
  std::string variable;
  Dim begin;
  Dim end;
  Dim step = 1;
  LoopKind kind = LoopKind::Serial;
  int64_t grain = 1;  ///< Parallel: iterations below which a thread is not worth its start
  std::vector<Carried> carried;
  Block body;
};

enum class Relation : uint8_t { Equal, Less, LessEqual };
[[nodiscard]] std::string_view text(Relation relation);

struct Condition {
  Dim left;
  Relation relation = Relation::Less;
  Dim right;
};

/// Runs `then_block` when all conditions hold, else `else_block`. Defines no values.
struct IfStatement {
  std::vector<Condition> conditions;
  Block then_block;
  Block else_block;
};

/// Defines a value.
struct LetStatement {
  ValueId result;
  Operation operation;
};

/// buffer[index + l * lane_stride] = lane l, for lanes below `active`, lane 0 first.
struct StoreStatement {
  BufferId buffer;
  Dim index;
  ValueId value;
  Dim lane_stride = 1;
  std::optional<Dim> active;
};

enum class BindMode : uint8_t {
  Clamp,  ///< a value outside of the bounds becomes the nearer bound
  Check,  ///< the same, and the kernel ends with LATHE_INVALID_VALUE
};

/// Makes a loaded integer an index: defines the symbol `symbol` (with `%`, unique) as `value`, brought into
/// [lower, upper], for the rest of the block. The value is a scalar of an integer type.
struct BindStatement {
  std::string symbol;
  ValueId value;
  Dim lower;
  Dim upper;
  BindMode mode = BindMode::Clamp;
};

using StatementKind = std::variant<ForStatement, IfStatement, LetStatement, StoreStatement, BindStatement>;

struct Statement {
  StatementKind kind;
  LocationId where;
};

struct Kernel {
  std::string name;
  SymbolTable sizes;                   ///< the size symbols, in the order in which callers pass them, with their bounds
  IdVector<BufferId, Buffer> buffers;  ///< parameters in the order in which callers pass them, then locals
  IdVector<ValueId, ValueType> values;
  IdVector<StatementId, Statement> statements;
  Block body;
  LocationId where;

  [[nodiscard]] size_t parameter_count() const;
};

}  // namespace lathe::kernel
