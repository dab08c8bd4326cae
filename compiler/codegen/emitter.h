// The walk over kernel IR that all emitters share: order of statements, scopes, loops, where index arithmetic is
// computed.
//
// An emitter is a struct with the primitives of KernelEmitter; it spells them in its language and decides nothing. The
// walk calls it statement by statement. Index expressions are split by the loop in which their parts become known, and
// every part is computed there: no emitter needs to hoist. Reductions are written out as shuffles and operations,
// integer powers as loops, so that their order cannot differ. Statement and operation kinds are visited exhaustively: a
// new kind fails to compile here, a new primitive in every emitter. The kernel must be verified.
#pragma once

#include <algorithm>
#include <concepts>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "compiler/codegen/index_emitter.h"
#include "compiler/codegen/kernel_uses.h"
#include "ir/base/result.h"
#include "ir/kernel/kernel.h"
#include "ir/kernel/overloaded.h"

namespace lathe::codegen {

/// A memory access with its parts already computed. `constant_stride` is set when the stride is a constant.
template <class Integer>
struct EmittedAccess {
  kernel::BufferId buffer;
  Integer index;
  Integer stride;
  std::optional<int64_t> constant_stride;
  std::optional<Integer> active;
};

template <class Integer, class Value>
struct EmittedLoop {
  Integer variable;
  std::vector<Value> arguments;
};

/// What a parallel region sees inside: its range of iterations, and its captures.
template <class Integer, class Value>
struct EmittedRegion {
  Integer begin;
  Integer end;
  std::vector<Integer> integers;
  std::vector<Value> values;
};

template <class E>
concept KernelEmitter =
    requires(E& e, typename E::Integer integer, typename E::Flag flag, typename E::Value value,
             const EmittedAccess<typename E::Integer>& access, kernel::ValueType type, const ScalarValue& number,
             std::span<const typename E::Integer> integers, std::span<const typename E::Value> values,
             std::span<const uint32_t> lanes, const kernel::Kernel& k, const std::string& name, const Dim& dim) {
      // Integers are signed, 64 bits wide, and never overflow.
      { e.integer(int64_t{0}) } -> std::same_as<typename E::Integer>;
      { e.size_symbol(size_t{0}) } -> std::same_as<typename E::Integer>;
      { e.add(integer, integer) } -> std::same_as<typename E::Integer>;
      { e.multiply(integer, integer) } -> std::same_as<typename E::Integer>;
      { e.floor_divide(integer, integer, Sign::Any) } -> std::same_as<typename E::Integer>;
      { e.modulo(integer, integer, Sign::Any) } -> std::same_as<typename E::Integer>;
      { e.minimum(integer, integer) } -> std::same_as<typename E::Integer>;
      { e.maximum(integer, integer) } -> std::same_as<typename E::Integer>;
      { e.compare(kernel::Relation::Less, integer, integer) } -> std::same_as<typename E::Flag>;
      { e.both(flag, flag) } -> std::same_as<typename E::Flag>;
      // Control. A parallel region is entered with what it uses from outside.
      e.open_kernel(k);
      e.close_kernel();
      {
        e.open_loop(name, integer, integer, integer, values)
      } -> std::same_as<EmittedLoop<typename E::Integer, typename E::Value>>;
      { e.close_loop(values) } -> std::same_as<std::vector<typename E::Value>>;
      {
        e.open_parallel(integer, int64_t{1}, integers, values)
      } -> std::same_as<EmittedRegion<typename E::Integer, typename E::Value>>;
      e.close_parallel();
      e.open_if(flag);
      e.open_else();
      e.close_if();
      // Values. `type` is the type of the result; scalar() gets the element type of the last operand too.
      { e.constant(type, number) } -> std::same_as<typename E::Value>;
      { e.scalar(ScalarOp::Add, type, ElementType::F32, values) } -> std::same_as<typename E::Value>;
      { e.load(type, access, number) } -> std::same_as<typename E::Value>;
      e.store(type, access, value);
      { e.broadcast(type, value) } -> std::same_as<typename E::Value>;
      { e.index_vector(type, integer, integer) } -> std::same_as<typename E::Value>;
      { e.shuffle(type, type, value, value, lanes) } -> std::same_as<typename E::Value>;
      { e.bind(type, value, integer, integer, kernel::BindMode::Clamp) } -> std::same_as<typename E::Integer>;
    };

/// Walks one kernel.
template <KernelEmitter E>
class KernelWalk {
 public:
  using Integer = typename E::Integer;
  using Flag = typename E::Flag;
  using Value = typename E::Value;

