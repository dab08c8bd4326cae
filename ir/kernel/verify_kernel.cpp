// The verifier of kernels. Its rules are listed in verify.h.
#include <bit>
#include <set>

#include "ir/kernel/access_prover.h"
#include "ir/kernel/overloaded.h"
#include "ir/kernel/text.h"
#include "ir/kernel/verify.h"

namespace lathe::kernel {
namespace {

enum class Seen : uint8_t { NotYet, Visible, Gone };

class KernelVerifier {
 public:
  KernelVerifier(const Kernel& kernel, Diagnostics& diagnostics)
      : kernel_(kernel),
        diagnostics_(diagnostics),
        prover_(kernel.sizes),
        values_(kernel.values.size(), Seen::NotYet),
        used_(kernel.statements.size(), false) {}

  Result<VerifyReport> run() {
    LATHE_TRY_VOID(check_header());
    LATHE_TRY_VOID(check_block(kernel_.body, 1, Surroundings::Serial));
    return std::move(report_);
  }

 private:
  enum class Surroundings : uint8_t { Serial, InParallel };

  template <class... Arguments>
  Failure fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    const std::string what = fmt::format(format, std::forward<Arguments>(arguments)...);
    if (!current_.valid()) {
      return diagnostics_.report(DiagnosticKind::KernelInvalid, kernel_.where, "kernel `{}`: {}", kernel_.name, what)
          .emit();
    }
    return diagnostics_
        .report(DiagnosticKind::KernelInvalid, kernel_.statements[current_].where, "kernel `{}`: {}", kernel_.name,
                what)
        .note(fmt::format("in `{}`", print_head(kernel_, current_)))
        .emit();
  }

  Status check_header() {
    std::set<std::string, std::less<>> names;
    int64_t local_bytes = 0;
    bool in_locals = false;
    for (const Buffer& buffer : kernel_.buffers) {
      if (!names.insert(buffer.name).second) return fail("there are two buffers `{}`", buffer.name);
      if (buffer.element == ElementType::String) return fail("buffer `{}` holds strings", buffer.name);
      if (!std::has_single_bit(buffer.alignment)) return fail("buffer `{}` has a bad alignment", buffer.name);
      LATHE_TRY_VOID(check_dim(buffer.extent, "an extent"));
      const bool local = buffer.access == Access::Local;
      if (in_locals && !local) return fail("parameter `{}` stands behind locals", buffer.name);
      in_locals = local;
      if (!local) continue;
      const auto extent = buffer.extent.as_constant();
      const auto bytes = extent ? storage_bytes(buffer.element, *extent) : std::nullopt;
      if (!bytes || *bytes > static_cast<uint64_t>(kMaxLocalBytes)) return fail("local `{}` is too large", buffer.name);
      local_bytes += static_cast<int64_t>(*bytes);
    }
    if (local_bytes > kMaxLocalBytes) return fail("the locals are larger than {} bytes together", kMaxLocalBytes);
    for (const SymbolTable::Row& row : kernel_.sizes.rows()) {
      if (row.name.front() == '%') return fail("size `{}` has the name of an index", row.name);
    }
    return {};
  }

  /// All symbols are sizes or indices in scope.
  Status check_dim(const Dim& dim, std::string_view what) {
    if (!dim.valid()) return fail("{} is not a valid expression", what);
    std::string unknown;
    for_each_symbol(dim, [&](const std::string& symbol) {
      if (kernel_.sizes.find(symbol) == nullptr && !symbols_.contains(symbol)) unknown = symbol;
    });
    if (!unknown.empty()) return fail("{} mentions `{}`, which is not known here", what, unknown);
    return {};
  }

  Status check_use(ValueId value) {
    if (!kernel_.values.contains(value)) return fail("a value that doesn't exist is used");
    switch (values_[value.index]) {
      case Seen::Visible: return {};
      case Seen::NotYet: return fail("`%{}` is used before it is defined", value.index);
      case Seen::Gone: return fail("`%{}` is used outside of its block", value.index);
    }
    return {};
  }

