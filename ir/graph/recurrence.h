// Recurrent cells as scalar expressions: what the steps of LSTM, GRU and plain recurrent networks do to each element.
//
// A `recurrence` node names its cell by attributes; read_recurrence() reads them once. The interpreter's reference and
// the lowering evaluate the same expressions, so both do the same arithmetic in the same order. Formulas: ONNX LSTM,
// GRU and RNN (22), which PyTorch's layers are cases of.
#pragma once

#include <array>
#include <string_view>

#include "ir/graph/op.h"
#include "ir/scalar/expression.h"

namespace lathe {

enum class RecurrentCell : uint8_t { Lstm, Gru, Rnn };

/// Columns of a panel of recurrent weights.
inline constexpr int64_t kRecurrencePanel = 16;

/// Gates in the order of the cell's expressions: LSTM input, output, forget, candidate; GRU update, reset, candidate;
/// RNN candidate.
struct RecurrenceForm {
  RecurrentCell cell = RecurrentCell::Lstm;
  size_t gates = 4;
  std::array<size_t, 4> positions{};  ///< where each gate lies among the gates of the weights
  bool reverse = false;
  bool linear_before_reset = false;  ///< GRU: the reset gate multiplies the recurrent sum, not the state
  bool peepholes = false;
  ElementType element = ElementType::F32;

  /// LSTM: the new cell state of sums i, o, f, g; the old cell state; peephole weights i, o, f if there are any.
  ScalarExpression cell_state;
  /// LSTM: the new state of the sum o, the new cell state, and the peephole weight o if there is one.
  /// GRU: the new state of update gate, candidate and old state. RNN: the new state of the sum.
  ScalarExpression state;
  /// GRU: update and reset gates of their sums.
  ScalarExpression gate;
  /// GRU: the candidate of its sum; with linear_before_reset of projection, recurrent sum and reset gate.
  ScalarExpression candidate;
};

/// How many gates a cell has, by the name in the attribute `cell`.
[[nodiscard]] size_t gate_count(std::string_view cell);
/// The letters of the gates in the order of RecurrenceForm; `gates` attributes are permutations of them.
[[nodiscard]] std::string_view gate_letters(std::string_view cell);
/// The activations of a cell when the attribute is empty, and whether a text names as many that exist.
[[nodiscard]] std::string_view default_activations(std::string_view cell);
[[nodiscard]] bool are_activations(std::string_view cell, std::string_view activations);

/// Of a verified `recurrence` node.
[[nodiscard]] RecurrenceForm read_recurrence(const NodeView& node);

}  // namespace lathe
