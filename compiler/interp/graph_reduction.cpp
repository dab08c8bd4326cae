// Reduce, Contract and Window nodes: every result element combines its elements one after the other, in the documented
// order.
//
// Products of f32 run in a loop of fused multiply-adds for several result elements side by side; everything else goes
// through the scalar expression of the row in blocks.
#include <algorithm>
#include <cmath>
#include <optional>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_index_program.h"
#include "compiler/interp/graph_products.h"
#include "compiler/interp/graph_taps.h"
#include "ir/base/result.h"

namespace lathe::interp {
namespace {

constexpr size_t kBlock = 1024;

double wrap(ElementType type, double value) {
  return type == ElementType::F32 ? static_cast<double>(static_cast<float>(value)) : value;
}

double combine_reals(ScalarOp op, ElementType type, double a, double b) {
  switch (op) {
    case ScalarOp::Add: return wrap(type, a + b);
    case ScalarOp::Mul: return wrap(type, a * b);
    case ScalarOp::Min: return b < a || std::isnan(b) ? b : a;
    case ScalarOp::Max: return b > a || std::isnan(b) ? b : a;
    default: LATHE_CHECK(false); return 0;
  }
}

int64_t combine_integers(ScalarOp op, ElementType type, int64_t a, int64_t b) {
  const auto x = static_cast<uint64_t>(a);
  const auto y = static_cast<uint64_t>(b);
  const bool less = type == ElementType::U64 ? y < x : b < a;
  switch (op) {
    case ScalarOp::Add: return wrap_to_type(type, static_cast<int64_t>(x + y));
    case ScalarOp::Mul: return wrap_to_type(type, static_cast<int64_t>(x * y));
    case ScalarOp::Min: return less ? b : a;
    case ScalarOp::Max: return less ? a : b;
    case ScalarOp::Or: return a | b;
    case ScalarOp::And: return a & b;
    default: LATHE_CHECK(false); return 0;
  }
}

// Combines elements of one result element in blocks: the body on columns, then the combination one by one.
class Accumulator {
 public:
  Accumulator(const Reduction& reduction, Operands operands) : reduction_(reduction) {
    for (const uint32_t operand : reduction.operands) {
      tensors_.push_back(operands[operand]);
      columns_.emplace_back(operands[operand]->type.element, kBlock);
    }
    const ScalarExpression& body = reduction.body;
    const ScalarNode& root = body.nodes[body.result];
    passes_through_ = root.op == ScalarOp::Argument;
    if (root.op != ScalarOp::Mul || reduction.combine != ScalarOp::Add || !is_float(root.type)) return;
    left_ = body;
    left_->result = root.operands[0];
    right_ = body;
    right_->result = root.operands[1];
  }

  void start() { value_ = ScalarValue::of(reduction_.accumulator, reduction_.initial); }

  // The element of participating operand i is at positions(i).
  template <class Positions>
  void add(Positions positions) {
    for (size_t i = 0; i < tensors_.size(); ++i) {
      columns_[i].set(filled_, load_element(columns_[i].type, tensors_[i]->bytes.data(), positions(i)));
    }
    if (++filled_ == kBlock) flush();
  }

  ScalarValue finish() {
    flush();
    return value_;
  }

 private:
  void flush() {
    if (filled_ == 0) return;
    for (ScalarColumn& column : columns_) column.resize(filled_);
    if (left_) {
      add_products(evaluate(*left_, columns_, filled_), evaluate(*right_, columns_, filled_));
    } else if (passes_through_) {
      combine(columns_[0]);
    } else {
      combine(evaluate(reduction_.body, columns_, filled_));
    }
    for (ScalarColumn& column : columns_) column.resize(kBlock);
    filled_ = 0;
  }

