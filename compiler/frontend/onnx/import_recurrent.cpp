// LSTM, GRU and RNN.
//
// The rows of the graph IR take gates in ONNX's order, so weights pass as they are. Y is [T, D, N, H] in ONNX and
// [T, N, D * H] in the row; with `layout` 1 the batch comes first everywhere.
#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "compiler/frontend/onnx/operators.h"

namespace lathe::onnx {
namespace {

// Positions of the operands of LSTM; GRU and RNN have the first six.
constexpr size_t kX = 0, kW = 1, kR = 2, kB = 3, kLengths = 4, kState = 5, kCell = 6, kPeepholes = 7;

struct ActivationName {
  std::string_view onnx;
  std::string_view row;
  double alpha;  ///< the only value of activation_alpha that the row computes
  double beta;
};
constexpr ActivationName kActivations[] = {
    {"sigmoid", "sigmoid", 0, 0}, {"tanh", "tanh", 0, 0},         {"relu", "relu", 0, 0},
    {"affine", "affine", 1, 0},   {"softsign", "softsign", 0, 0}, {"hardsigmoid", "hard_sigmoid", 0.2, 0.5},
};

std::string lower_case(std::string_view text) {
  std::string result;
  for (char c : text) result += static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  return result;
}

/// The activations of the row, when both directions have the same and their parameters are the usual ones.
Result<std::string> activations(NodeContext& context, size_t directions) {
  const auto* attribute = context.attribute("activations");
  if (attribute == nullptr) return std::string();
  const std::vector<std::string_view>& names = attribute->strings;
  const size_t each = context.row().target == "lstm" ? 3 : context.row().target == "gru" ? 2 : 1;
  if (names.size() != each * directions) {
    return context.bad_attribute("activations", "has {} entries, expected {}", names.size(), each * directions);
  }
  std::string text;
  for (size_t i = 0; i < names.size(); ++i) {
    const std::string name = lower_case(names[i]);
    if (name != lower_case(names[i % each])) return context.unsupported("activations that differ by direction");
    const auto* found = std::find_if(std::begin(kActivations), std::end(kActivations),
                                     [&](const ActivationName& row) { return row.onnx == name; });
    if (found == std::end(kActivations)) return context.unsupported("the activation `{}`", names[i]);
    const auto parameter_differs = [&](std::string_view parameter, double wanted) {
      const std::vector<float>* given = context.numbers(parameter);
      return wanted != 0 && given != nullptr && i < given->size() &&
             std::abs(static_cast<double>((*given)[i]) - wanted) > 1e-6;
    };
    if (parameter_differs("activation_alpha", found->alpha) || parameter_differs("activation_beta", found->beta)) {
      return context.unsupported("parameters of the activation `{}`", names[i]);
    }
    if (i < each) text += fmt::format("{}{}", i == 0 ? "" : " ", found->row);
  }
  return text;
}

Outputs import_recurrent(NodeContext& context) {
  GraphBuilder& builder = context.builder();
  const std::string direction = lower_case(context.string("direction", "forward"));
  if (direction != "forward" && direction != "reverse" && direction != "bidirectional") {
    return context.bad_attribute("direction", "is `{}`", context.string("direction", ""));
  }
  const size_t directions = direction == "bidirectional" ? 2 : 1;
  if (context.flag("input_forget", false)) return context.unsupported("`input_forget` = 1");
  LATHE_TRY_VOID(context.require_rank(kX, 3));
  LATHE_TRY_VOID(context.require_rank(kR, 3));
  const Dim& state = context.dims(kR)[2];
  const int64_t hidden_size = context.integer("hidden_size", 0);
  if (context.has("hidden_size") && context.symbols().prove_eq(state, Dim(hidden_size)) == Answer::No) {
    return context
        .error(DiagnosticKind::BadAttribute, "attribute `hidden_size` of `{}` is {}, but {} is `{}`: its state has {}",
               context.node().op_type, hidden_size, context.input_text(kR), text(context.tensor(kR)), state.text())
        .explain(context.module().origins, state)
        .emit();
  }
  LATHE_TRY(const std::string activation_text, activations(context, directions));
  const bool batch_first = context.flag("layout", false);
  std::vector<ValueId> operands;
  for (const size_t index : {kX, kW, kR, kB, kLengths, kState, kCell, kPeepholes}) {
    ValueId operand = context.input(index);
    const bool turned = index == kX || index == kState || index == kCell;
    if (batch_first && turned && operand.valid()) {
      LATHE_TRY_VOID(context.require_rank(index, 3));
      LATHE_TRY(operand, builder.transpose(operand, {1, 0, 2}));
    }
    if (index == kCell && context.row().target != "lstm") break;
    operands.push_back(operand);
  }
  std::vector<NamedAttribute> attributes{{"direction", direction}, {"activations", activation_text}};
  if (context.has("clip")) attributes.push_back({"clip", context.number("clip", 0)});
  if (context.row().target == "gru") {
    attributes.push_back({"linear_before_reset", context.flag("linear_before_reset", false)});
  }
  LATHE_TRY(std::vector<ValueId> results,
            builder.add(context.row().target, std::move(operands), std::move(attributes)));
  const Shape dims = builder.dims(results[0]);
  const Dim hidden = builder.dims(results[1])[2];
  LATHE_TRY(const ValueId split,
            builder.reshape(results[0], {dims[0], dims[1], Dim(static_cast<int64_t>(directions)), hidden}));
  LATHE_TRY(results[0], builder.transpose(split, batch_first ? Integers{1, 0, 2, 3} : Integers{0, 2, 1, 3}));
  for (size_t i = 1; i < results.size() && batch_first; ++i) {
    LATHE_TRY(results[i], builder.transpose(results[i], {1, 0, 2}));
  }
  return results;
}

constexpr OperatorRow kRecurrent[] = {
    {.name = "LSTM",
     .handler = import_recurrent,
     .min_inputs = 3,
     .max_inputs = 8,
     .attributes = "activation_alpha:fs activation_beta:fs activations:ss clip:f direction:s hidden_size:i "
                   "input_forget:i layout:i output_sequence:i",
     .target = "lstm"},
    {.name = "GRU",
     .handler = import_recurrent,
     .min_inputs = 3,
     .max_inputs = 6,
     .attributes = "activation_alpha:fs activation_beta:fs activations:ss clip:f direction:s hidden_size:i layout:i "
                   "linear_before_reset:i output_sequence:i",
     .target = "gru"},
    {.name = "RNN",
     .handler = import_recurrent,
     .min_inputs = 3,
     .max_inputs = 6,
     .attributes = "activation_alpha:fs activation_beta:fs activations:ss clip:f direction:s hidden_size:i layout:i "
                   "output_sequence:i",
     .target = "rnn"},
};

}  // namespace

std::span<const OperatorRow> recurrent_operators() { return kRecurrent; }

}  // namespace lathe::onnx
