// What recurrent layers and cells share: checks of their inputs and states, and the rows that compute them.
#pragma once

#include <vector>

#include "compiler/frontend/torch/nn/layer.h"

namespace lathe::torch {

/// "lstm", "gru", "rnn": the rows, and how many states and gates they have.
struct RecurrentKind {
  std::string_view row;
  size_t states = 1;  ///< 2: h and c
  int64_t gates = 1;
};
inline constexpr RecurrentKind kLstm{"lstm", 2, 4};
inline constexpr RecurrentKind kGru{"gru", 1, 3};
inline constexpr RecurrentKind kRnn{"rnn", 1, 1};

/// Parameters of one direction of one layer; biases may be absent.
struct DirectionWeights {
  ValueId input;
  ValueId recurrent;
  ValueId input_bias;
  ValueId recurrent_bias;
};

struct LayerResults {
  ValueId output;               ///< [T, N, D * H]
  std::vector<ValueId> states;  ///< [D, N, H] each
};

/// One layer over x [T, N, I]. `states` are the initial ones, [D, N, H], or empty; `nonlinearity` is that of rnn.
Result<LayerResults> recurrent_layer(const Operation& operation, const RecurrentKind& kind,
                                     const std::string& nonlinearity, ValueId x,
                                     const std::vector<DirectionWeights>& weights, const std::vector<ValueId>& states);

/// x must have `wanted` features on its last axis.
Status require_input_size(const Operation& operation, ValueId x, int64_t wanted);
/// The initial states that `hx` gives: none for None, a tensor, or a pair (h_0, c_0) for two states. Each must have
/// these dims.
Result<std::vector<ValueId>> initial_states(const Operation& operation, const RecurrentKind& kind, const Value& hx,
                                            const Shape& dims, ElementType element);

}  // namespace lathe::torch