  KernelWalk(E& emitter, const kernel::Kernel& kernel)
      : emitter_(emitter), kernel_(kernel), values_(kernel.values.size()) {}

  void run() {
    emitter_.open_kernel(kernel_);
    index_.emplace(emitter_, kernel_.sizes);
    for (size_t i = 0; i < kernel_.sizes.rows().size(); ++i) {
      index_->define(kernel_.sizes.rows()[i].name, emitter_.size_symbol(i));
    }
    emit_block(kernel_.body);
    emitter_.close_kernel();
  }

 private:
  void emit_block(const kernel::Block& block) {
    for (const kernel::StatementId id : block) {
      std::visit(Overloaded{[&](const kernel::ForStatement& loop) { emit_for(id, loop); },
                            [&](const kernel::IfStatement& branch) { emit_if(branch); },
                            [&](const kernel::LetStatement& let) { emit_let(let); },
                            [&](const kernel::StoreStatement& store) { emit_store(store); },
                            [&](const kernel::BindStatement& bind) { emit_bind(bind); }},
                 kernel_.statements[id].kind);
    }
  }

  const Value& value(kernel::ValueId id) const { return *values_[id.index]; }
  void define(kernel::ValueId id, Value value) { values_[id.index] = std::move(value); }

  void emit_for(kernel::StatementId id, const kernel::ForStatement& loop) {
    switch (loop.kind) {
      case kernel::LoopKind::Serial: return emit_serial(loop);
      case kernel::LoopKind::Parallel: return emit_parallel(id, loop);
      case kernel::LoopKind::Unrolled: return emit_unrolled(loop, ceildiv(loop.end - loop.begin, loop.step).constant());
    }
  }

  void hoist(const kernel::Block& block) {
    for_each_dim(kernel_, block, [this](const Dim& dim) { index_->hoist(dim); });
  }

  void emit_serial(const kernel::ForStatement& loop) {
    // A loop that is known to run once, or not at all, is no loop.
    const auto trips = ceildiv(loop.end - loop.begin, loop.step).as_constant();
    if (trips && *trips <= 1) return emit_unrolled(loop, std::max<int64_t>(*trips, 0));
    hoist(loop.body);
    std::vector<Value> initial;
    for (const kernel::Carried& carried : loop.carried) initial.push_back(value(carried.initial));
    const Integer begin = index_->emit(loop.begin);
    const Integer end = index_->emit(loop.end);
    const Integer step = index_->emit(loop.step);
    const auto opened = emitter_.open_loop(loop.variable, begin, end, step, initial);
    for (size_t i = 0; i < loop.carried.size(); ++i) define(loop.carried[i].argument, opened.arguments[i]);
    emit_body(loop, opened.variable);
    std::vector<Value> yielded;
    for (const kernel::Carried& carried : loop.carried) yielded.push_back(value(carried.yielded));
    const std::vector<Value> results = emitter_.close_loop(yielded);
    for (size_t i = 0; i < loop.carried.size(); ++i) define(loop.carried[i].result, results[i]);
  }

  void emit_body(const kernel::ForStatement& loop, const Integer& variable) {
    index_->open_scope();
    index_->define(loop.variable, variable, loop.begin, loop.end - 1);
    emit_block(loop.body);
    index_->close_scope();
  }

  void emit_unrolled(const kernel::ForStatement& loop, int64_t trips) {
    std::vector<Value> carried;
    for (const kernel::Carried& value_ids : loop.carried) carried.push_back(value(value_ids.initial));
    for (int64_t i = 0; i < trips; ++i) {
      for (size_t k = 0; k < carried.size(); ++k) define(loop.carried[k].argument, carried[k]);
      emit_body(loop, index_->emit(loop.begin + loop.step * Dim(i)));
      for (size_t k = 0; k < carried.size(); ++k) carried[k] = value(loop.carried[k].yielded);
    }
    for (size_t k = 0; k < carried.size(); ++k) define(loop.carried[k].result, carried[k]);
  }