  void add_products(const ScalarColumn& a, const ScalarColumn& b) {
    for (size_t i = 0; i < filled_; ++i) {
      value_.real = value_.type == ElementType::F32
                        ? static_cast<double>(std::fma(static_cast<float>(a.reals[i]), static_cast<float>(b.reals[i]),
                                                       static_cast<float>(value_.real)))
                        : std::fma(a.reals[i], b.reals[i], value_.real);
    }
  }

  void combine(const ScalarColumn& values) {
    const ElementType type = reduction_.accumulator;
    for (size_t i = 0; i < filled_; ++i) {
      if (is_float(type)) {
        value_.real = combine_reals(reduction_.combine, type, value_.real, values.reals[i]);
      } else {
        value_.integer = combine_integers(reduction_.combine, type, value_.integer, values.integers[i]);
      }
    }
  }

  const Reduction& reduction_;
  std::vector<const HostTensor*> tensors_;
  bool passes_through_ = false;
  std::optional<ScalarExpression> left_;  ///< the factors of a body that is a product
  std::optional<ScalarExpression> right_;
  std::vector<ScalarColumn> columns_;
  size_t filled_ = 0;
  ScalarValue value_;
};

class Reducer {
 public:
  Reducer(const Reduction& reduction, Operands operands, HostTensor& result)
      : reduction_(reduction),
        operands_(operands),
        result_(result),
        dims_(host_dims(result.type)),
        slots_(axis_names(reduction.extents.size())),
        taps_(reduction, operands),
        accumulator_(reduction, operands) {
    LATHE_CHECK(dims_.size() == reduction.result_rank);
    if (!reduction.count.is_constant()) count_ = IndexProgram(reduction.count, slots_);
    plan_products();
  }

  void run() {
    const int64_t count = element_count(dims_);
    std::vector<int64_t> position(dims_.size(), 0);
    for (int64_t begin = 0; begin < count; begin += static_cast<int64_t>(kBlock)) {
      const auto block = static_cast<size_t>(std::min(static_cast<int64_t>(kBlock), count - begin));
      positions_.clear();
      for (size_t i = 0; i < block; ++i) {
        positions_.push_back(position);
        next_position(position, dims_);
      }
      store(finished(reduce_block()), begin);
    }
  }

 private:
  // Recognises a sum of products of f32 elements as they are.
  void plan_products() {
    const ScalarExpression& body = reduction_.body;
    const ScalarNode& root = body.nodes[body.result];
    if (root.op != ScalarOp::Mul || reduction_.combine != ScalarOp::Add) return;
    const ScalarNode& left = body.nodes[root.operands[0]];
    const ScalarNode& right = body.nodes[root.operands[1]];
    for (const ScalarNode* factor : {&left, &right}) {
      if (factor->op != ScalarOp::Argument || factor->type != ElementType::F32) return;
    }
    if (reduction_.operands.size() > 2) return;
    left_ = left.argument;
    right_ = right.argument;
    products_ = true;
  }

  [[nodiscard]] const float* element(uint32_t operand) const {
    const HostTensor& tensor = *operands_[reduction_.operands[operand]];
    if (tensor.bytes.empty()) return nullptr;
    return reinterpret_cast<const float*>(tensor.bytes.data()) + taps_.base(operand);
  }

  // The combined values of the result elements at positions_.
  ScalarColumn reduce_block() {
    ScalarColumn values(reduction_.accumulator, positions_.size());
    std::vector<ProductSum> sums;
    const TapTable* sums_table = nullptr;
    const auto run_products = [&](size_t end) {
      if (sums.empty()) return;
      if (sums_table->count != 0) {
        accumulate_products(sums, sums_table->offsets[left_], sums_table->offsets[right_]);
      }
      const size_t begin = end - sums.size();
      for (size_t i = 0; i < sums.size(); ++i) values.reals[begin + i] = static_cast<double>(sums[i].sum);
      sums.clear();
    };
    for (size_t i = 0; i < positions_.size(); ++i) {
      taps_.move_to(positions_[i]);
      const TapTable* table = taps_.table();
      if (!sums.empty() && table != sums_table) run_products(i);
      if (table != nullptr && products_) {
        sums_table = table;
        sums.push_back({element(left_), element(right_), static_cast<float>(reduction_.initial)});
        continue;
      }
      accumulator_.start();
      if (table != nullptr) {
        for (size_t k = 0; k < table->count; ++k) {
          accumulator_.add([&](size_t operand) { return taps_.base(operand) + table->offsets[operand][k]; });
        }
      } else {
        taps_.visit([&](std::span<const int64_t> offsets) {
          accumulator_.add([&](size_t operand) { return offsets[operand]; });
        });
      }
      values.set(i, accumulator_.finish());
    }
    run_products(positions_.size());
    return values;
  }

