// Findings of a trace in rows: statistics of tensors, times of layers.
#include "compiler/tools/trace_report.h"

#include <algorithm>

#include "compiler/tools/input_values.h"
#include "compiler/tools/model_file.h"
#include "ir/graph/op.h"

namespace lathe::tools {
namespace {

TracedTensor traced(const Tensor* tensor) {
  if (tensor == nullptr) return {};
  return {tensor, statistics(borrow(*tensor))};
}

// Products and convolutions are what a step is about, whatever else it carries out.
bool is_heavy(const Node& node) {
  return std::holds_alternative<Contract>(node.op->semantics) || std::holds_alternative<Window>(node.op->semantics);
}

// Every segment belongs to one layer; the others of it have no time of their own.
void add_times(const TraceFindings& findings, TraceReport& report) {
  const size_t count = report.layers.size();
  std::vector<bool> heavy(count + 1, false);
  for (const NodeId id : findings.module.graph.nodes_in(Graph::root())) {
    const uint32_t layer = findings.layers.find(id);
    if (layer < count && is_heavy(findings.module.graph.node(id))) heavy[layer] = true;
  }
  std::vector<double> own(count + 1, 0);
  std::vector<bool> has_own(count + 1, false);
  std::vector<std::optional<size_t>> shared(count + 1);
  for (const Profile::Segment& segment : findings.profile->segments) {
    if (segment.groups.empty()) {
      own[count] += segment.microseconds;
      continue;
    }
    const auto owner = std::find_if(segment.groups.begin(), segment.groups.end(),
                                    [&](uint32_t group) { return group < count && heavy[group]; });
    const uint32_t chosen = owner == segment.groups.end() ? segment.groups.front() : *owner;
    own[chosen] += segment.microseconds;
    has_own[chosen] = true;
    for (const uint32_t group : segment.groups) {
      if (group != chosen && chosen < count) shared[group] = chosen;
    }
  }
  for (size_t i = 0; i < count; ++i) {
    LayerTime& time = report.layers[i].time;
    time.kind = LayerTime::Kind::None;
    for (const size_t inner : report.layers[i].layer->inner) {
      if (!has_own[inner]) continue;
      time.kind = LayerTime::Kind::Own;
      time.microseconds += own[inner];
    }
    if (time.kind == LayerTime::Kind::None && shared[i]) time = {LayerTime::Kind::Shared, 0, *shared[i]};
  }
  report.outside_us = own[count];
}

}  // namespace

TraceReport make_report(const TraceFindings& findings) {
  const Module& module = findings.module;
  TraceReport report;
  report.model = findings.model;
  report.backend = text(findings.options.backend);
  report.threads = findings.options.threads;
  report.locations = &module.locations;
  report.nonfinite = findings.nonfinite;
  report.has_time = findings.profile.has_value();
  if (findings.profile) {
    report.run_us = findings.profile->whole;
    report.rounds = findings.profile->rounds;
    report.no_times = findings.profile->no_segments;
  }
  for (const TraceLayer& layer : findings.layers.layers) {
    TracedLayer row{.layer = &layer, .line = line_of(module.locations, layer.where), .tensors = {}, .time = {}};
    for (const ValueId value : layer.outputs) {
      row.tensors.push_back(value.valid() ? traced(findings.values.find(value)) : TracedTensor{});
    }
    report.layers.push_back(std::move(row));
  }
  const std::vector<std::string> inputs = input_names(module);
  for (size_t i = 0; i < inputs.size(); ++i) report.inputs.push_back({inputs[i], traced(&findings.inputs[i])});
  const std::vector<std::string> outputs = output_names(module);
  for (size_t i = 0; i < outputs.size(); ++i) {
    report.outputs.push_back({outputs[i], traced(&findings.values.outputs()[i])});
  }
  if (report.has_time && report.no_times.empty()) add_times(findings, report);
  return report;
}

}  // namespace lathe::tools
