// Counterparts of values, slices behind them, and the alignment of operations.
#include "compiler/compare/alignment.h"

#include <algorithm>
#include <map>

namespace lathe::comparison {
namespace {

// What a node reads, from inside its regions too.
std::vector<ValueId> read_by(const Graph& graph, NodeId id) {
  const Node& node = graph.node(id);
  std::vector<ValueId> result = node.operands;
  for (const RegionId region : node.regions) {
    for (const NodeId inner : graph.all_nodes(region)) {
      const auto& operands = graph.node(inner).operands;
      result.insert(result.end(), operands.begin(), operands.end());
    }
  }
  return result;
}

bool reads_paired(const Evidence& evidence, const Operation& a, const Operation& b) {
  return std::any_of(a.parameters.begin(), a.parameters.end(), [&](size_t parameter) {
    return std::any_of(b.parameters.begin(), b.parameters.end(),
                       [&](size_t other) { return evidence.parameters.find(parameter, other) != nullptr; });
  });
}

bool same_attributes(const Module& a, NodeId left, const Module& b, NodeId right) {
  const Node& one = a.graph.node(left);
  const Node& other = b.graph.node(right);
  if (one.op != other.op || one.attributes.size() != other.attributes.size()) return false;
  for (size_t i = 0; i < one.attributes.size(); ++i) {
    if (!same_attribute(one.attributes[i], other.attributes[i])) return false;
  }
  return true;
}

// How much two operations look like each other; 0: they can't be each other's.
int likeness(const Evidence& evidence, const Operation& a, const Operation& b) {
  if (a.kind != b.kind) return 0;
  int score = 8;
  if (reads_paired(evidence, a, b)) score += 8;
  if (a.parameters.empty() != b.parameters.empty()) score -= 4;
  if (same_attributes(evidence.a.module, a.main, evidence.b.module, b.main)) score += 2;
  const Graph& left = evidence.a.module.graph;
  const Graph& right = evidence.b.module.graph;
  if (left.value(left.node(a.nodes.back()).results.front()).type ==
      right.value(right.node(b.nodes.back()).results.front()).type) {
    score += 2;
  }
  if (is_same_object(evidence, a, b)) score += 3;
  return score;
}

}  // namespace

Correspondence match_values(const Evidence& evidence) {
  const Graph& left = evidence.a.module.graph;
  const Graph& right = evidence.b.module.graph;
  Correspondence result;
  result.of_a.resize(left.value_table_size());
  result.of_b.resize(right.value_table_size());
  const auto pair = [&](ValueId a, ValueId b) {
    result.of_a[a.index].push_back(b);
    result.of_b[b.index].push_back(a);
  };
  for (const PairedInput& input : evidence.inputs.inputs) {
    if (input.a && input.b) pair(left.inputs()[*input.a], right.inputs()[*input.b]);
  }
  std::map<int64_t, std::vector<ValueId>> by_count;
  const auto& signatures_b = evidence.runs_b.signatures;
  for (uint32_t i = 0; i < signatures_b.size(); ++i) {
    if (signatures_b[i]) by_count[(*signatures_b[i])[0].count].push_back(ValueId(i));
  }
  const auto& signatures_a = evidence.runs_a.signatures;
  for (uint32_t i = 0; i < signatures_a.size(); ++i) {
    if (!signatures_a[i]) continue;
    const auto candidates = by_count.find((*signatures_a[i])[0].count);
    if (candidates == by_count.end()) continue;
    for (const ValueId candidate : candidates->second) {
      if (agree(*signatures_a[i], *signatures_b[candidate.index], evidence.tolerance)) pair(ValueId(i), candidate);
    }
    result.matched += result.of_a[i].empty() ? 0 : 1;
  }
  return result;
}

std::vector<size_t> unmatched_operations(const Side& side, const Reading& reading, const Module& other,
                                         const std::vector<std::vector<ValueId>>& counterparts,
                                         const std::vector<size_t>& outputs) {
  const Graph& graph = side.module.graph;
  std::vector<bool> seen(graph.node_table_size(), false);
  std::vector<bool> found(reading.operations.size(), false);
  std::vector<ValueId> pending;
  for (const size_t output : outputs) pending.push_back(graph.outputs()[output]);
  while (!pending.empty()) {
    const ValueId value = pending.back();
    pending.pop_back();
    if (!value.valid()) continue;
    const auto& equal = counterparts[value.index];
    const auto has_shape = [&](ValueId counterpart) {
      return other.graph.value(counterpart).type == graph.value(value).type;
    };
    const NodeId producer = graph.value(value).producer;
    const bool reshapes = producer.valid() && form<Move>(*graph.node(producer).op) != nullptr;
    if (!equal.empty() && (!reshapes || std::any_of(equal.begin(), equal.end(), has_shape))) continue;
    if (!producer.valid() || seen[producer.index]) continue;
    seen[producer.index] = true;
    const uint32_t operation = reading.operation_of_node[producer.index];
    if (operation == Reading::kNone) continue;
    found[operation] = true;
    const std::vector<ValueId> read = read_by(graph, producer);
    pending.insert(pending.end(), read.begin(), read.end());
  }
  std::vector<size_t> result;
  for (size_t i = 0; i < found.size(); ++i) {
    if (found[i]) result.push_back(i);
  }
  return result;
}

std::vector<Column> align(const Evidence& evidence, const std::vector<size_t>& operations_a,
                          const std::vector<size_t>& operations_b) {
  // The first difference stands near the beginning; what follows needs no perfect alignment.
  constexpr size_t kMost = 600;
  const size_t n = std::min(operations_a.size(), kMost);
  const size_t m = std::min(operations_b.size(), kMost);
  std::vector<std::vector<int>> best(n + 1, std::vector<int>(m + 1, 0));
  std::vector<std::vector<int>> alike(n, std::vector<int>(m, 0));
  for (size_t i = n; i-- > 0;) {
    for (size_t j = m; j-- > 0;) {
      alike[i][j] = likeness(evidence, evidence.reading_a.operations[operations_a[i]],
                             evidence.reading_b.operations[operations_b[j]]);
      best[i][j] = std::max(best[i + 1][j], best[i][j + 1]);
      if (alike[i][j] != 0) best[i][j] = std::max(best[i][j], best[i + 1][j + 1] + alike[i][j]);
    }
  }
  std::vector<Column> columns;
  size_t i = 0;
  size_t j = 0;
  while (i < n || j < m) {
    if (i < n && j < m && alike[i][j] != 0 && best[i][j] == best[i + 1][j + 1] + alike[i][j]) {
      columns.push_back({operations_a[i++], operations_b[j++]});
    } else if (i < n && (j == m || best[i + 1][j] >= best[i][j + 1])) {
      columns.push_back({operations_a[i++], std::nullopt});
    } else {
      columns.push_back({std::nullopt, operations_b[j++]});
    }
  }
  return columns;
}

bool is_same_step(const Evidence& evidence, const Operation& a, const Operation& b) {
  if (a.kind != b.kind) return false;
  if (a.parameters.empty() && b.parameters.empty())
    return is_same_object(evidence, a, b) || same_attributes(evidence.a.module, a.main, evidence.b.module, b.main);
  return reads_paired(evidence, a, b);
}

bool is_same_object(const Evidence& evidence, const Operation& a, const Operation& b) {
  if (!a.record || !b.record) return false;
  const Definition::Layer& left = evidence.a.definition.layers[*a.record];
  const Definition::Layer& right = evidence.b.definition.layers[*b.record];
  if (left.object != right.object || left.type != right.type) return false;
  const Location* one = evidence.a.module.locations.origin(left.where);
  const Location* other = evidence.b.module.locations.origin(right.where);
  const auto* x = one == nullptr ? nullptr : std::get_if<Span>(one);
  const auto* y = other == nullptr ? nullptr : std::get_if<Span>(other);
  if (x == nullptr || y == nullptr || x->begin != y->begin || x->end != y->end) return false;
  const SourceFile& file = evidence.a.module.locations.file(x->file);
  const SourceFile& same = evidence.b.module.locations.file(y->file);
  return file.path == same.path && file.text == same.text;
}

}  // namespace lathe::comparison
