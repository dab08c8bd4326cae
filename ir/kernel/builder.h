// KernelBuilder: writes a kernel statement by statement.
//
// Blocks are opened and closed in order; a value belongs to the block that is open. Types are computed from operands
// and checked (LATHE_CHECK): a wrong call is a defect of the lowering. Scalars mix with vectors only through
// broadcast().
//
//   KernelBuilder b("axpy", where);
//   const Dim n = b.size("N");
//   const BufferId x = b.buffer({.name = "x", .extent = n});
//   const BufferId y = b.buffer({.name = "y", .extent = n, .access = Access::InOut});
//   const Dim i = b.open_for({.name = "i", .end = n, .step = 16});
//   const ValueId v = b.load(x, i, {.lanes = 16, .active = n - i});
//   b.store(y, i, b.mul(v, b.constant(ElementType::F32, 2.0, 16)), {.active = n - i});
//   b.close_for();
//   Kernel kernel = std::move(b).finish();
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "ir/kernel/kernel.h"
#include "ir/scalar/expression.h"

namespace lathe::kernel {

/// What open_for() needs. `name` is without the `%`; it is made unique.
struct ForOptions {
  std::string name = "i";
  Dim begin = 0;
  Dim end = 0;
  Dim step = 1;
  LoopKind kind = LoopKind::Serial;
  int64_t grain = 1;
};

struct LoadOptions {
  uint32_t lanes = 1;
  Dim lane_stride = 1;
  std::optional<Dim> active{};
  double fill = 0.0;
};

struct StoreOptions {
  Dim lane_stride = 1;
  std::optional<Dim> active{};
};

class KernelBuilder {
 public:
  KernelBuilder(std::string name, LocationId where);

  /// Declares a size symbol; the same name again gives the same symbol.
  Dim size(std::string_view name, const Dim& lower = 1, const Dim& upper = SymbolTable::kDefaultUpper);
  /// Locals may be declared at any time; they are moved behind the parameters by finish().
  BufferId buffer(Buffer buffer);

  /// Opens a loop and returns its variable.
  Dim open_for(const ForOptions& options);
  /// Opens a loop that carries values; `arguments` receives what they are inside.
  Dim open_for(const ForOptions& options, std::span<const ValueId> initial, std::vector<ValueId>& arguments);
  /// Closes the innermost loop. `yielded` has one value for each carried one; returns the results.
  std::vector<ValueId> close_for(std::span<const ValueId> yielded = {});
  void open_if(std::vector<Condition> conditions);
  void open_else();
  void close_if();

  ValueId constant(ElementType element, double value, uint32_t lanes = 1);
  ValueId constant(const ScalarValue& value, uint32_t lanes = 1);
  /// A constant of the type and lanes of `like`.
  ValueId constant_like(ValueId like, double value);
  ValueId load(BufferId buffer, const Dim& index, const LoadOptions& options = {});
  void store(BufferId buffer, const Dim& index, ValueId value, const StoreOptions& options = {});
  ValueId broadcast(ValueId value, uint32_t lanes);
  ValueId reduce(ReduceKind kind, ValueId value);
  ValueId index(ElementType element, const Dim& index, uint32_t lanes = 1, const Dim& lane_stride = 1);
  ValueId shuffle(ValueId first, ValueId second, std::vector<uint32_t> lanes);
  ValueId extract(ValueId value, uint32_t lane) { return shuffle(value, value, {lane}); }
  /// Defines an index symbol; `name` is without the `%` and is made unique.
  Dim bind(std::string_view name, ValueId value, const Dim& lower, const Dim& upper, BindMode mode = BindMode::Clamp);

  /// Any scalar operation whose type follows from its operands.
  ValueId apply(ScalarOp op, std::span<const ValueId> operands);
  ValueId apply(ScalarOp op, ValueId a) { return apply(op, std::array{a}); }
  ValueId apply(ScalarOp op, ValueId a, ValueId b) { return apply(op, std::array{a, b}); }
  ValueId apply(ScalarOp op, ValueId a, ValueId b, ValueId c) { return apply(op, std::array{a, b, c}); }
  ValueId add(ValueId a, ValueId b) { return apply(ScalarOp::Add, a, b); }
  ValueId sub(ValueId a, ValueId b) { return apply(ScalarOp::Sub, a, b); }
  ValueId mul(ValueId a, ValueId b) { return apply(ScalarOp::Mul, a, b); }
  ValueId div(ValueId a, ValueId b) { return apply(ScalarOp::Div, a, b); }
  ValueId min(ValueId a, ValueId b) { return apply(ScalarOp::Min, a, b); }
  ValueId max(ValueId a, ValueId b) { return apply(ScalarOp::Max, a, b); }
  ValueId fma(ValueId a, ValueId b, ValueId c) { return apply(ScalarOp::Fma, a, b, c); }
  ValueId select(ValueId condition, ValueId a, ValueId b) { return apply(ScalarOp::Select, condition, a, b); }
  ValueId cast(ValueId a, ElementType element);
  ValueId bitcast(ValueId a, ElementType element);
  /// The operations of an expression; `arguments` all have one number of lanes, which the result has too.
  ValueId evaluate(const ScalarExpression& expression, std::span<const ValueId> arguments, uint32_t lanes);

  /// Appends a value of `type` that `operation` computes; for rewriters, which have checked it.
  ValueId let(ValueType type, Operation operation);

  [[nodiscard]] ValueType type(ValueId value) const { return kernel_.values[value]; }
  [[nodiscard]] const Kernel& kernel() const { return kernel_; }
  /// The location of the statements that follow.
  void set_location(LocationId where) { where_ = where; }
  /// All blocks must be closed.
  [[nodiscard]] Kernel finish() &&;

 private:
  struct OpenBlock {
    StatementId owner;  ///< the For or If; invalid for the body of the kernel
    bool in_else = false;
    Block statements;
  };
  StatementId append(StatementKind kind);
  std::string unique_variable(std::string_view name);

  Kernel kernel_;
  LocationId where_;
  std::vector<OpenBlock> open_;
  std::vector<std::string> variables_;
};

}  // namespace lathe::kernel
