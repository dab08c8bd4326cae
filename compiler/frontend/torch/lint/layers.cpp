// Layers that take an input of a kind they were hardly made for: a Linear on a feature map, a batch norm on one sample.
#include <fmt/format.h>

#include <algorithm>
#include <deque>
#include <unordered_set>

#include "compiler/frontend/torch/lint/trace.h"
#include "compiler/frontend/torch/nn/operation.h"
#include "ir/graph/op.h"

namespace lathe::torch {
namespace {

/// Where a warning about a layer stands: in a container its constructor, else the expression that calls it.
struct LayerPlace {
  LocationId primary;
  LocationId other;
  bool is_constructor = false;
};

LayerPlace place_of(const Trace& trace, const LayerRecord& record) {
  const std::vector<const LayerRecord*> calls = trace.calls_around(record);
  const bool in_container = !calls.empty() && calls.front()->type == "Sequential" && record.created.valid();
  if (in_container || !record.call.valid()) return {record.created, record.call, true};
  return {record.call, record.created, false};
}

/// What becomes of a value says what was meant: that a map has lost its columns goes unnoticed only where further
/// Linears and activations lead to a result of the model.
bool is_used_as_map(const Trace& trace, ValueId value) {
  std::deque<ValueId> waiting{value};
  std::unordered_set<ValueId> seen{value};
  while (!waiting.empty()) {
    const ValueId at = waiting.front();
    waiting.pop_front();
    for (const Use& use : trace.graph().value(at).uses) {
      const Node& node = trace.graph().node(use.node);
      const std::string_view op = trace.op(use.node);
      if (op == "return") continue;
      const bool is_pointwise = form<Elementwise>(*node.op) != nullptr || op == "softmax" || op == "log_softmax" ||
                                (op == "matmul" && use.operand == 0);
      if (!is_pointwise || node.results.size() != 1) return true;
      for (const ValueId operand : node.operands) {
        // Added to a map, or weighing one.
        if (operand.valid() && !(operand == at) && trace.traits(operand).from_input && !seen.contains(operand))
          return true;
      }
      if (seen.insert(node.results[0]).second) waiting.push_back(node.results[0]);
    }
  }
  return false;
}

bool is_kind_of(const Trace& trace, const LayerRecord& record, std::string_view path) {
  return trace.evaluator().is_instance(Value(record.module), trace.evaluator().library_object(path));
}

void check_linear(Trace& trace, const LayerRecord& record) {
  if (record.input_values.size() != 1 || record.output_values.size() != 1) return;
  const ValueId x = record.input_values[0];
  const ValueId y = record.output_values[0];
  if (!trace.is_tensor(x) || !trace.is_tensor(y)) return;
  const Shape& dims = trace.dims(x);
  if (dims.size() < 4 || dims.size() > 5 || !trace.traits(x).is_map || !is_kind_of(trace, record, "torch.nn.Linear"))
    return;
  if (is_used_as_map(trace, y)) return;
  const LayerPlace place = place_of(trace, record);
  const std::string along = "W";
  auto warning = trace.warn(place.primary, DiagnosticKind::LinearOnFeatureMap,
                            fmt::format("{} is applied to a feature map {}: it mixes along {}, and gives {}",
                                        record.type, trace.shape_text(x), along, trace.shape_text(y)));
  if (!warning) return;
  std::vector<Value> operands;
  for (const Dim& dim : dims) operands.emplace_back(dim);
  trace.note(record.module, std::move(operands));
  // The layer that made the map.
  for (auto maker = trace.records().rbegin(); maker != trace.records().rend(); ++maker) {
    const bool makes = maker->output_values.size() == 1 && maker->output_values[0] == x && maker->type != "Sequential";
    if (!makes || maker->end_node > record.first_node || maker->module == record.module) continue;
    static_cast<void>(std::move(*warning).label(place_of(trace, *maker).primary,
                                                fmt::format("made by this {}; axes are {}", maker->type,
                                                            dims.size() == 4 ? "(N, C, H, W)" : "(N, C, D, H, W)")));
    break;
  }
  std::vector<const LayerRecord*> calls = trace.calls_around(record);
  static_cast<void>(
      std::move(*warning)
          .note(fmt::format("the same {} numbers are used for every channel and row; each result sees one row of "
                            "one channel",
                            dims.back().python_text()))
          .note("a comment `# shape: last axis` on this line says that the last axis is meant"));
  if (!calls.empty()) trace.add_calls(*warning, calls, place.primary);
  static_cast<void>(std::move(*warning).layer(record.path == "?" ? "" : record.path).emit());
}

void check_norm(Trace& trace, const LayerRecord& record) {
  if (record.type.find("Norm") == std::string::npos || record.input_values.size() != 1) return;
  const ValueId x = record.input_values[0];
  if (!trace.is_tensor(x) || !trace.traits(x).is_unbatched) return;
  const bool is_norm = is_kind_of(trace, record, "torch.nn.BatchNorm1d") ||
                       is_kind_of(trace, record, "torch.nn.BatchNorm2d") ||
                       is_kind_of(trace, record, "torch.nn.GroupNorm");
  if (!is_norm) return;
  const Shape& dims = trace.dims(x);
  const LayerPlace place = place_of(trace, record);
  const std::string size = dims[0].python_text();
  const bool to_maps = dims.size() == 3 && record.type == "BatchNorm1d";
  auto warning =
      trace.warn(place.primary, DiagnosticKind::BatchAxisByCoincidence,
                 fmt::format("{} takes the {} channels of one sample {} for a batch of {}, and its rows for channels",
                             record.type, size, trace.shape_text(x), size));
  if (!warning) return;
  trace.note(record.module, {integer(static_cast<int64_t>(dims.size()))});
  static_cast<void>(
      std::move(*warning)
          .note(fmt::format("axis 1 has the size {} by coincidence: an input of another size fails here",
                            dims[1].python_text()))
          .note(fmt::format("a convolution takes one sample without a batch axis, this layer does not: give "
                            "the model a batch of one, `x.unsqueeze(0)`{}",
                            to_maps ? ", and use BatchNorm2d" : "")));
  trace.add_calls(*warning, trace.calls_around(record), place.primary);
  static_cast<void>(std::move(*warning).layer(record.path == "?" ? "" : record.path).emit());
}

}  // namespace

void check_layers(Trace& trace) {
  for (const LayerRecord& record : trace.records()) {
    if (!trace.is_checked(record)) continue;
    check_linear(trace, record);
    check_norm(trace, record);
  }
}

}  // namespace lathe::torch
