// fold computes what can be computed now: nodes on constants with the graph interpreter, and values whose elements
// inference knows without computing.
//
// Pre: any verified module. Post: a pure node whose operands are constants with data is a constant, unless that would
// take more memory or time than the limits below allow; so is an integer value whose elements are all known. The
// interpreter is the definition of every row, so bits are those of the unfolded graph as it runs it.
#include <algorithm>

#include "compiler/interp/graph_interpreter.h"
#include "compiler/passes/fold_move.h"
#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

// Results may be that much larger than what they are made of; beyond, they are made again at each run.
constexpr uint64_t kAlwaysSmall = uint64_t{64} << 10;
// For copies of weights, and for what the interpreter computes one element at a time.
constexpr uint64_t kMostMovedBytes = uint64_t{1} << 31;
constexpr uint64_t kMostComputedBytes = uint64_t{64} << 20;
constexpr int64_t kMostSteps = int64_t{1} << 24;

uint64_t bytes_of(const Graph& graph, ValueId value) {
  const TensorType* type = graph.value(value).type.as_tensor();
  if (type == nullptr || !type->is_static() || !type->element_count().is_constant()) return UINT64_MAX;
  return storage_bytes(type->element, type->element_count().constant()).value_or(UINT64_MAX);
}

// How many elements a reduction reads; other forms are linear in what they make.
int64_t steps_of(const Module& module, NodeId id) {
  const Node& node = module.graph.node(id);
  const bool reduces =
      form<Reduce>(*node.op) != nullptr || form<Contract>(*node.op) != nullptr || form<Window>(*node.op) != nullptr;
  if (!reduces) return 0;
  const Dim steps = product(describe_reduction(ExistingNodeView(module, id)).extents);
  return steps.is_constant() ? steps.constant() : INT64_MAX;
}

class Folder {
 public:
  Folder(Module& module, Diagnostics& diagnostics)
      : module_(module), graph_(module.graph), rewriter_(module, diagnostics, "fold") {}

  size_t run() {
    for (NodeId id : graph_.all_nodes()) {
      const Node& node = graph_.node(id);
      if (node.erased || !is_pure(node) || node.results.empty() || is_structural(node, Structural::Kind::Constant))
        continue;
      if (fold_known(id)) continue;
      fold_node(id);
    }
    return rewriter_.changes();
  }

 private:
  void replace(NodeId id, std::vector<ConstantData> constants) {
    GraphBuilder builder = rewriter_.before(id);
    std::vector<ValueId> values;
    for (ConstantData& constant : constants) {
      const Result<ValueId> value = builder.constant(std::move(constant));
      LATHE_CHECK(value.ok());
      values.push_back(*value);
    }
    rewriter_.replace(id, values);
  }

  // Sizes and what is computed from them.
  bool fold_known(NodeId id) {
    const Node& node = graph_.node(id);
    if (node.results.size() != 1) return false;
    const Value& value = graph_.value(node.results[0]);
    const TensorType* type = value.type.as_tensor();
    if (!value.known || type == nullptr || !type->is_static() || is_float(type->element)) return false;
    Integers elements;
    for (const Dim& element : *value.known) {
      const auto number = element.as_constant();
      if (!number) return false;
      elements.push_back(*number);
    }
    if (type->element_count() != Dim(static_cast<int64_t>(elements.size()))) return false;
    replace(id, {constant_from_integers(*type, elements)});
    return true;
  }

  // All operands are constants with data; nothing is read from a node without operands but its attributes.
  [[nodiscard]] bool is_ready(const Node& node) const {
    return std::all_of(node.operands.begin(), node.operands.end(), [&](ValueId operand) {
      if (!operand.valid()) return true;
      const ConstantData* constant = constant_of(module_, operand);
      return constant != nullptr && !constant->absent;
    });
  }

  void fold_node(NodeId id) {
    const Node& node = graph_.node(id);
    if (!node.regions.empty() || !is_ready(node)) return;
    uint64_t made = 0;
    for (ValueId result : node.results) {
      const uint64_t bytes = bytes_of(graph_, result);
      if (bytes > kMostMovedBytes) return;
      made += bytes;
    }
    uint64_t read = 0;
    for (ValueId operand : node.operands) {
      if (operand.valid()) read += std::min(bytes_of(graph_, operand), kMostMovedBytes);
    }
    const bool grows = made > kAlwaysSmall && made > 2 * read;
    if (grows) return;
    if (form<Move>(*node.op) != nullptr) {
      if (auto moved = move_constants(module_, id)) {
        std::vector<ConstantData> constants;
        constants.push_back(std::move(*moved));
        replace(id, std::move(constants));
        return;
      }
    }
    if (steps_of(module_, id) > kMostSteps) return;
    if (auto constants = interp::fold(module_, id, kMostComputedBytes)) replace(id, std::move(*constants));
  }

  Module& module_;
  Graph& graph_;
  Rewriter rewriter_;
};

}  // namespace

Status fold(Module& module, PassContext& context) {
  context.changes += Folder(module, context.diagnostics).run();
  return {};
}

}  // namespace lathe::passes
