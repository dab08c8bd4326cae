// Reduce, Contract and Window nodes: every result element combines its elements one after the other, in the documented
// order.
//
// Index maps that are affine in the reduction axes become a base for each result element and a stride for each
// reduction axis, and the range of taps that lie inside a padded operand is found per axis; what is not affine is
// evaluated tap by tap. Products of f32 run in a loop of fused multiply-adds; everything else goes through the scalar
// expression in blocks.
#include <algorithm>
#include <cmath>
#include <limits>
#include <optional>

#include "compiler/interp/graph_forms.h"
#include "compiler/interp/graph_index_program.h"
#include "ir/base/result.h"

namespace lathe::interp {
namespace {

constexpr size_t kBlock = 1024;

// acc + the sum of a[i * a_stride] * b[i * b_stride], each step rounded once. The clone for FMA units only makes it
// faster.
#if defined(__x86_64__) && defined(__linux__)
__attribute__((target_clones("fma", "default")))
#endif
float accumulate_products(float acc, const float* a, int64_t a_stride, const float* b, int64_t b_stride, int64_t count) {
  for (int64_t i = 0; i < count; ++i) acc = __builtin_fmaf(a[i * a_stride], b[i * b_stride], acc);
  return acc;
}

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
    case ScalarOp::Max: return less || a == b ? a : b;
    case ScalarOp::Or: return a | b;
    case ScalarOp::And: return a & b;
    default: LATHE_CHECK(false); return 0;
  }
}

// One operand's index map over the iteration space.
struct OperandMap {
  const HostTensor* tensor = nullptr;
  std::vector<int64_t> dims;
  std::vector<int64_t> strides;
  /// For each axis: the part that result axes decide, when the whole map is affine in the reduction axes.
  std::vector<IndexProgram> outer;
  /// coefficients[axis][j]: how far reduction axis j moves the index on `axis`.
  std::vector<std::vector<int64_t>> coefficients;
  /// For each axis: the whole map.
  std::vector<IndexProgram> whole;
  bool affine = true;
  /// Elements that a step on reduction axis j moves.
  std::vector<int64_t> steps;
  /// The position of the first tap of the current result element, and the index on each axis.
  int64_t base = 0;
  std::vector<int64_t> base_index;
};

struct TapRange {
  int64_t begin = 0;
  int64_t end = 0;
};

class Reducer {
 public:
  Reducer(const Reduction& reduction, Operands operands, HostTensor& result)
      : reduction_(reduction), operands_(operands), result_(result), result_rank_(reduction.result_rank) {
    for (const Dim& extent : reduction.extents) extents_.push_back(extent.constant());
    taps_.assign(extents_.begin() + static_cast<std::ptrdiff_t>(result_rank_), extents_.end());
    slots_ = axis_names(extents_.size());
    for (size_t i = 0; i < reduction.operands.size(); ++i) {
      maps_.push_back(make_map(*operands[reduction.operands[i]], reduction.operand_indices[i]));
    }
    plan_body();
    if (!reduction.count.is_constant()) count_ = IndexProgram(reduction.count, slots_);
  }

  void run() {
    std::vector<int64_t> dims(extents_.begin(), extents_.begin() + static_cast<std::ptrdiff_t>(result_rank_));
    const int64_t count = element_count(dims);
    std::vector<int64_t> position(extents_.size(), 0);
    std::vector<int64_t> outer(result_rank_, 0);
    for (int64_t begin = 0; begin < count; begin += static_cast<int64_t>(kBlock)) {
      const auto block = static_cast<size_t>(std::min(static_cast<int64_t>(kBlock), count - begin));
      std::vector<std::vector<int64_t>> positions;
      ScalarColumn values(reduction_.accumulator, block);
      for (size_t i = 0; i < block; ++i) {
        std::copy(outer.begin(), outer.end(), position.begin());
        values.set(i, reduce_one(position));
        if (!reduction_.finish.nodes.empty()) positions.push_back(outer);
        next_position(outer, dims);
      }
      store(finished(std::move(values), positions), begin);
    }
  }