  Status define(ValueId value) {
    if (!kernel_.values.contains(value)) return fail("a value that doesn't exist is defined");
    if (values_[value.index] != Seen::NotYet) return fail("`%{}` is defined twice", value.index);
    const ValueType type = kernel_.values[value];
    if (!std::has_single_bit(type.lanes) || type.lanes > kMaxLanes) return fail("`%{}` has bad lanes", value.index);
    if (type.element == ElementType::String) return fail("`%{}` is a string", value.index);
    values_[value.index] = Seen::Visible;
    defined_.push_back(value);
    return {};
  }

  Status check_block(const Block& block, size_t depth, Surroundings surroundings) {
    if (depth > kMaxNesting) return fail("blocks nest deeper than {} levels", kMaxNesting);
    const size_t first_value = defined_.size();
    std::vector<std::string> bound;
    for (const StatementId id : block) {
      if (!kernel_.statements.contains(id) || used_[id.index])
        return fail("a statement stands in two places, or in none");
      used_[id.index] = true;
      current_ = id;
      const Statement& statement = kernel_.statements[id];
      if (const auto* bind = std::get_if<BindStatement>(&statement.kind)) bound.push_back(bind->symbol);
      LATHE_TRY_VOID(
          std::visit(Overloaded{[&](const ForStatement& loop) { return check_for(id, loop, depth, surroundings); },
                                [&](const IfStatement& branch) { return check_if(branch, depth, surroundings); },
                                [&](const LetStatement& let) { return check_let(let); },
                                [&](const StoreStatement& store) { return check_store(store, surroundings); },
                                [&](const BindStatement& bind) { return check_bind(bind); }},
                     statement.kind));
    }
    for (const std::string& symbol : bound) symbols_.erase(symbol);
    for (; defined_.size() > first_value; defined_.pop_back()) values_[defined_.back().index] = Seen::Gone;
    return {};
  }

  /// Index names are unique in the kernel, also after their scope has ended.
  Status define_symbol(const std::string& symbol) {
    if (symbol.size() < 2 || symbol.front() != '%') return fail("index `{}` has no `%`", symbol);
    if (!all_symbols_.insert(symbol).second) return fail("there are two indices `{}`", symbol);
    symbols_.insert(symbol);
    return {};
  }

  Status check_for(StatementId id, const ForStatement& loop, size_t depth, Surroundings surroundings) {
    LATHE_TRY_VOID(check_dim(loop.begin, "the begin"));
    LATHE_TRY_VOID(check_dim(loop.end, "the end"));
    LATHE_TRY_VOID(check_dim(loop.step, "the step"));
    if (!prover_.non_negative(loop.step - 1)) return fail("the step is not provably at least 1");
    if (loop.grain < 1) return fail("the grain is below 1");
    if (loop.kind == LoopKind::Parallel) {
      if (!loop.carried.empty()) return fail("a parallel loop carries values");
      if (surroundings == Surroundings::InParallel) return fail("a parallel loop is inside of another one");
      surroundings = Surroundings::InParallel;
    }
    if (loop.kind == LoopKind::Unrolled) {
      const auto begin = loop.begin.as_constant();
      const auto end = loop.end.as_constant();
      const auto step = loop.step.as_constant();
      if (!begin || !end || !step || (*end - *begin - 1) / *step >= kMaxUnrolled) {
        return fail("an unrolled loop does not have a constant number of at most {} iterations", kMaxUnrolled);
      }
    }
    for (const Carried& carried : loop.carried) {
      LATHE_TRY_VOID(check_use(carried.initial));
      LATHE_TRY_VOID(same_type(carried.initial, carried.argument));
      LATHE_TRY_VOID(same_type(carried.initial, carried.yielded));
      LATHE_TRY_VOID(same_type(carried.initial, carried.result));
    }
    LATHE_TRY_VOID(define_symbol(loop.variable));
    const size_t facts = prover_.mark();
    prover_.enter_loop(loop);
    const size_t first_value = defined_.size();
    for (const Carried& carried : loop.carried) LATHE_TRY_VOID(define(carried.argument));
    LATHE_TRY_VOID(check_loop_body(id, loop, depth, surroundings));
    prover_.leave(facts);
    symbols_.erase(loop.variable);
    for (; defined_.size() > first_value; defined_.pop_back()) values_[defined_.back().index] = Seen::Gone;
    for (const Carried& carried : loop.carried) LATHE_TRY_VOID(define(carried.result));
    return {};
  }

