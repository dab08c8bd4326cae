// common_subexpressions merges pure nodes that compute the same from the same operands.
//
// Pre: any verified module. Post: no two pure nodes of a region, or of a region and one around it, have the same row,
// operands (in any order where the row commutes), attributes and result types. Nodes with regions are left alone, and
// nothing happens in the regions of `fused` nodes, which must not read values around them. It stands behind fold and
// decompose, which make the same constants and statistics again and again.
#include <algorithm>
#include <functional>
#include <unordered_map>

#include "compiler/passes/match.h"
#include "compiler/passes/pass.h"
#include "ir/graph/rewriter.h"

namespace lathe::passes {
namespace {

// Constants beyond this size are the same only when they are the same bytes in memory.
constexpr size_t kMostComparedBytes = 65536;

class Merger {
 public:
  Merger(Module& module, Diagnostics& diagnostics)
      : module_(module), graph_(module.graph), rewriter_(module, diagnostics, "common_subexpressions") {}

  size_t run() {
    // A region sees what the regions around it have; what a finished region had is forgotten.
    struct Frame {
      NodeId next;
      std::vector<std::pair<size_t, NodeId>> added;
    };
    std::vector<Frame> stack;
    stack.push_back({graph_.region(Graph::root()).first, {}});
    while (!stack.empty()) {
      const NodeId id = stack.back().next;
      if (!id.valid()) {
        for (const auto& [hash, node] : stack.back().added) forget(hash, node);
        stack.pop_back();
        continue;
      }
      stack.back().next = graph_.node(id).next;
      const Node& node = graph_.node(id);
      if (is_structural(node, Structural::Kind::Fused)) continue;
      if (!node.regions.empty()) {
        // Regions of one node follow each other; they are independent, so their order doesn't matter.
        for (RegionId region : node.regions) stack.push_back({graph_.region(region).first, {}});
        continue;
      }
      if (!is_pure(node) || node.results.empty()) continue;
      const size_t hash = hash_of(node);
      if (const NodeId same = find(hash, node); same.valid()) {
        rewriter_.replace(id, std::vector<ValueId>(graph_.node(same).results));
      } else {
        seen_.emplace(hash, id);
        stack.back().added.emplace_back(hash, id);
      }
    }
    return rewriter_.changes();
  }

 private:
  void forget(size_t hash, NodeId node) {
    const auto [begin, end] = seen_.equal_range(hash);
    const auto found = std::find_if(begin, end, [&](const auto& entry) { return entry.second == node; });
    if (found != end) seen_.erase(found);
  }

  [[nodiscard]] std::vector<ValueId> ordered_operands(const Node& node) const {
    std::vector<ValueId> operands = node.operands;
    if (has(node.op->traits, Trait::Commutative) && operands[1] < operands[0]) std::swap(operands[0], operands[1]);
    return operands;
  }

  // Attributes take part in the comparison only, except for constants, of which there are many.
  [[nodiscard]] size_t hash_of(const Node& node) const {
    size_t hash = std::hash<const void*>{}(node.op);
    const auto mix = [&](size_t value) { hash = hash * 1099511628211u + value; };
    for (ValueId operand : ordered_operands(node)) mix(operand.index);
    for (const Attribute& attribute : node.attributes) {
      const auto* id = std::get_if<ConstantId>(&attribute);
      if (id == nullptr) continue;
      const ConstantData& constant = module_.constants[*id];
      mix(constant.bytes.size());
      if (constant.absent) mix(std::hash<std::string>{}(constant.name));
      mix(static_cast<size_t>(constant.type.element));
      for (const std::byte byte : constant.bytes.first(std::min<size_t>(constant.bytes.size(), 64))) {
        mix(std::to_integer<size_t>(byte));
      }
    }
    return hash;
  }

  [[nodiscard]] NodeId find(size_t hash, const Node& node) const {
    const auto [begin, end] = seen_.equal_range(hash);
    for (auto entry = begin; entry != end; ++entry) {
      if (same(graph_.node(entry->second), node)) return entry->second;
    }
    return {};
  }

  [[nodiscard]] bool same(const Node& a, const Node& b) const {
    if (a.op != b.op || ordered_operands(a) != ordered_operands(b) || a.results.size() != b.results.size())
      return false;
    for (size_t i = 0; i < a.results.size(); ++i) {
      if (!(graph_.value(a.results[i]).type == graph_.value(b.results[i]).type)) return false;
    }
    for (size_t i = 0; i < a.attributes.size(); ++i) {
      const auto* left = std::get_if<ConstantId>(&a.attributes[i]);
      const auto* right = std::get_if<ConstantId>(&b.attributes[i]);
      const bool equal = left != nullptr && right != nullptr ? same_data(*left, *right)
                                                             : same_attribute(a.attributes[i], b.attributes[i]);
      if (!equal) return false;
    }
    return true;
  }

  [[nodiscard]] bool same_data(ConstantId a, ConstantId b) const {
    if (a == b) return true;
    const ConstantData& left = module_.constants[a];
    const ConstantData& right = module_.constants[b];
    if (left.bytes.size() > kMostComparedBytes && left.bytes.data() != right.bytes.data()) return false;
    return same_constant(left, right);
  }

  Module& module_;
  Graph& graph_;
  Rewriter rewriter_;
  std::unordered_multimap<size_t, NodeId> seen_;
};

}  // namespace

Status common_subexpressions(Module& module, PassContext& context) {
  context.changes += Merger(module, context.diagnostics).run();
  return {};
}

}  // namespace lathe::passes
