// How nodes pass axes on.
#include "compiler/frontend/torch/lint/value_flow.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

#include "ir/graph/op.h"

namespace lathe::torch {
namespace {

constexpr size_t kMostAxes = 32;
constexpr ValueTraits kNone{};

/// For each axis of a result the axis of an operand that it is; nothing where it is none.
using AxisMap = std::vector<std::optional<size_t>>;

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_window(std::string_view op) {
  return is_one_of(op, {"conv", "conv_transpose", "max_pool", "average_pool", "lp_pool"});
}
bool keeps_axes(std::string_view op) {
  return is_one_of(
      op, {"softmax", "log_softmax", "batch_norm", "layer_norm", "group_norm", "instance_norm", "rms_norm",
           "lp_normalize", "mean_variance_normalize", "cumsum", "cumprod", "pad", "slice", "resize", "concat"});
}

/// Operands that broadcast: axes are aligned at the end.
AxisMap aligned(const Shape& operand, const Shape& result) {
  AxisMap map(result.size());
  if (operand.size() > result.size()) return map;
  const size_t shift = result.size() - operand.size();
  for (size_t axis = shift; axis < result.size(); ++axis) {
    if (operand[axis - shift] == result[axis]) map[axis] = axis - shift;
  }
  return map;
}

AxisMap same(const Shape& operand, const Shape& result) {
  AxisMap map(result.size());
  for (size_t axis = 0; axis < result.size() && axis < operand.size(); ++axis) {
    if (operand[axis] == result[axis]) map[axis] = axis;
  }
  return map;
}

/// Axes that a reshape leaves alone. Groups of axes that it joins or splits are skipped as long as sizes are known.
AxisMap reshaped(const Shape& from, const Shape& to) {
  AxisMap map(to.size());
  size_t i = 0;
  size_t j = 0;
  while (i < from.size() && j < to.size()) {
    if (from[i] == to[j]) {
      map[j++] = i++;
    } else if (from[i].is_constant(1)) {
      ++i;
    } else if (to[j].is_constant(1)) {
      ++j;
    } else {
      Dim left = from[i++];
      Dim right = to[j++];
      while (!(left == right)) {
        if (!left.is_constant() || !right.is_constant()) return map;
        if (left.constant() < right.constant()) {
          if (i == from.size()) return map;
          left *= from[i++];
        } else {
          if (j == to.size()) return map;
          right *= to[j++];
        }
      }
    }
  }
  return map;
}

AxisMap reduced(const Integers& axes, bool keep_dims, size_t rank) {
  AxisMap map;
  for (size_t axis = 0; axis < rank; ++axis) {
    const bool is_gone = std::find(axes.begin(), axes.end(), static_cast<int64_t>(axis)) != axes.end();
    if (!is_gone) map.emplace_back(axis);
    if (is_gone && keep_dims) map.emplace_back(std::nullopt);
  }
  return map;
}

AxisMap multiplied(const NodeView& view, size_t operand) {
  const Shape& dims = view.dims(operand);
  const Shape& result = view.result().dims;
  AxisMap map(result.size());
  if (view.dims(0).size() < 2 || view.dims(1).size() < 2) {
    // A vector on one side: the axes of the other but the contracted one.
    if (operand == 0 && dims.size() >= 2) {
      for (size_t axis = 0; axis < result.size() && axis + 1 < dims.size(); ++axis) map[axis] = axis;
    }
    return map;
  }
  const size_t shift = result.size() - dims.size();
  for (size_t axis = shift; axis < result.size(); ++axis) {
    const bool is_row = axis + 2 == result.size();
    const bool is_column = axis + 1 == result.size();
    if ((is_row && (operand == 1 || view.boolean("transpose_a"))) || (is_column && operand == 0)) continue;
    if (is_column && view.boolean("transpose_b")) {
      map[axis] = dims.size() - 2;
    } else if (dims[axis - shift] == result[axis]) {
      map[axis] = axis - shift;
    }
  }
  return map;
}

AxisMap gathered(const NodeView& view, size_t operand) {
  const size_t data = view.dims(0).size();
  const size_t indices = view.dims(1).size();
  const int64_t given = view.integer("axis");
  const size_t at = static_cast<size_t>(given < 0 ? given + static_cast<int64_t>(data) : given);
  AxisMap map(view.result().dims.size());
  for (size_t axis = 0; axis < map.size(); ++axis) {
    const bool is_index = axis >= at && axis < at + indices;
    if (operand == 1 && is_index) map[axis] = axis - at;
    if (operand == 0 && !is_index) map[axis] = axis < at ? axis : axis + 1 - indices;
  }
  return map;
}

/// Nothing when the operand says nothing about the axes of the result.
std::optional<AxisMap> axis_map(const NodeView& view, size_t operand) {
  const std::string_view op = view.op().name;
  const Shape& from = view.dims(operand);
  const Shape& to = view.result().dims;
  if (form<Elementwise>(view.op()) != nullptr || op == "expand" || op == "cast" || op == "where") {
    return aligned(from, to);
  }
  if (op == "concat") {
    AxisMap map = same(from, to);
    const int64_t axis = view.integer("axis");
    if (axis >= 0 && static_cast<size_t>(axis) < map.size()) map[static_cast<size_t>(axis)].reset();
    return map;
  }
  if (op == "gather") return operand < 2 ? std::optional(gathered(view, operand)) : std::nullopt;
  if (op == "gather_elements") return same(from, to);
  if (op == "matmul") return multiplied(view, operand);
  if (operand != 0) return std::nullopt;
  if (keeps_axes(op)) return same(from, to);
  if (op == "reshape") return reshaped(from, to);
  if (op == "transpose") {
    AxisMap map;
    for (const int64_t axis : view.integers("permutation")) map.emplace_back(static_cast<size_t>(axis));
    return map;
  }
  if (op.starts_with("reduce_")) return reduced(view.integers("axes"), view.boolean("keep_dims"), from.size());
  if (op.starts_with("arg_")) return reduced({view.integer("axis")}, view.boolean("keep_dims"), from.size());
  if (is_window(op) && !from.empty() && !to.empty()) {
    AxisMap map(to.size());
    if (from[0] == to[0]) map[0] = 0;
    return map;
  }
  return std::nullopt;
}

bool adds_leading_axis(const Shape& from, const Shape& to) {
  return to.size() == from.size() + 1 && to[0].is_constant(1) && std::equal(from.begin(), from.end(), to.begin() + 1);
}

}  // namespace

ValueFlow::ValueFlow(const Module& module, const Hints& hints) : module_(module), hints_(hints) {
  for (const ValueId input : module.graph.inputs()) add_input(input, hints.samples.contains(input));
  for (const NodeId node : module.graph.nodes_in(Graph::root())) visit(node);
}

const ValueTraits& ValueFlow::traits(ValueId value) const {
  const auto found = rows_.find(value);
  return found == rows_.end() ? kNone : found->second;
}

bool ValueFlow::depends_on(ValueId value, ValueId source) const {
  std::vector<ValueId> waiting{value};
  std::unordered_set<ValueId> seen;
  while (!waiting.empty()) {
    const ValueId at = waiting.back();
    waiting.pop_back();
    if (at == source) return true;
    const NodeId producer = module_.graph.value(at).producer;
    // Operands are older than results: nothing before the source can depend on it.
    if (!producer.valid() || at.index < source.index) continue;
    for (const ValueId operand : module_.graph.node(producer).operands) {
      if (operand.valid() && seen.insert(operand).second) waiting.push_back(operand);
    }
  }
  return false;
}

void ValueFlow::add_input(ValueId input, bool is_batch) {
  const TensorType* type = module_.graph.value(input).type.as_tensor();
  if (type == nullptr || !type->ranked) return;
  ValueTraits& row = rows_[input];
  row.from_input = true;
  if (is_batch && !type->dims.empty()) row.batch = 0;
  for (size_t axis = 1; is_batch && axis < type->dims.size() && axis < kMostAxes; ++axis) {
    if (type->dims[axis].is_constant(1)) row.units |= uint64_t{1} << axis;
  }
}

void ValueFlow::visit_several(const Node& node) {
  const bool from_input = std::any_of(node.operands.begin(), node.operands.end(),
                                      [&](ValueId operand) { return operand.valid() && traits(operand).from_input; });
  // A recurrent layer: (T, N, features), then states (layers, N, features).
  const bool is_recurrent = is_one_of(node.op->name, {"lstm", "gru", "rnn"});
  const std::optional<size_t> batch = is_recurrent ? traits(node.operands[0]).batch : std::nullopt;
  for (size_t index = 0; index < node.results.size(); ++index) {
    ValueTraits& row = rows_[node.results[index]];
    row.from_input = from_input;
    if (index == 0 || batch == size_t{1}) row.batch = batch;
  }
}

void ValueFlow::visit(NodeId id) {
  const Graph& graph = module_.graph;
  const Node& node = graph.node(id);
  if (node.results.size() != 1) return visit_several(node);
  const TensorType* type = graph.value(node.results[0]).type.as_tensor();
  if (type == nullptr || !type->ranked || type->dims.size() > kMostAxes) return;
  const Shape& dims = type->dims;
  const ExistingNodeView view(module_, id);
  const std::string_view op = node.op->name;
  const bool is_elementwise = form<Elementwise>(*node.op) != nullptr || op == "cast" || op == "where";
  ValueTraits row;
  bool contradicts = false;
  bool has_unasked_unit = false;
  for (size_t index = 0; index < node.operands.size(); ++index) {
    const ValueId operand = node.operands[index];
    if (!operand.valid()) continue;
    const TensorType* from = graph.value(operand).type.as_tensor();
    if (from == nullptr || !from->ranked || from->dims.size() > kMostAxes) continue;
    const ValueTraits& given = traits(operand);
    row.from_input = row.from_input || given.from_input;
    has_unasked_unit = has_unasked_unit || given.units != 0;
    const std::optional<AxisMap> map = axis_map(view, index);
    if (!map) continue;
    for (size_t axis = 0; axis < map->size() && axis < dims.size(); ++axis) {
      if (!(*map)[axis]) continue;
      const size_t source = *(*map)[axis];
      if (given.batch == source) {
        contradicts = contradicts || (row.batch && *row.batch != axis);
        row.batch = axis;
      }
      row.units |= ((given.units >> source) & 1U) << axis;
      row.features |= ((given.features >> source) & 1U) << axis;
    }
    const bool same_shape = from->dims == dims;
    if (is_elementwise && same_shape) {
      row.is_map = row.is_map || given.is_map;
      row.is_unbatched = row.is_unbatched || given.is_unbatched;
    } else if (keeps_axes(op) && index == 0 && op != "layer_norm") {
      row.is_map = given.is_map;
      row.is_unbatched = given.is_unbatched && same_shape;
    }
  }
  if (contradicts) row.batch.reset();
  const auto is_wrapped = [&](ValueId value, auto&& fits) {
    const NodeId producer = graph.value(value).producer;
    if (!producer.valid()) return false;
    const Node& inner = graph.node(producer);
    return inner.location == node.location && fits(inner);
  };
  if (is_window(op) || op == "resize") {
    row.is_map = dims.size() >= 3;
    const ValueId x = node.operands[0];
    row.is_unbatched = is_wrapped(x, [&](const Node& inner) {
      return std::string_view(inner.op->name) == "reshape" && inner.operands[0].valid() &&
             adds_leading_axis(graph.tensor(inner.operands[0]).dims, graph.tensor(x).dims);
    });
    if (row.is_unbatched) row.is_map = false;
    if (op == "conv" && dims.size() >= 3 && dims[1].is_constant(1)) row.features |= 2U;
  } else if (op == "reshape") {
    const ValueId x = node.operands[0];
    row.is_unbatched = traits(x).is_unbatched && adds_leading_axis(dims, graph.tensor(x).dims) &&
                       is_wrapped(x, [](const Node&) { return true; });
    // (N, 1, 1, 1) as (N, 1): still nobody's wish.
    const bool drops_axes = graph.tensor(x).dims.size() > dims.size();
    if (drops_axes && has_unasked_unit && dims.size() >= 2 && dims.back().is_constant(1)) {
      row.units |= uint64_t{1} << (dims.size() - 1);
    }
  } else if (op == "matmul" && !dims.empty() && dims.back().is_constant(1) &&
             graph.tensor(node.operands[1]).dims.size() == 2 && !traits(node.operands[1]).from_input) {
    row.features |= uint64_t{1} << (dims.size() - 1);
  }
  row.units |= row.features;
  if (hints_.maps.contains(node.results[0])) row.is_map = !row.is_unbatched;
  if (const auto same = hints_.same_axes.find(node.results[0]); same != hints_.same_axes.end() && !row.batch) {
    const std::optional<size_t> batch = traits(same->second).batch;
    const Shape& before = graph.tensor(same->second).dims;
    if (batch && *batch < dims.size() && *batch < before.size() && dims[*batch] == before[*batch]) row.batch = batch;
  }
  rows_[node.results[0]] = row;
}

}  // namespace lathe::torch
