// Interpreting kernels, with checks of every access.
#include "compiler/interp/kernel_interpreter.h"

#include <algorithm>
#include <cstdlib>
#include <unordered_map>

#include "ir/kernel/overloaded.h"
#include "ir/kernel/text.h"
#include "ir/scalar/expression.h"

namespace lathe::interp {

using kernel::Access;
using kernel::BindMode;
using kernel::BindStatement;
using kernel::Block;
using kernel::BroadcastOperation;
using kernel::Buffer;
using kernel::BufferId;
using kernel::Carried;
using kernel::Condition;
using kernel::ConstantOperation;
using kernel::ForStatement;
using kernel::IfStatement;
using kernel::IndexOperation;
using kernel::Kernel;
using kernel::LetStatement;
using kernel::LoadOperation;
using kernel::LoopKind;
using kernel::ReduceOperation;
using kernel::Relation;
using kernel::ScalarOperation;
using kernel::ShuffleOperation;
using kernel::Statement;
using kernel::StatementId;
using kernel::StoreStatement;
using kernel::ValueType;

void WrittenBytes::add(const void* begin, size_t bytes, Initially initially) {
  regions_[address(begin)] = std::vector<bool>(bytes, initially == Initially::Written);
}

void WrittenBytes::mark(const void* begin, size_t bytes, Initially state) {
  auto region = regions_.upper_bound(address(begin));
  if (region == regions_.begin()) return;
  --region;
  const uintptr_t offset = address(begin) - region->first;
  for (size_t i = 0; i < bytes && offset + i < region->second.size(); ++i) {
    region->second[offset + i] = state == Initially::Written;
  }
}

bool WrittenBytes::all_written(const void* begin, size_t bytes) const {
  auto region = regions_.upper_bound(address(begin));
  if (region == regions_.begin()) return true;
  --region;
  const uintptr_t offset = address(begin) - region->first;
  for (size_t i = 0; i < bytes && offset + i < region->second.size(); ++i) {
    if (!region->second[offset + i]) return false;
  }
  return true;
}

namespace {

class KernelRun {
 public:
  KernelRun(const Kernel& kernel, std::span<void* const> buffers, std::span<const int64_t> sizes, WrittenBytes& written,
            Diagnostics& diagnostics)
      : kernel_(kernel), written_(written), diagnostics_(diagnostics), values_(kernel.values.size()) {
    LATHE_CHECK(sizes.size() == kernel.sizes.rows().size() && buffers.size() == kernel.parameter_count());
    for (size_t i = 0; i < sizes.size(); ++i) symbols_[kernel.sizes.rows()[i].name] = sizes[i];
    for (uint32_t i = 0; i < kernel.buffers.size(); ++i) {
      const Buffer& buffer = kernel.buffers[BufferId(i)];
      extents_.push_back(value_of(buffer.extent));
      if (buffer.access != Access::Local) {
        memory_.push_back(static_cast<std::byte*>(buffers[i]));
        continue;
      }
      locals_.emplace_back(storage_bytes(buffer.element, extents_.back()).value_or(0) + 1);
      memory_.push_back(locals_.back().data());
    }
    forget_locals();
  }
  KernelRun(const KernelRun&) = delete;
  KernelRun& operator=(const KernelRun&) = delete;
  ~KernelRun() {
    for (const auto& local : locals_) written_.remove(local.data());
  }

  Result<lathe_status> run() {
    LATHE_TRY_VOID(block(kernel_.body));
    return status_;
  }

 private:
  template <class... Arguments>
  Failure fail(fmt::format_string<Arguments...> format, Arguments&&... arguments) {
    std::string where;
    for (const auto& [name, value] : symbols_)
      where += fmt::format("{}{} = {}", where.empty() ? "" : ", ", name, value);
    return diagnostics_
        .report(DiagnosticKind::InternalError, kernel_.statements[current_].where, "kernel `{}`: {}", kernel_.name,
                fmt::format(format, std::forward<Arguments>(arguments)...))
        .note(fmt::format("in `{}`", print_head(kernel_, current_)))
        .note(fmt::format("where {}", where))
        .emit();
  }

  void forget_locals() {
    for (const auto& local : locals_) written_.add(local.data(), local.size(), WrittenBytes::Initially::Unwritten);
  }

  [[nodiscard]] int64_t value_of(const Dim& dim) const {
    const auto value = evaluate(dim, [this](const std::string& symbol) -> std::optional<int64_t> {
      const auto found = symbols_.find(symbol);
      return found == symbols_.end() ? std::nullopt : std::optional(found->second);
    });
    LATHE_CHECK(value.has_value());
    return *value;
  }

