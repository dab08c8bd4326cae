// Recurrent networks: lstm, gru and rnn over whole sequences, and the recurrence that they decompose into.
//
// Definitions: ONNX LSTM, GRU and RNN (22); PyTorch's layers are the cases gates = "ifgo", and gates = "rzn" with
// linear_before_reset. A row multiplies all steps by the input weights at once, as one matrix product, and leaves what
// goes from step to step to `recurrence`, whose weights lie in panels so that a step reads them in order.
#include <fmt/format.h>

#include <algorithm>

#include "ir/graph/builder.h"
#include "ir/graph/ops/recurrence_reference.h"
#include "ir/graph/ops/rows.h"
#include "ir/graph/recurrence.h"

namespace lathe {
namespace {

using Values = std::vector<ValueId>;

bool is_permutation_of(std::string_view text, std::string_view letters) {
  return text.size() == letters.size() &&
         std::all_of(letters.begin(), letters.end(), [&](char c) { return text.find(c) != std::string_view::npos; });
}

// The attributes `gates` and `activations` of a row for `cell`.
Status check_cell(InferContext& context, std::string_view cell) {
  const std::string& gates = context.string("gates");
  if (!gates.empty() && !is_permutation_of(gates, gate_letters(cell))) {
    return context
        .error(DiagnosticKind::BadAttribute, "`gates` of `{}` is `{}`, expected `{}` in some order", context.op().name,
               gates, gate_letters(cell))
        .emit();
  }
  const std::string& activations = context.string("activations");
  if (!activations.empty() && !are_activations(cell, activations)) {
    return context
        .error(DiagnosticKind::BadAttribute,
               "`activations` of `{}` is `{}`, expected as many as in `{}` out of sigmoid, tanh, relu, affine, "
               "hard_sigmoid, softsign",
               context.op().name, activations, default_activations(cell))
        .emit();
  }
  if (context.has("clip") && !(context.number("clip") > 0)) {
    return context
        .error(DiagnosticKind::BadAttribute, "`clip` of `{}` is {}, it must be above 0", context.op().name,
               context.number("clip"))
        .emit();
  }
  return {};
}

// Operand `index`, if given, must have these dims.
Status require_dims(InferContext& context, size_t index, const Shape& dims) {
  if (!context.has_operand(index)) return {};
  LATHE_TRY_VOID(context.require_rank(index, static_cast<int>(dims.size())));
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    const std::string message =
        fmt::format("`{}` {} of `{}` is `{}`, expected {}", context.op().operands[index].name,
                    context.operand_text(index), context.op().name, text(context.tensor(index)), text(dims));
    LATHE_TRY_VOID(
        context.require_equal(DiagnosticKind::ShapeMismatch, context.dims(index)[axis], dims[axis], message));
  }
  return {};
}

// ---- recurrence

Result<std::vector<Type>> infer_recurrence(InferContext& context) {
  const std::string& cell = context.string("cell");
  LATHE_TRY_VOID(check_cell(context, cell));
  LATHE_TRY_VOID(context.require_rank(0, 3));
  LATHE_TRY_VOID(context.require_rank(1, 4));
  const auto gates = static_cast<int64_t>(gate_count(cell));
  const Shape& projected = context.dims(0);
  const Dim hidden = context.dims(1)[1];
  LATHE_TRY_VOID(
      require_dims(context, 1, {ceildiv(hidden, kRecurrencePanel), hidden, Dim(gates), Dim(kRecurrencePanel)}));
  LATHE_TRY_VOID(require_dims(context, 0, {projected[0], projected[1], hidden * Dim(gates)}));
  const Shape state{projected[1], hidden};
  LATHE_TRY_VOID(require_dims(context, 2, state));
  LATHE_TRY_VOID(require_dims(context, 3, state));
  LATHE_TRY_VOID(require_dims(context, 4, {hidden * Dim(gates)}));
  LATHE_TRY_VOID(require_dims(context, 5, {projected[1]}));
  LATHE_TRY_VOID(require_dims(context, 6, {hidden * Dim(3)}));
  const ElementType element = context.tensor(0).element;
  for (size_t i = 1; i < context.operand_count(); ++i) {
    if (i == 5 || !context.has_operand(i) || context.tensor(i).element == element) continue;
    return context
        .error(DiagnosticKind::ElementTypeMismatch, "`{}` {} of `recurrence` is `{}`, expected {}",
               context.op().operands[i].name, context.operand_text(i), text(context.tensor(i)), text(element))
        .emit();
  }
  std::vector<Type> types = one_type(element, {projected[0], projected[1], hidden});
  types.emplace_back(TensorType{element, state});
  if (cell == "lstm") types.emplace_back(TensorType{element, state});
  return types;
}

// ---- lstm, gru, rnn

// Where the operands of the three rows stand; lstm alone has cell states and peepholes.
struct Operands {
  static constexpr size_t kX = 0, kWeight = 1, kRecurrent = 2, kBias = 3, kLengths = 4, kState = 5, kCell = 6,
                          kPeepholes = 7;
};

Result<std::vector<Type>> infer_network(InferContext& context) {
  const std::string_view cell = context.op().name;
  LATHE_TRY_VOID(check_cell(context, cell));
  LATHE_TRY_VOID(context.require_rank(Operands::kX, 3));
  LATHE_TRY_VOID(context.require_rank(Operands::kRecurrent, 3));
  const auto gates = static_cast<int64_t>(gate_count(cell));
  const Shape x = context.dims(Operands::kX);
  const Dim directions = context.string("direction") == "bidirectional" ? 2 : 1;
  const Dim hidden = context.dims(Operands::kRecurrent)[2];
  const Dim rows = hidden * Dim(gates);
  LATHE_TRY_VOID(require_dims(context, Operands::kRecurrent, {directions, rows, hidden}));
  LATHE_TRY_VOID(require_dims(context, Operands::kWeight, {directions, rows, x[2]}));
  LATHE_TRY_VOID(require_dims(context, Operands::kBias, {directions, rows * Dim(2)}));
  LATHE_TRY_VOID(require_dims(context, Operands::kLengths, {x[1]}));
  const Shape state{directions, x[1], hidden};
  LATHE_TRY_VOID(require_dims(context, Operands::kState, state));
  if (cell == "lstm") {
    LATHE_TRY_VOID(require_dims(context, Operands::kCell, state));
    LATHE_TRY_VOID(require_dims(context, Operands::kPeepholes, {directions, hidden * Dim(3)}));
  }
  const ElementType element = context.tensor(Operands::kX).element;
  const Dim features =
      directions.is_constant(2) ? context.computed(hidden * Dim(2), "two directions", {hidden}) : hidden;
  std::vector<Type> types = one_type(element, {x[0], x[1], features});
  types.emplace_back(TensorType{element, state});
  if (cell == "lstm") types.emplace_back(TensorType{element, state});
  return types;
}

/// Builds one direction after the other.
class NetworkWriter {
 public:
  NetworkWriter(GraphBuilder& builder, const NodeView& node)
      : builder_(builder),
        node_(node),
        wide_(wide_type(node.tensor(0).element)),
        gates_(static_cast<int64_t>(gate_count(node.op().name))),
        hidden_(node.dims(Operands::kRecurrent)[2]),
        linear_before_reset_(node.op().name == "gru" && node.boolean("linear_before_reset")) {}