  /// Inside of the region nothing computed outside is seen but the captures; constants are made again.
  void emit_parallel(kernel::StatementId id, const kernel::ForStatement& loop) {
    const Dim length = loop.end - loop.begin;
    const auto trips = ceildiv(length, loop.step).as_constant();
    if (trips && *trips <= loop.grain) return emit_serial(loop);
    const RegionUses uses = uses_of(kernel_, id);
    std::vector<kernel::ValueId> captured;
    std::vector<Value> values;
    for (const kernel::ValueId used : uses.values) {
      if (constants_.contains(used)) continue;
      captured.push_back(used);
      values.push_back(value(used));
    }
    std::vector<std::string> symbols;
    std::vector<Integer> integers;
    for (const std::string& symbol : uses.symbols) {
      if (!index_->knows(symbol)) continue;
      symbols.push_back(symbol);
      integers.push_back(index_->value(symbol));
    }
    const Integer count = index_->emit(ceildiv(length, loop.step));
    const auto region = emitter_.open_parallel(count, loop.grain, integers, values);

    std::optional<IndexEmitter<E>> outer_index = std::move(index_);
    const std::vector<std::optional<Value>> outer_values = values_;
    index_.emplace(emitter_, kernel_.sizes);
    for (size_t i = 0; i < symbols.size(); ++i) index_->define(symbols[i], region.integers[i]);
    for (size_t i = 0; i < captured.size(); ++i) define(captured[i], region.values[i]);
    for (const kernel::ValueId used : uses.values) {
      const auto constant = constants_.find(used);
      if (constant != constants_.end()) define(used, emitter_.constant(kernel_.values[used], constant->second));
    }
    emit_range(loop, region.begin, region.end);
    emitter_.close_parallel();
    index_.reset();
    index_.emplace(std::move(*outer_index));
    values_ = outer_values;
  }

  /// Iterations [begin, end) of a loop, counted from 0.
  void emit_range(const kernel::ForStatement& loop, const Integer& begin, const Integer& end) {
    hoist(loop.body);
    index_->hoist(loop.begin);
    index_->hoist(loop.step);
    const auto opened = emitter_.open_loop(loop.variable, begin, end, emitter_.integer(1), {});
    Integer variable = opened.variable;
    if (!loop.step.is_constant(1)) variable = emitter_.multiply(variable, index_->emit(loop.step));
    if (!loop.begin.is_constant(0)) variable = emitter_.add(variable, index_->emit(loop.begin));
    emit_body(loop, variable);
    emitter_.close_loop({});
  }

  void emit_if(const kernel::IfStatement& branch) {
    std::optional<Flag> all;
    for (const kernel::Condition& condition : branch.conditions) {
      const Integer left = index_->emit(condition.left);
      const Integer right = index_->emit(condition.right);
      const Flag flag = emitter_.compare(condition.relation, left, right);
      all = all ? emitter_.both(*all, flag) : flag;
    }
    emitter_.open_if(*all);
    index_->open_scope();
    emit_block(branch.then_block);
    index_->close_scope();
    if (!branch.else_block.empty()) {
      emitter_.open_else();
      index_->open_scope();
      emit_block(branch.else_block);
      index_->close_scope();
    }
    emitter_.close_if();
  }

  EmittedAccess<Integer> access(kernel::BufferId buffer, const Dim& index, const Dim& stride,
                                const std::optional<Dim>& active) {
    EmittedAccess<Integer> result{buffer, index_->emit(index), index_->emit(stride), stride.as_constant(), {}};
    if (active) result.active = index_->emit(*active);
    return result;
  }

  void emit_store(const kernel::StoreStatement& store) {
    const auto where = access(store.buffer, store.index, store.lane_stride, store.active);
    emitter_.store(kernel_.values[store.value], where, value(store.value));
  }

  void emit_bind(const kernel::BindStatement& bind) {
    const Integer lower = index_->emit(bind.lower);
    const Integer upper = index_->emit(bind.upper);
    const Integer index = emitter_.bind(kernel_.values[bind.value], value(bind.value), lower, upper, bind.mode);
    index_->define(bind.symbol, index, bind.lower, bind.upper);
  }

  void emit_let(const kernel::LetStatement& let) {
    const kernel::ValueType type = kernel_.values[let.result];
    if (const auto* constant = std::get_if<kernel::ConstantOperation>(&let.operation)) {
      constants_.emplace(let.result, constant->value);
    }
    define(let.result,
           std::visit([&](const auto& operation) { return emit_operation(operation, type); }, let.operation));
  }

  Value emit_operation(const kernel::ScalarOperation& scalar, kernel::ValueType type) {
    std::vector<Value> operands;
    for (size_t i = 0; i < info(scalar.op).arity; ++i) operands.push_back(value(scalar.operands[i]));
    const ElementType operand_type = kernel_.values[scalar.operands[info(scalar.op).arity - 1]].element;
    if (scalar.op == ScalarOp::Pow && is_integer(type.element)) return integer_power(type, operands[0], operands[1]);
    return emitter_.scalar(scalar.op, type, operand_type, operands);
  }

