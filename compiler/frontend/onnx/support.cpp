// What a model needs and Lathe doesn't have, found before anything is built and reported as one list.
#include <fmt/format.h>

#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "compiler/frontend/onnx/importer.h"
#include "compiler/frontend/onnx/names.h"

namespace lathe::onnx {
namespace {

/// Nodes that ask for the same missing operator.
struct MissingOperator {
  LocationId where;
  std::string first;
  size_t count = 0;
};

}  // namespace

Status Importer::check_model() {
  if (!model_.graph) {
    return diagnostics_.report(DiagnosticKind::ModelMalformed, whole_file_, "not a valid ONNX model: it has no graph")
        .emit();
  }
  return check_opsets(model_.opsets);
}

Status Importer::check_opsets(std::span<const OperatorSet> imports) {
  const std::optional<int64_t> version = OpsetTable(imports).version("");
  if (!version) return {};
  if (*version >= kOldestOpset && *version <= kNewestOpset) return {};
  return diagnostics_
      .report(DiagnosticKind::UnknownOpset, whole_file_, "the model needs opset {}, Lathe reads opsets {} to {}",
              *version, kOldestOpset, kNewestOpset)
      .note(*version < kOldestOpset ? "the first opset is 1" : "export the model for an older opset")
      .emit();
}

const Function* Importer::find_function(const Node& node) const {
  for (const Function& function : model_.functions) {
    const std::string_view domain = function.domain == "ai.onnx" ? "" : function.domain;
    if (function.name == node.op_type && domain == node.domain && function.overload == node.overload) return &function;
  }
  return nullptr;
}

Status Importer::check_support() {
  using Key = std::tuple<std::string_view, std::string_view, int64_t>;
  std::map<Key, MissingOperator> missing;
  std::set<const Function*> seen_functions;
  size_t node_count = 0;

  struct Task {
    std::span<const Node> nodes;
    OpsetTable opsets;
  };
  std::vector<Task> tasks;
  tasks.push_back({model_.graphs[*model_.graph].nodes, opsets_});
  while (!tasks.empty()) {
    const Task task = std::move(tasks.back());
    tasks.pop_back();
    for (size_t position = 0; position < task.nodes.size(); ++position) {
      const Node& node = task.nodes[position];
      ++node_count;
      for (const Attribute& attribute : node.attributes) {
        for (const GraphIndex graph : attribute.graphs) tasks.push_back({model_.graphs[graph].nodes, task.opsets});
      }
      if (const Function* function = find_function(node)) {
        if (seen_functions.insert(function).second) {
          LATHE_TRY_VOID(check_opsets(function->opsets));
          tasks.push_back({function->nodes, OpsetTable(function->opsets)});
        }
        continue;
      }
      const int64_t opset = task.opsets.version(node.domain).value_or(0);
      if (node.domain.empty() && find_operator(node.op_type, opset) != nullptr) continue;
      MissingOperator& entry = missing[Key(node.domain, node.op_type, opset)];
      if (entry.count++ == 0) {
        entry.where = locate_node(node, position);
        entry.first = node_text(node, position);
      }
    }
  }
  most_inlined_nodes_ = 10000 + 100 * node_count;
  for (const auto& [key, entry] : missing) {
    const auto& [domain, name, opset] = key;
    std::string which = domain.empty() ? "" : fmt::format(" of domain `{}`", domain);
    if (opset != 0) which += fmt::format(" in opset {}", opset);
    if (opset == 0 && domain.empty()) which += ", for which the model imports no opset,";
    (void)diagnostics_
        .report(DiagnosticKind::Unsupported, entry.where, "operator `{}`{} is not supported: {} {}, first {}", name,
                which, entry.count, entry.count == 1 ? "node" : "nodes", entry.first)
        .emit();
  }
  if (!missing.empty()) return Failure{};
  return {};
}

}  // namespace lathe::onnx
