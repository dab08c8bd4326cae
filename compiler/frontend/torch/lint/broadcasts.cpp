// Operands that broadcast against each other where nobody meant it: a column against a vector, and a shortcut with one
// channel.
#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/lint/trace.h"
#include "compiler/frontend/torch/nn/operation.h"
#include "ir/graph/op.h"

namespace lathe::torch {
namespace {

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}
bool is_arithmetic(std::string_view op) {
  return is_one_of(op, {"add", "sub", "mul", "div", "pow", "minimum", "maximum", "equal", "not_equal", "less",
                        "less_equal", "greater", "greater_equal"});
}

/// The loss whose formula a node belongs to; empty when it belongs to none.
std::string loss_name(const Trace& trace, NodeId id, const std::vector<const LayerRecord*>& calls) {
  if (!calls.empty() && calls.front()->type.ends_with("Loss")) return calls.front()->type;
  const std::optional<ExpressionView> call = trace.source().expression(trace.graph().node(id).location);
  const auto* node = call ? call->as<CallExpression>() : nullptr;
  if (node == nullptr) return {};
  std::string name = trace.source().dotted(call->child(node->function));
  name = name.substr(name.rfind('.') == std::string::npos ? 0 : name.rfind('.') + 1);
  const bool is_loss = is_one_of(
      name, {"mse_loss", "l1_loss", "smooth_l1_loss", "huber_loss", "poisson_nll_loss", "kl_div", "soft_margin_loss"});
  return is_loss ? name : std::string();
}

/// Through changes of type to what gave a value its shape.
ValueId shaped_by(const Trace& trace, ValueId value) {
  while (true) {
    const NodeId producer = trace.graph().value(value).producer;
    if (!producer.valid() || trace.op(producer) != "cast") return value;
    value = trace.graph().node(producer).operands[0];
  }
}

/// The axis of size 1 was made on purpose: unsqueeze, `[:, None]`, view(-1, 1), keepdim.
bool is_on_purpose(const Trace& trace, ValueId value) {
  const NodeId producer = trace.graph().value(shaped_by(trace, value)).producer;
  if (!producer.valid()) return false;
  const Node& node = trace.graph().node(producer);
  const std::string_view op = trace.op(producer);
  if (op == "reshape") return trace.dims(node.operands[0]).size() < trace.dims(value).size();
  if (op.starts_with("reduce_") || op.starts_with("arg_")) return true;
  return op == "slice" || op == "expand" || op == "constant";
}

/// The value is made inside of the expression at a place.
bool is_made_in(const Trace& trace, ValueId value, LocationId where) {
  const NodeId producer = trace.graph().value(shaped_by(trace, value)).producer;
  const std::optional<Span> outer = trace.source().span(where);
  const std::optional<Span> inner =
      producer.valid() ? trace.source().span(trace.graph().node(producer).location) : std::nullopt;
  return outer && inner && outer->file == inner->file && outer->begin <= inner->begin && inner->end <= outer->end;
}

bool is_made_at_top_level(const Trace& trace, ValueId value) {
  const NodeId producer = trace.graph().value(value).producer;
  if (!producer.valid()) return false;
  const LocationId where = trace.graph().node(producer).location;
  return !trace.traits(value).from_input && where.valid() && trace.source().span(where) && trace.is_top_level(where);
}

/// The name that the program gives a value, or its shape.
std::string name_of(const Trace& trace, ValueId value) {
  const Tracer& tracer = tracer_of(trace.evaluator());
  for (const Evaluator::TopLevelName& name : trace.evaluator().assignments()) {
    const auto* tensor = std::get_if<TensorId>(&name.value);
    if (tensor != nullptr && tracer.present_value(*tensor) == value) return fmt::format("`{}`", name.name);
  }
  const lathe::Value& row = trace.graph().value(value);
  return row.producer.valid() || row.name.empty() || trace.options().is_script ? trace.shape_text(value)
                                                                               : fmt::format("`{}`", row.name);
}

/// (N, 1) against (N,), also with more axes in front: the result has N * N elements.
void check_column(Trace& trace, NodeId id, ValueId column, ValueId vector, bool column_is_left) {
  const Node& node = trace.graph().node(id);
  const Shape& tall = trace.dims(column);
  const Shape& flat = trace.dims(vector);
  if (flat.empty() || tall.size() != flat.size() + 1 || !tall.back().is_constant(1)) return;
  if (!std::equal(flat.begin(), flat.end(), tall.begin()) || flat.back().is_constant(1)) return;
  const std::vector<const LayerRecord*> calls = trace.calls_around(id);
  const std::string loss = loss_name(trace, id, calls);
  if (is_on_purpose(trace, column) && (loss.empty() || is_made_in(trace, column, node.location))) return;
  if (loss.empty()) {
    const ValueTraits& a = trace.traits(column);
    const ValueTraits& b = trace.traits(vector);
    const bool unasked = ((a.units >> (tall.size() - 1)) & 1U) != 0;
    const bool both_count_samples =
        a.batch == size_t{0} && (b.batch == size_t{0} || (flat.size() == 1 && is_made_at_top_level(trace, vector)));
    if (!unasked || !both_count_samples) return;
  }
  const std::string left = trace.shape_text(column_is_left ? column : vector);
  const std::string right = trace.shape_text(column_is_left ? vector : column);
  const std::string result = python_shape(trace.dims(node.results[0]));
  auto warning = trace.warn(
      node.location, DiagnosticKind::SilentBroadcast,
      loss.empty() ? fmt::format("{} against {} broadcasts to {}: every sample meets every other", left, right, result)
                   : fmt::format("{} against {} broadcasts to {}: the loss compares every prediction with every target",
                                 left, right, result));
  if (!warning) return;
  trace.note({}, {Value(column_is_left), integer(static_cast<int64_t>(tall.size()))});
  for (const ValueId value : {column, vector}) {
    const NodeId producer = trace.graph().value(shaped_by(trace, value)).producer;
    if (!producer.valid()) continue;
    const LocationId made = trace.graph().node(producer).location;
    if (!trace.source().span(made) || is_made_in(trace, value, node.location)) continue;
    static_cast<void>(std::move(*warning).label(made, fmt::format("{} is made here", trace.shape_text(value))));
  }
  static_cast<void>(
      std::move(*warning)
          .note(fmt::format("axes are aligned at the end: {} counts as (1, {})", trace.shape_text(vector),
                            flat.back().python_text()))
          .note(fmt::format("where element meets element, both have the same shape: drop the last axis of {} with "
                            "`squeeze(-1)`, or give {} one with `unsqueeze(-1)`",
                            name_of(trace, column), name_of(trace, vector))));
  trace.add_calls(*warning, calls, node.location);
  static_cast<void>(std::move(*warning).emit());
}

/// A shortcut (N, 1, H, W) that is added to what was computed from it, (N, C, H, W).
void check_shortcut(Trace& trace, NodeId id, ValueId shortcut, ValueId branch, bool shortcut_is_left) {
  const Node& node = trace.graph().node(id);
  const Shape& one = trace.dims(shortcut);
  const Shape& many = trace.dims(branch);
  if (one.size() < 3 || one.size() != many.size() || !one[1].is_constant(1)) return;
  if (!many[1].is_constant() || many[1].constant() < 2 || one[0] != many[0]) return;
  if (!std::equal(one.begin() + 2, one.end(), many.begin() + 2)) return;
  if (!trace.traits(branch).is_map || trace.traits(shortcut).batch != size_t{0}) return;
  if (!trace.flow().depends_on(branch, shortcut)) return;
  auto warning = trace.warn(node.location, DiagnosticKind::SilentBroadcast,
                            fmt::format("the one channel of {} is added to each of the {} channels of {}",
                                        trace.shape_text(shortcut), many[1].python_text(), trace.shape_text(branch)));
  if (!warning) return;
  const std::vector<const LayerRecord*> calls = trace.calls_around(id);
  // The layer that let the channels through, and the convolutions beside it.
  const LayerRecord* identity = nullptr;
  std::vector<Value> operands{Value(shortcut_is_left), integer(static_cast<int64_t>(one.size()))};
  for (const LayerRecord& record : trace.records()) {
    if (calls.empty() || record.first_node < calls.front()->first_node || record.end_node > id.index) continue;
    if (record.type == "Identity" && record.output_values == std::vector<ValueId>{shortcut}) identity = &record;
    if (record.type.starts_with("Conv") && record.first_node < record.end_node) operands.emplace_back(record.module);
  }
  trace.note(identity == nullptr ? ObjectId() : identity->module, std::move(operands));
  static_cast<void>(std::move(*warning).note(
      fmt::format("a shortcut adds channel to channel; with any number of channels but 1 and {} this would fail",
                  many[1].python_text())));
  if (identity != nullptr) {
    static_cast<void>(std::move(*warning).label(
        identity->created,
        fmt::format("`{}` is an Identity, so it keeps 1 channel; a convolution to {} channels is meant", identity->path,
                    many[1].python_text())));
  }
  trace.add_calls(*warning, calls, node.location);
  static_cast<void>(std::move(*warning).emit());
}

}  // namespace

void check_broadcasts(Trace& trace) {
  for (const NodeId id : trace.nodes()) {
    const Node& node = trace.graph().node(id);
    if (!is_arithmetic(trace.op(id)) || node.operands.size() < 2 || node.results.size() != 1) continue;
    const ValueId left = node.operands[0];
    const ValueId right = node.operands[1];
    if (!trace.is_tensor(left) || !trace.is_tensor(right)) continue;
    check_column(trace, id, left, right, true);
    check_column(trace, id, right, left, false);
    if (trace.op(id) != "add") continue;
    check_shortcut(trace, id, left, right, true);
    check_shortcut(trace, id, right, left, false);
  }
}

}  // namespace lathe::torch
