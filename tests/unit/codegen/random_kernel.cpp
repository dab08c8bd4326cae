// Random kernels: nested loops, branches and bound indices around random typed operations on random buffers.
#include "tests/unit/codegen/random_kernel.h"

#include <algorithm>
#include <random>

#include "ir/kernel/builder.h"

namespace lathe {
namespace {

using kernel::Access;
using kernel::BufferId;
using kernel::KernelBuilder;
using kernel::LoopKind;
using kernel::ValueId;
using kernel::ValueType;

constexpr int64_t kExtent = 96;
constexpr ElementType kTypes[] = {ElementType::F32,  ElementType::F32,    ElementType::I32, ElementType::I64,
                                  ElementType::F64,  ElementType::F16,    ElementType::U8,  ElementType::I8,
                                  ElementType::BF16, ElementType::Boolean};

class Generator {
 public:
  explicit Generator(uint64_t seed) : random_(seed), b_("fuzz", {}) {}

  RandomKernel run() {
    RandomKernel result;
    for (const char* name : {"N", "M"}) {
      index_.push_back({b_.size(name, 1, 12), 12});
      result.sizes.push_back(1 + pick(12));
    }
    for (int i = 0; i < 3; ++i) {
      inputs_.push_back(b_.buffer({.name = fmt::format("in{}", i), .element = type(), .extent = kExtent}));
    }
    for (int i = 0; i < 3; ++i) {
      outputs_.push_back(
          b_.buffer({.name = fmt::format("out{}", i), .element = type(), .extent = kExtent, .access = Access::InOut}));
    }
    values_.emplace_back();
    body(0);
    result.kernel = std::move(b_).finish();
    return result;
  }

 private:
  /// A symbol in scope and the largest value that it can have.
  struct Index {
    Dim symbol;
    int64_t largest;
  };

  int64_t pick(int64_t count) { return static_cast<int64_t>(random_() % static_cast<uint64_t>(count)); }
  bool chance(int64_t percent) { return pick(100) < percent; }
  ElementType type() { return kTypes[pick(std::size(kTypes))]; }
  uint32_t lanes() { return uint32_t{1} << pick(6); }

  /// An index that is surely in [0, limit): a sum of symbols, folded by mod, or a constant.
  Dim position(int64_t limit) {
    Dim dim = pick(limit);
    for (int i = 0; i < 2; ++i) {
      const Index& index = index_[static_cast<size_t>(pick(static_cast<int64_t>(index_.size())))];
      switch (pick(6)) {
        case 0: dim += index.symbol * Dim(1 + pick(4)); break;
        case 1: dim += floordiv(index.symbol * Dim(3) - Dim(pick(9)), 2); break;
        case 2: dim += minimum(index.symbol, Dim(pick(9))) * index_[0].symbol; break;
        case 3: dim = maximum(dim - index.symbol, index.symbol); break;
        case 4: dim += modulo(index.symbol + Dim(pick(5)), index_[1].symbol); break;
        default: break;
      }
    }
    return modulo(dim, limit);
  }

  void body(int depth) {
    values_.push_back(values_.back());
    const int64_t statements = 2 + pick(6);
    for (int64_t i = 0; i < statements; ++i) statement(depth);
    store();
    values_.pop_back();
  }

  void statement(int depth) {
    const int64_t kind = pick(100);
    if (kind < 12 && depth < 3) return loop(depth);
    if (kind < 17 && depth < 3) return branch(depth);
    if (kind < 22) return bind();
    if (kind < 32) return store();
    if (kind < 50) return keep(load(type_of_input()));
    keep(operation());
  }

  void keep(ValueId value) { values_.back().push_back(value); }

  /// A loop that is parallel, unrolled, empty, stepping, or carries a value.
  void loop(int depth) {
    kernel::ForOptions options{.name = "i", .begin = pick(3), .end = 0, .step = 1 + pick(3)};
    const Index& bound = index_[static_cast<size_t>(pick(2))];
    options.end = chance(50) ? bound.symbol : Dim(pick(8));
    const bool carries = chance(40) && !values_.back().empty();
    if (!carries && !in_parallel_ && chance(30)) {
      options.kind = LoopKind::Parallel;
      options.grain = 1 + pick(3);
    } else if (options.end.is_constant() && chance(40)) {
      options.kind = LoopKind::Unrolled;
    }
    const bool parallel = options.kind == LoopKind::Parallel;
    in_parallel_ = in_parallel_ || parallel;
    std::vector<ValueId> initial;
    if (carries) initial = {any(), any()};
    std::vector<ValueId> arguments;
    const size_t known_symbols = index_.size();
    index_.push_back({b_.open_for(options, initial, arguments), 12});
    const size_t outer_values = values_.back().size();
    for (const ValueId argument : arguments) keep(argument);
    if (!parallel) {
      body(depth + 1);
    } else {
      parallel_body();
    }
    std::vector<ValueId> yielded;
    for (const ValueId argument : arguments) yielded.push_back(same_type(b_.type(argument)));
    values_.back().resize(outer_values);
    index_.resize(known_symbols);
    for (const ValueId result : b_.close_for(yielded)) keep(result);
    in_parallel_ = in_parallel_ && !parallel;
  }

  /// Iterations of a parallel loop may not meet in memory: each writes its own element of a buffer nobody else uses.
  void parallel_body() {
    const Dim variable = index_.back().symbol;
    const ElementType element = kTypes[pick(4)];
    const BufferId own = b_.buffer({.name = fmt::format("own{}", buffers_made_++),
                                    .element = element,
                                    .extent = 16 * 16,
                                    .access = Access::InOut});
    values_.push_back(values_.back());
    const size_t outputs = outputs_.size();
    std::vector<BufferId> hidden;
    hidden.swap(outputs_);
    for (int i = 0; i < 4; ++i) keep(chance(40) ? load(type_of_input()) : operation());
    const ValueId value = b_.cast(any(), element);
    const ValueId widened = b_.type(value).lanes > 16 ? b_.extract(value, 3) : value;
    b_.store(own, variable * Dim(16), widened);
    outputs_.swap(hidden);
    LATHE_CHECK(outputs_.size() == outputs);
    values_.pop_back();
  }