  /// A yielded value is one of the body's own, or one from around the loop.
  Status check_loop_body(StatementId id, const ForStatement& loop, size_t depth, Surroundings surroundings) {
    LATHE_TRY_VOID(check_block(loop.body, depth + 1, surroundings));
    current_ = id;
    for (const Carried& carried : loop.carried) {
      if (!kernel_.values.contains(carried.yielded)) return fail("a value that doesn't exist is yielded");
      if (!defined_in(loop, carried.yielded) && values_[carried.yielded.index] != Seen::Visible) {
        return fail("`%{}` is yielded where it is not seen", carried.yielded.index);
      }
    }
    return {};
  }

  /// True when a statement directly in the body defines the value.
  bool defined_in(const ForStatement& loop, ValueId value) const {
    for (const StatementId id : loop.body) {
      const Statement& statement = kernel_.statements[id];
      if (const auto* let = std::get_if<LetStatement>(&statement.kind); let != nullptr && let->result == value)
        return true;
      const auto* inner = std::get_if<ForStatement>(&statement.kind);
      if (inner == nullptr) continue;
      for (const Carried& carried : inner->carried) {
        if (carried.result == value) return true;
      }
    }
    return false;
  }

  Status same_type(ValueId a, ValueId b) {
    if (!kernel_.values.contains(a) || !kernel_.values.contains(b)) return fail("a carried value doesn't exist");
    if (kernel_.values[a] != kernel_.values[b]) {
      return fail("`%{}` is {} but `%{}` is {}", a.index, text(kernel_.values[a]), b.index, text(kernel_.values[b]));
    }
    return {};
  }

  Status check_if(const IfStatement& branch, size_t depth, Surroundings surroundings) {
    if (branch.conditions.empty()) return fail("a branch has no condition");
    for (const Condition& condition : branch.conditions) {
      LATHE_TRY_VOID(check_dim(condition.left, "a condition"));
      LATHE_TRY_VOID(check_dim(condition.right, "a condition"));
    }
    const size_t facts = prover_.mark();
    prover_.enter_branch(branch, true);
    LATHE_TRY_VOID(check_block(branch.then_block, depth + 1, surroundings));
    prover_.leave(facts);
    prover_.enter_branch(branch, false);
    LATHE_TRY_VOID(check_block(branch.else_block, depth + 1, surroundings));
    prover_.leave(facts);
    return {};
  }

  Status check_access(BufferId id, uint32_t lanes, const Dim& index, const Dim& stride,
                      const std::optional<Dim>& active) {
    LATHE_TRY_VOID(check_dim(index, "the index"));
    LATHE_TRY_VOID(check_dim(stride, "the stride"));
    if (active) {
      LATHE_TRY_VOID(check_dim(*active, "the number of active lanes"));
    }
    const auto unproven = prover_.check_access(kernel_.buffers[id].extent, lanes, index, stride, active);
    if (unproven) report_.unproven.push_back({.statement = current_, .buffer = id, .reason = *unproven});
    return {};
  }

  Status check_store(const StoreStatement& store, Surroundings surroundings) {
    LATHE_TRY_VOID(check_use(store.value));
    if (!kernel_.buffers.contains(store.buffer)) return fail("a buffer that doesn't exist is written");
    const Buffer& buffer = kernel_.buffers[store.buffer];
    const ValueType type = kernel_.values[store.value];
    if (buffer.access == Access::In) return fail("input `{}` is written", buffer.name);
    if (buffer.element != type.element) {
      return fail("a value of {} is stored to `{}` of {}", text(type), buffer.name, lathe::text(buffer.element));
    }
    if (surroundings == Surroundings::InParallel && info(buffer.element).bits == 4) {
      return fail("4-bit elements are stored in a parallel loop: two iterations may share a byte");
    }
    return check_access(store.buffer, type.lanes, store.index, store.lane_stride, store.active);
  }

  Status check_bind(const BindStatement& bind) {
    LATHE_TRY_VOID(check_use(bind.value));
    const ValueType type = kernel_.values[bind.value];
    if (type.lanes != 1 || !is_integer(type.element)) return fail("an index is bound to a value of {}", text(type));
    LATHE_TRY_VOID(check_dim(bind.lower, "the lower bound"));
    LATHE_TRY_VOID(check_dim(bind.upper, "the upper bound"));
    LATHE_TRY_VOID(define_symbol(bind.symbol));
    prover_.bind(bind);
    return {};
  }

