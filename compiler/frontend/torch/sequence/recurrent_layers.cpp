// nn.LSTM, nn.GRU and nn.RNN, and the packing of sequences, which is refused.
#include <cmath>

#include "compiler/frontend/torch/nn/compute.h"
#include "compiler/frontend/torch/nn/layer.h"
#include "compiler/frontend/torch/sequence/families.h"
#include "compiler/frontend/torch/sequence/recurrence.h"
#include "compiler/frontend/torch/tensor/operations.h"

namespace lathe::torch {
namespace {

std::string suffix(int64_t layer, int64_t direction) {
  return fmt::format("_l{}{}", layer, direction == 1 ? "_reverse" : "");
}

Status make_recurrent(LayerBuilder& layer, const RecurrentKind& kind) {
  LATHE_TRY(const int64_t input_size, layer.size("input_size", 1));
  LATHE_TRY(const int64_t hidden, layer.size("hidden_size", 1));
  LATHE_TRY(const int64_t layers, layer.size("num_layers", 1));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  LATHE_TRY_VOID(layer.probability("dropout"));
  LATHE_TRY(const bool bidirectional, layer.flag("bidirectional"));
  layer.keep({"input_size", "hidden_size", "num_layers", "bias", "batch_first", "dropout", "bidirectional"});
  if (kind.row == "rnn") {
    LATHE_TRY_VOID(layer.choice("nonlinearity", {"tanh", "relu"}));
    layer.keep({"nonlinearity"});
  } else {
    LATHE_TRY(const int64_t projection, layer.size("proj_size"));
    if (projection != 0) {
      layer.evaluator().unsupported(layer.call().place("proj_size"),
                                    fmt::format("{} with proj_size", layer.type_name()));
      mark_unknown_module(layer.evaluator(), layer.self());
      return {};
    }
    layer.keep({"proj_size"});
  }
  const int64_t directions = bidirectional ? 2 : 1;
  const int64_t rows = kind.gates * hidden;
  const Initialization initialization = fan_in_uniform(hidden);
  const ElementType element = layer.element();
  for (int64_t number = 0; number < layers; ++number) {
    LATHE_TRY_VOID(layer.evaluator().spend(1, layer.call().where));
    const int64_t features = number == 0 ? input_size : hidden * directions;
    for (int64_t direction = 0; direction < directions; ++direction) {
      const std::string end = suffix(number, direction);
      LATHE_TRY_VOID(layer.parameter("weight_ih" + end, {rows, features}, initialization, element));
      LATHE_TRY_VOID(layer.parameter("weight_hh" + end, {rows, hidden}, initialization, element));
      if (!bias) continue;
      LATHE_TRY_VOID(layer.parameter("bias_ih" + end, {rows}, initialization, element));
      LATHE_TRY_VOID(layer.parameter("bias_hh" + end, {rows}, initialization, element));
    }
  }
  return {};
}

Status make_lstm(LayerBuilder& layer) { return make_recurrent(layer, kLstm); }
Status make_gru(LayerBuilder& layer) { return make_recurrent(layer, kGru); }
Status make_rnn(LayerBuilder& layer) { return make_recurrent(layer, kRnn); }

Result<DirectionWeights> direction_weights(LayerCall& layer, int64_t number, int64_t direction, bool bias) {
  const std::string end = suffix(number, direction);
  DirectionWeights weights;
  LATHE_TRY(weights.input, layer.parameter("weight_ih" + end));
  LATHE_TRY(weights.recurrent, layer.parameter("weight_hh" + end));
  if (bias) {
    LATHE_TRY(weights.input_bias, layer.parameter("bias_ih" + end));
    LATHE_TRY(weights.recurrent_bias, layer.parameter("bias_hh" + end));
  }
  return weights;
}

// What the attributes of the layer say.
struct Settings {
  int64_t input_size = 0;
  int64_t hidden = 0;
  int64_t layers = 0;
  int64_t directions = 1;
  bool bias = true;
  bool batch_first = false;
  double dropout = 0;
  bool training = false;
  std::string nonlinearity;
};

Result<Settings> settings_of(LayerCall& layer, const RecurrentKind& kind) {
  Settings settings;
  LATHE_TRY(settings.input_size, layer.integer("input_size"));
  LATHE_TRY(settings.hidden, layer.integer("hidden_size"));
  LATHE_TRY(settings.layers, layer.integer("num_layers"));
  LATHE_TRY(const bool bidirectional, layer.flag("bidirectional"));
  settings.directions = bidirectional ? 2 : 1;
  LATHE_TRY(settings.bias, layer.flag("bias"));
  LATHE_TRY(settings.batch_first, layer.flag("batch_first"));
  LATHE_TRY(settings.dropout, layer.number("dropout"));
  LATHE_TRY(settings.training, layer.training());
  if (kind.row == "rnn") {
    LATHE_TRY(settings.nonlinearity, layer.string("nonlinearity"));
  }
  return settings;
}

// All layers over x [T, N, I].
Result<LayerResults> run_layers(LayerCall& layer, const RecurrentKind& kind, const Settings& settings, ValueId x,
                                const std::vector<ValueId>& states) {
  Formula formula(layer);
  LayerResults results{x, {}};
  std::vector<std::vector<ValueId>> ends(kind.states);
  for (int64_t number = 0; number < settings.layers; ++number) {
    std::vector<DirectionWeights> weights;
    for (int64_t direction = 0; direction < settings.directions; ++direction) {
      LATHE_TRY(const DirectionWeights each, direction_weights(layer, number, direction, settings.bias));
      weights.push_back(each);
    }
    if (number == 0) {
      LATHE_TRY_VOID(layer.require_element(x, layer.type(weights[0].input).element, "its weight"));
    }
    std::vector<ValueId> begin;
    for (const ValueId state : states) {
      const Dim first = number * settings.directions;
      begin.push_back(formula.slice(state, 0, first, first + Dim(settings.directions)));
    }
    if (!formula.ok()) return Failure{};
    LATHE_TRY(const LayerResults each,
              recurrent_layer(layer, kind, settings.nonlinearity, results.output, weights, begin));
    results.output = each.output;
    for (size_t i = 0; i < kind.states; ++i) ends[i].push_back(each.states[i]);
    if (number + 1 < settings.layers && settings.dropout > 0) {
      LATHE_TRY(results.output, dropout(layer, results.output, settings.dropout, settings.training));
    }
  }
  for (const std::vector<ValueId>& parts : ends) {
    results.states.push_back(parts.size() == 1 ? parts[0] : formula.concat(parts, 0));
  }
  if (!formula.ok()) return Failure{};
  return results;
}

Result<Value> run_recurrent(LayerCall& layer, const RecurrentKind& kind) {
  LATHE_TRY(const Settings settings, settings_of(layer, kind));
  LATHE_TRY(ValueId x, layer.input());
  const size_t rank = layer.rank(x);
  if (rank != 2 && rank != 3) {
    const std::string axes = settings.batch_first ? "(N, T, features)" : "(T, N, features)";
    return layer
        .error(DiagnosticKind::RankMismatch, "RuntimeError",
               "{} takes {} or one sequence (T, features), its input has "
               "rank {}: {}",
               layer.name(), axes, rank, layer.shape_text(x))
        .emit();
  }
  LATHE_TRY_VOID(require_input_size(layer, x, settings.input_size));
  const bool batched = rank == 3;
  Formula formula(layer);
  if (!batched) {
    x = formula.unsqueeze(x, {1});
  } else if (settings.batch_first) {
    x = formula.transpose(x, {1, 0, 2});
  }
  if (!formula.ok()) return Failure{};
  Shape state_dims{Dim(settings.layers * settings.directions)};
  if (batched) state_dims.push_back(layer.dims(x)[1]);
  state_dims.emplace_back(settings.hidden);
  const ElementType element = layer.type(x).element;
  LATHE_TRY(std::vector<ValueId> states, initial_states(layer, kind, layer.argument("hx"), state_dims, element));
  for (ValueId& state : states) {
    if (!batched) state = formula.unsqueeze(state, {1});
  }
  if (!formula.ok()) return Failure{};
  LATHE_TRY(LayerResults results, run_layers(layer, kind, settings, x, states));
  if (!batched) {
    results.output = formula.squeeze(results.output, {1});
    for (ValueId& state : results.states) state = formula.squeeze(state, {1});
  }
  if (!formula.ok()) return Failure{};
  Tracer& tracer = layer.tracer();
  TensorId output = tracer.add(results.output);
  // PyTorch's output is a transposed view too: `view` across its first axes fails there.
  if (batched && settings.batch_first) {
    LATHE_TRY(output, transpose_operation(tracer, output, 0, 1));
  }
  std::vector<Value> last;
  for (const ValueId state : results.states) last.emplace_back(tracer.add(state));
  Heap& heap = layer.evaluator().heap();
  const Value state = last.size() == 1 ? last[0] : heap.new_tuple(last);
  return heap.new_tuple({Value(output), state});
}

Result<Value> run_lstm(LayerCall& layer) { return run_recurrent(layer, kLstm); }
Result<Value> run_gru(LayerCall& layer) { return run_recurrent(layer, kGru); }
Result<Value> run_rnn(LayerCall& layer) { return run_recurrent(layer, kRnn); }

Result<std::string> recurrent_text(LayerCall& layer) {
  LATHE_TRY(const int64_t input_size, layer.integer("input_size"));
  LATHE_TRY(const int64_t hidden, layer.integer("hidden_size"));
  LATHE_TRY(const int64_t layers, layer.integer("num_layers"));
  LATHE_TRY(const bool bias, layer.flag("bias"));
  LATHE_TRY(const bool batch_first, layer.flag("batch_first"));
  LATHE_TRY(const double dropout, layer.number("dropout"));
  LATHE_TRY(const bool bidirectional, layer.flag("bidirectional"));
  std::string text = fmt::format("{}, {}", input_size, hidden);
  if (layers != 1) text += fmt::format(", num_layers={}", layers);
  if (!bias) text += ", bias=False";
  if (batch_first) text += ", batch_first=True";
  if (dropout != 0) text += fmt::format(", dropout={}", dropout);
  if (bidirectional) text += ", bidirectional=True";
  return text;
}

Result<Value> nothing(NativeCall&) { return Value(NoneValue{}); }

constexpr std::string_view kGatedParameters =
    "self, input_size, hidden_size, num_layers=1, bias=True, batch_first=False, dropout=0.0, bidirectional=False, "
    "proj_size=0, device=None, dtype=None";

constexpr NativeFunctionRow kLstmMethods[] = {{"__init__", kGatedParameters, constructor<make_lstm>},
                                              {"forward", "self, input, hx=None", forward<run_lstm>},
                                              {"flatten_parameters", "self", nothing},
                                              {"extra_repr", "self", layer_text<recurrent_text>}};
constexpr NativeFunctionRow kGruMethods[] = {{"__init__", kGatedParameters, constructor<make_gru>},
                                             {"forward", "self, input, hx=None", forward<run_gru>},
                                             {"flatten_parameters", "self", nothing},
                                             {"extra_repr", "self", layer_text<recurrent_text>}};
constexpr NativeFunctionRow kRnnMethods[] = {
    {"__init__",
     "self, input_size, hidden_size, num_layers=1, nonlinearity='tanh', bias=True, batch_first=False, dropout=0.0, "
     "bidirectional=False, device=None, dtype=None",
     constructor<make_rnn>},
    {"forward", "self, input, hx=None", forward<run_rnn>},
    {"flatten_parameters", "self", nothing},
    {"extra_repr", "self", layer_text<recurrent_text>}};

constexpr NativeClassRow kClasses[] = {
    {"RNNBase", "torch.nn.Module", {}},
    {"LSTM", "torch.nn.RNNBase", kLstmMethods},
    {"GRU", "torch.nn.RNNBase", kGruMethods},
    {"RNN", "torch.nn.RNNBase", kRnnMethods},
};

Result<Value> refuse_packing(NativeCall& call) {
  return call.evaluator.unsupported(
      call.where, fmt::format("torch.nn.utils.rnn.{}: sequences of different lengths stay padded; give the padded "
                              "tensor to the layer",
                              call.row.name));
}

constexpr NativeFunctionRow kPacking[] = {
    {"pack_padded_sequence", "input, lengths, batch_first=False, enforce_sorted=True", refuse_packing},
    {"pad_packed_sequence", "sequence, batch_first=False, padding_value=0.0, total_length=None", refuse_packing},
    {"pack_sequence", "sequences, enforce_sorted=True", refuse_packing},
};

}  // namespace

std::span<const NativeClassRow> recurrent_classes() { return kClasses; }
std::span<const NativeFunctionRow> packing_functions() { return kPacking; }

}  // namespace lathe::torch