  Result<Values> run() {
    const std::string& direction = node_.string("direction");
    const int64_t directions = direction == "bidirectional" ? 2 : 1;
    std::vector<Values> parts;
    for (int64_t d = 0; d < directions; ++d) {
      LATHE_TRY(Values part, write_direction(d, d == 1 || direction == "reverse"));
      parts.push_back(std::move(part));
    }
    Values results;
    for (size_t i = 0; i < parts[0].size(); ++i) {
      Values joined;
      for (const Values& part : parts) {
        ValueId value = part[i];
        if (i > 0) {
          LATHE_TRY(value, builder_.unsqueeze(value, {0}));
        }
        joined.push_back(value);
      }
      ValueId result = joined[0];
      if (directions > 1) {
        LATHE_TRY(result, builder_.one("concat", joined, {{"axis", int64_t{i == 0 ? 2 : 0}}}));
      }
      LATHE_TRY(result, builder_.cast(result, node_.tensor(0).element));
      results.push_back(result);
    }
    return results;
  }

 private:
  // One direction of an operand in the wide type; an invalid id when it isn't given.
  Result<ValueId> take(size_t operand, int64_t direction) {
    if (!node_.has_operand(operand)) return ValueId();
    LATHE_TRY(const ValueId wide, builder_.cast(node_.operand(operand), wide_));
    const Shape dims = builder_.dims(wide);
    Shape starts(dims.size(), Dim(0));
    Shape limits = dims;
    starts[0] = direction;
    limits[0] = direction + 1;
    ValueId part = wide;
    if (!dims[0].is_constant(1)) {
      LATHE_TRY(part, builder_.slice(wide, starts, limits, Integers(dims.size(), 1)));
    }
    return builder_.squeeze(part, {0});
  }

  Result<ValueId> half(ValueId bias, bool second) {
    const Dim rows = hidden_ * Dim(gates_);
    return builder_.slice(bias, {second ? rows : Dim(0)}, {second ? rows * Dim(2) : rows}, {1});
  }