  Status block(const Block& statements) {
    for (const StatementId id : statements) {
      current_ = id;
      const Statement& statement = kernel_.statements[id];
      LATHE_TRY_VOID(std::visit(Overloaded{[&](const ForStatement& loop) { return run_for(loop); },
                                           [&](const IfStatement& branch) { return run_if(branch); },
                                           [&](const LetStatement& let) { return run_let(let); },
                                           [&](const StoreStatement& store) { return run_store(store); },
                                           [&](const BindStatement& bind) { return run_bind(bind); }},
                                statement.kind));
    }
    return {};
  }

  Status run_for(const ForStatement& loop) {
    const int64_t end = value_of(loop.end);
    const int64_t step = value_of(loop.step);
    if (step < 1) return fail("the step is {}", step);
    for (const Carried& carried : loop.carried) values_[carried.argument.index] = values_[carried.initial.index];
    for (int64_t i = value_of(loop.begin); i < end; i += step) {
      symbols_[loop.variable] = i;
      if (loop.kind == LoopKind::Parallel) forget_locals();
      LATHE_TRY_VOID(block(loop.body));
      // All are read before any is written: a yielded value may be another argument.
      std::vector<ScalarColumn> yielded;
      for (const Carried& carried : loop.carried) yielded.push_back(values_[carried.yielded.index]);
      for (size_t k = 0; k < yielded.size(); ++k) values_[loop.carried[k].argument.index] = std::move(yielded[k]);
    }
    symbols_.erase(loop.variable);
    for (const Carried& carried : loop.carried) values_[carried.result.index] = values_[carried.argument.index];
    return {};
  }

  [[nodiscard]] bool holds(const Condition& condition) const {
    const int64_t left = value_of(condition.left);
    const int64_t right = value_of(condition.right);
    switch (condition.relation) {
      case Relation::Equal: return left == right;
      case Relation::Less: return left < right;
      case Relation::LessEqual: return left <= right;
    }
    return false;
  }

  Status run_if(const IfStatement& branch) {
    const bool all = std::all_of(branch.conditions.begin(), branch.conditions.end(),
                                 [this](const Condition& condition) { return holds(condition); });
    return block(all ? branch.then_block : branch.else_block);
  }

  Status run_bind(const BindStatement& bind) {
    const int64_t lower = value_of(bind.lower);
    const int64_t upper = value_of(bind.upper);
    if (lower > upper) return fail("the bounds [{}, {}] are empty", lower, upper);
    const ScalarValue value = values_[bind.value.index].at(0);
    // An unsigned 64-bit number above the signed range is above every bound.
    const bool huge = value.type == ElementType::U64 && value.integer < 0;
    const int64_t clamped = huge ? upper : std::clamp(value.integer, lower, upper);
    if (bind.mode == BindMode::Check && (huge || clamped != value.integer)) status_ = LATHE_INVALID_VALUE;
    symbols_[bind.symbol] = clamped;
    return {};
  }

  /// Where lane `lane` of an access lies, after checking that it lies in the buffer.
  Result<int64_t> element_index(BufferId buffer, const Dim& index, const Dim& stride, int64_t lane) {
    const int64_t element = value_of(index) + lane * value_of(stride);
    if (element < 0 || element >= extents_[buffer.index]) {
      return fail("lane {} accesses element {} of `{}`, which has {}", lane, element, kernel_.buffers[buffer].name,
                  extents_[buffer.index]);
    }
    return element;
  }

  [[nodiscard]] int64_t active_lanes(const std::optional<Dim>& active, uint32_t lanes) const {
    return active ? std::clamp<int64_t>(value_of(*active), 0, lanes) : int64_t{lanes};
  }

  /// First byte and number of bytes of an element; two 4-bit elements share a byte.
  [[nodiscard]] std::pair<std::byte*, size_t> bytes_of(BufferId buffer, int64_t element) const {
    const uint32_t bits = info(kernel_.buffers[buffer].element).bits;
    if (bits == 4) return {memory_[buffer.index] + element / 2, 1};
    return {memory_[buffer.index] + element * (bits / 8), bits / 8};
  }

  Status run_store(const StoreStatement& store) {
    const ScalarColumn& value = values_[store.value.index];
    const int64_t active = active_lanes(store.active, static_cast<uint32_t>(value.size()));
    for (int64_t lane = 0; lane < active; ++lane) {
      LATHE_TRY(const int64_t element, element_index(store.buffer, store.index, store.lane_stride, lane));
      store_element(value.type, memory_[store.buffer.index], element, value.at(static_cast<size_t>(lane)));
      const auto [begin, bytes] = bytes_of(store.buffer, element);
      written_.mark(begin, bytes);
    }
    return {};
  }