  Status check_let(const LetStatement& let) {
    if (!kernel_.values.contains(let.result)) return fail("a value that doesn't exist is defined");
    const ValueType type = kernel_.values[let.result];
    LATHE_TRY_VOID(std::visit([&](const auto& operation) { return check_operation(operation, type); }, let.operation));
    return define(let.result);
  }

  Status wrong_type(ValueType type) { return fail("the operation does not give a value of {}", text(type)); }

  Status check_operation(const ScalarOperation& scalar, ValueType type) {
    std::array<ElementType, 3> types{};
    const size_t arity = info(scalar.op).arity;
    if (arity == 0) return fail("`{}` is not an operation of kernels", lathe::text(scalar.op));
    for (size_t i = 0; i < arity; ++i) {
      LATHE_TRY_VOID(check_use(scalar.operands[i]));
      const ValueType operand = kernel_.values[scalar.operands[i]];
      if (operand.lanes != type.lanes) return fail("operand {} has {} lanes, not {}", i + 1, operand.lanes, type.lanes);
      types[i] = operand.element;
    }
    const auto result = result_type(scalar.op, std::span(types).first(arity), type.element);
    return result == type.element ? Status() : wrong_type(type);
  }

  Status check_operation(const ConstantOperation& constant, ValueType type) {
    return constant.value.type == type.element ? Status() : wrong_type(type);
  }

  Status check_operation(const LoadOperation& load, ValueType type) {
    if (!kernel_.buffers.contains(load.buffer)) return fail("a buffer that doesn't exist is read");
    if (kernel_.buffers[load.buffer].element != type.element) return wrong_type(type);
    if (load.active && load.fill.type != type.element) return wrong_type(type);
    return check_access(load.buffer, type.lanes, load.index, load.lane_stride, load.active);
  }

  Status check_operation(const BroadcastOperation& broadcast, ValueType type) {
    LATHE_TRY_VOID(check_use(broadcast.value));
    return kernel_.values[broadcast.value] == ValueType{type.element, 1} ? Status() : wrong_type(type);
  }

  Status check_operation(const ReduceOperation& reduce, ValueType type) {
    LATHE_TRY_VOID(check_use(reduce.value));
    const ElementSet allowed = element_set(info(combine_op(reduce.kind)).operands);
    const bool fits = kernel_.values[reduce.value].element == type.element && type.lanes == 1;
    return fits && allowed.contains(type.element) ? Status() : wrong_type(type);
  }

  Status check_operation(const IndexOperation& index, ValueType type) {
    LATHE_TRY_VOID(check_dim(index.index, "the index"));
    LATHE_TRY_VOID(check_dim(index.lane_stride, "the stride"));
    return type.element == ElementType::Boolean ? wrong_type(type) : Status();
  }

  Status check_operation(const ShuffleOperation& shuffle, ValueType type) {
    LATHE_TRY_VOID(check_use(shuffle.first));
    LATHE_TRY_VOID(check_use(shuffle.second));
    const ValueType source = kernel_.values[shuffle.first];
    if (source != kernel_.values[shuffle.second]) return fail("the two vectors differ in type");
    for (const uint32_t lane : shuffle.lanes) {
      if (lane >= 2 * source.lanes) return fail("there is no lane {}", lane);
    }
    return shuffle.lanes.size() == type.lanes && source.element == type.element ? Status() : wrong_type(type);
  }

  const Kernel& kernel_;
  Diagnostics& diagnostics_;
  AccessProver prover_;
  std::vector<Seen> values_;
  std::vector<bool> used_;
  std::vector<ValueId> defined_;
  std::set<std::string, std::less<>> symbols_;
  std::set<std::string, std::less<>> all_symbols_;
  StatementId current_;
  VerifyReport report_;
};

}  // namespace

Result<VerifyReport> verify(const Kernel& kernel, Diagnostics& diagnostics) {
  return KernelVerifier(kernel, diagnostics).run();
}

}  // namespace lathe::kernel