  // x * w^T + bias over all steps: [T, N, gates * H].
  Result<ValueId> project(int64_t direction, ValueId bias) {
    LATHE_TRY(const ValueId x, builder_.cast(node_.operand(Operands::kX), wide_));
    LATHE_TRY(const ValueId weight, take(Operands::kWeight, direction));
    const Shape dims = builder_.dims(x);
    LATHE_TRY(const ValueId rows, builder_.reshape(x, {dims[0] * dims[1], dims[2]}));
    LATHE_TRY(ValueId sums, builder_.one("matmul", {rows, weight}, {{"transpose_b", true}}));
    if (bias.valid()) {
      LATHE_TRY(sums, builder_.one("add", {sums, bias}));
    }
    return builder_.reshape(sums, {dims[0], dims[1], hidden_ * Dim(gates_)});
  }

  // [gates * H, H] as panels [ceil(H / 16), H, gates, 16], missing columns 0.
  Result<ValueId> panels(ValueId recurrent) {
    const Dim count = ceildiv(hidden_, kRecurrencePanel);
    const Dim padded = count * Dim(kRecurrencePanel);
    LATHE_TRY(ValueId value, builder_.reshape(recurrent, {Dim(gates_), hidden_, hidden_}));
    if (!(padded == hidden_)) {
      LATHE_TRY(value,
                builder_.one("pad", {value}, {{"low", Shape{0, 0, 0}}, {"high", Shape{0, padded - hidden_, 0}}}));
    }
    LATHE_TRY(value, builder_.reshape(value, {Dim(gates_), count, Dim(kRecurrencePanel), hidden_}));
    return builder_.transpose(value, {1, 3, 0, 2});
  }

  Result<Values> write_direction(int64_t direction, bool reverse) {
    LATHE_TRY(ValueId bias, take(Operands::kBias, direction));
    ValueId recurrent_bias;
    if (bias.valid()) {
      LATHE_TRY(const ValueId first, half(bias, false));
      LATHE_TRY(const ValueId second, half(bias, true));
      bias = first;
      if (linear_before_reset_) {
        recurrent_bias = second;
      } else {
        LATHE_TRY(bias, builder_.one("add", {first, second}));
      }
    }
    LATHE_TRY(const ValueId projected, project(direction, bias));
    LATHE_TRY(const ValueId recurrent, take(Operands::kRecurrent, direction));
    LATHE_TRY(const ValueId weights, panels(recurrent));
    LATHE_TRY(const ValueId state, take(Operands::kState, direction));
    const bool lstm = node_.op().name == "lstm";
    ValueId cell;
    ValueId peepholes;
    if (lstm) {
      LATHE_TRY(cell, take(Operands::kCell, direction));
      LATHE_TRY(peepholes, take(Operands::kPeepholes, direction));
    }
    const ValueId lengths = node_.has_operand(Operands::kLengths) ? node_.operand(Operands::kLengths) : ValueId();
    return builder_.add("recurrence", {projected, weights, state, cell, recurrent_bias, lengths, peepholes},
                        {{"cell", std::string(node_.op().name)},
                         {"gates", node_.attribute("gates")},
                         {"activations", node_.attribute("activations")},
                         {"clip", node_.attribute("clip")},
                         {"linear_before_reset", linear_before_reset_},
                         {"reverse", reverse}});
  }

  GraphBuilder& builder_;
  const NodeView& node_;
  ElementType wide_;
  int64_t gates_;
  Dim hidden_;
  bool linear_before_reset_;
};

Result<Values> expand_network(GraphBuilder& builder, const NodeView& node) {
  return NetworkWriter(builder, node).run();
}

// ---- rows

constexpr std::string_view kDirections[] = {"forward", "reverse", "bidirectional"};
constexpr std::string_view kCells[] = {"lstm", "gru", "rnn"};
constexpr ElementSet kLengths = set_of(ElementType::I32) | set_of(ElementType::I64);

AttributeDef activations_attribute(std::string_view which) {
  return {"activations", AttributeKind::String, std::string_view(""), which};
}

constexpr AttributeDef kClip = {"clip", AttributeKind::Float, None{},
                                "sums are kept within +-clip before they are activated"};

std::vector<OperandDef> network_operands(std::string_view gates, bool lstm) {
  std::vector<OperandDef> operands = {
      {"x", kAnyFloat, OperandKind::Required, "[T, N, I]: N sequences of T steps"},
      {"weight", kAnyFloat, OperandKind::Required, gates},
      {"recurrent", kAnyFloat, OperandKind::Required, "[D, gates * H, H]: weights of the state of the step before"},
      {"bias", kAnyFloat, OperandKind::Optional,
       "[D, 2 * gates * H]: what is added to the sums of x, then to those of the state"},
      {"lengths", kLengths, OperandKind::Optional,
       "[N]: how many steps each sequence has; outputs behind its end are 0; absent: T"},
      {"initial_state", kAnyFloat, OperandKind::Optional, "[D, N, H]; absent: 0"}};
  if (lstm) {
    operands.push_back({"initial_cell", kAnyFloat, OperandKind::Optional, "[D, N, H]; absent: 0"});
    operands.push_back(
        {"peepholes", kAnyFloat, OperandKind::Optional, "[D, 3 * H]: weights of the cell state in the gates i, o, f"});
  }
  return operands;
}

OpDef network_row(std::string_view name, std::string_view doc, std::string_view weight_doc, std::string_view gates_doc,
                  std::string_view activations_doc) {
  OpDef row{.name = name,
            .doc = doc,
            .operands = network_operands(weight_doc, name == "lstm"),
            .attributes = {{"direction", AttributeKind::String, std::string_view("forward"),
                            "which way the steps are taken; bidirectional: both, D = 2", kDirections},
                           {"gates", AttributeKind::String, std::string_view(""), gates_doc},
                           activations_attribute(activations_doc),
                           kClip},
            .exactness = Exactness::Approximate,
            .infer = infer_network,
            .semantics = Decompose{expand_network},
            .results = name == "lstm" ? 3u : 2u};
  if (name == "gru") {
    row.attributes.push_back({"linear_before_reset", AttributeKind::Boolean, false,
                              "the reset gate multiplies the candidate's recurrent sum, not the state"});
  }
  return row;
}

}  // namespace