  Status run_let(const LetStatement& let) {
    const ValueType type = kernel_.values[let.result];
    ScalarColumn& result = values_[let.result.index];
    result = ScalarColumn(type.element, type.lanes);
    return std::visit([&](const auto& operation) { return run_operation(operation, type, result); }, let.operation);
  }

  Status run_operation(const ScalarOperation& scalar, ValueType type, ScalarColumn& result) {
    std::array<const ScalarColumn*, 3> operands{};
    const size_t arity = info(scalar.op).arity;
    for (size_t i = 0; i < arity; ++i) operands[i] = &values_[scalar.operands[i].index];
    evaluate_op(scalar.op, type.element, std::span(operands).first(arity), type.lanes, result);
    return {};
  }

  Status run_operation(const ConstantOperation& constant, ValueType type, ScalarColumn& result) {
    for (size_t lane = 0; lane < type.lanes; ++lane) result.set(lane, constant.value);
    return {};
  }

  Status run_operation(const LoadOperation& load, ValueType type, ScalarColumn& result) {
    const int64_t active = active_lanes(load.active, type.lanes);
    for (uint32_t lane = 0; lane < type.lanes; ++lane) {
      if (int64_t{lane} >= active) {
        result.set(lane, load.fill);
        continue;
      }
      LATHE_TRY(const int64_t element, element_index(load.buffer, load.index, load.lane_stride, lane));
      const auto [begin, bytes] = bytes_of(load.buffer, element);
      if (!written_.all_written(begin, bytes)) {
        return fail("element {} of `{}` is read before it is written", element, kernel_.buffers[load.buffer].name);
      }
      result.set(lane, load_element(type.element, memory_[load.buffer.index], element));
    }
    return {};
  }

  Status run_operation(const BroadcastOperation& broadcast, ValueType type, ScalarColumn& result) {
    const ScalarValue value = values_[broadcast.value.index].at(0);
    for (size_t lane = 0; lane < type.lanes; ++lane) result.set(lane, value);
    return {};
  }

  Status run_operation(const ReduceOperation& reduce, ValueType type, ScalarColumn& result) {
    const ScalarColumn& value = values_[reduce.value.index];
    std::vector<ScalarValue> lanes;
    for (size_t lane = 0; lane < value.size(); ++lane) lanes.push_back(value.at(lane));
    while (lanes.size() > 1) {
      const size_t half = lanes.size() / 2;
      for (size_t lane = 0; lane < half; ++lane) {
        const ScalarValue pair[] = {lanes[lane], lanes[lane + half]};
        lanes[lane] = evaluate_op(combine_op(reduce.kind), type.element, pair);
      }
      lanes.resize(half);
    }
    result.set(0, lanes[0]);
    return {};
  }

  Status run_operation(const IndexOperation& index, ValueType type, ScalarColumn& result) {
    const int64_t first = value_of(index.index);
    const int64_t stride = value_of(index.lane_stride);
    for (uint32_t lane = 0; lane < type.lanes; ++lane) {
      const ScalarValue number = ScalarValue::of_integer(ElementType::I64, first + lane * stride);
      result.set(lane, type.element == ElementType::I64
                           ? number
                           : evaluate_op(ScalarOp::Cast, type.element, std::span(&number, 1)));
    }
    return {};
  }

  Status run_operation(const ShuffleOperation& shuffle, ValueType, ScalarColumn& result) {
    const ScalarColumn& first = values_[shuffle.first.index];
    const ScalarColumn& second = values_[shuffle.second.index];
    for (size_t lane = 0; lane < shuffle.lanes.size(); ++lane) {
      const size_t from = shuffle.lanes[lane];
      result.set(lane, from < first.size() ? first.at(from) : second.at(from - first.size()));
    }
    return {};
  }

  const Kernel& kernel_;
  WrittenBytes& written_;
  Diagnostics& diagnostics_;
  std::vector<ScalarColumn> values_;
  std::vector<std::byte*> memory_;
  std::vector<std::vector<std::byte>> locals_;
  std::vector<int64_t> extents_;
  std::unordered_map<std::string, int64_t> symbols_;
  StatementId current_{};
  lathe_status status_ = LATHE_OK;
};

}  // namespace

Result<lathe_status> run_kernel(const Kernel& kernel, std::span<void* const> buffers, std::span<const int64_t> sizes,
                                WrittenBytes& written, Diagnostics& diagnostics) {
  return KernelRun(kernel, buffers, sizes, written, diagnostics).run();
}

}  // namespace lathe::interp