 private:
  OperandMap make_map(const HostTensor& tensor, const std::vector<Dim>& index) {
    OperandMap map;
    map.tensor = &tensor;
    map.dims = host_dims(tensor.type);
    map.strides = host_strides(map.dims);
    map.steps.assign(taps_.size(), 0);
    map.base_index.assign(index.size(), 0);
    for (size_t axis = 0; axis < index.size(); ++axis) {
      map.whole.emplace_back(index[axis], slots_);
      Dim rest = index[axis];
      std::vector<int64_t> coefficients(taps_.size(), 0);
      for (size_t j = 0; j < taps_.size(); ++j) {
        const auto parts = linear_in(rest, slots_[result_rank_ + j]);
        if (!parts || !parts->coefficient.is_constant()) {
          map.affine = false;
          break;
        }
        coefficients[j] = parts->coefficient.constant();
        map.steps[j] += coefficients[j] * map.strides[axis];
        rest = parts->rest;
      }
      if (!map.affine) continue;
      map.outer.emplace_back(rest, slots_);
      map.coefficients.push_back(std::move(coefficients));
    }
    return map;
  }

  // Recognises a body that is a product of floats, and the f32 product that has its own loop.
  void plan_body() {
    const ScalarExpression& body = reduction_.body;
    const ScalarNode& root = body.nodes[body.result];
    passes_through_ = root.op == ScalarOp::Argument;
    if (root.op != ScalarOp::Mul || reduction_.combine != ScalarOp::Add || !is_float(root.type)) return;
    left_ = body;
    left_->result = root.operands[0];
    right_ = body;
    right_->result = root.operands[1];
    const auto argument = [&](ScalarId id) -> std::optional<uint32_t> {
      const ScalarNode& node = body.nodes[id];
      if (node.op != ScalarOp::Argument || node.type != ElementType::F32) return std::nullopt;
      return node.argument;
    };
    const auto left = argument(root.operands[0]);
    const auto right = argument(root.operands[1]);
    if (!left || !right || body.argument_count() > 2) return;
    fast_left_ = &maps_[*left];
    fast_right_ = &maps_[*right];
  }

  ScalarValue reduce_one(std::vector<int64_t>& position) {
    accumulator_ = ScalarValue::of(reduction_.accumulator, reduction_.initial);
    fast_sum_ = static_cast<float>(accumulator_.real);
    filled_ = 0;
    std::fill(position.begin() + static_cast<std::ptrdiff_t>(result_rank_), position.end(), 0);
    for (OperandMap& map : maps_) {
      if (!map.affine) continue;
      map.base = 0;
      for (size_t axis = 0; axis < map.dims.size(); ++axis) {
        map.base_index[axis] = map.outer[axis].evaluate(position.data());
        map.base += map.base_index[axis] * map.strides[axis];
      }
    }
    std::vector<TapRange>& ranges = ranges_;
    ranges.resize(taps_.size());
    for (size_t j = 0; j < taps_.size(); ++j) ranges[j] = {0, taps_[j]};
    bool exact = true;
    if (reduction_.padded && (!maps_[0].affine || !narrow(maps_[0], ranges, exact))) exact = false;
    bool empty = false;
    for (const TapRange& range : ranges) empty |= range.end <= range.begin;
    if (!empty) visit_taps(position, ranges, exact);
    flush();
    if (fast_left_ != nullptr && all_affine()) return ScalarValue::of(ElementType::F32, static_cast<double>(fast_sum_));
    return accumulator_;
  }

  [[nodiscard]] bool all_affine() const {
    return std::all_of(maps_.begin(), maps_.end(), [](const OperandMap& map) { return map.affine; });
  }

  // Narrows the tap ranges to those inside of the operand. `exact` is false when taps must still be checked one by one.
  static bool narrow(const OperandMap& map, std::vector<TapRange>& ranges, bool& exact) {
    for (size_t axis = 0; axis < map.dims.size(); ++axis) {
      std::optional<size_t> moving;
      bool several = false;
      for (size_t j = 0; j < ranges.size(); ++j) {
        if (map.coefficients[axis][j] == 0) continue;
        several |= moving.has_value();
        moving = j;
      }
      const int64_t base = map.base_index[axis];
      const int64_t size = map.dims[axis];
      if (several || (moving && map.coefficients[axis][*moving] < 0)) {
        exact = false;
      } else if (!moving) {
        if (base < 0 || base >= size) ranges.assign(ranges.size(), {0, 0});
        if (ranges.empty() && (base < 0 || base >= size)) exact = false;
      } else {
        const int64_t step = map.coefficients[axis][*moving];
        TapRange& range = ranges[*moving];
        if (base < 0) range.begin = std::max(range.begin, (-base + step - 1) / step);
        range.end = base >= size ? range.begin : std::min(range.end, (size - base + step - 1) / step);
      }
    }
    return true;
  }