std::span<const OpDef> recurrent_ops() {
  static const std::vector<OpDef> rows = {
      network_row("lstm",
                  "long short-term memory over sequences: c' = f(f) * c + f(i) * g(g), h' = f(o) * h(c'); gives the "
                  "states of all steps [T, N, D * H], the last states and the last cell states [D, N, H]",
                  "[D, 4 * H, I]: weights of x for the gates, one after the other",
                  "the order of input, output, forget gate and candidate in the weights; empty: \"iofg\"",
                  "f, g and h; empty: \"sigmoid tanh tanh\""),
      network_row(
          "gru",
          "gated recurrent units over sequences: h' = (1 - f(z)) * n + f(z) * h with n = g(x_n + (f(r) * h)_n); "
          "gives the states of all steps [T, N, D * H] and the last ones [D, N, H]",
          "[D, 3 * H, I]: weights of x for the gates, one after the other",
          "the order of update and reset gate and candidate in the weights; empty: \"zrn\"",
          "f and g; empty: \"sigmoid tanh\""),
      network_row("rnn",
                  "a plain recurrent network over sequences: h' = f(x_n + h_n); gives the states of all steps [T, N, D "
                  "* H] and the last ones [D, N, H]",
                  "[D, H, I]: weights of x", "the one letter \"n\", or empty", "f; empty: \"tanh\""),
      {.name = "recurrence",
       .doc = "the steps of lstm, gru or rnn in one direction, after x was multiplied by its weights; gives the states "
              "of all steps [T, N, H], the last states and (lstm) the last cell states [N, H]. Recurrent sums run in "
              "the order of the state, fused",
       .operands = {{"projected", set_of(ElementType::F32) | set_of(ElementType::F64), OperandKind::Required,
                     "[T, N, gates * H]: the sums of x, biases included"},
                    {"recurrent", set_of(ElementType::F32) | set_of(ElementType::F64), OperandKind::Required,
                     "[ceil(H / 16), H, gates, 16]: weights of the state in panels of 16 columns"},
                    {"initial_state", kAnyFloat, OperandKind::Optional, "[N, H]; absent: 0"},
                    {"initial_cell", kAnyFloat, OperandKind::Optional, "[N, H], of lstm; absent: 0"},
                    {"recurrent_bias", kAnyFloat, OperandKind::Optional,
                     "[gates * H]: added to the recurrent sums; needed for linear_before_reset only"},
                    {"lengths", kLengths, OperandKind::Optional, "[N]: as in lstm"},
                    {"peepholes", kAnyFloat, OperandKind::Optional, "[3 * H]: as in lstm"}},
       .attributes = {{"cell", AttributeKind::String, Required{}, "whose steps", kCells},
                      {"gates", AttributeKind::String, std::string_view(""), "as in the row that `cell` names"},
                      activations_attribute("as in the row that `cell` names"),
                      kClip,
                      {"linear_before_reset", AttributeKind::Boolean, false, "as in gru"},
                      {"reverse", AttributeKind::Boolean, false, "from the last step to the first"}},
       .exactness = Exactness::Approximate,
       .infer = infer_recurrence,
       .semantics = Call{"recurrence", recurrence_reference},
       .results = 2,
       .variadic_results = true},
  };
  return rows;
}

}  // namespace lathe
