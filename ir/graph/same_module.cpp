// Structural comparison of modules, for the check that text round-trips and for tests.
#include <fmt/format.h>

#include <unordered_map>

#include "ir/graph/op.h"
#include "ir/graph/print.h"

namespace lathe {
namespace {

class Comparison {
 public:
  Comparison(const Module& a, const Module& b) : a_(a), b_(b) {}

  bool run() {
    if (!same_symbols() || !same_guards()) return false;
    std::vector<std::pair<RegionId, RegionId>> pending{{Graph::root(), Graph::root()}};
    // Regions are compared outer before inner, so that a value is mapped before it is read.
    while (!pending.empty()) {
      const auto [left, right] = pending.back();
      pending.pop_back();
      if (!same_arguments(left, right)) return false;
      const std::vector<NodeId> left_nodes = a_.graph.nodes_in(left);
      const std::vector<NodeId> right_nodes = b_.graph.nodes_in(right);
      for (size_t i = 0; i < std::min(left_nodes.size(), right_nodes.size()); ++i) {
        if (!same_node(left_nodes[i], right_nodes[i])) return false;
        const Node& node = a_.graph.node(left_nodes[i]);
        for (size_t r = 0; r < node.regions.size(); ++r) {
          pending.emplace_back(node.regions[r], b_.graph.node(right_nodes[i]).regions[r]);
        }
      }
      if (left_nodes.size() != right_nodes.size()) {
        return differ(
            fmt::format("a region has {} nodes in one and {} in the other", left_nodes.size(), right_nodes.size()));
      }
    }
    return true;
  }

  [[nodiscard]] const std::string& difference() const { return difference_; }

 private:
  bool differ(std::string text) {
    difference_ = std::move(text);
    return false;
  }

  bool same_symbols() {
    const auto& left = a_.symbols.rows();
    const auto& right = b_.symbols.rows();
    if (left.size() != right.size()) {
      return differ(fmt::format("{} symbols in one, {} in the other", left.size(), right.size()));
    }
    for (size_t i = 0; i < left.size(); ++i) {
      if (left[i].name != right[i].name || !(left[i].lower == right[i].lower) || !(left[i].upper == right[i].upper)) {
        return differ(fmt::format("symbol {} is `{}` in one, `{}` in the other, or has other bounds", i, left[i].name,
                                  right[i].name));
      }
    }
    return true;
  }

  bool same_guards() {
    if (a_.guards.size() != b_.guards.size()) {
      return differ(fmt::format("{} guards in one, {} in the other", a_.guards.size(), b_.guards.size()));
    }
    for (size_t i = 0; i < a_.guards.size(); ++i) {
      const Guard& left = a_.guards[i];
      const Guard& right = b_.guards[i];
      if (left.relation != right.relation || !(left.left == right.left) || !(left.right == right.right) ||
          left.message != right.message) {
        return differ(fmt::format("guard {} differs", i));
      }
    }
    return true;
  }

  bool same_arguments(RegionId left, RegionId right) {
    const std::vector<ValueId>& left_values = a_.graph.region(left).arguments;
    const std::vector<ValueId>& right_values = b_.graph.region(right).arguments;
    if (left_values.size() != right_values.size())
      return differ("a region has more arguments in one than in the other");
    for (size_t i = 0; i < left_values.size(); ++i) {
      if (!map_value(left_values[i], right_values[i])) return false;
    }
    return true;
  }

  bool map_value(ValueId left, ValueId right) {
    const Type& left_type = a_.graph.value(left).type;
    const Type& right_type = b_.graph.value(right).type;
    mapped_[left.index] = right;
    if (left_type == right_type) return true;
    return differ(fmt::format("`%{}` is `{}` in one, `{}` in the other", a_.graph.value(left).name, text(left_type),
                              text(right_type)));
  }

  bool same_node(NodeId left_id, NodeId right_id) {
    const Node& left = a_.graph.node(left_id);
    const Node& right = b_.graph.node(right_id);
    const auto here = [&](std::string_view what) {
      return differ(
          fmt::format("{} differ at `{}` against `{}`", what, print_node(a_, left_id), print_node(b_, right_id)));
    };
    if (left.op != right.op) return here("operations");
    if (left.operands.size() != right.operands.size()) return here("operand counts");
    for (size_t i = 0; i < left.operands.size(); ++i) {
      if (left.operands[i].valid() != right.operands[i].valid()) return here("operands");
      if (!left.operands[i].valid()) continue;
      const auto mapped = mapped_.find(left.operands[i].index);
      if (mapped == mapped_.end() || mapped->second != right.operands[i]) return here("operands");
    }
    if (left.attributes.size() != right.attributes.size()) return here("attributes");
    for (size_t i = 0; i < left.attributes.size(); ++i) {
      if (!same_attribute_value(left.attributes[i], right.attributes[i])) return here("attributes");
    }
    if (left.regions.size() != right.regions.size()) return here("regions");
    if (left.results.size() != right.results.size()) return here("results");
    for (size_t i = 0; i < left.results.size(); ++i) {
      if (!map_value(left.results[i], right.results[i])) return false;
    }
    return true;
  }

  bool same_attribute_value(const Attribute& left, const Attribute& right) {
    const auto* left_constant = std::get_if<ConstantId>(&left);
    const auto* right_constant = std::get_if<ConstantId>(&right);
    if (left_constant == nullptr || right_constant == nullptr) return same_attribute(left, right);
    const ConstantData& a = a_.constants[*left_constant];
    const ConstantData& b = b_.constants[*right_constant];
    // Weights that were left out are compared by what is there of them.
    if (a.absent && b.absent) return a.type == b.type;
    return same_constant(a, b);
  }

  const Module& a_;
  const Module& b_;
  std::unordered_map<uint32_t, ValueId> mapped_;
  std::string difference_;
};

}  // namespace

bool same_module(const Module& a, const Module& b, std::string* difference) {
  Comparison comparison(a, b);
  const bool same = comparison.run();
  if (!same && difference != nullptr) *difference = comparison.difference();
  return same;
}

}  // namespace lathe