  void visit_taps(std::vector<int64_t>& position, const std::vector<TapRange>& ranges, bool exact) {
    const size_t taps = ranges.size();
    const bool affine = all_affine();
    if (taps == 0) {
      visit_run(position, 0, 1, exact, affine);
      return;
    }
    for (size_t j = 0; j < taps; ++j) position[result_rank_ + j] = ranges[j].begin;
    const int64_t inner = ranges.back().end - ranges.back().begin;
    while (true) {
      visit_run(position, taps - 1, inner, exact, affine);
      size_t j = taps - 1;
      while (j > 0) {
        --j;
        if (++position[result_rank_ + j] < ranges[j].end) break;
        position[result_rank_ + j] = ranges[j].begin;
        if (j == 0) return;
      }
      if (taps == 1) return;
    }
  }

  // `count` taps from `position` on, along reduction axis `axis`.
  void visit_run(std::vector<int64_t>& position, size_t axis, int64_t count, bool exact, bool affine) {
    if (affine && exact) {
      offsets_.resize(maps_.size());
      for (size_t i = 0; i < maps_.size(); ++i) {
        offsets_[i] = maps_[i].base;
        for (size_t j = 0; j < taps_.size(); ++j) offsets_[i] += maps_[i].steps[j] * position[result_rank_ + j];
      }
      if (fast_left_ != nullptr) {
        const auto pointer = [&](const OperandMap* map) {
          return reinterpret_cast<const float*>(map->tensor->bytes.data()) +
                 offsets_[static_cast<size_t>(map - maps_.data())];
        };
        const bool stepping = !taps_.empty();
        fast_sum_ = accumulate_products(fast_sum_, pointer(fast_left_), stepping ? fast_left_->steps[axis] : 0,
                                        pointer(fast_right_), stepping ? fast_right_->steps[axis] : 0, count);
        return;
      }
      for (int64_t n = 0; n < count; ++n) {
        append(offsets_);
        if (taps_.empty()) continue;
        for (size_t i = 0; i < maps_.size(); ++i) offsets_[i] += maps_[i].steps[axis];
      }
      return;
    }
    std::vector<int64_t> offsets(maps_.size());
    const int64_t first = taps_.empty() ? 0 : position[result_rank_ + axis];
    for (int64_t n = 0; n < count; ++n) {
      if (!taps_.empty()) position[result_rank_ + axis] = first + n;
      if (!locate(position, offsets)) continue;
      if (fast_left_ != nullptr && affine) {
        const auto value = [&](const OperandMap* map) {
          return reinterpret_cast<const float*>(map->tensor->bytes.data()) +
                 offsets[static_cast<size_t>(map - maps_.data())];
        };
        fast_sum_ = accumulate_products(fast_sum_, value(fast_left_), 0, value(fast_right_), 0, 1);
      } else {
        append(offsets);
      }
    }
    if (!taps_.empty()) position[result_rank_ + axis] = first;
  }

  // The flat positions of all operands at one tap; false when the padded operand is not there.
  bool locate(const std::vector<int64_t>& position, std::vector<int64_t>& offsets) const {
    for (size_t i = 0; i < maps_.size(); ++i) {
      offsets[i] = 0;
      for (size_t axis = 0; axis < maps_[i].dims.size(); ++axis) {
        const int64_t index = maps_[i].whole[axis].evaluate(position.data());
        const bool inside = index >= 0 && index < maps_[i].dims[axis];
        if (!inside && i == 0 && reduction_.padded) return false;
        LATHE_CHECK(inside);
        offsets[i] += index * maps_[i].strides[axis];
      }
    }
    return true;
  }

  void append(const std::vector<int64_t>& offsets) {
    if (columns_.empty()) {
      for (const OperandMap& map : maps_) columns_.emplace_back(map.tensor->type.element, kBlock);
    }
    for (size_t i = 0; i < maps_.size(); ++i) {
      columns_[i].set(filled_, load_element(columns_[i].type, maps_[i].tensor->bytes.data(), offsets[i]));
    }
    if (++filled_ == kBlock) flush();
  }

