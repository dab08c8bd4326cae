// The plain meaning of `recurrence`: one sequence after the other, one step after the other.
#include <algorithm>
#include <cmath>
#include <vector>

#include "ir/graph/ops/recurrence_reference.h"
#include "ir/graph/ops/reference.h"
#include "ir/graph/recurrence.h"

namespace lathe {
namespace {

// Steps of one node in the arithmetic of T, which is float or double.
template <class T>
class Steps {
 public:
  Steps(const NodeView& node, std::span<const HostTensor* const> operands, std::span<HostTensor> results)
      : form_(read_recurrence(node)), operands_(operands), results_(results) {
    const std::vector<int64_t> dims = static_dims(operands[0]->type);
    length_ = dims[0];
    batch_ = dims[1];
    hidden_ = dims[2] / static_cast<int64_t>(form_.gates);
  }

  void run() {
    for (HostTensor& result : results_) allocate(result);
    for (int64_t b = 0; b < batch_; ++b) run_sequence(b);
  }

 private:
  [[nodiscard]] bool given(size_t operand) const { return operand < operands_.size() && operands_[operand] != nullptr; }
  [[nodiscard]] const T* data(size_t operand) const {
    return given(operand) ? reinterpret_cast<const T*>(operands_[operand]->bytes.data()) : nullptr;
  }
  [[nodiscard]] T* result(size_t index) const { return reinterpret_cast<T*>(results_[index].bytes.data()); }

  void run_sequence(int64_t b) {
    const auto count = static_cast<size_t>(hidden_);
    h_.assign(count, T(0));
    c_.assign(count, T(0));
    if (given(2)) std::copy_n(data(2) + b * hidden_, count, h_.begin());
    if (given(3)) std::copy_n(data(3) + b * hidden_, count, c_.begin());
    const int64_t steps = given(5) ? std::clamp<int64_t>(integer_at(*operands_[5], b), 0, length_) : length_;
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t row = (form_.reverse ? steps - 1 - t : t) * batch_ + b;
      step(data(0) + row * hidden_ * static_cast<int64_t>(form_.gates));
      std::copy(h_.begin(), h_.end(), result(0) + row * hidden_);
    }
    std::copy(h_.begin(), h_.end(), result(1) + b * hidden_);
    if (form_.cell == RecurrentCell::Lstm) std::copy(c_.begin(), c_.end(), result(2) + b * hidden_);
  }

  // The sums of states and recurrent weights for one gate and column, in the order of the states, and the bias.
  [[nodiscard]] T recurrent_sum(const std::vector<T>& states, size_t gate, int64_t column) const {
    const auto gates = static_cast<int64_t>(form_.gates);
    const auto place = static_cast<int64_t>(form_.positions[gate]);
    T sum = 0;
    for (int64_t k = 0; k < hidden_; ++k) {
      const int64_t row = (column / kRecurrencePanel * hidden_ + k) * gates + place;
      sum = std::fma(states[static_cast<size_t>(k)], data(1)[row * kRecurrencePanel + column % kRecurrencePanel], sum);
    }
    return given(4) ? sum + data(4)[place * hidden_ + column] : sum;
  }

  [[nodiscard]] T projected(const T* row, size_t gate, int64_t column) const {
    return row[static_cast<int64_t>(form_.positions[gate]) * hidden_ + column];
  }

  [[nodiscard]] T evaluate_cell(const ScalarExpression& expression, std::initializer_list<T> arguments) const {
    std::vector<ScalarValue> values;
    for (const T argument : arguments) values.push_back(ScalarValue::of(form_.element, argument));
    return static_cast<T>(evaluate(expression, values).real);
  }

  void step(const T* row) {
    std::vector<T> next(h_.size());
    switch (form_.cell) {
      case RecurrentCell::Lstm: step_lstm(row, next); break;
      case RecurrentCell::Gru: step_gru(row, next); break;
      case RecurrentCell::Rnn:
        for (int64_t j = 0; j < hidden_; ++j) {
          next[static_cast<size_t>(j)] = evaluate_cell(form_.state, {projected(row, 0, j) + recurrent_sum(h_, 0, j)});
        }
        break;
    }
    h_ = std::move(next);
  }

  void step_lstm(const T* row, std::vector<T>& next) {
    for (int64_t j = 0; j < hidden_; ++j) {
      T sums[4];
      for (size_t gate = 0; gate < 4; ++gate) sums[gate] = projected(row, gate, j) + recurrent_sum(h_, gate, j);
      // ONNX orders peepholes i, o, f, as the gates here.
      const auto peephole = [&](int64_t gate) { return form_.peepholes ? data(6)[gate * hidden_ + j] : T(0); };
      T& c = c_[static_cast<size_t>(j)];
      c = evaluate_cell(form_.cell_state,
                        {sums[0], sums[1], sums[2], sums[3], c, peephole(0), peephole(1), peephole(2)});
      next[static_cast<size_t>(j)] = evaluate_cell(form_.state, {sums[1], c, peephole(1)});
    }
  }

  void step_gru(const T* row, std::vector<T>& next) {
    std::vector<T> update(h_.size());
    std::vector<T> reset(h_.size());
    std::vector<T> scaled(h_.size());
    for (int64_t j = 0; j < hidden_; ++j) {
      const auto at = static_cast<size_t>(j);
      update[at] = evaluate_cell(form_.gate, {projected(row, 0, j) + recurrent_sum(h_, 0, j)});
      reset[at] = evaluate_cell(form_.gate, {projected(row, 1, j) + recurrent_sum(h_, 1, j)});
      scaled[at] = reset[at] * h_[at];
    }
    for (int64_t j = 0; j < hidden_; ++j) {
      const auto at = static_cast<size_t>(j);
      const T projection = projected(row, 2, j);
      const T candidate = form_.linear_before_reset
                              ? evaluate_cell(form_.candidate, {projection, recurrent_sum(h_, 2, j), reset[at]})
                              : evaluate_cell(form_.candidate, {projection + recurrent_sum(scaled, 2, j)});
      next[at] = evaluate_cell(form_.state, {update[at], candidate, h_[at]});
    }
  }

  RecurrenceForm form_;
  std::span<const HostTensor* const> operands_;
  std::span<HostTensor> results_;
  int64_t length_ = 0;
  int64_t batch_ = 0;
  int64_t hidden_ = 0;
  std::vector<T> h_;
  std::vector<T> c_;
};

}  // namespace

Status recurrence_reference(const NodeView& node, std::span<const HostTensor* const> operands,
                            std::span<HostTensor> results, Diagnostics&) {
  if (operands[0]->type.element == ElementType::F64) {
    Steps<double>(node, operands, results).run();
  } else {
    Steps<float>(node, operands, results).run();
  }
  return {};
}

}  // namespace lathe
