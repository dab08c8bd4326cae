// Look-ups in a traced program.
#include "compiler/frontend/torch/lint/trace.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/frontend/torch/nn/operation.h"
#include "ir/graph/op.h"

namespace lathe::torch {

Trace::Trace(Evaluator& evaluator, const LintOptions& options, const Diagnostics& found)
    : evaluator_(evaluator),
      options_(options),
      module_(tracer_of(evaluator).module()),
      source_(evaluator),
      records_(layer_records(evaluator)),
      has_errors_(found.failed()),
      outermost_(outermost_records()),
      hints_(hints()),
      flow_(module_, hints_) {
  for (const Diagnostic& row : found.all()) {
    const std::optional<Span> span = source_.span(row.statement);
    if (span && info(row.kind).severity != Severity::Warning) failed_.push_back(*span);
  }
}

ValueFlow::Hints Trace::hints() const {
  ValueFlow::Hints hints;
  // Inputs that the driver made are those of the model; random tensors count where the program gives them to a model.
  for (const ValueId input : module_.graph.inputs()) hints.samples.insert(input);
  for (const Tracer::RandomInput& random : tracer_of(evaluator_).random_inputs()) {
    if (!is_top_level(random.where)) hints.samples.erase(random.value);
  }
  for (const LayerRecord& record : records_) {
    if (record.input_values.empty() || record.output_values.empty()) continue;
    const ValueId input = record.input_values[0];
    const ValueId output = record.output_values[0];
    if (!is_tensor(input) || !is_tensor(output) || dims(input).size() != dims(output).size()) continue;
    if (record.type == "MultiheadAttention") hints.same_axes.emplace(output, input);
    const bool is_map_layer = record.type.starts_with("Conv") || record.type.find("Pool") != std::string::npos;
    const auto has = [&](std::string_view text) { return record.type.find(text) != std::string::npos; };
    const size_t spatial = has("1d") ? 1 : has("3d") ? 3 : 2;
    if (is_map_layer && dims(input).size() == spatial + 2) hints.maps.insert(output);
  }
  return hints;
}

bool Trace::is_tensor(ValueId value) const {
  if (!value.valid()) return false;
  const TensorType* type = module_.graph.value(value).type.as_tensor();
  return type != nullptr && type->ranked;
}

std::string Trace::shape_text(ValueId value) const { return python_shape(dims(value)); }

std::vector<const LayerRecord*> Trace::calls_around(NodeId node) const {
  std::vector<const LayerRecord*> calls;
  for (const LayerRecord& record : records_) {
    if (record.first_node <= node.index && node.index < record.end_node) calls.push_back(&record);
  }
  return calls;
}

std::vector<const LayerRecord*> Trace::calls_around(const LayerRecord& inner) const {
  std::vector<const LayerRecord*> calls;
  for (const LayerRecord* record = &inner + 1; record < records_.data() + records_.size(); ++record) {
    const bool is_empty = record->first_node == record->end_node && inner.first_node != inner.end_node;
    if (!is_empty && record->first_node <= inner.first_node && inner.end_node <= record->end_node)
      calls.push_back(record);
  }
  return calls;
}

bool Trace::is_top_level(LocationId where) const {
  if (!where.valid()) return true;
  const std::optional<Span> span = source_.span(where);
  return span && source_.function(*span) == nullptr;
}

std::vector<size_t> Trace::outermost_records() const {
  std::vector<size_t> result(records_.size());
  size_t around = records_.size();
  for (size_t index = records_.size(); index-- > 0;) {
    const LayerRecord& record = records_[index];
    const bool is_inside = around < records_.size() && records_[around].first_node <= record.first_node &&
                           record.end_node <= records_[around].end_node &&
                           records_[around].first_node < records_[around].end_node;
    if (!is_inside) around = index;
    result[index] = around;
  }
  return result;
}

bool Trace::is_whole(const LayerRecord& record) const {
  const auto index = static_cast<size_t>(&record - records_.data());
  return outermost_[index] == index && is_top_level(record.call);
}

bool Trace::came_to_its_end(LocationId place) const {
  const std::optional<Span> span = source_.span(place);
  if (!options_.is_script || !span || !is_top_level(place)) return false;
  return std::none_of(failed_.begin(), failed_.end(), [&](const Span& statement) {
    return statement.file == span->file && statement.begin <= span->begin && span->end <= statement.end;
  });
}

bool Trace::is_checked(const LayerRecord& record) const {
  if (record.first_node < options_.first_node) return false;
  const auto index = static_cast<size_t>(&record - records_.data());
  return !has_errors_ || came_to_its_end(records_[outermost_[index]].call);
}

std::vector<NodeId> Trace::nodes() const {
  std::vector<NodeId> result;
  for (const NodeId node : module_.graph.nodes_in(Graph::root())) {
    if (node.index < options_.first_node) continue;
    const LocationId where = module_.graph.node(node).location;
    if (!source_.span(where)) continue;
    if (has_errors_) {
      const std::vector<const LayerRecord*> calls = calls_around(node);
      if (!came_to_its_end(calls.empty() ? where : calls.back()->call)) continue;
    }
    result.push_back(node);
  }
  return result;
}

std::optional<DiagnosticBuilder> Trace::warn(LocationId where, DiagnosticKind kind, std::string message) {
  const std::optional<Span> span = source_.span(where);
  for (const auto& [known, place] : reported_) {
    if (known == kind && (place == where || (span && source_.span(place) == span))) return std::nullopt;
  }
  reported_.emplace_back(kind, where);
  return evaluator_.warning(where, kind, "{}", message);
}

void Trace::add_calls(DiagnosticBuilder& builder, const std::vector<const LayerRecord*>& calls,
                      LocationId where) const {
  std::vector<std::optional<Span>> seen{source_.span(where)};
  for (const LayerRecord* record : calls) {
    const std::optional<Span> span = source_.span(record->call);
    if (!span || std::find(seen.begin(), seen.end(), span) != seen.end()) continue;
    seen.push_back(span);
    if (seen.size() > 6) return;
    std::string shapes;
    for (const ValueId input : record->input_values) {
      if (is_tensor(input)) shapes += (shapes.empty() ? "" : ", ") + shape_text(input);
    }
    std::string text = fmt::format("in this call of `{}`", record->type);
    if (!shapes.empty()) text += fmt::format(", which gets {}", shapes);
    static_cast<void>(std::move(builder).label(record->call, std::move(text)));
  }
  const bool is_driver = !calls.empty() && !calls.back()->call.valid();
  if (is_driver && !calls.back()->input_values.empty() && is_tensor(calls.back()->input_values[0])) {
    static_cast<void>(
        std::move(builder).note(fmt::format("the model is called with {}", shape_text(calls.back()->input_values[0]))));
  }
}

void Trace::note(ObjectId layer, std::vector<Value> operands) {
  if (FaultFacts* facts = evaluator_.latest_facts()) {
    facts->layer = layer;
    facts->operands = std::move(operands);
  }
}

}  // namespace lathe::torch