  // Combines the taps that were appended.
  void flush() {
    if (filled_ == 0) return;
    for (ScalarColumn& column : columns_) column.resize(filled_);
    const ElementType type = reduction_.accumulator;
    if (left_) {
      const ScalarColumn a = evaluate(*left_, columns_, filled_);
      const ScalarColumn b = evaluate(*right_, columns_, filled_);
      for (size_t i = 0; i < filled_; ++i) {
        accumulator_.real =
            type == ElementType::F32
                ? static_cast<double>(std::fma(static_cast<float>(a.reals[i]), static_cast<float>(b.reals[i]),
                                               static_cast<float>(accumulator_.real)))
                : std::fma(a.reals[i], b.reals[i], accumulator_.real);
      }
    } else {
      const ScalarColumn computed = passes_through_ ? ScalarColumn() : evaluate(reduction_.body, columns_, filled_);
      const ScalarColumn& values = passes_through_ ? columns_[0] : computed;
      for (size_t i = 0; i < filled_; ++i) {
        if (is_float(type)) {
          accumulator_.real = combine_reals(reduction_.combine, type, accumulator_.real, values.reals[i]);
        } else {
          accumulator_.integer = combine_integers(reduction_.combine, type, accumulator_.integer, values.integers[i]);
        }
      }
    }
    for (ScalarColumn& column : columns_) column.resize(kBlock);
    filled_ = 0;
  }

  ScalarColumn finished(ScalarColumn values, const std::vector<std::vector<int64_t>>& positions) {
    if (reduction_.finish.nodes.empty()) return values;
    const size_t count = values.size();
    std::vector<ScalarColumn> arguments;
    arguments.push_back(std::move(values));
    arguments.emplace_back(reduction_.accumulator, count);
    std::vector<int64_t> slots(extents_.size(), 0);
    const auto number = [&](size_t i) {
      if (reduction_.count.is_constant()) return reduction_.count.constant();
      std::copy(positions[i].begin(), positions[i].end(), slots.begin());
      return count_.evaluate(slots.data());
    };
    for (size_t i = 0; i < count; ++i) arguments[1].set(i, ScalarValue::of_integer(reduction_.accumulator, number(i)));
    for (size_t k = 0; k < reduction_.finish_operands.size(); ++k) {
      const HostTensor& tensor = *operands_[reduction_.finish_operands[k]];
      const std::vector<int64_t> strides = host_strides(host_dims(tensor.type));
      std::vector<IndexProgram> programs;
      for (const Dim& index : reduction_.finish_indices[k]) programs.emplace_back(index, slots_);
      ScalarColumn column(tensor.type.element, count);
      for (size_t i = 0; i < count; ++i) {
        std::copy(positions[i].begin(), positions[i].end(), slots.begin());
        int64_t flat = 0;
        for (size_t axis = 0; axis < programs.size(); ++axis)
          flat += programs[axis].evaluate(slots.data()) * strides[axis];
        column.set(i, load_element(tensor.type.element, tensor.bytes.data(), flat));
      }
      arguments.push_back(std::move(column));
    }
    return evaluate(reduction_.finish, arguments, count);
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
  size_t result_rank_;
  std::vector<int64_t> extents_;
  std::vector<int64_t> taps_;  ///< extents of the reduction axes
  std::vector<std::string> slots_;
  std::vector<OperandMap> maps_;
  IndexProgram count_;
  bool passes_through_ = false;
  std::optional<ScalarExpression> left_;  ///< the factors of a body that is a product
  std::optional<ScalarExpression> right_;
  OperandMap* fast_left_ = nullptr;  ///< set when both factors are f32 elements as they are
  OperandMap* fast_right_ = nullptr;
  // State of the current result element.
  ScalarValue accumulator_;
  float fast_sum_ = 0;
  std::vector<TapRange> ranges_;
  std::vector<int64_t> offsets_;
  std::vector<ScalarColumn> columns_;
  size_t filled_ = 0;
};

}  // namespace

void run_reduction(const NodeView& node, Operands operands, HostTensor& result) {
  const Reduction reduction = describe_reduction(node);
  Reducer(reduction, operands, result).run();
}

}  // namespace lathe::interp