  void branch(int depth) {
    std::vector<kernel::Condition> conditions;
    const int64_t count = 1 + pick(2);
    for (int64_t i = 0; i < count; ++i) {
      conditions.push_back({position(9), static_cast<kernel::Relation>(pick(3)), position(9)});
    }
    const size_t known_symbols = index_.size();
    b_.open_if(std::move(conditions));
    body(depth + 1);
    index_.resize(known_symbols);
    if (chance(50)) {
      b_.open_else();
      body(depth + 1);
      index_.resize(known_symbols);
    }
    b_.close_if();
  }

  void bind() {
    ValueId value = any();
    if (b_.type(value).lanes > 1) value = b_.extract(value, static_cast<uint32_t>(pick(b_.type(value).lanes)));
    if (!is_integer(b_.type(value).element)) value = b_.cast(value, ElementType::I32);
    index_.push_back({b_.bind("k", value, pick(4), 4 + pick(8), kernel::BindMode::Clamp), 12});
  }

  ElementType type_of_input() { return b_.kernel().buffers[inputs_[static_cast<size_t>(pick(3))]].element; }

  ValueId load(ElementType element) {
    std::vector<BufferId> choices;
    for (const auto* list : {&inputs_, &outputs_}) {
      for (const BufferId buffer : *list) {
        if (b_.kernel().buffers[buffer].element == element) choices.push_back(buffer);
      }
    }
    const BufferId buffer = choices[static_cast<size_t>(pick(static_cast<int64_t>(choices.size())))];
    kernel::LoadOptions options{.lanes = lanes(), .lane_stride = pick(3), .active = {}, .fill = 1.0};
    if (chance(40)) options.active = position(40) - Dim(3);
    return b_.load(buffer, position(kExtent - 2 * int64_t{options.lanes} + 1), options);
  }

  void store() {
    if (outputs_.empty()) return;
    const BufferId buffer = outputs_[static_cast<size_t>(pick(static_cast<int64_t>(outputs_.size())))];
    ValueId value = b_.cast(any(), b_.kernel().buffers[buffer].element);
    kernel::StoreOptions options{.lane_stride = pick(3), .active = {}};
    if (chance(40)) options.active = position(40) - Dim(3);
    b_.store(buffer, position(kExtent - 2 * int64_t{b_.type(value).lanes} + 1), value, options);
  }

  ValueId any() {
    const auto& known = values_.back();
    if (known.empty() || chance(15)) return leaf({type(), lanes()});
    // The youngest are the most interesting.
    const int64_t back = std::min(pick(static_cast<int64_t>(known.size())), pick(static_cast<int64_t>(known.size())));
    return known[known.size() - 1 - static_cast<size_t>(back)];
  }

  ValueId leaf(ValueType type) {
    if (type.element != ElementType::Boolean && chance(30))
      return b_.index(type.element, position(50), type.lanes, pick(3));
    return b_.constant(type.element, static_cast<double>(pick(9)) - (is_unsigned(type.element) ? 0.0 : 4.0),
                       type.lanes);
  }

  /// A value of exactly this type, made from a known one where there is one.
  ValueId same_type(ValueType wanted) {
    for (size_t i = values_.back().size(); i-- > 0;) {
      if (b_.type(values_.back()[i]) == wanted && chance(60)) return values_.back()[i];
    }
    ValueId value = any();
    const uint32_t lanes = b_.type(value).lanes;
    if (lanes != wanted.lanes) {
      std::vector<uint32_t> order;
      for (uint32_t i = 0; i < wanted.lanes; ++i) order.push_back(static_cast<uint32_t>(pick(2 * int64_t{lanes})));
      const ValueId other = b_.type(any()) == b_.type(value) ? value : value;
      value = b_.shuffle(value, other, std::move(order));
    }
    return b_.cast(value, wanted.element);
  }

  ValueId operation() {
    if (chance(8)) {
      const ValueId value = any();
      if (b_.type(value).lanes == 1) return b_.broadcast(value, lanes());
      const bool number = b_.type(value).element != ElementType::Boolean;
      return b_.reduce(number ? static_cast<kernel::ReduceKind>(pick(4)) : kernel::ReduceKind::Or, value);
    }
    while (true) {
      const ScalarOpInfo& row = kScalarOps[pick(std::size(kScalarOps))];
      if (row.arity == 0 || row.exactness != Exactness::Exact) continue;
      if (row.result == ScalarResult::Declared) return b_.cast(any(), type());
      const ValueId first = any();
      const ValueType operand = b_.type(first);
      if (!element_set(row.operands).contains(operand.element)) continue;
      std::vector<ValueId> operands;
      if (row.operands == ScalarOperands::Select) operands.push_back(same_type({ElementType::Boolean, operand.lanes}));
      operands.push_back(first);
      while (operands.size() < row.arity) operands.push_back(same_type(operand));
      return b_.apply(row.op, operands);
    }
  }

  std::mt19937_64 random_;
  KernelBuilder b_;
  std::vector<Index> index_;
  std::vector<BufferId> inputs_;
  std::vector<BufferId> outputs_;
  std::vector<std::vector<ValueId>> values_;
  bool in_parallel_ = false;
  int buffers_made_ = 0;
};

}  // namespace

RandomKernel random_kernel(uint64_t seed) { return Generator(seed).run(); }

}  // namespace lathe
