// Unique names for the text of a graph.
#include "ir/graph/text_names.h"

#include <fmt/format.h>

#include <algorithm>

#include "ir/base/lexer.h"
#include "ir/graph/op.h"
#include "ir/graph/print.h"

namespace lathe {
namespace {

bool is_digit(char c) { return c >= '0' && c <= '9'; }

// `h1` of `h1.3`: the name that a suffix was put to.
std::string_view without_suffix(std::string_view hint) {
  const size_t point = hint.rfind('.');
  if (point == std::string_view::npos || point == 0 || point + 1 == hint.size()) return hint;
  const std::string_view digits = hint.substr(point + 1);
  return std::all_of(digits.begin(), digits.end(), is_digit) ? hint.substr(0, point) : hint;
}

}  // namespace

std::string NameMaker::unique(std::string_view hint) {
  if (used_.emplace(hint).second) return std::string(hint);
  const std::string_view base = without_suffix(hint);
  uint64_t& suffix = next_suffix_[std::string(base)];
  while (true) {
    std::string name = fmt::format("{}.{}", base, ++suffix);
    if (used_.insert(name).second) return name;
  }
}

std::string NameMaker::numbered() {
  while (true) {
    std::string name = fmt::format("{}", next_number_++);
    if (used_.insert(name).second) return name;
  }
}

std::vector<std::string> value_names(const Module& module) {
  const Graph& graph = module.graph;
  std::vector<ValueId> order;
  const auto add_arguments = [&](RegionId region) {
    const std::vector<ValueId>& arguments = graph.region(region).arguments;
    order.insert(order.end(), arguments.begin(), arguments.end());
  };
  add_arguments(Graph::root());
  // In the order of the text, with a stack: the results of a node, its regions, the node behind it.
  std::vector<NodeId> pending{graph.region(Graph::root()).first};
  while (!pending.empty()) {
    const NodeId id = pending.back();
    pending.pop_back();
    if (!id.valid()) continue;
    const Node& node = graph.node(id);
    pending.push_back(node.next);
    order.insert(order.end(), node.results.begin(), node.results.end());
    for (RegionId region : node.regions) add_arguments(region);
    for (size_t i = node.regions.size(); i-- > 0;) pending.push_back(graph.region(node.regions[i]).first);
  }
  NameMaker names;
  std::vector<std::string> result(graph.value_table_size());
  // Hints first, so that a number that is a hint isn't taken by a value without one.
  for (ValueId id : order) {
    if (!graph.value(id).name.empty()) result[id.index] = names.unique(graph.value(id).name);
  }
  for (ValueId id : order) {
    if (result[id.index].empty()) result[id.index] = names.numbered();
  }
  return result;
}

bool is_spelled_inline(const ConstantData& constant) {
  if (constant.absent) return false;
  if (constant.splat && constant.type.element != ElementType::String) return true;
  return constant.element_count() <= kInlineElements;
}

std::vector<NamedConstant> data_constants(const Module& module) {
  std::vector<NamedConstant> result;
  std::unordered_set<uint32_t> seen;
  NameMaker names;
  for (NodeId id : module.graph.all_nodes()) {
    const Node& node = module.graph.node(id);
    const auto* structural = form<Structural>(*node.op);
    const bool may_inline = structural != nullptr && structural->kind == Structural::Kind::Constant;
    for (const Attribute& attribute : node.attributes) {
      const auto* constant = std::get_if<ConstantId>(&attribute);
      if (constant == nullptr || !module.constants.contains(*constant)) continue;
      if (may_inline && is_spelled_inline(module.constants[*constant])) continue;
      if (seen.insert(constant->index).second) result.push_back({*constant, {}});
    }
  }
  for (NamedConstant& row : result) {
    const std::string& hint = module.constants[row.constant].name;
    row.name = names.unique(hint.empty() ? "data" : hint);
  }
  return result;
}

std::string with_sigil(char sigil, std::string_view name) {
  const bool plain = !name.empty() && std::all_of(name.begin(), name.end(), [](char c) {
    return is_digit(c) || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == '.';
  });
  return plain ? fmt::format("{}{}", sigil, name) : fmt::format("{}\"{}\"", sigil, escape(name));
}

}  // namespace lathe
