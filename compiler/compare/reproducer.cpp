// Cuts a few operations out of a copy of each module.
#include "compiler/compare/reproducer.h"

#include <fmt/format.h>

#include <algorithm>

#include "compiler/passes/pipeline.h"
#include "ir/graph/builder.h"
#include "ir/graph/print.h"

namespace lathe::comparison {
namespace {

// The operations of one side in the cut.
struct Cut {
  const Side& side;
  const Reading& reading;
  std::vector<NodeId> nodes;
  std::vector<ValueId> reads;  ///< values from outside that depend on inputs

  [[nodiscard]] bool holds(NodeId node) const { return std::find(nodes.begin(), nodes.end(), node) != nodes.end(); }

  void add(const Operation& operation) { nodes.insert(nodes.end(), operation.nodes.begin(), operation.nodes.end()); }

  void find_reads() {
    const Graph& graph = side.module.graph;
    for (const NodeId id : nodes) {
      for (const ValueId operand : graph.node(id).operands) {
        if (!operand.valid() || !reading.depends[operand.index]) continue;
        const NodeId producer = graph.value(operand).producer;
        if (producer.valid() && holds(producer)) continue;
        if (std::find(reads.begin(), reads.end(), operand) == reads.end()) reads.push_back(operand);
      }
    }
  }

  // The last result that something outside reads.
  [[nodiscard]] ValueId result() const {
    const Graph& graph = side.module.graph;
    for (auto id = nodes.rbegin(); id != nodes.rend(); ++id) {
      for (const ValueId value : graph.node(*id).results) {
        const auto& uses = graph.value(value).uses;
        if (std::any_of(uses.begin(), uses.end(), [&](const Use& use) { return !holds(use.node); })) return value;
      }
    }
    return {};
  }
};

struct SharedInput {
  ValueId a;
  ValueId b;
};

std::string text_of(const Cut& cut, const std::vector<ValueId>& inputs, ValueId result) {
  Module copy = clone_module(cut.side.module);
  Graph& graph = copy.graph;
  const size_t old_inputs = graph.inputs().size();
  graph.erase_node(graph.region(Graph::root()).last);
  std::vector<ValueId> arguments;
  for (size_t i = 0; i < inputs.size(); ++i) {
    const std::string name = i == 0 ? "x" : fmt::format("x{}", i);
    if (!inputs[i].valid()) continue;
    const ValueId argument = graph.add_argument(Graph::root(), graph.value(inputs[i]).type, name, {});
    graph.replace_all_uses(inputs[i], argument);
    if (inputs[i] == result) result = argument;
  }
  Diagnostics unread;
  GraphBuilder builder(copy, unread);
  if (!graph.value(result).producer.valid()) {
    // An output has a value of its own.
    const Result<ValueId> value = builder.reshape(result, graph.tensor(result).dims);
    if (!value.ok()) return {};
    result = *value;
  }
  graph.set_value_name(result, "output");
  if (!builder.output({result}).ok()) return {};
  copy.name = "cut";
  const passes::PassList list = passes::parse_pass_list("dead_code");
  if (!passes::run_passes(copy, unread, list.passes, {}).ok()) return {};
  for (size_t i = old_inputs; i-- > 0;) {
    if (!graph.value(graph.inputs()[i]).uses.empty()) return {};
    graph.erase_argument(Graph::root(), i);
  }
  return print(copy);
}

}  // namespace

Reproducer cut_out(const Evidence& evidence, const Correspondence& values, const Difference& difference) {
  Cut a{evidence.a, evidence.reading_a, {}, {}};
  Cut b{evidence.b, evidence.reading_b, {}, {}};
  // Up to the first operation that both have behind the difference; orders are told by all that takes part.
  constexpr size_t kMost = 24;
  bool has_begun = false;
  size_t count = 0;
  for (const Column& column : difference.columns) {
    const bool is_first = (column.a && column.a == difference.a) || (column.b && column.b == difference.b);
    has_begun |= is_first;
    if (!has_begun || ++count > kMost) continue;
    if (column.a) a.add(evidence.reading_a.operations[*column.a]);
    if (column.b) b.add(evidence.reading_b.operations[*column.b]);
    if (column.a && column.b && difference.cause != Cause::Order) break;
  }
  a.find_reads();
  b.find_reads();
  std::vector<SharedInput> shared;
  for (const ValueId value : a.reads) {
    const auto& counterparts = values.of_a[value.index];
    const auto other = std::find_first_of(b.reads.begin(), b.reads.end(), counterparts.begin(), counterparts.end());
    shared.push_back({value, other != b.reads.end() ? *other
                             : counterparts.empty() ? ValueId()
                                                    : counterparts.front()});
  }
  for (const ValueId value : b.reads) {
    if (std::any_of(shared.begin(), shared.end(), [&](const SharedInput& row) { return row.b == value; })) continue;
    const auto& counterparts = values.of_b[value.index];
    shared.push_back({counterparts.empty() ? ValueId() : counterparts.front(), value});
  }
  if (shared.empty() || (a.nodes.empty() && b.nodes.empty())) return {};
  std::vector<ValueId> inputs_a;
  std::vector<ValueId> inputs_b;
  for (const SharedInput& row : shared) {
    if (!row.a.valid() || !row.b.valid()) return {};
    inputs_a.push_back(row.a);
    inputs_b.push_back(row.b);
  }
  // A side without operations hands the value on.
  const ValueId result_a = a.nodes.empty() ? inputs_a.front() : a.result();
  const ValueId result_b = b.nodes.empty() ? inputs_b.front() : b.result();
  if (!result_a.valid() || !result_b.valid()) return {};
  Reproducer result{text_of(a, inputs_a, result_a), text_of(b, inputs_b, result_b)};
  if (result.a.empty() || result.b.empty()) return {};
  return result;
}

}  // namespace lathe::comparison