  ScalarColumn finished(ScalarColumn values) {
    if (reduction_.finish.nodes.empty()) return values;
    const size_t count = values.size();
    std::vector<ScalarColumn> arguments;
    arguments.push_back(std::move(values));
    arguments.emplace_back(reduction_.accumulator, count);
    for (size_t i = 0; i < count; ++i) {
      arguments[1].set(i, ScalarValue::of_integer(reduction_.accumulator, tap_count(positions_[i])));
    }
    for (size_t k = 0; k < reduction_.finish_operands.size(); ++k) arguments.push_back(finish_operand(k));
    return evaluate(reduction_.finish, arguments, count);
  }

  int64_t tap_count(const std::vector<int64_t>& position) {
    if (reduction_.count.is_constant()) return reduction_.count.constant();
    return count_.evaluate(in_slots(position));
  }

  // The elements of a finishing operand, one for each result element.
  ScalarColumn finish_operand(size_t k) {
    const HostTensor& tensor = *operands_[reduction_.finish_operands[k]];
    const std::vector<int64_t> strides = host_strides(host_dims(tensor.type));
    std::vector<IndexProgram> programs;
    for (const Dim& index : reduction_.finish_indices[k]) programs.emplace_back(index, slots_);
    ScalarColumn column(tensor.type.element, positions_.size());
    for (size_t i = 0; i < positions_.size(); ++i) {
      const int64_t* slots = in_slots(positions_[i]);
      int64_t flat = 0;
      for (size_t axis = 0; axis < programs.size(); ++axis) flat += programs[axis].evaluate(slots) * strides[axis];
      column.set(i, load_element(tensor.type.element, tensor.bytes.data(), flat));
    }
    return column;
  }

  // A result position as slots of the whole iteration space.
  const int64_t* in_slots(const std::vector<int64_t>& position) {
    slot_values_.assign(slots_.size(), 0);
    std::copy(position.begin(), position.end(), slot_values_.begin());
    return slot_values_.data();
  }

  void store(const ScalarColumn& values, int64_t begin) {
    const ElementType element = result_.type.element;
    if (values.type == element) {
      store_column(values, result_.bytes.data(), begin, 1);
      return;
    }
    const ScalarColumn* operand[] = {&values};
    ScalarColumn rounded;
    evaluate_op(ScalarOp::Cast, element, operand, values.size(), rounded);
    store_column(rounded, result_.bytes.data(), begin, 1);
  }

  const Reduction& reduction_;
  Operands operands_;
  HostTensor& result_;
  std::vector<int64_t> dims_;
  std::vector<std::string> slots_;
  std::vector<int64_t> slot_values_;
  TapSpace taps_;
  Accumulator accumulator_;
  IndexProgram count_;
  bool products_ = false;
  uint32_t left_ = 0;
  uint32_t right_ = 0;
  std::vector<std::vector<int64_t>> positions_;  ///< of the current block
};

}  // namespace

void run_reduction(const NodeView& node, Operands operands, HostTensor& result) {
  const Reduction reduction = describe_reduction(node);
  Reducer(reduction, operands, result).run();
}

}  // namespace lathe::interp
