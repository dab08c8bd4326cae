// Recurrent layers as rows of the graph.
#include "compiler/frontend/torch/sequence/recurrence.h"

#include "compiler/frontend/torch/nn/formula.h"

namespace lathe::torch {
namespace {

// PyTorch's order of the gates, in the letters of the rows.
std::string gate_order(const RecurrentKind& kind) {
  return kind.row == "lstm" ? "ifgo" : kind.row == "gru" ? "rzn" : "";
}

// [D, ...] of one parameter a direction.
ValueId stacked(Formula& formula, const std::vector<ValueId>& parts) {
  std::vector<ValueId> rows;
  for (const ValueId part : parts) rows.push_back(formula.unsqueeze(part, {0}));
  return rows.size() == 1 ? rows[0] : formula.concat(rows, 0);
}

}  // namespace

Result<LayerResults> recurrent_layer(const Operation& operation, const RecurrentKind& kind,
                                     const std::string& nonlinearity, ValueId x,
                                     const std::vector<DirectionWeights>& weights, const std::vector<ValueId>& states) {
  Formula formula(operation);
  std::vector<ValueId> inputs;
  std::vector<ValueId> recurrents;
  std::vector<ValueId> biases;
  for (const DirectionWeights& each : weights) {
    inputs.push_back(each.input);
    recurrents.push_back(each.recurrent);
    if (each.input_bias.valid()) biases.push_back(formula.concat({each.input_bias, each.recurrent_bias}, 0));
  }
  std::vector<ValueId> operands{x, stacked(formula, inputs), stacked(formula, recurrents),
                                biases.empty() ? ValueId() : stacked(formula, biases), ValueId()};
  operands.insert(operands.end(), states.begin(), states.end());
  if (!formula.ok()) return Failure{};
  std::vector<NamedAttribute> attributes{{"direction", weights.size() == 2 ? "bidirectional" : "forward"},
                                         {"gates", gate_order(kind)},
                                         {"activations", nonlinearity}};
  if (kind.row == "gru") attributes.push_back({"linear_before_reset", true});
  LATHE_TRY(const std::vector<ValueId> results,
            operation.builder().add(kind.row, std::move(operands), std::move(attributes)));
  return LayerResults{results[0], {results.begin() + 1, results.end()}};
}

Status require_input_size(const Operation& operation, ValueId x, int64_t wanted) {
  const Dim& have = operation.dims(x).back();
  const std::string message = fmt::format("{} wants {} on the last axis, its input has {}: {}", operation.name(),
                                          counted(Dim(wanted), "feature"), have.python_text(), operation.shape_text(x));
  return operation.require_equal(DiagnosticKind::FeatureMismatch, "RuntimeError", have, Dim(wanted), message);
}

namespace {

Result<ValueId> initial_state(const Operation& operation, const Value& given, std::string_view name, const Shape& dims,
                              ElementType element) {
  LATHE_TRY(const ValueId state, operation.value(given, name));
  const Shape& have = operation.dims(state);
  const std::string message = fmt::format("{} wants {} of shape {}, it gets {}", operation.name(), name,
                                          python_shape(dims), python_shape(have));
  if (have.size() != dims.size()) {
    return operation.error(DiagnosticKind::RankMismatch, "RuntimeError", "{}", message).emit();
  }
  for (size_t axis = 0; axis < dims.size(); ++axis) {
    LATHE_TRY_VOID(
        operation.require_equal(DiagnosticKind::ShapeMismatch, "RuntimeError", have[axis], dims[axis], message));
  }
  LATHE_TRY_VOID(operation.require_element(state, element, "its weight"));
  return state;
}

}  // namespace

Result<std::vector<ValueId>> initial_states(const Operation& operation, const RecurrentKind& kind, const Value& hx,
                                            const Shape& dims, ElementType element) {
  if (is_none(hx)) return std::vector<ValueId>{};
  if (kind.states == 1) {
    LATHE_TRY(const ValueId state, initial_state(operation, hx, "h_0", dims, element));
    return std::vector<ValueId>{state};
  }
  const Heap& heap = operation.evaluator().heap();
  std::vector<Value> items;
  if (const auto* tuple = heap.as<TupleObject>(hx)) items = tuple->items;
  if (const auto* list = heap.as<ListObject>(hx)) items = list->items;
  if (items.size() != 2) {
    return operation
        .error(DiagnosticKind::BadArgument, "RuntimeError", "{} takes its state as a pair (h_0, c_0), it gets {}",
               operation.name(), operation.evaluator().describe(hx))
        .emit();
  }
  if (is_unknown(items[0]) || is_unknown(items[1])) return Failure{};
  LATHE_TRY(const ValueId h, initial_state(operation, items[0], "h_0", dims, element));
  LATHE_TRY(const ValueId c, initial_state(operation, items[1], "c_0", dims, element));
  return std::vector<ValueId>{h, c};
}

}  // namespace lathe::torch
