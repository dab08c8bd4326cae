// nn.LSTMCell, nn.GRUCell and nn.RNNCell: one step, as a sequence of one.
#include "compiler/frontend/torch/nn/formula.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/recurrence.h"

namespace lathe::torch {
namespace {

Status make_cell(LayerBuilder& layer, const RecurrentKind& kind) {
  LATHE_TRY(const int64_t input_size, layer.size("input_size", 1));
  LATHE_TRY(const int64_t hidden, layer.size("hidden_size", 1));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  layer.keep({"input_size", "hidden_size", "bias"});
  if (kind.row == "rnn") {
    LATHE_TRY_VOID(layer.choice("nonlinearity", {"tanh", "relu"}));
    layer.keep({"nonlinearity"});
  }
  const int64_t rows = kind.gates * hidden;
  const Initialization initialization = fan_in_uniform(hidden);
  const ElementType element = layer.element();
  LATHE_TRY_VOID(layer.parameter("weight_ih", {rows, input_size}, initialization, element));
  LATHE_TRY_VOID(layer.parameter("weight_hh", {rows, hidden}, initialization, element));
  for (const std::string_view name : {"bias_ih", "bias_hh"}) {
    if (bias) {
      LATHE_TRY_VOID(layer.parameter(name, {rows}, initialization, element));
    } else {
      layer.absent_parameter(name);
    }
  }
  return {};
}

Status make_lstm_cell(LayerBuilder& layer) { return make_cell(layer, kLstm); }
Status make_gru_cell(LayerBuilder& layer) { return make_cell(layer, kGru); }
Status make_rnn_cell(LayerBuilder& layer) { return make_cell(layer, kRnn); }

Result<Value> run_cell(LayerCall& layer, const RecurrentKind& kind) {
  LATHE_TRY(const int64_t input_size, layer.integer("input_size"));
  LATHE_TRY(const int64_t hidden, layer.integer("hidden_size"));
  LATHE_TRY(ValueId x, layer.input());
  const size_t rank = layer.rank(x);
  if (rank != 1 && rank != 2) {
    return layer
        .error(DiagnosticKind::RankMismatch, "RuntimeError",
               "{} takes one step (N, features) or (features,), its input has rank {}: {}", layer.name(), rank,
               layer.shape_text(x))
        .emit();
  }
  LATHE_TRY_VOID(require_input_size(layer, x, input_size));
  DirectionWeights weights;
  LATHE_TRY(weights.input, layer.parameter("weight_ih"));
  LATHE_TRY(weights.recurrent, layer.parameter("weight_hh"));
  LATHE_TRY(weights.input_bias, layer.parameter("bias_ih"));
  LATHE_TRY(weights.recurrent_bias, layer.parameter("bias_hh"));
  LATHE_TRY_VOID(layer.require_element(x, layer.type(weights.input).element, "its weight"));
  std::string nonlinearity;
  if (kind.row == "rnn") {
    LATHE_TRY(nonlinearity, layer.string("nonlinearity"));
  }
  Shape state_dims;
  if (rank == 2) state_dims.push_back(layer.dims(x)[0]);
  state_dims.emplace_back(hidden);
  LATHE_TRY(std::vector<ValueId> states,
            initial_states(layer, kind, layer.argument("hx"), state_dims, layer.type(x).element));
  // [1, N, features]
  const std::vector<size_t> missing = rank == 2 ? std::vector<size_t>{0} : std::vector<size_t>{0, 1};
  Formula formula(layer);
  x = formula.unsqueeze(x, missing);
  for (ValueId& state : states) state = formula.unsqueeze(state, missing);
  if (!formula.ok()) return Failure{};
  LATHE_TRY(const LayerResults results, recurrent_layer(layer, kind, nonlinearity, x, {weights}, states));
  std::vector<Value> last;
  for (const ValueId state : results.states) {
    const ValueId value = formula.squeeze(state, missing);
    if (!formula.ok()) return Failure{};
    last.emplace_back(layer.tracer().add(value));
  }
  if (last.size() == 1) return last[0];
  return layer.evaluator().heap().new_tuple(std::move(last));
}

Result<Value> run_lstm_cell(LayerCall& layer) { return run_cell(layer, kLstm); }
Result<Value> run_gru_cell(LayerCall& layer) { return run_cell(layer, kGru); }
Result<Value> run_rnn_cell(LayerCall& layer) { return run_cell(layer, kRnn); }

Result<std::string> cell_text(LayerCall& layer) {
  LATHE_TRY(const int64_t input_size, layer.integer("input_size"));
  LATHE_TRY(const int64_t hidden, layer.integer("hidden_size"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  return fmt::format("{}, {}{}", input_size, hidden, bias ? "" : ", bias=False");
}

constexpr std::string_view kParameters = "self, input_size, hidden_size, bias=True, device=None, dtype=None";
constexpr NativeFunctionRow kLstmCell[] = {{"__init__", kParameters, constructor<make_lstm_cell>},
                                           {"forward", "self, input, hx=None", forward<run_lstm_cell>},
                                           {"extra_repr", "self", layer_text<cell_text>}};
constexpr NativeFunctionRow kGruCell[] = {{"__init__", kParameters, constructor<make_gru_cell>},
                                          {"forward", "self, input, hx=None", forward<run_gru_cell>},
                                          {"extra_repr", "self", layer_text<cell_text>}};
constexpr NativeFunctionRow kRnnCell[] = {
    {"__init__", "self, input_size, hidden_size, bias=True, nonlinearity='tanh', device=None, dtype=None",
     constructor<make_rnn_cell>},
    {"forward", "self, input, hx=None", forward<run_rnn_cell>},
    {"extra_repr", "self", layer_text<cell_text>}};

constexpr NativeClassRow kClasses[] = {
    {"LSTMCell", "torch.nn.Module", kLstmCell},
    {"GRUCell", "torch.nn.Module", kGruCell},
    {"RNNCell", "torch.nn.Module", kRnnCell},
};

}  // namespace

std::span<const NativeClassRow> recurrent_cell_classes() { return kClasses; }

}  // namespace lathe::torch