  Value emit_operation(const kernel::ConstantOperation& constant, kernel::ValueType type) {
    return emitter_.constant(type, constant.value);
  }

  Value emit_operation(const kernel::LoadOperation& load, kernel::ValueType type) {
    return emitter_.load(type, access(load.buffer, load.index, load.lane_stride, load.active), load.fill);
  }

  Value emit_operation(const kernel::BroadcastOperation& broadcast, kernel::ValueType type) {
    return emitter_.broadcast(type, value(broadcast.value));
  }

  /// The fixed tree of ReduceOperation: the upper half of the lanes onto the lower half.
  Value emit_operation(const kernel::ReduceOperation& reduce, kernel::ValueType) {
    kernel::ValueType type = kernel_.values[reduce.value];
    Value lanes = value(reduce.value);
    while (type.lanes > 1) {
      const kernel::ValueType half{type.element, type.lanes / 2};
      std::vector<uint32_t> low(half.lanes);
      std::vector<uint32_t> high(half.lanes);
      for (uint32_t i = 0; i < half.lanes; ++i) {
        low[i] = i;
        high[i] = i + half.lanes;
      }
      const std::vector<Value> halves = {emitter_.shuffle(half, type, lanes, lanes, low),
                                         emitter_.shuffle(half, type, lanes, lanes, high)};
      lanes = emitter_.scalar(kernel::combine_op(reduce.kind), half, half.element, halves);
      type = half;
    }
    return lanes;
  }

  Value emit_operation(const kernel::IndexOperation& index, kernel::ValueType type) {
    return emitter_.index_vector(type, index_->emit(index.index), index_->emit(index.lane_stride));
  }

  Value emit_operation(const kernel::ShuffleOperation& shuffle, kernel::ValueType type) {
    return emitter_.shuffle(type, kernel_.values[shuffle.first], value(shuffle.first), value(shuffle.second),
                            shuffle.lanes);
  }

  /// Square and multiply over the bits of the exponent; see `pow` in scalar_ops.def for negative exponents.
  Value integer_power(kernel::ValueType type, const Value& base, const Value& exponent) {
    const ElementType element = type.element;
    const kernel::ValueType flags{ElementType::Boolean, type.lanes};
    const auto number = [&](int64_t n) { return emitter_.constant(type, ScalarValue::of_integer(element, n)); };
    const auto apply = [&](ScalarOp op, kernel::ValueType result, std::vector<Value> operands) {
      return emitter_.scalar(op, result, element, operands);
    };
    const Value one = number(1);
    const std::vector<Value> initial = {one, base, exponent};
    const auto loop = emitter_.open_loop("%power_bit", emitter_.integer(0), emitter_.integer(info(element).bits),
                                         emitter_.integer(1), initial);
    const Value bit = apply(ScalarOp::And, type, {loop.arguments[2], one});
    const Value multiplied = apply(ScalarOp::Mul, type, {loop.arguments[0], loop.arguments[1]});
    const Value is_set = apply(ScalarOp::Ne, flags, {bit, number(0)});
    const std::vector<Value> next = {apply(ScalarOp::Select, type, {is_set, multiplied, loop.arguments[0]}),
                                     apply(ScalarOp::Mul, type, {loop.arguments[1], loop.arguments[1]}),
                                     apply(ScalarOp::ShrLogical, type, {loop.arguments[2], one})};
    const Value power = emitter_.close_loop(next)[0];
    if (is_unsigned(element)) return power;
    const Value odd = apply(ScalarOp::Ne, flags, {apply(ScalarOp::And, type, {exponent, one}), number(0)});
    const Value minus_one = apply(ScalarOp::Select, type, {odd, base, one});
    const Value inverse =
        apply(ScalarOp::Select, type,
              {apply(ScalarOp::Eq, flags, {base, one}), one,
               apply(ScalarOp::Select, type, {apply(ScalarOp::Eq, flags, {base, number(-1)}), minus_one, number(0)})});
    return apply(ScalarOp::Select, type, {apply(ScalarOp::Lt, flags, {exponent, number(0)}), inverse, power});
  }

  E& emitter_;
  const kernel::Kernel& kernel_;
  std::optional<IndexEmitter<E>> index_;
  std::vector<std::optional<Value>> values_;
  std::map<kernel::ValueId, ScalarValue> constants_;
};

/// Emits one kernel.
template <KernelEmitter E>
void emit_kernel(E& emitter, const kernel::Kernel& kernel) {
  KernelWalk<E>(emitter, kernel).run();
}

}  // namespace lathe::codegen
